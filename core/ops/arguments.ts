/**
 * The forms of a call. The rule of every one:
 *
 * - Tensors that are worked on stand first. What PyTorch programs give by position stands by position, in PyTorch's order; from any argument
 *   on it can be named in the last record instead: `softmax(x, 1)` is `softmax(x, { dim: 1 })`, `maxPool2d(x, 3, 2)` is
 *   `maxPool2d(x, { kernelSize: 3, stride: 2 })`, `conv2d(x, w, b, { padding: 1 })` is `conv2d(x, w, { bias: b, padding: 1 })`
 * - Switches and settings are named, so that a call says what they mean: `x.sum(1, { keepdim: true })`. Constructors of layers, and the functions
 *   behind them, take them by position too: `conv2d(x, w, b, 2, 1)`; and so does a function of whose options one is meant where a value
 *   stands alone: `loadStateDict(state, false)`
 * - Where PyTorch wants a number, a 0-d tensor is read
 *
 * @module
 */
import { ValueError } from "../errors.ts";
import { Tensor } from "../tensor.ts";
import { alsoNamed, checkOptions, isRecord, type Kinds, withoutNulls } from "./options.ts";

/** Arguments that may be given by name instead, N, and the options O that go with them: what may stand in the place of one of N, as the last. */
export type Named<N, O = unknown> = Partial<Readonly<N>> & O;

/** An argument of type T by position, or a record that names it and those after it. */
export type ByName<T> = T | Named<object>;

/** What stands for itself, by position. */
type Plain = number | bigint | boolean | string | null | undefined | readonly unknown[] | Tensor;
type PlainOf<T> = T extends Plain ? T : never;
type Placed<V extends readonly unknown[]> = { [I in keyof V]: PlainOf<V[I]> };

/** Whether an argument is a record of names, in the place of one by position. */
export function isNamed<T>(value: T): value is Exclude<T, Plain> {
  return isRecord(value);
}

/**
 * The values by position, where one of them is a record that names it and those after it; and what else the record holds. The first `least`
 * are needed.
 */
function place(
  op: string,
  names: readonly string[],
  values: readonly unknown[],
  least: number,
): [unknown[], Record<string, unknown>] {
  const found = values.findIndex(isRecord), at = found === -1 ? values.length : found;
  const record = { ...values[at] as Readonly<Record<string, unknown>> };
  const rest = { ...record };
  const placed = names.map((name, i) => {
    const value = i < at ? values[i] : rest[name];
    if (i < at && name in rest) throw new ValueError(`${op}() got multiple values for argument '${name}'`);
    delete rest[name];
    return value;
  });
  const missing = names.slice(0, least).filter((_, i) => placed[i] === undefined);
  if (missing.length > 0) {
    throw new ValueError(
      `${op}() missing ${missing.length} required positional argument${missing.length > 1 ? "s" : ""}: ${
        missing.map((name) => `'${name}'`).join(" and ")
      }${found === -1 ? "" : `; given by name: ${Object.keys(record).join(", ") || "none"}`}`,
    );
  }
  return [placed, rest];
}

/**
 * The arguments of a call in their places, where a record names one of them and those after it. It may name nothing else. The first `least`
 * arguments are needed.
 */
export function inPlace<V extends readonly unknown[]>(
  op: string,
  names: readonly string[],
  values: readonly [...V],
  least?: number,
): Placed<V>;
/** The implementation. */
export function inPlace(
  op: string,
  names: readonly string[],
  values: readonly unknown[],
  least = 0,
): readonly unknown[] {
  const [placed, rest] = place(op, names, values, least);
  checkOptions(op, rest, names);
  return placed;
}

/** The same for a function with options: what else the record holds is them. */
export function inPlaceWith<V extends readonly unknown[], O extends object>(
  op: string,
  names: readonly string[],
  values: readonly [...V],
  options: O,
  least?: number,
): [...Placed<V>, O];
/** The implementation. */
export function inPlaceWith(
  op: string,
  names: readonly string[],
  values: readonly unknown[],
  options: object,
  least = 0,
): readonly unknown[] {
  const [placed, rest] = place(op, names, values, least);
  if (Object.keys(options).length > 0) {
    throw new ValueError(
      `${op}: keyword arguments are one last record of options, but after { ${
        Object.keys(values.find(isRecord) ?? {}).join(", ")
      } } follows { ${Object.keys(options).join(", ")} }`,
    );
  }
  return [...placed, { ...rest, [alsoNamed]: names }];
}

/**
 * The arguments of a function of which several are needed, in the order of `names`, and its options behind them: the last argument may be a
 * record that names those from its place on. Without `withOptions` it may name nothing else.
 */
export function inOrder<V extends readonly unknown[]>(
  op: string,
  names: readonly string[],
  least: number,
  given: readonly unknown[],
  withOptions?: boolean,
): V;
/** The implementation. */
export function inOrder(
  op: string,
  names: readonly string[],
  least: number,
  given: readonly unknown[],
  withOptions = false,
): readonly unknown[] {
  const at = given.findIndex(isRecord);
  if (at === -1 || at >= names.length) {
    refuseMore(op, given, withOptions ? names.length + 1 : names.length);
    for (let i = 0; i < least; i++) if (given[i] === undefined) place(op, names, given, least);
    return given;
  }
  refuseMore(op, given, at + 1);
  return withOptions ? inPlaceWith(op, names, given, {}, least) : inPlace(op, names, given, least);
}

/**
 * Throws where a function got more arguments by position than it takes: those that would be lost. For functions of which PyTorch's take more;
 * elsewhere TypeScript counts.
 */
export function refuseMore(
  op: string,
  given: ArrayLike<unknown>,
  most: number,
  fix = "name the others in one last record",
): void {
  let count = given.length;
  while (count > most && given[count - 1] === undefined) count--;
  if (count <= most) return;
  throw new ValueError(
    `${op}() takes ${most} positional argument${most === 1 ? "" : "s"} but ${count} were given; ${fix}`,
  );
}

/** A value of the option K, or a record that holds it among the options O. */
export type Alone<K extends keyof O, O> = O[K] | O;

/**
 * Options of which the one that PyTorch programs give by position may stand alone in their place: `loadStateDict(state, false)` is
 * `loadStateDict(state, { strict: false })`.
 */
export function optionsOf<O extends object, K extends keyof O & string>(name: K, given: O | O[K]): O;
/** The implementation. */
export function optionsOf(name: string, given: unknown): unknown {
  return isRecord(given) || given === undefined ? given ?? {} : { [name]: given };
}

/**
 * The number that stands where PyTorch wants one: itself, or the value of a 0-d tensor, which is read.
 *
 * @throws {ValueError} for tensors of another shape, and for those with a gradient, which would be lost
 */
export function numberIn<S extends number | bigint | boolean>(
  op: string,
  name: string,
  value: S | Tensor,
): S {
  if (!(value instanceof Tensor)) return value;
  if (value.shape.length > 0 || value.requiresGrad) {
    throw new ValueError(
      `${op}(): argument '${name}' must be Number, not Tensor${
        value.requiresGrad
          ? "; its gradient would be lost: pass .detach(), or multiply by it"
          : ` of shape [${value.shape.join(", ")}]; a 0-d tensor is read`
      }`,
    );
  }
  return value.item<S>();
}

/**
 * Arguments of types P in their order; a record of options can stand after any of them. Nothing fits `never[]` that does not fit the
 * rest; the declarations that a registry derives from the sources call the constructors of base classes with it.
 */
export type Trailing<P extends readonly unknown[], O> = Leading<P, O> | never[];

/** The first arguments, then options. */
export type Leading<P extends readonly unknown[], O> = P extends readonly [infer Head, ...infer Rest]
  ? [options?: O] | [Head | undefined, ...Leading<Rest, O>]
  : [options?: O];

/** Needed arguments of types R, of which those from one on stand in a record X. */
export type NamedFrom<R extends readonly unknown[], X> = R extends readonly [infer Head, ...infer Rest]
  ? [named: X] | [Head, ...NamedFrom<Rest, X>]
  : never;

/**
 * Arguments of types R, which are needed, those of types P, then options O. From any of them on, they may stand by name, as N has them, among the
 * options.
 */
export type Given<R extends readonly unknown[], P extends readonly unknown[], N, O = unknown> =
  | [...needed: R, ...rest: Leading<P, Named<N, O>>]
  | NamedFrom<R, Named<N, O>>;

/** The same for a constructor. */
export type NeededThen<R extends readonly unknown[], P extends readonly unknown[], N, O> =
  | Given<R, P, N, O>
  | never[];

/**
 * The options that arguments given by position and by name amount to. `kinds` lists them in PyTorch's order; the first `positional` of
 * them can be given without their names.
 */
export function settingsOf<O extends object>(
  op: string,
  given: readonly unknown[],
  kinds: Kinds<O>,
  positional: number = Infinity,
): Partial<O> {
  if (given.length === 0) return {};
  const last = given.at(-1);
  if (given.length === 1 && isRecord(last)) {
    checkOptions(op, last as O, kinds);
    return withoutNulls(last as O);
  }
  const byName = isRecord(last), count = byName ? given.length - 1 : given.length;
  const found: Record<string, unknown> = byName ? { ...last } : {};
  let i = 0;
  // Few of many names are looked at, so no list of them is made.
  for (const name in kinds) {
    if (i === count || i === positional) break;
    const value = given[i++];
    if (value === undefined) continue;
    if (found[name] !== undefined) throw new ValueError(`${op}: got multiple values for argument '${name}'`);
    found[name] = value;
  }
  if (i < count) {
    throw new ValueError(
      `${op}: too many arguments by position; after the required ones come ${
        Object.keys(kinds).slice(0, positional).join(", ") || "none"
      }, then { options }`,
    );
  }
  checkOptions(op, found as O, kinds);
  return withoutNulls(found) as Partial<O>;
}

/** The setting that a call cannot do without, as it was given by position or by name. */
export function needed<O extends object, K extends keyof O & string>(
  op: string,
  settings: O,
  name: K,
): Exclude<O[K], undefined> {
  const value = settings[name];
  if (value === undefined) throw new ValueError(`${op}() missing 1 required positional argument: '${name}'`);
  return value as Exclude<O[K], undefined>;
}

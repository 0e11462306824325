/**
 * Keyword arguments: one last record of options, and what each option holds. How calls give them is in arguments.ts. TypeScript checks the
 * record where it is asked; here programs that are run without type checking learn of what would be ignored, or taken for something else.
 *
 * @module
 */
import { ValueError } from "../errors.ts";
import { camel } from "../habits.ts";
import { Generator } from "../random/generator.ts";
import { Tensor } from "../tensor.ts";
import { checkTensors, pythonType, remedy } from "./cast.ts";

type Held =
  | "number"
  | "scalar"
  | "whole"
  | "boolean"
  | "string"
  | "sizes"
  | "rates"
  | "numbers"
  | "tensor"
  | "iterable"
  | "function"
  | "generator"
  | "any";

/** What an option holds; with a question mark null as well. */
export type Kind = Held | `${Held}?`;

const isNumber = (x: unknown) => typeof x === "number";
const areNumbers = (x: unknown) => Array.isArray(x) && x.every(isNumber);

function isIterable(x: unknown): boolean {
  return typeof x === "object" && x !== null && Symbol.iterator in x;
}

/** Of what an option can hold: the name in a message, and the test. */
const holds: Readonly<Record<Held, readonly [name: string, test: (x: unknown) => boolean]>> = {
  number: ["float", isNumber],
  scalar: ["Number", (x) => isNumber(x) || x instanceof Tensor],
  whole: ["int", Number.isInteger],
  boolean: ["bool", (x) => typeof x === "boolean"],
  string: ["str", (x) => typeof x === "string"],
  sizes: ["int or tuple of ints", (x) => isNumber(x) || areNumbers(x)],
  rates: ["float or list of floats", (x) => isNumber(x) || areNumbers(x)],
  numbers: ["list of numbers", areNumbers],
  tensor: ["Tensor", (x) => x instanceof Tensor],
  iterable: ["an iterable", isIterable],
  function: ["a function", (x) => typeof x === "function"],
  generator: ["torch.Generator", (x) => x instanceof Generator],
  any: ["anything", () => true],
};

/** The test of each kind. Every argument is looked at, so that none is put together then. */
const tests = new Map<Kind, (x: unknown) => boolean>();
for (const held of Object.keys(holds) as Held[]) {
  const [, test] = holds[held];
  tests.set(held, test).set(`${held}?`, (x) => x === null || test(x));
}

/** Whether a value is of a kind. */
function isKind(kind: Kind, value: unknown): boolean {
  return tests.get(kind)?.(value) === true;
}

/**
 * Options of PyTorch that have one value here. Spelled out, it may stand in any call and changes nothing; operations declare those that their
 * PyTorch namesakes take.
 */
export interface FixedOptions {
  /** Gradients are dense. */
  readonly sparse?: false;
  /** Memory is not page-locked. */
  readonly pinMemory?: false;
  /** Tensors are dense and strided. */
  readonly layout?: "strided" | null;
  /** A move is over when its value is read, whichever it is. */
  readonly nonBlocking?: boolean;
  /** Batches are made in the thread that asks for them. */
  readonly numWorkers?: 0;
  /** How many tensors at once are changed: all of them, whatever is asked for. */
  readonly foreach?: boolean | null;
}

/** The values that say nothing here, of options that an operation does not know. */
const fixed: ReadonlyMap<string, readonly unknown[]> = new Map<string, readonly unknown[]>([
  ["sparse", [false]],
  ["pinMemory", [false]],
  ["numWorkers", [0]],
  ["layout", ["strided", null]],
  ["foreach", [false, true, null]],
  ["inplace", [false]],
  ["nonBlocking", [false, true]],
  ["copy", [false]],
  ["onlyInputs", [true]],
  ["isGradsBatched", [false]],
  ["memoryFormat", [null]],
  ["timeout", [0]],
  ["workerInitFn", [null]],
  ["multiprocessingContext", [null]],
  ["prefetchFactor", [null]],
  ["persistentWorkers", [false]],
  ["out", [null]],
  ["inputs", [null]],
  ["sizeAverage", [null]],
  ["reduce", [null]],
  ["dtype", [null]],
  ["device", [null]],
  ["generator", [null]],
]);

/** Options that are not given where they are null: PyTorch's default for them in every call. */
const nullable: ReadonlySet<string> = new Set([
  "dtype",
  "device",
  "generator",
  "sampler",
  "batchSampler",
  "collateFn",
]);

/** The options without those that null stands for the lack of. */
export function withoutNulls<O extends object>(options: O): O {
  const found = { ...options };
  for (const key in found) if (found[key] === null && nullable.has(key)) delete found[key];
  return found;
}

/** Under it a record of options tells which arguments could have stood among them by name. */
export const alsoNamed: unique symbol = Symbol("arguments that were looked for by name");

/** What each option holds; the type makes the list complete. */
export type Kinds<O> = { readonly [K in Exclude<keyof O, keyof FixedOptions>]-?: Kind };

/**
 * What an operation looks at first: the operands are tensors, the options are known and of their kinds, and what may be left out is a tensor
 * or null.
 */
export function checkCall<O extends object>(
  op: string,
  tensors: readonly unknown[],
  options?: O,
  kinds?: Kinds<O>,
  optional?: Readonly<Record<string, unknown>>,
): void {
  checkTensors(op, tensors);
  for (const name in optional) checkKind(op, name, optional[name], "tensor?");
  if (options !== undefined && kinds !== undefined) checkOptions(op, options, kinds);
}

/** Throws unless `options` is a record that holds none but the known options, each with a value of its kind where kinds are given. */
export function checkOptions<O extends object>(
  op: string,
  options: O,
  known: readonly (keyof O & string)[] | Kinds<O>,
): void {
  if (
    typeof options !== "object" || options === null || Array.isArray(options) || options instanceof Tensor
  ) {
    throw new ValueError(
      `${op}: keyword arguments are one last record of options, such as { ${
        example(options, known)
      } }, but got ${options instanceof Tensor ? "Tensor" : options}`,
    );
  }
  for (const key in options) {
    const value: unknown = options[key];
    if (value === null && nullable.has(key)) continue;
    const kind = isList(known) ? known.includes(key) : kindOf(known, key);
    if (kind === false) {
      const idle = fixed.get(key);
      if (idle !== undefined && (value === undefined || idle.includes(value))) continue;
      const names = [...(options as { [alsoNamed]?: readonly string[] })[alsoNamed] ?? [], ...namesOf(known)];
      const meant = key === "axis" ? "dim" : camel(key);
      throw new ValueError(
        `${op}() got an unexpected keyword argument '${key}'; it knows ${names.join(", ") || "none"}${
          meant !== key && names.includes(meant) ? `, and '${key}' is '${meant}' here` : ""
        }${idle === undefined ? "" : `, and '${key}' can only be ${idle.map(String).join(" or ")} here`}`,
      );
    }
    // A generator is one in every call, also where only names are known.
    if (key === "generator") checkKind(op, key, value, "generator");
    else if (kind !== true) checkKind(op, key, value, kind);
  }
}

/** The kind of a known option, or false. */
function kindOf<O>(known: Kinds<O>, key: string): Kind | false {
  return Object.hasOwn(known, key) ? (known as Readonly<Record<string, Kind>>)[key] : false;
}

/** What was given by position, under the name that it may have been meant for. */
function example(value: unknown, known: readonly string[] | object): string {
  const kinds = isList(known) ? {} : known as Readonly<Record<string, Kind>>;
  const name = Object.keys(kinds).find((key) => {
    const kind = kinds[key];
    return kind !== "any" && value !== null && isKind(kind, value);
  });
  const written = name === undefined || value instanceof Tensor ? "..." : JSON.stringify(value);
  return `${name ?? namesOf(known)[0]}: ${written}`;
}

function namesOf(known: readonly string[] | object): readonly string[] {
  return isList(known) ? known : Object.keys(known);
}

function isList<T>(known: readonly T[] | object): known is readonly T[] {
  return Array.isArray(known);
}

/** Throws unless an argument is of a kind; one that is not given may be. */
export function checkKind(op: string, name: string, value: unknown, kind: Kind): void {
  if (value === undefined || isKind(kind, value)) return;
  const orNull = kind.endsWith("?"), [wanted] = holds[(orNull ? kind.slice(0, -1) : kind) as Held];
  const got = value === null
    ? "None"
    : typeof value === "string"
    ? `the string "${value}"`
    : typeof value === "bigint"
    ? `the bigint ${value}n`
    : value instanceof Tensor
    ? `Tensor${value.shape.length === 0 && wanted !== "Tensor" ? "; .item() reads its number" : ""}`
    : isRecord(value)
    ? `the record { ${Object.keys(value).join(", ")} }${
      name in value ? `; '${name}' is given by position` : ""
    }`
    : String(value);
  throw new ValueError(
    `${op}(): argument '${name}' must be ${wanted}${orNull ? " or None" : ""}, not ${got}`,
  );
}

/** Whether the value is a record written as `{ ... }`, or one without a prototype: no tensor, array or other object of a class. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Throws unless an argument is there and of a kind. */
export function requireKind(op: string, name: string, value: unknown, kind: Kind): void {
  if (value === undefined) throw new ValueError(`${op}() missing 1 required positional argument: '${name}'`);
  checkKind(op, name, value, kind);
}

/** Throws unless the argument is an array of tensors. */
export function requireTensors(op: string, tensors: unknown): void {
  if (!Array.isArray(tensors)) {
    throw new ValueError(
      `${op}(): argument 'tensors' (position 1) must be tuple of Tensors, not ${
        tensors instanceof Tensor ? "Tensor" : pythonType(tensors)
      }: expected an array of tensors, as in ${op}([a, b])`,
    );
  }
  const wrong = tensors.findIndex((x) => !(x instanceof Tensor));
  if (wrong >= 0) {
    throw new ValueError(
      `expected Tensor as element ${wrong} in argument 0, but got ${pythonType(tensors[wrong])}, in ${op}; ${
        remedy(tensors[wrong])
      }`,
    );
  }
}

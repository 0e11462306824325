/**
 * Constructor arguments in PyTorch's two ways: by position, by name in a last record, or the first ones by position and others by name.
 *
 * @module
 */
import type { DeviceName } from "../core/device.ts";
import type { DType } from "../core/dtype.ts";
import { ValueError } from "../core/errors.ts";
import { checkKind, checkOptions, isRecord, type Kinds, withoutNulls } from "../core/ops/options.ts";
import type { Parameter } from "./module/parameter.ts";

/**
 * Arguments of types P in their order; a record of options can stand after any of them. Nothing fits `never[]` that does not fit the
 * rest; the declarations that a registry derives from the sources call the constructors of base classes with it.
 */
export type Trailing<P extends readonly unknown[], O> = Leading<P, O> | never[];

/** The first arguments, then options. */
export type Leading<P extends readonly unknown[], O> = P extends readonly [infer Head, ...infer Rest]
  ? [options?: O] | [Head | undefined, ...Leading<Rest, O>]
  : [options?: O];

/**
 * The options that arguments given by position and by name amount to. `kinds` lists them in PyTorch's order; the first `positional` of
 * them can be given without their names.
 */
export function named<O extends object>(
  op: string,
  given: readonly unknown[],
  kinds: Kinds<O>,
  positional: number = Object.keys(kinds).length,
): Partial<O> {
  const last = given.at(-1);
  const byName = isRecord(last);
  const values = byName ? given.slice(0, -1) : given;
  const names = Object.keys(kinds).slice(0, positional);
  if (values.length > names.length) {
    throw new ValueError(
      `${op}: too many arguments by position; after the required ones come ${
        names.join(", ") || "none"
      }, then { options }`,
    );
  }
  const found: Record<string, unknown> = byName ? { ...last } : {};
  values.forEach((value, i) => {
    if (value === undefined) return;
    const name = names[i];
    if (found[name] !== undefined) throw new ValueError(`${op}: got multiple values for argument '${name}'`);
    found[name] = value;
  });
  checkOptions(op, found as O, kinds);
  return withoutNulls(found) as Partial<O>;
}

/** What a layer made with the option `bias: B` has: a parameter, or null for false. */
export type BiasOf<B extends boolean> = B extends false ? null : Parameter;

/** Options that every layer with parameters takes. */
export interface FactoryOptions {
  /** Element type of the parameters; float32 by default. */
  readonly dtype?: DType;
  /** Device of the parameters; the default device when not given. */
  readonly device?: DeviceName;
}

/** What those options hold; they come last. */
export const factoryKinds: Kinds<FactoryOptions> = { device: "string", dtype: "string" };

/** Refuses sizes that are not whole numbers. */
export function checkSizes(op: string, sizes: Readonly<Record<string, number>>, least = 0): void {
  for (const [name, n] of Object.entries(sizes)) {
    if (typeof n !== "number") checkKind(op, name, n ?? null, "whole");
    if (!Number.isInteger(n) || n < least) {
      throw new ValueError(`${op}: ${name} must be a whole number from ${least}, got ${n}`);
    }
  }
}

/**
 * What constructors of layers share: dtype and device of their parameters, sizes, the type of a bias.
 *
 * @module
 */
import type { DeviceName } from "../core/device.ts";
import type { DType } from "../core/dtype.ts";
import { ValueError } from "../core/errors.ts";
import { inPlace, isNamed, type Named } from "../core/ops/arguments.ts";
import { checkKind, type Kinds } from "../core/ops/options.ts";
import type { Shape } from "../core/shape.ts";
import type { Parameter } from "./module/parameter.ts";

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

/** A size of the result among those that fit, by position or by name; null for the one of the layer's settings. */
export type WantedSize = Shape | null | Named<{ outputSize: Shape | null }>;

/** The size that is wanted. */
export function wantedSize(op: string, wanted: WantedSize): Shape | null {
  const [size = null] = isNamed(wanted) ? inPlace(op, ["outputSize"], [wanted]) : [wanted];
  checkKind(op, "output_size", size, "numbers?");
  return size;
}

/** Refuses sizes that are not whole numbers. */
export function checkSizes(op: string, sizes: Readonly<Record<string, number>>, least = 0): void {
  for (const [name, n] of Object.entries(sizes)) {
    if (typeof n !== "number") checkKind(op, name, n ?? null, "whole");
    if (!Number.isInteger(n) || n < least) {
      throw new ValueError(`${op}: ${name} must be a whole number from ${least}, got ${n}`);
    }
  }
}

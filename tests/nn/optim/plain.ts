/**
 * State dicts as JSON: tensors and infinities stand in records.
 *
 * @module
 */
import { type NestedArray, tensor } from "../../../core/ops/create.ts";
import { Tensor } from "../../../core/tensor.ts";

/** Tensors become { tensor: [...] }, infinities { inf: 1 }. */
export function plain(x: unknown): unknown {
  if (x instanceof Tensor) return { tensor: plain(x.tolist()) };
  if (x === Infinity || x === -Infinity) return { inf: Math.sign(x) };
  if (Array.isArray(x)) return x.map(plain);
  if (typeof x === "object" && x !== null) {
    return Object.fromEntries(Object.entries(x).map(([key, value]) => [key, plain(value)]));
  }
  return x;
}

/** The other way round. */
export function revived(x: unknown): unknown {
  if (Array.isArray(x)) return x.map(revived);
  if (typeof x !== "object" || x === null) return x;
  if ("tensor" in x) return tensor(x.tensor as NestedArray);
  if ("inf" in x) return Number(x.inf) * Infinity;
  return Object.fromEntries(Object.entries(x).map(([key, value]) => [key, revived(value)]));
}

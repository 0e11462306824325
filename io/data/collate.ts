/**
 * Collation: how a list of samples becomes one batch. `torch.utils.data.default_collate`.
 *
 * @module
 */
import type { HostArray } from "../../core/dtype.ts";
import { DTypeError, ShapeError } from "../../core/errors.ts";
import { type NestedArray, tensor } from "../../core/ops/create.ts";
import { stack } from "../../core/ops/join.ts";
import { Tensor } from "../../core/tensor.ts";

/** What samples of type `S` collate to: numbers and tensors to a tensor, strings to an array, arrays and records element by element. */
export type Batch<S> = S extends Tensor | number | bigint | boolean | HostArray ? Tensor
  : S extends string ? string[]
  : S extends readonly unknown[] ? { -readonly [K in keyof S]: Batch<S[K]> }
  : S extends object ? { [K in keyof S]: Batch<S[K]> }
  : never;

function describe(x: unknown): string {
  return x === null || x === undefined ? String(x) : typeof x;
}

/** Numbers as one tensor. Whole numbers are labels and counts, so int64. */
function numbers(samples: readonly (number | bigint | boolean)[]): Tensor {
  const whole = samples.every((v) => typeof v === "bigint" || (typeof v === "number" && Number.isInteger(v)));
  return tensor(samples as NestedArray, whole ? { dtype: "int64" } : {});
}

function isTypedArray(x: unknown): x is HostArray {
  return ArrayBuffer.isView(x) && !(x instanceof DataView);
}

function isScalar(x: unknown): x is number | bigint | boolean {
  return typeof x === "number" || typeof x === "bigint" || typeof x === "boolean";
}

/** Collates values whose first one says what they all are. */
function collateValues(samples: readonly unknown[], path: string): unknown {
  if (!Array.isArray(samples)) {
    throw new DTypeError(`default_collate: expected an array of samples, but got ${describe(samples)}`);
  }
  const [first] = samples;
  const same = <S>(what: string, is: (x: unknown) => x is S): readonly S[] => {
    const odd = samples.findIndex((x) => !is(x));
    if (odd < 0) return samples as readonly S[];
    throw new DTypeError(
      `default_collate: the samples of a batch must be alike, but at "${path}" the first is ${what} and sample ${odd} is ${
        describe(samples[odd])
      }`,
    );
  };
  if (first instanceof Tensor) {
    return stack(same("a tensor", (x): x is Tensor => x instanceof Tensor), 0);
  }
  if (isTypedArray(first)) return stack(same("a typed array", isTypedArray).map((x) => tensor(x)), 0);
  if (isScalar(first)) return numbers(same("a number", isScalar));
  if (typeof first === "string") return [...same("a string", (x): x is string => typeof x === "string")];
  if (Array.isArray(first)) {
    const arrays = same("an array", (x): x is unknown[] => Array.isArray(x));
    if (arrays.some((x) => x.length !== first.length)) {
      throw new ShapeError(
        `each element in list of batch should be of equal size: at "${path}" the lengths are ${
          arrays.map((x) => x.length).join(", ")
        }`,
      );
    }
    return first.map((_, i) => collateValues(arrays.map((x) => x[i]), `${path}[${i}]`));
  }
  if (typeof first === "object" && first !== null) {
    const records = same(
      "a record",
      (x): x is Record<string, unknown> => typeof x === "object" && x !== null,
    );
    return Object.fromEntries(
      Object.keys(first).map((key) => [key, collateValues(records.map((x) => x[key]), `${path}.${key}`)]),
    );
  }
  throw new DTypeError(
    `default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found ${
      describe(first)
    } at "${path}": pass collateFn to say what becomes of it`,
  );
}

/**
 * One batch from a list of samples of one form: tensors and typed arrays are stacked along a new first dimension, whole numbers become an int64
 * tensor, other numbers a float32 one (PyTorch: float64), booleans a bool one, strings stay an array, arrays and records are collated element by
 * element. `torch.utils.data.default_collate`.
 *
 * @throws {DTypeError} for samples of other types, or of different ones
 * @throws {ShapeError} for tensors or arrays of different sizes
 * @example
 * ```ts
 * import { io, tensor } from "@tenon/tenon";
 * const batch = io.data.defaultCollate([{ x: tensor([1, 2]), y: 0 }, { x: tensor([3, 4]), y: 1 }]);
 * console.log(batch.x.shape, String(batch.y)); // [ 2, 2 ] tensor([0, 1])
 * ```
 */
export function defaultCollate<S>(samples: readonly S[]): Batch<S> {
  return collateSamples(samples) as Batch<S>;
}

/**
 * A sample as the loader gives it without batches: typed arrays become tensors, all else stays, in arrays and records too.
 * `torch.utils.data.default_convert`.
 */
export function defaultConvert(sample: unknown): unknown {
  if (sample instanceof Tensor || typeof sample !== "object" || sample === null) return sample;
  if (isTypedArray(sample)) return tensor(sample);
  if (Array.isArray(sample)) return sample.map(defaultConvert);
  return Object.fromEntries(Object.entries(sample).map(([key, value]) => [key, defaultConvert(value)]));
}

/** `defaultCollate` for samples whose type is not known. */
export function collateSamples(samples: readonly unknown[]): unknown {
  return collateValues(samples, "sample");
}

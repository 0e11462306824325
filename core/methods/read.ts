/**
 * Reading: bringing the elements of a tensor to the host, at once where the device can wait, without blocking everywhere; and the methods that give
 * them as typed arrays, numbers, nested arrays.
 *
 * @module
 */
import { type DType, type HostArray, hostArray, readElement } from "../dtype.ts";
import { readingForbidden } from "../effects.ts";
import { GradError, ShapeError } from "../errors.ts";
import { evaluate, evaluateOrCompile } from "../evaluate.ts";
import { readChecked, readCheckedAsync } from "../late_errors.ts";
import { Node } from "../node.ts";
import { sizeOf } from "../shape.ts";
import type { Storage } from "../storage.ts";
import type { Tensor } from "../tensor.ts";

function checkAllowed(): void {
  const why = readingForbidden();
  if (why !== "") throw new GradError(why);
}

/** The elements in row-major order; waits for the device. The array may be the tensor's own memory: it is not to be changed. */
export function read(x: Tensor): HostArray {
  checkAllowed();
  evaluate([x]);
  const storage = x.value.storage as Storage, { residency } = storage;
  if (!storage.held) return hostArray(x.dtype, 0);
  const host = readChecked(residency);
  if (residency.count <= 16) residency.host = host;
  return host;
}

/** `read` without blocking; works on every device. Later values of a parameter are not waited for. */
export async function readAsync(x: Tensor): Promise<HostArray> {
  checkAllowed();
  const value = x.value;
  for (let wait = evaluateOrCompile(value); wait !== null; wait = evaluateOrCompile(value)) await wait;
  const storage = value.storage as Storage;
  return storage.held ? await readCheckedAsync(storage.residency) : hostArray(x.dtype, 0);
}

/** The elements as an array of the caller's own, which may be changed: what `data` is where that is not the tensor's memory, else a copy. */
function owned(x: Tensor, data: HostArray): HostArray {
  return data === x.value.storage?.residency.host ? data.slice() as HostArray : data;
}

/** `readAsync` into an array of the caller's own. */
export async function readOwned(x: Tensor): Promise<HostArray> {
  return owned(x, await readAsync(x));
}

/** Nested arrays of numbers; booleans for bool tensors, bigints for int64 values that a number cannot hold. */
export type NestedValues = number | bigint | boolean | NestedValues[];

/** An element as users see it. */
function present(data: HostArray, dtype: DType, i: number): number | bigint | boolean {
  const value = readElement(data, dtype, i);
  if (dtype === "bool") return value !== 0;
  if (typeof value !== "bigint") return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** Methods that bring values to the host. */
export abstract class ReadMethods extends Node {
  /**
   * The elements in row-major order, as a typed array of the dtype (bfloat16: raw bits; bool: 0 and 1), which is the caller's to change.
   * Waits for the device; `await x.data()` does not block.
   *
   * @example
   * ```ts
   * import { tensor } from "@tenon/tenon";
   * console.log(tensor([[1, 2], [3, 4]]).toTypedArray()); // Float32Array(4) [ 1, 2, 3, 4 ]
   * ```
   */
  toTypedArray(this: Tensor): HostArray {
    return owned(this, read(this));
  }

  /**
   * The value of a tensor with one element: a number; a boolean for bool, a bigint for an int64 that a number cannot hold.
   * `torch.Tensor.item`.
   */
  item<T extends number | bigint | boolean = number>(this: Tensor): T {
    if (sizeOf(this.shape) !== 1) {
      throw new ShapeError(
        `only one element tensors can be converted to Python scalars; item() got a tensor of shape [${
          this.shape.join(", ")
        }]: use tolist()`,
      );
    }
    return present(read(this), this.dtype, 0) as T;
  }

  /**
   * The elements as nested arrays; a 0-d tensor gives its value. T says what is known of them: `x.tolist<number[][]>()`. `torch.Tensor.tolist`.
   */
  tolist<T extends NestedValues = NestedValues>(this: Tensor): T {
    const data = read(this), { shape, dtype } = this;
    let next = 0;
    const level = (dim: number): NestedValues => {
      if (dim === shape.length) return present(data, dtype, next++);
      return Array.from({ length: shape[dim] }, () => level(dim + 1));
    };
    return level(0) as T;
  }
}

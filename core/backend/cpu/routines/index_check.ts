/**
 * Indices out of range: kernels raise a flag, and the first such index is then looked for here, so that the error names it.
 *
 * @module
 */
import { IndexError } from "../../../errors.ts";
import type { Layout } from "../../../layout.ts";
import type { Views } from "../arena.ts";

/** Throws IndexError for the first index, in row-major order, that is not in [0, size). */
export function throwOutOfRange(
  views: Views,
  address: number,
  layout: Layout,
  dim: number,
  size: number,
): void {
  const { shape, strides } = layout;
  const visit = (d: number, at: number): void => {
    if (d < shape.length) { for (let i = 0; i < shape[d]; i++) visit(d + 1, at + i * strides[d]); }
    else {
      const index = views.i64[at];
      if (index < 0n || index >= size) {
        throw new IndexError(`index ${index} is out of bounds for dimension ${dim} with size ${size}`);
      }
    }
  };
  visit(0, address / 8);
}

/**
 * Layout: where the elements of a view lie in a buffer. A small immutable value; views are layouts, not copies.
 *
 * @module
 */
import { type Shape, sizeOf, stridesOf } from "./shape.ts";

/** Element `i` of a view of `shape` lies at `offset + sum(strides[d] * i[d])`, in elements. Stride 0 broadcasts. */
export interface Layout {
  readonly shape: Shape;
  readonly strides: readonly number[];
  readonly offset: number;
}

/** The row-major layout of a shape. */
export function contiguous(shape: Shape): Layout {
  return { shape, strides: stridesOf(shape), offset: 0 };
}

/** Whether the layout visits a buffer from its start, in order and without gaps. */
export function isContiguous(layout: Layout): boolean {
  if (layout.offset !== 0) return false;
  let step = 1;
  for (let i = layout.shape.length - 1; i >= 0; i--) {
    if (layout.shape[i] !== 1 && layout.strides[i] !== step) return sizeOf(layout.shape) === 0;
    step *= layout.shape[i];
  }
  return true;
}

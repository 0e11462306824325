/**
 * Products of strided operands, told apart from their tensors: sizes, strides, and where each product of a batch begins.
 *
 * @module
 */
import type { Layout } from "../../../../layout.ts";
import type { Shape } from "../../../../shape.ts";
import type { Product } from "./gemm.ts";

/** A batch of products, its dimensions merged where that is possible; strides and offsets in elements. */
export interface Problem {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  readonly aRow: number;
  readonly aColumn: number;
  readonly bRow: number;
  readonly bColumn: number;
  readonly products: readonly Product[];
}

/** Merges batch dimensions into the rows where the second operand is the same for all of them. */
export function problemOf(a: Layout, b: Layout, out: Shape): Problem {
  const rank = out.length, [rows, columns] = out.slice(rank - 2), depth = a.shape[rank - 1];
  const batch = out.slice(0, rank - 2);
  const [aRow, aColumn] = a.strides.slice(rank - 2), [bRow, bColumn] = b.strides.slice(rank - 2);
  let merged = rows;
  // The row stride of a single row says nothing; the first batch dimension that is not 1 sets it.
  let step = rows === 1 ? null : aRow;
  while (batch.length > 0) {
    const d = batch.length - 1, size = batch[d];
    if (size !== 1) {
      if (b.strides[d] !== 0 || (step !== null && a.strides[d] !== step * merged)) break;
      if (step === null) step = a.strides[d];
      merged *= size;
    }
    batch.pop();
  }
  const products = offsetsOf(batch, [a.strides, b.strides]).map(([x, y], i) => ({
    a: x,
    b: y,
    c: i * merged * columns,
  }));
  return { rows: merged, columns, depth, aRow: step ?? aRow, aColumn, bRow, bColumn, products };
}

/** For each point of a shape, in row-major order, its offset in several layouts. */
function offsetsOf(shape: Shape, strides: readonly (readonly number[])[]): number[][] {
  let points: number[][] = [strides.map(() => 0)];
  shape.forEach((size, d) => {
    points = points.flatMap((p) =>
      Array.from({ length: size }, (_, i) => p.map((offset, k) => offset + i * strides[k][d]))
    );
  });
  return points;
}

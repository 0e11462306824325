/**
 * What a general matrix product is: the product itself, the same with its sizes and cut, and the tiles of a kernel.
 *
 * @module
 */
import type { DType } from "../../../dtype.ts";
import type { Extent } from "../wgsl/bindings.ts";
import type { IndexPart, Side } from "./gemm_index.ts";

/** A product: out(z, m, n) = sum over k of a(z, m, k) b(z, n, k). */
export interface Product {
  readonly a: Side;
  readonly b: Side;
  /** Where out(z, m, n) lies. */
  readonly out: {
    readonly offset: number;
    readonly batch: IndexPart;
    readonly row: IndexPart;
    readonly column: IndexPart;
  };
  readonly dtype: DType;
}

/** A product with its sizes and the way it is cut. */
export interface GemmJob extends Product {
  readonly batches: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Parts along k, and the length of one. */
  readonly parts: number;
  readonly kPart: number;
  /** Elements of the result; part p starts at p times this. */
  readonly outCount: number;
  readonly extents: { readonly a: Extent; readonly b: Extent; readonly out: Extent };
  /** dtypes in memory: those of the operands and of what is written. */
  readonly words: { readonly a: DType; readonly b: DType; readonly out: DType };
  /** Whether each operand is read as vectors, and along which index. */
  readonly aVector: "row" | "k" | null;
  readonly bVector: "row" | "k" | null;
  readonly outVector: boolean;
}

/** What a thread and a workgroup of the kernels do. */
export interface Tile {
  /** Rows and columns of a thread. */
  readonly tm: number;
  readonly tn: number;
  /** Threads of a workgroup along n and m. */
  readonly wx: number;
  readonly wy: number;
  /** Steps along k that a workgroup loads at a time; 0 when threads read memory themselves. */
  readonly kt: number;
}

/**
 * The instructions on vectors that the hand-written kernels of this folder need, by element type, so that one generator serves float32 and float64, and that of the matrix
 * product integers too.
 *
 * @module
 */
import type { MemoryImport } from "../wasm/assembler.ts";
import type { Expr } from "../wasm/expr.ts";
import { f32x4, f64x2, i32x4, i64x2, v128 } from "../wasm/opcodes.ts";

type Vector = Expr<"v128">;
type Address = Expr<"i32">;

/** The dtypes that have vector arithmetic of their own; the others are converted to one of them. */
export type FloatType = "float32" | "float64";

/** The types that matrix products are computed in: smaller integers are widened, the low bits of sums are the same. */
export type ProductType = FloatType | "int32" | "int64";

/** Instructions on vectors of one type. */
export interface LaneOps {
  readonly bytes: 4 | 8;
  readonly lanes: 2 | 4;
  readonly zero: Vector;
  readonly add: (a: Vector, b: Vector) => Vector;
  /** a * b + c: rounded once with relaxed SIMD, twice without. */
  readonly madd: (a: Vector, b: Vector, c: Vector) => Vector;
  /** One element from memory in every lane. */
  readonly splat: (address: Address, offset?: number) => Vector;
  /** One element from memory in the first lane, zeros elsewhere. */
  readonly loadOne: (address: Address, offset?: number) => Vector;
  readonly loadLane: (address: Address, into: Vector, lane: number, offset?: number) => Vector;
  readonly storeLane: (address: Address, from: Vector, lane: number, offset?: number) => Expr<"void">;
}

/** Memory instructions by the size of an element. */
const access = {
  4: {
    bytes: 4,
    lanes: 4,
    splat: v128.load32Splat,
    loadOne: v128.load32Zero,
    loadLane: v128.load32Lane,
    storeLane: v128.store32Lane,
  },
  8: {
    bytes: 8,
    lanes: 2,
    splat: v128.load64Splat,
    loadOne: v128.load64Zero,
    loadLane: v128.load64Lane,
    storeLane: v128.store64Lane,
  },
} as const;

/** The memory that all kernels import. */
export const sharedMemory: MemoryImport = { initial: 1, maximum: 65536, shared: true };

/** The instructions of a type, with fused multiply-add where relaxed SIMD may be used. */
export function laneOps(dtype: ProductType, relaxed: boolean): LaneOps {
  switch (dtype) {
    case "float32":
      return {
        ...access[4],
        zero: f32x4.const(0, 0, 0, 0),
        add: f32x4.add,
        madd: relaxed ? f32x4.relaxedMadd : (a, b, c) => f32x4.add(f32x4.mul(a, b), c),
      };
    case "float64":
      return {
        ...access[8],
        zero: f64x2.const(0, 0),
        add: f64x2.add,
        madd: relaxed ? f64x2.relaxedMadd : (a, b, c) => f64x2.add(f64x2.mul(a, b), c),
      };
    case "int32":
      return {
        ...access[4],
        zero: i32x4.const(0, 0, 0, 0),
        add: i32x4.add,
        madd: (a, b, c) => i32x4.add(i32x4.mul(a, b), c),
      };
    case "int64":
      return {
        ...access[8],
        zero: i64x2.const(0n, 0n),
        add: i64x2.add,
        madd: (a, b, c) => i64x2.add(i64x2.mul(a, b), c),
      };
  }
}

/**
 * The float instructions that the hand-written kernels of this folder need, by element type, so that one generator serves float32 and float64.
 *
 * @module
 */
import type { MemoryImport } from "../wasm/assembler.ts";
import type { Expr } from "../wasm/expr.ts";
import { f32x4, f64x2, v128 } from "../wasm/opcodes.ts";

type Vector = Expr<"v128">;
type Address = Expr<"i32">;

/** The dtypes that have vector arithmetic of their own; the others are converted to one of them. */
export type FloatType = "float32" | "float64";

/** Instructions on vectors of one float type. */
export interface FloatOps {
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

/** The memory that all kernels import. */
export const sharedMemory: MemoryImport = { initial: 1, maximum: 65536, shared: true };

/** The instructions of a float type, with fused multiply-add where relaxed SIMD may be used. */
export function floatOps(dtype: FloatType, relaxed: boolean): FloatOps {
  if (dtype === "float32") {
    return {
      bytes: 4,
      lanes: 4,
      zero: f32x4.const(0, 0, 0, 0),
      add: f32x4.add,
      madd: relaxed ? f32x4.relaxedMadd : (a, b, c) => f32x4.add(f32x4.mul(a, b), c),
      splat: v128.load32Splat,
      loadOne: v128.load32Zero,
      loadLane: v128.load32Lane,
      storeLane: v128.store32Lane,
    };
  }
  return {
    bytes: 8,
    lanes: 2,
    zero: f64x2.const(0, 0),
    add: f64x2.add,
    madd: relaxed ? f64x2.relaxedMadd : (a, b, c) => f64x2.add(f64x2.mul(a, b), c),
    splat: v128.load64Splat,
    loadOne: v128.load64Zero,
    loadLane: v128.load64Lane,
    storeLane: v128.store64Lane,
  };
}

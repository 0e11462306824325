/**
 * What a conformance case is, and the case of one routine.
 *
 * @module
 */
import type { DType, HostArray } from "../../../core/dtype.ts";
import type { Plan, RoutineName, Routines } from "../../../core/kernel/plan.ts";
import { type OperandSpec, routinePlan } from "./build.ts";
import { small } from "./conformance_values.ts";

/** How far a float result may be from the reference's. Integers and bools, NaN and infinities must be the same. */
export interface Tolerance {
  /** In units of the last place of the wanted value. */
  readonly ulps: number;
  /** Beside that, absolutely. */
  readonly absolute: number;
  /** Whether -0 for 0 and 0 for -0 are wrong. */
  readonly zeroSign: boolean;
  /** Whether a zero may stand for a subnormal number. */
  readonly flushes: boolean;
}

/** Nothing may differ. */
export const exactly: Tolerance = { ulps: 0, absolute: 0, zeroSign: true, flushes: false };

/** Nothing but the sign of zero may differ. */
export const numerically: Tolerance = { ...exactly, zeroSign: false };

/** One plan and its inputs. */
export interface ConformanceCase {
  /** What is tested: `exp float32`, `matmul float32 [17x19] [19x23]`. */
  readonly name: string;
  readonly plan: Plan;
  /** In the order of the plan's input slots. */
  readonly inputs: readonly HostArray[];
  readonly tolerance: Tolerance;
}

/** The case of one routine; without inputs given, their values are small and exact. */
export function routineCase<N extends RoutineName>(
  what: string,
  name: N,
  attrs: Routines[N],
  operands: readonly OperandSpec[],
  dtype: DType,
  shape: readonly number[],
  inputs: readonly HostArray[] = operands.filter((o) => o.count > 0).map((o, i) =>
    small(o.dtype, o.count, 31 + i)
  ),
  tolerance: Tolerance = numerically,
): ConformanceCase {
  return {
    name: `${name} ${dtype} ${what}`,
    plan: routinePlan(name, attrs, operands, dtype, shape),
    inputs,
    tolerance,
  };
}

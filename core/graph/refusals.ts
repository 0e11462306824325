/**
 * Arguments that have no result, such as zeros that integers are divided by. Where the values were not at hand when the operation was called, the plan that
 * computes them tells, and the error is thrown before anyone sees a result.
 *
 * @module
 */
import type { TenonError } from "../errors.ts";
import type { PlanOutput } from "./compile.ts";
import { isHeld } from "./trace.ts";
import type { Refusal } from "../prim/primitive.ts";
import { sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

/** What to look at for one of the nodes that are computed. */
export interface Check {
  /** One number: not zero when the node is refused. */
  readonly found: Tensor;
  readonly late: boolean;
  error(found: number | bigint): TenonError;
}

const none: readonly Check[] = [];

/** What to look at when `nodes` are computed. */
export function checksOf(nodes: readonly Tensor[]): readonly Check[] {
  let checks: Check[] | null = null;
  for (let i = 0; i < nodes.length; i++) {
    const refusal = nodes[i].prim.refusal as Refusal | undefined;
    if (refusal === undefined || isHeld(nodes[i]) || sizeOf(nodes[i].shape) === 0) continue;
    const { shape, dtype, inputs, attrs } = nodes[i];
    (checks ??= []).push({
      found: refusal.found(inputs, attrs),
      late: refusal.late === true,
      error: (found) => refusal.error({ shape, dtype }, attrs, found),
    });
  }
  return checks ?? none;
}

/** Where a plan's outputs have what to look at. */
export interface Watched {
  readonly output: number;
  readonly late: boolean;
  error(found: number | bigint): TenonError;
}

/** The checks in terms of a plan that was made from the walk that has just numbered them. */
export function watchedIn(outputs: readonly PlanOutput[], checks: readonly Check[]): readonly Watched[] {
  return checks.map(({ found: { order }, late, error }) => ({
    output: outputs.findIndex(({ places }) => places.includes(order)),
    late,
    error,
  }));
}

/**
 * The conformance suite: plans that every backend must run with the answers of the reference backend, generated over the scalar functions,
 * dtypes, views, folds and routines of the IR. A backend's test calls `runConformance` and asserts that nothing failed.
 *
 * @module
 */
import type { Backend } from "../../../core/backend/backend.ts";
import { createReferenceBackend } from "../../../core/backend/reference/reference.ts";
import { type DType, type HostArray, isFloat, readElement } from "../../../core/dtype.ts";
import type { LoopStep, Plan } from "../../../core/kernel/plan.ts";
import { runPlan } from "./build.ts";
import { elementwiseCases } from "./conformance_elementwise.ts";
import { foldCases } from "./conformance_folds.ts";
import { loopCases } from "./conformance_loops.ts";
import { matmulCases } from "./conformance_matmul.ts";
import { routineCases } from "./conformance_routines.ts";
import type { ConformanceCase, Tolerance } from "./conformance_case.ts";
import { floatLimits } from "./conformance_values.ts";

/** What a backend is allowed. */
export interface Policy {
  /** Cases that the backend says it does not meet. */
  skip?(test: ConformanceCase): boolean;
  /** Where its tolerance differs from the case's. */
  tolerance?(test: ConformanceCase): Partial<Tolerance>;
}

/** What came out: one line for each case that failed, and how many ran. */
export interface ConformanceReport {
  readonly failures: readonly string[];
  readonly ran: number;
}

/** Every case. */
export const conformanceCases: readonly ConformanceCase[] = [
  ...elementwiseCases(),
  ...loopCases(),
  ...foldCases(),
  ...matmulCases(),
  ...routineCases(),
];

/** Runs the cases on a backend and on the reference. Cases of dtypes that the backend does not support are left out. */
export function runConformance(
  backend: Backend,
  policy: Policy = {},
  cases: readonly ConformanceCase[] = conformanceCases,
): ConformanceReport {
  const reference = createReferenceBackend();
  const failures: string[] = [];
  let ran = 0;
  for (const test of cases) {
    if (policy.skip?.(test) || !supports(backend, test.plan)) continue;
    ran++;
    const tolerance = { ...test.tolerance, ...policy.tolerance?.(test) };
    const want = runPlan(reference, test.plan, test.inputs);
    let problem: string | null;
    try {
      problem = difference(test, runPlan(backend, test.plan, test.inputs), want, tolerance);
    } catch (error) {
      problem = `threw ${error instanceof Error ? error.stack ?? error.message : error}`;
    }
    if (problem !== null) failures.push(`${test.name}: ${problem}`);
  }
  return { failures, ran };
}

function supports(backend: Backend, plan: Plan): boolean {
  const loops = plan.steps.map((s) => s.kind === "loop" ? s : s.epilogue).filter((s): s is LoopStep =>
    s !== null
  );
  const dtypes = new Set([
    ...plan.slots.map((s) => s.dtype),
    ...loops.flatMap((s) => s.kernel.code.map((i) => i.dtype)),
  ]);
  return [...dtypes].every((d) => backend.unsupported(d) === null) &&
    loops.every((s) => s.inputs.length + s.outputs.length <= backend.maxBuffers);
}

function difference(
  test: ConformanceCase,
  got: readonly HostArray[],
  want: readonly HostArray[],
  tolerance: Tolerance,
): string | null {
  const dtypes = test.plan.slots.filter((s) => s.role === "output").map((s) => s.dtype);
  const given = test.plan.slots.filter((s) => s.role === "input");
  for (let o = 0; o < want.length; o++) {
    const dtype = dtypes[o], wrong: number[] = [];
    if (got[o].length !== want[o].length) {
      return `output ${o} has ${got[o].length} elements, not ${want[o].length}`;
    }
    for (let i = 0; i < want[o].length; i++) {
      if (!agree(readElement(got[o], dtype, i), readElement(want[o], dtype, i), dtype, tolerance)) {
        wrong.push(i);
      }
    }
    if (wrong.length === 0) continue;
    const show = (v: number | bigint) => Object.is(v, -0) ? "-0" : `${v}`;
    const examples = wrong.slice(0, 4).map((i) => {
      const operands = given.map((s, k) =>
        s.count === want[o].length ? show(readElement(test.inputs[k], s.dtype, i)) : null
      )
        .filter((v) => v !== null);
      return `[${i}] got ${show(readElement(got[o], dtype, i))}, want ${
        show(readElement(want[o], dtype, i))
      }` +
        (operands.length > 0 ? ` from (${operands.join(", ")})` : "");
    });
    return `output ${o}, ${wrong.length} of ${want[o].length} wrong: ${examples.join("; ")}`;
  }
  return null;
}

function agree(got: number | bigint, want: number | bigint, dtype: DType, tolerance: Tolerance): boolean {
  if (Object.is(got, want)) return true;
  if (!isFloat(dtype) || typeof got === "bigint" || typeof want === "bigint") return false;
  const { tiny, bits } = floatLimits(dtype);
  if (got === 0 && want === 0) return !tolerance.zeroSign;
  if (!Number.isFinite(got) || !Number.isFinite(want)) return false;
  if (tolerance.flushes && Math.abs(want) < tiny && Math.abs(got) <= tiny) return true;
  const exponent = Math.floor(Math.log2(Math.max(Math.abs(want), tiny)));
  return Math.abs(got - want) <= tolerance.ulps * 2 ** (exponent + 1 - bits) + tolerance.absolute;
}

/**
 * How many rounds of loops a thread takes. llvmpipe leaves every loop of a thread after 65,535 rounds in all, without a word, and systems reset a GPU that works at
 * one dispatch for a few seconds. So what takes more rounds is cut.
 *
 * @module
 */
import { kindOf } from "../../../dtype.ts";
import { type LoopKernel, stagesOf } from "../../../kernel/ir.ts";
import type { ScalarFn } from "../../../kernel/scalar.ts";

/** Rounds of a thread from which kernels for software devices are cut: half of what there is, as nests of loops take some more than is counted here. */
export const softwareRounds = 32_768;

/** The same for GPUs: at a hundred cycles a round, which waits for memory, a fifth of the two seconds that Windows gives a dispatch. */
export const hardwareRounds = 2 ** 22;

/** The most rounds of scalar functions that are written with loops, for floats and for integers. */
const loopsOfFloats: Readonly<Partial<Record<ScalarFn, number>>> = {
  fmod: 33,
  remainder: 33,
  floorDivide: 33,
  lgamma: 12,
  digamma: 12,
  sin: 3,
  cos: 3,
  tan: 3,
};
const loopsOfIntegers: Readonly<Partial<Record<ScalarFn, number>>> = { pow: 32 };

/** Rounds that the inner loops of a kernel take, `lanes` points in each: all of its sweeps, and the functions of each point. */
export function roundsOf(kernel: LoopKernel, lanes: number): number {
  const inner = kernel.inner.reduce((n, d) => n * d, 1);
  const stages = stagesOf(kernel);
  const sweeps = kernel.code.reduce((n, _, i) => Math.max(n, stages[i] + 1), 1);
  const functions = kernel.code.reduce((n, instr) => {
    if (instr.op !== "apply" || instr.level !== "inner") return n;
    return n + ((kindOf(instr.dtype) === "float" ? loopsOfFloats : loopsOfIntegers)[instr.fn] ?? 0);
  }, 0);
  return inner * sweeps * (1 / lanes + functions);
}

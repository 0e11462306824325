/**
 * A program for unawaited_test.ts: gradient descent that never reads, and what it holds after 100 steps and after 400 more. A process of
 * its own, since the resident set is that of the whole process. Prints JSON. `yielding` as argument awaits between the steps.
 *
 * @module
 */
import { defaultDevice } from "../../core/device.ts";
import { evaluate } from "../../core/evaluate.ts";
import { ones } from "../../core/ops/create.ts";
import { memory, setMemoryBudget } from "../../core/residents.ts";
import { grad } from "../../core/transform/grad.ts";
import type { Tensor } from "../../core/tensor.ts";

/** What `setMemoryBudget` is given. */
export const budget = 16 << 20;

/** What is held. */
export interface Held {
  readonly bytes: number;
  readonly reserved: number;
  readonly rss: number;
}

/** Gradient descent on a megabyte of weights. */
async function descend(steps: number, yields: boolean): Promise<Held> {
  const x = ones([4, 512]).mul(0.5);
  let w: Tensor = ones([512, 512]).mul(0.01);
  const slope = grad((w: Tensor) => x.matmul(w).square().mean());
  for (let i = 0; i < steps; i++) {
    evaluate([w = w.sub(slope(w).mul(0.1))]);
    if (yields) await Promise.resolve();
  }
  w.sum().item();
  const { bytes, reserved } = memory();
  return { bytes, reserved, rss: Deno.memoryUsage().rss };
}

if (import.meta.main) {
  setMemoryBudget(defaultDevice(), budget);
  const yields = Deno.args[0] === "yielding";
  console.log(JSON.stringify([await descend(100, yields), await descend(400, yields)]));
}

/**
 * Tenon among the peers. Arguments: threads of the CPU or `webgpu`, a suffix of its name (with `-compiled`, functions through `compile`
 * where a workload has one), workloads.
 *
 * @module
 */
import {
  compile,
  noGrad,
  requestDevice,
  setDefaultDevice,
  setNumThreads,
  type Tensor,
  tensor,
} from "../../core/mod.ts";
import { workloads } from "../workloads.ts";
import { fill, main, type Run } from "./lib.ts";

const where = Deno.args[0], suffix = Deno.args.length > 2 ? Deno.args[1] : "";
if (where === "webgpu") {
  await requestDevice("webgpu");
  setDefaultDevice("webgpu");
} else {
  setDefaultDevice("cpu");
  setNumThreads(Number(where));
}

const data = (seed: number, shape: number[], scale = 1) =>
  tensor(fill(seed, shape.reduce((a, b) => a * b, 1), scale), { shape });

const compiled: Readonly<Record<string, () => Run>> = {
  seed_mlp_fwd: () => {
    const x = data(1, [2, 20]),
      w1 = data(2, [20, 256], 0.2),
      b1 = data(3, [256], 0.2);
    const w2 = data(4, [256, 10], 0.06), b2 = data(5, [10], 0.06);
    const net = compile((y: Tensor) => y.matmul(w1).add(b1).relu().matmul(w2).add(b2));
    return () => noGrad(() => net(x).toTypedArray()[0] as number);
  },
};

await main({
  name: `tenon-${where === "webgpu" ? where : `${where}t`}${suffix}`,
  setup: (name) => (suffix === "-compiled" ? compiled[name] : workloads[name]?.setup)?.() ?? null,
});

/**
 * Runs tests of the default device on WebGPU: `deno test --preload=tests/on_webgpu.ts`, as `deno task test:webgpu` does. With TENON_FUSION=off each
 * operation is a kernel of its own; with TENON_WEBGPU_LIMITS=default the device has no more than every WebGPU device. What is not left out here runs.
 *
 * @module
 */
import { setDefaultDevice } from "../core/device.ts";
import { setFusion } from "../core/evaluate.ts";
import { ignored, missing, testOnly } from "./core/devices.ts";

/** Tests that cannot run on WebGPU, by what keeps them from it: file and beginning of the name. */
const leftOut: Readonly<Record<string, readonly string[]>> = {
  "WebGPU holds no float64": [
    "core/prim/edge_test.ts: at the edge: nan_to_num", // the largest float64
    "init/init_test.ts: init.truncNormal_ of [5003] float64",
    "io/data/data_test.ts: data: collation stacks tensors and numbers",
    "io/tensors_test.ts: tensors: what is saved is loaded, in every dtype",
    'nn/optim/lbfgs_test.ts: LBFGS {"lr":0.5,', // its line search magnifies what is rounded
    "nn/optim/optimizers_test.ts: counts are kept in the default dtype",
  ],
  "WebGPU holds int64 in 32 bits": ["core/dtype_test.ts: dtypes: bigint where a number cannot hold an int64"],
  "WebGPU does not look at the values of indices": [
    "core/errors_test.ts: errors: gatherRange",
    "core/errors_test.ts: errors: scatterRange",
  ],
  "on WebGPU rrelu draws for every element, as it does not look at their signs": [
    "core/random/ops_test.ts: random functions: rrelu",
  ],
  "shaders may contract products and sums, so that kernels differ in the last digit": [
    "core/random/pure_test.ts: pure random: the same numbers without fusion",
  ],
};

const fusion = Deno.env.get("TENON_FUSION") !== "off";
testOnly("webgpu", fusion);
if (missing === null) setDefaultDevice("webgpu");

const register = Deno.test;

function test(first: string | Deno.TestDefinition, body?: Deno.TestDefinition["fn"]): void {
  const definition = typeof first === "string" ? { name: first, fn: body! } : first;
  const key = `${Deno.mainModule.split("/tests/")[1]}: ${definition.name}`;
  const [why] = Object.entries(leftOut).find(([, tests]) => tests.some((t) => key.startsWith(t))) ?? [];
  register({
    ...definition,
    name: why === undefined ? definition.name : `${definition.name} (${why})`,
    ignore: definition.ignore === true || ignored || why !== undefined,
    // The queue of a GPU outlives the test that started it.
    sanitizeOps: false,
    sanitizeResources: false,
    async fn(context) {
      if (missing !== null) throw missing;
      setDefaultDevice("webgpu");
      setFusion(fusion);
      await definition.fn(context);
    },
  });
}

Object.assign(Deno, { test: Object.assign(test, register) });

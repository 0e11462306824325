/**
 * Runs tests of the default device on WebGPU: `deno test --preload=tests/on_webgpu.ts`, as `deno task test:webgpu` does. With TENON_FUSION=off each
 * operation is a kernel of its own; with TENON_WEBGPU_LIMITS=default the device has no more than every WebGPU device. What is not left out here runs.
 *
 * @module
 */
import { setDefaultDevice } from "../core/device.ts";
import { setFusion } from "../core/evaluate.ts";
import { ignored, missing, testOnly } from "./core/devices.ts";

const float64 = "float64", int64 = "int64 beyond 32 bits";
const indices = "values of indices are not looked at";

/** Tests that cannot run on WebGPU: file, name (all of the file when empty), and what it has that WebGPU does not hold. */
const leftOut: readonly (readonly [file: string, name: string, why: string])[] = [
  ["core/dtype_test.ts", "dtypes: bigint where a number cannot hold an int64, in and out", int64],
  ["core/prim/edge_test.ts", "at the edge: nan_to_num", "the largest float64"],
  ["core/errors_test.ts", "errors: gatherRange is IndexError, which begins with PyTorch's sentence", indices],
  [
    "core/errors_test.ts",
    "errors: scatterRange is IndexError, which begins with PyTorch's sentence",
    indices,
  ],
  ["core/random/ops_test.ts", "random functions: rrelu", "draws for every element, as x is not looked at"],
  [
    "core/random/pure_test.ts",
    "pure random: the same numbers without fusion, and from the same key twice",
    "a kernel may contract a product and a sum, and so differ in the last digit",
  ],
  ["io/data/data_test.ts", "data: collation stacks tensors and numbers, and keeps form and names", float64],
  ["io/tensors_test.ts", "tensors: what is saved is loaded, in every dtype and shape", float64],
  [
    "nn/optim/lbfgs_test.ts",
    'LBFGS {"lr":0.5,"maxIter":6,"historySize":2,"lineSearchFn":"strong_wolfe","maxEval":30} goes PyTorch\'s way, also from a state dict',
    "float64: the line search magnifies what is rounded",
  ],
  ["nn/optim/optimizers_test.ts", "counts are kept in the default dtype", float64],
];

const fusion = Deno.env.get("TENON_FUSION") !== "off";
testOnly("webgpu", fusion);
if (missing === null) setDefaultDevice("webgpu");

const register = Deno.test;

function test(first: string | Deno.TestDefinition, body?: Deno.TestDefinition["fn"]): void {
  const definition = typeof first === "string" ? { name: first, fn: body! } : first;
  const why = leftOut.find(([file, name]) =>
    Deno.mainModule.endsWith(`/tests/${file}`) && (name === "" || name === definition.name)
  )?.[2];
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

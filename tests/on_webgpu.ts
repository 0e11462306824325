/**
 * Runs the tests on WebGPU: `deno test --preload=tests/on_webgpu.ts`, as `deno task test:webgpu` does, with the bodies that run on the CPU, each with fusion
 * and without where it has to do with graphs. With TENON_WEBGPU_LIMITS=default the device has no more than every WebGPU device. Without an adapter the tests are shown as ignored, or fail
 * where the environment variable TENON_REQUIRE_WEBGPU is 1.
 *
 * @module
 */
import { setDefaultDevice } from "../core/device.ts";
import { testOnly, useFusion } from "./core/devices.ts";
import { useWebGpu } from "./webgpu_run.ts";

/** Tests by a reason: files, or a file and the beginning of a name. */
type Reasons = Readonly<Record<string, readonly string[]>>;

/** Tests of something else than the default device: they are not run again. */
const elsewhere: Reasons = {
  "of the CPU engine's own parts": ["core/backend/cpu/"],
  "of the plain interpreter, and of what compares engines with it": [
    "core/backend/conformance_test.ts",
    "core/backend/reference_test.ts",
    "core/backend/reference_routines_test.ts",
  ],
  "of what tests are written with, and of what is published, which know no devices": [
    "std/",
    "package_test.ts",
  ],
  "of command lines and permissions, which come before any device": [
    "examples/tour_test.ts: tour: each program runs by itself, without any permission",
    "examples/tour_test.ts: tour: an option that does not exist is refused",
    "examples/train_test.ts: train: options",
    "examples/train_test.ts: train: what cannot be done is said in a line, and leaves nothing behind",
  ],
  "opens devices of its own, when tests run without this preload": ["core/backend/webgpu/"],
};

/** Tests that WebGPU cannot pass. One that passes is reported, as it need not be left out any more. */
const leftOut: Reasons = {
  "WebGPU holds no float64": [
    "core/ops/special/gamma_test.ts: lgamma of the smallest negative numbers",
    "core/prim/edge_test.ts: at the edge: nan_to_num", // the largest float64
    "init/init_test.ts: init.truncNormal_ of [5003] float64",
    "io/data/data_test.ts: data: collation keeps the widest dtypes",
    "io/tensors_test.ts: tensors: what is saved is loaded, in float64",
    'nn/optim/lbfgs_test.ts: LBFGS {"lr":0.5,', // its line search magnifies what is rounded
    "nn/optim/optimizers_test.ts: counts are kept in the default dtype",
  ],
  "WebGPU holds int64 in 32 bits": [
    "core/dtype_test.ts: dtypes: bigint where a number cannot hold an int64",
    "core/dtype_test.ts: dtypes: int64 arithmetic wraps",
  ],
};

for (const entry of [elsewhere, leftOut].flatMap((reasons) => Object.values(reasons).flat())) {
  Deno.statSync(new URL(entry.split(": ")[0], import.meta.url)); // What is gone need not be left out.
}

const missing: unknown = await useWebGpu().then(() => null, (error: unknown) => error);
const ignored = missing !== null && Deno.env.get("TENON_REQUIRE_WEBGPU") !== "1";
testOnly("webgpu");

const file = Deno.mainModule.split("/tests/")[1];
const registered: string[] = [];
const register = Deno.test;
// Engines get whole plans, which are made by hand in their tests.
const fusions = file.startsWith("core/backend/") ? [true] : [true, false];

function reasonIn(reasons: Reasons, key: string): string | undefined {
  return Object.keys(reasons).find((why) => reasons[why].some((start) => key.startsWith(start)));
}

function test(first: string | Deno.TestDefinition, body?: Deno.TestDefinition["fn"]): void {
  const definition = typeof first === "string" ? { name: first, fn: body! } : first;
  const { name } = definition, key = `${file}: ${name}`;
  registered.push(key);
  const other = reasonIn(elsewhere, key), why = reasonIn(leftOut, key);
  if (other !== undefined) return register({ ...definition, name: `${name} (${other})`, ignore: true });
  if (why !== undefined) register({ ...definition, name: `${name} (${why})`, ignore: true });
  for (const fusion of fusions) {
    const passes = onWebGpu(definition.fn, fusion);
    register({
      ...definition,
      name: `${why === undefined ? name : `left out for a reason: ${name}`}${fusion ? "" : ", fusion off"}`,
      ignore: definition.ignore === true || ignored,
      // The queue of a GPU outlives the test that started it.
      sanitizeOps: false,
      sanitizeResources: false,
      fn: why === undefined ? passes : (context) => assertFails(passes, context),
    });
  }
}

/** A body of tests with WebGPU as the default device. */
function onWebGpu(body: Deno.TestDefinition["fn"], fusion: boolean): Deno.TestDefinition["fn"] {
  return async (context) => {
    if (missing !== null) throw missing;
    setDefaultDevice("webgpu");
    useFusion(fusion);
    await body(context);
  };
}

async function assertFails(body: Deno.TestDefinition["fn"], context: Deno.TestContext): Promise<void> {
  if (missing !== null) throw missing;
  try {
    await body(context);
  } catch {
    return;
  }
  throw new Error("this test passes on WebGPU: take it out of the list in tests/on_webgpu.ts");
}

const entries = Object.values(leftOut).flat().filter((entry) => entry.startsWith(`${file}: `));
if (entries.length > 0) {
  register("the tests that are left out on WebGPU exist", () => {
    const stale = entries.filter((entry) => !registered.some((key) => key.startsWith(entry)));
    if (stale.length > 0) throw new Error(`no test has a name that begins so: ${stale.join("; ")}`);
  });
}

Object.assign(Deno, { test: Object.assign(test, register) });

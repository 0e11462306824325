/**
 * Matrix products in the system's BLAS: the same numbers as WebAssembly's, within rounding; never without the permission; and a process that uses it ends well.
 * Where there is no such library, or the tests may not load it, the tests that need it are skipped and say so.
 *
 * @module
 */
import { assert, assertEquals, assertLess } from "@std/assert";
import { createCpuBackend } from "../../../../core/backend/cpu/backend.ts";
import type { DType } from "../../../../core/dtype.ts";
import { dense, type OperandSpec, routinePlan, runPlan, strided } from "../build.ts";
import { uniform } from "../conformance_values.ts";

const granted = (name: "ffi" | "run" | "read") => Deno.permissions.querySync({ name }).state === "granted";
const library = createCpuBackend().info().details.blas;
const missing = library === "none";
if (missing) {
  console.log(granted("ffi") ? "no BLAS was found: skipped" : "no permission to load a BLAS: skipped");
}

/** Large ones, for which the library has threads, and small ones. */
const sizes = [[181, 193, 177], [45, 67, 39]] as const;

function forms(dtype: DType, [m, k, n]: typeof sizes[number]): Record<string, [OperandSpec, OperandSpec]> {
  const a = dense(dtype, [m, k]), b = dense(dtype, [k, n]);
  const aT = strided(dtype, m * k, [m, k], [1, m]), bT = strided(dtype, k * n, [k, n], [1, k]);
  return {
    "a b": [a, b],
    "aT b": [aT, b],
    "a bT": [a, bT],
    "aT bT": [aT, bT],
    "rows apart, offset": [strided(dtype, 3 + m * 200, [m, k], [200, 1], 3), b],
  };
}

Deno.test({
  name: "products in the BLAS agree with WebAssembly's",
  ignore: missing,
  fn() {
    const native = createCpuBackend(), own = createCpuBackend({ blas: "none" });
    assertEquals(own.info().details.blas, "none");
    const next = uniform(1);
    const dtypes = [["float32", 2 ** -24], ["float64", 2 ** -53]] as const;
    for (
      const [dtype, epsilon, size] of dtypes.flatMap(([d, e]) => sizes.map((size) => [d, e, size] as const))
    ) {
      const [m, k, n] = size;
      for (const [name, operands] of Object.entries(forms(dtype, size))) {
        const plan = routinePlan("matmul", {}, operands, dtype, [m, n]);
        const inputs = operands.map(({ count }) => {
          const values = Array.from({ length: count }, () => next() - 0.5);
          return dtype === "float32" ? Float32Array.from(values) : Float64Array.from(values);
        });
        const [got] = runPlan(native, plan, inputs), [want] = runPlan(own, plan, inputs);
        // Sums of k products of at most 1/4, rounded in another order.
        for (let i = 0; i < m * n; i++) {
          assertLess(Math.abs(Number(got[i]) - Number(want[i])), epsilon * k / 4, `${name} ${dtype} at ${i}`);
        }
      }
    }
  },
});

const program = `
import { createCpuBackend } from ${
  JSON.stringify(import.meta.resolve("../../../../core/backend/cpu/backend.ts"))
};
import { dense, routinePlan, runPlan } from ${JSON.stringify(import.meta.resolve("../build.ts"))};
const backend = createCpuBackend({ threads: 2 }), operand = dense("float32", [256, 256]);
const ones = new Float32Array(256 * 256).fill(1);
const [out] = runPlan(backend, routinePlan("matmul", {}, [operand, operand], "float32", [256, 256]), [ones, ones]);
console.log(backend.info().details.blas, out[0], out[65535]);
`;

async function run(...permissions: string[]) {
  const path = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(path, program);
    const args = ["run", "--no-check", "--no-prompt", ...permissions, path];
    const { code, signal, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
    return { code, signal, stdout: text(stdout), stderr: text(stderr) };
  } finally {
    await Deno.remove(path);
  }
}

Deno.test({
  name: "a process that used the BLAS ends with 0",
  ignore: missing || !granted("run"),
  async fn() {
    const { code, signal, stdout, stderr } = await run("--allow-ffi");
    assertEquals({ code, signal, stderr }, { code: 0, signal: null, stderr: "" });
    assertEquals(stdout, `${library} 256 256`);
  },
});

Deno.test({
  name: "without the permission nothing is loaded and nobody is asked",
  ignore: !granted("run"),
  async fn() {
    const { code, stdout, stderr } = await run();
    assertEquals({ code, stdout }, { code: 0, stdout: "none 256 256" });
    assert(!stderr.includes("ffi"));
  },
});

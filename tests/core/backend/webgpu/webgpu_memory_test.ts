/**
 * Memory over many steps that nobody waits for, and plans whose scratch memory is given back while their commands are still being gathered.
 *
 * @module
 */
import { assertEquals, assertLess } from "@std/assert";
import { evaluate } from "../../../../core/evaluate.ts";
import { tensor } from "../../../../core/ops/create.ts";
import { memory, setMemoryBudget } from "../../../../core/residents.ts";
import type { LoopKernel } from "../../../../core/kernel/ir.ts";
import type { LoopStep, Plan } from "../../../../core/kernel/plan.ts";
import { KernelBuilder, slot } from "../build.ts";
import { forEachDevice } from "../../devices.ts";
import { budget, type Held } from "./descend.ts";
import { gpuTest } from "./device.ts";

const program = new URL("descend.ts", import.meta.url).pathname;

for (const how of ["synchronous", "yielding"]) {
  forEachDevice(`${how} steps that nobody waits for hold constant memory`, async () => {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-check", "--allow-env", program, how],
      env: { TENON_DEVICE: "webgpu" },
      stdout: "piped",
      stderr: "piped",
    }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    const [early, late]: Held[] = JSON.parse(new TextDecoder().decode(stdout));
    assertLess(late.bytes, 2 * budget);
    assertLess(late.reserved, early.reserved + 2 * budget);
    // 400 steps make 400 MB of weights. What the runtime keeps for submissions levels off far below that.
    assertLess(late.rss, early.rss + (150 << 20));
  }, { devices: ["webgpu"] });
}

gpuTest("scratch memory is not destroyed under commands that are not submitted yet", {}, (backend) => {
  // Six temporaries x + 1, alive together and together above what the pool keeps, and their sum 6 x + 6.
  const n = 20_000_000, k = new KernelBuilder([n]), sum = new KernelBuilder([n]);
  const plus = k.store(k.apply("add", k.load("float32", n), k.constant("float32", 1)), n).kernel();
  const temps = [1, 2, 3, 4, 5, 6];
  const all = sum.store(temps.map(() => sum.load("float32", n)).reduce((a, b) => sum.apply("add", a, b)), n);
  const step = (kernel: LoopKernel, inputs: number[], output: number): LoopStep => ({
    kind: "loop",
    kernel,
    inputs,
    outputs: [output],
    label: "add",
  });
  const plan: Plan = {
    slots: [
      slot("input", "float32", n, 7),
      ...temps.map(() => slot("temp", "float32", n, 7)),
      slot("output", "float32", n, 7),
    ],
    steps: [...temps.map((t) => step(plus, [0], t)), step(all.kernel(), temps, 7)],
  };
  const executable = backend.prepare(plan);
  const x = backend.allocate("float32", n), y = backend.allocate("float32", n);
  backend.write(x, "float32", new Float32Array([1, 2, 3]));
  executable.run([x], [y]);
  assertEquals(backend.read(y, "float32", 3), new Float32Array([12, 18, 24]));
  backend.free(x);
  backend.free(y);
});

forEachDevice("small values that leave are read together", () => {
  // Each wait leaves something behind in the runtime until the program yields.
  const { mapAsync } = GPUBuffer.prototype;
  let waits = 0;
  GPUBuffer.prototype.mapAsync = function (...args) {
    waits++;
    return mapAsync.apply(this, args);
  };
  try {
    let x = tensor([1]);
    for (let i = 0; i < 4000; i++) evaluate([x = x.add(1)]);
    assertEquals(x.item(), 4001);
  } finally {
    GPUBuffer.prototype.mapAsync = mapAsync;
  }
  assertLess(waits, 200);
}, { devices: ["webgpu"] });

forEachDevice("a value that left the device under pressure comes back", (device) => {
  const before = memory(device).budget;
  setMemoryBudget(device, 1 << 20);
  try {
    const values = Float32Array.from({ length: 100_000 }, (_, i) => i % 100);
    const kept = Array.from({ length: 12 }, (_, i) => tensor(values).add(i));
    evaluate(kept);
    kept.forEach((x, i) => assertEquals(x.sum().item(), 4_950_000 + 100_000 * i));
  } finally {
    setMemoryBudget(device, before);
  }
});

/**
 * Plans whose scratch memory is given back while their commands are still being gathered. Memory over many steps is in tests/core/unawaited_test.ts.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import type { LoopKernel } from "../../../../core/kernel/ir.ts";
import type { LoopStep, Plan } from "../../../../core/kernel/plan.ts";
import { KernelBuilder, slot } from "../build.ts";
import { gpuTest } from "./device.ts";

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

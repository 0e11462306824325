/**
 * Memory over many steps that nobody waits for: what stays on the device, what leaves it, and what comes back.
 *
 * @module
 */
import { assertEquals, assertLess } from "@std/assert";
import { defaultDevice } from "../../core/device.ts";
import { evaluate } from "../../core/evaluate.ts";
import { tensor } from "../../core/ops/create.ts";
import { memory, setMemoryBudget } from "../../core/residents.ts";
import { deviceArguments } from "../webgpu_run.ts";
import { budget, type Held } from "./descend.ts";
import { forEachDevice } from "./devices.ts";

const program = new URL("descend.ts", import.meta.url).pathname;

for (const how of ["synchronous", "yielding"]) {
  Deno.test(`${how} steps that nobody waits for hold constant memory`, async () => {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-check", ...deviceArguments(), "--allow-env", program, how],
      env: { TENON_DEVICE: "cpu" },
      stdout: "piped",
      stderr: "piped",
    }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    const [early, late]: Held[] = JSON.parse(new TextDecoder().decode(stdout));
    assertLess(late.bytes, 2 * budget);
    assertLess(late.reserved, early.reserved + 2 * budget);
    // 400 steps make 400 MB of weights. What the runtime keeps for submissions levels off far below that.
    assertLess(late.rss, early.rss + (150 << 20));
  });
}

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

Deno.test("a value that left the device under pressure comes back", () => {
  const device = defaultDevice();
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

/**
 * A device whose memory is full: the error says what was to be computed and what is held, and afterwards everything is as before.
 *
 * @module
 */
import { assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import type { DeviceBuffer } from "../../../../core/backend/backend.ts";
import type { WebGpuBackend } from "../../../../core/backend/webgpu/backend.ts";
import { availableDevices, backendOf, registerBackend } from "../../../../core/device.ts";
import { OutOfMemoryError } from "../../../../core/errors.ts";
import { evaluate } from "../../../../core/evaluate.ts";
import type { Plan } from "../../../../core/kernel/plan.ts";
import { tensor } from "../../../../core/ops/create.ts";
import { memory, setMemoryBudget } from "../../../../core/residents.ts";
import { KernelBuilder, runPlan, slot } from "../build.ts";
import { gpuTest } from "./device.ts";

const mebi = 1 << 20;
/** Numbers in a mebibyte. */
const n = mebi / 4;
/** A device with eight mebibytes. */
const small = { limits: { memoryBytes: 8 * mebi } };

gpuTest("buffers fill the device, and it goes on when some are freed", small, (backend) => {
  const fill = () => {
    const held: DeviceBuffer[] = [];
    const error = assertThrows(() => {
      for (;;) held.push(backend.allocate("float32", n));
    }, OutOfMemoryError);
    assertEquals(held.length, 8);
    assertStringIncludes(
      error.message,
      `out of memory: ${mebi} bytes were asked for while ${8 * mebi} are in use`,
    );
    for (const buffer of held) backend.free(buffer);
  };
  fill();
  // Free blocks of another size make room.
  backend.free(backend.allocate("float32", 6 * n));
  fill();
});

gpuTest(
  "a plan without room for what it needs on the way names the step and leaves nothing behind",
  small,
  (backend) => {
    // y = (x + 1) 2 by way of a temporary of six mebibytes, of which four are to be had.
    const plan = (count: number): Plan => {
      const plus = new KernelBuilder([count]), twice = new KernelBuilder([2]);
      plus.store(
        plus.apply("add", plus.load("float32", 2, { offset: 0, strides: [0] }), plus.constant("float32", 1)),
        count,
      );
      twice.store(twice.apply("mul", twice.load("float32", count), twice.constant("float32", 2)), 2);
      return {
        slots: [
          slot("input", "float32", 2, 2),
          slot("temp", "float32", count, 2),
          slot("output", "float32", 2, 2),
        ],
        steps: [
          { kind: "loop", kernel: plus.kernel(), inputs: [0], outputs: [1], label: "expand, add" },
          { kind: "loop", kernel: twice.kernel(), inputs: [1], outputs: [2], label: "mul" },
        ],
      };
    };
    const other = backend.allocate("float32", 4 * n);
    const x = new Float32Array([3, 5]);
    for (let round = 0; round < 3; round++) {
      assertThrows(() => runPlan(backend, plan(6 * n), [x]), OutOfMemoryError, "in expand, add");
      assertEquals(backend.memory().used, 16 * mebi / 4);
      assertEquals(runPlan(backend, plan(2 * n), [x]), [new Float32Array([8, 8])]);
    }
    backend.free(other);
    assertEquals(runPlan(backend, plan(6 * n), [x]), [new Float32Array([8, 8])]);
  },
);

/** Runs `body` with the backend in the place of the webgpu device. */
function asDevice(backend: WebGpuBackend, body: () => void): void {
  const before = availableDevices().includes("webgpu") ? backendOf("webgpu") : null;
  registerBackend("webgpu", backend);
  const { budget } = memory("webgpu");
  setMemoryBudget("webgpu", 1 << 30);
  try {
    body();
  } finally {
    setMemoryBudget("webgpu", budget);
    if (before !== null) registerBackend("webgpu", before);
  }
}

gpuTest(
  "values leave a full device; what still has no room is refused, and nothing is lost",
  small,
  (backend) => {
    asDevice(backend, () => {
      const at = { device: "webgpu" } as const;
      const filled = (mebibytes: number, value: number) =>
        tensor(new Float32Array(mebibytes * n).fill(value), at).mul(1);
      // Twelve mebibytes pass through eight.
      const values = [1, 2, 3, 4, 5, 6].map((value) => filled(2, value));
      for (const x of values) evaluate([x]);
      assertEquals(values.map((x) => x.max().item()), [1, 2, 3, 4, 5, 6]);
      // Both operands have room, the result has not.
      const a = filled(3, 7), b = filled(3, 8);
      evaluate([a]);
      evaluate([b]);
      const error = assertThrows(() => evaluate([a.add(b)]), OutOfMemoryError);
      assertMatch(
        error.message,
        /^webgpu: out of memory: \d+ bytes were asked for while \d+ are in use, in add; held: /,
      );
      assertMatch(error.message, /of which this evaluation needs 6\.0 MiB; the largest: /);
      // Nor have they room for what a running sum needs on the way, until what nobody needs now has left.
      const c = filled(2, 1);
      evaluate([c, values[0], values[1]]);
      assertEquals(c.argsort().max().item(), 2 * n - 1);
      assertEquals([a, b, ...values].map((x) => x.max().item()), [7, 8, 1, 2, 3, 4, 5, 6]);
    });
  },
);

gpuTest("an upload that the device refuses takes no memory with it", small, (backend) => {
  asDevice(backend, () => {
    const { reserved } = memory("webgpu"), { used } = backend.memory();
    const wide = tensor(new BigInt64Array(n).fill(2n ** 40n), { device: "webgpu", dtype: "int64" });
    for (let round = 0; round < 20; round++) {
      assertThrows(() => evaluate([wide.add(1)]), Error, "does not fit");
    }
    assertEquals(backend.memory().used, used);
    assertEquals(memory("webgpu").reserved - reserved, mebi);
  });
});

/**
 * Device memory as a cache: a tiny budget, values that come back, values that are computed again, errors that say what is held, long loops.
 */
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import {
  DeviceError,
  evaluate,
  GradError,
  memory,
  setMemoryBudget,
  type Tensor,
  tensor,
  ValueError,
} from "../../core/mod.ts";
import { Linear } from "../../nn/linear.ts";
import { Adam } from "../../nn/optim/adam.ts";
import { SGD } from "../../nn/optim/sgd.ts";
import { countingDevice } from "./counting.ts";

const capacity = 1 << 20;
const { device, counts, reset } = countingDevice(capacity);

function withBudget(bytes: number, fn: () => void): void {
  const before = memory(device).budget;
  setMemoryBudget(device, bytes);
  try {
    fn();
  } finally {
    setMemoryBudget(device, before);
  }
}

/** A tensor of n elements, computed on the device. */
const made = (n: number, value: number) => tensor(new Float32Array(n).fill(value)).mul(1);

Deno.test("what does not fit the budget leaves and comes back", () => {
  withBudget(8000, () => {
    const values = Array.from({ length: 10 }, (_, i) => made(500, i));
    for (const x of values) evaluate([x]);
    assert(memory(device).bytes <= 8000, `${memory(device).bytes} bytes are held`);
    // All of them, in another order, and used again on the device.
    for (const i of [9, 0, 5, 1, 8]) {
      assertEquals(values[i].sum().item(), 500 * i);
      assertEquals((values[i].tolist() as number[])[499], i);
    }
  });
});

Deno.test("a budget of nothing still gives every value", () => {
  withBudget(0, () => {
    const x = tensor([[1, 2], [3, 4]]), y = x.matmul(x), z = y.add(1);
    evaluate([y, z]);
    // What the last evaluation read is the last to leave.
    assertEquals(memory(device).bytes, 16);
    assertEquals([y.tolist(), z.tolist()], [[[7, 10], [15, 22]], [[8, 11], [16, 23]]]);
  });
  assertThrows(() => setMemoryBudget(device, -1), ValueError, "0 bytes or more, got -1");
  assertThrows(() => setMemoryBudget(device, NaN), ValueError);
});

Deno.test("values kept for backward are dropped and computed again, not copied out", () => {
  const x = tensor(new Float32Array(2000).fill(0.5), { requiresGrad: true });
  const hidden = x.exp().cumsum(0), loss = hidden.mul(1e-3).sin().sum();
  loss.item();
  reset();
  withBudget(0, () => {});
  // The loss is copied out (it was read already), what backward wants is not.
  assert(counts.read <= 2000, `${counts.read} elements were read back`);
  assertEquals(memory(device).bytes, 0);
  loss.backward();
  const g = (x.grad?.tolist() as number[])[1999];
  // The last element is in the last sum alone: d = cos(s_n / 1000) e^x / 1000 with s_n = 2000 e^x.
  const e = Math.exp(0.5);
  assert(Math.abs(g - Math.cos(2 * e) * e * 1e-3) < 1e-6, `${g}`);
});

Deno.test("training under a tiny budget gives the same numbers", () => {
  const train = () => {
    const net = new Linear(8, 4);
    net.weight.data = tensor(new Float32Array(32).map((_, i) => Math.sin(i)), { shape: [4, 8] });
    net.bias!.data = tensor([0, 0, 0, 0]);
    const optimizer = new Adam(net.parameters(), { lr: 0.05 });
    const x = tensor(new Float32Array(24).map((_, i) => Math.cos(i)), { shape: [3, 8] });
    const losses: number[] = [];
    for (let i = 0; i < 6; i++) {
      optimizer.zeroGrad();
      const loss = net(x).pow(2).mean();
      loss.backward();
      optimizer.step();
      losses.push(loss.item());
    }
    return losses;
  };
  const roomy = train();
  withBudget(100, () => assertEquals(train(), roomy));
});

Deno.test("out of memory: what can leave leaves first; else the error says what is held", () => {
  withBudget(Infinity, () => {
    const values = Array.from({ length: 5 }, (_, i) => made(50_000, i));
    // 5 x 200,000 bytes are about all there is, so the earlier ones move out for the later.
    for (const x of values) evaluate([x]);
    evaluate([made(100_000, 7)]);
    assertEquals(values.map((x) => x.sum().item()), [0, 50_000, 100_000, 150_000, 200_000]);
    const a = made(100_000, 1), b = made(100_000, 2);
    evaluate([a]);
    evaluate([b]);
    const error = assertThrows(() => evaluate([a.add(b)]), DeviceError);
    assertMatch(
      error.message,
      /^out of memory: 400000 bytes for 100000 x float32, in add; held: \d+ values, 0\.8 MiB/,
    );
    assertMatch(error.message, /of which this evaluation needs 0\.8 MiB; the largest: 2 of 100000 x float32/);
    // Nothing was lost by the failure.
    assertEquals([a.sum().item(), b.sum().item()], [100_000, 200_000]);
  });
});

Deno.test("using frees a value at once, but none that is needed elsewhere", () => {
  const before = memory(device).bytes;
  const kept = tensor([1, 2, 3, 4]).mul(1);
  let stale: Tensor;
  {
    using x = tensor(new Float32Array(1000).fill(3)).mul(1);
    using same = kept.reshape([2, 2]);
    evaluate([kept, x, same]);
    stale = x.mul(2).sum();
    assertEquals([x.sum().item(), same.sum().item()], [3000, 10]);
  }
  assertEquals(kept.tolist(), [1, 2, 3, 4]);
  assertThrows(() => stale.item(), GradError, "or it was disposed of");
  assert(memory(device).bytes - before < 4200, "the input stays, the product does not");
});

Deno.test("a synchronous loop holds what one step holds", () => {
  const net = new Linear(4, 2), optimizer = new SGD(net.parameters(), { lr: 0.01, momentum: 0.9 });
  const x = tensor([[1, 2, 3, 4]]);
  let last: Tensor = x;
  const step = () => {
    optimizer.zeroGrad();
    const loss = net(x).pow(2).mean();
    loss.backward();
    optimizer.step();
    last = loss;
  };
  const steps = (n: number) => {
    for (let i = 0; i < n; i++) step();
  };
  steps(2000);
  const before = memory(device), heap = Deno.memoryUsage().heapUsed;
  steps(2000);
  const after = memory(device), growth = Deno.memoryUsage().heapUsed - heap;
  assert(Number.isFinite(last.item()));
  assert(after.tensors <= 4000 && after.bytes < 1 << 20, `${after.tensors} values, ${after.bytes} bytes`);
  assert(after.reserved <= before.reserved + (1 << 18), `${before.reserved} bytes grew to ${after.reserved}`);
  assert(growth < 27 << 20, `the heap grew by ${growth >> 20} MiB in 2000 steps`);
});

Deno.test("shapes that change for ever fill no table", () => {
  const x = tensor(new Float32Array(3000).fill(1));
  const run = (from: number, to: number) => {
    for (let n = from; n < to; n++) assertEquals(x.narrow(0, n, 1500).sum().item(), 1500);
  };
  reset();
  run(0, 1100);
  assert(counts.plans - counts.dropped <= 1024, `${counts.plans} plans were made, ${counts.dropped} dropped`);
  const heap = Deno.memoryUsage().heapUsed;
  run(1100, 1500);
  assertEquals([counts.plans, counts.dropped >= 476], [1500, true]);
  const growth = Deno.memoryUsage().heapUsed - heap;
  assert(growth < 20 << 20, `the heap grew by ${growth >> 20} MiB in 400 new plans`);
});

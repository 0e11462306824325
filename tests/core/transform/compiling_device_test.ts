/**
 * Kernels compiled for the first time in turns with the rest of the program, on every device.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  arange,
  compile,
  deviceInfo,
  evaluate,
  grad,
  GradError,
  nn,
  optim,
  type Tensor,
  tensor,
} from "../../../mod.ts";
import { forEachDevice } from "../devices.ts";

/** A chain of products of sizes that no other test has, so that each is a kernel to be compiled. */
function chain(seed: number): Tensor {
  let x = arange(7 * seed).reshape(7, seed).mul(1e-3);
  for (let i = 1; i < 7; i++) {
    x = x.matmul(arange(seed * (seed + 1)).reshape(seed++, seed).mul(1e-3)).cumsum(i % 2);
  }
  return x;
}

/** How many kernels had been compiled at each turn that the rest of the program had while `fn` was awaited. */
async function seenDuring(fn: () => Promise<unknown>): Promise<number[]> {
  const seen: number[] = [];
  let going = true;
  const look = () => {
    seen.push(kernels());
    if (going) setTimeout(look);
  };
  setTimeout(look);
  await fn();
  going = false;
  return seen;
}

const kernels = () => Number(deviceInfo().details.kernels ?? 0);

forEachDevice("a value that is awaited is the one that is read", async (device) => {
  const expected = chain(31).toTypedArray();
  const before = kernels(), x = chain(53);
  const seen = await seenDuring(async () => assertEquals((await x.data()).length, 7 * 59));
  const between = seen.filter((n) => n > before && n < kernels());
  if (device === "webgpu") assert(between.length > 0, `${before}, ${seen}, ${kernels()}`);
  assertEquals(await chain(31).data(), expected);
  assertEquals(await x.data(), x.toTypedArray());
});

forEachDevice("what is awaited is not changed by what the program does meanwhile", async () => {
  const net = new nn.Linear(61, 3);
  const optimizer = new optim.SGD(net.parameters(), { lr: 1 });
  const before = net.weight.tolist();
  const value = net.weight.data(),
    mapped = net.weight.mul(2).add(1).data(),
    again = net.weight.mul(2).add(1).data();
  net.forward(arange(61).float()).sum().backward();
  optimizer.step();
  assertEquals([...await value], (before as number[][]).flat());
  assertEquals(await mapped, tensor(before).mul(2).add(1).toTypedArray());
  assertEquals(await again, await mapped);
});

forEachDevice("a compiled function is prepared without running", async (device) => {
  let calls = 0;
  const f = compile((x: Tensor, w: Tensor) => {
    calls++;
    return grad((w: Tensor) => x.matmul(w).tanh().logsumexp(1).sum())(w);
  });
  const x = arange(5 * 67).reshape(5, 67).mul(1e-3), w = arange(67 * 11).reshape(67, 11).mul(1e-3);
  evaluate([x, w]);
  await f.prepare(x, w);
  const before = kernels();
  const y = f(x, w);
  assertEquals(calls, 1);
  if (device === "webgpu") assertEquals(kernels(), before);
  const expected = grad((w: Tensor) => x.matmul(w).tanh().logsumexp(1).sum())(w);
  assertEquals(y.shape, [67, 11]);
  assert(y.sub(expected).abs().max().item() < 1e-5);
  const reads = compile((x: Tensor) => x.mul(x.sum().item() as number));
  await assertRejects(() => reads.prepare(x), GradError, "cannot be read inside");
});

/**
 * Gradients that outlive a step: they are there afterwards, as in PyTorch, those that nobody has seen as long as there is room; and the memory of those is free
 * when they are forgotten.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import {
  defaultDevice,
  GradError,
  memory,
  ones,
  setMemoryBudget,
  type Tensor,
  tensor,
  zeros,
} from "../../../core/mod.ts";
import * as nn from "../../../nn/mod.ts";

/** w of 2, and a step that descends along (w x)' = x. */
function toy() {
  const w = new nn.Parameter(tensor([2]));
  const optimizer = new nn.optim.SGD([w], { lr: 0.5 });
  const backward = (x: number) => w.mul(x).sum().backward();
  return { w, optimizer, backward };
}

Deno.test("gradients are read after every step", () => {
  const { w, optimizer, backward } = toy();
  for (const x of [1, 2, 3]) {
    optimizer.zeroGrad();
    backward(x);
    optimizer.step();
    assertEquals(w.grad?.item(), x);
  }
  assertEquals(w.item(), 2 - 0.5 * 6);
});

Deno.test("gradients accumulate over steps that nobody clears", () => {
  const { w, optimizer, backward } = toy();
  for (const x of [1, 2, 3]) {
    backward(x);
    optimizer.step();
  }
  // Steps along 1, 1 + 2, 1 + 2 + 3
  assertEquals(w.item(), 2 - 0.5 * (1 + 3 + 6));
  assertEquals(w.grad?.item(), 6);
});

Deno.test("two steps along one gradient", () => {
  const { w, optimizer, backward } = toy();
  backward(1);
  optimizer.step();
  optimizer.step();
  assertEquals(w.item(), 2 - 0.5 * 2);
});

Deno.test("what a step overwrites gradients are computed from is there afterwards, and can be added to", () => {
  const w = new nn.Parameter(tensor([2])), other = new nn.Parameter(tensor([1]));
  const optimizer = new nn.optim.SGD([w], { lr: 0.25 }), others = new nn.optim.SGD([other], { lr: 0 });
  for (let i = 0; i < 3; i++) {
    const before = w.item();
    optimizer.zeroGrad();
    // (w^2)' = 2 w needs the value that the step overwrites.
    w.pow(2).sum().backward();
    optimizer.step();
    // The loss of the other reaches w as well: (other w)' = 1.
    others.zeroGrad();
    w.mul(other).sum().backward();
    others.step();
    if (i === 1) continue;
    assertEquals(w.grad?.item(), 2 * before + 1);
  }
});

Deno.test("the gradient of the last step is there after many that nobody asked for one", () => {
  const { w, optimizer, backward } = toy();
  for (let x = 1; x <= 5; x++) {
    optimizer.zeroGrad();
    backward(x);
    nn.utils.clipGradNorm_([w], 4);
    optimizer.step();
  }
  assertEquals(w.grad?.item().toFixed(4), "4.0000");
});

Deno.test("a gradient that somebody has stays when the parameter's is forgotten", () => {
  const { w, optimizer, backward } = toy(), seen: Tensor[] = [];
  w.registerHook((g) => void seen.push(g));
  const v = new nn.Parameter(tensor([1])), both = new nn.optim.SGD([v, w], { lr: 0 });
  backward(3);
  const before = w.grad as Tensor;
  optimizer.step();
  optimizer.zeroGrad();
  // The sum hands one gradient to both.
  w.add(v).mul(tensor([2]).exp().log()).sum().backward();
  both.step();
  w.grad = null;
  assertEquals([before, ...seen].map((g) => Math.round(g.item())), [3, 3, 2]);
  assertEquals(Math.round(v.grad?.item() as number), 2);
});

Deno.test("gradients that nobody has seen are the first to leave, and take no memory when they are forgotten", () => {
  const device = defaultDevice(), { budget } = memory(device);
  const w = new nn.Parameter(ones(256, 256)), optimizer = new nn.optim.SGD([w], { lr: 0.5 });
  const step = () => {
    optimizer.zeroGrad();
    w.pow(2).sum().backward();
    optimizer.step();
  };
  step();
  const { bytes } = memory(device);
  for (let i = 0; i < 20; i++) step();
  assertEquals(memory(device).bytes <= bytes + (1 << 12), true);
  assertEquals((w.grad as Tensor).tolist(), zeros(256, 256).tolist());
  step();
  try {
    setMemoryBudget(device, 0);
    assertThrows(() => w.grad?.sum().item(), GradError, "it left for lack of room");
    optimizer.zeroGrad();
    w.mul(3).sum().backward();
    const seen = w.grad as Tensor;
    optimizer.step();
    assertEquals(seen.mean().item(), 3);
  } finally {
    setMemoryBudget(device, budget);
  }
});

Deno.test("a GAN whose generator's loss reaches the discriminator", () => {
  const make = () => new nn.Sequential(new nn.Linear(3, 3), new nn.BatchNorm1d(3), new nn.Linear(3, 3));
  const [generator, discriminator] = [make(), make()];
  const [g, d] = [generator, discriminator].map((m) => new nn.optim.Adam(m.parameters(), { lr: 0.1 }));
  for (let i = 0; i < 4; i++) {
    discriminator.zeroGrad();
    discriminator(ones(4, 3)).mean().backward();
    const fake = generator(ones(4, 3));
    discriminator(fake.detach()).mean().neg().backward();
    d.step();
    generator.zeroGrad();
    const loss = discriminator(fake).mean();
    loss.backward();
    g.step();
    assertEquals(Number.isFinite(loss.item()), true);
  }
});

Deno.test("a module moves and is copied with the gradients of a step", () => {
  const net = new nn.Linear(2, 1);
  const optimizer = new nn.optim.SGD(net.parameters(), { lr: 0.1 });
  for (let i = 0; i < 2; i++) {
    optimizer.zeroGrad();
    net(ones(1, 2)).sum().backward();
    optimizer.step();
  }
  const copy = nn.deepcopy(net).half();
  assertEquals(copy.weight.dtype, "float16");
  assertEquals(copy.weight.grad?.tolist(), [[1, 1]]);
  assertEquals(net.weight.grad?.tolist(), [[1, 1]]);
});

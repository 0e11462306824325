/**
 * Gradients that outlive a step: steps leave them readable once somebody asked, and a program that only goes on adding to them and forgets them, as
 * the discriminator of a GAN does, never learns that one was not kept.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import { GradError, ones, tensor } from "../../../core/mod.ts";
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

Deno.test("adding to a gradient that was not kept fails only where it is read, and not the next time", () => {
  const w = new nn.Parameter(tensor([2])), other = new nn.Parameter(tensor([1]));
  const optimizer = new nn.optim.SGD([w], { lr: 0.25 }), others = new nn.optim.SGD([other], { lr: 0 });
  // (w^2)' = 2 w needs the value that the step overwrites.
  const step = () => {
    optimizer.zeroGrad();
    w.pow(2).sum().backward();
    optimizer.step();
  };
  // The second player's loss reaches w as well, whose gradient nobody wants: (other w)' = 1.
  const play = () => {
    others.zeroGrad();
    w.mul(other).sum().backward();
    others.step();
  };
  step();
  step();
  play();
  assertThrows(() => w.grad?.item(), GradError, "zeroGrad() before backward()");
  for (let i = 0; i < 2; i++) {
    const before = w.item();
    step();
    play();
    assertEquals(w.grad?.item(), 2 * before + 1);
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

Deno.test("a module moves and is copied after steps whose gradients were not kept", () => {
  const net = new nn.Linear(2, 1);
  const optimizer = new nn.optim.SGD(net.parameters(), { lr: 0.1 });
  for (let i = 0; i < 2; i++) {
    optimizer.zeroGrad();
    net(ones(1, 2)).sum().backward();
    optimizer.step();
  }
  const copy = nn.deepcopy(net).double();
  assertEquals(copy.weight.dtype, "float64");
  assertEquals(copy.weight.grad, null);
});

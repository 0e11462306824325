/**
 * Lazy evaluation: what is computed when, and how often; plans and their cache; depth; memory that is taken over.
 */
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { evaluate, grad, GradError, memory, noGrad, type Tensor, tensor } from "../../core/mod.ts";
import { Linear } from "../../nn/linear.ts";
import { Adam } from "../../nn/optim/adam.ts";
import { SGD } from "../../nn/optim/sgd.ts";
import { Parameter } from "../../nn/module/parameter.ts";
import { countingDevice, plansOf } from "./counting.ts";

const { device, counts, reset } = countingDevice();

const stepsWith = (label: string) => {
  let n = 0;
  for (const [name, count] of counts.steps) if (name.includes(label)) n += count;
  return n;
};

Deno.test("nothing runs before a value is read, and nothing twice", () => {
  reset();
  const x = tensor([1, 2]).mul(3).add(1);
  assertEquals(counts.runs, 0);
  assertEquals([x.tolist(), x.tolist(), String(x)], [[4, 7], [4, 7], "tensor([4., 7.])"]);
  assertEquals(counts.runs, 1);
});

Deno.test("roots are evaluated as one set, and what they share once", () => {
  reset();
  const shared = tensor([[1, 2], [3, 4]]).matmul(tensor([[1, 0], [0, 1]]));
  evaluate([shared.exp(), shared.sum(), shared.t().contiguous()]);
  assertEquals([counts.runs, stepsWith("matmul")], [1, 1]);
});

Deno.test("equal expressions are computed once", () => {
  reset();
  const a = tensor([[1, 2], [3, 4]]), f = () => a.matmul(a).tanh();
  assertEquals(f().add(f()).tolist(), f().mul(2).tolist());
  assertEquals(stepsWith("matmul"), 2);
});

Deno.test("a loop that reads numbers of what it goes on with computes each round a bounded number of times", () => {
  reset();
  let x = tensor([1, 2, 3]);
  for (let i = 0; i < 30; i++) {
    x = x.mul(0.5).exp();
    x.sum().item();
    x.expand(4, 3).mean().item();
  }
  // The last round alone, from the value of the one before it.
  assert(counts.plans <= 6, `${counts.plans} plans`);
  const exps = stepsWith("exp");
  assert(exps <= 3 * 30, `${exps} kernels with exp`);
});

Deno.test("plans are found by structure: other data and other scalars make none", () => {
  const f = (x: Tensor, lr: number) => x.mul(tensor(lr)).sub(x.mean()).tanh();
  f(tensor([1, 2, 3]), 0.1).tolist();
  reset();
  for (let i = 0; i < 10; i++) f(tensor([i, 2, 5]), i * 0.01).tolist();
  assertEquals([counts.plans, counts.runs], [0, 10]);
  // A number written into the expression is part of the structure; so are shapes, and which leaves are the same.
  tensor([1, 2, 3]).mul(0.125).tolist();
  tensor([1, 2, 3]).mul(0.25).tolist();
  f(tensor([1, 2]), 0.1).tolist();
  assertEquals(counts.plans, 3);
  const a = tensor([1, 2]), b = tensor([1, 2]);
  a.add(b).tolist();
  assertEquals(a.add(a).tolist(), [2, 4]);
  assertEquals(counts.plans, 5);
});

Deno.test("-0, 0, NaN and infinity in an expression are told apart", () => {
  const x = tensor([1]);
  const of = (value: number) => x.mul(0).add(value).reciprocal().item();
  assertEquals([of(0), of(Infinity), of(-Infinity)], [Infinity, 0, -0]);
  assertEquals(x.mul(-0).reciprocal().item(), -Infinity);
  assertEquals(x.mul(0).reciprocal().item(), Infinity);
  assert(Number.isNaN(of(NaN)));
});

Deno.test("an optimizer's settings are no structure: schedules make no plans", () => {
  const w = new Parameter(tensor([1, 2]));
  const optimizer = new Adam([w], { lr: 0.1 });
  const step = () => {
    optimizer.zeroGrad();
    w.pow(2).sum().backward();
    optimizer.step();
  };
  for (let i = 0; i < 3; i++) step();
  reset();
  for (let i = 0; i < 5; i++) {
    optimizer.paramGroups[0].lr *= 0.9;
    step();
  }
  assertEquals([counts.plans, counts.runs], [0, 5]);
});

Deno.test("reading the loss after a step costs nothing", () => {
  const net = new Linear(3, 2), optimizer = new SGD(net.parameters(), { lr: 0.1 });
  const x = tensor([[1, 2, 3]]);
  for (let i = 0; i < 3; i++) {
    reset();
    optimizer.zeroGrad();
    const loss = net(x).pow(2).sum();
    loss.backward();
    optimizer.step();
    const runs = counts.runs;
    assert(loss.item() >= 0);
    assertEquals([runs, counts.runs], [1, 1]);
  }
});

Deno.test("reading the loss before a step runs the matmuls of the forward pass once", () => {
  const first = new Linear(3, 4), second = new Linear(4, 2);
  const optimizer = new SGD([...first.parameters(), ...second.parameters()], { lr: 0.1 });
  const x = tensor([[1, 2, 3]]);
  const step = (early: boolean) => {
    reset();
    optimizer.zeroGrad();
    const loss = second(first(x).tanh()).pow(2).sum();
    if (early) loss.item();
    loss.backward();
    optimizer.step();
    return stepsWith("matmul");
  };
  step(false);
  // Two forward; weights of both layers and the hidden values backward.
  assertEquals([step(false), step(true), step(true)], [5, 5, 5]);
});

Deno.test("both readings give the same training", () => {
  const losses = [false, true].map((early) => {
    const w = new Parameter(tensor([[0.5, -0.2], [0.3, 0.8]])), optimizer = new Adam([w], { lr: 0.05 });
    const x = tensor([[1, 2], [3, 4]]);
    return Array.from({ length: 5 }, () => {
      optimizer.zeroGrad();
      const loss = x.matmul(w).sin().pow(2).mean();
      const before = early ? loss.item() : null;
      loss.backward();
      optimizer.step();
      return before ?? loss.item();
    });
  });
  assertEquals(losses[0], losses[1]);
});

Deno.test("10,000 operations in a row: forward, backward and what is in between", () => {
  let y = tensor([1, 2], { requiresGrad: true });
  const x = y;
  for (let i = 0; i < 10_000; i++) {
    y = i % 3 === 0 ? y.add(0.001) : i % 3 === 1 ? y.neg() : y.reshape([2]).clone();
  }
  y.sum().backward();
  // The sign changes 3,333 times.
  assertEquals(x.grad?.tolist(), [-1, -1]);
  assertEquals((y.tolist() as number[]).length, 2);
  let z = tensor([0.5]);
  for (let i = 0; i < 10_000; i++) z = z.flip(0).unsqueeze(0).squeeze(0);
  assertEquals(z.item(), 0.5);
  const deep = grad((v: Tensor) => {
    let r = v;
    for (let i = 0; i < 10_000; i++) r = r.mul(1);
    return r.sum();
  });
  assertEquals(deep(tensor([3])).tolist(), [1]);
});

Deno.test("10,000 operations side by side", () => {
  const x = tensor([1, 2, 3]);
  let sum = x.mul(0);
  for (let i = 0; i < 10_000; i++) sum = sum.add(x.mul(i % 7));
  // 10,000 = 1,428 * 7 + 4: 1,428 * 21 + (0 + 1 + 2 + 3)
  assertEquals(sum.tolist(), [29994, 59988, 89982]);
});

Deno.test("the debug switch prints graph, kernels and plan, once per plan, until it is switched off", () => {
  const f = () => tensor([[1, 2], [3, 4]]).matmul(tensor([[5], [6]])).add(100).relu().tolist();
  const texts = plansOf(f);
  assertEquals(texts.length, 1);
  assertMatch(texts[0], /^graph\n(n\d: .*\n)*n1: float32\[2,2\] leaf 0\(\)/);
  assertMatch(texts[0], /: float32\[2,1\] matmul\(n1,n2\)/);
  assertMatch(texts[0], /\nplan\ns0: float32\[4\] input -1\.\.0/);
  assertMatch(texts[0], /#0 matmul\(.*\n {3}then .*add/);
  assertMatch(texts[0], /loop \[2,1\] x \[\] \(float32\) -> \(float32\)/);
  assertEquals(plansOf(f), []);
  tensor([1]).add(12.5).item();
});

Deno.test("a stale expression computes the old value or says that it is gone", () => {
  const w = new Parameter(tensor(new Float32Array(100).fill(1)));
  const optimizer = new SGD([w], { lr: 0.5 });
  const step = () => {
    optimizer.zeroGrad();
    w.sum().backward();
    optimizer.step();
  };
  step();
  const before = w.sum().item();
  const stale = w.mul(2).sum(), taken = w.data, expression = w.data.mul(3).sum();
  step();
  assertEquals(w.sum().item(), before - 50);
  // It may be gone, but it must not be computed from the new value.
  const value = readOrGone(stale);
  assert(value === null || value === 2 * before, `${value} is neither ${2 * before} nor an error`);
  // What the user took is never overwritten.
  assertEquals([taken.sum().item(), expression.item()], [before, 3 * before]);
});

function readOrGone(x: Tensor): number | null {
  try {
    return x.item();
  } catch (error) {
    assert(error instanceof GradError, String(error));
    assertMatch(error.message, /is gone: an optimizer step or a compiled function overwrote it/);
    return null;
  }
}

Deno.test("an optimizer step overwrites memory only where nobody can see it", () => {
  const w = new Parameter(tensor(new Float32Array(64).fill(0.1), { shape: [8, 8] }));
  const x = tensor(new Float32Array(32).map((_, i) => Math.sin(i)), { shape: [4, 8] });
  const optimizer = new SGD([w], { lr: 0.1, momentum: 0.9 });
  const steps = (n: number) => {
    for (let i = 0; i < n; i++) {
      optimizer.zeroGrad();
      x.matmul(w).pow(2).sum().backward();
      optimizer.step();
    }
  };
  steps(3);
  const held = memory(device);
  steps(1);
  // The loss alone is new: parameter and momentum take over their own memory, or leave it to the next step.
  assertEquals(memory(device).bytes - held.bytes, 4);
  assertEquals(memory(device).tensors - held.tensors, 1);
  // A dictionary of the state, a detached value, a view: all stay what they were.
  const kept = [w.data, w.detach(), w.data.reshape([64])], state = optimizer.stateDict().state["0"];
  const before = [...kept, state.momentum_buffer as Tensor].map((x) => noGrad(() => x.clone().tolist()));
  steps(2);
  assertEquals([...kept, state.momentum_buffer as Tensor].map((x) => x.tolist()), before);
});

Deno.test("reading the loss, or a prediction, before the step leaves no memory behind", () => {
  const first = new Linear(8, 16), second = new Linear(16, 4);
  const optimizer = new Adam([...first.parameters(), ...second.parameters()], { lr: 0.01 });
  const x = tensor(new Float32Array(24).map((_, i) => Math.sin(i)), { shape: [3, 8] });
  const step = () => {
    optimizer.zeroGrad();
    const y = second(first(x).tanh()), loss = y.pow(2).mean();
    loss.item();
    loss.backward();
    optimizer.step();
    return y;
  };
  const before = [step(), step()].map((y) => y.tolist());
  assertEquals(before.length, 2);
  const held = memory(device).bytes;
  const y = step();
  // What is new: the loss, the predictions and the hidden values that backward kept, and few numbers. No parameter of the first layer and no moment.
  const grown = memory(device).bytes - held;
  assert(grown < 4 * (3 * 4 * 3 + 3 * 16 * 3 + 16), `${grown}`);
  assertEquals((y.tolist() as number[][]).length, 3);
});

Deno.test("a step that leaves a parameter as it is does not lose it", () => {
  const w = new Parameter(tensor(new Float32Array(64).fill(2)));
  const optimizer = new SGD([w], { lr: 0 });
  for (let i = 0; i < 3; i++) {
    optimizer.zeroGrad();
    w.sum().backward();
    optimizer.step();
  }
  assertEquals(w.sum().item(), 128);
  // The value donated is one of the results under another name.
  const x = tensor([1, 2]).mul(2);
  x.tolist();
  const same = x.clone(), more = x.add(1);
  evaluate([same, more], { donate: [x] });
  assertEquals([same.tolist(), more.tolist()], [[2, 4], [3, 5]]);
});

Deno.test("two parameters with one value do not overwrite each other's", () => {
  const value = tensor(new Float32Array(64).fill(2)).mul(1);
  const a = new Parameter(value), b = new Parameter(value);
  const optimizer = new SGD([a], { lr: 1 });
  for (let i = 0; i < 2; i++) {
    optimizer.zeroGrad();
    a.sum().add(b.sum()).backward();
    optimizer.step();
  }
  assertEquals([a.sum().item(), b.sum().item(), value.sum().item()], [0, 128, 128]);
});

Deno.test("devices of a set are evaluated each for itself, and do not mix", () => {
  const here = tensor([1, 2]).mul(2), there = tensor([3]).to("reference").mul(2);
  evaluate([here, there, here]);
  assertEquals([here.tolist(), there.tolist()], [[2, 4], [6]]);
  assertThrows(() => here.add(there), Error, "Expected all tensors to be on the same device");
});

Deno.test("empty tensors and tensors without dimensions", () => {
  reset();
  const empty = tensor([], {}).mul(2).exp();
  evaluate([empty, tensor([[1, 2]]).narrow(1, 1, 0).add(1)]);
  assertEquals([empty.tolist(), counts.runs], [[], 0]);
  assertEquals(tensor(3).mul(2).item(), 6);
  assertEquals(tensor([[], []]).sum(1).tolist(), [0, 0]);
});

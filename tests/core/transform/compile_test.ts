/** compile: what is traced anew and what is not, parameters, draws, gradients, donation, errors. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  compile,
  dropout,
  evaluate,
  grad,
  GradError,
  manualSeed,
  noGrad,
  ones,
  rand,
  randn,
  softmax,
  TenonError,
  type Tensor,
  tensor,
  valueAndGrad,
  ValueError,
  vmap,
} from "../../../core/mod.ts";
import { Module } from "../../../nn/module/module.ts";
import { Parameter } from "../../../nn/module/parameter.ts";

/** Counts how often a function is run. */
function counted<A extends readonly unknown[], Y>(
  fn: (...args: A) => Y,
): { f: (...args: A) => Y; runs: () => number } {
  let n = 0;
  return { f: (...args) => (n++, fn(...args)), runs: () => n };
}

Deno.test("a function is traced once per form of its arguments", () => {
  const { f, runs } = counted((x: Tensor, k: number) => softmax(x.mul(k), -1));
  const g = compile(f);
  for (let i = 0; i < 5; i++) {
    const x = randn([2, 3]);
    assertEquals(g(x, 2).tolist(), softmax(x.mul(2), -1).tolist());
  }
  assertEquals(runs(), 1);
  // Another shape, another dtype, another number.
  g(randn([4, 3]), 2);
  g(randn([2, 3], { dtype: "float16" }), 2);
  g(randn([2, 3]), 3);
  g(randn([2, 3]), 3);
  assertEquals(runs(), 4);
});

Deno.test("trees go in and out; what is no tensor stays", () => {
  const f = compile((p: { a: Tensor; b: readonly Tensor[] }) => ({
    sum: [p.a.add(p.b[0])],
    n: 3,
    none: null,
    same: p.a,
  }));
  for (const k of [1, 2]) {
    const a = tensor([k]), out = f({ a, b: [tensor([10])] });
    assertEquals([out.sum[0].tolist(), out.n, out.none, out.same.tolist()], [[10 + k], 3, null, [k]]);
  }
});

Deno.test("static arguments: -0 and 0, NaN, functions by identity", () => {
  const { f, runs } = counted((x: Tensor, s: number) => x.mul(0).add(s).reciprocal());
  const g = compile(f), x = tensor([1]);
  assertEquals([g(x, 0).item(), g(x, -0).item()], [Infinity, Infinity]);
  g(x, NaN);
  g(x, NaN);
  assertEquals(runs(), 3);
  const h = compile((y: Tensor, op: (z: Tensor) => Tensor) => op(y));
  assertEquals([h(x, (z) => z.add(1)).item(), h(x, (z) => z.add(2)).item()], [2, 3]);
});

Deno.test("parameters are read at each call, other tensors are constants", () => {
  const w = new Parameter(tensor([1, 2])), c = tensor([10, 20]);
  const f = compile((x: Tensor) => x.mul(w).add(c));
  assertEquals(noGrad(() => f(tensor([1, 1]))).tolist(), [11, 22]);
  w.data = w.data.mul(5);
  assertEquals(noGrad(() => f(tensor([1, 1]))).tolist(), [15, 30]);
  w.data = tensor([1, 2, 3]);
  assertThrows(() => f(tensor([1, 1])), TenonError, "a parameter tensor had shape [2]");
});

Deno.test("captured tensors are read at each call", () => {
  const state = { mean: tensor([1, 2]) };
  const f = compile((x: Tensor) => x.sub(state.mean), { captures: () => [state.mean] });
  assertEquals(f(tensor([1, 1])).tolist(), [0, -1]);
  state.mean = tensor([5, 5]);
  assertEquals(f(tensor([1, 1])).tolist(), [-4, -4]);
});

Deno.test("a compiled module: its parameters, its buffers and its mode are those of the call", () => {
  class Scaled extends Module {
    weight = new Parameter(tensor([2, 3]));
    declare mean: Tensor;
    constructor() {
      super();
      this.registerBuffer("mean", tensor([1, 1]));
    }
    override forward(x: Tensor): Tensor {
      const y = x.sub(this.mean).mul(this.weight);
      return this.training ? dropout(y, 1) : y;
    }
  }
  const net = new Scaled(), f = compile(net), x = tensor([5, 5]);
  assertEquals(f(x).tolist(), [0, 0]);
  net.eval();
  assertEquals(f(x).tolist(), [8, 12]);
  net.mean = tensor([0, 5]);
  net.weight.data = tensor([1, 1]);
  assertEquals(f(x).tolist(), [5, 0]);
  f(x).sum().backward();
  assertEquals(net.weight.grad?.tolist(), [5, 0]);
  net.train();
  assertEquals(f(x).tolist(), [0, 0]);
});

Deno.test("gradients flow through a compiled function", () => {
  const w = new Parameter(tensor([1, 2])), x = tensor([3, 4], { requiresGrad: true });
  const f = compile((y: Tensor) => y.mul(w).pow(2).sum());
  for (let i = 0; i < 2; i++) {
    w.grad = x.grad = null;
    f(x).mul(2).backward();
    // d 2 (x w)^2 = 4 x w^2 in x, 4 x^2 w in w
    assertEquals([x.grad, w.grad].map((g) => (g as unknown as Tensor).tolist()), [[12, 64], [36, 128]]);
  }
  assertEquals(noGrad(() => f(x)).requiresGrad, false);
  const square = compile((y: Tensor) => y.pow(3).sum());
  assertEquals(grad((y: Tensor) => grad((z: Tensor) => square(z))(y).sum())(tensor([1, 2])).tolist(), [
    6,
    12,
  ]);
});

Deno.test("grad, valueAndGrad and vmap inside", () => {
  const { f, runs } = counted((x: Tensor) => valueAndGrad((y: Tensor) => y.pow(2).sum())(x));
  const g = compile(f);
  for (const x of [tensor([1, 2]), tensor([3, 4])]) {
    const [value, slope] = g(x);
    assertEquals([value.item(), slope.tolist()], [x.mul(x).sum().item(), x.mul(2).tolist()]);
  }
  assertEquals(runs(), 1);
  assertEquals(compile((x: Tensor) => vmap((y: Tensor) => y.sum())(x))(tensor([[1, 2], [3, 4]])).tolist(), [
    3,
    7,
  ]);
});

Deno.test("what is detached inside stays so", () => {
  const f = compile((x: Tensor) => x.mul(x.detach()).sum());
  assertEquals(grad(f)(tensor([2, 5])).tolist(), [2, 5]);
});

Deno.test("draws are drawn anew at each call, in the stream that the plain function would see", () => {
  const f = (x: Tensor) => dropout(x.add(rand([4])), 0.5);
  const g = compile(f), x = ones([4]);
  manualSeed(7);
  const plain = [f(x), f(x), f(x)].map((y) => y.tolist());
  manualSeed(7);
  assertEquals([g(x), g(x), g(x)].map((y) => y.tolist()), plain);
});

Deno.test("reading a value inside is an error, and so is keeping one", () => {
  assertThrows(
    () => compile((x: Tensor) => x.mul(x.item()))(tensor(1)),
    GradError,
    "cannot be read inside a compiled",
  );
  const w = tensor([1, 2]);
  assertThrows(() => compile((x: Tensor) => x.mul(w.sum().item()))(tensor(1)), GradError, "where()");
  let kept: Tensor | null = null;
  compile((x: Tensor) => kept = x.add(1))(tensor(1));
  assertThrows(() => (kept as unknown as Tensor).item(), GradError, "nor one kept that was made there");
  // After an error nothing is left behind: the next call reads again.
  assertEquals(w.sum().item(), 3);
});

Deno.test("a module that the function mentions is in the mode that it has at the call", () => {
  const inner = new class extends Module {
    override forward(x: Tensor): Tensor {
      return this.training ? dropout(x, 1) : x;
    }
  }();
  const net = new class extends Module {
    inner = inner;
    override forward(x: Tensor): Tensor {
      return this.inner(x).add(1);
    }
  }();
  const { f, runs } = counted((x: Tensor) => net(x));
  const g = compile(f), x = ones([2]);
  for (let i = 0; i < 2; i++) {
    net.train();
    assertEquals(g(x).tolist(), [1, 1]);
    inner.eval();
    assertEquals(g(x).tolist(), [2, 2]);
  }
  assertEquals(runs(), 2);
});

Deno.test("donated arguments are gone; what shares their memory is safe", () => {
  const f = compile((x: Tensor, d: Tensor) => x.add(d), { donate: [0] });
  let x = ones([1000]).mul(1);
  const d = ones([1000]);
  evaluate([x, d]);
  for (let i = 0; i < 3; i++) {
    const before = x, stale = before.mul(2);
    x = f(before, d);
    assertEquals(x.sum().item(), 1000 * (i + 2));
    assertThrows(() => before.sum().item(), GradError, "a compiled function overwrote it");
    assertThrows(() => stale.sum().item(), GradError, "a compiled function overwrote it");
  }
  // The same tensor twice: it is not overwritten while it is read.
  const y = ones([10]).mul(3);
  assertEquals(f(y, y).sum().item(), 60);
  assertEquals(y.sum().item(), 30);
  assertThrows(() => compile((z: Tensor) => z, { donate: [-1] }), ValueError, "donate lists positions");
});

Deno.test("results that are arguments, empty, or constants", () => {
  const f = compile((x: Tensor) => [x, x.reshape([-1]), x.narrow(0, 0, 0), tensor([7]), x.add(0)] as const);
  for (const k of [1, 2]) {
    const x = tensor([[k, 2]]);
    assertEquals(f(x).map((y) => y.tolist()), [[[k, 2]], [k, 2], [], [7], [[k, 2]]]);
  }
});

Deno.test("many forms do not pile up", () => {
  const { f, runs } = counted((x: Tensor, k: number) => x.add(k));
  const g = compile(f);
  for (let k = 0; k < 200; k++) assertEquals(g(tensor(1), k).item(), 1 + k);
  g(tensor(1), 199);
  g(tensor(1), 0);
  assert(runs() === 201, `${runs()} runs`);
});

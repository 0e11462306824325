/** Jacobians, hessians and products with them, custom gradients, checkpoints, hooks and autograd.grad. */
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  autograd,
  checkpoint,
  customVjp,
  dropout,
  evaluate,
  grad,
  GradError,
  hessian,
  hvp,
  jacfwd,
  jacobian,
  jacrev,
  jvp,
  linearize,
  manualSeed,
  noGrad,
  randn,
  setDebug,
  ShapeError,
  softmax,
  type Tensor,
  tensor,
  vjp,
  vmap,
} from "../../../core/mod.ts";
import { widest, within } from "../precision.ts";

const close = (a: Tensor, b: Tensor, limit = within(1e-12, 1e-5)) => {
  assertEquals(a.shape, b.shape);
  assert(a.sub(b).abs().max().item() <= limit, `${a}\n${b}`);
};
const zeroGrad = (...xs: Tensor[]) => xs.forEach((x) => x.grad = null);
const double = { dtype: widest() };

Deno.test("both jacobians of softmax are diag(s) - s s^T", () => {
  const x = tensor([0.1, 0.5, -1], double);
  const s = softmax(x, 0);
  const want = s.unsqueeze(1).mul(tensor([[1, 0, 0], [0, 1, 0], [0, 0, 1]], double)).sub(
    s.unsqueeze(1).mul(s),
  );
  for (const take of [jacrev, jacfwd, jacobian]) close(take((y: Tensor) => softmax(y, 0))(x), want);
});

Deno.test("a jacobian has the shape of the result and then that of the argument", () => {
  const w = randn([3, 2], double), x = randn([4, 3], double);
  const f = (a: Tensor, b: Tensor) => a.matmul(b).tanh();
  const reverse = jacrev(f, { argnums: 1 })(x, w), forward = jacfwd(f, { argnums: 1 })(x, w);
  assertEquals(reverse.shape, [4, 2, 3, 2]);
  close(reverse, forward);
  close(jacrev(f, { argnums: 1, chunkSize: 3 })(x, w), reverse);
});

Deno.test("jacobians of trees are trees of the result that hold trees of the argument", () => {
  const f = (p: { a: Tensor; b: Tensor }) => [p.a.mul(p.b), p.b.sum()];
  const at = { a: tensor([1, 2]), b: tensor([3, 4]) };
  for (const take of [jacrev, jacfwd]) {
    const [product, sum] = take(f)(at) as unknown as { a: Tensor; b: Tensor }[];
    assertEquals(product.a.tolist(), [[3, 0], [0, 4]]);
    assertEquals(product.b.tolist(), [[1, 0], [0, 2]]);
    assertEquals([sum.a.tolist(), sum.b.tolist()], [[0, 0], [1, 1]]);
  }
});

Deno.test("the hessian of x^T A x is A + A^T, and hvp multiplies with it", () => {
  const a = tensor([[1, 2], [5, 3]], double), x = tensor([0.5, -1], double), v = tensor([2, 1], double);
  const f = (y: Tensor) => y.matmul(a).mul(y).sum();
  close(hessian(f)(x), a.add(a.t()));
  close(hvp(f, x, v), a.add(a.t()).matmul(v));
  // Third derivative of x^4: 24 x.
  assertEquals(grad(grad(grad((y: Tensor) => y.pow(4))))(tensor(2)).item(), 48);
});

Deno.test("linearize computes the value once and pushes many directions", () => {
  const f = (y: Tensor) => y.mul(y).sin();
  const x = tensor([0.3, 1], double);
  const [y, push] = linearize(f, x);
  for (const t of [tensor([1, 0], double), tensor([0.5, 2], double)]) {
    const [value, slope] = jvp(f, [x], [t]);
    close(y, value);
    close(push(t), slope);
  }
  assertThrows(() => push(tensor([1], double)), ShapeError, "a tangent has shape [1]");
});

Deno.test("a function that returns no tensor learns what it returned, and what to return", () => {
  // Programs without types return what item() gives.
  const x = tensor([1, 2]), loose = (value: unknown) => (_: Tensor) => value as Tensor;
  const calls: [name: string, (fn: (x: Tensor) => Tensor) => unknown][] = [
    ["grad", (fn) => grad(fn)(x)],
    ["vjp", (fn) => vjp(fn, x)],
    ["jvp", (fn) => jvp(fn, [x], [x])],
    ["jacrev", (fn) => jacrev(fn)(x)],
    ["jacfwd", (fn) => jacfwd(fn)(x)],
    ["vmap", (fn) => vmap(fn)(x)],
    ["checkpoint", (fn) => checkpoint(fn, x)],
  ];
  for (const [name, call] of calls) {
    for (
      const [value, sentence] of [
        [
          3.5,
          "returned the number 3.5; return the tensor itself, without .item(), or tensor(...) of a constant",
        ],
        [true, "returned the boolean true; return the tensor itself"],
        [undefined, "returned undefined; is a return missing?"],
        [Promise.resolve(x), "returned a promise; make the function synchronous"],
      ] as const
    ) {
      const { message } = assertThrows(() => call(loose(value)), GradError, sentence);
      assert(message.startsWith(`${name}: the function must return a tensor`), message);
    }
  }
  assertThrows(
    () => vjp(loose({ loss: x, parts: [x, 2] }), x),
    GradError,
    'at ".parts[1]" it has the number 2',
  );
});

Deno.test("jacobians under vmap, and of functions that map", () => {
  const rows = tensor([[1, 2], [3, 4]]);
  assertEquals(vmap(jacrev((x: Tensor) => x.mul(x)))(rows).tolist(), [[[2, 0], [0, 4]], [[6, 0], [0, 8]]]);
  const mapped = jacrev((x: Tensor) => vmap((y: Tensor) => y.mul(y).sum())(x))(rows);
  assertEquals(mapped.tolist(), [[[2, 4], [0, 0]], [[0, 0], [6, 8]]]);
});

Deno.test("customVjp replaces the gradient, is differentiable again and checks shapes", () => {
  // The gradient that it is given, 5 x, not that of x^2.
  const f = customVjp((x: Tensor) => [x.mul(x), x], (x, g) => [g.mul(x).mul(5)]);
  const x = tensor([1, 2]);
  assertEquals(f(x).tolist(), [1, 4]);
  assertEquals(grad((y: Tensor) => f(y).sum())(x).tolist(), [5, 10]);
  assertEquals(grad((y: Tensor) => grad((z: Tensor) => f(z).sum())(y).sum())(x).tolist(), [5, 5]);
  const w = tensor([1, 2], { requiresGrad: true });
  f(w).sum().backward();
  assertEquals(w.grad?.tolist(), [5, 10]);
  const wrong = customVjp((y: Tensor) => [y, null], (_, g) => [g.sum()]);
  assertThrows(
    () => grad((y: Tensor) => wrong(y).sum())(x),
    ShapeError,
    "the cotangent of argument 0 has shape []",
  );
  const short = customVjp((y: Tensor, z: Tensor) => [y.add(z), null], (_, g) => [g]);
  assertThrows(() => grad((y: Tensor) => short(y, y).sum())(x), GradError, "returned 1 cotangents");
});

Deno.test("checkpoint: the same gradients, for arguments and for what the function uses", () => {
  manualSeed(0);
  const w = randn([3, 3], { requiresGrad: true }), x = randn([2, 3], { requiresGrad: true });
  const block = (y: Tensor) => [y.matmul(w).tanh(), y.matmul(w).sin().mean()] as const;
  const loss = ([a, b]: readonly [Tensor, Tensor]) => a.pow(2).sum().mul(b);
  loss(block(x)).backward();
  const plain = [w.grad, x.grad] as Tensor[];
  zeroGrad(w, x);
  loss(checkpoint(block, x)).backward();
  close(w.grad as Tensor, plain[0], 1e-5);
  close(x.grad as Tensor, plain[1], 1e-5);
});

Deno.test("checkpoint: dropout keeps its mask, gradients can be taken twice, no_grad has none", () => {
  manualSeed(3);
  const x = randn([50], { requiresGrad: true });
  const y = checkpoint((z: Tensor) => dropout(z), x);
  y.sum().backward();
  const kept = y.tolist() as number[];
  assertEquals((x.grad?.tolist() as number[]).map((g) => g === 0), kept.map((v) => v === 0));
  assertEquals(grad(grad((z: Tensor) => checkpoint((u: Tensor) => u.pow(3), z)))(tensor(2)).item(), 12);
  assertEquals(noGrad(() => checkpoint((z: Tensor) => z.mul(2), x)).requiresGrad, false);
});

Deno.test("checkpoint keeps less than it would without", () => {
  // With the loss read first, what backward wants is kept: here the inside of each block, or nothing but its edges.
  const kept = (run: (block: (y: Tensor) => Tensor, y: Tensor) => Tensor) => {
    const texts: string[] = [];
    setDebug((text) => texts.push(text));
    try {
      let y = randn([16, 16], { requiresGrad: true });
      const w = randn([16, 16]);
      for (let i = 0; i < 3; i++) y = run((z) => z.matmul(w).exp().matmul(w).sin().matmul(w).tanh(), y);
      y.sum().item();
    } finally {
      setDebug(false);
    }
    return texts.join().matchAll(/^s\d+: .* output /gm).toArray().length;
  };
  const plain = kept((block, y) => block(y)), checked = kept((block, y) => checkpoint(block, y));
  assert(checked < plain / 2, `${checked} values kept with checkpoint, ${plain} without`);
});

Deno.test("autograd.grad returns gradients and leaves .grad alone", () => {
  const a = tensor([2, 3], { requiresGrad: true }), b = tensor([6, 4], { requiresGrad: true });
  const q = a.pow(3).mul(3).sub(b.pow(2));
  // dQ/da = 9 a^2, dQ/db = -2 b
  const [ga, gb] = autograd.grad(q, [a, b], { gradOutputs: tensor([1, 1]) });
  assertEquals([ga?.tolist(), gb?.tolist()], [[36, 81], [-12, -8]]);
  assertEquals(a.grad, null);
  assertThrows(
    () => autograd.grad(q.sum(), a),
    GradError,
    "Trying to backward through the graph a second time",
  );
});

Deno.test("autograd.grad: middles of a graph, unused inputs, several outputs", () => {
  const x = tensor([1, 2], { requiresGrad: true }), unused = tensor(1, { requiresGrad: true });
  const y = x.mul(2), z = y.pow(2).sum();
  assertEquals(autograd.grad(z, y, { retainGraph: true })[0]?.tolist(), [4, 8]);
  assertEquals(autograd.grad([z, y.sum()], x, { retainGraph: true })[0]?.tolist(), [10, 18]);
  assertThrows(() => autograd.grad(z, [x, unused], { retainGraph: true }), GradError, "allowUnused: true");
  assertEquals(autograd.grad(z, [unused], { retainGraph: true, allowUnused: true }), [null]);
  const zeros = autograd.grad(z, [unused], { retainGraph: true, materializeGrads: true });
  assertEquals(zeros[0]?.item(), 0);
  assertThrows(() => autograd.grad(z, tensor(1)), GradError, "does not require grad");
  assertThrows(() => autograd.grad(z, []), GradError, "grad requires non-empty inputs.");
  assertThrows(
    () => autograd.grad(y, x),
    GradError,
    "grad can be implicitly created only for scalar outputs",
  );
});

Deno.test("autograd.grad and autograd.backward by name, and cotangents by position", () => {
  const inputs = tensor([1, 2], { requiresGrad: true }), outputs = inputs.pow(3), ones = tensor([1, 1]);
  // 3 x^2, and its derivative 6 x
  const [first] = autograd.grad({
    outputs,
    inputs,
    gradOutputs: ones,
    createGraph: true,
    retainGraph: true,
    onlyInputs: true,
  });
  const [second] = autograd.grad(first, inputs, ones, { retainGraph: true });
  assertEquals([first.tolist(), second.tolist()], [[3, 12], [6, 12]]);
  const [none]: (Tensor | null)[] = autograd.grad(outputs.sum(), tensor(1, { requiresGrad: true }), {
    allowUnused: true,
    retainGraph: true,
  });
  assertEquals(none, null);
  autograd.backward({ tensors: outputs, gradTensors: ones, retainGraph: true });
  assertEquals(inputs.grad?.tolist(), [3, 12]);
  autograd.backward(outputs, ones, true);
  assertEquals(inputs.grad?.tolist(), [6, 24]);
});

Deno.test("hooks see gradients, may replace them and come off again", () => {
  const x = tensor([1, 2], { requiresGrad: true });
  const seen: unknown[] = [];
  const y = x.mul(3);
  const handle = y.registerHook((g) => void seen.push(g.tolist()));
  x.registerHook((g) => g.mul(10));
  y.sum().backward(undefined, { retainGraph: true });
  assertEquals([seen, x.grad?.tolist()], [[[1, 1]], [30, 30]]);
  handle.remove();
  zeroGrad(x);
  y.sum().backward();
  assertEquals([seen.length, x.grad?.tolist()], [1, [30, 30]]);
  const constant = tensor(1), half = tensor([1, 2], { requiresGrad: true });
  assertThrows(() => constant.registerHook(() => {}), GradError, "doesn't require gradient");
  half.registerHook((g) => g.sum());
  assertThrows(() => half.sum().backward(), ShapeError, "hook has changed the size of value");
});

Deno.test("a gradient of a gradient at a leaf that requires one", () => {
  const x = tensor([0.5, 1], { requiresGrad: true });
  // d/dx sum of 3 x^2 = 6x
  const slope = grad((x: Tensor) => x.pow(3).sum());
  assertEquals(grad((x: Tensor) => slope(x).sum())(x).tolist(), [3, 6]);
});

Deno.test("a gradient through two evaluated halves", () => {
  const x = tensor([1, 2], { requiresGrad: true });
  const y = x.exp();
  evaluate([y]);
  y.mul(y).sum().backward();
  // d e^2x = 2 e^2x
  assertAlmostEquals((x.grad?.tolist() as number[])[0], 2 * Math.exp(2), 1e-4);
});

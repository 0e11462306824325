/** vmap: where the batch goes in and out, nesting, randomness, errors. The rules of the primitives are in prim/batch_test.ts. */
import { assertEquals, assertThrows } from "@std/assert";
import {
  dropout,
  grad,
  GradError,
  IndexError,
  manualSeed,
  ones,
  rand,
  randn,
  ShapeError,
  softmax,
  stack,
  TenonError,
  type Tensor,
  tensor,
  ValueError,
  vmap,
  where,
} from "../../../core/mod.ts";

const x = tensor([[1, 2, 3], [4, 5, 6]]);

Deno.test("vmap of a dot product is a row-wise product", () => {
  const dot = (a: Tensor, b: Tensor) => a.mul(b).sum();
  assertEquals(vmap(dot)(x, x).tolist(), [14, 77]);
  // One b for all rows; columns instead of rows.
  assertEquals(vmap(dot, { inDims: [0, null] })(x, tensor([1, 0, 1])).tolist(), [4, 10]);
  assertEquals(vmap(dot, { inDims: 1 })(x, x).tolist(), [17, 29, 45]);
  assertEquals(vmap(dot, { inDims: [0, -1] })(x, x.t()).tolist(), [14, 77]);
});

Deno.test("vmap puts the batch where outDims says, into every tensor of a tree", () => {
  const f = vmap((a: Tensor) => ({ twice: a.mul(2), sum: [a.sum()] }), { outDims: [1, 0] });
  const { twice, sum } = f(x);
  assertEquals(twice.tolist(), [[2, 8], [4, 10], [6, 12]]);
  assertEquals(sum[0].tolist(), [6, 15]);
});

Deno.test("vmap of trees of arguments, and arguments that are no tensors", () => {
  const f = (p: { a: Tensor; b: Tensor }, factor: number) => p.a.add(p.b).mul(factor);
  assertEquals(vmap(f, { inDims: [0, null] })({ a: x, b: x }, 10).tolist(), [[20, 40, 60], [80, 100, 120]]);
});

Deno.test("a result that does not depend on the example is repeated", () => {
  assertEquals(vmap((_: Tensor) => tensor([1, 2]))(x).tolist(), [[1, 2], [1, 2]]);
});

Deno.test("vmap nests, and commutes with gradients", () => {
  const outer = vmap((a: Tensor) => vmap((b: Tensor) => a.mul(b))(tensor([1, 10])))(tensor([1, 2, 3]));
  assertEquals(outer.tolist(), [[1, 10], [2, 20], [3, 30]]);
  const cube = (a: Tensor) => a.pow(3).sum();
  // d sum(a^3) = 3 a^2, for each row
  assertEquals(vmap(grad(cube))(x).tolist(), [[3, 12, 27], [48, 75, 108]]);
  assertEquals(grad((b: Tensor) => vmap(cube)(b).sum())(x).tolist(), [[3, 12, 27], [48, 75, 108]]);
});

Deno.test("what is detached inside stays detached", () => {
  // d (x stop(x)) = stop(x) = x, not 2 x
  const f = (a: Tensor) => vmap((b: Tensor) => b.mul(b.detach()))(a).sum();
  assertEquals(grad(f)(tensor([2, 5])).tolist(), [2, 5]);
});

Deno.test("backward goes through vmap", () => {
  const w = ones([3], { requiresGrad: true });
  vmap((a: Tensor) => a.mul(w).sum().tanh().mul(0).add(a.mul(w).sum()))(x).sum().backward();
  assertEquals(w.grad?.tolist(), [5, 7, 9]);
});

Deno.test("per-example gradients of a small model equal those of a loop", () => {
  const w = randn([3, 2]), data = randn([4, 3]);
  const loss = (m: Tensor, row: Tensor) => softmax(row.matmul(m).tanh(), -1).pow(2).sum();
  const each = vmap(grad(loss), { inDims: [null, 0] })(w, data);
  const loop = stack([0, 1, 2, 3].map((i) => grad(loss)(w, data.select(0, i))));
  const difference = each.sub(loop).abs().max().item();
  assertEquals(difference < 1e-6, true, `they differ by ${difference}`);
});

Deno.test("chunks give the same", () => {
  const f = (a: Tensor) => a.sum();
  assertEquals(vmap(f, { chunkSize: 2 })(tensor([[1], [2], [3], [4], [5]])).tolist(), [1, 2, 3, 4, 5]);
  assertThrows(() => vmap(f, { chunkSize: 0 }), ValueError, "chunk_size should be null or greater than 0");
});

Deno.test("random draws: an error, the same for all, or different", () => {
  const noisy = (a: Tensor) => a.add(rand([2]));
  const zeros = tensor([[0, 0], [0, 0]]);
  assertThrows(() => vmap(noisy)(zeros), TenonError, "randomness error mode");
  manualSeed(1);
  const one = rand([2]).tolist();
  manualSeed(1);
  assertEquals(vmap(noisy, { randomness: "same" })(zeros).tolist(), [one, one]);
  manualSeed(1);
  const all = rand([2, 2]).tolist();
  manualSeed(1);
  assertEquals(vmap(noisy, { randomness: "different" })(zeros).tolist(), all);
  manualSeed(2);
  const dropped = dropout(ones([8, 4])).tolist();
  manualSeed(2);
  assertEquals(vmap((a: Tensor) => dropout(a), { randomness: "different" })(ones([8, 4])).tolist(), dropped);
  const weights = tensor([0.2, 0.5, 0.3]);
  const chosen = () =>
    vmap((a: Tensor) => a.add(weights.multinomial(4, true)), { randomness: "different" })(ones([3, 4]));
  manualSeed(3);
  const draws = Array.from({ length: 3 }, () => weights.multinomial(4, true).add(1).tolist());
  manualSeed(3);
  assertEquals(chosen().tolist(), draws);
  assertThrows(() => vmap((a: Tensor) => a.add(weights.multinomial(2)))(zeros), TenonError, "multinomial");
});

Deno.test("a value cannot be read inside; where() takes the place of control flow", () => {
  assertThrows(() => vmap((a: Tensor) => a.mul(a.item()))(tensor([1, 2])), GradError, "use where()");
  assertEquals(vmap((a: Tensor) => where(a.gt(1), a, 0))(tensor([1, 2])).tolist(), [0, 2]);
  // What is the same for the whole batch can be read.
  const scale = tensor(3);
  assertEquals(vmap((a: Tensor) => a.mul(scale.item()))(tensor([1, 2])).tolist(), [3, 6]);
});

Deno.test("wrong dims and sizes are named", () => {
  const f = (a: Tensor, b: Tensor) => a.add(b);
  assertThrows(() => vmap(f)(x, ones([3, 3])), ShapeError, "got sizes [2, 3] for the mapped dimension");
  assertThrows(
    () => vmap(f, { inDims: [2, 0] })(x, x),
    IndexError,
    "got in_dim=2 for an input of dimensionality 2",
  );
  assertThrows(
    () => vmap(f, { inDims: [null, null] })(x, x),
    ValueError,
    "at least one argument must be mapped",
  );
  assertThrows(() => vmap(f, { inDims: [0] })(x, x), ValueError, "inDims has 1 entries");
  assertThrows(() => vmap((a: Tensor) => a, { outDims: 5 })(x), IndexError, "out_dim=5");
  assertThrows(
    () => vmap((a: Tensor, n: number) => a.mul(n))(x, 2),
    ValueError,
    "We cannot vmap over non-Tensor arguments",
  );
});

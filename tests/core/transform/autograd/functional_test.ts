/** autograd.functional: PyTorch's documented examples and forms. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { autograd, GradError, stack, type Tensor, tensor, type Tree } from "../../../../core/mod.ts";

const { hessian, hvp, jacobian, jvp, vhp, vjp } = autograd.functional;

function values(tree: Tree): unknown {
  if (Array.isArray(tree)) return tree.map(values);
  return (tree as Tensor).tolist();
}

Deno.test("jacobian: a tensor, lists of results, lists of inputs", () => {
  const x = tensor([1, 2]), y = tensor([3]);
  assertEquals(values(jacobian((a) => a.mul(a), x)), [[2, 0], [0, 4]]);
  // d(2 a + 3 b) = 2 da + 3 db
  const adder = (a: Tensor, b: Tensor) => a.mul(2).add(b.mul(3));
  assertEquals(values(jacobian(adder, [x, y])), [[[2, 0], [0, 2]], [[3], [3]]]);
  assertEquals(values(jacobian((a) => [a.sum(), a], x)), [[1, 1], [[1, 0], [0, 1]]]);
});

Deno.test("hessian: of one input and of two", () => {
  const x = tensor([1, 2]), y = tensor([3, 4]);
  assertEquals(values(hessian((a) => a.pow(3).sum(), x)), [[6, 0], [0, 12]]);
  // a^2 + 3 b: 2 I, nothing mixed
  const blocks = values(hessian((a, b) => a.pow(2).sum().add(b.mul(3).sum()).add(a.mul(b).sum()), [x, y]));
  const two = [[2, 0], [0, 2]], one = [[1, 0], [0, 1]], zero = [[0, 0], [0, 0]];
  assertEquals(blocks, [[two, one], [one, zero]]);
});

Deno.test("vjp, jvp, hvp and vhp give the value and the product", () => {
  const x = tensor([[1, 2], [3, 4]]), ones = tensor([1, 1]);
  const [y, g] = vjp((a) => a.exp().log().mul(2).sum(1), x, ones);
  assertEquals([y, g].map((t) => (t as Tensor).round().tolist()), [[6, 14], [[2, 2], [2, 2]]]);
  const [, d] = jvp((a) => a.pow(2), tensor([1, 2]), tensor([1, 10]));
  assertEquals(values(d), [2, 40]);
  const cube = (a: Tensor) => a.pow(3).sum();
  for (const product of [hvp, vhp]) {
    const [value, h] = product(cube, tensor([1, 2]), tensor([1, 1]));
    assertEquals([value.item(), values(h)], [9, [6, 12]]);
  }
  const [, both] = hvp((a, b) => a.mul(b).sum(), [tensor([1, 2]), tensor([3, 4])], [ones, tensor([0, 5])]);
  assertEquals(values(both), [[0, 5], [1, 1]]);
});

Deno.test("v may be left out where there is one element", () => {
  assertEquals(values(vjp((a) => a.sum(), tensor([1, 2]))), [3, [1, 1]]);
  assertEquals(values(jvp((a) => stack([a, a.mul(2)]), tensor(3))), [[3, 6], [1, 2]]);
  assertThrows(
    () => vjp((a) => a, tensor([1, 2])),
    GradError,
    "The vector v can only be None if the output contains",
  );
  assertThrows(() => jvp((a) => a, tensor([1, 2])), GradError, "if the input contains a single Tensor");
});

Deno.test("createGraph keeps the results differentiable in inputs that require gradients", () => {
  const x = tensor([1, 2], { requiresGrad: true });
  const j = jacobian((a) => a.pow(3), x, { createGraph: true }) as Tensor;
  assert(j.requiresGrad);
  j.sum().backward();
  assertEquals(x.grad?.tolist(), [6, 12]);
  assertEquals((jacobian((a) => a.pow(3), x) as Tensor).requiresGrad, false);
});

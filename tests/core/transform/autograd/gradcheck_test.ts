/**
 * gradcheck and gradgradcheck find wrong derivatives, and right ones right; backward of several tensors.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import { autograd, GradError, ones, type Tensor, tensor, ValueError } from "../../../../core/mod.ts";

type Context = autograd.FunctionContext;
const { gradcheck, gradgradcheck } = autograd;
const options = { dtype: "float64", device: "cpu", requiresGrad: true } as const;
const x = tensor([[0.5, -1], [2, 0.25]], options), y = tensor([3, -0.5], options);

/** Twice x, with the gradient of three times x. */
class Wrong extends autograd.Function {
  static forward(_: Context, x: Tensor): Tensor {
    return x.mul(2);
  }
  static backward(_: Context, g: Tensor): Tensor {
    return g.mul(3);
  }
}

Deno.test("gradcheck: functions of several inputs, with several results", () => {
  assertEquals(gradcheck((a, b) => a.mul(b).sin(), [x, y]), true);
  assertEquals(gradcheck((a, b) => [a.matmul(b), b.exp(), a.gt(0)], [x, y]), true);
  assertEquals(gradcheck((a, b) => a.add(b), [x, y.detach()]), true);
});

Deno.test("gradcheck: a wrong gradient is shown beside the right one", () => {
  assertThrows(
    () => gradcheck((a) => Wrong.apply(a), y),
    GradError,
    "Jacobian mismatch for output 0 with respect to input 0,\nnumerical: 2",
  );
  assertEquals(gradcheck((a) => Wrong.apply(a), y, { raiseException: false }), false);
  assertThrows(
    () => gradcheck((a) => a.sin(), ones([2])),
    ValueError,
    "expects at least one input tensor to require gradient",
  );
});

Deno.test("gradgradcheck: second derivatives", () => {
  assertEquals(gradgradcheck((a, b) => a.pow(3).mul(b), [x, y]), true);
  assertEquals(gradgradcheck((a) => a.exp(), y, ones([2], options)), true);
  // The gradient of 2 x is 3 everywhere: its own derivative is right.
  assertEquals(gradgradcheck((a) => Wrong.apply(a), y), true);
});

Deno.test("backward of several tensors adds up in their leaves", () => {
  const w = tensor([1, 2], { requiresGrad: true }), z = w.mul(3);
  autograd.backward([z.sum(), z.mul(2)], [null, tensor([1, 10])]);
  // 3 + 2 * 3 * [1, 10]
  assertEquals(w.grad?.tolist(), [9, 63]);
  autograd.backward(w.sum());
  assertEquals(w.grad?.tolist(), [10, 64]);
  assertThrows(() => autograd.backward([w.sum()], [null, null]), GradError, "got 1 tensors and 2 gradients");
});

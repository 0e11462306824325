/** Solutions and inverses from a Cholesky factor, and factors of what is not positive definite. The numbers are PyTorch 1.13's. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import * as core from "../../../../core/mod.ts";
import { linalg, type Tensor, tensor } from "../../../../core/mod.ts";

const factor = [[2, 5, 7], [1, 3, 9], [0.5, -1, 2]];

function leaf(rows: number[][]): Tensor {
  const x = tensor(rows, { dtype: "float64", device: "cpu" });
  x.requiresGrad = true;
  return x;
}

function assertNear(got: Tensor, want: number[][]): void {
  const wanted = want.flat();
  const near = [...got.toTypedArray()].every((v, i) => Math.abs(Number(v) - wanted[i]) < 1e-4);
  assert(near, `got ${got}, not ${JSON.stringify(want)}`);
}

/** The gradients of the sum of y times 0, 1, 2, ... */
function pull(y: Tensor): void {
  y.mul(core.arange(y.numel(), { dtype: "float64", device: "cpu" }).reshape(y.shape)).sum().backward();
}

Deno.test("choleskySolve gives the factor the gradient of both triangles", () => {
  const l = leaf(factor), b = leaf([[1, 2], [3, 4], [5, 6]]);
  pull(core.choleskySolve(b, l));
  assertNear(l.grad!, [
    [0.940972, -2.858856, 11.641265],
    [-1.486111, 4.515095, -18.385468],
    [-2.791667, 8.481627, -34.537182],
  ]);
  assertNear(b.grad!, [[-0.597222, -0.470486], [0.611111, 0.743056], [1.166667, 1.395833]]);
  l.grad = null;
  pull(core.choleskySolve(b, l, { upper: true }));
  assertNear(l.grad!, [[-0.222222, -0.111111, 0], [-0.123457, -0.061728, 0], [0, 0, 0]]);
});

Deno.test("choleskyInverse too", () => {
  const l = leaf(factor);
  pull(core.choleskyInverse(l));
  assertNear(l.grad!, [
    [0.597222, 1.543885, 2.099634],
    [-0.611111, -0.366126, -4.0598],
    [-1.166667, -0.804398, -7.584491],
  ]);
});

Deno.test("a factor with a zero on its diagonal has no inverse", () => {
  const sentence = "The diagonal element 2 is zero, the inversion could not be completed";
  const flat = tensor([[1, 0], [2, 0]], { dtype: "float32", device: "cpu" });
  assertThrows(() => core.choleskyInverse(flat), core.ValueError, `cholesky_inverse: ${sentence}`);
  const batch = core.stack([core.eye(2, { device: "cpu" }), flat]);
  assertThrows(() => core.choleskyInverse(batch), core.ValueError, `(Batch element 1): ${sentence}`);
});

Deno.test("a factor that choleskyEx could not find is NaN in its triangle alone", () => {
  const x = tensor([[1, 2], [2, 1]], { dtype: "float32", device: "cpu" });
  assertEquals(linalg.choleskyEx(x).L.tolist(), [[NaN, 0], [NaN, NaN]]);
  assertEquals(linalg.choleskyEx(x, { upper: true }).L.tolist(), [[NaN, NaN], [0, NaN]]);
});

/**
 * Factors whose signs are not unique: what they multiply to, that they are orthonormal, and their gradients against differences, by functions that do not
 * see the signs.
 */
import { assert, assertEquals } from "@std/assert";
import { eye, grad, linalg, svd, type Tensor, tensor } from "../../../core/mod.ts";
import { onCpu, widest, within } from "../precision.ts";

const square = tensor([[4, 1, -2, 0.5], [1, 3, 0.7, -1], [-2, 0.7, 1, 0.3], [0.5, -1, 0.3, -2]], {
  dtype: widest(),
});
const tall = tensor([[1, 2, -1], [0.5, -3, 2], [4, 0.1, 1], [-2, 1.5, 0.3]], { dtype: widest() });

function close(a: Tensor, b: Tensor, tolerance = within(1e-9, 1e-5)): void {
  assertEquals(a.shape, b.shape);
  const gap = a.sub(b).abs().max().item();
  assert(gap <= tolerance, `differs by ${gap}`);
}

/** The gradient of a scalar function against central differences. */
function checkGradient(f: (x: Tensor) => Tensor, x: Tensor): void {
  const found = grad(f)(x).toTypedArray(), h = 1e-6;
  const values = Float64Array.from(x.toTypedArray(), Number);
  values.forEach((_, i) => {
    const at = (by: number) =>
      onCpu(() => f(tensor(values.map((v, k) => k === i ? v + by : v), { shape: x.shape })).item());
    const slope = (at(h) - at(-h)) / (2 * h);
    assert(
      Math.abs(Number(found[i]) - slope) <= within(1e-6, 1e-4) * (1 + Math.abs(slope)),
      `element ${i}: ${found[i]} and ${slope}`,
    );
  });
}

const weights = (x: Tensor) =>
  tensor(Float64Array.from({ length: x.numel() }, (_, i) => Math.cos(i + 1)), {
    shape: x.shape,
    dtype: widest(),
  });
const squares = (x: Tensor) => x.mul(x).mul(weights(x)).sum();

Deno.test("eigh: V diag(w) V^T is the matrix, V is orthogonal, w ascends", () => {
  const { eigenvalues, eigenvectors } = linalg.eigh(square);
  close(eigenvectors.mul(eigenvalues).matmul(eigenvectors.mT), square);
  close(eigenvectors.mT.matmul(eigenvectors), eye(4, 4, { dtype: widest() }));
  close(eigenvalues, eigenvalues.sort().values);
});

Deno.test("eigh: gradients of values and vectors", () => {
  const symmetric = (x: Tensor) => x.add(x.mT).mul(0.5);
  checkGradient((x) => squares(linalg.eigh(symmetric(x)).eigenvectors), square);
  checkGradient((x) => squares(linalg.eigh(symmetric(x)).eigenvalues), square);
});

Deno.test("svd: U diag(S) V^T is the matrix; full matrices are orthogonal", () => {
  for (const a of [square, tall, tall.mT]) {
    const { U, S, V } = svd(a);
    close(U.mul(S).matmul(V.mT), a);
    const full = linalg.svd(a);
    assertEquals([full.U.shape, full.Vh.shape].map((s) => [...s]), [[a.shape[0], a.shape[0]], [
      a.shape[1],
      a.shape[1],
    ]]);
    close(full.U.mT.matmul(full.U), eye(a.shape[0], a.shape[0], { dtype: widest() }));
    close(full.Vh.matmul(full.Vh.mT), eye(a.shape[1], a.shape[1], { dtype: widest() }));
  }
});

Deno.test("svd: gradients of values and vectors", () => {
  for (const a of [square, tall, tall.mT]) {
    checkGradient((x) => squares(svd(x).U), a);
    checkGradient((x) => squares(svd(x).S), a);
    checkGradient((x) => squares(svd(x).V), a);
  }
});

Deno.test("svd of a matrix of rank one and of zeros", () => {
  const one = tensor([[1, 2], [2, 4], [0, 0]], { dtype: widest() });
  for (const a of [one, one.mul(0)]) {
    const { U, S, V } = svd(a);
    close(U.mul(S).matmul(V.mT), a);
    close(U.mT.matmul(U), eye(2, 2, { dtype: widest() }));
    assert(S.tolist() instanceof Array);
  }
});

Deno.test("second derivatives of host computed values", () => {
  const f = (x: Tensor) => squares(linalg.inv(x));
  checkGradient((x) => squares(grad(f)(x)), square);
  checkGradient((x) => squares(grad((y) => linalg.slogdet(y).logabsdet)(x)), square);
});

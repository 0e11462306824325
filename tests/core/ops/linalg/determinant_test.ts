/** Determinants of singular matrices: their gradients are the cofactors, which need no inverse. */
import { assert, assertEquals } from "@std/assert";
import { grad, linalg, type Tensor, tensor } from "../../../../core/mod.ts";

const double = (rows: number[][]) => tensor(rows, { dtype: "float64", device: "cpu" });

function assertNear(got: Tensor, want: number[][]): void {
  const wanted = want.flat();
  const near = [...got.toTypedArray()].every((v, i) => Math.abs(Number(v) - wanted[i]) < 1e-12);
  assert(near, `got ${got}, not ${JSON.stringify(want)}`);
}

Deno.test("the gradient of a determinant is the cofactors, of singular matrices too", () => {
  const slope = grad((x: Tensor) => linalg.det(x).sum());
  assertNear(slope(double([[1, 2], [2, 4]])), [[4, -2], [-2, 1]]);
  assertNear(slope(double([[0, 1], [0, 3]])), [[3, 0], [-1, 0]]);
  assertNear(slope(double([[1, 2, 3], [2, 4, 6], [0, 1, 1]])), [[-2, -2, 2], [1, 1, -1], [0, 0, 0]]);
  // Rank 1 of three: all minors of two rows are zero.
  assertNear(slope(double([[1, 2, 3], [2, 4, 6], [3, 6, 9]])), [[0, 0, 0], [0, 0, 0], [0, 0, 0]]);
});

Deno.test("its second derivative too: d^2 (ad - bc) is 1 for a, d and -1 for b, c", () => {
  const slope = grad((x: Tensor) => linalg.det(x));
  const second = grad((x: Tensor) => slope(x).mul(double([[1, 2], [3, 5]])).sum());
  assertNear(second(double([[1, 2], [2, 4]])), [[5, -3], [-2, 1]]);
});

Deno.test("the logarithm of a determinant has an infinite gradient where that is zero", () => {
  const slope = grad((x: Tensor) => linalg.slogdet(x).logabsdet);
  const signs = slope(double([[1, 2], [2, 4]])).tolist() as number[][];
  assertEquals(signs.flat().map(Math.abs), [Infinity, Infinity, Infinity, Infinity]);
  assertEquals(
    signs[0][0] === signs[1][1] && signs[0][1] === signs[1][0] && signs[0][0] !== signs[0][1],
    true,
  );
});

Deno.test("singular vectors are orthogonal where a singular value is lost in rounding", () => {
  const x = double([[1, 2, 3], [2, 4, 6], [0, 1, 1]]), { U, S, Vh } = linalg.svd(x);
  assertNear(U.t().matmul(U), [[1, 0, 0], [0, 1, 0], [0, 0, 1]]);
  assertNear(U.mul(S).matmul(Vh), [[1, 2, 3], [2, 4, 6], [0, 1, 1]]);
  // A value that is small by itself keeps its vector, sign and all.
  const graded = linalg.svd(double([[1, 0], [0, -1e-30]]));
  assertEquals(graded.S.tolist(), [1, 1e-30]);
  assertEquals(graded.U.mul(graded.S).matmul(graded.Vh).tolist(), [[1, 0], [0, -1e-30]]);
});

/**
 * Orthogonal polynomials of degree n at x, by their three-term recurrences. A degree in a tensor is read, and each element takes its own.
 *
 * @module
 */
import { ValueError } from "../../errors.ts";
import { broadcastShapes } from "../../shape.ts";
import { Tensor } from "../../tensor.ts";
import { mustWait, waiting } from "../../transform/waiting.ts";
import { cast, commonType, deviceOf, floatType, type TensorLike, toTensor } from "../cast.ts";
import { onesLike } from "../create.ts";
import { add, div, mul, sub } from "../elementwise.ts";
import { eq, where } from "../logical.ts";
import { amax } from "../extremes.ts";
import { expand } from "../view.ts";

/** The polynomial of degree 1, and that of degree k + 1 from those of degrees k (`p`) and k - 1 (`q`). */
interface Family {
  first(x: Tensor): Tensor;
  next(x: Tensor, k: number, p: Tensor, q: Tensor): Tensor;
}

const chebyshev = (first: (x: Tensor) => Tensor): Family => ({
  first,
  next: (x, _k, p, q) => sub(mul(mul(x, 2), p), q),
});

const firstKind = chebyshev((x) => x);
const secondKind = chebyshev((x) => mul(x, 2));
const thirdKind = chebyshev((x) => sub(mul(x, 2), 1));
const fourthKind = chebyshev((x) => add(mul(x, 2), 1));
const shifted = (family: Family): Family => ({
  first: (x) => family.first(sub(mul(x, 2), 1)),
  next: (x, k, p, q) => family.next(sub(mul(x, 2), 1), k, p, q),
});
const physicists: Family = {
  first: (x) => mul(x, 2),
  next: (x, k, p, q) => sub(mul(mul(x, 2), p), mul(q, 2 * k)),
};
const probabilists: Family = { first: (x) => x, next: (x, k, p, q) => sub(mul(x, p), mul(q, k)) };
const laguerre: Family = {
  first: (x) => sub(1, x),
  next: (x, k, p, q) => div(sub(mul(sub(2 * k + 1, x), p), mul(q, k)), k + 1),
};
const legendre: Family = {
  first: (x) => x,
  next: (x, k, p, q) => div(sub(mul(mul(x, 2 * k + 1), p), mul(q, k)), k + 1),
};

/** Above this degree a recurrence is no way to a value. */
const mostSteps = 100_000;

function checkDegree(op: string, n: number): void {
  if (Number.isInteger(n) && n <= mostSteps) return;
  throw new ValueError(`${op}: n must be a number up to ${mostSteps}, but got ${n}`);
}

/** The polynomial of degree n of a family at x; 0 of a negative degree. */
function evaluated(op: string, family: Family, x: TensorLike, n: TensorLike): Tensor {
  if (!(x instanceof Tensor) && !(n instanceof Tensor)) {
    throw new ValueError(`${op}: x or n must be a tensor, but got ${x} and ${n}`);
  }
  const dtype = floatType(commonType(op, [x, n])), y = toTensor(x, dtype, deviceOf([x, n]));
  if (n instanceof Tensor) {
    const shape = broadcastShapes(op, y.shape, n.shape);
    return ofEach(op, family, expand(y, shape), expand(cast(n, "int64"), shape));
  }
  const whole = Math.trunc(Number(n));
  checkDegree(op, whole);
  return whole < 0 ? mul(onesLike(y), 0) : degree(family, y, whole, onesLike(y));
}

/** The polynomial of the degree that each element asks for. Reads the degrees. */
function ofEach(op: string, family: Family, x: Tensor, n: Tensor): Tensor {
  if (mustWait(n)) return waiting([x, n], (p, q) => ofEach(op, family, p, q));
  const most = n.numel() === 0 ? 0 : Number(amax(n).item());
  checkDegree(op, most);
  let q = onesLike(x), p = family.first(x), result = cast(eq(n, 0), x.dtype);
  for (let k = 1; k <= most; k++) {
    result = where(eq(n, k), p, result);
    [p, q] = [family.next(x, k, p, q), p];
  }
  return result;
}

function degree(family: Family, x: Tensor, n: number, one: Tensor): Tensor {
  if (n === 0) return one;
  let q = one, p = family.first(x);
  for (let k = 1; k < n; k++) [p, q] = [family.next(x, k, p, q), p];
  return p;
}

/** The Chebyshev polynomial of the first kind T_n. `torch.special.chebyshev_polynomial_t`. */
export function chebyshevPolynomialT(x: TensorLike, n: TensorLike): Tensor {
  return evaluated("chebyshev_polynomial_t", firstKind, x, n);
}

/** The Chebyshev polynomial of the second kind U_n. `torch.special.chebyshev_polynomial_u`. */
export function chebyshevPolynomialU(x: TensorLike, n: TensorLike): Tensor {
  return evaluated("chebyshev_polynomial_u", secondKind, x, n);
}

/** The Chebyshev polynomial of the third kind V_n. `torch.special.chebyshev_polynomial_v`. */
export function chebyshevPolynomialV(x: TensorLike, n: TensorLike): Tensor {
  return evaluated("chebyshev_polynomial_v", thirdKind, x, n);
}

/** The Chebyshev polynomial of the fourth kind W_n. `torch.special.chebyshev_polynomial_w`. */
export function chebyshevPolynomialW(x: TensorLike, n: TensorLike): Tensor {
  return evaluated("chebyshev_polynomial_w", fourthKind, x, n);
}

/** T_n(2 x - 1). `torch.special.shifted_chebyshev_polynomial_t`. */
export function shiftedChebyshevPolynomialT(x: TensorLike, n: TensorLike): Tensor {
  return evaluated("shifted_chebyshev_polynomial_t", shifted(firstKind), x, n);
}

/** U_n(2 x - 1). `torch.special.shifted_chebyshev_polynomial_u`. */
export function shiftedChebyshevPolynomialU(x: TensorLike, n: TensorLike): Tensor {
  return evaluated("shifted_chebyshev_polynomial_u", shifted(secondKind), x, n);
}

/** V_n(2 x - 1). `torch.special.shifted_chebyshev_polynomial_v`. */
export function shiftedChebyshevPolynomialV(x: TensorLike, n: TensorLike): Tensor {
  return evaluated("shifted_chebyshev_polynomial_v", shifted(thirdKind), x, n);
}

/** W_n(2 x - 1). `torch.special.shifted_chebyshev_polynomial_w`. */
export function shiftedChebyshevPolynomialW(x: TensorLike, n: TensorLike): Tensor {
  return evaluated("shifted_chebyshev_polynomial_w", shifted(fourthKind), x, n);
}

/** The physicist's Hermite polynomial H_n. `torch.special.hermite_polynomial_h`. */
export function hermitePolynomialH(x: TensorLike, n: TensorLike): Tensor {
  return evaluated("hermite_polynomial_h", physicists, x, n);
}

/** The probabilist's Hermite polynomial He_n. `torch.special.hermite_polynomial_he`. */
export function hermitePolynomialHe(x: TensorLike, n: TensorLike): Tensor {
  return evaluated("hermite_polynomial_he", probabilists, x, n);
}

/** The Laguerre polynomial L_n. `torch.special.laguerre_polynomial_l`. */
export function laguerrePolynomialL(x: TensorLike, n: TensorLike): Tensor {
  return evaluated("laguerre_polynomial_l", laguerre, x, n);
}

/** The Legendre polynomial P_n. `torch.special.legendre_polynomial_p`. */
export function legendrePolynomialP(x: TensorLike, n: TensorLike): Tensor {
  return evaluated("legendre_polynomial_p", legendre, x, n);
}

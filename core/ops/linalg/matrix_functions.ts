/**
 * More of matrices: powers, the exponential, chains of products, products that add, distances within a set.
 *
 * @module
 */
import { named } from "../../apply.ts";
import { DTypeError, ShapeError, ValueError } from "../../errors.ts";
import { isFloat, scalarName } from "../../dtype.ts";
import { normalizeDim, type Shape, sizeOf } from "../../shape.ts";
import { Tensor } from "../../tensor.ts";
import { mustWait, waiting } from "../../transform/waiting.ts";
import { cast, checkTensors, commonType, type TensorLike } from "../cast.ts";
import { eye } from "../ranges.ts";
import { abs, add, div, exp, mul, sub } from "../elementwise.ts";
import { eq, gt, where } from "../logical.ts";
import { requireSquare } from "../host.ts";
import { indexSelect } from "../indexing/indexing.ts";
import { added, type AddmmOptions, bmm, dot, matmul, outer, requireSameType } from "./matmul.ts";
import { tensordot } from "./products.ts";
import { amax } from "../extremes.ts";
import { sum } from "../reduce.ts";
import { norm } from "./norms.ts";
import { inv, solve } from "./solve.ts";
import { triuIndices } from "../combine.ts";
import { expand, reshape, select, unsqueeze } from "../view.ts";
import { type Given, inOrder, inPlace, isNamed, type Named, numberIn } from "../arguments.ts";
import { checkCall, checkOptions, type Kinds, requireTensors } from "../options.ts";

/**
 * The n-th power of square matrices; negative powers are those of the inverse. `torch.linalg.matrix_power`.
 *
 * @example
 * ```ts
 * import { matrixPower, tensor } from "@tenon/tenon";
 * console.log(matrixPower(tensor([[1, 1], [0, 1]]), 3).tolist()); // [ [ 1, 3 ], [ 0, 1 ] ]
 * ```
 */
export function matrixPower(x: Tensor, n: number | Named<{ n: number }>): Tensor {
  if (isNamed(n)) return matrixPower(x, ...inPlace("matrix_power", ["n"], [n], 1));
  checkCall("matrix_power", [x]);
  const side = x.shape[x.shape.length - 1];
  if (x.shape.length < 2 || x.shape[x.shape.length - 2] !== side) {
    throw new ShapeError(
      `linalg.matrix_power: A must be batches of square matrices, but they are ${
        x.shape.slice(-2).join(" by ")
      } matrices`,
    );
  }
  if (!Number.isInteger(n)) throw new ValueError(`linalg.matrix_power: n must be a whole number, got ${n}`);
  if (n === 1) return x.clone();
  if (n < 0) return n === -1 ? inv(x) : matrixPower(inv(x), -n);
  if (n === 0) return expand(eye(side, side, { dtype: x.dtype, device: x.device }), x.shape);
  let result: Tensor | null = null, square = x.value;
  for (let rest = n;; square = matmul(square, square)) {
    if (rest % 2 === 1) result = result === null ? square : matmul(result, square);
    rest = Math.floor(rest / 2);
    if (rest === 0) return result as Tensor;
  }
}

/** e^A of square matrices, by scaling, a Pade approximant and squaring. Reads x to choose the scale. `torch.linalg.matrix_exp`. */
export function matrixExp(x: Tensor): Tensor {
  requireSquare("linalg.matrix_exp", x);
  if (mustWait(x)) return waiting([x], matrixExp);
  if (sizeOf(x.shape) === 0) return x.value;
  const n = x.shape[x.shape.length - 1];
  if (n === 1) return named("LinalgMatrixExp", exp(x));
  const size = amax(sum(abs(x.detach()), -2)).item();
  // No scale makes an infinity small: NaN comes of it.
  const squarings = Number.isFinite(size) && size > 0.5 ? Math.max(0, Math.ceil(Math.log2(size / 0.5))) : 0;
  const a = mul(x, 2 ** -squarings), a2 = matmul(a, a), one = eye(n, n, { dtype: x.dtype, device: x.device });
  // Numerator and denominator share their even part and differ in the sign of the odd one.
  const order = 8;
  let coefficient = 1, even: Tensor = one, odd: Tensor | null = null, power: Tensor = one;
  for (let k = 1; k <= order; k++) {
    coefficient *= (order - k + 1) / (k * (2 * order - k + 1));
    if (k % 2 === 1) odd = odd === null ? mul(power, coefficient) : add(odd, mul(power, coefficient));
    else {
      power = matmul(power, a2);
      even = add(even, mul(power, coefficient));
    }
  }
  const uneven = matmul(a, expand(odd as Tensor, a.shape)), whole = expand(even, a.shape);
  let y = solve(sub(whole, uneven), add(whole, uneven));
  for (let i = 0; i < squarings; i++) y = matmul(y, y);
  return named("LinalgMatrixExp", y);
}

/** The cheapest order of a chain of products, by dynamic programming; vectors at the ends are allowed. `torch.linalg.multi_dot`. */
export function multiDot(tensors: readonly Tensor[]): Tensor {
  requireTensors("linalg.multi_dot", tensors);
  if (tensors.length < 2) {
    throw new ValueError(`multi_dot(): expected at least 2 tensors but got ${tensors.length}`);
  }
  const last = tensors.length - 1;
  const matrices = tensors.map((t, i) =>
    t.shape.length === 1 && i === 0
      ? unsqueeze(t, 0)
      : t.shape.length === 1 && i === last
      ? unsqueeze(t, 1)
      : t.value
  );
  matrices.forEach((t, i) => {
    if (t.shape.length !== 2) {
      throw new ShapeError(
        `multi_dot(): tensor ${i} must be ${i === 0 || i === last ? "1D or 2D" : "2D"} but got ${
          tensors[i].shape.length
        }D`,
      );
    }
    if (i > 0 && matrices[i - 1].shape[1] !== t.shape[0]) {
      throw new ShapeError(
        `multi_dot(): tensors ${i - 1} and ${i} with shapes [${matrices[i - 1].shape.join(", ")}] and [${
          t.shape.join(", ")
        }] cannot be multiplied`,
      );
    }
  });
  const sizes = [...matrices.map((t) => t.shape[0]), matrices[last].shape[1]];
  const cost = matrices.map(() => new Array<number>(matrices.length).fill(0));
  const cut = matrices.map(() => new Array<number>(matrices.length).fill(0));
  for (let length = 2; length <= matrices.length; length++) {
    for (let i = 0, j = length - 1; j < matrices.length; i++, j++) {
      cost[i][j] = Infinity;
      for (let k = i; k < j; k++) {
        const total = cost[i][k] + cost[k + 1][j] + sizes[i] * sizes[k + 1] * sizes[j + 1];
        if (total < cost[i][j]) [cost[i][j], cut[i][j]] = [total, k];
      }
    }
  }
  const product = (i: number, j: number): Tensor =>
    i === j ? matrices[i] : matmul(product(i, cut[i][j]), product(cut[i][j] + 1, j));
  const shape: Shape = [
    ...(tensors[0].shape.length === 1 ? [] : [sizes[0]]),
    ...(tensors[last].shape.length === 1 ? [] : [sizes[sizes.length - 1]]),
  ];
  return named("View", reshape(product(0, last), shape));
}

/** `multiDot` under its old name, for matrices one after the other. `torch.chain_matmul`. */
export function chainMatmul(...matrices: readonly Tensor[]): Tensor {
  requireTensors("chain_matmul", matrices);
  return matrices.length === 1 ? matrices[0].value : multiDot(matrices);
}

/** beta * input + alpha * the outer product of two vectors. `torch.addr`. */
export function addr(input: Tensor, a: Tensor, b: Tensor, options: AddmmOptions = {}): Tensor {
  checkCall("addr", [input, a, b]);
  checkOptions("addr", options, { beta: "scalar", alpha: "scalar" });
  const dtype = commonType("addr", [input, a, b]), [x, p, q] = [input, a, b].map((t) => cast(t, dtype));
  for (const name of ["beta", "alpha"] as const) {
    const by = numberIn("addr", name, options[name] ?? 1);
    if (isFloat(dtype) || Number.isInteger(by)) continue;
    throw new ValueError(
      `For integral input tensors, argument ${name} must not be a floating point number., in addr: got ${by}`,
    );
  }
  return named("Addr", added("addr", x, outer(p, q), options));
}

/** beta * input + alpha * the sum of a batch of products. `torch.addbmm`. */
export function addbmm(input: Tensor, a: Tensor, b: Tensor, options: AddmmOptions = {}): Tensor {
  checkCall("addbmm", [input, a, b]);
  checkOptions("addbmm", options, { beta: "scalar", alpha: "scalar" });
  requireSameType("addbmm", input, b);
  const products = bmm(a, b);
  return named("Addbmm", added("addbmm", input, sum(products, 0, { dtype: products.dtype }), options));
}

/** The sum of products over the last dimension of both; a product where one has none. `torch.inner`. */
export function inner(a: Tensor, b: Tensor): Tensor {
  checkCall("inner", [a, b]);
  if (a.shape.length === 0 || b.shape.length === 0) return mul(a, b);
  const p = a.shape.length - 1, q = b.shape.length - 1;
  if (a.shape[p] !== b.shape[q]) {
    throw new ShapeError(
      `inner() the last dimension must match on both input tensors but got shapes [${
        a.shape.join(", ")
      }] and [${b.shape.join(", ")}]`,
    );
  }
  return p === 0 && q === 0 ? named("ReshapeAlias", dot(a, b)) : tensordot(a, b, [[p], [q]]);
}

/** The inner products of vectors along `dim`, which broadcast. `torch.linalg.vecdot`. */
export function vecdot(a: Tensor, b: Tensor, dim: number | Named<{ dim: number }> = -1): Tensor {
  if (isNamed(dim)) return vecdot(a, b, ...inPlace("linalg.vecdot", ["dim"], [dim]));
  checkCall("linalg.vecdot", [a, b]);
  if (!isFloat(a.dtype)) {
    throw new DTypeError(
      `linalg.vecdot: Expected a floating point or complex tensor as input. Got ${
        scalarName(a.dtype)
      }; cast with .to("float32")`,
    );
  }
  if (a.dtype !== b.dtype) {
    throw new DTypeError(
      `linalg.vecdot: Expected x and y to have the same dtype, but found x of type ${
        scalarName(a.dtype)
      } and y of type ${scalarName(b.dtype)} instead; cast one with .to()`,
    );
  }
  return sum(mul(a, b), dim);
}

/** The p-norm distances of all pairs of rows i < j of x [n, d], in order. `torch.nn.functional.pdist`. */
export function pdist(x: Tensor, p: number | Named<{ p: number }> = 2): Tensor {
  if (isNamed(p)) return pdist(x, ...inPlace("pdist", ["p"], [p]));
  checkTensors("pdist", [x]);
  if (x.shape.length !== 2) {
    throw new ShapeError(`pdist only supports 2D tensors, got: ${x.shape.length}D`);
  }
  if (!isFloat(x.dtype)) throw new DTypeError(`pdist only supports floating-point dtypes, got ${x.dtype}`);
  if (!(p >= 0)) throw new ValueError(`pdist only supports non-negative p values, but got ${p}`);
  const pairs = triuIndices(x.shape[0], x.shape[0], 1, { device: x.device });
  const row = (i: number) => indexSelect(x, 0, select(pairs, 0, i));
  return named("Pdist", norm(sub(row(0), row(1)), p, 1));
}

/** The p-norm of a - b. `torch.dist`. */
export function dist(a: Tensor, b: Tensor, p: number | Named<{ p: number }> = 2): Tensor {
  if (isNamed(p)) return dist(a, b, ...inPlace("dist", ["p"], [p]));
  checkCall("dist", [a, b]);
  return named("Dist", norm(sub(a, b), p));
}

/** The order of the norm, the dimension of the slices and the largest norm, by position or by name. */
export type RenormArguments = Given<
  [p: number, dim: number, maxnorm: number],
  [],
  { p: number; dim: number; maxnorm: number }
>;

/** x with each slice along `dim` whose p-norm is above `maxnorm` scaled down to it. `torch.renorm`. */
export function renorm(x: Tensor, ...given: RenormArguments): Tensor {
  const names = ["p", "dim", "maxnorm"];
  const [p, dim, maxnorm] = inOrder<[number, number, number]>("renorm", names, 3, given);
  checkCall("renorm", [x]);
  if (!(p > 0)) throw new ValueError(`renorm: non-positive-norm not supported, got p = ${p}`);
  if (x.shape.length < 2) {
    throw new ShapeError(
      `renorm: input needs at least 2 dimensions, got ${x.shape.length} dimensions`,
    );
  }
  if (!(maxnorm >= 0)) throw new ValueError(`renorm: expected maxnorm to be >= 0 but got ${maxnorm}`);
  const at = normalizeDim("renorm", dim, x.shape.length);
  const others = x.shape.map((_, d) => d).filter((d) => d !== at);
  const length = norm(x, p, others, { keepdim: true });
  return named("Renorm", mul(x, where(gt(length, maxnorm), div(maxnorm, add(length, 1e-7)), 1)));
}

const isinKinds: Kinds<{ readonly invert?: boolean }> = {
  invert: "boolean",
};

/**
 * Whether each element is one of the test elements, as bool. `torch.isin`.
 *
 * @example
 * ```ts
 * import { isin, tensor } from "@tenon/tenon";
 * console.log(isin(tensor([1, 2, 3]), tensor([2, 5])).tolist()); // [ false, true, false ]
 * ```
 */
export function isin(
  elements: Tensor,
  tests: TensorLike,
  options: { readonly invert?: boolean } = {},
): Tensor {
  checkCall("isin", [elements], options, isinKinds);
  let found: Tensor;
  commonType("isin", [elements, tests]);
  if (!(tests instanceof Tensor)) found = eq(elements, tests);
  else {
    const flat = reshape(tests, [sizeOf(tests.shape)]);
    found = cast(sum(cast(eq(unsqueeze(elements, -1), flat), "int64"), -1), "bool");
  }
  return options.invert ? found.logicalNot() : found;
}

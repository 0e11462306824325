/**
 * QR decompositions as LAPACK keeps them: Householder's reflections below the diagonal of R, and their factors. H_i = 1 - tau_i v_i v_i^T, where v_i is 0 above the
 * diagonal and 1 on it.
 *
 * @module
 */
import { named } from "../../apply.ts";
import { IndexError, ShapeError } from "../../errors.ts";
import { type NamedTuple, namedTuple } from "../../named_tuple.ts";
import { sameShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { mustWait, waiting } from "../../transform/waiting.ts";
import { eye } from "../ranges.ts";
import { reflectionsOf } from "./dense.ts";
import { add, mul, sub } from "../elementwise.ts";
import { hostResult, matricesOf, requireMatrices } from "../host.ts";
import { matmul } from "./matmul.ts";
import { checkCall, checkOptions } from "../options.ts";
import { tril } from "../rearrange.ts";
import { expand, mT, narrow, unsqueeze } from "../view.ts";

/** R on and above the diagonal, reflections below it; and their factors. Reads x, has no gradient. `torch.geqrf`. */
export function geqrf(x: Tensor): NamedTuple<readonly ["a", "tau"]> {
  requireMatrices("geqrf", x, "input");
  if (mustWait(x)) return waiting([x], geqrf);
  const [m, n] = x.shape.slice(-2), parts = matricesOf(x).map((a) => reflectionsOf(a, m, n));
  return namedTuple(
    "geqrf",
    ["a", "tau"],
    hostResult([x], x.shape, x.dtype, parts.map((p) => p.packed), null),
    hostResult([x], [...x.shape.slice(0, -2), Math.min(m, n)], x.dtype, parts.map((p) => p.taus), null),
  );
}

function requireReflections(op: string, x: Tensor, tau: Tensor): void {
  requireMatrices(op, x, "input");
  checkCall(op, [tau]);
  const [m, n] = x.shape.slice(-2), k = tau.shape[tau.shape.length - 1];
  if (m < n) {
    throw new ShapeError(`${op}: input.shape[-2] must be greater than or equal to input.shape[-1]`);
  }
  if (tau.shape.length !== x.shape.length - 1 || !sameShape(tau.shape.slice(0, -1), x.shape.slice(0, -2))) {
    throw new ShapeError(
      `${op}: Expected batch dimensions of tau to be equal to input.shape[:-2], but got [${
        tau.shape.slice(0, -1).join(", ")
      }]`,
    );
  }
  if (k > n) {
    throw new ShapeError(`${op}: input.shape[-1] must be greater than or equal to tau.shape[-1]`);
  }
}

/** The product of the reflections, or its transpose, times y [..., m, k], one reflection after the other. */
function reflected(x: Tensor, tau: Tensor, y: Tensor, transpose: boolean): Tensor {
  const [m, n] = x.shape.slice(-2), count = tau.shape[tau.shape.length - 1];
  const vectors = add(tril(x, -1), eye(m, n, { dtype: x.dtype, device: x.device }));
  let z = y;
  for (let step = 0; step < count; step++) {
    const i = transpose ? step : count - 1 - step;
    const v = narrow(vectors, -1, i, 1), factor = unsqueeze(narrow(tau, -1, i, 1), -1);
    z = sub(z, mul(factor, matmul(v, matmul(mT(v), z))));
  }
  return z;
}

/** The first columns of the product of Householder's reflections, as many as x has. `torch.linalg.householder_product`, `torch.orgqr`. */
export function householderProduct(x: Tensor, tau: Tensor): Tensor {
  requireReflections("torch.linalg.householder_product", x, tau);
  const [m, n] = x.shape.slice(-2);
  const first = expand(eye(m, n, { dtype: x.dtype, device: x.device }), x.shape);
  return named("LinalgHouseholderProduct", reflected(x, tau, first, false));
}

/** Options of `ormqr`. */
export interface OrmqrOptions {
  /** Q times the other matrix; the other times Q when false. */
  readonly left?: boolean;
  /** The transpose of Q. */
  readonly transpose?: boolean;
}

/** The whole product Q of Householder's reflections times another matrix. `torch.ormqr`. */
export function ormqr(x: Tensor, tau: Tensor, other: Tensor, options: OrmqrOptions = {}): Tensor {
  checkOptions("ormqr", options, { left: "boolean", transpose: "boolean" });
  const { left = true, transpose = false } = options;
  requireMatrices("torch.ormqr", x, "input");
  requireMatrices("torch.ormqr", other, "other");
  checkCall("torch.ormqr", [tau]);
  const side = left ? -2 : -1,
    lengths = other.shape.at(side),
    count = tau.shape.at(-1),
    [m, n] = x.shape.slice(-2);
  if (count === undefined) {
    throw new IndexError("Dimension specified as -1 but tensor has no dimensions, in ormqr");
  }
  const front = x.shape.slice(0, -2);
  const faults: readonly (readonly [boolean, string])[] = [
    [lengths !== m, `other.shape[${side}] must be equal to input.shape[-2], but got ${lengths} and ${m}`],
    [
      count > m,
      `other.shape[${side}] must be greater than or equal to tau.shape[-1], but got ${lengths} and ${count}`,
    ],
    [count > n, `tau.shape[-1] must be less than or equal to input.shape[-1], but got ${count} and ${n}`],
    [
      tau.shape.length !== x.shape.length - 1,
      `Expected tau to have one dimension less than input, but got tau.ndim equal to ${tau.shape.length} and input.ndim is equal to ${x.shape.length}`,
    ],
    [
      other.shape.length !== x.shape.length,
      `Expected other to have the same number of dimensions as input, but got other.ndim equal to ${other.shape.length} and input.ndim is equal to ${x.shape.length}`,
    ],
    ...([["tau", tau.shape.slice(0, -1)], ["other", other.shape.slice(0, -2)]] as const).map((
      [name, batch],
    ): [boolean, string] => [
      !sameShape(batch, front),
      `Expected batch dimensions of ${name} to be equal to input.shape[:-2], but got [${batch.join(", ")}]`,
    ]),
  ];
  const fault = faults.find(([wrong]) => wrong);
  if (fault) throw new ShapeError(`torch.ormqr: ${fault[1]}`);
  // C Q = (Q^T C^T)^T
  const y = left ? reflected(x, tau, other, transpose) : mT(reflected(x, tau, mT(other), !transpose));
  return named("Ormqr", y);
}

/**
 * Ready-made parametrizations: orthogonal matrices, weights of spectral norm one, and weights of length and direction.
 *
 * @module
 */
import { finfo } from "../../core/dtype_info.ts";
import { ValueError } from "../../core/errors.ts";
import { noGrad } from "../../core/grad_mode.ts";
import { zeros } from "../../core/ops/create.ts";
import { eye } from "../../core/ops/ranges.ts";
import { add, div, mul, sign, sub } from "../../core/ops/elementwise.ts";
import { eq, where } from "../../core/ops/logical.ts";
import { dot, matmul, mv } from "../../core/ops/linalg/matmul.ts";
import { matrixExp } from "../../core/ops/linalg/matrix_functions.ts";
import { normalize } from "../../core/ops/nn/similarity.ts";
import { type Given, settingsOf } from "../../core/ops/arguments.ts";
import { randn } from "../../core/ops/random.ts";
import { tril } from "../../core/ops/rearrange.ts";
import { sum } from "../../core/ops/reduce.ts";
import { geqrf, householderProduct } from "../../core/ops/linalg/reflections.ts";
import { solve } from "../../core/ops/linalg/solve.ts";
import { allclose } from "../../core/ops/statistics.ts";
import { diagonal, narrow, transpose, unsqueeze } from "../../core/ops/view.ts";
import { cat } from "../../core/ops/join.ts";
import { sameShape, type Shape, torchSize } from "../../core/shape.ts";
import { Tensor } from "../../core/tensor.ts";
import { evaluateWithStep } from "../../core/transform/backward.ts";
import { ConvTranspose } from "../conv_transpose.ts";
import { isModule, setField, typeText } from "../module/fields.ts";
import { Module } from "../module/module.ts";
import { type Parametrization, registerParametrization } from "./parametrize.ts";
import {
  asMatrix,
  normExcept,
  type SpectralNormArguments,
  spectralNormKinds,
  type SpectralNormOptions,
} from "./weight_norm.ts";

/** How a matrix without conditions becomes an orthogonal one. */
export type OrthogonalMap = "matrix_exp" | "cayley" | "householder";

/** Options of `orthogonal`. */
export interface OrthogonalOptions {
  /** The name of the matrix; "weight" by default. */
  readonly name?: string;
  /** "matrix_exp" for square matrices and "householder" for others by default. */
  readonly orthogonalMap?: OrthogonalMap | null;
  /** Start from the matrix that is there, and learn a rotation of it; true by default. */
  readonly useTrivialization?: boolean;
}

const mT = (x: Tensor) => transpose(x, -2, -1);
const diagonalOf = (x: Tensor) => diagonal(x, 0, -2, -1);

/** x with other elements on the diagonal. */
function withDiagonal(x: Tensor, values: Tensor): Tensor {
  const [n, k] = x.shape.slice(-2), square = eye(n, k, { dtype: x.dtype, device: x.device });
  return where(eq(square, 1), mul(square, unsqueeze(values, -2)), x);
}

/** The Q of a tall A = QR whose R has no negative diagonal. */
function orthogonalFactor(a: Tensor): Tensor {
  const { a: reflections, tau } = geqrf(a);
  return mul(householderProduct(reflections, tau), unsqueeze(sign(diagonalOf(reflections)), -2));
}

function isOrthogonal(q: Tensor): boolean {
  const [n, k] = q.shape.slice(-2), one = eye(k, k, { dtype: q.dtype, device: q.device });
  return allclose(matmul(mT(q), q), one.expand([...q.shape.slice(0, -2), k, k]), {
    atol: 10 * n * finfo(q.dtype).eps,
  });
}

class Orthogonal extends Module {
  /** The matrix that is rotated, or null. */
  declare base: Tensor | null;

  constructor(
    private readonly shape: Shape,
    private readonly map: OrthogonalMap,
    private readonly trivial: boolean,
  ) {
    super();
    if (trivial) setField(this, "base", null, "buffer");
    // Nobody knows the inverse of these two; the matrix starts from what the tensor holds.
    else if (map !== "householder") Object.defineProperty(this, "rightInverse", { value: undefined });
  }

  override forward(x: Tensor): Tensor {
    const wide = x.size(-2) < x.size(-1), tall = wide ? mT(x) : x;
    const q = this.map === "householder" ? this.reflected(tall) : this.rotated(tall);
    const whole = this.trivial && this.base !== null ? matmul(this.base, q) : q;
    return wide ? mT(whole) : whole;
  }

  /** From the part below the diagonal, by a skew-symmetric matrix. */
  private rotated(x: Tensor): Tensor {
    const [n, k] = x.shape.slice(-2), { dtype, device } = x;
    const low = tril(x);
    const square = n === k
      ? low
      : cat([low, zeros([...x.shape.slice(0, -2), n, n - k], { dtype, device })], -1);
    const skew = sub(square, mT(square));
    if (this.map === "matrix_exp") return narrow(matrixExp(skew), -1, 0, k);
    const one = eye(n, n, { dtype, device }), half = mul(skew, 0.5);
    return narrow(solve(sub(one, half), add(one, half)), -1, 0, k);
  }

  /** From the part below the diagonal, by reflections; the diagonal holds signs. */
  private reflected(x: Tensor): Tensor {
    const a = tril(x, -1), tau = div(2, add(sum(mul(a, a), -2), 1));
    const signs = diagonalOf(x).detach().to("int32").to(x.dtype);
    return mul(householderProduct(a, tau), unsqueeze(signs, -2));
  }

  rightInverse(given: Tensor): Tensor {
    if (!sameShape(given.shape, this.shape)) {
      throw new ValueError(
        `Expected a matrix or batch of matrices of shape ${torchSize(this.shape)}. Got a tensor of shape ${
          torchSize(given.shape)
        }.`,
      );
    }
    return noGrad(() => this.trivial ? this.rebased(given.detach()) : this.inverse(given.detach()));
  }

  private inverse(given: Tensor): Tensor {
    const wide = given.size(-2) < given.size(-1);
    const { a, tau } = geqrf(wide ? mT(given) : given);
    const signs = sign(diagonalOf(a));
    const result = withDiagonal(a, where(eq(tau, 0), mul(signs, -1), signs));
    return wide ? mT(result) : result;
  }

  private rebased(given: Tensor): Tensor {
    const wide = given.size(-2) < given.size(-1), q = wide ? mT(given) : given;
    const [n, k] = q.shape.slice(-2), { dtype, device } = q;
    if (n === k) this.base = isOrthogonal(q) ? q : orthogonalFactor(q);
    else {
      const more = randn([...q.shape.slice(0, -2), n, n - k], { dtype, device });
      this.base = orthogonalFactor(cat([q, more], -1));
    }
    const [rows, columns] = given.shape.slice(-2);
    return mul(eye(rows, columns, { dtype, device }), -1).expand([...given.shape]);
  }

  override reprName(): string {
    return "_Orthogonal";
  }
}

function weightOf(op: string, module: Module, name: string): Tensor {
  if (!isModule(module)) throw new ValueError(`${op}: expected a module, but got ${typeText(module)}`);
  const weight: unknown = Reflect.get(module, name);
  if (weight instanceof Tensor) return weight;
  throw new ValueError(
    `Module '${module}' has no parameter or buffer with name '${name}', in ${op}`,
  );
}

/**
 * Keeps a matrix (or each of a batch) orthogonal while it is learned: its columns, or where it is wide its rows, are orthonormal. Returns
 * the module. `torch.nn.utils.parametrizations.orthogonal`.
 *
 * @throws {ValueError} when there is no such tensor, it has fewer than two dimensions, or the map is unknown
 * @example
 * ```ts
 * import { eye, nn } from "@tenon/tenon";
 * const layer = nn.utils.parametrizations.orthogonal(new nn.Linear(3, 3));
 * const w = layer.weight;
 * console.log(w.t().matmul(w).sub(eye(3)).abs().max().item() < 1e-5); // true
 * ```
 */
export function orthogonal<M extends Module>(
  module: M,
  ...given: Given<[], [name: string, orthogonalMap: OrthogonalMap | null], OrthogonalOptions>
): M {
  const options = settingsOf<OrthogonalOptions>("orthogonal", given, {
    name: "string",
    orthogonalMap: "string?",
    useTrivialization: "boolean",
  }, 2);
  const { name = "weight" } = options;
  const weight = weightOf("orthogonal", module, name);
  if (weight.ndim < 2) {
    throw new ValueError(
      `Expected a matrix or batch of matrices. Got a tensor of ${weight.ndim} dimensions.`,
    );
  }
  const map = options.orthogonalMap ?? (weight.size(-2) === weight.size(-1) ? "matrix_exp" : "householder");
  if (map !== "matrix_exp" && map !== "cayley" && map !== "householder") {
    throw new ValueError(
      `orthogonal_map has to be one of "matrix_exp", "cayley", "householder". Got: ${map}`,
    );
  }
  const made = new Orthogonal(weight.shape, map, options.useTrivialization ?? true);
  return registerParametrization(module, name, made as Parametrization);
}

class SpectralNorm extends Module {
  constructor(
    weight: Tensor,
    private readonly iterations: number,
    private readonly dim: number,
    private readonly eps: number,
  ) {
    super();
    if (weight.ndim < 2) return;
    const matrix = asMatrix(weight.detach(), this.dim), [h, w] = matrix.shape, { dtype, device } = weight;
    this.registerBuffer("_u", this.unit(randn([h], { dtype, device })));
    this.registerBuffer("_v", this.unit(randn([w], { dtype, device })));
    this.iterate(matrix, 15);
  }

  private unit(x: Tensor): Tensor {
    return normalize(x, { dim: 0, eps: this.eps });
  }

  private iterate(matrix: Tensor, times: number): void {
    noGrad(() => {
      let u = this.getBuffer("_u"), v = this.getBuffer("_v");
      const oldU = u, oldV = v;
      for (let i = 0; i < times; i++) {
        u = this.unit(mv(matrix, v));
        v = this.unit(mv(transpose(matrix, 0, 1), u));
      }
      evaluateWithStep(u, oldU);
      evaluateWithStep(v, oldV);
      Reflect.set(this, "_u", u);
      Reflect.set(this, "_v", v);
    });
  }

  override forward(weight: Tensor): Tensor {
    if (weight.ndim === 1) return this.unit(weight);
    const matrix = asMatrix(weight, this.dim);
    if (this.training) this.iterate(matrix.detach(), this.iterations);
    return div(weight, dot(this.getBuffer("_u"), mv(matrix, this.getBuffer("_v"))));
  }

  rightInverse(value: Tensor): Tensor {
    return value;
  }

  override reprName(): string {
    return "_SpectralNorm";
  }
}

/**
 * Divides a weight by an estimate of its largest singular value, which is improved each time the weight is used in training mode. Returns
 * the module. `torch.nn.utils.parametrizations.spectral_norm`.
 *
 * @throws {ValueError} when there is no such tensor, or the number of iterations is not positive
 * @example
 * ```ts
 * import { nn } from "@tenon/tenon";
 * const layer = nn.utils.parametrizations.spectralNorm(new nn.Linear(20, 40));
 * console.log(Object.keys(layer.stateDict()).length); // 4
 * ```
 */
export function spectralNorm<M extends Module>(module: M, ...given: SpectralNormArguments): M {
  const options = settingsOf<SpectralNormOptions>("spectralNorm", given, spectralNormKinds);
  const { name = "weight", nPowerIterations = 1, eps = 1e-12 } = options;
  if (!Number.isInteger(nPowerIterations) || nPowerIterations <= 0) {
    throw new ValueError(
      `Expected n_power_iterations to be positive, but got n_power_iterations=${nPowerIterations}, in spectralNorm`,
    );
  }
  const weight = weightOf("spectralNorm", module, name),
    dim = options.dim ?? (module instanceof ConvTranspose ? 1 : 0);
  const at = dim < 0 ? dim + weight.ndim : dim;
  return registerParametrization(
    module,
    name,
    new SpectralNorm(weight, nPowerIterations, at, eps) as Parametrization,
  );
}

/** v with lengths g. */
class WeightNorm extends Module {
  constructor(private readonly dim: number | null) {
    super();
  }

  override forward(g: Tensor, v: Tensor): Tensor {
    return mul(v, div(g, normExcept(v, this.dim)));
  }

  /** Length and direction of a weight. */
  rightInverse(weight: Tensor): [g: Tensor, v: Tensor] {
    return [normExcept(weight, this.dim), weight];
  }

  override reprName(): string {
    return "_WeightNorm";
  }
}

/**
 * Makes a weight of its length and its direction, `original0` and `original1`, which are learned. `dim` is the dimension that keeps lengths of
 * its own, null for one length. Returns the module. `torch.nn.utils.parametrizations.weight_norm`.
 *
 * @example
 * ```ts
 * import { nn } from "@tenon/tenon";
 * const layer = nn.utils.parametrizations.weightNorm(new nn.Linear(20, 40), { name: "weight" });
 * console.log(layer.namedParameters().map(([name]) => name));
 * // [ "bias", "parametrizations.weight.original0", "parametrizations.weight.original1" ]
 * ```
 */
export function weightNorm<M extends Module>(
  module: M,
  ...given: Given<[], [name: string, dim: number | null], { name: string; dim: number | null }>
): M {
  const { name = "weight", dim = 0 } = settingsOf<{ name: string; dim: number | null }>(
    "weightNorm",
    given,
    { name: "string", dim: "whole?" },
  );
  weightOf("weightNorm", module, name);
  return registerParametrization(module, name, new WeightNorm(dim));
}

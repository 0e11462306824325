/**
 * Weight norm and spectral norm, as hooks that compute a weight before each call.
 *
 * @module
 */
import { ValueError } from "../../core/errors.ts";
import { noGrad } from "../../core/grad_mode.ts";
import { div, mul } from "../../core/ops/elementwise.ts";
import { dot, mv } from "../../core/ops/linalg/matmul.ts";
import { normalize } from "../../core/ops/nn/similarity.ts";
import { type Given, settingsOf } from "../../core/ops/arguments.ts";
import type { Kinds } from "../../core/ops/options.ts";
import { randn } from "../../core/ops/random.ts";
import { norm } from "../../core/ops/linalg/norms.ts";
import { permute, reshape, transpose } from "../../core/ops/view.ts";
import type { Tensor } from "../../core/tensor.ts";
import { evaluateWithStep } from "../../core/transform/backward.ts";
import { ConvTranspose } from "../conv_transpose.ts";
import { className, isModule, removeField, typeText } from "../module/fields.ts";
import type { HookHandle } from "../module/hooks.ts";
import type { Module } from "../module/module.ts";
import { Parameter } from "../module/parameter.ts";
import { isLazy } from "../module/uninitialized.ts";

/** What takes the place of a weight, and how it is taken back. */
interface Replaced {
  readonly handle: HookHandle;
  readonly compute: (module: Module) => Tensor;
  readonly fields: readonly string[];
}

/** By module: the hooks on its parameters, by kind and name. */
const replaced = new WeakMap<Module, Map<string, Replaced>>();

function weightOf(op: string, module: Module, name: string): Parameter {
  if (!isModule(module)) throw new ValueError(`${op}: expected a module, but got ${typeText(module)}`);
  const weight: unknown = Reflect.get(module, name);
  if (isLazy(weight)) {
    throw new ValueError(
      `The module passed to \`${op}\` can't have uninitialized parameters. Make sure to run the dummy forward before applying it`,
    );
  }
  if (!(weight instanceof Parameter)) {
    throw new ValueError(`${op}: ${className(module)} has no parameter '${name}'`);
  }
  return weight;
}

function install(
  kind: string,
  module: Module,
  name: string,
  fields: readonly string[],
  compute: (module: Module) => Tensor,
): void {
  const handle = module.registerForwardPreHook((m) => {
    const weight = compute(m);
    // To be read after an optimizer step, too, which overwrites what it is made of.
    weight.value.kept = true;
    Reflect.set(m, name, weight);
  });
  const own = replaced.get(module) ?? new Map<string, Replaced>();
  replaced.set(module, own.set(`${kind} ${name}`, { handle, compute, fields }));
}

function uninstall(kind: string, module: Module, name: string): void {
  const found = replaced.get(module)?.get(`${kind} ${name}`);
  if (found === undefined) throw new ValueError(`${kind} of '${name}' not found in ${className(module)}`);
  const weight = noGrad(() => found.compute(module)).detach();
  found.handle.remove();
  replaced.get(module)?.delete(`${kind} ${name}`);
  for (const field of [name, ...found.fields]) removeField(module, field);
  module.registerParameter(name, new Parameter(weight));
}

function refuseTwice(kind: string, module: Module, name: string): void {
  if (replaced.get(module)?.has(`${kind} ${name}`)) {
    throw new ValueError(`Cannot register two ${kind} hooks on the same parameter ${name}`);
  }
}

/** The norm over all dimensions but one; over all of them when dim is null. */
export function normExcept(v: Tensor, dim: number | null): Tensor {
  if (dim === null) return norm(v);
  const at = dim < 0 ? dim + v.ndim : dim;
  return norm(v, 2, v.shape.map((_, d) => d).filter((d) => d !== at), { keepdim: true });
}

/**
 * Replaces a weight by its length and its direction, `weight_g` and `weight_v`, which are learned; the weight is computed before each call.
 * `dim` is the dimension that keeps lengths of its own, null for one length. Returns the module. `torch.nn.utils.weight_norm`.
 *
 * @example
 * ```ts
 * import { nn } from "@tenon/tenon";
 * const layer = nn.utils.weightNorm(new nn.Linear(20, 40));
 * console.log(layer.namedParameters().map(([name]) => name)); // [ "bias", "weight_g", "weight_v" ]
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
  refuseTwice("weight_norm", module, name);
  const weight = weightOf("WeightNorm", module, name);
  const g = `${name}_g`, v = `${name}_v`;
  const length = normExcept(weight.data, dim);
  removeField(module, name);
  module.registerParameter(g, new Parameter(length));
  module.registerParameter(v, new Parameter(weight.data));
  const compute = (m: Module) => {
    const direction = m.getParameter(v);
    return mul(direction, div(m.getParameter(g), normExcept(direction, dim)));
  };
  Reflect.set(module, name, compute(module));
  install("weight_norm", module, name, [g, v], compute);
  return module;
}

/** Makes a weight of length and direction a parameter again. Returns the module. `torch.nn.utils.remove_weight_norm`. */
export function removeWeightNorm<M extends Module>(module: M, name = "weight"): M {
  uninstall("weight_norm", module, name);
  return module;
}

/** Options of `spectralNorm`. */
export interface SpectralNormOptions {
  /** The name of the weight; "weight" by default. */
  readonly name?: string;
  /** Power iterations of each call; 1 by default. */
  readonly nPowerIterations?: number;
  /** Norms are taken to be no less than this; 1e-12 by default. */
  readonly eps?: number;
  /** The dimension of outputs; 1 for transposed convolutions, else 0. */
  readonly dim?: number | null;
}

/** What those options hold. */
export const spectralNormKinds: Kinds<SpectralNormOptions> = {
  name: "string",
  nPowerIterations: "number",
  eps: "number",
  dim: "whole?",
};

/** The options of `spectralNorm`, by position or by name. */
export type SpectralNormArguments = Given<
  [],
  [name: string, nPowerIterations: number, eps: number, dim: number | null],
  SpectralNormOptions
>;

/** A weight as a matrix whose rows belong to `dim`. */
export function asMatrix(weight: Tensor, dim: number): Tensor {
  const rest = weight.shape.map((_, d) => d).filter((d) => d !== dim);
  return reshape(dim === 0 ? weight : permute(weight, [dim, ...rest]), [weight.shape[dim], -1]);
}

/**
 * Divides a weight by an estimate of its largest singular value, which a power iteration improves in each call in training mode. The
 * weight that is learned is `weight_orig`; `weight_u` and `weight_v` are buffers. Returns the module. `torch.nn.utils.spectral_norm`.
 */
export function spectralNorm<M extends Module>(module: M, ...given: SpectralNormArguments): M {
  const options = settingsOf<SpectralNormOptions>("spectralNorm", given, spectralNormKinds);
  const { name = "weight", nPowerIterations = 1, eps = 1e-12 } = options;
  refuseTwice("spectral_norm", module, name);
  if (!Number.isInteger(nPowerIterations) || nPowerIterations <= 0) {
    throw new ValueError(
      `Expected n_power_iterations to be positive, but got n_power_iterations=${nPowerIterations}, in spectralNorm`,
    );
  }
  const dim = options.dim ?? (module instanceof ConvTranspose ? 1 : 0);
  const weight = weightOf("SpectralNorm", module, name);
  const original = `${name}_orig`, u = `${name}_u`, v = `${name}_v`;
  const unit = (x: Tensor) => normalize(x, { dim: 0, eps });
  const [height, width] = asMatrix(weight.data, dim).shape;
  const { dtype, device } = weight;
  const first = unit(randn([height], { dtype, device })), second = unit(randn([width], { dtype, device }));
  removeField(module, name);
  module.registerParameter(original, weight);
  Reflect.set(module, name, weight.data);
  module.registerBuffer(u, first);
  module.registerBuffer(v, second);
  const compute = (m: Module, iterate: boolean) => {
    const now = m.getParameter(original);
    const oldU = m.getBuffer(u), oldV = m.getBuffer(v);
    let left = oldU, right = oldV;
    if (iterate) {
      noGrad(() => {
        const matrix = asMatrix(now.detach(), dim);
        for (let i = 0; i < nPowerIterations; i++) {
          right = unit(mv(transpose(matrix, 0, 1), left));
          left = unit(mv(matrix, right));
        }
      });
      evaluateWithStep(left, oldU);
      evaluateWithStep(right, oldV);
      Reflect.set(m, u, left);
      Reflect.set(m, v, right);
    }
    return div(now, dot(left, mv(asMatrix(now, dim), right)));
  };
  install("spectral_norm", module, name, [original, u, v], (m) => compute(m, m.training));
  return module;
}

/** Makes a spectrally normalised weight a parameter again. Returns the module. `torch.nn.utils.remove_spectral_norm`. */
export function removeSpectralNorm<M extends Module>(module: M, name = "weight"): M {
  const { training } = module;
  // Taking it off is no call: the estimate stays as it is.
  module.training = false;
  try {
    uninstall("spectral_norm", module, name);
  } finally {
    module.training = training;
  }
  return module;
}

/**
 * Checks of gradients against differences of values.
 *
 * @module
 */
import { GradError, ValueError } from "../../errors.ts";
import { isFloat } from "../../dtype.ts";
import { enableGrad } from "../../grad_mode.ts";
import { checkOptions, type Kinds, requireKind } from "../../ops/options.ts";
import { tensor, zeros } from "../../ops/create.ts";
import { cast, checkTensors } from "../../ops/cast.ts";
import { randn } from "../../ops/random.ts";
import type { Tensor } from "../../tensor.ts";
import { grad } from "./autograd.ts";

/** Options of `gradcheck`. */
export interface GradcheckOptions {
  /** How far an input is moved; 1e-6 by default. */
  readonly eps?: number;
  /** How far gradients may be apart; 1e-5 by default. */
  readonly atol?: number;
  /** How far they may be apart for their size; 0.001 by default. */
  readonly rtol?: number;
  /** Throw where they differ, which is the default; with false the result is false. */
  readonly raiseException?: boolean;
}

const kinds: Kinds<GradcheckOptions> = {
  eps: "number",
  atol: "number",
  rtol: "number",
  raiseException: "boolean",
};

/** A function of tensors with a tensor, or several, as its result. */
type Checked = (...inputs: Tensor[]) => Tensor | readonly Tensor[];

/** One tensor or several, as a list. */
function outputsOf(y: Tensor | readonly Tensor[]): readonly Tensor[] {
  const list = [y].flat();
  checkTensors("gradcheck", list);
  return list;
}

const numbers = (x: Tensor) => Array.from(cast(x, "float64").toTypedArray(), Number);

/** The difference quotients of each output element in each element of an input: rows are elements of the input. */
function differences(fn: Checked, inputs: readonly Tensor[], at: number, eps: number): number[][][] {
  const x = inputs[at], values = numbers(x);
  return values.map((value, i) => {
    const moved = (step: number) => {
      const data = tensor(values.with(i, value + step), { dtype: x.dtype, device: x.device }).reshape(
        x.shape,
      );
      return outputsOf(fn(...inputs.with(at, data))).map((y) => numbers(y));
    };
    const above = moved(eps), below = moved(-eps);
    return above.map((y, k) => y.map((v, j) => (v - below[k][j]) / (2 * eps)));
  });
}

/**
 * Whether the gradients of `fn` in its inputs that require one are the differences of its values. Inputs should be float64.
 * `torch.autograd.gradcheck`.
 *
 * @throws {GradError} where a gradient is another, with both
 * @throws {ValueError} when no input requires a gradient
 * @example
 * ```ts
 * import { autograd, tensor } from "@tenon/tenon";
 * const x = tensor([0.5, 2], { dtype: "float64", device: "cpu", requiresGrad: true });
 * console.log(autograd.gradcheck((x) => x.sin(), x)); // true
 * ```
 */
export function gradcheck(
  fn: (...inputs: Tensor[]) => Tensor | readonly Tensor[],
  inputs: Tensor | readonly Tensor[],
  options: GradcheckOptions = {},
): boolean {
  requireKind("gradcheck", "fn", fn, "function");
  checkOptions("gradcheck", options, kinds);
  const { eps = 1e-6, atol = 1e-5, rtol = 1e-3, raiseException = true } = options;
  const xs = outputsOf(inputs);
  if (!xs.some((x) => x.requiresGrad)) {
    throw new ValueError(
      "gradcheck expects at least one input tensor to require gradient, but none of the them have requires_grad=True.",
    );
  }
  const plain = xs.map((x) => x.detach());
  for (const [at, x] of xs.entries()) {
    if (!x.requiresGrad) continue;
    const numerical = differences(fn, plain, at, eps);
    for (const [k, y] of outputsOf(enableGrad(() => fn(...xs))).entries()) {
      if (!isFloat(y.dtype)) continue;
      for (let j = 0; j < y.numel(); j++) {
        const seed = tensor(zeros([y.numel()]).tolist<number[]>().with(j, 1), {
          dtype: y.dtype,
          device: y.device,
        });
        const [g] = y.requiresGrad
          ? grad(y, x, { gradOutputs: seed.reshape(y.shape), retainGraph: true, allowUnused: true })
          : [null];
        const analytical = g === null ? numerical.map(() => 0) : numbers(g);
        const expected = numerical.map((row) => row[k][j]);
        const far = analytical.findIndex((v, i) =>
          !(Math.abs(v - expected[i]) <= atol + rtol * Math.abs(expected[i]))
        );
        if (far < 0) continue;
        if (!raiseException) return false;
        throw new GradError(
          `Jacobian mismatch for output ${k} with respect to input ${at},\nnumerical: ${
            expected[far]
          }\nanalytical: ${analytical[far]}\nin element ${j} of the output and ${far} of the input`,
        );
      }
    }
  }
  return true;
}

/**
 * Whether the second derivatives of `fn` are the differences of its first ones, for cotangents `gradOutputs`, which are drawn when not given.
 * `torch.autograd.gradgradcheck`.
 *
 * @throws {GradError} where a derivative is another
 */
export function gradgradcheck(
  fn: (...inputs: Tensor[]) => Tensor | readonly Tensor[],
  inputs: Tensor | readonly Tensor[],
  gradOutputs?: Tensor | readonly Tensor[] | null,
  options: GradcheckOptions = {},
): boolean {
  requireKind("gradgradcheck", "fn", fn, "function");
  const xs = outputsOf(inputs);
  const seeds = gradOutputs
    ? outputsOf(gradOutputs)
    : outputsOf(fn(...xs)).map((y) => randn(y.shape, { dtype: y.dtype, device: y.device }).requiresGrad_());
  const first = (...given: Tensor[]) => {
    const points = given.slice(0, xs.length).map((x) => x.requiresGrad ? x : x.detach().requiresGrad_());
    const found = grad(outputsOf(fn(...points)), points, {
      gradOutputs: given.slice(xs.length),
      createGraph: true,
      materializeGrads: true,
    });
    return found.filter((g) => g !== null);
  };
  return gradcheck(first, [...xs, ...seeds], options);
}

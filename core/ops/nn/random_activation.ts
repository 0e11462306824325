/**
 * Activations that draw: rrelu, and the Gumbel softmax. Those without are in activation.ts.
 *
 * @module
 */
import { inPlaceWith, isNamed, type Named, settingsOf, type Trailing } from "../arguments.ts";
import { checkCall, checkKind, type Kinds } from "../options.ts";
import { named } from "../../apply.ts";
import { deviceInfo } from "../../device.ts";
import { drawsFreely } from "../../effects.ts";
import { ValueError } from "../../errors.ts";
import { defaultGenerator, type Generator } from "../../random/generator.ts";
import { rreluSlopes } from "../../random/uniform.ts";
import { normalizeDim } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { add, div, log, mul, neg, sub } from "../elementwise.ts";
import { gt, where } from "../logical.ts";
import { scatter } from "../indexing/scatter.ts";
import { argmax } from "../extremes.ts";
import { uniform } from "../random.ts";
import { exponential } from "../distributions.ts";
import { fromHost, zerosLike } from "../create.ts";
import { softmax } from "./softmax.ts";
import { checkNumbers, floats, inplaceKinds, type InplaceOptions, leakyRelu } from "./activation.ts";

/** Options of the functions that draw. */
export interface DrawOptions {
  /** Where the random bits come from; the default generator when not given. */
  readonly generator?: Generator;
}

/** Options of `rrelu`. */
export interface RreluOptions extends DrawOptions, InplaceOptions {}

const rreluKinds: Kinds<RreluOptions> = { generator: "any", ...inplaceKinds };

/**
 * x where positive, else x times a slope: in training one from [lower, upper) for each element, else their mean. On the CPU slopes are drawn for what is
 * not positive alone, as PyTorch draws them, which reads `x`; inside transforms, and where WebGPU cannot be read synchronously, one is drawn for every element.
 * `torch.nn.functional.rrelu`.
 */
export function rrelu(
  x: Tensor,
  lower: number | Named<{ lower: number; upper: number; training: boolean }, RreluOptions> = 1 / 8,
  upper: number | Named<{ lower: number; upper: number; training: boolean }, RreluOptions> = 1 / 3,
  training: boolean | Named<{ lower: number; upper: number; training: boolean }, RreluOptions> = false,
  options: RreluOptions = {},
): Tensor {
  if (isNamed(lower) || isNamed(upper) || isNamed(training)) {
    return rrelu(
      x,
      ...inPlaceWith("rrelu", ["lower", "upper", "training"], [lower, upper, training], options),
    );
  }
  checkCall("rrelu", [x], options, rreluKinds);
  checkNumbers("rrelu", { lower, upper });
  checkKind("rrelu", "training", training, "boolean");
  if (!(lower <= upper)) {
    throw new ValueError(
      `Lower bound should be less than or equal to the upper bound, in rrelu: got ${lower} and ${upper}`,
    );
  }
  if (!training) return named("RreluWithNoise", leakyRelu(x, (lower + upper) / 2));
  const y = floats("rrelu", x), { generator = defaultGenerator } = options;
  if (drawsFreely() && deviceInfo(y.device).details.synchronousReads !== false) {
    const slopes = rreluSlopes(generator, y.detach().toTypedArray(), y.dtype, lower, upper);
    return named("RreluWithNoise", mul(y, fromHost(slopes, y.shape, y.dtype, y.device)));
  }
  const slope = uniform(y.shape, lower, upper, { dtype: y.dtype, device: y.device, generator });
  return named("RreluWithNoise", where(gt(y, 0), y, mul(y, slope)));
}

/** Options of `gumbelSoftmax`. */
export interface GumbelSoftmaxOptions extends DrawOptions {
  /** Temperature. */
  readonly tau?: number;
  /** Return one-hot vectors, whose gradient is that of the soft ones. */
  readonly hard?: boolean;
  /** The dimension of the categories. */
  readonly dim?: number;
  /** Without effect, as in PyTorch. */
  readonly eps?: number;
}

const gumbelSoftmaxKinds: Kinds<GumbelSoftmaxOptions> = {
  tau: "number",
  hard: "boolean",
  eps: "number",
  dim: "number",
  generator: "any",
};

/** A draw from the Gumbel-softmax distribution. `torch.nn.functional.gumbel_softmax`. */
export function gumbelSoftmax(
  logits: Tensor,
  ...settings: Trailing<[tau: number, hard: boolean, eps: number, dim: number], GumbelSoftmaxOptions>
): Tensor {
  const options = settingsOf<GumbelSoftmaxOptions>("gumbel_softmax", settings, gumbelSoftmaxKinds, 4);
  checkCall("gumbel_softmax", [logits]);
  const { tau = 1, hard = false, dim = -1, generator } = options;
  const x = floats("gumbel_softmax", logits);
  const noise = neg(log(exponential(x.shape, 1, { dtype: x.dtype, device: x.device, generator })));
  const soft = softmax(div(add(x, noise), tau), dim);
  if (!hard) return soft;
  const at = normalizeDim("gumbelSoftmax", dim, x.shape.length);
  const oneHot = scatter(zerosLike(soft), at, argmax(soft.detach(), at, { keepdim: true }), 1);
  return add(sub(oneHot, soft.detach()), soft);
}

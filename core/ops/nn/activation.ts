/**
 * Activation functions. Where two branches meet, the gradient is the one PyTorch takes there; branches that could overflow are fed a
 * harmless argument where they are not chosen, because infinity times zero would spoil the gradient.
 *
 * @module
 */
import { inPlace, inPlaceWith, isNamed, type Named } from "../arguments.ts";
import { checkCall, checkKind, type Kinds } from "../options.ts";
import { named } from "../../apply.ts";
import { isFloat, scalarName } from "../../dtype.ts";
import { checkFits } from "../../dtype_info.ts";
import { DTypeError, ShapeError, ValueError } from "../../errors.ts";
import { reluPrim } from "../../prim/elementwise.ts";
import { normalizeDim, sizeOf } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { inSingle } from "../cast.ts";
import {
  abs,
  add,
  binaryAs,
  div,
  erf,
  exp,
  expm1,
  log1p,
  minimum,
  mul,
  neg,
  sigmoid,
  sub,
  tanh,
} from "../elementwise.ts";
import { ge, gt, le, logicalAnd, logicalOr, lt, where } from "../logical.ts";
import { gradientWhere } from "../pointwise.ts";
import { narrow, reshape } from "../view.ts";

/** x, once it is known to be floats. */
export function floats(op: string, x: Tensor): Tensor {
  if (isFloat(x.dtype)) return x.value;
  throw new DTypeError(
    `"${op}" not implemented for '${scalarName(x.dtype)}': it needs floats; cast with .to("float32")`,
  );
}

/** An option of activations that PyTorch can run in place. */
export interface InplaceOptions {
  /** Changes nothing: tensors are immutable, and which memory is used again is the planner's business. */
  readonly inplace?: boolean;
}

/** What that option holds. */
export const inplaceKinds: Kinds<InplaceOptions> = { inplace: "boolean" };

/** Refuses settings that are no numbers. */
export function checkNumbers(op: string, settings: Readonly<Record<string, number>>): void {
  for (const name in settings) checkKind(op, name, settings[name], "number");
}

/**
 * x where positive, else 0; the gradient at 0 is 0, NaN stays NaN. `torch.relu`.
 *
 * @example
 * ```ts
 * import { relu, tensor } from "@tenon/tenon";
 * console.log(relu(tensor([-1, 0, 2])).tolist()); // [ 0, 0, 2 ]
 * ```
 */
export function relu(x: Tensor, options?: InplaceOptions): Tensor {
  checkCall("relu", [x], options, inplaceKinds);
  if (x.dtype === "bool") throw new DTypeError("Boolean inputs not supported for relu");
  return binaryAs(reluPrim, 0, x, x.dtype);
}

/** x clipped to [low, high]; no gradient at the bounds. `torch.nn.functional.hardtanh`. */
export function hardtanh(
  x: Tensor,
  minVal: number | Named<{ minVal: number; maxVal: number }, InplaceOptions> = -1,
  maxVal: number | Named<{ minVal: number; maxVal: number }, InplaceOptions> = 1,
  options: InplaceOptions = {},
): Tensor {
  if (isNamed(minVal) || isNamed(maxVal)) {
    return hardtanh(x, ...inPlaceWith("hardtanh", ["minVal", "maxVal"], [minVal, maxVal], options));
  }
  checkCall("hardtanh", [x], options, inplaceKinds);
  checkNumbers("hardtanh", { minVal, maxVal });
  if (x.dtype === "bool") throw new DTypeError("Bool inputs not supported for hardtanh");
  if (x.dtype === "uint8" && (minVal <= -1 || maxVal <= -1)) {
    throw new ValueError(
      `cannot do hardtanh on an unsigned type with negative limits, in hardtanh(${minVal}, ${maxVal})`,
    );
  }
  const [low, high] = inTypeOf("hardtanh", x, [minVal, maxVal]);
  const raised = where(lt(x, low), low, x), y = where(gt(raised, high), high, raised);
  return named("Hardtanh", gradientWhere(() => logicalAnd(gt(x, low), lt(x, high)), x, y));
}

/** min(max(0, x), 6). `torch.nn.functional.relu6`. */
export function relu6(x: Tensor, options?: InplaceOptions): Tensor {
  checkCall("relu6", [x], options, inplaceKinds);
  return hardtanh(x, 0, 6);
}

/**
 * x where positive, else `negativeSlope` x. `torch.nn.functional.leaky_relu`.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "@tenon/tenon";
 * console.log(nn.functional.leakyRelu(tensor([-2, 2]), 0.5).tolist()); // [ -1, 2 ]
 * ```
 */
export function leakyRelu(
  x: Tensor,
  negativeSlope: number | Named<{ negativeSlope: number }, InplaceOptions> = 0.01,
  options: InplaceOptions = {},
): Tensor {
  if (isNamed(negativeSlope)) {
    return leakyRelu(x, ...inPlaceWith("leaky_relu", ["negativeSlope"], [negativeSlope], options));
  }
  checkCall("leaky_relu", [x], options, inplaceKinds);
  checkNumbers("leaky_relu", { negativeSlope });
  const y = floats("leaky_relu_cpu", x);
  return named("LeakyRelu", inSingle(y, (z) => where(gt(z, 0), z, mul(z, negativeSlope))));
}

/** Numbers as they are in the dtype of x, which has to hold them: without their fractions beside integers. */
function inTypeOf(op: string, x: Tensor, values: readonly number[]): readonly number[] {
  for (const value of values) checkFits(op, value, x.dtype);
  return isFloat(x.dtype) ? values : values.map(Math.trunc);
}

/** scale * (x where positive, else alpha (e^(inputScale x) - 1)). */
function scaledElu(op: string, x: Tensor, alpha: number, scale: number, inputScale: number): Tensor {
  const curve = (y: Tensor) => {
    const positive = gt(y, 0);
    // expm1 of a large positive argument is infinite, and its gradient times zero NaN.
    const argument = where(positive, 0, inputScale === 1 ? y : mul(y, inputScale));
    const left = mul(expm1(argument), alpha * scale);
    return where(positive, scale === 1 ? y : mul(y, scale), left);
  };
  return named("Elu", inSingle(floats(op, x), curve));
}

/** x where positive, else alpha (e^x - 1). `torch.nn.functional.elu`. */
export function elu(
  x: Tensor,
  alpha: number | Named<{ alpha: number }, InplaceOptions> = 1,
  options: InplaceOptions = {},
): Tensor {
  if (isNamed(alpha)) return elu(x, ...inPlaceWith("elu", ["alpha"], [alpha], options));
  checkCall("elu", [x], options, inplaceKinds);
  checkNumbers("elu", { alpha });
  return scaledElu("elu_cpu", x, alpha, 1, 1);
}

/** The self-normalising ELU. `torch.nn.functional.selu`. */
export function selu(x: Tensor, options?: InplaceOptions): Tensor {
  checkCall("selu", [x], options, inplaceKinds);
  return scaledElu("selu", x, 1.6732632423543772848170429916717, 1.0507009873554804934193349852946, 1);
}

/** x where positive, else alpha (e^(x / alpha) - 1). `torch.nn.functional.celu`. */
export function celu(
  x: Tensor,
  alpha: number | Named<{ alpha: number }, InplaceOptions> = 1,
  options: InplaceOptions = {},
): Tensor {
  if (isNamed(alpha)) return celu(x, ...inPlaceWith("celu", ["alpha"], [alpha], options));
  checkCall("celu", [x], options, inplaceKinds);
  checkNumbers("celu", { alpha });
  if (alpha === 0) throw new ValueError("ZeroDivisionError: alpha cannot be 0 for CELU");
  return named("Celu", scaledElu("celu", x, alpha, 1, 1 / alpha));
}

/** Options of `gelu`. */
export interface GeluOptions {
  /** `"none"` uses erf, `"tanh"` the approximation with tanh. */
  readonly approximate?: "none" | "tanh";
}

const geluKinds: Kinds<GeluOptions> = { approximate: "string" };

/**
 * x times the normal distribution's cumulative function at x. `torch.nn.functional.gelu`.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "@tenon/tenon";
 * const x = tensor([-1, 0, 2]);
 * console.log(String(nn.functional.gelu(x))); // tensor([-0.1587,  0.0000,  1.9545])
 * console.log(String(nn.functional.gelu(x, { approximate: "tanh" }))); // tensor([-0.1588,  0.0000,  1.9546])
 * ```
 */
export function gelu(x: Tensor, options: GeluOptions = {}): Tensor {
  checkCall("gelu", [x], options, geluKinds);
  const y = floats("GeluKernelImpl", x);
  const approximate = options.approximate ?? "none";
  if (approximate === "none") {
    return named("Gelu", inSingle(y, (z) => mul(mul(z, 0.5), add(erf(mul(z, Math.SQRT1_2)), 1))));
  }
  if (approximate !== "tanh") {
    throw new ValueError(`approximate argument must be either none or tanh, got ${approximate}, in gelu`);
  }
  const curve = (z: Tensor) => {
    const inner = mul(add(z, mul(mul(mul(z, z), z), 0.044715)), Math.sqrt(2 / Math.PI));
    return mul(mul(z, 0.5), add(tanh(inner), 1));
  };
  return named("Gelu", inSingle(y, curve));
}

/** x sigmoid(x), also called swish. `torch.nn.functional.silu`. */
export function silu(x: Tensor, options?: InplaceOptions): Tensor {
  checkCall("silu", [x], options, inplaceKinds);
  const y = floats("silu_cpu", x);
  return named("Silu", inSingle(y, (z) => mul(z, sigmoid(z))));
}

/** ln(1 + e^(beta x)) / beta; x itself where beta x is above `threshold`. `torch.nn.functional.softplus`. */
export function softplus(
  x: Tensor,
  beta: number | Named<{ beta: number; threshold: number }> = 1,
  threshold: number | Named<{ beta: number; threshold: number }> = 20,
): Tensor {
  if (isNamed(beta) || isNamed(threshold)) {
    return softplus(x, ...inPlace("softplus", ["beta", "threshold"], [beta, threshold]));
  }
  checkCall("softplus", [x]);
  checkNumbers("softplus", { beta, threshold });
  const curve = (y: Tensor) => {
    const scaled = beta === 1 ? y : mul(y, beta);
    const linear = gt(scaled, threshold);
    const curved = log1p(exp(where(linear, 0, scaled)));
    return where(linear, y, beta === 1 ? curved : div(curved, beta));
  };
  return named("Softplus", inSingle(floats("softplus_cpu", x), curve));
}

/** tanh(log(1 + e)) = n / (n + 2) with n = e (e + 2), where e = exp(x); 1 where e^2 would overflow or is all that counts. */
function mishCurve(x: Tensor): Tensor {
  const linear = gt(x, 20), e = exp(where(linear, 0, x)), n = mul(e, add(e, 2));
  return where(linear, x, mul(x, div(n, add(n, 2))));
}

/** x tanh(softplus(x)). `torch.nn.functional.mish`. */
export function mish(x: Tensor, options?: InplaceOptions): Tensor {
  checkCall("mish", [x], options, inplaceKinds);
  const y = floats("mish_cpu", x);
  return named("Mish", inSingle(y, mishCurve));
}

/** x / (1 + |x|). `torch.nn.functional.softsign`. */
export function softsign(x: Tensor): Tensor {
  checkCall("softsign", [x]);
  return div(x, add(abs(x), 1));
}

/** x + 3 clipped to [0, 6], over 6. `torch.nn.functional.hardsigmoid`. */
export function hardsigmoid(x: Tensor, options?: InplaceOptions): Tensor {
  checkCall("hardsigmoid", [x], options, inplaceKinds);
  const curve = (y: Tensor) => {
    const sloped = gradientWhere(() => lt(abs(y), 3), y, y);
    return where(le(y, -3), 0, where(ge(y, 3), 1, div(add(sloped, 3), 6)));
  };
  return named("Hardsigmoid", inSingle(floats("hardsigmoid", x), curve));
}

/** x hardsigmoid(x). `torch.nn.functional.hardswish`. */
export function hardswish(x: Tensor, options?: InplaceOptions): Tensor {
  checkCall("hardswish", [x], options, inplaceKinds);
  const curve = (y: Tensor) => {
    // Infinity has a slope outside of the curve, and NaN one inside.
    const low = lt(y, -3), high = gt(y, 3), inner = where(logicalOr(low, high), 0, y);
    return where(low, mul(y, 0), where(high, y, div(mul(inner, add(inner, 3)), 6)));
  };
  return named("Hardswish", inSingle(floats("hardswish_cpu", x), curve));
}

/** 0 where |x| is at most `lambda`, else x. `torch.nn.functional.hardshrink`. */
export function hardshrink(x: Tensor, lambda: number | Named<{ lambd: number }> = 0.5): Tensor {
  if (isNamed(lambda)) return hardshrink(x, ...inPlace("hardshrink", ["lambd"], [lambda]));
  checkCall("hardshrink", [x]);
  checkNumbers("hardshrink", { lambd: lambda });
  const y = floats("hardshrink_cpu", x);
  const z = where(le(abs(y), lambda), 0, y);
  return named("Hardshrink", gradientWhere(() => gt(abs(y), lambda), y, z));
}

/** x moved towards 0 by `lambda`, and 0 in between. `torch.nn.functional.softshrink`. */
export function softshrink(x: Tensor, lambda: number | Named<{ lambd: number }> = 0.5): Tensor {
  if (isNamed(lambda)) return softshrink(x, ...inPlace("softshrink", ["lambd"], [lambda]));
  checkCall("softshrink", [x]);
  checkNumbers("softshrink", { lambd: lambda });
  if (!(lambda >= 0)) {
    throw new ValueError(`lambda must be greater or equal to 0, but found to be ${lambda}, in softshrink`);
  }
  const y = floats("softshrink_cpu", x);
  return named("Softshrink", where(gt(y, lambda), sub(y, lambda), where(lt(y, -lambda), add(y, lambda), 0)));
}

/** x - tanh(x). `torch.nn.functional.tanhshrink`. */
export function tanhshrink(x: Tensor): Tensor {
  checkCall("tanhshrink", [x]);
  return sub(x, tanh(x));
}

/** x where above `limit`, else `value`. `torch.nn.functional.threshold`. */
export function threshold(
  x: Tensor,
  limit: number | Named<{ threshold: number; value: number }, InplaceOptions>,
  value: number | Named<{ threshold: number; value: number }, InplaceOptions>,
  options: InplaceOptions = {},
): Tensor {
  if (isNamed(limit) || isNamed(value)) {
    return threshold(x, ...inPlaceWith("threshold", ["threshold", "value"], [limit, value], options));
  }
  checkCall("threshold", [x], options, inplaceKinds);
  checkNumbers("threshold", { threshold: limit, value });
  if (x.dtype === "bool") throw new DTypeError(`"threshold_cpu" not implemented for 'Bool'`);
  const [from, instead] = inTypeOf("threshold", x, [limit, value]);
  return named("Threshold", where(le(x, from), instead, x));
}

/** ln sigmoid(x). `torch.nn.functional.logsigmoid`. */
export function logsigmoid(x: Tensor): Tensor {
  checkCall("logsigmoid", [x]);
  // Either side is the same function; at 0 each gives half of the gradient.
  const curve = (y: Tensor) => sub(minimum(y, 0), log1p(exp(neg(abs(y)))));
  return named("LogSigmoid", inSingle(floats("log_sigmoid_cpu", x), curve));
}

/** x where positive, else weight * x, with one weight or one per channel (dimension 1). `torch.nn.functional.prelu`. */
export function prelu(x: Tensor, weight: Tensor): Tensor {
  checkCall("prelu", [x, weight]);
  const count = sizeOf(weight.shape), rank = x.shape.length;
  if (weight.shape.length > 1) {
    throw new ShapeError(
      `prelu: Expected \`weight\` to be a scalar or 1D tensor, but got ndim = ${weight.shape.length}`,
    );
  }
  if (count !== 1) {
    if (rank === 0) throw new ShapeError("Not allow zero-dim input tensor, in prelu with several weights");
    const found = rank > 1 ? x.shape[1] : 1;
    if (found !== count) {
      throw new ShapeError(
        `Mismatch of parameter numbers and input channel size. Found parameter numbers = ${count} and channel size = ${found}, in prelu of [${
          x.shape.join(", ")
        }]`,
      );
    }
  }
  if (x.dtype !== weight.dtype) {
    throw new DTypeError(
      `Found dtype ${scalarName(weight.dtype)} but expected ${
        scalarName(x.dtype)
      }, in prelu: cast one with .to()`,
    );
  }
  const slope = reshape(weight, count === 1 ? [] : x.shape.slice(1).map((_, d) => d === 0 ? count : 1));
  // The slope has no part in what is positive, which may be infinite.
  const positive = gt(x, 0);
  return named("Prelu", where(positive, x, mul(where(positive, 0, x), slope)));
}

/**
 * The first half along `dim` times the sigmoid of the second. `torch.nn.functional.glu`.
 *
 * @throws {ShapeError} when the dimension has an odd size
 * @example
 * ```ts
 * import { nn, tensor } from "@tenon/tenon";
 * console.log(nn.functional.glu(tensor([1, 2, 0, 0])).tolist()); // [ 0.5, 1 ]
 * ```
 */
export function glu(x: Tensor, dim: number | Named<{ dim: number }> = -1): Tensor {
  if (isNamed(dim)) return glu(x, ...inPlace("glu", ["dim"], [dim]));
  checkCall("glu", [x]);
  if (x.shape.length === 0) throw new ShapeError("glu does not support 0-dimensional tensors");
  const at = normalizeDim("glu", dim, x.shape.length), size = x.shape[at];
  if (size % 2 !== 0) {
    throw new ShapeError(
      `Halving dimension must be even, but dimension ${at} is size ${size}, in glu of [${
        x.shape.join(", ")
      }]`,
    );
  }
  const curve = (y: Tensor) => mul(narrow(y, at, 0, size / 2), sigmoid(narrow(y, at, size / 2, size / 2)));
  return named("Glu", inSingle(floats("glu_cpu", x), curve));
}

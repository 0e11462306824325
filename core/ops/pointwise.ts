/**
 * Elementwise functions made of others: clamping, interpolation, logarithms of sums, special functions. Those with a kernel instruction of
 * their own are in elementwise.ts.
 *
 * @module
 */
import { named } from "../apply.ts";
import { cppName, isFloat, scalarName } from "../dtype.ts";
import { checkFits, finfo } from "../dtype_info.ts";
import { DTypeError, ValueError } from "../errors.ts";
import { Tensor } from "../tensor.ts";
import {
  asFloat,
  cast,
  castLike,
  commonType,
  deviceOf,
  factorOf,
  floatType,
  inSingle,
  requireFloat,
  type TensorLike,
  toTensor,
} from "./cast.ts";
import {
  abs,
  add,
  div,
  exp,
  exp2,
  floatsAlone,
  hypot,
  log,
  log1p,
  maximum,
  mul,
  pow,
  reciprocal,
  sin,
  sub,
  trunc,
} from "./elementwise.ts";
import { onesLike } from "./create.ts";
import { eq, ge, gt, isnan, le, logicalAnd, logicalNot, logicalOr, lt, where } from "./logical.ts";
import { nothing } from "./routine.ts";
import { inPlace, isNamed, type Named, numberIn } from "./arguments.ts";
import { checkCall, checkKind, type Kinds } from "./options.ts";

/**
 * x with what is below `min` raised to it and what is above `max` lowered to it; either may be left out or null, both may be tensors. Where the
 * bounds cross, `max` wins. The gradient is 1 inside, bounds included. `torch.clamp`.
 *
 * @throws {ValueError} when both bounds are missing
 */
export function clamp(
  x: Tensor,
  min?: TensorLike | null | Named<{ min: TensorLike | null; max: TensorLike | null }>,
  max?: TensorLike | null | Named<{ min: TensorLike | null; max: TensorLike | null }>,
): Tensor {
  if (isNamed(min) || isNamed(max)) return clamp(x, ...inPlace("clamp", ["min", "max"], [min, max]));
  checkCall("clamp", [x]);
  const noMin = min === undefined || min === null, noMax = max === undefined || max === null;
  if (noMin && noMax) throw new ValueError("torch.clamp: At least one of 'min' or 'max' must not be None");
  // A bound that is NaN in a tensor gives NaN.
  const beyond = (bound: TensorLike, crossed: Tensor) =>
    bound instanceof Tensor && isFloat(bound.dtype) ? logicalOr(crossed, isnan(bound)) : crossed;
  // One dtype for all before anything is compared: a number wraps to the dtype that it is compared in.
  const bounds = [min, max].filter((b) => b !== undefined && b !== null);
  const y = cast(x, commonType("clamp", [x, ...bounds]));
  for (const b of bounds) if (!(b instanceof Tensor)) checkFits("clamp", b, y.dtype);
  // PyTorch fills with a NaN that is one of two numbers, and does not see one that stands alone.
  if (bounds.length === 2 && bounds.some((b) => typeof b === "number" && Number.isNaN(b))) {
    return named("ClampBackward1", add(nothing(y.shape, [y]), NaN));
  }
  const raised = noMin ? y : where(beyond(min, lt(y, min)), min, y);
  const tensors = min instanceof Tensor || max instanceof Tensor;
  const z = noMax ? raised : where(beyond(max, gt(raised, max)), max, raised);
  const inside = () => logicalAnd(noMin ? true : ge(y, min), noMax ? true : le(y, max));
  const held = gradientWhere(inside, y, z);
  if (!tensors || held === z) return named(tensors ? "Clamp" : "ClampBackward1", held);
  // Each bound takes the gradient where it is the result, unless that is NaN. Equal ones share none.
  const apart = noMin || noMax ? true : lt(min, max);
  const above = noMax ? held : where(gt(raised, max), max, held);
  return named("Clamp", noMin ? above : where(logicalAnd(lt(y, min), apart), min, above));
}

/** `z`, which is y where `passes` holds: there it has the gradient of y, and elsewhere none. */
export function gradientWhere(passes: () => Tensor, y: Tensor, z: Tensor): Tensor {
  return z.value.track === 0 ? z : where(passes(), y, z.detach());
}

/** 0 where `at` holds, with a gradient of NaN in x, as the length of a vector of zeros has; 1 elsewhere. x is finite where `at` holds. */
export function indefinite(at: Tensor, x: Tensor): Tensor {
  return hypot(where(at, sub(x, x.detach()), 1), 0);
}

/** `clamp` under NumPy's name. `torch.clip`. */
export function clip(
  x: Tensor,
  min?: TensorLike | null | Named<{ min: TensorLike | null; max: TensorLike | null }>,
  max?: TensorLike | null | Named<{ min: TensorLike | null; max: TensorLike | null }>,
): Tensor {
  if (isNamed(min) || isNamed(max)) return clip(x, ...inPlace("clip", ["min", "max"], [min, max]));
  return clamp(x, min, max);
}

/**
 * From a (weight 0) to b (weight 1) on a straight line, exact at both ends. `torch.lerp`.
 *
 * @example
 * ```ts
 * import { lerp, tensor } from "@tenon/tenon";
 * console.log(lerp(tensor([0, 10]), tensor([10, 20]), 0.25).tolist()); // [ 2.5, 12.5 ]
 * ```
 */
export function lerp(a: Tensor, b: Tensor, weight: Tensor | number): Tensor {
  checkCall("lerp", [a, b]);
  if (a.dtype !== b.dtype) {
    const [start, end] = [a, b].map((x) => cppName(x.dtype));
    throw new DTypeError(
      `expected dtype ${start} for \`end\` but got dtype ${end}, in lerp; cast one with .to()`,
    );
  }
  const [name, kernel] = typeof weight === "number" ? ["Lerp", "scalar"] : ["LerpBackward1", "tensor"];
  requireFloat(`lerp_kernel_${kernel}`, a);
  const line = (start: Tensor) => {
    const end = castLike(b, start), range = sub(end, start);
    if (typeof weight === "number") {
      if (weight < 0.5) return add(start, mul(range, weight));
      return sub(end, mul(range, sub(1, toTensor(weight, start.dtype, start.device))));
    }
    // The end that is nearer and the step from it, chosen before they are multiplied: a gradient that is masked to 0 is NaN times infinity.
    const early = lt(weight, 0.5);
    return add(where(early, start, end), mul(range, where(early, weight, sub(weight, 1))));
  };
  return named(name, inSingle(a, line));
}

/** `f` of tensors in the dtype that they have in common, in float32 where that is of half precision. */
function together(
  op: string,
  tensors: readonly [Tensor, Tensor, Tensor],
  f: (x: Tensor, a: Tensor, b: Tensor) => Tensor,
): Tensor {
  const dtype = commonType(op, tensors), [x, a, b] = tensors.map((t) => cast(t, dtype));
  return inSingle(x, (z) => f(z, castLike(a, z), castLike(b, z)));
}

const addcmulKinds: Kinds<{ readonly value?: number | Tensor }> = {
  value: "scalar",
};

/** x + value * a * b. `torch.addcmul`. */
export function addcmul(
  x: Tensor,
  a: Tensor,
  b: Tensor,
  options: { readonly value?: number | Tensor } = {},
): Tensor {
  checkCall("addcmul", [x, a, b], options, addcmulKinds);
  const value = numberIn("addcmul", "value", options.value ?? 1);
  const factor = factorOf("addcmul", value, commonType("addcmul", [x, a, b]));
  const sum = (x: Tensor, a: Tensor, b: Tensor) => {
    const product = mul(a, b);
    return add(x, value === 1 ? product : mul(product, factor));
  };
  return named("Addcmul", together("addcmul", [x, a, b], sum));
}

const addcdivKinds: Kinds<{ readonly value?: number | Tensor }> = {
  value: "scalar",
};

/** x + value * a / b. `torch.addcdiv`. */
export function addcdiv(
  x: Tensor,
  a: Tensor,
  b: Tensor,
  options: { readonly value?: number | Tensor } = {},
): Tensor {
  checkCall("addcdiv", [x, a, b], options, addcdivKinds);
  const value = numberIn("addcdiv", "value", options.value ?? 1);
  if (!isFloat(commonType("addcdiv", [a, b]))) {
    throw new DTypeError(
      "Integer division with addcdiv is no longer supported: cast with .to(), or use x.add(a.div(b, { roundingMode }))",
    );
  }
  const factor = factorOf("addcdiv", value, commonType("addcdiv", [x, a, b]));
  const sum = (x: Tensor, a: Tensor, b: Tensor) => add(x, value === 1 ? div(a, b) : mul(div(a, b), factor));
  return named("Addcdiv", together("addcdiv", [x, a, b], sum));
}

/** Options of `nanToNum`. */
export interface NanToNumOptions {
  /** What NaN becomes; 0 by default. */
  readonly nan?: number | null;
  /** What Infinity becomes; the dtype's largest number by default. */
  readonly posinf?: number | null;
  /** What -Infinity becomes; the dtype's lowest number by default. */
  readonly neginf?: number | null;
}

const nanToNumKinds: Kinds<NanToNumOptions> = {
  nan: "number?",
  posinf: "number?",
  neginf: "number?",
};

/**
 * x with NaN and infinities replaced by numbers. `torch.nan_to_num`.
 *
 * @example
 * ```ts
 * import { nanToNum, tensor } from "@tenon/tenon";
 * console.log(nanToNum(tensor([NaN, 1]), { nan: 5 }).tolist()); // [ 5, 1 ]
 * ```
 */
export function nanToNum(x: Tensor, options: NanToNumOptions = {}): Tensor {
  checkCall("nan_to_num", [x], options, nanToNumKinds);
  if (!isFloat(x.dtype)) return x.value;
  const { max, min } = finfo(x.dtype);
  const nan = options.nan ?? 0, posinf = options.posinf ?? max, neginf = options.neginf ?? min;
  const high = where(eq(x, Infinity), posinf, x);
  return named("NanToNum", where(isnan(x), nan, where(eq(x, -Infinity), neginf, high)));
}

/** x * x. `torch.square`. */
export function square(x: Tensor): Tensor {
  return pow(x, 2);
}

/** x without its whole part, with the sign of x. `torch.frac`. */
export function frac(x: Tensor): Tensor {
  checkCall("frac", [x]);
  if (!isFloat(x.dtype)) {
    throw new DTypeError(`"frac_cpu" not implemented for '${scalarName(x.dtype)}': it needs floats`);
  }
  return named("Frac", sub(x, trunc(x)));
}

/** Degrees as radians. `torch.deg2rad`. */
export function deg2rad(x: Tensor): Tensor {
  checkCall("deg2rad", [x]);
  return named("Deg2Rad", mul(asFloat(x), Math.PI / 180));
}

/** Radians as degrees. `torch.rad2deg`. */
export function rad2deg(x: Tensor): Tensor {
  checkCall("rad2deg", [x]);
  return named("Rad2Deg", mul(asFloat(x), 180 / Math.PI));
}

/** 1 above zero, `values` at zero, else 0. `torch.heaviside`. */
export function heaviside(x: Tensor, values: Tensor): Tensor {
  checkCall("heaviside", [x, values]);
  if (x.dtype !== values.dtype) {
    throw new DTypeError("heaviside is not yet implemented for tensors with different dtypes.");
  }
  return where(eq(x, 0), values, cast(gt(x, 0), x.dtype)).detach();
}

/** The larger one of two floats, and `log` of minus their distance more. */
function logSum(op: string, a: Tensor, b: Tensor, log: (gap: Tensor) => Tensor): Tensor {
  const dtype = floatsAlone(op, a, b), y = cast(b, dtype);
  return inSingle(cast(a, dtype), (x) => {
    const other = cast(y, x.dtype);
    // Equal operands may be infinite; their difference would be NaN.
    return add(maximum(x, other), log(where(eq(x, other), 0, mul(abs(sub(x, other)), -1))));
  });
}

/** ln(e^a + e^b), without overflow. `torch.logaddexp`. */
export function logaddexp(a: Tensor, b: Tensor): Tensor {
  checkCall("logaddexp", [a, b]);
  return named("Logaddexp", logSum("logaddexp", a, b, (gap) => log1p(exp(gap))));
}

/** log2(2^a + 2^b), without overflow. `torch.logaddexp2`. */
export function logaddexp2(a: Tensor, b: Tensor): Tensor {
  checkCall("logaddexp2", [a, b]);
  return named("Logaddexp2", logSum("logaddexp2", a, b, (gap) => mul(log1p(exp2(gap)), 1 / Math.LN2)));
}

/** a ln(b), which is 0 where a is 0 and b is not NaN. `torch.xlogy`. */
export function xlogy(a: TensorLike, b: TensorLike): Tensor {
  const dtype = floatType(commonType("xlogy", [a, b])), device = deviceOf([a, b]);
  const x = toTensor(a, dtype, device), y = toTensor(b, dtype, device);
  // Only where the product would be 0 times infinity does anything need care.
  const none = eq(x, 0), zero = logicalAnd(none, logicalOr(le(y, 0), eq(y, Infinity)));
  // No zero of the product has a sign where x is 0; the gradient there is ln(y) as elsewhere.
  const unsigned = (z: Tensor) => where(none, add(z, 0), z);
  const product = (s: Tensor, t: Tensor) => unsigned(mul(s, log(t))), safe = where(zero, 1, y);
  // PyTorch's steps round bfloat16, but not float16.
  const z = dtype === "float16"
    ? cast(product(cast(x, "float32"), cast(safe, "float32")), dtype)
    : product(x, safe);
  if (y.track === 0) return named("Xlogy", z);
  // The gradient in y is x / y.
  const undefinedAt = logicalAnd(none, eq(y, 0));
  return named("Xlogy", where(undefinedAt, indefinite(undefinedAt, y), z));
}

/** sin(pi x) / (pi x), 1 at 0. `torch.sinc`. */
export function sinc(x: Tensor): Tensor {
  checkCall("sinc", [x]);
  const curve = (y: Tensor) => {
    const zero = eq(y, 0), angle = mul(where(zero, 1, y), Math.PI);
    return where(zero, 1, div(sin(angle), angle));
  };
  return named("Sinc", inSingle(asFloat(x), curve));
}

/** ln(x / (1 - x)), NaN with its gradient outside of [0, 1], x first clamped to [eps, 1 - eps] if given. `torch.logit`. */
export function logit(x: Tensor, eps?: number | null | Named<{ eps: number | null }>): Tensor {
  if (isNamed(eps)) return logit(x, ...inPlace("logit", ["eps"], [eps]));
  checkCall("logit", [x]);
  checkKind("logit", "eps", eps, "number?");
  const z = asFloat(x);
  // ln(x) alone would have a gradient where it is NaN, and a clamped NaN would have none.
  const y = typeof eps === "number"
    ? where(isnan(z), z, clamp(z, eps, 1 - eps))
    : mul(z, where(logicalOr(lt(z, 0), gt(z, 1)), NaN, onesLike(z)));
  const curve = (p: Tensor) => log(div(p, sub(1, p)));
  if (y.track === 0) return named("Logit", curve(y));
  // The gradient, 1 / (x (1 - x)), is infinite at 0 and 1: there by two logarithms, elsewhere by the quotient.
  const atEnd = logicalOr(eq(y, 0), eq(y, 1));
  return named("Logit", where(atEnd, sub(log(y), log1p(mul(y, -1))), curve(where(atEnd, 0.5, y))));
}

/** Bernoulli numbers B(2k) for k from 1, the coefficients of trigamma's expansion at infinity. */
const bernoulli = [1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6];

/** The second derivative of ln gamma(x). `torch.polygamma(1, x)`. */
export function trigamma(x: Tensor): Tensor {
  return named("Polygamma", inSingle(asFloat(x), trigammaOf));
}

function trigammaOf(y: Tensor): Tensor {
  const small = lt(y, 0.5);
  // psi1(x) = pi^2 / sin(pi x)^2 - psi1(1 - x) for small x
  let z = where(small, sub(1, y), y);
  // psi1(z) = 1 / z^2 + psi1(z + 1), eight times; then the asymptotic series
  let sum: Tensor | null = null;
  for (let i = 0; i < 8; i++) {
    const term = reciprocal(square(z));
    sum = sum === null ? term : add(sum, term);
    z = add(z, 1);
  }
  const inverse = reciprocal(z), inverse2 = square(inverse);
  let series: Tensor = mul(inverse2, bernoulli[bernoulli.length - 1]);
  for (let k = bernoulli.length - 2; k >= 0; k--) series = mul(inverse2, add(series, bernoulli[k]));
  // 1 / z + 1 / (2 z^2) + sum of B(2k) / z^(2k + 1)
  const tail = mul(inverse, add(add(mul(inverse, 0.5), 1), series));
  const right = sum === null ? tail : add(sum, tail);
  const reflected = sub(
    mul(reciprocal(square(sin(mul(where(small, y, 0.25), Math.PI)))), Math.PI ** 2),
    right,
  );
  return where(small, reflected, right);
}

/** Whether the sign bit is set: true where negative, -0 included. `torch.signbit`. */
export function signbit(x: Tensor): Tensor {
  checkCall("signbit", [x]);
  if (!isFloat(x.dtype)) return x.dtype === "bool" ? logicalNot(eq(x, x)) : lt(x, 0);
  return logicalOr(lt(x, 0), logicalAnd(eq(x, 0), lt(reciprocal(x), 0)));
}

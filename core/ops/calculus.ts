/**
 * Numerical calculus of samples: integrals by trapezoids, derivatives by differences.
 *
 * @module
 */
import { named } from "../apply.ts";
import { DTypeError, IndexError, ShapeError, ValueError } from "../errors.ts";
import { normalizeDim, normalizeDims } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import { asFloat } from "./cast.ts";
import { tensor } from "./create.ts";
import { add, div, mul, sub } from "./elementwise.ts";
import { sum } from "./reduce.ts";
import { cumsum } from "./scan.ts";
import { narrow, reshape, select } from "./view.ts";
import { cat } from "./join.ts";
import { inPlaceWith, isNamed, type Named } from "./arguments.ts";
import { checkCall, type Kinds } from "./options.ts";

/** The places of samples: a vector, or what broadcasts to their shape. */
export type SamplePlaces = Tensor | readonly number[] | null;

/** Where the samples are: their distance, or their places along the dimension. */
export interface TrapezoidOptions {
  /** The distance of all neighbours; 1 by default. */
  readonly dx?: number;
  /** The places of the samples: a vector, or what broadcasts to the samples' shape. */
  readonly x?: SamplePlaces;
  /** The last dimension by default. */
  readonly dim?: number;
}

const trapezoidKinds: Kinds<TrapezoidOptions> = { dx: "number", x: "any?", dim: "number" };

/** The sums of neighbours, in the dtype of y, and the steps between them. */
function trapezoids(
  op: string,
  y: Tensor,
  options: TrapezoidOptions,
): { readonly sums: Tensor; readonly steps: Tensor | number; readonly dim: number } {
  checkCall(op, [y], options, trapezoidKinds);
  const { dx = 1, x, dim = -1 } = options;
  if (y.dtype === "bool") {
    throw new DTypeError(`${op}: received a bool input for \`y\`, but bool is not supported`);
  }
  if (x instanceof Tensor && x.dtype === "bool") {
    throw new DTypeError(`${op}: received a bool input for \`x\`, but bool is not supported`);
  }
  const at = normalizeDim(op, dim, y.shape.length), size = y.shape[at];
  if (y.shape.length === 0) {
    throw new IndexError(`Dimension specified as ${dim} but tensor has no dimensions, in ${op}`);
  }
  const pairs = (t: Tensor, d: number) =>
    [narrow(t, d, 1, Math.max(0, t.shape[d] - 1)), narrow(t, d, 0, Math.max(0, t.shape[d] - 1))] as const;
  if (size === 0) return { sums: y.value, steps: 1, dim: at };
  const [after, before] = pairs(y, at), sums = add(after, before);
  if (x === undefined || x === null) return { sums, steps: dx, dim: at };
  const places = x instanceof Tensor ? x : tensor(x, { device: y.device });
  if (places.shape.length === 1) {
    if (places.shape[0] !== size) {
      throw new ShapeError(
        `${op}: There must be one \`x\` value for each sample point, but got ${places.shape[0]} for ${size}`,
      );
    }
    const [p, q] = pairs(places, 0);
    const steps = reshape(sub(p, q), sums.shape.map((_, d) => d === at ? size - 1 : 1));
    return { sums, steps, dim: at };
  }
  const missing = y.shape.length - places.shape.length;
  const lined = missing > 0 ? reshape(places, [...Array<number>(missing).fill(1), ...places.shape]) : places;
  const [p, q] = pairs(lined, at);
  return { sums, steps: sub(p, q), dim: at };
}

/**
 * The integral along a dimension by the trapezoidal rule, of samples at the places `x`, or evenly `dx` apart. `torch.trapezoid`, `torch.trapz`.
 *
 * @throws {ShapeError} when there is not one x for each y
 * @example
 * ```ts
 * import { tensor, trapezoid } from "@tenon/tenon";
 * console.log(trapezoid(tensor([1, 2, 3]), { dx: 0.5 }).item()); // 2
 * ```
 */
export function trapezoid(
  y: Tensor,
  x: SamplePlaces | Named<{ x: SamplePlaces }, TrapezoidOptions> = null,
  options: Omit<TrapezoidOptions, "x"> = {},
): Tensor {
  if (isNamed(x)) return trapezoid(y, ...inPlaceWith("trapezoid", ["x"], [x], options));
  const { sums, steps, dim } = trapezoids("trapezoid", y, { ...options, x });
  if (y.shape[dim] === 0) return sum(y, dim, { dtype: y.dtype });
  if (typeof steps !== "number") return named("DivBackward1", div(sum(mul(sums, steps), dim), 2));
  // Of equal steps, all samples count but half of the first and the last; of whole numbers, only the sum of these two wraps.
  const ends = mul(add(select(y, dim, 0), select(y, dim, -1)), 0.5);
  return named("MulBackward1", mul(sub(sum(y, dim), ends), steps));
}

/** The running integral along a dimension by the trapezoidal rule, one element shorter. `torch.cumulative_trapezoid`. */
export function cumulativeTrapezoid(
  y: Tensor,
  x: SamplePlaces | Named<{ x: SamplePlaces }, TrapezoidOptions> = null,
  options: Omit<TrapezoidOptions, "x"> = {},
): Tensor {
  if (isNamed(x)) return cumulativeTrapezoid(y, ...inPlaceWith("cumulative_trapezoid", ["x"], [x], options));
  const { sums, steps, dim } = trapezoids("cumulative_trapezoid", y, { ...options, x });
  const areas = mul(typeof steps === "number" ? asFloat(sums) : sums, steps);
  return named(typeof steps === "number" ? "Cumsum" : "DivBackward1", div(cumsum(areas, dim), 2));
}

/** `trapezoid` under its old name. `torch.trapz`. */
export const trapz: typeof trapezoid = trapezoid;

/** Options of `gradient`. */
export interface GradientOptions {
  /** The distance of neighbours (1 by default), one for each dimension, or the places of the samples along each. */
  readonly spacing?: number | readonly (number | Tensor)[] | null;
  /** All dimensions by default. */
  readonly dim?: number | readonly number[] | null;
  /** 1 or 2: how many differences the estimate at the ends uses; 1 by default. */
  readonly edgeOrder?: 1 | 2;
}

const gradientKinds: Kinds<GradientOptions> = {
  spacing: "any?",
  dim: "any?",
  edgeOrder: "any",
};

/** The derivative along one dimension; `places` are those of the samples. */
function derivative(x: Tensor, dim: number, places: Tensor, edgeOrder: 1 | 2): Tensor {
  const n = x.shape[dim], part = (t: Tensor, start: number, length: number) => narrow(t, dim, start, length);
  const at = reshape(places, x.shape.map((_, d) => d === dim ? n : 1));
  const step = sub(part(at, 1, n - 1), part(at, 0, n - 1));
  const slope = div(sub(part(x, 1, n - 1), part(x, 0, n - 1)), step);
  if (n === 2) return cat([slope, slope], dim);
  const before = part(slope, 0, n - 2), after = part(slope, 1, n - 2);
  const left = part(step, 0, n - 2), right = part(step, 1, n - 2), both = add(left, right);
  // The parabola through three neighbours: slopes weighed by the other side's distance.
  const inside = div(add(mul(before, right), mul(after, left)), both);
  const curve = div(sub(after, before), both);
  const ends = (first: boolean) => {
    const i = first ? 0 : n - 2, edge = part(slope, i, 1);
    if (edgeOrder === 1) return edge;
    const bend = mul(part(curve, first ? 0 : n - 3, 1), part(step, i, 1));
    return first ? sub(edge, bend) : add(edge, bend);
  };
  return cat([ends(true), inside, ends(false)], dim);
}

/** The derivative along one dimension of samples that are `step` apart; differences are of the dtype of x. */
function evenDerivative(x: Tensor, dim: number, step: number, edgeOrder: 1 | 2): Tensor {
  const n = x.shape[dim], part = (start: number, length: number) => narrow(x, dim, start, length);
  const difference = (high: number, low: number, length: number) => {
    return div(sub(part(high, length), part(low, length)), step);
  };
  // At an end the slope of the parabola through the end and two neighbours: -3/2 a + 2 b - 1/2 c.
  const bend = (a: number, b: number, c: number, sign: number) => {
    const sum = add(
      sub(mul(part(a, 1), -1.5 * sign), mul(part(b, 1), -2 * sign)),
      mul(part(c, 1), -0.5 * sign),
    );
    return div(sum, step);
  };
  const inside = div(difference(2, 0, n - 2), 2);
  return edgeOrder === 1
    ? cat([difference(1, 0, 1), inside, difference(n - 1, n - 2, 1)], dim)
    : cat([bend(0, 1, 2, 1), inside, bend(n - 1, n - 2, n - 3, -1)], dim);
}

/** Estimates of the derivatives along dimensions, one tensor each: central differences inside, one-sided ones at the ends. `torch.gradient`. */
export function gradient(x: Tensor, options: GradientOptions = {}): Tensor[] {
  checkCall("gradient", [x], options, gradientKinds);
  const { edgeOrder = 1 } = options, spacing = options.spacing ?? 1;
  const dims = normalizeDims("gradient", options.dim, x.shape.length);
  const given = typeof spacing === "number" ? dims.map(() => spacing) : spacing;
  if (given.length !== dims.length) {
    throw new ValueError(
      options.dim === undefined || options.dim === null
        ? `torch.gradient expected spacing to be unspecified, a scalar, or a list of length ${dims.length}, but got a list of length ${given.length}`
        : `torch.gradient expected spacing to be unspecified, a scalar or it's spacing and dim arguments to have the same length, but got a spacing argument of length ${given.length} and a dim argument of length ${dims.length}.`,
    );
  }
  if (edgeOrder !== 1 && edgeOrder !== 2) {
    throw new ValueError("torch.gradient only supports edge_order=1 and edge_order=2.");
  }
  if (x.dtype === "uint8") {
    throw new DTypeError(
      'torch.gradient does not support uint8 input.; cast with .to("int64") or .to("float32")',
    );
  }
  return dims.map((dim, i) => {
    const n = x.shape[dim], space = given[i];
    if (n <= edgeOrder) {
      throw new ShapeError(
        `torch.gradient expected each dimension size to be at least edge_order+1, but dimension ${dim} has size ${n}`,
      );
    }
    if (typeof space === "number") return evenDerivative(x, dim, space, edgeOrder);
    if (space.shape.length !== 1 || space.shape[0] !== n) {
      throw new ShapeError(
        `torch.gradient expected each spacing tensor to be a vector of as many places as samples, but got [${
          space.shape.join(", ")
        }] for ${n}`,
      );
    }
    return derivative(asFloat(x), dim, space, edgeOrder);
  });
}

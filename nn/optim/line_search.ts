/**
 * A line search for a step that fulfils the strong Wolfe conditions.
 *
 * @module
 */

/** A point on the line: the step, the loss there, its slope along the line, and whatever the caller needs of it. */
export interface LinePoint<G> {
  /** The step. */
  readonly t: number;
  /** The loss. */
  readonly loss: number;
  /** The derivative of the loss along the line. */
  readonly slope: number;
  /** The gradient there. */
  readonly grad: G;
}

/** The minimum of the cubic through two points with their slopes, within bounds. */
function cubicMinimum<G>(a: LinePoint<G>, b: LinePoint<G>, low: number, high: number): number {
  const d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.t - b.t);
  const square = d1 * d1 - a.slope * b.slope;
  if (!(square >= 0)) return (low + high) / 2;
  const d2 = Math.sqrt(square);
  const t = a.t <= b.t
    ? b.t - (b.t - a.t) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2))
    : a.t - (a.t - b.t) * ((a.slope + d2 - d1) / (a.slope - b.slope + 2 * d2));
  return Math.min(Math.max(t, low), high);
}

const armijo = 1e-4, curvature = 0.9, mostEvaluations = 25;

/** A new trial step inside a bracket, kept away from its ends when the search does not get on. */
function trial<G>(low: LinePoint<G>, high: LinePoint<G>, stuck: boolean): { t: number; stuck: boolean } {
  const least = Math.min(low.t, high.t), most = Math.max(low.t, high.t);
  const t = cubicMinimum(low, high, least, most);
  const margin = 0.1 * (most - least);
  if (Math.min(most - t, t - least) >= margin) return { t, stuck: false };
  if (!stuck && t < most && t > least) return { t, stuck: true };
  return { t: Math.abs(t - most) < Math.abs(t - least) ? most - margin : least + margin, stuck: false };
}

/**
 * The point to go to from `start`, beginning with step `first`, and how often `at` was asked for a point. `width` is the largest element of
 * the direction: brackets that move nothing by more than `tolerance` are not refined.
 */
export function strongWolfe<G>(
  at: (t: number) => LinePoint<G>,
  start: LinePoint<G>,
  first: number,
  width: number,
  tolerance: number,
): { readonly point: LinePoint<G>; readonly evaluations: number } {
  const tooHigh = (p: LinePoint<G>) => p.loss > start.loss + armijo * p.t * start.slope;
  const flat = (p: LinePoint<G>) => Math.abs(p.slope) <= -curvature * start.slope;
  let previous = start, point = at(first), evaluations = 1, rounds = 0;
  let bracket: [LinePoint<G>, LinePoint<G>] | null = null;
  while (rounds < mostEvaluations) {
    if (tooHigh(point) || (rounds > 1 && point.loss >= previous.loss)) {
      bracket = [previous, point];
      break;
    }
    if (flat(point)) return { point, evaluations };
    if (point.slope >= 0) {
      bracket = [previous, point];
      break;
    }
    const next = cubicMinimum(previous, point, point.t + 0.01 * (point.t - previous.t), point.t * 10);
    previous = point;
    point = at(next);
    evaluations++;
    rounds++;
  }
  const [a, b] = bracket ?? [start, point];
  let [low, high] = a.loss <= b.loss ? [a, b] : [b, a];
  let stuck = false;
  while (rounds < mostEvaluations && Math.abs(high.t - low.t) * width >= tolerance) {
    const next: { readonly t: number; readonly stuck: boolean } = trial(low, high, stuck);
    stuck = next.stuck;
    point = at(next.t);
    evaluations++;
    rounds++;
    if (tooHigh(point) || point.loss >= low.loss) {
      high = point;
      continue;
    }
    if (flat(point)) return { point, evaluations };
    if (point.slope * (high.t - low.t) >= 0) high = low;
    low = point;
  }
  return { point: low, evaluations };
}

/**
 * What the combiners of reductions do to vectors: the state of a running fold, how it takes a value, how two states become one, and what they stand
 * for. How the loops around them run is folds.ts.
 *
 * @module
 */
import { bytesOf, type DType, isFloat } from "../../../dtype.ts";
import type { Combiner } from "../../../kernel/ir.ts";
import type { Expr } from "../wasm/expr.ts";
import { f32x4, f64x2, i32x4, i64x2, v128 } from "../wasm/opcodes.ts";
import { normalize, roundTo } from "./cast.ts";
import { f32Binary, f64Binary } from "./float_fns.ts";
import type { Gen, Vec } from "./gen.ts";
import { i32Binary, i64Binary, maskBinary } from "./integer_fns.ts";
import { constantLanes, demote, narrowParts, type Parts, promote, repOf, selectLanes } from "./lanes.ts";

type V = Expr<"v128">;

/** A running fold: vectors of four elements, each its own fold. */
export type State = readonly Parts[];

/** The next values of a state; to be set all at once. */
export type Next = readonly (readonly V[])[];

/** How one reduction works. */
export interface Combining {
  /** The state before anything is folded. */
  identity(g: Gen): State;
  /** Takes four values, of which `mask` (where there is one) tells which exist. `at` is their positions, for arg-reductions. */
  step(g: Gen, state: State, x: Parts, mask: Vec | null, at: Vec | null): Next;
  merge(g: Gen, a: State, b: State): Next;
  result(g: Gen, state: State): Parts;
}

/** A float sum keeps few terms in the type of its values and passes them on to a state that does not lose digits. */
export interface Blocked {
  readonly total: Combining;
  /** The total with the sum of a block in it. */
  absorb(g: Gen, total: State, block: Parts): Next;
}

/** Position of a fold that has taken nothing better than the lowest value. */
const NOWHERE = 0x7fffffff;

const names = { sum: "add", prod: "mul", max: "max", min: "min" } as const;

/** How `combiner` folds values of dtype `of` to `dtype`. */
export function combining(combiner: Combiner, of: DType, dtype: DType): Combining {
  if (combiner === "argmax" || combiner === "argmin") return positional(combiner, of);
  if (isFloat(dtype) && (combiner === "max" || combiner === "min")) return floatExtreme(combiner, dtype);
  const rep = repOf(dtype);
  if (rep === "f32" && combiner === "prod") return floatProduct(dtype);
  const table = { f32: f32Binary, f64: f64Binary, i32: i32Binary, i64: i64Binary, mask: maskBinary }[rep];
  const fn = table[names[combiner]]!;
  const identity = (g: Gen) => [constantLanes(g, dtype, identityOf(combiner, dtype))];
  return {
    identity,
    step: (g, [acc], x, mask) => {
      const value = mask === null ? x : selectLanes(g, mask, x, identity(g)[0]);
      return [acc.map((a, i) => fn(g, a, value[i]))];
    },
    merge: (g, [a], [b]) => [a.map((v, i) => fn(g, v, b[i]))],
    result: (g, [acc]) =>
      rep === "i32" ? [normalize(g, acc[0], dtype)] : rep === "f32" ? [roundTo(g, acc[0], dtype)] : acc,
  };
}

/** Products in float64: those of some of the factors may leave float32 where the whole does not. */
function floatProduct(dtype: DType): Combining {
  return {
    identity: (g) => [[g.dc(1), g.dc(1)]],
    step: (g, [acc], x, mask) => {
      const value = promote(g, mask === null ? x[0] : selectLanes(g, mask, x, [g.fc(1)])[0]);
      return [acc.map((a, i) => f64x2.mul(a, value[i]))];
    },
    merge: (_, [a], [b]) => [a.map((v, i) => f64x2.mul(v, b[i]))],
    result: (g, [acc]) => [roundTo(g, demote(g, acc), dtype)],
  };
}

/** How float sums are blocked; null for other reductions. */
export function blocked(combiner: Combiner, dtype: DType): Blocked | null {
  if (combiner !== "sum" || !isFloat(dtype)) return null;
  return dtype === "float64" ? float64Sum : float32Sum;
}

function identityOf(combiner: Exclude<Combiner, "argmax" | "argmin">, dtype: DType): number | bigint {
  if (combiner === "sum" || combiner === "prod") {
    const value = combiner === "sum" ? 0 : 1;
    return dtype === "int64" ? BigInt(value) : value;
  }
  const lowest = combiner === "max";
  if (isFloat(dtype)) return lowest ? -Infinity : Infinity;
  if (dtype === "bool") return lowest ? 0 : 1;
  if (dtype === "uint8") return lowest ? 0 : 255;
  const limit = 2n ** BigInt(bytesOf(dtype) * 8 - 1);
  const value = lowest ? -limit : limit - 1n;
  return dtype === "int64" ? value : Number(value);
}

/** Extremes of floats: the quick instruction drops NaN, so whether there was one is kept beside it. */
function floatExtreme(combiner: "max" | "min", dtype: DType): Combining {
  const ops = repOf(dtype) === "f64" ? f64x2 : f32x4;
  const pick = combiner === "max" ? ops.pmax : ops.pmin;
  const lowest = identityOf(combiner, dtype);
  const identity = (g: Gen) => constantLanes(g, dtype, lowest);
  return {
    identity: (g) => [identity(g), identity(g).map(() => g.ic(0))],
    step: (g, [acc, nan], x, mask) => {
      const value = mask === null ? x : selectLanes(g, mask, x, identity(g));
      return [
        acc.map((a, i) => pick(a, value[i])),
        nan.map((n, i) => v128.or(n, ops.ne(value[i], value[i]))),
      ];
    },
    merge: (_, [a, aNan], [b, bNan]) => [
      a.map((v, i) => pick(v, b[i])),
      aNan.map((n, i) => v128.or(n, bNan[i])),
    ],
    // All bits set are a NaN.
    result: (g, [acc, nan]) => acc.map((v, i) => g.keep(v128.or(v, nan[i]))),
  };
}

/** The position of the first extreme; NaN is extreme. */
function positional(combiner: "argmax" | "argmin", of: DType): Combining {
  const largest = combiner === "argmax", rep = repOf(of);
  const lowest = identityOf(largest ? "max" : "min", of);
  const tables = { f32: f32Binary, f64: f64Binary, i32: i32Binary, i64: i64Binary, mask: maskBinary };
  const table = tables[rep], beats = table[largest ? "gt" : "lt"]!, equal = table.eq!, differ = table.ne!;
  const notWorse = table[largest ? "le" : "ge"]!;
  const float = rep === "f32" || rep === "f64";
  /** Masks of 32-bit lanes where `test` holds. */
  const where = (g: Gen, a: Parts, b: Parts, test: (a: Vec, b: Vec) => V): Vec => {
    const masks = a.map((v, i) => g.keep(test(v, b[i])));
    return masks.length === 2 ? narrowParts(g, masks) : masks[0];
  };
  // NaN beats everything but NaN.
  const better = (g: Gen, x: Parts, best: Parts) =>
    where(g, x, best, (v, b) => float ? v128.andnot(equal(g, b, b), notWorse(g, v, b)) : beats(g, v, b));
  const choose = (g: Gen, take: Vec, x: Parts, at: Vec, [best, place]: State): Next => {
    return [selectLanes(g, take, x, best), [g.select(take, at, place[0])]];
  };
  return {
    identity: (g) => [constantLanes(g, of, lowest), [g.ic(NOWHERE)]],
    step: (g, state, x, mask, at) => {
      const wins = better(g, x, state[0]);
      return choose(g, mask === null ? wins : g.keep(v128.and(wins, mask)), x, at!, state);
    },
    merge: (g, a, b) => {
      const tied = where(
        g,
        a[0],
        b[0],
        (v, w) =>
          float ? v128.or(equal(g, v, w), v128.and(differ(g, v, v), differ(g, w, w))) : equal(g, v, w),
      );
      const earlier = v128.and(tied, i32x4.ltS(b[1][0], a[1][0]));
      return choose(g, g.keep(v128.or(better(g, b[0], a[0]), earlier)), b[0], b[1][0], a);
    },
    // When nothing beats the lowest value, all are the lowest, and the first is at 0.
    result: (g, [, [place]]) => {
      const at = g.keep(v128.andnot(place, i32x4.eq(place, g.ic(NOWHERE))));
      return [g.keep(i64x2.extendLowI32x4S(at)), g.keep(i64x2.extendHighI32x4S(at))];
    },
  };
}

/** Blocks of float32 go to a total in float64. */
const float32Sum: Blocked = {
  total: {
    identity: (g) => [[g.dc(0), g.dc(0)]],
    step: (_, state) => state,
    merge: (_, [a], [b]) => [a.map((v, i) => f64x2.add(v, b[i]))],
    result: (g, [total]) => [demote(g, total)],
  },
  absorb: (g, [total], [block]) => {
    const wide = promote(g, block);
    return [total.map((v, i) => f64x2.add(v, wide[i]))];
  },
};

/** The sum and what rounding it lost. */
function twoSum(g: Gen, a: Parts, b: Parts): [Parts, V[]] {
  const sum = a.map((v, i) => g.keep(f64x2.add(v, b[i])));
  const lost = a.map((v, i) => {
    const part = g.keep(f64x2.sub(sum[i], v));
    return f64x2.add(f64x2.sub(v, f64x2.sub(sum[i], part)), f64x2.sub(b[i], part));
  });
  return [sum, lost];
}

/** Blocks of float64 go to a total with the digits that it lost beside it. */
const float64Sum: Blocked = {
  total: {
    identity: (g) => [[g.dc(0), g.dc(0)], [g.dc(0), g.dc(0)]],
    step: (_, state) => state,
    merge: (g, [a, aLost], [b, bLost]) => {
      const [sum, lost] = twoSum(g, a, b);
      return [sum, lost.map((l, i) => f64x2.add(l, f64x2.add(aLost[i], bLost[i])))];
    },
    // Once the sum has left the finite numbers, what was lost is NaN.
    result: (g, [sum, lost]) =>
      sum.map((s, i) => g.keep(g.select64(f64x2.eq(lost[i], lost[i]), f64x2.add(s, lost[i]), s))),
  },
  absorb: (g, [total, totalLost], block) => {
    const [sum, lost] = twoSum(g, total, block);
    return [sum, lost.map((l, i) => f64x2.add(l, totalLost[i]))];
  },
};

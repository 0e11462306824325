/**
 * Folds: the running state behind reductions of loop kernels and the scan routine.
 *
 * @module
 */
import { type DType, isFloat } from "../../dtype.ts";
import type { Combiner } from "../../kernel/ir.ts";
import { int64Table, numberTable } from "./scalar.ts";

/** Takes values one at a time; `value` is the fold of those since `reset`. */
export interface Fold<V, R = V> {
  reset(): void;
  push(value: V): void;
  value(): R;
}

type ValueCombiner = Exclude<Combiner, "argmax" | "argmin">;

const scalarOf = { sum: "add", prod: "mul", max: "max", min: "min" } as const;

const int64Identity: Readonly<Record<ValueCombiner, bigint>> = {
  sum: 0n,
  prod: 1n,
  max: -(2n ** 63n),
  min: 2n ** 63n - 1n,
};

const extremes: Partial<Record<DType, readonly [number, number]>> = {
  bool: [0, 1],
  uint8: [0, 255],
  int8: [-128, 127],
  int16: [-(2 ** 15), 2 ** 15 - 1],
  int32: [-(2 ** 31), 2 ** 31 - 1],
};

/** The fold of int64 values. */
export function int64Fold(combiner: ValueCombiner): Fold<bigint> {
  const combine = int64Table.binary[scalarOf[combiner]]!;
  const wrapped = (a: bigint, b: bigint) => BigInt.asIntN(64, combine(a, b));
  return simpleFold(int64Identity[combiner], wrapped);
}

/** The fold of values of any other dtype. Floats fold in double precision, sums with compensation; the result is still to be rounded. */
export function numberFold(combiner: ValueCombiner, dtype: DType): Fold<number> {
  if (isFloat(dtype)) {
    switch (combiner) {
      case "sum":
        return compensatedSum();
      case "prod":
        return simpleFold(1, (a, b) => a * b);
      case "max":
        return simpleFold(-Infinity, Math.max);
      case "min":
        return simpleFold(Infinity, Math.min);
    }
  }
  const [lowest, highest] = extremes[dtype] ?? [0, 0];
  const identity = combiner === "sum" ? 0 : combiner === "prod" ? 1 : combiner === "max" ? lowest : highest;
  const combine = numberTable(dtype).binary[scalarOf[combiner]]!;
  return simpleFold(identity, (a, b) => combine(a, b) | 0);
}

/** The position of the first extreme; NaN is extreme. */
export function argFold<V extends number | bigint>(combiner: "argmax" | "argmin"): Fold<V, number> {
  let best: V | null = null, at = 0, count = 0;
  const wins = combiner === "argmax" ? (a: V, b: V) => a > b : (a: V, b: V) => a < b;
  return {
    reset: () => {
      best = null;
      at = count = 0;
    },
    push: (value) => {
      if (best === null || wins(value, best) || (value !== value && best === best)) {
        best = value;
        at = count;
      }
      count++;
    },
    value: () => at,
  };
}

function simpleFold<V>(identity: V, combine: (a: V, b: V) => V): Fold<V> {
  let acc = identity;
  return {
    reset: () => {
      acc = identity;
    },
    push: (value) => {
      acc = combine(acc, value);
    },
    value: () => acc,
  };
}

/** Neumaier's sum: the error does not grow with the number of terms. */
function compensatedSum(): Fold<number> {
  let sum = 0, lost = 0;
  return {
    reset: () => {
      sum = lost = 0;
    },
    push: (value) => {
      const next = sum + value;
      lost += Math.abs(sum) >= Math.abs(value) ? (sum - next) + value : (value - next) + sum;
      sum = next;
    },
    // Once the sum has left the finite numbers, what was lost is NaN.
    value: () => Number.isFinite(sum) ? sum + lost : sum,
  };
}

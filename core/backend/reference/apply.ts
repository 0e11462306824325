/**
 * Apply instructions as loops over rows: one loop per arity, over numbers or over bigints.
 *
 * @module
 */
import type { DType, HostArray } from "../../dtype.ts";
import { DTypeError } from "../../errors.ts";
import type { ApplyInstr } from "../../kernel/ir.ts";
import type { BinaryFn, UnaryFn } from "../../kernel/scalar.ts";
import { compare, type CompareFn, int64Table, numberTable, type ScalarTable } from "./scalar.ts";
import { bigintsOf, type Elements, numbersOf, type Operand, type Register, type Row } from "./values.ts";

function isCompare(fn: string): fn is CompareFn {
  return Object.hasOwn(compare, fn);
}

/** Makes an apply instruction ready: `operands` is the dtype of its arguments, of the first one where they differ. */
export function compileApply(
  instr: ApplyInstr,
  operands: DType,
  args: readonly Register[],
  out: HostArray,
  row: Row,
): () => void {
  const { fn, dtype } = instr;
  if (fn === "where") {
    const condition = numbersOf(args[0].values);
    const steps = args.map((a) => a.step);
    if (dtype === "int64") {
      const a = bigintsOf(args[1].values), b = bigintsOf(args[2].values);
      return whereRow(condition, a, b, bigintsOf(out), steps, row);
    }
    return whereRow(
      condition,
      numbersOf(args[1].values),
      numbersOf(args[2].values),
      numbersOf(out),
      steps,
      row,
    );
  }
  if (isCompare(fn)) {
    return operands === "int64"
      ? binaryRow(
        compare[fn]<bigint>,
        args.map((a) => ({ ...a, values: bigintsOf(a.values) })),
        numbersOf(out),
        row,
      )
      : binaryRow(
        compare[fn]<number>,
        args.map((a) => ({ ...a, values: numbersOf(a.values) })),
        numbersOf(out),
        row,
      );
  }
  return dtype === "int64"
    ? tableRow(
      int64Table,
      instr,
      fn,
      args.map((a) => ({ ...a, values: bigintsOf(a.values) })),
      bigintsOf(out),
      row,
    )
    : tableRow(
      numberTable(dtype),
      instr,
      fn,
      args.map((a) => ({ ...a, values: numbersOf(a.values) })),
      numbersOf(out),
      row,
    );
}

function tableRow<V>(
  table: ScalarTable<V>,
  instr: ApplyInstr,
  fn: UnaryFn | Exclude<BinaryFn, CompareFn>,
  args: readonly Operand<V>[],
  out: Elements<V>,
  row: Row,
): () => void {
  const { unary, binary }: {
    unary: Partial<Record<string, (a: V) => V>>;
    binary: Partial<Record<string, (a: V, b: V) => V>>;
  } = table;
  const one = unary[fn], two = binary[fn];
  if (one !== undefined && args.length === 1) return unaryRow(one, args[0], out, row);
  if (two !== undefined && args.length === 2) return binaryRow(two, args, out, row);
  throw new DTypeError(`${fn} of ${args.length} operands is not defined for ${instr.dtype}`);
}

function unaryRow<V>(f: (a: V) => V, arg: Operand<V>, out: Elements<V>, row: Row): () => void {
  const { values: a, step } = arg;
  return () => {
    for (let i = 0; i < row.count; i++) out[i] = f(a[i * step]);
  };
}

function binaryRow<V, R>(
  f: (a: V, b: V) => R,
  args: readonly Operand<V>[],
  out: Elements<R>,
  row: Row,
): () => void {
  const [{ values: a, step: stepA }, { values: b, step: stepB }] = args;
  return () => {
    for (let i = 0; i < row.count; i++) out[i] = f(a[i * stepA], b[i * stepB]);
  };
}

function whereRow<V>(
  condition: Elements<number>,
  a: Elements<V>,
  b: Elements<V>,
  out: Elements<V>,
  [stepC, stepA, stepB]: readonly number[],
  row: Row,
): () => void {
  return () => {
    for (let i = 0; i < row.count; i++) {
      out[i] = condition[i * stepC] !== 0 ? a[i * stepA] : b[i * stepB];
    }
  };
}

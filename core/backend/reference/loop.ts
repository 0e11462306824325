/**
 * The interpreter of loop kernels. Every instruction becomes one closure over a row of values, a row being a block of consecutive points
 * of the innermost space: the inner loops where the kernel folds, the outer loops where it does not.
 *
 * @module
 */
import type { HostArray } from "../../dtype.ts";
import { DeviceError } from "../../errors.ts";
import {
  type Affine,
  type Guard,
  type Instr,
  type LoopKernel,
  operandsOf,
  type ReduceInstr,
  stagesOf,
} from "../../kernel/ir.ts";
import { sizeOf } from "../../shape.ts";
import { advance, baseAddress, fillAddresses } from "./address.ts";
import { compileApply } from "./apply.ts";
import { argFold, type Fold, int64Fold, numberFold } from "./fold.ts";
import {
  bigintsOf,
  castValues,
  type Elements,
  gatherValues,
  numbersOf,
  type Operand,
  type Register,
  type Row,
  scatterValues,
  valueArray,
} from "./values.ts";

/** A kernel made ready: runs over the arrays of its inputs and outputs. */
export type LoopProgram = (inputs: readonly HostArray[], outputs: readonly HostArray[]) => void;

/** Points a row holds at most. */
const rowLength = 512;

/** What the closures of one kernel share. */
interface Frame {
  readonly kernel: LoopKernel;
  readonly registers: readonly Register[];
  /** The point of the outer space; empty when the rows lie in the outer space. */
  readonly outer: number[];
  inputs: readonly HostArray[];
  outputs: readonly HostArray[];
}

/** Makes a kernel ready. */
export function compileLoop(kernel: LoopKernel): LoopProgram {
  const folds = kernel.inner.length > 0 || kernel.code.some((i) => i.level === "inner" || i.op === "reduce");
  const outerExtents = folds ? kernel.outer : [];
  const wide: Row = { extents: folds ? kernel.inner : kernel.outer, start: 0, count: 0 };
  const narrow: Row = { extents: [], start: 0, count: 1 };
  const points = sizeOf(wide.extents);
  const rowOf = (instr: Instr) => folds && instr.level === "outer" ? narrow : wide;
  const frame: Frame = {
    kernel,
    registers: kernel.code.map((instr) => {
      const isWide = rowOf(instr) === wide;
      const values = valueArray(instr.dtype, isWide ? Math.min(points, rowLength) : 1);
      return { values, step: isWide ? 1 : 0 };
    }),
    outer: outerExtents.map(() => 0),
    inputs: [],
    outputs: [],
  };

  const ops = kernel.code.map((instr, i) => compileInstr(frame, instr, i, rowOf(instr)));
  const folding = new Map<number, Folding>();
  kernel.code.forEach((instr, i) => {
    if (instr.op === "reduce") folding.set(i, compileReduce(frame, instr, i, wide));
  });
  const sweeps = planSweeps(kernel, points <= rowLength, folds).map((sweep) => ({
    before: sweep.before.map((i) => ops[i]),
    each: sweep.each.map((i) => ops[i]),
    folds: sweep.folds.map((i) => folding.get(i)!),
    after: sweep.after.map((i) => ops[i]),
  }));

  return (inputs, outputs) => {
    frame.inputs = inputs;
    frame.outputs = outputs;
    frame.outer.fill(0);
    do {
      for (const sweep of sweeps) {
        for (const op of sweep.before) op();
        for (const fold of sweep.folds) fold.begin();
        if (sweep.each.length + sweep.folds.length > 0) {
          for (wide.start = 0; wide.start < points; wide.start += rowLength) {
            wide.count = Math.min(rowLength, points - wide.start);
            for (const op of sweep.each) op();
            for (const fold of sweep.folds) fold.row();
          }
        }
        for (const fold of sweep.folds) fold.end();
        for (const op of sweep.after) op();
      }
    } while (advance(frame.outer, outerExtents));
  };
}

/** What one sweep over the inner space does, as instruction numbers. */
interface Sweep {
  readonly before: number[];
  readonly each: number[];
  readonly folds: number[];
  readonly after: number[];
}

/** Divides the code into sweeps. When rows are kept from sweep to sweep, an inner value is computed once, else again in every sweep that needs it. */
function planSweeps(kernel: LoopKernel, rowsAreKept: boolean, folds: boolean): Sweep[] {
  const { code } = kernel;
  const stages = stagesOf(kernel);
  const isInner = (i: number) => !folds || (code[i].level === "inner" && code[i].op !== "reduce");
  const sweeps: Sweep[] = [];
  const last = stages.reduce((a, b) => Math.max(a, b), 0);
  for (let stage = 0; stage <= last; stage++) {
    const wanted = new Set<number>();
    const want = (i: number) => {
      if (!isInner(i) || wanted.has(i)) return;
      wanted.add(i);
      operandsOf(code[i]).forEach(want);
    };
    code.forEach((instr, i) => {
      if (stages[i] !== stage) return;
      if (instr.op === "reduce") want(instr.arg);
      if (instr.op === "store" || rowsAreKept) want(i);
    });
    const now = code.map((_, i) => i).filter((i) => stages[i] === stage);
    const inner = [...wanted].sort((a, b) => a - b)
      .filter((i) => code[i].op !== "const" && (!rowsAreKept || stages[i] === stage));
    const outer = now.filter((i) => !isInner(i) && code[i].op !== "reduce" && code[i].op !== "const");
    const isStore = (i: number) => code[i].op === "store";
    sweeps.push({
      before: outer.filter((i) => !isStore(i)),
      // Stores come last: a load of a buffer that is written in place must see it as it was.
      each: [...inner.filter((i) => !isStore(i)), ...inner.filter(isStore)],
      folds: now.filter((i) => code[i].op === "reduce"),
      after: outer.filter(isStore),
    });
  }
  return sweeps;
}

function compileInstr(frame: Frame, instr: Instr, self: number, row: Row): () => void {
  const { kernel, registers } = frame;
  const { values } = registers[self];
  switch (instr.op) {
    case "const":
      if (values instanceof BigInt64Array) values.fill(BigInt(instr.value));
      else values.fill(Number(instr.value));
      return () => {};
    case "index": {
      const address = compileAffine(frame, instr.at, row);
      return () => castValues(address(), 1, row.count, values, instr.dtype);
    }
    case "inside": {
      const inside = compileGuards(frame, instr.guards, row);
      return () => numbersOf(values).set(inside().subarray(0, row.count));
    }
    case "load": {
      const address = compileAffine(frame, instr.at, row);
      const inside = instr.guards.length > 0 ? compileGuards(frame, instr.guards, row) : null;
      return () => {
        const from = frame.inputs[instr.input], at = address();
        if (inside === null) {
          checkRange(at, row.count, from.length, `in${instr.input}`);
          return gatherValues(from, instr.dtype, at, row.count, values);
        }
        const mask = inside();
        for (let i = 0; i < row.count; i++) if (mask[i] === 0) at[i] = 0;
        checkRange(at, row.count, from.length, `in${instr.input}`);
        gatherValues(from, instr.dtype, at, row.count, values);
        if (values instanceof BigInt64Array) blank(values, mask, row.count, 0n);
        else blank(values, mask, row.count, 0);
      };
    }
    case "apply":
      return compileApply(
        instr,
        kernel.code[instr.args[0]].dtype,
        instr.args.map((i) => registers[i]),
        values,
        row,
      );
    case "cast": {
      const { values: from, step } = registers[instr.arg];
      return () => castValues(from, step, row.count, values, instr.dtype);
    }
    case "reduce":
      return () => {};
    case "store": {
      const address = compileAffine(frame, instr.at, row);
      const { values: from, step } = registers[instr.arg];
      return () => {
        const to = frame.outputs[instr.output], at = address();
        checkRange(at, row.count, to.length, `out${instr.output}`);
        scatterValues(from, step, instr.dtype, at, row.count, to);
      };
    }
  }
}

function blank<V>(values: Elements<V>, mask: Uint8Array, count: number, zero: V): void {
  for (let i = 0; i < count; i++) if (mask[i] === 0) values[i] = zero;
}

function checkRange(at: Float64Array, count: number, length: number, what: string): void {
  for (let i = 0; i < count; i++) {
    if (at[i] < 0 || at[i] >= length) {
      throw new DeviceError(`kernel addresses element ${at[i]} of ${what}, which has ${length}`);
    }
  }
}

/** Evaluates an affine function along the row, to an array that the next call uses again. */
function compileAffine(frame: Frame, at: Affine, row: Row): () => Float64Array {
  const out = new Float64Array(Math.min(rowLength, sizeOf(row.extents)));
  const strides = at.strides.slice(frame.outer.length, frame.outer.length + row.extents.length);
  return () => {
    fillAddresses(row.extents, strides, baseAddress(at, frame.outer), row.start, row.count, out);
    return out;
  };
}

function compileGuards(frame: Frame, guards: readonly Guard[], row: Row): () => Uint8Array {
  const out = new Uint8Array(Math.min(rowLength, sizeOf(row.extents)));
  const tests = guards.map(({ at, low, high }) => ({ address: compileAffine(frame, at, row), low, high }));
  return () => {
    out.fill(1);
    for (const { address, low, high } of tests) {
      const at = address();
      for (let i = 0; i < row.count; i++) if (at[i] < low || at[i] >= high) out[i] = 0;
    }
    return out;
  };
}

/** A reduction over rows: the result is in its register after `end`. */
interface Folding {
  begin(): void;
  row(): void;
  end(): void;
}

function compileReduce(frame: Frame, instr: ReduceInstr, self: number, row: Row): Folding {
  const { values, step } = frame.registers[instr.arg];
  const out = frame.registers[self].values;
  const { combiner, dtype } = instr;
  const result = new Float64Array(1);
  const store = (value: number) => {
    result[0] = value;
    castValues(result, 1, 1, out, dtype);
  };
  if (combiner === "argmax" || combiner === "argmin") {
    return values instanceof BigInt64Array
      ? folding(argFold<bigint>(combiner), { values, step }, row, () => null, store)
      : folding(argFold<number>(combiner), { values, step }, row, () => null, store);
  }
  // The fold works in its own dtype, which may be wider than its operand's.
  let from = values, convert = () => {};
  if (frame.kernel.code[instr.arg].dtype !== dtype) {
    const converted = valueArray(dtype, values.length);
    from = converted;
    convert = () => castValues(values, step, step === 0 ? 1 : row.count, converted, dtype);
  }
  if (from instanceof BigInt64Array) {
    return folding(int64Fold(combiner), { values: from, step }, row, convert, (v) => bigintsOf(out)[0] = v);
  }
  return folding(numberFold(combiner, dtype), { values: from, step }, row, convert, store);
}

function folding<V, R>(
  fold: Fold<V, R>,
  arg: Operand<V>,
  row: Row,
  convert: () => void,
  store: (result: R) => void,
): Folding {
  const { values, step } = arg;
  return {
    begin: () => fold.reset(),
    row: () => {
      convert();
      for (let i = 0; i < row.count; i++) fold.push(values[i * step]);
    },
    end: () => store(fold.value()),
  };
}

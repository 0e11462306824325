/**
 * Small sums of float32 in two passes: the first brings what is summed into one run of memory, the second sums that. PyTorch has every operation store its
 * result, so its sums see one run too, and only over the same run are the digits the same (ordered.ts).
 *
 * @module
 */
import { type Instr, type LoopKernel, operandsOf, stagesOf } from "../../../kernel/ir.ts";
import { sizeOf, stridesOf } from "../../../shape.ts";

/** Elements up to which a second pass costs next to nothing. */
const MOST = 8192;

/** A kernel as two that run one after the other; what the first leaves is in the workspace. */
export interface Spread {
  readonly first: LoopKernel;
  readonly second: LoopKernel;
  readonly workspaceBytes: number;
}

/** The kernel in two passes; null where it has work at inner points after a reduction, folds other things, or is too large. */
export function spread(kernel: LoopKernel): Spread | null {
  const { code, outer, inner } = kernel, total = sizeOf(outer) * sizeOf(inner), stages = stagesOf(kernel);
  const isInner = (i: number) => code[i].level === "inner" || code[i].op === "reduce";
  if (total > MOST || code.some((instr, i) => isInner(i) && instr.op !== "const" && stages[i] > 0)) {
    return null;
  }
  const folded = [...new Set(code.filter((i) => i.op === "reduce").map((i) => i.arg))];
  if (folded.some((i) => code[i].dtype !== "float32" || code[i].level === "outer")) return null;
  // The workspace is the table's entry after all inputs and outputs.
  const { length: outputs } = kernel.outputs,
    at = (j: number) => ({
      offset: j * total,
      strides: stridesOf([...outer, ...inner]),
    });
  const needed = new Set<number>();
  for (let i = code.length - 1; i >= 0; i--) {
    const { op, level } = code[i];
    if (!needed.has(i) && !folded.includes(i) && !(op === "store" && level === "inner")) continue;
    needed.add(i);
    for (const arg of operandsOf(code[i])) needed.add(arg);
  }
  const first = new Renumbered();
  code.forEach((instr, i) => {
    if (needed.has(i)) first.add(i, instr, "outer");
  });
  const store = { op: "store", dtype: "float32", level: "outer", output: outputs } as const;
  folded.forEach((arg, j) => first.add(-1, { ...store, at: at(j), arg }, "outer"));
  const second = new Renumbered();
  const load = {
    op: "load",
    dtype: "float32",
    level: "inner",
    input: kernel.inputs.length + outputs,
  } as const;
  folded.forEach((i, j) => second.add(i, { ...load, at: at(j), guards: [] }, "inner"));
  code.forEach((instr, i) => {
    if (instr.level === "outer" || instr.op === "const") second.add(i, instr, instr.level);
  });
  return {
    first: { ...kernel, outer: [...outer, ...inner], inner: [], code: first.code },
    second: { ...kernel, code: second.code },
    workspaceBytes: 4 * total * folded.length,
  };
}

/** Code put together from instructions that know each other by other numbers. */
class Renumbered {
  readonly code: Instr[] = [];
  readonly #numbers = new Map<number, number>();

  add(number: number, instr: Instr, level: Instr["level"]): void {
    const map = (i: number) => this.#numbers.get(i)!;
    this.#numbers.set(number, this.code.length);
    const moved: Instr = { ...instr, level };
    this.code.push(
      moved.op === "apply"
        ? { ...moved, args: moved.args.map(map) }
        : moved.op === "cast" || moved.op === "reduce" || moved.op === "store"
        ? { ...moved, arg: map(moved.arg) }
        : moved,
    );
  }
}

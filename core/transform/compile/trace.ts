/**
 * Tracing: a function run once on placeholders for all that may change from call to call, and the graph that it leaves made a program.
 *
 * @module
 */
import {
  type Moded,
  type StateCell,
  withDraws,
  withModes,
  withoutReading,
  withStates,
} from "../../effects.ts";
import { evaluate, prepare, type Program } from "../../evaluate.ts";
import { enableGrad, followed } from "../../grad_mode.ts";
import { isHeld } from "../../graph/trace.ts";
import { type CallAttrs, callPrim } from "../../prim/source.ts";
import { type Shape, sizeOf } from "../../shape.ts";
import type { Storage } from "../../storage.ts";
import type { Tensor } from "../../tensor.ts";
import { applyAgain, rebuild } from "../rebuild.ts";
import { describe, type Form, type Input, placeholder, replaceTensors, type Source, why } from "./form.ts";

/** All nodes behind the outputs that are parameters or captured, each once. */
function leavesBehind(outputs: readonly Tensor[], captured: ReadonlySet<Storage>): Tensor[] {
  const found: Tensor[] = [], seen = new Set<Tensor>(), stack = [...outputs];
  while (stack.length > 0) {
    const x = stack.pop() as Tensor;
    if (seen.has(x)) continue;
    seen.add(x);
    if (x.owner !== null || (x.storage !== null && captured.has(x.storage))) found.push(x);
    else if (!isHeld(x)) stack.push(...x.inputs);
  }
  return found;
}

/** The calls that wait behind the outputs, each once, arguments before users. */
function callsBehind(outputs: readonly Tensor[]): Tensor[] {
  const found: Tensor[] = [], seen = new Set<Tensor>(), stack = [...outputs];
  while (stack.length > 0) {
    const x = stack[stack.length - 1];
    const waiting = seen.has(x) || isHeld(x) ? [] : x.inputs.filter((y) => !seen.has(y) && !isHeld(y));
    if (waiting.length > 0) {
      stack.push(...waiting);
      continue;
    }
    stack.pop();
    if (seen.has(x) || isHeld(x)) continue;
    seen.add(x);
    if (x.prim.id === callPrim.id) found.push(x);
  }
  return found;
}

/** State that the function replaces while it is traced: placeholders stand in the cells, and go when the trace is over. */
class TracedStates {
  readonly cells: StateCell[] = [];
  readonly each: (() => void)[] = [];
  /** What the cells held at the end. */
  last: readonly Tensor[] = [];
  private readonly owners = new Set<object>();

  constructor(private readonly inputs: Input[]) {}

  follow<T>(fn: () => T): T {
    const before: Tensor[] = [];
    try {
      const result = withStates((owner, cells, each) => {
        this.each.push(each);
        if (this.owners.has(owner)) return;
        this.owners.add(owner);
        for (const cell of cells) {
          const held = cell.read(), one = placeholder(held.shape, held.value);
          one.track = 0;
          before.push(held);
          this.cells.push(cell);
          this.inputs.push({ placeholder: one, source: { kind: "state", cell } });
          cell.write(one);
        }
      }, fn);
      this.last = this.cells.map((cell) => cell.read());
      return result;
    } finally {
      this.cells.forEach((cell, i) => cell.write(before[i]));
    }
  }
}

/** The graph with placeholders for parameters and captured tensors too, which are added to `inputs`. */
function overPlaceholders(made: readonly Tensor[], captured: readonly Tensor[], inputs: Input[]): Tensor[] {
  evaluate(captured);
  const storages = new Map(captured.map((x, index) => [x.value.storage as Storage, index]));
  const start = new Map<Tensor, Tensor>();
  for (const x of leavesBehind(made, new Set(storages.keys()))) {
    const one = placeholder(x.shape, x);
    one.track = x.track;
    start.set(x, one);
    const index = x.storage === null ? undefined : storages.get(x.storage);
    const from: Source = x.owner !== null
      ? { kind: "parameter", owner: x.owner }
      : { kind: "captured", index: index as number };
    inputs.push({ placeholder: one, source: from });
  }
  const copies = rebuild(made, start, (x) => !isHeld(x), applyAgain);
  return made.map((y, i) => copies[i] ?? y);
}

/** The outputs with placeholders for the calls that wait, which are added to `inputs`, each behind those that it needs. */
function withoutCalls(outputs: readonly Tensor[], inputs: Input[]): Tensor[] {
  const stands = new Map<Tensor, Tensor>();
  for (const x of callsBehind(outputs)) {
    const args = x.inputs.map((y) => rebuild([y], stands, (z) => !isHeld(z), applyAgain)[0] ?? y);
    const one = placeholder(x.shape, x);
    one.track = x.track;
    const before = inputs.map((input) => input.placeholder);
    inputs.push({
      placeholder: one,
      source: {
        kind: "call",
        call: (x.attrs as CallAttrs).call,
        program: prepare(args, before, new Set()),
        shapes: args.map((y) => y.shape),
      },
    });
    stands.set(x, one);
  }
  if (stands.size === 0) return [...outputs];
  const copies = rebuild(outputs, stands, (x) => !isHeld(x), applyAgain);
  return outputs.map((y, i) => copies[i] ?? y);
}

/** The program of outputs on any devices: one for each device. */
function programOf(
  outputs: readonly Tensor[],
  inputs: readonly Tensor[],
  donate: ReadonlySet<number>,
): Program {
  const byDevice = [...Map.groupBy(outputs.keys(), (i) => outputs[i].device).values()];
  if (byDevice.length === 1) return prepare(outputs, inputs, donate);
  const places = byDevice.flat();
  const programs = byDevice.map((own) => prepare(own.map((i) => outputs[i]), inputs, donate));
  return {
    get stale(): boolean {
      return programs.some((p) => p.stale);
    },
    run(values) {
      const made = programs.flatMap((p) => p.run(values));
      const ordered = new Array<Storage>(outputs.length);
      made.forEach((storage, i) => ordered[places[i]] = storage);
      return ordered;
    },
    async compiling() {
      for (const p of programs) await p.compiling();
    },
    dispose: () => programs.forEach((p) => p.dispose()),
  };
}

/**
 * The function for arguments of this form: `fn` runs on placeholders. The memory of the arguments in `donated` may be taken by results.
 *
 * @throws {GradError} when the function reads a value
 */
export function traceForm<A extends readonly unknown[]>(
  fn: (...args: A) => unknown,
  key: readonly unknown[],
  args: A,
  captured: readonly Tensor[],
  donated: ReadonlySet<Tensor>,
): Form {
  const inputs: Input[] = [];
  const donate = new Set<number>();
  let next = 0;
  const traced = args.map((arg) =>
    replaceTensors(arg, (x) => {
      const one = placeholder(x.shape, x.value);
      if (donated.has(x.value)) donate.add(inputs.length);
      inputs.push({ placeholder: one, source: { kind: "argument", index: next++ } });
      return one;
    })
  ) as readonly unknown[] as A;
  const draw = (_op: string, shape: Shape, make: (shape: Shape) => Tensor) => {
    // The first call takes this draw, each later one draws anew.
    let first: Tensor | null = make(shape);
    const one = placeholder(shape, first);
    const take = () => {
      const x = first ?? make(shape);
      first = null;
      return x;
    };
    inputs.push({ placeholder: one, source: { kind: "draw", make: take } });
    return one;
  };
  const states = new TracedStates(inputs);
  const asked = new Set<Moded>();
  const run = () => withModes(asked, () => followed("compile", () => fn(...traced)));
  const result = withoutReading(why, () => withDraws(draw, () => states.follow(run)));
  // The modes at the end: a function that sets them for itself and back is found again.
  const modes = new Map([...asked].map((module) => [module, module.training]));
  const made: Tensor[] = [];
  describe(result, [], made);
  made.push(...states.last);
  const outputs = enableGrad(() => overPlaceholders(made, captured, inputs));
  const full = enableGrad(() => withoutCalls(outputs, inputs)).filter((y) => sizeOf(y.shape) > 0);
  const placeholders = inputs.map((input) => input.placeholder);
  const program = full.length === 0 ? null : programOf(full, placeholders, donate);
  // Over the placeholders too, so that it holds no old value of a parameter.
  let at = 0;
  return {
    key,
    modes,
    inputs,
    outputs,
    program,
    result: replaceTensors(result, () => outputs[at++]),
    cells: states.cells,
    each: states.each,
  };
}

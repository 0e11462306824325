/**
 * compile: a function traced once per form of its arguments and replayed from then on, with no graph to build and none to look up.
 *
 * @module
 */
import { source } from "../apply.ts";
import { defaultDevice } from "../device.ts";
import { hostArray, isFloat } from "../dtype.ts";
import { drawsFreely, withDraws } from "../draws.ts";
import { DeviceError, TenonError, ValueError } from "../errors.ts";
import { evaluate, prepare, type Program, withoutReading } from "../evaluate.ts";
import { enableGrad, FACADE, FUNCTIONAL, trackMask } from "../grad_mode.ts";
import { isHeld } from "../graph/trace.ts";
import { fromStorage } from "../ops/create.ts";
import { Results } from "../named_tuple.ts";
import { type CallAttrs, callPrim, placeholderPrim } from "../prim/source.ts";
import { sameShape, type Shape, sizeOf } from "../shape.ts";
import { type Moded, type StateCell, withModes, withStates } from "../states.ts";
import { hostStorage, type Storage } from "../storage.ts";
import { Tensor } from "../tensor.ts";
import { withPull } from "./custom.ts";
import { freshLeaf, pullAll } from "./pull.ts";
import { applyAgain, rebuild } from "./rebuild.ts";
import { checkOptions, requireKind } from "../ops/options.ts";

/** Options of `compile`. */
export interface CompileFunctionOptions {
  /** Positions of arguments whose memory the results may take over. Such an argument is gone after the call. */
  readonly donate?: readonly number[];
  /**
   * Tensors besides parameters and arguments that the function reads and that may be replaced between calls, such as
   * `() => net.buffers()`. Those of a compiled module are read without being told. Other tensors are constants of the compiled function.
   */
  readonly captures?: () => readonly Tensor[];
}

const why =
  "compile: a value cannot be read inside a compiled function, nor one kept that was made there, since it is traced once and replayed; " +
  "return it (gradients too: use valueAndGrad inside), use where() in place of control flow on values, or leave the function uncompiled";

/** Forms of arguments that a function remembers; the oldest go. */
const mostForms = 64;

/**
 * What an input of the program is at a call: an argument, a parameter, a captured tensor, state, a fresh draw, or what a function that reads gives for what
 * `program` computes from the inputs before it.
 */
type Source =
  | { readonly kind: "state"; readonly cell: StateCell }
  | { readonly kind: "argument" | "captured"; readonly index: number }
  | { readonly kind: "parameter"; readonly owner: Tensor }
  | {
    readonly kind: "call";
    readonly call: CallAttrs["call"];
    readonly program: Program;
    readonly shapes: readonly Shape[];
  }
  | { readonly kind: "draw"; readonly make: () => Tensor };

interface Input {
  readonly placeholder: Tensor;
  readonly source: Source;
}

/** The function for one form of its arguments. */
interface Form {
  readonly key: readonly unknown[];
  /** The modules that the function asked for their mode, and what it was: in another mode it is another function. */
  readonly modes: ReadonlyMap<Moded, boolean>;
  readonly inputs: readonly Input[];
  /** The graph over the placeholders, for gradients of the whole. */
  readonly outputs: readonly Tensor[];
  readonly program: Program | null;
  /** What the function returns; its tensors are the first outputs, in order. */
  readonly result: unknown;
  /** Where the other outputs go: state that the function replaces. */
  readonly cells: readonly StateCell[];
  /** What else happens at each call. */
  readonly each: readonly (() => void)[];
}

const tensorMark = Symbol("tensor"), listMark = Symbol("list"), recordMark = Symbol("record");

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Adds the form of a value to `key` and its tensors to `tensors`. */
function describe(value: unknown, key: unknown[], tensors: Tensor[]): void {
  if (value instanceof Tensor) {
    const x = value.value;
    tensors.push(x);
    key.push(tensorMark, x.dtype, x.device, x.shape.length);
    for (let d = 0; d < x.shape.length; d++) key.push(x.shape[d]);
  } else if (Array.isArray(value) || value instanceof Results) {
    key.push(listMark, value.length);
    for (const item of value) describe(item, key, tensors);
  } else if (isRecord(value)) {
    const names = Object.keys(value);
    key.push(recordMark, names.length);
    for (const name of names) {
      key.push(name);
      describe(value[name], key, tensors);
    }
  } else key.push(value);
}

function sameKey(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return false;
  return true;
}

function sameModes(modes: ReadonlyMap<Moded, boolean>): boolean {
  for (const [module, mode] of modes) if (module.training !== mode) return false;
  return true;
}

/** The value with each tensor replaced; what is neither a tensor nor a list or record of some stays. */
function replaceTensors(value: unknown, next: (x: Tensor) => Tensor): unknown {
  if (value instanceof Tensor) return next(value);
  if (Array.isArray(value)) return value.map((item) => replaceTensors(item, next));
  if (value instanceof Results) return value.map(next);
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, replaceTensors(item, next)]));
}

function placeholder(shape: Shape, like: Tensor): Tensor {
  const x = source(placeholderPrim, { shape, dtype: like.dtype, why }, like.device);
  if (isFloat(x.dtype)) x.track = FACADE | FUNCTIONAL;
  return x;
}

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

/** Frees the programs of a form. */
function dispose({ program, inputs }: Form): void {
  program?.dispose();
  for (const { source } of inputs) if (source.kind === "call") source.program.dispose();
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

/** What compile looks at where the function is a module. */
interface ModuleLike {
  buffers?(): readonly Tensor[];
}

const noTensors = (): readonly Tensor[] => [];

class Compiled<A extends readonly unknown[], Y> {
  private readonly forms: Form[] = [];
  private readonly module: ModuleLike;
  private readonly captures: () => readonly Tensor[];

  constructor(private readonly fn: (...args: A) => Y, private readonly options: CompileFunctionOptions) {
    this.module = fn as typeof fn & ModuleLike;
    // Modules without buffers, which are most, are not searched for them at every call.
    const buffers = () => this.module.buffers?.() ?? [];
    this.captures = options.captures ?? (buffers().length > 0 ? buffers : noTensors);
  }

  call(args: A): Y {
    // Inside another function that runs once for many runs, this one is part of that one.
    if (!drawsFreely()) return this.fn(...args);
    const key: unknown[] = [defaultDevice()];
    const given: Tensor[] = [];
    for (let i = 0; i < args.length; i++) describe(args[i], key, given);
    const captured = this.captures();
    const donated = this.donatedTensors(args);
    if (donated !== null) key.push(donated.size > 0);
    const form = this.find(key) ?? this.trace(key, args, captured, donated ?? new Set());
    return this.replay(form, given, captured);
  }

  private find(key: readonly unknown[]): Form | null {
    const { forms } = this;
    for (let i = forms.length - 1; i >= 0; i--) {
      if (!sameKey(forms[i].key, key) || !sameModes(forms[i].modes)) continue;
      if (!forms[i].program?.stale) return forms[i];
      forms.splice(i, 1);
    }
    return null;
  }

  /** Tensors that may be overwritten: nobody else has their memory. null when nothing is to be donated. */
  private donatedTensors(args: readonly unknown[]): Set<Tensor> | null {
    const { donate } = this.options;
    if (donate === undefined) return null;
    const chosen: Tensor[] = [], all: Tensor[] = [];
    args.forEach((arg, i) => {
      describe(arg, [], all);
      if (donate.includes(i)) describe(arg, [], chosen);
    });
    evaluate(chosen);
    const times = (x: Tensor) => all.filter((y) => y.storage === x.storage).length;
    const alone = chosen.every((x) => x.owner === null && !x.storage?.shared && times(x) === 1);
    return new Set(alone ? chosen : []);
  }

  private trace(
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
    const run = () => withModes(asked, () => enableGrad(() => this.fn(...traced)));
    const result = withoutReading(why, () => withDraws(draw, () => states.follow(run)));
    // The modes at the end: a function that sets them for itself and back is found again.
    const modes = new Map([...asked].map((module) => [module, module.training]));
    const made: Tensor[] = [];
    describe(result, [], made);
    made.push(...states.last);
    const outputs = enableGrad(() => this.overPlaceholders(made, captured, inputs));
    const full = enableGrad(() => this.withoutCalls(outputs, inputs)).filter((y) => sizeOf(y.shape) > 0);
    if (full.some((y) => y.device !== full[0].device)) {
      throw new DeviceError(
        "compile: the results are on different devices; compile a function for each device",
      );
    }
    const placeholders = inputs.map((input) => input.placeholder);
    const program = full.length === 0 ? null : prepare(full, placeholders, donate);
    // Over the placeholders too, so that it holds no old value of a parameter.
    let at = 0;
    const form = {
      key,
      modes,
      inputs,
      outputs,
      program,
      result: replaceTensors(result, () => outputs[at++]),
      cells: states.cells,
      each: states.each,
    };
    this.forms.push(form);
    if (this.forms.length > mostForms) dispose(this.forms.shift() as Form);
    return form;
  }

  /** The graph with placeholders for parameters and captured tensors too, which are added to `inputs`. */
  private overPlaceholders(made: readonly Tensor[], captured: readonly Tensor[], inputs: Input[]): Tensor[] {
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
  private withoutCalls(outputs: readonly Tensor[], inputs: Input[]): Tensor[] {
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

  private replay(form: Form, given: readonly Tensor[], captured: readonly Tensor[]): Y {
    const { inputs, program } = form;
    const values: Tensor[] = [];
    let track = 0, ready = true;
    for (let i = 0; i < inputs.length; i++) {
      const x = valueOf(inputs[i], given, captured, values);
      ready &&= isHeld(x);
      track |= x.track;
      values.push(x);
    }
    if (!ready) evaluate(values);
    const storages = program === null ? [] : program.run(values.map((x) => x.storage as Storage));
    track &= trackMask();
    let output = 0, next = 0;
    const take = () => {
      const template = form.outputs[output++];
      const { shape, dtype, device } = template;
      const storage = sizeOf(shape) === 0
        ? hostStorage(device, dtype, hostArray(dtype, 0))
        : storages[next++];
      const y = fromStorage(storage, shape);
      return (track & template.track) === 0 ? y : this.tracked(form, template, y, values);
    };
    const result = replaceTensors(form.result, take) as Y;
    for (const cell of form.cells) cell.write(take());
    for (const fn of form.each) fn();
    return result;
  }

  /** A result with its gradient: that of the traced graph, on the values of this call. */
  private tracked(form: Form, template: Tensor, y: Tensor, values: readonly Tensor[]): Tensor {
    return withPull(y, values, (g) => {
      const leaves = values.map((x) => x.track === 0 ? x : freshLeaf(x));
      const start = new Map(form.inputs.map((input, i) => [input.placeholder, leaves[i]]));
      const [copy] = rebuild([template], start, (x) => !isHeld(x), applyAgain);
      return pullAll([copy as Tensor], [g], leaves, FUNCTIONAL);
    });
  }
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

/** What an input is at a call. */
function valueOf(
  input: Input,
  given: readonly Tensor[],
  captured: readonly Tensor[],
  before: readonly Tensor[],
): Tensor {
  const from = input.source;
  switch (from.kind) {
    case "argument":
      return given[from.index];
    case "parameter":
      return checked(from.owner.value, input);
    case "captured":
      return checked(captured[from.index].value, input);
    case "state":
      return checked(from.cell.read().value, input);
    case "draw":
      return from.make();
    case "call": {
      evaluate(before);
      const storages = from.program.run(before.map((x) => x.storage as Storage));
      return from.call(...storages.map((storage, i) => fromStorage(storage, from.shapes[i])));
    }
  }
}

/** A parameter or captured tensor may not change its form under a compiled function. */
function checked(x: Tensor, input: Input): Tensor {
  const { shape, dtype } = input.placeholder;
  if (sameShape(x.shape, shape) && x.dtype === dtype) return x;
  throw new TenonError(
    `compile: a ${input.source.kind} tensor had shape [${
      shape.join(", ")
    }] and dtype ${dtype} when the function was traced, ` +
      `but has [${x.shape.join(", ")}] and ${x.dtype} now; compile the function again`,
  );
}

/**
 * A function that does what `fn` does, traced once for each form of its arguments (shapes, dtypes and devices of tensors, in lists and
 * records; the value of numbers and strings, the identity of everything else) and of the modes of modules (`train()`, `eval()`), and replayed afterwards, which costs a microsecond or
 * two in place of building the graph. Parameters are read anew at each call, random draws are drawn anew, running statistics of norms in
 * training mode are updated at each call, gradients flow through; `grad`, `valueAndGrad`, `vmap` and other compiled functions can be used inside. Values cannot be read inside. `torch.compile`, `jax.jit`.
 *
 * **Any other tensor that the function mentions is a constant of it**: assigning another tensor to the variable afterwards changes nothing. Pass what
 * changes as an argument, keep it in a Parameter or a buffer, or name it in `captures`.
 *
 * @throws {GradError} when the function reads a value
 * @throws {ValueError} when `donate` names no argument
 * @example
 * ```ts
 * import { compile, type Tensor, tensor } from "@tenon/tenon";
 * const f = compile((x: Tensor, factor: number) => x.mul(factor).sum());
 * console.log(f(tensor([1, 2]), 3).item(), f(tensor([3, 4]), 3).item()); // 9 21
 * ```
 */
export function compile<A extends readonly unknown[] = [Tensor], Y = Tensor>(
  fn: (...args: A) => Y,
  options: CompileFunctionOptions = {},
): (...args: A) => Y {
  requireKind("compile", "fn", fn, "function");
  checkOptions("compile", options, ["donate", "captures"]);
  for (const n of options.donate ?? []) {
    if (!Number.isInteger(n) || n < 0) {
      throw new ValueError(`compile: donate lists positions of arguments, but has ${n}`);
    }
  }
  const compiled = new Compiled(fn, options);
  return (...args) => compiled.call(args);
}

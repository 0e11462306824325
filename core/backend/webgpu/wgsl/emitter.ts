/**
 * The straight-line part of a kernel in WGSL: constants, indices, guards, loads, scalar functions, casts and stores, for one point of the loops or for
 * four neighbours along the innermost one ("lanes"). The loops around it are written by elementwise.ts and rows.ts.
 *
 * @module
 */
import { type DType, kindOf } from "../../../dtype.ts";
import {
  type Affine,
  type ApplyInstr,
  type Guard,
  type Instr,
  type LoopKernel,
  operandsOf,
  type StoreInstr,
} from "../../../kernel/ir.ts";
import { type Word, wordOf } from "../storage.ts";
import { Bindings, type Extent } from "./bindings.ts";
import { applyText, castText, literal, narrowed, registerType, type Rounding } from "./scalar.ts";

/** What a kernel is lowered for. */
export interface Target {
  readonly bindingBytes: number;
  readonly storageBuffers: number;
  readonly workgroupsPerDimension: number;
  readonly hasF16: boolean;
  /** The fewest threads that a subgroup has; 0 without subgroup operations. */
  readonly subgroupLanes: number;
  readonly software: boolean;
  /** Rounds of loops that a thread may take. */
  readonly rounds: number;
  readonly rounding: Rounding;
}

/** A loop kernel with what its buffers are. */
export interface LoopJob {
  readonly kernel: LoopKernel;
  readonly inputs: readonly Extent[];
  readonly outputs: readonly Extent[];
  /** For each input the output that shares its memory, or -1. */
  readonly alias: readonly number[];
}

/** A value as text: one for all lanes, or one per lane. */
type Value = readonly string[];

/** Writes the code of one kernel. */
export class Emitter {
  readonly kernel: LoopKernel;
  readonly bindings: Bindings;
  readonly #target: Target;
  readonly #inputAt: number[] = [];
  readonly #outputAt: number[] = [];
  readonly #inputWord: Word[];
  readonly #outputWord: Word[];
  readonly #vectorInput: boolean[];
  readonly #vectorOutput: boolean[];
  /** Lanes of the innermost loop: 1 or 4. */
  readonly lanes: number;
  #values = new Map<number, Value>();
  #scopes: Map<number, Value>[] = [];
  #lines: string[] = [];
  /** Names of the loop indices, outer first. */
  indices: string[] = [];

  /** Declares the buffers. With four lanes the innermost index is a multiple of four. */
  constructor(job: LoopJob, target: Target, lanes: number) {
    this.kernel = job.kernel;
    this.#target = target;
    this.lanes = lanes;
    this.bindings = new Bindings(target.bindingBytes);
    const { kernel } = job;
    this.#inputWord = kernel.inputs.map((d) => wordOf(d, target.hasF16));
    this.#outputWord = kernel.outputs.map((d) => wordOf(d, target.hasF16));
    // One declaration per buffer: as vectors only when each use of it is a whole vector or one element for all lanes.
    const fits = (at: Affine, guards: readonly Guard[]): boolean =>
      this.#stride(at) === 0 || (this.#isVector(at) && guards.every((g) => this.#stride(g.at) === 0));
    const inputFits = kernel.inputs.map((_, i) =>
      lanes > 1 && kernel.code.every((c) => c.op !== "load" || c.input !== i || fits(c.at, c.guards))
    );
    const outputFits = kernel.outputs.map((_, i) =>
      lanes > 1 && kernel.code.every((c) => c.op !== "store" || c.output !== i || this.#isVector(c.at)) &&
      job.alias.every((a, k) => a !== i || inputFits[k])
    );
    this.#vectorOutput = outputFits;
    this.#vectorInput = kernel.inputs.map((_, i) =>
      job.alias[i] >= 0 ? outputFits[job.alias[i]] : inputFits[i]
    );
    this.#vectorInput.forEach((vector, i) => {
      this.#inputAt.push(
        job.alias[i] >= 0 ? -1 : this.bindings.declare({
          name: `in${i}`,
          word: this.#inputWord[i],
          ...job.inputs[i],
          access: "read",
          vector,
        }),
      );
    });
    this.#vectorOutput.forEach((vector, i) => {
      this.#outputAt.push(this.bindings.declare({
        name: `out${i}`,
        word: this.#outputWord[i],
        ...job.outputs[i],
        access: "read_write",
        vector,
      }));
    });
    job.alias.forEach((output, i) => {
      if (output >= 0) this.#inputAt[i] = this.#outputAt[output];
    });
  }

  /** Operands in the order of declaration: inputs that are not aliased, then outputs. */
  static operands(job: LoopJob): { readonly kind: "input" | "output"; readonly index: number }[] {
    return [
      ...job.kernel.inputs.flatMap((_, index) =>
        job.alias[index] >= 0 ? [] : [{ kind: "input", index } as const]
      ),
      ...job.kernel.outputs.map((_, index) => ({ kind: "output", index } as const)),
    ];
  }

  /** Takes the lines written since the last call. */
  take(): string {
    const text = this.#lines.join("\n");
    this.#lines = [];
    return text;
  }

  /** Adds a line. */
  line(text: string): void {
    this.#lines.push(text);
  }

  /** Values found from here on are forgotten at `close`. */
  open(): void {
    this.#scopes.push(this.#values);
    this.#values = new Map(this.#values);
  }

  /** Ends a scope. */
  close(): void {
    this.#values = this.#scopes.pop()!;
  }

  /** Gives value `i`, which was made by other code, a name. */
  define(i: number, name: string): void {
    this.#values.set(i, [name]);
  }

  /** Makes sure that value `i` is known here, writing what it needs. */
  value(i: number): Value {
    const known = this.#values.get(i);
    if (known !== undefined) return known;
    for (const a of operandsOf(this.kernel.code[i])) this.value(a);
    const made = this.#make(i, this.kernel.code[i]);
    this.#values.set(i, made);
    return made;
  }

  /** Value `i` in lane `lane`. */
  lane(i: number, lane: number): string {
    const v = this.value(i);
    return v.length === 1 ? v[0] : v[lane];
  }

  /** Writes stores, after everything that they read: an output may stand in place of an input. */
  stores(instrs: readonly StoreInstr[], tail: number): void {
    for (const instr of instrs) this.value(instr.arg);
    for (const instr of instrs) this.store(instr, tail);
  }

  /** Writes a store. `tail` is the number of points along the innermost loop when that may end inside a vector. */
  store(instr: StoreInstr, tail: number): void {
    const dtype = instr.dtype;
    const binding = this.#outputAt[instr.output];
    const values = Array.from({ length: this.lanes }, (_, l) => memoryText(dtype, this.lane(instr.arg, l)));
    if (this.#vectorOutput[instr.output]) {
      const at = this.#fourth(instr.at);
      const whole = this.bindings.storeVector(binding, at, values);
      if (tail % 4 === 0) return this.line(whole);
      const last = this.indices[this.indices.length - 1];
      this.line(`if (${last} + 3 < ${tail}) { ${whole} } else {`);
      for (let l = 0; l < 3; l++) {
        this.line(
          `  if (${last} + ${l} < ${tail}) { ${this.bindings.storeComponent(binding, at, l, values[l])} }`,
        );
      }
      return this.line("}");
    }
    const step = this.#stride(instr.at);
    const last = this.indices[this.indices.length - 1];
    for (let l = 0; l < (step === 0 ? 1 : this.lanes); l++) {
      const text = this.bindings.store(binding, this.affine(instr.at, l), values[l]);
      this.line(tail % this.lanes === 0 || l === 0 ? text : `if (${last} + ${l} < ${tail}) { ${text} }`);
    }
  }

  /** An outer store, when no lanes are open. */
  storeOne(instr: StoreInstr): void {
    const value = memoryText(instr.dtype, this.lane(instr.arg, 0));
    const binding = this.#outputAt[instr.output];
    const at = this.affine(instr.at, 0);
    if (!this.#vectorOutput[instr.output]) return this.line(this.bindings.store(binding, at, value));
    throw new TypeError("webgpu: an outer store to a buffer declared as vectors");
  }

  /** The text of an affine function in lane `lane`. */
  affine(at: Affine, lane: number): string {
    const step = this.#stride(at);
    const offset = at.offset + lane * (this.lanes > 1 ? step : 0);
    const terms = at.strides.flatMap((s, d) =>
      s === 0 ? [] : [s === 1 ? this.indices[d] : `${this.indices[d]} * ${s}`]
    );
    if (offset !== 0 || terms.length === 0) terms.push(`${offset}`);
    return terms.join(" + ").replaceAll("+ -", "- ");
  }

  #fourth(at: Affine): string {
    return `(${this.affine(at, 0)}) >> 2u`;
  }

  /** Stride along the innermost loop. */
  #stride(at: Affine): number {
    return at.strides[at.strides.length - 1] ?? 0;
  }

  /** Whether four neighbours along the innermost loop are one aligned vector. */
  #isVector(at: Affine): boolean {
    return this.#stride(at) === 1 && at.offset % 4 === 0 &&
      at.strides.every((s, d) => d === at.strides.length - 1 || s % 4 === 0);
  }

  #guardText(guards: readonly Guard[], lane: number): string {
    return guards.map((g) => {
      const at = this.affine(g.at, lane);
      return `((${at}) >= ${g.low}) & ((${at}) < ${g.high})`;
    }).join(" & ");
  }

  #make(i: number, instr: Instr): Value {
    const each = (varies: boolean, text: (lane: number) => string): Value => {
      const n = varies ? this.lanes : 1;
      const type = registerType(instr.dtype);
      return Array.from({ length: n }, (_, l) => {
        const name = n === 1 ? `v${i}` : `v${i}_${l}`;
        this.line(`let ${name}: ${type} = ${text(l)};`);
        return name;
      });
    };
    switch (instr.op) {
      case "const":
        // As a variable: what is computed from literals alone is computed by the compiler, which refuses NaN and overflow.
        return each(false, () => literal(instr.dtype, instr.value));
      case "index":
        return each(
          this.#stride(instr.at) !== 0,
          (l) => castText(instr.dtype, "int32", `(${this.affine(instr.at, l)})`),
        );
      case "inside":
        if (instr.guards.length === 0) return ["true"];
        return each(
          instr.guards.some((g) => this.#stride(g.at) !== 0),
          (l) => this.#guardText(instr.guards, l),
        );
      case "load":
        return this.#load(i, instr.input, instr.dtype, instr.at, instr.guards);
      case "apply": {
        const args = instr.args.map((a) => this.#values.get(a)!);
        const careful = this.#careful(instr);
        if (careful !== null) {
          const [name, a] = careful, arg = this.#values.get(a)!;
          return each(
            arg.length > 1,
            (l) => narrowed(instr.dtype, `${name}(${arg.length > 1 ? arg[l] : arg[0]})`),
          );
        }
        const operand = this.kernel.code[instr.args[instr.fn === "where" ? 1 : 0]].dtype;
        return each(
          args.some((a) => a.length > 1),
          (l) =>
            applyText(instr.fn, operand, args.map((a) => a.length > 1 ? a[l] : a[0]), this.#target.rounding),
        );
      }
      case "cast": {
        const arg = this.#values.get(instr.arg)!;
        const from = this.kernel.code[instr.arg].dtype;
        return each(arg.length > 1, (l) => castText(instr.dtype, from, arg[l]));
      }
      default:
        throw new TypeError(`webgpu: ${instr.op} used before it is known`);
    }
  }

  /**
   * The function and argument to use in place of x * 0, 0 / x, x - x and x / x, which drivers take for 0 and 1 even when x is infinite, zero or NaN,
   * and in place of x / 0. Null for everything else.
   */
  #careful({ fn, args: [a, b], dtype }: ApplyInstr): [string, number] | null {
    if (kindOf(dtype) !== "float") return null;
    if (fn === "sub" && a === b) return ["minus_itself", a];
    if (fn === "div" && a === b) return ["over_itself", a];
    if (fn !== "mul" && fn !== "div") return null;
    const first = this.#zero(a), second = this.#zero(b);
    if (second !== null) return [`${fn === "mul" ? "times" : "over"}_${second}`, a];
    if (first !== null) return [fn === "mul" ? `times_${first}` : `${first}_over`, b];
    return null;
  }

  /** Which zero a value is, null for others and for what is not known now. */
  #zero(value: number): "zero" | "minus_zero" | null {
    const c = this.kernel.code[value];
    if (c.op !== "const" || Number(c.value) !== 0) return null;
    return Object.is(c.value, -0) ? "minus_zero" : "zero";
  }

  #load(i: number, input: number, dtype: DType, at: Affine, guards: readonly Guard[]): Value {
    const binding = this.#inputAt[input];
    const type = registerType(dtype);
    const vector = this.#vectorInput[input];
    if (vector && this.#stride(at) !== 0) {
      const kind = this.#inputWord[input] === "i32" ? "vec4i" : "vec4f";
      const whole = this.bindings.loadVector(binding, this.#fourth(at));
      if (guards.length === 0) this.line(`let q${i} = ${whole};`);
      else this.line(`var q${i} = ${kind}();\nif (${this.#guardText(guards, 0)}) { q${i} = ${whole}; }`);
      return ["x", "y", "z", "w"].map((c) => registerText(dtype, `q${i}.${c}`));
    }
    const varies = this.#stride(at) !== 0 || guards.some((g) => this.#stride(g.at) !== 0);
    return Array.from({ length: varies ? this.lanes : 1 }, (_, l) => {
      const name = varies && this.lanes > 1 ? `v${i}_${l}` : `v${i}`;
      const index = this.affine(at, l);
      const text = registerText(
        dtype,
        vector ? this.bindings.loadComponent(binding, index) : this.bindings.load(binding, index),
      );
      if (guards.length === 0) this.line(`let ${name}: ${type} = ${text};`);
      else this.line(`var ${name} = ${type}();\nif (${this.#guardText(guards, l)}) { ${name} = ${text}; }`);
      return name;
    });
  }
}

/** A value of memory in a register. */
function registerText(dtype: DType, word: string): string {
  return registerType(dtype) === "bool" ? `(${word} != 0)` : word;
}

/** A value of a register as memory holds it. */
function memoryText(dtype: DType, value: string): string {
  return registerType(dtype) === "bool" ? `select(0, 1, ${value})` : value;
}

/**
 * The storage buffers of a kernel in WGSL: their declarations, and the text of loads and stores. A buffer larger than one binding may be is
 * bound as several windows of it, between which loads and stores choose. Numbers that are told to the kernel when it runs, such as where a part of a buffer
 * begins in its binding, let kernels be shared that differ in nothing else.
 *
 * @module
 */
import { type Access, parameterBytes } from "../pipelines.ts";
import { type Word, wordBytes } from "../storage.ts";

/** The elements of a buffer that bindings show. */
export interface Extent {
  readonly count: number;
  /** Of a part of a buffer, the element of its first binding at which it begins: a multiple of four. */
  readonly begin?: number;
}

/** A buffer that a kernel uses. */
export interface Operand extends Extent {
  readonly name: string;
  readonly word: Word;
  readonly access: Access;
  /** Whether it is declared as vectors of four. */
  readonly vector: boolean;
  /** Whether loads give half precision as it is; otherwise as f32. */
  readonly halves?: boolean;
}

/** Bytes of an operand that one binding shows. */
export interface Window {
  /** Number of the operand, in the order of declaration. */
  readonly operand: number;
  readonly offset: number;
  readonly size: number;
}

/** Windows that a buffer takes. */
export function windowsOf(word: Word, { count, begin = 0 }: Extent, bindingBytes: number): number {
  return Math.ceil(paddedBytes(word, begin + count) / bindingBytes);
}

/** Bytes of a binding of `count` elements: whole vectors of four. */
export function paddedBytes(word: Word, count: number): number {
  return Math.ceil(count * wordBytes(word) / 16) * 16;
}

const widens = ({ word, halves }: Operand): boolean => word === "f16" && halves !== true;

/** The bindings of one kernel. */
export class Bindings {
  readonly #bindingBytes: number;
  readonly #operands: Operand[] = [];
  readonly windows: Window[] = [];
  readonly #access: Access[] = [];
  /** Numbers that the kernel is told when it runs. */
  readonly parameters: number[] = [];
  /** Where parts of buffers begin, as the kernel reads it. */
  readonly #beginText = new Map<Operand, string>();
  #text = "";

  /** No bindings yet; a binding shows at most `bindingBytes` bytes. */
  constructor(bindingBytes: number) {
    this.#bindingBytes = bindingBytes;
  }

  /** Declares a buffer and returns its number. */
  declare(operand: Operand): number {
    const index = this.#operands.push(operand) - 1;
    const { begin } = operand;
    if (begin !== undefined) this.#beginText.set(operand, this.parameter(begin));
    const bytes = paddedBytes(operand.word, (begin ?? 0) + operand.count);
    const type = operand.vector ? `vec4<${operand.word}>` : operand.word;
    const windows = Math.ceil(bytes / this.#bindingBytes);
    for (let w = 0; w < windows; w++) {
      const offset = w * this.#bindingBytes;
      this.#text += `@group(0) @binding(${this.windows.length}) var<storage, ${operand.access}> ` +
        `${operand.name}${w === 0 ? "" : `_${w}`}: array<${type}>;\n`;
      this.windows.push({ operand: index, offset, size: Math.min(this.#bindingBytes, bytes - offset) });
      this.#access.push(operand.access);
    }
    if (windows > 1) this.#text += this.#windowFunctions(operand, type, windows);
    return index;
  }

  /** A whole number that the kernel is told when it runs. */
  parameter(value: number): string {
    const at = this.parameters.push(value) - 1;
    return `parameters[${at >> 2}].${"xyzw"[at & 3]}`;
  }

  /** The declarations. */
  get text(): string {
    if (this.parameters.length === 0) return this.#text;
    return `${this.#text}@group(0) @binding(${this.windows.length}) var<uniform> parameters: array<vec4i, ${
      parameterBytes(this.parameters.length) / 16
    }>;\n`;
  }

  /** What the kernel does with each binding. */
  get access(): Access[] {
    return this.parameters.length === 0 ? this.#access : [...this.#access, "uniform"];
  }

  /** Element `index` (of an operand not declared as vectors), as f32 or i32, or f16 where the operand keeps it. */
  load(operand: number, index: string): string {
    const o = this.#operands[operand];
    return this.#load(o, index, widens(o) ? "f32" : "");
  }

  /** Vector `index`, likewise. */
  loadVector(operand: number, index: string): string {
    const o = this.#operands[operand];
    return this.#load(o, index, widens(o) ? "vec4f" : "");
  }

  /** One element of an operand declared as vectors. */
  loadComponent(operand: number, index: string): string {
    const o = this.#operands[operand];
    const text = `${this.#load(o, `(${index}) >> 2u`, "")}[(${index}) & 3]`;
    return widens(o) ? `f32(${text})` : text;
  }

  /** Stores f32 or i32 `value`. */
  store(operand: number, index: string, value: string): string {
    const o = this.#operands[operand];
    return this.#store(o, index, o.word === "f16" ? `f16(${value})` : value);
  }

  /** Stores four values as one vector. */
  storeVector(operand: number, index: string, values: readonly string[]): string {
    const o = this.#operands[operand];
    const list = o.word === "f16" ? values.map((v) => `f16(${v})`) : values;
    return this.#store(o, index, `vec4<${o.word}>(${list.join(", ")})`);
  }

  /** Stores one component of a vector. */
  storeComponent(operand: number, index: string, component: number, value: string): string {
    const o = this.#operands[operand];
    const text = o.word === "f16" ? `f16(${value})` : value;
    const c = "xyzw"[component];
    const at = this.#shifted(o, index);
    return this.#windowed(o) ? `store_${o.name}_${c}(${at}, ${text});` : `${o.name}[${at}].${c} = ${text};`;
  }

  #windowed(o: Operand): boolean {
    return windowsOf(o.word, o, this.#bindingBytes) > 1;
  }

  /** The index in the bindings of an operand. */
  #shifted(o: Operand, index: string): string {
    const begin = this.#beginText.get(o);
    return begin === undefined ? index : `(${index}) + ${o.vector ? `(${begin} >> 2u)` : begin}`;
  }

  #load(o: Operand, index: string, convert: string): string {
    const at = this.#shifted(o, index);
    const text = this.#windowed(o) ? `load_${o.name}(${at})` : `${o.name}[${at}]`;
    return convert === "" ? text : `${convert}(${text})`;
  }

  #store(o: Operand, index: string, value: string): string {
    const at = this.#shifted(o, index);
    return this.#windowed(o) ? `store_${o.name}(${at}, ${value});` : `${o.name}[${at}] = ${value};`;
  }

  #windowFunctions(o: Operand, type: string, windows: number): string {
    const per = this.#bindingBytes / (wordBytes(o.word) * (o.vector ? 4 : 1));
    const choose = (use: (name: string, index: string) => string): string => {
      let text = "";
      for (let w = windows - 1; w >= 1; w--) {
        text += `  if (i >= ${w * per}) { ${use(`${o.name}_${w}`, `i - ${w * per}`)} }\n`;
      }
      return `${text}  ${use(o.name, "i")}\n`;
    };
    let text = `fn load_${o.name}(i: i32) -> ${type} {\n${choose((name, i) => `return ${name}[${i}];`)}}\n`;
    if (o.access === "read") return text;
    text += `fn store_${o.name}(i: i32, v: ${type}) {\n${
      choose((name, i) => `${name}[${i}] = v; return;`)
    }}\n`;
    if (!o.vector) return text;
    for (const c of "xyzw") {
      const use = (name: string, i: string) => `${name}[${i}].${c} = v; return;`;
      text += `fn store_${o.name}_${c}(i: i32, v: ${o.word}) {\n${choose(use)}}\n`;
    }
    return text;
  }
}

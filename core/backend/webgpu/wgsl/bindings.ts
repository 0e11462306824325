/**
 * The storage buffers of a kernel in WGSL: their declarations, and the text of loads and stores. A buffer larger than one binding may be is
 * bound as several windows of it, between which loads and stores choose.
 *
 * @module
 */
import type { Access } from "../pipelines.ts";
import { type Word, wordBytes } from "../storage.ts";

/** A buffer that a kernel uses. */
export interface Operand {
  readonly name: string;
  readonly word: Word;
  /** Elements it has. */
  readonly count: number;
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

/** Windows that a buffer of `count` elements takes. */
export function windowsOf(word: Word, count: number, bindingBytes: number): number {
  return Math.ceil(paddedBytes(word, count) / bindingBytes);
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
  readonly access: Access[] = [];
  #text = "";

  /** No bindings yet; a binding shows at most `bindingBytes` bytes. */
  constructor(bindingBytes: number) {
    this.#bindingBytes = bindingBytes;
  }

  /** Declares a buffer and returns its number. */
  declare(operand: Operand): number {
    const index = this.#operands.push(operand) - 1;
    const bytes = paddedBytes(operand.word, operand.count);
    const type = operand.vector ? `vec4<${operand.word}>` : operand.word;
    const windows = Math.ceil(bytes / this.#bindingBytes);
    for (let w = 0; w < windows; w++) {
      const offset = w * this.#bindingBytes;
      this.#text += `@group(0) @binding(${this.windows.length}) var<storage, ${operand.access}> ` +
        `${operand.name}${w === 0 ? "" : `_${w}`}: array<${type}>;\n`;
      this.windows.push({ operand: index, offset, size: Math.min(this.#bindingBytes, bytes - offset) });
      this.access.push(operand.access);
    }
    if (windows > 1) this.#text += this.#windowFunctions(operand, type, windows);
    return index;
  }

  /** The declarations. */
  get text(): string {
    return this.#text;
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
    return this.#windowed(o)
      ? `store_${o.name}_${c}(${index}, ${text});`
      : `${o.name}[${index}].${c} = ${text};`;
  }

  #windowed(o: Operand): boolean {
    return windowsOf(o.word, o.count, this.#bindingBytes) > 1;
  }

  #load(o: Operand, index: string, convert: string): string {
    const text = this.#windowed(o) ? `load_${o.name}(${index})` : `${o.name}[${index}]`;
    return convert === "" ? text : `${convert}(${text})`;
  }

  #store(o: Operand, index: string, value: string): string {
    return this.#windowed(o) ? `store_${o.name}(${index}, ${value});` : `${o.name}[${index}] = ${value};`;
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

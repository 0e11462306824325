/**
 * A plan becoming commands: dispatches and copies over the plan's slots and scratch buffers of its own, and which scratch buffers share memory.
 * How steps are cut into kernels is written in loops/ and routines/.
 *
 * @module
 */
import type { DType } from "../../dtype.ts";
import { DeviceError } from "../../errors.ts";
import type { Plan } from "../../kernel/plan.ts";
import type { Gpu } from "./device.ts";
import { classOf } from "./memory.ts";
import { parameterBytes, type Pipeline, type Pipelines } from "./pipelines.ts";
import type { Tile } from "./routines/gemm_job.ts";
import { type Word, wordBytes, wordOf } from "./storage.ts";
import { type Extent, paddedBytes, windowsOf } from "./wgsl/bindings.ts";
import type { Target } from "./wgsl/emitter.ts";
import type { Rendered } from "./wgsl/frame.ts";

/** A buffer of a plan under construction: a slot, or scratch memory after the slots. */
export type Ref = number;

/** Bytes of a buffer that a binding shows. */
export interface Binding {
  readonly ref: Ref;
  readonly offset: number;
  readonly size: number;
}

/** One kernel run. */
export interface DispatchCommand {
  readonly kind: "dispatch";
  readonly pipeline: Pipeline;
  readonly bindings: readonly Binding[];
  /** Which bytes of the plan's parameters its kernel reads, if any. */
  readonly parameters: { readonly offset: number; readonly size: number } | null;
  readonly groups: readonly [number, number, number];
  readonly label: string;
}

/** One copy between buffers, in bytes. */
export interface CopyCommand {
  readonly kind: "copy";
  readonly from: Ref;
  readonly fromByte: number;
  readonly to: Ref;
  readonly toByte: number;
  readonly bytes: number;
  readonly label: string;
}

/** What a plan does on the device. */
export type Command = DispatchCommand | CopyCommand;

/** Where a buffer of a plan lies while it runs. */
export type Place =
  | { readonly kind: "input" | "output"; readonly index: number }
  | { readonly kind: "scratch"; readonly index: number };

/** A plan made ready. */
export interface Compiled {
  readonly commands: readonly Command[];
  /** Of each ref. */
  readonly places: readonly Place[];
  /** Bytes of each scratch buffer. */
  readonly scratch: readonly number[];
  /** Inputs whose buffers outputs take over. */
  readonly donated: ReadonlySet<number>;
  /** The numbers that kernels are told when they run. */
  readonly parameters: Int32Array<ArrayBuffer>;
}

interface Buffer extends Extent {
  readonly word: Word;
  /** The buffer whose memory this one has. */
  readonly root: Ref;
  /** The buffer of which it is a part, and the byte at which its first binding starts there. */
  readonly whole: Ref;
  readonly start: number;
}

/** Bytes of which the start of a binding is a multiple, on every device, of storage as of uniforms. */
const alignment = 256;

/** Which tile large matrix products take. */
export interface Tiles {
  /** The tile for operands of these dtypes, in a product of so many operations. */
  large(types: readonly [DType, DType], operations: number): Tile;
}

/** Collects the commands of a plan. */
export class Builder {
  readonly target: Target;
  readonly gpu: Gpu;
  readonly tiles: Tiles;
  readonly #plan: Plan;
  readonly #pipelines: Pipelines;
  readonly #buffers: Buffer[] = [];
  readonly #commands: Command[] = [];
  /** The parameters of kernels, one list after the other, and where each starts. */
  readonly #parameters: number[] = [];
  readonly #parametersAt = new Map<string, number>();

  /** Slots of the plan are the first refs. */
  constructor(plan: Plan, gpu: Gpu, target: Target, pipelines: Pipelines, tiles: Tiles) {
    this.#plan = plan;
    this.gpu = gpu;
    this.target = target;
    this.tiles = tiles;
    this.#pipelines = pipelines;
    plan.slots.forEach((slot, i) => {
      let root = i;
      while (plan.slots[root].inPlaceOf >= 0) root = plan.slots[root].inPlaceOf;
      this.#buffers.push({ word: this.word(slot.dtype), count: slot.count, root, whole: i, start: 0 });
    });
  }

  /** The word that holds a dtype here. */
  word(dtype: DType): Word {
    return wordOf(dtype, this.gpu.hasF16);
  }

  /** The word of a buffer. */
  wordOf(ref: Ref): Word {
    return this.#buffers[ref].word;
  }

  /** The dtype of a slot. */
  dtypeOf(slot: number): DType {
    return this.#plan.slots[slot].dtype;
  }

  /** Elements of a buffer. */
  count(ref: Ref): number {
    return this.#buffers[ref].count;
  }

  /** What bindings have to know of a buffer. */
  extent(ref: Ref): Extent {
    const { count, begin } = this.#buffers[ref];
    return { count, begin };
  }

  /** Whether a kernel can bind all of these. */
  fits(refs: readonly Ref[]): boolean {
    const { bindingBytes, storageBuffers } = this.target;
    return refs.reduce((n, ref) => n + windowsOf(this.wordOf(ref), this.#buffers[ref], bindingBytes), 0) <=
      storageBuffers;
  }

  /** The same number for buffers that share memory. */
  root(ref: Ref): Ref {
    return this.#buffers[ref].root;
  }

  /** Whether both are the same elements: one buffer, or the same part of one. */
  isSame(a: Ref, b: Ref): boolean {
    const one = this.#buffers[a], other = this.#buffers[b];
    return one.root === other.root && one.start === other.start && one.begin === other.begin &&
      one.count === other.count;
  }

  /** A scratch buffer. */
  temp(word: Word, count: number): Ref {
    const ref = this.#buffers.length;
    this.#buffers.push({ word, count: Math.max(count, 1), root: ref, whole: ref, start: 0 });
    return ref;
  }

  /**
   * The part of a buffer with elements `first` to `last`, for bindings that show little more of it. It begins with element `start` of the buffer, `first` or a
   * little before: vectors of four stay whole.
   */
  part(ref: Ref, first: number, last: number): { readonly ref: Ref; readonly start: number } {
    const { from, ...part } = this.#part(ref, first, last);
    if (from === 0 && part.count === this.count(ref)) return { ref, start: 0 };
    return { ref: this.#buffers.push(part) - 1, start: from };
  }

  /** Bytes that the bindings of that part show. */
  partBytes(ref: Ref, first: number, last: number): number {
    const { word, begin, count } = this.#part(ref, first, last);
    return paddedBytes(word, begin + count);
  }

  #part(ref: Ref, first: number, last: number): Buffer & { readonly begin: number; readonly from: number } {
    const { word, count, root, whole, start, begin: before = 0 } = this.#buffers[ref];
    const low = Math.max(first, 0), from = low - low % 4;
    const byte = (before + from) * wordBytes(word), begin = byte % alignment / wordBytes(word);
    return {
      word,
      count: Math.min(last, count - 1) - from + 1,
      root,
      whole,
      start: start + byte - byte % alignment,
      begin,
      from,
    };
  }

  /** Runs a rendered kernel; `operands` in the order in which it declared them. */
  dispatch(kernel: Rendered, operands: readonly Ref[], label: string): void {
    if (kernel.windows.length > this.target.storageBuffers) {
      throw new DeviceError(
        `webgpu: the kernel of ${label} needs ${kernel.windows.length} storage buffers, and this device allows ${this.target.storageBuffers}`,
      );
    }
    const pipeline = this.#pipelines.of(kernel, label);
    const bindings = kernel.windows.map(({ operand, offset, size }) => {
      const { whole, start } = this.#buffers[operands[operand]];
      return { ref: whole, offset: start + offset, size };
    });
    const parameters = kernel.parameters.length === 0 ? null : {
      offset: this.#placeOf(kernel.parameters),
      size: parameterBytes(kernel.parameters.length),
    };
    this.#commands.push({ kind: "dispatch", pipeline, bindings, parameters, groups: kernel.groups, label });
  }

  /** The byte at which a list of parameters lies. */
  #placeOf(parameters: readonly number[]): number {
    const key = parameters.join();
    let place = this.#parametersAt.get(key);
    if (place === undefined) {
      place = this.#parameters.length * 4;
      this.#parametersAt.set(key, place);
      this.#parameters.push(...parameters);
      while (this.#parameters.length * 4 % alignment !== 0) this.#parameters.push(0);
    }
    return place;
  }

  /** Copies `count` elements between buffers of one word. Starts must be even for 16-bit words. */
  copy(from: Ref, fromElement: number, to: Ref, toElement: number, count: number, label: string): void {
    const bytes = wordBytes(this.wordOf(from));
    const source = this.#buffers[from], target = this.#buffers[to];
    const byteOf = ({ start, begin = 0 }: Buffer, element: number): number =>
      start + (begin + element) * bytes;
    this.#commands.push({
      kind: "copy",
      from: source.whole,
      fromByte: byteOf(source, fromElement),
      to: target.whole,
      toByte: byteOf(target, toElement),
      bytes: Math.ceil(count * bytes / 4) * 4,
      label,
    });
  }

  /** Settles which memory everything has. */
  finish(): Compiled {
    const places = new Array<Place | undefined>(this.#buffers.length);
    const donated = new Set<number>();
    const index = { input: 0, output: 0, temp: 0 };
    // Buffers that share memory with an input or an output lie there.
    this.#plan.slots.forEach((slot, i) => {
      const at = index[slot.role]++;
      if (slot.role === "temp") return;
      const root = this.#buffers[i].root;
      if (slot.role === "output" && places[root]?.kind === "input") donated.add(places[root].index);
      places[i] = { kind: slot.role, index: at };
      if (places[root] === undefined || slot.role === "output") places[root] = places[i];
    });
    const lives = new Map<Ref, { first: number; last: number; bytes: number }>();
    this.#commands.forEach((command, at) => {
      const refs = command.kind === "copy" ? [command.from, command.to] : command.bindings.map((b) => b.ref);
      for (const ref of refs) {
        const { root, word, count } = this.#buffers[ref];
        if (places[root] !== undefined) continue;
        const life = lives.get(root);
        const bytes = paddedBytes(word, count);
        if (life === undefined) lives.set(root, { first: at, last: at, bytes });
        else lives.set(root, { first: life.first, last: at, bytes: Math.max(bytes, life.bytes) });
      }
    });
    const scratch: { bytes: number; free: number }[] = [];
    for (const [root, life] of [...lives].sort((a, b) => a[1].first - b[1].first)) {
      const bytes = classOf(life.bytes);
      let best = -1;
      scratch.forEach((s, i) => {
        const fits = s.free < life.first && s.bytes >= bytes && s.bytes <= bytes * 4;
        if (fits && (best < 0 || s.bytes < scratch[best].bytes)) best = i;
      });
      if (best < 0) best = scratch.push({ bytes, free: 0 }) - 1;
      scratch[best].free = life.last;
      places[root] = { kind: "scratch", index: best };
    }
    return {
      commands: this.#commands,
      places: this.#buffers.map((b, i) => places[b.root] ?? places[i] ?? { kind: "scratch", index: -1 }),
      scratch: scratch.map((s) => s.bytes),
      donated,
      parameters: Int32Array.from(this.#parameters),
    };
  }
}

/**
 * Running a compiled plan: its scratch memory for the time of the run, its bind groups, its commands into the queue.
 *
 * @module
 */
import type { DeviceBuffer, Executable } from "../backend.ts";
import { OutOfMemoryError } from "../../errors.ts";
import type { Command, Compiled, DispatchCommand, Ref } from "./builder.ts";
import type { Gpu } from "./device.ts";
import { type Block, ownBuffer, type Pool } from "./memory.ts";
import type { Pipeline, Pipelines } from "./pipelines.ts";
import type { Queue } from "./queue.ts";

/**
 * Bind groups kept for each dispatch: making one takes longer than everything else about a dispatch, and in a loop of small steps buffers come back only after a
 * thousand others. When a device has `groupsInAll` of them, each dispatch keeps `groupsThen`: enough for buffers that take turns.
 */
const groupsKept = 4096, groupsInAll = 8192, groupsThen = 8;

const uniformUsage = 0x0040 | 0x0008; // UNIFORM | COPY_DST

/** What an executable works with. */
export interface Machine {
  readonly gpu: Gpu;
  readonly pool: Pool;
  readonly queue: Queue;
  readonly pipelines: Pipelines;
}

/** A plan made ready on a WebGPU device. */
export class WebGpuExecutable implements Executable {
  readonly #machine: Machine;
  readonly #plan: Compiled;
  readonly #groups = new Map<Command, Map<string, GPUBindGroup>>();
  #compiled = false;
  /** The plan's parameters on the device. */
  #parameters: GPUBuffer | null = null;

  /** An executable of `plan`. */
  constructor(machine: Machine, plan: Compiled) {
    this.#machine = machine;
    this.#plan = plan;
  }

  compiling(): Promise<void> | null {
    if (this.#compiled) return null;
    const wanted = this.#pipelines().filter((p) => p.compiled === null);
    if (wanted.length > 0) return this.#machine.pipelines.compileAsync(wanted);
    this.#compiled = true;
    return null;
  }

  run(inputs: readonly DeviceBuffer[], outputs: readonly DeviceBuffer[]): void {
    const { pool, queue, gpu, pipelines } = this.#machine;
    gpu.faults.check();
    if (!this.#compiled) {
      for (const pipeline of this.#pipelines()) pipelines.compile(pipeline);
    }
    this.#compiled = true;
    const held: Block[] = [];
    const take = (bytes: number): Block => {
      const block = pool.take(bytes);
      held.push(block);
      return block;
    };
    try {
      const inputBlocks = inputs.map((b) => ownBuffer(b, pool).block);
      const outputBlocks = outputs.map((b) => ownBuffer(b, pool).block);
      // A buffer that an output takes over but that also stands for another input is read from a copy.
      inputBlocks.forEach((block, i) => {
        if (!outputBlocks.includes(block) || this.#plan.donated.has(i)) return;
        const copy = take(block.bytes);
        queue.copy(block, 0, copy, 0, block.bytes, "copy of a donated input");
        inputBlocks[i] = copy;
      });
      const scratch = this.#plan.scratch.map((bytes, i) => {
        try {
          return take(bytes);
        } catch (error) {
          if (!(error instanceof OutOfMemoryError)) throw error;
          throw new OutOfMemoryError(`${error.message}, in ${this.#userOf(i)}`, { cause: error });
        }
      });
      const blocks = this.#plan.places.map(({ kind, index }) =>
        (kind === "input" ? inputBlocks : kind === "output" ? outputBlocks : scratch)[index]
      );
      for (const command of this.#plan.commands) {
        if (command.kind === "copy") {
          const { from, fromByte, to, toByte, bytes, label } = command;
          queue.copy(blocks[from], fromByte, blocks[to], toByte, bytes, label);
        } else {
          const used = command.bindings.map((b) => blocks[b.ref]);
          const pipeline = pipelines.compile(command.pipeline);
          queue.dispatch(pipeline, this.#group(command, used), command.groups, used, command.label);
        }
      }
    } finally {
      for (const block of held) pool.give(block);
    }
  }

  /** What the first command is for that uses a scratch buffer. */
  #userOf(scratch: number): string | undefined {
    const isPlace = (ref: Ref): boolean => {
      const { kind, index } = this.#plan.places[ref];
      return kind === "scratch" && index === scratch;
    };
    return this.#plan.commands.find((c) =>
      c.kind === "copy" ? isPlace(c.from) || isPlace(c.to) : c.bindings.some((b) => isPlace(b.ref))
    )?.label;
  }

  dispose(): void {
    const { pipelines, queue } = this.#machine;
    for (const known of this.#groups.values()) pipelines.groups -= known.size;
    this.#groups.clear();
    if (this.#parameters === null) return;
    // Commands that are handed over must not name a buffer that is destroyed.
    queue.flush();
    this.#parameters.destroy();
    this.#parameters = null;
  }

  #pipelines(): Pipeline[] {
    return this.#plan.commands.flatMap((c) => c.kind === "dispatch" ? [c.pipeline] : []);
  }

  #uniforms(): GPUBuffer {
    if (this.#parameters === null) {
      const { device } = this.#machine.gpu, { parameters } = this.#plan;
      this.#parameters = device.createBuffer({
        label: "tenon parameters",
        size: parameters.byteLength,
        usage: uniformUsage,
      });
      device.queue.writeBuffer(this.#parameters, 0, parameters);
    }
    return this.#parameters;
  }

  #group(command: DispatchCommand, blocks: readonly Block[]): GPUBindGroup {
    let known = this.#groups.get(command);
    if (known === undefined) this.#groups.set(command, known = new Map());
    let key = "";
    for (const block of blocks) key += `${block.id},`;
    let group = known.get(key);
    if (group === undefined) {
      const { pipelines } = this.#machine;
      if (known.size >= (pipelines.groups < groupsInAll ? groupsKept : groupsThen)) {
        pipelines.groups -= known.size;
        known.clear();
      }
      const ranges = command.bindings.map(({ offset, size }, i) => ({ buffer: blocks[i].gpu, offset, size }));
      if (command.parameters !== null) {
        ranges.push({ buffer: this.#uniforms(), ...command.parameters });
      }
      group = pipelines.bind(command.pipeline, ranges);
      known.set(key, group);
      pipelines.groups++;
    }
    return group;
  }
}

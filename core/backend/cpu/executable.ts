/**
 * A plan made ready on the CPU: places for its temporaries, and a flat list of step runners that replay does nothing but call. What a runner does is
 * in loops.ts and routines/.
 *
 * @module
 */
import { bytesOf } from "../../dtype.ts";
import type { LoopStep, Plan, Slot, Step } from "../../kernel/plan.ts";
import type { DeviceBuffer, Executable } from "../backend.ts";
import { assignOffsets, type Lifetime } from "../memory.ts";
import type { Engine, StepContext, StepRunner } from "./engine.ts";
import { LoopRunner } from "./loops.ts";
import { routineRunner } from "./routines/table.ts";

/** A buffer of the CPU backend. */
export class CpuBuffer implements DeviceBuffer {
  constructor(readonly bytes: number, readonly address: number) {}
  /** Set when the buffer was given back. */
  freed = false;
}

const ALIGN = 64;

/** A prepared plan. */
export class CpuExecutable implements Executable {
  readonly #engine: Engine;
  readonly #steps: StepRunner[] = [];
  /** Address of each slot, kept up to date by `run`. */
  readonly #at: Float64Array;
  readonly #inputs: number[];
  readonly #outputs: number[];
  /** Slots that live in the scratch block, and their offsets. */
  readonly #temps: number[];
  readonly #offsets: number[];
  /** Slots that live in an input's or an output's buffer, each after the slot it follows. */
  readonly #aliases: number[];
  readonly #aliasOf: number[];
  readonly #scratchBytes: number;
  readonly #workspaceOffset: number;
  readonly #context: StepContext;
  #base = -1;

  constructor(engine: Engine, plan: Plan) {
    this.#engine = engine;
    const { slots } = plan;
    this.#at = new Float64Array(slots.length);
    this.#inputs = slotsOf(slots, "input");
    this.#outputs = slotsOf(slots, "output");
    const { offsets, owners, total } = placeTemps(slots);
    this.#temps = offsets.flatMap((offset, i) => offset >= 0 ? [i] : []);
    this.#offsets = this.#temps.map((i) => offsets[i]);
    this.#aliases = owners.flatMap((owner, i) => owner !== i ? [i] : []);
    this.#aliasOf = this.#aliases.map((i) => owners[i]);
    this.#context = { engine, at: this.#at, slots, workspace: 0, workspaceBytes: 0 };
    for (const step of plan.steps) this.#add(step);
    this.#workspaceOffset = total;
    this.#scratchBytes = total + this.#context.workspaceBytes;
    engine.makeRoom(this.#scratchBytes);
  }

  run(inputs: readonly DeviceBuffer[], outputs: readonly DeviceBuffer[]): void {
    const at = this.#at, steps = this.#steps;
    for (let i = 0; i < inputs.length; i++) at[this.#inputs[i]] = (inputs[i] as CpuBuffer).address;
    for (let i = 0; i < outputs.length; i++) at[this.#outputs[i]] = (outputs[i] as CpuBuffer).address;
    if (this.#scratchBytes > 0) this.#place();
    for (let i = 0; i < this.#aliases.length; i++) at[this.#aliases[i]] = at[this.#aliasOf[i]];
    for (let i = 0; i < steps.length; i++) steps[i].run();
  }

  compiling(): null {
    return null;
  }

  dispose(): void {
    for (const step of this.#steps) step.dispose();
    this.#steps.length = 0;
  }

  #add(step: Step): void {
    const loop = (loop: LoopStep) => new LoopRunner(this.#context, loop);
    if (step.kind === "loop") this.#steps.push(loop(step));
    else {this.#steps.push(
        ...routineRunner(this.#context, step, step.epilogue === null ? null : loop(step.epilogue)),
      );}
  }

  #place(): void {
    const base = this.#engine.scratch(this.#scratchBytes);
    if (base === this.#base) return;
    this.#base = base;
    for (let i = 0; i < this.#temps.length; i++) this.#at[this.#temps[i]] = base + this.#offsets[i];
    this.#context.workspace = base + this.#workspaceOffset;
  }
}

function slotsOf(slots: readonly Slot[], role: Slot["role"]): number[] {
  return slots.flatMap((slot, i) => slot.role === role ? [i] : []);
}

/**
 * Offsets of the temporaries in the scratch block (-1 for slots that are not there) and, for every slot, the slot in whose memory it lives:
 * slots that take each other over share one place, which is an input's or output's buffer when one of them is that.
 */
function placeTemps(slots: readonly Slot[]): { offsets: number[]; owners: number[]; total: number } {
  const owners = slots.map((_, i) => i);
  slots.forEach((slot, i) => {
    if (slot.inPlaceOf >= 0 && slot.role === "temp") owners[i] = owners[slot.inPlaceOf];
  });
  // An output that takes over a temporary: the temporary moves into the output's buffer.
  slots.forEach((slot, i) => {
    if (slot.role !== "output" || slot.inPlaceOf < 0) return;
    const root = owners[slot.inPlaceOf];
    if (slots[root].role !== "temp") return;
    owners.forEach((owner, j) => {
      if (owner === root) owners[j] = i;
    });
  });
  const roots = slots.flatMap((slot, i) => slot.role === "temp" && owners[i] === i ? [i] : []);
  const lifetimes = roots.map((root): Lifetime => {
    const members = slots.filter((_, i) => owners[i] === root);
    return {
      bytes: bytesOf(slots[root].dtype) * slots[root].count,
      first: Math.min(...members.map((m) => m.first)),
      last: Math.max(...members.map((m) => m.last)),
    };
  });
  const placed = assignOffsets(lifetimes, ALIGN);
  const offsets = new Array<number>(slots.length).fill(-1);
  roots.forEach((root, i) => offsets[root] = placed.offsets[i]);
  return { offsets, owners, total: placed.total };
}

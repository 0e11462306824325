/**
 * Evaluation: brings a set of roots to values. The only file that joins graph and backend. A plan is cached under the structure of the
 * graph, so the second step of a training loop pays for building nodes and one look-up.
 *
 * @module
 */
import type { Backend, DeviceBuffer, Executable } from "./backend/backend.ts";
import { backendOf, type DeviceName } from "./device.ts";
import { hostArray } from "./dtype.ts";
import { OutOfMemoryError, ValueError } from "./errors.ts";
import { lookAt, refuseSpoiled } from "./late_errors.ts";
import { type CompiledTrace, compileTrace } from "./graph/compile.ts";
import { PlanCache } from "./graph/signature.ts";
import { type Check, checksOf, type Watched, watchedIn } from "./graph/refusals.ts";
import { isHeld, type Trace, trace } from "./graph/trace.ts";
import { adopt, consume, discard, nextPin, onDevice, settle, withRoom } from "./residents.ts";
import { sizeOf } from "./shape.ts";
import { hostStorage, type Storage } from "./storage.ts";
import type { Tensor } from "./tensor.ts";

/** A plan made ready, and where its inputs and outputs are in a trace. */
interface Ready {
  readonly compiled: CompiledTrace;
  readonly executable: Executable;
}

/** The plans of a device, as long as it has this backend. */
interface Plans {
  readonly backend: Backend;
  readonly cache: PlanCache<Ready>;
}

const plans = new Map<DeviceName, Plans>();
const mostPlans = 1024;
let fusion = true;

function plansOf(device: DeviceName): Plans {
  const backend = backendOf(device);
  let found = plans.get(device);
  if (found === undefined || found.backend !== backend) {
    found = { backend, cache: new PlanCache<Ready>(mostPlans, (plan) => plan.executable.dispose()) };
    plans.set(device, found);
  }
  return found;
}

/** Switches fusion of kernels on or off; off, every operation is a kernel of its own. The numbers are the same. For tests and debugging. */
export function setFusion(on: boolean): void {
  fusion = on;
}

/** Options of an evaluation that optimizers use. */
export interface EvaluateOptions {
  /** Leaves whose memory the results may take over, as far as nobody else can need their values. */
  readonly donate?: readonly Tensor[];
}

/**
 * Computes the tensors, all together: what they share is computed once. Reading a value does this by itself; call it to decide when.
 *
 * @example
 * ```ts
 * import { evaluate, tensor } from "@tenon/tenon";
 * const x = tensor([1, 2]).mul(2), y = x.add(1);
 * evaluate([x, y]);
 * ```
 */
export function evaluate(tensors: readonly Tensor[], options: EvaluateOptions = {}): void {
  const roots = notHeld(tensors);
  if (roots.length === 0) return;
  const donate = options.donate ?? [];
  const device = roots[0].device;
  if (roots.every((x) => x.device === device)) return run(planned(device, roots, donate));
  for (const [name, own] of Map.groupBy(roots, (x) => x.device)) run(planned(name, own, donate));
}

/**
 * The same, unless kernels have to be compiled first: then a promise of those, which compiles them in turns with the rest of the program. After it, call this
 * again: meanwhile the graph may have become another.
 */
export function evaluateOrCompile(x: Tensor): Promise<void> | null {
  for (const root of notHeld([x])) {
    const evaluation = planned(root.device, [root], none);
    const compiling = evaluation.plan.executable.compiling();
    if (compiling !== null) return compiling;
    run(evaluation);
  }
  return null;
}

/** The tensors that have no value in memory. Empty ones get theirs. */
function notHeld(tensors: readonly Tensor[]): Tensor[] {
  if (!Array.isArray(tensors)) {
    throw new ValueError("evaluate: expected a list of tensors, as in evaluate([x, y])");
  }
  const roots: Tensor[] = [];
  for (let i = 0; i < tensors.length; i++) {
    const x = tensors[i]?.value;
    if (x === undefined) {
      throw new ValueError(`evaluate: expected tensors, but number ${i} of the list is none`);
    }
    if (isHeld(x)) continue;
    if (sizeOf(x.shape) === 0) finish(x, hostStorage(x.device, x.dtype, hostArray(x.dtype, 0)));
    else roots.push(x);
  }
  return roots;
}

/** An evaluation that is about to run. */
interface Evaluation {
  readonly device: DeviceName;
  readonly found: Trace;
  readonly checks: readonly Check[];
  /** What gets a value. */
  readonly roots: readonly Tensor[];
  readonly plan: Ready;
}

/** Finds or makes the plan for roots on a device. Changes nothing. */
function planned(device: DeviceName, asked: readonly Tensor[], donate: readonly Tensor[]): Evaluation {
  const { found, checks } = traceChecked(asked);
  const { nodes, leaves, signature } = found;
  // Values of parameters are brought to memory when met, not computed again each time. So is what a caller of a module holds, and a
  // single value that may be a part of a loss, where a step may overwrite what they are computed from: afterwards they could not be computed.
  const roots = withChecks(asked, checks);
  for (const x of nodes) {
    if (isHeld(x)) continue;
    if (!x.computed) {
      for (let i = 0; i < x.inputs.length; i++) {
        const again = computedAgain(x.inputs[i]);
        if (again !== null && !roots.includes(again)) roots.push(again);
      }
    }
    const part = donate.length > 0 && x.track !== 0 && sizeOf(x.shape) === 1;
    if (x.owner === null && !part && !(x.kept && (donate.length > 0 || x.track !== 0))) continue;
    // An empty tensor has no memory to be brought to.
    if (sizeOf(x.shape) > 0 && !roots.includes(x)) roots.push(x);
  }
  // What is refused leaves everything as it was.
  const donated = checks.length > 0 ? nothing : donatedLeaves(nodes, leaves, roots, donate);
  const keep = roots.some((x) => x.track !== 0 && !x.released);
  // After the graph, what else the plan depends on.
  signature.push((fusion ? 1 : 0) | (keep ? 2 : 0));
  signature.push(roots.length);
  for (const x of roots) signature.push(x.order);
  for (const leaf of donated) signature.push(leaf);
  const { backend, cache } = plansOf(device);
  const plan = cache.find(signature, () => {
    const compiled = compileTrace(found, roots.map((x) => x.order), {
      fuse: fusion,
      maxBuffers: backend.maxBuffers,
      keep,
      donated,
    });
    return { compiled, executable: backend.prepare(compiled.plan) };
  });
  return { device, found, checks, roots, plan };
}

/** Runs an evaluation straight after it was planned: its graph may not have been walked again. */
function run({ device, found, checks, roots, plan }: Evaluation): void {
  const { nodes, leaves } = found;
  const storages = execute(device, plan, leaves);
  for (let i = 0; i < nodes.length; i++) nodes[i].computed = true;
  if (checks.length > 0) throwRefused(device, watchedIn(plan.compiled.outputs, checks), storages);
  plan.compiled.outputs.forEach(({ places }, i) => {
    for (let k = 0; k < places.length; k++) nodes[places[k]].storage = storages[i];
  });
  for (const x of roots) {
    if (!isHeld(x)) shareWithInput(x);
    if (x.track === 0 || x.released || x.owner !== null) release(x);
  }
}

/** What a set of roots needs, with what has to be looked at when it is computed among the nodes. */
function traceChecked(
  roots: readonly Tensor[],
): { readonly found: Trace; readonly checks: readonly Check[] } {
  const found = trace(roots), checks = checksOf(found.nodes);
  return { found: checks.length === 0 ? found : trace(withChecks(roots, checks)), checks };
}

function withChecks(roots: readonly Tensor[], checks: readonly Check[]): Tensor[] {
  const all = [...roots];
  for (let i = 0; i < checks.length; i++) all.push(checks[i].found);
  return all;
}

/**
 * The value behind an argument of something new, when an earlier evaluation computed it and did not keep it: it is in somebody's hands, so
 * this time it is kept. Otherwise a loop that reads a number of `x = f(x)` in each round would compute all rounds before it again.
 */
function computedAgain(input: Tensor): Tensor | null {
  let x = input;
  for (;;) {
    if (isHeld(x) || !x.computed || x.track !== 0) return null;
    const { kind } = x.prim.lowering;
    if (kind === "constant" || kind === "iota") return null;
    if (kind !== "view" && kind !== "reshape") return sizeOf(x.shape) > 0 ? x : null;
    x = x.inputs[0];
  }
}

/** Memory for an output of a plan. An error names the operations that were to fill it. */
function memoryFor(backend: Backend, { plan, outputs }: CompiledTrace, i: number): DeviceBuffer {
  try {
    return backend.allocate(outputs[i].dtype, outputs[i].count);
  } catch (error) {
    if (!(error instanceof OutOfMemoryError)) throw error;
    const { first } = plan.slots.filter((slot) => slot.role === "output")[i];
    throw new OutOfMemoryError(`${error.message}, in ${plan.steps[first].label}`, { cause: error });
  }
}

/** Runs a plan on the values of its leaves. The storages of its outputs, in order. */
function execute(device: DeviceName, plan: Ready, leaves: readonly Storage[]): Storage[] {
  const { compiled, executable } = plan;
  const { inputs, outputs } = compiled;
  const backend = backendOf(device), pin = nextPin();
  for (let i = 0; i < leaves.length; i++) {
    refuseSpoiled(leaves[i].residency);
    leaves[i].residency.pin = pin;
  }
  const given: DeviceBuffer[] = [], made: DeviceBuffer[] = [];
  for (let i = 0; i < inputs.length; i++) given.push(onDevice(leaves[inputs[i]], pin));
  try {
    for (let i = 0; i < outputs.length; i++) {
      const { takes } = outputs[i];
      const taken = takes < 0 ? null : leaves[takes].residency.buffer;
      made.push(taken ?? withRoom(device, pin, () => memoryFor(backend, compiled, i)));
    }
    if (compiled.plan.steps.length > 0) withRoom(device, pin, () => executable.run(given, made));
  } catch (error) {
    for (const buffer of made) if (!given.includes(buffer)) backend.free(buffer);
    throw error;
  }
  const storages: Storage[] = [];
  for (let i = 0; i < outputs.length; i++) {
    const { takes, dtype, count, derived, places } = outputs[i];
    if (takes >= 0) consume(leaves[takes]);
    const storage = adopt(device, dtype, count, made[i], derived);
    storage.shared = places.length > 1;
    storages.push(storage);
  }
  for (let i = 0; i < compiled.spent.length; i++) discard(leaves[compiled.spent[i]]);
  settle(device, pin);
  return storages;
}

/** Throws what the checks of a plan found in its results. */
function throwRefused(
  device: DeviceName,
  watched: readonly Watched[],
  storages: readonly Storage[],
): void {
  if (watched.length === 0) return;
  try {
    lookAt(device, watched.map(({ output, late, error }) => ({ found: storages[output], late, error })));
  } catch (error) {
    storages.forEach(discard);
    throw error;
  }
}

/** A plan of its own, for a function that is traced once and replayed. */
export interface Program {
  /** Whether its device has another backend by now, so that the program cannot run any more. */
  readonly stale: boolean;
  /** The values of the outputs, given those of the inputs. */
  run(inputs: readonly Storage[]): Storage[];
  /** Compiles its kernels in turns with the rest of the program. */
  compiling(): Promise<void>;
  /** Frees what it holds. */
  dispose(): void;
}

/**
 * The program that computes `outputs` (on one device, not empty) from the placeholders `inputs`. Memory of the inputs numbered in `donate` may
 * become that of outputs, where an output is not the input itself.
 */
export function prepare(
  outputs: readonly Tensor[],
  inputs: readonly Tensor[],
  donate: ReadonlySet<number>,
): Program {
  const device = outputs[0].device;
  // While the graph is walked, a placeholder is a leaf like any other.
  const stand = inputs.map((x) => x.storage = hostStorage(device, x.dtype, hostArray(x.dtype, 0)));
  try {
    const { found, checks } = traceChecked(outputs);
    const { leaves } = found;
    const roots = withChecks(outputs, checks).map((x) => x.order);
    const inputOf = leaves.map((s) => stand.indexOf(s));
    // What an output only renames.
    const names = outputs.map(renamedLeaf);
    const donated = new Set(
      leaves.map((_, leaf) => leaf).filter((leaf) =>
        checks.length === 0 && donate.has(inputOf[leaf]) && !names.includes(leaf)
      ),
    );
    const { backend } = plansOf(device);
    const options = { fuse: fusion, maxBuffers: backend.maxBuffers, keep: false, donated };
    const compiled = compileTrace(found, roots, options);
    const plan = { compiled, executable: backend.prepare(compiled.plan) };
    const outputOf = outputs.map(({ order }) => compiled.outputs.findIndex((o) => o.places.includes(order)));
    const watched = watchedIn(compiled.outputs, checks);
    const constants = leaves.map((s, leaf) => inputOf[leaf] < 0 ? s : null);
    return {
      get stale(): boolean {
        return backendOf(device) !== backend;
      },
      run(values: readonly Storage[]): Storage[] {
        const own = constants.map((s, leaf) => s ?? values[inputOf[leaf]]);
        const made = execute(device, plan, own);
        throwRefused(device, watched, made);
        return outputOf.map((output, i) => {
          if (output >= 0) return made[output];
          const same = own[names[i]];
          same.shared = true;
          return same;
        });
      },
      async compiling() {
        await plan.executable.compiling();
      },
      dispose: () => plan.executable.dispose(),
    };
  } finally {
    for (const x of inputs) x.storage = null;
  }
}

/** The value in memory that a root is only another name of; null when it is computed. */
function renamed(x: Tensor): Storage | null {
  let node = x;
  while (!isHeld(node) && node.prim.lowering.kind === "reshape") node = node.inputs[0];
  return isHeld(node) ? node.storage : null;
}

/** The leaf that a root is only another name of, or -1. */
function renamedLeaf(x: Tensor): number {
  return renamed(x)?.order ?? -1;
}

/** A root that only renames a value in memory shares its storage. */
function shareWithInput(x: Tensor): void {
  const storage = renamed(x);
  if (storage === null) return;
  x.storage = storage;
  storage.shared = true;
}

/** Gives a tensor its value. */
function finish(x: Tensor, storage: Storage): void {
  x.storage = storage;
  if (x.track === 0) release(x);
}

const none: readonly Tensor[] = [];

/** Drops the graph behind a value that is there. */
function release(x: Tensor): void {
  if (!x.released) { for (const input of x.inputs) if (input.owner !== null) input.uses--; }
  x.inputs = none;
}

const nothing: ReadonlySet<number> = new Set();

/** Leaf numbers that may be overwritten: given by the caller, and used by nothing outside this evaluation. */
function donatedLeaves(
  nodes: readonly Tensor[],
  leaves: readonly Storage[],
  roots: readonly Tensor[],
  donate: readonly Tensor[],
): ReadonlySet<number> {
  if (donate.length === 0) return nothing;
  const donated = new Set<number>();
  const seen = new Map<Tensor, number>();
  for (const x of donate) seen.set(x, 0);
  for (const x of nodes) {
    if (isHeld(x) || x.released) continue;
    for (const input of x.inputs) {
      const count = seen.get(input);
      if (count !== undefined) seen.set(input, count + 1);
    }
  }
  const holders = new Map<Storage, number>();
  for (const x of nodes) {
    if (isHeld(x)) holders.set(x.storage as Storage, (holders.get(x.storage as Storage) ?? 0) + 1);
  }
  for (const [x, count] of seen) {
    const storage = x.storage;
    if (storage === null || storage.shared || x.uses > count || holders.get(storage) !== 1) continue;
    if (leaves[storage.order] === storage) donated.add(storage.order);
  }
  for (const x of roots) donated.delete(renamedLeaf(x));
  return donated;
}

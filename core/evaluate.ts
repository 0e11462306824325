/**
 * Evaluation: brings a set of roots to values. The only file that joins graph and backend. A plan is cached under the structure of the
 * graph, so the second step of a training loop pays for building nodes and one look-up.
 *
 * @module
 */
import type { DeviceBuffer, Executable } from "./backend/backend.ts";
import { backendOf, type DeviceName } from "./device.ts";
import { hostArray } from "./dtype.ts";
import { type CompiledTrace, compileTrace } from "./graph/compile.ts";
import { isHeld, trace } from "./graph/trace.ts";
import { adopt, allocate, consume, onDevice, settle } from "./residents.ts";
import { sizeOf } from "./shape.ts";
import { hostStorage, type Residency, type Storage } from "./storage.ts";
import type { Tensor } from "./tensor.ts";

interface CachedPlan {
  readonly signature: Int32Array;
  readonly compiled: CompiledTrace;
  readonly executable: Executable;
}

/** Plans by a hash of their signature, oldest first. */
const cache = new Map<number, CachedPlan[]>();
let cached = 0;
const mostPlans = 1024;
let fusion = true;
let reading = "";

/** Switches fusion of kernels on or off; off, every operation is a kernel of its own. The numbers are the same. For tests and debugging. */
export function setFusion(on: boolean): void {
  fusion = on;
}

/** Options of an evaluation that optimizers use. */
export interface EvaluateOptions {
  /** Leaves whose memory the results may take over, as far as nobody else can need their values. */
  readonly donate?: readonly Tensor[];
}

/** Runs `fn` while reading values is an error, which names `why`. For functions that are traced once and replayed. */
export function withoutReading<T>(why: string, fn: () => T): T {
  const before = reading;
  reading = why;
  try {
    return fn();
  } finally {
    reading = before;
  }
}

/** Why values cannot be read now; empty when they can. */
export function readingForbidden(): string {
  return reading;
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
  const byDevice = new Map<DeviceName, Tensor[]>();
  for (const t of tensors) {
    const x = t.value;
    if (isHeld(x)) continue;
    if (sizeOf(x.shape) === 0) {
      finish(x, hostStorage(x.device, x.dtype, hostArray(x.dtype, 0)));
      continue;
    }
    const list = byDevice.get(x.device);
    if (list === undefined) byDevice.set(x.device, [x]);
    else list.push(x);
  }
  for (const [device, roots] of byDevice) evaluateOn(device, roots, options.donate ?? []);
}

function evaluateOn(device: DeviceName, asked: readonly Tensor[], donate: readonly Tensor[]): void {
  const found = trace(asked);
  const { nodes, leaves } = found;
  // Values of parameters are brought to memory when met, not computed again each time. Where memory is about to be overwritten,
  // so is what a caller of a module holds: afterwards it could not be computed.
  const roots = [...asked];
  for (const x of nodes) {
    if ((x.owner !== null || (x.kept && donate.length > 0)) && !isHeld(x) && !asked.includes(x)) {
      roots.push(x);
    }
  }
  const donated = donatedLeaves(nodes, leaves, donate);
  const keep = roots.some((x) => x.track !== 0 && !x.released);
  const flags = (fusion ? 1 : 0) | (keep ? 2 : 0);
  // The signature proper, then what else the plan depends on.
  const key = new Int32Array(found.length + roots.length + donated.size + 3);
  key.set(found.signature.subarray(0, found.length));
  let n = found.length;
  key[n++] = flags;
  key[n++] = backendOf(device).name === device ? device.length : -device.length;
  key[n++] = roots.length;
  for (const x of roots) key[n++] = x.order;
  for (const leaf of donated) key[n++] = leaf;
  const plan = lookUp(key) ?? store(key, () => {
    const backend = backendOf(device);
    const compiled = compileTrace(found, roots.map((x) => x.order), {
      fuse: fusion,
      maxBuffers: backend.maxBuffers,
      keep,
      donated,
    });
    return { signature: key, compiled, executable: backend.prepare(compiled.plan) };
  });
  run(device, plan, nodes, leaves);
  for (const x of roots) {
    if (!isHeld(x)) shareWithInput(x);
    if (x.track === 0 || x.released || x.owner !== null) release(x);
  }
}

function run(
  device: DeviceName,
  plan: CachedPlan,
  nodes: readonly Tensor[],
  leaves: readonly Storage[],
): void {
  const { compiled, executable } = plan;
  const pinned: ReadonlySet<Residency> = new Set(leaves.map((s) => s.residency));
  const inputs: DeviceBuffer[] = compiled.inputs.map((leaf) => onDevice(leaves[leaf], pinned));
  const outputs = compiled.outputs.map((places, i): DeviceBuffer => {
    const taken = compiled.takes[i];
    if (taken >= 0) return leaves[taken].residency.buffer as DeviceBuffer;
    const slotNode = nodes[places[0]];
    return allocate(device, slotNode.dtype, sizeOf(slotNode.shape), pinned);
  });
  if (compiled.plan.steps.length > 0) executable.run(inputs, outputs);
  for (const taken of compiled.takes) if (taken >= 0) consume(leaves[taken]);
  compiled.outputs.forEach((places, i) => {
    const first = nodes[places[0]];
    const storage = adopt(device, first.dtype, sizeOf(first.shape), outputs[i], compiled.derived[i]);
    for (const place of places) nodes[place].storage = storage;
    storage.shared = places.length > 1;
  });
  settle(device, pinned);
}

/** A root that only renames a value in memory shares its storage. */
function shareWithInput(x: Tensor): void {
  let node = x;
  while (!isHeld(node) && node.prim.lowering.kind === "reshape") node = node.inputs[0];
  if (!isHeld(node)) return;
  x.storage = node.storage;
  (node.storage as Storage).shared = true;
}

function finish(x: Tensor, storage: Storage): void {
  x.storage = storage;
  if (x.track === 0) release(x);
}

/** Drops the graph behind a value that is there. */
function release(x: Tensor): void {
  for (const input of x.inputs) if (input.owner !== null) input.uses--;
  x.inputs = [];
}

/** Leaf numbers that may be overwritten: given by the caller, and used by nothing outside this evaluation. */
function donatedLeaves(
  nodes: readonly Tensor[],
  leaves: readonly Storage[],
  donate: readonly Tensor[],
): ReadonlySet<number> {
  const donated = new Set<number>();
  if (donate.length === 0) return donated;
  const seen = new Map<Tensor, number>();
  for (const x of donate) seen.set(x, 0);
  for (const x of nodes) {
    if (isHeld(x)) continue;
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
    const leaf = leaves.indexOf(storage);
    if (leaf >= 0) donated.add(leaf);
  }
  return donated;
}

function hashOf(key: Int32Array): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) h = Math.imul(h ^ key[i], 0x01000193) ^ (h >>> 15);
  return h;
}

function lookUp(key: Int32Array): CachedPlan | null {
  const list = cache.get(hashOf(key));
  if (list === undefined) return null;
  for (const plan of list) {
    const other = plan.signature;
    if (other.length !== key.length) continue;
    let i = 0;
    while (i < key.length && other[i] === key[i]) i++;
    if (i === key.length) return plan;
  }
  return null;
}

function store(key: Int32Array, make: () => CachedPlan): CachedPlan {
  const plan = make();
  const hash = hashOf(key);
  const list = cache.get(hash);
  if (list === undefined) cache.set(hash, [plan]);
  else list.push(plan);
  if (++cached > mostPlans) {
    for (const [oldest, plans] of cache) {
      for (const old of plans) old.executable.dispose();
      cached -= plans.length;
      cache.delete(oldest);
      break;
    }
  }
  return plan;
}

/**
 * Device memory as a cache over host memory. Values enter when a plan uses or makes them; under pressure the least recently used leave:
 * derived ones are dropped, others are copied to a host array that the garbage collector frees when nobody holds it. So a synchronous
 * loop of any length holds constant memory, without `dispose`. A FinalizationRegistry frees large values earlier, but only when the
 * program yields to the event loop; nothing depends on it.
 *
 * @module
 */
import type { DeviceBuffer, Reading } from "./backend/backend.ts";
import { backendOf, defaultDevice, type DeviceName, onReplaced } from "./device.ts";
import { DeviceError, OutOfMemoryError, ValueError } from "./errors.ts";
import type { DType } from "./dtype.ts";
import { Residency, Storage } from "./storage.ts";

/** The values of one device, in a list by last use. */
class Table {
  count = 0;
  bytes = 0;
  /** Bytes above which values leave. Grows when values that left are needed again. */
  budget = 96 << 20;
  /**
   * Values above which values leave, so that many small ones do not fill the host's heap: what a loop makes is best collected while it is young. Grows
   * like the budget.
   */
  most = 1024;
  oldest: Residency | null = null;
  newest: Residency | null = null;

  add(residency: Residency, buffer: DeviceBuffer): void {
    residency.buffer = buffer;
    this.count++;
    this.bytes += buffer.bytes;
    this.append(residency);
  }

  /** Takes a value out and gives its buffer back to the caller. */
  remove(residency: Residency, buffer: DeviceBuffer): void {
    residency.buffer = null;
    this.count--;
    this.bytes -= buffer.bytes;
    this.unlink(residency);
    if (buffer.bytes >= worthRegistering) registry.unregister(residency);
  }

  touch(residency: Residency): void {
    if (this.newest === residency) return;
    this.unlink(residency);
    this.append(residency);
  }

  private append(residency: Residency): void {
    residency.older = this.newest;
    if (this.newest === null) this.oldest = residency;
    else this.newest.newer = residency;
    this.newest = residency;
  }

  private unlink(residency: Residency): void {
    const { older, newer } = residency;
    if (older === null) this.oldest = newer;
    else older.newer = newer;
    if (newer === null) this.newest = older;
    else newer.older = older;
    residency.older = residency.newer = null;
  }
}

const tables = new Map<DeviceName, Table>();
/** Values of at least this many bytes are freed when their last tensor is collected. */
const worthRegistering = 1 << 16;
const registry = new FinalizationRegistry<Residency>((residency) => leave(residency, false));
let pins = 0;

function tableOf(device: DeviceName): Table {
  let table = tables.get(device);
  if (table === undefined) tables.set(device, table = new Table());
  return table;
}

// A fresh device stands in for a lost one: what was there is gone, except what is on the host too or can be computed again.
onReplaced((device) => {
  const table = tables.get(device);
  for (let r = table?.oldest ?? null; r !== null; r = table?.oldest ?? null) {
    if (r.buffer !== null) table?.remove(r, r.buffer);
    r.lost = true;
  }
});

/** A number under which an evaluation marks the values that have to stay. */
export function nextPin(): number {
  return ++pins;
}

/** The number of the last evaluation. */
export function evaluationsSoFar(): number {
  return pins;
}

/**
 * Sets how many bytes of values may stay on a device before the least recently used move to host memory.
 *
 * @throws {ValueError} for a negative number of bytes
 */
export function setMemoryBudget(device: DeviceName, bytes: number): void {
  if (!(bytes >= 0)) {
    throw new ValueError(`setMemoryBudget: the budget must be 0 bytes or more, got ${bytes}`);
  }
  backendOf(device);
  tableOf(device).budget = bytes;
  settle(device, nextPin());
}

/** Frees the memory of a value on its device. `kept` says that the value is still there, on the host. */
function leave(residency: Residency, kept: boolean): void {
  const buffer = residency.buffer;
  if (buffer === null) return;
  residency.left = kept;
  tableOf(residency.device).remove(residency, buffer);
  backendOf(residency.device).free(buffer);
}

/** Lets the least recently used leave until a device holds no more than so much. Values under `pin` stay. */
function relieve(table: Table, bytes: number, count: number, pin: number): void {
  const leaving: Residency[] = [], read: Residency[] = [], list: Reading[] = [];
  let over = table.bytes - bytes, many = table.count - count;
  for (let r = table.oldest; r !== null && (over > 0 || many > 0); r = r.newer) {
    const { buffer, dtype, count } = r;
    if (r.pin === pin || buffer === null) continue;
    leaving.push(r);
    over -= buffer.bytes;
    many--;
    if (r.derived || r.host !== null) continue;
    read.push(r);
    list.push({ buffer, dtype, count });
  }
  if (list.length > 0) backendOf(read[0].device).readAll(list).forEach((host, i) => read[i].host = host);
  for (const r of leaving) leave(r, !r.derived);
}

/** Makes room if a device holds more than its budget. */
export function settle(device: DeviceName, pin: number): void {
  const table = tableOf(device);
  // A quarter more than needed, so that it is not done again at once.
  if (table.bytes > table.budget || table.count > table.most) {
    relieve(table, table.budget * 0.75, table.most * 0.75, pin);
  }
}

/**
 * Does what takes memory of a device. When there is none, all that can leave does, and it is done again.
 *
 * @throws {OutOfMemoryError} when there still is none; the message says what is held
 */
export function withRoom<T>(device: DeviceName, pin: number, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (!(error instanceof OutOfMemoryError)) throw error;
    const table = tableOf(device), before = table.bytes;
    try {
      relieve(table, 0, 0, pin);
      if (table.bytes < before) return body();
    } catch (again) {
      if (!(again instanceof OutOfMemoryError)) throw again;
    }
    throw new OutOfMemoryError(`${error.message}; ${heldText(table, pin)}`, { cause: error });
  }
}

/** What a device holds, for the message of an error. */
function heldText(table: Table, pin: number): string {
  const kinds = new Map<string, { count: number; bytes: number; text: string }>();
  let pinned = 0;
  for (let r = table.oldest; r !== null; r = r.newer) {
    const bytes = r.buffer?.bytes ?? 0;
    if (r.pin === pin) pinned += bytes;
    const key = `${r.dtype} ${r.count}`;
    const kind = kinds.get(key) ?? { count: 0, bytes: 0, text: `${r.count} x ${r.dtype}` };
    kind.count++;
    kind.bytes += bytes;
    kinds.set(key, kind);
  }
  const largest = [...kinds.values()].sort((a, b) => b.bytes - a.bytes).slice(0, 4)
    .map((k) => `${k.count} of ${k.text} (${mebibytes(k.bytes)})`);
  return `held: ${table.count} values, ${mebibytes(table.bytes)}, of which this evaluation needs ${
    mebibytes(pinned)
  }${
    largest.length > 0 ? `; the largest: ${largest.join(", ")}` : ""
  }; use smaller batches or evaluate() in parts`;
}

function mebibytes(bytes: number): string {
  return `${(bytes / (1 << 20)).toFixed(1)} MiB`;
}

/** A new storage over a buffer that holds a value. */
export function adopt(
  device: DeviceName,
  dtype: DType,
  count: number,
  buffer: DeviceBuffer,
  derived: boolean,
): Storage {
  const residency = new Residency(device, dtype, count, null, derived);
  residency.made = pins;
  tableOf(device).add(residency, buffer);
  const storage = new Storage(residency);
  if (buffer.bytes >= worthRegistering) registry.register(storage, residency, residency);
  return storage;
}

/** The device buffer of a value, uploaded if it is on the host only. */
export function onDevice(storage: Storage, pin: number): DeviceBuffer {
  const residency = storage.residency;
  const table = tableOf(residency.device);
  if (residency.buffer !== null) {
    table.touch(residency);
    return residency.buffer;
  }
  const host = residency.host;
  if (host === null) {
    throw new DeviceError("a value was asked for that is neither on the device nor on the host");
  }
  const { device, dtype, count } = residency, backend = backendOf(device);
  const buffer = withRoom(device, pin, () => backend.allocate(dtype, count));
  try {
    withRoom(device, pin, () => backend.write(buffer, dtype, host));
  } catch (error) {
    backend.free(buffer);
    throw error;
  }
  table.add(residency, buffer);
  if (residency.left) {
    // It is in use after all: what left for lack of room gets room.
    if (table.bytes > table.budget) table.budget += buffer.bytes;
    if (table.count > table.most) table.most++;
    residency.left = false;
  }
  if (buffer.bytes >= worthRegistering) {
    residency.host = null;
    registry.register(storage, residency, residency);
  }
  return buffer;
}

/** Takes a value's buffer away for good; the plan writes something else there. */
export function consume(storage: Storage): void {
  const residency = storage.residency;
  if (residency.buffer !== null) tableOf(residency.device).remove(residency, residency.buffer);
  residency.host = null;
}

/** Gives a value up for good and frees its memory: nobody needs it any more. */
export function discard(storage: Storage): void {
  leave(storage.residency, false);
  storage.residency.host = null;
}

/** Frees the memory of a tensor's value, unless other tensors have it too. */
export function dispose(x: { readonly storage: Storage | null }): void {
  if (x.storage !== null && !x.storage.shared) discard(x.storage);
}

/** What a device holds. */
export interface MemoryReport {
  /** The name of the device. */
  readonly device: DeviceName;
  /** Values on the device. */
  readonly tensors: number;
  /** Bytes of those values. */
  readonly bytes: number;
  /** Bytes above which the least recently used values move to host memory. */
  readonly budget: number;
  /** Bytes the backend has taken from the system. */
  readonly reserved: number;
}

/**
 * What a device holds now.
 *
 * @example
 * ```ts
 * import { evaluate, memory, ones } from "@tenon/tenon";
 * evaluate([ones([4, 4], { device: "cpu" }).exp()]);
 * console.log(memory("cpu").tensors > 0); // true
 * ```
 */
export function memory(device: DeviceName = defaultDevice()): MemoryReport {
  const backend = backendOf(device), table = tableOf(device);
  return {
    device,
    tensors: table.count,
    bytes: table.bytes,
    budget: table.budget,
    reserved: backend.memory().reserved,
  };
}

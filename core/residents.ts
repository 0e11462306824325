/**
 * Device memory as a cache over host memory. Values enter when a plan uses or makes them; under pressure the least recently used leave:
 * derived ones are dropped, others are copied to a host array that the garbage collector frees when nobody holds it. So a synchronous
 * loop of any length holds constant memory, without `dispose`. A FinalizationRegistry frees large values earlier, but only when the
 * program yields to the event loop; nothing depends on it.
 *
 * @module
 */
import type { DeviceBuffer } from "./backend/backend.ts";
import { backendOf, type DeviceName } from "./device.ts";
import { DeviceError } from "./errors.ts";
import type { DType } from "./dtype.ts";
import { type Residency, Storage } from "./storage.ts";

interface Table {
  /** In order of last use. */
  readonly lru: Set<Residency>;
  bytes: number;
  /** Bytes above which values leave. Grows when values that left are needed again. */
  budget: number;
  /** Values above which values leave, so that many small ones do not fill the host's heap. */
  readonly most: number;
}

const tables = new Map<DeviceName, Table>();
/** Values of at least this many bytes are freed when their last tensor is collected. */
const worthRegistering = 1 << 16;
const registry = new FinalizationRegistry<Residency>((residency) => leave(residency, false));

function tableOf(device: DeviceName): Table {
  let table = tables.get(device);
  if (table === undefined) {
    tables.set(device, table = { lru: new Set(), bytes: 0, budget: 96 << 20, most: 20000 });
  }
  return table;
}

/** Sets how many bytes of values may stay on a device before the least recently used move to host memory. */
export function setMemoryBudget(device: DeviceName, bytes: number): void {
  tableOf(device).budget = bytes;
  relieve(device, tableOf(device), new Set());
}

function leave(residency: Residency, keepValue: boolean): void {
  const buffer = residency.buffer;
  if (buffer === null) return;
  const table = tableOf(residency.device);
  const backend = backendOf(residency.device);
  if (keepValue && residency.host === null) {
    residency.host = backend.read(buffer, residency.dtype, residency.count);
  }
  residency.buffer = null;
  backend.free(buffer);
  table.lru.delete(residency);
  table.bytes -= buffer.bytes;
  registry.unregister(residency);
}

function relieve(device: DeviceName, table: Table, pinned: ReadonlySet<Residency>): void {
  if (table.bytes <= table.budget && table.lru.size <= table.most) return;
  const bytes = table.budget * 0.75, most = table.most * 0.75;
  for (const residency of table.lru) {
    if (table.bytes <= bytes && table.lru.size <= most) break;
    if (!pinned.has(residency)) leave(residency, !residency.derived);
  }
  tables.set(device, table);
}

/** Everything that can leave, leaves. True when something did. */
function relieveAll(device: DeviceName, pinned: ReadonlySet<Residency>): boolean {
  const table = tableOf(device);
  const before = table.bytes;
  for (const residency of table.lru) if (!pinned.has(residency)) leave(residency, !residency.derived);
  return table.bytes < before;
}

/** Memory for a value; makes room when there is none. */
export function allocate(
  device: DeviceName,
  dtype: DType,
  count: number,
  pinned: ReadonlySet<Residency>,
): DeviceBuffer {
  const backend = backendOf(device);
  try {
    return backend.allocate(dtype, count);
  } catch (error) {
    if (!(error instanceof DeviceError) || !relieveAll(device, pinned)) throw error;
    return backend.allocate(dtype, count);
  }
}

/** Notes that a value has a buffer now. */
function enter(residency: Residency, buffer: DeviceBuffer): void {
  const table = tableOf(residency.device);
  residency.buffer = buffer;
  table.lru.add(residency);
  table.bytes += buffer.bytes;
}

/** A new storage over a buffer that holds a value. */
export function adopt(
  device: DeviceName,
  dtype: DType,
  count: number,
  buffer: DeviceBuffer,
  derived: boolean,
): Storage {
  const residency: Residency = { device, dtype, count, buffer: null, host: null, derived, consumed: false };
  enter(residency, buffer);
  const storage = new Storage(residency);
  if (buffer.bytes >= worthRegistering) registry.register(storage, residency, residency);
  return storage;
}

/** The device buffer of a value, uploaded if it is on the host only. */
export function onDevice(storage: Storage, pinned: ReadonlySet<Residency>): DeviceBuffer {
  const residency = storage.residency;
  const table = tableOf(residency.device);
  if (residency.buffer !== null) {
    table.lru.delete(residency);
    table.lru.add(residency);
    return residency.buffer;
  }
  const host = residency.host;
  if (host === null) {
    throw new DeviceError("a value was asked for that is neither on the device nor on the host");
  }
  const buffer = allocate(residency.device, residency.dtype, residency.count, pinned);
  backendOf(residency.device).write(buffer, residency.dtype, host);
  enter(residency, buffer);
  if (buffer.bytes >= worthRegistering) {
    // It is in use after all: what left for lack of room gets room.
    if (table.bytes > table.budget) table.budget += buffer.bytes;
    residency.host = null;
    registry.register(storage, residency, residency);
  }
  return buffer;
}

/** Takes a value's buffer away for good; the plan writes something else there. */
export function consume(storage: Storage): void {
  const residency = storage.residency;
  const buffer = residency.buffer;
  if (buffer === null) return;
  const table = tableOf(residency.device);
  table.lru.delete(residency);
  table.bytes -= buffer.bytes;
  registry.unregister(residency);
  residency.buffer = null;
  residency.host = null;
  residency.consumed = true;
}

/** Makes room if a device holds more than its budget. */
export function settle(device: DeviceName, pinned: ReadonlySet<Residency>): void {
  relieve(device, tableOf(device), pinned);
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

/** What a device holds now. */
export function memory(device: DeviceName): MemoryReport {
  const table = tableOf(device);
  return {
    device,
    tensors: table.lru.size,
    bytes: table.bytes,
    budget: table.budget,
    reserved: backendOf(device).memory().reserved,
  };
}

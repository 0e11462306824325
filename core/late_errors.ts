/**
 * Errors that a device sees while it computes, such as an index out of range that was computed there. Where looking would wait for the device, they are told
 * at the next read from it, before anyone sees a value. What was computed since then can be neither read nor used.
 *
 * @module
 */
import type { Reading } from "./backend/backend.ts";
import { backendOf, type DeviceName, onReplaced } from "./device.ts";
import { type HostArray, readElement } from "./dtype.ts";
import { DeviceError, type TenonError } from "./errors.ts";
import { evaluationsSoFar } from "./residents.ts";
import type { Residency, Storage } from "./storage.ts";

/** An error that may have happened. */
interface Doubt {
  /** One number: not zero where it has. */
  readonly found: Storage;
  /** The next read may tell, where looking would wait for the device. */
  readonly late: boolean;
  error(found: number | bigint): TenonError;
}

/** An error that has happened, and the evaluations whose results it spoils. */
interface Spoiled {
  readonly first: number;
  readonly last: number;
  readonly error: TenonError;
}

/** The errors of one device. */
interface Errors {
  /** In the order of their evaluations. */
  doubts: Doubt[];
  readonly spoiled: Spoiled[];
}

const devices = new Map<DeviceName, Errors>();
/** Doubts that are not looked at; with more a program that never reads waits for its device once. */
const most = 64;

// What was on a lost device is gone, and the questions with it.
onReplaced((device) => devices.delete(device));

/** Throws an error that has happened, unless it is left to the next read. */
export function lookAt(device: DeviceName, doubts: readonly Doubt[]): void {
  const backend = backendOf(device);
  // Where a runtime cannot wait for its device, nobody can look now.
  const waits = backend.info().details.synchronousReads !== false;
  const later = (doubt: Doubt) => doubt.late && !backend.immediate;
  for (const doubt of doubts) {
    if (later(doubt) || !waits) continue;
    const [found] = onHost(device, [residencyOf(doubt)]);
    if (happened(found)) throw errorOf(doubt, found);
  }
  const left = doubts.filter(later);
  if (left.length === 0) return;
  const errors = devices.get(device) ?? { doubts: [], spoiled: [] };
  devices.set(device, errors);
  errors.doubts.push(...left);
  // It has to be there until then.
  for (const { found } of left) found.residency.derived = false;
  if (errors.doubts.length <= most) return;
  if (waits) settle(device, errors.doubts, onHost(device, errors.doubts.map(residencyOf)));
  else errors.doubts.splice(0, errors.doubts.length - most);
}

/** Throws where a value was computed since an error. */
export function refuseSpoiled({ device, made }: Residency): void {
  if (devices.size === 0) return;
  for (const { first, last, error } of devices.get(device)?.spoiled ?? []) {
    if (made >= first && made <= last) throw error;
  }
}

/** The elements of a value, unless an error has spoiled it. */
export function readChecked(residency: Residency): HostArray {
  refuseSpoiled(residency);
  const doubts = doubtsOf(residency);
  const [value, ...found] = onHost(residency.device, [residency, ...doubts.map(residencyOf)]);
  settle(residency.device, doubts, found);
  return value;
}

/** The same without blocking. */
export async function readCheckedAsync(residency: Residency): Promise<HostArray> {
  refuseSpoiled(residency);
  const doubts = doubtsOf(residency);
  const [value, ...found] = await Promise.all([residency, ...doubts.map(residencyOf)].map(onHostAsync));
  settle(residency.device, doubts, found);
  return value;
}

const none: readonly Doubt[] = [];

/** The errors that may have spoiled a value: those of its evaluation, and of earlier ones. */
function doubtsOf({ device, made }: Residency): readonly Doubt[] {
  const doubts = devices.get(device)?.doubts;
  if (doubts === undefined || doubts.length === 0) return none;
  return doubts.filter(({ found }) => found.residency.made <= made);
}

function residencyOf({ found }: Doubt): Residency {
  return found.residency;
}

function happened(found: HostArray): boolean {
  return Number(found[0]) !== 0;
}

function errorOf(doubt: Doubt, found: HostArray): TenonError {
  return doubt.error(readElement(found, residencyOf(doubt).dtype, 0));
}

/** Ends doubts with what was found of them; throws the first error that has happened. */
function settle(device: DeviceName, doubts: readonly Doubt[], found: readonly HostArray[]): void {
  const errors = devices.get(device);
  if (doubts.length === 0 || errors === undefined) return;
  errors.doubts = errors.doubts.filter((doubt) => !doubts.includes(doubt));
  const wrong = found.findIndex(happened);
  if (wrong < 0) return;
  const error = errorOf(doubts[wrong], found[wrong]);
  errors.spoiled.push({ first: residencyOf(doubts[wrong]).made, last: evaluationsSoFar(), error });
  // Later ones are about what is spoiled anyway.
  errors.doubts = [];
  throw error;
}

/** The elements of values of a device, which is waited for once. */
function onHost(device: DeviceName, list: readonly Residency[]): HostArray[] {
  const backend = backendOf(device);
  const [{ host, buffer, dtype, count }] = list;
  if (list.length === 1) return [host ?? (buffer === null ? lost() : backend.read(buffer, dtype, count))];
  const there = list.filter((r) => r.host === null);
  const read = backend.readAll(
    there.map(({ buffer, dtype, count }): Reading => ({ buffer: buffer ?? lost(), dtype, count })),
  );
  return list.map((r) => r.host ?? read[there.indexOf(r)]);
}

async function onHostAsync({ host, device, buffer, dtype, count }: Residency): Promise<HostArray> {
  return host ?? await backendOf(device).readAsync(buffer ?? lost(), dtype, count);
}

function lost(): never {
  throw new DeviceError("a value was asked for that is neither on the device nor on the host");
}

/**
 * Storage: where the value of an evaluated tensor is. Device memory is a cache over host memory: a value can be on a device, on the
 * host, or both. What moves it is residents.ts.
 *
 * Two objects, on purpose. `Storage` is what tensors hold and the garbage collector sees. `Residency` is what the table of device
 * buffers holds, so that the table does not keep a Storage alive that no tensor uses any more.
 *
 * @module
 */
import type { DeviceBuffer } from "./backend/backend.ts";
import type { DeviceName } from "./device.ts";
import type { DType, HostArray } from "./dtype.ts";

/** Where the elements are now. */
export class Residency {
  /** On the device. */
  buffer: DeviceBuffer | null = null;
  /** On the host. */
  host: HostArray | null;
  /** The value can be computed again from the tensor's inputs, so it is dropped and not copied out under memory pressure. */
  derived: boolean;
  /** Neighbours in the table of device buffers, by last use. */
  older: Residency | null = null;
  newer: Residency | null = null;
  /** It was on a device that was lost. */
  lost = false;
  /** It was moved to the host for lack of room. */
  left = false;
  /** Number of the evaluation that needs it now, and during which it stays. */
  pin = 0;
  /** Number of the evaluation that computed it; 0 for what came from the host. */
  made = 0;

  constructor(
    readonly device: DeviceName,
    readonly dtype: DType,
    readonly count: number,
    host: HostArray | null,
    derived: boolean,
  ) {
    this.host = host;
    this.derived = derived;
  }
}

/** The handle that tensors share. */
export class Storage {
  /** Where the elements are; replaced never, changed by residents.ts only. */
  readonly residency: Residency;
  /** Several tensors have this value, so no step may overwrite it. */
  shared = false;
  /** Last walk that met it, and its number among the leaves of that walk. */
  mark = 0;
  order = 0;

  constructor(residency: Residency) {
    this.residency = residency;
  }

  /** Whether the elements can be had without computing. */
  get held(): boolean {
    return this.residency.buffer !== null || this.residency.host !== null;
  }
}

/** A storage over a host array that nobody else will change. */
export function hostStorage(device: DeviceName, dtype: DType, host: HostArray): Storage {
  return new Storage(new Residency(device, dtype, host.length, host, false));
}

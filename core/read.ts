/**
 * Bringing the elements of a tensor to the host: at once where the device can wait, without blocking everywhere.
 *
 * @module
 */
import { backendOf } from "./device.ts";
import { type HostArray, hostArray } from "./dtype.ts";
import { readingForbidden } from "./effects.ts";
import { GradError } from "./errors.ts";
import { evaluate } from "./evaluate.ts";
import type { Storage } from "./storage.ts";
import type { Tensor } from "./tensor.ts";

function storageOf(x: Tensor): Storage {
  const why = readingForbidden();
  if (why !== "") throw new GradError(why);
  evaluate([x]);
  return x.value.storage as Storage;
}

/** The elements in row-major order; waits for the device. The array may be the tensor's own memory. */
export function read(x: Tensor): HostArray {
  const residency = storageOf(x).residency;
  if (residency.host !== null) return residency.host;
  if (residency.buffer === null) return hostArray(x.dtype, 0);
  const host = backendOf(residency.device).read(residency.buffer, residency.dtype, residency.count);
  if (residency.count <= 16) residency.host = host;
  return host;
}

/** The elements in row-major order without blocking; works on every device. */
export async function readAsync(x: Tensor): Promise<HostArray> {
  const residency = storageOf(x).residency;
  if (residency.host !== null) return residency.host;
  if (residency.buffer === null) return hostArray(x.dtype, 0);
  return await backendOf(residency.device).readAsync(residency.buffer, residency.dtype, residency.count);
}

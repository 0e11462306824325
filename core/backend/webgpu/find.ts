/**
 * Whether this machine has a real GPU. Asked while the library loads, so kept apart from the backend, which is loaded only where one is found.
 *
 * @module
 */

/** How Linux names its GPUs in /dev: DRM drivers, NVIDIA's own, Windows' under WSL, and those of phones. */
const linuxNodes = ["dri", "nvidiactl", "dxg", "kgsl-3d0", "mali0"];

/** A hardware adapter, or null. Software adapters do not count. */
export async function findGpu(): Promise<GPUAdapter | null> {
  // The search starts drivers, which takes tens of milliseconds; even `navigator.gpu` is code to load. A look at /dev takes none.
  if (withoutGpuNodes()) return null;
  const gpu = globalThis.navigator?.gpu;
  if (!gpu) return null;
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  return adapter === null || adapter.info.isFallbackAdapter ? null : adapter;
}

/** True when it is sure, without asking the user for a permission, that there is none. Deno shows /dev only to programs that may do everything. */
function withoutGpuNodes(): boolean {
  if (typeof Deno === "undefined" || Deno.build.os !== "linux") return false;
  if (Deno.permissions.querySync({ name: "read", path: "/dev" }).state !== "granted") return false;
  try {
    for (const { name } of Deno.readDirSync("/dev")) if (linuxNodes.includes(name)) return false;
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable || error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

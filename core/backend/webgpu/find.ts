/**
 * Whether this machine has a real GPU. Asked while the library loads, so kept apart from the backend, which is loaded only where one is found.
 *
 * @module
 */

/** Where Linux shows its GPUs: DRM drivers, NVIDIA's own, Windows' under WSL, and those of phones. */
const linuxNodes = ["/dev/dri", "/dev/nvidiactl", "/dev/dxg", "/dev/kgsl-3d0", "/dev/mali0"];

/** A hardware adapter, or null. Software adapters do not count. */
export async function findGpu(): Promise<GPUAdapter | null> {
  const gpu = globalThis.navigator?.gpu;
  // The search starts drivers, which takes tens of milliseconds; a look at /dev takes none.
  if (!gpu || withoutGpuNodes()) return null;
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  return adapter === null || adapter.info.isFallbackAdapter ? null : adapter;
}

/** True when it is sure, without asking the user for a permission, that there is none. */
function withoutGpuNodes(): boolean {
  if (typeof Deno === "undefined" || Deno.build.os !== "linux") return false;
  for (const path of linuxNodes) {
    if (Deno.permissions.querySync({ name: "read", path }).state !== "granted") return false;
    try {
      Deno.statSync(path);
      return false;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) return false;
    }
  }
  return true;
}

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
  const restore = quietDriver();
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" }).finally(restore);
  return adapter === null || adapter.info.isFallbackAdapter ? null : adapter;
}

/**
 * Where this variable is missing, as in containers, Mesa's software driver writes errors about it to the terminal. It gets a value for the
 * search, if the program may set it; the function that is returned takes the value away again.
 */
function quietDriver(): () => void {
  const variable = "XDG_RUNTIME_DIR";
  if (typeof Deno === "undefined" || Deno.build.os !== "linux") return () => {};
  if (Deno.permissions.querySync({ name: "env", variable }).state !== "granted" || Deno.env.has(variable)) {
    return () => {};
  }
  Deno.env.set(variable, "/tmp");
  return () => Deno.env.delete(variable);
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

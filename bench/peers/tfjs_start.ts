/**
 * Starts a TensorFlow.js backend under Deno, with only that backend's code loaded.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

export async function start(backend: string, threads: number) {
  if (backend === "wasm") {
    const wasm = await import("@tensorflow/tfjs-backend-wasm");
    // A file: URL, and the custom fetch path: a plain path fails ("Invalid URL").
    wasm.setWasmPaths(
      new URL(
        "./node_modules/@tensorflow/tfjs-backend-wasm/dist/",
        import.meta.url,
      ).href,
      true,
    );
    if (threads > 1) {
      const { withBrowserWorkers } = await import("./tfjs_threads.ts");
      tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", true);
      wasm.setThreadsCount(threads);
      await withBrowserWorkers(async () => {
        await tf.setBackend("wasm");
        await tf.ready();
      });
    } else await tf.setBackend("wasm");
    await tf.ready();
    if (wasm.getThreadsCount() !== threads) {
      throw new Error(
        `wanted ${threads} threads, have ${wasm.getThreadsCount()}`,
      );
    }
    return;
  }
  if (backend === "webgpu") await import("@tensorflow/tfjs-backend-webgpu");
  await tf.setBackend(backend);
  await tf.ready();
  if (tf.getBackend() !== backend) {
    throw new Error(`backend is ${tf.getBackend()}`);
  }
}

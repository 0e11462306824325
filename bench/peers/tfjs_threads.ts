/**
 * Lets tfjs-backend-wasm's threaded build start under Deno (upstream gives up on
 * Node-like hosts: WASM_HAS_MULTITHREAD_SUPPORT is false there, and when forced,
 * its Node branch hands a blob: URL to node:worker_threads, which Deno refuses
 * with ERR_WORKER_PATH; its browser branch needs classic workers' importScripts,
 * which Deno's module workers lack). While `start` runs, this hides `process`
 * from the Emscripten glue, and replaces Worker by one that makes a module worker
 * whose importScripts evaluates the glue text, which was noted when upstream
 * put it in a Blob.
 *
 * @module
 */
// The globals are replaced for the time of the start.
// deno-lint-ignore-file no-explicit-any
export async function withBrowserWorkers<T>(
  start: () => Promise<T>,
): Promise<T> {
  const g = globalThis as any;
  const saved = {
    Worker: g.Worker,
    Blob: g.Blob,
    process: g.process,
    window: g.window,
  };
  let glue = "", workerText = "";
  g.Blob = class extends saved.Blob {
    constructor(parts?: BlobPart[], o?: BlobPropertyBag) {
      super(parts, o);
      const text = typeof parts?.[0] === "string" ? parts.join("") : "";
      if (text.startsWith("var WasmBackendModuleThreadedSimd =")) glue = text;
      else if (text.includes("self.startWorker")) {
        workerText = text.replaceAll('\\n"', '\n"').replaceAll("\\n", "\n");
      }
    }
  };
  g.Worker = class extends saved.Worker {
    constructor() {
      const fixed = workerText.replaceAll('text+"\n"', 'text+"\\n"');
      const src = `delete globalThis.process;
globalThis.importScripts = () => { (0, eval)(${JSON.stringify(glue)}); };
(0, eval)(${JSON.stringify(fixed.replace('"use strict";', ""))});`;
      super(
        URL.createObjectURL(new saved.Blob([src], { type: "text/javascript" })),
        { type: "module" },
      );
    }
    postMessage(msg: any, ...rest: any[]) {
      if (msg?.cmd === "load") msg = { ...msg, urlOrBlob: "inlined" };
      return super.postMessage(msg, ...rest);
    }
  };
  // Upstream uses at most half of the logical cores, so tell it twice as many.
  const cores = navigator.hardwareConcurrency;
  Object.defineProperty(navigator, "hardwareConcurrency", {
    value: 2 * cores,
    configurable: true,
  });
  g.window = g;
  delete g.process;
  try {
    return await start();
  } finally {
    Object.defineProperty(navigator, "hardwareConcurrency", {
      value: cores,
      configurable: true,
    });
    g.process = saved.process;
    g.Blob = saved.Blob;
    g.Worker = saved.Worker;
    if (saved.window === undefined) delete g.window;
  }
}

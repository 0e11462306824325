/**
 * The adapter that the WebGPU tests run on: any there is, software ones too. Without one the tests are skipped, or fail where the environment
 * variable TENON_REQUIRE_WEBGPU is 1.
 *
 * @module
 */
import {
  createWebGpuBackend,
  type WebGpuBackend,
  type WebGpuOptions,
} from "../../../../core/backend/webgpu/backend.ts";

const adapter = await globalThis.navigator?.gpu?.requestAdapter() ?? null;
const required = Deno.env.get("TENON_REQUIRE_WEBGPU") === "1";

/** A test that needs a device; opens one and gives it back. */
export function gpuTest(
  name: string,
  options: WebGpuOptions,
  body: (backend: WebGpuBackend) => void | Promise<void>,
): void {
  Deno.test({
    name: `webgpu: ${name}`,
    ignore: adapter === null && !required,
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      const backend = await createWebGpuBackend({ allowSoftware: true, ...options });
      try {
        await body(backend);
      } finally {
        backend.destroy();
      }
    },
  });
}

/**
 * The choice of a device: what is chosen while the library loads, what the environment says, moving between devices, workers, and a device that is
 * lost and opened again.
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import {
  availableDevices,
  backendOf,
  defaultDevice,
  deviceInfo,
  requestDevice,
  setDefaultDevice,
} from "../../core/device.ts";
import { WebGpuBackend } from "../../core/backend/webgpu/backend.ts";
import { DeviceError, DTypeError } from "../../core/errors.ts";
import { evaluate } from "../../core/evaluate.ts";
import { ones, tensor } from "../../core/ops/create.ts";
import { Tensor } from "../../core/tensor.ts";
import { noGrad } from "../../core/grad_mode.ts";
import { checkpoint } from "../../core/transform/custom.ts";
import { grad, jvp } from "../../core/transform/grad.ts";
import { forEachDevice } from "./devices.ts";

const onlyWebGpu = { devices: ["webgpu"] } as const;
const module = new URL("../../core/mod.ts", import.meta.url).href;

/** Runs a program that has the core as T in a fresh process. */
async function program(
  code: string,
  env: Record<string, string>,
  flags: readonly string[],
): Promise<{ success: boolean; text: string }> {
  const path = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(path, `import * as T from "${module}";\n${code}`);
    const command = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--no-check", ...flags, path],
      env: { TENON_DEVICE: "", ...env },
    });
    const { success, stdout, stderr } = await command.output();
    const decoder = new TextDecoder();
    return { success, text: success ? decoder.decode(stdout).trim() : decoder.decode(stderr) };
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("without a permission the library loads, and computes", async () => {
  const code = "console.log(T.tensor([1, 2]).add(1).tolist().join());";
  assertEquals(await program(code, { TENON_DEVICE: "reference" }, []), { success: true, text: "2,3" });
});

Deno.test("a tensor does not go to a device that is not there", async () => {
  const code = "T.tensor([1, 2]).to('webgpu');";
  const { text } = await program(code, { TENON_DEVICE: "cpu" }, ["--allow-env"]);
  assertStringIncludes(text, 'a GPU is opened with await requestDevice("webgpu")');
});

Deno.test("TENON_DEVICE decides, and says what it may be", async () => {
  const code = "console.log(T.defaultDevice());";
  const run = (name: string) => program(code, { TENON_DEVICE: name }, ["--allow-env"]);
  assertEquals(await run("cpu"), { success: true, text: "cpu" });
  assertEquals(await run("reference"), { success: true, text: "reference" });
  const wrong = await run("gpu");
  assert(!wrong.success);
  assertStringIncludes(wrong.text, 'TENON_DEVICE is "gpu"; it must be one of cpu, webgpu, reference');
});

Deno.test("a software adapter is never the default", async () => {
  const code = `console.log(T.defaultDevice() === "cpu" || !T.deviceInfo().details.software);`;
  assertEquals(await program(code, {}, ["--allow-read"]), { success: true, text: "true" });
});

Deno.test("a device that is not open names the call that opens it", async () => {
  const code = `try { T.setDefaultDevice("webgpu"); } catch (error) { console.log(String(error)); }`;
  const { text } = await program(code, { TENON_DEVICE: "cpu" }, ["--allow-env"]);
  assertStringIncludes(text, 'DeviceError: device "webgpu" is not available here; available: cpu, reference');
  assertStringIncludes(text, 'await requestDevice("webgpu")');
});

forEachDevice("TENON_DEVICE=webgpu takes a software adapter too", async () => {
  const code = "console.log(T.defaultDevice(), T.ones([3]).sum().item());";
  assertEquals(await program(code, { TENON_DEVICE: "webgpu" }, ["--allow-env"]), {
    success: true,
    text: "webgpu 3",
  });
}, onlyWebGpu);

forEachDevice("a worker opens the GPU for itself", async () => {
  const code = `import * as T from "${module}";
await T.requestDevice("webgpu");
postMessage(T.tensor([1, 2, 3], { device: "webgpu" }).mul(2).tolist());`;
  const worker = new Worker(`data:text/javascript,${encodeURIComponent(code)}`, { type: "module" });
  try {
    const answer = await new Promise((resolve, reject) => {
      worker.onmessage = (event) => resolve(event.data);
      worker.onerror = reject;
    });
    assertEquals(answer, [2, 4, 6]);
  } finally {
    worker.terminate();
  }
}, onlyWebGpu);

forEachDevice("tensors are made, moved and read", async (device) => {
  assertEquals(defaultDevice(), device);
  assert(availableDevices().includes(device));
  const x = tensor([[1, 2], [3, 4]]);
  assertEquals(x.device, device);
  const y = x.matmul(x);
  assertEquals(y.tolist(), [[7, 10], [15, 22]]);
  assertEquals(await y.add(1).data(), new Float32Array([8, 11, 16, 23]));
  for (const other of availableDevices()) {
    const moved = y.to(other);
    assertEquals(moved.device, other);
    assertEquals(moved.sub(y.to(other)).abs().sum().item(), 0);
    assertEquals(ones([2], { device: other }).device, other);
  }
  assertEquals(String(tensor([1.5, 2])), "tensor([1.5000, 2.0000])");
});

forEachDevice("a gradient travels back over a move to another device", (device) => {
  const other = device === "reference" ? "cpu" : "reference";
  const x = tensor([0.5, 1], { requiresGrad: true });
  const moved = x.mul(x).to(other);
  assertEquals(moved.gradFn, "ToCopyBackward0");
  assertEquals(x.to(other).gradFn, "ToCopyBackward0");
  assertEquals(noGrad(() => x.to(other)).requiresGrad, false);
  // d/dx (3 x^2 + x) = 6x + 1, a part of it on the other device
  moved.mul(3).to(device).add(x).sum().backward();
  assertEquals([x.grad?.device, x.grad?.tolist()], [device, [4, 7]]);
  // d/dx x^2 y = 2xy and its derivative 2y, where the product is on the other device
  const y = tensor([2, 5]);
  const slope = grad((x: Tensor) => x.square().to(other).mul(y.to(other)).sum());
  assertEquals(slope(x).tolist(), [2, 10]);
  assertEquals(grad((x: Tensor) => slope(x).sum())(x).tolist(), [4, 10]);
  const [value, push] = jvp((x: Tensor) => x.square().to(other), [x], [y]);
  assertEquals([value.device, push.device, push.tolist()], [other, other, [2, 10]]);
  const kept = checkpoint((x: Tensor) => x.mul(2).to(other).square(), x).sum();
  assertEquals(grad((x: Tensor) => checkpoint((x: Tensor) => x.to(other).square(), x).sum())(y).tolist(), [
    4,
    10,
  ]);
  assertEquals([kept.device, kept.item()], [other, 5]);
});

forEachDevice("operands of two devices are refused", (device) => {
  const other = device === "reference" ? "cpu" : "reference";
  assertThrows(() => tensor([1]).add(tensor([1], { device: other })).item(), DeviceError, other);
});

forEachDevice("what WebGPU cannot hold is refused by name", () => {
  assertThrows(() => tensor([1, 2], { dtype: "float64" }).add(1).tolist(), DTypeError, "float64");
  assertThrows(() => tensor([1, 2]).double().mul(2).float().tolist(), DTypeError, "float64 on webgpu");
  assertStringIncludes(
    assertThrows(() => tensor([1, 2], { dtype: "float64" }).exp().tolist(), DTypeError).message,
    "in exp",
  );
  assertThrows(() => tensor([2n ** 40n]).add(1).tolist(), DTypeError, "int64 is held in 32 bits there");
  assertEquals(tensor([2n ** 20n]).mul(3).item(), 3 * 2 ** 20);
}, onlyWebGpu);

forEachDevice("a lost device gives errors, and a fresh one goes on", async () => {
  const x = tensor([3, 4]), y = x.mul(x);
  assertEquals(y.tolist(), [9, 16]);
  const kept = x.add(1).sum();
  const lost = tensor(Float32Array.from({ length: 40000 }, (_, i) => i));
  evaluate([lost.mul(2)]);
  const backend = backendOf("webgpu");
  assert(backend instanceof WebGpuBackend);
  backend.destroy();
  assertThrows(() => tensor([1]).add(1).item(), DeviceError, 'await requestDevice("webgpu")');
  await assertRejects(() => x.add(2).data(), DeviceError, "lost");
  const options = { allowSoftware: true };
  const [info, same] = await Promise.all([
    requestDevice("webgpu", options),
    requestDevice("webgpu", options),
  ]);
  assertEquals(info.device, "webgpu");
  assertEquals(same.device, "webgpu");
  // Small data has a copy on the host, so this graph is computed on the new device.
  assertEquals(kept.item(), 9);
  const slope = grad((t: Tensor) => t.mul(t).sum())(x);
  assert(slope instanceof Tensor);
  assertEquals(slope.tolist(), [6, 8]);
  assertThrows(() => lost.sum().item(), DeviceError, "was lost");
  assert(backendOf("webgpu") !== backend);
}, onlyWebGpu);

forEachDevice("a device that is lost while the program does not yield is not given again", async () => {
  const before = backendOf("webgpu");
  assert(before instanceof WebGpuBackend);
  const adapter = await navigator.gpu.requestAdapter();
  assert(adapter !== null);
  const open = adapter.requestDevice.bind(adapter), devices: GPUDevice[] = [];
  adapter.requestDevice = async (descriptor) => {
    const device = await open(descriptor);
    devices.push(device);
    return device;
  };
  before.destroy();
  await requestDevice("webgpu", { adapter, allowSoftware: true });
  const lost = backendOf("webgpu");
  devices[0].destroy();
  assertThrows(() => tensor([1]).add(1).item(), DeviceError, "lost");
  await requestDevice("webgpu", { allowSoftware: true });
  assert(backendOf("webgpu") !== lost);
  assertEquals(tensor([1]).add(1).item(), 2);
}, onlyWebGpu);

forEachDevice("deviceInfo says what the device is", (device) => {
  const info = deviceInfo();
  assert(Object.keys(info.details).length > 0);
  if (device !== "webgpu") return;
  assertEquals(info.device, "webgpu");
  assertEquals(typeof info.details.adapter, "string");
  setDefaultDevice(device);
  assertEquals(deviceInfo("webgpu"), info);
});

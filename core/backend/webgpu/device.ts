/**
 * The GPU device: which adapter, which limits and features, and what has gone wrong on it. Memory, kernels and queues are elsewhere.
 *
 * @module
 */
import { DeviceError } from "../../errors.ts";

/** How a WebGPU backend is set up. */
export interface WebGpuOptions {
  /** The adapter to open. Searched for when absent. */
  readonly adapter?: GPUAdapter;
  /** Take a software adapter (llvmpipe, SwiftShader) when there is no other. Off by default: the cpu backend is faster. */
  readonly allowSoftware?: boolean;
  /** Ask for WebGPU's default limits and no features, as the smallest device would give. For tests. */
  readonly defaultLimits?: boolean;
  /** Limits below those of the device, for tests of what happens beyond them. */
  readonly limits?: Partial<GpuLimits>;
  /** Leave subgroup operations unused where the device has them. For tests. */
  readonly subgroups?: false;
  /** Write kernels for a GPU, or for a software device. Found out from the adapter when absent; tests run both on one adapter. */
  readonly kernels?: "gpu" | "software";
}

/** The limits that decide how kernels are cut, in bytes and counts. */
export interface GpuLimits {
  /** Storage buffers that one kernel may bind. */
  readonly storageBuffers: number;
  /** Bytes of one binding. */
  readonly bindingBytes: number;
  /** Bytes of one buffer. */
  readonly bufferBytes: number;
  /** Workgroups along one dimension of a dispatch. */
  readonly workgroupsPerDimension: number;
  /** Bytes of memory that the threads of a workgroup share. */
  readonly workgroupBytes: number;
  /** Bytes of all buffers together. No device says how many it has, so this is without end, except in tests. */
  readonly memoryBytes: number;
}

/** An open device. */
export interface Gpu {
  readonly device: GPUDevice;
  readonly adapterName: string;
  /** Whether kernels run on the CPU: variants with few barriers and few workgroups are faster there. */
  readonly software: boolean;
  readonly hasF16: boolean;
  /** The fewest threads that a subgroup has; 0 without subgroup operations. */
  readonly subgroupLanes: number;
  /** What a shader says first to use the features of the device. */
  readonly directives: string;
  readonly limits: GpuLimits;
  readonly faults: Faults;
}

/** What went wrong on a device and has not been thrown yet. */
export class Faults {
  #lost: string | null = null;
  #waiting: string[] = [];
  /** Error scopes that have not been looked into. */
  #scopes: { readonly error: Promise<GPUError | null>; readonly doing: string }[] = [];
  #willAwait = false;

  /** Marks the device as gone: everything from now on throws. */
  lose(reason: string): void {
    this.#lost ??= reason;
  }

  /** Whether the device is gone. */
  get lost(): boolean {
    return this.#lost !== null;
  }

  /** Keeps an error for the next call of the backend. */
  add(message: string): void {
    if (this.#waiting.length < 8) this.#waiting.push(message);
  }

  /** Watches an error scope that closed over `doing`. */
  watch(error: Promise<GPUError | null>, doing: string): void {
    this.#scopes.push({ error, doing });
    // Callbacks take memory until the program yields. So they come then, for scopes that `check` has not looked into by that time.
    if (this.#willAwait) return;
    this.#willAwait = true;
    queueMicrotask(() => this.#await());
  }

  /** Gives each scope its callback. */
  #await(): void {
    this.#willAwait = false;
    for (const { error, doing } of this.#scopes) {
      error.then((found) => {
        if (found !== null) this.add(`${found.message.trim()}, in ${doing}`);
      }, () => {}); // The device is lost, which is told elsewhere.
    }
    this.#scopes = [];
  }

  /** What an error scope that closed over `doing` has caught, or null. Where that cannot be seen at once it is watched. */
  caught(error: Promise<GPUError | null>, doing: string): string | null {
    const message = settledError(error);
    if (message === undefined) this.watch(error, doing);
    return message ?? null;
  }

  /**
   * Throws what has gone wrong so far. With `now`, looks into error scopes whose promises have settled but could not run
   * their callbacks yet, because the program has not yielded.
   */
  check(now = false): void {
    if (this.#lost !== null) {
      throw new DeviceError(
        `webgpu: the device was lost (${this.#lost}); open a fresh one with await requestDevice("webgpu")`,
      );
    }
    if (now) {
      this.#scopes = this.#scopes.filter(({ error, doing }) => {
        const message = settledError(error);
        if (typeof message === "string") this.add(`${message}, in ${doing}`);
        return message === undefined;
      });
    }
    if (this.#waiting.length === 0) return;
    const messages = this.#waiting;
    this.#waiting = [];
    throw new DeviceError(`webgpu: ${messages.join("\n")}`);
  }
}

/**
 * The error inside a settled `popErrorScope` promise, null for none, and undefined where nobody knows yet. Deno settles that promise before it returns it,
 * but only the inspector can see so without yielding. Where it cannot be seen the callback reports it later.
 */
function settledError(promise: Promise<GPUError | null>): string | null | undefined {
  if (typeof Deno === "undefined") return undefined;
  const text = Deno.inspect(promise, { depth: 2, strAbbreviateSize: 2000, colors: false });
  if (text === "Promise { null }") return null;
  if (!/^Promise \{\s*GPU\w+/.test(text)) return undefined;
  const message = /message: (["'`])([\s\S]*)\1/.exec(text);
  // Long strings are shown in pieces: "line\n" + "line".
  return message === null
    ? text
    : message[2].replaceAll(/(\\n)?["'`] \+\s*["'`]/g, "\n").replaceAll("\\n", "\n").trim();
}

/** Buffers that Metal binds, all that a runtime then says it has for storage. */
const metalBuffers = 31;

/** Storage buffers that a kernel may bind. On Metal the lengths of arrays, which the runtime adds, and a kernel's parameters take two of those it says. */
function storageBuffersOf(limit: number): number {
  return limit === metalBuffers ? metalBuffers - 2 : limit;
}

/** Opens a device. Throws DeviceError when there is none, or only a software one and that was not allowed. */
export async function openGpu(options: WebGpuOptions): Promise<Gpu> {
  const gpu = globalThis.navigator?.gpu;
  if (!gpu) throw new DeviceError("webgpu: this runtime has no navigator.gpu; use the cpu device");
  let adapter = options.adapter ?? await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (adapter !== null && adapter.info.isFallbackAdapter && options.allowSoftware !== true) adapter = null;
  if (adapter === null && options.allowSoftware === true) {
    adapter = await gpu.requestAdapter({ forceFallbackAdapter: true });
  }
  if (adapter === null) {
    throw new DeviceError(
      "webgpu: no GPU adapter was found; use the cpu device" +
        (options.allowSoftware === true ? "" : ", or allow a software adapter with { allowSoftware: true }"),
    );
  }
  const small = options.defaultLimits === true;
  const has = adapter.limits;
  const hasF16 = !small && adapter.features.has("shader-f16");
  // Deno grants subgroups without listing them, and its shaders use them without a directive.
  const listed = adapter.features.has("subgroups");
  const mayHave = !small && options.subgroups !== false && (listed || typeof Deno !== "undefined");
  const request = (subgroups: boolean): Promise<GPUDevice> =>
    adapter.requestDevice({
      label: "tenon",
      requiredFeatures: [
        ...hasF16 ? ["shader-f16"] as const : [],
        ...subgroups ? ["subgroups"] as const : [],
      ],
      requiredLimits: small ? {} : {
        maxStorageBuffersPerShaderStage: has.maxStorageBuffersPerShaderStage,
        maxStorageBufferBindingSize: has.maxStorageBufferBindingSize,
        maxBufferSize: has.maxBufferSize,
        maxComputeWorkgroupsPerDimension: has.maxComputeWorkgroupsPerDimension,
        maxComputeWorkgroupStorageSize: has.maxComputeWorkgroupStorageSize,
      },
    });
  let device: GPUDevice;
  try {
    device = await (mayHave ? request(true).catch(() => request(false)) : request(false));
  } catch (cause) {
    throw new DeviceError(
      `webgpu: the adapter gave no device: ${cause instanceof Error ? cause.message : cause}`,
      { cause },
    );
  }
  const faults = new Faults();
  device.addEventListener("uncapturederror", (event) => {
    event.preventDefault();
    faults.add((event as GPUUncapturedErrorEvent).error.message.trim());
  });
  device.lost.then((info) => faults.lose(info.message || info.reason || "no reason given"));
  const limits = device.limits;
  const hasSubgroups = device.features.has("subgroups");
  return {
    device,
    adapterName: adapter.info.description || adapter.info.device || adapter.info.vendor || "unknown",
    software: adapter.info.isFallbackAdapter,
    hasF16,
    subgroupLanes: hasSubgroups ? adapter.info.subgroupMinSize || 4 : 0,
    directives: (hasF16 ? "enable f16;\n" : "") +
      (hasSubgroups && listed ? "enable subgroups;\ndiagnostic(off, subgroup_uniformity);\n" : ""),
    faults,
    limits: {
      storageBuffers: storageBuffersOf(limits.maxStorageBuffersPerShaderStage),
      // A power of two, so that the window of an element is a shift.
      bindingBytes: 2 **
        Math.floor(Math.log2(Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize))),
      bufferBytes: limits.maxBufferSize,
      workgroupsPerDimension: limits.maxComputeWorkgroupsPerDimension,
      workgroupBytes: limits.maxComputeWorkgroupStorageSize,
      memoryBytes: Infinity,
      ...options.limits,
    },
  };
}

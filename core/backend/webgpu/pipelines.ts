/**
 * Compiled kernels, cached by their source, and the bind groups that give them their buffers.
 *
 * @module
 */
import { DeviceError } from "../../errors.ts";
import type { Gpu } from "./device.ts";

/** How a kernel uses a binding: as storage, or as uniforms. */
export type Access = "read" | "read_write" | "uniform";

const bindingTypes = { read: "read-only-storage", read_write: "storage", uniform: "uniform" } as const;

/** A kernel ready to be compiled. */
export interface KernelSource {
  readonly code: string;
  readonly access: readonly Access[];
  /** Workgroups in each dimension. */
  readonly groups: readonly [number, number, number];
  /** Numbers that it is told when it runs, in the last of its bindings. */
  readonly parameters: readonly number[];
}

/** Bytes of a binding of so many parameters: whole vectors of four. */
export function parameterBytes(count: number): number {
  return Math.ceil(count / 4) * 16;
}

/** One binding of a dispatch: bytes of a buffer. */
export interface BoundRange {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly size: number;
}

/** A kernel of a device. */
export interface Pipeline {
  readonly source: KernelSource;
  /** Names it in errors. */
  readonly label: string;
  readonly layout: GPUBindGroupLayout;
  /** null until it is compiled. */
  compiled: GPUComputePipeline | null;
}

/** Milliseconds of compiling after which the program gets its turn. */
const turn = 4;

/** The pipelines of a device. */
export class Pipelines {
  readonly #gpu: Gpu;
  readonly #bySource = new Map<string, Pipeline>();
  #compiled = 0;
  readonly #layouts = new Map<
    string,
    { readonly group: GPUBindGroupLayout; readonly pipeline: GPUPipelineLayout }
  >();

  /** Bind groups that executables keep. */
  groups = 0;

  /** No pipelines yet. */
  constructor(gpu: Gpu) {
    this.#gpu = gpu;
  }

  /** Number of kernels compiled so far. */
  get count(): number {
    return this.#compiled;
  }

  /** The pipeline of a kernel, which may have been compiled already. */
  of(source: KernelSource, label: string): Pipeline {
    let pipeline = this.#bySource.get(source.code);
    if (pipeline === undefined) {
      pipeline = { source, label, layout: this.#layout(source).group, compiled: null };
      this.#bySource.set(source.code, pipeline);
    }
    return pipeline;
  }

  /** The pipeline compiled, now if need be. Throws DeviceError when the shader is refused and the runtime says so at once. */
  compile(pipeline: Pipeline): GPUComputePipeline {
    if (pipeline.compiled !== null) return pipeline.compiled;
    const made = this.#watched(pipeline, (descriptor) => this.#gpu.device.createComputePipeline(descriptor));
    this.#gpu.faults.check(true);
    return this.#keep(pipeline, made);
  }

  /**
   * Compiles pipelines and lets the program go on in between: Deno compiles where it is called in the asynchronous form too, so that turns are given
   * here. Rejects with DeviceError when a shader is refused.
   */
  async compileAsync(pipelines: Iterable<Pipeline>): Promise<void> {
    const { device, faults } = this.#gpu;
    let since = performance.now();
    for (const pipeline of pipelines) {
      if (pipeline.compiled !== null) continue;
      faults.check();
      const made = this.#watched(pipeline, (descriptor) => device.createComputePipelineAsync(descriptor));
      // What is wrong is in the error scope, with the place in the shader.
      const compiled = await made.catch(() => null);
      faults.check(true);
      if (compiled === null) throw new DeviceError(`webgpu: the kernel of ${pipeline.label} was refused`);
      this.#keep(pipeline, compiled);
      if (performance.now() - since < turn) continue;
      await new Promise((resolve) => setTimeout(resolve));
      since = performance.now();
    }
  }

  /** Calls `create` in an error scope. */
  #watched<P>(
    { source, label }: Pipeline,
    create: (descriptor: GPUComputePipelineDescriptor) => P,
  ): P {
    const { device, faults, directives } = this.#gpu;
    device.pushErrorScope("validation");
    const module = device.createShaderModule({ label, code: directives + source.code });
    const layout = this.#layout(source).pipeline;
    const made = create({ label, layout, compute: { module, entryPoint: "main" } });
    faults.watch(device.popErrorScope(), `the kernel of ${label}:\n${source.code}`);
    return made;
  }

  #keep(pipeline: Pipeline, compiled: GPUComputePipeline): GPUComputePipeline {
    if (pipeline.compiled === null) this.#compiled++;
    return pipeline.compiled = compiled;
  }

  /** A bind group of `ranges`, in the order of the kernel's bindings. */
  bind(pipeline: Pipeline, ranges: readonly BoundRange[]): GPUBindGroup {
    return this.#gpu.device.createBindGroup({
      layout: pipeline.layout,
      entries: ranges.map((resource, binding) => ({ binding, resource })),
    });
  }

  #layout(
    { access, parameters }: KernelSource,
  ): { readonly group: GPUBindGroupLayout; readonly pipeline: GPUPipelineLayout } {
    // Stated here: wgpu expects of a kernel the bytes that the one before it needed, where both have one layout.
    const bytes = parameterBytes(parameters.length), key = `${access.join()} ${bytes}`;
    let layout = this.#layouts.get(key);
    if (layout === undefined) {
      const group = this.#gpu.device.createBindGroupLayout({
        entries: access.map((a, binding) => ({
          binding,
          visibility: 4, // GPUShaderStage.COMPUTE
          buffer: { type: bindingTypes[a], minBindingSize: a === "uniform" ? bytes : 0 },
        })),
      });
      layout = { group, pipeline: this.#gpu.device.createPipelineLayout({ bindGroupLayouts: [group] }) };
      this.#layouts.set(key, layout);
    }
    return layout;
  }
}

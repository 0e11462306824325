/**
 * Compiled kernels, cached by their source, and the bind groups that give them their buffers.
 *
 * @module
 */
import type { Gpu } from "./device.ts";
import type { Block } from "./memory.ts";

/** How a kernel uses a binding. */
export type Access = "read" | "read_write";

/** A kernel ready to be compiled. */
export interface KernelSource {
  readonly code: string;
  readonly access: readonly Access[];
  /** Workgroups in each dimension. */
  readonly groups: readonly [number, number, number];
}

/** One binding of a dispatch: bytes of a block. */
export interface BoundRange {
  readonly block: Block;
  readonly offset: number;
  readonly size: number;
}

/** A compiled kernel. */
export interface Pipeline {
  readonly gpu: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/** The pipelines of a device. */
export class Pipelines {
  readonly #gpu: Gpu;
  readonly #bySource = new Map<string, Pipeline>();
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
    return this.#bySource.size;
  }

  /** The pipeline of a kernel; `label` names it in errors. Throws DeviceError when the shader is refused and the runtime says so at once. */
  compile(source: KernelSource, label: string): Pipeline {
    const known = this.#bySource.get(source.code);
    if (known !== undefined) return known;
    const { device, faults, directives } = this.#gpu;
    const layout = this.#layout(source.access);
    device.pushErrorScope("validation");
    const module = device.createShaderModule({ label, code: directives + source.code });
    const gpu = device.createComputePipeline({
      label,
      layout: layout.pipeline,
      compute: { module, entryPoint: "main" },
    });
    faults.watch(device.popErrorScope(), `the kernel of ${label}:\n${source.code}`);
    faults.check(true);
    const pipeline = { gpu, layout: layout.group };
    this.#bySource.set(source.code, pipeline);
    return pipeline;
  }

  /** A bind group of `ranges`, in the order of the kernel's bindings. */
  bind(pipeline: Pipeline, ranges: readonly BoundRange[]): GPUBindGroup {
    return this.#gpu.device.createBindGroup({
      layout: pipeline.layout,
      entries: ranges.map(({ block, offset, size }, binding) => ({
        binding,
        resource: { buffer: block.gpu, offset, size },
      })),
    });
  }

  #layout(
    access: readonly Access[],
  ): { readonly group: GPUBindGroupLayout; readonly pipeline: GPUPipelineLayout } {
    const key = access.join();
    let layout = this.#layouts.get(key);
    if (layout === undefined) {
      const group = this.#gpu.device.createBindGroupLayout({
        entries: access.map((a, binding) => ({
          binding,
          visibility: 4, // GPUShaderStage.COMPUTE
          buffer: { type: a === "read" ? "read-only-storage" : "storage" },
        })),
      });
      layout = { group, pipeline: this.#gpu.device.createPipelineLayout({ bindGroupLayouts: [group] }) };
      this.#layouts.set(key, layout);
    }
    return layout;
  }
}

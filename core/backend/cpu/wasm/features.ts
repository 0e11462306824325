/**
 * What this engine's WebAssembly can do beyond plain SIMD, found by validating a module that uses it.
 *
 * @module
 */
import { ModuleBuilder } from "./assembler.ts";
import { f32x4 } from "./opcodes.ts";

/** The optional instructions that code generators may use. */
export interface Features {
  /** Relaxed SIMD: fused multiply-add. */
  readonly relaxedSimd: boolean;
}

/** The features of the engine this runs on. */
export function detectFeatures(): Features {
  const module = new ModuleBuilder({ initial: 0, maximum: 0, shared: false });
  module.func("probe", ["v128"], "v128", (f, x) => f.result(f32x4.relaxedMadd(x, x, x)));
  return { relaxedSimd: WebAssembly.validate(module.encode()) };
}

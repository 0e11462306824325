/**
 * Initialisation: each scheme as `name_`, which fills a parameter, and as a pure function of a shape. Both draw what PyTorch draws under the same seed.
 *
 * @example
 * ```ts
 * import { manualSeed, nn } from "@tenon/tenon";
 * import { kaimingNormal, kaimingNormal_ } from "@tenon/tenon/init";
 *
 * const layer = new nn.Linear(3, 2);
 * manualSeed(0);
 * kaimingNormal_(layer.weight, { nonlinearity: "relu" });
 * manualSeed(0);
 * console.log(layer.weight.eq(kaimingNormal([2, 3], { nonlinearity: "relu" })).all().item()); // true
 * ```
 *
 * @module
 */
export {
  constant,
  constant_,
  dirac,
  dirac_,
  eye,
  eye_,
  type FillOptions,
  ones,
  ones_,
  zeros,
  zeros_,
} from "./constant.ts";
export { calculateFans, calculateGain, type Nonlinearity } from "./fan.ts";
export {
  kaimingNormal,
  kaimingNormal_,
  type KaimingOptions,
  kaimingUniform,
  kaimingUniform_,
} from "./kaiming.ts";
export {
  normal,
  normal_,
  type NormalSettings,
  truncNormal,
  truncNormal_,
  type TruncNormalSettings,
} from "./normal.ts";
export { orthogonal, orthogonal_ } from "./orthogonal.ts";
export { sparse, sparse_, type SparseSettings } from "./sparse.ts";
export type { DrawSettings, GainSettings, Initialisable } from "./target.ts";
export { type InitOptions, uniform, uniform_, type UniformSettings } from "./uniform.ts";
export { xavierNormal, xavierNormal_, xavierUniform, xavierUniform_ } from "./xavier.ts";

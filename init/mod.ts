/**
 * Initialisation: each scheme as `name_`, which fills a parameter, and as a pure function of a shape.
 *
 * @module
 */
export { calculateFans, calculateGain, type Nonlinearity } from "./fan.ts";
export { type KaimingOptions, kaimingUniform, kaimingUniform_ } from "./kaiming.ts";
export type { Initialisable } from "./target.ts";
export { type InitOptions, uniform, uniform_ } from "./uniform.ts";

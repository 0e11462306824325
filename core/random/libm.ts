/**
 * The double-precision functions behind PyTorch's scalar distributions. PyTorch has them from the C library, this is the engine's: the two differ in the
 * last bit about once in a thousand calls, which a float32 result never shows and a float64 one may.
 *
 * @module
 */

export const log = Math.log;
export const sin = Math.sin;
export const cos = Math.cos;
export const tan = Math.tan;
export const exp = Math.exp;

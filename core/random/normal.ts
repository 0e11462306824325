/**
 * `normal_` and `log_normal_`, as PyTorch's CPU generator gives them. There are two streams: up to 15 elements take
 * one pair after the other in double precision and keep the odd one out; 16 and more are made in blocks of 16.
 *
 * @module
 */
import { type DType, type HostArray, hostArray, roundTo, writeElement } from "../dtype.ts";
import { ValueError } from "../errors.ts";
import { blockSize as block, boxMullerFloat32 } from "./box_muller.ts";
import { checkFloat, fillWith, inChunks } from "./fill.ts";
import type { Generator } from "./generator.ts";
import { cos, exp, fma, log, sin } from "./libm/mod.ts";

/** One standard normal: the waiting one, or the first of a new pair. */
function standardNormal(generator: Generator): number {
  const waiting = generator.takeNormal();
  if (waiting !== null) return waiting;
  const u1 = generator.uniform(), u2 = generator.uniform();
  const radius = Math.sqrt(-2 * log(1 - u2)), theta = 2 * Math.PI * u1;
  generator.keepNormal(radius * sin(theta));
  return radius * cos(theta);
}

/**
 * `count` normal numbers, contiguous, in a float dtype (`Tensor.normal_`; with mean 0 and std 1 `torch.randn`).
 *
 * @throws {ValueError} when std is negative.
 * @throws {DTypeError} for an integer dtype or bool.
 */
export function normal(generator: Generator, count: number, dtype: DType, mean = 0, std = 1): HostArray {
  checkFloat("normal_kernel_cpu", "normal", dtype);
  if (!(std >= 0)) {
    throw new ValueError(`normal expects std >= 0.0, but found std ${std}: normal with mean ${mean}`);
  }
  if (count < block) return fillWith(count, dtype, () => fma(standardNormal(generator), std, mean));
  const out = hostArray(dtype, count);
  if (out instanceof Float32Array) fillFloat32(generator, out, Math.fround(mean), Math.fround(std));
  else if (out instanceof Float64Array) fillFloat64(generator, out, mean, std);
  else fillHalf(generator, out, dtype, roundTo(dtype, mean), roundTo(dtype, std));
  return out;
}

// A count that is no multiple of 16 still draws for every element, then draws the last 16 anew as one block.

function fillFloat32(generator: Generator, out: Float32Array, mean: number, std: number): void {
  const whole = out.length - out.length % block;
  inChunks(generator, out.length, (bits, start, take, kernel) => {
    if (kernel !== null) {
      const count = take - take % block;
      kernel.boxMuller(count, mean, std);
      out.set(kernel.normals.subarray(0, count), start);
      return;
    }
    for (let i = 0; i < take && start + i < whole; i += block) {
      boxMullerFloat32(bits, i, out, start + i, mean, std);
    }
  });
  if (whole < out.length) {
    inChunks(generator, block, (bits) => boxMullerFloat32(bits, 0, out, out.length - block, mean, std));
  }
}

function fillFloat64(generator: Generator, out: Float64Array, mean: number, std: number): void {
  const transform = (at: number) => {
    for (let j = at; j < at + block / 2; j++) {
      const radius = Math.sqrt(-2 * log(1 - out[j])), theta = 2 * Math.PI * out[j + 8];
      out[j] = fma(radius * cos(theta), std, mean);
      out[j + 8] = fma(radius * sin(theta), std, mean);
    }
  };
  for (let i = 0; i < out.length; i++) out[i] = generator.uniform();
  for (let at = 0; at + block <= out.length; at += block) transform(at);
  if (out.length % block !== 0) {
    const at = out.length - block;
    for (let j = at; j < out.length; j++) out[j] = generator.uniform();
    transform(at);
  }
}

function fillHalf(generator: Generator, out: HostArray, dtype: DType, mean: number, std: number): void {
  const digits = dtype === "float16" ? 11 : 8;
  const mask = 2 ** digits - 1, unit = 2 ** -digits;
  const round = (x: number) => roundTo(dtype, x);
  // bfloat16 rounds after every operation; float16 computes in float32 between the values that PyTorch names.
  const step = dtype === "bfloat16" ? round : Math.fround;
  const transform = (bits: Int32Array, from: number, at: number) => {
    for (let j = 0; j < block / 2; j++) {
      const u1 = round(1 - (bits[from + j] & mask) * unit), u2 = (bits[from + j + 8] & mask) * unit;
      const radius = round(step(Math.sqrt(step(-2 * step(log(u1))))));
      const theta = round(2 * Math.PI * u2);
      for (const [k, circle] of [[at + j, cos(theta)], [at + j + 8, sin(theta)]]) {
        const value = step(step(step(radius * step(circle)) * std) + mean);
        writeElement(out, dtype, k, value);
      }
    }
  };
  const whole = out.length - out.length % block;
  inChunks(generator, out.length, (bits, start, take) => {
    for (let i = 0; i < take && start + i < whole; i += block) transform(bits, i, start + i);
  });
  if (whole < out.length) inChunks(generator, block, (bits) => transform(bits, 0, out.length - block));
}

/**
 * `count` numbers whose logarithm is normal with `mean` and `std` (`Tensor.log_normal_`). Always from the one-by-one
 * stream, whatever the count.
 *
 * @throws {ValueError} when std is not positive.
 * @throws {DTypeError} for an integer dtype or bool.
 */
export function logNormal(
  generator: Generator,
  count: number,
  dtype: DType,
  mean = 1,
  std = 2,
): HostArray {
  checkFloat("log_normal_cpu", "logNormal", dtype);
  if (!(std > 0)) throw new ValueError(`log_normal_ expects std > 0.0, but found std=${std}`);
  return fillWith(count, dtype, () => exp(fma(standardNormal(generator), std, mean)));
}

/**
 * Random graphs for property tests: a program is a list of choices, each of which adds a tensor made from those before it. Every program is
 * valid, and its values stay small and finite.
 *
 * @module
 */
import fc from "fast-check";
import { cat, flip, full, softmax, type Tensor, tensor, where } from "../../../core/mod.ts";
import { iota } from "../../../core/ops/ranges.ts";
import { sizeOf } from "../../../core/shape.ts";
import type { DeviceName } from "../../../core/device.ts";
import { widest } from "../precision.ts";

/** A choice: which operation, and numbers that it takes its operands and settings from. */
export interface Choice {
  readonly op: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

const nat = fc.nat({ max: 1 << 16 });

/** Programs of up to `maxLength` choices. */
export function programs(maxLength: number): fc.Arbitrary<Choice[]> {
  return fc.array(fc.record({ op: nat, a: nat, b: nat, c: nat }), { minLength: 1, maxLength, size: "max" });
}

const small = (x: Tensor) => x.tanh();

/** x under the shape of `like`, where that is possible by broadcasting or repeating; else a mean of it. */
function fitted(x: Tensor, like: Tensor): Tensor {
  const fits = x.shape.length <= like.shape.length &&
    x.shape.every((s, d) => s === 1 || s === like.shape[d + like.shape.length - x.shape.length]);
  return fits ? x : x.mean();
}

type Op = (x: Tensor, y: Tensor, b: number, c: number) => Tensor;

const ops: readonly Op[] = [
  (x) => x.sin(),
  (x) => x.abs().add(0.5).sqrt(),
  (x) => small(x).exp(),
  (x) => x.neg(),
  (x, y) => x.add(fitted(y, x)),
  (x, y) => small(x.mul(fitted(y, x))),
  (x, y) => fitted(y, x).sub(x),
  (x, y) => x.maximum(fitted(y, x)),
  (x, y) => where(x.lt(fitted(y, x)), x, fitted(y, x)),
  (x) => x.to("float32").to(widest()),
  (x, _y, b, c) => x.shape.length === 0 ? x : x.sum(b % x.shape.length, { keepdim: c % 2 === 0 }).mul(0.25),
  (x, _y, b, c) => x.shape.length === 0 ? x : x.amax(b % x.shape.length, { keepdim: c % 2 === 0 }),
  (x) => x.mean(),
  (x, _y, b) => x.shape.length === 0 ? x : softmax(x, b % x.shape.length),
  (x, _y, b) => x.shape.length === 0 ? x : x.sub(x.mean(b % x.shape.length, { keepdim: true })),
  (x, _y, b) => x.shape.length === 0 ? x : x.transpose(b % x.shape.length, x.shape.length - 1),
  (x) => x.reshape([-1]),
  (x, _y, b) => x.shape.length > 3 ? x.flatten() : x.unsqueeze(b % (x.shape.length + 1)),
  (x) => sizeOf(x.shape) % 2 === 0 ? x.reshape([2, -1]) : x,
  (x) => x.shape.length > 2 || sizeOf(x.shape) > 64 ? x : x.unsqueeze(0).expand([3, ...x.shape]),
  (x, _y, b, c) => {
    if (x.shape.length === 0) return x;
    const d = b % x.shape.length, start = c % x.shape[d];
    return x.narrow(d, start, 1 + b % (x.shape[d] - start));
  },
  (x, _y, b) => x.shape.length === 0 ? x : flip(x, b % x.shape.length),
  (x, y, b) => {
    if (x.shape.length === 0 || sizeOf(x.shape) > 200) return x;
    return cat([x, fitted(y, x).expand(x.shape), x.mul(2)], b % x.shape.length);
  },
  (x, _y, b, c) => x.shape.length === 0 || sizeOf(x.shape) > 200 ? x : pad(x, b % x.shape.length, c),
  (x) => x.shape.length === 2 && x.shape[0] < 12 ? small(x.matmul(x.transpose(0, 1))) : x,
  (x, y) =>
    x.shape.length === 2 && y.shape.length === 2 && x.shape[1] === y.shape[0] ? small(x.matmul(y)) : x,
  (x, _y, _b, c) => {
    if (x.shape.length === 0) return x;
    const last = x.shape.length - 1, size = 1 + c % x.shape[last];
    return x.unfold(last, size, 1).sum(-1).mul(1 / size);
  },
  (x, _y, b) => x.shape.length === 0 ? x : x.cumsum(b % x.shape.length).mul(0.1),
  (x) => x.shape.length === 2 ? x.diagonal().sum() : x,
  (x) => x.mul(full(x.shape, 0.5, { dtype: widest(), device: x.device })).add(1e-3),
  (x) => x.shape.length === 0 ? x : x.add(iota(x.shape, 0, { device: x.device }).to(widest()).mul(0.01)),
];

function pad(x: Tensor, dim: number, by: number): Tensor {
  const border = full(x.shape.map((s, d) => d === dim ? 1 + by % 2 : s), 0.5, {
    dtype: widest(),
    device: x.device,
  });
  return cat([border, x], dim);
}

/** The leaves that programs start from. */
export function leaves(device: DeviceName): Tensor[] {
  const values = (n: number, from: number) =>
    Array.from({ length: n }, (_, i) => Math.sin(i * 1.7 + from) * 1.2);
  return [[2, 3], [4], [3, 4], [2, 3, 4], []].map((shape, k) =>
    tensor(values(sizeOf(shape), k), { shape, device, dtype: widest() })
  );
}

/** All tensors that a program makes. */
export function runProgram(program: readonly Choice[], start: readonly Tensor[]): Tensor[] {
  const pool = [...start];
  for (const { op, a, b, c } of program) {
    // Mostly recent ones, so that chains grow.
    const x = pool[a % 3 === 0 ? a % pool.length : pool.length - 1 - (a % Math.min(3, pool.length))];
    const next = ops[op % ops.length](x, pool[b % pool.length], b, c);
    pool.push(next);
  }
  return pool.slice(start.length);
}

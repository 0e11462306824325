/**
 * Threefry-2x32 with 20 rounds, the counter-based generator behind the pure random functions, made of int32 tensor operations: lazy, fused into
 * the kernel that uses the numbers, and the same bits on every device and thread count. int32 stands for the 32 bits, not for their sign.
 *
 * @module
 */
import { DTypeError, ShapeError } from "../../errors.ts";
import { checkTensors } from "../../ops/cast.ts";
import { zerosLike } from "../../ops/create.ts";
import { iota } from "../../ops/ranges.ts";
import { add } from "../../ops/elementwise.ts";
import { bitwiseLeftShift, bitwiseOr, bitwiseXor, unsignedRightShift } from "../../ops/logical.ts";
import { reshape, select } from "../../ops/view.ts";
import { type Shape, sizeOf } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";

/** Bits that each round rotates by. */
const rotations = [[13, 15, 26, 6], [17, 29, 16, 24]] as const;
/** The parity word of the key schedule. */
const parity = 0x1bd11bda;

function rotateLeft(x: Tensor, by: number): Tensor {
  return bitwiseOr(bitwiseLeftShift(x, by), unsignedRightShift(x, 32 - by));
}

/** The two words that the counter (x0, x1) becomes under the key (k0, k1); all int32, broadcast. */
export function threefry2x32(k0: Tensor, k1: Tensor, x0: Tensor, x1: Tensor): [Tensor, Tensor] {
  const keys = [k0, k1, bitwiseXor(bitwiseXor(k0, k1), parity)];
  let a = add(x0, k0), b = add(x1, k1);
  for (let i = 0; i < 5; i++) {
    for (const by of rotations[i % 2]) {
      a = add(a, b);
      b = bitwiseXor(rotateLeft(b, by), a);
    }
    a = add(a, keys[(i + 1) % 3]);
    b = add(add(b, keys[(i + 2) % 3]), i + 1);
  }
  return [a, b];
}

/** The words of a key. */
export function keyWords(op: string, key: Tensor): [Tensor, Tensor] {
  checkTensors(op, [key]);
  if (key.dtype !== "int32") {
    throw new DTypeError(
      `${op}: expected a key, an int32 tensor [2] made by random.key, split or foldIn, but got dtype ${key.dtype}`,
    );
  }
  if (key.shape.length !== 1 || key.shape[0] !== 2) {
    throw new ShapeError(
      `${op}: expected one key of shape [2], but got shape [${key.shape.join(", ")}]` +
        (key.shape.at(-1) === 2 ? "; take one key of a split, as in const [a, b] = random.split(key)" : ""),
    );
  }
  return [select(key, 0, 0), select(key, 0, 1)];
}

/** Two words per element of `shape`, counted in row-major order. */
export function wordPairs(op: string, key: Tensor, shape: Shape): [Tensor, Tensor] {
  const [k0, k1] = keyWords(op, key);
  const count = reshape(iota([sizeOf(shape)], 0, { dtype: "int32", device: key.device }), shape);
  return threefry2x32(k0, k1, zerosLike(count), count);
}

/**
 * What the operations on [N, C, ...space] tensors share: sizes given as one number or one per spatial dimension, tensors without a batch
 * dimension, and the text of their errors.
 *
 * @module
 */
import { ShapeError, ValueError } from "../../errors.ts";
import type { Shape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { checkKind } from "../options.ts";
import { reshape } from "../view.ts";

/** One number for all spatial dimensions, or one for each. */
export type Sizes = number | readonly number[];

/** `value` as one whole number per spatial dimension, in a list of its own. */
export function sizesOf(op: string, name: string, value: Sizes, rank: number): readonly number[] {
  checkKind(op, name, value ?? null, "sizes");
  const sizes = typeof value === "number"
    ? new Array<number>(rank).fill(value)
    : value.length === 1
    ? new Array<number>(rank).fill(value[0])
    : [...value];
  if (sizes.length !== rank || sizes.some((s) => !Number.isInteger(s))) {
    throw new ValueError(
      `expected ${name} to be a single integer value or a list of ${rank} values to match the convolution dimensions, but got ${name}=[${sizes}], in ${op}`,
    );
  }
  return sizes;
}

/** Refuses a size below `least`. */
export function checkLeast(op: string, sentence: string, sizes: readonly number[], least: number): void {
  if (sizes.some((s) => s < least)) throw new ValueError(`${sentence}, in ${op}: got [${sizes.join(", ")}]`);
}

/** x as [N, C, ...space]: a batch of one where it has none. */
export function batched(op: string, x: Tensor, rank: number): Tensor {
  if (x.shape.length === rank + 2) return x.value;
  if (x.shape.length === rank + 1) return reshape(x, [1, ...x.shape]);
  const ranks = `${rank + 1}D or ${rank + 2}D`, got = `[${x.shape.join(", ")}]`;
  throw new ShapeError(
    op === "max_pool2d"
      ? `non-empty ${ranks} (batch mode) tensor expected for input, in ${op}: got ${got}`
      : op.startsWith("adaptive_avg")
      ? `${op}(): Expected ${ranks} tensor, but got ${got}`
      : `${op}: Expected ${ranks} (batch mode) tensor with optional 0 dim batch size for input, but got:${got}`,
  );
}

/** The result of a batched operation, without the batch dimension where the argument `x` had none. */
export function unbatched(y: Tensor, x: Tensor): Tensor {
  return y.shape.length === x.shape.length ? y : reshape(y, y.shape.slice(1));
}

/** Sizes as PyTorch writes them: `3x8x8`. */
export function times(shape: Shape): string {
  return shape.join("x");
}

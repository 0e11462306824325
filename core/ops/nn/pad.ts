/**
 * Padding: a constant border, or one made of the tensor's own elements.
 *
 * @module
 */
import { inPlace, isNamed, type Named } from "../arguments.ts";
import { checkCall, checkKind } from "../options.ts";
import { named } from "../../apply.ts";
import { checkFits } from "../../dtype_info.ts";
import { ShapeError, ValueError } from "../../errors.ts";
import type { Tensor } from "../../tensor.ts";
import type { Scalar } from "../cast.ts";
import { expand, flip, narrow, padDim } from "../view.ts";
import { cat } from "../join.ts";

/** What a border is made of. */
export type PadMode = "constant" | "reflect" | "replicate" | "circular";

/** A border along one dimension made of x itself; amounts are not negative. */
function bordered(x: Tensor, dim: number, low: number, high: number, mode: PadMode): Tensor {
  const size = x.shape[dim];
  const piece = (start: number, length: number) => narrow(x, dim, start, length);
  const repeated = (at: number, times: number) =>
    expand(piece(at, 1), x.shape.map((s, d) => d === dim ? times : s));
  const before = mode === "reflect"
    ? flip(piece(1, low), dim)
    : mode === "circular"
    ? piece(size - low, low)
    : repeated(0, low);
  const after = mode === "reflect"
    ? flip(piece(size - 1 - high, high), dim)
    : mode === "circular"
    ? piece(0, high)
    : repeated(size - 1, high);
  return cat([before, x, after], dim);
}

const sentences = {
  reflect: (low: number, high: number, dim: number, x: Tensor) =>
    `Argument #${
      2 * (x.shape.length - dim) + 2
    }: Padding size should be less than the corresponding input dimension, but got: padding (${low}, ${high}) at dimension ${dim} of input ${x.shape.length}, of shape [${
      x.shape.join(", ")
    }]`,
  circular: () => "Padding value causes wrapping around more than once",
  replicate: () => "replicate padding of an empty dimension",
};

/** Only a batch may be empty where PyTorch has a kernel for the mode, and what is mirrored in a plane or a vector. */
function checkFilled(x: Tensor, dims: number, mode: Exclude<PadMode, "constant">): void {
  const mirrored = mode === "reflect" && dims < 3, rank = x.shape.length;
  const full = x.shape.slice(mirrored && rank === dims + 1 ? 1 : rank - dims - 1);
  if (mode === "circular" || !full.includes(0)) return;
  const ranks = `${dims + 1}D or ${dims + 2}D (batch mode) tensor`;
  throw new ShapeError(
    `${
      mirrored
        ? `${ranks} expected`
        : `Expected ${ranks} with possibly 0 batch size and other non-zero dimensions`
    } for input, but got: [${x.shape.join(", ")}], in pad with mode "${mode}"`,
  );
}

/** Which modes pad which ranks by how many amounts. */
function checkBorder(x: Tensor, amounts: readonly number[], mode: Exclude<PadMode, "constant">): void {
  const rank = x.shape.length, dims = amounts.length / 2;
  if (dims < 1 || dims > 3 || (rank !== dims + 1 && rank !== dims + 2)) {
    throw new ShapeError(
      `Only 2D, 3D, 4D, 5D padding with non-constant padding are supported for now, in pad: mode "${mode}" with ${amounts.length} amounts takes a tensor of ${
        dims + 1
      } or ${dims + 2} dimensions, but got [${x.shape.join(", ")}]`,
    );
  }
  checkFilled(x, dims, mode);
  for (let i = 0; i < dims; i++) {
    const dim = rank - 1 - i, [low, high] = [amounts[2 * i], amounts[2 * i + 1]], size = x.shape[dim];
    const room = mode === "reflect" ? size - 1 : mode === "circular" ? size : size > 0 ? Infinity : 0;
    if (low > room || high > room) {
      throw new ShapeError(`${sentences[mode](low, high, dim, x)}, in pad with mode "${mode}"`);
    }
  }
}

/**
 * A border around x. `amounts` are [before, after] of the last dimension, then of the one before it, and so on; negative ones cut. The border is
 * `value` ("constant"), the elements next to the edge mirrored ("reflect"), the edge repeated ("replicate"), or those of the opposite side
 * ("circular"); the last three pad the last one to three dimensions of [N, C, ...] or [C, ...]. `torch.nn.functional.pad`.
 *
 * @throws {ShapeError} when the amounts do not fit the shape
 * @throws {ValueError} when the mode is unknown or the number of amounts odd
 * @example
 * ```ts
 * import { pad, tensor } from "@tenon/tenon";
 * console.log(pad(tensor([[1, 2, 3]]), [2, 1], "reflect").tolist()); // [ [ 3, 2, 1, 2, 3, 2 ] ]
 * ```
 */
export function pad(
  x: Tensor,
  amounts: readonly number[] | Named<{ pad: readonly number[]; mode: PadMode; value: Scalar | null }>,
  mode: PadMode | Named<{ mode: PadMode; value: Scalar | null }> = "constant",
  value?: Scalar | null | Named<{ mode: PadMode; value: Scalar | null }>,
): Tensor {
  if (isNamed(amounts) || isNamed(mode) || isNamed(value)) {
    return pad(x, ...inPlace("pad", ["pad", "mode", "value"], [amounts, mode, value], 1));
  }
  checkCall("pad", [x]);
  checkKind("pad", "pad", amounts ?? null, "numbers");
  if (value !== undefined && value !== null && typeof value !== "bigint" && typeof value !== "boolean") {
    checkKind("pad", "value", value, "number");
  }
  if (amounts.length % 2 !== 0) {
    throw new ValueError(`Padding length must be divisible by 2, in pad: got [${amounts.join(", ")}]`);
  }
  if (amounts.length > 2 * x.shape.length) {
    throw new ValueError(
      `Padding length too large, in pad: ${amounts.length} amounts for a tensor of ${x.shape.length} dimensions`,
    );
  }
  if (amounts.some((a) => !Number.isInteger(a))) {
    throw new ValueError(`padding amounts must be whole numbers, in pad: got [${amounts.join(", ")}]`);
  }
  if (mode !== "constant" && mode !== "reflect" && mode !== "replicate" && mode !== "circular") {
    throw new ValueError(
      `Unrecognised padding mode ${mode}, in pad: use "constant", "reflect", "replicate" or "circular"`,
    );
  }
  if (mode !== "constant") {
    if (value !== undefined && value !== null && value !== 0) {
      throw new ValueError(`Padding mode "${mode}" doesn't take in value argument, in pad`);
    }
    checkBorder(x, amounts, mode);
  }
  if (mode === "constant") checkFits("constant_pad_nd", value ?? 0, x.dtype);
  let y = x.value;
  for (let i = 0; 2 * i < amounts.length; i++) {
    const dim = x.shape.length - 1 - i, low = amounts[2 * i], high = amounts[2 * i + 1], size = x.shape[dim];
    if (size + low + high < 0) {
      throw new ShapeError(
        `The input size ${size}, plus negative padding ${low} and ${high} resulted in a negative output size, in pad at dimension ${dim}`,
      );
    }
    if (mode === "constant" && size + Math.min(low, 0) + Math.min(high, 0) < 0) {
      throw new ShapeError(
        `start (${Math.max(0, -low)}) + length (${
          size + Math.min(low, 0) + Math.min(high, 0)
        }) exceeds dimension size (${size})., in pad: paddings ${low} and ${high} crop more of dimension ${dim} than there is`,
      );
    }
    if (mode === "constant") y = padDim(y, dim, low, high, value ?? 0);
    else if (mode === "circular") {
      const rest = size + Math.min(low, 0) + Math.min(high, 0);
      if (low > rest || high > rest) {
        throw new ShapeError(`${sentences.circular()}, in pad at dimension ${dim}`);
      }
      y = bordered(narrow(y, dim, Math.max(-low, 0), rest), dim, Math.max(low, 0), Math.max(high, 0), mode);
    } else {
      // Mirrored elements are those of the whole tensor, so what is cut goes last.
      const wide = bordered(y, dim, Math.max(low, 0), Math.max(high, 0), mode);
      if (size + low + high === 0) {
        throw new ShapeError(
          `input (size: ${size}) is too small. Calculated output size: 0, in pad at dimension ${dim}: paddings ${low} and ${high} leave nothing`,
        );
      }
      y = narrow(wide, dim, Math.max(-low, 0), size + low + high);
    }
  }
  return named(mode === "constant" ? "ConstantPadNd" : padNames[mode](amounts.length / 2), y);
}

const padNames = {
  reflect: (dims: number) => `ReflectionPad${dims}D`,
  replicate: (dims: number) => `ReplicationPad${dims}D`,
  circular: () => "CopySlices",
};

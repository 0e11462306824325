/**
 * Sliding blocks as columns and back: what convolution is made of. Windows along one dimension are `Tensor.unfold`.
 *
 * @module
 */
import { type Given, needed, settingsOf } from "../arguments.ts";
import { checkCall, type Kinds } from "../options.ts";
import { named } from "../../apply.ts";
import { ShapeError, ValueError } from "../../errors.ts";
import { sizeOf } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { fold as foldLast, nothing } from "../routine.ts";
import type { KernelSize } from "./pool.ts";
import { checkLeast, type Sizes, sizesOf } from "./spatial.ts";
import { narrow, padDim, permute, reshape, windows } from "../view.ts";

/** Options of `unfold` and `fold`. */
export interface UnfoldOptions {
  /** Distance of a block's elements; 1 by default. */
  readonly dilation?: Sizes;
  /** Zeros around the image; 0 by default. */
  readonly padding?: Sizes;
  /** Step of the blocks; 1 by default. */
  readonly stride?: Sizes;
}

/** What `fold` cannot do without, where it is given by name. */
export interface FoldSizes extends KernelSize {
  /** Height and width of the image. */
  readonly outputSize: Sizes;
}

/** What the arguments of `unfold` hold, in PyTorch's order. */
export const unfoldKinds: Kinds<KernelSize & UnfoldOptions> = {
  kernelSize: "any",
  dilation: "sizes",
  padding: "sizes",
  stride: "sizes",
};
/** What those of `fold` hold. */
export const foldKinds: Kinds<FoldSizes & UnfoldOptions> = { outputSize: "any", ...unfoldKinds };

interface Blocks {
  readonly kernel: readonly number[];
  readonly dilation: readonly number[];
  readonly padding: readonly number[];
  readonly stride: readonly number[];
  /** Blocks along height and width. */
  readonly count: readonly number[];
}

const pair = (sizes: readonly number[]) => `(${sizes.join(", ")})`;

/** One number for both, or two: a list of one is refused. */
function pairOf(op: string, name: string, sizes: Sizes): readonly number[] {
  if (typeof sizes === "number" || sizes?.length !== 1) return sizesOf(op, name, sizes, 2);
  throw new ValueError(
    `It is expected ${name} equals to 2, but got size 1, in ${op}: got ${name}=[${sizes}]`,
  );
}

function plan(op: string, image: readonly number[], kernelSize: Sizes, options: UnfoldOptions): Blocks {
  const kernel = pairOf(op, "kernel_size", kernelSize);
  const dilation = pairOf(op, "dilation", options.dilation ?? 1);
  const padding = pairOf(op, "padding", options.padding ?? 0);
  const stride = pairOf(op, "stride", options.stride ?? 1);
  checkLeast(op, "kernel size should be greater than zero", kernel, 1);
  checkLeast(op, "dilation should be greater than zero", dilation, 1);
  checkLeast(op, "padding should be non-negative", padding, 0);
  checkLeast(op, "stride should be greater than zero", stride, 1);
  const count = image.map((size, i) =>
    Math.floor((size + 2 * padding[i] - dilation[i] * (kernel[i] - 1) - 1) / stride[i]) + 1
  );
  if (count.some((n) => n < 1)) {
    throw new ShapeError(
      `Given input with spatial size ${pair(image)}, kernel_size=${pair(kernel)}, dilation=${
        pair(dilation)
      }, padding=${pair(padding)}, calculated shape of the array of sliding blocks as ${
        pair(count)
      }, but its components must be at least one, in ${op}`,
    );
  }
  return { kernel, dilation, padding, stride, count };
}

/**
 * The blocks of x [N, C, H, W] (or [C, H, W]) as columns: [N, C kH kW, blocks]. `torch.nn.functional.unfold` (im2col).
 *
 * @example
 * ```ts
 * import { ones, unfold } from "@tenon/tenon";
 * console.log(unfold(ones([1, 3, 4, 5]), [2, 3]).shape); // [ 1, 18, 9 ]
 * ```
 */
export function unfold(
  x: Tensor,
  ...settings: Given<
    [kernelSize: Sizes],
    [dilation: Sizes, padding: Sizes, stride: Sizes],
    KernelSize,
    UnfoldOptions
  >
): Tensor {
  const options = settingsOf<KernelSize & UnfoldOptions>("unfold", settings, unfoldKinds);
  checkCall("unfold", [x]);
  const kernelSize = needed("unfold", options, "kernelSize");
  const rank = x.shape.length;
  if ((rank !== 3 && rank !== 4) || x.shape.slice(-3).includes(0)) {
    throw new ShapeError(
      `Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for input, but got: [${
        x.shape.join(", ")
      }], in unfold`,
    );
  }
  if (rank === 3) {
    return reshape(unfold(reshape(x, [1, ...x.shape]), { ...options, kernelSize }), [
      -1,
      ...blocksOf(x, kernelSize, options),
    ]);
  }
  const { kernel, dilation, padding, stride, count } = plan("unfold", x.shape.slice(2), kernelSize, options);
  const [n, c] = x.shape, shape = [n, c * sizeOf(kernel), sizeOf(count)];
  if (sizeOf(shape) === 0) return nothing(shape, [x]);
  const high = padDim(x, 2, padding[0], padding[0], 0);
  const cut = [0, 1].reduce(
    (acc, i) => windows(acc, 2 + i, kernel[i], stride[i], dilation[i]),
    padDim(high, 3, padding[1], padding[1], 0),
  );
  return named("Im2Col", reshape(permute(cut, [0, 1, 4, 5, 2, 3]), shape));
}

function blocksOf(x: Tensor, kernelSize: Sizes, options: UnfoldOptions): number[] {
  return [sizeOf(plan("unfold", x.shape.slice(1), kernelSize, options).count)];
}

/**
 * The sum of columns [N, C kH kW, blocks] (or without N) put back as blocks of images [N, C, ...outputSize]: the adjoint of `unfold`.
 * `torch.nn.functional.fold` (col2im).
 */
export function fold(
  x: Tensor,
  ...settings: Given<
    [outputSize: Sizes, kernelSize: Sizes],
    [dilation: Sizes, padding: Sizes, stride: Sizes],
    FoldSizes,
    UnfoldOptions
  >
): Tensor {
  const options = settingsOf<FoldSizes & UnfoldOptions>("fold", settings, foldKinds);
  checkCall("fold", [x]);
  const outputSize = needed("fold", options, "outputSize"),
    kernelSize = needed("fold", options, "kernelSize");
  const rank = x.shape.length;
  if ((rank !== 2 && rank !== 3) || x.shape.slice(-2).includes(0)) {
    throw new ShapeError(
      `Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and non-zero dimensions for input, but got: [${
        x.shape.join(", ")
      }], in fold`,
    );
  }
  const size = pairOf("fold", "output_size", outputSize);
  const { kernel, dilation, padding, stride, count } = plan("fold", size, kernelSize, options);
  const [n, columns, blocks] = rank === 3 ? x.shape : [1, ...x.shape];
  if (columns % sizeOf(kernel) !== 0) {
    throw new ShapeError(
      `Expected size of input's dimension 1 to be divisible by the product of kernel_size, but got input.size(1)=${columns} and kernel_size=${
        pair(kernel)
      }, in fold`,
    );
  }
  if (blocks !== sizeOf(count)) {
    throw new ShapeError(
      `Given output_size=${pair(size)}, kernel_size=${pair(kernel)}, dilation=${pair(dilation)}, padding=${
        pair(padding)
      }, stride=${
        pair(stride)
      }, expected size of input's dimension 2 to match the calculated number of sliding blocks ${
        count.join(" * ")
      } = ${sizeOf(count)}, but got input.size(2)=${blocks}, in fold`,
    );
  }
  const c = columns / sizeOf(kernel), padded = size.map((s, i) => s + 2 * padding[i]);
  // [N, C, kH, kW, rows, columns]: first the width, then the height is folded.
  const apart = reshape(x, [n, c, ...kernel, ...count]);
  const wide = foldLast(permute(apart, [0, 1, 2, 4, 5, 3]), padded[1], stride[1], dilation[1]);
  const high = foldLast(permute(wide, [0, 1, 4, 3, 2]), padded[0], stride[0], dilation[0]);
  const image = narrow(narrow(permute(high, [0, 1, 3, 2]), 2, padding[0], size[0]), 3, padding[1], size[1]);
  return named("Col2Im", rank === 3 ? image : reshape(image, [c, ...size]));
}

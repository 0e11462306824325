/**
 * Layers that change the shape alone: Flatten, Unflatten.
 *
 * @module
 */
import { ShapeError } from "../core/errors.ts";
import { flatten, unflatten } from "../core/ops/view.ts";
import type { Shape } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { needed, type NeededThen, settingsOf, type Trailing } from "../core/ops/arguments.ts";
import { Module } from "./module/module.ts";
import { tuple } from "./module/repr.ts";

/** Options of Flatten. */
export interface FlattenOptions {
  /** First dimension to flatten; 1 by default. */
  readonly startDim?: number;
  /** Last dimension to flatten; -1 by default. */
  readonly endDim?: number;
}

/**
 * Makes one dimension of several, all but the first by default: [N, C, H, W] to [N, C H W]. `torch.nn.Flatten`.
 *
 * @example
 * ```ts
 * import { nn, ones } from "@tenon/tenon";
 * console.log(new nn.Flatten()(ones([32, 1, 5, 5])).shape); // [ 32, 25 ]
 * ```
 */
export class Flatten extends Module {
  /** First dimension to flatten. */
  startDim: number;
  /** Last dimension to flatten. */
  endDim: number;

  /** Takes the first and the last dimension, by position or by name. */
  constructor(...settings: Trailing<[startDim: number, endDim: number], FlattenOptions>) {
    super();
    const { startDim = 1, endDim = -1 } = settingsOf<FlattenOptions>("Flatten", settings, {
      startDim: "whole",
      endDim: "whole",
    });
    this.startDim = startDim;
    this.endDim = endDim;
  }

  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return flatten(x, this.startDim, this.endDim);
  }

  /** What stands between the parentheses of the text. */
  override extraRepr(): string {
    return `start_dim=${this.startDim}, end_dim=${this.endDim}`;
  }
}

/** Arguments of Unflatten by name. */
export interface UnflattenSettings {
  /** The dimension. */
  readonly dim: number;
  /** What it becomes. */
  readonly unflattenedSize: Shape;
}

/**
 * Makes several dimensions of one: [N, 12] to [N, 3, 4]. `torch.nn.Unflatten`.
 *
 * @example
 * ```ts
 * import { nn, ones } from "@tenon/tenon";
 * console.log(new nn.Unflatten(1, [2, 5, 5])(ones([2, 50])).shape); // [ 2, 2, 5, 5 ]
 * ```
 */
export class Unflatten extends Module {
  /** The dimension. */
  dim: number;
  /** What it becomes. */
  unflattenedSize: Shape;

  /** Takes the dimension and the sizes that it becomes. */
  constructor(
    ...settings: NeededThen<[dim: number, unflattenedSize: Shape], [], UnflattenSettings, unknown>
  ) {
    super();
    const options = settingsOf<UnflattenSettings>("Unflatten", settings, {
      dim: "whole",
      unflattenedSize: "any",
    });
    const dim = needed("Unflatten", options, "dim");
    const unflattenedSize = needed("Unflatten", options, "unflattenedSize");
    if (!Array.isArray(unflattenedSize)) {
      throw new ShapeError(
        `unflattened_size must be a list of sizes, in Unflatten: got ${typeof unflattenedSize}`,
      );
    }
    const wrong = unflattenedSize.findIndex((size) => !Number.isInteger(size));
    if (wrong >= 0) {
      throw new ShapeError(
        `unflattened_size must be tuple of ints, but found element ${
          unflattenedSize[wrong]
        } at pos ${wrong}, in Unflatten`,
      );
    }
    this.dim = dim;
    this.unflattenedSize = [...unflattenedSize];
  }

  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return unflatten(x, this.dim, this.unflattenedSize);
  }

  /** What stands between the parentheses of the text. */
  override extraRepr(): string {
    return `dim=${this.dim}, unflattened_size=${tuple(this.unflattenedSize)}`;
  }
}

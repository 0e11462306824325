/**
 * Padding layers.
 *
 * @module
 */
import { inPlace, isNamed, type Named, needed, type NeededThen, settingsOf } from "../core/ops/arguments.ts";
import { pad } from "../core/ops/nn/pad.ts";
import { type Sizes, sizesOf } from "../core/ops/nn/spatial.ts";
import type { Tensor } from "../core/tensor.ts";
import { Module } from "./module/module.ts";
import { number, tuple } from "./module/repr.ts";

/** Amounts of padding, by position or by name. */
export type Padding = Sizes | Named<{ padding: Sizes }>;

/** Settings of the layers that pad with a constant. */
export interface ConstantPadSettings {
  /** One amount for all sides or one for each: left, right, top, bottom, front, back. */
  readonly padding: Sizes;
  /** The constant. */
  readonly value: number;
}

/** Arguments of the layers that pad with a constant. */
export type ConstantPadArguments = NeededThen<
  [padding: Sizes, value: number],
  [],
  ConstantPadSettings,
  unknown
>;

/** What the padding layers share. */
export abstract class PaddingModule extends Module {
  /** Amounts, the last dimension first: left, right, top, bottom, front, back. */
  padding: readonly number[];

  /** Takes the number of spatial dimensions, and one amount for all sides or one for each. */
  protected constructor(rank: number, padding: Padding) {
    super();
    const op = this.reprName();
    const sizes = isNamed(padding) ? inPlace(op, ["padding"], [padding], 1)[0] : padding;
    this.padding = sizesOf(op, "padding", sizes, 2 * rank);
  }

  /** What stands between the parentheses of the text. */
  override extraRepr(): string {
    return tuple(this.padding);
  }
}

/** What the layers that pad with a constant share. */
export abstract class ConstantPadModule extends PaddingModule {
  /** The constant. */
  value: number;

  /** Takes the number of spatial dimensions, amounts and constant. */
  protected constructor(rank: number, settings: ConstantPadArguments) {
    const op = new.target.name;
    const options = settingsOf<ConstantPadSettings>(op, settings, { padding: "any", value: "number" });
    super(rank, needed(op, options, "padding"));
    this.value = needed(op, options, "value");
  }

  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return pad(x, this.padding, "constant", this.value);
  }

  /** What stands between the parentheses of the text. */
  override extraRepr(): string {
    return `padding=${tuple(this.padding)}, value=${number(this.value)}`;
  }
}

/**
 * A border of one value around the last dimension: [N, C, L] to [N, C, left + L + right]. `torch.nn.ConstantPad1d`.
 *
 * @example
 * ```ts
 * import { nn, ones } from "@tenon/tenon";
 * console.log(new nn.ConstantPad1d([1, 2], 3.5)(ones([1, 2])).tolist()); // [ [ 3.5, 1, 1, 3.5, 3.5 ] ]
 * ```
 */
export class ConstantPad1d extends ConstantPadModule {
  /** Takes amounts and value. */
  constructor(...settings: ConstantPadArguments) {
    super(1, settings);
  }
}

/** A border of one value around the last two dimensions: (left, right, top, bottom) around [N, C, H, W]. `torch.nn.ConstantPad2d`. */
export class ConstantPad2d extends ConstantPadModule {
  /** Takes amounts and value. */
  constructor(...settings: ConstantPadArguments) {
    super(2, settings);
  }
}

/** A border of one value around the last three dimensions. `torch.nn.ConstantPad3d`. */
export class ConstantPad3d extends ConstantPadModule {
  /** Takes amounts and value. */
  constructor(...settings: ConstantPadArguments) {
    super(3, settings);
  }
}

/** What the layers that pad with zeros share. */
export abstract class ZeroPadModule extends ConstantPadModule {
  /** Takes the number of spatial dimensions and amounts. */
  protected constructor(rank: number, padding: Padding) {
    super(rank, [isNamed(padding) ? inPlace(new.target.name, ["padding"], [padding], 1)[0] : padding, 0]);
  }

  /** What stands between the parentheses of the text. */
  override extraRepr(): string {
    return tuple(this.padding);
  }
}

/** A border of zeros around the last dimension. `torch.nn.ZeroPad1d`. */
export class ZeroPad1d extends ZeroPadModule {
  /** Takes the amounts. */
  constructor(padding: Padding) {
    super(1, padding);
  }
}

/** A border of zeros around the last two dimensions: (left, right, top, bottom) around [N, C, H, W]. `torch.nn.ZeroPad2d`. */
export class ZeroPad2d extends ZeroPadModule {
  /** Takes the amounts. */
  constructor(padding: Padding) {
    super(2, padding);
  }
}

/** A border of zeros around the last three dimensions. `torch.nn.ZeroPad3d`. */
export class ZeroPad3d extends ZeroPadModule {
  /** Takes the amounts. */
  constructor(padding: Padding) {
    super(3, padding);
  }
}

/** What the layers that mirror the inside share. */
export abstract class ReflectionPadModule extends PaddingModule {
  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return pad(x, this.padding, "reflect");
  }
}

/** A border that mirrors the inside, around the last dimension. `torch.nn.ReflectionPad1d`. */
export class ReflectionPad1d extends ReflectionPadModule {
  /** Takes the amounts. */
  constructor(padding: Padding) {
    super(1, padding);
  }
}

/** A border that mirrors the inside, around the last two dimensions: (left, right, top, bottom) around [N, C, H, W]. `torch.nn.ReflectionPad2d`. */
export class ReflectionPad2d extends ReflectionPadModule {
  /** Takes the amounts. */
  constructor(padding: Padding) {
    super(2, padding);
  }
}

/** A border that mirrors the inside, around the last three dimensions. `torch.nn.ReflectionPad3d`. */
export class ReflectionPad3d extends ReflectionPadModule {
  /** Takes the amounts. */
  constructor(padding: Padding) {
    super(3, padding);
  }
}

/** What the layers that repeat the outermost elements share. */
export abstract class ReplicationPadModule extends PaddingModule {
  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return pad(x, this.padding, "replicate");
  }
}

/** A border that repeats the outermost elements, around the last dimension. `torch.nn.ReplicationPad1d`. */
export class ReplicationPad1d extends ReplicationPadModule {
  /** Takes the amounts. */
  constructor(padding: Padding) {
    super(1, padding);
  }
}

/** A border that repeats the outermost elements, around the last two dimensions. `torch.nn.ReplicationPad2d`. */
export class ReplicationPad2d extends ReplicationPadModule {
  /** Takes the amounts. */
  constructor(padding: Padding) {
    super(2, padding);
  }
}

/** A border that repeats the outermost elements, around the last three dimensions. `torch.nn.ReplicationPad3d`. */
export class ReplicationPad3d extends ReplicationPadModule {
  /** Takes the amounts. */
  constructor(padding: Padding) {
    super(3, padding);
  }
}

/** What the layers that pad from the opposite side share. */
export abstract class CircularPadModule extends PaddingModule {
  /** What the layer computes. */
  override forward(x: Tensor): Tensor {
    return pad(x, this.padding, "circular");
  }
}

/** A border from the opposite side, around the last dimension. `torch.nn.CircularPad1d`. */
export class CircularPad1d extends CircularPadModule {
  /** Takes the amounts. */
  constructor(padding: Padding) {
    super(1, padding);
  }
}

/** A border from the opposite side, around the last two dimensions. `torch.nn.CircularPad2d`. */
export class CircularPad2d extends CircularPadModule {
  /** Takes the amounts. */
  constructor(padding: Padding) {
    super(2, padding);
  }
}

/** A border from the opposite side, around the last three dimensions. `torch.nn.CircularPad3d`. */
export class CircularPad3d extends CircularPadModule {
  /** Takes the amounts. */
  constructor(padding: Padding) {
    super(3, padding);
  }
}

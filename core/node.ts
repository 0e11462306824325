/**
 * The fields of a tensor: a node of the lazy graph. The class that users see is Tensor (tensor.ts), which adds the methods.
 *
 * @module
 */
import type { DeviceName } from "./device.ts";
import type { DType } from "./dtype.ts";
import { answerHabits } from "./habits.ts";
import type { Primitive } from "./prim/primitive.ts";
import type { Shape } from "./shape.ts";
import type { Storage } from "./storage.ts";
import type { Tensor } from "./tensor.ts";

/** What a node is made of. */
export interface NodeInit {
  readonly prim: Primitive<never>;
  readonly inputs: readonly Tensor[];
  readonly attrs: unknown;
  readonly shape: Shape;
  readonly dtype: DType;
  readonly device: DeviceName;
  /** FACADE and FUNCTIONAL bits of grad_mode.ts. */
  readonly track: number;
}

/** A node of the lazy graph. Its meaning never changes; `storage` and what follows are bookkeeping. */
export abstract class Node {
  /** @internal The primitive that computes the value. */
  prim: Primitive<never>;
  /** @internal The arguments; emptied once the value is there and no gradient can be asked of it. */
  inputs: readonly Tensor[];
  /** @internal The primitive's attributes. */
  attrs: unknown;
  /** The extents, outermost first. */
  readonly shape: Shape;
  /** The element type. */
  readonly dtype: DType;
  /** The device that holds or will hold the value. */
  readonly device: DeviceName;
  /** @internal Why a gradient may be asked: bits of grad_mode.ts. */
  track: number;
  /** @internal Where the value is, once evaluated. */
  storage: Storage | null = null;
  /** @internal PyTorch's name of the operation that made it, where a composed operation says so. */
  opName: string | null = null;
  /** @internal For a leaf with `requiresGrad`: the tensor whose `.grad` receives its gradient. */
  owner: Tensor | null = null;
  /** @internal How many nodes were built on this leaf that may still need it; kept for leaves that have an owner. */
  uses = 0;
  /** @internal The graph behind was released by `backward()`. */
  released = false;
  /** @internal The caller of a module has this value in hands, so an optimizer step evaluates it too. */
  kept = false;
  /** @internal Whether an evaluation computed the value, kept or not. */
  computed = false;
  /** @internal Last walk that visited the node, and its number in that walk. */
  mark = 0;
  /** @internal Number in the last walk. */
  order = 0;

  /** @internal Made by operations. */
  constructor(init: NodeInit) {
    this.prim = init.prim;
    this.inputs = init.inputs;
    this.attrs = init.attrs;
    this.shape = init.shape;
    this.dtype = init.dtype;
    this.device = init.device;
    this.track = init.track;
  }
}

answerHabits(Node.prototype);

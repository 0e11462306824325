/**
 * Pruning methods: which elements of a tensor, or which of its channels, are to become zero. What is done with a module is in prune.ts.
 *
 * @module
 */
import { IndexError, ValueError } from "../../core/errors.ts";
import { onesLike, zerosLike } from "../../core/ops/create.ts";
import { abs, mul } from "../../core/ops/elementwise.ts";
import { eq, gt, ne } from "../../core/ops/logical.ts";
import { indexCopy, indexFill, indexSelect } from "../../core/ops/indexing/indexing.ts";
import { nonzero } from "../../core/ops/indexing/mask.ts";
import { checkKind } from "../../core/ops/options.ts";
import { rand, randLike } from "../../core/ops/random.ts";
import { sum } from "../../core/ops/reduce.ts";
import { norm } from "../../core/ops/linalg/norms.ts";
import { kthvalue, topk } from "../../core/ops/sort.ts";
import { reshape } from "../../core/ops/view.ts";
import { sizeOf, torchSize } from "../../core/shape.ts";
import type { Tensor } from "../../core/tensor.ts";
import { typeText } from "../module/fields.ts";

/** What a method chooses among: single elements, whole channels, or everything whether pruned before or not. */
export type PruningType = "unstructured" | "structured" | "global";

/**
 * How a mask is made for a tensor. A class of one's own says what it chooses among and makes the mask.
 * `torch.nn.utils.prune.BasePruningMethod`.
 */
export abstract class BasePruningMethod {
  /** What the method chooses among. */
  abstract readonly pruningType: PruningType;
  /** The dimension of the channels of a structured method. */
  readonly dim: number = -1;

  /** A mask of `t`'s shape, zero where it is to be pruned; what `defaultMask` prunes stays so. */
  abstract computeMask(t: Tensor, defaultMask: Tensor): Tensor;

  /** The tensor with the elements at zero that the method chooses. */
  prune(
    t: Tensor,
    defaultMask: Tensor = onesLike(t),
    importanceScores: Tensor = t,
  ): Tensor {
    return mul(t, this.computeMask(importanceScores, defaultMask));
  }
}

/** A mask after one more method, which sees what no mask before it has pruned. */
export function combinedMask(method: BasePruningMethod, t: Tensor, mask: Tensor): Tensor {
  if (method.pruningType === "global") return method.computeMask(t, mask);
  if (method.pruningType === "unstructured") {
    const flat = reshape(mask, [-1]), left = reshape(nonzero(eq(flat, 1)), [-1]);
    const part = method.computeMask(indexSelect(reshape(t, [-1]), 0, left), indexSelect(flat, 0, left));
    return reshape(indexCopy(flat, 0, left, part), mask.shape);
  }
  const dim = method.dim < 0 ? method.dim + mask.ndim : method.dim;
  const others = mask.shape.map((_, d) => d).filter((d) => d !== dim);
  const left = reshape(nonzero(ne(sum(mask, others), 0)), [-1]);
  const part = method.computeMask(indexSelect(t, dim, left), indexSelect(mask, dim, left));
  return indexCopy(mask, dim, left, part);
}

/**
 * Methods that were applied one after the other; the mask is that of the last one, which sees what no mask before it has pruned.
 * `torch.nn.utils.prune.PruningContainer`.
 */
export class PruningContainer extends BasePruningMethod {
  /** The masks before stay. */
  readonly pruningType = "global";
  private readonly methods: BasePruningMethod[] = [];

  /** Takes methods in order. */
  constructor(...methods: readonly BasePruningMethod[]) {
    super();
    for (const method of methods) this.addPruningMethod(method);
  }

  /** Adds a method at the end. */
  addPruningMethod(method: BasePruningMethod): void {
    if (!(method instanceof BasePruningMethod)) {
      throw new ValueError(`${typeText(method)} is not a BasePruningMethod subclass, in PruningContainer`);
    }
    this.methods.push(method);
  }

  /** How many methods there are. Python's `len`. */
  get length(): number {
    return this.methods.length;
  }

  /** The method at a position; negative ones count from the end. */
  at(index: number): BasePruningMethod {
    const method = this.methods.at(index);
    if (method === undefined) throw new IndexError(`index ${index} is out of range, in PruningContainer`);
    return method;
  }

  /** The methods in order. */
  [Symbol.iterator](): IterableIterator<BasePruningMethod> {
    return this.methods.values();
  }

  /** The mask of the last method, beside that which is there. */
  override computeMask(t: Tensor, defaultMask: Tensor): Tensor {
    return combinedMask(this.at(-1), t, defaultMask);
  }
}

function checkAmount(op: string, amount: number): void {
  checkKind(op, "amount", amount ?? null, "number");
  if (!(amount >= 0 && (amount <= 1 || Number.isInteger(amount)))) {
    throw new ValueError(
      `amount=${amount} should either be a float in the range [0, 1] or a non-negative integer, in ${op}`,
    );
  }
}

/** How many of `size` an amount is: itself where it is whole, else a share, rounded half to even as in Python. */
function countOf(op: string, amount: number, size: number): number {
  if (Number.isInteger(amount)) {
    if (amount <= size) return amount;
    throw new ValueError(
      `amount=${amount} should be smaller than the number of parameters to prune=${size}, in ${op}`,
    );
  }
  const share = amount * size, down = Math.floor(share);
  return share - down === 0.5 ? down + down % 2 : Math.round(share);
}

function checkChannels(op: string, t: Tensor, dim: number): number {
  if (t.ndim <= 1) {
    throw new ValueError(
      `Structured pruning can only be applied to multidimensional tensors. Found tensor of shape [${
        t.shape.join(", ")
      }] with ${t.ndim} dims, in ${op}`,
    );
  }
  const at = dim < 0 ? dim + t.ndim : dim;
  if (Number.isInteger(dim) && at >= 0 && at < t.ndim) return at;
  throw new IndexError(`Invalid index ${dim} for tensor of size ${torchSize(t.shape)}, in ${op}`);
}

/** A mask that is one in the given channels. */
function channelMask(t: Tensor, dim: number, channels: Tensor): Tensor {
  return indexFill(zerosLike(t), dim, channels, 1);
}

/** Prunes nothing. `torch.nn.utils.prune.Identity`. */
export class Identity extends BasePruningMethod {
  /** Single elements. */
  readonly pruningType = "unstructured";

  /** The mask as it was. */
  override computeMask(_t: Tensor, defaultMask: Tensor): Tensor {
    return defaultMask;
  }
}

/** Prunes elements at random. `torch.nn.utils.prune.RandomUnstructured`. */
export class RandomUnstructured extends BasePruningMethod {
  /** Single elements. */
  readonly pruningType = "unstructured";

  /** Takes a whole number of elements, or a share of them that is not whole. */
  constructor(readonly amount: number) {
    super();
    checkAmount("RandomUnstructured", amount);
  }

  /** The mask with elements more at zero. */
  override computeMask(t: Tensor, defaultMask: Tensor): Tensor {
    const count = countOf("RandomUnstructured", this.amount, sizeOf(t.shape));
    if (count === 0) return defaultMask;
    const { indices } = topk(reshape(randLike(t), [-1]), count);
    return reshape(indexFill(reshape(defaultMask, [-1]), 0, indices, 0), t.shape);
  }
}

/** Prunes the elements of the smallest magnitude. `torch.nn.utils.prune.L1Unstructured`. */
export class L1Unstructured extends BasePruningMethod {
  /** Single elements. */
  readonly pruningType = "unstructured";

  /** Takes a whole number of elements, or a share of them that is not whole. */
  constructor(readonly amount: number) {
    super();
    checkAmount("L1Unstructured", amount);
  }

  /** The mask with elements more at zero. */
  override computeMask(t: Tensor, defaultMask: Tensor): Tensor {
    const count = countOf("L1Unstructured", this.amount, sizeOf(t.shape));
    if (count === 0) return defaultMask;
    const { indices } = topk(abs(reshape(t, [-1])), count, -1, { largest: false });
    return reshape(indexFill(reshape(defaultMask, [-1]), 0, indices, 0), t.shape);
  }
}

/** Prunes channels at random. `torch.nn.utils.prune.RandomStructured`. */
export class RandomStructured extends BasePruningMethod {
  /** Whole channels. */
  readonly pruningType = "structured";
  /** The dimension of the channels. */
  override readonly dim: number;

  /** Takes a whole number of channels, or a share of them that is not whole, and their dimension. */
  constructor(readonly amount: number, dim = -1) {
    super();
    checkAmount("RandomStructured", amount);
    this.dim = dim;
  }

  /** The mask with channels more at zero. */
  override computeMask(t: Tensor, defaultMask: Tensor): Tensor {
    const dim = checkChannels("RandomStructured", t, this.dim), size = t.shape[dim];
    const count = countOf("RandomStructured", this.amount, size);
    if (count === 0) return defaultMask;
    const chance = rand([size]), { values: threshold } = kthvalue(chance, count);
    return mul(channelMask(t, dim, reshape(nonzero(gt(chance, threshold)), [-1])), defaultMask);
  }
}

/** Prunes the channels of the smallest norm. `torch.nn.utils.prune.LnStructured`. */
export class LnStructured extends BasePruningMethod {
  /** Whole channels. */
  readonly pruningType = "structured";
  /** The dimension of the channels. */
  override readonly dim: number;

  /** Takes a whole number of channels, or a share of them that is not whole, the order of the norm, and their dimension. */
  constructor(readonly amount: number, readonly n: number, dim = -1) {
    super();
    checkAmount("LnStructured", amount);
    checkKind("LnStructured", "n", n ?? null, "number");
    this.dim = dim;
  }

  /** The mask with channels more at zero. */
  override computeMask(t: Tensor, defaultMask: Tensor): Tensor {
    const dim = checkChannels("LnStructured", t, this.dim), size = t.shape[dim];
    const count = countOf("LnStructured", this.amount, size);
    if (count === 0) return defaultMask;
    const others = t.shape.map((_, d) => d).filter((d) => d !== dim);
    const { indices } = topk(norm(t, this.n, others), size - count);
    return mul(channelMask(t, dim, indices), defaultMask);
  }
}

/** Prunes by a mask that is given. `torch.nn.utils.prune.CustomFromMask`. */
export class CustomFromMask extends BasePruningMethod {
  /** Everything. */
  readonly pruningType = "global";

  /** Takes the mask. */
  constructor(readonly mask: Tensor) {
    super();
  }

  /** Both masks together. */
  override computeMask(_t: Tensor, defaultMask: Tensor): Tensor {
    return mul(defaultMask, this.mask.to(defaultMask.dtype));
  }
}

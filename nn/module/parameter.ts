/**
 * Parameter: the one mutable cell. It extends Tensor and can be used wherever one can; its value is an immutable tensor that
 * `param.data = ...` and optimizers replace.
 *
 * @module
 */
import { apply } from "../../core/apply.ts";
import { isFloat } from "../../core/dtype.ts";
import { DTypeError, ValueError } from "../../core/errors.ts";
import { FACADE } from "../../core/grad_mode.ts";
import { type Alone, optionsOf } from "../../core/ops/arguments.ts";
import { checkOptions } from "../../core/ops/options.ts";
import { aliasPrim } from "../../core/prim/source.ts";
import { Tensor, type TensorData } from "../../core/tensor.ts";
import { inWords } from "../../core/words.ts";

/** Options of a parameter. */
export interface ParameterOptions {
  /** Whether `backward()` computes its gradient; true by default. */
  readonly requiresGrad?: boolean;
}

function checkData(what: string, data: unknown): void {
  if (data instanceof Tensor) return;
  throw new ValueError(
    `${what}: expected a tensor, but got ${inWords(data)}; ${
      data instanceof Promise ? "await it" : "wrap numbers in tensor(...)"
    }`,
  );
}

/**
 * A tensor that a module learns. `torch.nn.Parameter`.
 *
 * @example
 * ```ts
 * import { nn, randn } from "@tenon/tenon";
 * const weight = new nn.Parameter(randn([3, 5]));
 * weight.data = weight.data.mul(0.1);
 * ```
 */
export class Parameter extends Tensor {
  #leaf: Tensor;
  #taken: TensorData | null = null;
  #needsGrad: boolean;

  /** Takes the first value; `{ requiresGrad: false }`, or false alone, keeps gradients away. */
  constructor(data: Tensor, given: Alone<"requiresGrad", ParameterOptions> = {}) {
    const options = optionsOf<ParameterOptions, "requiresGrad">("requiresGrad", given);
    checkData("Parameter()", data);
    checkOptions("Parameter", options, { requiresGrad: "boolean" });
    const needsGrad = options.requiresGrad ?? true;
    if (needsGrad && !isFloat(data.dtype)) {
      throw new DTypeError(
        `Only Tensors of floating point and complex dtype can require gradients, in Parameter of ${data.dtype}: cast it, or pass { requiresGrad: false }`,
      );
    }
    super({
      prim: data.value.prim,
      inputs: [],
      attrs: undefined,
      shape: data.shape,
      dtype: data.dtype,
      device: data.device,
      track: 0,
    });
    this.#needsGrad = needsGrad;
    this.#leaf = this.#makeLeaf(data, false);
  }

  /** The immutable value, as a leaf of the graph that knows this parameter. */
  override get value(): Tensor {
    return this.#leaf;
  }

  /** The value without gradient tracking. Taking it keeps it: an optimizer step will not overwrite it. */
  override get data(): TensorData {
    return this.#taken ??= super.data;
  }

  /** Replaces the value; shape and dtype may change. Expressions built before keep the old value. */
  override set data(next: Tensor) {
    checkData("Parameter.data", next);
    this.#rebind(next, false);
  }

  /** Replaces the value by an evaluated one that nobody else holds, so that the next step may overwrite it. For optimizers. */
  assign(next: Tensor): void {
    this.#rebind(next, true);
  }

  /** Replaces the value by a function of it, such as a move to another device. */
  convert(fn: (value: Tensor) => Tensor): void {
    const before = this.data, after = fn(before);
    if (after !== before) this.data = after;
  }

  /** Lets another value stand in for this one until the function that comes back is called. For functional calls. */
  substitute(next: Tensor): () => void {
    const { shape, dtype, device } = this;
    const leaf = this.#leaf, taken = this.#taken;
    Object.assign(this, { shape: next.shape, dtype: next.dtype, device: next.device });
    this.#leaf = next.value;
    this.#taken = null;
    return () => {
      Object.assign(this, { shape, dtype, device });
      this.#leaf = leaf;
      this.#taken = taken;
    };
  }

  #rebind(next: Tensor, exclusive: boolean): void {
    Object.assign(this, { shape: next.shape, dtype: next.dtype, device: next.device });
    this.#leaf = this.#makeLeaf(next, exclusive);
    this.#taken = null;
  }

  #makeLeaf(next: Tensor, exclusive: boolean): Tensor {
    // A value that is still being followed must not let gradients through to what it was made of.
    const data = next.value.track === 0 ? next.value : next.detach();
    const leaf = apply(aliasPrim, [data], undefined);
    leaf.track = this.#needsGrad ? FACADE : 0;
    leaf.owner = this;
    const storage = data.storage;
    if (storage !== null && storage.held) {
      leaf.storage = storage;
      leaf.inputs = [];
      storage.residency.derived = false;
      if (!exclusive) storage.shared = true;
    }
    return leaf;
  }

  /** Whether `backward()` computes its gradient; can be set. */
  override get requiresGrad(): boolean {
    return this.#needsGrad;
  }

  override set requiresGrad(on: boolean) {
    if (on === this.#needsGrad) return;
    const data = this.#leaf.detach();
    this.#needsGrad = on;
    this.#leaf = this.#makeLeaf(data, false);
    this.#taken = null;
  }

  /** Always true. */
  override get isLeaf(): boolean {
    return true;
  }

  /** PyTorch's text. */
  override toString(): string {
    return `Parameter containing:\n${super.toString()}`;
  }

  /** The text of Python's `type(param)`. */
  static [Symbol.for("nodejs.util.inspect.custom")](): string {
    return "<class 'torch.nn.parameter.Parameter'>";
  }
}

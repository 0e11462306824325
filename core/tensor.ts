/**
 * The tensor: an immutable node of the lazy graph. It holds what it is (primitive, arguments, attributes, shape, dtype, device) and, once
 * evaluated, where its value is. Methods stand in methods/, one line each over the public operations.
 *
 * @module
 */
import { named } from "./apply.ts";
import { backendOf, defaultDevice, type DeviceName } from "./device.ts";
import { type DType, type HostArray, isDType, isFloat } from "./dtype.ts";
import { DTypeError, GradError, IndexError, TenonError, ValueError } from "./errors.ts";
import { evaluate } from "./evaluate.ts";
import { FACADE, trackMask } from "./grad_mode.ts";
import { answerSpelling } from "./habits.ts";
import { FormMethods } from "./methods/form.ts";
import { type NestedValues, readOwned } from "./methods/read.ts";
import type { NodeInit } from "./node.ts";
import { cast, checkTensors } from "./ops/cast.ts";
import { fromHost } from "./ops/create.ts";
import type { Alone, Named } from "./ops/arguments.ts";
import { checkOptions, type FixedOptions, withoutNulls } from "./ops/options.ts";
import { isRowMajor } from "./prim/strides.ts";
import { alias, narrow } from "./ops/view.ts";
import { cat } from "./ops/join.ts";
import { formatTensor, printedShape } from "./print.ts";
import { dispose } from "./residents.ts";
import type { Shape } from "./shape.ts";
import { normalizeDim, sameShape, sizeOf, withTorchText } from "./shape.ts";
import { backward, type BackwardOptions } from "./transform/backward.ts";
import { withPull } from "./transform/custom.ts";
import { addHook, GradCell, type GradHook, type HookRemover } from "./transform/grad_cell.ts";
import { moving, mustWait } from "./transform/waiting.ts";

/** Where a tensor goes, by name. */
export interface ToOptions extends Pick<FixedOptions, "nonBlocking"> {
  /** The element type that it becomes. */
  readonly dtype?: DType;
  /** The device that it moves to. */
  readonly device?: DeviceName;
}

/** A tensor that is also a function: calling it reads the elements without blocking. */
export type TensorData = Tensor & (() => Promise<HostArray>);

/** The tensor `x` as a function object that reads it. */
function callable(x: Tensor): TensorData {
  const self = Object.setPrototypeOf(() => readOwned(self), Tensor.prototype);
  return Object.assign(self, x);
}

/** The elements that are printed: all, or both ends of each dimension that is cut short. */
function printedElements(x: Tensor): Tensor {
  const kept = printedShape(x.shape);
  if (sameShape(kept, x.shape)) return x;
  // The whole value stays for those who ask next.
  evaluate([x]);
  return kept.reduce((y, n, d) => {
    const size = y.shape[d];
    return n === size ? y : cat([narrow(y, d, 0, n / 2), narrow(y, d, size - n / 2, n / 2)], d);
  }, x.detach());
}

/**
 * An immutable array of numbers of one dtype on one device. Operations return new tensors and run when a value is read.
 *
 * Its methods stand in classes by subject: {@linkcode ReadMethods} (`item`, `tolist`), {@linkcode MathMethods} (`add`, `exp`, `gt`),
 * {@linkcode PointwiseMethods} (`clamp`, `relu`, `softmax`), {@linkcode SpecialMethods} (`gcd`, `polygamma`), {@linkcode ReduceMethods} (`sum`, `max`),
 * {@linkcode OrderMethods} (`sort`, `cumsum`, `median`), {@linkcode ViewMethods} (`reshape`, `transpose`, `split`), {@linkcode RearrangeMethods}
 * (`roll`, `repeat`, `tril`), {@linkcode IndexMethods} (`get`, `at`, `gather`), {@linkcode ArrangeMethods} (`sliceScatter`, `hsplit`),
 * {@linkcode LinalgMethods} (`matmul`, `inverse`, `svd`), {@linkcode FormMethods} (`newZeros`, `stride`), and PyTorch's second names in
 * {@linkcode AliasMethods} (`multiply`, `arcsin`).
 *
 * @example
 * ```ts
 * import { tensor } from "@tenon/tenon";
 * const x = tensor([[1, 2], [3, 4]]);
 * console.log(x.mul(2).sum().item()); // 20
 * ```
 */
export class Tensor extends FormMethods {
  /** @internal Where the gradient is, once there is one. */
  gradCell: GradCell | null = null;

  /** @internal Made by operations; use `tensor(...)` and its kin. */
  constructor(init: NodeInit) {
    if (init?.prim === undefined) {
      throw new ValueError(
        "new Tensor(): tensors are made by functions: tensor([1, 2]), zeros(2, 3), rand(2, 3)",
      );
    }
    super(init);
  }

  /** The immutable tensor that this one stands for now; itself unless it is a Parameter. */
  get value(): Tensor {
    return this;
  }

  /** The gradient that `backward()` accumulated here, or null. */
  get grad(): Tensor | null {
    return this.gradCell === null ? null : this.gradCell.read();
  }

  set grad(next: Tensor | null) {
    if (next === null && this.gradCell === null) return;
    const cell = this.gradCell ??= new GradCell();
    cell.replace(next);
    // Whoever gives a gradient has it.
    if (next !== null) cell.read();
  }

  /** Number of dimensions. `torch.Tensor.dim()`. */
  get ndim(): number {
    return this.shape.length;
  }

  /** Number of elements. */
  numel(): number {
    return sizeOf(this.shape);
  }

  /** The shape, which prints as PyTorch's `torch.Size([2, 3])`; or the extent of one dimension. `torch.Tensor.size`. */
  size(): Shape;
  /** The extent of one dimension; negative counts from the end. */
  size(dim: number | { readonly dim: number }): number;
  size(given?: number | { readonly dim: number }): Shape | number {
    const dim = typeof given === "object" && given !== null && "dim" in given ? given.dim : given;
    if (dim === undefined) return withTorchText(this.shape);
    if (this.shape.length === 0) {
      throw new IndexError("Dimension specified as " + dim + " but tensor has no dimensions");
    }
    return this.shape[normalizeDim("size", dim, this.shape.length)];
  }

  /** Number of dimensions. */
  dim(): number {
    return this.shape.length;
  }

  /**
   * Another dtype, another device, or both: `x.to("webgpu", "float16")`; gradients travel back. The same tensor when nothing changes. A move
   * to another device reads the value; inside `vmap` and `compile` it waits until there is one. `torch.Tensor.to`.
   */
  to(
    target: DType | DeviceName | Tensor | ToOptions,
    dtype?: DType | Pick<FixedOptions, "nonBlocking">,
  ): Tensor {
    if (dtype !== undefined) return this.to(target).to(dtype);
    if (target instanceof Tensor) return this.to(target.device).to(target.dtype);
    if (typeof target === "object" && target !== null) {
      checkOptions("to", target, ["dtype", "device"]);
      const named = withoutNulls(target);
      const moved = named.device === undefined ? this.value : this.to(named.device);
      return named.dtype === undefined ? moved : moved.to(named.dtype);
    }
    if (isDType(target)) return cast(this, target);
    if (target !== "cpu" && target !== "webgpu" && target !== "reference") {
      throw new ValueError(
        `to: "${target}" is neither a dtype nor a device; devices are "cpu" and "webgpu", dtypes such as "float32"`,
      );
    }
    if (target === this.device) return this.value;
    backendOf(target); // refuses a device that is not there before anything is said to be on it
    const x = this.value;
    if (mustWait(x)) return named("ToCopy", moving(x, target));
    const copy = fromHost(x.toTypedArray(), x.shape, x.dtype, target);
    if ((x.track & trackMask()) === 0) return copy;
    const result = withPull(copy, [x], (g) => [g.to(x.device)]);
    result.opName = "ToCopy";
    return result;
  }

  /** float32. */
  float(): Tensor {
    return cast(this, "float32");
  }

  /** float64. */
  double(): Tensor {
    return cast(this, "float64");
  }

  /** float16. */
  half(): Tensor {
    return cast(this, "float16");
  }

  /** int64. */
  long(): Tensor {
    return cast(this, "int64");
  }

  /** int32. */
  int(): Tensor {
    return cast(this, "int32");
  }

  /** bool: where not zero. */
  bool(): Tensor {
    return cast(this, "bool");
  }

  /** The dtype of `other`. */
  typeAs(other: Tensor): Tensor {
    checkTensors("type_as", [other]);
    return cast(this, other.dtype);
  }

  /** A tensor with this value, whose gradient flows here. `torch.Tensor.clone`. */
  clone(): Tensor {
    const copy = alias(this);
    copy.opName = "Clone";
    return copy;
  }

  /** This value without its history: no gradient flows through it. `torch.Tensor.detach`. */
  detach(): Tensor {
    const x = alias(this);
    x.track = 0;
    return x;
  }

  /**
   * Two habits under one name. As a value: this tensor without its history, as PyTorch's `.data`. As a call, `await x.data()`: the elements as
   * a typed array, without blocking, on every device. Only a Parameter can be assigned to.
   */
  get data(): TensorData {
    return callable(this.detach());
  }

  set data(_next: Tensor) {
    throw new ValueError("data: a tensor is immutable; make it an nn.Parameter to replace its value");
  }

  /** `detach()` under its functional name. */
  stopGradient(): Tensor {
    return this.detach();
  }

  /** The same elements; every tensor is contiguous to its reader. `torch.Tensor.contiguous`. */
  contiguous(): Tensor {
    return this.value.track === 0 || isRowMajor(this) ? this.value : this.clone();
  }

  /** Whether a gradient is asked of it: a leaf that was told so, or a result of one. */
  get requiresGrad(): boolean {
    return (this.value.track & FACADE) !== 0;
  }

  set requiresGrad(on: boolean) {
    if (on && !isFloat(this.dtype)) {
      throw new DTypeError(
        `only Tensors of floating point dtype can require gradients, but this one is ${this.dtype}`,
      );
    }
    if (!this.isLeaf) {
      if (on) return;
      throw new GradError(
        "you can only change requires_grad flags of leaf variables. If you want to use a computed variable in a subgraph that doesn't require differentiation use var_no_grad = var.detach().",
      );
    }
    this.track = on ? this.track | FACADE : this.track & ~FACADE;
    this.owner = on ? this : null;
  }

  /** Sets `requiresGrad` and returns this tensor. `torch.Tensor.requires_grad_`. */
  requiresGrad_(on = true): this {
    this.requiresGrad = on;
    return this;
  }

  /** Whether no recorded operation made it. */
  get isLeaf(): boolean {
    const x = this.value;
    return (x.track & FACADE) === 0 || x.owner !== null;
  }

  /** PyTorch's name of the node that would receive its gradient, such as `AddBackward0`; null for leaves. */
  get gradFn(): string | null {
    const x = this.value;
    if (this.isLeaf) return null;
    const name = x.opName ?? x.prim.torchName;
    return name.includes("Backward") ? name : `${name}Backward0`;
  }

  /** Keeps the gradient of a tensor that is not a leaf in `.grad`. `torch.Tensor.retain_grad`. */
  retainGrad(): void {
    if (!this.requiresGrad) throw new GradError("can't retain_grad on Tensor that has requires_grad=False");
    if (!this.isLeaf) this.retains = true;
  }

  /** Whether `backward()` leaves a gradient here although it is not a leaf. */
  retains = false;

  /**
   * Computes the gradient of this tensor with respect to every leaf that requires one and adds it to the leaf's `.grad`.
   * A tensor with more than one element needs `gradient`, its cotangent. `retainGraph` may stand alone in the place of the options.
   * `torch.Tensor.backward`.
   */
  backward(
    gradient?: Tensor | null | Named<{ gradient: Tensor | null }, BackwardOptions>,
    options: Alone<"retainGraph", BackwardOptions> = {},
  ): void {
    backward(this, gradient, options);
  }

  /**
   * Calls `hook` with the gradient of this tensor whenever one is computed; what it returns (if anything) takes the gradient's place.
   * `torch.Tensor.register_hook`.
   */
  registerHook(hook: GradHook): HookRemover {
    return addHook(this, hook);
  }

  /**
   * Frees the memory of the value at once, for `using`. Nobody has to: what no tensor holds is freed by itself. A parameter, and a value that
   * other tensors have too, stay; expressions of this tensor that are not evaluated yet throw.
   */
  [Symbol.dispose](): void {
    if (this.value.owner === null) dispose(this.value);
  }

  /** Iterates over the first dimension. */
  *[Symbol.iterator](): IterableIterator<Tensor> {
    if (this.shape.length === 0) throw new ValueError("iteration over a 0-d tensor");
    for (let i = 0; i < this.shape[0]; i++) yield named("Unbind", this.select(0, i));
  }

  /**
   * JavaScript has no operators for tensors: `x + 1`, `x > 0` and `+x` throw. Where text is wanted, as in `${x}`, it is that of `toString`.
   *
   * @throws {TenonError} where a number is wanted
   */
  [Symbol.toPrimitive](hint: "string" | "number" | "default"): string {
    if (hint === "string") return this.toString();
    throw new TenonError(
      `unsupported operand type(s): JavaScript has no operators for tensors; use methods, such as x.add(y), x.mul(y), x.neg(), x.gt(y), x.eq(y), ` +
        "x.item() for the number of a tensor with one element, and `${x}` for its text",
    );
  }

  /** The text that PyTorch prints. A device is named when it is not the default one. */
  override toString(): string {
    return formatTensor({
      data: printedElements(this.value).toTypedArray(),
      shape: this.shape,
      dtype: this.dtype,
      requiresGrad: this.requiresGrad,
      gradFn: this.gradFn,
      device: this.device === defaultDevice() ? undefined : this.device,
    });
  }

  /** What `JSON.stringify` writes: the elements as nested arrays. */
  toJSON(): NestedValues {
    return this.tolist();
  }

  /** What `console.log` prints, in Deno and in Node, indented where it stands inside something. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

answerSpelling(Tensor.prototype);

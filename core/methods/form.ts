/**
 * What a tensor is and what else is like it: further dtypes, new tensors of its kind, draws from it, questions of form.
 *
 * @module
 */
import { bytesOf, type DType, isFloat, scalarName } from "../dtype.ts";
import { cast, checkTensors, type Scalar } from "../ops/cast.ts";
import * as forms from "../ops/tensor_functions.ts";
import {
  full,
  type NestedArray,
  type SizeArguments,
  sizeArguments,
  tensor,
  type TensorOptions,
} from "../ops/create.ts";
import { bernoulli, bernoulliLike, multinomial } from "../ops/distributions.ts";
import type { Named } from "../ops/arguments.ts";
import type { RandomOptions } from "../ops/random.ts";
import { normalizeDim, sameShape, type Shape, sizeOf, stridesOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { AliasMethods } from "./alias.ts";

/** Options of a new tensor: dtype and device are this tensor's when not given. */
function like(x: Tensor, options: TensorOptions = {}): TensorOptions {
  return { dtype: x.dtype, device: x.device, ...options };
}

/** What a tensor is and what else is like it. */
export abstract class FormMethods extends AliasMethods {
  /** uint8. */
  byte(this: Tensor): Tensor {
    return cast(this, "uint8");
  }

  /** int8. */
  char(this: Tensor): Tensor {
    return cast(this, "int8");
  }

  /** int16. */
  short(this: Tensor): Tensor {
    return cast(this, "int16");
  }

  /** bfloat16. */
  bfloat16(this: Tensor): Tensor {
    return cast(this, "bfloat16");
  }

  /** On the CPU. */
  cpu(this: Tensor): Tensor {
    return this.to("cpu");
  }

  /** Zeros of this dtype on this device: `x.newZeros(2, 3)` or `x.newZeros([2, 3])`, and options. */
  newZeros(this: Tensor, ...args: SizeArguments<TensorOptions>): Tensor {
    const [shape, options] = sizeArguments(args);
    return full(shape, 0, like(this, options));
  }

  /** Ones of this dtype on this device: `x.newOnes(2, 3)` or `x.newOnes([2, 3])`, and options. */
  newOnes(this: Tensor, ...args: SizeArguments<TensorOptions>): Tensor {
    const [shape, options] = sizeArguments(args);
    return full(shape, 1, like(this, options));
  }

  /** One value of this dtype on this device. */
  newFull(this: Tensor, shape: Shape, value: Scalar | Tensor, options?: TensorOptions): Tensor {
    return full(shape, value, like(this, options));
  }

  /** A tensor of this dtype on this device whose values do not matter. */
  newEmpty(this: Tensor, ...args: SizeArguments<TensorOptions>): Tensor {
    const [shape, options] = sizeArguments(args);
    return full(shape, 0, like(this, options));
  }

  /** Data as a tensor of this dtype on this device. */
  newTensor(this: Tensor, data: NestedArray, options?: TensorOptions): Tensor {
    return tensor(data, like(this, options));
  }

  /** PyTorch's name of this kind of tensor, such as `torch.FloatTensor`; or this tensor in another dtype. `torch.Tensor.type`. */
  type(this: Tensor): string;
  /** This tensor in another dtype. */
  type(this: Tensor, dtype: DType): Tensor;
  type(this: Tensor, dtype?: DType): string | Tensor {
    return dtype === undefined ? `torch.${scalarName(this.dtype)}Tensor` : this.to(dtype);
  }

  /** Number of elements. */
  nelement(this: Tensor): number {
    return sizeOf(this.shape);
  }

  /** Number of dimensions. */
  ndimension(this: Tensor): number {
    return this.shape.length;
  }

  /** Bytes of one element. */
  elementSize(this: Tensor): number {
    return bytesOf(this.dtype);
  }

  /** Whether the dtype is one of the floating-point types. */
  isFloatingPoint(this: Tensor): boolean {
    return isFloat(this.dtype);
  }

  /** False: there are no complex dtypes. */
  isComplex(this: Tensor): boolean {
    return false;
  }

  /** False: no tensor is the lazy conjugate of another. */
  isConj(this: Tensor): boolean {
    return forms.isConj(this);
  }

  /** False: no tensor is the lazy negative of another. */
  isNeg(this: Tensor): boolean {
    return forms.isNeg(this);
  }

  /** This tensor itself. */
  resolveConj(this: Tensor): Tensor {
    return forms.resolveConj(this);
  }

  /** This tensor itself. */
  resolveNeg(this: Tensor): Tensor {
    return forms.resolveNeg(this);
  }

  /** This tensor itself, as there are no complex numbers. */
  conj(this: Tensor): Tensor {
    return this.value;
  }

  /** 0, pi for negative numbers, NaN for NaN. */
  angle(this: Tensor): Tensor {
    return forms.angle(this);
  }

  /** Whether the single element is not zero. Reads it. */
  isNonzero(this: Tensor): boolean {
    return forms.isNonzero(this);
  }

  /** Whether the dtype has negative numbers. */
  isSigned(this: Tensor): boolean {
    return this.dtype !== "bool" && this.dtype !== "uint8";
  }

  /** Whether the shapes are the same. */
  isSameSize(this: Tensor, other: Tensor): boolean {
    checkTensors("is_same_size", [other]);
    return sameShape(this.shape, other.shape);
  }

  /** True: to its reader every tensor is in row-major order. */
  isContiguous(this: Tensor): boolean {
    return true;
  }

  /** The row-major strides in elements, or one of them. */
  stride(this: Tensor): Shape;
  /** The stride of one dimension. */
  stride(this: Tensor, dim: number): number;
  stride(this: Tensor, dim?: number): Shape | number {
    const strides = stridesOf(this.shape);
    return dim === undefined ? strides : strides[normalizeDim("stride", dim, strides.length)];
  }

  /** Zeros and ones, one with the probability that the element says, or with probability `p` everywhere. */
  bernoulli(this: Tensor, p?: number, options: RandomOptions = {}): Tensor {
    return p === undefined ? bernoulli(this, options) : bernoulliLike(this, p, options);
  }

  /** Categories drawn by weight: this is a vector of weights or a matrix of rows. */
  multinomial(
    this: Tensor,
    samples:
      | number
      | Named<{ numSamples: number; replacement: boolean }, Pick<RandomOptions, "generator">>,
    replacement?: boolean | Named<{ replacement: boolean }, Pick<RandomOptions, "generator">>,
    options?: Pick<RandomOptions, "generator">,
  ): Tensor {
    return multinomial(this, samples, replacement, options);
  }
}

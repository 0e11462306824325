/**
 * Matrix products in every rank that PyTorch allows, and bilinear forms.
 *
 * @module
 */
import { named } from "../../apply.ts";
import { scalarName } from "../../dtype.ts";
import { DTypeError, IndexError, ShapeError } from "../../errors.ts";
import { broadcastShapes, sameShape, type Shape, sizeOf } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { cast, checkTensors, factorOf } from "../cast.ts";
import { add, mul } from "../elementwise.ts";
import { inPlace, isNamed, type Named, numberIn } from "../arguments.ts";
import { checkCall, type Kinds } from "../options.ts";
import { sum } from "../reduce.ts";
import { matmulExact } from "../routine.ts";
import { expand, permute, reshape, squeeze, transpose, unsqueeze } from "../view.ts";

function checkTypes(op: string, a: Tensor, b: Tensor): void {
  if (a.dtype === b.dtype) return;
  const [first, second] = [scalarName(a.dtype), scalarName(b.dtype)];
  const sentence = op === "dot"
    ? `dot : expected both vectors to have same dtype, but found ${first} and ${second}`
    : `expected scalar type ${first} but found ${second}`;
  throw new DTypeError(
    `${sentence}, in ${op}: the operands are ${a.dtype} and ${b.dtype}; cast one with .to()`,
  );
}

/** Refuses to add what is of another dtype than the product. */
export function requireSameType(op: string, input: Tensor, b: Tensor): void {
  if (input.dtype === b.dtype) return;
  throw new DTypeError(
    `self and mat2 must have the same dtype, in ${op}: they are ${input.dtype} and ${b.dtype}; cast one with .to()`,
  );
}

function cannotMultiply(op: string, a: Shape, b: Shape): ShapeError {
  const text = `mat1 and mat2 shapes cannot be multiplied (${sizeOf(a.slice(0, -1))}x${a[a.length - 1]} and ${
    b[b.length - 2]
  }x${b[b.length - 1]})`;
  return new ShapeError(
    `${text}, in ${op} of shapes [${a.join(", ")}] and [${b.join(", ")}]: the inner sizes must be equal`,
  );
}

/** The sentence for products in batches: `p` and `q` batches were given. */
function cannotBatch(op: string, a: Shape, b: Shape, p: number, q: number): ShapeError {
  return new ShapeError(
    `Expected size for first two dimensions of batch2 tensor to be: [${p}, ${
      a[a.length - 1]
    }] but got: [${q}, ${b[b.length - 2]}]. In ${op} of shapes [${a.join(", ")}] and [${b.join(", ")}]`,
  );
}

/** Products of bool tensors are sums modulo nothing: PyTorch has none, so they are refused. */
function product(op: string, a: Tensor, b: Tensor): Tensor {
  if (a.dtype === "bool") {
    throw new DTypeError(`"${op}" not implemented for 'Bool'; cast with .to("int64") or .to("float32")`);
  }
  if (a.shape[a.shape.length - 1] !== b.shape[b.shape.length - 2]) throw cannotMultiply(op, a.shape, b.shape);
  return matmulExact(a, b);
}

/** a [n, k] times b [k, m]. `torch.mm`. */
export function mm(a: Tensor, b: Tensor): Tensor {
  checkCall("mm", [a, b]);
  if (a.shape.length !== 2) {
    throw new ShapeError(`self must be a matrix, in mm: got a tensor of shape [${a.shape.join(", ")}]`);
  }
  if (b.shape.length !== 2) {
    throw new ShapeError(`mat2 must be a matrix, in mm: got a tensor of shape [${b.shape.join(", ")}]`);
  }
  checkTypes("mm", a, b);
  return named("Mm", product("mm", a, b));
}

/**
 * a [b, n, k] times b [b, k, m]. `torch.bmm`.
 *
 * @throws {ShapeError} when the operands are no batches of matrices, of one length, with inner sizes that match
 * @example
 * ```ts
 * import { bmm, ones } from "@tenon/tenon";
 * console.log(bmm(ones(8, 2, 3), ones(8, 3, 4)).shape); // [ 8, 2, 4 ]
 * ```
 */
export function bmm(a: Tensor, b: Tensor): Tensor {
  checkCall("bmm", [a, b]);
  if (a.shape.length !== 3 || b.shape.length !== 3) {
    throw new ShapeError(
      `batch${a.shape.length === 3 ? 2 : 1} must be a 3D tensor, in bmm: got [${a.shape.join(", ")}] and [${
        b.shape.join(", ")
      }]`,
    );
  }
  if (a.shape[0] !== b.shape[0] || a.shape[2] !== b.shape[1]) {
    throw cannotBatch("bmm", a.shape, b.shape, a.shape[0], b.shape[0]);
  }
  checkTypes("bmm", a, b);
  return named("Bmm", product("bmm", a, b));
}

/** a [n, k] times the vector b [k]. `torch.mv`. */
export function mv(a: Tensor, b: Tensor): Tensor {
  checkCall("mv", [a, b]);
  if (a.shape.length !== 2 || b.shape.length !== 1) {
    throw new ShapeError(
      `vector + matrix @ vector expected, got 1, ${a.shape.length}, ${b.shape.length}, in mv of [${
        a.shape.join(", ")
      }] and [${b.shape.join(", ")}]`,
    );
  }
  if (a.shape[1] !== b.shape[0]) {
    throw new ShapeError(
      `size mismatch, got ${a.shape[0]}, ${a.shape[0]}x${a.shape[1]},${b.shape[0]}, in mv of shapes [${
        a.shape.join(", ")
      }] and [${b.shape[0]}]: the inner sizes must be equal`,
    );
  }
  checkTypes("mv", a, b);
  return named("Mv", squeeze(product("mv", a, unsqueeze(b, 1)), 1));
}

/** The inner product of two vectors. `torch.dot`. */
export function dot(a: Tensor, b: Tensor): Tensor {
  checkCall("dot", [a, b]);
  if (a.shape.length !== 1 || b.shape.length !== 1) {
    throw new ShapeError(
      `1D tensors expected, but got ${a.shape.length}D and ${b.shape.length}D tensors, in dot`,
    );
  }
  if (a.shape[0] !== b.shape[0]) {
    throw new ShapeError(
      `inconsistent tensor size, expected tensor [${a.shape[0]}] and src [${
        b.shape[0]
      }] to have the same number of elements, but got ${a.shape[0]} and ${
        b.shape[0]
      } elements respectively, in dot`,
    );
  }
  checkTypes("dot", a, b);
  return named("Dot", reshape(product("dot", unsqueeze(a, 0), unsqueeze(b, 1)), []));
}

/** a [n] and b [m] as the matrix a[i] b[j]. `torch.outer`. */
export function outer(a: Tensor, b: Tensor): Tensor {
  checkCall("outer", [a, b]);
  for (const [name, x] of [["self", a], ["vec2", b]] as const) {
    if (x.shape.length !== 1) {
      throw new ShapeError(`outer: Expected 1-D argument ${name}, but got ${x.shape.length}-D`);
    }
  }
  return mul(unsqueeze(a, 1), unsqueeze(b, 0));
}

/**
 * The matrix product. Vectors are rows on the left and columns on the right; more than two dimensions are batches, which broadcast.
 * `torch.matmul`.
 *
 * @throws {ShapeError} when the inner sizes differ or the batches do not broadcast
 * @example
 * ```ts
 * import { matmul, ones } from "@tenon/tenon";
 * console.log(matmul(ones([5, 2, 3]), ones([3, 4])).shape); // [ 5, 2, 4 ]
 * ```
 */
export function matmul(a: Tensor, b: Tensor): Tensor {
  checkTensors("matmul", [a, b]);
  const p = a.shape.length, q = b.shape.length;
  if (p === 0 || q === 0) {
    throw new ShapeError(`both arguments to matmul need to be at least 1D, but they are ${p}D and ${q}D`);
  }
  if (p === 2 && q === 2) return mm(a, b);
  if (p === 1 && q === 1) return dot(a, b);
  if (p === 2 && q === 1) return mv(a, b);
  checkTypes("matmul", a, b);
  if (p === 1) {
    const row = matmul(unsqueeze(a, 0), b);
    return named("SqueezeBackward3", squeeze(row, -2));
  }
  if (q === 1) {
    if (a.shape[p - 1] !== b.shape[0]) {
      throw new ShapeError(
        `size mismatch, got input (${sizeOf(a.shape.slice(0, -1))}x${a.shape[p - 1]}) and vec (${
          b.shape[0]
        }), in matmul`,
      );
    }
    return named("UnsafeView", squeeze(matmul(a, unsqueeze(b, 1)), -1));
  }
  if (q === 2) {
    if (a.shape[p - 1] !== b.shape[0]) throw cannotMultiply("matmul", a.shape, b.shape);
    // The batch of a is more rows.
    const rows = reshape(a, [sizeOf(a.shape.slice(0, -1)), a.shape[p - 1]]);
    return named("UnsafeView", reshape(product("matmul", rows, b), [...a.shape.slice(0, -1), b.shape[1]]));
  }
  const batch = broadcastShapes("matmul (batch dimensions)", a.shape.slice(0, -2), b.shape.slice(0, -2));
  if (a.shape[p - 1] !== b.shape[q - 2]) {
    throw cannotBatch("matmul", a.shape, b.shape, sizeOf(batch), sizeOf(batch));
  }
  const left = expand(a, [...batch, ...a.shape.slice(-2)]),
    right = expand(b, [...batch, ...b.shape.slice(-2)]);
  return named("UnsafeView", product("matmul", left, right));
}

/** Options of the products that add: `beta * input + alpha * product`. */
export interface AddmmOptions {
  /** Factor of the input; 1 by default, 0 ignores it. */
  readonly beta?: number | Tensor;
  /** Factor of the product; 1 by default. */
  readonly alpha?: number | Tensor;
}

const addmmKinds: Kinds<AddmmOptions> = {
  beta: "scalar",
  alpha: "scalar",
};

/** `beta * input + alpha * y`, of the shape and dtype of y. */
export function added(op: string, input: Tensor, y: Tensor, options: AddmmOptions): Tensor {
  const scaled = (x: Tensor, name: "alpha" | "beta") => {
    const by = numberIn(op, name, options[name] ?? 1);
    return by === 1 ? x : mul(x, factorOf(op, by, y.dtype));
  };
  const scaledProduct = scaled(y, "alpha"),
    scaledInput = expand(scaled(cast(input, y.dtype), "beta"), y.shape);
  // beta 0 means that the input is ignored, NaN included.
  return numberIn(op, "beta", options.beta ?? 1) === 0 ? scaledProduct : add(scaledProduct, scaledInput);
}

/**
 * beta * input + alpha * (a times b). `torch.addmm`.
 *
 * @throws {ShapeError} when the inner sizes differ, or `input` does not broadcast to the product
 * @example
 * ```ts
 * import { addmm, ones } from "@tenon/tenon";
 * console.log(addmm(ones(2), ones(2, 3), ones(3, 2), { beta: 2 }).tolist()); // [ [ 5, 5 ], [ 5, 5 ] ]
 * ```
 */
export function addmm(input: Tensor, a: Tensor, b: Tensor, options: AddmmOptions = {}): Tensor {
  checkCall("addmm", [input, a, b], options, addmmKinds);
  requireSameType("addmm", input, b);
  return named("Addmm", added("addmm", input, mm(a, b), options));
}

/** beta * input + alpha * (a times b), in batches. `torch.baddbmm`. */
export function baddbmm(input: Tensor, a: Tensor, b: Tensor, options: AddmmOptions = {}): Tensor {
  checkCall("baddbmm", [input, a, b], options, addmmKinds);
  return named("Baddbmm", added("baddbmm", input, bmm(a, b), options));
}

/** beta * input + alpha * (a times the vector b). `torch.addmv`. */
export function addmv(input: Tensor, a: Tensor, b: Tensor, options: AddmmOptions = {}): Tensor {
  checkCall("addmv", [input, a, b], options, addmmKinds);
  const y = mv(a, b), [rows, columns] = a.shape;
  if (input.shape.length > 1 || (sizeOf(input.shape) !== 1 && input.shape[0] !== rows)) {
    throw new ShapeError(
      input.shape.length > 1
        ? `vector + matrix @ vector expected, got ${input.shape.length}, 2, 1, in addmv`
        : `size mismatch, got ${
          input.shape[0]
        }, ${rows}x${columns},${columns}, in addmv: the input must have ${rows} elements, or one`,
    );
  }
  return named("Addmv", added("addmv", input, y, options));
}

/** x [..., in] times weight [out, in] transposed, plus bias [out]. `torch.nn.functional.linear`. */
export function linear(
  x: Tensor,
  weight: Tensor | Named<{ weight: Tensor; bias: Tensor | null }>,
  bias?: Tensor | null | Named<{ bias: Tensor | null }>,
): Tensor {
  if (isNamed(weight)) return linear(x, ...inPlace("linear", ["weight", "bias"], [weight, bias], 1));
  if (isNamed(bias)) return linear(x, weight, ...inPlace("linear", ["bias"], [bias]));
  checkTensors("linear", bias ? [x, weight, bias] : [x, weight]);
  // Of what is no matrix product the error is that of `matmul`.
  if (weight.shape.length < 2 || x.shape.length === 0) {
    const y = matmul(x, weight);
    return bias ? add(y, fitting(bias, y)) : y;
  }
  if (x.shape[x.shape.length - 1] !== weight.shape[1]) {
    const rows = sizeOf(x.shape.slice(0, -1));
    throw new ShapeError(
      `mat1 and mat2 shapes cannot be multiplied (${rows}x${x.shape[x.shape.length - 1]} and ${
        weight.shape[1]
      }x${weight.shape[0]}), in linear of input [${x.shape.join(", ")}] and weight [${
        weight.shape.join(", ")
      }]: the last size of the input must be ${weight.shape[1]}`,
    );
  }
  if (x.dtype !== weight.dtype) {
    throw new DTypeError(
      `${
        bias
          ? `mat1 and mat2 must have the same dtype, but got ${scalarName(x.dtype)} and ${
            scalarName(weight.dtype)
          }`
          : `expected scalar type ${scalarName(x.dtype)} but found ${scalarName(weight.dtype)}`
      }, in linear: cast the input or the layer with .to()`,
    );
  }
  const y = matmul(x, transpose(weight, 0, 1));
  if (!bias) return y;
  // One vector is a product and a sum; more rows than a matrix has are a matrix for PyTorch, whose result is viewed.
  return named(["Add", "Addmm"][x.shape.length - 1] ?? "View", add(y, fitting(bias, y)));
}

/** The bias of a result of `linear`: it broadcasts to that, seen as a matrix, and never the other way. */
function fitting(bias: Tensor, y: Tensor): Tensor {
  const size = y.shape.at(-1);
  if (bias.shape.length === 1 && (bias.shape[0] === size || bias.shape[0] === 1) && y.shape.length > 0) {
    return bias;
  }
  if (y.shape.length > 1) {
    return reshape(expand(bias, [sizeOf(y.shape.slice(0, -1)), y.shape[y.shape.length - 1]]), y.shape);
  }
  const shape = broadcastShapes("linear", y.shape, bias.shape);
  if (sameShape(shape, y.shape)) return bias;
  throw new ShapeError(
    `output with shape [${y.shape.join(", ")}] doesn't match the broadcast shape [${
      shape.join(", ")
    }], in linear with a bias of shape [${bias.shape.join(", ")}]`,
  );
}

/**
 * y = x1^T W x2 + b for each of the outputs: [..., in1] and [..., in2] with a weight [out, in1, in2] give [..., out].
 * `torch.nn.functional.bilinear`.
 *
 * @throws {ShapeError} when the leading dimensions differ, or a last one is not what the weight needs
 */
export function bilinear(
  x1: Tensor,
  x2: Tensor,
  weight: Tensor,
  bias?: Tensor | null | Named<{ bias: Tensor | null }>,
): Tensor {
  if (isNamed(bias)) return bilinear(x1, x2, weight, ...inPlace("bilinear", ["bias"], [bias]));
  checkCall("bilinear", [x1, x2, weight], undefined, undefined, { bias });
  if (weight.shape.length !== 3) {
    throw new ShapeError(
      `bilinear: the weight must have shape [out, in1, in2], got [${weight.shape.join(", ")}]`,
    );
  }
  const [out, in1, in2] = weight.shape;
  const lead = x1.shape.slice(0, -1);
  if (x1.shape.length === 0 || !sameShape(lead, x2.shape.slice(0, -1))) {
    throw new ShapeError(
      `bilinear(): input batch dimensions do not match: got [${x1.shape.join(", ")}] and [${
        x2.shape.join(", ")
      }]`,
    );
  }
  for (const [i, x, size] of [[1, x1, in1], [2, x2, in2]] as const) {
    if (x.shape.at(-1) !== size) {
      throw new ShapeError(
        `bilinear(): input${i} size does not match weight size: got ${x.shape.at(-1)} but expected ${size}`,
      );
    }
  }
  if (bias && bias.shape.length === 0) {
    throw new IndexError(
      "Dimension specified as 0 but tensor has no dimensions, in bilinear: the bias is a vector",
    );
  }
  if (bias && bias.shape[0] !== out) {
    throw new ShapeError(
      `bilinear(): bias size does not match weight size: got ${bias.shape[0]} but expected ${out}`,
    );
  }
  for (const x of [x1, x2]) {
    if (x.dtype === weight.dtype) continue;
    throw new DTypeError(
      `expected scalar type ${scalarName(x.dtype)} but found ${
        scalarName(weight.dtype)
      }, in bilinear of ${x1.dtype} and ${x2.dtype} with a weight of ${weight.dtype}; cast with .to()`,
    );
  }
  // [..., in2] times [in2, out * in1], then the dot product with x1 for each output.
  const flat = reshape(permute(weight, [2, 0, 1]), [in2, out * in1]);
  const partial = reshape(matmul(x2, flat), [...lead, out, in1]);
  const y = sum(mul(partial, unsqueeze(x1, -2)), -1, { dtype: weight.dtype });
  return bias ? add(y, bias) : named("ReshapeAlias", y);
}

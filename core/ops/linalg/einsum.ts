/**
 * Einstein summation: any subscripts, repeated letters, ellipses, implicit output. Operands are contracted from left to right, by matrix
 * products where something is summed between free dimensions, by broadcasting products otherwise.
 *
 * @module
 */
import { named } from "../../apply.ts";
import { isFloat, promoteTypes } from "../../dtype.ts";
import { DTypeError, ShapeError, ValueError } from "../../errors.ts";
import { sizeOf } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { cast } from "../cast.ts";
import { mul } from "../elementwise.ts";
import { matmulExact } from "../routine.ts";
import { sumDims } from "../reduce.ts";
import { diagonal, expand, permute, reshape } from "../view.ts";
import { checkCall } from "../options.ts";

/** A tensor whose dimensions have names: letters, or `.0`, `.1` ... for those of the ellipsis, counted from the right. */
interface Labelled {
  readonly x: Tensor;
  readonly labels: readonly string[];
}

/**
 * Products of the operands' elements, summed over the letters that the output does not name. Without `->` the output has the letters that
 * occur once, in alphabetical order. An ellipsis stands for dimensions that broadcast. `torch.einsum`.
 *
 * @throws {ValueError} when the equation is malformed
 * @throws {ShapeError} when operands do not fit the equation or each other
 * @example
 * ```ts
 * import { einsum, ones } from "@tenon/tenon";
 * console.log(einsum("bij,bjk->bik", ones([2, 3, 4]), ones([2, 4, 5])).shape); // [ 2, 3, 5 ]
 * ```
 */
export function einsum(equation: string, ...operands: readonly Tensor[]): Tensor;
/** The operands as one list. */
export function einsum(equation: string, operands: readonly Tensor[]): Tensor;
/** Each operand before its subscripts, whole numbers from 0 to 51 or "..."; after them may stand those of the output: `einsum(a, [0, 1], b, [1, 2], [0, 2])`. */
export function einsum(operand: Tensor, ...rest: readonly (Tensor | Subscripts)[]): Tensor;
export function einsum(...given: readonly (string | Tensor | readonly Tensor[] | Subscripts)[]): Tensor {
  if (given.length < 2) {
    throw new ValueError(
      "einsum(): must specify the equation string and at least one operand, or at least one operand and its subscripts list",
    );
  }
  const [first, ...rest] = given,
    list: unknown = rest.length === 1 && Array.isArray(rest[0]) ? rest[0] : rest;
  if (typeof first === "string") return contracted(first, list as readonly Tensor[]);
  const lists = given.filter((_, i) => i % 2 === 1) as Subscripts[];
  const output = given.length % 2 === 1 ? `->${subscripts(given[given.length - 1] as Subscripts)}` : "";
  const operands = given.slice(0, given.length - given.length % 2).filter((_, i) => i % 2 === 0);
  return contracted(lists.map(subscripts).join(",") + output, operands as readonly Tensor[]);
}

/** Numbers in the place of letters. */
export type Subscripts = readonly (number | "...")[];

/** The letters that numbers stand for. */
function subscripts(list: Subscripts): string {
  if (!Array.isArray(list)) {
    throw new ValueError(
      `einsum(): the equation comes first, as in einsum("ij,jk->ik", a, b), or each operand before its subscripts list`,
    );
  }
  return (list as Subscripts).map((n) => {
    if (n === "...") return n;
    if (Number.isInteger(n) && n >= 0 && n < 52) return String.fromCharCode(n < 26 ? 65 + n : 97 + n - 26);
    throw new ValueError(
      `einsum(): subscript in subscript list is not within the valid range [0, 52): got ${n}`,
    );
  }).join("");
}

/** The operands, contracted as the equation says. */
function contracted(equation: string, operands: readonly Tensor[]): Tensor {
  if (operands.length === 0) throw new ValueError("einsum(): must provide at least one operand");
  checkCall("einsum", operands);
  const [left, right, ...more] = equation.replaceAll(/\s/g, "").split("->");
  if (more.length > 0) throw new ValueError(`einsum(): the equation has more than one "->": ${equation}`);
  const terms = left.split(",");
  if (terms.length !== operands.length) {
    throw new ValueError(
      `einsum(): ${
        terms.length < operands.length ? "more" : "fewer"
      } operands were provided than specified in the equation: ${operands.length} for ${terms.length} subscripts in "${equation}"`,
    );
  }
  const sizes = new Map<string, number>();
  const inputs = terms.map((term, i) => {
    const operand = label(term, operands[i], i);
    noteSizes(sizes, operand, i);
    return operand;
  });
  if (operands.some((x) => x.dtype !== operands[0].dtype)) {
    throw new DTypeError(
      `einsum(): expected all operands to have one dtype, but got ${
        operands.map((x) => x.dtype).join(", ")
      }; cast with .to()`,
    );
  }
  const output = outputLabels(terms, right, inputs, sizes);
  let result = inputs[0], inner = false;
  for (let i = 0; i < inputs.length; i++) {
    // What neither the output nor a later operand names can be summed now.
    const later = new Set([...output, ...inputs.slice(i + 1).flatMap((t) => t.labels)]);
    // PyTorch makes a matrix product of the last two only where they share what is summed.
    if (i > 0) inner = inputs[i].labels.some((l) => result.labels.includes(l) && !later.has(l));
    result = i === 0 ? summed(result, later) : contract(result, inputs[i], later);
  }
  const sorted = permute(result.x, output.map((l) => result.labels.indexOf(l)));
  if (inputs.length > 1) return named(inner ? "View" : "Mul", sorted);
  return result === inputs[0] ? named("Permute", sorted, result.x) : sorted;
}

/** The subscripts of one operand: a letter or "..." each. */
function tokens(term: string, where: string): string[] {
  const found = term.match(/\.\.\.|./g) ?? [];
  for (const [i, token] of found.entries()) {
    if (token !== "..." && !/^[a-zA-Z]$/.test(token)) {
      throw new ValueError(
        token === "."
          ? `einsum(): found '.' for ${where} that is not part of any ellipsis`
          : `einsum(): invalid subscript given at index ${
            found.slice(0, i).join("").length
          } in the equation string, subscripts must be in [a-zA-Z]: "${token}" for ${where}`,
      );
    }
  }
  if (found.filter((t) => t === "...").length > 1) {
    throw new ValueError(`einsum(): found '.' for ${where} for which an ellipsis was already found`);
  }
  return found;
}

const ellipsis = (rank: number) => Array.from({ length: rank }, (_, i) => `.${rank - 1 - i}`);

/** An operand with its dimensions named; repeated letters become their diagonal. */
function label(term: string, x: Tensor, i: number): Labelled {
  const found = tokens(term, `operand ${i}`), rank = x.shape.length;
  const open = found.includes("..."), letters = found.length - (open ? 1 : 0);
  if (open ? letters > rank : letters !== rank) {
    throw new ShapeError(
      `einsum(): the number of subscripts in the equation (${letters}) ${
        open ? "is more than the number of dimensions" : "does not match the number of dimensions"
      } (${rank}) for operand ${i}${open ? "" : " and no ellipsis was given"}`,
    );
  }
  let labels = found.flatMap((t) => t === "..." ? ellipsis(rank - letters) : [t]), y = x.value;
  for (let d = 0; d < labels.length; d++) {
    const again = labels.indexOf(labels[d], d + 1);
    if (again < 0) continue;
    if (y.shape[d] !== y.shape[again]) {
      throw new ShapeError(
        `einsum(): subscript ${labels[d]} is repeated for operand ${i} but the sizes don't match, ${
          y.shape[again]
        } != ${y.shape[d]}`,
      );
    }
    const name = labels[d];
    y = diagonal(y, 0, d, again);
    labels = [...labels.filter((l, k) => l !== name || (k !== d && k !== again)), name];
    d--;
  }
  return { x: y, labels };
}

function noteSizes(sizes: Map<string, number>, { x, labels }: Labelled, i: number): void {
  labels.forEach((l, d) => {
    const before = sizes.get(l) ?? 1, size = x.shape[d];
    if (before !== 1 && size !== 1 && before !== size) {
      throw new ShapeError(
        `einsum(): subscript ${
          l.startsWith(".") ? "..." : l
        } has size ${size} for operand ${i} which does not broadcast with previously seen size ${before}`,
      );
    }
    sizes.set(l, before === 1 ? size : before);
  });
}

function outputLabels(
  terms: readonly string[],
  right: string | undefined,
  inputs: readonly Labelled[],
  sizes: ReadonlyMap<string, number>,
): string[] {
  const dots = ellipsis([...sizes.keys()].filter((l) => l.startsWith(".")).length);
  if (right === undefined) {
    const all = terms.join("").replaceAll(".", "");
    return [...dots, ...[...new Set(all)].filter((l) => all.indexOf(l) === all.lastIndexOf(l)).sort()];
  }
  const labels = tokens(right, "output").flatMap((t) => t === "..." ? dots : [t]);
  labels.forEach((l, i) => {
    if (labels.indexOf(l) !== i) {
      throw new ValueError(`einsum(): output subscript ${l} appears more than once in the output`);
    }
    if (!inputs.some((t) => t.labels.includes(l))) {
      throw new ValueError(
        `einsum(): output subscript ${l} does not appear in the equation for any input operand`,
      );
    }
  });
  return labels;
}

/** Without the dimensions that nobody needs; sums of integers are int64, as `sum` gives them. */
function summed(term: Labelled, needed: ReadonlySet<string>): Labelled {
  const { labels } = term, dims = labels.map((_, d) => d).filter((d) => !needed.has(labels[d]));
  if (dims.length === 0) return term;
  const x = isFloat(term.x.dtype) ? term.x : cast(term.x, "int64");
  return { x: named("SumBackward1", sumDims(x, dims)), labels: labels.filter((l) => needed.has(l)) };
}

/** The product of two operands, summed over what nobody needs afterwards. */
function contract(a: Labelled, b: Labelled, needed: ReadonlySet<string>): Labelled {
  const left = summed(a, new Set([...needed, ...b.labels]));
  const right = summed(b, new Set([...needed, ...a.labels]));
  const shared = left.labels.filter((l) => right.labels.includes(l));
  const inner = shared.filter((l) => !needed.has(l)), batch = shared.filter((l) => needed.has(l));
  const rows = left.labels.filter((l) => !shared.includes(l));
  const columns = right.labels.filter((l) => !shared.includes(l));
  const order = [...batch, ...rows, ...columns];
  if (inner.length === 0 || rows.length === 0 || columns.length === 0) {
    const all = [...order, ...inner];
    // A product of vectors keeps the dtype of integers.
    const sum = summed({ x: mul(spread(left, all), spread(right, all)), labels: all }, new Set(order));
    return { ...sum, x: cast(sum.x, promoteTypes(left.x.dtype, right.x.dtype)) };
  }
  // Only shared dimensions broadcast: a size of 1 against a larger one.
  const sizeIn = (l: string) => {
    const p = left.x.shape[left.labels.indexOf(l)], q = right.x.shape[right.labels.indexOf(l)];
    return p === 1 ? q : p;
  };
  const shapeOf = ({ x, labels }: Labelled, names: readonly string[]) =>
    names.map((l) => shared.includes(l) ? sizeIn(l) : x.shape[labels.indexOf(l)]);
  const matrix = (t: Labelled, first: readonly string[], second: readonly string[]) => {
    const names = [...batch, ...first, ...second];
    const x = expand(permute(t.x, names.map((l) => t.labels.indexOf(l))), shapeOf(t, names));
    return reshape(x, [...shapeOf(t, batch), sizeOf(shapeOf(t, first)), sizeOf(shapeOf(t, second))]);
  };
  const dtype = promoteTypes(left.x.dtype, right.x.dtype);
  const factor = (x: Tensor) => cast(x, dtype);
  const product = matmulExact(factor(matrix(left, rows, inner)), factor(matrix(right, inner, columns)));
  return {
    x: named("View", reshape(product, [...shapeOf(left, [...batch, ...rows]), ...shapeOf(right, columns)])),
    labels: order,
  };
}

/** The operand with dimensions of size 1 where it lacks a label, in the order `labels`. */
function spread({ x, labels: own }: Labelled, labels: readonly string[]): Tensor {
  const present = labels.filter((l) => own.includes(l));
  const sorted = permute(x, present.map((l) => own.indexOf(l)));
  return reshape(sorted, labels.map((l) => own.includes(l) ? x.shape[own.indexOf(l)] : 1));
}

/**
 * The strides that a tensor has in PyTorch, where views share memory. Tenon's tensors have none; but which operation a reshape is, and so the name
 * that `grad_fn` gives, depends on them.
 *
 * @module
 */
import { aliasPrim } from "./source.ts";
import { isRefinement, loopIndex } from "../graph/index_map.ts";
import { type Shape, sizeOf, stridesOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

/** Whether PyTorch copies to give `x` another shape: no strides reach its elements in their order. */
export function reshapeCopies(x: Tensor, shape: Shape): boolean {
  return isView(x.value) && reshaped(x.shape, torchStrides(x), shape) === null;
}

/** Whether `x` is in PyTorch what it always is here, in row-major order. */
export function isRowMajor(x: Tensor): boolean {
  const strides = torchStrides(x), order = stridesOf(x.shape);
  return sizeOf(x.shape) === 0 || x.shape.every((size, d) => size === 1 || strides[d] === order[d]);
}

/** Through views down to what has memory of its own. */
function torchStrides(x: Tensor): readonly number[] {
  const views: Tensor[] = [];
  let base = x.value;
  while (base.inputs.length === 1 && isView(base)) {
    views.push(base);
    base = base.inputs[0].value;
  }
  let strides: readonly number[] = stridesOf(base.shape), { shape } = base;
  for (const view of views.reverse()) {
    strides = viewed(view, shape, strides) ?? stridesOf(view.shape);
    shape = view.shape;
  }
  return strides;
}

function isView({ prim, prim: { lowering } }: Tensor): boolean {
  // An alias is PyTorch's clone.
  if (prim.name === aliasPrim.name) return false;
  return lowering.kind === "reshape" || lowering.kind === "view";
}

/** The strides of a view of something with strides; null where PyTorch makes a copy. */
function viewed(view: Tensor, from: Shape, strides: readonly number[]): readonly number[] | null {
  const { prim: { lowering }, shape, attrs } = view;
  if (lowering.kind === "reshape") return reshaped(from, strides, shape);
  if (lowering.kind !== "view") return null;
  const at = shape.map((_, d) => loopIndex(d, shape.length));
  const index = lowering.map({ at, guards: [] }, from, shape, attrs as never);
  if (index === null || isRefinement(index) || index.guards.length > 0) return null;
  const moved = shape.map((_, d) => index.at.reduce((sum, a, i) => sum + a.strides[d] * strides[i], 0));
  return moved.some((step) => step < 0) ? null : moved;
}

/** The strides under another shape, dimensions that run through each other taken together; null where there are none. */
function reshaped(from: Shape, strides: readonly number[], to: Shape): number[] | null {
  if (sizeOf(from) === 0) return stridesOf(to);
  const result = new Array<number>(to.length);
  let d = to.length - 1, run = 1, last = strides.length === 0 ? 1 : strides[strides.length - 1];
  for (let i = from.length - 1; i >= 0; i--) {
    run *= from[i];
    if (i > 0 && (from[i - 1] === 1 || strides[i - 1] === run * last)) continue;
    let step = last, rest = run;
    while (d >= 0 && (rest > 1 || to[d] === 1)) {
      result[d] = step;
      step *= to[d];
      rest /= to[d--];
    }
    if (rest !== 1) return null;
    if (i > 0) [run, last] = [1, strides[i - 1]];
  }
  while (d >= 0) result[d--] = 1;
  return result;
}

/**
 * Index maps: where, in terms of a kernel's loop indices, the elements of a node are. Views compose index maps; a load turns one into an
 * address. Small immutable values, compared by their text.
 *
 * @module
 */
import type { Affine, Guard } from "../kernel/ir.ts";
import { type Shape, stridesOf } from "../shape.ts";

/** For each dimension of a node an affine function of the loop indices, and the guards that must hold. */
export interface IndexMap {
  readonly at: readonly Affine[];
  readonly guards: readonly Guard[];
}

/** A wish: loop `dim` should be split so that its inner part has `factor` points. Then a reshape becomes affine. */
export interface Refinement {
  readonly dim: number;
  readonly factor: number;
}

/** Whether a result of a view's map is a refinement wish. */
export function isRefinement(value: IndexMap | Refinement): value is Refinement {
  return "factor" in value;
}

/** A constant affine function over `loops` loop indices. */
export function constant(offset: number, loops: number): Affine {
  return { offset, strides: new Array<number>(loops).fill(0) };
}

/** The loop index `dim` itself. */
export function loopIndex(dim: number, loops: number): Affine {
  const strides = new Array<number>(loops).fill(0);
  strides[dim] = 1;
  return { offset: 0, strides };
}

/** `a * scale + add`. */
export function scaled(a: Affine, scale: number, add = 0): Affine {
  if (scale === 1 && add === 0) return a;
  return { offset: a.offset * scale + add, strides: a.strides.map((s) => s * scale) };
}

/** `a + b`. */
export function plus(a: Affine, b: Affine): Affine {
  return { offset: a.offset + b.offset, strides: a.strides.map((s, i) => s + b.strides[i]) };
}

/** The linear row-major address of the indices `at` in `shape`. */
export function linear(at: readonly Affine[], shape: Shape, loops: number): Affine {
  const strides = stridesOf(shape);
  let sum = constant(0, loops);
  for (let d = 0; d < shape.length; d++) if (shape[d] !== 1) sum = plus(sum, scaled(at[d], strides[d]));
  return sum;
}

/** Bounds of an affine function over loops of the given extents, both included. */
export function range(a: Affine, extents: readonly number[]): [number, number] {
  let low = a.offset, high = a.offset;
  a.strides.forEach((s, i) => {
    if (s < 0) low += s * (extents[i] - 1);
    else high += s * (extents[i] - 1);
  });
  return [low, high];
}

/**
 * The map of a reshape's argument (shape `from`), given the map of its result (shape `to`). Dimensions are matched in groups of
 * equal product; within a group the linear index is split into digits. Exact when every loop moves one digit only; otherwise
 * asks for a loop to be split, or gives up with null.
 */
export function reshapeMap(
  index: IndexMap,
  from: Shape,
  to: Shape,
  extents: readonly number[],
): IndexMap | Refinement | null {
  const loops = extents.length;
  const at: Affine[] = [];
  let i = 0, j = 0;
  while (i < from.length || j < to.length) {
    const iStart = i, jStart = j;
    let a = i < from.length ? from[i++] : 1;
    let b = j < to.length ? to[j++] : 1;
    while (a !== b) {
      if (a < b) a *= from[i++];
      else b *= to[j++];
    }
    if (i - iStart === 1 && j - jStart === 1) {
      at.push(index.at[jStart]);
      continue;
    }
    // Trailing dimensions of size 1 of the result have no counterpart.
    if (i === iStart) continue;
    const sum = linear(index.at.slice(jStart, j), to.slice(jStart, j), loops);
    const group = digits(sum, from.slice(iStart, i), extents);
    if (group === null || !Array.isArray(group)) return group;
    at.push(...group);
  }
  return { at, guards: index.guards };
}

function digits(sum: Affine, shape: Shape, extents: readonly number[]): Affine[] | Refinement | null {
  const loops = extents.length;
  const out: Affine[] = [];
  let rest = sum;
  for (let d = shape.length - 1; d > 0; d--) {
    const size = shape[d];
    if (size === 1) {
      out.unshift(constant(0, loops));
      continue;
    }
    const low = new Array<number>(loops).fill(0), high = new Array<number>(loops).fill(0);
    for (let k = 0; k < loops; k++) {
      const s = rest.strides[k];
      if (s === 0 || extents[k] === 1) continue;
      if (s % size === 0) high[k] = s / size;
      else if (s > 0 && s * (extents[k] - 1) < size) low[k] = s;
      else if (s > 0 && size % s === 0 && extents[k] % (size / s) === 0) return { dim: k, factor: size / s };
      else return null;
    }
    const offset = ((rest.offset % size) + size) % size;
    const digit: Affine = { offset, strides: low };
    const [least, most] = range(digit, extents);
    if (least < 0 || most >= size) return null;
    out.unshift(digit);
    rest = { offset: (rest.offset - offset) / size, strides: high };
  }
  out.unshift(rest);
  return out;
}

/** The map after loop `dim` was split into (dim, dim + 1), the second of `factor` points. */
export function splitLoop(a: Affine, dim: number, factor: number): Affine {
  const strides = [...a.strides];
  strides.splice(dim, 1, a.strides[dim] * factor, a.strides[dim]);
  return { offset: a.offset, strides };
}

/** A text that is equal exactly for equal maps. */
export function mapText(map: IndexMap): string {
  let text = "";
  for (const a of map.at) text += `${a.offset}+${a.strides};`;
  for (const g of map.guards) text += `|${g.low}<${g.at.offset}+${g.at.strides}<${g.high}`;
  return text;
}

/**
 * How a general matrix product addresses its operands. A product sums a(m, k) b(k, n) over k for each batch; each of the indices z, m, n, k may stand for
 * several dimensions of the real tensors, and an operand may be read through sliding windows. Plain matrices, all their
 * transposes, and the three products of a convolution are all described so.
 *
 * @module
 */
import type { Word } from "../storage.ts";
import type { Bindings } from "../wgsl/bindings.ts";

/** An index that stands for several dimensions, outermost first, and what each adds to an address and to window coordinates. */
export interface IndexPart {
  readonly extents: readonly number[];
  readonly strides: readonly number[];
  /** For each dimension, what it adds to each window coordinate; absent when there are none. */
  readonly moves?: readonly (readonly number[])[];
}

/**
 * A window coordinate: `start` plus what the indices add. It must be a multiple of `step`, and divided by it lie in [0, size), or the element is zero;
 * the quotient times `stride` is added to the address.
 */
export interface Coordinate {
  readonly start: number;
  readonly step: number;
  readonly size: number;
  readonly stride: number;
}

/** An operand: element (z, row, k) lies at the sum of what its parts say. */
export interface Side {
  readonly offset: number;
  readonly batch: IndexPart;
  readonly row: IndexPart;
  readonly k: IndexPart;
  readonly coordinates: readonly Coordinate[];
}

/** Number of values an index takes. */
export function sizeOfPart(part: IndexPart): number {
  return part.extents.reduce((n, d) => n * d, 1);
}

/** The same index with as few dimensions as its strides allow. */
export function merged(part: IndexPart): IndexPart {
  const extents: number[] = [], strides: number[] = [], moves: (readonly number[])[] = [];
  part.extents.forEach((extent, d) => {
    if (extent === 1) return;
    const move = part.moves?.[d] ?? [];
    const last = extents.length - 1;
    const runsOn = last >= 0 && strides[last] === part.strides[d] * extent &&
      (moves[last] ?? []).every((m, c) => m === (move[c] ?? 0) * extent);
    if (runsOn) {
      extents[last] *= extent;
      strides[last] = part.strides[d];
      moves[last] = move;
    } else {
      extents.push(extent);
      strides.push(part.strides[d]);
      moves.push(move);
    }
  });
  return { extents, strides, moves };
}

/** Whether four neighbours of an index, from a multiple of four on, are one aligned vector of the operand. */
export function isVector(side: Side, along: "row" | "k"): boolean {
  const part = side[along];
  const last = part.extents.length - 1;
  if (last < 0 || part.strides[last] !== 1 || part.extents[last] % 4 !== 0) return false;
  if ((part.moves?.[last] ?? []).some((m) => m !== 0)) return false;
  const others = [side.batch, side.row, side.k].flatMap((p) =>
    p === part ? p.strides.slice(0, last) : [...p.strides]
  );
  return side.offset % 4 === 0 && others.every((s) => s % 4 === 0) &&
    side.coordinates.every((c) => c.stride % 4 === 0);
}

/** Whether a coordinate is always in range, so that nothing need be tested. */
function alwaysInside(side: Side, c: number): boolean {
  const { start, step, size } = side.coordinates[c];
  if (step !== 1) return false;
  let low = start, high = start;
  for (const part of [side.row, side.k]) {
    part.extents.forEach((extent, d) => {
      const move = part.moves?.[d]?.[c] ?? 0;
      if (move > 0) high += move * (extent - 1);
      else low += move * (extent - 1);
    });
  }
  return low >= 0 && high < size;
}

/** The same side with windows that never leave the operand written as plain strides, and all indices merged. */
export function simplified(side: Side): Side {
  const keep = side.coordinates.map((_, c) => !alwaysInside(side, c));
  const part = (p: IndexPart): IndexPart => {
    const moveOf = (d: number, c: number): number => p.moves?.[d]?.[c] ?? 0;
    return merged({
      extents: p.extents,
      strides: p.strides.map((s, d) =>
        side.coordinates.reduce((sum, { stride }, c) => keep[c] ? sum : sum + moveOf(d, c) * stride, s)
      ),
      moves: p.extents.map((_, d) => keep.flatMap((kept, c) => kept ? [moveOf(d, c)] : [])),
    });
  };
  return {
    offset: side.coordinates.reduce(
      (sum, { start, stride }, c) => keep[c] ? sum : sum + start * stride,
      side.offset,
    ),
    batch: merged(side.batch),
    row: part(side.row),
    k: part(side.k),
    coordinates: side.coordinates.filter((_, c) => keep[c]),
  };
}

/** Lines that set `name` to `base` and what index `from` adds to it, and `name_c0`, `name_c1` ... likewise to coordinates from their `starts`. */
export function partLines(
  part: IndexPart,
  from: string,
  name: string,
  base = "",
  starts: readonly number[] = [],
): string[] {
  const lines: string[] = [];
  const terms: string[] = base === "" ? [] : [base];
  const moves = starts.map((start): string[] => start === 0 ? [] : [`${start}`]);
  let rest = from;
  for (let d = part.extents.length - 1; d >= 0; d--) {
    let index = `(${rest})`;
    if (d > 0) {
      index = `${name}_i${d}`;
      lines.push(`let ${name}_q${d} = ${rest} / ${part.extents[d]};`);
      lines.push(`let ${index} = ${rest} - ${name}_q${d} * ${part.extents[d]};`);
      rest = `${name}_q${d}`;
    }
    const s = part.strides[d];
    if (s !== 0) terms.push(s === 1 ? index : `${index} * ${s}`);
    moves.forEach((list, c) => {
      const m = part.moves?.[d]?.[c] ?? 0;
      if (m !== 0) list.push(m === 1 ? index : `${index} * ${m}`);
    });
  }
  const sum = (list: readonly string[]): string => list.length === 0 ? "0" : list.join(" + ");
  lines.push(`let ${name} = ${sum(terms)};`);
  moves.forEach((list, c) => lines.push(`let ${name}_c${c} = ${sum(list)};`));
  return lines;
}

/** Writes the addressing of one operand. */
export class SideText {
  readonly side: Side;
  readonly #bindings: Bindings;
  readonly #operand: number;
  readonly #vector: boolean;
  /** What it is read as. */
  readonly type: Word;
  readonly #name: string;

  /** `name` starts every variable. */
  constructor(
    name: string,
    side: Side,
    bindings: Bindings,
    operand: number,
    vector: boolean,
    type: Word,
  ) {
    this.#name = name;
    this.side = side;
    this.#bindings = bindings;
    this.#operand = operand;
    this.#vector = vector;
    this.type = type;
  }

  /** What does not depend on row or k: the address of the batch. */
  batchLines(z: string): string[] {
    return partLines(this.side.batch, z, `${this.#name}_z`, `${this.side.offset}`);
  }

  /** The part of row `index`, named `id`. */
  rowLines(index: string, id: string): string[] {
    const starts = this.side.coordinates.map((c) => c.start);
    return partLines(this.side.row, index, `${this.#name}_r${id}`, `${this.#name}_z`, starts);
  }

  /** The part of `k`, named `id`. */
  kLines(k: string, id: string): string[] {
    return partLines(this.side.k, k, `${this.#name}_k${id}`, "", this.side.coordinates.map(() => 0));
  }

  /** Lines that read element (row, k) as `into`: one value, or four neighbours when `four`. `guard` must hold too, when given. */
  read(row: string, k: string, into: string, four: boolean, guard = ""): string[] {
    const r = `${this.#name}_r${row}`, q = `${this.#name}_k${k}`;
    const lines: string[] = [];
    // Joined by & and not &&: nothing here needs to be skipped, and compilers make a branch of each &&, some of them in exponential time.
    const tests = guard === "" ? [] : [guard];
    let address = `${r} + ${q}`;
    this.side.coordinates.forEach(({ step, size, stride }, c) => {
      let at = `${into}_c${c}`;
      lines.push(`let ${at} = ${r}_c${c} + ${q}_c${c};`);
      if (step === 1) tests.push(`u32(${at}) < ${size}u`);
      else {
        lines.push(`let ${into}_d${c} = ${at} / ${step};`);
        tests.push(`${at} >= 0`, `${into}_d${c} * ${step} == ${at}`, `${into}_d${c} < ${size}`);
        at = `${into}_d${c}`;
      }
      address += ` + ${at} * ${stride}`;
    });
    const value = four
      ? this.#bindings.loadVector(this.#operand, `(${address}) >> 2u`)
      : this.#vector
      ? this.#bindings.loadComponent(this.#operand, address)
      : this.#bindings.load(this.#operand, address);
    const type = four ? `vec4<${this.type}>` : this.type;
    if (tests.length === 0) lines.push(`let ${into} = ${value};`);
    else lines.push(`var ${into} = ${type}();`, `if ((${tests.join(") & (")})) { ${into} = ${value}; }`);
    return lines;
  }
}

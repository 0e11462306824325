/**
 * Products whose operands take more bindings than the device has, or that take too long for one dispatch, as products over parts of their rows, columns, batches
 * or k, each of which reaches less of its operands.
 *
 * @module
 */
import type { Builder, Ref } from "../builder.ts";
import { halfOf, type Reach } from "../loops/halve.ts";
import { type IndexPart, type Side, sizeOfPart } from "./gemm_index.ts";
import type { Product } from "./gemm_job.ts";

/** Operations of one dispatch: a quarter of a second for a GPU that does half a trillion in one. Windows resets a GPU after two seconds. */
const mostOperations = 2 ** 37;

/** A product and its buffers. */
export interface Piece {
  readonly product: Product;
  readonly a: Ref;
  readonly b: Ref;
  readonly out: Ref;
}

/** The two parts of an index whose first dimension of several values is cut before value `at` of the index; null where that is within a value. */
function cutPart(
  part: IndexPart,
  at: number,
): { low: IndexPart; high: IndexPart; shift: number; moved: readonly number[] } | null {
  const d = part.extents.findIndex((extent) => extent > 1);
  if (d < 0) return null;
  const per = innerSize(part), cut = at / per;
  if (!Number.isInteger(cut)) return null;
  const extent = (size: number): IndexPart => ({
    ...part,
    extents: part.extents.map((e, k) => k === d ? size : e),
  });
  return {
    low: extent(cut),
    high: extent(part.extents[d] - cut),
    shift: part.strides[d] * cut,
    moved: (part.moves?.[d] ?? []).map((m) => m * cut),
  };
}

/** Values of an index for each value of its first dimension that has several. */
function innerSize(part: IndexPart): number {
  const d = part.extents.findIndex((extent) => extent > 1);
  return d < 0 ? 1 : sizeOfPart({ extents: part.extents.slice(d + 1), strides: [] });
}

/** Both halves of a side along one of its indices. */
function cutSide(side: Side, along: "batch" | "row" | "k", at: number): readonly [Side, Side] | null {
  const cut = cutPart(side[along], at);
  if (cut === null) return null;
  const coordinates = side.coordinates.map((c, i) => ({ ...c, start: c.start + (cut.moved[i] ?? 0) }));
  return [
    { ...side, [along]: cut.low },
    { ...side, [along]: cut.high, offset: side.offset + cut.shift, coordinates },
  ];
}

function cutOut(
  out: Product["out"],
  along: "batch" | "row" | "column",
  at: number,
): readonly [Product["out"], Product["out"]] | null {
  const cut = cutPart(out[along], at);
  return cut === null
    ? null
    : [{ ...out, [along]: cut.low }, { ...out, [along]: cut.high, offset: out.offset + cut.shift }];
}

/** Where to cut an index that several parts write in their own ways: about the middle. */
function middleOf(parts: readonly IndexPart[]): number {
  const size = sizeOfPart(parts[0]), step = Math.max(...parts.map(innerSize));
  return halfOf(Math.ceil(size / step)) * step;
}

/** Both halves of a product along the given index; null where it cannot be cut. Halves along k are to be added up. */
export function cutProduct(
  product: Product,
  along: "batch" | "row" | "column" | "k",
): readonly [Product, Product] | null {
  const { a, b, out } = product;
  const both = <T>(value: T): readonly [T, T] => [value, value];
  let as: readonly [Side, Side] | null = both(a), bs: readonly [Side, Side] | null = both(b);
  let outs: readonly [Product["out"], Product["out"]] | null = both(out);
  if (along === "batch") {
    const at = middleOf([out.batch]);
    as = cutSide(a, "batch", at);
    bs = cutSide(b, "batch", at);
    outs = cutOut(out, "batch", at);
  } else if (along === "row") {
    const at = middleOf([a.row, out.row]);
    as = cutSide(a, "row", at);
    outs = cutOut(out, "row", at);
  } else if (along === "column") {
    const at = middleOf([b.row, out.column]);
    bs = cutSide(b, "row", at);
    outs = cutOut(out, "column", at);
  } else {
    const at = middleOf([a.k, b.k]);
    as = cutSide(a, "k", at);
    bs = cutSide(b, "k", at);
  }
  if (as === null || bs === null || outs === null) return null;
  const half = (i: 0 | 1): Product => ({ ...product, a: as[i], b: bs[i], out: outs[i] });
  return [half(0), half(1)];
}

function add(range: Reach, { extents, strides }: IndexPart): Reach {
  let { first, last } = range;
  strides.forEach((s, d) => {
    if (s > 0) last += s * (extents[d] - 1);
    else first += s * (extents[d] - 1);
  });
  return { first, last };
}

/** The elements that a side reaches. */
function reachOf(side: Side): Reach {
  const parts = [side.row, side.k];
  const windows = side.coordinates.reduce((range, { start, step, size, stride }, c) => {
    const at = parts.reduce(
      (at, { extents, moves }) => add(at, { extents, strides: extents.map((_, d) => moves?.[d]?.[c] ?? 0) }),
      { first: start, last: start },
    );
    const inside = (v: number): number => Math.min(Math.max(v, 0), size - 1);
    const first = inside(Math.ceil(at.first / step)), last = inside(Math.floor(at.last / step));
    return {
      first: range.first + Math.min(first * stride, last * stride),
      last: range.last + Math.max(first * stride, last * stride),
    };
  }, { first: side.offset, last: side.offset });
  return [side.batch, ...parts].reduce(add, windows);
}

function reachOfOut({ offset, batch, row, column }: Product["out"]): Reach {
  return [batch, row, column].reduce(add, { first: offset, last: offset });
}

/** The product in pieces that are short and whose operands can be bound, or null where cutting rows, columns and batches does not get there. */
export function piecesOf(builder: Builder, piece: Piece): Piece[] | null {
  const { bindingBytes, storageBuffers } = builder.target;
  const refs = [piece.a, piece.b, piece.out];
  const reaches = (p: Product): Reach[] => [reachOf(p.a), reachOf(p.b), reachOfOut(p.out)];
  const bytes = (p: Product): number[] =>
    reaches(p).map(({ first, last }, i) => builder.partBytes(refs[i], first, last));
  const windows = (p: Product): number => bytes(p).reduce((n, b) => n + Math.ceil(b / bindingBytes), 0);
  const short = ({ a, b, out }: Product): boolean =>
    [out.batch, a.row, b.row, a.k].reduce((n, part) => n * sizeOfPart(part), 2) <= mostOperations;
  if (builder.fits(refs) && short(piece.product)) return [piece];
  const pieces: Piece[] = [];
  const stack = [piece.product];
  for (let p = stack.pop(); p !== undefined; p = stack.pop()) {
    if (windows(p) <= storageBuffers && short(p)) {
      const [a, b, out] = reaches(p).map(({ first, last }, i) => builder.part(refs[i], first, last));
      pieces.push({
        product: {
          ...p,
          a: { ...p.a, offset: p.a.offset - a.start },
          b: { ...p.b, offset: p.b.offset - b.start },
          out: { ...p.out, offset: p.out.offset - out.start },
        },
        a: a.ref,
        b: b.ref,
        out: out.ref,
      });
      continue;
    }
    const product = p;
    const total = (halves: readonly Product[]): number =>
      Math.max(...halves.map((half) => bytes(half).reduce((sum, b) => sum + b, 0)));
    const ways = (["batch", "row", "column"] as const).map((along) => cutProduct(product, along))
      .filter((halves) => halves !== null).sort((x, y) => total(x) - total(y));
    if (ways.length === 0) return null;
    stack.push(...ways[0]);
  }
  return pieces;
}

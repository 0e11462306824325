/**
 * The general matrix product in dispatches: which variant a shape takes, the kernels, and the sum over the parts of a product that was cut along k.
 *
 * @module
 */
import { type DType, kindOf } from "../../../dtype.ts";
import { DeviceError } from "../../../errors.ts";
import type { Instr, LoopKernel } from "../../../kernel/ir.ts";
import type { Builder, Ref } from "../builder.ts";
import { lowerLoop } from "../loops/lower.ts";
import { wordBytes } from "../storage.ts";
import { cutProduct, type Piece, piecesOf } from "./gemm_cut.ts";
import { renderDirect } from "./gemm_direct.ts";
import { isVector, merged, type Side, simplified, sizeOfPart } from "./gemm_index.ts";
import type { GemmJob, Product, Tile } from "./gemm_job.ts";
import { packSide } from "./gemm_pack.ts";
import { directTile, fitted, splitsOf, tiledTile } from "./gemm_tile.ts";
import { renderTiled } from "./gemm_tiled.ts";
import { collectsWindows, renderWindows } from "./gemm_windows.ts";

/** Adds the dispatches of a product. Sizes are at least 1. The result is contiguous. */
export function lowerProduct(
  builder: Builder,
  product: Product,
  a: Ref,
  b: Ref,
  out: Ref,
  types: [DType, DType],
  label: string,
): void {
  const pieces = piecesOf(builder, { product, a, b, out });
  // Pieces of the result are not cut along k by themselves.
  const long = pieces !== null && pieces.length > 1 && sizeOfPart(product.a.k) > builder.target.rounds;
  if (pieces !== null && !long) {
    for (const piece of pieces) lowerPiece(builder, piece, pieces.length === 1, types, label);
    return;
  }
  // A single element of the result reaches too much, or takes too long: halves along k are added up.
  const accumulate: DType = kindOf(product.dtype) === "int" ? "int32" : "float32";
  const count = builder.count(out), halves = cutProduct(product, "k");
  if (halves === null) {
    throw new DeviceError(`webgpu: ${label} needs more storage buffers than this device allows`);
  }
  const parts = halves.map((half) => {
    const part = builder.temp(builder.word(accumulate), count);
    lowerProduct(builder, { ...half, dtype: accumulate }, a, b, part, types, label);
    return part;
  });
  lowerLoop(builder, sumOfTwo(count, accumulate, product.dtype), parts, [out], label);
}

/** A product whose operands can be bound. `whole` says that its result is all of the buffer. */
function lowerPiece(
  builder: Builder,
  { product, a, b, out }: Piece,
  whole: boolean,
  types: [DType, DType],
  label: string,
): void {
  const m = sizeOfPart(product.a.row), n = sizeOfPart(product.b.row), k = sizeOfPart(product.a.k);
  const batches = Math.max(sizeOfPart(product.out.batch), 1);
  const { software } = builder.target;
  const sizes = { batches, m, n, k, outCount: batches * m * n };
  if (collectsWindows(product)) {
    const job: GemmJob = {
      ...product,
      ...sizes,
      parts: 1,
      kPart: k,
      extents: { a: builder.extent(a), b: builder.extent(b), out: builder.extent(out) },
      words: { a: types[0], b: types[1], out: product.dtype },
      aVector: null,
      bVector: null,
      outVector: false,
    };
    return builder.dispatch(renderWindows(job, builder.target), [a, b, out], label);
  }
  const prepared = (side: Side, ref: Ref, dtype: DType, uses: number): { side: Side; ref: Ref } => {
    const plain = simplified(side);
    const packed = software ? packSide(builder, plain, ref, dtype, uses, label) : null;
    return packed ?? { side: plain, ref };
  };
  const { side: sideA, ref: refA } = prepared(product.a, a, types[0], n);
  const { side: sideB, ref: refB } = prepared(product.b, b, types[1], m);
  const vectorOf = (side: Side): "row" | "k" | null =>
    isVector(side, "k") ? "k" : isVector(side, "row") ? "row" : null;
  const aVector = vectorOf(sideA);
  const large = (): Tile => builder.tiles.large(types, 2 * batches * m * n * k);
  const tile = software ? directTile(batches * m, m, n, k, aVector === "row") : fitted(
    tiledTile(batches, m, n, large),
    types.map((t) => wordBytes(builder.word(t))),
    builder.gpu.limits,
  );
  // Parts along k are added up by a loop over all of the result.
  const parts = whole
    ? Math.max(splitsOf(batches, m, n, k, tile, software), Math.ceil(k / builder.target.rounds))
    : 1;
  const kPart = Math.ceil(k / parts / 4) * 4;
  const cut = parts > 1 && kPart < k;
  const { outCount } = sizes;
  const accumulate: DType = kindOf(product.dtype) === "int" ? "int32" : "float32";
  const target = cut ? builder.temp(builder.word(accumulate), outCount * Math.ceil(k / kPart)) : out;
  const outParts = {
    offset: product.out.offset,
    batch: merged(product.out.batch),
    row: merged(product.out.row),
    column: merged(product.out.column),
  };
  const job: GemmJob = {
    ...product,
    a: sideA,
    b: sideB,
    out: outParts,
    ...sizes,
    parts: cut ? Math.ceil(k / kPart) : 1,
    kPart: cut ? kPart : k,
    extents: { a: builder.extent(refA), b: builder.extent(refB), out: builder.extent(target) },
    words: { a: types[0], b: types[1], out: cut ? accumulate : product.dtype },
    // Tiles of fewer than four rows may start inside a vector.
    aVector: aVector === "row" && tile.tm < 4 ? null : aVector,
    bVector: vectorOf(sideB),
    outVector: outCount % 4 === 0 && isVectorOut(outParts),
  };
  const rendered = software
    ? renderDirect(job, tile, builder.target)
    : renderTiled(job, tile, builder.target);
  builder.dispatch(rendered, [refA, refB, target], label);
  if (cut) {
    lowerLoop(builder, sumOfParts(outCount, job.parts, accumulate, product.dtype), [target], [out], label);
  }
}

function isVectorOut(out: Product["out"]): boolean {
  const last = out.column.extents.length - 1;
  return last >= 0 && out.offset % 4 === 0 && out.column.strides[last] === 1 &&
    out.column.extents[last] % 4 === 0 &&
    [...out.batch.strides, ...out.row.strides, ...out.column.strides.slice(0, last)].every((s) =>
      s % 4 === 0
    );
}

/** The sum of two results. */
function sumOfTwo(count: number, from: DType, to: DType): LoopKernel {
  const at = { offset: 0, strides: [1] };
  const load = (input: number): Instr => ({ op: "load", dtype: from, level: "outer", input, at, guards: [] });
  const code: Instr[] = [
    load(0),
    load(1),
    { op: "apply", fn: "add", dtype: from, level: "outer", args: [0, 1] },
    { op: "cast", dtype: to, level: "outer", arg: 2 },
    { op: "store", dtype: to, level: "outer", output: 0, at, arg: from === to ? 2 : 3 },
  ];
  return { outer: [count], inner: [], inputs: [from, from], outputs: [to], code };
}

/** The sum over the parts, in order. */
function sumOfParts(count: number, parts: number, from: DType, to: DType): LoopKernel {
  const code: Instr[] = [
    { op: "load", dtype: from, level: "inner", input: 0, at: { offset: 0, strides: [1, count] }, guards: [] },
    { op: "reduce", dtype: from, level: "outer", combiner: "sum", arg: 0 },
    { op: "cast", dtype: to, level: "outer", arg: 1 },
    {
      op: "store",
      dtype: to,
      level: "outer",
      output: 0,
      at: { offset: 0, strides: [1, 0] },
      arg: from === to ? 1 : 2,
    },
  ];
  return { outer: [count], inner: [parts], inputs: [from], outputs: [to], code };
}

/**
 * The code of convolutions by Winograd's method F(2x2, 3x3): the transforms of filters, of tiles of the image and of their products, around the
 * micro-kernels of the matrix product. Who fills the argument blocks, and when the method pays, is winograd.ts.
 *
 * Every 2 x 2 outputs take a 4 x 4 tile of the image. With the transforms B, G and A below, output = A' ((G g G') * (B' d B)) A, and * is an elementwise
 * product: over many channels, tiles and filters, sixteen matrix products with 16/36 of the multiplications.
 *
 * @module
 */
import { type Callable, type Func, type Local, ModuleBuilder } from "../../wasm/assembler.ts";
import type { Expr } from "../../wasm/expr.ts";
import { f32x4, i32, i8x16, select, v128 } from "../../wasm/opcodes.ts";
import { laneOps, sharedMemory } from "../lane_ops.ts";
import { defineMicroKernels, type GemmForm } from "../product/micro_code.ts";

/** Places in the argument block of the filters' transform, in 32-bit words. */
export const filterWords = {
  w: 0,
  out: 1,
  rows: 2,
  depth: 3,
  /** Bytes from one filter to the next. */
  wGroup: 4,
  wRow: 5,
  wDepth: 6,
  /** Bytes between the transformed filters of groups, and for each element of one, in which of the sixteen matrices it goes, in bytes from the first. */
  group: 7,
  matrices: 8,
  length: 24,
} as const;

/** Places in the argument block of the convolution, in 32-bit words. */
export const winogradWords = {
  x: 0,
  /** The transformed filters. */
  filters: 1,
  c: 2,
  rows: 3,
  depth: 4,
  groups: 5,
  /** Height and width of the result. */
  height: 6,
  width: 7,
  /** Rows of tiles, vectors of tiles across, and rows of tiles that a thread takes at a time. */
  down: 8,
  across: 9,
  strip: 10,
  strips: 11,
  /** Bytes between images, channels and rows of x. */
  xImage: 12,
  xChannel: 13,
  xRow: 14,
  /** Bytes between the sixteen matrices of filters, of tiles (in panels of the register tile's width) and of products. */
  filterMatrix: 15,
  tileMatrix: 16,
  productMatrix: 17,
  /** Bytes between rows of products. */
  productRow: 18,
  /** Where the products are in a thread's scratch memory, after the tiles. */
  products: 19,
  length: 20,
} as const;

/** The register tile of the products; tiles of the image are packed for it. */
export const registerTile: GemmForm = { directA: false, directB: false, whole: false, rows: 6, vectors: 2 };

const four = ["i32", "i32", "i32", "i32"] as const;

const six = [...four, "i32", "i32"] as const;
/** Bytes of a row of a panel of tiles, and of a register tile of products. */
export const PANEL_ROW = registerTile.vectors * 16;

/** A vector in a local. */
export type Vec = Local<"v128">;
type Vector = Expr<"v128">;

const { add, sub } = f32x4;

/** A module with the kernels `filters` and `tiles`, in this order. */
export function winogradModule(relaxed: boolean): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder(sharedMemory);
  defineFilters(module);
  defineTiles(module, relaxed);
  return module.encode();
}

/** Words `lanes` of the eight in a and b. */
export function words(a: Vector, b: Vector, lanes: readonly number[]): Vector {
  return i8x16.shuffle(a, b, lanes.flatMap((w) => [4 * w, 4 * w + 1, 4 * w + 2, 4 * w + 3]));
}

/** G t: [t0, (t0 + t1 + t2) / 2, (t0 - t1 + t2) / 2, t2]. */
function filterTransform(f: Func, [a, b, c]: readonly Vec[]): Vec[] {
  const half = f32x4.constSplat(0.5), ends = f.keep(add(a, c));
  return [a, f.keep(f32x4.mul(add(ends, b), half)), f.keep(f32x4.mul(sub(ends, b), half)), c];
}

/** B' t: [t0 - t2, t1 + t2, t2 - t1, t1 - t3]. */
function tileTransform(f: Func, [a, b, c, d]: readonly Vec[]): Vec[] {
  return [sub(a, c), add(b, c), sub(c, b), sub(b, d)].map((v) => f.keep(v));
}

/** A' t: [t0 + t1 + t2, t1 - t2 - t3]. */
function outputTransform(f: Func, [a, b, c, d]: readonly Vec[]): Vec[] {
  return [f.keep(add(add(a, b), c)), f.keep(sub(sub(b, c), d))];
}

/** Rows become columns. */
export function transpose(f: Func, rows: readonly Vec[]): Vec[] {
  const [a, b] = [0, 2].map((i) => f.keep(words(rows[i], rows[i + 1], [0, 4, 1, 5])));
  const [c, d] = [0, 2].map((i) => f.keep(words(rows[i], rows[i + 1], [2, 6, 3, 7])));
  const low = [0, 1, 4, 5], high = [2, 3, 6, 7];
  return [words(a, b, low), words(a, b, high), words(c, d, low), words(c, d, high)].map((v) => f.keep(v));
}

/** (start, end, args, scratch): filters [groups, rows, depth] of 3 x 3 to [groups, 16, rows, depth]. */
function defineFilters(module: ModuleBuilder): void {
  module.func("filters", four, "void", (f, start, end, args) => {
    const word = (name: keyof typeof filterWords) => f.keep(i32.load(args, 4 * filterWords[name]));
    const rows = word("rows"), depth = word("depth"), size = f.keep(i32.mul(rows, depth));
    const w = word("w"), out = word("out");
    const wGroup = word("wGroup"), wRow = word("wRow"), wDepth = word("wDepth"), outGroup = word("group");
    const from = f.local("i32"), to = f.local("i32"), inGroup = f.local("i32"), group = f.local("i32");
    f.while(() => i32.ltS(start, end), () =>
      f.scope(() => {
        f.set(group, i32.divU(start, size));
        f.set(inGroup, i32.remU(start, size));
        f.set(from, i32.add(w, i32.mul(group, wGroup)));
        f.increase(from, i32.mul(i32.divU(inGroup, depth), wRow));
        f.increase(from, i32.mul(i32.remU(inGroup, depth), wDepth));
        f.set(to, i32.add(i32.add(out, i32.mul(group, outGroup)), i32.mul(inGroup, 4)));
        const taps = [0, 12, 24].map((offset) => f.keep(v128.load(from, offset)));
        const columns = transpose(f, filterTransform(f, taps));
        filterTransform(f, columns.slice(0, 3)).forEach((column, j) => {
          for (let i = 0; i < 4; i++) {
            const matrix = i32.load(args, 4 * (filterWords.matrices + 4 * i + j));
            f.do(v128.store32Lane(i32.add(to, matrix), column, i));
          }
        });
        f.increase(start, 1);
      }));
  });
}

/** (from, rowStride, to, matrixStride): four tiles beside each other of one channel. */
export function defineTileTransform(module: ModuleBuilder): Callable<typeof four, "void"> {
  return module.func(null, four, "void", (f, from, rowStride, to, matrixStride) => {
    const even = [0, 2, 4, 6], odd = [1, 3, 5, 7];
    const tile = [0, 1, 2, 3].map((row) => {
      if (row > 0) f.increase(from, rowStride);
      const [a, b, c, d] = [0, 16, 8, 24].map((offset) => f.keep(v128.load(from, offset)));
      return tileTransform(
        f,
        [words(a, b, even), words(a, b, odd), words(c, d, even), words(c, d, odd)].map((v) => f.keep(v)),
      );
    });
    const columns = [0, 1, 2, 3].map((j) => tileTransform(f, tile.map((row) => row[j])));
    for (let i = 0; i < 4; i++) {
      for (let j = 0; j < 4; j++) {
        f.do(v128.store(to, columns[j][i]));
        f.increase(to, matrixStride);
      }
    }
  });
}

/** (from, matrixStride, to, rowStride, columns, bothRows): the outputs of four tiles beside each other; `columns` of the eight exist. */
function defineOutputTransform(module: ModuleBuilder): Callable<typeof six, "void"> {
  return module.func(null, six, "void", (f, from, matrixStride, to, rowStride, columns, bothRows) => {
    const products = Array.from({ length: 16 }, () => {
      const product = f.keep(v128.load(from));
      f.increase(from, matrixStride);
      return product;
    });
    const halves = [0, 1, 2, 3].map((j) => outputTransform(f, [0, 1, 2, 3].map((i) => products[4 * i + j])));
    const store = (row: number) => {
      const [left, right] = outputTransform(f, halves.map((column) => column[row]));
      const first = f.keep(words(left, right, [0, 4, 1, 5])),
        second = f.keep(words(left, right, [2, 6, 3, 7]));
      f.if(i32.geS(columns, 8), () => {
        f.do(v128.store(to, first));
        f.do(v128.store(to, second, 16));
      }, () => {
        for (let column = 0; column < 7; column++) {
          const value = column < 4 ? first : second;
          f.if(i32.gtS(columns, column), () => f.do(v128.store32Lane(to, value, column % 4, 4 * column)));
        }
      });
    };
    store(0);
    f.if(bothRows, () => {
      f.increase(to, rowStride);
      store(1);
    });
  });
}

/** (start, end, args, scratch): strips of the result, each with all its channels. */
function defineTiles(module: ModuleBuilder, relaxed: boolean): void {
  const micro = defineMicroKernels(module, laneOps("float32", relaxed), registerTile);
  const transformTiles = defineTileTransform(module), transformOutput = defineOutputTransform(module);
  module.func("tiles", four, "void", (f, start, end, args, scratch) => {
    const word = (name: keyof typeof winogradWords) => f.keep(i32.load(args, 4 * winogradWords[name]));
    const smaller = (a: Expr<"i32">, b: Expr<"i32">) => {
      const x = f.keep(a), y = f.keep(b);
      return f.keep(select(i32.ltS(x, y), x, y));
    };
    const indices = (count: number) => Array.from({ length: count }, () => f.local("i32"));
    const rows = word("rows"), depth = word("depth"), groups = word("groups");
    const height = word("height"), width = word("width");
    const down = word("down"), across = word("across"), strip = word("strip"), strips = word("strips");
    const xImage = word("xImage"), xChannel = word("xChannel"), xRow = word("xRow");
    const filterMatrix = word("filterMatrix"), tileMatrix = word("tileMatrix");
    const productMatrix = word("productMatrix"), productRow = word("productRow");
    const products = f.keep(i32.add(scratch, word("products")));
    const rowBytes = f.keep(i32.mul(width, 4)), plane = f.keep(i32.mul(rowBytes, height));
    const aStep = f.keep(i32.mul(depth, 4)), panel = f.keep(i32.mul(depth, PANEL_ROW));
    f.while(() => i32.ltS(start, end), () => {
      const product = f.keep(i32.divU(start, strips)), top = f.keep(i32.mul(i32.remU(start, strips), strip));
      const image = i32.divU(product, groups), group = f.keep(i32.remU(product, groups));
      const count = smaller(strip, i32.sub(down, top)), vectors = f.keep(i32.mul(count, across));
      const [k, r, q, from, to, m, n, p, a, b] = indices(10);

      const x = f.keep(i32.add(i32.load(args, 4 * winogradWords.x), i32.mul(image, xImage)));
      f.increase(x, i32.mul(i32.mul(group, depth), xChannel));
      f.increase(x, i32.mul(i32.mul(top, 2), xRow));
      f.for(k, 0, depth, 1, () => {
        f.set(n, 0);
        f.for(r, 0, count, 1, () => {
          f.set(from, i32.add(x, i32.mul(i32.mul(r, 2), xRow)));
          f.for(q, 0, across, 1, () => {
            f.set(to, i32.add(scratch, i32.mul(i32.shrU(n, 1), panel)));
            // The last panel is a single vector wide where their number is odd.
            const lone = i32.geS(i32.or(n, 1), vectors);
            f.increase(to, i32.mul(k, select(lone, i32.const(PANEL_ROW / 2), i32.const(PANEL_ROW))));
            f.increase(to, i32.mul(i32.and(n, 1), 16));
            f.do(transformTiles.call(from, xRow, to, tileMatrix));
            f.increase(from, 32);
            f.increase(n, 1);
          });
        });
        f.increase(x, xChannel);
      });

      const filters = f.keep(i32.load(args, 4 * winogradWords.filters));
      f.increase(filters, i32.mul(i32.mul(group, 16), filterMatrix));
      f.for(p, 0, 16, 1, () => {
        f.for(m, 0, rows, registerTile.rows, () => {
          const mr = smaller(i32.sub(rows, m), i32.const(registerTile.rows));
          f.set(a, i32.add(i32.add(filters, i32.mul(p, filterMatrix)), i32.mul(m, aStep)));
          f.set(b, i32.add(scratch, i32.mul(p, tileMatrix)));
          f.set(to, i32.add(i32.add(products, i32.mul(p, productMatrix)), i32.mul(m, productRow)));
          f.for(n, 0, vectors, registerTile.vectors, () => {
            const nv = smaller(i32.sub(vectors, n), i32.const(registerTile.vectors));
            f.do(micro.call(mr, nv, a, aStep, b, 0, to, productRow, depth, 0));
            f.increase(b, panel);
            f.increase(to, PANEL_ROW);
          });
        });
      });

      const c = f.keep(i32.add(i32.load(args, 4 * winogradWords.c), i32.mul(i32.mul(product, rows), plane)));
      f.increase(c, i32.mul(i32.mul(top, 2), rowBytes));
      f.for(m, 0, rows, 1, () => {
        f.set(from, i32.add(products, i32.mul(m, productRow)));
        f.for(r, 0, count, 1, () => {
          f.set(to, i32.add(c, i32.mul(i32.mul(r, 2), rowBytes)));
          const both = f.keep(i32.ltS(i32.add(i32.mul(i32.add(top, r), 2), 1), height));
          f.for(q, 0, across, 1, () => {
            const columns = i32.sub(width, i32.mul(q, 8));
            f.do(transformOutput.call(from, productMatrix, to, rowBytes, columns, both));
            f.increase(from, 16);
            f.increase(to, 32);
          });
        });
        f.increase(c, plane);
      });
      f.increase(start, 1);
    });
  });
}

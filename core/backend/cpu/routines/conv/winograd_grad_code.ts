/**
 * The code of the gradient of 3 x 3 filters by Winograd's method, the adjoint of winograd_code.ts: with its transforms, the gradient is G' (sum over tiles of (A y A') * (B' d B)) G,
 * where y are the 2 x 2 gradients of a tile's outputs. Who fills the argument block is winograd_grad.ts.
 *
 * @module
 */
import { type Callable, type Func, ModuleBuilder } from "../../wasm/assembler.ts";
import type { Expr } from "../../wasm/expr.ts";
import { f32x4, i32, select, v128 } from "../../wasm/opcodes.ts";
import { laneOps, sharedMemory } from "../lane_ops.ts";
import { defineMicroKernels } from "../product/micro_code.ts";
import { defineTileTransform, PANEL_ROW, registerTile, transpose, type Vec, words } from "./winograd_code.ts";

/** Places in the argument block, in 32-bit words. */
export const gradWords = {
  x: 0,
  g: 1,
  /** The sums of each part and group: [parts, groups, 16, rows, vectors of 4]. */
  partials: 2,
  out: 3,
  /** Channels of g and of x in a group, and vectors of the latter. */
  rows: 4,
  depth: 5,
  vectors: 6,
  groups: 7,
  /** Rows of tiles, vectors of tiles across, rows of tiles that are summed at a time, and how many times that is an image. */
  down: 8,
  across: 9,
  strip: 10,
  strips: 11,
  /** Strips of all images, and parts that they are divided into. */
  units: 12,
  parts: 13,
  /** Bytes between images, channels and rows of x and of g. */
  xImage: 14,
  xChannel: 15,
  xRow: 16,
  gImage: 17,
  gChannel: 18,
  gRow: 19,
  /** Bytes between the sixteen matrices of tiles and of gradients, and between rows of the latter. */
  tileMatrix: 20,
  gradMatrix: 21,
  gradRow: 22,
  /** Bytes between the sixteen matrices of sums. */
  sumMatrix: 23,
  /** Where the gradients and four channels of tiles are in a thread's scratch memory, after the tiles. */
  grads: 24,
  channels: 25,
  length: 26,
} as const;

/** Bytes of four channels of four tiles. */
export const CHANNELS_BYTES = 16 * 4 * 16;

const four = ["i32", "i32", "i32", "i32"] as const;

/** A module with the kernels `sums` and `filters`, in this order. */
export function winogradGradModule(relaxed: boolean): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder(sharedMemory);
  defineSums(module, relaxed);
  defineFilterGrads(module);
  return module.encode();
}

/** A t: [t0, t0 + t1, t0 - t1, -t1]. */
function gradTransform(f: Func, [a, b]: readonly Vec[]): Vec[] {
  return [a, f.keep(f32x4.add(a, b)), f.keep(f32x4.sub(a, b)), f.keep(f32x4.neg(b))];
}

/** G' t: [t0 + (t1 + t2) / 2, (t1 - t2) / 2, (t1 + t2) / 2 + t3]. */
function filterAdjoint(f: Func, [a, b, c, d]: readonly Vec[]): Vec[] {
  const half = f32x4.constSplat(0.5), middle = f.keep(f32x4.mul(f32x4.add(b, c), half));
  return [f32x4.add(a, middle), f32x4.mul(f32x4.sub(b, c), half), f32x4.add(middle, d)].map((v) => f.keep(v));
}

/** (from, rowStride, to, matrixStride): the gradients of four tiles beside each other of one channel. */
function defineGradTransform(module: ModuleBuilder): Callable<typeof four, "void"> {
  return module.func(null, four, "void", (f, from, rowStride, to, matrixStride) => {
    const rows = [0, 1].map((row) => {
      if (row > 0) f.increase(from, rowStride);
      const [a, b] = [0, 16].map((offset) => f.keep(v128.load(from, offset)));
      return gradTransform(f, [words(a, b, [0, 2, 4, 6]), words(a, b, [1, 3, 5, 7])].map((v) => f.keep(v)));
    });
    const columns = [0, 1, 2, 3].map((j) => gradTransform(f, rows.map((row) => row[j])));
    for (let i = 0; i < 4; i++) {
      for (let j = 0; j < 4; j++) {
        f.do(v128.store(to, columns[j][i]));
        f.increase(to, matrixStride);
      }
    }
  });
}

/** (from, to, rowStride, matrixStride): four channels [16, channels, tiles] to [16, tiles, channels]. */
function defineTurn(module: ModuleBuilder): Callable<typeof four, "void"> {
  return module.func(null, four, "void", (f, from, to, rowStride, matrixStride) => {
    const matrix = f.local("i32"), at = f.local("i32");
    f.for(matrix, 0, 16, 1, () => {
      f.set(at, to);
      f.scope(() => {
        for (const tile of transpose(f, [0, 16, 32, 48].map((offset) => f.keep(v128.load(from, offset))))) {
          f.do(v128.store(at, tile));
          f.increase(at, rowStride);
        }
      });
      f.increase(from, 64);
      f.increase(to, matrixStride);
    });
  });
}

/** (start, end, args, scratch): the sums of parts and groups. */
function defineSums(module: ModuleBuilder, relaxed: boolean): void {
  const micro = defineMicroKernels(module, laneOps("float32", relaxed), registerTile);
  const transformTiles = defineTileTransform(module), transformGrads = defineGradTransform(module);
  const turn = defineTurn(module);
  module.func("sums", four, "void", (f, start, end, args, scratch) => {
    const word = (name: keyof typeof gradWords) => f.keep(i32.load(args, 4 * gradWords[name]));
    const smaller = (a: Expr<"i32">, b: Expr<"i32">) => {
      const x = f.keep(a), y = f.keep(b);
      return f.keep(select(i32.ltS(x, y), x, y));
    };
    const indices = (count: number) => Array.from({ length: count }, () => f.local("i32"));
    const rows = word("rows"), depth = word("depth"), vectors = word("vectors"), groups = word("groups");
    const down = word("down"), across = word("across"), strip = word("strip"), strips = word("strips");
    const units = word("units"), parts = word("parts");
    const xChannel = word("xChannel"), xRow = word("xRow"), gChannel = word("gChannel"), gRow = word("gRow");
    const tileMatrix = word("tileMatrix"), gradMatrix = word("gradMatrix"), gradRow = word("gradRow");
    const grads = f.keep(i32.add(scratch, word("grads"))),
      channels = f.keep(i32.add(scratch, word("channels")));
    const outRow = f.keep(i32.mul(vectors, 16)), outMatrix = word("sumMatrix");
    f.while(() => i32.ltS(start, end), () => {
      const part = f.keep(i32.divU(start, groups)), group = f.keep(i32.remU(start, groups));
      const out = f.keep(i32.add(word("partials"), i32.mul(i32.mul(start, 16), outMatrix)));
      const [unit, last, accumulate, k, c, r, q, n, from, to, m, p, a, b] = indices(14);
      f.set(unit, i32.divU(i32.mul(part, units), parts));
      f.set(last, i32.divU(i32.mul(i32.add(part, 1), units), parts));
      f.set(accumulate, 0);
      f.while(() => i32.ltS(unit, last), () => {
        const image = f.keep(i32.divU(unit, strips)), top = f.keep(i32.mul(i32.remU(unit, strips), strip));
        const count = smaller(strip, i32.sub(down, top)), tiles = f.keep(i32.mul(i32.mul(count, across), 4));
        const panel = f.keep(i32.mul(tiles, PANEL_ROW));
        const eachVector = (base: Expr<"i32">, rowStride: Expr<"i32">, visit: () => void) => {
          const first = f.keep(base);
          f.set(n, 0);
          f.for(r, 0, count, 1, () => {
            f.set(from, i32.add(first, i32.mul(i32.mul(r, 2), rowStride)));
            f.for(q, 0, across, 1, () => {
              visit();
              f.increase(from, 32);
              f.increase(n, 1);
            });
          });
        };

        const x = f.keep(i32.add(word("x"), i32.mul(image, word("xImage"))));
        f.increase(x, i32.add(i32.mul(i32.mul(group, depth), xChannel), i32.mul(i32.mul(top, 2), xRow)));
        f.for(k, 0, depth, 4, () => {
          const some = smaller(i32.sub(depth, k), i32.const(4));
          const vector = f.keep(i32.shrU(k, 2));
          // The last panel is a single vector wide where their number is odd.
          const lone = i32.geS(i32.or(vector, 1), vectors);
          const row = f.keep(select(lone, i32.const(PANEL_ROW / 2), i32.const(PANEL_ROW)));
          const place = f.keep(i32.add(scratch, i32.mul(i32.shrU(vector, 1), panel)));
          f.increase(place, i32.mul(i32.and(vector, 1), 16));
          eachVector(x, xRow, () => {
            f.set(a, from);
            f.set(to, channels);
            f.for(c, 0, some, 1, () => {
              f.do(transformTiles.call(a, xRow, to, 64));
              f.increase(a, xChannel);
              f.increase(to, 16);
            });
            f.do(turn.call(channels, i32.add(place, i32.mul(i32.mul(n, 4), row)), row, tileMatrix));
          });
          f.increase(x, i32.mul(xChannel, 4));
        });

        const g = f.keep(i32.add(word("g"), i32.mul(image, word("gImage"))));
        f.increase(g, i32.add(i32.mul(i32.mul(group, rows), gChannel), i32.mul(i32.mul(top, 2), gRow)));
        f.for(m, 0, rows, 1, () => {
          f.set(to, i32.add(grads, i32.mul(m, gradRow)));
          eachVector(g, gRow, () => {
            f.do(transformGrads.call(from, gRow, to, gradMatrix));
            f.increase(to, 16);
          });
          f.increase(g, gChannel);
        });

        f.for(p, 0, 16, 1, () => {
          f.for(m, 0, rows, registerTile.rows, () => {
            const mr = smaller(i32.sub(rows, m), i32.const(registerTile.rows));
            f.set(a, i32.add(i32.add(grads, i32.mul(p, gradMatrix)), i32.mul(m, gradRow)));
            f.set(b, i32.add(scratch, i32.mul(p, tileMatrix)));
            f.set(to, i32.add(i32.add(out, i32.mul(p, outMatrix)), i32.mul(m, outRow)));
            f.for(n, 0, vectors, registerTile.vectors, () => {
              const nv = smaller(i32.sub(vectors, n), i32.const(registerTile.vectors));
              f.do(micro.call(mr, nv, a, gradRow, b, 0, to, outRow, tiles, accumulate));
              f.increase(b, panel);
              f.increase(to, PANEL_ROW);
            });
          });
        });
        f.set(accumulate, 1);
        f.increase(unit, 1);
      });
      f.increase(start, 1);
    });
  });
}

/** (start, end, args, scratch): vectors of filters, from the sums of all parts. */
function defineFilterGrads(module: ModuleBuilder): void {
  module.func("filters", four, "void", (f, start, end, args) => {
    const word = (name: keyof typeof gradWords) => f.keep(i32.load(args, 4 * gradWords[name]));
    const rows = word("rows"), depth = word("depth"), vectors = word("vectors"), parts = word("parts");
    const matrix = word("sumMatrix");
    const partBytes = f.keep(i32.mul(i32.mul(word("groups"), matrix), 16));
    const part = f.local("i32"), at = f.local("i32"), to = f.local("i32"), channel = f.local("i32");
    const sums = Array.from({ length: 16 }, () => f.local("v128"));
    f.while(() => i32.ltS(start, end), () => {
      const row = f.keep(i32.divU(start, vectors)), group = f.keep(i32.divU(row, rows));
      f.set(channel, i32.mul(i32.remU(start, vectors), 4));
      const first = f.keep(i32.add(word("partials"), i32.mul(i32.mul(group, 16), matrix)));
      f.increase(first, i32.mul(i32.sub(start, i32.mul(i32.mul(group, rows), vectors)), 16));
      for (const sum of sums) f.set(sum, f32x4.constSplat(0));
      f.for(part, 0, parts, 1, () => {
        f.set(at, first);
        for (const sum of sums) {
          f.set(sum, f32x4.add(sum, v128.load(at)));
          f.increase(at, matrix);
        }
        f.increase(first, partBytes);
      });
      const columns = [0, 1, 2, 3].map((j) => filterAdjoint(f, [0, 1, 2, 3].map((i) => sums[4 * i + j])));
      const taps = [0, 1, 2].flatMap((i) => filterAdjoint(f, columns.map((column) => column[i])));
      f.set(to, i32.add(word("out"), i32.mul(i32.add(i32.mul(row, depth), channel), 36)));
      for (let lane = 0; lane < 4; lane++) {
        f.if(
          i32.ltS(channel, depth),
          () => taps.forEach((tap, i) => f.do(v128.store32Lane(to, tap, lane, 4 * i))),
        );
        f.increase(to, 36);
        f.increase(channel, 1);
      }
      f.increase(start, 1);
    });
  });
}

/**
 * The code of depthwise convolutions, where every channel has filters of its own: windows are summed row by row, several vectors of outputs at a time, and so is the gradient of
 * the filters. Who fills the argument block is depthwise.ts.
 *
 * @module
 */
import { type Func, type Local, ModuleBuilder } from "../../wasm/assembler.ts";
import type { Expr } from "../../wasm/expr.ts";
import { i32, i8x16, v128 } from "../../wasm/opcodes.ts";
import { type FloatOps, floatOps, type FloatType, sharedMemory } from "../floats.ts";

/** Places in the argument block, in 32-bit words. */
export const depthwiseWords = {
  x: 0,
  /** The filters; for their gradient, that of the result. */
  w: 1,
  out: 2,
  /** Channels of the result, and how many of them share a channel of x. */
  channels: 3,
  multiplier: 4,
  /** Rows of an image of the result, and rows that a thread takes at a time. */
  rows: 5,
  strip: 6,
  strips: 7,
  /** Bytes between images and channels of x, between filters; and between images and channels of the result's gradient. */
  xImage: 8,
  xChannel: 9,
  wChannel: 10,
  gImage: 11,
  gChannel: 12,
  /** Images, for the gradient. */
  batch: 13,
  /** Tables: the byte offset of each tap in x and in the filter, and of each row in x and in the result's gradient. */
  xTaps: 14,
  wTaps: 15,
  xRows: 16,
  gRows: 17,
  length: 18,
} as const;

const four = ["i32", "i32", "i32", "i32"] as const;

type Int = Local<"i32">;
type Vec = Local<"v128">;

/** Most vectors of outputs side by side, and taps whose gradients are summed at the same time. */
const VECTORS = 8, SUMS = 9;

/** What the code is made for. */
export interface DepthwiseForm {
  readonly dtype: FloatType;
  /** Elements of a filter. */
  readonly taps: number;
  /** Outputs of a row. */
  readonly width: number;
  /** Elements of x from one output of a row to the next. */
  readonly step: 1 | 2;
}

/** A module with the kernels `rows` and `filters`, in this order. */
export function depthwiseModule(form: DepthwiseForm, relaxed: boolean): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder(sharedMemory), ops = floatOps(form.dtype, relaxed);
  defineRows(module, ops, form);
  defineFilters(module, ops, form);
  return module.encode();
}

/** The elements of x for the vector of outputs number `v` of those that begin at an address. */
function loadAt({ bytes, lanes }: FloatOps, step: 1 | 2, address: Expr<"i32">, v = 0): Expr<"v128"> {
  if (step === 1) return v128.load(address, 16 * v);
  // Every second element. The second vector begins one before those it is for, so that nothing past the last is read.
  const from = Array.from({ length: lanes }, (_, i) => 2 * i < lanes ? 2 * i : 2 * i + 1);
  const order = from.flatMap((lane) => Array.from({ length: bytes }, (_, byte) => lane * bytes + byte));
  return i8x16.shuffle(v128.load(address, 32 * v), v128.load(address, 32 * v + 16 - bytes), order);
}

/** Bytes of scratch memory that a thread needs. */
export function depthwiseScratch(taps: number): number {
  return 32 * taps;
}

/** (start, end, args, scratch): strips of rows of the result. */
function defineRows(module: ModuleBuilder, ops: FloatOps, { taps, width, step }: DepthwiseForm): void {
  const { bytes, lanes, madd, splat, zero, storeLane } = ops, all = Math.ceil(width / lanes);
  // As many vectors at a time as make equal parts of a row. The last part may overlap the one before.
  const vectors = Math.ceil(all / Math.ceil(all / VECTORS)), part = vectors * lanes;
  module.func("rows", four, "void", (f, start, end, args, scratch) => {
    const word = (name: keyof typeof depthwiseWords) => f.keep(i32.load(args, 4 * depthwiseWords[name]));
    const channels = word("channels"), rows = word("rows"), strip = word("strip"), strips = word("strips");
    const xRows = word("xRows"), wTaps = word("wTaps"), xTaps = word("xTaps");
    const row = f.local("i32"), last = f.local("i32"), from = f.local("i32"), at = f.local("i32");
    const out = f.local("i32"), left = f.local("i32"), weight = f.local("v128");
    const sums = Array.from({ length: vectors }, () => f.local("v128"));
    const outputs = (count: number) => {
      for (const sum of sums) f.set(sum, zero);
      for (let tap = 0; tap < taps; tap++) {
        f.set(at, i32.add(from, i32.load(xTaps, 4 * tap)));
        f.set(weight, v128.load(scratch, 16 * tap));
        sums.forEach((sum, v) => f.set(sum, madd(weight, loadAt(ops, step, at, v), sum)));
      }
      sums.forEach((sum, v) => {
        if ((v + 1) * lanes <= count) return f.do(v128.store(out, sum, 16 * v));
        for (let lane = 0; lane < count - v * lanes; lane++) {
          f.do(storeLane(out, sum, lane, 16 * v + lane * bytes));
        }
      });
    };
    const move = (outputs: number) => {
      f.increase(from, outputs * step * bytes);
      f.increase(out, outputs * bytes);
    };
    f.while(() => i32.ltS(start, end), () => {
      const plane = f.keep(i32.divU(start, strips)), channel = f.keep(i32.remU(plane, channels));
      const w = f.keep(i32.add(word("w"), i32.mul(channel, word("wChannel"))));
      for (let tap = 0; tap < taps; tap++) {
        f.do(v128.store(scratch, splat(i32.add(w, i32.load(wTaps, 4 * tap))), 16 * tap));
      }
      const x = f.keep(i32.add(word("x"), i32.mul(i32.divU(plane, channels), word("xImage"))));
      f.increase(x, i32.mul(i32.divU(channel, word("multiplier")), word("xChannel")));
      f.set(row, i32.mul(i32.remU(start, strips), strip));
      f.set(out, i32.add(word("out"), i32.mul(i32.add(i32.mul(plane, rows), row), width * bytes)));
      f.set(last, i32.add(row, strip));
      f.if(i32.gtS(last, rows), () => f.set(last, rows));
      f.while(() => i32.ltS(row, last), () => {
        f.set(from, i32.add(x, i32.load(i32.add(xRows, i32.mul(row, 4)))));
        if (part >= width) {
          outputs(width);
          move(width);
        } else {
          f.set(left, Math.floor(width / part));
          f.while(() => i32.gtS(left, 0), () => {
            outputs(part);
            move(part);
            f.increase(left, -1);
          });
          if (width % part > 0) {
            move(width % part - part);
            outputs(part);
            move(part);
          }
        }
        f.increase(row, 1);
      });
      f.increase(start, 1);
    });
  });
}

/** The sum of a vector's lanes, in its first lane. */
function sumOfLanes({ lanes, add }: FloatOps, f: Func, v: Expr<"v128">): Vec {
  let sum = f.keep(v);
  for (let distance = 8; distance >= 16 / lanes; distance /= 2) {
    const turned = Array.from({ length: 16 }, (_, i) => (i + distance) % 16);
    sum = f.keep(add(sum, i8x16.shuffle(sum, sum, turned)));
  }
  return sum;
}

/** (start, end, args, scratch): the gradients of channels' filters: sums of rows, of images and of all, one after the other. */
function defineFilters(module: ModuleBuilder, ops: FloatOps, { taps, width, step }: DepthwiseForm): void {
  const { bytes, lanes, add, madd, zero, loadOne, loadLane, storeLane } = ops;
  const rest = width % lanes, groups = Math.ceil(taps / SUMS), together = Math.ceil(taps / groups);
  module.func("filters", four, "void", (f, start, end, args, scratch) => {
    const word = (name: keyof typeof depthwiseWords) => f.keep(i32.load(args, 4 * depthwiseWords[name]));
    const rows = word("rows"), batch = word("batch"), xRows = word("xRows"), gRows = word("gRows");
    const xTaps = word("xTaps"), image = f.local("i32"), row = f.local("i32"), place = f.local("i32");
    const from = f.local("i32"), g = f.local("i32"), out = f.local("i32"), value = f.local("v128");
    const sums = Array.from({ length: together }, () => f.local("v128"));
    const at = Array.from({ length: together }, () => f.local("i32"));
    const images = f.keep(i32.add(scratch, 16 * taps));
    const eachTap = (visit: (tap: number) => void) => {
      for (let tap = 0; tap < taps; tap++) visit(tap);
    };
    /** The elements that are left of a row, with zeros behind them. */
    const ending = (row: Int, offset: number, step: number) => {
      let vector = loadOne(row, offset * step);
      for (let lane = 1; lane < rest; lane++) {
        vector = loadLane(row, vector, lane, (offset + lane * bytes) * step);
      }
      return vector;
    };
    const sumRow = (first: number) => {
      const own = sums.slice(0, Math.min(together, taps - first));
      own.forEach((sum, t) => {
        f.set(sum, zero);
        f.set(at[t], i32.add(from, i32.load(xTaps, 4 * (first + t))));
      });
      f.set(g, i32.add(out, i32.load(i32.add(gRows, i32.mul(row, 4)))));
      const whole = 16 * Math.floor(width / lanes);
      f.for(place, 0, whole, 16, () => {
        f.set(value, v128.load(i32.add(g, place)));
        own.forEach((sum, t) =>
          f.set(
            sum,
            madd(value, loadAt(ops, step, i32.add(at[t], step === 1 ? place : i32.shl(place, 1))), sum),
          )
        );
      });
      if (rest > 0) {
        f.set(value, ending(g, whole, 1));
        own.forEach((sum, t) => f.set(sum, madd(value, ending(at[t], whole, step), sum)));
      }
      own.forEach((sum, t) => {
        const offset = 16 * (first + t);
        f.do(v128.store(scratch, add(v128.load(scratch, offset), sum), offset));
      });
    };
    f.while(() => i32.ltS(start, end), () => {
      const x = f.keep(i32.mul(i32.divU(start, word("multiplier")), word("xChannel")));
      f.increase(x, word("x"));
      f.set(out, i32.add(word("w"), i32.mul(start, word("gChannel"))));
      eachTap((tap) => f.do(v128.store(images, zero, 16 * tap)));
      f.for(image, 0, batch, 1, () => {
        eachTap((tap) => f.do(v128.store(scratch, zero, 16 * tap)));
        f.for(row, 0, rows, 1, () => {
          f.set(from, i32.add(x, i32.load(i32.add(xRows, i32.mul(row, 4)))));
          for (let first = 0; first < taps; first += together) sumRow(first);
        });
        eachTap((tap) => {
          const sum = add(v128.load(images, 16 * tap), v128.load(scratch, 16 * tap));
          f.do(v128.store(images, sum, 16 * tap));
        });
        f.increase(x, word("xImage"));
        f.increase(out, word("gImage"));
      });
      f.set(out, i32.add(word("out"), i32.mul(start, taps * bytes)));
      eachTap((tap) => {
        f.scope(() => f.do(storeLane(out, sumOfLanes(ops, f, v128.load(images, 16 * tap)), 0, tap * bytes)));
      });
      f.increase(start, 1);
    });
  });
}

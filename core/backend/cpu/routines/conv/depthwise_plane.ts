/**
 * What the kernels of depthwise convolutions share: the form that code is made for, and the code that brings rows of a plane to a thread's own memory, where they have margins of
 * zeros and elements that are used together lie side by side.
 *
 * @module
 */
import { type Callable, type Func, type Local, ModuleBuilder } from "../../wasm/assembler.ts";
import type { Expr } from "../../wasm/expr.ts";
import { i32, i8x16, v128 } from "../../wasm/opcodes.ts";
import { type FloatType, type LaneOps, laneOps, sharedMemory } from "../lane_ops.ts";

/** An element of a filter, and the byte offset of the element of x that it meets from the first of the plane. */
export interface Tap {
  readonly w: number;
  readonly at: number;
}

/** Rows of the result that the same taps reach. Those of one point are `rowStep` bytes apart in x, and `outStep` in the result. */
export interface RowKind {
  /** Of each phase of the columns. */
  readonly columns: readonly (readonly Tap[])[];
  /** Where rows begin: in x, and in the result. */
  readonly points: readonly { readonly from: number; readonly to: number }[];
  /** Rows of a point, all strips together. */
  readonly rows: number;
}

/** What the code is made for: a window over planes of x, whose rows are dealt out to `split` parts each. */
export interface DepthwiseForm {
  readonly dtype: FloatType;
  /** Elements of a filter. */
  readonly taps: number;
  /** Outputs of a row. */
  readonly width: number;
  readonly kinds: readonly RowKind[];
  readonly rowStep: number;
  readonly outStep: number;
  /** Rows of each point that a strip takes. */
  readonly strip: number;
  /** Rows of x, margins and all, from one strip to the next, and those that one needs. */
  readonly stripStep: number;
  readonly stripRows: number;
  /** Rows of x that there are, margins and all. */
  readonly allRows: number;
  /** Elements of a row of x: where the first goes to, the first that is taken, and how many. */
  readonly lead: number;
  readonly first: number;
  readonly inner: number;
  /** Parts of a row, and elements of one. */
  readonly split: number;
  readonly part: number;
}

/** Places in the argument block, in 32-bit words. */
export const depthwiseWords = {
  x: 0,
  /** The filters; for their gradient, that of the result. */
  w: 1,
  out: 2,
  /** Channels of the result, and how many of them share a channel of x. */
  channels: 3,
  multiplier: 4,
  strips: 5,
  /** Bytes between images and channels of x, between filters, planes of the result; and between images and channels of the result's gradient. */
  xImage: 6,
  xChannel: 7,
  wChannel: 8,
  outPlane: 9,
  gImage: 10,
  gChannel: 11,
  /** Images, for the gradient. */
  batch: 12,
  /** Tables: the byte offset of each tap in the filter, of each row in x (or `MARGIN`), and of each row in the result's gradient. */
  wTaps: 13,
  xRows: 14,
  gRows: 15,
  length: 16,
} as const;

/** What stands for a row of zeros in the table of rows: no offset of an element is odd. */
export const MARGIN = 1;

/** Parameters of a kernel, and of the function that fills a strip. */
export const four = ["i32", "i32", "i32", "i32"] as const;

/** Bytes past the last element of a plane that a vector may be loaded from. */
const SLACK = 32;

/** Bytes of the rows of x that a strip needs, in a thread's own memory. */
export function planeBytes({ stripRows, split, part, dtype }: DepthwiseForm): number {
  return Math.ceil((stripRows * split * part * laneOps(dtype, false).bytes + SLACK) / 64) * 64;
}

/** A module with one kernel, (start, end, args, scratch). */
export function kernelModule(
  { dtype }: DepthwiseForm,
  relaxed: boolean,
  define: (module: ModuleBuilder, ops: LaneOps) => void,
): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder(sharedMemory);
  define(module, laneOps(dtype, relaxed));
  return module.encode();
}

/** (source, rows, count, to): brings rows to their places; what is a margin of theirs is zero already. */
export type Fill = Callable<typeof four, "void">;

/** Zeros in all that a strip needs. */
export function clear(f: Func, form: DepthwiseForm, plane: Local<"i32">): void {
  const at = f.local("i32"), zero = laneOps("float32", false).zero;
  f.for(at, plane, i32.add(plane, planeBytes(form)), 16, () => f.do(v128.store(at, zero)));
}

/** The function that brings rows of x to a thread's own memory. */
export function defineFill(module: ModuleBuilder, ops: LaneOps, form: DepthwiseForm): Fill {
  const { bytes, lanes, zero } = ops, { lead, first, inner, split, part } = form;
  return module.func(null, four, "void", (f, source, rows, count, to) => {
    const from = f.local("i32"), at = f.local("i32");
    const rowBytes = split * part * bytes;
    /** Where element p of a row goes to. */
    const place = (p: number) => ((lead + p) % split * part + Math.floor((lead + p) / split)) * bytes;
    const one = (p: number, base: Expr<"i32"> = from, target: Expr<"i32"> = to) =>
      f.do(ops.storeLane(target, ops.loadOne(base, p * bytes), 0, place(p)));
    /** Vectors of elements: `move(at, offset)` for whole ones, several at a time, the last of which may overlap the one before. */
    const cover = (elements: number, vector: number, move: (at: Local<"i32">, offset: number) => void) => {
      const step = vector * bytes, whole = Math.floor(elements / vector), most = whole & -4;
      f.set(at, 0);
      if (most > 0) {
        f.for(at, 0, most * step, 4 * step, () => [0, 1, 2, 3].forEach((i) => move(at, i * step)));
      }
      for (let i = most; i < whole; i++) move(at, (i - most) * step);
      if (whole * vector < elements) {
        f.set(at, (elements - vector) * bytes);
        move(at, 0);
      }
    };
    const row = () => {
      if (split === 1 && inner >= lanes) {
        cover(inner, lanes, (at, offset) => {
          const value = v128.load(i32.add(from, at), offset);
          f.do(v128.store(i32.add(to, at), value, offset + lead * bytes));
        });
      } else if (split === 2 && inner >= 2 * lanes) {
        // An even number of elements, so that those of one part stay together; the last one may be left.
        const even = inner & -2;
        cover(even, 2 * lanes, (at, offset) =>
          f.scope(() => {
            const source = f.keep(i32.add(from, at)), target = f.keep(i32.add(to, i32.shrU(at, 1)));
            const low = f.keep(v128.load(source, offset)), high = f.keep(v128.load(source, offset + 16));
            [0, 1].forEach((odd) =>
              f.do(v128.store(target, parted(ops, low, high, odd), place(odd) + offset / 2))
            );
          }));
        if (even < inner) one(even);
      } else if (split * lanes > inner) {
        for (let p = 0; p < inner; p++) one(p);
      } else {
        // Elements that go to neighbouring places, a step of the parts at a time.
        const whole = Math.floor(inner / split), source = f.keep(from), target = f.keep(to);
        f.for(at, 0, whole, 1, () => {
          for (let p = 0; p < split; p++) one(p, source, target);
          f.increase(source, split * bytes);
          f.increase(target, bytes);
        });
        for (let p = whole * split; p < inner; p++) one(p);
      }
    };
    f.while(() => i32.gtS(count, 0), () => {
      f.set(from, i32.load(rows));
      f.if(i32.and(from, MARGIN), () => {
        // Where a strip is all of a plane, rows of zeros are always the same ones.
        if (form.stripRows >= form.allRows) return;
        const end = f.keep(i32.add(to, rowBytes));
        f.set(at, to);
        f.while(() => i32.leS(i32.add(at, 16), end), () => {
          f.do(v128.store(at, zero));
          f.increase(at, 16);
        });
        f.while(() => i32.ltS(at, end), () => {
          f.do(ops.storeLane(at, zero, 0));
          f.increase(at, bytes);
        });
      }, () => {
        f.increase(from, i32.add(source, first * bytes));
        row();
      });
      f.increase(to, rowBytes);
      f.increase(rows, 4);
      f.increase(count, -1);
    });
  });
}

/** Every second element of two vectors, from the first or the second on. */
function parted(
  { bytes, lanes }: LaneOps,
  low: Expr<"v128">,
  high: Expr<"v128">,
  odd: number,
): Expr<"v128"> {
  const order = Array.from({ length: lanes }, (_, i) => 2 * i + odd).flatMap((element) =>
    Array.from({ length: bytes }, (_, byte) => element * bytes + byte)
  );
  return i8x16.shuffle(low, high, order);
}

/** Brings the rows of x that a strip needs to a thread's own memory. */
export function fillStrip(
  f: Func,
  fill: Fill,
  { stripStep, stripRows, allRows }: DepthwiseForm,
  rows: Local<"i32">,
  x: Expr<"i32">,
  strip: Expr<"i32">,
  plane: Local<"i32">,
): void {
  const first = f.keep(i32.mul(strip, stripStep)), count = f.keep(i32.sub(allRows, first));
  f.if(i32.gtS(count, stripRows), () => f.set(count, stripRows));
  f.do(fill.call(x, i32.add(rows, i32.mul(first, 4)), count, plane));
}

/**
 * The code of the gradient of the filters of depthwise convolutions: sums over some rows, over images and over all, one after the other. Who fills the argument block is
 * depthwise.ts.
 *
 * @module
 */
import type { Func, Local, ModuleBuilder } from "../../wasm/assembler.ts";
import type { Expr } from "../../wasm/expr.ts";
import { i32, i32x4, i8x16, v128 } from "../../wasm/opcodes.ts";
import type { LaneOps } from "../lane_ops.ts";
import {
  clear,
  defineFill,
  type DepthwiseForm,
  depthwiseWords,
  fillStrip,
  four,
  kernelModule,
  planeBytes,
} from "./depthwise_plane.ts";

/** Taps whose gradients are summed at the same time, and vectors of a row that they are summed over before they are added to the sums of the image. */
const SUMS = 9, RUN = 64;

/** A module with the kernel `filters`: the gradients of channels' filters. */
export function depthwiseGradModule(form: DepthwiseForm, relaxed: boolean): Uint8Array<ArrayBuffer> {
  return kernelModule(form, relaxed, (module, ops) => defineFilters(module, ops, form));
}

/** Bytes of scratch memory that a thread needs: two vectors for each tap, and a strip of x. */
export function depthwiseGradScratch(form: DepthwiseForm): number {
  return 32 * form.taps + planeBytes(form);
}

/** (start, end, args, scratch): channels of the result. */
function defineFilters(module: ModuleBuilder, ops: LaneOps, form: DepthwiseForm): void {
  const { bytes, lanes, add, madd, zero, loadOne, loadLane, storeLane } = ops;
  const { taps, width, kinds: [{ columns: [all], points, rows }], rowStep, strip } = form;
  const fill = defineFill(module, ops, form), vectors = Math.ceil(width / lanes), rest = width % lanes;
  // Images that are small have no sums of their own.
  const small = vectors * rows * points.length <= RUN,
    groups = Math.ceil(taps / SUMS),
    together = Math.ceil(taps / groups),
    run = Math.ceil(RUN / vectors);
  module.func("filters", four, "void", (f, start, end, args, scratch) => {
    const word = (name: keyof typeof depthwiseWords) => f.keep(i32.load(args, 4 * depthwiseWords[name]));
    const batch = word("batch"), strips = word("strips"), xRows = word("xRows"), gRows = word("gRows");
    const images = f.keep(i32.add(scratch, 16 * taps)), plane = f.keep(i32.add(scratch, 32 * taps));
    const sumsAt = small ? images : scratch;
    const image = f.local("i32"), number = f.local("i32"), row = f.local("i32"), stop = f.local("i32");
    const place = f.local("i32"), from = f.local("i32"), g = f.local("i32"), out = f.local("i32");
    const end0 = f.local("i32"), first = f.local("i32"), entry = f.local("i32"), value = f.local("v128");
    const sums = Array.from({ length: together }, () => f.local("v128"));
    const eachTap = (visit: (tap: number) => void) => {
      for (let tap = 0; tap < taps; tap++) visit(tap);
    };
    /** Adds the products of a row of g with the taps of a group. */
    const sumRow = (own: readonly { readonly at: number }[]) => {
      const vector = (offset: number) => {
        f.set(value, v128.load(i32.add(g, place), offset));
        own.forEach(({ at }, t) =>
          f.set(sums[t], madd(value, v128.load(i32.add(from, place), at + offset), sums[t]))
        );
      };
      const whole = Math.floor(width / lanes);
      f.set(place, 0);
      if (whole <= 4) { for (let v = 0; v < whole; v++) vector(16 * v); }
      else f.for(place, 0, 16 * whole, 16, () => vector(0));
      if (rest === 0) return;
      if (whole > 0) {
        // The last elements, with zeros for those that were summed already, on both sides: zero times infinity is none.
        const offset = (width - lanes) * bytes, mask = lastLanes(lanes, rest);
        f.set(value, v128.and(v128.load(g, offset), mask));
        own.forEach(({ at }, t) =>
          f.set(sums[t], madd(value, v128.and(v128.load(from, at + offset), mask), sums[t]))
        );
      } else {
        const short = (base: Local<"i32">, at: number) => {
          let elements = loadOne(base, at);
          for (let lane = 1; lane < rest; lane++) {
            elements = loadLane(base, elements, lane, at + lane * bytes);
          }
          return elements;
        };
        f.set(value, short(g, 0));
        own.forEach(({ at }, t) => f.set(sums[t], madd(value, short(from, at), sums[t])));
      }
    };
    const sumStrip = (own: readonly { readonly w: number; readonly at: number }[]) => {
      points.forEach((point, p) => {
        f.set(row, first);
        f.while(() => i32.ltS(row, end0), () => {
          own.forEach((_, t) => f.set(sums[t], zero));
          f.set(stop, i32.add(row, run));
          f.if(i32.gtS(stop, end0), () => f.set(stop, end0));
          f.while(() => i32.ltS(row, stop), () => {
            f.set(from, i32.add(i32.add(plane, point.from), i32.mul(i32.sub(row, first), rowStep)));
            f.set(entry, i32.add(gRows, i32.mul(row, 4 * points.length)));
            f.set(g, i32.add(out, i32.load(entry, 4 * p)));
            sumRow(own);
            f.increase(row, 1);
          });
          own.forEach(({ w }, t) =>
            f.do(v128.store(sumsAt, add(v128.load(sumsAt, 16 * w), sums[t]), 16 * w))
          );
        });
      });
    };
    clear(f, form, plane);
    f.while(() => i32.ltS(start, end), () => {
      const x = f.keep(i32.mul(i32.divU(start, word("multiplier")), word("xChannel")));
      f.increase(x, word("x"));
      f.set(out, i32.add(word("w"), i32.mul(start, word("gChannel"))));
      eachTap((tap) => f.do(v128.store(images, zero, 16 * tap)));
      f.for(image, 0, batch, 1, () => {
        if (!small) eachTap((tap) => f.do(v128.store(scratch, zero, 16 * tap)));
        f.for(number, 0, strips, 1, () => {
          fillStrip(f, fill, form, xRows, x, number, plane);
          f.set(first, i32.mul(number, strip));
          f.set(end0, i32.add(first, strip));
          f.if(i32.gtS(end0, rows), () => f.set(end0, rows));
          for (let t = 0; t < taps; t += together) sumStrip(all.slice(t, t + together));
        });
        if (!small) {
          eachTap((tap) => {
            const sum = add(v128.load(images, 16 * tap), v128.load(scratch, 16 * tap));
            f.do(v128.store(images, sum, 16 * tap));
          });
        }
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

/** Ones in the last `count` lanes. */
function lastLanes(lanes: 2 | 4, count: number): Expr<"v128"> {
  const [a, b, c, d] = [0, 1, 2, 3].map((word) => Math.floor(word * lanes / 4) >= lanes - count ? -1 : 0);
  return i32x4.const(a, b, c, d);
}

/** The sum of a vector's lanes, in its first lane. */
function sumOfLanes({ lanes, add }: LaneOps, f: Func, v: Expr<"v128">): Local<"v128"> {
  let sum = f.keep(v);
  for (let distance = 8; distance >= 16 / lanes; distance /= 2) {
    const turned = Array.from({ length: 16 }, (_, i) => (i + distance) % 16);
    sum = f.keep(add(sum, i8x16.shuffle(sum, sum, turned)));
  }
  return sum;
}

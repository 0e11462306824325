/**
 * The code of depthwise convolutions and of their adjoints in the input: windows are summed for several vectors of outputs at a time, of one row or of several. Who fills the
 * argument block is depthwise.ts.
 *
 * @module
 */
import type { Local, ModuleBuilder } from "../../wasm/assembler.ts";
import type { Expr } from "../../wasm/expr.ts";
import { i32, v128 } from "../../wasm/opcodes.ts";
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
  type RowKind,
  type Tap,
} from "./depthwise_plane.ts";
import { woven } from "./interleave_code.ts";

/** Most vectors of outputs at the same time. */
const VECTORS = 8;

/** A module with the kernel `rows`: strips of all planes of the result. */
export function depthwiseModule(form: DepthwiseForm, relaxed: boolean): Uint8Array<ArrayBuffer> {
  return kernelModule(form, relaxed, (module, ops) => defineRows(module, ops, form));
}

/** Bytes of scratch memory that a thread needs: a vector for each tap, and a strip of x. */
export function depthwiseScratch(form: DepthwiseForm): number {
  return 16 * form.taps + planeBytes(form);
}

/** What is done together: vectors of a row, in elements of a phase from its start, for some rows. The first part of a row is repeated, the last one comes at the end. */
interface Parts {
  readonly positions: readonly number[];
  readonly rows: number;
  /** Elements of a part, 0 where the row is one, and where the last part begins. */
  readonly step: number;
  readonly last: number;
}

/** Rows and vectors that go together with the least work: what neighbouring rows read of x is loaded once for all of them. */
function partsOf({ width, strip, rowStep }: DepthwiseForm, { columns }: RowKind, lanes: number): Parts {
  const phases = columns.length, taps = columns.flat();
  const elements = Math.ceil(width / phases), all = Math.ceil(elements / lanes);
  let least = Infinity, rows = 1, together = 1;
  for (let r = 1; r <= Math.min(strip, VECTORS / phases); r++) {
    const places = new Set(taps.flatMap(({ at }) => Array.from({ length: r }, (_, i) => at + i * rowStep)));
    for (let v = 1; v <= Math.min(all, Math.floor(VECTORS / phases / r)); v++) {
      const work = r * v * (taps.length + phases) / 2 + (places.size * v + taps.length) / 4 + 6;
      const total = Math.ceil(strip / r) * Math.ceil(all / v) * work;
      if (total < least) [least, rows, together] = [total, r, v];
    }
  }
  const positions = Array.from({ length: together }, (_, v) => v * lanes);
  if (together < all) return { positions, rows, step: together * lanes, last: elements - together * lanes };
  // The last vector of a row may overlap the one before.
  positions[together - 1] = Math.max(0, elements - lanes);
  return { positions, rows, step: 0, last: 0 };
}

/** (start, end, args, scratch): strips of the result. */
function defineRows(module: ModuleBuilder, ops: LaneOps, form: DepthwiseForm): void {
  const { bytes, splat } = ops, { taps, kinds, rowStep, outStep, strip } = form;
  const fill = defineFill(module, ops, form);
  module.func("rows", four, "void", (f, start, end, args, scratch) => {
    const word = (name: keyof typeof depthwiseWords) => f.keep(i32.load(args, 4 * depthwiseWords[name]));
    const channels = word("channels"), strips = word("strips"), wTaps = word("wTaps");
    const plane = f.keep(i32.add(scratch, 16 * taps)), left = f.local("i32"), column = f.local("i32");
    const from = f.local("i32"), to = f.local("i32"), value = f.local("v128"), count = f.local("i32");
    const sums = Array.from({ length: VECTORS }, () => f.local("v128"));

    /** Outputs of some rows: of every phase of the columns, the vectors at `positions`. With `limit`, no more than so many outputs of a row are stored. */
    const outputs = ({ columns }: RowKind, rows: number, positions: readonly number[], limit: number) => {
      const sumOf = (row: number, v: number, phase: number) =>
        sums[(row * positions.length + v) * columns.length + phase];
      for (const sum of sums.slice(0, rows * positions.length * columns.length)) f.set(sum, ops.zero);
      for (const { taps, places } of meetings(columns, rows, rowStep)) {
        f.scope(() => {
          const weights = taps.map((w) => f.keep(v128.load(scratch, 16 * w)));
          for (const { at, users } of places) {
            positions.forEach((position, v) => {
              f.set(value, v128.load(from, at + position * bytes));
              for (const { w, row, phase } of users) {
                const sum = sumOf(row, v, phase);
                f.set(sum, ops.madd(weights[taps.indexOf(w)], value, sum));
              }
            });
          }
        });
      }
      for (let row = 0; row < rows; row++) {
        positions.forEach((position, v) => {
          const results = woven(ops, columns.map((_, phase) => sumOf(row, v, phase)));
          results.forEach((result, i) => {
            const place = position * columns.length + i * ops.lanes;
            store(ops, (e) => f.do(e), to, f.keep(result), row * outStep + place * bytes, limit - place);
          });
        });
      }
    };
    /** A row, or several, from end to end. */
    const across = (kind: RowKind, rows: number, { positions, step, last }: Parts) => {
      const phases = kind.columns.length;
      if (step === 0) return f.scope(() => outputs(kind, rows, positions, form.width));
      const move = (elements: number | Expr<"i32">) => {
        f.increase(from, typeof elements === "number" ? elements * bytes : elements);
        f.increase(to, typeof elements === "number" ? elements * phases * bytes : i32.mul(elements, phases));
      };
      const whole = Math.ceil(last / step);
      f.for(column, 0, whole, 1, () => {
        f.scope(() => outputs(kind, rows, positions, Infinity));
        move(step);
      });
      move(last - whole * step);
      f.scope(() => outputs(kind, rows, positions, form.width - last * phases));
      move(-last);
    };
    const kindOfRows = (kind: RowKind, first: Local<"i32">, out: Local<"i32">) => {
      const parts = partsOf(form, kind, ops.lanes);
      const place = (point: { from: number; to: number }, row: Expr<"i32">) => {
        f.set(from, i32.add(i32.add(plane, point.from), i32.mul(row, rowStep)));
        f.set(to, i32.add(i32.add(out, point.to), i32.mul(row, outStep)));
      };
      f.set(count, i32.sub(kind.rows, first));
      f.if(i32.gtS(count, strip), () => f.set(count, strip));
      for (const point of kind.points) {
        f.set(left, 0);
        if (parts.rows > 1) {
          // Rows that are left over are done with those before, once more.
          f.if(i32.geS(count, parts.rows), () =>
            f.while(() => i32.ltS(left, count), () => {
              f.if(
                i32.gtS(i32.add(left, parts.rows), count),
                () => f.set(left, i32.sub(count, parts.rows)),
              );
              place(point, left);
              across(kind, parts.rows, parts);
              f.increase(left, parts.rows);
            }));
        }
        f.while(() => i32.ltS(left, count), () => {
          place(point, left);
          across(kind, 1, parts);
          f.increase(left, 1);
        });
      }
    };
    clear(f, form, plane);
    f.while(() => i32.ltS(start, end), () => {
      const number = f.keep(i32.divU(start, strips)), channel = f.keep(i32.remU(number, channels));
      const first = f.keep(i32.mul(i32.remU(start, strips), strip));
      const w = f.keep(i32.add(word("w"), i32.mul(channel, word("wChannel"))));
      for (let tap = 0; tap < taps; tap++) {
        f.do(v128.store(scratch, splat(i32.add(w, i32.load(wTaps, 4 * tap))), 16 * tap));
      }
      const x = f.keep(i32.add(word("x"), i32.mul(i32.divU(number, channels), word("xImage"))));
      f.increase(x, i32.mul(i32.divU(channel, word("multiplier")), word("xChannel")));
      fillStrip(f, fill, form, word("xRows"), x, i32.remU(start, strips), plane);
      const out = f.keep(i32.add(word("out"), i32.mul(number, word("outPlane"))));
      f.increase(out, i32.mul(first, outStep));
      for (const kind of kinds) kindOfRows(kind, first, out);
      f.increase(start, 1);
    });
  });
}

/** Where the elements of x are that some rows of outputs read, and who reads them: for the taps of each column of the filter in turn. */
function meetings(columns: RowKind["columns"], rows: number, rowStep: number) {
  const groups = new Map<number, (Tap & { readonly phase: number })[]>();
  columns.forEach((taps, phase) =>
    taps.forEach(({ w, at }) => {
      const group = groups.get(at % rowStep) ?? [];
      groups.set(at % rowStep, group);
      group.push({ w, at, phase });
    })
  );
  return [...groups.values()].map((group) => {
    const places = new Map<number, { readonly w: number; readonly row: number; readonly phase: number }[]>();
    for (let row = 0; row < rows; row++) {
      for (const { w, at, phase } of group) {
        const place = at + row * rowStep, users = places.get(place) ?? [];
        places.set(place, users);
        users.push({ w, row, phase });
      }
    }
    const taps = [...new Set(group.map(({ w }) => w))];
    return { taps, places: [...places].map(([at, users]) => ({ at, users })).sort((a, b) => a.at - b.at) };
  });
}

/** Stores the first `count` elements of a vector, if it has as many. */
function store(
  { bytes, lanes, storeLane }: LaneOps,
  emit: (instruction: Expr<"void">) => void,
  to: Local<"i32">,
  vector: Local<"v128">,
  offset: number,
  count: number,
): void {
  if (count >= lanes) return emit(v128.store(to, vector, offset));
  for (let lane = 0; lane < count; lane++) emit(storeLane(to, vector, lane, offset + lane * bytes));
}

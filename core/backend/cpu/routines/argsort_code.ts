/**
 * The code of the radix sort. An element is a key, whose unsigned order is the order of the values, and a position: both in one i64 where the key has at most 32 bits,
 * else in an i64 each.
 *
 * @module
 */
import { bytesOf, type DType, isFloat } from "../../../dtype.ts";
import { type Callable, type Func, type Local, ModuleBuilder } from "../wasm/assembler.ts";
import type { Expr } from "../wasm/expr.ts";
import { i32, i64, select, v128 } from "../wasm/opcodes.ts";
import { sharedMemory } from "./lane_ops.ts";
import { locateRow } from "./walk.ts";

/** Places in the argument block. The walk over rows follows. */
// deno-fmt-ignore
export const sortWords = {
  x: 0, out: 1, length: 2, step: 3, descending: 4,
  /** Elements of a chunk, and how many chunks there are. */
  chunk: 5, chunks: 6,
  /** Bits of a digit, and how many digits. */
  digit: 7, passes: 8,
  /** Of a row sorted by all threads: its number, the elements now and after this pass, the counts, the digit's first bit. */
  row: 9, from: 10, to: 11, counts: 12, shift: 13,
  /** Set when all elements have the same digit. */
  same: 14, walk: 15,
} as const;

/** Rows up to this length are sorted by insertion. */
const SHORT_ROW = 40;

type Int = Expr<"i32">;

/** Bits of the keys of a dtype. */
export function keyBits(dtype: DType): 8 | 16 | 32 | 64 {
  return bytesOf(dtype) * 8 as 8 | 16 | 32 | 64;
}

/** Kernels `sortRows` over rows, and for the chunks of one row `makeKeys`, `countDigits`, `placeDigits` (once), `moveElements`, `writeOrder`. */
export function argsortModule(dtype: DType): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder(sharedMemory);
  const code = new SortCode(module, dtype);
  const four = ["i32", "i32", "i32", "i32"] as const;
  const word = (f: Func, args: Int, name: keyof typeof sortWords) =>
    f.keep(i32.load(args, 4 * sortWords[name]));
  const rowOf = (f: Func, args: Local<"i32">, row: Int) => {
    const x = word(f, args, "x");
    locateRow(f, i32.add(args, 4 * sortWords.walk), row, [x]);
    return {
      x,
      out: f.keep(i32.add(word(f, args, "out"), i32.mul(i32.mul(row, word(f, args, "length")), 8))),
    };
  };
  module.func("sortRows", four, "void", (f, start, end, args, scratch) => {
    const n = word(f, args, "length"), step = word(f, args, "step"), flip = word(f, args, "descending");
    const digit = word(f, args, "digit"), passes = word(f, args, "passes");
    const bytes = f.keep(i32.mul(n, code.elementBytes));
    const counts = f.keep(i32.add(scratch, i32.mul(bytes, 2)));
    const from = f.local("i32"), to = f.local("i32"), pass = f.local("i32");
    f.while(() => i32.ltS(start, end), () => {
      const { x, out } = rowOf(f, args, start);
      f.set(from, scratch);
      f.set(to, i32.add(scratch, bytes));
      f.do(code.makeKeys.call(x, step, 0, n, from, flip));
      f.if(
        i32.leS(n, SHORT_ROW),
        () => f.do(code.insertionSort.call(from, n)),
        () =>
          f.for(pass, 0, passes, 1, () => {
            const shift = f.keep(i32.mul(pass, digit));
            f.do(code.count.call(from, 0, n, shift, digit, counts));
            f.if(i32.eqz(code.place.call(counts, 1, digit, n)), () => {
              f.do(code.move.call(from, 0, n, shift, digit, counts, to));
              const swapped = f.keep<"i32">(from);
              f.set(from, to);
              f.set(to, swapped);
            });
          }),
      );
      f.do(code.writeOrder.call(from, 0, n, out));
      f.increase(start, 1);
    });
  });
  /** A kernel for chunks of the current row. */
  const chunkKernel = (
    name: string,
    body: (f: Func, args: Local<"i32">, first: Int, last: Int, chunk: Int) => void,
  ) =>
    module.func(name, four, "void", (f, start, end, args) =>
      f.while(() => i32.ltS(start, end), () => {
        const n = word(f, args, "length"),
          size = word(f, args, "chunk"),
          first = f.keep(i32.mul(start, size));
        const last = f.keep(i32.add(first, size));
        f.if(i32.gtS(last, n), () => f.set(last, n));
        body(f, args, first, last, start);
        f.increase(start, 1);
      }));
  const countsOf = (f: Func, args: Int, chunk: Int) =>
    i32.add(word(f, args, "counts"), i32.shl(i32.shl(chunk, 2), word(f, args, "digit")));
  chunkKernel("makeKeys", (f, args, first, last) => {
    const { x } = rowOf(f, args, word(f, args, "row"));
    f.do(
      code.makeKeys.call(
        x,
        word(f, args, "step"),
        first,
        last,
        word(f, args, "from"),
        word(f, args, "descending"),
      ),
    );
  });
  chunkKernel("countDigits", (f, args, first, last, chunk) => {
    const [from, shift, digit] = (["from", "shift", "digit"] as const).map((name) => word(f, args, name));
    f.do(code.count.call(from, first, last, shift, digit, countsOf(f, args, chunk)));
  });
  module.func("placeDigits", four, "void", (f, _start, _end, args) => {
    const [counts, chunks, digit, n] = (["counts", "chunks", "digit", "length"] as const).map((name) =>
      word(f, args, name)
    );
    f.do(i32.store(args, code.place.call(counts, chunks, digit, n), 4 * sortWords.same));
  });
  chunkKernel("moveElements", (f, args, first, last, chunk) => {
    const [from, shift, digit, to] = (["from", "shift", "digit", "to"] as const).map((name) =>
      word(f, args, name)
    );
    f.do(code.move.call(from, first, last, shift, digit, countsOf(f, args, chunk), to));
  });
  chunkKernel("writeOrder", (f, args, first, last) => {
    const { out } = rowOf(f, args, word(f, args, "row"));
    f.do(code.writeOrder.call(word(f, args, "from"), first, last, out));
  });
  return module.encode();
}

const four = ["i32", "i32", "i32", "i32"] as const;
const six = [...four, "i32", "i32"] as const;
const seven = [...six, "i32"] as const;

/** The steps of a sort, as functions. */
class SortCode {
  readonly elementBytes: number;
  /** (x, step, first, last, to, descending): elements of the values first to last, `step` bytes apart. */
  readonly makeKeys: Callable<typeof six, "void">;
  /** (elements, n): sorts in place. */
  readonly insertionSort: Callable<readonly ["i32", "i32"], "void">;
  /** (elements, first, last, shift, digit, counts): how often each digit occurs. */
  readonly count: Callable<typeof six, "void">;
  /** (counts, chunks, digit, n): turns counts into first places; 1 when all elements have the same digit. */
  readonly place: Callable<typeof four, "i32">;
  /** (elements, first, last, shift, digit, places, to): moves elements to their places. */
  readonly move: Callable<typeof seven, "void">;
  /** (elements, first, last, out): the positions, as int64. */
  readonly writeOrder: Callable<typeof four, "void">;
  readonly #wide: boolean;

  constructor(module: ModuleBuilder, dtype: DType) {
    const wide = this.#wide = keyBits(dtype) > 32;
    const bytes = this.elementBytes = wide ? 16 : 8;
    const element = (f: Func, elements: Int, i: Int) => f.keep(i32.add(elements, i32.mul(i, bytes)));
    const copy = (to: Int, from: Int) =>
      wide ? v128.store(to, v128.load(from)) : i64.store(to, i64.load(from));
    const each = (f: Func, elements: Int, first: Int, last: Int, body: (at: Local<"i32">) => void) => {
      const at = element(f, elements, first), end = element(f, elements, last);
      f.while(() => i32.ne(at, end), () => {
        body(at);
        f.increase(at, bytes);
      });
    };
    this.makeKeys = module.func(null, six, "void", (f, x, step, first, last, to, descending) => {
      const i = f.local("i32"), out = element(f, to, first);
      f.increase(x, i32.mul(first, step));
      f.for(i, first, last, 1, () => {
        const key = keyOf(f, dtype, x, descending);
        if (wide) {
          f.do(i64.store(out, key));
          f.do(i64.store(out, i64.extendI32U(i), 8));
        } else f.do(i64.store(out, i64.or(i64.shl(key, 32n), i64.extendI32U(i))));
        f.increase(x, step);
        f.increase(out, bytes);
      });
    });
    this.insertionSort = module.func(null, ["i32", "i32"], "void", (f, elements, n) => {
      const i = f.local("i32"), hole = f.local("i32"), key = f.local("i64"), position = f.local("i64");
      f.for(i, 1, n, 1, () => {
        f.set(hole, element(f, elements, i));
        f.set(key, i64.load(hole));
        if (wide) f.set(position, i64.load(hole, 8));
        f.block((done) =>
          f.loop((again) => {
            f.brIf(done, i32.eq(hole, elements));
            // Equal keys stay in order; narrow elements are never equal, as their positions differ.
            const before = f.keep(i32.sub(hole, bytes));
            f.brIf(done, i64.geU(key, i64.load(before)));
            f.do(copy(hole, before));
            f.set(hole, before);
            f.br(again);
          })
        );
        f.do(i64.store(hole, key));
        if (wide) f.do(i64.store(hole, position, 8));
      });
    });
    this.count = module.func(null, six, "void", (f, elements, first, last, shift, digit, counts) => {
      const entries = f.keep(i32.shl(1, digit)), i = f.local("i32");
      f.for(i, 0, entries, 1, () => f.do(i32.store(i32.add(counts, i32.shl(i, 2)), 0)));
      const by = this.#shift(f, shift), mask = f.keep(i32.sub(entries, 1));
      each(f, elements, first, last, (at) => {
        const entry = f.keep(this.#entry(at, by, mask, counts));
        f.do(i32.store(entry, i32.add(i32.load(entry), 1)));
      });
    });
    this.place = module.func(null, four, "i32", (f, counts, chunks, digit, n) => {
      const entries = f.keep(i32.shl(1, digit)), d = f.local("i32"), c = f.local("i32");
      const sum = f.local("i32"), before = f.local("i32"), same = f.local("i32");
      f.for(d, 0, entries, 1, () => {
        f.set(before, sum);
        const at = f.keep(i32.add(counts, i32.shl(d, 2)));
        f.for(c, 0, chunks, 1, () => {
          const count = f.keep(i32.load(at));
          f.do(i32.store(at, sum));
          f.set(sum, i32.add(sum, count));
          f.increase(at, i32.shl(entries, 2));
        });
        f.if(i32.eq(i32.sub(sum, before), n), () => f.set(same, 1));
      });
      f.result(same);
    });
    this.move = module.func(null, seven, "void", (f, elements, first, last, shift, digit, places, to) => {
      const by = this.#shift(f, shift), mask = f.keep(i32.sub(i32.shl(1, digit), 1));
      each(f, elements, first, last, (at) => {
        const entry = f.keep(this.#entry(at, by, mask, places)), place = f.keep(i32.load(entry));
        f.do(i32.store(entry, i32.add(place, 1)));
        f.do(copy(i32.add(to, i32.mul(place, bytes)), at));
      });
    });
    this.writeOrder = module.func(null, four, "void", (f, elements, first, last, out) => {
      const to = f.keep(i32.add(out, i32.mul(first, 8)));
      each(f, elements, first, last, (at) => {
        f.do(i64.store(to, wide ? i64.load(at, 8) : i64.and(i64.load(at), 0xffffffffn)));
        f.increase(to, 8);
      });
    });
  }

  #shift(f: Func, shift: Int): Local<"i64"> {
    return f.keep(i64.extendI32U(this.#wide ? shift : i32.add(shift, 32)));
  }

  /** The address of the count of an element's digit. */
  #entry(at: Int, by: Local<"i64">, mask: Int, counts: Int): Int {
    return i32.add(counts, i32.shl(i32.and(i32.wrapI64(i64.shrU(i64.load(at), by)), mask), 2));
  }
}

/** The key of the value at an address: unsigned, -0 like 0, NaN above all; the other way round when `descending`. */
function keyOf(f: Func, dtype: DType, x: Int, descending: Int): Expr<"i64"> {
  const bits = keyBits(dtype);
  if (bits === 64) {
    const value = f.keep(i64.load(x)), sign = 1n << 63n;
    const key = f.keep(i64.xor(value, sign));
    if (isFloat(dtype)) {
      f.if(i64.eq(value, -sign), () => f.set(value, i64.const(0n)));
      f.set(key, i64.xor(value, i64.or(i64.shrS(value, 63n), sign)));
      const magnitude = i64.and(value, sign - 1n);
      f.if(i64.gtS(magnitude, 0x7ffn << 52n), () => f.set(key, i64.const(-1n)));
    }
    return i64.xor(key, i64.sub(0n, i64.extendI32U(descending)));
  }
  const mask = bits === 32 ? -1 : 2 ** bits - 1, sign = bits === 32 ? -(2 ** 31) : 2 ** (bits - 1);
  const value = f.keep(bits === 32 ? i32.load(x) : bits === 16 ? i32.load16U(x) : i32.load8U(x));
  const key = f.keep<"i32">(value);
  if (isFloat(dtype)) {
    const infinity = { 32: 0x7f800000, 16: dtype === "float16" ? 0x7c00 : 0x7f80, 8: 0 }[bits];
    f.if(i32.eq(value, sign), () => f.set(value, 0));
    f.set(key, i32.xor(value, select(i32.and(value, sign), i32.const(mask), i32.const(sign))));
    f.if(i32.gtS(i32.and(value, mask & ~sign), infinity), () => f.set(key, mask));
  } else if (dtype !== "uint8" && dtype !== "bool") f.set(key, i32.xor(value, sign));
  return i64.extendI32U(i32.xor(key, i32.and(i32.sub(0, descending), mask)));
}

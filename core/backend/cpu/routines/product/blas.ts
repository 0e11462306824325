/**
 * The system's BLAS for matrix products, where there is one and the program may load it (`--allow-ffi`): it has vectors four times as long as WebAssembly's. It works
 * on the shared memory in place. Nobody is asked for the permission, and without it everything works the same, only slower.
 *
 * @module
 */
import type { Engine } from "../../engine.ts";
import { engineCache } from "../arguments.ts";
import type { FloatType } from "../lane_ops.ts";

/** A loaded library. */
interface Blas {
  /** What it is, for people. */
  readonly name: string;
  readonly setThreads: (count: number) => void;
  readonly gemm: Readonly<Record<FloatType, Gemm>>;
}

// deno-fmt-ignore
type Gemm = (
  order: number, transA: number, transB: number, m: number, n: number, k: number,
  alpha: number, a: bigint, lda: number, b: bigint, ldb: number, beta: number, c: bigint, ldc: number,
) => void;

/** How one operand of a row-major product is stored: rows or columns contiguous, and the way from one to the next, in elements. */
export interface Stored {
  readonly transposed: boolean;
  readonly step: number;
}

/** The parameters of `cblas_?gemm`; addresses are given as integers. */
const gemmParameters = <const F extends "f32" | "f64">(float: F) =>
  // deno-fmt-ignore
  [
    "i32", "i32", "i32", "i32", "i32", "i32", float, "usize", "i32", "usize", "i32", float, "usize", "i32",
  ] as const;

const gemmSymbols = {
  cblas_sgemm: { parameters: gemmParameters("f32"), result: "void" },
  cblas_dgemm: { parameters: gemmParameters("f64"), result: "void" },
} as const;

/** Libraries by operating system, the first that loads is taken, and what their threads are set with. */
const candidates: Readonly<
  Record<string, readonly { path: string; name: string; threads: string | null }[]>
> = {
  linux: [
    { path: "libopenblas.so.0", name: "OpenBLAS", threads: "openblas_set_num_threads" },
    { path: "libopenblas.so", name: "OpenBLAS", threads: "openblas_set_num_threads" },
    { path: "libmkl_rt.so.2", name: "MKL", threads: "MKL_Set_Num_Threads" },
    { path: "libmkl_rt.so", name: "MKL", threads: "MKL_Set_Num_Threads" },
  ],
  darwin: [
    { path: "/System/Library/Frameworks/Accelerate.framework/Accelerate", name: "Accelerate", threads: null },
  ],
};

let loaded: Blas | null | undefined;

/** The library, looked for once; null where there is none, it may not be loaded, or the engine does without. */
function blasOf(engine: Engine): Blas | null {
  if (!engine.blas) return null;
  if (loaded === undefined) loaded = load();
  return loaded;
}

/** The name of the library that large products go to, or "none". */
export function blasName(engine: Engine): string {
  return blasOf(engine)?.name ?? "none";
}

function load(): Blas | null {
  if (globalThis.Deno?.permissions?.querySync?.({ name: "ffi" }).state !== "granted") return null;
  for (const { path, name, threads } of candidates[Deno.build.os] ?? []) {
    try {
      const { symbols } = pinned(path, () => Deno.dlopen(path, gemmSymbols));
      const setThreads = threads === null ? () => {} : threadSetter(path, threads);
      return { name, setThreads, gemm: { float32: symbols.cblas_sgemm, float64: symbols.cblas_dgemm } };
    } catch {
      // Not here: the next one.
    }
  }
  return null;
}

function threadSetter(path: string, name: string): (count: number) => void {
  const { set } = Deno.dlopen(path, { set: { name, parameters: ["i32"], result: "void" } }).symbols;
  let current = 0;
  return (count) => {
    if (count !== current) set(current = count);
  };
}

const RTLD_NOW = 2, RTLD_NODELETE = 0x1000;

/**
 * How OpenMP's threads wait, which they read once, while the library is loaded. Left alone they spin for long after each product, on the processors that the kernels around
 * it need; asleep at once, they take 20 us to wake for the next. GNU's spin this many times (about 10 us) and then sleep.
 */
const waiting = [["OMP_WAIT_POLICY", "PASSIVE"], ["GOMP_SPINCOUNT", "500"]] as const;

/**
 * Opens a library so that it stays in memory to the end. Deno unloads libraries when the process ends; the threads that a BLAS keeps waiting would then run code that is gone, and the
 * process would crash instead of ending. Where the library cannot be pinned it is not used.
 */
function pinned<T>(path: string, open: () => T): T {
  // Frameworks of macOS are part of the system's shared cache and are never unloaded.
  if (Deno.build.os !== "linux") return open();
  const libc = Deno.dlopen("libc.so.6", {
    dlopen: { parameters: ["buffer", "i32"], result: "pointer" },
    setenv: { parameters: ["buffer", "buffer", "i32"], result: "i32" },
    getenv: { parameters: ["buffer"], result: "pointer" },
    unsetenv: { parameters: ["buffer"], result: "i32" },
  });
  const text = (s: string) => new TextEncoder().encode(`${s}\0`);
  const { symbols } = libc;
  // What the user has set stays.
  const ours = waiting.every(([name]) => symbols.getenv(text(name)) === null) ? waiting : [];
  for (const [name, value] of ours) symbols.setenv(text(name), text(value), 0);
  try {
    if (symbols.dlopen(text(path), RTLD_NOW | RTLD_NODELETE) === null) {
      throw new Error(`${path} cannot be loaded`);
    }
    return open();
  } finally {
    for (const [name] of ours) symbols.unsetenv(text(name));
    libc.close();
  }
}

/** Where the shared memory begins in the process. Shared memory never moves. */
const baseOf = engineCache((engine: Engine, _: "base"): number => {
  const { u8 } = engine.arena.views;
  // The pointer is only added to; no view is made of it.
  const bytes = u8 as Uint8Array as Uint8Array<ArrayBuffer>;
  return Number(Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes)));
});

/** Multiply-adds from which a product goes to the library, and the rows and columns that it must have: below, our threads together are as fast. */
const WORTH_CALLING = 1 << 22, WIDTH = 32;
/** The same for small products that are steps of their own, and their most multiply-adds: one thread computes them, and waking ours would take as long. */
const WORTH_CALLING_SMALL = 1 << 16, WIDTH_SMALL = 4, SMALL = 1_000_000;

const ROW_MAJOR = 101, AS_IS = 111, TRANSPOSED = 112;

/** A matrix product that the library can do: A [m, k] times B [k, n] to contiguous C [m, n]. */
export interface NativeProduct {
  readonly dtype: FloatType;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: Stored;
  readonly b: Stored;
  /** Whether it is a step of its own, with operands as they are. */
  readonly alone: boolean;
}

/** Computes a product, or adds it to what is there; the addresses are those of the shared memory. */
export type NativeGemm = (a: number, b: number, c: number, accumulate?: boolean) => void;

/** The function that computes a product in the library, or null where there is no library or the product is too small. */
export function nativeGemm(
  engine: Engine,
  { dtype, m, n, k, a, b, alone }: NativeProduct,
): NativeGemm | null {
  const work = m * n * k, narrow = Math.min(m, n);
  const isLarge = work >= WORTH_CALLING && narrow >= WIDTH;
  const isSmall = alone && work >= WORTH_CALLING_SMALL && work <= SMALL && narrow >= WIDTH_SMALL;
  if (!isLarge && !isSmall) return null;
  const library = blasOf(engine);
  if (library === null) return null;
  const gemm = library.gemm[dtype], base = baseOf(engine, "base");
  const transA = a.transposed ? TRANSPOSED : AS_IS, transB = b.transposed ? TRANSPOSED : AS_IS;
  const pointer = (address: number) => BigInt(base + address);
  return (at, bt, ct, accumulate = false) => {
    library.setThreads(engine.pool.threads);
    // deno-fmt-ignore
    engine.pool.standAside(() =>
      gemm(ROW_MAJOR, transA, transB, m, n, k, 1, pointer(at), a.step, pointer(bt), b.step, accumulate ? 1 : 0, pointer(ct), n)
    );
  };
}

/** How a [rows, columns] operand with these strides is stored, or null when neither its rows nor its columns are contiguous. */
export function storedAs(rows: number, columns: number, row: number, column: number): Stored | null {
  if (columns === 1 || column === 1) {
    const step = rows === 1 ? columns : row;
    if (step >= columns) return { transposed: false, step };
  }
  if (rows === 1 || row === 1) {
    const step = columns === 1 ? rows : column;
    if (step >= rows) return { transposed: true, step };
  }
  return null;
}

/**
 * The double-precision functions behind PyTorch's distributions, bit for bit those of the C library it runs on: glibc 2.36 on a machine with fused
 * multiply-adds. They do not always round correctly: of a million arguments as distributions give them, `Math.log` differs from them in 816,
 * `Math.exp` in 757, `Math.sin` and `Math.cos` in 1,376, `Math.tan` in 2,432, and seeded float64 draws show it. Each algorithm is a file of this folder,
 * written for WebAssembly, where a fused step is one instruction.
 *
 * @module
 */
import { ModuleBuilder } from "../../backend/cpu/wasm/assembler.ts";
import { emitExp, expTable } from "./exp.ts";
import { emitFma, type Fma, isFused, machineFma } from "./fused.ts";
import { emitLog, logTable } from "./log.ts";
import { emitSinCos, sinCosTable } from "./sin_cos.ts";
import { emitTan, tanTable } from "./tan.ts";

/** The functions of the module, for the arguments that the files named after them allow. */
export interface Libm {
  readonly fma: (a: number, b: number, c: number) => number;
  readonly log: (x: number) => number;
  readonly exp: (x: number) => number;
  readonly sin: (x: number) => number;
  readonly cos: (x: number) => number;
  readonly tan: (x: number) => number;
}

/** The functions, with the machine's multiply-add or with the one of plain arithmetic. */
export function buildLibm(withMachineFma: boolean): Libm {
  const module = new ModuleBuilder({ initial: 1, maximum: 1, shared: false });
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  let end = 0;
  const place = (table: Float64Array) => {
    new Float64Array(memory.buffer, end, table.length).set(table);
    const at = end;
    end += table.byteLength;
    return at;
  };
  const fma: Fma = withMachineFma ? machineFma : emitFma(module);
  module.func("fma", ["f64", "f64", "f64"], "f64", (f, a, b, c) => f.result(fma(a, b, c)));
  emitLog(module, fma, place(logTable()));
  emitExp(module, fma, place(expTable()));
  emitSinCos(module, fma, place(sinCosTable()));
  emitTan(module, fma, place(tanTable()));
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.encode()), { env: { memory } });
  return exports as { [K in keyof Libm]: Libm[K] };
}

let built: Libm | undefined;

/** The functions, made at the first call. */
function libm(): Libm {
  if (built !== undefined) return built;
  try {
    const fast = buildLibm(true);
    built = isFused(fast.fma) ? fast : buildLibm(false);
  } catch (error) {
    if (!(error instanceof WebAssembly.CompileError)) throw error;
    built = buildLibm(false);
  }
  return built;
}

/** `a * b + c`, rounded once. */
export function fma(a: number, b: number, c: number): number {
  return libm().fma(a, b, c);
}

/** log x; the engine's where x is no positive normal number. */
export function log(x: number): number {
  return x >= 2 ** -1022 && x < Infinity ? libm().log(x) : Math.log(x);
}

/** e^x. */
export function exp(x: number): number {
  const size = Math.abs(x);
  if (size < 1024 && size >= 2 ** -54) return libm().exp(x);
  return size < 1 ? 1 + x : x > 0 ? Infinity : x < 0 ? 0 : NaN;
}

/** The sine of an angle below 10^8. */
export function sin(x: number): number {
  return libm().sin(x);
}

/** The cosine of an angle below 10^8. */
export function cos(x: number): number {
  return libm().cos(x);
}

/** The tangent of an angle between -pi / 2 and pi / 2. */
export function tan(x: number): number {
  return libm().tan(x);
}

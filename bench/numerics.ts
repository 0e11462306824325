/**
 * How exact Tenon is: the largest error of each elementwise function, by dtype and device, and how the error of sums grows. Writes NUMERICS.md beside itself.
 *
 *     deno run -A bench/numerics.ts
 *
 * References: values of more than double precision (numerics_reference.json), and for float32 the engine's double-precision functions at
 * 20,000 more points. Errors are in units in the last place (ULP) of the exact result: 0.5 is correct rounding.
 *
 * @module
 */
import * as t from "../core/mod.ts";
import type { DeviceName, DType, Tensor } from "../core/mod.ts";

interface Entry {
  readonly arguments: number;
  readonly short: string;
  readonly long: string;
}
const reference: Record<string, Entry> = JSON.parse(
  Deno.readTextFileSync(new URL("numerics_reference.json", import.meta.url)),
);

/** Bits of the mantissa, and the exponent of the smallest normal number. */
const formats: Readonly<Record<string, readonly [digits: number, lowest: number]>> = {
  float16: [10, -14],
  bfloat16: [7, -126],
  float32: [23, -126],
  float64: [52, -1022],
};

const functions: Readonly<Record<string, (...x: Tensor[]) => Tensor>> = {
  sqrt: t.sqrt,
  rsqrt: t.rsqrt,
  reciprocal: t.reciprocal,
  exp: t.exp,
  exp2: t.exp2,
  expm1: t.expm1,
  log: t.log,
  log2: t.log2,
  log10: t.log10,
  log1p: t.log1p,
  sin: t.sin,
  cos: t.cos,
  tan: t.tan,
  asin: t.asin,
  acos: t.acos,
  atan: t.atan,
  sinh: t.sinh,
  cosh: t.cosh,
  tanh: t.tanh,
  asinh: t.asinh,
  acosh: t.acosh,
  atanh: t.atanh,
  sigmoid: t.sigmoid,
  erf: t.erf,
  erfc: t.erfc,
  erfinv: t.erfinv,
  lgamma: t.lgamma,
  digamma: t.digamma,
  add: (a, b) => t.add(a, b),
  mul: t.mul,
  div: (a, b) => t.div(a, b),
  pow: t.pow,
  atan2: t.atan2,
  hypot: t.hypot,
  fmod: t.fmod,
};

/** Functions that the engine has in double precision, and where the extra float32 points lie, for both arguments. */
const engine: Readonly<
  Record<string, readonly [fn: (x: number, y: number) => number, low: number, high: number]>
> = {
  sqrt: [Math.sqrt, 0, 1e4],
  rsqrt: [(x) => 1 / Math.sqrt(x), 1e-4, 1e4],
  reciprocal: [(x) => 1 / x, 1e-4, 1e4],
  exp: [Math.exp, -85, 85],
  exp2: [(x) => 2 ** x, -120, 120],
  expm1: [Math.expm1, -10, 10],
  log: [Math.log, 0, 100],
  log2: [Math.log2, 0, 100],
  log10: [Math.log10, 0, 100],
  log1p: [Math.log1p, -1, 10],
  sin: [Math.sin, -300, 300],
  cos: [Math.cos, -300, 300],
  tan: [Math.tan, -300, 300],
  asin: [Math.asin, -1, 1],
  acos: [Math.acos, -1, 1],
  atan: [Math.atan, -10, 10],
  sinh: [Math.sinh, -10, 10],
  cosh: [Math.cosh, -10, 10],
  tanh: [Math.tanh, -10, 10],
  asinh: [Math.asinh, -10, 10],
  acosh: [Math.acosh, 1, 100],
  atanh: [Math.atanh, -1, 1],
  add: [(x, y) => x + y, -100, 100],
  mul: [(x, y) => x * y, -100, 100],
  div: [(x, y) => x / y, -100, 100],
  pow: [Math.pow, 0, 8],
  atan2: [Math.atan2, -100, 100],
  hypot: [Math.hypot, -100, 100],
  fmod: [(x, y) => x % y, -100, 100],
};

/** The columns of a set: arguments, results, and what rounding took from the results. */
function decode(text: string, columns: number): Float64Array[] {
  const all = new Float64Array(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
  const rows = all.length / columns;
  return Array.from({ length: columns }, (_, i) => all.subarray(i * rows, (i + 1) * rows));
}

/** The distance of `got` from high + low, in units in the last place of the exact value; null where the dtype has no normal number near it. */
function ulps(got: number, high: number, low: number, dtype: DType): number | null {
  const [digits, lowest] = formats[dtype], magnitude = Math.abs(high);
  const largest = (2 - 2 ** -digits) * 2 ** (1 - lowest);
  if (!(magnitude <= largest && magnitude >= 2 ** lowest)) return null;
  const exponent = Math.floor(Math.log2(magnitude));
  return Math.abs(got - high - low) / 2 ** (exponent - digits);
}

function worst(name: string, dtype: DType, device: DeviceName): number {
  const entry = reference[name], columns = entry.arguments + 2;
  let error = 0;
  const compare = (args: Float64Array[], high: Float64Array, low: (i: number) => number) => {
    const xs = args.map((x) => t.tensor(x, { dtype: "float64", device: "cpu" }).to(dtype).to(device));
    const got = functions[name](...xs).to("cpu").to("float64").toTypedArray();
    for (let i = 0; i < high.length; i++) {
      const e = ulps(Number(got[i]), high[i], low(i), dtype);
      if (e !== null) error = Number.isNaN(e) ? Infinity : Math.max(error, e);
    }
  };
  const sets = dtype === "float64" ? [entry.short, entry.long] : [entry.short];
  for (const set of sets) {
    const data = decode(set, columns), low = data[columns - 1];
    compare(data.slice(0, entry.arguments), data[columns - 2], (i) => low[i]);
  }
  if (dtype === "float32" && engine[name] !== undefined) {
    const [fn, from, to] = engine[name], count = 20_000;
    const x = new Float64Array(count - 1).map((_, i) => Math.fround(from + (to - from) * (i + 1) / count));
    // 6007 and the number of points have no common divisor: every point meets another one.
    const y = x.map((_, i) => x[(6007 * i + 1) % x.length]);
    compare([x, y].slice(0, entry.arguments), x.map((v, i) => fn(v, y[i])), () => 0);
  }
  return error;
}

function text(error: number | null): string {
  if (error === null) return "—";
  if (error === Infinity) return "not finite";
  return error < 10 ? error.toFixed(2) : error < 1e4 ? error.toFixed(0) : error.toExponential(0);
}

/** Text in lines of 110 characters. */
function paragraph(words: string): string {
  const lines = [""];
  for (const word of words.split(" ")) {
    const line = lines[lines.length - 1];
    if (line.length + 1 + word.length > 110) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines.join("\n");
}

/** A Markdown table with columns of one width. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, c) => Math.max(3, ...rows.map((row) => row[c].length)));
  const line = (row: readonly string[]) => `| ${row.map((cell, c) => cell.padEnd(widths[c])).join(" | ")} |`;
  const [head, ...body] = rows;
  return [line(head), `| ${widths.map((w) => "-".repeat(w)).join(" | ")} |`, ...body.map(line)].join("\n");
}

const devices: DeviceName[] = ["cpu", "reference"];
try {
  await t.requestDevice("webgpu");
  devices.push("webgpu");
} catch (error) {
  if (!(error instanceof t.DeviceError)) throw error;
  console.error(`without WebGPU: ${error.message}`);
}

const floats: readonly DType[] = ["float32", "float64", "float16", "bfloat16"];
const columns = devices.flatMap((device) => floats.map((dtype) => ({ device, dtype })))
  .filter(({ device, dtype }) => {
    try {
      return t.zeros([1], { dtype, device }).toTypedArray().length === 1;
    } catch (error) {
      if (error instanceof t.TenonError) return false;
      throw error;
    }
  });
const errors = Object.keys(functions).map((name) => [
  name,
  ...columns.map(({ device, dtype }) => {
    try {
      return text(worst(name, dtype, device));
    } catch (error) {
      if (error instanceof t.TenonError) return "refused";
      throw error;
    }
  }),
]);

/** Numbers that repeat from run to run. */
function noise(count: number, normal: boolean): Float32Array {
  const draw = normal ? t.random.normal : t.random.uniform;
  return draw(t.random.key(7, { device: "cpu" }), [count]).toTypedArray() as Float32Array;
}

const exactSum = (x: Float32Array) => x.reduce((s, v) => s + v, 0);
const sizes = [10, 12, 14, 16, 18, 20, 22].map((power) => 2 ** power);
const folds: Readonly<Record<string, (x: Float32Array, device: DeviceName) => number>> = {
  "sum, uniform in [0, 1)": (x, device) => {
    const exact = exactSum(x), got = t.tensor(x, { device }).sum().item();
    return Math.abs(got - exact) / exact;
  },
  "sum, normal": (x, device) => {
    const total = x.reduce((s, v) => s + Math.abs(v), 0), got = t.tensor(x, { device }).sum().item();
    return Math.abs(got - exactSum(x)) / total;
  },
  "dot product, normal": (x, device) => {
    const square = x.reduce((s, v) => s + v * v, 0), v = t.tensor(x, { device });
    return Math.abs(t.dot(v, v).item() - square) / square;
  },
  "variance, normal + 100": (x, device) => {
    const y = x.map((v) => v + 100), mean = exactSum(y) / y.length;
    const exact = y.reduce((s, v) => s + (v - mean) ** 2, 0) / (y.length - 1);
    return Math.abs(t.variance(t.tensor(y, { device })).item() - exact) / exact;
  },
  "last of cumsum, uniform in [0, 1)": (x, device) => {
    const exact = exactSum(x), sums = t.cumsum(t.tensor(x, { device }), 0);
    return Math.abs(sums.get(-1).item() - exact) / exact;
  },
};
const growth = Object.entries(folds).flatMap(([name, fold]) =>
  devices.filter((device) => device !== "reference").map((device) => [
    name,
    device,
    ...sizes.map((n) => (fold(noise(n, name.includes("normal")), device) / 2 ** -24).toFixed(2)),
  ])
);

const about = devices.map((device) => {
  const facts = Object.entries(t.deviceInfo(device).details)
    .filter(([key]) => /^(engine|simd|adapter|description|vendor|architecture)$/.test(key))
    .map(([key, value]) => `${key} ${value}`);
  return `- \`${device}\`: ${facts.join(", ")}`;
});
const page = `# Numerics

How exact Tenon's functions are. Written by \`deno run -A bench/numerics.ts\`; the devices were:

${about.join("\n")}

## Elementwise functions

${
  paragraph(
    "The largest error found, in units in the last place (ULP) of the exact result: 0.5 is correct rounding. float32: 64 points against values of more " +
      "than double precision, and for the functions that the JavaScript engine has in double precision 20,000 points against those. float64: 128 points; " +
      "float16 and bfloat16: 64 points. Results that are not normal numbers of the dtype are left out. The `reference` device is the plain interpreter " +
      "that the tests compare with.",
  )
}

${table([["function", ...columns.map(({ device, dtype }) => `${device} ${dtype}`)], ...errors])}

## Sums

${
  paragraph(
    "The error of float32 reductions over n numbers, as a multiple of 2^-24, the rounding unit: relative to the result, for sums of numbers of both " +
      "signs relative to the sum of their magnitudes. It would grow as n for a plain loop; it stays flat for sums in blocks or pairs.",
  )
}

${table([["reduction", "device", ...sizes.map((n) => `n = 2^${Math.log2(n)}`)], ...growth])}
`;
Deno.writeTextFileSync(new URL("NUMERICS.md", import.meta.url), page);

/**
 * Every distribution against the bytes that PyTorch 1.13 gave (tests/fixtures/random_streams.py).
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { type DType, type HostArray, hostArray, writeElement } from "../../../core/dtype.ts";
import { bernoulli, bernoulliEach, dropoutMask } from "../../../core/random/bernoulli.ts";
import { cauchy, exponential, geometric } from "../../../core/random/continuous.ts";
import { Generator } from "../../../core/random/generator.ts";
import { randint, random, randperm } from "../../../core/random/integers.ts";
import { multinomial } from "../../../core/random/multinomial.ts";
import { logNormal, normal } from "../../../core/random/normal.ts";
import { uniform } from "../../../core/random/uniform.ts";
import { decodeBase64, fnv1a } from "./bytes.ts";

/** A call: name, dtype, then the counts and parameters; integers that may be large stand as text. */
type Call = [string, DType, ...unknown[]];
interface Fixture {
  cases: [seed: string, calls: Call[], results: (string | number)[], state: number][];
}

const fixture: Fixture = JSON.parse(
  Deno.readTextFileSync(new URL("../../fixtures/random_streams.json", import.meta.url)),
);

/** The weights that the fixture's script uses. */
function weights(n: number, dtype: DType): HostArray {
  const out = hostArray(dtype, n);
  for (let i = 0; i < n; i++) writeElement(out, dtype, i, ((7 * i + 3) % 17) / 16);
  return out;
}

function bound(value: unknown): bigint | null | undefined {
  return typeof value === "string" ? BigInt(value) : value === null ? null : undefined;
}

function run(generator: Generator, [name, dtype, ...args]: Call): HostArray {
  const [n, a, b] = args as [number, number | undefined, number | undefined];
  switch (name) {
    case "uniform":
      return uniform(generator, n, dtype, a, b);
    case "normal":
      return normal(generator, n, dtype, a, b);
    case "logNormal":
      return logNormal(generator, n, dtype, a, b);
    case "exponential":
      return exponential(generator, n, dtype, a);
    case "cauchy":
      return cauchy(generator, n, dtype, a, b);
    case "geometric":
      return geometric(generator, n, dtype, a ?? NaN);
    case "bernoulli":
      return bernoulli(generator, n, dtype, a);
    case "bernoulliEach":
      return bernoulliEach(generator, weights(n, dtype), dtype, dtype);
    case "dropout":
      return dropoutMask(generator, n, dtype, a ?? NaN);
    case "random":
      // One bound is the end, two are both, as in PyTorch.
      return args.length === 2
        ? random(generator, n, dtype, 0, bound(args[1]))
        : random(generator, n, dtype, bound(args[1]) ?? undefined, bound(args[2]));
    case "randint":
      return randint(generator, n, dtype, bound(args[1]) ?? 0, bound(args[2]) ?? 0);
    case "randperm":
      return randperm(generator, n, dtype);
    case "multinomial": {
      const [rows, categories, samples, replacement] = args as [number, number, number, boolean];
      const w = weights(rows * categories, dtype);
      return multinomial(generator, w, dtype, rows, categories, samples, replacement);
    }
    default:
      throw new Error(`no such distribution: ${name}`);
  }
}

function bytesOf(array: HostArray): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

for (const [seed, calls, results, state] of fixture.cases) {
  Deno.test(`random streams: seed ${seed}: ${calls.map((c) => c.join(" ")).join("; ")}`, () => {
    const generator = new Generator().manualSeed(BigInt(seed));
    calls.forEach((call, i) => {
      const got = bytesOf(run(generator, call)), expected = results[i];
      const label = call.join(" ");
      if (typeof expected === "number") assertEquals(fnv1a(got), expected, label);
      else assertEquals(got, decodeBase64(expected), label);
    });
    assertEquals(fnv1a(generator.getState()), state, "the state afterwards");
  });
}

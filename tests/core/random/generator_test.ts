/**
 * Seeds, saved states and the fast path for large fills.
 *
 * @module
 */
import {
  assertAlmostEquals,
  assertEquals,
  assertNotEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { ValueError } from "../../../core/errors.ts";
import { boxMullerFloat32 } from "../../../core/random/box_muller.ts";
import { defaultGenerator, Generator, manualSeed } from "../../../core/random/generator.ts";
import { normal } from "../../../core/random/normal.ts";
import { uniform } from "../../../core/random/uniform.ts";
import { decodeBase64, fnv1a } from "./bytes.ts";

interface Fixture {
  states: number[];
  lastState: string;
  continued: number;
}

const fixture: Fixture = JSON.parse(
  Deno.readTextFileSync(new URL("../../fixtures/random_streams.json", import.meta.url)),
);

Deno.test("the state has the bytes of torch's get_rng_state, from fresh to the end of a block and beyond", () => {
  const generator = new Generator();
  const states = [generator.getState()];
  generator.manualSeed(-3);
  for (const n of [3, 0, 1, 4, 618, 1, 1]) {
    uniform(generator, n, "float32");
    states.push(generator.getState());
  }
  normal(generator, 1, "float32");
  states.push(generator.getState());
  assertEquals(states.map(fnv1a), fixture.states);
});

Deno.test("a state saved by torch is continued, waiting normal included", () => {
  const state = decodeBase64(fixture.lastState);
  const generator = new Generator().setState(state);
  assertEquals(generator.getState(), state);
  assertEquals(generator.initialSeed(), 2n ** 64n - 3n);
  const copy = generator.clone();
  const continued = normal(generator, 33, "float32");
  assertEquals(fnv1a(new Uint8Array(continued.buffer)), fixture.continued);
  assertEquals(normal(copy, 33, "float32"), continued);
  assertEquals(copy.getState(), generator.getState());
});

Deno.test("a clone made before the first draw, or between draws, goes on alike", () => {
  const generator = new Generator().manualSeed(5), early = generator.clone(), first = generator.bits32();
  const late = generator.clone(), second = generator.bits32();
  assertEquals([early.bits32(), early.bits32()], [first, second]);
  assertEquals(late.bits32(), second);
  assertEquals(new Generator().manualSeed(5).getState(), new Generator().manualSeed(5).clone().getState());
});

Deno.test("the shorter states of early versions are read", () => {
  const state = new Generator().manualSeed(3).getState().slice(0, 5048);
  const view = new DataView(state.buffer);
  // A waiting normal is kept as u1 and the radius of its pair: 2 sin(2 pi / 8) = sqrt(2).
  [0.125, 0, 2].forEach((value, i) => view.setFloat64(5016 + 8 * i, value, true));
  view.setInt32(5040, 1, true);
  const generator = new Generator().setState(state);
  // torch.set_rng_state(state); torch.randn(3, dtype=torch.float64)
  const expected = [1.414213562373095, 0.8032760780963506, 0.17483339327910355];
  normal(generator, 3, "float64").forEach((value, i) =>
    assertAlmostEquals(Number(value), expected[i], 1e-15)
  );
});

Deno.test("bytes that are no state are refused", () => {
  const generator = new Generator().manualSeed(1), before = generator.getState();
  const size = assertThrows(() => generator.setState(new Uint8Array(10)), ValueError);
  assertStringIncludes(size.message, "found the input RNG state size to be 10");
  const zero = assertThrows(() => generator.setState(new Uint8Array(5056)), ValueError);
  assertStringIncludes(zero.message, "Invalid mt19937 state");
  assertEquals(generator.getState(), before);
});

Deno.test("seeds: a new generator has torch's, numbers and bigints are the same, fresh ones differ", () => {
  // torch.Generator().initial_seed() is 67280421310721.
  const unseeded = new Generator();
  assertEquals(unseeded.initialSeed(), 67280421310721);
  assertEquals(unseeded.getState(), new Generator().manualSeed(67280421310721).getState());
  assertEquals(new Generator().manualSeed(7n).getState(), new Generator().manualSeed(7).getState());
  // torch.Generator().manual_seed(-1).initial_seed() is 18446744073709551615.
  assertEquals(new Generator().manualSeed(-1).initialSeed(), 2n ** 64n - 1n);
  const seed = unseeded.seed();
  assertEquals(unseeded.initialSeed(), seed);
  assertNotEquals(new Generator().seed(), seed);
  for (const bad of [1.5, NaN, 2n ** 64n, -(2n ** 63n) - 1n]) {
    assertThrows(() => unseeded.manualSeed(bad), ValueError);
  }
});

Deno.test("manualSeed seeds the default generator", () => {
  const before = defaultGenerator.getState();
  assertEquals(manualSeed(3), defaultGenerator);
  assertEquals(defaultGenerator.getState(), new Generator().manualSeed(3).getState());
  defaultGenerator.setState(before);
});

Deno.test("large fills are the scalar code's numbers, to the bit", () => {
  // Beyond the size from which the kernel runs, over several of its chunks, with a ragged end.
  const count = 50_005;
  const generator = new Generator().manualSeed(11), scalar = new Generator().manualSeed(11);
  uniform(generator, 5, "float32");
  uniform(scalar, 5, "float32");
  const got = normal(generator, count, "float32", 0.5, 2);
  const bits = new Int32Array(count + 16), expected = new Float32Array(count);
  scalar.fillBits(bits, 0, count + 16);
  for (let i = 0; i + 16 <= count; i += 16) boxMullerFloat32(bits, i, expected, i, 0.5, 2);
  boxMullerFloat32(bits, count, expected, count - 16, 0.5, 2);
  assertEquals(got, expected);
  assertEquals(generator.getState(), scalar.getState());
});

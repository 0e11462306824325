/**
 * Pure random functions against the test vectors of Threefry's authors and the numbers of JAX (tests/fixtures/pure_random.py), on every device.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  type DeviceName,
  type DType,
  DTypeError,
  grad,
  random,
  ShapeError,
  type Tensor,
  tensor,
  ValueError,
} from "../../../core/mod.ts";
import { forEachDevice, isFused, withFusion } from "../devices.ts";
import { within } from "../precision.ts";
import { threefry2x32 } from "../../../core/random/pure/threefry.ts";

interface Fixture {
  seeds: [string, number[]][];
  split: number[][][];
  foldIn: [number, number[]][];
  bits: Record<string, string[]>;
  uniform: Record<string, [number[], number[]]>;
  randint: [DType, string, string, string[]][];
  bernoulli: boolean[][];
  rademacher: string[];
  categorical: string[][];
  permutation: string[][];
  choice: string[][];
}
type Continuous = "normal" | "exponential" | "gumbel" | "laplace" | "logistic" | "cauchy";
const fixture: Fixture & Record<Continuous | "truncatedNormal", Record<string, number[]>> = JSON.parse(
  Deno.readTextFileSync(new URL("../../fixtures/pure_random.json", import.meta.url)),
);

const flat = (x: Tensor) => [...x.reshape([-1]).tolist() as (number | bigint | boolean)[]];
const texts = (x: Tensor) => flat(x).map(String);

/** Every number within `tolerance` of the expected one, relative to it or to 1. */
function assertNear(x: Tensor, expected: number[], tolerance: number, label: string): void {
  const got = flat(x);
  assertEquals(got.length, expected.length, label);
  got.forEach((value, i) => {
    const distance = Math.abs(Number(value) - expected[i]) / Math.max(1, Math.abs(expected[i]));
    assert(distance <= tolerance, `${label}: number ${i}: ${value} for ${expected[i]}`);
  });
}

function keys(device: DeviceName): [Tensor, Tensor] {
  return [random.key(0, { device }), random.key(42, { device })];
}

Deno.test("threefry: the known answers of its authors", () => {
  // Random123's kat_vectors: counter, key, result.
  const vectors = [
    [[0, 0], [0, 0], [0x6b200159, 0x99ba4efe]],
    [[-1, -1], [-1, -1], [0x1cb996fc, 0xbb002be7]],
    [[0x243f6a88, 0x85a308d3], [0x13198a2e, 0x03707344], [0xc4923a9c, 0x483df7a0]],
  ];
  const word = (value: number) => tensor(value | 0, { dtype: "int32" });
  for (const [[x0, x1], [k0, k1], expected] of vectors) {
    const result = threefry2x32(word(k0), word(k1), word(x0), word(x1));
    assertEquals(result.map((x) => x.item()), expected.map((x) => x | 0));
  }
});

forEachDevice("pure random: keys, bits and integers are JAX's", (device) => {
  const [k0, k42] = keys(device);
  for (const [seed, words] of fixture.seeds) {
    assertEquals(random.key(BigInt(seed), { device }).tolist(), words);
  }
  assertEquals(random.split(k42).tolist(), fixture.split[0]);
  assertEquals(random.split(k0, 5).tolist(), fixture.split[1]);
  for (const [data, words] of fixture.foldIn) {
    assertEquals(random.foldIn(k42, data).tolist(), words);
    assertEquals(random.foldIn(k42, tensor(data | 0, { dtype: "int32", device })).tolist(), words);
  }
  const widths = device === "webgpu" ? [8, 16, 32] as const : [8, 16, 32, 64] as const;
  for (const width of widths) assertEquals(texts(random.bits(k42, [2, 3], width)), fixture.bits[width]);
  for (const [dtype, low, high, expected] of fixture.randint) {
    // A software adapter compiles for long, and WebGPU has no 64 bits.
    if (device === "webgpu" && dtype !== "int32") continue;
    const got = random.randint(k42, [6], BigInt(low), BigInt(high), { dtype });
    assertEquals([got.dtype, texts(got)], [dtype, expected], `${dtype} [${low}, ${high})`);
  }
  assertEquals(random.bernoulli(k42, 0.3, [12]).tolist(), fixture.bernoulli[0]);
  assertEquals(random.bernoulli(k42, tensor([0.1, 0.5, 0.9], { device })).tolist(), fixture.bernoulli[1]);
  assertEquals(texts(random.rademacher(k42, [8])), fixture.rademacher);
});

forEachDevice("pure random: floats are JAX's", (device) => {
  const [k0, k42] = keys(device);
  for (
    const [dtype, [plain, bounded]] of Object.entries(fixture.uniform) as [DType, [number[], number[]]][]
  ) {
    if (device === "webgpu" && dtype === "float64") continue;
    assertEquals(flat(random.uniform(k42, [7], 0, 1, { dtype })), plain, dtype);
    // One rounding of a * b + c or two: at most a unit in the last place of the range.
    const unit =
      { float64: 2 ** -50, float32: 2 ** -21, float16: 2 ** -8, bfloat16: 2 ** -5 }[dtype as string] ?? 0;
    assertNear(random.uniform(k0, [5], -3, 2.5, { dtype }), bounded, unit, dtype);
  }
  for (const name of ["normal", "exponential", "gumbel", "laplace", "logistic", "cauchy"] as const) {
    for (const [dtype, expected] of Object.entries(fixture[name]) as [DType, number[]][]) {
      if (device === "webgpu" && dtype === "float64") continue;
      assertNear(
        random[name](k42, [9], { dtype }),
        expected,
        dtype === "float64" ? 1e-13 : 6e-7,
        `${name} ${dtype}`,
      );
    }
  }
  assertNear(
    random.truncatedNormal(k42, -1, 0.5, [9]),
    fixture.truncatedNormal.float32,
    1e-6,
    "truncatedNormal",
  );
});

forEachDevice("pure random: categories, orders and choices are JAX's", (device) => {
  const [k0, k42] = keys(device);
  const logits = tensor([[1, 2, 3, 4], [4, 3, 2, 1]], { device }).log();
  const grid = tensor(Array.from({ length: 12 }, (_, i) => i), { dtype: "int32", shape: [4, 3], device });
  const p = tensor([0.1, 0.2, 0.3, 0.4], { device });
  const same = (got: Tensor[], expected: string[][]) => assertEquals(got.map(texts), expected);
  same([
    random.categorical(k42, logits),
    random.categorical(k42, logits, 0),
    random.categorical(k42, logits, -1, [5, 2]),
  ], fixture.categorical);
  same([
    random.permutation(k42, 10),
    random.permutation(k0, 2000).narrow(0, 0, 20),
    random.permutation(k42, grid),
    random.permutation(k42, grid, { axis: 1 }),
    random.permutation(k42, grid, { independent: true }),
  ], fixture.permutation);
  same([
    random.choice(k42, 10, [6]),
    random.choice(k42, 10, [6], { replace: false }),
    random.choice(k42, 4, [6], { p }),
    random.choice(k42, 4, [3], { replace: false, p }),
    random.choice(k42, grid, [2]),
    random.choice(k42, grid, [2], { axis: 1 }),
    random.choice(k42, grid, [2, 2]),
  ], fixture.choice);
});

Deno.test("pure random: the same numbers without fusion, and from the same key twice", () => {
  const key = () => random.split(random.key(7))[Symbol.iterator]().next().value!;
  const draws = () => [random.bits(key(), [50]), random.uniform(key(), [50])].map(texts);
  const normals = () => random.normal(key(), [50]);
  const drawn = draws(), fused = normals();
  assertEquals(draws(), drawn);
  assertEquals(texts(normals()), texts(fused));
  withFusion(!isFused(), () => {
    assertEquals(draws(), drawn);
    // A shader may contract the products and sums of its kernel.
    assertNear(normals(), flat(fused).map(Number), within(0, 1e-6), "the other way");
  });
});

Deno.test("pure random: gradients flow to the bounds", () => {
  const key = random.key(3);
  const u = random.uniform(key, [4]).sum().item();
  // x = low + u (high - low), so d sum / d high = sum u
  const high = grad((h: Tensor) => random.uniform(key, [4], 0, h).sum())(tensor(2));
  assert(Math.abs(high.item() - u) < 1e-6);
  const upper = grad((h: Tensor) => random.truncatedNormal(key, -1, h, [8]).sum())(tensor(1));
  assert(upper.item() > 0);
});

Deno.test("pure random: mistakes are named", () => {
  const key = random.key(0);
  assertThrows(() => random.key(1.5), ValueError, "seed");
  assertThrows(() => random.normal(random.split(key)), ShapeError, "one key of shape [2]");
  assertThrows(() => random.normal(tensor([1, 2])), DTypeError, "expected a key");
  assertThrows(() => random.uniform(key, [2], 0, 1, { dtype: "int32" }), DTypeError, "floating-point");
  assertThrows(() => random.randint(key, [2], 5, 5), ValueError, "[5, 5)");
  assertThrows(
    () => random.randint(key, [2], 0, 300, { dtype: "int8" }),
    ValueError,
    "int8 holds -128 to 127",
  );
  assertThrows(() => random.randint(key, [2], 0, 3, { dtype: "float32" }), DTypeError, "integer dtype");
  assertThrows(
    () => random.choice(key, 3, [4], { replace: false }),
    ValueError,
    "Cannot take a larger sample",
  );
  assertThrows(
    () => random.choice(key, 3, [4], { p: tensor([0.5, 0.5]) }),
    ShapeError,
    "p must have shape [3]",
  );
  assertThrows(() => random.categorical(key, tensor([[0, 0]]), -1, [3]), ShapeError, "does not end with [1]");
  assertThrows(() => random.permutation(key, -1), ValueError, "whole number");
});

/**
 * The public random functions against PyTorch 1.13 (tests/fixtures/random_ops.py), and the state of the default generator.
 *
 * @module
 */
import {
  assertEquals,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import * as t from "../../../core/mod.ts";
import { onCpu } from "../precision.ts";

const fixture: Record<string, [t.DType, number[], string][]> = JSON.parse(
  Deno.readTextFileSync(new URL("../../fixtures/random_ops.json", import.meta.url)),
);

const m = () => t.arange(6, undefined, 1, { dtype: "float32" }).reshape([2, 3]);
const plus = () => m().add(1), float64 = { dtype: "float64" } as const;
const blank = (dtype: t.DType, ...shape: number[]) => t.empty(shape, { dtype });

const groups: Record<string, (() => t.Tensor)[]> = {
  creation: [
    () => t.rand([3, 4]),
    () => t.rand([5], float64),
    () => t.randn([2, 3, 3]),
    () => t.randn([5], float64),
    () => t.rand([]),
    () => t.randn([0, 3]),
    () => t.randint(10, [4]),
    () => t.randint(-5, 5, [2, 3]),
    () => t.randint(0, 2 ** 40, [4]),
    () => t.randint(3, [5], { dtype: "uint8" }),
    () => t.randint(3, [5], { dtype: "float32" }),
    () => t.randperm(10),
    () => t.randperm(5, { dtype: "int32" }),
    () => t.rand([17], { dtype: "float16" }).float(),
    () => t.randn([17], { dtype: "bfloat16" }).float(),
  ],
  like: [
    () => t.randLike(m()),
    () => t.randnLike(m()),
    () => t.randintLike(m(), 3, 9),
    () => t.randomLike(blank("float32", 2, 3)),
    () => t.randomLike(blank("int64", 4)),
    () => t.randomLike(blank("int64", 4), -7, 9),
    () => t.randomLike(blank("int64", 4), 2n ** 62n, null),
    () => t.randomLike(blank("int8", 5)),
    () => t.randomLike(blank("bool", 5)),
  ],
  normal: [
    () => t.normal(1.5, 2, [3]),
    () => t.normal(0, 1, [2, 9]),
    () => t.normal(m(), 0.5),
    () => t.normal(2, m()),
    () => t.normal(m(), plus()),
    () => t.normal(t.zeros([2, 1]), t.ones([3])),
    () => t.normal(t.zeros([5], float64), 2),
    () => t.normal(t.arange(20, undefined, 1, { dtype: "float32" }), 0.1),
    () => t.normal(t.zeros([15]), 1.7),
  ],
  distributions: [
    () => t.uniform([3], -2, 5),
    () => t.exponential([3], 2.5),
    () => t.cauchy([3], 1, 2),
    () => t.geometric([4], 0.3),
    () => t.logNormal([3], 0.5, 0.25),
    () => m().div(5).bernoulli(),
    () => t.bernoulliLike(blank("float32", 2, 5), 0.3),
    () => t.bernoulli(m().double().div(5)),
    () => blank("int64", 5).bernoulli(0.5),
    () => t.geometric([5], 0.25, { dtype: "int64" }),
  ],
  multinomial: [
    () => t.multinomial(t.tensor([0.1, 0.2, 0.7]), 2),
    () => t.multinomial(t.tensor([0.1, 0.2, 0.7]), 9, true),
    () => plus().multinomial(3),
    () => t.multinomial(plus(), 1),
    () => t.multinomial(plus(), 4, true),
    () => t.multinomial(t.tensor([0, 3, 0, 1]), 2),
    () => t.multinomial(plus().double(), 2),
  ],
  counts: [
    () => t.poisson(m().mul(3)),
    () => t.poisson(t.full([40], 25)),
    () => t.poisson(t.full([6], 1e5, float64)),
    () => t.poisson(t.full([20], 0.7)),
    () => t.binomial(t.full([20], 5), t.tensor(0.3)),
    () => t.binomial(m().mul(20), m().div(6)),
    () => t.binomial(t.full([40], 300), t.full([40], 0.8)),
    () => t.binomial(t.full([2, 1], 50, float64), t.tensor([0.1, 0.5, 0.9], float64)),
  ],
  dropout: [
    () => t.dropout(plus()),
    () => t.dropout(plus(), 0.25),
    () => t.dropout(plus(), 0.5, false),
    () => t.dropout(plus(), 1),
    () => t.dropout1d(plus().reshape([3, 2])),
    () => t.dropout2d(t.ones([2, 3, 2, 2]), 0.4),
    () => t.dropout3d(t.ones([2, 2, 1, 2, 1]), 0.4),
    () => t.alphaDropout(plus(), 0.3, true),
    () => t.featureAlphaDropout(t.ones([2, 3, 2]), 0.3, true),
    () => t.dropout(plus().double(), 0.1),
  ],
  rrelu: [
    () => t.rrelu(m().sub(3), undefined, undefined, true),
    () => t.rrelu(m().neg().add(2.5).double(), 0.1, 0.9, true),
    () => t.rand([2]),
    () => t.rrelu(m().sub(3), 0.2, 0.4),
  ],
};

function text(x: t.Tensor): string {
  t.setPrintOptions({ precision: 8, threshold: 10 ** 6 });
  try {
    return String(x);
  } finally {
    t.setPrintOptions({ profile: "default" });
  }
}

for (const [seed, [name, calls]] of Object.entries(groups).entries()) {
  Deno.test(`random functions: ${name}`, () => {
    assertEquals(calls.length, fixture[name].length);
    t.manualSeed(seed);
    calls.forEach((call, i) => {
      const check = () => {
        const x = call(), [dtype, shape, expected] = fixture[name][i];
        assertEquals([x.dtype, x.shape, text(x)], [dtype, shape, expected], String(call));
      };
      if (/float64|double/.test(String(call))) onCpu(check);
      else check();
    });
  });
}

Deno.test("the default generator's state is saved, restored and forked", async () => {
  t.manualSeed(5);
  assertEquals(t.initialSeed(), 5);
  const state = t.getRngState();
  assertEquals([state.dtype, state.shape], ["uint8", [5056]]);
  const first = text(t.randn([3]));
  t.setRngState(state);
  assertEquals(text(t.randn([3])), first);
  t.setRngState(state.toTypedArray() as Uint8Array);
  assertEquals(
    t.forkRng(() => (t.manualSeed(9), t.rand([1]).item())),
    t.forkRng(() => (t.manualSeed(9), t.rand([1]).item())),
  );
  assertThrows(() =>
    t.forkRng(() => {
      t.rand([1]);
      throw new Error("inside");
    })
  );
  await t.forkRng(async () => {
    await Promise.resolve();
    t.rand([1]);
  });
  await assertRejects(() => t.forkRng(() => Promise.reject(new Error("later"))));
  assertEquals(text(t.randn([3])), first);
  const fresh = t.seed();
  assertEquals(t.initialSeed(), fresh);
  assertNotEquals(t.seed(), fresh);
  const wrong = assertThrows(() => t.setRngState(t.zeros([5056])), t.TenonError);
  assertStringIncludes(wrong.message, "RNG state must be a torch.ByteTensor");
});

Deno.test("draws from tensors have a zero gradient, and PyTorch's name", () => {
  const half = () => t.full([4], 0.5, { requiresGrad: true });
  const draws = [[t.bernoulli, "BernoulliBackward0"], [t.poisson, "PoissonBackward0"]] as const;
  for (const [draw, name] of draws) {
    const p = half(), x = draw(p);
    assertEquals(x.gradFn, name);
    x.sum().backward();
    assertEquals(p.grad?.tolist(), [0, 0, 0, 0]);
  }
  assertEquals(t.bernoulli(half().detach()).requiresGrad, false);
  assertThrows(
    () => t.poisson(t.tensor([-1])),
    t.ValueError,
    "invalid Poisson rate, expected rate to be non-negative",
  );
  assertThrows(() => t.poisson(t.tensor([1n])), t.DTypeError, "\"poisson_cpu\" not implemented for 'Long'");
  assertThrows(
    () => t.binomial(half(), half().double()),
    t.DTypeError,
    "Found dtype Double but expected Float",
  );
});

Deno.test("normal with tensors: PyTorch's zero gradient, and its refusal", () => {
  const mean = t.ones([2, 1], { requiresGrad: true }), std = t.ones([3], { requiresGrad: true });
  const x = t.normal(mean, std);
  assertEquals([x.shape, x.gradFn], [[2, 3], "NormalBackward3"]);
  x.sum().backward();
  assertEquals([mean.grad?.tolist(), std.grad?.tolist()], [[[0], [0]], [0, 0, 0]]);
  assertThrows(
    () => t.normal(t.zeros([2]), t.tensor([1, -1])),
    t.ValueError,
    "normal expects all elements of std >= 0.0",
  );
});

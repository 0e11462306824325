/**
 * Initialisation against PyTorch (tests/fixtures/init.py): to the bit where the numbers come from the random stream.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import type { DType } from "../../core/dtype.ts";
import { TenonError, ValueError } from "../../core/errors.ts";
import { full, ones, zeros } from "../../core/ops/create.ts";
import { defaultGenerator, Generator, manualSeed } from "../../core/random/generator.ts";
import { Tensor } from "../../core/tensor.ts";
import * as init from "../../init/mod.ts";
import { Parameter } from "../../nn/module/parameter.ts";
import { fnv1a } from "../core/random/bytes.ts";

interface Call {
  readonly name: string;
  readonly shape: number[];
  readonly args: unknown[];
  readonly options: Record<string, unknown>;
}
interface Fixture {
  readonly cases: (Call & { readonly dtype: DType; readonly some: number[]; readonly hash?: number })[];
  readonly errors: (Call & { readonly message: string })[];
  readonly gains: [name: init.Nonlinearity, param: number | null, gain: number][];
}

const { cases, errors, gains }: Fixture = JSON.parse(
  await Deno.readTextFile(new URL("../fixtures/init.json", import.meta.url)),
);
const functions = new Map<string, unknown>(Object.entries(init));

/** Calls a function with a first argument, then the arguments of a case. */
function call(name: string, first: unknown, { args, options }: Call): unknown {
  const fn = functions.get(name);
  assert(typeof fn === "function", `init.${name} is missing`);
  return Reflect.apply(fn, undefined, [
    first,
    ...args,
    ...(Object.keys(options).length === 0 ? [] : [options]),
  ]);
}

function check(x: Tensor, some: number[], hash: number | undefined): void {
  const values = x.toTypedArray();
  const step = Math.max(1, Math.ceil(values.length / 16));
  some.forEach((wanted, i) => {
    const got = Number(values[i * step]);
    assert(
      Math.abs(got - wanted) <= 2e-6 * (1 + Math.abs(wanted)),
      `element ${i * step}: ${got}, PyTorch has ${wanted}`,
    );
  });
  if (hash !== undefined) {
    assertEquals(fnv1a(new Uint8Array(values.buffer, values.byteOffset, values.byteLength)), hash);
  }
}

for (const c of cases) {
  const { name, shape, dtype, some, hash } = c;
  Deno.test(`init.${name}_ of [${shape}] ${dtype} ${JSON.stringify([...c.args, c.options])} is PyTorch's`, () => {
    const target = new Parameter(full(shape, 7, { dtype }));
    manualSeed(0);
    assertEquals(call(`${name}_`, target, c), target);
    assertEquals([target.dtype, [...target.shape], target.requiresGrad], [dtype, shape, true]);
    check(target.data, some, hash);
    if (dtype !== "float32") return;
    // The pure form draws the same numbers.
    manualSeed(0);
    const pure = call(name, shape, c);
    assert(pure instanceof Tensor);
    assertEquals(pure.tolist(), target.tolist());
  });
}

Deno.test("shapes and settings that make no sense are refused in PyTorch's words", () => {
  for (const c of errors) {
    const error = assertThrows(() => call(`${c.name}_`, new Parameter(ones(c.shape)), c), TenonError);
    assert(error.message.startsWith(c.message), `${c.name}: ${error.message}; PyTorch has ${c.message}`);
  }
  const p = new Parameter(ones([2, 2]));
  assertThrows(
    () => init.kaimingUniform_(p, { mode: "fan_avg" as never }),
    ValueError,
    "Mode fan_avg not supported",
  );
  assertThrows(() => init.truncNormal_(p, 0, -1), ValueError, "std > 0");
  assertThrows(() => init.sparse_(p, 1.5), ValueError, "sparsity must be in [0, 1]");
});

Deno.test("gains are PyTorch's", () => {
  for (const [name, param, gain] of gains) {
    assertEquals(param === null ? init.calculateGain(name) : init.calculateGain(name, param), gain, name);
  }
  assertEquals(init.calculateFans([5, 2, 3, 3]), { fanIn: 18, fanOut: 45 });
});

Deno.test("a generator of its own leaves the default one alone", () => {
  manualSeed(1);
  const before = defaultGenerator.getState();
  const draw = () => init.normal([4], 0, 1, { generator: new Generator().manualSeed(5) }).tolist();
  assertEquals(draw(), draw());
  init.orthogonal_(new Parameter(zeros([3, 3])), 1, new Generator().manualSeed(5));
  assertEquals(defaultGenerator.getState(), before);
});

Deno.test("empty weights stay empty, and a plain tensor cannot be filled", () => {
  const p = new Parameter(ones([0, 3]));
  assertEquals(init.kaimingNormal_(init.kaimingUniform_(init.orthogonal_(init.normal_(p)))).shape, [0, 3]);
  assertThrows(() => init.ones_(zeros([2])), ValueError, "make it an nn.Parameter to replace its value");
});

Deno.test("arguments come by name as by position, and the unknown are refused", () => {
  const weight = new Parameter(zeros([4, 3])), generator = () => new Generator().manualSeed(3);
  const pairs: [byName: () => Tensor, byPosition: () => Tensor][] = [
    [
      () => init.normal_(weight, { std: 0.02, generator: generator() }),
      () => init.normal_(weight, 0, 0.02, generator()),
    ],
    [
      () => init.truncNormal_(weight, { std: 2, b: 1, generator: generator() }),
      () => init.truncNormal_(weight, 0, 2, -2, 1, generator()),
    ],
    [
      () => init.uniform_(weight, { a: 2, b: 3, generator: generator() }),
      () => init.uniform_(weight, 2, 3, generator()),
    ],
    [
      () => init.xavierNormal_(weight, { gain: 2, generator: generator() }),
      () => init.xavierNormal_(weight, 2, generator()),
    ],
    [
      () => init.xavierUniform_(weight, 3, { generator: generator() }),
      () => init.xavierUniform_(weight, 3, generator()),
    ],
    [
      () => init.orthogonal_(weight, { gain: 2, generator: generator() }),
      () => init.orthogonal_(weight, 2, generator()),
    ],
    [
      () => init.sparse_(weight, { sparsity: 0.5, generator: generator() }),
      () => init.sparse_(weight, 0.5, 0.01, generator()),
    ],
    [() => init.constant_(weight, { val: 7 }), () => init.constant_(weight, 7)],
  ];
  for (const [byName, byPosition] of pairs) {
    const values = byName().tolist();
    assertEquals(byPosition().tolist(), values);
  }
  const wrong: [name: string, given: unknown, sentence: string][] = [
    [
      "normal_",
      { sd: 1 },
      "normal_() got an unexpected keyword argument 'sd'; it knows mean, std, generator",
    ],
    ["uniform_", "1", `uniform_(): argument 'a' must be float, not the string "1"`],
    ["constant_", {}, "constant_() missing 1 required positional argument: 'val'"],
    ["constant_", [1], "constant_(): argument 'val' must be float, not 1"],
    ["sparse_", { std: 1 }, "sparse_() missing 1 required positional argument: 'sparsity'"],
  ];
  for (const [name, given, sentence] of wrong) {
    assertThrows(
      () => Reflect.apply(Reflect.get(init, name), undefined, [weight, given]),
      ValueError,
      sentence,
    );
  }
});

/**
 * Multi-head attention as a function, against PyTorch (tests/fixtures/attention.py), by name and by position.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { ones, ShapeError, type Tensor, tensor, ValueError } from "../../core/mod.ts";
import { camel } from "../../core/habits.ts";
import * as F from "../../nn/functional.ts";

type Numbers = readonly [shape: number[], values: number[]];

interface Case {
  readonly name: string;
  readonly tensors: Readonly<Record<string, readonly [seed: number, ...shape: number[]]>>;
  readonly settings: Readonly<Record<string, boolean>>;
  readonly masks: Readonly<Record<string, boolean[][] | number[][]>>;
  readonly output: Numbers;
  readonly weights: Numbers | null;
}

const cases: Case[] = JSON.parse(
  await Deno.readTextFile(new URL("../fixtures/attention.json", import.meta.url)),
);

/** sin(seed + 0.7 i) for the elements i. */
function made(seed: number, ...shape: number[]): Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  return tensor(Array.from({ length: size }, (_, i) => Math.sin(seed + 0.7 * i)), { shape });
}

function near(got: Tensor | null, wanted: Numbers | null): void {
  if (got === null || wanted === null) return assert(got === wanted);
  assertEquals(got.shape, wanted[0]);
  Array.from(got.toTypedArray(), Number).forEach((v, i) => assert(Math.abs(v - wanted[1][i]) < 2e-6));
}

const spelled = <T>(record: Readonly<Record<string, T>>) =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [camel(key), value]));

for (const { name, tensors, settings, masks, output, weights } of cases) {
  const { query, key, value, ...rest } = spelled(tensors);
  const given = {
    ...spelled(settings),
    ...Object.fromEntries(Object.entries(rest).map(([key, shape]) => [key, made(...shape)])),
    ...Object.fromEntries(Object.entries(spelled(masks)).map(([key, mask]) => [key, tensor(mask)])),
  };
  const inputs = [made(...query), made(...key), made(...value)] as const;

  Deno.test(`multi_head_attention_forward as PyTorch's: ${name}`, () => {
    const sizes = { embedDimToCheck: 4, numHeads: 2, training: false };
    const [y, w] = F.multiHeadAttentionForward(...inputs, { ...sizes, ...given });
    near(y, output);
    near(w, weights);
  });
}

Deno.test("multi_head_attention_forward takes its weights by position, and refuses what does not fit", () => {
  const x = ones([2, 1, 4]), w = ones([12, 4]), o = ones([4, 4]);
  const [byPosition] = F.multiHeadAttentionForward(
    x,
    x,
    x,
    4,
    2,
    w,
    null,
    null,
    null,
    false,
    0,
    o,
    null,
    false,
  );
  const named = { embedDimToCheck: 4, numHeads: 2, inProjWeight: w, outProjWeight: o };
  assertEquals(byPosition.tolist(), F.multiHeadAttentionForward(x, x, x, named)[0].tolist());
  assertThrows(
    () => F.multiHeadAttentionForward(x, x, x, { inProjWeight: w }),
    ValueError,
    "multi_head_attention_forward() missing 3 required positional arguments: 'embedDimToCheck' and 'numHeads' and 'outProjWeight'",
  );
  assertThrows(
    () => F.multiHeadAttentionForward(x, x, x, { ...named, numHeads: 3 }),
    ValueError,
    "not divisible",
  );
  assertThrows(
    () => F.multiHeadAttentionForward(x, x, x, { ...named, useSeparateProjWeight: true }),
    ValueError,
    "use_separate_proj_weight is True but q_proj_weight",
  );
  assertThrows(
    () => F.multiHeadAttentionForward(x, x, x, { ...named, inProjWeight: null }),
    ValueError,
    "use_separate_proj_weight is False but in_proj_weight is None",
  );
  assertThrows(
    () => F.multiHeadAttentionForward(ones([2, 1, 5]), x, x, named),
    ShapeError,
    "was expecting embedding dimension of 4, but got 5",
  );
});

/** Numbers that the dtype of their operation cannot hold. PyTorch 1.13 refuses the same ones. */
import { assertEquals, assertThrows } from "@std/assert";
import * as core from "../../../core/mod.ts";
import { type DType, ones, type Tensor, tensor, ValueError } from "../../../core/mod.ts";

const filling: Readonly<Record<string, (x: Tensor, value: number) => Tensor>> = {
  full: (x, value) => core.full(x.shape, value, { dtype: x.dtype }),
  full_like: (x, value) => core.fullLike(x, value),
  index_fill: (x, value) => core.indexFill(x, 0, tensor([0], { dtype: "int64" }), value),
  masked_fill: (x, value) => core.maskedFill(x, tensor([true]), value),
};

const others: Readonly<Record<string, (x: Tensor, value: number) => Tensor>> = {
  constant_pad_nd: (x, value) => core.pad(x, [1, -1], { value }),
  add: (x, alpha) => core.add(x, x, { alpha }),
  addcmul: (x, value) => core.addcmul(x, x, x, { value }),
  addmm: (x, alpha) => core.addmm(x.view(1, 1), x.view(1, 1), x.view(1, 1), { alpha }),
  addmv: (x, beta) => core.addmv(x, x.view(1, 1), x, { beta }),
  addbmm: (x, alpha) => core.addbmm(x.view(1, 1), x.view(1, 1, 1), x.view(1, 1, 1), { alpha }),
  baddbmm: (x, beta) => core.baddbmm(x.view(1, 1, 1), x.view(1, 1, 1), x.view(1, 1, 1), { beta }),
  addr: (x, alpha) => core.addr(x, x, x, { alpha }),
  threshold: (x, value) => core.threshold(x, 0, value),
  where: (x, value) => core.where(tensor([true]), x, value),
};

const tooMuch: readonly (readonly [DType, number, string])[] = [
  ["uint8", 300, "uint8_t"],
  ["uint8", -256, "uint8_t"],
  ["int8", 128, "int8_t"],
  ["int32", 2 ** 31, "int"],
  ["int64", 1e30, "int64_t"],
  ["float32", 1e300, "float"],
];

Deno.test("a number that the dtype cannot hold is refused", () => {
  for (const [name, run] of Object.entries({ ...filling, ...others })) {
    for (const [dtype, value, type] of tooMuch) {
      const sentence = `value cannot be converted to type ${type} without overflow, in ${name}`;
      assertThrows(() => run(ones([1], { dtype }), value), ValueError, sentence);
    }
  }
  for (const run of Object.values(filling)) {
    for (const value of [NaN, Infinity, 127.5, -128.5]) {
      assertThrows(() => run(ones([1], { dtype: "int8" }), value), ValueError, "int8_t without overflow");
    }
    assertThrows(() => run(ones([1], { dtype: "float16" }), 1e5), ValueError, "at::Half without overflow");
  }
});

Deno.test("uint8 takes a whole number below zero for one above, but no fraction", () => {
  for (const run of Object.values(filling)) {
    assertEquals(run(ones([1], { dtype: "uint8" }), -6).tolist(), [250]);
    assertEquals(run(ones([1], { dtype: "uint8" }), 6.7).tolist(), [6]);
    assertThrows(() => run(ones([1], { dtype: "uint8" }), -6.7), ValueError, "uint8_t without overflow");
  }
  assertEquals(core.add(ones([1], { dtype: "uint8" }), 3, { alpha: -1 }).tolist(), [254]);
  assertThrows(() => tensor([255.7], { dtype: "uint8" }), ValueError, "type uint8 without overflow");
});

Deno.test("operands and literals of floats may overflow to infinity", () => {
  assertEquals(tensor([1e300], { dtype: "float32" }).tolist(), [Infinity]);
  assertEquals(ones([1], { dtype: "float16" }).mul(1e5).tolist(), [Infinity]);
  assertEquals(core.full([1], -Infinity, { dtype: "float16" }).tolist(), [-Infinity]);
});

Deno.test("the factors of addcmul, addcdiv and addr act in the dtype that all have in common", () => {
  const one = tensor(1, { dtype: "int16" }), yes = tensor(true);
  const sum = core.addcmul(one, yes, yes, { value: 3.14 });
  assertEquals([sum.dtype, sum.item()], ["int16", 4]);
  const exact = tensor(1, { dtype: "float64", device: "cpu" });
  const third = core.addcdiv(exact, ones([], { device: "cpu" }), core.full([], 3, { device: "cpu" }));
  assertEquals(third.item(), 1 + 1 / 3);
  const outer = core.addr(tensor([[true]]), tensor([true]), tensor([3], { dtype: "int8" }), {
    beta: 3,
    alpha: 2,
  });
  assertEquals([outer.dtype, outer.tolist()], ["int8", [[9]]]);
  const whole = ones([1], { dtype: "int64" });
  assertThrows(() => core.addr(whole, whole, whole, { beta: 0.5 }), ValueError, "argument beta must not be");
});

Deno.test("lerp by a large number", () => {
  assertEquals(core.lerp(tensor([1, -1]), tensor([3, 3]), 3e38).tolist(), [Infinity, Infinity]);
  assertEquals(core.lerp(tensor([0.1]), tensor([0.3]), 0.7).tolist(), [0.24000000953674316]);
});

Deno.test("bounds are in the dtype of what they bound", () => {
  const int8 = ones([1], { dtype: "int8" });
  assertThrows(() => core.hardtanh(int8, -1000, 2), ValueError, "int8_t without overflow, in hardtanh");
  assertThrows(() => core.clamp(int8, -1, 300), ValueError, "int8_t without overflow, in clamp: got 300");
  assertThrows(() => core.clamp(ones([1]), -1e40), ValueError, "float without overflow, in clamp");
  assertEquals(core.clamp(ones([1], { dtype: "uint8" }), -1).tolist(), [255]);
  assertEquals(core.clamp(ones([1]), 2, Infinity).tolist(), [2]);
  assertThrows(() => core.threshold(int8, NaN, 1), ValueError, "int8_t without overflow, in threshold");
  assertThrows(() => core.threshold(tensor([true]), 1, 1), core.DTypeError, "not implemented for 'Bool'");
});

/**
 * Common mistakes that types do not catch at run time: each is an error of Tenon's own, never one from inside and never a silent answer.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import * as tenon from "../../../core/mod.ts";

const { cat, cumulativeTrapezoid, div, DTypeError, full, IndexError, linear, matmul, ones } = tenon;
const { ShapeError, sum, TenonError, tensor, trapezoid, ValueError, zeros } = tenon;
const wrong = <T>(value: unknown): T => value as T;

Deno.test("an argument that is no tensor is named", () => {
  const a = ones([2, 3]);
  assertThrows(
    () => matmul(a, wrong(undefined)),
    TenonError,
    "matmul() missing 1 required positional argument: 'other'",
  );
  assertThrows(
    () => matmul(a, wrong([[1]])),
    TenonError,
    "matmul(): argument 'other' (position 2) must be Tensor, not list",
  );
  assertThrows(() => a.add(wrong(Promise.resolve(a))), TenonError, "got a promise; await it");
  assertThrows(() => matmul(a, wrong(matmul)), TenonError, "got a function; call it");
  assertThrows(
    () => cat(wrong(a)),
    ValueError,
    "cat(): argument 'tensors' (position 1) must be tuple of Tensors, not Tensor",
  );
  assertThrows(
    () => cat(wrong([a, "s"])),
    TenonError,
    "expected Tensor as element 1 in argument 0, but got str, in cat",
  );
  assertThrows(() => sum(a, wrong("0")), IndexError, `argument 'dim' must be int, not the string "0"`);
});

Deno.test("a dtype that does not exist is named", () => {
  assertThrows(() => tensor([1], { dtype: wrong("float") }), DTypeError, '"float" is not a dtype');
  assertThrows(() => zeros([1], { dtype: wrong("Float32") }), DTypeError, '"Float32" is not a dtype');
  assertThrows(
    () => full([2], wrong<number>("x")),
    DTypeError,
    "full(): argument 'fill_value' (position 2) must be Number, not str",
  );
});

Deno.test("a rounding mode that does not exist is refused", () => {
  // torch.ones(2).div(2, rounding_mode="round")
  assertThrows(
    () => div(ones([2]), 2, wrong({ roundingMode: "round" })),
    ValueError,
    "div expected rounding_mode to be one of None, 'trunc', or 'floor' but found 'round'",
  );
});

Deno.test("literals that an integer dtype cannot hold are refused, as by torch.tensor", () => {
  const bad = [[300, "uint8"], [200, "int8"], [2 ** 31, "int32"], [NaN, "int32"], [1e20, "int64"], [
    2n ** 63n,
    "int64",
  ]] as const;
  for (const [value, dtype] of bad) {
    assertThrows(() => tensor([value], { dtype }), ValueError, "without overflow");
  }
  assertEquals(tensor([-1], { dtype: "uint8" }).tolist(), [255]);
  assertEquals(tensor([-128, 127], { dtype: "int8" }).tolist(), [-128, 127]);
  assertEquals(String(tensor(-(2n ** 63n)).item()), "-9223372036854775808");
});

Deno.test("what needs a dimension refuses a number, as PyTorch does", () => {
  const s = tensor(2.5);
  assertThrows(() => s.split(1), ShapeError, "split expects at least a 1-dimensional tensor");
  assertThrows(() => s.split([1]), ShapeError, "split expects at least a 1-dimensional tensor");
  assertThrows(() => s.chunk(2), ShapeError, "chunk expects at least a 1-dimensional tensor");
  assertThrows(() => s.narrow(0, 0, 1), ShapeError, "narrow() cannot be applied to a 0-dim tensor.");
  for (const op of [() => s.unflatten(0, [1]), () => trapezoid(s, { dim: 0 })]) {
    assertThrows(op, IndexError, "Dimension specified as 0 but tensor has no dimensions");
  }
  assertThrows(() => cumulativeTrapezoid(s), IndexError, "tensor has no dimensions, in cumulative_trapezoid");
  const least = "both arguments to matmul need to be at least 1D, but they are";
  assertThrows(() => linear(s, ones([1, 1])), ShapeError, `${least} 0D and 2D`);
  assertThrows(() => linear(ones([2]), s), ShapeError, `${least} 1D and 0D`);
});

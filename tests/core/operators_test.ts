/**
 * JavaScript's operators on tensors: refused by name where they would silently give nonsense, text where text is wanted.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import { ones, TenonError, tensor } from "../../core/mod.ts";
import { Parameter } from "../../nn/mod.ts";

Deno.test("arithmetic and comparison of tensors throw and name the methods", () => {
  // As a program without type checking sees it.
  const [x, p] = [tensor([1, 2]), new Parameter(ones([2]))].map((t) => t as unknown as number);
  const mistakes = [
    () => x + 1,
    () => x > 0,
    () => +x,
    () => -x,
    () => x * x,
    () => 1 - p,
    () => p / 2,
    () => Math.max(x, 1),
  ];
  for (const mistake of mistakes) assertThrows(mistake, TenonError, "use methods, such as x.add(y)");
});

Deno.test("text of tensors", () => {
  const x = tensor([1, 2]);
  assertEquals(
    [`${x}`, String(x), [x, x].join()],
    Array(2).fill("tensor([1., 2.])").concat("tensor([1., 2.]),tensor([1., 2.])"),
  );
});

Deno.test("tolist says what it gives where that is known", () => {
  const rows: number[][] = ones([1, 2]).tolist<number[][]>();
  assertEquals(rows, [[1, 1]]);
});

Deno.test("JSON of tensors is their elements", () => {
  assertEquals(JSON.stringify({ x: ones([1, 2]) }), '{"x":[[1,1]]}');
});

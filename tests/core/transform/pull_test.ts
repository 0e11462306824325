/** The walk behind gradients: how the cotangents of one tensor are added up. */
import { assertEquals } from "@std/assert";
import { grad, narrow, type Tensor, tensor } from "../../../core/mod.ts";

Deno.test("gradients of the parts of a tensor are joined where these adjoin, and added where not", () => {
  const x = tensor([[1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12]]);
  /** d/dx of the sum of the parts, each times its number: how often, and with which factor, an element is in one. */
  const of = (parts: readonly (readonly [dim: number, start: number, length: number])[]) =>
    grad((x: Tensor) =>
      parts.map(([dim, start, length], i) => narrow(x, dim, start, length).mul(i + 1).sum()).reduce((a, b) =>
        a.add(b)
      )
    )(x);
  const cases: [string, Parameters<typeof of>[0], number[][]][] = [
    ["in order", [[1, 0, 2], [1, 2, 3], [1, 5, 1]], [[1, 1, 2, 2, 2, 3], [1, 1, 2, 2, 2, 3]]],
    ["backwards", [[1, 4, 2], [1, 2, 2], [1, 0, 2]], [[3, 3, 2, 2, 1, 1], [3, 3, 2, 2, 1, 1]]],
    ["with a gap", [[1, 0, 2], [1, 4, 2]], [[1, 1, 0, 0, 2, 2], [1, 1, 0, 0, 2, 2]]],
    ["not to the end", [[1, 1, 2], [1, 3, 2]], [[0, 1, 1, 2, 2, 0], [0, 1, 1, 2, 2, 0]]],
    ["over each other", [[1, 0, 4], [1, 2, 4]], [[1, 1, 3, 3, 2, 2], [1, 1, 3, 3, 2, 2]]],
    ["twice the same", [[1, 0, 3], [1, 3, 3], [1, 0, 3]], [[4, 4, 4, 2, 2, 2], [4, 4, 4, 2, 2, 2]]],
    ["along two dimensions", [[0, 0, 1], [0, 1, 1], [1, 0, 3], [1, 3, 3]], [[4, 4, 4, 5, 5, 5], [
      5,
      5,
      5,
      6,
      6,
      6,
    ]]],
  ];
  for (const [what, parts, want] of cases) assertEquals(of(parts).tolist(), want, what);
  assertEquals(of(cases[1][1]).prim.name, "concat");
  // d/dx of sum of squares of parts, twice: 2 x, then 2.
  const twice = grad((x: Tensor) =>
    grad((y: Tensor) => narrow(y, 1, 0, 3).square().sum().add(narrow(y, 1, 3, 3).square().sum()))(x).sum()
  );
  assertEquals(twice(x).tolist(), [[2, 2, 2, 2, 2, 2], [2, 2, 2, 2, 2, 2]]);
});

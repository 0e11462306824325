/** Arguments that PyTorch 1.13 refuses, with its sentences. */
import { assertThrows } from "@std/assert";
import * as core from "../../../core/mod.ts";
import { linalg, ones, tensor } from "../../../core/mod.ts";

const int = (values: number[]) => tensor(values, { dtype: "int64" });
const infinite = { range: [0, Infinity] } as const;

// deno-fmt-ignore
const refused: readonly (readonly [string, () => unknown])[] = [
  ["diff expects prepend or append to be the same dimension as input", () => core.diff(ones(3), { n: 0, prepend: ones(2, 2) })],
  ["input.size(0) = 3, but got tensor.size(0) = 2", () => core.diff(ones(3, 3), { append: ones(2, 2) })],
  ["Trying to create tensor with negative dimension (-3): (-3)", () => core.broadcastShapes([2, -3], [2, -3])],
  ["start (4) + length (-1) exceeds dimension size (3).", () => core.pad(ones(3), [-4, 2])],
  ["value cannot be converted to type int8_t without overflow, in index_add", () => core.indexAdd(ones([1], { dtype: "int8" }), 0, [0], ones([1], { dtype: "int8" }), { alpha: 300 })],
  ["linalg.cross: inputs must have the same number of dimensions.", () => core.cross(ones(3), ones(2, 3))],
  ["Input tensors must have 2 or fewer dimensions. Input 1 has 3 dimensions", () => core.blockDiag(ones(2), ones(1, 2, 2))],
  ["Expected reduce to be one of prod, mean, amax or amin but got sum.", () => Reflect.apply(core.indexReduce, null, [ones(3), 0, int([0]), ones(1), "sum"])],
  ["linalg.vecdot: Expected a floating point or complex tensor as input. Got Long", () => linalg.vecdot(int([1]), int([1]))],
  ["but found x of type Float and y of type Double instead", () => linalg.vecdot(ones(3, { dtype: "float32" }), ones(3, { dtype: "float64", device: "cpu" }).to("cpu"))],
  ["cov(): aweights cannot be negative", () => core.cov(ones(2, 3), { aweights: tensor([1, -1, 1]) })],
  ["argument 'fweights' must be Tensor", () => Reflect.apply(core.cov, null, [ones(2, 3), { fweights: 1 }])],
  ["argument 'weight' must be Tensor", () => Reflect.apply(core.histogramdd, null, [ones(3, 2), 2, { weight: 2 }])],
  ["dimension 1's range [0, Infinity] is not finite", () => core.histogramdd(ones(3, 2), 2, { range: [0, 1, 0, Infinity] })],
  ["min should not exceed max, but got min 2 max 1 for dimension 0", () => core.histogram(ones(3), 2, { range: [2, 1] })],
  ["dimension 0's range [0, Infinity] is not finite", () => core.histogram(ones(3), 3, infinite)],
  ["torch.gradient does not support uint8 input.", () => core.gradient(tensor([3, 2, 1], { dtype: "uint8" }))],
  ["rtol must be greater than or equal to zero, but got NaN", () => core.isclose(ones(1), ones(1), { rtol: NaN })],
  ["atol must be greater than or equal to zero, but got NaN", () => core.allclose(ones(1), ones(1), { atol: NaN })],
];

for (const [sentence, call] of refused) {
  Deno.test(`refused: ${sentence}`, () => {
    assertThrows(call, core.TenonError, sentence);
  });
}

/** Arguments that PyTorch 1.13 refuses, with its sentences. */
import { assertEquals, assertThrows } from "@std/assert";
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
  ["cov(): weights sum to zero, can't be normalized", () => core.cov(ones(2, 3), { fweights: int([0, 0, 0]) })],
  ["normal expects all elements of std >= 0.0, but found NaN", () => core.normal(ones(2), tensor([NaN, 1]))],
  ["torch.histc: range of [NaN, NaN] is not finite", () => core.histc(tensor([1, NaN]), 3)],
  ["torch.histc: range of [0, Infinity] is not finite", () => core.histc(ones(3), 3, 0, Infinity)],
  ["argument 'fweights' must be Tensor", () => Reflect.apply(core.cov, null, [ones(2, 3), { fweights: 1 }])],
  ["argument 'weight' must be Tensor", () => Reflect.apply(core.histogramdd, null, [ones(3, 2), 2, { weight: 2 }])],
  ["dimension 1's range [0, Infinity] is not finite", () => core.histogramdd(ones(3, 2), 2, { range: [0, 1, 0, Infinity] })],
  ["min should not exceed max, but got min 2 max 1 for dimension 0", () => core.histogram(ones(3), 2, { range: [2, 1] })],
  ["dimension 0's range [0, Infinity] is not finite", () => core.histogram(ones(3), 3, infinite)],
  ["torch.gradient does not support uint8 input.", () => core.gradient(tensor([3, 2, 1], { dtype: "uint8" }))],
  ["rtol must be greater than or equal to zero, but got NaN", () => core.isclose(ones(1), ones(1), { rtol: NaN })],
  ["vector + matrix @ vector expected, got 1, 2, 2", () => core.mv(ones(2, 3), ones(2, 3))],
  ["outer: Expected 1-D argument self, but got 2-D", () => core.outer(ones(2, 3), ones(3))],
  ["invalid subscript given at index 1 in the equation string", () => core.einsum("i#", ones(2, 3))],
  ["but first has size 3 in dim -1 and second has size 2 in dim 0", () => core.tensordot(ones(2, 3), ones(2, 3), 1)],
  ["both dimension lists should have same length", () => core.tensordot(ones(2, 3), ones(3, 4), [[0], [1, 2]])],
  ["Trying to create tensor with negative dimension -2: [-2, 6]", () => ones(2, 3).repeat(-1, 2)],
  ["repeats can not be negative", () => ones(2, 3).repeatInterleave(-1)],
  ["split_size can only be 0 if dimension size is 0, but got dimension size of 2", () => ones(2, 3).split(0)],
  ["split_with_sizes expects split_sizes have only non-negative entries", () => ones(2, 3).split([2, -1, 2], 1)],
  ["linalg.vector_norm: Expected a floating point or complex tensor as input. Got Long", () => linalg.vectorNorm(int([1]))],
  ["linalg.inv: Expected a floating point or complex tensor as input. Got Long", () => linalg.inv(int([1]).reshape(1, 1))],
  ["torch.histogram(): bins must be > 0, but got 0 for dimension 0", () => core.histc(ones(3), 0)],
  ["Rotation dim1 out of range, dim1 = 5", () => core.rot90(ones(2, 3), 1, [0, 5])],
  ["Float did not match Double", () => core.isclose(ones([1], { dtype: "float32" }), ones([1], { dtype: "float64", device: "cpu" }).to("cpu"))],
  ['"lerp_kernel_scalar" not implemented for \'Long\'', () => core.lerp(int([1]), int([2]), 0.5)],
  ['"round_cpu" not implemented for \'Long\'', () => int([1]).round({ decimals: 1 })],
  ['"logcumsumexp_out_cpu" not implemented for \'Long\'', () => int([1]).logcumsumexp(0)],
  ["meshgrid expects all tensors to have the same dtype", () => core.meshgrid(ones(2), int([1]))],
  ["can't retain_grad on Tensor that has requires_grad=False", () => ones(2).retainGrad()],
  ["element 0 of tensors does not require grad and does not have a grad_fn", () => core.autograd.grad(ones(1), ones(1))],
  ["Only Tensors of floating point and complex dtype can require gradients", () => ones([2], { dtype: "int64", requiresGrad: true })],
  ["0D or 1D target tensor expected, multi-target not supported", () => core.crossEntropy(ones(2, 3), ones(2, 4))],
  ["Expected input batch_size (2) to match target batch_size (3).", () => core.crossEntropy(ones(2, 3), ones(3))],
  ["size mismatch (got input: [3], target: [2])", () => core.nllLoss(ones(3), int([0, 1]))],
  ["non-empty 3D or 4D (batch mode) tensor expected for input", () => core.maxPool2d(ones(2, 3), 2)],
  ["adaptive_avg_pool2d(): Expected 3D or 4D tensor, but got [2, 3]", () => core.adaptiveAvgPool2d(ones(2, 3), 2)],
  ["weight should have at least three dimensions", () => core.conv1d(ones(2, 3), ones(2, 3))],
  ["running_mean must be defined in evaluation mode", () => core.batchNorm(ones(2, 3), null, null)],
  ["fractional_max_pool2d requires specifying either an output_size or an output_ratio", () => Reflect.apply(core.fractionalMaxPool2d, null, [ones(1, 3, 8, 8), 2])],
  ["logical_and() missing 1 required positional argument: 'other'", () => Reflect.apply(core.logicalAnd, null, [ones(2)])],
  ["narrow() missing 1 required positional argument: 'length'", () => Reflect.apply(core.narrow, null, [ones(2), 0, 0])],
  ["add(): argument 'other' (position 2) must be Tensor or Number, not str", () => Reflect.apply(core.add, null, [ones(2), "x"])],
  ["sqrt(): argument 'input' (position 1) must be Tensor, not list", () => Reflect.apply(core.sqrt, null, [[1]])],
  ["linear(): argument 'weight' (position 2) must be Tensor, not NoneType", () => Reflect.apply(core.linear, null, [ones(2, 3), null])],
  ["new(): invalid data type 'str'", () => Reflect.apply(tensor, null, [[1, "x"]])],
  ["Could not infer dtype of NoneType", () => Reflect.apply(tensor, null, [[1, null]])],
  ["Dimension out of range (expected to be in range of [-2, 1], but got 3), in stride", () => ones(2, 3).stride(3)],
  ["None and long or byte Variables are valid indices (got float)", () => ones(2, 3).get(1.5)],
  ["slice step cannot be zero", () => ones(2, 3).get("::0")],
  ["unsupported range: 0 -> nan", () => core.arange(NaN)],
  ["unsupported range: 0 -> inf", () => core.arange(0, Infinity)],
  ["argument 'requires_grad' must be bool, not NaN", () => Reflect.apply(core.ones, null, [2, { requiresGrad: NaN }])],
  ["sizes are whole numbers, but got [NaN]", () => core.broadcastShapes([NaN], [3, 1])],
  ["argument 'correction' must be int, not NaN", () => core.cov(ones(2, 3), { correction: NaN })],
  ["torch.histc: range of [NaN, 3] is not finite", () => core.histc(ones(3), 4, NaN, 3)],
  ["argument 'replacement' must be bool, not NaN", () => Reflect.apply(core.multinomial, null, [ones(3), 2, NaN])],
  ['"repeat_interleave_cpu" not implemented for \'Float\'', () => ones(2).repeatInterleave(ones(2))],
  ["argument 'sorted' must be bool, not NaN", () => Reflect.apply(core.unique, null, [ones(3), { sorted: NaN }])],
  ["argument 'returnCounts' must be bool, not 1", () => Reflect.apply(core.uniqueConsecutive, null, [ones(3), { returnCounts: 1 }])],
  ["argument 'size' must be int, not 1.5", () => ones(4).unfold(0, 1.5, 1)],
  ["argument 'value' must be float, not the string", () => Reflect.apply(core.pad, null, [ones(3), [1, 1], "constant", "x"])],
  ["argument 'eps' must be float or None, not the string", () => Reflect.apply(core.logit, null, [ones(3), "x"])],
  ["zero-dimensional tensor (at position 1) cannot be concatenated", () => core.cat([ones(2), tensor(1)])],
  ['"hypot_cpu" not implemented for \'Long\'', () => core.hypot(int([1]), int([1]))],
  ['"floor_vml_cpu" not implemented for \'Bool\'', () => tensor([true]).floor()],
  ["atol must be greater than or equal to zero, but got NaN", () => core.allclose(ones(1), ones(1), { atol: NaN })],
];

Deno.test("flip takes its dimensions one by one, in a list, and by name", () => {
  const x = core.arange(6).reshape(2, 3), expected = [[5, 4, 3], [2, 1, 0]];
  for (const y of [x.flip(0, 1), x.flip([0, 1]), x.flip({ dims: [-1, 0] })]) {
    assertEquals(y.tolist(), expected);
  }
});

Deno.test("what is None in PyTorch may be null", () => {
  const x = core.arange(6).reshape(2, 3).float(), index = int([5, 0, 1]);
  assertEquals(x.aminmax({ dim: null }).max.item(), 5);
  assertEquals(core.cross(x, x.flip(1), null).tolist(), core.cross(x, x.flip(1)).tolist());
  assertEquals(tensor([NaN, 1]).nanToNum({ nan: null }).tolist(), [0, 1]);
  assertEquals(x.roll(1, null).tolist(), x.roll(1).tolist());
  assertEquals(x.takeAlongDim(index, null).tolist(), [5, 0, 1]);
});

for (const [sentence, call] of refused) {
  Deno.test(`refused: ${sentence}`, () => {
    assertThrows(call, core.TenonError, sentence);
  });
}

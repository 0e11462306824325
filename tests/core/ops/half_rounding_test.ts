/**
 * Functions of several steps in half precision compute in float32 and round once, as PyTorch's kernels do. The numbers are PyTorch's, of float32 and rounded.
 */
import { assertEquals } from "@std/assert";
import {
  add,
  addcdiv,
  addcmul,
  batchNorm,
  div,
  elu,
  layerNorm,
  leakyRelu,
  lerp,
  nextafter,
  polygamma,
  sub,
  tensor,
  xlogy,
} from "../../../core/mod.ts";
import { forEachDevice } from "../devices.ts";

const half = (data: number[] | number[][]) => tensor(data, { dtype: "bfloat16" });

forEachDevice("activations in half precision round once", () => {
  const x = half([1.5, -2.25, -1]);
  // torch.nn.functional.elu(x, 0.3), leaky_relu(x, 0.3)
  assertEquals(elu(x, 0.3).tolist(), [1.5, -0.267578125, -0.189453125]);
  assertEquals(leakyRelu(x, 0.3).tolist(), [1.5, -0.67578125, -0.30078125]);
});

forEachDevice("sums with factors in half precision round once", () => {
  const a = half([0.3]), b = half([-1.7]), c = half([0.9]);
  // torch.lerp(a, b, 0.3), torch.addcmul(a, b, c, value=0.3), torch.addcdiv(a, b, c, value=0.3)
  const sums = [lerp(a, b, 0.3), addcmul(a, b, c, { value: 0.3 }), addcdiv(a, b, c, { value: 0.3 })];
  assertEquals(sums.map((t) => t.item()), [-0.30078125, -0.158203125, -0.267578125]);
  assertEquals(sums.map((t) => t.dtype), ["bfloat16", "bfloat16", "bfloat16"]);
});

forEachDevice("norms in half precision round once, and keep the dtype beside float32 parameters", () => {
  const x = half([[1.5, -2.25, 3, 0.75], [0.5, 4, -1, 2]]);
  const weight = half([1.1, 0.9, -0.7, 0.3]), bias = half([0.1, 0.2, 0.3, 0.4]);
  assertEquals(layerNorm(x, [4], weight, bias).tolist(), [
    [0.53125, -1.2109375, -0.5234375, 0.400390625],
    [-0.421875, 1.4765625, 1.1953125, 0.50390625],
  ]);
  const { output, runningMean, runningVar } = batchNorm(
    x,
    tensor([0.1, 0.2, 0.3, 0.4]),
    tensor([1, 2, 3, 4]).float(),
    { weight: weight.float(), bias: bias.float(), training: true },
  );
  assertEquals([output.dtype, runningMean?.dtype, runningVar?.dtype], ["bfloat16", "float32", "float32"]);
  assertEquals(output.tolist(), [
    [1.203125, -0.69921875, -0.3984375, 0.099609375],
    [-1, 1.1015625, 1, 0.69921875],
  ]);
});

forEachDevice("a factor of a bfloat16 summand is rounded, its product is not", () => {
  const a = half([0.3, -1.7, 0.9, 2.3]), b = half([-1.1, 0.7, 3.3, -0.2]);
  // torch.add(a, b, alpha=0.3) and torch.sub, for elements that PyTorch takes in vectors.
  assertEquals(add(a, b, { alpha: 0.3 }).tolist(), [-0.030517578125, -1.4921875, 1.890625, 2.234375]);
  assertEquals(sub(a, b, { alpha: 0.3 }).tolist(), [0.6328125, -1.9140625, -0.09326171875, 2.359375]);
});

forEachDevice("cubes and products with logarithms of float16 round once", () => {
  const x = tensor([0.3, -1.7, 0.9, 2.3], { dtype: "float16" });
  assertEquals(x.pow(3).tolist(), [0.027008056640625, -4.9140625, 0.72900390625, 12.1796875]);
  assertEquals(xlogy(x, x.abs()).tolist(), [-0.361083984375, -0.90234375, -0.09490966796875, 1.9169921875]);
});

forEachDevice("a number divided by a tensor is a product with the reciprocal", () => {
  const x = tensor([0.3, -1.7, 0.9, 7, 11]);
  if (x.device !== "webgpu") {
    // A GPU may divide less exactly.
    const quotients = [1, -0.1764705777168274, 0.3333333730697632, 0.04285714775323868, 0.027272729203104973];
    assertEquals(div(0.3, x).tolist(), quotients);
  }
  assertEquals(div(0.3, half([0.3, -1.7, 0.9, 7, 11])).tolist(), [
    1,
    -0.17578125,
    0.333984375,
    0.04296875,
    0.02734375,
  ]);
});

forEachDevice("the next number of a half-precision type is one step of that type away", () => {
  const a = [1, -1, 3, 2, Infinity, 65504],
    b = [2, 2, 1, 2, 0, 1e6],
    next = (dtype: "bfloat16" | "float16") => nextafter(tensor(a, { dtype }), tensor(b, { dtype })).tolist();
  // Just below a power of two the steps are half as long.
  assertEquals(next("bfloat16"), [
    1 + 2 ** -7,
    -1 + 2 ** -8,
    3 - 2 ** -6,
    2,
    (2 - 2 ** -7) * 2 ** 127,
    65536 + 512,
  ]);
  assertEquals(next("float16"), [1 + 2 ** -10, -1 + 2 ** -11, 3 - 2 ** -9, 2, 65504, Infinity]);
});

forEachDevice("the derivatives of the logarithm of gamma round once", () => {
  const x = half([-0.06201171875, 1.25, 0.3, 7.5]);
  assertEquals(polygamma(1, x).tolist(), [262, 1.1953125, 12.1875, 0.142578125]);
  assertEquals(polygamma(3, x).tolist(), [405504, 2.78125, 736, 0.005767822265625]);
});

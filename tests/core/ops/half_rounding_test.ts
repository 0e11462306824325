/**
 * Functions of several steps in half precision compute in float32 and round once, as PyTorch's kernels do. The numbers are PyTorch's, of float32 and rounded.
 */
import { assertEquals } from "@std/assert";
import { addcdiv, addcmul, batchNorm, elu, layerNorm, leakyRelu, lerp, tensor } from "../../../core/mod.ts";
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

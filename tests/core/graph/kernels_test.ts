/**
 * How many kernels a computation becomes. The numbers are those of a good fusion: a change that raises one is a regression.
 */
import { assertEquals } from "@std/assert";
import {
  evaluate,
  grad,
  layerNorm,
  logSoftmax,
  softmax,
  type Tensor,
  tensor,
  valueAndGrad,
} from "../../../core/mod.ts";
import { iota } from "../../../core/ops/ranges.ts";
import { withFusion } from "../devices.ts";
import { countingDevice } from "../counting.ts";

const { counts, reset } = countingDevice();

const values = (shape: number[]) =>
  tensor(new Float32Array(shape.reduce((a, b) => a * b)).map((_, i) => Math.sin(i)), { shape });
const x = values([64, 32]),
  w = values([32]),
  b = values([32]),
  target = tensor(new Float32Array(64).map((_, i) => i % 32)).long();

/** -log p of the target by rows, without a gather, so that it fuses. */
const crossEntropy = (y: Tensor) => {
  const hit = iota([64, 32], 1).eq(target.unsqueeze(1));
  return logSoftmax(y, -1).mul(hit.to("float32")).sum(1).neg().mean();
};

function kernels(fn: () => Tensor | readonly Tensor[]): number {
  reset();
  const roots = fn();
  evaluate(Array.isArray(roots) ? roots : [roots as Tensor]);
  return counts.steps.values().reduce((a, b) => a + b, 0);
}

const cases: Record<string, [count: number, fn: () => Tensor | readonly Tensor[]]> = {
  "a chain": [1, () => x.mul(w).add(b).tanh().sub(x.mul(x))],
  "softmax": [1, () => softmax(x, -1)],
  "logSoftmax": [1, () => logSoftmax(x, -1)],
  "layerNorm": [1, () => layerNorm(x, [32], w, b)],
  "variance": [1, () => x.var(1)],
  "standard deviation of all": [1, () => x.std()],
  "logsumexp": [1, () => x.logsumexp(1)],
  "three statistics of one value": [1, () => [x.sum(1), x.mean(1), x.amax(1)]],
  "cross entropy by rows": [1, () => logSoftmax(x, -1).mul(iota([64, 32], 1).eq(target.unsqueeze(1))).sum(1)],
  "the gradient of softmax": [1, () => grad((y: Tensor) => softmax(y, -1).mul(y).sum())(x)],
  "the gradient of layerNorm": [1, () => grad((y: Tensor) => layerNorm(y, [32], w, b).pow(2).sum())(x)],
  "cross entropy and its gradient": [2, () => valueAndGrad(crossEntropy)(x)],
  "batch statistics and what they normalise": [2, () => {
    const m = x.mean(0), v = x.sub(m).pow(2).mean(0);
    return x.sub(m).div(v.add(1e-5).sqrt());
  }],
  "the transpose of a product": [1, () => x.matmul(values([32, 16])).t()],
  "the transpose of a batch of products": [
    1,
    () => values([3, 4, 5]).matmul(values([3, 5, 6])).transpose(-1, -2).relu(),
  ],
  "another permutation of products": [2, () => values([3, 4, 5]).matmul(values([3, 5, 6])).transpose(0, 1)],
  "matmul, bias, activation": [1, () => x.matmul(values([32, 16])).add(values([16])).relu()],
  "views alone": [1, () => x.t().reshape([32, 8, 8]).flip(0).narrow(1, 2, 3)],
};

for (const [name, [count, fn]] of Object.entries(cases)) {
  Deno.test(`${name}: ${count} ${count === 1 ? "kernel" : "kernels"}`, () => {
    assertEquals(withFusion(true, () => kernels(fn)), count);
  });
}

Deno.test("without fusion every operation is a kernel", () => {
  // add, max, sub, exp, sum, div
  assertEquals(withFusion(false, () => kernels(() => softmax(x.add(0.5), -1))), 6);
});

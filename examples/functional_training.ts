/**
 * Training without modules: a function of its parameters, its gradient as another function, and new parameters at each step.
 *
 * @module
 */
import {
  cat,
  evaluate,
  linspace,
  manualSeed,
  matmul,
  randn,
  type Tensor,
  valueAndGrad,
  zeros,
} from "@tenon/tenon";

interface Parameters extends Record<string, Tensor> {
  w1: Tensor;
  b1: Tensor;
  w2: Tensor;
  b2: Tensor;
}

function predict({ w1, b1, w2, b2 }: Parameters, x: Tensor): Tensor {
  return matmul(matmul(x, w1).add(b1).tanh(), w2).add(b2);
}

const step = valueAndGrad((parameters: Parameters, x: Tensor, y: Tensor) =>
  predict(parameters, x).sub(y).square().mean()
);

manualSeed(0);
const x = linspace(-3, 3, 100).unsqueeze(1), y = x.sin(), rate = 0.08;
let parameters: Parameters = {
  w1: randn(1, 32),
  b1: randn(32).mul(2),
  w2: randn(32, 1).mul(0.2),
  b2: zeros(1),
};
for (let i = 1; i <= 1000; i++) {
  const [loss, gradients] = step(parameters, x, y);
  parameters = {
    w1: parameters.w1.sub(gradients.w1.mul(rate)),
    b1: parameters.b1.sub(gradients.b1.mul(rate)),
    w2: parameters.w2.sub(gradients.w2.mul(rate)),
    b2: parameters.b2.sub(gradients.b2.mul(rate)),
  };
  // Without this the parameters would stay expressions of all the steps before.
  evaluate([loss, ...Object.values(parameters)]);
  if (i % 250 === 0) console.log(`step ${i}: loss ${loss.item().toFixed(6)}`);
}
console.log("x, its sine, and what was learned:");
console.log(cat([x, y, predict(parameters, x)], 1).get("::11"));

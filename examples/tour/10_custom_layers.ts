/**
 * Layers of one's own, without and with parameters.
 *
 * @module
 */
import { matmul, nn, rand, randn, type Tensor, tensor } from "@tenon/tenon";
import { functional as F } from "@tenon/tenon/nn";

class CenteredLayer extends nn.Module {
  forward(X: Tensor): Tensor {
    return X.sub(X.mean());
  }
}

const layer = new CenteredLayer();
console.log(layer(tensor([1, 2, 3, 4, 5])));

// In a larger model
const centered = new nn.Sequential(new nn.Linear(8, 128), new CenteredLayer());
const Y = centered(rand(4, 8));
console.log(Y.mean());

class MyLinear extends nn.Module {
  weight: nn.Parameter;
  bias: nn.Parameter;

  constructor(inUnits: number, units: number) {
    super();
    this.weight = new nn.Parameter(randn(inUnits, units));
    this.bias = new nn.Parameter(randn(units));
  }

  forward(X: Tensor): Tensor {
    const linear = matmul(X, this.weight.data).add(this.bias.data);
    return F.relu(linear);
  }
}

const dense = new MyLinear(5, 3);
console.log(dense.weight);

// By itself
console.log(dense(rand(2, 5)));

// In a model
const net = new nn.Sequential(new MyLinear(64, 8), new MyLinear(8, 1));
console.log(net(rand(2, 64)));

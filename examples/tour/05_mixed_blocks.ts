/**
 * Blocks of every kind inside each other.
 *
 * @module
 */
import { mm, nn, rand, type Tensor } from "@tenon/tenon";
import { functional as F } from "@tenon/tenon/nn";

class FixedHiddenMLP extends nn.Module {
  randWeight = rand(20, 20);
  linear = new nn.Linear(20, 20);

  forward(X: Tensor): Tensor {
    X = this.linear(X);
    X = F.relu(mm(X, this.randWeight.add(1)));
    X = this.linear(X);
    while (X.abs().sum().item() > 1) {
      X = X.div(2);
    }
    return X.sum();
  }
}

class NestMLP extends nn.Module {
  net = new nn.Sequential(new nn.Linear(20, 64), new nn.ReLU(), new nn.Linear(64, 32), new nn.ReLU());
  linear = new nn.Linear(32, 16);

  forward(X: Tensor): Tensor {
    return this.linear(this.net(X));
  }
}

const chimera = new nn.Sequential(new NestMLP(), new nn.Linear(16, 20), new FixedHiddenMLP());
const X = rand(2, 20);
console.log(chimera(X));

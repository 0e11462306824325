/**
 * Code in `forward`: a constant that is not learned, a layer used twice, and a loop that looks at values.
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

const net = new FixedHiddenMLP();
const X = rand(2, 20);
console.log(net(X));

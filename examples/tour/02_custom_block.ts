/**
 * A block of one's own: a class with its layers as fields and a `forward`.
 *
 * @module
 */
import { nn, rand, type Tensor } from "@tenon/tenon";
import { functional as F } from "@tenon/tenon/nn";

class MLP extends nn.Module {
  hidden = new nn.Linear(20, 256);
  out = new nn.Linear(256, 10);

  forward(X: Tensor): Tensor {
    return this.out(F.relu(this.hidden(X)));
  }
}

const net = new MLP();
const X = rand(2, 20);
console.log(net(X));

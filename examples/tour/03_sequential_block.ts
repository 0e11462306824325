/**
 * A sequential block by hand: blocks that arrive at run time are registered under a name.
 *
 * @module
 */
import { nn, rand, type Tensor } from "@tenon/tenon";

class MySequential extends nn.Module {
  constructor(...blocks: nn.Module[]) {
    super();
    for (const [i, block] of blocks.entries()) this.registerModule(`${i}`, block);
  }

  forward(X: Tensor): Tensor {
    for (const block of this.children()) {
      console.log(block);
      X = block(X);
    }
    return X;
  }
}

const net = new MySequential(new nn.Linear(20, 256), new nn.ReLU(), new nn.Linear(256, 10));
const X = rand(2, 20);
console.log(net(X));

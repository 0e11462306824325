/**
 * From nothing to a trained model: learns XOR.
 *
 * @module
 */
import { manualSeed, nn, optim, type Tensor, tensor } from "@tenon/tenon";

class Xor extends nn.Module {
  hidden = new nn.Linear(2, 8);
  out = new nn.Linear(8, 1);

  override forward(x: Tensor): Tensor {
    return this.out(this.hidden(x).tanh()).sigmoid();
  }
}

manualSeed(0);
const x = tensor([[0, 0], [0, 1], [1, 0], [1, 1]]);
const y = tensor([[0], [1], [1], [0]]);
const net = new Xor();
const optimizer = new optim.Adam(net.parameters(), { lr: 0.05 });
for (let step = 1; step <= 300; step++) {
  optimizer.zeroGrad();
  const loss = net(x).sub(y).pow(2).mean();
  loss.backward();
  optimizer.step();
  if (step % 100 === 0) console.log(`step ${step}: loss ${loss.item().toFixed(6)}`);
}
console.log(net(x).round());

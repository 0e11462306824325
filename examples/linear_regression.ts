/**
 * Linear regression: made-up data with noise, a data loader, one layer, stochastic gradient descent.
 *
 * @module
 */
import { io, manualSeed, matmul, nn, optim, randn, tensor } from "@tenon/tenon";

manualSeed(0);
const weight = tensor([2, -3.4]), bias = 4.2;
const features = randn(1000, 2);
const labels = matmul(features, weight).add(bias).add(randn(1000).mul(0.01)).unsqueeze(1);

const data = new io.data.DataLoader(new io.data.TensorDataset(features, labels), {
  batchSize: 10,
  shuffle: true,
});
const net = new nn.Linear(2, 1);
const loss = new nn.MSELoss();
const optimizer = new optim.SGD(net.parameters(), { lr: 0.03 });

for (let epoch = 1; epoch <= 3; epoch++) {
  for (const [x, y] of data) {
    optimizer.zeroGrad();
    loss(net(x), y).backward();
    optimizer.step();
  }
  console.log(`epoch ${epoch}: loss ${loss(net(features), labels).item().toFixed(6)}`);
}
console.log(net.weight.data, net.bias?.data);

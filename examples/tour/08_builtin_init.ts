/**
 * Initialising: a function applied to every module.
 *
 * @module
 */
import { nn } from "@tenon/tenon";

const net = new nn.Sequential(new nn.Linear(4, 8), new nn.ReLU(), new nn.Linear(8, 1));

function initNormal(m: nn.Module) {
  if (m instanceof nn.Linear) {
    nn.init.normal_(m.weight, 0, 0.01);
    if (m.bias) nn.init.zeros_(m.bias);
  }
}

net.apply(initNormal);
console.log(net[0].weight.data.get(0));
console.log(net[0].bias.data.get(0));

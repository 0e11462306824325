/**
 * An initialisation of one's own, and parameters whose values are replaced.
 *
 * @module
 */
import { nn } from "@tenon/tenon";

function myInit(m: nn.Module) {
  if (m instanceof nn.Linear) {
    const [name, param] = m.namedParameters()[0];
    console.log("Init", name, param.size());
    nn.init.uniform_(m.weight, -10, 10);
    m.weight.data = m.weight.data.mul(m.weight.data.abs().ge(5));
  }
}

const net = new nn.Sequential(new nn.Linear(4, 8), new nn.ReLU(), new nn.Linear(8, 1));
net.apply(myInit);
console.log(net[0].weight.get(":2"));
net[0].weight.data = net[0].weight.data.add(1);
net[0].weight.data = net[0].weight.data.at(0, 0).set(42);
console.log(net[0].weight.data.get(0));

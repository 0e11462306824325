/**
 * Looking at parameters: by field, by position, by name.
 *
 * @module
 */
import { nn, rand } from "@tenon/tenon";

const net = new nn.Sequential(new nn.Linear(4, 8), new nn.ReLU(), new nn.Linear(8, 1));
const X = rand(2, 4);
console.log(net(X));
console.log(net[2].stateDict());
console.log(net[2].bias.constructor);
console.log(net[2].bias);
console.log(net[2].bias.data);
console.log(net[2].weight.grad === null ? "True" : "False"); // Python's spelling
console.log(...net[0].namedParameters().map(([name, param]) => `('${name}', ${param.size()})`));
console.log(...net.namedParameters().map(([name, param]) => `('${name}', ${param.size()})`));
console.log(net.stateDict()["2.bias"].data);

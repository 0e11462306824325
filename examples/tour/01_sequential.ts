/**
 * Layers and blocks: `nn.Sequential` is a Module made of modules.
 *
 * @module
 */
import { nn, rand } from "@tenon/tenon";

const net = new nn.Sequential(new nn.Linear(20, 256), new nn.ReLU(), new nn.Linear(256, 10));
const X = rand(2, 20);
console.log(net(X));

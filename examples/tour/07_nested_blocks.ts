/**
 * Blocks made by functions, nested, with names made at run time.
 *
 * @module
 */
import { nn, rand } from "@tenon/tenon";

function block1() {
  return new nn.Sequential(new nn.Linear(4, 8), new nn.ReLU(), new nn.Linear(8, 4), new nn.ReLU());
}

function block2() {
  const net = new nn.Sequential();
  for (let i = 0; i < 4; i++) {
    net.addModule(`block${i}`, block1());
  }
  return net;
}

const X = rand(2, 4);
const rgnet = new nn.Sequential(block2(), new nn.Linear(4, 1));
console.log(rgnet(X));
console.log(rgnet);

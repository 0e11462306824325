/**
 * Training on every device: the losses of the first steps are those of the plain interpreter, with fusion on and off; a module moves between devices with its
 * state.
 *
 * @module
 */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { defaultDevice, setDefaultDevice } from "../../core/device.ts";
import { crossEntropy, mseLoss } from "../../core/mod.ts";
import { rand, randint } from "../../core/ops/random.ts";
import { manualSeed } from "../../core/random/generator.ts";
import * as nn from "../../nn/mod.ts";
import { forEachDevice, forEachFusion } from "../core/devices.ts";

/** Losses of a small convolutional classifier under Adam. */
function convolutional(): number[] {
  manualSeed(0);
  const net = new nn.Sequential(
    new nn.Conv2d(1, 4, 3, { padding: 1 }),
    new nn.BatchNorm2d(4),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.Flatten(),
    new nn.Linear(4 * 4 * 4, 5),
  );
  const optimizer = new nn.optim.Adam(net.parameters(), { lr: 0.01 });
  const x = rand(6, 1, 8, 8), y = randint(5, [6]);
  return [0, 1, 2].map(() => {
    optimizer.zeroGrad();
    const loss = crossEntropy(net(x), y);
    loss.backward();
    optimizer.step();
    return loss.item();
  });
}

/** Losses of a perceptron with layer norm under SGD with momentum. */
function perceptron(): number[] {
  manualSeed(1);
  const net = new nn.Sequential(
    new nn.Linear(20, 33),
    new nn.LayerNorm([33]),
    new nn.GELU(),
    new nn.Dropout(0.2),
    new nn.Linear(33, 3),
  );
  const optimizer = new nn.optim.SGD(net.parameters(), { lr: 0.1, momentum: 0.9 });
  const x = rand(10, 20), y = rand(10, 3);
  return [0, 1, 2, 3].map(() => {
    optimizer.zeroGrad();
    const loss = mseLoss(net(x), y);
    loss.backward();
    optimizer.step();
    return loss.item();
  });
}

const wanted = new Map<() => number[], number[]>();

/** The losses on the interpreter, computed once. */
function reference(train: () => number[]): number[] {
  const found = wanted.get(train), device = defaultDevice();
  if (found !== undefined) return found;
  setDefaultDevice("reference");
  try {
    const losses = train();
    wanted.set(train, losses);
    return losses;
  } finally {
    setDefaultDevice(device);
  }
}

for (const train of [convolutional, perceptron]) {
  forEachFusion(`a ${train.name} network trains as on the interpreter`, () => {
    const losses = train();
    reference(train).forEach((want, i) => assertAlmostEquals(losses[i], want, 2e-4));
  });
}

forEachDevice("a module moves to a device and back with parameters and buffers", (device) => {
  setDefaultDevice("cpu");
  manualSeed(2);
  const net = new nn.Sequential(new nn.Linear(4, 3), new nn.BatchNorm1d(3)).eval();
  const x = rand(5, 4);
  const kept = net.parameters().map((p) => p.tolist());
  net.to(device);
  assertEquals(net.parameters().map((p) => p.device), net.parameters().map(() => device));
  assertEquals(net.buffers().map((b) => b.device), net.buffers().map(() => device));
  assertEquals(net.parameters().map((p) => p.tolist()), kept);
  const there = net(x.to(device));
  assertEquals(there.device, device);
  const here = net.to("cpu")(x);
  assertEquals(here.device, "cpu");
  assertAlmostEquals(there.detach().to("cpu").sub(here).abs().max().item(), 0, 1e-5);
});

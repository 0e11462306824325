/**
 * What can be read after an optimizer's step, which overwrites the parameters: parts of the loss, the norm of clipped gradients, outputs
 * of modules, and gradients of parameters that are another optimizer's.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { manualSeed, randn, type Tensor } from "../../../core/mod.ts";
import * as nn from "../../../nn/mod.ts";

/** Three steps on the first layer of a net, and the reading of `watch` before (for reference) or after each. */
function readings(
  watch: (net: nn.Module, loss: Tensor, part: Tensor, norm: Tensor, out: Tensor) => Tensor,
  early: boolean,
): number[] {
  manualSeed(0);
  const net = new nn.Sequential(new nn.Linear(3, 4), new nn.Tanh(), new nn.Linear(4, 1));
  const optimizer = new nn.optim.SGD(net[0].parameters(), { lr: 0.1, momentum: 0.9 });
  const x = randn(5, 3);
  return Array.from({ length: 4 }, () => {
    optimizer.zeroGrad();
    const out = net(x), part = net[0].weight.pow(2).sum();
    const loss = out.pow(2).mean().add(part.mul(0.1));
    loss.backward();
    const norm = nn.utils.clipGradNorm_(net.parameters(), 0.5);
    const read = () => watch(net, loss, part, norm, out).item();
    const before = early ? read() : 0;
    optimizer.step();
    return early ? before : read();
  });
}

const watched: Readonly<Record<string, Parameters<typeof readings>[0]>> = {
  "the loss": (_net, loss) => loss,
  "a part of the loss": (_net, _loss, part) => part,
  "the norm before clipping": (_net, _loss, _part, norm) => norm,
  "something of the output": (_net, _loss, _part, _norm, out) => out.abs().sum(),
  "a gradient that the optimizer does not know": (net) => net.getParameter("2.weight").grad!.abs().sum(),
};

for (const [name, watch] of Object.entries(watched)) {
  Deno.test(`after a step: ${name}`, () => assertEquals(readings(watch, false), readings(watch, true)));
}

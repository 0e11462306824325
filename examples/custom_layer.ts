/**
 * A layer with everything a layer can have: a parameter, a buffer that is saved but not learned, options, and its line in the
 * model's text.
 *
 * @module
 */
import { manualSeed, nn, noGrad, ones, randn, type Tensor } from "@tenon/tenon";

/** Divides by the root of the running mean square of its inputs, and scales by a learned factor per feature. */
class RunningScale extends nn.Module {
  weight: nn.Parameter;
  declare meanSquare: Tensor;

  constructor(readonly features: number, readonly momentum = 0.1) {
    super();
    this.weight = new nn.Parameter(ones(features));
    this.registerBuffer("meanSquare", ones(features));
  }

  forward(x: Tensor): Tensor {
    if (this.training) {
      const now = noGrad(() => x.square().mean(0));
      this.meanSquare = this.meanSquare.lerp(now, this.momentum).detach();
    }
    return x.div(this.meanSquare.sqrt()).mul(this.weight);
  }

  override extraRepr(): string {
    return `${this.features}, momentum=${this.momentum}`;
  }
}

manualSeed(0);
const net = new nn.Sequential(new nn.Linear(4, 3), new RunningScale(3), new nn.Linear(3, 1));
console.log(net);
for (let i = 0; i < 20; i++) net(randn(16, 4));
net.eval();
console.log(net[1].stateDict());
console.log(net(randn(2, 4)));

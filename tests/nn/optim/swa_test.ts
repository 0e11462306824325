/**
 * Averaged models, the scheduler that goes with them, and the statistics of their norms. Numbers of the scheduler are PyTorch's.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { ValueError } from "../../../core/errors.ts";
import { tensor } from "../../../core/ops/create.ts";
import * as nn from "../../../nn/mod.ts";

const { AveragedModel, SWALR, updateBn } = nn.optim.swaUtils;

Deno.test("an averaged model holds the average of the parameters that a model had", () => {
  const model = new nn.Sequential(new nn.Linear(1, 1, false), new nn.BatchNorm1d(1));
  const average = new AveragedModel(model), buffers = new AveragedModel(model, { useBuffers: true });
  const moving = new AveragedModel(model, { avgFn: (a, b) => a.mul(0.9).add(b.mul(0.1)) });
  [1, 2, 6].forEach((value) => {
    nn.init.constant_(model[0].weight, value);
    model[1].runningMean = tensor([value]);
    for (const averaged of [average, buffers, moving]) averaged.updateParameters(model);
  });
  const weight = (m: nn.Module) => m.getParameter("module.0.weight").item();
  assertEquals([weight(average), weight(buffers)], [3, 3]);
  assert(Math.abs(weight(moving) - (0.9 * (0.9 * 1 + 0.1 * 2) + 0.1 * 6)) < 1e-6);
  assertEquals(average.getBuffer("module.1.running_mean").item(), 0);
  assertEquals(buffers.getBuffer("module.1.running_mean").item(), 3);
  assertEquals(Number(average.stateDict().n_averaged.item()), 3);
  assertEquals(Object.keys(average.stateDict()).slice(0, 2), ["n_averaged", "module.0.weight"]);
});

Deno.test("SWALR goes to its learning rates along a cosine or a line", () => {
  const run = (...settings: [number, "cos" | "linear"]) => {
    const params = [1, 2].map((lr) => ({ params: [new nn.Parameter(tensor([0]))], lr }));
    const optimizer = new nn.optim.SGD(params), scheduler = new SWALR(optimizer, [0.1, 0.5], ...settings);
    return Array.from({ length: 4 }, () => {
      optimizer.step();
      scheduler.step();
      return scheduler.getLastLr().map((lr) => Number(lr.toFixed(6)));
    });
  };
  assertEquals(run(3, "linear"), [[0.7, 1.5], [0.4, 1.0], [0.1, 0.5], [0.1, 0.5]]);
  assertEquals(run(3, "cos"), [[0.775, 1.625], [0.325, 0.875], [0.1, 0.5], [0.1, 0.5]]);
  assertEquals(run(0, "cos"), [[0.1, 0.5], [0.1, 0.5], [0.1, 0.5], [0.1, 0.5]]);
  const optimizer = new nn.optim.SGD([new nn.Parameter(tensor([0]))], { lr: 1 });
  assertThrows(
    () => new SWALR(optimizer, 0.1, -1),
    ValueError,
    "anneal_epochs must be equal or greater than 0",
  );
});

Deno.test("updateBn makes the running statistics the plain average over the data", () => {
  const model = new nn.Sequential(new nn.BatchNorm1d(1));
  model(tensor([[50], [70]]));
  updateBn([[tensor([[1], [3]])], tensor([[5], [9]])], model.eval());
  const { "0.running_mean": mean, "0.running_var": variance, "0.num_batches_tracked": count } = model
    .stateDict();
  // Means 2 and 7, unbiased variances 2 and 8.
  assertEquals([mean.item(), variance.item(), Number(count.item())], [4.5, 5, 2]);
  assertEquals([model.training, model[0].momentum], [false, 0.1]);
});

Deno.test("averages that forget, one by one and all at once", () => {
  const { getEmaAvgFn, getEmaMultiAvgFn, getSwaMultiAvgFn } = nn.optim.swaUtils;
  const averaged = (options: nn.optim.swaUtils.AveragedModelOptions) => {
    const model = new nn.Linear(1, 1), average = new AveragedModel(model, options);
    for (const value of [1, 2, 4]) {
      nn.init.constant_(model.weight, value);
      average.updateParameters(model);
    }
    return average.getParameter("module.weight").item();
  };
  // The first value itself, then 3/4 of the old and 1/4 of the new one.
  const wanted = (1 * 0.75 + 2 * 0.25) * 0.75 + 4 * 0.25;
  assertEquals(averaged({ avgFn: getEmaAvgFn(0.75) }), wanted);
  assertEquals(averaged({ multiAvgFn: getEmaMultiAvgFn(0.75) }), wanted);
  assertEquals(averaged({ multiAvgFn: getSwaMultiAvgFn() }), Math.fround(7 / 3));
  assertThrows(() => getEmaAvgFn(2), ValueError, "Invalid decay value 2 provided");
  assertThrows(
    () =>
      new AveragedModel({ model: new nn.Linear(1, 1), avgFn: getEmaAvgFn(), multiAvgFn: getEmaMultiAvgFn() }),
    ValueError,
    "Only one of avg_fn and multi_avg_fn should be provided",
  );
});

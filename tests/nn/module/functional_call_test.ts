/**
 * Modules as functions of their parameters: functionalCall and valueAndGrad.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { GradError, ValueError } from "../../../core/errors.ts";
import { ones, tensor, zeros } from "../../../core/ops/create.ts";
import { randn } from "../../../core/ops/random.ts";
import type { Tensor } from "../../../core/tensor.ts";
import { grad } from "../../../core/transform/grad.ts";
import { vmap } from "../../../core/transform/vmap.ts";
import * as nn from "../../../nn/mod.ts";

const near = (a: Tensor, b: Tensor) => a.sub(b).abs().max().item() < 1e-6;

Deno.test("functionalCall uses the given values and leaves the module as it is", () => {
  const net = new nn.Sequential(new nn.Linear(2, 2), new nn.BatchNorm1d(2)).eval();
  const before = net.stateDict(), x = randn([3, 2]);
  const y = nn.functionalCall(net, {
    "0.weight": zeros([2, 2]),
    "0.bias": tensor([1, 2]),
    "1.running_mean": tensor([1, 1]),
  }, x);
  // The first layer gives its bias; the norm takes the mean off, over the root of 1 + 1e-5.
  assert(near(y, tensor([[0, 1], [0, 1], [0, 1]]).div(Math.sqrt(1 + 1e-5))));
  for (const [name, value] of Object.entries(net.stateDict())) {
    assertEquals(value.tolist(), before[name].tolist(), name);
  }
});

Deno.test("gradients go to the given values and not to the parameters", () => {
  const layer = new nn.Linear(2, 1);
  const x = tensor([[1, 2]]);
  const g = grad((w: Tensor) => nn.functionalCall(layer, { weight: w }, x).pow(2).sum())(tensor([[3, 4]]));
  // d/dw (w x + b)^2 = 2 (w x + b) x
  const expected = x.mul(2).mul(layer.bias.detach().add(11));
  assert(near(g, expected));
  assertEquals(layer.weight.grad, null);
});

Deno.test("a tied parameter takes its value under any of its names", () => {
  class Tied extends nn.Module {
    a = new nn.Linear(2, 2, { bias: false });
    b = new nn.Linear(2, 2, { bias: false });
    constructor() {
      super();
      this.b.weight = this.a.weight;
    }
    override forward(x: Tensor): Tensor {
      return this.b(this.a(x));
    }
  }
  const y = nn.functionalCall(new Tied(), { "a.weight": tensor([[2, 0], [0, 2]]) }, ones([1, 2]));
  assertEquals(y.tolist(), [[4, 4]]);
});

Deno.test("functionalCall refuses names that are not there and puts everything back after an error", () => {
  const layer = new nn.Linear(2, 1), before = layer.weight.tolist();
  assertThrows(
    () => nn.functionalCall(layer, { weight: zeros([1, 2]), wight: zeros([1]) }, ones([1, 2])),
    ValueError,
    'Linear has no parameter or buffer "wight"',
  );
  assertThrows(() => nn.functionalCall(layer, { weight: zeros([1, 2]) }, ones([1, 3])));
  assertEquals(layer.weight.tolist(), before);
  class Slow extends nn.Module {
    inner = new nn.Linear(1, 1);
    override forward(x: Tensor): Promise<Tensor> {
      return Promise.resolve(this.inner(x));
    }
  }
  assertThrows(
    () => nn.functionalCall(new Slow(), { "inner.bias": zeros([1]) }, ones([1, 1])),
    GradError,
    "forward is async",
  );
});

Deno.test("valueAndGrad gives what backward gives", () => {
  const net = new nn.Sequential(new nn.Linear(3, 4), new nn.Tanh(), new nn.Linear(4, 1));
  net[0].bias.requiresGrad = false;
  const x = randn([5, 3]), y = randn([5, 1]);
  const loss = (a: Tensor, b: Tensor) => net(a).sub(b).pow(2).mean();
  const [value, grads] = nn.valueAndGrad(net, loss)(x, y);
  assertEquals(Object.keys(grads), ["0.weight", "2.weight", "2.bias"]);
  assert(!value.requiresGrad && net.parameters().every((p) => p.grad === null));
  const direct = loss(x, y);
  direct.backward();
  assert(near(value, direct));
  for (const [name, g] of Object.entries(grads)) {
    const other = net.getParameter(name).grad;
    assert(other !== null && near(g, other), name);
  }
});

Deno.test("models of one class run as one by their stacked parameters and buffers", () => {
  const make = () => new nn.Sequential(new nn.Linear(3, 2), new nn.BatchNorm1d(2)).eval();
  const models = [make(), make(), make()], x = randn([4, 3]);
  models[1][1].runningMean = tensor([1, 2]);
  models[2][0].bias.requiresGrad = true;
  const [params, buffers] = nn.stackModuleState(models);
  assertEquals(Object.entries(params).map(([name, p]) => [name, p.shape, p.requiresGrad]), [
    ["0.weight", [3, 2, 3], true],
    ["0.bias", [3, 2], true],
    ["1.weight", [3, 2], true],
    ["1.bias", [3, 2], true],
  ]);
  assertEquals(buffers["1.running_mean"].tolist(), [[0, 0], [1, 2], [0, 0]]);
  type Values = Record<string, Tensor>;
  const run = (p: Values, b: Values, x: Tensor): Tensor => nn.functionalCall(models[0], [p, b], x);
  const together = vmap(run, { inDims: [0, 0, null] })(params, buffers, x);
  models.forEach((model, i) => assert(near(together.get(i), model(x))));
  together.sum().backward();
  assertEquals(params["0.weight"].grad?.shape, [3, 2, 3]);
  assertEquals(models[0][0].weight.grad, null);
  const message = "stack_module_state: Expected";
  assertThrows(() => nn.stackModuleState([]), ValueError, `${message} at least one model, got 0.`);
  assertThrows(
    () => nn.stackModuleState([make(), make().train()]),
    ValueError,
    `${message} all models to have`,
  );
  assertThrows(() => nn.stackModuleState([make(), new nn.Linear(1, 1).eval()]), ValueError, "the same class");
  assertThrows(
    () => nn.functionalCall(new nn.Linear(1, 1), [{ weight: x }, { weight: x }], x),
    ValueError,
    "weight appears in multiple dictionaries",
  );
});

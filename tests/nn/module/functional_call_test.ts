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

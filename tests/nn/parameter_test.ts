/**
 * Parameter: the one mutable cell, and its uninitialized kind.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { compile } from "../../core/transform/compile.ts";
import { GradError, ValueError } from "../../core/errors.ts";
import { ones, tensor, zeros } from "../../core/ops/create.ts";
import { Tensor } from "../../core/tensor.ts";
import * as nn from "../../nn/mod.ts";

Deno.test("a parameter is a tensor wherever one can be used", () => {
  const p = new nn.Parameter(tensor([1, 2]));
  assert(p instanceof Tensor);
  assertEquals(p.mul(2).tolist(), [2, 4]);
  assertEquals(tensor([1, 1]).add(p).tolist(), [2, 3]);
  assertEquals([p.requiresGrad, p.isLeaf, p.gradFn], [true, true, null]);
  assertEquals(String(p), "Parameter containing:\ntensor([1., 2.], requires_grad=True)");
  assertEquals(
    String(new nn.Parameter(zeros([0]), { requiresGrad: false })),
    "Parameter containing:\ntensor([])",
  );
  assertEquals(String(p.data), "tensor([1., 2.])");
});

Deno.test("assigning to data replaces the value; expressions built before keep the old one", () => {
  const p = new nn.Parameter(tensor([1, 2]));
  const before = p.mul(10), taken = p.data;
  p.data = tensor([3, 4, 5]);
  assertEquals([p.shape, p.tolist()], [[3], [3, 4, 5]]);
  assertEquals([before.tolist(), taken.tolist()], [[10, 20], [1, 2]]);
  p.data = p.data.mul(2);
  assertEquals(p.tolist(), [6, 8, 10]);
  assertThrows(
    () => p.data = 3 as never,
    ValueError,
    "expected a tensor, but got number; wrap numbers in tensor(...)",
  );
});

Deno.test("a value taken before an optimizer's step is the old one after it", () => {
  const p = new nn.Parameter(tensor([1, 2]));
  const optimizer = new nn.optim.SGD([p], { lr: 1, momentum: 0.5 });
  const taken = p.data, expression = p.mul(10);
  for (let i = 0; i < 3; i++) {
    p.grad = ones([2]);
    optimizer.step();
  }
  assertEquals([taken.tolist(), expression.tolist()], [[1, 2], [10, 20]]);
  // Steps of 1, 1.5 and 1.75.
  assertEquals(p.tolist(), [-3.25, -2.25]);
});

Deno.test("a parameter made from an expression starts anew: no gradient flows on", () => {
  const a = new nn.Parameter(tensor([2]));
  const b = new nn.Parameter(a.mul(3));
  b.mul(5).sum().backward();
  assertEquals([a.grad, b.grad?.tolist()], [null, [5]]);
  b.data = a.mul(2);
  b.sum().backward();
  assertEquals([a.grad, b.grad?.tolist(), b.tolist()], [null, [6], [4]]);
});

Deno.test("gradients are summed up, and switched off and on", () => {
  const p = new nn.Parameter(tensor([1, 2]));
  p.mul(2).sum().backward();
  p.mul(3).sum().backward();
  assertEquals(p.grad?.tolist(), [5, 5]);
  p.requiresGrad = false;
  assertThrows(() => p.sum().backward(), GradError, "does not require grad");
  p.requiresGrad_(true).sum().backward();
  assertEquals(p.grad?.tolist(), [6, 6]);
});

Deno.test("an uninitialized parameter has no shape and no value until it is materialized", () => {
  const p = new nn.UninitializedParameter({ dtype: "float64" });
  assertEquals(String(p), "<UninitializedParameter>");
  assertThrows(() => p.shape, ValueError, "Can't access the shape of an uninitialized parameter or buffer.");
  assertThrows(() => p.add(1), ValueError);
  assertThrows(() => p.data, ValueError, "Attempted to use an uninitialized parameter");
  assertEquals([p.dtype, p.requiresGrad], ["float64", true]);
  p.materialize([2, 3]);
  assertEquals(Object.getPrototypeOf(p), nn.Parameter.prototype);
  assertEquals([p.shape, p.dtype, nn.init.ones_(p).sum().item()], [[2, 3], "float64", 6]);
});

Deno.test("lazy modules move, are listed and are trained like others", () => {
  const net = new nn.Sequential(new nn.LazyLinear(4), new nn.LazyBatchNorm1d(), new nn.LazyLinear(1))
    .double();
  const optimizer = new nn.optim.Adam(net.parameters());
  assertEquals(optimizer.paramGroups[0].params.length, 6);
  net(tensor([[1, 2, 3], [3, 2, 2]], { dtype: "float64" })).sum().backward();
  optimizer.step();
  assertEquals(net.parameters().map((p) => [...p.shape]), [[4, 3], [4], [4], [4], [1, 4], [1]]);
  assert([...net.parameters(), net[1].runningMean].every((x) => x?.dtype === "float64"));
});

Deno.test("a compiled function refuses to update running statistics and runs in evaluation mode", () => {
  const norm = new nn.BatchNorm1d(2), x = tensor([[1, 2], [3, 5]]);
  const call = compile((y: Tensor) => norm(y));
  assertThrows(
    () => call(x),
    GradError,
    "BatchNorm1d cannot update its running statistics inside a compiled function",
  );
  norm.eval();
  assertEquals(compile((y: Tensor) => norm(y))(x).tolist(), norm(x).tolist());
});

/**
 * Parameter: the one mutable cell, and its uninitialized kind.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { compile } from "../../../core/transform/compile/compile.ts";
import { vmap } from "../../../core/transform/vmap.ts";
import { GradError, ValueError } from "../../../core/errors.ts";
import { ones, tensor, zeros } from "../../../core/ops/create.ts";
import { randn } from "../../../core/ops/random.ts";
import { manualSeed } from "../../../core/random/generator.ts";
import { Tensor } from "../../../core/tensor.ts";
import * as nn from "../../../nn/mod.ts";

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
    "expected a tensor, but got the number 3; wrap numbers in tensor(...)",
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
  const p = new nn.UninitializedParameter({ dtype: "float16" });
  assertEquals(String(p), "<UninitializedParameter>");
  assertThrows(() => p.shape, ValueError, "Can't access the shape of an uninitialized parameter or buffer.");
  assertThrows(() => p.add(1), ValueError);
  assertThrows(() => p.data, ValueError, "Attempted to use an uninitialized parameter");
  assertEquals([p.dtype, p.requiresGrad], ["float16", true]);
  p.materialize([2, 3]);
  assertEquals(Object.getPrototypeOf(p), nn.Parameter.prototype);
  assertEquals([p.shape, p.dtype, nn.init.ones_(p).sum().item()], [[2, 3], "float16", 6]);
});

Deno.test("lazy modules move, are listed and are trained like others", () => {
  const net = new nn.Sequential(new nn.LazyLinear(4), new nn.LazyBatchNorm1d(), new nn.LazyLinear(1))
    .half();
  const optimizer = new nn.optim.Adam(net.parameters());
  assertEquals(optimizer.paramGroups[0].params.length, 6);
  net(tensor([[1, 2, 3], [3, 2, 2]], { dtype: "float16" })).sum().backward();
  optimizer.step();
  assertEquals(net.parameters().map((p) => [...p.shape]), [[4, 3], [4], [4], [4], [1, 4], [1]]);
  assert([...net.parameters(), net[1].runningMean].every((x) => x?.dtype === "float16"));
});

Deno.test("a compiled function updates running statistics at each call, as often as the layer is called in it", () => {
  const x = tensor([[1, 2], [3, 5]]), z = tensor([[0, 1], [7, -3]]);
  const make = () => [new nn.BatchNorm1d(2), new nn.InstanceNorm1d(2, { trackRunningStats: true })] as const;
  const [norm, instance] = make(), [plain, plainInstance] = make();
  const run = (a: nn.BatchNorm1d, b: nn.InstanceNorm1d) => (y: Tensor) =>
    a(a(y).add(1)).add(b(y.unsqueeze(-1).mul(tensor([1, 2]))).sum(-1));
  const compiled = compile(run(norm, instance)), reference = run(plain, plainInstance);
  for (const y of [x, z, x]) assertEquals(compiled(y).tolist(), reference(y).tolist());
  assertEquals(norm.stateDict().num_batches_tracked.item(), 6);
  for (const key of Object.keys(plain.stateDict())) {
    assertEquals(norm.stateDict()[key].tolist(), plain.stateDict()[key].tolist(), key);
  }
  assertEquals(instance.runningVar?.tolist(), plainInstance.runningVar?.tolist());
  norm.eval();
  plain.eval();
  assertEquals(compile((y: Tensor) => norm(y))(x).tolist(), plain(x).tolist());
});

Deno.test("copies of a norm, which share their statistics at first, are told apart in a compiled function", () => {
  const norm = new nn.BatchNorm1d(1), copy = nn.deepcopy(norm), x = tensor([[1], [3]]);
  compile((y: Tensor) => norm(y).add(copy(y.mul(10))))(x);
  // 0.1 times the mean of the batch.
  assertEquals([norm.runningMean?.item(), copy.runningMean?.item()].map((v) => v?.toFixed(4)), [
    "0.2000",
    "2.0000",
  ]);
});

Deno.test("running statistics are not updated inside vmap, which says so, and spoils no later step", () => {
  const norm = new nn.BatchNorm1d(2), x = tensor([[[1, 2], [3, 5]]]), before = norm.runningMean;
  const sentence = "Batch norm got a batched tensor as input while the running_mean or running_var";
  assertThrows(() => vmap((y: Tensor) => norm(y))(x), GradError, sentence);
  assertThrows(() => compile((z: Tensor) => vmap((y: Tensor) => norm(y))(z))(x), GradError, sentence);
  assertEquals([norm.runningMean, norm.numBatchesTracked?.item()], [before, 0]);
  const optimizer = new nn.optim.SGD(norm.parameters(), { lr: 0.1 });
  norm(x.select(0, 0)).sum().backward();
  optimizer.step();
  assertEquals([...vmap((y: Tensor) => norm.eval()(y))(x).shape], [1, 2, 2]);
});

Deno.test("a training step with running statistics compiles, and one that fails leaves them as they were", () => {
  manualSeed(0);
  const net = new nn.Sequential(new nn.Linear(2, 3), new nn.BatchNorm1d(3)), other = nn.deepcopy(net);
  const x = tensor([[1, 2], [3, 5], [0, 1]]);
  const step = (m: typeof net) => nn.valueAndGrad(m, (y: Tensor) => m(y).pow(2).mean());
  const [loss, grads] = compile((y: Tensor) => step(net)(y))(x), [wanted, wantedGrads] = step(other)(x);
  assertAlmostEquals(loss.item(), wanted.item(), 1e-6);
  assertEquals(grads["0.weight"].shape, wantedGrads["0.weight"].shape);
  assertEquals(net.stateDict()["1.running_mean"].tolist(), other.stateDict()["1.running_mean"].tolist());
  const norm = new nn.BatchNorm1d(2), before = norm.runningMean;
  assertThrows(() => compile((y: Tensor) => tensor(norm(y).sum().item()))(x), GradError, "cannot be read");
  assertEquals(norm.runningMean, before);
});

Deno.test("the plain average of all batches compiles: it goes by a count that is kept in the graph", () => {
  manualSeed(0);
  const plain = new nn.BatchNorm1d(2, { momentum: null }),
    replayed = new nn.BatchNorm1d(2, { momentum: null });
  const run = compile((x: Tensor) => replayed(x));
  for (let batch = 1; batch <= 4; batch++) {
    const x = randn([5, 2]);
    // In between it runs as it is.
    const y = batch === 3 ? replayed(x) : run(x);
    assertEquals(y.tolist(), plain(x).tolist());
    assertEquals(replayed.runningMean.tolist(), plain.runningMean.tolist());
    assertEquals(replayed.runningVar.tolist(), plain.runningVar.tolist());
    assertEquals(replayed.numBatchesTracked?.item(), batch);
  }
});

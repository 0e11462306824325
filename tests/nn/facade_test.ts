/**
 * Modules as users write them: fields and constructors, changes at run time, awkward names, asynchronous forwards, copies, moves.
 *
 * @module
 */
import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { ShapeError, ValueError } from "../../core/errors.ts";
import { noGrad } from "../../core/grad_mode.ts";
import { ones, tensor, zeros } from "../../core/ops/create.ts";
import { randn } from "../../core/ops/random.ts";
import type { Tensor } from "../../core/tensor.ts";
import * as nn from "../../nn/mod.ts";

class ByFields extends nn.Module {
  hidden = new nn.Linear(4, 8);
  out = new nn.Linear(8, 2);

  override forward(x: Tensor): Tensor {
    return this.out(this.hidden(x).relu());
  }
}

class ByConstructor extends nn.Module {
  hidden: nn.Linear;
  out: nn.Linear;
  #secret = 2;

  constructor(width: number) {
    super();
    this.hidden = new nn.Linear(4, width);
    this.out = new nn.Linear(width, 2);
  }

  override forward(x: Tensor): Tensor {
    return this.out(this.hidden(x).relu()).mul(this.#secret);
  }
}

const names = (net: nn.Module) => net.namedParameters().map(([name]) => name);
const four = ["hidden.weight", "hidden.bias", "out.weight", "out.bias"];

Deno.test("submodules are found by being fields, however they were made", () => {
  for (const net of [new ByFields(), new ByConstructor(8)]) {
    assertEquals(names(net), four);
    assertEquals(net(ones([3, 4])).shape, [3, 2]);
    assertInstanceOf(net, nn.Module);
    assert(net.hidden instanceof nn.Linear && !(net instanceof nn.Linear));
  }
  assertInstanceOf(new ByFields(), ByFields);
  assertInstanceOf(new nn.Sequential(), nn.Sequential);
});

Deno.test("TypeScript knows what a call takes and gives, and what stands in a sequence", () => {
  const net = new nn.Sequential(new nn.Linear(4, 3), new nn.ReLU(), new nn.LSTM(3, 2));
  // These lines are checked by the compiler as much as by the test.
  const features: number = net[0].outFeatures, hidden: number = net[2].hiddenSize;
  const y: Tensor = net[0](ones([1, 4]));
  const [output, [h, c]]: [Tensor, [Tensor, Tensor]] = net[2](net[1](y).reshape([1, 1, 3]));
  assertEquals([features, hidden, output.shape, h.shape, c.shape], [3, 2, [1, 1, 2], [1, 1, 2], [1, 1, 2]]);
});

Deno.test("a layer of a sequence is replaced by assignment", () => {
  const net = new nn.Sequential(new nn.Linear(2, 3), new nn.Linear(3, 4));
  net[1] = new nn.Linear(3, 1);
  assertEquals(net[1].outFeatures, 1);
  assertEquals(net.namedParameters().map(([, p]) => p.numel()), [6, 3, 3, 1]);
});

Deno.test("fields can be replaced, added and taken away at run time", () => {
  const net = new ByFields();
  assertEquals(names(net), four);
  assert(Reflect.set(net, "hidden", new nn.Linear(4, 8, { bias: false })));
  assertEquals(names(net), ["hidden.weight", "out.weight", "out.bias"]);
  net.registerModule("extra", new nn.Linear(1, 1));
  assertEquals(names(net).slice(3), ["extra.weight", "extra.bias"]);
  // null keeps the place.
  assert(Reflect.set(net, "hidden", null));
  assertEquals(names(net).slice(0, 2), ["out.weight", "out.bias"]);
  assert(Reflect.set(net, "hidden", new nn.Linear(4, 8)));
  assertEquals(names(net).slice(0, 2), ["hidden.weight", "hidden.bias"]);
  assert(Reflect.deleteProperty(net, "extra"));
  assertEquals(names(net), four);
  net.registerModule("extra", new nn.ReLU());
  assertEquals(net.namedChildren().map(([name]) => name), ["hidden", "out", "extra"]);
});

Deno.test("a parameter's field takes parameters alone; its value is replaced through data", () => {
  class Scale extends nn.Module {
    scale: Tensor = new nn.Parameter(ones([2]));
    override forward(x: Tensor): Tensor {
      return x.mul(this.scale);
    }
  }
  const net = new Scale();
  assertEquals(net(ones([2])).tolist(), [1, 1]);
  assertThrows(
    () => net.scale = zeros([2]),
    ValueError,
    "cannot assign 'torch.FloatTensor' as parameter 'scale' (torch.nn.Parameter or None expected)",
  );
  net.getParameter("scale").data = tensor([2, 3]);
  assertEquals(net(ones([2])).tolist(), [2, 3]);
  net.scale = new nn.Parameter(tensor([4, 5]));
  assertEquals(net(ones([2])).tolist(), [4, 5]);
});

Deno.test("a subclass can define a base's field anew", () => {
  class Looking extends nn.Linear {
    readonly seen = this.parameters().length;
  }
  class Other extends Looking {
    override bias = new nn.Parameter(zeros([3]));
  }
  const layer = new Other(2, 3);
  assertEquals(layer.seen, 2);
  assertEquals(layer.parameters().map((p) => [...p.shape]), [[3, 2], [3]]);
  assert(layer.parameters()[1] === layer.bias);
});

Deno.test("fields called like a function's properties are fields", () => {
  class Odd extends nn.Module {
    override name = new nn.Linear(2, 2) as never;
    override length = new nn.Linear(2, 2) as never;
    declare prototype: never;
    override forward(x: Tensor): Tensor {
      return x;
    }
  }
  assertEquals(new Odd().namedChildren().map(([name]) => name), ["name", "length"]);
  const net = new ByFields();
  for (const name of ["name", "length", "call", "bind", "arguments", "caller", "prototype", "constructor2"]) {
    net.registerModule(name, new nn.ReLU());
  }
  assertEquals(net.children().length, 10);
});

Deno.test("a field that hides a method is an error that says so", () => {
  class Hiding extends nn.Module {
    override apply = new nn.ReLU() as never;
    override forward(x: Tensor): Tensor {
      return x;
    }
  }
  const text = "attribute 'apply' already exists, in Hiding: it is part of nn.Module";
  assertThrows(() => new Hiding()(ones([1])), ValueError, text);
  assertThrows(() => new Hiding().parameters(), ValueError, text);
  for (const name of ["apply", "forward", "train", "training", "toString", "constructor"]) {
    assertThrows(
      () => new ByFields().registerModule(name, new nn.ReLU()),
      ValueError,
      `'${name}' already exists`,
    );
  }
});

Deno.test("an asynchronous forward: hooks see the result, errors say where", async () => {
  class Slow extends nn.Module {
    inner = new nn.Linear(2, 2);
    override async forward(x: Tensor): Promise<Tensor> {
      await Promise.resolve();
      return this.inner(x);
    }
  }
  const net = new Slow();
  const seen: unknown[] = [];
  net.registerForwardHook((_m, _x, y) => void seen.push(y));
  const y = await net(ones([1, 2]));
  assertEquals(y.shape, [1, 2]);
  assert(seen[0] === y);
  await assertRejects(() => net(ones([1, 3])), ShapeError, "in net.inner (Linear)");
  assertEquals((await net(ones([1, 2]))).shape, [1, 2]);
});

Deno.test("an error names the module that it came from", () => {
  const net = new nn.Sequential(
    new nn.ReLU(),
    new nn.Sequential({ a: new nn.ReLU(), b: new nn.Linear(3, 1) }),
  );
  const error = assertThrows(() => net(ones([2, 4])), ShapeError, "in net.1.b (Linear)");
  assert(error.message.startsWith("mat1 and mat2 shapes cannot be multiplied (2x4 and 3x1)"));
  // A second failure is described anew.
  assertThrows(() => net[1](ones([2, 4])), ShapeError, "in net.b (Linear)");
});

Deno.test("forward can look at values", () => {
  class Halving extends nn.Module {
    override forward(x: Tensor): Tensor {
      let y = x;
      while (y.abs().sum().item() > 1) y = y.div(2);
      return y.sum();
    }
  }
  assertEquals(new Halving()(ones([3])).item(), 0.75);
});

Deno.test("train and eval reach every module; requiresGrad_ and zeroGrad every parameter", () => {
  const net = new nn.Sequential(new nn.Dropout(), new nn.Sequential(new nn.Linear(2, 1)));
  assert(net.modules().every((m) => m.training));
  assertEquals(net.eval(), net);
  assert(net.modules().every((m) => !m.training));
  net[0].training = true;
  assertEquals(net.modules().filter((m) => m.training).length, 1);
  assert(net.train() === net && net.modules().every((m) => m.training));
  net.eval();
  net(ones([1, 2])).sum().backward();
  assert(net.parameters().every((p) => p.grad !== null));
  net.zeroGrad({ setToNone: false });
  assertEquals(net.parameters().map((p) => p.grad?.abs().sum().item()), [0, 0]);
  net.zeroGrad();
  assert(net.parameters().every((p) => p.grad === null));
  assert(net.requiresGrad_(false).parameters().every((p) => !p.requiresGrad));
  assertEquals(net(ones([1, 2])).requiresGrad, false);
});

Deno.test("a move to another dtype takes floats along and leaves counts and sharing", () => {
  const norm = new nn.BatchNorm1d(2);
  const net = new nn.Sequential(norm, norm, new nn.Linear(2, 1)).double();
  assertEquals(net.parameters().map((p) => p.dtype), ["float64", "float64", "float64", "float64"]);
  assertEquals(net[0].numBatchesTracked?.dtype, "int64");
  assertEquals(net[0].runningMean?.dtype, "float64");
  assert(net[0] === net[1]);
  assertEquals(net.float().parameters()[0].dtype, "float32");
});

Deno.test("deepcopy shares nothing with the original, and within the copy what was shared", () => {
  class Tied extends nn.Module {
    a = new nn.Linear(2, 2);
    b = new nn.Linear(2, 2);
    sizes = [1, 2];
    constructor() {
      super();
      this.b.weight = this.a.weight;
      this.registerBuffer("count", zeros([1]));
    }
    override forward(x: Tensor): Tensor {
      return this.b(this.a(x));
    }
  }
  const net = new Tied(), copy = nn.deepcopy(net.eval());
  assertInstanceOf(copy, Tied);
  assert(copy.a.weight === copy.b.weight && copy.a.weight !== net.a.weight);
  assertEquals(Object.keys(copy.stateDict()), Object.keys(net.stateDict()));
  assert(!copy.training && copy.sizes !== net.sizes);
  const x = randn([1, 2]);
  assertEquals(copy(x).tolist(), net(x).tolist());
  nn.init.zeros_(copy.a.weight);
  assert(net.a.weight.abs().sum().item() > 0);
  const lazy = new nn.LazyLinear(2), other = nn.deepcopy(lazy);
  assertEquals(other(ones([1, 3])).shape, [1, 2]);
  assertEquals(String(other) + String(lazy), String(new nn.Linear(3, 2)) + String(new nn.LazyLinear(2)));
  const named = new nn.Sequential({ x: new nn.Linear(1, 1) }), twin = nn.deepcopy(named);
  assert(twin[0] !== named[0] && twin.at(0) === twin[0]);
});

Deno.test("ModuleList and ModuleDict hold what they are given", () => {
  const list = new nn.ModuleList([new nn.Linear(1, 1), new nn.Linear(1, 2)]);
  list.append(new nn.Linear(1, 3)).extend([new nn.Linear(1, 4)]);
  list.insert(0, new nn.Linear(1, 5));
  const sizes = () => [...list].map((layer) => layer.outFeatures);
  assertEquals(sizes(), [5, 1, 2, 3, 4]);
  assertEquals([list[1].outFeatures, list.at(-1).outFeatures, list.length], [1, 4, 5]);
  assertEquals(list.pop().outFeatures + list.pop(0).outFeatures, 9);
  list.set(-1, new nn.Linear(1, 9));
  assertEquals([...list.slice(1)].map((layer) => layer.outFeatures), [2, 9]);
  assertEquals(sizes(), [1, 2, 9]);
  const dict = new nn.ModuleDict({ b: new nn.Linear(1, 1), a: new nn.Linear(1, 2) });
  assertEquals([...dict], ["b", "a"]);
  assertEquals(dict.items().map(([key, layer]) => [key, layer.outFeatures]), [["b", 1], ["a", 2]]);
  dict.update({ c: new nn.Linear(1, 3), b: new nn.Linear(1, 4) });
  assertEquals(dict.values().map((layer) => layer.outFeatures), [4, 2, 3]);
  assertEquals([dict.pop("a").outFeatures, dict.has("a"), dict.has("items"), dict.length], [
    2,
    false,
    false,
    2,
  ]);
  dict.clear();
  assertEquals(dict.keys(), []);
  assertThrows(() => dict.set("items", new nn.Linear(1, 1)), ValueError, "attribute 'items' already exists");
});

Deno.test("running statistics are kept through many steps without a chain of them", () => {
  const net = new nn.Sequential(new nn.Linear(2, 3), new nn.BatchNorm1d(3, { momentum: null }));
  const optimizer = new nn.optim.SGD(net.parameters(), { lr: 0 });
  const batches = Array.from({ length: 20 }, () => randn([4, 2]));
  for (const x of batches) {
    optimizer.zeroGrad();
    net(x).sum().backward();
    optimizer.step();
  }
  // Without momentum the running mean is the mean of all batches' means.
  const mean = batches.map((x) => net[0](x).mean(0)).reduce((a, b) => a.add(b)).div(20);
  assert(net[1].runningMean !== null && net[1].runningMean.sub(mean).abs().max().item() < 1e-6);
  assertEquals(net[1].numBatchesTracked?.item(), 20);
});

Deno.test("the result of AdaptiveLogSoftmaxWithLoss is taken apart and prints as PyTorch's tuple", () => {
  const layer = new nn.AdaptiveLogSoftmaxWithLoss(2, 4, [2]);
  for (const p of layer.parameters()) nn.init.zeros_(p);
  const [output, loss] = layer(ones([1, 2]), tensor([0], { dtype: "int64" }));
  // Three equal choices at the head.
  assertEquals([output.item(), loss.item()].map((v) => Math.round(v * 1e4)), [-10986, 10986]);
  assertEquals(
    String(noGrad(() => layer(ones([1, 2]), tensor([0], { dtype: "int64" })))),
    "_ASMoutput(output=tensor([-1.0986]), loss=tensor(1.0986))",
  );
});

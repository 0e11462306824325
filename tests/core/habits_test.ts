/**
 * Habits from PyTorch that tensors here cannot have are answered with what to write.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { Generator, ones, TenonError, Tensor, tensor } from "../../core/mod.ts";
import { nn } from "../../mod.ts";
import { Parameter } from "../../nn/module/parameter.ts";

function unknown<T>(value: unknown): T {
  return value as T;
}

// What an unchecked program sees.
const x = tensor([[1, 2], [3, 4]]) as unknown as Record<string, (...args: unknown[]) => unknown>;

Deno.test("operations in place, brackets, CUDA and NumPy say what takes their place", () => {
  const cases: [() => unknown, string][] = [
    [() => x.add_(1), "take the result, x = x.add(...); for a parameter p.data = p.data.add(...)"],
    [() => x.zero_(), "x = zerosLike(x); for a gradient p.grad = null"],
    [() => x.copy_(x), "copy_: a tensor is immutable"],
    [() => x.uniform_(-1, 1), "init.uniform_(p, low, high)"],
    [() => x.geometric_(0.5), "x = geometric(x.shape, p, { dtype: x.dtype })"],
    [() => x[0], "x[0]: JavaScript has no brackets for tensors; x.get(0) is that slice"],
    [() => x[-1], "x.get(-1) is that slice"],
    [() => x[1] = () => 2, "x = x.at(1).set(y) is one with another slice"],
    [() => x.cuda(), 'the devices are "cpu" and "webgpu"'],
    [() => x.numpy(), "x.tolist() gives nested arrays"],
  ];
  for (const [call, sentence] of cases) assertThrows(call, TenonError, sentence);
});

Deno.test("modules answer to CUDA, JSON and positions from the end", () => {
  const net = new nn.Sequential(new nn.Linear(1, 1)), list = new nn.ModuleList([net]);
  const unchecked = net as unknown as Record<string, () => unknown>;
  const cases: [() => unknown, string][] = [
    [() => unchecked.cuda(), 'the devices are "cpu" and "webgpu", as in net.to("webgpu")'],
    [() => JSON.stringify({ net }), "toJSON: a module is not data; io.save(net.stateDict(), path)"],
    [() => net[-1], "[-1]: JavaScript does not count from the end in brackets; .at(-1) is that module"],
    [() => list[-2], ".at(-2) is that entry"],
    [() => new Tensor(unknown([1, 2])), "new Tensor(): tensors are made by functions: tensor([1, 2])"],
  ];
  for (const [call, sentence] of cases) assertThrows(call, TenonError, sentence);
  assertEquals(JSON.stringify(net.stateDict()).slice(0, 13), '{"0.weight":[');
});

Deno.test("what there is stays as it is", () => {
  const p = new Parameter(ones([2]));
  assertEquals(p.requiresGrad_(false).requiresGrad, false);
  assertEquals([...tensor([1, 2])].map((row) => row.item()), [1, 2]);
  assert(!Object.keys(x).includes("add_") && Object.keys(x).every((key) => Object.hasOwn(x, key)));
  const listed: string[] = [];
  for (const key in tensor([1])) listed.push(key);
  assert(!listed.includes("add_") && !listed.includes("0"));
});

Deno.test("names in Python's spelling are answered with those here", () => {
  const loose = (value: object) => value as Record<string, (...args: unknown[]) => unknown>;
  const net = loose(new nn.Linear(2, 2)),
    optimizer = loose(new nn.optim.SGD(new nn.Linear(1, 1).parameters(), 0.1));
  const scheduler = loose(
    new nn.optim.lrScheduler.StepLR(new nn.optim.SGD([new Parameter(ones([1]))], 0.1), 3),
  );
  const cases: [() => unknown, string][] = [
    [
      () => x.masked_fill(x, 0),
      "masked_fill: names are in camel case here, as in JavaScript; use maskedFill",
    ],
    [() => x.requires_grad, "use requiresGrad"],
    [() => Reflect.set(x, "requires_grad", true), "use requiresGrad"],
    [() => x.masked_fill_(x, 0), "nothing is done in place; take the result, x = x.maskedFill(...)"],
    [() => loose(new Parameter(ones([1]))).grad_fn, "use gradFn"],
    [() => net.load_state_dict({}), "use loadStateDict"],
    [() => net.named_parameters(), "use namedParameters"],
    [() => net.reset_parameters(), "use resetParameters"],
    [() => net.requires_grad_(false), "use requiresGrad_"],
    [() => optimizer.zero_grad(), "use zeroGrad"],
    [() => optimizer.param_groups, "use paramGroups"],
    [() => scheduler.get_last_lr(), "use getLastLr"],
    [() => loose(new Generator()).manual_seed(0), "use manualSeed"],
  ];
  for (const [call, sentence] of cases) assertThrows(call, TenonError, sentence);
});

Deno.test("answers are no names: a class may have them, and no list shows them", () => {
  class Net extends nn.Module {
    named_children = 3;
    state_dict() {
      return "mine";
    }
    override forward() {}
  }
  const net = new Net();
  Reflect.set(net, "load_state_dict", 5);
  assertEquals([net.named_children, net.state_dict(), Reflect.get(net, "load_state_dict")], [3, "mine", 5]);
  net.registerBuffer("running_mean", ones([1]));
  assertEquals(Object.keys(net.stateDict()), ["running_mean"]);
  assertThrows(() => net.registerBuffer("register_buffer", ones([1])), TenonError, "already exists");
  for (const value of [x, net]) {
    for (const key in value) assert(!key.includes("_") || Object.hasOwn(value, key), key);
  }
});

/**
 * Calls that cannot be meant: modules that hold themselves, lack a forward or hide what a module needs, and arguments that are no tensors.
 * Each is refused by one of the library's own errors, which says what to do.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import { DTypeError, TenonError, ValueError } from "../../core/errors.ts";
import { ones, tensor, zeros } from "../../core/ops/create.ts";
import type { Tensor } from "../../core/tensor.ts";
import * as nn from "../../nn/mod.ts";

/** Calls a function as a program does that is not type-checked. */
function call(fn: unknown, ...args: unknown[]): unknown {
  return Reflect.apply(fn as (...args: unknown[]) => unknown, undefined, args);
}

class Ring extends nn.Module {
  linear = new nn.Linear(2, 2);
  me: nn.Module;

  constructor() {
    super();
    this.me = this;
  }

  override forward(x: Tensor): Tensor {
    return this.linear(x);
  }
}

Deno.test("a module that holds itself is walked, printed and called, but has no state dict", () => {
  const ring = new Ring(), sentence = 'Ring holds itself, as "me"';
  assertEquals(ring.namedParameters().map(([name]) => name), ["linear.weight", "linear.bias"]);
  assertEquals(String(ring).split("\n").at(-2), "  (me): Ring(...)");
  assertEquals([...ring.eval()(ones([1, 2])).shape], [1, 2]);
  assertThrows(() => ring.stateDict(), ValueError, sentence);
  assertThrows(() => ring.loadStateDict({}), ValueError, sentence);
  assertThrows(() => ring.apply(() => {}), ValueError, sentence);
});

Deno.test("layers refuse sizes that are no whole numbers", () => {
  const make = (layer: unknown, ...args: unknown[]) => () =>
    Reflect.construct(layer as typeof nn.LayerNorm, args);
  assertThrows(make(nn.LayerNorm, NaN), ValueError, "normalizedShape must be a whole number");
  assertThrows(
    make(nn.AdaptiveAvgPool2d, ["x", 7]),
    ValueError,
    "argument 'output_size' must be int or None",
  );
  assertThrows(make(nn.LazyConv1d, null, 3), ValueError, "argument 'outChannels' must be int, not None");
  assertThrows(make(nn.Unflatten, 1, [NaN, 3]), TenonError, "unflattened_size must be tuple of ints");
  assertThrows(make(nn.MultiMarginLoss, 3), ValueError, "only p == 1 and p == 2 supported");
});

Deno.test("a class without a forward says so in PyTorch's words", () => {
  const bare: nn.Module = new nn.Identity();
  Reflect.set(bare, "forward", undefined);
  assertThrows(
    () => call(bare, ones([1])),
    TenonError,
    'Module [Identity] is missing the required "forward" function',
  );
});

Deno.test("fields that hide what every module has are refused, also one called constructor", () => {
  for (const name of ["constructor", "parameters"]) {
    const module = new nn.Identity();
    Reflect.set(module, name, new nn.Linear(1, 1));
    assertThrows(() => module.toString(), ValueError, `attribute '${name}' already exists, in Identity`);
  }
});

Deno.test("a call with too few arguments says how many there should be", () => {
  const loss: unknown = new nn.MSELoss();
  assertThrows(
    () => call(loss, ones([1])),
    TenonError,
    "mse_loss() missing 1 required positional argument: 'target'",
  );
  class Two extends nn.Module {
    override forward(a: Tensor, b: { readonly x: Tensor }): Tensor {
      return a.add(b.x);
    }
  }
  const two: unknown = new Two();
  assertThrows(
    () => call(two, ones([1])),
    TenonError,
    "forward() missing 1 required positional arguments: it takes 2 and got 1",
  );
});

Deno.test("a parameter holds a tensor, of floats where it is learned", () => {
  const make = (...args: unknown[]) => () => Reflect.construct(nn.Parameter, args);
  assertThrows(make([1]), ValueError, "Parameter(): expected a tensor, but got an array");
  assertThrows(make(), ValueError, "Parameter(): expected a tensor, but got undefined");
  assertThrows(
    make(ones([1]), { requires_grad: false }),
    ValueError,
    "'requires_grad'; it knows requiresGrad",
  );
  const whole = tensor([1], { dtype: "int64" });
  assertThrows(
    make(whole),
    DTypeError,
    "Only Tensors of floating point and complex dtype can require gradients",
  );
  assertEquals(new nn.Parameter(whole, { requiresGrad: false }).dtype, "int64");
});

Deno.test("registrations, containers and utilities name what they cannot take", () => {
  const layer = new nn.Linear(1, 1);
  const method = (name: string, ...args: unknown[]) => () =>
    Reflect.apply(Reflect.get(layer, name), layer, args);
  const cases: [run: () => unknown, sentence: string][] = [
    [method("registerBuffer", "a", ones([1]), { persist: false }), "'persist'; it knows persistent"],
    [
      method("registerBuffer", undefined, ones([1])),
      "buffer name should be a string. Got NoneType, in Linear",
    ],
    [method("loadStateDict", {}, { strictly: false }), "'strictly'; it knows strict"],
    [method("zeroGrad", { set_to_none: true }), "'set_to_none'; it knows setToNone"],
    [method("registerForwardHook"), "argument 'hook' must be a function, not None"],
    [method("apply"), "argument 'fn' must be a function, not None"],
    [
      method("to", { dtype: "int64" }),
      "only accepts floating point or complex dtypes, but got desired dtype=torch.int64",
    ],
    [
      () => Reflect.construct(nn.ModuleList, [layer]),
      "ModuleList should be called with a list or other iterable",
    ],
    [() => Reflect.construct(nn.ParameterList, [[1]]), "holds parameters and tensors, but got int"],
    [() => call(nn.utils.clipGradNorm_, layer, 1), "argument 'parameters' must be an iterable"],
    [() => call(nn.utils.parametersToVector), "argument 'parameters' must be an iterable, not None"],
    [() => call(nn.utils.weightNorm, 3), "expected a module, but got int"],
    [() => call(nn.deepcopy, 3), "deepcopy: expected a module, but got int"],
    [() => call(nn.functionalCall, layer), "functionalCall: expected tensors by name, but got undefined"],
    [() => Reflect.construct(nn.MaxPool2d, ["2"]), "argument 'kernelSize' must be int or tuple of ints"],
    [
      () => Reflect.construct(nn.optim.lrScheduler.ChainedScheduler, []),
      "missing 1 required positional argument: 'schedulers'",
    ],
  ];
  for (const [run, sentence] of cases) assertThrows(run, ValueError, sentence);
});

Deno.test("a state that is no state of the layer is refused", () => {
  const x = ones([5, 2, 3]), h = zeros([1, 2, 4]);
  const cases: [() => unknown, string][] = [
    [
      () => call(new nn.LSTM(3, 4), x, h),
      "LSTM: expected hx to be [h0, c0], a hidden and a cell state, but got one tensor",
    ],
    [() => call(new nn.LSTM(3, 4), x, [h]), "but got an array of 1"],
    [() => call(new nn.GRU(3, 4), x, [h, h]), "GRU: expected hx to be a tensor, but got an array"],
    [
      () => call(new nn.LSTMCell(3, 4), x.select(0, 0), h.select(0, 0)),
      "LSTMCell: expected hx to be [h0, c0]",
    ],
  ];
  for (const [run, sentence] of cases) assertThrows(run, ValueError, sentence);
});

Deno.test("classes and functions are no modules, and what is no state dict says how to get one", () => {
  const linear = new nn.Linear(1, 1),
    load = (given: unknown) => () => call(linear.loadStateDict.bind(linear), given);
  const cases: [() => unknown, string][] = [
    [() => Reflect.construct(nn.Sequential, [linear, nn.ReLU]), "it is a class; make one with new ReLU(...)"],
    [
      () => Reflect.construct(nn.Sequential, [nn.functional.relu]),
      'function is not a Module subclass, under the name "0": a function is called in the forward of a module',
    ],
    [
      load(Promise.resolve({})),
      "dict-like, got Promise; await it, as in net.loadStateDict(await io.load(path))",
    ],
    [load("net.pt"), "got str; load the file first"],
    [load([zeros([1, 1])]), "got list."],
    [load(linear), "got Linear; pass its stateDict()."],
  ];
  for (const [make, sentence] of cases) assertThrows(make, TenonError, sentence);
});

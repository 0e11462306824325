/**
 * Optimizers against PyTorch (tests/fixtures/optim.py): trajectories, texts, state dicts in both directions, bad settings.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { LoadError, ShapeError, ValueError } from "../../../core/errors.ts";
import { setDefaultDtype } from "../../../core/dtype.ts";
import { ones, tensor } from "../../../core/ops/create.ts";
import { randn } from "../../../core/ops/random.ts";
import { manualSeed } from "../../../core/random/generator.ts";
import { Tensor } from "../../../core/tensor.ts";
import { Linear } from "../../../nn/linear.ts";
import * as optim from "../../../nn/optim/mod.ts";
import { Parameter } from "../../../nn/module/parameter.ts";
import { plain, revived } from "./plain.ts";

interface Case {
  readonly name: string;
  readonly settings: Record<string, unknown>;
  readonly text: string;
  readonly three: { tensor: unknown }[];
  readonly five: { tensor: unknown }[];
  readonly state: unknown;
}

const { optimizers }: { optimizers: Case[] } = JSON.parse(
  await Deno.readTextFile(new URL("../../fixtures/optim.json", import.meta.url)),
);

const classes = new Map<string, unknown>(Object.entries(optim));

function build({ name, settings }: Case): { params: Parameter[]; optimizer: optim.Optimizer } {
  const found = classes.get(name);
  assert(typeof found === "function", `optim.${name} is missing`);
  manualSeed(0);
  const params = [new Parameter(randn([3, 2])), new Parameter(randn([4]))];
  return { params, optimizer: Reflect.construct(found, [params, revived(settings)]) };
}

function step(params: readonly Parameter[], optimizer: optim.Optimizer, n: number): void {
  manualSeed(n + 1);
  for (const p of params) p.grad = randn([...p.shape]);
  if (n === 1) params[1].grad = null;
  optimizer.step();
}

/** Compares nested lists, records and numbers; numbers within single precision. */
function near(what: string, got: unknown, wanted: unknown): void {
  if (typeof wanted === "number") {
    assert(typeof got === "number", `${what}: ${got} is no number`);
    assert(
      Math.abs(got - wanted) <= 3e-6 * (1 + Math.abs(wanted)),
      `${what}: ${got}, but PyTorch has ${wanted}`,
    );
  } else if (typeof wanted === "object" && wanted !== null) {
    assert(typeof got === "object" && got !== null, `${what}: ${got} is no list or record`);
    assertEquals(Object.keys(got).sort(), Object.keys(wanted).sort(), what);
    for (const [key, value] of Object.entries(wanted)) near(`${what}.${key}`, Reflect.get(got, key), value);
  } else {
    assertEquals(got, wanted, what);
  }
}

for (const c of optimizers) {
  const title = `optim.${c.name} ${JSON.stringify(c.settings)}`;
  Deno.test(`${title} goes PyTorch's way`, () => {
    const { params, optimizer } = build(c);
    // JavaScript has one type of numbers: 1.0 is 1.
    // Whether a whole number was a float is known of learning rates alone.
    assertEquals(String(optimizer), c.text.trimEnd().replaceAll(/^( {4}(?!lr:).*\d)\.0\b/gm, "$1"));
    for (let n = 0; n < 3; n++) step(params, optimizer, n);
    near("after three steps", params.map((p) => plain(p.data)), c.three);
    near("state", plain(optimizer.stateDict()), c.state);
    for (let n = 3; n < 5; n++) step(params, optimizer, n);
    near("after five steps", params.map((p) => plain(p.data)), c.five);
  });

  Deno.test(`${title} goes on from PyTorch's state`, () => {
    const { params, optimizer } = build(c);
    params.forEach((p, i) => {
      const value = revived(c.three[i]);
      assert(value instanceof Tensor);
      p.data = value;
    });
    const { optimizer: other } = build({ ...c, settings: { lr: 1 } });
    // Settings come with the state.
    for (const o of [optimizer, other]) o.loadStateDict(revived(c.state) as optim.OptimizerStateDict);
    assertEquals(plain(other.stateDict().param_groups), plain(optimizer.stateDict().param_groups));
    for (let n = 3; n < 5; n++) step(params, optimizer, n);
    near("after five steps", params.map((p) => plain(p.data)), c.five);
  });
}

Deno.test("a state dict that was taken keeps its values through later steps", () => {
  const p = new Parameter(ones([3]));
  const optimizer = new optim.SGD([p], { lr: 0.1, momentum: 0.9 });
  p.grad = ones([3]);
  optimizer.step();
  const buffer = optimizer.stateDict().state[0].momentum_buffer;
  assert(buffer instanceof Tensor);
  for (let i = 0; i < 3; i++) optimizer.step();
  assertEquals(buffer.tolist(), [1, 1, 1]);
});

Deno.test("groups have settings of their own and can be added", () => {
  const a = new Parameter(ones([1])), b = new Parameter(ones([1])), c = new Parameter(ones([1]));
  const optimizer = new optim.SGD([{ params: [a] }, { params: [b], lr: 0.5 }], { lr: 1 });
  optimizer.addParamGroup({ params: [c], lr: 0.25 });
  for (const p of [a, b, c]) p.grad = ones([1]);
  optimizer.step();
  // p - lr
  assertEquals([a, b, c].map((p) => p.item()), [0, 0.5, 0.75]);
  assertEquals(optimizer.stateDict().param_groups.map((g) => g.params), [[0], [1], [2]]);
});

Deno.test("step with a closure gives its loss; the gradient is followed inside", () => {
  const layer = new Linear(2, 1);
  const optimizer = new optim.SGD(layer.parameters(), { lr: 0.01 });
  const loss = () => layer(tensor([[1, 2]])).pow(2).sum();
  const before = loss().item();
  const given = optimizer.step(() => {
    optimizer.zeroGrad();
    const value = loss();
    value.backward();
    return value;
  });
  assertEquals(given.item(), before);
  assert(loss().item() < before);
});

Deno.test("zeroGrad forgets gradients or makes them zeros", () => {
  const p = new Parameter(ones([2]));
  const optimizer = new optim.SGD([p], { lr: 1 });
  p.grad = ones([2]);
  optimizer.zeroGrad({ setToNone: false });
  assertEquals(p.grad.tolist(), [0, 0]);
  optimizer.zeroGrad();
  assertEquals(p.grad, null);
});

Deno.test("settings that make no sense are refused in PyTorch's words", () => {
  const params = () => [new Parameter(ones([1]))];
  const refused: [() => unknown, string][] = [
    [() => new optim.SGD(params(), { lr: -1 }), "Invalid learning rate: -1"],
    [() => new optim.SGD(params(), { lr: NaN }), "Invalid learning rate: NaN"],
    [() => new optim.SGD(params(), { lr: 1, momentum: -1 }), "Invalid momentum value: -1"],
    [
      () => new optim.SGD(params(), { lr: 1, nesterov: true }),
      "Nesterov momentum requires a momentum and zero dampening",
    ],
    [() => new optim.Adam(params(), { betas: [1, 0.9] }), "Invalid beta parameter at index 0: 1"],
    [() => new optim.Adam(params(), { eps: -1 }), "Invalid epsilon value: -1"],
    [() => new optim.RMSprop(params(), { alpha: -1 }), "Invalid alpha value: -1"],
    [() => new optim.Adadelta(params(), { rho: 2 }), "Invalid rho value: 2"],
    [() => new optim.Rprop(params(), { etas: [2, 3] }), "Invalid eta values: 2, 3"],
    [
      () => new optim.SGD([], { lr: 1 }),
      "in SGD: modules find parameters and layers in fields, not in plain arrays",
    ],
  ];
  for (const [fn, text] of refused) assertThrows(fn, ValueError, text);
  const [p] = params();
  const tensors = [ones([2])] as never;
  assertThrows(
    () => new optim.SGD(tensors, { lr: 1 }),
    ValueError,
    "optimizer can only optimize Tensors, but one of the params is torch.FloatTensor, in SGD: a tensor is immutable",
  );
  assertThrows(() => new optim.SGD([{ params: tensors }], { lr: 1 }), ValueError, "make it an nn.Parameter");
  assertEquals(new optim.SGD([{ params: p }], { lr: 1 }).paramGroups[0].params, [p]);
  assertThrows(
    () => new optim.SGD([{ params: [p] }, { params: [p] }], { lr: 1 }),
    ValueError,
    "some parameters appear in more than one parameter group",
  );
});

Deno.test("a state dict of other groups is refused", () => {
  const make = (sizes: number[]) =>
    new optim.SGD(sizes.map((n) => ({ params: Array.from({ length: n }, () => new Parameter(ones([1]))) })), {
      lr: 1,
    });
  assertThrows(
    () => make([1]).loadStateDict(make([1, 1]).stateDict()),
    LoadError,
    "loaded state dict has a different number of parameter groups",
  );
  assertThrows(
    () => make([1]).loadStateDict(make([2]).stateDict()),
    LoadError,
    "loaded state dict contains a parameter group that doesn't match the size of optimizer's group",
  );
});

Deno.test("a list of Optimizer takes optimizers with any settings", () => {
  const p = () => [new Parameter(ones([2]))];
  const all: optim.Optimizer[] = [
    new optim.SGD(p(), { lr: 0.1 }),
    new optim.Adam(p()),
    new optim.AdamW(p()),
    new optim.Adamax(p()),
    new optim.NAdam(p()),
    new optim.RAdam(p()),
    new optim.Adadelta(p()),
    new optim.Adagrad(p()),
    new optim.ASGD(p()),
    new optim.Rprop(p()),
    new optim.RMSprop(p()),
  ];
  for (const optimizer of all) {
    const [parameter] = optimizer.paramGroups[0].params;
    parameter.mul(2).sum().backward();
    optimizer.step();
    assert(parameter.value.lt(1).all().item(), optimizer.constructor.name);
    optimizer.zeroGrad();
    assertEquals(parameter.grad, null);
    optimizer.paramGroups[0].lr = 0.5;
  }
});

Deno.test("a gradient that was assigned and does not fit is refused, and so is what holds no parameters", () => {
  const p = new Parameter(ones([2])), optimizer = new optim.SGD([p], { lr: 1 });
  for (const shape of [[], [1], [3, 2]]) {
    p.grad = ones(shape);
    assertThrows(() => optimizer.step(), ShapeError, "assigned grad has data of a different size");
  }
  assertEquals(p.tolist(), [1, 1]);
  const wrong = new Linear(1, 1) as unknown as Parameter[];
  assertThrows(() => new optim.SGD(wrong, { lr: 1 }), ValueError, "pass net.parameters()");
});

Deno.test("counts are kept in the default dtype", () => {
  setDefaultDtype("float64");
  try {
    const p = new Parameter(ones([1])), optimizer = new optim.NAdam([p], { lr: 0.1 });
    for (let i = 0; i < 2; i++) {
      optimizer.zeroGrad();
      p.mul(p).sum().backward();
      optimizer.step();
    }
    const { mu_product: product } = optimizer.stateDict().state[0];
    assert(product instanceof Tensor);
    assertEquals(product.dtype, "float64");
    assertAlmostEquals(product.item(), 0.20259919474573693, 1e-15);
    assertAlmostEquals(p.item(), 0.8211269529815581, 1e-14);
  } finally {
    setDefaultDtype("float32");
  }
});

Deno.test("Adagrad fills the sums of all groups with the optimizer's own value", () => {
  const q = new Parameter(ones([1])), r = new Parameter(ones([1]));
  const settings = { lr: 0.1, initialAccumulatorValue: 0.5 };
  const optimizer = new optim.Adagrad(
    [{ params: [q] }, { params: [r], initialAccumulatorValue: 0 }],
    settings,
  );
  q.mul(q).sum().add(r.mul(r).sum()).backward();
  optimizer.step();
  // 1 - 0.1 * 2 / sqrt(0.5 + 4)
  assertEquals(r.item(), q.item());
  assert(Math.abs(r.item() - (1 - 0.2 / Math.sqrt(4.5))) < 1e-6);
});

/** Values after three steps along (p^2)' = 2 p. */
function descended(make: (params: Parameter[]) => optim.Optimizer, sign = 1): unknown[] {
  const params = [new Parameter(tensor([1, -2])), new Parameter(tensor([3]))], optimizer = make(params);
  for (let i = 0; i < 3; i++) {
    optimizer.zeroGrad();
    params.map((p) => p.pow(2).sum().mul(sign)).reduce((a, b) => a.add(b)).backward();
    optimizer.step();
  }
  return params.map((p) => p.tolist());
}

Deno.test("settings stand by position in PyTorch's order, and all arguments by name", () => {
  const { SGD, Adam, AdamW, RMSprop, Adagrad, Adadelta, Adamax, NAdam, RAdam, ASGD, Rprop, LBFGS } = optim;
  const same: [(p: Parameter[]) => optim.Optimizer, (p: Parameter[]) => optim.Optimizer][] = [
    [(params) => new SGD({ params, lr: 0.1, momentum: 0.9 }), (p) => new SGD(p, 0.1, 0.9)],
    [(p) => new SGD(p, 0.1, { momentum: 0.9 }), (p) => new SGD(p, { lr: 0.1, momentum: 0.9 })],
    [(params) => new Adam({ params, lr: 0.1, betas: [0.8, 0.9] }), (p) => new Adam(p, 0.1, [0.8, 0.9])],
    [
      (p) => new AdamW(p, 0.1, [0.8, 0.9], 1e-3, 0.1, true),
      (params) =>
        new AdamW({ params, lr: 0.1, betas: [0.8, 0.9], eps: 1e-3, weightDecay: 0.1, amsgrad: true }),
    ],
    [
      (p) => new RMSprop(p, 0.1, 0.9, 1e-3, 0.1, 0.5, true),
      (p) =>
        new RMSprop(p, { lr: 0.1, alpha: 0.9, eps: 1e-3, weightDecay: 0.1, momentum: 0.5, centered: true }),
    ],
    [
      (p) => new Adagrad(p, 0.1, 0.2, 0.3, 0.4),
      (p) => new Adagrad(p, { lr: 0.1, lrDecay: 0.2, weightDecay: 0.3, initialAccumulatorValue: 0.4 }),
    ],
    [(p) => new Adadelta(p, 0.1, 0.5), (params) => new Adadelta({ params, lr: 0.1, rho: 0.5 })],
    [(p) => new Adamax(p, 0.1, [0.5, 0.6]), (params) => new Adamax({ params, lr: 0.1, betas: [0.5, 0.6] })],
    [
      (p) => new NAdam(p, 0.1, [0.5, 0.6], 1e-3, 0.1, 0.2),
      (p) => new NAdam(p, { lr: 0.1, betas: [0.5, 0.6], eps: 1e-3, weightDecay: 0.1, momentumDecay: 0.2 }),
    ],
    [(p) => new RAdam(p, 0.1, [0.5, 0.6]), (params) => new RAdam({ params, lr: 0.1, betas: [0.5, 0.6] })],
    [(p) => new ASGD(p, 0.1, 0.2), (params) => new ASGD({ params, lr: 0.1, lambd: 0.2 })],
    [(p) => new Rprop(p, 0.1, [0.4, 1.5]), (params) => new Rprop({ params, lr: 0.1, etas: [0.4, 1.5] })],
  ];
  for (const [one, other] of same) {
    assertEquals(String(one([new Parameter(ones([1]))])), String(other([new Parameter(ones([1]))])));
    assertEquals(descended(one), descended(other));
  }
  assertEquals(new LBFGS({ params: [new Parameter(ones([1]))], maxIter: 8 }).paramGroups[0].maxEval, 10);
  const call = (...args: unknown[]) => () => Reflect.construct(SGD, args);
  assertThrows(call(), ValueError, "SGD() missing 1 required positional argument: 'params'");
  assertThrows(call({ lr: 1 }), ValueError, "SGD() missing 1 required positional argument: 'params'");
  assertThrows(call([new Parameter(ones([1]))], 1, 0, 0, 0, false, true), ValueError, "too many arguments");
  assertThrows(
    call([new Parameter(ones([1]))], 1, { lr: 2 }),
    ValueError,
    "multiple values for argument 'lr'",
  );
});

Deno.test("NAdam, RAdam and Adam climb, and decay apart from the gradient, where newer versions of PyTorch can", () => {
  const settings = { lr: 0.1, weightDecay: 0.2 };
  for (const Kind of [optim.NAdam, optim.RAdam]) {
    // Climbing along -f is descending along f.
    const climbed = descended((p) => new Kind(p, { lr: 0.1, maximize: true }), -1);
    assertEquals(climbed, descended((p) => new Kind(p, { lr: 0.1 })));
    assertEquals(String(new Kind([new Parameter(ones([1]))])).includes("maximize"), false);
    const text = String(new Kind([new Parameter(ones([1]))], { decoupledWeightDecay: true }));
    assert(text.includes("    decoupled_weight_decay: True\n"), text);
    // Without a gradient what is left is p (1 - lr * weightDecay).
    const p = new Parameter(tensor([2])),
      optimizer = new Kind([p], { ...settings, decoupledWeightDecay: true });
    p.grad = tensor([0]);
    optimizer.step();
    assertAlmostEquals(p.item(), 2 * (1 - 0.02), 1e-6);
  }
  assertEquals(
    descended((p) => new optim.Adam(p, { ...settings, decoupledWeightDecay: true })),
    descended((p) => new optim.AdamW(p, settings)),
  );
});

Deno.test("named parameters are taken as parameters", () => {
  const layer = new Linear(2, 1), optimizer = new optim.SGD(layer.namedParameters(), { lr: 0.5 });
  assertEquals(optimizer.paramGroups[0].params, layer.parameters());
});

Deno.test("SparseAdam refuses the gradients that there are, in PyTorch's words", () => {
  const p = new Parameter(ones([2])), optimizer = new optim.SparseAdam({ params: [p], lr: 0.1 });
  p.sum().backward();
  assertThrows(() => optimizer.step(), ValueError, "SparseAdam does not support dense gradients");
  assertThrows(() => new optim.SparseAdam([p], { betas: [1, 0] }), ValueError, "Invalid beta parameter");
});

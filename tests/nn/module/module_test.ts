/**
 * What modules say and list, against PyTorch (tests/fixtures/nn_module.py): texts, names, state dicts, load reports, errors, hooks.
 *
 * @module
 */
import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { TenonError, ValueError } from "../../../core/errors.ts";
import { ones, tensor, zeros } from "../../../core/ops/create.ts";
import { manualSeed } from "../../../core/random/generator.ts";
import { Tensor } from "../../../core/tensor.ts";
import * as nn from "../../../nn/mod.ts";

type Found = string | number | Found[] | { [key: string]: Found };

const wanted: Record<string, Found> = JSON.parse(
  await Deno.readTextFile(new URL("../../fixtures/nn_module.json", import.meta.url)),
);

function message(fn: () => unknown): string {
  const error = assertThrows(fn, TenonError);
  return error.message;
}

class Shared extends nn.Module {
  first = new nn.Linear(2, 2);
  scale = new nn.Parameter(ones([2]));
  second = this.first;
  tied = new nn.Linear(2, 2, { bias: false });
  declare inner: nn.Sequential;

  constructor() {
    super();
    this.registerBuffer("count", zeros([1]));
    this.tied.weight = this.first.weight;
    this.registerBuffer("hidden", ones([1]), { persistent: false });
    this.registerParameter("nothing", null);
    this.registerModule("empty", null);
    this.inner = new nn.Sequential(new nn.BatchNorm1d(2), new nn.ReLU(), this.first);
  }

  override forward(x: Tensor): Tensor {
    return x;
  }
}

/** Assigns as JavaScript without types does. */
function assign(target: object, key: string, value: unknown): void {
  assert(Reflect.set(target, key, value));
}

function named(modules: Record<string, nn.Module>): nn.Sequential {
  return new nn.Sequential(modules);
}

const untyped = (value: unknown) => value as never;

const scenarios: Record<string, () => Found> = {
  sharedNames() {
    const net = new Shared();
    return {
      parameters: net.namedParameters().map(([n]) => n),
      own: net.namedParameters("", false).map(([n]) => n),
      prefixed: net.namedParameters("net").map(([n]) => n),
      buffers: net.namedBuffers().map(([n]) => n),
      modules: net.namedModules().map(([n, m]) => [n, m.reprName()]),
      children: net.namedChildren().map(([n]) => n),
      state: Object.keys(net.stateDict()),
      count: [net.parameters().length, net.modules().length, net.buffers().length],
    };
  },
  sharedText: () => String(new Shared()),
  nestedText() {
    const block = () =>
      new nn.Sequential(new nn.Linear(4, 8), new nn.ReLU(), new nn.Linear(8, 4), new nn.ReLU());
    const net = new nn.Sequential();
    for (let i = 0; i < 2; i++) net.addModule(`block ${i}`, block());
    return String(new nn.Sequential(net, new nn.Linear(4, 1)));
  },
  containerTexts: () =>
    [
      new nn.Sequential(),
      new nn.ModuleList(),
      new nn.ModuleDict(),
      new nn.ParameterList(),
      new nn.ParameterDict(),
      named({ conv: new nn.Conv2d(1, 2, 3), act: new nn.ReLU() }),
      new nn.ModuleList<nn.Module>([new nn.Linear(1, 2), new nn.ModuleList([new nn.ReLU()])]),
      new nn.ModuleDict<nn.Module>({ b: new nn.Linear(1, 2), a: new nn.Sequential(new nn.ReLU()) }),
      numbered(),
      new nn.ParameterList([ones([2, 3]), new nn.Parameter(ones([1]).double())]),
      new nn.ParameterList([ones([2, 3])]),
      new nn.ParameterDict({ b: ones([2, 3]), a: ones([]) }),
      new nn.ParameterDict({ b: ones([4]) }),
    ].map(String),
  sequentialEdits() {
    const out: Found[] = [];
    const net: nn.Sequential = new nn.Sequential<nn.Module[]>(
      new nn.Linear(1, 2),
      new nn.ReLU(),
      new nn.Linear(2, 3),
    );
    out.push(String(net.slice(1)), Object.keys(net.slice(1).stateDict()));
    out.push(String(net.append(new nn.Tanh())));
    out.push(String(net.insert(1, new nn.Sigmoid())));
    out.push(String(net.extend([new nn.ELU(), new nn.SELU()])));
    net.pop(0);
    out.push(String(net));
    net.pop(-1);
    out.push(String(net));
    net.set(1, new nn.Identity());
    out.push(String(net), String(net.at(-1)));
    const other = named({ a: new nn.ReLU(), b: new nn.Tanh(), c: new nn.ELU() });
    out.push(String(other.slice(1)), String(other[0]));
    other.set(2, new nn.SELU());
    out.push(String(other));
    out.push(String(other.append(new nn.Sigmoid())));
    other.pop(1);
    out.push(String(other));
    return out;
  },
  loadReports() {
    const out: Found[] = [];
    const net = new nn.Sequential(new nn.Linear(4, 8), new nn.ReLU(), new nn.Sequential(new nn.Linear(8, 1)));
    const { "0.bias": _bias, "2.0.weight": _weight, ...less } = net.stateDict();
    out.push(message(() => net.loadStateDict(less)));
    const more = {
      ...net.stateDict(),
      "2.0.zz": ones([1]),
      yy: ones([1]),
      "0.weight": ones([3, 4]),
      "0.weight.deep": ones([1]),
      "2.bias": ones([1]),
    };
    out.push(message(() => net.loadStateDict(more)));
    out.push(message(() => net.loadStateDict({})));
    out.push(message(() => net.loadStateDict({ "0.weight": ones([3]), zz: ones([1]) }, { strict: false })));
    const keys = net.loadStateDict({ "0.weight": ones([8, 4]), zz: ones([1]) }, { strict: false });
    assertEquals(
      String(keys),
      "_IncompatibleKeys(missing_keys=['0.bias', '2.0.weight', '2.0.bias'], unexpected_keys=['zz'])",
    );
    assertEquals(String(net.loadStateDict(net.stateDict())), "<All keys matched successfully>");
    out.push([[...keys.missingKeys], [...keys.unexpectedKeys]]);
    const norm = new nn.BatchNorm1d(2);
    const { num_batches_tracked: _count, running_mean: _mean, ...rest } = norm.stateDict();
    out.push(message(() => norm.loadStateDict(rest)));
    return out;
  },
  stateText() {
    const net = new nn.Sequential(new nn.Linear(2, 1), new nn.BatchNorm1d(1));
    return [String(net.stateDict()), String(new nn.ReLU().stateDict()), String(net[0].stateDict("p."))];
  },
  refusals() {
    const linear = () => new nn.Linear(1, 2);
    const norm = new nn.BatchNorm1d(2);
    return [
      () => assign(linear(), "weight", ones([2])),
      () => assign(linear(), "weight", 3),
      () => assign(linear(), "weight", new nn.ReLU()),
      () => assign(new nn.Linear(1, 2, { bias: false }), "bias", ones([2])),
      () => assign(norm, "runningMean", 3),
      () => assign(named({ a: new nn.ReLU() }), "a", 3),
      () => assign(named({ a: new nn.ReLU() }), "a", ones([1])),
      () => linear().registerBuffer("weight", null),
      () => linear().registerBuffer("a.b", null),
      () => linear().registerBuffer("", null),
      () => linear().registerBuffer("a", untyped(3)),
      () => linear().registerParameter("forward", null),
      () => linear().registerParameter("a.b", null),
      () => linear().registerParameter("", null),
      () => linear().registerParameter("a", untyped(3)),
      () => linear().registerParameter("a", untyped(ones([2]))),
      () => {
        const layer = linear();
        layer.registerParameter("in", new nn.Parameter(ones([2])));
        layer.registerModule("weight", new nn.ReLU());
      },
      () => linear().addModule("a.b", null),
      () => linear().addModule("", null),
      () => linear().addModule("a", untyped(3)),
      () => linear().getSubmodule("x"),
      () => linear().getSubmodule("weight"),
      () => linear().getParameter("forward"),
      () => linear().getParameter("x"),
      () => linear().getBuffer("weight"),
      () => linear().getBuffer("x"),
      () => new nn.Sequential(untyped(3)),
      () => new nn.Sequential(new nn.ReLU()).at(3),
      () => new nn.Sequential(new nn.ReLU()).insert(5, new nn.ReLU()),
      () => new nn.Sequential(new nn.ReLU()).pop(5),
      () => new nn.ModuleList([new nn.ReLU()]).at(2),
      () => new nn.ModuleList()(),
      () => new nn.ModuleDict().get("a"),
      () => linear().to("int64"),
    ].map((fn, i) => {
      try {
        return message(fn);
      } catch {
        throw new Error(`refusal ${i} does not throw`);
      }
    });
  },
  lazy() {
    const layer = new nn.LazyLinear(3);
    const out: Found[] = [String(layer), String(layer.weight), String(layer.bias), String(layer.stateDict())];
    out.push(message(() => layer.weight.shape));
    const norm = new nn.LazyBatchNorm1d();
    out.push(String(norm.runningMean), Object.keys(norm.stateDict()));
    out.push(message(() => layer.loadStateDict({})));
    layer.loadStateDict(new nn.Linear(5, 3).stateDict());
    out.push([...layer.weight.shape], `'${layer.reprName()}'`);
    layer(ones([2, 5]));
    out.push(`'${layer.reprName()}'`);
    return out;
  },
  hooks() {
    const order: Found[] = [];
    const net = new nn.Sequential(new nn.Linear(2, 2), new nn.ReLU());
    net.registerForwardPreHook((m, inputs) => void order.push(`before ${m.reprName()} ${inputs.length}`));
    net[0].registerForwardHook((m, _, y) => {
      assertInstanceOf(y, Tensor);
      order.push(`after ${m.reprName()} [${y.shape.join(", ")}]`);
    });
    const first = net.registerForwardHook((_m, _x, y) => {
      order.push("first");
      assertInstanceOf(y, Tensor);
      return y.mul(0);
    });
    net.registerForwardHook((_m, _x, y) => {
      order.push("second");
      assertInstanceOf(y, Tensor);
      return y.add(3);
    });
    net[1].registerForwardPreHook((_, [x]) => {
      assertInstanceOf(x, Tensor);
      return x.add(1);
    });
    order.push(net(ones([1, 2])).tolist() as Found);
    first.remove();
    net(ones([1, 2]));
    return order;
  },
  parametrized() {
    const { registerParametrization, removeParametrizations, isParametrized } = nn.utils.parametrize;
    const x = ones([1, 3]);
    const layer = registerParametrization(new nn.Linear(3, 3), "weight", new Symmetric());
    const out: Found[] = [
      String(layer),
      String(layer.weight),
      Object.keys(layer.stateDict()),
      String(layer(x)),
    ];
    layer(x).sum().backward();
    const original = (name: string) => layer.getParameter(`parametrizations.${name}.original`);
    out.push(String(original("weight").grad), Number(isParametrized(layer, "bias")));
    registerParametrization(layer, "bias", new Doubled());
    out.push(String(layer.bias), String(original("bias")));
    assign(layer, "bias", ones([3]));
    out.push(String(original("bias")), String(layer));
    assertEquals(String(nn.deepcopy(layer)(x)), String(layer(x)));
    removeParametrizations(layer, "weight");
    removeParametrizations(layer, "bias", false);
    out.push(String(layer), String(layer.weight), String(layer.bias));
    out.push(message(() => removeParametrizations(layer, "weight")));
    return out;
  },
  normalisedWeights() {
    const x = ones([1, 3]), out: Found[] = [];
    let layer = new nn.Linear(3, 2);
    for (const dim of [0, 1, null]) {
      layer = nn.utils.weightNorm(dim === 0 ? layer : new nn.Linear(3, 2), "weight", dim);
      out.push(Object.keys(layer.stateDict()), [...layer.getParameter("weight_g").shape], String(layer(x)));
    }
    out.push(message(() => nn.utils.weightNorm(layer)));
    layer(x).sum().backward();
    out.push(String(layer.getParameter("weight_g").grad), String(layer.getParameter("weight_v").grad));
    nn.utils.removeWeightNorm(layer);
    out.push(Object.keys(layer.stateDict()), String(layer(x)), String(layer));
    layer = nn.utils.spectralNorm(new nn.Linear(3, 2), "weight", { nPowerIterations: 2 });
    out.push(Object.keys(layer.stateDict()), String(layer(x)), String(layer(x)));
    out.push(String(layer.eval()(x)), String(layer.getBuffer("weight_u")));
    nn.utils.removeSpectralNorm(layer);
    out.push(Object.keys(layer.stateDict()), String(layer(x)));
    const conv = nn.utils.spectralNorm(new nn.ConvTranspose2d(2, 3, 2));
    out.push([...conv.getBuffer("weight_u").shape], String(conv(ones([1, 2, 1, 1])).sum()));
    return out;
  },
  backwardHooks() {
    const out: unknown[] = [];
    const plain = (grads: nn.Gradients) => grads.map((g) => g === null ? null : g.tolist());
    const net = new nn.Sequential(new nn.Linear(2, 2), new nn.Tanh(), new nn.Linear(2, 1));
    const x = tensor([[1, 2]]);
    net[0].registerFullBackwardHook((_, gi, go) => void out.push(["0", plain(gi), plain(go)]));
    net[1].registerFullBackwardHook((_, gi, go) => void out.push(["1", plain(gi), plain(go)]));
    const handle = net[2].registerFullBackwardHook((_, gi) => gi.map((g) => g === null ? null : g.mul(2)));
    net(x).sum().backward();
    out.push(net[0].weight.grad?.tolist());
    handle.remove();
    net.zeroGrad();
    net(x).sum().backward();
    out.push(net[0].weight.grad?.tolist());
    const two = new nn.Bilinear(2, 2, 1);
    const a = ones([1, 2], { requiresGrad: true }), b = ones([1, 2], { requiresGrad: true });
    two.registerFullBackwardHook((_, gi, go) => {
      out.push([plain(gi), plain(go)]);
      return gi.map((g, i) => g === null ? null : g.mul(i + 2));
    });
    two(a, b).sum().backward();
    out.push([a.grad?.tolist(), b.grad?.tolist()]);
    const rounded = (_: string, v: unknown) => typeof v === "number" ? Math.round(v * 1e5) / 1e5 : v;
    return [JSON.parse(JSON.stringify(out, rounded))];
  },
  applied() {
    const order: string[] = [];
    const net = new nn.Sequential(new nn.Linear(2, 2), new nn.Sequential(new nn.ReLU(), new nn.Linear(2, 1)));
    assertEquals(net.apply((m) => order.push(m.reprName())), net);
    return order;
  },
};

class Symmetric extends nn.Module {
  override forward(x: Tensor): Tensor {
    return x.triu().add(x.triu(1).t());
  }
}

class Doubled extends nn.Module {
  override forward(x: Tensor): Tensor {
    return x.mul(2);
  }

  rightInverse(x: Tensor): Tensor {
    return x.div(2);
  }
}

/** Names that JavaScript would list in the order of the numbers. */
function numbered(): nn.Module {
  const dict = new nn.ModuleDict<nn.Module>();
  dict.set("2", new nn.ReLU());
  dict.set("x", new nn.Tanh());
  dict.set("1", new nn.Sigmoid());
  return dict;
}

/** Compares; module paths of Python classes are left out. */
function compare(what: string, got: Found, target: Found): void {
  if (typeof target === "string" && typeof got === "string") {
    const sentence = target.replaceAll("torch.nn.modules.activation.", "");
    const ours = got.replace(/^KeyError: '(.*?)'/, "$1").replaceAll("loadStateDict", "load_state_dict");
    // A refusal goes on with where it happened and what to do.
    if (what.startsWith("refusals")) {
      assert(ours.startsWith(sentence), `${what}:\n${ours}\nbut PyTorch has\n${sentence}`);
    } else assertEquals(ours, sentence, what);
  } else if (Array.isArray(target) && Array.isArray(got)) {
    assertEquals(got.length, target.length, `${what}: length`);
    target.forEach((t, i) => compare(`${what}[${i}]`, got[i], t));
  } else {
    assertEquals(got, target, what);
  }
}

for (const [name, target] of Object.entries(wanted)) {
  Deno.test(`modules as PyTorch's: ${name}`, () => {
    const scenario = scenarios[name];
    assert(scenario !== undefined, `no scenario ${name}`);
    manualSeed(0);
    compare(name, scenario(), target);
  });
}

Deno.test("PyTorch's numbers go both ways through a state dict", () => {
  const source = new nn.Linear(2, 3), target = new nn.Linear(2, 3);
  target.loadStateDict(source.stateDict());
  assertEquals(target.weight.tolist(), source.weight.tolist());
  // The values are the target's own.
  nn.init.zeros_(target.weight);
  assert(source.weight.abs().sum().item() > 0);
  assertEquals(new nn.Linear(2, 3).double().stateDict().weight.dtype, "float64");
  const half = new nn.Linear(2, 3).double();
  half.loadStateDict(source.stateDict());
  assertEquals(half.weight.dtype, "float64");
  assertEquals(
    half.loadStateDict({ weight: tensor([[1, 2], [3, 4], [5, 6]]), bias: ones([3]) }).missingKeys,
    [],
  );
});

Deno.test("a Buffer is part of the state of the module whose field it is", () => {
  class Shift extends nn.Module {
    offset = new nn.Buffer(tensor([1, 2]));
    scratch = new nn.Buffer(tensor([0]), { persistent: false });
    weight = new nn.Parameter(tensor([3]));
    override forward(x: Tensor): Tensor {
      return x.mul(this.weight).add(this.offset);
    }
  }
  const net = new Shift();
  assertEquals(net(tensor([1, 1])).tolist(), [4, 5]);
  assertEquals(Object.keys(net.stateDict()), ["weight", "offset"]);
  assertEquals(net.namedBuffers().map(([name]) => name), ["offset", "scratch"]);
  assertEquals(net.parameters().length, 1);
  // What is assigned later is the buffer, and takes part in moves and loads.
  net.offset = tensor([5, 6]);
  assertEquals(net.getBuffer("offset").tolist(), [5, 6]);
  net.loadStateDict({ weight: tensor([1]), offset: tensor([7, 8]) });
  assertEquals([net.offset.tolist(), net.to("float64").offset.dtype], [[7, 8], "float64"]);
  assertEquals(nn.deepcopy(net).namedBuffers().map(([name]) => name), ["offset", "scratch"]);
  assertEquals([new nn.Buffer(tensor([1])) instanceof nn.Buffer, tensor([1]) instanceof nn.Buffer], [
    true,
    false,
  ]);
  assertThrows(() => new nn.Buffer(3 as never), ValueError, "Buffer(): expected a tensor");
  assertThrows(() => Reflect.set(net, "weight", new nn.Buffer(tensor([1]))), ValueError, "cannot assign");
});

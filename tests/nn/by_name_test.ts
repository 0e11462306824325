/**
 * Utilities of layers with their arguments by name, and by position as PyTorch's are. Each call by name does what the call by position does.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import { manualSeed, ones, type Tensor, tensor, ValueError } from "../../core/mod.ts";
import * as nn from "../../nn/mod.ts";

const { prune, parametrizations } = nn.utils;

function seeded(change: (layer: nn.Linear) => nn.Module): unknown {
  manualSeed(0);
  const layer = new nn.Linear(6, 4);
  change(layer);
  return Object.entries(layer.stateDict()).map(([name, value]) => [name, value.tolist()]);
}

const layers: Readonly<
  Record<string, readonly [byName: (m: nn.Linear) => nn.Module, byPosition: (m: nn.Linear) => nn.Module]>
> = {
  "prune.identity": [(m) => prune.identity(m, { name: "bias" }), (m) => prune.identity(m, "bias")],
  "prune.random_unstructured": [
    (m) => prune.randomUnstructured(m, { name: "weight", amount: 0.3 }),
    (m) => prune.randomUnstructured(m, "weight", 0.3),
  ],
  "prune.l1_unstructured": [
    (m) => prune.l1Unstructured(m, { name: "weight", amount: 3, importanceScores: m.weight.neg() }),
    (m) => prune.l1Unstructured(m, "weight", 3, { importanceScores: m.weight.neg() }),
  ],
  "prune.random_structured": [
    (m) => prune.randomStructured(m, "weight", { amount: 2, dim: 1 }),
    (m) => prune.randomStructured(m, "weight", 2, 1),
  ],
  "prune.ln_structured": [
    (m) => prune.lnStructured(m, { name: "weight", amount: 0.5, n: 2, dim: 0 }),
    (m) => prune.lnStructured(m, "weight", 0.5, 2, 0),
  ],
  "prune.custom_from_mask": [
    (m) => prune.customFromMask(m, { name: "bias", mask: tensor([0, 1, 1, 0]) }),
    (m) => prune.customFromMask(m, "bias", tensor([0, 1, 1, 0])),
  ],
  "weight_norm": [(m) => nn.utils.weightNorm(m, { dim: 1 }), (m) => nn.utils.weightNorm(m, "weight", 1)],
  "spectral_norm": [
    (m) => nn.utils.spectralNorm(m, { name: "weight", nPowerIterations: 2 }),
    (m) => nn.utils.spectralNorm(m, "weight", 2),
  ],
  "parametrizations.spectral_norm": [
    (m) => parametrizations.spectralNorm(m, { nPowerIterations: 3 }),
    (m) => parametrizations.spectralNorm(m, "weight", 3),
  ],
  "parametrizations.orthogonal": [
    (m) => parametrizations.orthogonal(m, { orthogonalMap: "cayley" }),
    (m) => parametrizations.orthogonal(m, "weight", "cayley"),
  ],
};

for (const [name, [byName, byPosition]] of Object.entries(layers)) {
  Deno.test(`by name: nn.utils.${name}`, () => assertEquals(seeded(byName), seeded(byPosition)));
}

Deno.test("by name: global pruning takes a class and its amount", () => {
  const pruned = (run: (parameters: [nn.Module, string][]) => void) => {
    manualSeed(0);
    const layers = [new nn.Linear(3, 3), new nn.Linear(3, 2)];
    run(layers.map((layer): [nn.Module, string] => [layer, "weight"]));
    return layers.map((layer) => layer.weight.tolist());
  };
  const { L1Unstructured } = prune;
  assertEquals(
    pruned((parameters) =>
      prune.globalUnstructured(parameters, { pruningMethod: L1Unstructured, amount: 0.2 })
    ),
    pruned((parameters) => prune.globalUnstructured(parameters, new L1Unstructured(0.2))),
  );
});

/** Two parameters with the gradients 3 and 4 all over: the norm is 7. */
function graded(): nn.Parameter[] {
  return [3, 4].map((value) => {
    const p = new nn.Parameter(ones([value === 3 ? 1 : 2]));
    p.grad = ones([...p.shape]).mul(value);
    return p;
  });
}
const gradientsOf = (parameters: readonly nn.Parameter[]) => parameters.map((p) => p.grad!.tolist());

Deno.test("by name: gradients are clipped, or scaled by a norm that is known", () => {
  const a = graded(), b = graded(), c = graded();
  // 3^2 + 4^2 + 4^2 = 41
  const norm: Tensor = nn.utils.clipGradNorm_({ parameters: a, maxNorm: 1 });
  assertEquals(norm.item(), Math.fround(Math.sqrt(41)));
  const total = nn.utils.getTotalNorm({ tensors: b.map((p) => p.grad!) });
  assertEquals(total.item(), norm.item());
  nn.utils.clipGradsWithNorm_({ parameters: b, maxNorm: 1, totalNorm: total });
  assertEquals(gradientsOf(b), gradientsOf(a));
  assertEquals(nn.utils.getTotalNorm([tensor([3, -7])], Infinity).item(), 7);
  nn.utils.clipGradValue_({ parameters: c, clipValue: 3.5 });
  assertEquals(gradientsOf(c), [[3], [3.5, 3.5]]);
  assertThrows(
    () => Reflect.apply(nn.utils.clipGradNorm_, undefined, [{ maxNorm: 1 }]),
    ValueError,
    "clipGradNorm_() missing 1 required positional argument: 'parameters'",
  );
});

Deno.test("a weight of length and direction computes what the older one does", () => {
  const outputs = (norm: (layer: nn.Linear) => nn.Linear) => {
    manualSeed(1);
    const layer = norm(new nn.Linear(3, 2)), optimizer = new nn.optim.SGD(layer.parameters(), 0.1);
    return Array.from({ length: 3 }, () => {
      const y = layer(tensor([[1, -2, 0.5]]));
      optimizer.zeroGrad();
      y.pow(2).sum().backward();
      optimizer.step();
      return y.tolist();
    });
  };
  for (const dim of [0, 1, null]) {
    assertEquals(
      outputs((layer) => parametrizations.weightNorm(layer, { dim })),
      outputs((layer) => nn.utils.weightNorm(layer, { dim })),
    );
  }
  const layer = parametrizations.weightNorm(new nn.Linear(3, 2));
  assertEquals(Object.entries(layer.stateDict()).map(([name, { shape }]) => [name, shape]), [
    ["bias", [2]],
    ["parametrizations.weight.original0", [2, 1]],
    ["parametrizations.weight.original1", [2, 3]],
  ]);
});

Deno.test("a container of pruning methods prunes by the last one what the others have left", () => {
  const { CustomFromMask, L1Unstructured, PruningContainer } = prune;
  const container = new PruningContainer(new CustomFromMask(tensor([0, 1, 1, 1])));
  container.addPruningMethod(new L1Unstructured(1));
  assertEquals([container.length, [...container].length, container.at(-1) instanceof L1Unstructured], [
    2,
    2,
    true,
  ]);
  // The first element is pruned already; of the others the second is the smallest.
  assertEquals(container.computeMask(tensor([1, 2, -4, 3]), tensor([0, 1, 1, 1])).tolist(), [0, 0, 1, 1]);
  assertThrows(
    () => new PruningContainer(3 as never),
    ValueError,
    "int is not a BasePruningMethod subclass",
  );
});

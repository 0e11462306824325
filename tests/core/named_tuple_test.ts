/**
 * Results under names, taken apart by name, by position and by destructuring, with PyTorch's text.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  compile,
  linalg,
  mapTree,
  max,
  maxPool1d,
  type Tensor,
  tensor,
  unique,
  vmap,
} from "../../core/mod.ts";

const x = tensor([[1, 3], [4, 2]]);

Deno.test("a result has names, positions and an order", () => {
  const r = x.max(1);
  const [values, indices] = r;
  assertEquals([r.values, r.indices], [r[0], r[1]]);
  assertEquals([r.length, values === r.values, indices === r[1]], [2, true, true]);
  assertEquals(Object.keys(r), ["values", "indices"]);
});

Deno.test("every operation with several results gives them in PyTorch's order", () => {
  const a = tensor([[2, 0], [0, 1]]);
  const names = (r: object) => Object.keys(r).join();
  const found = [
    x.min(0),
    x.sort(),
    x.topk(1),
    x.median(1),
    x.nanmedian(1),
    x.mode(1),
    x.kthvalue(1),
    x.cummax(0),
    x.cummin(0),
    x.aminmax(),
    x.frexp(),
    x.histogram(2),
    a.qr(),
    a.svd(),
    a.slogdet(),
    linalg.svd(a),
    linalg.eigh(a),
    linalg.lu(a),
    linalg.lstsq(a, a),
  ];
  assertEquals(found.map(names).slice(9), [
    "min,max",
    "mantissa,exponent",
    "hist,binEdges",
    "Q,R",
    "U,S,V",
    "sign,logabsdet",
    "U,S,Vh",
    "eigenvalues,eigenvectors",
    "P,L,U",
    "solution,residuals,rank,singularValues",
  ]);
  assertEquals(new Set(found.map(names).slice(0, 9)), new Set(["values,indices"]));
  assertEquals([...linalg.eigh(a)].map((t) => t.shape), [[2], [2, 2]]);
});

Deno.test("unique gives what is asked for, and TypeScript knows it", () => {
  const y = tensor([3, 1, 3]);
  const plain: Tensor = unique(y);
  const [values, counts] = unique(y, { returnCounts: true });
  const { inverse } = y.unique({ returnInverse: true, returnCounts: true });
  assertEquals([plain, values, counts, inverse].map((t) => t.tolist()), [[1, 3], [1, 3], [1, 2], [1, 0, 1]]);
});

Deno.test("the text is PyTorch's", () => {
  // print(x.max(1)); print(torch.linalg.lstsq(...)) names its parts with underscores
  assertEquals(
    String(x.max(1)),
    "torch.return_types.max(\nvalues=tensor([3., 4.]),\nindices=tensor([1, 0]))",
  );
  // PyTorch gives plain tuples here.
  assertEquals(String(unique(x, { returnCounts: true })), "(tensor([1., 2., 3., 4.]), tensor([1, 1, 1, 1]))");
  assertEquals(
    String(maxPool1d(x, 2, { returnIndices: true })),
    "(tensor([[3.],\n        [4.]]), tensor([[1],\n        [0]]))",
  );
  assertEquals(/singular_values=tensor/.test(Deno.inspect(linalg.lstsq(x, x))), true);
});

Deno.test("trees and transforms keep them", () => {
  const [values, indices] = vmap((row: Tensor) => max(row, 0))(x);
  assertEquals([values.tolist(), indices.tolist()], [[3, 4], [1, 0]]);
  // The same call twice: traced, and replayed.
  const largest = compile((t: Tensor) => t.max(1));
  for (const y of [x, x.mul(2)]) {
    const [found, places] = largest(y);
    assertEquals([found.tolist(), places.tolist()], [y.max(1).values.tolist(), [1, 0]]);
  }
  const doubleMax = compile((r: ReturnType<typeof largest>) => r.values.mul(2));
  assertEquals(doubleMax(x.max(1)).tolist(), [6, 8]);
  const { values: doubled } = mapTree(x.max(1), (t) => t.mul(2));
  assertEquals(doubled.tolist(), [6, 8]);
});

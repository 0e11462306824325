/**
 * What it costs to build a graph, to find its plan, to make a plan, and to differentiate.
 *
 * @module
 */
import { compile, evaluate, grad, noGrad, type Tensor, tensor, vmap } from "../core/mod.ts";
import { workloads } from "./workloads.ts";

const x = tensor(new Float32Array(16).fill(0.5)), c = tensor(new Float32Array(16).fill(0.01));
let distinct = 0;

function chain(n: number, step: (y: Tensor, i: number) => Tensor): Tensor {
  let y = x;
  for (let i = 0; i < n; i++) y = step(y, i);
  return y;
}

Deno.bench("build 1,000 adds", { group: "graph" }, () => void chain(1000, (y) => y.add(c)));
Deno.bench("build, find and run 1,000 adds", { group: "graph", baseline: true }, () => {
  chain(1000, (y) => y.add(c)).toTypedArray();
});
Deno.bench("1,000 adds, each evaluated", { group: "graph" }, () => {
  chain(1000, (y) => {
    const z = y.add(c);
    evaluate([z]);
    return z;
  });
});

const mlp = workloads.seed_mlp_fwd.setup();
Deno.bench("MLP 20-256-10, batch 2, value read", { group: "small model" }, () => void mlp());
const w1 = tensor(new Float32Array(20 * 256), { shape: [20, 256] });
const w2 = tensor(new Float32Array(2560), { shape: [256, 10] });
const input = tensor(new Float32Array(40), { shape: [2, 20] });
const compiled = compile((y: Tensor) => y.matmul(w1).relu().matmul(w2));
Deno.bench("the same through compile", { group: "small model", baseline: true }, () => {
  noGrad(() => compiled(input).toTypedArray());
});

// A number that no graph before had makes a plan that no cache has.
Deno.bench("make a plan of 100 operations", { group: "plans" }, () => {
  chain(100, (y, i) => i % 4 === 0 ? y.add(++distinct) : y.tanh()).toTypedArray();
});
Deno.bench("make a plan of 10,000 operations in a row", { group: "plans", n: 5, warmup: 1 }, () => {
  chain(10_000, (y, i) => i === 0 ? y.add(++distinct) : y.neg()).toTypedArray();
});
Deno.bench("make a plan of 10,000 operations side by side", { group: "plans", n: 5, warmup: 1 }, () => {
  const first = x.mul(++distinct);
  evaluate(Array.from({ length: 10_000 }, (_, i) => first.add(i)));
});

const slope = grad((y: Tensor) => {
  let z = y;
  for (let i = 0; i < 1000; i++) z = z.mul(c);
  return z.sum();
});
Deno.bench("gradient through 1,000 products", { group: "autograd" }, () => void slope(x).toTypedArray());
const third = grad((y: Tensor) => grad((z: Tensor) => grad((u: Tensor) => u.pow(4).sum())(z).sum())(y).sum());
Deno.bench("third derivative of x^4", { group: "autograd" }, () => void third(x).toTypedArray());
const rows = tensor(new Float32Array(64 * 16), { shape: [64, 16] });
const perExample = vmap(grad((y: Tensor) => y.mul(c).tanh().sum()));
Deno.bench(
  "vmap of a gradient, 64 examples",
  { group: "autograd" },
  () => void perExample(rows).toTypedArray(),
);

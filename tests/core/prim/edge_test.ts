/**
 * Values and gradients at the edges of functions (zeros, ties, infinities, NaN), as PyTorch has them. The numbers come from
 * fixtures/gradient_edges.py.
 */
import { assert, assertEquals } from "@std/assert";
import * as core from "../../../core/mod.ts";
import { grad, pow, softmax, type Tensor, tensor, where } from "../../../core/mod.ts";
import { widest, within } from "../precision.ts";

type Edge = number | string | readonly Edge[];

interface Case {
  readonly name: string;
  readonly inputs: readonly Edge[];
  readonly value: Edge;
  readonly grads: readonly Edge[];
}

const url = new URL("../../fixtures/gradient_edges.json", import.meta.url);
const cases: readonly Case[] = JSON.parse(await Deno.readTextFile(url));

/** "nan", "inf" and "-inf" as numbers, all in one list. */
function flat(edge: Edge): number[] {
  if (typeof edge === "object") return edge.flatMap(flat);
  return [typeof edge === "number" ? edge : edge === "nan" ? NaN : edge === "inf" ? Infinity : -Infinity];
}

function shapeOf(edge: Edge): number[] {
  return typeof edge === "object" ? [edge.length, ...shapeOf(edge[0])] : [];
}

const fns: Readonly<Record<string, (a: Tensor, b: Tensor) => Tensor>> = {
  abs: (x) => x.abs(),
  sign: (x) => x.sign(),
  sqrt: (x) => x.sqrt(),
  rsqrt: (x) => x.rsqrt(),
  log: (x) => x.log(),
  relu: (x) => x.relu(),
  max2: (a, b) => a.maximum(b),
  min2: (a, b) => a.minimum(b),
  amax: (x) => x.amax(),
  "amax nan": (x) => x.amax(),
  "max dim": (x) => x.max(0).values,
  "max all": (x) => x.max(),
  "max all nan": (x) => x.max(),
  "min all nan": (x) => x.min(),
  "median nan": (x) => x.median(),
  "median dim nan": (x) => x.median(0).values,
  "nanmedian nan": (x) => x.nanmedian(),
  prod0: (x) => x.prod(),
  prod00: (x) => x.prod(),
  cumprod: (x) => x.cumprod(0),
  "pow 0 2": (x) => x.pow(2),
  "pow 0 0": (x) => x.pow(0),
  "pow 0 1": (x) => x.pow(1),
  "pow 0 .5": (x) => x.pow(0.5),
  "pow 0 -1": (x) => x.pow(-1),
  "pow 0 1.5": (x) => x.pow(1.5),
  "pow tt": (a, b) => a.pow(b),
  "pow t.5": (a, b) => a.pow(b),
  rpow: (x) => pow(0, x),
  rpow2: (x) => pow(2, x),
  "where nan": (x) => where(x.gt(0), x.log(), x.mul(0)),
  "where nan2": (x) => where(x.gt(0), x, x.mul(NaN)),
  norm2: (x) => x.norm(),
  norm1: (x) => x.norm(1),
  norminf: (x) => x.norm(Infinity),
  norminf0: (x) => x.norm(Infinity),
  norm3: (x) => x.norm(3),
  "vnorm2 dim": (x) => x.norm(2, 1),
  "std single": (x) => x.std(),
  var: (x) => x.var(),
  div0: (a, b) => a.div(b),
  atan2: (a, b) => a.atan2(b),
  hypot: (a, b) => core.hypot(a, b),
  clamp: (x) => x.clamp(0, 1),
  tanh: (x) => x.tanh(),
  sigmoid: (x) => x.sigmoid(),
  softmax: (x) => softmax(x, 0),
  "softmax-inf": (x) => softmax(x, 0),
  logsumexp: (x) => x.logsumexp(0),
  logsumexp2: (x) => x.logsumexp(0),
  log1p: (x) => x.log1p(),
  asin: (x) => x.asin(),
  acosh: (x) => x.acosh(),
  atanh: (x) => x.atanh(),
  remainder: (a, b) => a.remainder(b),
  fmod: (a, b) => a.fmod(b),
  copysign: (a, b) => core.copysign(a, b),
  xlogy: (a, b) => core.xlogy(a, b),
  logaddexp: (a, b) => core.logaddexp(a, b),
  softplus: (x) => core.softplus(x),
  elu: (x) => core.elu(x),
  gelu: (x) => core.gelu(x),
  silu: (x) => core.silu(x),
  hardtanh: (x) => core.hardtanh(x),
  leaky: (x) => core.leakyRelu(x),
  smoothl1: (a, b) => core.smoothL1Loss(a, b, { reduction: "none" }),
  cdist: (a, b) => core.cdist(a, b),
  sinc: (x) => core.sinc(x),
  nan_to_num: (x) => core.nanToNum(x),
  lerp: (a, b) => core.lerp(a, b, 0.5),
  cummax: (x) => core.cummax(x, 0).values,
  sort: (x) => x.sort(0).values.mul(tensor([1, 2, 3], { dtype: widest() })),
  "clamp nan": (x) => x.clamp(-1, 1),
  "clamp low nan": (x) => x.clamp(0),
  "clamp by nan": (x) => x.clamp(NaN),
  "hardtanh nan": (x) => core.hardtanh(x),
  "hardtanh crossed": (x) => core.hardtanh(x, 0.5, -0.5),
  "relu6 nan": (x) => core.relu6(x),
  "elu nan": (x) => core.elu(x),
  "threshold nan": (x) => core.threshold(x, 0.1, 20),
  "hardshrink nan": (x) => core.hardshrink(x),
  "softshrink nan": (x) => core.softshrink(x),
  "hardswish nan": (x) => core.hardswish(x),
  "clamp t": (a, b) => a.clamp(b),
  "clamp t max": (a, b) => a.clamp(null, b),
  "clamp t t": (a, b) => a.clamp(b, b),
  "clamp t 0": (a, b) => a.clamp(b, core.zerosLike(b)),
  "xlogy all": (a, b) => core.xlogy(a, b),
  "div trunc": (a, b) => a.div(b, { roundingMode: "trunc" }),
  "div floor": (a, b) => a.div(b, { roundingMode: "floor" }),
  huber: (a, b) => core.huberLoss(a, b, { reduction: "none", delta: 0.75 }),
  "smoothl1 all": (a, b) => core.smoothL1Loss(a, b, { reduction: "none", beta: 0.75 }),
  hinge: (x) => core.hingeEmbeddingLoss(x, x.detach().sign(), { reduction: "none" }),
  xlog1py: (a, b) => core.special.xlog1py(a, b),
  entr: (x) => core.special.entr(x),
  kl: (a, b) => core.klDiv(a, b, { reduction: "none" }),
};

function assertNear(got: Tensor, want: Edge, what: string): void {
  const a = Array.from(got.toTypedArray(), Number), b = flat(want);
  assertEquals(a.length, b.length, what);
  const near = a.every((v, i) =>
    Object.is(v, b[i]) || v === b[i] || Math.abs(v - b[i]) <= within(1e-12, 1e-6) * (1 + Math.abs(b[i]))
  );
  assert(near, `${what} is [${a}], but PyTorch's is [${b}]`);
}

Deno.test("every case of the fixture has its function", () => {
  assertEquals(cases.map((c) => c.name).sort(), Object.keys(fns).sort());
});

for (const { name, inputs, value, grads } of cases) {
  Deno.test(`at the edge: ${name}`, () => {
    const xs = inputs.map((x) => tensor(new Float64Array(flat(x)), { shape: shapeOf(x), dtype: widest() }));
    const fn = (...args: Tensor[]) => fns[name](args[0], args[1]);
    assertNear(fn(...xs), value, "the value");
    const found = grad((...args: Tensor[]) => fn(...args).sum(), { argnums: xs.map((_, i) => i) })(...xs);
    grads.forEach((g, i) => assertNear((found as Tensor[])[i], g, `the gradient of argument ${i}`));
  });
}

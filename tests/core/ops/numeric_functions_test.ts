/**
 * Functions whose results are no fixed numbers, or that PyTorch computes less exactly: what must hold of them.
 */
import { assert, assertEquals } from "@std/assert";
import {
  grad,
  linalg,
  manualSeed,
  pcaLowrank,
  randn,
  special,
  svdLowrank,
  tensor,
} from "../../../core/mod.ts";
import type { Tensor } from "../../../core/tensor.ts";
import { onCpu, widest, within } from "../precision.ts";

function assertNear(got: Tensor, want: Tensor, limit: number): void {
  assertEquals(got.shape, want.shape);
  assert(Number(got.sub(want).abs().max().item()) <= limit, `${got} is not near ${want}`);
}

for (const [m, n] of [[9, 5], [5, 9]]) {
  Deno.test(`svdLowrank of a ${m} by ${n} matrix of rank 2 gives it back`, () => {
    manualSeed(1);
    const x = randn([m, 2], { dtype: widest() }).matmul(randn([2, n], { dtype: widest() }));
    const [U, S, V] = svdLowrank(x, { q: 3 });
    assertEquals([U.shape, S.shape, V.shape], [[m, 3], [3], [n, 3]]);
    assertNear(U.mul(S).matmul(V.mT), x, within(1e-12, 1e-5));
    assertNear(S, linalg.svdvals(x).slice(0, 0, 3), within(1e-12, 1e-5));
  });
}

Deno.test("pcaLowrank takes the means off", () => {
  manualSeed(2);
  const x = randn([20, 4], { dtype: widest() }).add(7);
  const [U, S, V] = pcaLowrank(x);
  assertNear(U.mul(S).matmul(V.mT), x.sub(x.mean(0)), within(1e-12, 1e-5));
});

Deno.test("what cannot be inverted has an info and NaN, the others of the batch their inverse", () => {
  const x = tensor([[[1, 2], [2, 4]], [[2, 0], [0, 4]]]).float();
  const { inverse, info } = linalg.invEx(x);
  assertEquals(info.tolist(), [2, 0]);
  assertEquals(inverse.tolist(), [[[NaN, NaN], [NaN, NaN]], [[0.5, 0], [0, 0.25]]]);
  assertEquals(linalg.solveEx(x, tensor([[1], [2]]).float()).info.tolist(), [2, 0]);
  const factor = linalg.choleskyEx(tensor([[1, 2], [2, 1]]).float());
  assertEquals(factor.info.item(), 2);
  assert(Number.isNaN(factor.L.get(0, 0).item()));
});

// Values of tables, to their last digits.
const known: Readonly<Record<string, readonly (readonly [number, number])[]>> = {
  besselJ0: [[1, 0.7651976865579666], [5, -0.1775967713143383], [26, 0.1559993155224211]],
  besselJ1: [[1, 0.4400505857449335], [5, -0.3275791375914652]],
  besselY0: [[1, 0.0882569642156769], [5, -0.3085176252490338]],
  besselY1: [[1, -0.7812128213002887], [5, 0.1478631433912268]],
  airyAi: [[0, 0.3550280538878172], [1, 0.1352924163128814], [-5, 0.3507610090241143]],
};

for (const [name, pairs] of Object.entries(known)) {
  Deno.test(`special.${name} to its last digits`, () => {
    const f = (special as unknown as Record<string, (x: Tensor) => Tensor>)[name];
    const x = tensor(Float64Array.from(pairs, ([at]) => at), { dtype: widest() }), y = f(x).toTypedArray();
    pairs.forEach(([at, want], i) =>
      assert(Math.abs(Number(y[i]) - want) < within(1e-14, 1e-7), `${name}(${at}) is ${y[i]}`)
    );
  });
}

for (
  const name of [
    "besselJ0",
    "besselJ1",
    "besselY0",
    "besselY1",
    "modifiedBesselK0",
    "modifiedBesselK1",
    "scaledModifiedBesselK0",
    "scaledModifiedBesselK1",
  ]
) {
  Deno.test(`special.${name} has the slope of its values`, () => {
    const f = (special as unknown as Record<string, (x: Tensor) => Tensor>)[name], h = 1e-5;
    const x = () => tensor([0.7, 3, 26], { dtype: widest() });
    const slope = onCpu(() => f(x().add(h)).sub(f(x().sub(h))).div(2 * h));
    assertNear(grad((t: Tensor) => f(t).sum())(x()).to(slope), slope, within(1e-8, 1e-6));
  });
}

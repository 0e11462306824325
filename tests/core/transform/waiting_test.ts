/**
 * Operations that read their arguments inside functions that are traced: under vmap they give what they give for each example, under compile what they
 * give without it; so do their gradients, and vmap in vmap.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  compile,
  evaluate,
  grad,
  GradError,
  igamma,
  linalg,
  manualSeed,
  matrixExp,
  nn,
  randn,
  special,
  stack,
  type Tensor,
  vmap,
} from "../../../mod.ts";

const positive = (x: Tensor) => x.matmul(x.mT).add(x.mT.mul(0)).add(2);
const cases: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  inv: (x) => linalg.inv(x),
  det: (x) => linalg.det(x),
  slogdet: (x) => linalg.slogdet(x).logabsdet,
  solve: (x) => linalg.solve(x, x.mT),
  solveTriangular: (x) => linalg.solveTriangular(x, x.slice(-1, 0, 1), { upper: true }),
  cholesky: (x) => linalg.cholesky(positive(x)),
  qr: (x) => linalg.qr(x).R,
  eigh: (x) => linalg.eigh(x).eigenvalues,
  svdvals: (x) => linalg.svdvals(x),
  pinv: (x) => linalg.pinv(x),
  lu: (x) => linalg.lu(x).U,
  matrixExp: (x) => matrixExp(x),
  igamma: (x) => igamma(x.detach().abs().add(1), x.abs()),
  besselJ0: (x) => special.besselJ0(x),
  legendrePolynomialP: (x) => special.legendrePolynomialP(x, x.detach().abs().mul(2)),
};

function assertSame(got: Tensor, want: Tensor): void {
  assertEquals([got.shape, got.dtype], [want.shape, want.dtype]);
  assert(Number(got.sub(want).abs().max().item()) < 1e-9, `${got} is not ${want}`);
}

function batch(...shape: number[]): Tensor {
  manualSeed(3);
  return randn([...shape, 3, 3], { dtype: "float64" });
}

for (const [name, f] of Object.entries(cases)) {
  const slope = grad((x: Tensor) => f(x).pow(2).sum());
  Deno.test(`${name} under vmap, with its gradient, and in vmap`, () => {
    const xs = batch(4), each = Array.from(xs);
    assertSame(vmap(f)(xs), stack(each.map(f)));
    assertSame(vmap(slope)(xs), stack(each.map((x) => slope(x))));
    assertSame(grad((t: Tensor) => vmap(f)(t).pow(2).sum())(xs), stack(each.map((x) => slope(x))));
    const nested = batch(2, 3);
    assertSame(vmap(vmap(f))(nested), stack(Array.from(nested, (part) => stack(Array.from(part, f)))));
  });

  Deno.test(`${name} under compile, with its gradient`, () => {
    const compiled = compile(f), both = compile(slope);
    for (const x of batch(2)) {
      assertSame(compiled(x), f(x));
      assertSame(both(x), slope(x));
      assertSame(grad((t: Tensor) => compiled(t).pow(2).sum())(x), slope(x));
    }
  });
}

Deno.test("parameters and results of other such operations are read anew at each call", () => {
  const weight = new nn.Parameter(batch()), f = compile((x: Tensor) => linalg.det(linalg.inv(x.add(weight))));
  const x = batch(1).select(0, 0).mul(0.5);
  const plain = () => linalg.det(linalg.inv(x.add(weight)));
  assertSame(f(x).detach(), plain().detach());
  weight.data = weight.detach().add(1);
  assertSame(f(x).detach(), plain().detach());
  const slopeOf = (y: Tensor): Tensor => {
    weight.grad = null;
    y.backward();
    assert(weight.grad !== null);
    return weight.grad;
  };
  assertSame(slopeOf(f(x)), slopeOf(plain()));
});

Deno.test("what such an operation gave while a function was traced cannot be kept", () => {
  const kept: Tensor[] = [], fixed = batch();
  compile((x: Tensor) => {
    kept.push(linalg.inv(fixed));
    return x;
  })(fixed);
  assertThrows(() => evaluate(kept), GradError, "cannot be kept");
});

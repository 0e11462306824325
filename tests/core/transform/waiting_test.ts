/**
 * Operations that read their arguments, moves to other devices among them, inside functions that are traced: under vmap they give what they give for
 * each example, under compile what they give without it; so do their gradients, and vmap in vmap.
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
  ones,
  randn,
  special,
  stack,
  type Tensor,
  tensor,
  vmap,
} from "../../../mod.ts";
import { widest, within } from "../precision.ts";

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
  "a move": (x) => x.square().to("reference").sin().to(x.device).mul(x),
  legendrePolynomialP: (x) => special.legendrePolynomialP(x, x.detach().abs().mul(2)),
};

function assertSame(got: Tensor, want: Tensor): void {
  assertEquals([got.shape, got.dtype], [want.shape, want.dtype]);
  assert(Number(got.sub(want).abs().max().item()) < within(1e-9, 1e-4), `${got} is not ${want}`);
}

function batch(...shape: number[]): Tensor {
  manualSeed(3);
  return randn([...shape, 3, 3], { dtype: widest() });
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

/** The gradient of y in a parameter. */
function slopeOf(y: Tensor, weight: nn.Parameter): Tensor {
  weight.grad = null;
  y.backward();
  assert(weight.grad !== null);
  return weight.grad;
}

Deno.test("parameters and results of other such operations are read anew at each call", () => {
  const weight = new nn.Parameter(batch()), f = compile((x: Tensor) => linalg.det(linalg.inv(x.add(weight))));
  const x = batch(1).select(0, 0).mul(0.5);
  const plain = () => linalg.det(linalg.inv(x.add(weight)));
  assertSame(f(x).detach(), plain().detach());
  weight.data = weight.detach().add(1);
  assertSame(f(x).detach(), plain().detach());
  assertSame(slopeOf(f(x), weight), slopeOf(plain(), weight));
});

Deno.test("a compiled function may leave results on several devices, and move constants and parameters", () => {
  const weight = new nn.Parameter(batch()), fixed = batch();
  const plain = (x: Tensor) => {
    const y = x.mul(2), moved = y.add(weight).to("reference");
    return { y, moved, again: moved.mul(3), same: y, fixed: fixed.to("reference").add(moved) };
  };
  const f = compile(plain), x = batch();
  for (let call = 0; call < 2; call++) {
    const got = f(x), want = plain(x);
    for (const key of ["y", "moved", "again", "same", "fixed"] as const) {
      assertEquals(got[key].device, want[key].device);
      assertSame(got[key].detach(), want[key].detach());
    }
    // d/dw (3 (2x + w) + (fixed + 2x + w)) = 4
    const slope = slopeOf(got.again.sum().add(got.fixed.sum()), weight);
    assertEquals(slope.device, x.device);
    assertSame(slope, ones([3, 3], { dtype: widest() }).mul(4));
    weight.data = weight.detach().add(1);
  }
});

Deno.test("arguments on several devices, one of them donated", () => {
  const f = compile((x: Tensor, y: Tensor) => [x.add(1), y.add(x.to("reference"))], { donate: [0] });
  for (let call = 0; call < 2; call++) {
    const [here, there] = f(tensor([1, 2]).mul(1), tensor([10, 20], { device: "reference" }));
    assertEquals([here.tolist(), there.tolist(), there.device], [[2, 3], [11, 22], "reference"]);
  }
});

Deno.test("what such an operation gave while a function was traced cannot be kept", () => {
  const kept: Tensor[] = [], fixed = batch();
  compile((x: Tensor) => {
    kept.push(linalg.inv(fixed));
    return x;
  })(fixed);
  assertThrows(() => evaluate(kept), GradError, "cannot be kept");
});

/**
 * Methods of matrices are the functions of their names, with this tensor first.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { geqrf, linalg, luSolve, orgqr, ormqr, tensor, triangularSolve } from "../../../core/mod.ts";
import { widest, within } from "../precision.ts";

const a = tensor([[4, 1, 2], [0, 3, 1], [0, 0, 2]], { dtype: widest() });
const b = tensor([[1, 2], [3, 4], [5, 6]], { dtype: widest() });

Deno.test("solving: b.triangularSolve(A), b.luSolve(...)", () => {
  assertEquals(
    b.triangularSolve(a, { upper: true }).solution.tolist(),
    triangularSolve(b, a, { upper: true }).solution.tolist(),
  );
  const { LU, pivots } = linalg.luFactor(a);
  assertEquals(b.luSolve(LU, pivots).tolist(), luSolve(b, LU, pivots).tolist());
  // A x = b
  assertEquals(a.matmul(b.luSolve(LU, pivots)).sub(b).abs().max().item() < within(1e-12, 1e-5), true);
});

Deno.test("reflections: x.geqrf(), x.orgqr(tau), x.ormqr(tau, other)", () => {
  const found = b.geqrf(), { a: packed, tau } = geqrf(b);
  assertEquals([found.a.tolist(), found.tau.tolist()], [packed.tolist(), tau.tolist()]);
  assertEquals(packed.orgqr(tau).tolist(), orgqr(packed, tau).tolist());
  assertEquals(
    packed.ormqr(tau, a, { transpose: true }).tolist(),
    ormqr(packed, tau, a, { transpose: true }).tolist(),
  );
});

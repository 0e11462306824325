/**
 * Relatives of the gamma function where digits are easily lost: next to whole numbers, of tiny and of large arguments. The numbers were computed with 40 digits
 * (mpmath).
 */
import { assertAlmostEquals } from "@std/assert";
import { igamma, igammac, polygamma, special, type Tensor, tensor } from "../../../../core/mod.ts";
import { forEachDevice } from "../../devices.ts";
import { widest, within } from "../../precision.ts";

const number = (v: number) => tensor(v, { dtype: widest() });

function assertClose(got: Tensor, want: number): void {
  assertAlmostEquals(Number(got.item()) / want, 1, within(1e-13, 1e-5));
}

forEachDevice("incomplete gamma functions of a tiny first argument", () => {
  const a = number(2 ** -33);
  assertClose(igammac(a, number(0.5)), 6.5166223190062995e-11);
  assertClose(igammac(a, number(0.25)), 1.2157049896789275e-10);
  assertClose(igamma(a, number(0.5)), 1 - 6.5166223190062995e-11);
});

forEachDevice("the poles of polygamma and zeta, as near as numbers come", () => {
  assertClose(polygamma(2, number(-(2 ** -30))), 2.4758800785707605e27);
  assertClose(polygamma(3, number(-3 - 2 ** -20)), 7.253554917687775e24);
  assertClose(special.zeta(3, number(-(2 ** -10))), -1073741822.7947663);
});

forEachDevice("zeta far out, and the spherical Bessel function", () => {
  assertClose(special.zeta(1.5, number(2 ** 100)), 1.7763568394002505e-15);
  assertClose(special.sphericalBesselJ0(number(30000)), -2.6755514728912466e-5);
});

/**
 * NaN, infinities and the ends of integer types, where operations of several steps lose them. The numbers are PyTorch's unless a line says otherwise.
 */
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  aminmax,
  angle,
  argsort,
  bincount,
  clamp,
  clampMax,
  clampMin,
  combinations,
  diff,
  div,
  expm1,
  floorDivide,
  fmod,
  gcd,
  gradient,
  gridSample,
  histogram,
  i0,
  indexAdd,
  interpolate,
  isclose,
  lcm,
  linalg,
  logaddexp,
  logcumsumexp,
  median,
  mode,
  nanmedian,
  ones,
  quantile,
  remainder,
  sinc,
  softmax,
  std,
  tensor,
  unique,
} from "../../../core/mod.ts";
import { DTypeError } from "../../../core/errors.ts";
import { forEachDevice } from "../devices.ts";

forEachDevice("mode counts numbers, among NaN too", () => {
  const [values, indices] = mode(tensor([[Infinity, NaN, 1, -1, 1, 0], [NaN, 1, NaN, 1, 3, NaN]]));
  assertEquals([values.tolist(), indices.tolist()], [[1, 1], [4, 3]]);
  assert(Number.isNaN(mode(tensor([NaN, NaN])).values.item()));
});

forEachDevice("gcd and lcm of short integers are computed in wide ones", () => {
  const a = tensor([97, 33], { dtype: "int8" }), b = tensor([-128, -12], { dtype: "int8" });
  assertEquals(gcd(a, b).tolist(), [1, 3]);
  // 132 in eight bits.
  assertEquals(lcm(a, b).at(1).get().item(), -124);
});

forEachDevice("sums of exponentials and sinc in half precision are rounded once", () => {
  const half = (v: number) => tensor(v, { dtype: "bfloat16" });
  assertEquals(logaddexp(half(-0.96484375), half(-0.45703125)).item(), 0.01409912109375);
  // sin(3.09375 pi) / (3.09375 pi) = -0.029867; PyTorch rounds the angle first and gives -0.0269.
  assertAlmostEquals(sinc(half(-3.09375)).item(), -0.0298667, 1e-4);
});

forEachDevice("Bessel's function is infinite where it overflows, and not before", () => {
  // scipy.special.i0(90.0); PyTorch overflows from 89 on.
  const [large, most] = i0(tensor([90, 3.4028234663852886e38])).toTypedArray();
  assertAlmostEquals(Number(large) / 5.139238e37, 1, 1e-6);
  assertEquals(most, Infinity);
});

forEachDevice("a grid's NaN is the first element, where there is padding", () => {
  const x = tensor([[[[1, 2], [3, 4]]]]), grid = tensor([[[[NaN, NaN]]]]);
  for (const paddingMode of ["border", "reflection"] as const) {
    assertEquals(gridSample(x, grid, { paddingMode, alignCorners: false }).item(), 1);
    const one = gridSample(x.at("...", ":1", ":1").get(), grid, { paddingMode, alignCorners: true });
    assertEquals(one.item(), 1);
  }
});

forEachDevice("quotients with a literal zero are as of any zero", () => {
  const x = tensor([1, 0, -1, NaN, Infinity]);
  assertEquals(x.div(0).tolist(), [Infinity, NaN, -Infinity, NaN, Infinity]);
  assertEquals(x.div(-0).tolist(), [-Infinity, NaN, Infinity, NaN, -Infinity]);
  assertEquals(floorDivide(x, 0).tolist(), [Infinity, NaN, -Infinity, NaN, Infinity]);
  assertEquals(div(0, x).tolist(), [0, NaN, -0, NaN, 0]);
  assertEquals(div(-0.0, x).tolist(), [-0, NaN, 0, NaN, -0]);
  assertEquals(std(ones([2, 1]), 1).tolist(), [NaN, NaN]);
});

forEachDevice("remainders of what was a bool are as of any number", () => {
  assertEquals(remainder(tensor([true, false]), 0.1).tolist(), remainder(tensor([1, 0]), 0.1).tolist());
});

forEachDevice("clamp fills with a NaN that is one of two numbers", () => {
  assertEquals(tensor([1, -5]).clamp(0.5, NaN).tolist(), [NaN, NaN]);
  assertEquals(tensor([1, -5]).clamp(undefined, NaN).tolist(), [1, -5]);
});

Deno.test("argsort takes stable, areas may be none", () => {
  assertEquals(argsort(tensor([2, 1, 1]), 0, { stable: true }).tolist(), [1, 2, 0]);
  assertEquals(interpolate(ones([1, 2, 1]), { scaleFactor: 0.6, mode: "area" }).shape, [1, 2, 0]);
});

Deno.test("gradient takes differences in the dtype of its samples", () => {
  const short = (values: number[]) => tensor(values, { dtype: "int8" });
  const [wrapped] = gradient(short([-128, 127, 127]));
  assertEquals(wrapped.tolist(), [-1, -0.5, 0]);
  assertEquals(gradient(short([100, -100, 100]), { spacing: 2, edgeOrder: 2 })[0].tolist(), [-72, 0, 72]);
  assertEquals(gradient(tensor([1, NaN, 3, 4, 5]))[0].tolist(), [NaN, 1, NaN, 1, 1]);
  assertEquals(gradient(tensor([1, 3, 8, 4]), { spacing: 0 })[0].tolist(), [
    Infinity,
    Infinity,
    Infinity,
    -Infinity,
  ]);
  const curved = gradient(tensor([1, 3, 8, 4]), { spacing: 0.5, edgeOrder: 2 });
  assertEquals(curved[0].tolist(), [1, 7, 1, -17]);
});

Deno.test("short integers far apart are not close", () => {
  const a = tensor([32767, -32768, 3], { dtype: "int16" }),
    b = tensor([-32768, 32767, 3], { dtype: "int16" });
  assertEquals(isclose(a, b, { rtol: 0, atol: 2 }).tolist(), [false, false, true]);
  const p = tensor([1, 100, 3], { dtype: "uint8" }), q = tensor([101, 1, 2], { dtype: "uint8" });
  assertEquals(isclose(p, q, { rtol: 1, atol: 1e-16 }).tolist(), [true, false, true]);
  const no = tensor([false, true]), yes = tensor([true, false]);
  assertEquals(isclose(no, yes, { rtol: 1, atol: 0 }).tolist(), [true, false]);
  assertEquals(isclose(tensor([1, Infinity]), tensor([2, 1]), { rtol: Infinity }).tolist(), [true, false]);
});

Deno.test("one bound that is NaN alone fills in clampMin and clampMax", () => {
  assertEquals(clampMin(tensor([1, -5]), NaN).tolist(), [NaN, NaN]);
  assertEquals(clampMax(tensor([1, -5]), NaN).tolist(), [NaN, NaN]);
});

Deno.test("a NaN between bounds that cross stays NaN, where there is a gradient too", () => {
  const x = tensor([NaN, 1]), low = tensor([0.5, 0.5]), high = tensor([-0.5, -0.5]);
  assertEquals(clamp(x, low, high).tolist(), [NaN, -0.5]);
  const none = tensor([NaN, 0.5]);
  assertEquals(clamp(x, none, tensor([0.5, 0.5])).tolist(), [NaN, 0.5]);
  high.requiresGrad = true;
  assertEquals(clamp(x, low, high).tolist(), [NaN, -0.5]);
  none.requiresGrad = true;
  assertEquals(clamp(tensor([2, 2]), none, tensor([0.5, 0.5])).tolist(), [NaN, 0.5]);
});

Deno.test("shapes of what has no dimension or no element", () => {
  const { min, max } = aminmax(tensor(3), { dim: 0, keepdim: true });
  assertEquals([min.shape, max.shape], [[1], [1]]);
  assertEquals(combinations(tensor([1, 2, 3]), 0).shape, [0]);
  const jump = diff(tensor([true, false]), { prepend: ones([1]) });
  assertEquals([jump.dtype, jump.tolist()], ["float32", [0, -1]]);
});

Deno.test("nothing is counted, divided and conditioned without an error", () => {
  const none = tensor([], { dtype: "int64" });
  const counts = bincount(none, ones([3]), 2);
  assertEquals([counts.dtype, counts.tolist()], ["int64", [0, 0]]);
  assertEquals([fmod(none, 0).shape, remainder(none, 0).shape, floorDivide(none, 0).shape], [[0], [0], [0]]);
  assertEquals(linalg.cond(ones([2, 0, 0])).tolist(), [0, 0]);
  assertEquals(histogram(ones([3])).hist.shape, [100]);
});

forEachDevice("the factor of indexAdd is of the dtype of its sum", () => {
  const x = ones([3], { dtype: "int64" }), one = ones([1], { dtype: "int64" });
  assertEquals(indexAdd(x, 0, [0], one, { alpha: 2.7 }).tolist(), [3, 1, 1]);
  assertEquals(indexAdd(x, 0, [0], one, { alpha: 0.5 }).tolist(), [1, 1, 1]);
});

forEachDevice("expm1 keeps the sign of zero", () => {
  assertEquals(expm1(tensor([-0, 0, -1e-8])).tolist(), [-0, 0, Math.fround(-1e-8)]);
}, { devices: ["cpu", "reference"] });

Deno.test("the angle of -0 is 0", () => {
  assertEquals(angle(tensor([-0, 0, -1, NaN], { dtype: "float64", device: "cpu" })).tolist(), [
    0,
    0,
    Math.PI,
    NaN,
  ]);
});

forEachDevice("the median of a row with NaN is at the first of them", () => {
  const [values, indices] = median(tensor([[3, NaN, 1, NaN], [2, 1, 4, 3]]), 1);
  assertEquals([values.tolist(), indices.tolist()], [[NaN, 2], [1, 0]]);
});

forEachDevice("nothing has a median where a dtype holds no NaN, and a softmax in every dtype", () => {
  const nothing = (dtype: "int32" | "uint8") => tensor([], { dtype });
  assertEquals(median(nothing("int32")).item(), -(2 ** 31));
  assertEquals(nanmedian(nothing("uint8")).item(), 0);
  assertEquals(softmax(nothing("int32"), 0).dtype, "int32");
  assertThrows(() => softmax(tensor([1], { dtype: "int32" }), 0), DTypeError, "not implemented for 'Int'");
});

forEachDevice("sums of exponentials are of floats", () => {
  assertThrows(
    () => logcumsumexp(tensor([1, 2], { dtype: "int32" }), 0),
    DTypeError,
    `"logcumsumexp_out_cpu" not implemented for 'Int'`,
  );
});

forEachDevice("slices are in the order of their elements with the dimension exchanged for the first", () => {
  // Columns (0, 1, 0, 0) and (0, 0, 1, 0) of [2, 2, 2], compared by x[0, 0], x[1, 0], x[0, 1], x[1, 1].
  const x = tensor([[[0, 0], [1, 0]], [[0, 1], [0, 0]]], { dtype: "int32" });
  assertEquals(unique(x, { dim: 2 }).tolist(), x.tolist());
});

forEachDevice("there is nothing in the middle of an infinity and itself", () => {
  const middle = (values: number[]) =>
    quantile(tensor(values), 0.5, null, { interpolation: "midpoint" }).item();
  assertEquals([middle([3, 1, 2]), middle([1, 4])], [2, 2.5]);
  assert(Number.isNaN(middle([Infinity, Infinity])));
});

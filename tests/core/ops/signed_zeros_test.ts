/**
 * The sign of zeros, where operations choose among 0 and -0 or make zeros of other numbers. The numbers are PyTorch's.
 */
import { assertEquals } from "@std/assert";
import * as core from "../../../core/mod.ts";
import { grad, maximum, minimum, type Tensor, tensor } from "../../../core/mod.ts";
import { forEachDevice } from "../devices.ts";

/** The elements as text that tells 0 from -0. */
function texts(x: Tensor): string {
  return Array.from(x.toTypedArray(), Number).map((v) => Object.is(v, -0) ? "-0" : String(v)).join(" ");
}

forEachDevice("sign and its kin take the sign of zero away", () => {
  const x = tensor([-0, 0, -2, NaN]);
  assertEquals(texts(core.sign(x)), "0 0 -1 0");
  assertEquals(texts(core.sgn(x)), "0 0 -1 0");
  assertEquals(texts(grad((x: Tensor) => x.abs().sum())(x)), "0 0 -1 0");
});

forEachDevice("relu and its kin keep -0, with a gradient or without", () => {
  const x = tensor([-0, 0, -2, 7, NaN]);
  assertEquals(texts(core.relu(x)), "-0 0 0 7 NaN");
  assertEquals(texts(core.relu6(x)), "-0 0 0 6 NaN");
  assertEquals(texts(core.hardtanh(x, -0, 1)), "-0 0 -0 1 NaN");
  const y = core.relu(x.detach().requiresGrad_());
  assertEquals(texts(y.detach()), "-0 0 0 7 NaN");
  assertEquals(texts(grad((x: Tensor) => core.relu(x).sum())(x)), "0 0 0 1 1");
});

forEachDevice("of 0 and -0, maximum and minimum take the second", () => {
  const a = tensor([0, -0, NaN, 1, 1]), b = tensor([-0, 0, 1, NaN, 2]);
  for (const dtype of ["float32", "float16"] as const) {
    assertEquals(texts(maximum(a.to(dtype), b.to(dtype)).float()), "-0 0 NaN NaN 2");
    assertEquals(texts(minimum(a.to(dtype), b.to(dtype)).float()), "-0 0 NaN NaN 1");
  }
});

forEachDevice("odd functions keep the sign of zero", () => {
  const odd = [
    core.sin,
    core.tan,
    core.tanh,
    core.asin,
    core.atan,
    core.sinh,
    core.asinh,
    core.atanh,
    core.erf,
  ];
  for (const f of [...odd, core.sqrt, core.expm1, core.log1p]) {
    assertEquals(texts(f(tensor([-0, 0]))), "-0 0");
  }
  for (const f of [core.trunc, core.ceil, core.round]) {
    assertEquals(texts(f(tensor([-0.25, 0.25]))).slice(0, 2), "-0");
  }
});

// Shader compilers take x + 0 for x: on WebGPU such a zero may have a sign.
Deno.test("on the CPU nothing times a logarithm is 0 without a sign", () => {
  const device = "cpu";
  const x = tensor([0, -0, -0, 0, -1], { device }), y = tensor([0.5, 3, 0, NaN, 1], { device });
  assertEquals(texts(core.xlogy(x, y)), "0 0 0 NaN -0");
  assertEquals(texts(core.special.xlog1py(x, y.sub(1))), "0 0 0 NaN -0");
});

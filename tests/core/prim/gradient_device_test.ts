/**
 * Every gradient rule on every device in float32, first and second order, with fusion on and off, against the plain interpreter in float64 at the same
 * (rounded) arguments. That those are right is checked by differences in gradient_test.ts.
 */
import { assert } from "@std/assert";
import { apply } from "../../../core/apply.ts";
import type { DeviceName } from "../../../core/device.ts";
import { evaluate, setFusion } from "../../../core/evaluate.ts";
import { full, tensor } from "../../../core/ops/create.ts";
import { type Primitive, primitives } from "../../../core/prim/primitive.ts";
import { Tensor } from "../../../core/tensor.ts";
import { grad } from "../../../core/transform/grad.ts";
import { forEachDevice, fusions } from "../devices.ts";
import { type GradientCase, gradientCases } from "./gradient_cases.ts";

/** The primitive, its gradient, and the gradient of that, at the arguments of a case on a device. */
function derivatives(prim: Primitive<never>, testCase: GradientCase, device: DeviceName): Tensor[] {
  const { wrt, attrs } = testCase;
  const real = device === "reference" ? "float64" : "float32";
  const inputs = testCase.inputs.map((x) => {
    if (x.dtype !== "float64") return x.to(device);
    return tensor(Float32Array.from(x.toTypedArray() as Float64Array), {
      shape: x.shape,
      dtype: real,
      device,
    });
  });
  const weights = full(inputs[wrt[0]].shape, 0.75, { dtype: real, device });
  const y = (xs: readonly Tensor[]) => apply(prim, xs, attrs as never);
  const gradients = (fn: (...xs: Tensor[]) => Tensor, xs: readonly Tensor[]): Tensor[] => {
    const found = grad(fn, { argnums: wrt })(...xs);
    assert(Array.isArray(found) && found.every((g) => g instanceof Tensor));
    return found;
  };
  const loss = (...xs: Tensor[]) => y(xs).mul(1.25).sum();
  const slope = (...xs: Tensor[]) =>
    gradients(loss, xs).map((g, n) => (n === 0 ? g.mul(weights) : g).sum()).reduce((a, b) => a.add(b));
  return [y(inputs), ...gradients(loss, inputs), ...gradients(slope, inputs)];
}

function compare(name: string, device: DeviceName): void {
  const prim = primitives.find((p) => p.name === name);
  assert(prim !== undefined);
  for (const testCase of gradientCases[name]) {
    if (JSON.stringify(testCase.attrs)?.includes("float64")) continue; // a cast to it, which WebGPU refuses
    const want = derivatives(prim, testCase, "reference"), got = derivatives(prim, testCase, device);
    evaluate(got);
    want.forEach((w, k) => {
      const exact = w.toTypedArray(), found = got[k].toTypedArray();
      assert(exact.length === found.length);
      for (let i = 0; i < exact.length; i++) {
        const error = Math.abs(Number(found[i]) - Number(exact[i]));
        assert(
          error <= 2e-4 * (1 + Math.abs(Number(exact[i]))),
          `${name}(${testCase.inputs.map((x) => `[${x.shape}]`)}): value ${k}[${i}] is ${found[i]}, not ${
            exact[i]
          }`,
        );
      }
    });
  }
}

for (const fusion of fusions) {
  forEachDevice(`gradients of the primitives, fusion ${fusion ? "on" : "off"}`, (device) => {
    setFusion(fusion);
    try {
      // Without fusion every operation is a kernel of its own, mostly one that others use too: half of the primitives will do.
      const names = Object.keys(gradientCases).filter((_, i) => fusion || i % 2 === 0);
      for (const name of names) compare(name, device);
    } finally {
      setFusion(true);
    }
  }, { devices: ["cpu", "webgpu"] });
}

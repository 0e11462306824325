/**
 * Every gradient rule of the primitives table, in each float dtype of full precision that the device holds, against central differences in float64 on the
 * CPU, first and second order, with fusion on and off. A primitive that is neither checked here nor listed as having no gradient fails.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { apply } from "../../../core/apply.ts";
import { defaultDevice } from "../../../core/device.ts";
import { GradError } from "../../../core/errors.ts";
import { evaluate } from "../../../core/evaluate.ts";
import { tensor } from "../../../core/ops/create.ts";
import { primitives } from "../../../core/prim/primitive.ts";
import { Tensor } from "../../../core/tensor.ts";
import { grad } from "../../../core/transform/grad.ts";
import { forEachFusion } from "../devices.ts";
import { onCpu, widest } from "../precision.ts";
import {
  type GradientCase,
  gradientCases,
  isHeld,
  random,
  withGivenGradient,
  withoutArguments,
  withoutGradient,
} from "./gradient_cases.ts";

/** How far gradients may be from the differences. */
const tolerances = { float64: 2e-6, float32: 2e-4 };
type Real = keyof typeof tolerances;
const reals: readonly Real[] = widest() === "float64" ? ["float64", "float32"] : ["float32"];

type Scalars = (...xs: Tensor[]) => Tensor;

/** Gradients of a scalar function with respect to the arguments `wrt`. */
function gradients(fn: Scalars, xs: readonly Tensor[], wrt: readonly number[]): Tensor[] {
  const found = grad(fn, { argnums: wrt })(...xs);
  assert(Array.isArray(found));
  return found.map((g) => {
    assert(g instanceof Tensor);
    return g;
  });
}

/** (f(x + h) - f(x - h)) / 2h for each element of argument `i`; the error is of order h^2. */
function differences(fn: Scalars, xs: readonly Tensor[], i: number): number[] {
  const step = 1e-5;
  const values = [...xs[i].toTypedArray() as Float64Array];
  const moved = (k: number, by: number) => {
    const data = Float64Array.from(values);
    data[k] += by;
    return fn(...xs.map((x, j) => j === i ? tensor(data, { shape: x.shape }) : x));
  };
  const pairs = values.map((_, k) => [moved(k, step), moved(k, -step)]);
  evaluate(pairs.flat());
  return pairs.map(([up, down]) => (up.item() - down.item()) / (2 * step));
}

/** x on the default device, its float64 as `real`. */
function here(x: Tensor, real: Real): Tensor {
  return (x.dtype === "float64" ? x.to(real) : x).to(defaultDevice());
}

/** The product with a factor in the dtype and on the device of x. */
const scaled = (x: Tensor, by: Tensor) => x.mul(by.to(x.dtype).to(x.device));

function compare(what: string, fn: Scalars, xs: readonly Tensor[], wrt: readonly number[]): void {
  const measured = wrt.map((i) => onCpu(() => differences(fn, xs, i)));
  for (const real of reals) {
    const found = gradients(fn, xs.map((x) => here(x, real)), wrt);
    wrt.forEach((i, n) => {
      assertEquals(found[n].shape, xs[i].shape, `${what}: shape of the gradient of argument ${i}`);
      found[n].toTypedArray().forEach((g, k) => {
        const error = Math.abs(Number(g) - measured[n][k]);
        assert(
          error <= tolerances[real] * (1 + Math.abs(measured[n][k])),
          `${what} in ${real}: d/dx${i}[${k}] is ${g}, but differences give ${measured[n][k]}`,
        );
      });
    });
  }
}

function check(name: string, testCase: GradientCase): void {
  const prim = primitives.find((p) => p.name === name);
  assert(prim !== undefined, `there are cases for ${name}, but there is no such primitive`);
  const { inputs, wrt, attrs } = testCase;
  const shapes = inputs.map((x) => `[${x.shape}]`).join(", ");
  const what = `${name}(${shapes}) ${JSON.stringify(attrs) ?? ""}`;
  const y = (xs: readonly Tensor[]) => apply(prim, xs, attrs as never);
  // A random projection makes a scalar of the result that depends on every element.
  const weights = random(y(inputs).shape, 0.5, 1.5);
  const loss: Scalars = (...xs) => scaled(y(xs), weights).sum();
  compare(what, loss, inputs, wrt);
  const directions = wrt.map((i) => random(inputs[i].shape, 0.5, 1.5));
  const slope: Scalars = (...xs) =>
    gradients(loss, xs, wrt).map((g, n) => scaled(g, directions[n]).sum()).reduce((a, b) => a.add(b));
  compare(`second order of ${what}`, slope, inputs, wrt);
}

Deno.test("every primitive has its gradient checked or says that it has none", () => {
  const missing: string[] = [];
  for (const { name, vjp } of primitives) {
    if (withGivenGradient.includes(name)) continue;
    const checked = Object.hasOwn(gradientCases, name) && gradientCases[name].length > 0;
    if (vjp === null ? !withoutGradient.includes(name) : !checked && !withoutArguments.includes(name)) {
      missing.push(name);
    }
    if (checked && vjp === null) missing.push(`${name} has cases, but no gradient`);
  }
  assertEquals(missing, []);
});

Deno.test("a primitive without a gradient says so when asked for one", () => {
  // nextafter is the only one of them with a float result.
  const prim = primitives.find((p) => p.name === "nextafter");
  assert(prim !== undefined);
  const one = tensor([1, 2]);
  assertThrows(
    () => grad((x: Tensor) => apply(prim, [x, one], undefined as never).sum())(one),
    GradError,
    "derivative for nextafter is not implemented",
  );
});

for (const [name, cases] of Object.entries(gradientCases)) {
  forEachFusion(`gradient of ${name}`, () => {
    for (const testCase of cases.filter(isHeld)) check(name, testCase);
  });
}

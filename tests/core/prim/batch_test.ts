/**
 * The batching rule of every primitive: mapped over a batch, it gives what it gives for each example. Whichever of its arguments are
 * mapped.
 */
import { assert, assertEquals } from "@std/assert";
import { apply } from "../../../core/apply.ts";
import { primitives } from "../../../core/prim/primitive.ts";
import { isFloat } from "../../../core/dtype.ts";
import { IndexError, stack, type Tensor, tensor, vmap } from "../../../core/mod.ts";
import { moved, within } from "../precision.ts";
import {
  type GradientCase,
  gradientCases,
  isHeld,
  withGivenGradient,
  withoutArguments,
} from "./gradient_cases.ts";

const bits = tensor([[5, 3, -8], [0, 7, 1]], { dtype: "int32" });
const shifts = tensor([[1, 0, 2], [3, 1, 4]], { dtype: "int32" });
const divisors = tensor([[30, -20, 40], [-30, 10, 50]], { dtype: "int32" });
const floats = tensor([[1, 5, 2], [4, -4, 0]], { dtype: "float64", device: "cpu" });
const others = tensor([[1, 4, 3], [-1, 5, 0]], { dtype: "float64", device: "cpu" });
const two = (inputs: Tensor[]) => [{ inputs, wrt: [] }];

/** Cases of primitives that have no gradient. */
const more: Readonly<Record<string, readonly GradientCase[]>> = {
  not: two([bits]),
  nextafter: two([floats, others]),
  ...Object.fromEntries(["and", "or", "xor"].map((name) => [name, two([bits, shifts])])),
  ...Object.fromEntries(["shl", "shr", "ushr"].map((name) => [name, two([bits, shifts])])),
  ...Object.fromEntries(
    ["div_floor", "div_trunc", "remainder", "fmod"].map((op) => [`${op}_by_nonzero`, two([bits, divisors])]),
  ),
  ...Object.fromEntries(["eq", "ne", "lt", "le", "gt", "ge"].map((name) => [name, two([floats, others])])),
  argmax: [{ inputs: [floats], wrt: [], attrs: { dims: [1] } }, {
    inputs: [floats],
    wrt: [],
    attrs: { dims: [0, 1] },
  }],
  argmin: [{ inputs: [floats], wrt: [], attrs: { dims: [0] } }],
  argsort: [{ inputs: [floats], wrt: [], attrs: { descending: true } }],
  within: [{ inputs: [bits], wrt: [], attrs: { low: -100, end: 100, refuse: () => new IndexError("out") } }],
};

/** Three examples: x and two variations of it with other values. Indices stay what they are. */
function variations(x: Tensor): Tensor[] {
  if (isFloat(x.dtype)) return [x, x.mul(0.875), x.mul(0.75).add(0.0625)];
  if (x.dtype === "bool") return [x, x.logicalNot(), x];
  return x.dtype === "int32" ? [x, x.add(1), x.mul(2)] : [x, x, x];
}

function check(name: string, { inputs: given, attrs }: GradientCase): void {
  const inputs = given.map(moved);
  const prim = primitives.find((p) => p.name === name);
  assert(prim !== undefined, `there are cases for ${name}, but there is no such primitive`);
  const call = (...xs: Tensor[]) => apply(prim, xs, attrs as never);
  const examples = inputs.map(variations);
  for (let mapped = 1; mapped < 1 << inputs.length; mapped++) {
    const isMapped = (i: number) => (mapped >> i & 1) === 1;
    const each = [0, 1, 2].map((k) => call(...inputs.map((x, i) => isMapped(i) ? examples[i][k] : x)));
    // The batch is not always in front.
    const dim = inputs.every((x) => x.shape.length > 0) ? 1 : 0;
    const got = vmap(call, { inDims: inputs.map((_, i) => isMapped(i) ? dim : null) })(
      ...inputs.map((x, i) => isMapped(i) ? stack(examples[i], dim) : x),
    );
    const what = `${name}(${inputs.map((x) => `[${x.shape}]`)}) ${
      JSON.stringify(attrs) ?? ""
    }, mapped ${mapped}`;
    const want = stack(each);
    assertEquals(got.shape, want.shape, what);
    assertEquals(got.dtype, want.dtype, what);
    const a = got.toTypedArray(), b = want.toTypedArray();
    for (let i = 0; i < a.length; i++) {
      const near =
        Math.abs(Number(a[i]) - Number(b[i])) <= within(1e-12, 1e-6) * (1 + Math.abs(Number(b[i])));
      assert(near || Object.is(a[i], b[i]), `${what}: element ${i} is ${a[i]}, but alone ${b[i]}`);
    }
  }
}

const cases = { ...gradientCases, ...more };

Deno.test("every primitive with arguments has its batching rule checked", () => {
  const unchecked = primitives.map((p) => p.name).filter((name) =>
    !Object.hasOwn(cases, name) && !withoutArguments.includes(name) && !withGivenGradient.includes(name)
  );
  assertEquals(unchecked, []);
});

for (const [name, list] of Object.entries(cases)) {
  Deno.test(`batching of ${name}`, () => {
    for (const testCase of list.filter(isHeld)) check(name, testCase);
  });
}

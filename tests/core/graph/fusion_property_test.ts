/**
 * Fusion changes no numbers: random graphs, their gradients, and what is left of them for a later evaluation, with fusion on and off; and a device computes what
 * the plain interpreter does.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { evaluate, grad, type Tensor } from "../../../core/mod.ts";
import { defaultDevice } from "../../../core/device.ts";
import { forEachFusion, withFusion } from "../devices.ts";
import { within } from "../precision.ts";
import { type Choice, leaves, programs, runProgram } from "./random_graph.ts";

/** How many programs are tried. Nearly each one is a kernel of its own, which a GPU's driver takes long to compile. */
const tries = (numRuns: number) => ({
  numRuns: defaultDevice() === "webgpu" ? numRuns / 5 : numRuns,
  seed: 20,
});

/** The same values but for the rounding of sums in another order. */
function assertSame(fused: readonly Tensor[], plain: readonly Tensor[]): void {
  assertEquals(fused.length, plain.length);
  fused.forEach((x, i) => {
    assertEquals(x.shape, plain[i].shape);
    const [a, b] = [x, plain[i]].map((y) => y.toTypedArray() as Float32Array | Float64Array);
    a.forEach((v, k) => {
      const near = Math.abs(v - b[k]) <= within(1e-9, 2e-4) * (1 + Math.abs(b[k]));
      assert(near || (v !== v && b[k] !== b[k]), `tensor ${i}, element ${k}: ${v} fused, ${b[k]} not`);
    });
  });
}

/** Every third tensor and the last one. */
const chosen = (made: readonly Tensor[]) => made.filter((_, i) => i % 3 === 0 || i === made.length - 1);

function values(program: readonly Choice[], fuse: boolean, device = defaultDevice()): Tensor[] {
  return withFusion(fuse, () => {
    const roots = chosen(runProgram(program, leaves(device)));
    evaluate(roots);
    return roots;
  });
}

Deno.test("random graphs have the same values with fusion on and off", () => {
  fc.assert(fc.property(programs(25), (p) => assertSame(values(p, true), values(p, false))), tries(120));
});

Deno.test("a set of roots has the values that each root has alone", () => {
  fc.assert(
    fc.property(programs(15), (p) => {
      const alone = chosen(runProgram(p, leaves(defaultDevice())));
      for (const x of alone) x.toTypedArray();
      assertSame(values(p, true), alone);
    }),
    tries(60),
  );
});

Deno.test("random graphs have the same gradients with fusion on and off", () => {
  const gradients = (p: readonly Choice[], fuse: boolean) =>
    withFusion(fuse, () => {
      const start = leaves(defaultDevice());
      const loss = (...xs: Tensor[]) =>
        chosen(runProgram(p, xs)).map((x) => x.mul(x).mean()).reduce((a, b) => a.add(b));
      const found = grad(loss, { argnums: start.map((_, i) => i) })(...start) as Tensor[];
      evaluate(found);
      return found;
    });
  fc.assert(fc.property(programs(15), (p) => assertSame(gradients(p, true), gradients(p, false))), tries(80));
});

Deno.test("what is evaluated half-way is a leaf of what comes after", () => {
  fc.assert(
    fc.property(programs(20), fc.nat({ max: 19 }), (p, at) => {
      const made = runProgram(p, leaves(defaultDevice()));
      made[at % made.length].toTypedArray();
      const roots = chosen(made);
      evaluate(roots);
      assertSame(roots, values(p, false));
    }),
    tries(80),
  );
});

forEachFusion("the device computes what the plain interpreter computes", (fuse) => {
  fc.assert(
    fc.property(programs(20), (p) => assertSame(values(p, fuse), values(p, false, "reference"))),
    tries(60),
  );
});

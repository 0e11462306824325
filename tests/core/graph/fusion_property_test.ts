/**
 * Fusion changes no numbers: random graphs, their gradients, and what is left of them for a later evaluation, with fusion on and off.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { evaluate, grad, setFusion, type Tensor } from "../../../core/mod.ts";
import { type Choice, leaves, programs, runProgram } from "./random_graph.ts";

const runs = { numRuns: 120, seed: 20 };

function withFusion<T>(on: boolean, fn: () => T): T {
  setFusion(on);
  try {
    return fn();
  } finally {
    setFusion(true);
  }
}

/** The same values but for the rounding of sums in another order. */
function assertSame(fused: readonly Tensor[], plain: readonly Tensor[]): void {
  assertEquals(fused.length, plain.length);
  fused.forEach((x, i) => {
    assertEquals(x.shape, plain[i].shape);
    const a = x.toTypedArray() as Float64Array, b = plain[i].toTypedArray() as Float64Array;
    a.forEach((v, k) => {
      const near = Math.abs(v - b[k]) <= 1e-9 * (1 + Math.abs(b[k]));
      assert(near || (v !== v && b[k] !== b[k]), `tensor ${i}, element ${k}: ${v} fused, ${b[k]} not`);
    });
  });
}

/** Every third tensor and the last one. */
const chosen = (made: readonly Tensor[]) => made.filter((_, i) => i % 3 === 0 || i === made.length - 1);

function values(
  program: readonly Choice[],
  fuse: boolean,
  device: "cpu" | "reference" = "reference",
): Tensor[] {
  return withFusion(fuse, () => {
    const roots = chosen(runProgram(program, leaves(device)));
    evaluate(roots);
    return roots;
  });
}

Deno.test("random graphs have the same values with fusion on and off", () => {
  fc.assert(fc.property(programs(25), (p) => assertSame(values(p, true), values(p, false))), runs);
});

Deno.test("a set of roots has the values that each root has alone", () => {
  fc.assert(
    fc.property(programs(15), (p) => {
      const alone = chosen(runProgram(p, leaves("reference")));
      for (const x of alone) x.toTypedArray();
      assertSame(values(p, true), alone);
    }),
    { ...runs, numRuns: 60 },
  );
});

Deno.test("random graphs have the same gradients with fusion on and off", () => {
  const gradients = (p: readonly Choice[], fuse: boolean) =>
    withFusion(fuse, () => {
      const start = leaves("reference");
      const loss = (...xs: Tensor[]) =>
        chosen(runProgram(p, xs)).map((x) => x.mul(x).mean()).reduce((a, b) => a.add(b));
      const found = grad(loss, { argnums: start.map((_, i) => i) })(...start) as Tensor[];
      evaluate(found);
      return found;
    });
  fc.assert(fc.property(programs(15), (p) => assertSame(gradients(p, true), gradients(p, false))), {
    ...runs,
    numRuns: 80,
  });
});

Deno.test("what is evaluated half-way is a leaf of what comes after", () => {
  fc.assert(
    fc.property(programs(20), fc.nat({ max: 19 }), (p, at) => {
      const made = runProgram(p, leaves("reference"));
      made[at % made.length].toTypedArray();
      const roots = chosen(made);
      evaluate(roots);
      assertSame(roots, values(p, false));
    }),
    { ...runs, numRuns: 80 },
  );
});

Deno.test("the CPU engine computes what the plain interpreter computes", () => {
  fc.assert(
    fc.property(programs(20), (p) => assertSame(values(p, true, "cpu"), values(p, false))),
    { ...runs, numRuns: 60 },
  );
});

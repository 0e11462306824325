/**
 * L-BFGS against PyTorch (tests/fixtures/optim.py), with and without the line search.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { ValueError } from "../../../core/errors.ts";
import { ones, tensor } from "../../../core/ops/create.ts";
import { Tensor } from "../../../core/tensor.ts";
import { LBFGS, type LBFGSSettings, type OptimizerStateDict } from "../../../nn/optim/mod.ts";
import { Parameter } from "../../../nn/module/parameter.ts";
import { widest, within } from "../../core/precision.ts";
import { plain, revived } from "./plain.ts";

interface Case {
  readonly settings: Partial<LBFGSSettings>;
  readonly text: string;
  readonly steps: [loss: number, p: number[][], q: number[], evaluations: number, iterations: number][];
  readonly state: string[];
}

const { lbfgs }: { lbfgs: Case[] } = JSON.parse(
  await Deno.readTextFile(new URL("../../fixtures/optim.json", import.meta.url)),
);

function problem(settings: Partial<LBFGSSettings>) {
  const p = new Parameter(tensor([[-1.2, 1], [0.5, 2]], { dtype: widest() }));
  const q = new Parameter(tensor([0.3], { dtype: widest() }));
  const optimizer = new LBFGS([p, q], settings);
  const step = () =>
    optimizer.step(() => {
      optimizer.zeroGrad();
      const a = p.select(1, 0), b = p.select(1, 1);
      const valley = a.sub(1).pow(2).add(b.sub(a.pow(2)).pow(2).mul(10)).sum();
      const loss = valley.add(q.mul(p).pow(2).sum());
      loss.backward();
      return loss;
    }).item();
  return { p, q, optimizer, step };
}

function near(got: unknown, wanted: unknown): void {
  const a = [got].flat(3).map(Number), b = [wanted].flat(3).map(Number);
  assertEquals(a.length, b.length);
  b.forEach((v, i) =>
    assert(Math.abs(a[i] - v) <= within(1e-6, 1e-3) * (1 + Math.abs(v)), `${a[i]}, but PyTorch has ${v}`)
  );
}

for (const c of lbfgs) {
  Deno.test(`LBFGS ${JSON.stringify(c.settings)} goes PyTorch's way, also from a state dict`, () => {
    let { p, q, optimizer, step } = problem(c.settings);
    assertEquals(String(optimizer), c.text.trimEnd());
    c.steps.forEach(([loss, wantedP, wantedQ, evaluations, iterations], i) => {
      near(step(), loss);
      near(p.tolist(), wantedP);
      near(q.tolist(), wantedQ);
      const dict = optimizer.stateDict();
      assertEquals([dict.state[0].func_evals, dict.state[0].n_iter], [evaluations, iterations]);
      if (i !== 1) return;
      assertEquals(Object.keys(dict.state[0]).sort(), c.state);
      const next = problem({});
      next.optimizer.loadStateDict(wide(revived(plain(dict))) as OptimizerStateDict);
      next.p.data = p.data;
      next.q.data = q.data;
      ({ p, q, optimizer, step } = next);
    });
  });
}

/** Text has no dtypes: back to the widest one. */
function wide(x: unknown): unknown {
  if (x instanceof Tensor) return x.to(widest());
  if (Array.isArray(x)) return x.map(wide);
  if (typeof x !== "object" || x === null) return x;
  return Object.fromEntries(Object.entries(x).map(([key, value]) => [key, wide(value)]));
}

Deno.test("LBFGS needs a closure, one group and a line search it knows", () => {
  const p = new Parameter(ones([1]));
  const optimizer = new LBFGS([p]);
  assertThrows(() => optimizer.step(), ValueError, "LBFGS.step() missing 1 required argument: 'closure'");
  assertThrows(
    () => new LBFGS([p], { lineSearchFn: "armijo" as never }),
    ValueError,
    "only 'strong_wolfe' is supported",
  );
  assertThrows(
    () => new LBFGS([{ params: [p] }, { params: [new Parameter(ones([1]))] }] as never),
    ValueError,
    "LBFGS doesn't support per-parameter options",
  );
});

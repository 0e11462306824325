/**
 * Schedulers against PyTorch (tests/fixtures/optim.py): learning rates and momenta, state dicts in both directions.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { ValueError } from "../../../core/errors.ts";
import { zeros } from "../../../core/ops/create.ts";
import * as nn from "../../../nn/mod.ts";
import { lrScheduler, SGD } from "../../../nn/optim/mod.ts";
import { Parameter } from "../../../nn/module/parameter.ts";
import { plain, revived } from "./plain.ts";

interface Inner {
  readonly name: string;
  readonly args: unknown[];
  readonly settings: Record<string, unknown>;
}

interface Case extends Inner {
  readonly rates: [lr: number, momentum: number][][];
  readonly state: Record<string, unknown>;
  readonly metrics?: number[];
  readonly at?: number[];
}

interface AnyScheduler {
  step(x?: number): void;
  getLastLr(): number[];
  stateDict(): lrScheduler.SchedulerStateDict;
  loadStateDict(state: lrScheduler.SchedulerStateDict): void;
}

const { schedulers }: { schedulers: Case[] } = JSON.parse(
  await Deno.readTextFile(new URL("../../fixtures/optim.json", import.meta.url)),
);
const classes = new Map<string, unknown>(Object.entries(lrScheduler));

function newOptimizer(): SGD {
  const params = () => [new Parameter(zeros([1]))];
  return new SGD([{ params: params() }, { params: params(), lr: 0.1 }], { lr: 0.5, momentum: 0.9 });
}

function build(optimizer: SGD, { name, args, settings }: Inner): AnyScheduler {
  const found = classes.get(name);
  assert(typeof found === "function", `lrScheduler.${name} is missing`);
  const several = name === "SequentialLR" || name === "ChainedScheduler";
  const given = several
    ? [(args[0] as Inner[]).map((inner) => build(optimizer, inner)), ...args.slice(1)]
    : args;
  const options = Object.keys(settings).length === 0 ? [] : [settings];
  return Reflect.construct(found, name === "ChainedScheduler" ? given : [optimizer, ...given, ...options]);
}

function now(optimizer: SGD): number[][] {
  return optimizer.paramGroups.map(({ lr, momentum }) => [lr, momentum]);
}

function near(got: number[][], wanted: number[][], what: string): void {
  wanted.flat().forEach((value, i) => {
    const found = got.flat()[i];
    assert(
      Math.abs(found - value) <= 1e-8 * (1 + Math.abs(value)),
      `${what}: ${found}, but PyTorch has ${value}`,
    );
  });
}

function steps(c: Case): (number | undefined)[] {
  return c.metrics ?? c.at ?? new Array<undefined>(c.rates.length - 1).fill(undefined);
}

for (const c of schedulers) {
  const title = `lrScheduler.${c.name} ${JSON.stringify(c.args)} ${JSON.stringify(c.settings)}`;
  Deno.test(`${title} sets PyTorch's learning rates`, () => {
    const optimizer = newOptimizer();
    const scheduler = build(optimizer, c);
    near(now(optimizer), c.rates[0], "at the start");
    steps(c).forEach((argument, i) => {
      scheduler.step(argument);
      near(now(optimizer), c.rates[i + 1], `after step ${i + 1}`);
    });
    assertEquals(scheduler.getLastLr(), optimizer.paramGroups.map(({ lr }) => lr));
    const state = scheduler.stateDict();
    for (const [key, value] of Object.entries(c.state)) {
      // What PyTorch keeps of its own methods, and phases that follow from the arguments.
      if (/^(_scale_fn|_schedule_phases|anneal_func)/.test(key)) continue;
      const wanted = JSON.stringify(value),
        got = JSON.stringify(
          plain(state[key]),
          (_, x) => typeof x === "number" ? Number(x.toPrecision(9)) : x,
        );
      if (c.name !== "SequentialLR" && c.name !== "ChainedScheduler") assertEquals(got, wanted, key);
    }
  });

  Deno.test(`${title} goes on from a state dict`, () => {
    const first = newOptimizer(), scheduler = build(first, c), all = steps(c);
    const half = Math.floor(all.length / 2);
    all.slice(0, half).forEach((argument) => scheduler.step(argument));
    const second = newOptimizer(), other = build(second, c);
    second.loadStateDict(first.stateDict());
    other.loadStateDict(revived(plain(scheduler.stateDict())) as lrScheduler.SchedulerStateDict);
    all.slice(half).forEach((argument, i) => {
      other.step(argument);
      near(now(second), c.rates[half + i + 1], `after step ${half + i + 1}`);
    });
  });
}

Deno.test("LambdaLR and MultiplicativeLR take functions", () => {
  const optimizer = newOptimizer();
  const scheduler = new lrScheduler.LambdaLR(optimizer, [
    (epoch) => 1 / (epoch + 1),
    (epoch) => 0.5 ** epoch,
  ]);
  scheduler.step();
  // 0.5 / 2 and 0.1 * 0.5
  assertEquals(scheduler.getLastLr(), [0.25, 0.05]);
  const other = newOptimizer();
  const multiplicative = new lrScheduler.MultiplicativeLR(other, () => 0.5);
  multiplicative.step();
  multiplicative.step();
  assertEquals(multiplicative.getLastLr(), [0.125, 0.025]);
  assertEquals(scheduler.stateDict().lr_lambdas, [null, null]);
  assertThrows(
    () => new lrScheduler.LambdaLR(optimizer, [() => 1]),
    ValueError,
    "Expected 2 lr_lambdas, but got 1",
  );
});

Deno.test("schedulers refuse settings that make no sense", () => {
  const optimizer = newOptimizer();
  const refused: [() => unknown, string][] = [
    [
      () => new lrScheduler.ConstantLR(optimizer, { factor: 2 }),
      "Constant multiplicative factor expected to be between 0 and 1.",
    ],
    [
      () => new lrScheduler.LinearLR(optimizer, { startFactor: 2 }),
      "Starting multiplicative factor expected",
    ],
    [() => new lrScheduler.ReduceLROnPlateau(optimizer, { factor: 1 }), "Factor should be < 1.0."],
    [() => new lrScheduler.ReduceLROnPlateau(optimizer, "max", 1), "Factor should be < 1.0."],
    [
      () => new lrScheduler.CosineAnnealingWarmRestarts(optimizer, 0),
      "Expected positive integer T_0, but got 0",
    ],
    [() => new lrScheduler.OneCycleLR(optimizer, 1), "You must define either total_steps OR"],
    [
      () => new lrScheduler.OneCycleLR(optimizer, [1], { totalSteps: 3 }),
      "expected 2 values for max_lr, got 1",
    ],
    [
      () => new lrScheduler.ExponentialLR(newOptimizer(), 0.9, { lastEpoch: 3 }),
      "param 'initial_lr' is not specified",
    ],
    [
      () => new lrScheduler.SequentialLR(optimizer, [], []),
      "Sequential Schedulers expects number of schedulers",
    ],
  ];
  for (const [fn, text] of refused) assertThrows(fn, ValueError, text);
  const scheduler = new lrScheduler.OneCycleLR(newOptimizer(), 1, { totalSteps: 2 });
  scheduler.step();
  scheduler.step();
  assertThrows(
    () => scheduler.step(),
    ValueError,
    "Tried to step 4 times. The specified number of total steps is 2",
  );
});

Deno.test("schedulers take everything by name, the optimizer too", () => {
  const S = nn.optim.lrScheduler, { SWALR } = nn.optim.swaUtils;
  const make = () => new nn.optim.SGD(new nn.Linear(1, 1).parameters(), { lr: 1, momentum: 0.5 });
  type Made = { step(): void; getLastLr(): number[] };
  const rates = (scheduler: (optimizer: nn.optim.SGD) => Made) => {
    const optimizer = make(), made = scheduler(optimizer);
    return Array.from({ length: 4 }, () => {
      optimizer.step();
      made.step();
      return made.getLastLr();
    });
  };
  const constant = (optimizer: nn.optim.SGD) => new S.ConstantLR(optimizer, 0.5, 2);
  const same: [byName: (optimizer: nn.optim.SGD) => Made, byPosition: (optimizer: nn.optim.SGD) => Made][] = [
    [(optimizer) => new S.StepLR({ optimizer, stepSize: 2, gamma: 0.5 }), (o) => new S.StepLR(o, 2, 0.5)],
    [(optimizer) => new S.MultiStepLR({ optimizer, milestones: [2] }), (o) => new S.MultiStepLR(o, [2])],
    [(optimizer) => new S.ExponentialLR({ optimizer, gamma: 0.5 }), (o) => new S.ExponentialLR(o, 0.5)],
    [(optimizer) => new S.LinearLR({ optimizer, startFactor: 0.5 }), (o) => new S.LinearLR(o, 0.5)],
    [(optimizer) => new S.PolynomialLR({ optimizer, totalIters: 3 }), (o) => new S.PolynomialLR(o, 3)],
    [(optimizer) => new S.CosineAnnealingLR({ optimizer, tMax: 3 }), (o) => new S.CosineAnnealingLR(o, 3)],
    [
      (optimizer) => new S.CosineAnnealingWarmRestarts({ optimizer, t0: 2, tMult: 2 }),
      (o) => new S.CosineAnnealingWarmRestarts(o, 2, 2),
    ],
    [
      (optimizer) => new S.OneCycleLR({ optimizer, maxLr: 2, totalSteps: 9 }),
      (o) => new S.OneCycleLR(o, 2, 9),
    ],
    [
      (optimizer) => new S.CyclicLR({ optimizer, baseLr: 0.1, maxLr: 1, stepSizeUp: 2 }),
      (o) => new S.CyclicLR(o, 0.1, 1, 2),
    ],
    [
      (optimizer) => new S.LambdaLR({ optimizer, lrLambda: (n) => 0.5 ** n }),
      (o) => new S.LambdaLR(o, (n) => 0.5 ** n),
    ],
    [(optimizer) => new SWALR({ optimizer, swaLr: 0.1, annealEpochs: 2 }), (o) => new SWALR(o, 0.1, 2)],
    [
      (optimizer) =>
        new S.SequentialLR({
          optimizer,
          schedulers: [constant(optimizer), new S.ExponentialLR(optimizer, 0.5)],
          milestones: [2],
        }),
      (o) => new S.SequentialLR(o, [constant(o), new S.ExponentialLR(o, 0.5)], [2]),
    ],
    [
      (optimizer) => new S.ChainedScheduler({ schedulers: [constant(optimizer)] }),
      (o) => new S.ChainedScheduler([constant(o)]),
    ],
  ];
  for (const [byName, byPosition] of same) assertEquals(rates(byName), rates(byPosition));
  assertEquals(new S.ReduceLROnPlateau({ optimizer: make(), mode: "max" }).stateDict().mode, "max");
  assertThrows(
    () => Reflect.construct(S.StepLR, [{ stepSize: 2 }]),
    ValueError,
    "StepLR() missing 1 required positional argument: 'optimizer'",
  );
});

Deno.test("verbose schedulers print learning rates as PyTorch does", () => {
  const lines: string[] = [], { log } = console;
  console.log = (line: string) => lines.push(line);
  try {
    const group = (lr: number) => ({ params: [new Parameter(zeros([1]))], lr });
    const optimizer = new SGD([group(0.1), group(2)]);
    const scheduler = new lrScheduler.StepLR(optimizer, 2, { verbose: true });
    optimizer.step();
    scheduler.step();
    scheduler.step();
    scheduler.step(5);
    assertEquals(scheduler.stateDict().verbose, true);
    const plateau = new lrScheduler.ReduceLROnPlateau({ optimizer, patience: 0, verbose: true });
    for (let i = 0; i < 3; i++) plateau.step(1);
  } finally {
    console.log = log;
  }
  assertEquals(lines, [
    "Adjusting learning rate of group 0 to 1.0000e-01.",
    "Adjusting learning rate of group 1 to 2.0000e+00.",
    "Adjusting learning rate of group 0 to 1.0000e-01.",
    "Adjusting learning rate of group 1 to 2.0000e+00.",
    "Adjusting learning rate of group 0 to 1.0000e-02.",
    "Adjusting learning rate of group 1 to 2.0000e-01.",
    "Epoch 00005: adjusting learning rate of group 0 to 1.0000e-03.",
    "Epoch 00005: adjusting learning rate of group 1 to 2.0000e-02.",
    "Epoch 00002: reducing learning rate of group 0 to 1.0000e-04.",
    "Epoch 00002: reducing learning rate of group 1 to 2.0000e-03.",
    "Epoch 00003: reducing learning rate of group 0 to 1.0000e-05.",
    "Epoch 00003: reducing learning rate of group 1 to 2.0000e-04.",
  ]);
});

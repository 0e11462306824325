/**
 * `@std/testing/bdd` for machines that cannot reach JSR: `describe`, `it` and the four hooks, over `Deno.test`.
 * A suite is one test whose cases are its steps. Pointing the import map at `jsr:@std/testing@1/bdd` works too.
 *
 * @module
 */

type Body = () => void | Promise<void>;

interface Suite {
  readonly name: string;
  readonly ignore: boolean;
  readonly cases: { name: string; ignore: boolean; run: Body | Suite }[];
  readonly hooks: Record<"beforeAll" | "afterAll" | "beforeEach" | "afterEach", Body[]>;
}

let current: Suite | null = null;

function newSuite(name: string, ignore: boolean): Suite {
  return { name, ignore, cases: [], hooks: { beforeAll: [], afterAll: [], beforeEach: [], afterEach: [] } };
}

function addSuite(name: string, body: () => void, ignore: boolean): void {
  const outer = current;
  const suite = newSuite(name, ignore);
  current = suite;
  try {
    body();
  } finally {
    current = outer;
  }
  if (outer) outer.cases.push({ name, ignore, run: suite });
  else Deno.test({ name, ignore, fn: (t) => runSuite(t, suite, []) });
}

async function runSuite(t: Deno.TestContext, suite: Suite, outer: readonly Suite[]): Promise<void> {
  const chain = [...outer, suite];
  for (const hook of suite.hooks.beforeAll) await hook();
  try {
    for (const { name, ignore, run } of suite.cases) {
      await t.step({
        name,
        ignore,
        fn: (t) => typeof run === "function" ? runCase(run, chain) : runSuite(t, run, chain),
      });
    }
  } finally {
    for (const hook of suite.hooks.afterAll) await hook();
  }
}

async function runCase(run: Body, chain: readonly Suite[]): Promise<void> {
  for (const suite of chain) for (const hook of suite.hooks.beforeEach) await hook();
  try {
    await run();
  } finally {
    for (const suite of chain.toReversed()) for (const hook of suite.hooks.afterEach) await hook();
  }
}

function addCase(name: string, run: Body, ignore: boolean): void {
  if (current) current.cases.push({ name, ignore, run });
  else Deno.test({ name, ignore, fn: run });
}

function addHook(kind: keyof Suite["hooks"], hook: Body): void {
  if (!current) throw new Error(`${kind} must be called inside describe`);
  current.hooks[kind].push(hook);
}

/** Groups cases under a name; suites nest. `describe.skip` leaves the group out. */
export const describe: {
  (name: string, body: () => void): void;
  skip(name: string, body: () => void): void;
} = Object.assign((name: string, body: () => void) => addSuite(name, body, false), {
  skip: (name: string, body: () => void) => addSuite(name, body, true),
});

/** One case. `it.skip` leaves it out. */
export const it: {
  (name: string, run: Body): void;
  skip(name: string, run: Body): void;
} = Object.assign((name: string, run: Body) => addCase(name, run, false), {
  skip: (name: string, run: Body) => addCase(name, run, true),
});

/** Runs once before the cases of the suite. */
export function beforeAll(hook: Body): void {
  addHook("beforeAll", hook);
}

/** Runs once after the cases of the suite, also when one failed. */
export function afterAll(hook: Body): void {
  addHook("afterAll", hook);
}

/** Runs before each case of the suite and of the suites in it. */
export function beforeEach(hook: Body): void {
  addHook("beforeEach", hook);
}

/** Runs after each case of the suite and of the suites in it, also when it failed. */
export function afterEach(hook: Body): void {
  addHook("afterEach", hook);
}

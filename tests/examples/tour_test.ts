/**
 * The tour prints what PyTorch prints, to the character, for every seed in fixtures/tour.json (written by fixtures/tour.py, which also
 * says which digits differ between PyTorch's own builds). The seeds are the first sixteen, five others and those of the first thousand
 * that are the hardest; all of the thousand were compared once, and none differed. On WebGPU, which sums in another order, the last digits may differ.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import { programs } from "../../examples/tour.ts";
import { defaultDevice, manualSeed } from "../../mod.ts";
import { run } from "./run.ts";

interface Fixture {
  readonly seeds: Record<string, Record<string, string>>;
}

const root = new URL("../../", import.meta.url);
const { seeds }: Fixture = JSON.parse(await Deno.readTextFile(new URL("tests/fixtures/tour.json", root)));

/** A number as it is printed. */
const number = /-?\d+\.\d*(?:e[+-]\d+)?/g;

/** Fails unless the text is the expected one: to the character, or but for the last digits where the device sums in its own order. */
function assertPrinted(text: string, expected: string, where: string): void {
  if (defaultDevice() !== "webgpu") return assertEquals(text, expected, where);
  const words = (text: string) => text.replace(number, "#").split(/\s+/).join("");
  assertEquals(words(text), words(expected), where);
  const [found, wanted] = [text, expected].map((text) => text.match(number)?.map(Number) ?? []);
  // Four digits are printed: a value between two of them may go to either.
  wanted.forEach((v, i) => assertAlmostEquals(found[i], v, 1.1e-4 * Math.max(1, Math.abs(v)), where));
}

let runs = 0;

/** What `console.log` would write while `body` runs. */
async function printed(body: () => Promise<unknown>): Promise<string> {
  const lines: string[] = [], log = console.log;
  console.log = (...args: unknown[]) => {
    lines.push(args.map((arg) => typeof arg === "string" ? arg : Deno.inspect(arg)).join(" ") + "\n");
  };
  try {
    await body();
  } finally {
    console.log = log;
  }
  return lines.join("");
}

for (const name of Object.keys(programs)) {
  Deno.test(`tour: ${name} prints what PyTorch prints, for every recorded seed`, async () => {
    for (const [seed, outputs] of Object.entries(seeds)) {
      // The query makes it another module, which runs again.
      const program = `../../examples/tour/${name}.ts?run=${runs++}`;
      const text = await printed(() => {
        manualSeed(BigInt(seed));
        return import(program);
      });
      assertPrinted(text, outputs[name], `seed ${seed}`);
    }
  });
}

Deno.test("tour: the task's program runs all of them, from the seed that it is given", async () => {
  const { code, text, errors } = await run(["--allow-env"], "tour", "--seed", "42");
  assertEquals(code, 0, errors);
  const expected = Object.entries(programs).map(([name, title]) =>
    `\n# ${title} (examples/tour/${name}.ts)\n\n${seeds[42][name]}`
  );
  assertPrinted(text, expected.join(""), "seed 42");
});

Deno.test("tour: each program runs by itself, without any permission", async () => {
  for (const name of Object.keys(programs)) {
    const { code, text, errors } = await run([], `tour/${name}`);
    assertEquals(code, 0, `${name}: ${errors}`);
    assert(text.includes("tensor("), name);
  }
});

Deno.test("tour: an option that does not exist is refused", async () => {
  const { code, errors } = await run([], "tour", "--sead");
  assertEquals(code, 2);
  assertMatch(errors, /usage: deno task tour \[--seed N\]/);
});

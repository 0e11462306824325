/**
 * The short programs of examples/ run, and what they print shows that they learned.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { run } from "./run.ts";

/** The number behind the last occurrence of a word. */
function last(text: string, word: string): number {
  const found = [...text.matchAll(new RegExp(`${word} (-?[\\d.]+)`, "g"))].at(-1);
  assert(found !== undefined, text);
  return Number(found[1]);
}

async function output(program: string, ...permissions: string[]): Promise<string> {
  const { code, text, errors } = await run(permissions, program);
  assertEquals(code, 0, errors);
  return text;
}

Deno.test("quick_start learns XOR", async () => {
  const text = await output("quick_start");
  assert(last(text, "loss") < 0.05, text);
  assertMatch(text, /tensor\(\[\[-?0\.\],\n\s+\[1\.\],\n\s+\[1\.\],\n\s+\[-?0\.\]\]/);
});

Deno.test("linear_regression finds the weights it was given", async () => {
  const text = await output("linear_regression");
  assert(last(text, "loss") < 2e-4, text);
  const [w0, w1, b] = [...text.matchAll(/-?\d\.\d{4}(?=[\],])/g)].map(Number);
  assert(Math.abs(w0 - 2) < 0.01 && Math.abs(w1 + 3.4) < 0.01 && Math.abs(b - 4.2) < 0.01, text);
});

Deno.test("digits reads most of the test digits", async () => {
  assertMatch(await output("digits"), /epoch 6: loss 0\.\d+, 9\d\.\d% of the test digits right/);
});

Deno.test("functional_training fits a sine", async () => {
  assert(last(await output("functional_training"), "loss") < 0.0005);
});

Deno.test("custom_layer has its line in the text and its buffer in the state dict", async () => {
  const text = await output("custom_layer");
  assertMatch(text, /\(1\): RunningScale\(3, momentum=0\.1\)/);
  assertMatch(text, /OrderedDict\(\[\('weight', tensor\(\[1\., 1\., 1\.\]\)\), \('meanSquare', tensor\(\[/);
});

Deno.test("save_load comes back to the same outputs and losses", async () => {
  const text = await output("save_load", "--allow-read", "--allow-write");
  assertEquals(text, "same output: true\nresumed at step 10, same losses: true\n");
});

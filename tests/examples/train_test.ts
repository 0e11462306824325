/**
 * The training program: its parts, its command line, and that a run which was stopped goes on to the bit.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { bigramPerplexity } from "../../examples/train/bigram.ts";
import { lossChart } from "../../examples/train/chart.ts";
import { parseOptions, UsageError } from "../../examples/train/options.ts";
import { corpusOf } from "../../examples/train/text.ts";
import { inFolder } from "../io/folder.ts";
import { command, run } from "./run.ts";

const permissions = ["--allow-read", "--allow-write", "--allow-env", "--allow-run"];

Deno.test("train: options", () => {
  const none = { steps: null, out: "out/train", device: null, seed: 0, text: null, resume: false };
  assertEquals(parseOptions([]), none);
  assertEquals(parseOptions(["--help", "--nonsense"]), null);
  assertEquals(
    parseOptions(["--steps", "12", "--out=a=b", "--device", "cpu", "--seed=3", "--text", "t", "--resume"]),
    { steps: 12, out: "a=b", device: "cpu", seed: 3, text: "t", resume: true },
  );
  const refused: [string[], string][] = [
    [["--stesp", "3"], "unknown option --stesp"],
    [["train"], "unknown option train"],
    [["--steps"], "--steps needs a value"],
    [["--steps", "--resume"], "--steps needs a value"],
    [["--steps", "0"], "--steps must be a whole number from 1, got 0"],
    [["--seed", "1.5"], "--seed must be a whole number from 0, got 1.5"],
    [["--device", "tpu"], "--device must be cpu or webgpu, got tpu"],
    [["--resume=yes"], "--resume takes no value"],
    [["--seed", "1", "--seed", "2"], "--seed is given twice"],
  ];
  for (const [args, message] of refused) assertThrows(() => parseOptions(args), UsageError, message);
});

Deno.test("train: a corpus is cut in two and numbered by its alphabet", async () => {
  const { alphabet, training, heldOut, fingerprint } = await corpusOf("x", "abcab😀cabca".repeat(2));
  assertEquals(alphabet, ["a", "b", "c", "😀"]);
  assertEquals([training.length, heldOut.length], [19, 3]);
  assertEquals([...training.slice(0, 7)], [0, 1, 2, 0, 1, 3, 2]);
  assert(fingerprint !== (await corpusOf("x", "abcab😀cabcb".repeat(2))).fingerprint);
});

Deno.test("train: the perplexity of counted bigrams", () => {
  // After 0 always 1 and the other way round: of 4.1 and 3.1 (counts and a tenth) 0.1 is left for each wrong guess.
  const training = Int32Array.of(0, 1, 0, 1, 0, 1, 0, 1);
  const expected = Math.exp(-(Math.log(4.1 / 4.2) + Math.log(3.1 / 3.2)) / 2);
  assertAlmostEquals(bigramPerplexity(training, Int32Array.of(1, 0, 1, 0), 2, 2), expected, 1e-12);
});

Deno.test("train: the loss curve is a picture that ends at the last loss", () => {
  const losses = Array.from({ length: 2500 }, (_, i) => 4 / (1 + i / 100));
  const svg = lossChart(losses, { label: "bigrams", loss: 2.3 });
  assert(svg.startsWith("<svg") && svg.trimEnd().endsWith("</svg>") && !svg.includes("NaN"), svg);
  const [curve, mean] = [...svg.matchAll(/points="([^"]*)"/g)].map((m) => m[1].split(" "));
  assertEquals([curve.length, curve.at(-1)?.split(",")[0]], [1251, "700.0"]);
  assertEquals(mean.length, curve.length);
});

/** A text with something to learn beyond pairs of characters. */
const text = Array.from(
  { length: 400 },
  (_, i) => `number ${i % 7}: ${"abcdefg".repeat(2).slice(i % 7, i % 7 + 5)}\n`,
).join("");

Deno.test("train: learns, leaves its files, and resumes to the bit", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/text.txt`, text);
    const train = async (out: string, ...args: string[]) => {
      const all = ["--text", `${folder}/text.txt`, "--out", `${folder}/${out}`, ...args];
      const { code, text, errors } = await run(permissions, "train", ...all);
      assertEquals(code, 0, errors);
      return text;
    };
    const [whole] = await Promise.all([
      train("whole", "--steps", "20"),
      train("parts", "--steps", "8").then(() => train("parts", "--resume", "--steps", "20")),
    ]);
    const [, own, bigrams] = whole.match(/held-out perplexity: ([\d.]+) {2}\(counted bigrams: ([\d.]+)\)/)!;
    assert(Number(own) < 0.9 * Number(bigrams), whole);
    assertMatch(whole, /step 20\/20 {2}loss \d\.\d{3} {2}[\d.]+ steps\/s {2}0:00 left/);
    const names = [...Deno.readDirSync(`${folder}/whole`)].map((entry) => entry.name).sort();
    assertEquals(names, ["checkpoint.safetensors", "loss.svg", "sample.txt"]);
    for (const name of names) {
      const [a, b] = await Promise.all(
        ["whole", "parts"].map((out) => Deno.readFile(`${folder}/${out}/${name}`)),
      );
      assertEquals(a, b, name);
    }
  }));

Deno.test({
  name: "train: Ctrl-C saves, and the run goes on as if it had not been stopped",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/text.txt`, text);
      const args = (out: string) => ["--text", `${folder}/text.txt`, "--out", `${folder}/${out}`];
      const child = command(permissions, "train", ...args("stopped"), "--steps", "1000000").spawn();
      let printed = "";
      for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
        if (!printed.includes("loss") && (printed + part).includes("loss")) child.kill("SIGINT");
        printed += part;
      }
      await child.stderr.cancel();
      assertEquals((await child.status).code, 130, printed);
      const step = Number(printed.match(/stopped at step (\d+) and saved/)![1]);
      const more = ["--steps", String(step + 3)];
      const results = await Promise.all([
        run(permissions, "train", ...args("stopped"), ...more, "--resume"),
        run(permissions, "train", ...args("whole"), ...more),
      ]);
      for (const { code, errors } of results) assertEquals(code, 0, errors);
      const [a, b] = await Promise.all(
        ["stopped", "whole"].map((out) => Deno.readFile(`${folder}/${out}/checkpoint.safetensors`)),
      );
      assertEquals(a, b);
    }),
});

Deno.test("train: what cannot be done is said in a line, and leaves nothing behind", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/short.txt`, "too short");
    await Deno.writeTextFile(`${folder}/text.txt`, text);
    const out = `${folder}/out`;
    const refused: [string[], RegExp][] = [
      [["--bogus"], /^train: unknown option --bogus/m],
      [["--text", `${folder}/none.txt`], /^train: cannot read --text .*none\.txt: No such file/m],
      [["--text", `${folder}/short.txt`], /^train: .*short\.txt is too short: 9 characters/m],
      [
        ["--text", `${folder}/text.txt`, "--resume"],
        /^train: there is no .*checkpoint\.safetensors to go on from/m,
      ],
    ];
    const results = await Promise.all(
      refused.map(([args]) => run(permissions, "train", "--out", out, ...args)),
    );
    results.forEach(({ code, errors }, i) => {
      assertEquals(code, 2);
      assertMatch(errors, refused[i][1]);
    });
    assertEquals([...Deno.readDirSync(folder)].map((entry) => entry.name).sort(), ["short.txt", "text.txt"]);
    const file = await run(
      permissions,
      "train",
      "--text",
      `${folder}/text.txt`,
      "--out",
      `${folder}/text.txt`,
    );
    assertMatch(file.errors, /^train: cannot make the folder --out/m);
    const { code, text: help } = await run([], "train", "--help");
    assertEquals(code, 0);
    assertMatch(help, /--resume +go on/);
  }));

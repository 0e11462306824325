/**
 * Trains a character-level language model from nothing: text, model, training, held-out perplexity beside a bigram model's,
 * loss curve, checkpoint, and a sample of what it writes. `--help` lists the options.
 *
 * @module
 */
import {
  defaultDevice,
  deviceInfo,
  manualSeed,
  requestDevice,
  setDefaultDevice,
  TenonError,
} from "@tenon/tenon";
import { bigramPerplexity } from "./train/bigram.ts";
import { lossChart } from "./train/chart.ts";
import { context, generate, perplexity } from "./train/model.ts";
import { help, type Options, parseOptions, UsageError } from "./train/options.ts";
import { Progress } from "./train/progress.ts";
import { TrainingRun } from "./train/run.ts";
import { type Corpus, readCorpus } from "./train/text.ts";

const defaultSteps = 3000, stepsBetweenSaves = 500;

/** Runs steps until the target is reached, or the user interrupts; returns whether they did. */
async function train(run: TrainingRun, checkpoint: string): Promise<boolean> {
  let interrupted = false;
  // Once only: a second Ctrl-C ends the program as usual.
  const stop = () => {
    interrupted = true;
    Deno.removeSignalListener("SIGINT", stop);
  };
  Deno.addSignalListener("SIGINT", stop);
  const progress = new Progress(run.target);
  let yielded = performance.now();
  while (run.step < run.target && !interrupted) {
    progress.update(run.step + 1, run.advance());
    if (run.step % stepsBetweenSaves === 0) await run.save(checkpoint);
    if (performance.now() - yielded < 50) continue;
    // Signals arrive only while the program waits for something.
    await new Promise((resolve) => setTimeout(resolve, 0));
    yielded = performance.now();
  }
  progress.end();
  await run.save(checkpoint);
  if (!interrupted) Deno.removeSignalListener("SIGINT", stop);
  return interrupted;
}

/** Prints and writes what came of it. */
async function report(run: TrainingRun, corpus: Corpus, out: string): Promise<void> {
  const { model } = run, { alphabet, training, heldOut } = corpus;
  const bigram = bigramPerplexity(training, heldOut, alphabet.length, context);
  console.log(
    `held-out perplexity: ${perplexity(model, heldOut).toFixed(2)}  (counted bigrams: ${bigram.toFixed(2)})`,
  );
  const reference = { label: "bigrams, held-out text", loss: Math.log(bigram) };
  await Deno.writeTextFile(`${out}/loss.svg`, lossChart(run.losses, reference));
  const start = training.slice(0, context);
  const sample = [...generate(model, start, 500)].map((i) => alphabet[i]).join("");
  await Deno.writeTextFile(`${out}/sample.txt`, sample);
  console.log(`\n${sample}\n`);
  console.log(`wrote checkpoint.safetensors, loss.svg and sample.txt to ${out}`);
}

async function makeFolder(path: string): Promise<void> {
  try {
    await Deno.mkdir(path, { recursive: true });
  } catch (error) {
    throw new UsageError(
      `cannot make the folder --out ${path}: ${error instanceof Error ? error.message : error}`,
    );
  }
}

/** The whole program; returns its exit code. */
async function main(options: Options): Promise<number> {
  if (options.device !== null) {
    await requestDevice(options.device);
    setDefaultDevice(options.device);
  }
  const { out } = options, checkpoint = `${out}/checkpoint.safetensors`;
  const corpus = await readCorpus(options.text);
  manualSeed(options.seed);
  const run = new TrainingRun(corpus);
  if (options.resume) await run.resume(checkpoint);
  else await makeFolder(out);
  run.target = options.steps ?? (options.resume ? run.target : defaultSteps);
  const parameters = run.model.parameters().reduce((n, p) => n + p.numel(), 0);
  console.log(
    `${corpus.name}: ${corpus.training.length} characters to learn from, ${corpus.heldOut.length} held out, ` +
      `alphabet of ${corpus.alphabet.length}`,
  );
  const { adapter, threads = 1 } = deviceInfo().details;
  console.log(`${parameters} parameters, on ${defaultDevice()} (${adapter ?? `threads: ${threads}`})`);
  if (options.resume) console.log(`resumed at step ${run.step}`);
  if (await train(run, checkpoint)) {
    console.log(`stopped at step ${run.step} and saved; go on with --resume`);
    return 130;
  }
  await report(run, corpus, out);
  return 0;
}

try {
  const options = parseOptions(Deno.args);
  if (options === null) console.log(help);
  else Deno.exit(await main(options));
} catch (error) {
  if (!(error instanceof UsageError || error instanceof TenonError)) throw error;
  console.error(`train: ${error.message}`);
  Deno.exit(2);
}

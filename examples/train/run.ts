/**
 * A training run: model, optimizer and the losses so far; a step, and saving and resuming to the bit.
 *
 * @module
 */
import { arange, defaultGenerator, io, optim, randint, type Tensor } from "@tenon/tenon";
import { context, LanguageModel, windowLoss } from "./model.ts";
import { UsageError } from "./options.ts";
import { type Corpus, tokens } from "./text.ts";

const batchSize = 256;

/** One run on one text. */
export class TrainingRun {
  readonly model: LanguageModel;
  readonly optimizer: optim.AdamW;
  /** The loss of every step so far. */
  losses: number[] = [];
  /** The step at which the run is to end. */
  target = 0;
  private readonly text: Tensor;
  private readonly offsets: Tensor;

  constructor(private readonly corpus: Corpus) {
    this.model = new LanguageModel(corpus.alphabet.length);
    this.optimizer = new optim.AdamW(this.model.parameters(), { lr: 2e-3 });
    this.text = tokens(corpus.training);
    this.offsets = arange(context + 1);
  }

  /** Number of steps so far. */
  get step(): number {
    return this.losses.length;
  }

  /** One step on windows from anywhere in the text; returns the loss. */
  advance(): number {
    // Falls by half every 1500 steps, whatever the target is: a run that is made longer later is the longer run.
    for (const group of this.optimizer.paramGroups) group.lr = 2e-3 * 0.5 ** (this.step / 1500);
    const starts = randint(this.corpus.training.length - context, [batchSize, 1]);
    const windows = this.text.get(starts.add(this.offsets));
    this.optimizer.zeroGrad();
    const loss = windowLoss(this.model, windows);
    loss.backward();
    this.optimizer.step();
    this.losses.push(loss.item());
    return loss.item();
  }

  private get parts(): io.CheckpointParts {
    return { model: this.model, optimizer: this.optimizer, random: defaultGenerator };
  }

  /** Writes everything that the run needs to go on. */
  async save(path: string): Promise<void> {
    const { corpus: { alphabet, fingerprint }, losses, target } = this;
    await io.saveCheckpoint(path, this.parts, { alphabet: alphabet.join(""), fingerprint, losses, target });
  }

  /** Goes on where `save` was called. */
  async resume(path: string): Promise<void> {
    const isThere = await Deno.stat(path).then(() => true, () => false);
    if (!isThere) throw new UsageError(`there is no ${path} to go on from; train without --resume first`);
    const saved = await io.loadCheckpoint(path, {});
    if (saved.fingerprint !== this.corpus.fingerprint) {
      throw new UsageError(
        `the checkpoint was trained on another text than ${this.corpus.name}; give its --text, or start anew without --resume`,
      );
    }
    await io.loadCheckpoint(path, this.parts);
    this.losses = saved.losses as number[];
    this.target = saved.target as number;
  }
}

/**
 * The language model: an embedding of each of the last characters, side by side, into a multilayer perceptron.
 *
 * @module
 */
import { multinomial, nn, noGrad, type Tensor } from "@tenon/tenon";
import { functional as F } from "@tenon/tenon/nn";
import { tokens } from "./text.ts";

/** Number of characters that the model sees. */
export const context = 24;

/** Predicts a character from the `context` characters before it. */
export class LanguageModel extends nn.Module {
  embedding: nn.Embedding;
  hidden: nn.Linear;
  out: nn.Linear;

  constructor(alphabetSize: number, width = 32, hidden = 512) {
    super();
    this.embedding = new nn.Embedding(alphabetSize, width);
    this.hidden = new nn.Linear(context * width, hidden);
    this.out = new nn.Linear(hidden, alphabetSize);
  }

  /** int64 [batch, context] to the scores of the next character, [batch, alphabetSize]. */
  forward(x: Tensor): Tensor {
    return this.out(F.relu(this.hidden(this.embedding(x).flatten(1))));
  }
}

/** The mean loss of predicting the last of each window of `context + 1` characters. */
export function windowLoss(model: LanguageModel, windows: Tensor): Tensor {
  return F.crossEntropy(model(windows.slice(1, 0, context)), windows.select(1, context));
}

/** Perplexity of a text, of each of its characters given the `context` before it. */
export function perplexity(model: LanguageModel, text: Int32Array): number {
  const windows = tokens(text).unfold(0, context + 1, 1);
  const [count] = windows.shape, batch = 1000;
  let loss = 0;
  noGrad(() => {
    for (let i = 0; i < count; i += batch) {
      const part = windows.slice(0, i, i + batch);
      loss += windowLoss(model, part).item() * part.shape[0];
    }
  });
  return Math.exp(loss / count);
}

/** Continues a text, one drawn character after the other. A temperature below 1 makes the likely ones likelier. */
export function generate(
  model: LanguageModel,
  start: Int32Array,
  length: number,
  temperature = 0.8,
): Int32Array {
  const text = new Int32Array(start.length + length);
  text.set(start);
  noGrad(() => {
    for (let i = start.length; i < text.length; i++) {
      const scores = model(tokens(text.slice(i - context, i)).unsqueeze(0));
      text[i] = multinomial(scores.div(temperature).softmax(-1), 1).item();
    }
  });
  return text.slice(start.length);
}

/**
 * Recurrent layers: RNN, LSTM, GRU. What they share is in recurrent.ts, single steps in rnn_cell.ts.
 *
 * @module
 */
import { ValueError } from "../core/errors.ts";
import type { Kinds } from "../core/ops/options.ts";
import type { Tensor } from "../core/tensor.ts";
import { settingsOf } from "../core/ops/arguments.ts";
import { factoryKinds } from "./arguments.ts";
import { type CellState, gruStep, lstmStep, reluStep, tanhStep } from "./recurrence.ts";
import {
  type LSTMOptions,
  type RecurrentArguments,
  RecurrentModule,
  type RecurrentOptions,
  type RecurrentSizes,
} from "./recurrent.ts";
import type { PackedSequence } from "./utils/packed_sequence.ts";

/** Options of RNN. */
export interface RNNOptions extends RecurrentOptions {
  /** "tanh" by default. */
  readonly nonlinearity?: "tanh" | "relu";
}

const ownKinds = {
  inputSize: "any",
  hiddenSize: "any",
  numLayers: "number",
  bias: "boolean",
  batchFirst: "boolean",
  dropout: "number",
  bidirectional: "boolean",
} as const;

const kinds: Kinds<RecurrentSizes & RecurrentOptions> = { ...ownKinds, ...factoryKinds };

const lstmKinds: Kinds<RecurrentSizes & LSTMOptions> = { ...ownKinds, projSize: "number", ...factoryKinds };

/** Calls of RNN, also with packed sequences. */
export interface RNN {
  /** Output of every moment, and the last hidden state. */
  (x: PackedSequence, hx?: Tensor | null): [PackedSequence, Tensor];
  /** Output of every moment, and the last hidden state. */
  (x: Tensor, hx?: Tensor | null): [Tensor, Tensor];
}

/**
 * h' = tanh(W x + b + U h + c) along a sequence [time, batch, features]. `torch.nn.RNN`.
 *
 * @example
 * ```ts
 * import { nn, randn } from "@tenon/tenon";
 * const rnn = new nn.RNN(10, 20, 2);
 * const [output, last] = rnn(randn([5, 3, 10]));
 * console.log(output.shape, last.shape); // [ 5, 3, 20 ] [ 2, 3, 20 ]
 * ```
 */
export class RNN extends RecurrentModule {
  /** "tanh" or "relu". */
  nonlinearity: "tanh" | "relu";

  /** Takes the sizes of input and state; the others by position or by name. */
  constructor(...settings: RecurrentArguments<RNNOptions>) {
    const options = settingsOf<RecurrentSizes & RNNOptions>(
      "RNN",
      settings,
      { ...kinds, nonlinearity: "string" },
      7,
    );
    const { nonlinearity = "tanh" } = options, { inputSize, hiddenSize } = options as RecurrentSizes;
    if (nonlinearity !== "tanh" && nonlinearity !== "relu") {
      throw new ValueError(`Unknown nonlinearity '${nonlinearity}', in RNN: it is tanh or relu`);
    }
    super(1, inputSize, hiddenSize, { ...options, projSize: 0 });
    this.nonlinearity = nonlinearity;
  }

  /** Output of every moment, and the last hidden state [layers * directions, batch, hidden]. */
  override forward(x: PackedSequence, hx?: Tensor | null): [PackedSequence, Tensor];
  /** Output of every moment, and the last hidden state. */
  override forward(x: Tensor, hx?: Tensor | null): [Tensor, Tensor];
  override forward<X extends Tensor | PackedSequence>(x: X, hx: Tensor | null = null): [X, Tensor] {
    const step = this.nonlinearity === "tanh" ? tanhStep : reluStep;
    const [y, [last]] = this.run(step, x, hx === null ? null : [hx], this.stateSizes(false));
    return [y, last];
  }
}

/** Calls of LSTM, also with packed sequences. */
export interface LSTM {
  /** Output of every moment, and the last hidden and cell state. */
  (x: PackedSequence, hx?: readonly [Tensor, Tensor] | null): [PackedSequence, [Tensor, Tensor]];
  /** Output of every moment, and the last hidden and cell state. */
  (x: Tensor, hx?: readonly [Tensor, Tensor] | null): [Tensor, [Tensor, Tensor]];
}

/**
 * Long short-term memory along a sequence [time, batch, features]. `torch.nn.LSTM`.
 *
 * @example
 * ```ts
 * import { nn, randn } from "@tenon/tenon";
 * const lstm = new nn.LSTM(10, 20, { batchFirst: true, bidirectional: true });
 * const [output, [h, c]] = lstm(randn([3, 5, 10]));
 * console.log(output.shape, h.shape, c.shape); // [ 3, 5, 40 ] [ 2, 3, 20 ] [ 2, 3, 20 ]
 * ```
 */
export class LSTM extends RecurrentModule {
  /** Takes the sizes of input and state; the others by position or by name. */
  constructor(...settings: RecurrentArguments<LSTMOptions>) {
    const options = settingsOf<RecurrentSizes & LSTMOptions>("LSTM", settings, lstmKinds, 8);
    const { inputSize, hiddenSize } = options as RecurrentSizes;
    super(4, inputSize, hiddenSize, options);
  }

  /** Output of every moment, and the last hidden and cell state. */
  override forward(
    x: PackedSequence,
    hx?: readonly [Tensor, Tensor] | null,
  ): [PackedSequence, [Tensor, Tensor]];
  /** Output of every moment, and the last hidden and cell state. */
  override forward(x: Tensor, hx?: readonly [Tensor, Tensor] | null): [Tensor, [Tensor, Tensor]];
  override forward<X extends Tensor | PackedSequence>(
    x: X,
    hx: CellState | null = null,
  ): [X, [Tensor, Tensor]] {
    const [y, [h, c]] = this.run(lstmStep, x, hx, this.stateSizes(true));
    return [y, [h, c]];
  }
}

/** Calls of GRU, also with packed sequences. */
export interface GRU {
  /** Output of every moment, and the last hidden state. */
  (x: PackedSequence, hx?: Tensor | null): [PackedSequence, Tensor];
  /** Output of every moment, and the last hidden state. */
  (x: Tensor, hx?: Tensor | null): [Tensor, Tensor];
}

/** Gated recurrent units along a sequence [time, batch, features]. `torch.nn.GRU`. */
export class GRU extends RecurrentModule {
  /** Takes the sizes of input and state; the others by position or by name. */
  constructor(...settings: RecurrentArguments<RecurrentOptions>) {
    const options = settingsOf<RecurrentSizes & RecurrentOptions>("GRU", settings, kinds, 7);
    const { inputSize, hiddenSize } = options as RecurrentSizes;
    super(3, inputSize, hiddenSize, { ...options, projSize: 0 });
  }

  /** Output of every moment, and the last hidden state [layers * directions, batch, hidden]. */
  override forward(x: PackedSequence, hx?: Tensor | null): [PackedSequence, Tensor];
  /** Output of every moment, and the last hidden state. */
  override forward(x: Tensor, hx?: Tensor | null): [Tensor, Tensor];
  override forward<X extends Tensor | PackedSequence>(x: X, hx: Tensor | null = null): [X, Tensor] {
    const [y, [last]] = this.run(gruStep, x, hx === null ? null : [hx], this.stateSizes(false));
    return [y, last];
  }
}

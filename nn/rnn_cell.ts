/**
 * Single steps of recurrent layers: RNNCell, LSTMCell, GRUCell.
 *
 * @module
 */
import { ShapeError, ValueError } from "../core/errors.ts";
import { checkTensors } from "../core/ops/cast.ts";
import { empty, zeros } from "../core/ops/create.ts";
import { linear } from "../core/ops/linalg/matmul.ts";
import type { Kinds } from "../core/ops/options.ts";
import { squeeze, unsqueeze } from "../core/ops/view.ts";
import type { Tensor } from "../core/tensor.ts";
import { uniform_ } from "../init/uniform.ts";
import { needed, type NeededThen, settingsOf } from "../core/ops/arguments.ts";
import { checkSizes, factoryKinds, type FactoryOptions } from "./arguments.ts";
import { setField } from "./module/fields.ts";
import { Module } from "./module/module.ts";
import type { RecurrentSizes } from "./recurrent.ts";
import { Parameter } from "./module/parameter.ts";
import {
  type CellState,
  type CellWeights,
  checkState,
  gruStep,
  lstmStep,
  reluStep,
  type Step,
  tanhStep,
} from "./recurrence.ts";

/** Options of recurrent cells. */
export interface CellOptions extends FactoryOptions {
  /** Whether there are biases; true by default. */
  readonly bias?: boolean;
}

/** Arguments of cells. */
export type CellArguments = NeededThen<
  [inputSize: number, hiddenSize: number],
  [bias: boolean],
  RecurrentSizes,
  CellOptions
>;

const kinds: Kinds<RecurrentSizes & CellOptions> = {
  inputSize: "any",
  hiddenSize: "any",
  bias: "boolean",
  ...factoryKinds,
};

/** Options of RNNCell. */
export interface RNNCellOptions extends CellOptions {
  /** "tanh" by default. */
  readonly nonlinearity?: "tanh" | "relu";
}

/** What the cells share. */
export abstract class RecurrentCell extends Module {
  /** Features of the input. */
  inputSize: number;
  /** Features of the state. */
  hiddenSize: number;
  /** Whether there are biases. */
  bias: boolean;
  /** [gates * hidden, input]. */
  declare weightIh: Parameter;
  /** [gates * hidden, hidden]. */
  declare weightHh: Parameter;
  /** [gates * hidden], or null. */
  declare biasIh: Parameter | null;
  /** [gates * hidden], or null. */
  declare biasHh: Parameter | null;

  /** Takes the sizes of input and state, and how many gates there are. */
  protected constructor(gates: number, options: Partial<RecurrentSizes> & CellOptions) {
    super();
    const op = this.reprName();
    const inputSize = needed(op, options, "inputSize"), hiddenSize = needed(op, options, "hiddenSize");
    checkSizes(this.reprName(), { inputSize, hiddenSize });
    this.inputSize = inputSize;
    this.hiddenSize = hiddenSize;
    this.bias = options.bias ?? true;
    const { dtype, device } = options, rows = gates * hiddenSize;
    const add = (key: string, name: string, shape: number[] | null) =>
      setField(
        this,
        key,
        shape === null ? null : new Parameter(empty(shape, { dtype, device })),
        "parameter",
        name,
      );
    add("weightIh", "weight_ih", [rows, inputSize]);
    add("weightHh", "weight_hh", [rows, hiddenSize]);
    add("biasIh", "bias_ih", this.bias ? [rows] : null);
    add("biasHh", "bias_hh", this.bias ? [rows] : null);
    this.resetParameters();
  }

  /** Draws the parameters anew: uniform within 1 / sqrt(hiddenSize). */
  resetParameters(): void {
    const bound = this.hiddenSize > 0 ? 1 / Math.sqrt(this.hiddenSize) : 0;
    for (const p of this.parameters()) uniform_(p, -bound, bound);
  }

  /** One step from an input [batch, input] or [input] and a state, zeros when null. */
  protected run(step: Step, x: Tensor, given: CellState | null, states: number): CellState {
    checkTensors(this.reprName(), [x]);
    if (x.ndim !== 1 && x.ndim !== 2) {
      throw new ShapeError(
        `${this.reprName()}: Expected input to be 1-D or 2-D but received ${x.ndim}-D tensor of shape [${
          x.shape.join(", ")
        }]`,
      );
    }
    const single = x.ndim === 1;
    const input = single ? unsqueeze(x, 0) : x;
    if (input.shape[1] !== this.inputSize) {
      throw new ShapeError(
        `input has inconsistent input_size: got ${
          input.shape[1]
        } expected ${this.inputSize}, in ${this.reprName()}`,
      );
    }
    checkState(this.reprName(), given, states);
    const wanted = [input.shape[0], this.hiddenSize];
    const state = given === null
      ? Array.from({ length: states }, () => zeros(wanted, { dtype: x.dtype, device: x.device }))
      : given.map((h, i) => {
        const batched = single ? unsqueeze(h, 0) : h;
        if (batched.ndim !== 2 || batched.shape[0] !== wanted[0]) {
          throw new ShapeError(
            `Input batch size ${wanted[0]} doesn't match hidden${i} batch size ${
              batched.shape[0]
            }, in ${this.reprName()}`,
          );
        }
        if (batched.shape[1] !== this.hiddenSize) {
          throw new ShapeError(
            `hidden${i} has inconsistent hidden_size: got ${
              batched.shape[1]
            }, expected ${this.hiddenSize}, in ${this.reprName()}`,
          );
        }
        return batched;
      });
    const weights: CellWeights = {
      inputWeight: this.weightIh,
      hiddenWeight: this.weightHh,
      inputBias: this.biasIh,
      hiddenBias: this.biasHh,
      projection: null,
    };
    const next = step(linear(input, weights.inputWeight, weights.inputBias), state, weights);
    return single ? next.map((h) => squeeze(h, 0)) : next;
  }

  /** What stands between the parentheses of the text. */
  override extraRepr(): string {
    return `${this.inputSize}, ${this.hiddenSize}${this.bias ? "" : ", bias=False"}`;
  }
}

/**
 * h' = tanh(W x + b + U h + c). `torch.nn.RNNCell`.
 *
 * @example
 * ```ts
 * import { nn, randn } from "@tenon/tenon";
 * const cell = new nn.RNNCell(10, 20);
 * console.log(cell(randn([3, 10])).shape); // [ 3, 20 ]
 * ```
 */
export class RNNCell extends RecurrentCell {
  /** "tanh" or "relu". */
  nonlinearity: "tanh" | "relu";

  /** Takes the sizes of input and state and the others, by position or by name. */
  constructor(
    ...settings: NeededThen<
      [inputSize: number, hiddenSize: number],
      [bias: boolean, nonlinearity: "tanh" | "relu"],
      RecurrentSizes,
      RNNCellOptions
    >
  ) {
    const options = settingsOf<RecurrentSizes & RNNCellOptions>("RNNCell", settings, {
      inputSize: "any",
      hiddenSize: "any",
      bias: "boolean",
      nonlinearity: "string",
      ...factoryKinds,
    });
    super(1, options);
    this.nonlinearity = options.nonlinearity ?? "tanh";
    if (this.nonlinearity !== "tanh" && this.nonlinearity !== "relu") {
      throw new ValueError(`Unknown nonlinearity: ${this.nonlinearity}, in RNNCell: it is tanh or relu`);
    }
  }

  /** The next hidden state. */
  override forward(x: Tensor, hx: Tensor | null = null): Tensor {
    return this.run(this.nonlinearity === "tanh" ? tanhStep : reluStep, x, hx === null ? null : [hx], 1)[0];
  }

  /** What stands between the parentheses of the text. */
  override extraRepr(): string {
    return super.extraRepr() + (this.nonlinearity === "tanh" ? "" : `, nonlinearity=${this.nonlinearity}`);
  }
}

/**
 * One step of long short-term memory: x [N, in] and the pair of h and c, [N, hidden] each, to the next pair. `torch.nn.LSTMCell`.
 *
 * @example
 * ```ts
 * import { nn, rand, zeros } from "@tenon/tenon";
 * const cell = new nn.LSTMCell(10, 20);
 * let [h, c] = [zeros(3, 20), zeros(3, 20)];
 * for (const x of rand(6, 3, 10)) [h, c] = cell(x, [h, c]);
 * console.log(h.shape, c.shape); // [ 3, 20 ] [ 3, 20 ]
 * ```
 */
export class LSTMCell extends RecurrentCell {
  /** Takes the sizes of input and state and the others, by position or by name. */
  constructor(...settings: CellArguments) {
    super(4, settingsOf<RecurrentSizes & CellOptions>("LSTMCell", settings, kinds));
  }

  /** The next hidden and cell state. */
  override forward(x: Tensor, hx: readonly [Tensor, Tensor] | null = null): [Tensor, Tensor] {
    const [h, c] = this.run(lstmStep, x, hx, 2);
    return [h, c];
  }
}

/** One step of gated recurrent units: x [N, in] and h [N, hidden] to the next h. `torch.nn.GRUCell`. */
export class GRUCell extends RecurrentCell {
  /** Takes the sizes of input and state and the others, by position or by name. */
  constructor(...settings: CellArguments) {
    super(3, settingsOf<RecurrentSizes & CellOptions>("GRUCell", settings, kinds));
  }

  /** The next hidden state. */
  override forward(x: Tensor, hx: Tensor | null = null): Tensor {
    return this.run(gruStep, x, hx === null ? null : [hx], 1)[0];
  }
}

/**
 * What RNN, LSTM and GRU share: their options, weights, layers and directions. The arithmetic of a step is in recurrence.ts.
 *
 * @module
 */
import { ShapeError, ValueError } from "../core/errors.ts";
import { named } from "../core/apply.ts";
import { checkTensors } from "../core/ops/cast.ts";
import { empty, zeros } from "../core/ops/create.ts";
import { dropout } from "../core/ops/nn/dropout.ts";
import { cat, stack } from "../core/ops/join.ts";
import { reshape, select, squeeze, transpose, unsqueeze } from "../core/ops/view.ts";
import { sameShape, type Shape, sizeOf } from "../core/shape.ts";
import { Tensor } from "../core/tensor.ts";
import { uniform_ } from "../init/uniform.ts";
import type { NeededThen } from "../core/ops/arguments.ts";
import { checkSizes, type FactoryOptions } from "./arguments.ts";
import { Module } from "./module/module.ts";
import { Parameter } from "./module/parameter.ts";
import { type CellState, type CellWeights, checkState, runSequence, type Step } from "./recurrence.ts";
import { flag, float, tuple } from "./module/repr.ts";
import { PackedSequence, reorder } from "./utils/packed_sequence.ts";

/** Options of recurrent layers. */
export interface RecurrentOptions extends FactoryOptions {
  /** Layers, one on top of the other; 1 by default. */
  readonly numLayers?: number;
  /** Whether there are biases; true by default. */
  readonly bias?: boolean;
  /** Input and output are [batch, time, features] and not [time, batch, features]. */
  readonly batchFirst?: boolean;
  /** Dropout between the layers, in training mode; 0 by default. */
  readonly dropout?: number;
  /** Run along the sequence in both directions. */
  readonly bidirectional?: boolean;
}

/** Options of LSTM. */
export interface LSTMOptions extends RecurrentOptions {
  /** Size of the hidden state after a learned projection; 0, the default, is no projection. */
  readonly projSize?: number;
}

/** What a recurrent layer cannot do without, where it is given by name. */
export interface RecurrentSizes {
  /** Features of the input. */
  readonly inputSize: number;
  /** Features of the state. */
  readonly hiddenSize: number;
}

/** Arguments of recurrent layers: the sizes of input and state, then the others. */
export type RecurrentArguments<O> = NeededThen<
  [inputSize: number, hiddenSize: number],
  [numLayers: number, bias: boolean, batchFirst: boolean, dropout: number, bidirectional: boolean],
  RecurrentSizes,
  O
>;

/** What the recurrent layers share. */
export abstract class RecurrentModule extends Module {
  /** Features of the input. */
  inputSize: number;
  /** Features of the state. */
  hiddenSize: number;
  /** Layers, one on top of the other. */
  numLayers: number;
  /** Whether there are biases. */
  bias: boolean;
  /** Whether the batch is the first dimension. */
  batchFirst: boolean;
  /** Dropout between the layers. */
  dropout: number;
  /** Whether it runs in both directions. */
  bidirectional: boolean;
  /** Size of the projected state, 0 without a projection. */
  projSize: number;

  /** Takes the sizes of input and state, and how many gates there are. */
  protected constructor(gates: number, inputSize: number, hiddenSize: number, options: LSTMOptions) {
    super();
    const {
      numLayers = 1,
      bias = true,
      batchFirst = false,
      dropout = 0,
      bidirectional = false,
      projSize = 0,
    } = options;
    checkSizes(this.reprName(), { inputSize, projSize });
    checkSizes(this.reprName(), { hiddenSize, numLayers }, 1);
    if (!(dropout >= 0 && dropout <= 1)) {
      throw new ValueError(
        `dropout should be a number in range [0, 1] representing the probability of an element being zeroed, but got ${dropout}`,
      );
    }
    if (projSize >= hiddenSize) {
      throw new ValueError(`proj_size has to be smaller than hidden_size, got ${projSize} and ${hiddenSize}`);
    }
    this.inputSize = inputSize;
    this.hiddenSize = hiddenSize;
    this.numLayers = numLayers;
    this.bias = bias;
    this.batchFirst = batchFirst;
    this.dropout = dropout;
    this.bidirectional = bidirectional;
    this.projSize = projSize;
    const { dtype, device } = options;
    const add = (name: string, shape: Shape) =>
      this.registerParameter(name, new Parameter(empty(shape, { dtype, device })));
    const rows = gates * hiddenSize, out = this.outputSize;
    for (const [suffix, layer] of this.suffixes()) {
      add(`weight_ih${suffix}`, [rows, layer === 0 ? inputSize : out * this.directions]);
      add(`weight_hh${suffix}`, [rows, out]);
      if (bias) add(`bias_ih${suffix}`, [rows]);
      if (bias) add(`bias_hh${suffix}`, [rows]);
      if (projSize > 0) add(`weight_hr${suffix}`, [projSize, hiddenSize]);
    }
    this.resetParameters();
  }

  /** 2 when it runs in both directions. */
  private get directions(): number {
    return this.bidirectional ? 2 : 1;
  }

  /** Features of the output in one direction. */
  private get outputSize(): number {
    return this.projSize > 0 ? this.projSize : this.hiddenSize;
  }

  /** PyTorch's endings of parameter names, with the layer. */
  private suffixes(): [string, number][] {
    return Array.from({ length: this.numLayers }, (_, layer) => layer).flatMap((layer): [string, number][] =>
      this.bidirectional ? [[`_l${layer}`, layer], [`_l${layer}_reverse`, layer]] : [[`_l${layer}`, layer]]
    );
  }

  /** Weights are laid out as kernels read them: there is nothing to do. PyTorch programs call it. */
  flattenParameters(): void {}

  /** Draws the parameters anew: uniform within 1 / sqrt(hiddenSize). */
  resetParameters(): void {
    const bound = this.hiddenSize > 0 ? 1 / Math.sqrt(this.hiddenSize) : 0;
    for (const p of this.parameters()) uniform_(p, -bound, bound);
  }

  /** The weights of one layer in one direction. */
  private weights(suffix: string): CellWeights {
    const find = (name: string): Tensor | null => {
      const found: unknown = Reflect.get(this, name + suffix);
      return found instanceof Tensor ? found : null;
    };
    return {
      inputWeight: find("weight_ih") as Tensor,
      hiddenWeight: find("weight_hh") as Tensor,
      inputBias: find("bias_ih"),
      hiddenBias: find("bias_hh"),
      projection: find("weight_hr"),
    };
  }

  /** Runs the layers over a sequence; `given` is the initial state, zeros when null. Returns the output and the last state. */
  protected run<X extends Tensor | PackedSequence>(
    step: Step,
    input: X,
    given: CellState | null,
    stateSizes: readonly number[],
  ): [X, CellState] {
    checkState(this.reprName(), given, stateSizes.length);
    const packed: PackedSequence | null = input instanceof PackedSequence ? input : null;
    const x = packed === null ? input as Tensor : packed.data;
    const single = packed === null && x.ndim === 2;
    this.checkInput(x, packed === null);
    const sequence = packed !== null ? x : this.timeFirst(single ? unsqueeze(x, this.batchFirst ? 0 : 1) : x);
    const sizes = packed?.batchSizes ?? new Array<number>(sequence.shape[0]).fill(sequence.shape[1]);
    const batch = packed === null ? sequence.shape[1] : sizes[0];
    if (sizes.length === 0) {
      throw new ShapeError(`Expected sequence length to be larger than 0 in RNN, in ${this.reprName()}`);
    }
    const states = stateSizes.map((size, i) =>
      this.initialState(x, batch, size, given, i, stateSizes.length, single, packed)
    );
    const flat = packed === null
      ? reshape(sequence, [sizeOf(sizes) === 0 ? 0 : sizes.length * batch, this.inputSize])
      : x;
    const [rows, last] = this.layers(step, flat, sizes, states);
    const final = last.map((h) => single ? squeeze(h, 1) : reorder(h, 1, packed?.unsortedIndices ?? null));
    if (packed !== null) return [packed.withData(rows) as X, final];
    // PyTorch stacks the moments, and joins the directions.
    const output = named(
      this.bidirectional ? "Cat" : "Stack",
      reshape(rows, [sizes.length, batch, rows.shape[1]]),
    );
    const swap = stateSizes.length > 1 ? "Transpose" : "TransposeBackward1";
    const y = this.batchFirst ? named(swap, this.timeFirst(output)) : output;
    return [(single ? squeeze(y, this.batchFirst ? 0 : 1) : y) as X, final];
  }

  /** Swaps time and batch where the batch comes first. */
  private timeFirst(x: Tensor): Tensor {
    return this.batchFirst ? transpose(x, 0, 1) : x;
  }

  /** Refuses inputs of the wrong rank or size. */
  private checkInput(x: Tensor, padded: boolean): void {
    checkTensors(this.reprName(), [x]);
    const wanted = padded ? 3 : 2;
    if (x.ndim !== wanted && !(padded && x.ndim === 2)) {
      throw new ShapeError(
        `input must have ${wanted} dimensions, got ${x.ndim}, in ${this.reprName()}: [${x.shape.join(", ")}]`,
      );
    }
    if (x.shape.at(-1) !== this.inputSize) {
      throw new ShapeError(
        `input.size(-1) must be equal to input_size. Expected ${this.inputSize}, got ${
          x.shape.at(-1)
        }, in ${this.reprName()}`,
      );
    }
  }

  /** One tensor of the state at the start. */
  private initialState(
    x: Tensor,
    batch: number,
    size: number,
    given: CellState | null,
    i: number,
    count: number,
    single: boolean,
    packed: PackedSequence | null,
  ): Tensor {
    const wanted = [this.numLayers * this.directions, batch, size];
    if (given === null) return zeros(wanted, { dtype: x.dtype, device: x.device });
    const h = given[i];
    const rank = single ? 2 : 3;
    if (h === undefined || h.ndim !== rank) {
      const ranks = given.map((state) => `${state?.ndim}-D`);
      throw new ShapeError(
        `For ${single ? "unbatched 2-D" : "batched 3-D"} input, ${
          count > 1 ? "hx and cx" : "hx"
        } should also be ${rank}-D but got ${
          count > 1 ? `(${ranks.join(", ")}) tensors` : `${ranks[0]} tensor`
        }, in ${this.reprName()}`,
      );
    }
    const state = single ? unsqueeze(h, 1) : h;
    if (!sameShape(state.shape, wanted)) {
      throw new ShapeError(
        `Expected hidden${count > 1 ? `[${i}]` : ""} size ${tuple(wanted)}, got [${
          h.shape.join(", ")
        }], in ${this.reprName()}`,
      );
    }
    return reorder(state, 1, packed?.sortedIndices ?? null);
  }

  /** Runs the layers, one on top of the other. */
  private layers(
    step: Step,
    input: Tensor,
    sizes: readonly number[],
    states: CellState,
  ): [Tensor, CellState] {
    const last: CellState[] = [];
    let rows = input;
    for (let layer = 0; layer < this.numLayers; layer++) {
      const directions = this.bidirectional ? [false, true] : [false];
      const sides = directions.map((reverse) => {
        const place = last.length;
        const initial = states.map((s) => select(s, 0, place));
        const found = runSequence(
          step,
          rows,
          sizes,
          initial,
          this.weights(`_l${layer}${reverse ? "_reverse" : ""}`),
          reverse,
        );
        last.push(found.last);
        return cat(found.outputs, 0);
      });
      rows = sides.length === 1 ? sides[0] : cat(sides, 1);
      if (layer < this.numLayers - 1 && this.dropout > 0) rows = dropout(rows, this.dropout, this.training);
    }
    return [rows, states.map((_, i) => stack(last.map((state) => state[i]), 0))];
  }

  /** Hidden and cell state sizes. */
  protected stateSizes(withCell: boolean): number[] {
    return withCell ? [this.outputSize, this.hiddenSize] : [this.outputSize];
  }

  /** What stands between the parentheses of the text. */
  override extraRepr(): string {
    return [
      `${this.inputSize}, ${this.hiddenSize}`,
      ...(this.projSize === 0 ? [] : [`proj_size=${this.projSize}`]),
      ...(this.numLayers === 1 ? [] : [`num_layers=${this.numLayers}`]),
      ...(this.bias ? [] : [`bias=${flag(this.bias)}`]),
      ...(this.batchFirst ? ["batch_first=True"] : []),
      ...(this.dropout === 0 ? [] : [`dropout=${float(this.dropout)}`]),
      ...(this.bidirectional ? ["bidirectional=True"] : []),
    ].join(", ");
  }
}

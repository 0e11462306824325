/**
 * One step of each recurrent cell, and running a cell along a sequence. The layers are in rnn.ts, the cells as modules in rnn_cell.ts.
 *
 * @module
 */
import { relu } from "../core/ops/nn/activation.ts";
import { add, mul, sigmoid, sub, tanh } from "../core/ops/elementwise.ts";
import { linear } from "../core/ops/linalg/matmul.ts";
import { narrow } from "../core/ops/view.ts";
import { cat, chunk } from "../core/ops/join.ts";
import { ValueError } from "../core/errors.ts";
import { Tensor } from "../core/tensor.ts";

/** The weights of one layer in one direction. */
export interface CellWeights {
  /** [gates * hidden, input]. */
  readonly inputWeight: Tensor;
  /** [gates * hidden, hidden]. */
  readonly hiddenWeight: Tensor;
  /** [gates * hidden], or null. */
  readonly inputBias: Tensor | null;
  /** [gates * hidden], or null. */
  readonly hiddenBias: Tensor | null;
  /** [projection, hidden], or null. */
  readonly projection: Tensor | null;
}

/** The state of a cell: the hidden state [batch, hidden], and for an LSTM the cell state. */
export type CellState = readonly Tensor[];

/** Refuses what is no state of so many tensors. */
export function checkState(op: string, given: CellState | null, count: number): void {
  if (given === null) return;
  const list: unknown = given;
  if (Array.isArray(list) && list.length === count && list.every((h) => h instanceof Tensor)) return;
  throw new ValueError(
    count === 1
      ? `${op}: expected hx to be a tensor, but got ${Array.isArray(list) ? "an array" : typeof list}`
      : `${op}: expected hx to be [h0, c0], a hidden and a cell state, but got ${
        given instanceof Tensor ? "one tensor" : `an array of ${given.length}`
      }`,
  );
}

/** From the input times its weight [batch, gates * hidden], and a state, to the next state. */
export type Step = (gates: Tensor, state: CellState, weights: CellWeights) => CellState;

function recurrent([h]: CellState, weights: CellWeights): Tensor {
  return linear(h, weights.hiddenWeight, weights.hiddenBias);
}

/** h' = tanh(W x + b + U h + c). */
export const tanhStep: Step = (gates, state, weights) => [tanh(add(gates, recurrent(state, weights)))];

/** h' = max(W x + b + U h + c, 0). */
export const reluStep: Step = (gates, state, weights) => [relu(add(gates, recurrent(state, weights)))];

/** Input, forget, cell and output gate, in this order: c' = f c + i g, h' = o tanh(c'), then the projection if there is one. */
export const lstmStep: Step = (gates, state, weights) => {
  const [i, f, g, o] = chunk(add(gates, recurrent(state, weights)), 4, 1);
  const c = add(mul(sigmoid(f), state[1]), mul(sigmoid(i), tanh(g)));
  const h = mul(sigmoid(o), tanh(c));
  return [weights.projection === null ? h : linear(h, weights.projection), c];
};

/** Reset, update and new gate, in this order: n = tanh(W x + b + r (U h + c)), h' = (h - n) z + n. */
export const gruStep: Step = (gates, state, weights) => {
  const [rx, zx, nx] = chunk(gates, 3, 1);
  const [rh, zh, nh] = chunk(recurrent(state, weights), 3, 1);
  const n = tanh(add(nx, mul(sigmoid(add(rx, rh)), nh)));
  return [add(mul(sub(state[0], n), sigmoid(add(zx, zh))), n)];
};

/**
 * Runs a cell along a sequence. `inputs` has the rows of each moment one after the other; how many those are is in `sizes`, which never
 * grows from one moment to the next. Returns the hidden state at each moment and the last state of each row.
 */
export function runSequence(
  step: Step,
  inputs: Tensor,
  sizes: readonly number[],
  initial: CellState,
  weights: CellWeights,
  reverse: boolean,
): { readonly outputs: Tensor[]; readonly last: CellState } {
  const gates = linear(inputs, weights.inputWeight, weights.inputBias);
  const starts: number[] = [];
  let total = 0;
  for (const size of sizes) {
    starts.push(total);
    total += size;
  }
  const outputs = new Array<Tensor>(sizes.length);
  const finished: CellState[] = [];
  let active = reverse ? sizes[sizes.length - 1] : sizes[0];
  let state: CellState = rows(initial, 0, active);
  for (let k = 0; k < sizes.length; k++) {
    const t = reverse ? sizes.length - 1 - k : k, size = sizes[t];
    // Forwards the shorter sequences end one after the other; backwards they begin so.
    if (size < active) {
      finished.unshift(rows(state, size, active - size));
      state = rows(state, 0, size);
    } else if (size > active) {
      state = joined([state, rows(initial, active, size - active)]);
    }
    active = size;
    state = step(narrow(gates, 0, starts[t], size), state, weights);
    outputs[t] = state[0];
  }
  return { outputs, last: joined([state, ...finished]) };
}

function rows(state: CellState, start: number, length: number): CellState {
  return state.map((x) => x.shape[0] === length ? x : narrow(x, 0, start, length));
}

function joined(parts: readonly CellState[]): CellState {
  return parts.length === 1 ? parts[0] : parts[0].map((_, i) => cat(parts.map((part) => part[i]), 0));
}

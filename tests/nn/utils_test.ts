/**
 * nn.utils: clipping, vectors of parameters, sequences of unequal length.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { GradError, ShapeError, ValueError } from "../../core/errors.ts";
import { ones, tensor } from "../../core/ops/create.ts";
import { arange } from "../../core/ops/ranges.ts";
import { randn } from "../../core/ops/random.ts";
import type { Tensor } from "../../core/tensor.ts";
import * as nn from "../../nn/mod.ts";

const { clipGradNorm_, clipGradValue_, parametersToVector, vectorToParameters, rnn } = nn.utils;

function withGrads(...grads: number[][]): nn.Parameter[] {
  return grads.map((g) => {
    const p = new nn.Parameter(ones([g.length]));
    p.grad = tensor(g);
    return p;
  });
}

const gradsOf = (params: nn.Parameter[]) => params.map((p) => p.grad?.tolist());

Deno.test("clipGradNorm_ scales all gradients together", () => {
  const params = withGrads([3, 0], [4]);
  assertEquals(clipGradNorm_(params, 10).item(), 5);
  assertEquals(clipGradNorm_(params, { maxNorm: 10, normType: 1, foreach: true }).item(), 7);
  clipGradValue_(params, { clipValue: 10 });
  assertEquals(gradsOf(params), [[3, 0], [4]]);
  // 2.5 / (5 + 1e-6)
  assertEquals(clipGradNorm_(params, 2.5).item(), 5);
  const scaled = params.flatMap((p) => p.grad?.tolist() as number[]);
  [1.5, 0, 2].forEach((v, i) => assert(Math.abs(scaled[i] - v) < 1e-6));
  const other = withGrads([3, -8], [4]);
  assertEquals(clipGradNorm_(other, 4, Infinity).item(), 8);
  assertEquals(clipGradNorm_(withGrads([3, 1], [4]), 4, { normType: 1 }).item(), 8);
  assertEquals(clipGradNorm_([new nn.Parameter(ones([1]))], 1).item(), 0);
  assertThrows(
    () => clipGradNorm_(withGrads([NaN]), 1, { errorIfNonfinite: true }),
    GradError,
    "The total norm of order 2 for gradients from `parameters` is non-finite",
  );
});

Deno.test("clipGradValue_ bounds every element", () => {
  const params = withGrads([3, -3], [0.5]);
  clipGradValue_(params, 1);
  assertEquals(gradsOf(params), [[1, -1], [0.5]]);
});

Deno.test("parameters become a vector and come back from one", () => {
  const layer = new nn.Linear(2, 2);
  assertEquals(
    parametersToVector(layer.parameters()).tolist(),
    [...layer.weight.flatten().tolist() as number[], ...layer.bias.tolist() as number[]],
  );
  vectorToParameters(arange(6).float(), layer.parameters());
  assertEquals([layer.weight.tolist(), layer.bias.tolist()], [[[0, 1], [2, 3]], [4, 5]]);
  assertThrows(
    () => vectorToParameters(ones([5]), layer.parameters()),
    ShapeError,
    "the parameters have 6 elements",
  );
});

Deno.test("sequences are padded, packed and unpacked", () => {
  const sequences = [[1, 2, 3], [4], [5, 6]].map((s) => tensor(s));
  assertEquals(rnn.padSequence(sequences).tolist(), [[1, 4, 5], [2, 0, 6], [3, 0, 0]]);
  assertEquals(
    rnn.padSequence(sequences, { batchFirst: true, paddingValue: 9 }).tolist(),
    [[1, 2, 3], [4, 9, 9], [5, 6, 9]],
  );
  const packed = rnn.packSequence(sequences, { enforceSorted: false });
  // Longest first: 1 2 3, 5 6, 4.
  assertEquals(packed.data.tolist(), [1, 5, 4, 2, 6, 3]);
  assertEquals([packed.batchSizes, packed.sortedIndices, packed.unsortedIndices], [[3, 2, 1], [0, 2, 1], [
    0,
    2,
    1,
  ]]);
  // The sizes are on the CPU, as PyTorch has them, which is said where that is not the default device.
  const sizes = tensor([2, 1, 1], { dtype: "int64", device: "cpu" });
  assertEquals(
    String(rnn.packSequence(sequences.slice(0, 2))),
    `PackedSequence(data=tensor([1., 4., 2., 3.]), batch_sizes=${sizes}, sorted_indices=None, unsorted_indices=None)`,
  );
  const [padded, lengths] = rnn.padPackedSequence(packed, { batchFirst: true, totalLength: 4 });
  assertEquals(padded.tolist(), [[1, 2, 3, 0], [4, 0, 0, 0], [5, 6, 0, 0]]);
  assertEquals(lengths.tolist(), [3, 1, 2]);
  assertEquals(rnn.unpackSequence(packed).map((s) => s.tolist()), [[1, 2, 3], [4], [5, 6]]);
  assertThrows(
    () => rnn.packSequence(sequences),
    ValueError,
    "`lengths` array must be sorted in decreasing order",
  );
  assertThrows(
    () => rnn.packPaddedSequence(ones([2, 1]), [0]),
    ValueError,
    "Length of all samples has to be greater than 0",
  );
});

for (
  const [name, layer] of [
    ["LSTM", new nn.LSTM(3, 4, 2, { bidirectional: true })],
    ["GRU", new nn.GRU(3, 4, { bidirectional: true })],
    ["RNN", new nn.RNN(3, 4)],
  ] as const
) {
  Deno.test(`a packed batch goes through ${name} as its sequences do one by one`, () => {
    const sequences = [2, 4, 1].map((length) => randn([length, 3]));
    const call = layer as (
      x: Tensor | nn.PackedSequence,
    ) => [Tensor | nn.PackedSequence, Tensor | [Tensor, Tensor]];
    // Of one sequence: of the moments PyTorch makes a stack, of two directions one tensor.
    assertEquals(
      (call(ones([2, 1, 3]))[0] as Tensor).gradFn,
      name === "RNN" ? "StackBackward0" : "CatBackward0",
    );
    const [output, last] = call(rnn.packSequence(sequences, { enforceSorted: false }));
    const states = Array.isArray(last) ? last : [last];
    const rows = rnn.unpackSequence(output as nn.PackedSequence);
    sequences.forEach((x, i) => {
      const [y, h] = call(x);
      assert(rows[i].sub(y as Tensor).abs().max().item() < 1e-6, `output of sequence ${i}`);
      (Array.isArray(h) ? h : [h]).forEach((state, k) =>
        assert(states[k].select(1, i).sub(state).abs().max().item() < 1e-6, `state ${k} of sequence ${i}`)
      );
    });
  });
}

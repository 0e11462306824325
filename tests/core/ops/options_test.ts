/**
 * Options that would be ignored are refused, for programs that run without type checking.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import {
  DeviceError,
  embedding,
  max,
  mean,
  ones,
  onesLike,
  randn,
  softmax,
  sort,
  std,
  sum,
  tensor,
  ValueError,
  zeros,
} from "../../../core/mod.ts";
import { io, nn, optim } from "../../../mod.ts";

const x = ones([2, 3]);
/** Options as an unchecked program would write them. */
const unchecked = (value: unknown) => value as Record<never, never>;

Deno.test("a positional keepdim is not ignored", () => {
  for (const call of [sum, mean, std, max]) {
    assertThrows(
      () => call(x, 1, unchecked(true)),
      ValueError,
      "keyword arguments are one last record of options",
    );
  }
});

Deno.test("misspelled options are named, with those that exist", () => {
  assertThrows(
    () => sum(x, 1, unchecked({ keepDim: true })),
    ValueError,
    "sum() got an unexpected keyword argument 'keepDim'; it knows keepdim, dtype",
  );
  assertThrows(() => softmax(x, 1, unchecked({ dtpe: "float64" })), ValueError, "'dtpe'; it knows dtype");
  assertThrows(() => sort(x, 1, unchecked({ desc: true })), ValueError, "'desc'; it knows descending");
});

Deno.test("a device that does not exist is refused where it is named", () => {
  const cuda = unchecked({ device: "cuda" });
  for (const make of [() => tensor([1], cuda), () => zeros([1], cuda)]) {
    assertThrows(make, DeviceError, 'device "cuda" is not available here');
  }
});

Deno.test("PyTorch's defaults may be spelled out where they say nothing here", () => {
  const rows = ones([3, 2]), index = tensor([0, 2], { dtype: "int64" });
  assertEquals(embedding(index, rows, { sparse: false }).shape, [2, 2]);
  assertEquals(new nn.Embedding(3, 2, { sparse: false }).weight.shape, [3, 2]);
  assertEquals(zeros([2], { layout: "strided", pinMemory: false }).shape, [2]);
  assertEquals(onesLike(index, unchecked({ dtype: null, device: null, memoryFormat: null })).dtype, "int64");
  assertEquals(sum(x, 0, unchecked({ dtype: null, out: null })).tolist(), [2, 2, 2]);
  assertEquals(softmax(x, 1, unchecked({ dtype: null })).shape, [2, 3]);
  assertEquals(randn([2], unchecked({ generator: null, device: null })).shape, [2]);
  const net = new nn.Linear(2, 2, unchecked({ device: null, dtype: null }));
  assertEquals(net.to(unchecked({ device: null, dtype: "float64" })).weight.dtype, "float64");
  const step = new optim.Adam(net.parameters(), { foreach: false, fused: false, capturable: false });
  step.loadStateDict(step.stateDict());
  const batches = new io.data.DataLoader([1, 2], { numWorkers: 0, pinMemory: false });
  assertEquals(batches.length, 2);
  assertEquals(new io.data.DataLoader([1, 2], unchecked({ sampler: null, generator: null })).length, 2);
  assertThrows(
    () => embedding(index, rows, unchecked({ sparse: true })),
    ValueError,
    "embedding() got an unexpected keyword argument 'sparse'; it knows paddingIdx, maxNorm, normType, scaleGradByFreq, and 'sparse' can only be false here",
  );
  assertThrows(() => zeros([2], unchecked({ out: x })), ValueError);
});

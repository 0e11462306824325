/**
 * Options that would be ignored are refused, for programs that run without type checking.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  DeviceError,
  DTypeError,
  embedding,
  finfo,
  Generator,
  iinfo,
  linalg,
  max,
  mean,
  ones,
  onesLike,
  promoteTypes,
  randn,
  random,
  randperm,
  setDefaultDtype,
  softmax,
  sort,
  std,
  sum,
  TenonError,
  type Tensor,
  tensor,
  trilIndices,
  triuIndices,
  ValueError,
  zeros,
} from "../../../core/mod.ts";
import { io, nn, optim } from "../../../mod.ts";

const { celu, elu, rrelu } = nn.functional, x = ones([2, 3]);
/** Options as an unchecked program would write them. */
const unchecked = (value: unknown) => value as Record<never, never>;

Deno.test("NumPy's name of dim is answered with PyTorch's, a generator is one", () => {
  for (const call of [sum, mean, softmax] as ((x: Tensor, options: Record<never, never>) => unknown)[]) {
    assertThrows(
      () => call(x, { axis: 1 }),
      ValueError,
      ", and 'axis' is 'dim' here",
    );
  }
  const options = unchecked({ generator: 5 }),
    sentence = "argument 'generator' must be torch.Generator, not 5";
  for (const call of [() => randn([2], options), () => rrelu(x, options), () => randperm(3, options)]) {
    assertThrows(call, ValueError, sentence);
  }
  assertEquals(randn([2], { generator: new Generator() }).shape, [2]);
});

Deno.test("numbers of classes in floats are answered with the way to int64", () => {
  const error = assertThrows(() => nn.functional.crossEntropy(x, tensor([0, 1])), DTypeError);
  assert(error.message.endsWith('in cross_entropy; convert it with .to("int64")'), error.message);
});

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
  // Where everything is named, so may be what otherwise stands by position.
  assertThrows(() => sum(x, unchecked({ oops: 1 })), ValueError, "'oops'; it knows dim, keepdim, dtype");
  assertThrows(() => sort(x, unchecked({ desc: true })), ValueError, "'desc'; it knows dim, descending");
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

Deno.test("what is no number, dtype or record is refused by name", () => {
  const wrong = (value: unknown) => value as never;
  assertThrows(
    () => elu(x, wrong(1n)),
    ValueError,
    "elu(): argument 'alpha' must be float, not the bigint 1n",
  );
  assertThrows(() => celu(x, wrong("a")), ValueError, "celu(): argument 'alpha' must be float");
  assertThrows(() => rrelu(x, wrong(1n)), ValueError, "rrelu(): argument 'lower' must be float");
  for (const call of [finfo, iinfo, setDefaultDtype]) {
    assertThrows(() => call(wrong("real")), DTypeError, "expected a dtype, one of bool");
  }
  assertThrows(() => promoteTypes("float32", wrong(undefined)), DTypeError, "but got undefined");
  const key = random.key(0);
  assertThrows(() => random.normal(key, [2], wrong(null)), ValueError, "random.normal: keyword arguments");
  assertThrows(() => random.randint(key, [2], wrong("a"), 3), ValueError, "random.randint: bounds are whole");
  assertThrows(
    () => random.categorical(key, wrong(null)),
    TenonError,
    "random.categorical(): argument 'input' (position 1) must be Tensor, not NoneType",
  );
});

Deno.test("triangles too large for any memory are refused at once, thin ones made", () => {
  assertThrows(() => trilIndices(2 ** 40, 2), DeviceError, "tril_indices: not enough memory");
  assertThrows(
    () => triuIndices(2, 2 ** 53),
    ValueError,
    "col must be non-negative, got9007199254740992, in triu_indices",
  );
  assertEquals(triuIndices(2 ** 52, 2).shape, [2, 3]);
  assertEquals(triuIndices(3, 3, 1).tolist(), [[0n, 0n, 1n], [1n, 2n, 2n]].map((row) => row.map(Number)));
});

Deno.test("systems of equations with sides on two devices are refused", () => {
  const a = tensor([[2, 0], [0, 2]], { device: "cpu" }), b = tensor([[1], [1]], { device: "reference" });
  assertThrows(() => linalg.solve(a, b), DeviceError, "cpu and reference! in linalg.solve");
  assertThrows(() => linalg.solveTriangular(a, b, { upper: true }), DeviceError, "linalg.solve_triangular");
});

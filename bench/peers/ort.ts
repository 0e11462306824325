/**
 * onnxruntime-web (wasm), forward only: hand-made models. Arguments: threads, workloads.
 * Weights are initializers (ORT packs them); x is fed, so copied in, at each run;
 * the graph ends in a Slice, so only one number is copied out.
 *
 * @module
 */
import * as ort from "onnxruntime-web";
import { fill, main, type Run } from "./lib.ts";
import { type Const, model, type Node } from "./onnx.ts";

const threads = Number(Deno.args[0]);
ort.env.wasm.numThreads = threads;
const size = (s: number[]) => s.reduce((a, b) => a * b, 1);
const F = (seed: number, dims: number[], scale = 1): Const => ({
  dims,
  data: fill(seed, size(dims), scale),
});
const S = (v: number): Const => ({ dims: [], data: Float32Array.of(v) });
const I = (v: number[]): Const => ({
  dims: [v.length],
  data: BigInt64Array.from(v, BigInt),
});

async function graph(
  x: Const,
  consts: Record<string, Const>,
  nodes: Node[],
  at: number[],
  optimize = true,
): Promise<Run> {
  const bytes = model(
    { x: x.dims },
    { ...consts, from: I(at), to: I(at.map((i) => i + 1)) },
    [...nodes, {
      op: "Slice",
      in: [nodes.at(-1)!.out, "from", "to"],
      out: "one",
    }],
    ["one", at.map(() => 1)],
  );
  const session = await ort.InferenceSession.create(bytes, {
    executionProviders: ["wasm"],
    graphOptimizationLevel: optimize ? "all" : "disabled",
  });
  const feed = { x: new ort.Tensor("float32", x.data as Float32Array, x.dims) };
  return async () => (await session.run(feed)).one.data[0] as number;
}

const setups: Record<string, () => Promise<Run>> = {
  elementwise_4m: () =>
    graph(F(1, [1 << 22], 2), { a: S(1.5), b: S(0.25) }, [
      { op: "Mul", in: ["x", "a"], out: "xa" },
      { op: "Add", in: ["xa", "b"], out: "xab" },
      { op: "Tanh", in: ["xab"], out: "t" },
      { op: "Sigmoid", in: ["x"], out: "s" },
      { op: "Mul", in: ["t", "s"], out: "ts" },
      { op: "Mul", in: ["x", "x"], out: "xx" },
      { op: "Sub", in: ["ts", "xx"], out: "y" },
    ], [7]),
  sum_4m: () =>
    graph(F(1, [1 << 22], 2), {}, [{
      op: "ReduceSum",
      in: ["x"],
      out: "y",
      attrs: { keepdims: 1 },
    }], [0]),
  softmax_1024x1024: () =>
    graph(F(1, [1024, 1024], 4), {}, [{ op: "Softmax", in: ["x"], out: "y" }], [
      3,
      5,
    ]),
  layernorm_1024x768: () =>
    graph(F(1, [1024, 768], 2), { g: F(2, [768]), b: F(3, [768]) }, [{
      op: "LayerNormalization",
      in: ["x", "g", "b"],
      out: "y",
    }], [3, 5]),
  // Unoptimized, else ORT moves the Slice before the Transpose and moves one number.
  transpose_2048: () =>
    graph(
      F(1, [2048, 2048]),
      {},
      [{ op: "Transpose", in: ["x"], out: "y", attrs: { perm: [1, 0] } }],
      [3, 5],
      false,
    ),
  conv2d_fwd: () =>
    graph(F(1, [8, 32, 56, 56]), { w: F(2, [64, 32, 3, 3], 0.1) }, [
      { op: "Conv", in: ["x", "w"], out: "y", attrs: { pads: [1, 1, 1, 1] } },
    ], [0, 1, 5, 5]),
  seed_mlp_fwd: () =>
    graph(F(1, [2, 20]), {
      w1: F(2, [20, 256], 0.2),
      b1: F(3, [256], 0.2),
      w2: F(4, [256, 10], 0.06),
      b2: F(5, [10], 0.06),
    }, [
      { op: "Gemm", in: ["x", "w1", "b1"], out: "h" },
      { op: "Relu", in: ["h"], out: "r" },
      { op: "Gemm", in: ["r", "w2", "b2"], out: "y" },
    ], [0, 0]),
};

await main({
  name: `ort-wasm-${threads}t`,
  setup(w) {
    const n = /^matmul_(\d+)$/.exec(w);
    if (!n) return setups[w]?.() ?? null;
    const s = Number(n[1]);
    return graph(F(1, [s, s]), { b: F(2, [s, s]) }, [{
      op: "MatMul",
      in: ["x", "b"],
      out: "y",
    }], [3, 5]);
  },
});

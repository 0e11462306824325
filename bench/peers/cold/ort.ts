/**
 * Cold start: the seed's MLP, once. Arguments: threads.
 *
 * @module
 */
import * as ort from "onnxruntime-web";
import { fill } from "../lib.ts";
import { type Const, model } from "../onnx.ts";
ort.env.wasm.numThreads = Number(Deno.args[0]);
const F = (seed: number, dims: number[], s = 1): Const => ({
  dims,
  data: fill(seed, dims.reduce((a, b) => a * b, 1), s),
});
const bytes = model(
  { x: [2, 20] },
  {
    w1: F(2, [20, 256], 0.2),
    b1: F(3, [256], 0.2),
    w2: F(4, [256, 10], 0.06),
    b2: F(5, [10], 0.06),
  },
  [{ op: "Gemm", in: ["x", "w1", "b1"], out: "h" }, {
    op: "Relu",
    in: ["h"],
    out: "r",
  }, { op: "Gemm", in: ["r", "w2", "b2"], out: "y" }],
  ["y", [2, 10]],
);
const session = await ort.InferenceSession.create(bytes, {
  executionProviders: ["wasm"],
});
console.log(
  (await session.run({ x: new ort.Tensor("float32", fill(1, 40), [2, 20]) })).y
    .data[0],
);
Deno.exit(0);

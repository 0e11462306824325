/**
 * The workloads of the benchmarks: from single operations to training steps, on whatever device is the default. Each runs once per call, waits for its
 * result and returns one number of it, so that toolkits can be compared and nothing is skipped for laziness.
 *
 * @module
 */
import { fill, labels as labelsOf } from "./peers/lib.ts";
import {
  conv2d,
  crossEntropy,
  type DType,
  evaluate,
  gelu,
  grad,
  layerNorm,
  maxPool2d,
  mseLoss,
  sigmoid,
  softmax,
  type Tensor,
  tensor,
} from "../core/mod.ts";
import { Adam, SGD } from "../nn/optim/mod.ts";
import { Parameter } from "../nn/module/parameter.ts";

/** Runs a workload once. */
export type Run = () => number;

/** A workload: how to set it up, and what it takes. */
export interface Workload {
  readonly setup: () => Run;
  /** Floating point operations of one run. */
  readonly flop?: number;
  /** Bytes of memory traffic at least. */
  readonly bytes?: number;
  /** Operations in one run, where the time of one is wanted. */
  readonly ops?: number;
}

const data = (seed: number, shape: readonly number[], scale = 1): Tensor =>
  tensor(fill(seed, shape.reduce((n, d) => n * d, 1), scale), { shape });

const labels = (seed: number, n: number, classes: number): Tensor =>
  tensor(BigInt64Array.from(labelsOf(seed, n, classes), BigInt));

/** A run that evaluates the whole of a result, reads one element of it and gives its memory back, as other toolkits are made to do. */
function element(f: () => Tensor, at: readonly number[]): Run {
  return () => {
    using y = f();
    evaluate([y]);
    return at.reduce((t, i) => t.select(0, i), y).item();
  };
}

function matmul(m: number, k: number, n: number, dtype: DType = "float32"): Workload {
  return {
    flop: 2 * m * k * n,
    setup: () => {
      const a = data(1, [m, k]).to(dtype), b = data(2, [k, n]).to(dtype);
      evaluate([a, b]);
      return element(() => a.matmul(b), [Math.min(m - 1, 3), Math.min(n - 1, 5)]);
    },
  };
}

function training(
  params: readonly Tensor[],
  loss: (p: readonly Parameter[]) => Tensor,
  optimizer: "adam" | "sgd",
): Run {
  const own = params.map((p) => new Parameter(p));
  const steps = optimizer === "adam"
    ? new Adam(own, { lr: 1e-3 })
    : new SGD(own, { lr: 0.01, momentum: 0.9 });
  return () => {
    steps.zeroGrad();
    const value = loss(own);
    value.backward();
    steps.step();
    return value.item();
  };
}

const full = (n: number, value: number): Tensor => tensor(new Float32Array(n).fill(value));
const million4 = 1 << 22;

function mlp(): Run {
  const x = data(1, [128, 784]), y = labels(2, 128, 10);
  const params = [
    data(3, [784, 512], 0.05),
    full(512, 0),
    data(4, [512, 256], 0.06),
    full(256, 0),
    data(5, [256, 10], 0.08),
    full(10, 0),
  ];
  const logits = ([w1, b1, w2, b2, w3, b3]: readonly Tensor[]) =>
    x.matmul(w1).add(b1).relu().matmul(w2).add(b2).relu().matmul(w3).add(b3);
  return training(params, (p) => crossEntropy(logits(p), y), "sgd");
}

function lenet(): Run {
  const x = data(1, [64, 1, 28, 28]), y = labels(2, 64, 10);
  const params = [
    data(3, [6, 1, 5, 5], 0.2),
    full(6, 0),
    data(4, [16, 6, 5, 5], 0.08),
    full(16, 0),
    data(5, [400, 120], 0.05),
    full(120, 0),
    data(6, [120, 84], 0.09),
    full(84, 0),
    data(7, [84, 10], 0.1),
    full(10, 0),
  ];
  return training(params, ([k1, c1, k2, c2, w1, b1, w2, b2, w3, b3]) => {
    const h1 = maxPool2d(conv2d(x, k1, c1, { padding: 2 }).relu(), 2);
    const h2 = maxPool2d(conv2d(h1, k2, c2).relu(), 2).reshape(64, 400);
    const z = h2.matmul(w1).add(b1).relu().matmul(w2).add(b2).relu().matmul(w3).add(b3);
    return crossEntropy(z, y);
  }, "adam");
}

function transformer(): Run {
  const [batch, length, width, heads] = [8, 128, 256, 4];
  const x = data(1, [batch * length, width]), target = data(2, [batch * length, width]);
  const params = [
    full(width, 1),
    full(width, 0),
    full(width, 1),
    full(width, 0),
    data(3, [width, 3 * width], 0.06),
    full(3 * width, 0),
    data(4, [width, width], 0.06),
    full(width, 0),
    data(5, [width, 4 * width], 0.06),
    full(4 * width, 0),
    data(6, [4 * width, width], 0.03),
    full(width, 0),
  ];
  return training(params, ([g1, n1, g2, n2, wqkv, bqkv, wo, bo, w1, b1, w2, b2]) => {
    const norm = (t: Tensor, weight: Tensor, bias: Tensor) => layerNorm(t, [width], weight, bias);
    const qkv = norm(x, g1, n1).matmul(wqkv).add(bqkv).reshape(batch, length, 3, heads, width / heads);
    const [q, k, v] = [0, 1, 2].map((i) => qkv.select(2, i).permute(0, 2, 1, 3));
    const scores = softmax(q.matmul(k.transpose(-2, -1)).mul(1 / Math.sqrt(width / heads)), -1);
    const joined = scores.matmul(v).permute(0, 2, 1, 3).reshape(batch * length, width);
    const r = x.add(joined.matmul(wo).add(bo));
    const f = gelu(norm(r, g2, n2).matmul(w1).add(b1), { approximate: "tanh" }).matmul(w2).add(b2);
    return mseLoss(r.add(f), target);
  }, "adam");
}

const convFlop = 2 * 8 * 64 * 32 * 9 * 56 * 56;
const million64 = 1 << 26;

/** A workload that reads and writes `count` floats once each. */
function streamed(count: number, shape: readonly number[], f: (x: Tensor) => Tensor): Workload {
  return {
    bytes: 2 * 4 * count,
    setup: () => {
      const x = data(1, shape, 2);
      return element(() => f(x), shape.map((_, d) => 3 + 2 * d));
    },
  };
}

/** By name. */
export const workloads: Readonly<Record<string, Workload>> = {
  matmul_256: matmul(256, 256, 256),
  matmul_512: matmul(512, 512, 512),
  matmul_1024: matmul(1024, 1024, 1024),
  matmul_2048: matmul(2048, 2048, 2048),
  matmul_4096: matmul(4096, 4096, 4096),
  matmul_8192: matmul(8192, 8192, 8192),
  matmul_odd: matmul(1023, 1025, 1021),
  matmul_skinny_k: matmul(256, 65536, 256),
  matmul_skinny_n: matmul(4096, 4096, 16),
  matmul_1024_f16: matmul(1024, 1024, 1024, "float16"),
  matmul_4096_f16: matmul(4096, 4096, 4096, "float16"),
  matmul_8192_f16: matmul(8192, 8192, 8192, "float16"),
  // As fast as memory can be copied: one element read and one written each.
  copy_64m: streamed(million64, [million64], (x) => x.neg()),
  elementwise_64m: streamed(
    million64,
    [million64],
    (x) => x.mul(1.5).add(0.25).tanh().mul(sigmoid(x)).sub(x.mul(x)),
  ),
  sum_64m: {
    bytes: 4 * million64,
    setup: () => {
      const x = data(1, [million64], 2);
      return () => x.sum().item();
    },
  },
  sum_columns_8192: {
    bytes: 4 * million64,
    setup: () => {
      const x = data(1, [8192, 8192], 2);
      return element(() => x.sum(0), [5]);
    },
  },
  softmax_8192x8192: streamed(million64, [8192, 8192], (x) => softmax(x, -1)),
  layernorm_65536x1024: streamed(million64, [65536, 1024], (x) => layerNorm(x, [1024])),
  transpose_8192: streamed(million64, [8192, 8192], (x) => x.t().contiguous()),
  conv2d_large: {
    flop: 2 * 32 * 256 * 256 * 9 * 56 * 56,
    setup: () => {
      const x = data(1, [32, 256, 56, 56]), w = data(2, [256, 256, 3, 3], 0.1);
      return element(() => conv2d(x, w, null, { padding: 1 }), [0, 1, 5, 5]);
    },
  },
  elementwise_4m: {
    bytes: 2 * 4 * million4,
    setup: () => {
      const x = data(1, [million4], 2);
      return element(() => x.mul(1.5).add(0.25).tanh().mul(sigmoid(x)).sub(x.mul(x)), [7]);
    },
  },
  sum_4m: {
    bytes: 4 * million4,
    setup: () => {
      const x = data(1, [million4], 2);
      return () => x.sum().item();
    },
  },
  softmax_1024x1024: {
    bytes: 2 * 4 * 1024 * 1024,
    setup: () => {
      const x = data(1, [1024, 1024], 4);
      return element(() => softmax(x, -1), [3, 5]);
    },
  },
  layernorm_1024x768: {
    bytes: 2 * 4 * 1024 * 768,
    setup: () => {
      const x = data(1, [1024, 768], 2), weight = data(2, [768]), bias = data(3, [768]);
      return element(() => layerNorm(x, [768], weight, bias), [3, 5]);
    },
  },
  transpose_2048: {
    bytes: 2 * 4 * 2048 * 2048,
    setup: () => {
      const x = data(1, [2048, 2048]);
      return element(() => x.t().contiguous(), [3, 5]);
    },
  },
  conv2d_fwd: {
    flop: convFlop,
    setup: () => {
      const x = data(1, [8, 32, 56, 56]), w = data(2, [64, 32, 3, 3], 0.1);
      return element(() => conv2d(x, w, null, { padding: 1 }), [0, 1, 5, 5]);
    },
  },
  conv2d_fwd_bwd: {
    flop: 3 * convFlop,
    setup: () => {
      const x = data(1, [8, 32, 56, 56]), w = data(2, [64, 32, 3, 3], 0.1), g = data(3, [8, 64, 56, 56]);
      const gradients = grad(
        (x: Tensor, w: Tensor) => conv2d(x, w, null, { padding: 1 }).mul(g).sum(),
        { argnums: [0, 1] },
      );
      return () => {
        const [dx, dw] = gradients(x, w) as Tensor[];
        evaluate([dx, dw]);
        const at = (t: Tensor, place: readonly number[]) => place.reduce((t, i) => t.select(0, i), t);
        return at(dx, [0, 0, 5, 5]).add(at(dw, [0, 0, 1, 1])).item();
      };
    },
  },
  add_chain_1000: {
    ops: 1000,
    setup: () => {
      const x = data(1, [16]), c = data(2, [16], 0.01);
      return () => {
        let t = x;
        for (let i = 0; i < 1000; i++) t = t.add(c);
        return t.select(0, 0).item();
      };
    },
  },
  add_kernels_1000: {
    ops: 1000,
    setup: () => {
      const x = data(1, [16]), c = data(2, [16], 0.01);
      return () => {
        let t = x;
        for (let i = 0; i < 1000; i++) evaluate([t = t.add(c)]);
        return t.select(0, 0).item();
      };
    },
  },
  sync_read: {
    ops: 1,
    setup: () => {
      const x = data(1, [16]);
      let i = 0;
      return () => x.add(i++ % 7).toTypedArray()[0] as number;
    },
  },
  seed_mlp_fwd: {
    ops: 1,
    setup: () => {
      const x = data(1, [2, 20]), w1 = data(2, [20, 256], 0.2), b1 = data(3, [256], 0.2);
      const w2 = data(4, [256, 10], 0.06), b2 = data(5, [10], 0.06);
      return () => x.matmul(w1).add(b1).relu().matmul(w2).add(b2).toTypedArray()[0] as number;
    },
  },
  train_mlp_sgdm: { flop: 411041792, setup: mlp },
  train_lenet_adam: { setup: lenet },
  train_transformer_adam: { setup: transformer },
};

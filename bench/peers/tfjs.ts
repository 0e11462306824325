/**
 * TensorFlow.js 4.22. Arguments: cpu | wasm | webgpu, threads, workloads.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { fill, labels, main, permute, type Run } from "./lib.ts";
import { start } from "./tfjs_start.ts";

const [backend, threads] = [Deno.args[0], Number(Deno.args[1])];
await start(backend, threads);

const gpu = backend === "webgpu";
/** First number of a tensor, which is disposed. */
const read = (t: tf.Tensor): number | Promise<number> => {
  if (!gpu) {
    const v = t.dataSync()[0];
    t.dispose();
    return v;
  }
  return t.data().then((d) => (t.dispose(), d[0]));
};
/** A run that reads one element of f's result. */
const element = (f: () => tf.Tensor, at: number[]): Run => () =>
  read(tf.tidy(() => tf.slice(f(), at, at.map(() => 1)).reshape([]))) as number;
const T = (seed: number, shape: number[], scale = 1) =>
  tf.tensor(fill(seed, shape.reduce((a, b) => a * b, 1), scale), shape);
const V = (seed: number, shape: number[], scale: number) => tf.variable(T(seed, shape, scale));
const Z = (n: number) => tf.variable(tf.zeros([n]));

const nhwc = (seed: number, s: number[], scale = 1) =>
  tf.tensor4d(
    permute(fill(seed, s.reduce((a, b) => a * b, 1), scale), s, [0, 2, 3, 1]),
    [s[0], s[2], s[3], s[1]],
  );
const hwio = (seed: number, s: number[], scale = 1) =>
  tf.tensor4d(
    permute(fill(seed, s.reduce((a, b) => a * b, 1), scale), s, [2, 3, 1, 0]),
    [s[2], s[3], s[1], s[0]],
  );

function layerNorm(x: tf.Tensor, g: tf.Tensor, b: tf.Tensor): tf.Tensor {
  const { mean, variance } = tf.moments(x, -1, true);
  return x.sub(mean).mul(variance.add(1e-5).rsqrt()).mul(g).add(b);
}
const gelu = (x: tf.Tensor) =>
  x.mul(0.5).mul(
    x.add(x.mul(x).mul(x).mul(0.044715)).mul(0.7978845608).tanh().add(1),
  );

const setups: Record<string, () => Run> = {
  elementwise_4m: () => {
    const x = T(1, [1 << 22], 2);
    return element(
      () => x.mul(1.5).add(0.25).tanh().mul(x.sigmoid()).sub(x.mul(x)),
      [7],
    );
  },
  sum_4m: () => {
    const x = T(1, [1 << 22], 2);
    return () => read(tf.tidy(() => x.sum()));
  },
  softmax_1024x1024: () => {
    const x = T(1, [1024, 1024], 4);
    return element(() => tf.softmax(x), [3, 5]);
  },
  layernorm_1024x768: () => {
    const [x, g, b] = [T(1, [1024, 768], 2), T(2, [768]), T(3, [768])];
    return element(() => layerNorm(x, g, b), [3, 5]);
  },
  transpose_2048: () => {
    const x = T(1, [2048, 2048]);
    return element(() => x.transpose(), [3, 5]);
  },
  conv2d_fwd: () => {
    const [x, w] = [nhwc(1, [8, 32, 56, 56]), hwio(2, [64, 32, 3, 3], 0.1)];
    return element(() => tf.conv2d(x, w, 1, "same"), [0, 5, 5, 1]);
  },
  conv2d_fwd_bwd: () => {
    const [x, w, dy] = [
      nhwc(1, [8, 32, 56, 56]),
      hwio(2, [64, 32, 3, 3], 0.1),
      nhwc(3, [8, 64, 56, 56]),
    ];
    const g = tf.grads((x: tf.Tensor, w: tf.Tensor) =>
      tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, "same")
    );
    return () =>
      read(tf.tidy(() => {
        const [gx, gw] = g([x, w], dy);
        return gx.slice([0, 5, 5, 0], [1, 1, 1, 1]).add(
          gw.slice([1, 1, 0, 0], [1, 1, 1, 1]),
        ).reshape([]);
      }));
  },
  add_chain_1000: () => {
    const [x, c] = [T(1, [16]), T(2, [16], 0.01)];
    return () =>
      read(tf.tidy(() => {
        let t: tf.Tensor = x;
        for (let i = 0; i < 1000; i++) t = t.add(c);
        return t;
      }));
  },
  seed_mlp_fwd: () => {
    const x = T(1, [2, 20]);
    const [w1, b1, w2, b2] = [
      T(2, [20, 256], 0.2),
      T(3, [256], 0.2),
      T(4, [256, 10], 0.06),
      T(5, [10], 0.06),
    ];
    return () => read(tf.tidy(() => x.matMul(w1).add(b1).relu().matMul(w2).add(b2)));
  },
  train_mlp_sgdm: () => {
    const x = T(1, [128, 784]);
    const y = tf.oneHot(tf.tensor1d(labels(2, 128, 10), "int32"), 10);
    const p = {
      w1: V(3, [784, 512], 0.05),
      b1: Z(512),
      w2: V(4, [512, 256], 0.06),
      b2: Z(256),
      w3: V(5, [256, 10], 0.08),
      b3: Z(10),
    };
    const opt = tf.train.momentum(0.01, 0.9);
    return () =>
      read(
        opt.minimize(() => {
          const h = x.matMul(p.w1).add(p.b1).relu().matMul(p.w2).add(p.b2)
            .relu();
          return tf.losses.softmaxCrossEntropy(
            y,
            h.matMul(p.w3).add(p.b3),
          ) as tf.Scalar;
        }, true)!,
      );
  },
  train_lenet_adam: () => {
    const x = nhwc(1, [64, 1, 28, 28]);
    const y = tf.oneHot(tf.tensor1d(labels(2, 64, 10), "int32"), 10);
    const K = (seed: number, s: number[], scale: number) => tf.variable(hwio(seed, s, scale));
    const p = {
      k1: K(3, [6, 1, 5, 5], 0.2),
      c1: Z(6),
      k2: K(4, [16, 6, 5, 5], 0.08),
      c2: Z(16),
      w1: V(5, [400, 120], 0.05),
      b1: Z(120),
      w2: V(6, [120, 84], 0.09),
      b2: Z(84),
      w3: V(7, [84, 10], 0.1),
      b3: Z(10),
    };
    const opt = tf.train.adam(1e-3, 0.9, 0.999, 1e-8);
    return () =>
      read(
        opt.minimize(() => {
          let h = tf.maxPool(
            tf.conv2d(x, p.k1 as unknown as tf.Tensor4D, 1, "same").add(p.c1)
              .relu() as tf.Tensor4D,
            2,
            2,
            "valid",
          );
          h = tf.maxPool(
            tf.conv2d(h, p.k2 as unknown as tf.Tensor4D, 1, "valid").add(p.c2)
              .relu() as tf.Tensor4D,
            2,
            2,
            "valid",
          );
          // To NCHW before flattening, so that w1 means the same in every peer.
          const f = h.transpose([0, 3, 1, 2]).reshape([64, 400]);
          const z = f.matMul(p.w1).add(p.b1).relu().matMul(p.w2).add(p.b2)
            .relu().matMul(p.w3).add(p.b3);
          return tf.losses.softmaxCrossEntropy(y, z) as tf.Scalar;
        }, true)!,
      );
  },
  train_transformer_adam: () => {
    const [B, L, D, H] = [8, 128, 256, 4];
    const x = T(1, [B * L, D]), target = T(2, [B * L, D]);
    const p = {
      g1: tf.variable(tf.ones([D])),
      n1: Z(D),
      g2: tf.variable(tf.ones([D])),
      n2: Z(D),
      wqkv: V(3, [D, 3 * D], 0.06),
      bqkv: Z(3 * D),
      wo: V(4, [D, D], 0.06),
      bo: Z(D),
      w1: V(5, [D, 4 * D], 0.06),
      b1: Z(4 * D),
      w2: V(6, [4 * D, D], 0.03),
      b2: Z(D),
    };
    const heads = (t: tf.Tensor) => t.reshape([B, L, H, D / H]).transpose([0, 2, 1, 3]);
    const opt = tf.train.adam(1e-3, 0.9, 0.999, 1e-8);
    return () =>
      read(
        opt.minimize(() => {
          const [q, k, v] = tf.split(
            layerNorm(x, p.g1, p.n1).matMul(p.wqkv).add(p.bqkv),
            3,
            1,
          ).map(heads);
          const a = tf.softmax(
            tf.matMul(q, k, false, true).mul(1 / Math.sqrt(D / H)),
          );
          const o = tf.matMul(a, v).transpose([0, 2, 1, 3]).reshape([B * L, D]);
          const r = x.add(o.matMul(p.wo).add(p.bo));
          const f = gelu(layerNorm(r, p.g2, p.n2).matMul(p.w1).add(p.b1))
            .matMul(p.w2).add(p.b2);
          const d = r.add(f).sub(target);
          return d.mul(d).mean() as tf.Scalar;
        }, true)!,
      );
  },
};

await main({
  name: `tfjs-${backend}${backend === "wasm" ? `-${threads}t` : ""}`,
  setup(w) {
    const n = /^matmul_(\d+)$/.exec(w);
    if (!n) return setups[w]?.() ?? null;
    const s = Number(n[1]);
    const [a, b] = [T(1, [s, s]), T(2, [s, s])];
    return element(() => tf.matMul(a, b), [3, 5]);
  },
});

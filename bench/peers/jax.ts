/**
 * jax-js 0.1.25. Arguments: wasm | webgpu, threads (0: its default), eager | jit | sync, workloads.
 * jit means that the whole function (for training: loss, gradients and update) is jitted.
 * sync is eager, read with dataSync: jax-js then runs kernels on the main thread, not in its workers.
 *
 * @module
 */
// Its functions are used jitted and not, which its own types do not cover.
// deno-lint-ignore-file no-explicit-any
import { fill, labels, main, type Run } from "./lib.ts";

const [device, threads, mode] = [
  Deno.args[0],
  Number(Deno.args[1]),
  Deno.args[2],
];
// jax-js starts one worker per navigator.hardwareConcurrency.
if (threads) {
  Object.defineProperty(navigator, "hardwareConcurrency", {
    value: threads,
    configurable: true,
  });
}
const jax: any = await import("@jax-js/jax");
const { numpy: np, nn, lax, tree } = jax;
if (!(await jax.init(device)).includes(device)) throw new Error(`no ${device}`);
jax.defaultDevice(device);

type A = any;
const maybeJit: <F>(f: F) => F = mode === "jit" ? jax.jit : (f: any) => f;
const T = (seed: number, shape: number[], scale = 1): A =>
  np.array(fill(seed, shape.reduce((a, b) => a * b, 1), scale), { shape });
const full = (n: number, v: number): A => np.array(new Float32Array(n).fill(v));
const read: (t: A) => number | Promise<number> = mode === "sync"
  ? (t) => t.dataSync()[0]
  : async (t) => (await t.data())[0];
/** A run that reads one element of f's result. */
const element = (f: (...x: A[]) => A, args: A[], at: number[]): Run => {
  const g = maybeJit(f);
  const slice = at.map((i) => [i, i + 1]);
  return async () => {
    const y = g(...args.map((a) => a.ref));
    await y.blockUntilReady();
    return read(y.slice(...slice));
  };
};

const layerNorm = (x: A, g: A, b: A) => nn.standardize(x).mul(g).add(b);
const gelu = (x: A) =>
  x.ref.mul(0.5).mul(
    np.tanh(x.ref.add(x.ref.mul(x.ref).mul(x).mul(0.044715)).mul(0.7978845608))
      .add(1),
  );
const crossEntropy = (z: A, y: A, n: number) => nn.logSoftmax(z).mul(y).sum().mul(-1 / n);
const oneHot = (seed: number, n: number) => {
  const d = new Float32Array(n * 10);
  labels(seed, n, 10).forEach((c, i) => d[i * 10 + c] = 1);
  return np.array(d, { shape: [n, 10] });
};

/** One training step; loss(params, x, y) takes ownership of its arguments, as in all of jax-js. */
function training(
  loss: (p: A, x: A, y: A) => A,
  params: Record<string, A>,
  x: A,
  y: A,
  adam: boolean,
): Run {
  const lr = adam ? 1e-3 : 0.01;
  const zeros = () => tree.map((p: A) => np.zeros(p.shape), tree.ref(params));
  let state: A = adam ? { m: zeros(), v: zeros() } : { m: zeros() };
  const vg = jax.valueAndGrad(loss);
  const step = maybeJit((p: A, s: A, x: A, y: A, c1: A, c2: A) => {
    const [l, g] = vg(tree.ref(p), x, y);
    if (!adam) {
      c1.dispose();
      c2.dispose();
      const m = tree.map((m: A, g: A) => m.mul(0.9).add(g), s.m, g);
      return {
        l,
        p: tree.map((p: A, m: A) => p.sub(m.mul(lr)), p, tree.ref(m)),
        s: { m },
      };
    }
    const m = tree.map(
      (m: A, g: A) => m.mul(0.9).add(g.mul(0.1)),
      s.m,
      tree.ref(g),
    );
    const v = tree.map(
      (v: A, g: A) => v.mul(0.999).add(g.ref.mul(g).mul(0.001)),
      s.v,
      g,
    );
    const q = tree.map(
      (p: A, m: A, v: A) => p.sub(m.mul(c1.ref).mul(lr).div(np.sqrt(v.mul(c2.ref)).add(1e-8))),
      p,
      tree.ref(m),
      tree.ref(v),
    );
    c1.dispose();
    c2.dispose();
    return { l, p: q, s: { m, v } };
  });
  let t = 0;
  return async () => {
    t++;
    const c = [1 / (1 - 0.9 ** t), 1 / (1 - 0.999 ** t)].map((v) => np.array(v));
    const out = step(params, state, x.ref, y.ref, c[0], c[1]);
    params = out.p;
    state = out.s;
    await jax.blockUntilReady([params, state]);
    return read(out.l);
  };
}

const setups: Record<string, () => Run> = {
  elementwise_4m: () =>
    element(
      (x) =>
        np.tanh(x.ref.mul(1.5).add(0.25)).mul(nn.sigmoid(x.ref)).sub(
          x.ref.mul(x),
        ),
      [T(1, [1 << 22], 2)],
      [7],
    ),
  sum_4m: () => {
    const x = T(1, [1 << 22], 2);
    const f = maybeJit((x: A) => x.sum());
    return () => read(f(x.ref));
  },
  softmax_1024x1024: () => element((x) => nn.softmax(x), [T(1, [1024, 1024], 4)], [3, 5]),
  layernorm_1024x768: () =>
    element(layerNorm, [T(1, [1024, 768], 2), T(2, [768]), T(3, [768])], [
      3,
      5,
    ]),
  // Eager transposes are views: only the jitted one makes new memory.
  transpose_2048: () => element((x) => x.transpose(), [T(1, [2048, 2048])], [3, 5]),
  conv2d_fwd: () =>
    element((x, w) => lax.convGeneralDilated(x, w, [1, 1], [[1, 1], [1, 1]]), [
      T(1, [8, 32, 56, 56]),
      T(2, [64, 32, 3, 3], 0.1),
    ], [0, 1, 5, 5]),
  conv2d_fwd_bwd: () => {
    const p = { x: T(1, [8, 32, 56, 56]), w: T(2, [64, 32, 3, 3], 0.1) };
    const dy = T(3, [8, 64, 56, 56]);
    const f = maybeJit((p: A, dy: A) =>
      jax.grad((p: A, dy: A) => lax.convGeneralDilated(p.x, p.w, [1, 1], [[1, 1], [1, 1]]).mul(dy).sum())(
        p,
        dy,
      )
    );
    return async () => {
      const g = f(tree.ref(p), dy.ref);
      await jax.blockUntilReady(g);
      const at = (t: A, i: number[]) => t.slice(...i.map((v) => [v, v + 1])).reshape([]);
      return read(at(g.x, [0, 0, 5, 5]).add(at(g.w, [0, 0, 1, 1])));
    };
  },
  add_chain_1000: () => {
    // One jitted add, called 1000 times: a jitted chain of 1000 overflows jax-js's stack.
    const [x, c] = [T(1, [16]), T(2, [16], 0.01)];
    const add = maybeJit((x: A, c: A) => x.add(c));
    return () => {
      let t = x.ref;
      for (let i = 0; i < 1000; i++) t = add(t, c.ref);
      return read(t);
    };
  },
  seed_mlp_fwd: () => {
    const a = [
      T(1, [2, 20]),
      T(2, [20, 256], 0.2),
      T(3, [256], 0.2),
      T(4, [256, 10], 0.06),
      T(5, [10], 0.06),
    ];
    const f = maybeJit((x: A, w1: A, b1: A, w2: A, b2: A) =>
      np.matmul(nn.relu(np.matmul(x, w1).add(b1)), w2).add(b2)
    );
    return () => read(f(...(a.map((t) => t.ref) as [A, A, A, A, A])));
  },
  train_mlp_sgdm: () =>
    training(
      (p, x, y) => {
        const h = nn.relu(
          np.matmul(nn.relu(np.matmul(x, p.w1).add(p.b1)), p.w2).add(p.b2),
        );
        return crossEntropy(np.matmul(h, p.w3).add(p.b3), y, 128);
      },
      {
        w1: T(3, [784, 512], 0.05),
        b1: full(512, 0),
        w2: T(4, [512, 256], 0.06),
        b2: full(256, 0),
        w3: T(5, [256, 10], 0.08),
        b3: full(10, 0),
      },
      T(1, [128, 784]),
      oneHot(2, 128),
      false,
    ),
  train_lenet_adam: () => {
    const pool = (x: A) => lax.reduceWindow(x, np.max, [2, 2], [2, 2]);
    return training(
      (p, x, y) => {
        let h = pool(
          nn.relu(lax.convGeneralDilated(x, p.k1, [1, 1], "SAME").add(p.c1)),
        );
        h = pool(
          nn.relu(lax.convGeneralDilated(h, p.k2, [1, 1], "VALID").add(p.c2)),
        );
        const f = h.reshape([64, 400]);
        const z = np.matmul(
          nn.relu(
            np.matmul(nn.relu(np.matmul(f, p.w1).add(p.b1)), p.w2).add(p.b2),
          ),
          p.w3,
        ).add(p.b3);
        return crossEntropy(z, y, 64);
      },
      {
        k1: T(3, [6, 1, 5, 5], 0.2),
        c1: full(6, 0).reshape([6, 1, 1]),
        k2: T(4, [16, 6, 5, 5], 0.08),
        c2: full(16, 0).reshape([16, 1, 1]),
        w1: T(5, [400, 120], 0.05),
        b1: full(120, 0),
        w2: T(6, [120, 84], 0.09),
        b2: full(84, 0),
        w3: T(7, [84, 10], 0.1),
        b3: full(10, 0),
      },
      T(1, [64, 1, 28, 28]),
      oneHot(2, 64),
      true,
    );
  },
  train_transformer_adam: () => {
    const [B, L, D, H] = [8, 128, 256, 4];
    return training(
      (p, x, target) => {
        const qkv = np.matmul(layerNorm(x.ref, p.g1, p.n1), p.wqkv).add(p.bqkv)
          .reshape([B, L, 3, H, D / H]);
        const part = (i: number) => qkv.ref.slice([], [], i);
        const o = nn.dotProductAttention(part(0), part(1), part(2)).reshape([
          B * L,
          D,
        ]);
        qkv.dispose();
        const r = x.add(np.matmul(o, p.wo).add(p.bo));
        const f = np.matmul(
          gelu(np.matmul(layerNorm(r.ref, p.g2, p.n2), p.w1).add(p.b1)),
          p.w2,
        ).add(p.b2);
        return np.square(r.add(f).sub(target)).mean();
      },
      {
        g1: full(D, 1),
        n1: full(D, 0),
        g2: full(D, 1),
        n2: full(D, 0),
        wqkv: T(3, [D, 3 * D], 0.06),
        bqkv: full(3 * D, 0),
        wo: T(4, [D, D], 0.06),
        bo: full(D, 0),
        w1: T(5, [D, 4 * D], 0.06),
        b1: full(4 * D, 0),
        w2: T(6, [4 * D, D], 0.03),
        b2: full(D, 0),
      },
      T(1, [B * L, D]),
      T(2, [B * L, D]),
      true,
    );
  },
};

await main({
  name: `jax-${device}${threads ? `-${threads}t` : ""}-${mode}`,
  setup(w) {
    if (w === "transpose_2048" && mode !== "jit") return null;
    const n = /^matmul_(\d+)$/.exec(w);
    if (!n) return setups[w]?.() ?? null;
    const s = Number(n[1]);
    return element((a, b) => np.matmul(a, b), [T(1, [s, s]), T(2, [s, s])], [
      3,
      5,
    ]);
  },
});

/**
 * Cold start: the seed's MLP, once. Arguments: wasm | webgpu.
 *
 * @module
 */
import { defaultDevice, init, nn, numpy as np } from "@jax-js/jax";
import { fill } from "../lib.ts";
const device = Deno.args[0] as "wasm" | "webgpu";
await init(device);
defaultDevice(device);
const T = (seed: number, r: number, c: number, s = 1) => np.array(fill(seed, r * c, s), { shape: [r, c] });
const h = nn.relu(
  np.matmul(T(1, 2, 20), T(2, 20, 256, 0.2)).add(T(3, 1, 256, 0.2)),
);
console.log(
  (await np.matmul(h, T(4, 256, 10, 0.06)).add(T(5, 1, 10, 0.06)).data())[0],
);
Deno.exit(0);

/**
 * Cold start: the seed's MLP, once. Arguments: cpu | wasm | webgpu, threads.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { start } from "../tfjs_start.ts";
import { fill } from "../lib.ts";
await start(Deno.args[0], Number(Deno.args[1]));
const T = (seed: number, r: number, c: number, s = 1) => tf.tensor2d(fill(seed, r * c, s), [r, c]);
const y = T(1, 2, 20).matMul(T(2, 20, 256, 0.2)).add(T(3, 1, 256, 0.2)).relu()
  .matMul(T(4, 256, 10, 0.06)).add(T(5, 1, 10, 0.06));
console.log((await y.data())[0]);
Deno.exit(0);

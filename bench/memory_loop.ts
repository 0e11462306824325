/**
 * 100,000 training steps in one synchronous loop, with no `dispose` and nothing awaited, and the memory they hold: `deno task bench:memory`.
 *
 * @module
 */
import { memory, relu, tensor } from "../core/mod.ts";
import { Linear } from "../nn/linear.ts";
import { Adam } from "../nn/optim/mod.ts";

const steps = Number(Deno.args[0] ?? 100_000);
const first = new Linear(20, 64), second = new Linear(64, 10);
const optimizer = new Adam([...first.parameters(), ...second.parameters()], { lr: 1e-3 });
const x = tensor(new Float32Array(640).map((_, i) => Math.sin(i)), { shape: [32, 20] });
const target = tensor(new Float32Array(320).map((_, i) => Math.cos(i)), { shape: [32, 10] });
const device = x.device;

const mebibytes = (bytes: number) => (bytes / (1 << 20)).toFixed(1).padStart(7);
console.log(`steps      loss      values   on ${device}   reserved   heap   resident (MiB)`);
const begin = performance.now();
for (let i = 1; i <= steps; i++) {
  optimizer.zeroGrad();
  const loss = second(relu(first(x))).sub(target).pow(2).mean();
  loss.backward();
  optimizer.step();
  if (i === 1 || i % (steps / 10) === 0) {
    const { tensors, bytes, reserved } = memory(device), { heapUsed, rss } = Deno.memoryUsage();
    const figures = [bytes, reserved, heapUsed, rss].map(mebibytes).join(" ");
    console.log(
      `${String(i).padEnd(10)} ${loss.item().toFixed(6)}  ${String(tensors).padStart(6)} ${figures}`,
    );
  }
}
console.log(`${((performance.now() - begin) / steps * 1e3).toFixed(0)} µs a step`);

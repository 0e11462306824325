/**
 * Tenon: PyTorch for Deno and TypeScript. Immutable lazy tensors on WebGPU and CPU, functional autograd, and PyTorch's nn.
 *
 * Names are PyTorch's in camel case; keyword arguments are one last record of options. What stands here is `torch`: tensors, operations,
 * `grad` and `vmap`, devices, `manualSeed`. Beside it are
 *
 * - `nn`: modules, layers, losses, `nn.functional`, `nn.utils`
 * - `optim`: optimizers, and `optim.lrScheduler`
 * - `init`: initialisation
 * - `io`: files, checkpoints, and `io.data` with data sets and their loader
 * - `autograd`, `linalg`, `special`, and `random`, whose functions take keys in place of a seed
 *
 * @example
 * ```ts
 * import { manualSeed, nn, optim, randn } from "@tenon/tenon";
 *
 * manualSeed(0);
 * const net = new nn.Sequential(new nn.Linear(4, 8), new nn.ReLU(), new nn.Linear(8, 1));
 * const optimizer = new optim.Adam(net.parameters(), { lr: 0.01 });
 * const x = randn(16, 4), y = x.sum(1, { keepdim: true });
 * for (let step = 0; step < 10; step++) {
 *   optimizer.zeroGrad();
 *   const loss = nn.functional.mseLoss(net(x), y);
 *   loss.backward();
 *   optimizer.step();
 *   console.log(step, loss.item());
 * }
 * ```
 *
 * @module
 */
export * from "./core/mod.ts";
export * as init from "./init/mod.ts";
export * as io from "./io/mod.ts";
export * as nn from "./nn/mod.ts";
export * as optim from "./nn/optim/mod.ts";

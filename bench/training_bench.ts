/**
 * Training steps and single operations on the default device; `deno task bench:peers` times the same beside other toolkits.
 *
 * @module
 */
import { workloads } from "./workloads.ts";

const groups: Readonly<Record<string, readonly string[]>> = {
  training: ["train_mlp_sgdm", "train_lenet_adam", "train_transformer_adam"],
  matmul: ["matmul_256", "matmul_512", "matmul_1024", "matmul_odd", "matmul_skinny_n"],
  memory: ["elementwise_4m", "sum_4m", "softmax_1024x1024", "layernorm_1024x768", "transpose_2048"],
  convolution: ["conv2d_fwd", "conv2d_fwd_bwd"],
};

for (const [group, names] of Object.entries(groups)) {
  for (const name of names) {
    let run: (() => number) | null = null;
    Deno.bench(name, { group }, () => {
      run ??= workloads[name].setup();
      run();
    });
  }
}

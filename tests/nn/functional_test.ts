/**
 * What all functions of nn.functional refuse: what is no tensor, options that they do not know, and values of the wrong kind.
 *
 * @module
 */
import { assert, assertThrows } from "@std/assert";
import { TenonError, ValueError } from "../../core/errors.ts";
import { ones, tensor } from "../../core/ops/create.ts";
import * as F from "../../nn/functional.ts";

/** Calls a function as a program does that is not type-checked. */
function call(name: string, ...args: unknown[]): unknown {
  return Reflect.apply(Reflect.get(F, name), undefined, args);
}

Deno.test("every function refuses nothing, a number, an array and a string in place of a tensor", () => {
  for (const name of Object.keys(F)) {
    for (const args of [[], [5], [[1, 2]], ["x"], [undefined, ones([1])]]) {
      // These two take any number as a tensor; an index can be a plain array.
      if (["sigmoid", "tanh"].includes(name)) continue;
      let thrown: unknown = null;
      try {
        call(name, ...args);
      } catch (error) {
        thrown = error;
      }
      const index = name === "oneHot" && args.length > 0;
      assert(index || thrown instanceof TenonError, `${name}(${args}) threw ${thrown}`);
    }
  }
});

Deno.test("functions refuse options that they do not know, and name those that they know", () => {
  const x = ones([2, 3]), image = ones([1, 1, 4, 4]), target = tensor([0, 1], { dtype: "int64" });
  const cases: [name: string, args: unknown[], sentence: string][] = [
    ["crossEntropy", [x, target, { labelsmoothing: 0.1 }], "'labelsmoothing'; it knows weight, ignoreIndex"],
    ["mseLoss", [x, x, { reduce: false }], "mse_loss() got an unexpected keyword argument 'reduce'"],
    ["interpolate", [image, { scale: 2 }], "'scale'; it knows size, scaleFactor, mode"],
    ["conv2d", [image, image, null, { strides: 2 }], "conv2d() got an unexpected keyword argument 'strides'"],
    ["conv2d", [image, image, { bias: 2 }], "conv2d(): argument 'bias' must be Tensor or None"],
    ["maxPool2d", [image, 2, { dilate: 2 }], "max_pool2d() got an unexpected keyword argument 'dilate'"],
    ["avgPool2d", [image, "2"], `avg_pool2d(): argument 'kernel_size' must be int or tuple of ints`],
    ["layerNorm", [x, 3], "layer_norm(): argument 'normalized_shape' must be list of numbers, not 3"],
    ["dropout", [x, "0.5"], `dropout(): argument 'p' must be float, not the string "0.5"`],
    ["normalize", [x, { p: "2" }], `normalize(): argument 'p' must be float, not the string "2"`],
    ["pad", [x], "pad(): argument 'pad' must be list of numbers, not None"],
  ];
  for (const [name, args, sentence] of cases) {
    assertThrows(() => call(name, ...args), ValueError, sentence);
  }
});

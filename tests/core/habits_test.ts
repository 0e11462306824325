/**
 * Habits from PyTorch that tensors here cannot have are answered with what to write.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { ones, TenonError, tensor } from "../../core/mod.ts";
import { Parameter } from "../../nn/module/parameter.ts";

// What an unchecked program sees.
const x = tensor([[1, 2], [3, 4]]) as unknown as Record<string, (...args: unknown[]) => unknown>;

Deno.test("operations in place, brackets, CUDA and NumPy say what takes their place", () => {
  const cases: [() => unknown, string][] = [
    [() => x.add_(1), "take the result, x = x.add(...); for a parameter p.data = p.data.add(...)"],
    [() => x.zero_(), "x = zerosLike(x); for a gradient p.grad = null"],
    [() => x.copy_(x), "copy_: a tensor is immutable"],
    [() => x.uniform_(-1, 1), "init.uniform_(p, low, high)"],
    [() => x.geometric_(0.5), "x = geometric(x.shape, p, { dtype: x.dtype })"],
    [() => x[0], "x[0]: JavaScript has no brackets for tensors; x.get(0) is that slice"],
    [() => x[-1], "x.get(-1) is that slice"],
    [() => x[1] = () => 2, "x = x.at(1).set(y) is one with another slice"],
    [() => x.cuda(), 'the devices are "cpu" and "webgpu"'],
    [() => x.numpy(), "x.tolist() gives nested arrays"],
  ];
  for (const [call, sentence] of cases) assertThrows(call, TenonError, sentence);
});

Deno.test("what there is stays as it is", () => {
  const p = new Parameter(ones([2]));
  assertEquals(p.requiresGrad_(false).requiresGrad, false);
  assertEquals([...tensor([1, 2])].map((row) => row.item()), [1, 2]);
  assert(!Object.keys(x).includes("add_") && Object.keys(x).every((key) => Object.hasOwn(x, key)));
  const listed: string[] = [];
  for (const key in tensor([1])) listed.push(key);
  assert(!listed.includes("add_") && !listed.includes("0"));
});

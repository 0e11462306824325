/**
 * Answers to habits from PyTorch that immutable tensors cannot have: methods that end in an underscore, `x[0]`, CUDA, NumPy. The types do not
 * have these names; programs that are run without type checking learn what to write instead.
 *
 * @module
 */
import { TenonError } from "./errors.ts";

/** Methods in place that are common, without the underscore: the method of the same name and an assignment take their place. */
const inPlace =
  ("add sub mul div pow neg abs exp log sqrt clamp clip relu sigmoid tanh round floor ceil erf erfinv reciprocal remainder addmm " +
    "addcmul addcdiv lerp maskedFill maskedScatter indexFill indexAdd indexCopy indexPut scatter scatterAdd t transpose squeeze unsqueeze " +
    "triu tril cumsum detach").split(" ");

/** What takes the place of those that are more. */
const instead: Readonly<Record<string, string>> = {
  copy: "take the other tensor, x = y; for a parameter p.data = y",
  zero: "x = zerosLike(x); for a gradient p.grad = null, for a parameter init.zeros_(p)",
  fill: "x = fullLike(x, value); for a parameter init.constant_(p, value)",
  uniform: "x = uniform(x.shape, low, high, { dtype: x.dtype }); for a parameter init.uniform_(p, low, high)",
  normal: "x = normal(mean, std, x.shape, { dtype: x.dtype }); for a parameter init.normal_(p, mean, std)",
  random: "x = randomLike(x, from, to)",
  bernoulli: "x = bernoulliLike(x, p)",
  exponential: "x = exponential(x.shape, lambda, { dtype: x.dtype })",
  geometric: "x = geometric(x.shape, p, { dtype: x.dtype })",
  cauchy: "x = cauchy(x.shape, median, sigma, { dtype: x.dtype })",
  logNormal: "x = logNormal(x.shape, mean, std, { dtype: x.dtype })",
  resize: "x = x.reshape(shape)",
  set: "x = y",
};

/** Methods of PyTorch for what is not here. */
const missing: Readonly<Record<string, string>> = {
  cuda: 'cuda: there is no CUDA here; the devices are "cpu" and "webgpu", as in x.to("webgpu")',
  numpy:
    "numpy: there are no NumPy arrays here; x.tolist() gives nested arrays, x.toTypedArray() the elements",
};

/** The largest index whose use in brackets is answered. */
const mostIndex = 9;

function refuse(say: () => string): () => never {
  return () => {
    throw new TenonError(say());
  };
}

/** What answers: an object to stand behind the classes of tensors. */
function answers(): object {
  const found: Record<string, PropertyDescriptor> = {};
  for (const name of [...inPlace, ...Object.keys(instead)]) {
    found[`${name}_`] = {
      value: refuse(() =>
        `${name}_: a tensor is immutable, and nothing is done in place; ${
          instead[name] ?? `take the result, x = x.${name}(...); for a parameter p.data = p.data.${name}(...)`
        }`
      ),
    };
  }
  for (const name in missing) found[name] = { value: refuse(() => missing[name]) };
  for (let i = -1; i <= mostIndex; i++) {
    found[i] = {
      get: refuse(() => `x[${i}]: JavaScript has no brackets for tensors; x.get(${i}) is that slice`),
      set: refuse(() =>
        `x[${i}] = y: a tensor is immutable; x = x.at(${i}).set(y) is one with another slice`
      ),
    };
  }
  return Object.create(Object.prototype, found);
}

/** Has a class answer, and those that extend it, where they do not have a name themselves. */
export function answerHabits(prototype: object): void {
  Object.setPrototypeOf(prototype, answers());
}

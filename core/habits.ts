/**
 * Answers to habits from PyTorch: of tensors, which are immutable, methods that end in an underscore, `x[0]`, CUDA, NumPy; of all classes,
 * names in Python's spelling. The types do not have these names; programs that are run without type checking learn what to write instead.
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
    const value = refuse(() =>
      `${name}_: a tensor is immutable, and nothing is done in place; ${
        instead[name] ?? `take the result, x = x.${name}(...); for a parameter p.data = p.data.${name}(...)`
      }`
    );
    found[`${name}_`] = found[`${snake(name)}_`] = { value };
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

/** Has a class that extends none answer to methods that it does not have, with what each of `says` says. */
export function answerMissing(prototype: object, says: Readonly<Record<string, string>>): void {
  const found: Record<string, PropertyDescriptor> = {};
  for (const name in says) found[name] = { value: refuse(() => says[name]), writable: true };
  Object.setPrototypeOf(prototype, Object.create(Object.prototype, found));
}

/** Has sequences answer to the positions from the end that are common in Python: `net[-1]` would be undefined. */
export function answerNegative(prototype: object, what: string): void {
  for (const i of [-1, -2, -3]) {
    const get = refuse(() =>
      `[${i}]: JavaScript does not count from the end in brackets; .at(${i}) is that ${what}`
    );
    Object.defineProperty(prototype, String(i), { get, set: get });
  }
}

/** Camel case to Python's spelling. */
export function snake(name: string): string {
  return name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);
}

/** Python's spelling to camel case. */
export function camel(name: string): string {
  return name.replace(/_([a-z])/g, (_, c: string) => c.toUpperCase());
}

/** The prototypes that an object inherits from, without that of all objects. */
function* chain(prototype: object): Iterable<object> {
  for (let at: object | null = prototype; at !== null && at !== Object.prototype;) {
    yield at;
    at = Object.getPrototypeOf(at);
  }
}

/**
 * Has a class answer to its names, and to `more`, in Python's spelling: `x.masked_fill` is `x.maskedFill`. The answers stand behind the
 * classes, where only a name that is missing is looked for.
 */
export function answerSpelling(prototype: object, ...more: readonly string[]): void {
  const classes = [...chain(prototype)], found: Record<string, PropertyDescriptor> = {};
  const answer = (name: string, isMethod: boolean) => {
    const theirs = snake(name);
    if (theirs === name || theirs.startsWith("_") || theirs in prototype) return;
    const get = refuse(() => `${theirs}: names are in camel case here, as in JavaScript; use ${name}`);
    // A field of that name is the user's own, unless it was meant for one that is here.
    const set = !isMethod ? get : function (this: object, value: unknown) {
      Object.defineProperty(this, theirs, { value, writable: true, enumerable: true, configurable: true });
    };
    found[theirs] = { get, set };
  };
  for (const at of classes) {
    for (const name of Object.getOwnPropertyNames(at)) {
      if (/[A-Z]/.test(name)) answer(name, Object.getOwnPropertyDescriptor(at, name)?.value !== undefined);
    }
  }
  for (const name of more) answer(name, false);
  Object.setPrototypeOf(classes[classes.length - 1], Object.create(Object.prototype, found));
}

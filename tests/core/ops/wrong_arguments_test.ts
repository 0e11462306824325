/**
 * Every exported operation and every method of a tensor is called with arguments of the wrong kind: what it throws is an error of Tenon's own.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import * as tenon from "../../../core/mod.ts";

const { ones, tensor, TenonError } = tenon;
type Call = (...args: readonly unknown[]) => unknown;

/** Functions of dtypes, devices and settings: they take words, not tensors. */
const others = /^(set|get|is|bytesOf|canCast|kindOf|promoteTypes|finfo|iinfo|requestDevice|fromHost|cast$)/;

function functionsOf(prefix: string, names: object): [string, Call][] {
  return Object.entries(names).flatMap(([name, value]): [string, Call][] => {
    if (typeof value === "function") {
      const plain = /^[a-z]/.test(name) && !others.test(name);
      return plain ? [[prefix + name, (...args) => Reflect.apply(value, undefined, args)]] : [];
    }
    // The pure random functions take keys; they have a test of their own.
    const isModule = Object.prototype.toString.call(value) === "[object Module]" && name !== "random";
    return isModule ? functionsOf(`${prefix}${name}.`, value) : [];
  });
}

function methodsOf(x: object): [string, Call][] {
  const found: [string, Call][] = [];
  for (let p = Object.getPrototypeOf(x); p !== Object.prototype; p = Object.getPrototypeOf(p)) {
    for (const name of Object.getOwnPropertyNames(p)) {
      const { value } = Object.getOwnPropertyDescriptor(p, name) as PropertyDescriptor;
      if (name === "constructor" || typeof value !== "function") continue;
      found.push([`x.${name}`, (...args) => Reflect.apply(value, x, args)]);
    }
  }
  return found;
}

const wrong: readonly (readonly [string, unknown])[] = [
  ["undefined", undefined],
  ["null", null],
  ['"q"', "q"],
  ["{ zz: 1 }", { zz: 1 }],
  ["() => 1", () => 1],
  ['["a"]', ["a"]],
];

Deno.test("wrong arguments: no error comes from inside", () => {
  const x = ones([2, 3]), index = tensor([[0n, 1n, 1n], [1n, 0n, 1n]]);
  const before: readonly (readonly unknown[])[] = [[], [x], [index], [x, x], [x, 1], [2]];
  const calls = [...functionsOf("", tenon), ...methodsOf(x)];
  const inside = calls.flatMap(([name, call]) =>
    before.flatMap((args) =>
      wrong.flatMap(([text, value]) => {
        try {
          const result = call(...args, value);
          if (result instanceof Promise) result.catch(() => {});
          return [];
        } catch (error) {
          return error instanceof TenonError ? [] : [`${name}(${[...args, ""].join(", ")}${text}): ${error}`];
        }
      })
    )
  );
  assertEquals(inside, []);
});

Deno.test("wrong arguments: sizes that cannot be, and sizes whose elements cannot be counted", () => {
  const call = (size: unknown) => () => tenon.zeros(size as number[]);
  assertThrows(call("3"), tenon.ValueError, "zeros(): argument 'size'");
  assertThrows(call([2 ** 30, 2 ** 30]), tenon.ValueError, "Storage size calculation overflowed with sizes=");
  assertThrows(call([-1]), tenon.ValueError, "negative dimension -1");
  assertThrows(call([NaN]), tenon.ValueError, "negative dimension NaN");
});

Deno.test("wrong arguments: seeds, equations, functions", () => {
  const unchecked = <T>(value: unknown) => value as T;
  assertThrows(() => tenon.manualSeed(unchecked("x")), tenon.ValueError, "manual_seed expected a long");
  assertThrows(() => tenon.einsum(unchecked(ones(2)), ones(2)), tenon.ValueError, "the equation comes first");
  assertThrows(
    () => tenon.grad(unchecked<(x: tenon.Tensor) => tenon.Tensor>(3)),
    tenon.ValueError,
    "grad(): argument 'fn' must be a function",
  );
  assertThrows(() => tenon.noGrad(unchecked(3)), tenon.ValueError, "noGrad: expected a function");
  assertEquals(tenon.memory().device, tenon.defaultDevice());
});

Deno.test("sizes that are too large: views, loops and host memory say so", () => {
  const one = ones(1);
  assertThrows(
    () => one.expand(2 ** 40, 2 ** 40),
    tenon.ShapeError,
    "numel: integer multiplication overflow",
  );
  // A loop counter of 32 bits would have stopped early and summed a part.
  assertThrows(() => one.expand(2 ** 32).sum().item(), tenon.DeviceError, "more than a kernel can count");
  assertEquals(one.expand(2 ** 32).get("5:8").sum().item(), 3);
  assertThrows(() => tenon.rand(2 ** 45), tenon.DeviceError, "not enough memory on the host");
});

/** Functions made of several steps give the dtype of their argument, whatever the default dtype is: numbers in them have none of their own. */
import { assertEquals } from "@std/assert";
import * as operations from "../../../core/operations.ts";
import * as layers from "../../../core/functional.ts";
import { type DType, isFloat, setDefaultDtype, special, Tensor, tensor } from "../../../core/mod.ts";

/** Arguments in (0, 1), where all are defined. */
const values = [0.3, 0.7, 0.9, 0.2];

/** Functions of one tensor of floats, by name. */
function functions(): [string, (x: Tensor) => unknown][] {
  const all: Readonly<Record<string, unknown>> = { ...special, ...layers, ...operations };
  return Object.entries(all).flatMap(([name, fn]): [string, (x: Tensor) => unknown][] =>
    typeof fn === "function" && /^(?!set|rand|manual)/.test(name) ? [[name, (x) => fn(x)]] : []
  );
}

/** What a function gives, or null where it wants other arguments. */
function resultOf(fn: (x: Tensor) => unknown, dtype: DType): Tensor | null {
  try {
    const y = fn(tensor(values, { dtype, device: "cpu" }));
    return y instanceof Tensor && isFloat(y.dtype) ? y : null;
  } catch {
    return null;
  }
}

Deno.test("the dtype of a result is that of the argument under every default", () => {
  const wrong: string[] = [];
  let count = 0;
  for (const [name, fn] of functions()) {
    const usual = resultOf(fn, "float32");
    if (usual === null) continue;
    count++;
    for (
      const [dtype, other] of [["float32", "float64"], ["bfloat16", "float32"], [
        "float64",
        "float32",
      ]] as const
    ) {
      setDefaultDtype(other);
      try {
        const y = resultOf(fn, dtype);
        if (y !== null && y.dtype !== dtype) {
          wrong.push(`${name} of ${dtype} under ${other} gives ${y.dtype}`);
        }
      } finally {
        setDefaultDtype("float32");
      }
    }
  }
  assertEquals(wrong, []);
  assertEquals(count > 100, true);
});

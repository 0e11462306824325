/**
 * The order of rows that bindings do not hold: of rows longer than all bindings together, sorted in chunks, and of rows whose elements lie far apart.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { createReferenceBackend } from "../../../../core/backend/reference/reference.ts";
import { dense, hostOf, type OperandSpec, routinePlan, runPlan, strided } from "../build.ts";
import { gpuTest } from "./device.ts";

const reference = createReferenceBackend();

/** A device whose bindings hold 256 numbers: a row is sorted in chunks of as many. */
const limits = { bindingBytes: 1024, storageBuffers: 4 };

/** Few different values, so that the order among equals shows, with NaN, infinities and both zeros among them. */
const values = (count: number): number[] =>
  Array.from(
    { length: count },
    (_, i) => [(i * 7919) % 41 - 20, NaN, -0, 0, Infinity, -Infinity][i % 11 % 6],
  );

gpuTest("rows longer than the bindings are sorted", { limits }, (backend) => {
  const check = (operand: OperandSpec, descending: boolean): void => {
    const { dtype, layout: { shape }, count } = operand;
    const plan = routinePlan("argsort", { descending }, [operand], "int64", shape);
    const data = [hostOf(dtype, values(count).map((v) => dtype === "int32" ? v | 0 : v))];
    assertEquals(runPlan(backend, plan, data), runPlan(reference, plan, data), `${dtype} [${shape}]`);
  };
  // Five chunks, the last of one element, and four. The second row begins anywhere in a binding.
  check(dense("float32", [2, 1025]), true);
  check(dense("float32", [1024]), false);
  // Read across rows, and backwards.
  check(strided("int32", 1400, [2, 700], [1, 2]), false);
  check(strided("float16", 600, [600], [-1], 599), true);
  // A row of one value.
  check(strided("float32", 1, [600], [0]), true);
  // Rows that the bindings hold, of elements that lie too far apart for them.
  check(strided("float32", 6000, [60, 100], [1, 60]), true);
});

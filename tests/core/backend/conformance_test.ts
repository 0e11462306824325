/**
 * The conformance suite itself: it covers the IR, passes on the backend it compares with, and notices a wrong one.
 *
 * @module
 */
import { assert, assertEquals, assertGreater, assertStringIncludes } from "@std/assert";
import type { Backend } from "../../../core/backend/backend.ts";
import { createReferenceBackend } from "../../../core/backend/reference/reference.ts";
import { writeElement } from "../../../core/dtype.ts";
import { binaryFns, ternaryFns, unaryFns } from "../../../core/kernel/scalar.ts";
import { conformanceCases, runConformance } from "./conformance.ts";

Deno.test("conformance: the cases have names of their own and cover every scalar function and routine", () => {
  const names = conformanceCases.map((c) => c.name);
  assertEquals(names.filter((n, i) => names.indexOf(n) !== i), []);
  const routines = [
    "matmul",
    "conv",
    "convInputGrad",
    "convWeightGrad",
    "gather",
    "scatter",
    "argsort",
    "scan",
    "fold",
  ];
  for (const name of [...unaryFns, ...binaryFns, ...ternaryFns, ...routines]) {
    assert(names.some((n) => n.startsWith(`${name} `)), `no case for ${name}`);
  }
});

Deno.test("conformance: the reference agrees with itself on every case", () => {
  const { failures, ran } = runConformance(createReferenceBackend());
  assertEquals(failures, []);
  assertEquals(ran, conformanceCases.length);
});

Deno.test("conformance: a backend that is wrong in the first element fails", () => {
  const backend = createReferenceBackend();
  const wrong: Backend = {
    name: "wrong",
    immediate: backend.immediate,
    maxBuffers: Infinity,
    unsupported: () => null,
    bytesFor: (...args) => backend.bytesFor(...args),
    allocate: (...args) => backend.allocate(...args),
    free: (buffer) => backend.free(buffer),
    write: (...args) => backend.write(...args),
    read: (buffer, dtype, count) => {
      const array = backend.read(buffer, dtype, count);
      writeElement(array, dtype, 0, 42);
      return array;
    },
    readAll: (list) => backend.readAll(list),
    readAsync: (...args) => backend.readAsync(...args),
    prepare: (plan) => backend.prepare(plan),
    info: () => backend.info(),
    memory: () => backend.memory(),
  };
  const cases = conformanceCases.filter((c) => c.name.startsWith("matmul float32 a b"));
  const { failures, ran } = runConformance(wrong, {}, cases);
  assertGreater(ran, 10);
  assertEquals(failures.length, ran);
  assertStringIncludes(failures[0], "[0] got 42, want ");
});

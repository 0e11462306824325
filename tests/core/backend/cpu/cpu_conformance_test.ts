/**
 * The conformance suite on the CPU backend: on one thread and on several, with relaxed SIMD and without.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { createCpuBackend } from "../../../../core/backend/cpu/backend.ts";
import { runConformance } from "../conformance.ts";

Deno.test("conformance on one thread", () => {
  assertEquals(runConformance(createCpuBackend({ threads: 1 })).failures, []);
});

Deno.test("conformance without relaxed SIMD, on two threads", () => {
  assertEquals(runConformance(createCpuBackend({ threads: 2, simd: "plain" })).failures, []);
});

Deno.test("conformance on three threads", () => {
  assertEquals(runConformance(createCpuBackend({ threads: 3 })).failures, []);
});

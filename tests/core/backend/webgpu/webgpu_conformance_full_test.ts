/**
 * The conformance suite on WebGPU at full limits, with kernels as written for software devices.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { runConformance } from "../conformance.ts";
import { gpuTest } from "./device.ts";
import { policyOf } from "./policy.ts";

gpuTest("conformance, software kernels, full limits", { kernels: "software" }, (backend) => {
  assertEquals(runConformance(backend, policyOf(backend)).failures, []);
});

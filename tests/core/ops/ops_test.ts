/**
 * The operations on tensors against PyTorch: values, dtypes, shapes, gradients, error sentences.
 */
import { testRecorded } from "./runner.ts";

testRecorded("ops");

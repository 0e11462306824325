/**
 * The edges of operations (dtypes, special values, empty tensors, every form) against PyTorch: values, dtypes, shapes, gradients, error sentences.
 */
import { testRecorded } from "./runner.ts";

testRecorded("ops_edges");

/**
 * The operations behind layers against PyTorch: values, dtypes, shapes, gradients, error sentences.
 */
import { testRecorded } from "./runner.ts";

testRecorded("ops_nn");

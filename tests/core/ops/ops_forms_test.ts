/**
 * Rarer arguments and rarer places of operations against PyTorch: values, dtypes, shapes, gradients, error sentences.
 */
import { testRecorded } from "./runner.ts";

testRecorded("ops_forms");

/**
 * Linear algebra, special functions, rearrangement against PyTorch: values, dtypes, shapes, gradients, error sentences.
 */
import { testRecorded } from "./runner.ts";

testRecorded("ops_matrix");

/** Integers in functions that mostly take floats, against PyTorch: dtypes, rounding, wrapping. */
import { testRecorded } from "./runner.ts";

testRecorded("ops_integers");

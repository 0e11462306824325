/**
 * Cold start of the whole library.
 *
 * @module
 */
import { tensor } from "../../../mod.ts";
import { seedMlp } from "./seed_mlp.ts";

console.log(seedMlp(tensor));

/**
 * Cold start of the core: without modules, optimizers and files, as jax-js has none.
 *
 * @module
 */
import { tensor } from "../../../core/mod.ts";
import { seedMlp } from "./seed_mlp.ts";

console.log(seedMlp(tensor));

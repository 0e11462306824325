/**
 * Warnings of what PyTorch warns of: calls that are allowed and rarely meant. Each is said once, by `console.warn`.
 *
 * @module
 */
import { ValueError } from "./errors.ts";

let silent = false;
const said = new Set<string>();

/** Says something once, by its subject. Callers have found something unusual before they call: this is no part of the usual way. */
export function warnOnce(subject: string, message: string): void {
  if (silent || said.has(subject)) return;
  said.add(subject);
  console.warn(`UserWarning: ${message}`);
}

/**
 * Whether Tenon warns, by `console.warn` and once of each, of calls that are allowed and rarely meant: losses of shapes that differ and
 * broadcast, a softmax without a dimension, a scheduler that steps before its optimizer. `false` silences it, `true` begins anew.
 * `warnings.filterwarnings`.
 *
 * @throws {ValueError} unless it is a boolean
 * @example
 * ```ts
 * import { ones, setWarnings, softmax } from "@tenon/tenon";
 * setWarnings(false);
 * console.log(softmax(ones([2, 2])).shape); // [ 2, 2 ]
 * setWarnings(true);
 * ```
 */
export function setWarnings(on: boolean): void {
  if (typeof on !== "boolean") throw new ValueError(`setWarnings(): expected true or false, but got ${on}`);
  silent = !on;
  said.clear();
}

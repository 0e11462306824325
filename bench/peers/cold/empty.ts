/**
 * Cold start of Deno itself.
 *
 * @module
 */
console.log(0.11742);

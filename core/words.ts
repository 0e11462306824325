/**
 * What messages call a value that should have been a tensor.
 *
 * @module
 */

/** The value in words: `the number 3`, `a promise`. */
export function inWords(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (value instanceof Promise) return "a promise";
  if (Array.isArray(value)) return "an array";
  switch (typeof value) {
    case "string":
      return `the string ${JSON.stringify(value)}`;
    case "number":
    case "bigint":
    case "boolean":
      return `the ${typeof value} ${value}`;
    case "function":
      return "a function";
    default:
      return `a value of type ${typeof value}`;
  }
}

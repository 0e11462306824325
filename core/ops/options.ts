/**
 * Keyword arguments: one last record of options. TypeScript checks it where it is asked; here programs that are run without type checking
 * learn of what would be ignored.
 *
 * @module
 */
import { ValueError } from "../errors.ts";

/** Throws unless `options` is a record that holds none but the named options. */
export function checkOptions<O extends object>(
  op: string,
  options: O,
  names: readonly (keyof O & string)[],
): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new ValueError(
      `${op}: keyword arguments are one last record of options, such as { ${
        names[0]
      }: ... }, but got ${options}`,
    );
  }
  for (const key in options) {
    if (!(names as readonly string[]).includes(key)) {
      throw new ValueError(
        `${op}() got an unexpected keyword argument '${key}'; it knows ${names.join(", ")}`,
      );
    }
  }
}

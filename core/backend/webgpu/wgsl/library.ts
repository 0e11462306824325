/**
 * The WGSL functions that generated kernels may call, each with the functions it needs, and the code that picks those in use.
 * The functions themselves are written in math_basic.ts, math_special.ts and math_integer.ts.
 *
 * @module
 */
import { basicMath } from "./math_basic.ts";
import { integerMath } from "./math_integer.ts";
import { specialMath } from "./math_special.ts";

/** WGSL functions by name. A function may call any other of the library. */
export type WgslLibrary = Readonly<Record<string, string>>;

const library: WgslLibrary = { ...basicMath, ...specialMath, ...integerMath };

/** The source of every library function that `code` calls, directly or through another. */
export function libraryFor(code: string): string {
  const picked = new Set<string>();
  const visit = (text: string): void => {
    for (const [, name] of text.matchAll(/\b([a-z][a-z0-9_]*)\(/g)) {
      if (picked.has(name) || !Object.hasOwn(library, name)) continue;
      picked.add(name);
      visit(library[name]);
    }
  };
  visit(code);
  return [...picked].map((name) => library[name].trim()).join("\n");
}

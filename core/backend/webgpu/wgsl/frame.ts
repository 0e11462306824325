/**
 * What is around the code of every kernel: how its workgroups are numbered, how a number becomes indices, and the finished source.
 *
 * @module
 */
import type { KernelSource } from "../pipelines.ts";
import type { Bindings, Window } from "./bindings.ts";
import { libraryFor } from "./library.ts";

/** A kernel in WGSL and what its bindings show. */
export interface Rendered extends KernelSource {
  readonly windows: readonly Window[];
}

/** The kernel with entry point `main`: its bindings, its shared memory, and the functions of the library that it calls. */
export function rendered(
  bindings: Bindings,
  groups: Rendered["groups"],
  main: string,
  shared = "",
): Rendered {
  const { text, access, windows, parameters } = bindings;
  return { code: `${text}${shared}${libraryFor(main)}\n${main}`, access, windows, parameters, groups };
}

/** Lines that take linear index `from` apart over `extents`; the innermost index is multiplied by `lanes`. */
export function indexLines(
  from: string,
  extents: readonly number[],
  names: readonly string[],
  lanes: number,
): string[] {
  const lines: string[] = [];
  let rest = from;
  for (let d = names.length - 1; d >= 0; d--) {
    const by = d === names.length - 1 && lanes > 1 ? ` * ${lanes}` : "";
    lines.push(`let ${names[d]} = ${d === 0 ? rest : `(${rest} % ${extents[d]})`}${by};`);
    if (d === 0) break;
    lines.push(`let ${names[d]}_above = ${rest} / ${extents[d]};`);
    rest = `${names[d]}_above`;
  }
  return lines;
}

/** `count` workgroups spread over dimensions of at most `limit`. The last ones may have nothing to do. */
export function foldGroups(count: number, limit: number): [number, number, number] {
  if (count <= limit) return [count, 1, 1];
  const y = Math.ceil(count / limit);
  if (y <= limit) return [Math.ceil(count / y), y, 1];
  const z = Math.ceil(count / (limit * limit));
  return [limit, Math.ceil(count / (limit * z)), z];
}

/** The number of a workgroup as i32. */
export function groupText(groups: readonly [number, number, number]): string {
  if (groups[1] === 1) return "i32(group.x)";
  if (groups[2] === 1) return `i32(group.x + group.y * ${groups[0]}u)`;
  return `i32(group.x + (group.y + group.z * ${groups[1]}u) * ${groups[0]}u)`;
}

/**
 * Walking several operands of one shape together: dimensions that can be are merged, and the kernels of this folder go row by row, finding where a row begins
 * by dividing its number by the extents.
 *
 * @module
 */
import type { Shape } from "../../../shape.ts";
import type { Func, Local } from "../wasm/assembler.ts";
import type { Expr } from "../wasm/expr.ts";
import { i32 } from "../wasm/opcodes.ts";

/** One loop: its extent, and each operand's stride. */
export interface Walk {
  readonly size: number;
  readonly strides: readonly number[];
}

/** The loops over a shape, outermost first, as few as possible and at least two. Strides are those of each operand, one for each dimension. */
export function walksOf(shape: Shape, operands: readonly (readonly number[])[]): Walk[] {
  const walks: Walk[] = [];
  shape.forEach((size, d) => {
    if (size === 1) return;
    const strides = operands.map((s) => s[d]), last = walks.at(-1);
    if (last !== undefined && last.strides.every((s, k) => s === strides[k] * size)) {
      walks[walks.length - 1] = { size: last.size * size, strides };
    } else walks.push({ size, strides });
  });
  while (walks.length < 2) walks.unshift({ size: 1, strides: operands.map(() => 0) });
  return walks;
}

/** The walks as words of an argument block: their number, then of each, innermost first, the extent and the strides. */
export function walkWords(walks: readonly Walk[]): number[] {
  return [walks.length, ...walks.toReversed().flatMap(({ size, strides }) => [size, ...strides])];
}

/** Code that adds to `places` where row `row` of the walks at address `words` begins; `words` is an address as `walkWords` fills it. */
export function locateRow(
  f: Func,
  words: Expr<"i32">,
  row: Expr<"i32">,
  places: readonly Local<"i32">[],
): void {
  const at = f.keep(words), rest = f.keep(row), left = f.keep(i32.load(at));
  const extent = f.local("i32"), index = f.local("i32");
  f.increase(at, 4);
  f.while(() => i32.gtS(left, 0), () => {
    f.set(extent, i32.load(at));
    f.set(index, i32.remU(rest, extent));
    f.set(rest, i32.divU(rest, extent));
    places.forEach((place, k) => f.increase(place, i32.mul(index, i32.load(at, 4 * k + 4))));
    f.increase(at, 4 * places.length + 4);
    f.increase(left, -1);
  });
}

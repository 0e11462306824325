/**
 * The seed's MLP, once, for the cold starts of Tenon.
 *
 * @module
 */
import type { tensor } from "../../../core/mod.ts";
import { fill } from "../lib.ts";

/** The first number of its result. */
export function seedMlp(make: typeof tensor): number {
  const data = (seed: number, rows: number, columns: number, scale = 1) =>
    make(fill(seed, rows * columns, scale), { shape: [rows, columns] });
  const hidden = data(1, 2, 20).matmul(data(2, 20, 256, 0.2)).add(data(3, 1, 256, 0.2)).relu();
  return hidden.matmul(data(4, 256, 10, 0.06)).add(data(5, 1, 10, 0.06)).toTypedArray()[0] as number;
}

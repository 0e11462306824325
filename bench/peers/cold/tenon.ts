/**
 * Cold start: the seed's MLP, once.
 *
 * @module
 */
import { tensor } from "../../../mod.ts";
import { fill } from "../lib.ts";

const data = (seed: number, rows: number, columns: number, scale = 1) =>
  tensor(fill(seed, rows * columns, scale), { shape: [rows, columns] });
const hidden = data(1, 2, 20).matmul(data(2, 20, 256, 0.2)).add(
  data(3, 1, 256, 0.2),
).relu();
console.log(
  hidden.matmul(data(4, 256, 10, 0.06)).add(data(5, 1, 10, 0.06))
    .toTypedArray()[0],
);

/**
 * Sparse initialisation.
 *
 * @module
 */
import { type Given, needed, settingsOf } from "../core/ops/arguments.ts";
import type { Generator } from "../core/random/generator.ts";
import { ShapeError, ValueError } from "../core/errors.ts";
import { fromHost } from "../core/ops/create.ts";
import { maskedFill } from "../core/ops/indexing/mask.ts";
import { checkKind } from "../core/ops/options.ts";
import { randperm } from "../core/ops/random.ts";
import type { Shape } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { normal } from "./normal.ts";
import { type DrawSettings, fill, type Initialisable } from "./target.ts";
import type { InitOptions } from "./uniform.ts";

/**
 * A matrix drawn from a normal distribution in which a share `sparsity` of each column, rounded up to whole rows, is zero.
 *
 * @throws {ShapeError} unless there are 2 dimensions
 * @throws {ValueError} when the share is not between 0 and 1
 */
export function sparse(shape: Shape, sparsity: number, std = 0.01, options: InitOptions = {}): Tensor {
  checkKind("init.sparse", "shape", shape ?? null, "numbers");
  if (shape.length !== 2) {
    throw new ShapeError(
      `Only tensors with 2 dimensions are supported, in init.sparse: got shape [${shape.join(", ")}]`,
    );
  }
  if (!(sparsity >= 0 && sparsity <= 1)) {
    throw new ValueError(`init.sparse: sparsity must be in [0, 1], got ${sparsity}`);
  }
  const [rows, columns] = shape;
  const zeros = Math.ceil(sparsity * rows);
  const values = normal(shape, 0, std, options);
  const dropped = new Uint8Array(rows * columns);
  for (let c = 0; c < columns; c++) {
    const order = randperm(rows, { generator: options.generator, device: "cpu" }).toTypedArray();
    for (let i = 0; i < zeros; i++) dropped[Number(order[i]) * columns + c] = 1;
  }
  return maskedFill(values, fromHost(dropped, shape, "bool", values.device), 0);
}

/** Settings of `sparse_`. */
export interface SparseSettings extends DrawSettings {
  /** The standard deviation of what is not zero; 0.01 by default. */
  readonly std?: number;
}

/** Fills with numbers of which a share of each column is zero. `torch.nn.init.sparse_`. */
export function sparse_<T extends Initialisable>(
  target: T,
  ...settings: Given<
    [sparsity: number],
    [std: number, generator: Generator],
    { sparsity: number },
    SparseSettings
  >
): T {
  const given = settingsOf<{ readonly sparsity: number } & SparseSettings>("sparse_", settings, {
    sparsity: "number",
    std: "number",
    generator: "generator",
  });
  const sparsity = needed("sparse_", given, "sparsity"), { std = 0.01, generator } = given;
  return fill("sparse_", target, (shape, form) => sparse(shape, sparsity, std, { ...form, generator }));
}

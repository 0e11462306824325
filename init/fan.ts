/**
 * Fans and gains: the numbers that initialisation scales by.
 *
 * @module
 */
import { ShapeError, ValueError } from "../core/errors.ts";
import { checkKind } from "../core/ops/options.ts";
import { type Shape, sizeOf } from "../core/shape.ts";

/** Non-linearities that `calculateGain` knows. */
export type Nonlinearity =
  | "linear"
  | "conv1d"
  | "conv2d"
  | "conv3d"
  | "conv_transpose1d"
  | "conv_transpose2d"
  | "conv_transpose3d"
  | "sigmoid"
  | "tanh"
  | "relu"
  | "leaky_relu"
  | "selu";

/** The recommended gain of a non-linearity; `param` is the negative slope of leaky_relu. `torch.nn.init.calculate_gain`. */
export function calculateGain(nonlinearity: Nonlinearity, param: number | null = 0.01): number {
  const slope = param ?? 0.01;
  if (typeof slope !== "number") {
    throw new ValueError(`negative_slope ${slope} not a valid number, in calculateGain`);
  }
  switch (nonlinearity) {
    case "tanh":
      return 5 / 3;
    case "relu":
      return Math.sqrt(2);
    case "leaky_relu":
      return Math.sqrt(2 / (1 + slope ** 2));
    case "selu":
      return 3 / 4;
    case "linear":
    case "sigmoid":
      return 1;
    default:
      if (/^conv(_transpose)?[123]d$/.test(nonlinearity)) return 1;
      throw new ValueError(`Unsupported nonlinearity ${nonlinearity}, in calculateGain`);
  }
}

/** How many inputs and outputs each unit of a weight [out, in, ...kernel] has. */
export function calculateFans(shape: Shape): { fanIn: number; fanOut: number } {
  checkKind("calculateFans", "shape", shape ?? null, "numbers");
  if (shape.length < 2) {
    throw new ShapeError(
      `Fan in and fan out can not be computed for tensor with fewer than 2 dimensions, got shape [${
        shape.join(", ")
      }]`,
    );
  }
  const receptive = sizeOf(shape.slice(2));
  return { fanIn: shape[1] * receptive, fanOut: shape[0] * receptive };
}

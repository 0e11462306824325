/**
 * Softmax and its kin, shifted by the maximum so that nothing overflows. Each fuses into one kernel over rows.
 *
 * @module
 */
import { named } from "../../apply.ts";
import { type DType, isFloat, scalarName } from "../../dtype.ts";
import { DTypeError } from "../../errors.ts";
import { normalizeDim, sizeOf } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { cast, checkTensors, inSingle } from "../cast.ts";
import { div, exp, log, neg, sub } from "../elementwise.ts";
import { inPlaceWith, isNamed, type Named } from "../arguments.ts";
import { checkOptions, withoutNulls } from "../options.ts";
import { amax } from "../extremes.ts";
import { sum } from "../reduce.ts";
import { warnOnce } from "../../warnings.ts";

/** Options of softmax functions. */
export interface SoftmaxOptions {
  /** Convert to this dtype first. */
  readonly dtype?: DType;
}

/** The dimension PyTorch takes when none is given: the first for 0, 1 and 3 dimensions, else the second. */
function implicitDim(op: string, x: Tensor): number {
  checkTensors(op, [x]);
  warnOnce(
    op,
    `Implicit dimension choice for ${op} has been deprecated. Change the call to include dim=X as an argument.`,
  );
  return [0, 1, 3].includes(x.shape.length) ? 0 : 1;
}

function operand(op: string, x: Tensor, dim: number, options: SoftmaxOptions): Tensor {
  checkTensors(op, [x]);
  checkOptions(op, options, { dtype: "string" });
  const { dtype } = withoutNulls(options), y = dtype === undefined ? x.value : cast(x, dtype);
  const at = normalizeDim(op, dim, y.shape.length);
  // Of nothing, the dtype does not matter.
  if (!isFloat(y.dtype) && sizeOf(y.shape) > 0) {
    throw new DTypeError(
      `"${op}${at === y.shape.length - 1 ? "_lastdim" : ""}_kernel_impl" not implemented for '${
        scalarName(y.dtype)
      }': it needs floats; cast with .to("float32") or pass { dtype: "float32" }`,
    );
  }
  return y;
}

/** x minus its maximum along `dim`. The shift cancels, so no gradient goes through it. */
function shifted(x: Tensor, dim: number): Tensor {
  return sub(x, amax(x, dim, { keepdim: true }).detach());
}

/**
 * e^x divided by its sum along `dim`. `torch.softmax`.
 *
 * @example
 * ```ts
 * import { softmax, tensor } from "@tenon/tenon";
 * console.log(String(softmax(tensor([1, 1, 1, 1]), 0))); // tensor([0.2500, 0.2500, 0.2500, 0.2500])
 * ```
 */
export function softmax(
  x: Tensor,
  dim: number | Named<{ dim: number }, SoftmaxOptions> = implicitDim("softmax", x),
  options: SoftmaxOptions = {},
): Tensor {
  if (isNamed(dim)) return softmax(x, ...inPlaceWith("softmax", ["dim"], [dim], options));
  const y = operand("softmax", x, dim, options);
  if (sizeOf(y.shape) === 0) return y;
  const shares = (x: Tensor) => {
    const e = exp(shifted(x, dim));
    return div(e, sum(e, dim, { keepdim: true }));
  };
  return named("Softmax", inSingle(y, shares));
}

/**
 * ln of softmax, without the loss of digits. `torch.log_softmax`.
 *
 * @example
 * ```ts
 * import { logSoftmax, tensor } from "@tenon/tenon";
 * console.log(String(logSoftmax(tensor([1, 2, 3]), 0))); // tensor([-2.4076, -1.4076, -0.4076])
 * ```
 */
export function logSoftmax(
  x: Tensor,
  dim: number | Named<{ dim: number }, SoftmaxOptions> = implicitDim("log_softmax", x),
  options: SoftmaxOptions = {},
): Tensor {
  if (isNamed(dim)) return logSoftmax(x, ...inPlaceWith("log_softmax", ["dim"], [dim], options));
  const y = operand("log_softmax", x, dim, options);
  if (sizeOf(y.shape) === 0) return y;
  const logs = (x: Tensor) => {
    const z = shifted(x, dim);
    return sub(z, log(sum(exp(z), dim, { keepdim: true })));
  };
  return named("LogSoftmax", inSingle(y, logs));
}

/** Softmax of -x. `torch.nn.functional.softmin`. */
export function softmin(
  x: Tensor,
  dim: number | Named<{ dim: number }, SoftmaxOptions> = implicitDim("softmin", x),
  options: SoftmaxOptions = {},
): Tensor {
  if (isNamed(dim)) return softmin(x, ...inPlaceWith("softmin", ["dim"], [dim], options));
  checkTensors("softmin", [x]);
  return softmax(neg(x), dim, options);
}

/**
 * Functions that read their arguments, where there is nothing to read yet: an argument stands for a whole batch (vmap) or for those of later calls
 * (compile). The call waits until there is. Such functions take dimensions in front by themselves, so a batch is one call.
 *
 * @module
 */
import { apply } from "../apply.ts";
import type { DeviceName } from "../device.ts";
import { isFloat } from "../dtype.ts";
import { readingForbidden, withoutReading } from "../effects.ts";
import { isHeld, nextWalk } from "../graph/trace.ts";
import { ones, zerosLike } from "../ops/create.ts";
import { eye } from "../ops/ranges.ts";
import { expand } from "../ops/view.ts";
import { type CallAttrs, callPrim, placeholderPrim } from "../prim/source.ts";
import type { Tensor } from "../tensor.ts";
import { flattenTree, mapTree, type Tree } from "../tree.ts";
import { pull } from "./pull.ts";

/** Whether the values of these tensors cannot be had now, because a function is being traced. */
export function mustWait(...xs: readonly Tensor[]): boolean {
  if (readingForbidden() !== "") return true;
  const epoch = nextWalk(), stack = xs.map((x) => x.value);
  for (let x = stack.pop(); x !== undefined; x = stack.pop()) {
    if (x.mark === epoch || isHeld(x)) continue;
    x.mark = epoch;
    if (x.prim.id === placeholderPrim.id) return true;
    stack.push(...x.inputs);
  }
  return false;
}

/** A tensor of the form of x on which every function here has a value: identity matrices, ones. */
function example(x: Tensor): Tensor {
  const like = { dtype: x.dtype, device: x.device }, rank = x.shape.length;
  if (rank < 2 || !isFloat(x.dtype)) return ones(x.shape, like);
  return expand(eye(x.shape[rank - 2], x.shape[rank - 1], like), x.shape);
}

/** What the result of a call is. */
type Form = Pick<CallAttrs, "shape" | "dtype" | "device">;

/** The node of a call. Its gradient is another call that waits. */
function later(xs: readonly Tensor[], { shape, dtype, device }: Form, call: CallAttrs["call"]): Tensor {
  const slope: CallAttrs["slope"] = (g, own, argument) =>
    later([g, ...own], own[argument], (cotangent, ...ys) => {
      const along = (z: Tensor) => call(...ys.map((y, i) => i === argument ? z : y));
      return pull(along, ys[argument], cotangent) ?? zerosLike(ys[argument]);
    });
  return apply(callPrim, xs, { shape, dtype, device, call, slope });
}

/** What `x.to(device)` will give, once x has a value. */
export function moving(x: Tensor, device: DeviceName): Tensor {
  const { shape, dtype } = x;
  return apply(callPrim, [x], {
    shape,
    dtype,
    device,
    call: (y) => y.to(device),
    slope: (g) => g.to(x.device),
  });
}

/** What `call(...xs)` will give, once the `xs` have values. The form of the result is that of an example. */
export function waiting<Y extends Tree>(xs: readonly Tensor[], call: (...xs: readonly Tensor[]) => Y): Y {
  const form = withoutReading("", () => call(...xs.map(example)));
  let next = 0;
  return mapTree(form, (part) => {
    const i = next++;
    return later(xs, part, (...ys) => flattenTree(call(...ys))[i]);
  });
}

/**
 * Building nodes. Every operation ends here.
 *
 * @module
 */
import type { DeviceName } from "./device.ts";
import { isFloat } from "./dtype.ts";
import { DeviceError } from "./errors.ts";
import { trackMask } from "./grad_mode.ts";
import { aliasPrim } from "./prim/source.ts";
import type { Primitive } from "./prim/primitive.ts";
import { Tensor } from "./tensor.ts";

/** The node that applies `prim` to `xs`. Nothing is computed. */
export function apply<A>(prim: Primitive<A>, xs: readonly Tensor[], attrs: A): Tensor {
  const n = xs.length;
  const inputs = new Array<Tensor>(n);
  let track = 0;
  const device = xs[0].device;
  for (let i = 0; i < n; i++) {
    const x = xs[i].value;
    if (x.device !== device && prim.anyDevice !== true) throw mixedDevices(prim.name, device, x.device);
    if (x.owner !== null) x.uses++;
    track |= x.track;
    inputs[i] = x;
  }
  const { shape, dtype } = prim.infer(inputs, attrs);
  if (track !== 0) track = isFloat(dtype) ? track & trackMask() : 0;
  const there = prim.deviceOf?.(attrs) ?? device;
  return new Tensor({ prim: prim as Primitive<never>, inputs, attrs, shape, dtype, device: there, track });
}

/** A node without arguments. */
export function source<A>(prim: Primitive<A>, attrs: A, device: DeviceName): Tensor {
  const { shape, dtype } = prim.infer([], attrs);
  return new Tensor({ prim: prim as Primitive<never>, inputs: [], attrs, shape, dtype, device, track: 0 });
}

/**
 * Names the operation for `grad_fn=<AddBackward0>`: `Add`, or with another number `SumBackward1`. A composed operation calls it on its result; one
 * that may give back its argument as it is says so with `from`: the argument keeps its own name, and what has another is a view of it.
 */
export function named(torchName: string, result: Tensor, from?: Tensor): Tensor {
  if (result.track === 0) return result;
  if (result === from?.value) return named(torchName, apply(aliasPrim, [result], undefined));
  if (result.storage === null) result.opName = torchName;
  return result;
}

/** What operands on two devices are refused with. */
export function mixedDevices(op: string, a: DeviceName, b: DeviceName): DeviceError {
  return new DeviceError(
    `Expected all tensors to be on the same device, but found at least two devices, ${a} and ${b}! in ${op}; move one with .to("${a}")`,
  );
}

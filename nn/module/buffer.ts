/**
 * Buffers that are fields: a tensor that a module keeps as part of its state, without learning it.
 *
 * @module
 */
import { ValueError } from "../../core/errors.ts";
import { type Alone, optionsOf } from "../../core/ops/arguments.ts";
import { checkOptions } from "../../core/ops/options.ts";
import { Tensor } from "../../core/tensor.ts";
import type { BufferOptions } from "./options.ts";

/** Tensors that become buffers where they are fields, and whether they are part of the state dict. */
const persistence = new WeakMap<object, boolean>();

/** Whether a tensor that is to be a buffer is part of the state dict; undefined for what is no such tensor. */
export function persistenceOf(value: unknown): boolean | undefined {
  return value instanceof Tensor ? persistence.get(value) : undefined;
}

/** The constructor of Buffer. */
export interface BufferConstructor {
  /** Takes the tensor; one that is not persistent is left out of the state dict: `{ persistent: false }`, or false alone. */
  new (data: Tensor, options?: Alone<"persistent", BufferOptions>): Tensor;
  /** What tensors have. */
  readonly prototype: Tensor;
}

/**
 * A tensor that becomes a buffer of the module whose field it is: `registerBuffer` without its name, for TypeScript to know. What is assigned to the
 * field later is the buffer, too. `torch.nn.Buffer`.
 *
 * @example
 * ```ts
 * import { nn, ones, type Tensor } from "@tenon/tenon";
 * class Shift extends nn.Module {
 *   offset = new nn.Buffer(ones([2]));
 *   override forward(x: Tensor): Tensor {
 *     return x.add(this.offset);
 *   }
 * }
 * console.log(Object.keys(new Shift().stateDict())); // [ "offset" ]
 * ```
 */
export const Buffer: BufferConstructor = class Buffer {
  constructor(data: Tensor, given: Alone<"persistent", BufferOptions> = {}) {
    const options = optionsOf<BufferOptions, "persistent">("persistent", given);
    checkOptions("Buffer", options, { persistent: "boolean" });
    if (!(data instanceof Tensor)) {
      throw new ValueError("Buffer(): expected a tensor; wrap numbers in tensor(...)");
    }
    const buffer = data.detach();
    persistence.set(buffer, options.persistent ?? true);
    return buffer;
  }

  static [Symbol.hasInstance](value: unknown): boolean {
    return persistenceOf(value) !== undefined;
  }
} as BufferConstructor;

/**
 * Copies of modules that share nothing with the original.
 *
 * @module
 */
import { ValueError } from "../../core/errors.ts";
import { isRecord } from "../../core/ops/options.ts";
import { copyFields, isModule, typeText } from "./fields.ts";
import { Module } from "./module.ts";
import { Parameter } from "./parameter.ts";
import { UninitializedParameter } from "./uninitialized.ts";

function copyParameter(p: Parameter): Parameter {
  const { requiresGrad, dtype, device } = p;
  if (p instanceof UninitializedParameter) return new UninitializedParameter({ requiresGrad, dtype, device });
  const copy = new Parameter(p.data, { requiresGrad });
  if (p.gradCell !== null && !p.gradCell.lost) copy.grad = p.gradCell.value;
  return copy;
}

/**
 * A copy of a module with parameters of its own: what is shared within it is shared within the copy. Buffers are immutable and need no
 * copying; arrays and records among the fields are copied, other objects are taken over. Python's `copy.deepcopy(module)`.
 *
 * A class that keeps things in `#private` fields cannot be copied: the language hides them from everyone else.
 *
 * @example
 * ```ts
 * import { nn } from "@tenon/tenon";
 * const layer = new nn.Linear(2, 2);
 * const copy = nn.deepcopy(layer);
 * nn.init.zeros_(copy.weight);
 * console.log(layer.weight.abs().sum().item() > 0); // true
 * ```
 */
export function deepcopy<M extends Module>(module: M): M {
  if (!isModule(module)) throw new ValueError(`deepcopy: expected a module, but got ${typeText(module)}`);
  const known = new Map<unknown, unknown>();
  const remembered = <T>(original: T, copy: T): T => {
    known.set(original, copy);
    return copy;
  };
  const copyOf = (value: unknown): unknown => {
    if (known.has(value)) return known.get(value);
    if (value instanceof Parameter) return remembered(value, copyParameter(value));
    if (isModule(value)) return copyModule(value);
    if (Array.isArray(value)) return value.map(copyOf);
    if (isRecord(value)) {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copyOf(item)]));
    }
    return value;
  };
  const copyModule = <T extends Module>(original: T): T => {
    // Only Module's own constructor runs: the subclass's would make new parameters, from arguments that nobody knows.
    const copy: T = Reflect.construct(Module, [], original.constructor);
    remembered(original, copy);
    copyFields(original, copy, copyOf);
    return copy;
  };
  return copyModule(module);
}

/**
 * Pruning: parameters of which some elements are kept at zero by a mask. Which ones is in pruning_methods.ts.
 *
 * @module
 */
import { ShapeError, ValueError } from "../../core/errors.ts";
import { noGrad } from "../../core/grad_mode.ts";
import { type Given, inOrder } from "../../core/ops/arguments.ts";
import { onesLike } from "../../core/ops/create.ts";
import { mul } from "../../core/ops/elementwise.ts";
import { checkCall, checkKind, checkOptions } from "../../core/ops/options.ts";
import { narrow, reshape } from "../../core/ops/view.ts";
import { cat } from "../../core/ops/join.ts";
import { sameShape, sizeOf } from "../../core/shape.ts";
import { Tensor } from "../../core/tensor.ts";
import { className, isModule, removeField, setField, stateOf, typeText } from "../module/fields.ts";
import type { ForwardPreHook } from "../module/hooks.ts";
import type { Module } from "../module/module.ts";
import { Parameter } from "../module/parameter.ts";
import {
  BasePruningMethod,
  combinedMask,
  CustomFromMask,
  Identity,
  L1Unstructured,
  LnStructured,
  RandomStructured,
  RandomUnstructured,
} from "./pruning_methods.ts";

export {
  BasePruningMethod,
  CustomFromMask,
  Identity,
  L1Unstructured,
  LnStructured,
  PruningContainer,
  type PruningType,
  RandomStructured,
  RandomUnstructured,
} from "./pruning_methods.ts";

/** Options of pruning by importance. */
export interface PruneOptions {
  /** How much each element matters; the parameter itself when not given. */
  readonly importanceScores?: Tensor;
}

/** The hooks that prune, and the name of the parameter of each. Copies of a module have the same hooks. */
const pruning = new WeakMap<ForwardPreHook, string>();

function checkModule(op: string, module: unknown): void {
  if (!isModule(module)) throw new ValueError(`${op}: expected a module, but got ${typeText(module)}`);
}

function hookOf(module: Module, name: string): ForwardPreHook | undefined {
  return stateOf(module).hooks.before.all.find((hook) => pruning.get(hook) === name);
}

function pruned(module: Module, name: string): Tensor {
  const original = module.getParameter(`${name}_orig`);
  const left = mul(module.getBuffer(`${name}_mask`).to(original.dtype), original);
  // To be read after an optimizer step, too, which overwrites what it is made of.
  left.value.kept = true;
  return left;
}

/**
 * Prunes a parameter by a method: it becomes `name_orig`, and `name` is what the buffer `name_mask` leaves of it, made anew before each
 * call. A parameter that is pruned already loses more. Returns the module. `BasePruningMethod.apply`.
 *
 * @throws {ValueError} when there is no such parameter
 * @throws {ShapeError} when the scores have another shape
 */
export function applyPruning<M extends Module>(
  module: M,
  name: string,
  method: BasePruningMethod,
  options: PruneOptions = {},
): M {
  checkModule("prune", module);
  checkOptions("prune", options, { importanceScores: "tensor" });
  const before: unknown = Reflect.get(module, name), known = hookOf(module, name) !== undefined;
  if (!(before instanceof Tensor) || !(known || before instanceof Parameter)) {
    throw new ValueError(`prune: ${className(module)} has no parameter '${name}'`);
  }
  const scores = options.importanceScores ?? before;
  if (!sameShape(scores.shape, before.shape)) {
    throw new ShapeError(
      `importance_scores should have the same shape as parameter ${name} of ${className(module)}: got [${
        scores.shape.join(", ")
      }], not [${before.shape.join(", ")}]`,
    );
  }
  const mask = noGrad(() =>
    known
      ? combinedMask(method, scores, module.getBuffer(`${name}_mask`))
      : method.computeMask(scores, onesLike(before))
  ).detach();
  if (before instanceof Parameter) {
    removeField(module, name);
    module.registerParameter(`${name}_orig`, before);
    const hook: ForwardPreHook = (m) => void Reflect.set(m, name, pruned(m, name));
    pruning.set(hook, name);
    module.registerForwardPreHook(hook);
  }
  setField(module, `${name}_mask`, mask, "buffer");
  Reflect.set(module, name, pruned(module, name));
  return module;
}

/** The name of a parameter and what a method needs, R, which N has by name; then options O. */
export type PruneArguments<R extends readonly unknown[], N, O = unknown> = Given<
  [name: string, ...R],
  [],
  { name: string } & N,
  O
>;

/** Prepares a parameter for pruning with a mask of ones. `torch.nn.utils.prune.identity`. */
export function identity<M extends Module>(module: M, ...given: PruneArguments<[], unknown>): M {
  const [name] = inOrder<[string]>("identity", ["name"], 1, given);
  return applyPruning(module, name, new Identity());
}

/**
 * Prunes elements at random, a number of them or a share. `torch.nn.utils.prune.random_unstructured`.
 *
 * @example
 * ```ts
 * import { nn } from "@tenon/tenon";
 * const layer = new nn.Linear(4, 4);
 * nn.utils.prune.randomUnstructured(layer, "weight", 0.25);
 * console.log(layer.weight.eq(0).sum().item(), Object.keys(layer.stateDict())); // 4 [ "bias", "weight_orig", "weight_mask" ]
 * ```
 */
export function randomUnstructured<M extends Module>(
  module: M,
  ...given: PruneArguments<[amount: number], { amount: number }>
): M {
  const [name, amount] = inOrder<[string, number]>("randomUnstructured", ["name", "amount"], 2, given);
  return applyPruning(module, name, new RandomUnstructured(amount));
}

/**
 * Prunes the elements of the smallest magnitude, a number of them (an amount that is whole) or a share.
 * `torch.nn.utils.prune.l1_unstructured`.
 *
 * @example
 * ```ts
 * import { nn } from "@tenon/tenon";
 * const layer = nn.utils.prune.l1Unstructured(new nn.Linear(4, 2), "weight", 0.25);
 * console.log(Object.keys(layer.stateDict())); // [ "bias", "weight_orig", "weight_mask" ]
 * console.log(layer.weight.eq(0).sum().item()); // 2
 * ```
 */
export function l1Unstructured<M extends Module>(
  module: M,
  ...given: PruneArguments<[amount: number], { amount: number }, PruneOptions>
): M {
  const [name, amount, options] = inOrder<[string, number, PruneOptions?]>(
    "l1Unstructured",
    ["name", "amount"],
    2,
    given,
    true,
  );
  return applyPruning(module, name, new L1Unstructured(amount), options);
}

/** Prunes channels at random. `torch.nn.utils.prune.random_structured`. */
export function randomStructured<M extends Module>(
  module: M,
  ...given: PruneArguments<[amount: number, dim: number], { amount: number; dim: number }>
): M {
  const names = ["name", "amount", "dim"];
  const [name, amount, dim] = inOrder<[string, number, number]>("randomStructured", names, 3, given);
  return applyPruning(module, name, new RandomStructured(amount, dim));
}

/** Prunes the channels of the smallest n-norm. `torch.nn.utils.prune.ln_structured`. */
export function lnStructured<M extends Module>(
  module: M,
  ...given: PruneArguments<
    [amount: number, n: number, dim: number],
    { amount: number; n: number; dim: number },
    PruneOptions
  >
): M {
  const [name, amount, n, dim, options] = inOrder<[string, number, number, number, PruneOptions?]>(
    "lnStructured",
    ["name", "amount", "n", "dim"],
    4,
    given,
    true,
  );
  return applyPruning(module, name, new LnStructured(amount, n, dim), options);
}

/** Prunes by a mask that is given. `torch.nn.utils.prune.custom_from_mask`. */
export function customFromMask<M extends Module>(
  module: M,
  ...given: PruneArguments<[mask: Tensor], { mask: Tensor }>
): M {
  const [name, mask] = inOrder<[string, Tensor]>("customFromMask", ["name", "mask"], 2, given);
  checkCall("customFromMask", [mask]);
  return applyPruning(module, name, new CustomFromMask(mask));
}

/** The class of a method that prunes an amount. */
export type GlobalMethod = new (amount: number) => BasePruningMethod;

/**
 * Prunes several parameters together: the method chooses among the elements of all. It is a method, or its class, and the amount by name:
 * `globalUnstructured(parameters, { pruningMethod: L1Unstructured, amount: 0.2 })`. `torch.nn.utils.prune.global_unstructured`.
 *
 * @throws {ValueError} when the method chooses channels
 */
export function globalUnstructured(
  parameters: Iterable<readonly [module: Module, name: string]>,
  ...given: Given<
    [pruningMethod: BasePruningMethod | GlobalMethod],
    [],
    { pruningMethod: BasePruningMethod | GlobalMethod },
    { readonly amount?: number }
  >
): void {
  checkKind("globalUnstructured", "parameters", parameters ?? null, "iterable");
  const [asked, { amount = 0 } = {}] = inOrder<
    [BasePruningMethod | GlobalMethod, { readonly amount?: number }?]
  >("globalUnstructured", ["pruningMethod"], 1, given, true);
  const method = typeof asked === "function" ? new asked(amount) : asked;
  if (!(method instanceof BasePruningMethod)) {
    throw new ValueError("globalUnstructured: expected a pruning method, such as new L1Unstructured(4)");
  }
  if (method.pruningType !== "unstructured") {
    throw new ValueError(
      `Only "unstructured" PRUNING_TYPE supported for the \`pruning_method\`. Found method ${method.constructor.name} of type ${method.pruningType}`,
    );
  }
  const list = [...parameters];
  const tensors = list.map(([module, name]) => Reflect.get(module, name) as Tensor);
  checkCall("globalUnstructured", tensors);
  const masks = list.map(([module, name], i) =>
    hookOf(module, name) === undefined ? onesLike(tensors[i]) : module.getBuffer(`${name}_mask`)
  );
  const flat = (xs: readonly Tensor[]) => cat(xs.map((x) => reshape(x, [-1])), 0);
  const mask = noGrad(() => combinedMask(method, flat(tensors), flat(masks)));
  let start = 0;
  list.forEach(([module, name], i) => {
    const size = sizeOf(tensors[i].shape);
    customFromMask(module, name, reshape(narrow(mask, 0, start, size), tensors[i].shape));
    start += size;
  });
}

/** Makes the pruning of a parameter last: it is a parameter again, with zeros. Returns the module. `torch.nn.utils.prune.remove`. */
export function remove<M extends Module>(module: M, name: string): M {
  checkModule("remove", module);
  const hook = hookOf(module, name);
  if (hook === undefined) {
    throw new ValueError(
      `Parameter '${name}' of module ${module} has to be pruned before pruning can be removed`,
    );
  }
  stateOf(module).hooks.before.take(hook);
  const original = module.getParameter(`${name}_orig`), value = noGrad(() => pruned(module, name)).detach();
  for (const field of [name, `${name}_orig`, `${name}_mask`]) removeField(module, field);
  original.data = value;
  module.registerParameter(name, original);
  return module;
}

/** Whether a module, or one below it, has pruned parameters. `torch.nn.utils.prune.is_pruned`. */
export function isPruned(module: Module): boolean {
  checkModule("isPruned", module);
  return module.modules().some((m) => stateOf(m).hooks.before.all.some((hook) => pruning.has(hook)));
}

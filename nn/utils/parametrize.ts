/**
 * Parametrizations: a parameter as a function of others, computed anew whenever it is used.
 *
 * @module
 */
import { DTypeError, ShapeError, ValueError } from "../../core/errors.ts";
import { noGrad } from "../../core/grad_mode.ts";
import { requireKind } from "../../core/ops/options.ts";
import { sameShape, torchSize } from "../../core/shape.ts";
import { Tensor } from "../../core/tensor.ts";
import { ModuleDict, ModuleList } from "../containers.ts";
import { className, isModule, removeField } from "../module/fields.ts";
import type { Module } from "../module/module.ts";
import { Parameter } from "../module/parameter.ts";

/** From a tensor (or several) to the tensor that a module uses; `rightInverse` finds a tensor that is mapped to a given one. */
export type Parametrization = Module & ((...originals: Tensor[]) => Tensor) & {
  /** A tensor, or several, that `forward` maps to x. */
  rightInverse?(x: Tensor): Tensor | readonly Tensor[];
};

/** The parametrizations of one tensor, and what they start from. `torch.nn.utils.parametrize.ParametrizationList`. */
export class ParametrizationList extends ModuleList<Parametrization> {
  /** The names of the tensors that the first parametrization is given. */
  private originals: readonly string[] = [];

  /** Starts from a tensor, or from what the parametrization maps to it. */
  constructor(parametrization: Parametrization, original: Parameter) {
    super([parametrization]);
    const start = noGrad(() => parametrization.rightInverse?.(original) ?? original);
    const list = start instanceof Tensor ? [start] : start;
    this.originals = list.map((_, i) => start instanceof Tensor ? "original" : `original${i}`);
    list.forEach((x, i) => {
      const { requiresGrad } = original;
      // One tensor stays the parameter that it was, so that optimizers go on knowing it.
      if (start instanceof Tensor) original.data = x.detach();
      this.registerParameter(
        this.originals[i],
        start instanceof Tensor ? original : new Parameter(x.detach(), { requiresGrad }),
      );
    });
  }

  /** The parametrized tensor. */
  value(): Tensor {
    const [first, ...rest] = this;
    let x = first(...this.originals.map((name) => this.getParameter(name)));
    for (const parametrization of rest) x = parametrization(x);
    return x;
  }

  /** Takes the originals of another list, which are the same parameters from then on. */
  share(other: ParametrizationList): void {
    for (const name of other.originals) this.registerParameter(name, other.getParameter(name));
  }

  /** Sets the originals so that the parametrized tensor is x. */
  setValue(x: Tensor): void {
    const found = noGrad(() =>
      [...this].reverse().reduce((value: Tensor | readonly Tensor[], parametrization) => {
        if (parametrization.rightInverse === undefined) {
          throw new ValueError(
            `parametrization ${className(parametrization)} does not implement rightInverse.`,
          );
        }
        return parametrization.rightInverse(value as Tensor);
      }, x)
    );
    const list = found instanceof Tensor ? [found] : found;
    list.forEach((value, i) => this.getParameter(this.originals[i]).data = value.detach());
  }

  /** The original, when there is one alone. */
  single(): Parameter | null {
    return this.originals.length === 1 && this.originals[0] === "original"
      ? this.getParameter("original")
      : null;
  }
}

/** The list of a parametrized tensor. */
function listOf(module: Module, name: string): ParametrizationList | null {
  const all: unknown = Reflect.get(module, "parametrizations");
  if (!(all instanceof ModuleDict) || !all.has(name)) return null;
  const list: unknown = all.get(name);
  return list instanceof ParametrizationList ? list : null;
}

/** Whether a module has parametrized tensors, or one of a name. `torch.nn.utils.parametrize.is_parametrized`. */
export function isParametrized(module: Module, name?: string): boolean {
  if (name !== undefined) return listOf(module, name) !== null;
  const all: unknown = Reflect.get(module, "parametrizations");
  return all instanceof ModuleDict && all.length > 0;
}

function check(module: Module, name: string, before: Tensor): void {
  const list = listOf(module, name) as ParametrizationList;
  const after = noGrad(() => list.value());
  if (!(after instanceof Tensor)) {
    throw new ValueError(`A parametrization must return a tensor. Got ${typeof after}.`);
  }
  if (after.dtype !== before.dtype) {
    throw new DTypeError(
      `Registering a parametrization may not change the dtype of the tensor: it was ${before.dtype} and became ${after.dtype}`,
    );
  }
  if (!sameShape(after.shape, before.shape)) {
    throw new ShapeError(
      `Registering a parametrization may not change the shape of the tensor: it was ${
        torchSize(before.shape)
      } and became ${torchSize(after.shape)}`,
    );
  }
}

/**
 * Makes a module's parameter a function of itself: from now on `module[name]` is what the parametrization makes of the original, which
 * stays a parameter, as `parametrizations.<name>.original`. Several on one name are applied in order. Returns the module.
 * `torch.nn.utils.parametrize.register_parametrization`.
 *
 * @throws {ShapeError} when the shape changes
 * @throws {DTypeError} when the dtype changes
 * @example
 * ```ts
 * import { nn, type Tensor } from "@tenon/tenon";
 * class Symmetric extends nn.Module {
 *   override forward(x: Tensor): Tensor {
 *     return x.triu().add(x.triu(1).t());
 *   }
 * }
 * const layer = nn.utils.parametrize.registerParametrization(new nn.Linear(3, 3), "weight", new Symmetric());
 * console.log(layer.weight.equal(layer.weight.t())); // true
 * ```
 */
export function registerParametrization<M extends Module>(
  module: M,
  name: string,
  parametrization: Parametrization,
): M {
  if (!isModule(parametrization)) {
    throw new ValueError(
      `registerParametrization: the parametrization must be a module, got ${typeof parametrization}`,
    );
  }
  const known = listOf(module, name);
  const before: unknown = Reflect.get(module, name);
  if (known !== null && before instanceof Tensor) {
    const target = before.detach();
    known.append(parametrization);
    if (parametrization.rightInverse !== undefined) known.setValue(target);
    check(module, name, target);
    return module;
  }
  if (!(before instanceof Parameter)) {
    throw new ValueError(
      `Module '${
        className(module)
      }' does not have a parameter, a buffer, or a parametrized element with name '${name}'`,
    );
  }
  const shown = before.data;
  const list = new ParametrizationList(parametrization, before);
  if (!isParametrized(module)) {
    module.registerModule("parametrizations", new ModuleDict());
    rename(module, `Parametrized${className(module)}`);
  }
  (Reflect.get(module, "parametrizations") as ModuleDict<ParametrizationList>).set(name, list);
  removeField(module, name);
  Object.defineProperty(module, name, {
    get(this: Module) {
      return current(listOf(this, name));
    },
    set(this: Module, x: Tensor) {
      const list = listOf(this, name);
      list?.setValue(x);
      if (list !== null) kept?.delete(list);
    },
    configurable: true,
  });
  check(module, name, shown);
  return module;
}

/** Gives a module a class of its own, derived from the one it has. Only its name and prototype are ever used. */
function rename(module: Module, name: string): void {
  const constructor = function () {};
  const prototype: object = Object.create(Object.getPrototypeOf(module), {
    constructor: { value: constructor },
  });
  Object.defineProperties(constructor, { name: { value: name }, prototype: { value: prototype } });
  Object.setPrototypeOf(module, prototype);
}

/** The parametrized tensors of a run of `cached`; null outside. */
let kept: Map<ParametrizationList, Tensor> | null = null;

function current(list: ParametrizationList | null): Tensor | undefined {
  if (list === null || kept === null) return list?.value();
  const known = kept.get(list);
  if (known !== undefined) return known;
  const value = list.value();
  kept.set(list, value);
  return value;
}

/**
 * Runs `fn`, inside of which each parametrized tensor is computed once, at its first use, and is the same tensor from then on. For layers
 * that use theirs often, such as recurrent ones. Synchronous functions only. `torch.nn.utils.parametrize.cached`.
 */
export function cached<T>(fn: () => T): T {
  requireKind("cached", "fn", fn, "function");
  const before = kept;
  kept ??= new Map();
  try {
    return fn();
  } finally {
    kept = before;
  }
}

/** The class that a module had before it got parametrizations. `torch.nn.utils.parametrize.type_before_parametrizations`. */
export function typeBeforeParametrizations(module: Module): abstract new (...settings: never[]) => Module {
  const own: object = Object.getPrototypeOf(module);
  return (isParametrized(module) ? Object.getPrototypeOf(own) : own).constructor;
}

/**
 * Gives a module the parametrizations of another one (of all its tensors, or of the one named), which share their originals from then on. Where
 * the module has no parameter of a name, it gets one. Returns the module. `torch.nn.utils.parametrize.transfer_parametrizations_and_params`.
 */
export function transferParametrizationsAndParams<M extends Module>(
  from: Module,
  to: M,
  name?: string | null,
): M {
  if (!isParametrized(from, name ?? undefined)) {
    throw new ValueError(`Module ${from} does not have a parametrization${name ? ` on ${name}` : ""}`);
  }
  const all = Reflect.get(from, "parametrizations") as ModuleDict<ParametrizationList>;
  for (const key of name ? [name] : all.keys()) {
    const list = all.get(key) as ParametrizationList;
    if (Reflect.get(to, key) === undefined) {
      to.registerParameter(
        key,
        new Parameter(noGrad(() => list.value())),
      );
    }
    for (const parametrization of list) registerParametrization(to, key, parametrization);
    (listOf(to, key) as ParametrizationList).share(list);
  }
  return to;
}

/**
 * Takes the parametrizations of a name off; the parameter keeps the value they gave it, or with `leaveParametrized` false the original.
 * Returns the module. `torch.nn.utils.parametrize.remove_parametrizations`.
 */
export function removeParametrizations<M extends Module>(
  module: M,
  name: string,
  leaveParametrized = true,
): M {
  const list = listOf(module, name);
  if (list === null) {
    throw new ValueError(`Module ${module} does not have a parametrization on ${name}`);
  }
  const original = list.single();
  if (!leaveParametrized && original === null) {
    throw new ValueError(
      `Cannot leave unparametrized (\`leave_parametrized=False\`) a tensor that is parametrized in terms of a sequence of tensors: ${name}`,
    );
  }
  const parameter = original ?? new Parameter(noGrad(() => list.value()));
  if (leaveParametrized) parameter.data = noGrad(() => list.value()).detach();
  const all = Reflect.get(module, "parametrizations") as ModuleDict<ParametrizationList>;
  all.pop(name);
  Reflect.deleteProperty(module, name);
  module.registerParameter(name, parameter);
  if (all.length === 0) {
    removeField(module, "parametrizations");
    Object.setPrototypeOf(module, Object.getPrototypeOf(Object.getPrototypeOf(module)));
  }
  return module;
}

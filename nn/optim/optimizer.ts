/**
 * The base of all optimizers: parameter groups, and the step that evaluates backward, update and loss as one set. What is kept of each parameter
 * is in state.ts.
 *
 * @module
 */
import type { DeviceName } from "../../core/device.ts";
import type { DType } from "../../core/dtype.ts";
import { ShapeError, ValueError } from "../../core/errors.ts";
import { evaluate } from "../../core/evaluate.ts";
import { followed, noGrad } from "../../core/grad_mode.ts";
import { answerSpelling, snake } from "../../core/habits.ts";
import { full, tensor } from "../../core/ops/create.ts";
import { type Alone, type Given, needed, optionsOf, settingsOf } from "../../core/ops/arguments.ts";
import { checkOptions, type Kind, type Kinds } from "../../core/ops/options.ts";
import { Tensor } from "../../core/tensor.ts";
import { takePending } from "../../core/transform/backward.ts";
import { typeText } from "../module/fields.ts";
import type { ZeroGradOptions } from "../module/options.ts";
import { Parameter } from "../module/parameter.ts";
import { flag, float, number, tuple } from "../module/repr.ts";
import {
  type OptimizerStateDict,
  type ParameterState,
  readStateDict,
  stateDictOf,
  type StateValue,
  tensorOf,
} from "./state.ts";

/** Settings that change nothing here, or have one value; they are part of texts and state dicts. */
export interface FixedSettings {
  /** How a step is made: it is one set of kernels, whatever is asked for. */
  foreach?: boolean | null;
  /** How a step is made: it is one set of kernels, whatever is asked for. */
  fused?: boolean | null;
  /** Steps are not recorded in a graph of the device. */
  capturable?: false;
  /** Steps have no gradient; `nn.functionalCall` and `grad` make steps that have one. */
  differentiable?: false;
}

/** Parameters with settings of their own. */
export type ParameterGroup<S> = S & FixedSettings & { params: Parameter[] };

/** Settings by name. */
export type Settings<S> = Partial<S> & FixedSettings;

/** What an optimizer is given: parameters, named parameters, or groups. */
export type ParametersOrGroups<S> =
  | Iterable<Parameter | readonly [name: string, parameter: Parameter]>
  | Iterable<Settings<S> & { readonly params: Iterable<Parameter> | Parameter }>;

/**
 * What the constructor of an optimizer is given: parameters or groups, then settings: those in the list K by position, in its order, and all of
 * them by name.
 */
export type OptimizerArguments<S, K extends readonly (keyof S)[]> = Given<
  [params: ParametersOrGroups<S>],
  { -readonly [I in keyof K]: S[K[I]] },
  S & { readonly params: ParametersOrGroups<S> },
  FixedSettings
>;

/** The new value of a parameter and its new state. */
export interface Update {
  /** What the parameter becomes. */
  readonly value: Tensor;
  /** What is kept of it. */
  readonly state: ParameterState;
}

/** The settings of an optimizer that is told none; of SGD, no learning rate. */
export type Usual<S extends { lr: number }> =
  & Omit<S, "lr">
  & FixedSettings
  & { readonly lr: number | undefined };

/** Settings that say how a step is made. Where an optimizer has no usual value for one, it is part of a group that is given it. */
const switches: Readonly<Record<keyof FixedSettings, Kind>> = {
  foreach: "boolean?",
  fused: "boolean?",
  capturable: "boolean",
  differentiable: "boolean",
};

/** What a setting holds, by its usual value; switches may have none. */
function kindOf(name: string, value: unknown): Kind {
  return Array.isArray(value)
    ? "numbers"
    : typeof value === "number" || name === "lr"
    ? "number"
    : value === null
    ? "string?"
    : "boolean";
}

/** What the settings of an optimizer hold. */
function kindsOf(defaults: object): Readonly<Record<string, Kind>> {
  const own = Object.entries(defaults).map(([key, value]) => [key, kindOf(key, value)]);
  return { ...Object.fromEntries(own), ...switches };
}

/** The parameters, the usual settings, and those that are given instead: by position in the order of `names`, and by name. */
export function optimizerArguments<S extends { lr: number }>(
  op: string,
  given: readonly unknown[],
  defaults: Usual<S>,
  names: readonly (keyof S & string)[],
): [params: ParametersOrGroups<S>, defaults: Usual<S>, settings: Settings<S>] {
  type Found = Settings<S> & { readonly params?: ParametersOrGroups<S> };
  const kinds = kindsOf(defaults), first = ["params", ...names];
  const ordered = Object.fromEntries([...first, ...Object.keys(kinds)].map((n) => [n, kinds[n] ?? "any"]));
  const found = settingsOf<Found>(op, given, ordered as Kinds<Found>, first.length);
  const params = needed(op, found, "params");
  const { params: _, ...settings } = found;
  return [params, defaults, settings as Settings<S>];
}

/** Settings of the known names, without those that are undefined. */
function known<T extends object>(settings: T, kinds: object): Partial<T> {
  const found = Object.entries(settings).filter(([key, value]) =>
    value !== undefined && Object.hasOwn(kinds, key)
  );
  return Object.fromEntries(found) as Partial<T>;
}

/** The base of all optimizers; S are the settings of a group. Any of them is an `Optimizer`. `torch.optim.Optimizer`. */
export abstract class Optimizer<S extends { lr: number } = { lr: number }> {
  /** The groups; their settings may be changed between steps. */
  readonly paramGroups: ParameterGroup<S>[] = [];
  /** State by parameter. */
  readonly state: Map<Parameter, ParameterState> = new Map();
  /** How often `step` was called; schedulers look at it. @internal */
  stepCount = 0;
  /** Settings of groups that say nothing else. */
  readonly defaults: S & FixedSettings;
  /** What the settings hold. */
  private readonly kinds: Readonly<Record<string, Kind>>;
  private readonly scalars = new Map<string, Tensor>();

  /** Takes parameters or groups, the usual settings, and those that were given instead. */
  constructor(params: ParametersOrGroups<S>, defaults: Usual<S>, settings: Settings<S> = {}) {
    const name = this.constructor.name;
    this.kinds = kindsOf(defaults);
    checkOptions<object>(name, settings, this.kinds);
    this.defaults = { ...known(defaults, this.kinds), ...known(settings, this.kinds) } as S & FixedSettings;
    if (this.defaults.lr !== undefined) this.check(this.defaults);
    if (typeof (params as { [Symbol.iterator]?: unknown } | undefined)?.[Symbol.iterator] !== "function") {
      throw new ValueError(`${name}: expected parameters or groups { params: [...] }; pass net.parameters()`);
    }
    // The names of named parameters play no part.
    const list = [...params].map((entry) => Array.isArray(entry) && entry.length === 2 ? entry[1] : entry);
    if (list.length === 0) {
      throw new ValueError(
        `optimizer got an empty parameter list, in ${name}: modules find parameters and layers in fields, not in plain arrays, records ` +
          "and #private fields; nn.ModuleList and nn.ModuleDict hold several",
      );
    }
    const plain = list.filter((p): p is Parameter => p instanceof Parameter);
    if (plain.length === list.length) {
      this.addParamGroup({ params: plain } as Settings<S> & { params: Parameter[] });
    } else {
      for (const group of list) {
        if (group instanceof Tensor && !(group instanceof Parameter)) throw notAParameter(group, name);
        if (group instanceof Parameter || typeof group !== "object" || !("params" in group)) {
          throw new ValueError(
            `${name}: expected parameters or groups { params: [...] }, but got ${
              group instanceof Parameter ? "a mixture of both" : typeof group
            }; pass net.parameters()`,
          );
        }
        this.addParamGroup(group);
      }
    }
  }

  /** Adds a group of parameters with settings of its own. */
  addParamGroup(group: Settings<S> & { readonly params: Iterable<Parameter> | Parameter }): void {
    // A tensor can be iterated, but its rows are not parameters.
    const list: Iterable<Parameter> | Parameter = group.params;
    const params = list instanceof Parameter ? [list] : [...list];
    const taken = new Set(this.paramGroups.flatMap((g) => g.params));
    for (const p of params) {
      if (!(p instanceof Parameter)) throw notAParameter(p, this.constructor.name);
      if (taken.has(p)) throw new ValueError("some parameters appear in more than one parameter group");
      taken.add(p);
    }
    // A scheduler of an earlier run leaves the first learning rate in a group.
    const kinds = { params: "any", initialLr: "number", ...this.kinds } as const;
    checkOptions<object>(`${this.constructor.name}.addParamGroup`, group, kinds);
    const full = { ...this.defaults, ...known(group, kinds), params } as ParameterGroup<S>;
    if (full.lr === undefined) {
      throw new ValueError(
        `parameter group didn't specify a value of required optimization parameter lr, in ${this.constructor.name}; pass { lr: ... }`,
      );
    }
    for (const name of ["capturable", "differentiable"] as const) {
      if (!full[name]) continue;
      const instead = name === "capturable"
        ? "compile() keeps the plan of a whole step"
        : "nn.functionalCall and grad make steps that can be differentiated";
      throw new ValueError(`${this.constructor.name}: '${name}' can only be false here; ${instead}`);
    }
    this.check(full);
    this.paramGroups.push(full);
  }

  /** State that is a number here and a tensor of one element in PyTorch. */
  protected get counts(): readonly string[] {
    return ["step"];
  }

  /** Refuses settings that make no sense. */
  protected abstract check(settings: S): void;

  /** The new value and state of a parameter, as lazy expressions. `state` is empty at the first step. */
  protected abstract update(p: Tensor, grad: Tensor, state: ParameterState, settings: S): Update;

  /** A setting as a 0-d tensor: a plan holds for every value of it. */
  protected scalar(value: number, like: Tensor): Tensor {
    return this.scalarOf(value, like.dtype, like.device);
  }

  /** The 0-d tensor of a number, made once. */
  private scalarOf(value: number, dtype: DType, device: DeviceName): Tensor {
    const key = `${value} ${dtype} ${device}`;
    let found = this.scalars.get(key);
    if (found === undefined) {
      // Schedules make new values for ever; a handful is enough to remember.
      if (this.scalars.size >= 64) this.scalars.clear();
      this.scalars.set(key, found = tensor(value, { dtype, device }));
    }
    return found;
  }

  /** Zeros like a parameter, for new state. */
  protected zeros(p: Tensor): Tensor {
    return full(p.shape, 0, { dtype: p.dtype, device: p.device });
  }

  /** A running average one step on: old * beta + fresh * (1 - beta), from zeros. */
  protected average(p: Tensor, old: StateValue | undefined, fresh: Tensor, beta: number): Tensor {
    const s = (value: number) => this.scalar(value, p);
    return (tensorOf(old) ?? this.zeros(p)).mul(s(beta)).add(fresh.mul(s(1 - beta)));
  }

  /**
   * Updates every parameter that has a gradient. Gradients, update and the losses of recent `backward()` calls are computed as one
   * set; reading the loss afterwards costs nothing. With a closure, calls it first and returns its loss.
   */
  step(): void;
  /** Calls the closure first, and returns its loss. */
  step(closure: () => Tensor): Tensor;
  step(closure?: () => Tensor): Tensor | void {
    this.stepCount++;
    const loss = closure === undefined ? undefined : followed("step", closure);
    const work: { p: Parameter; given: Tensor; old: Tensor; before: ParameterState; after: Update }[] = [];
    noGrad(() => {
      for (const group of this.paramGroups) {
        for (const p of group.params) {
          const given = p.gradCell?.value ?? null;
          if (given === null) continue;
          checkGradient(p, given);
          const old = p.value, before = this.state.get(p) ?? {};
          const grad = given.detach();
          work.push({ p, given, old, before, after: this.update(old.detach(), grad, before, group) });
        }
      }
    });
    const tensorsOf = (state: ParameterState) =>
      Object.values(state).filter((v): v is Tensor => v instanceof Tensor);
    const roots = work.flatMap(({ after }) => [after.value, ...tensorsOf(after.state)]);
    const donate = work.flatMap(({ old, before }) => [old, ...tensorsOf(before)]);
    // Afterwards they cannot be computed.
    const gradients = work.map(({ given }) => given), computed = gradients.map((g) => g.storage === null);
    evaluate([...takePending(new Set(work.map(({ p }) => p))), ...gradients, ...roots], { donate });
    work.forEach(({ p, after }, i) => {
      p.gradCell?.step(computed[i]);
      p.assign(after.value);
      this.state.set(p, after.state);
    });
    return loss;
  }

  /** Forgets the gradients. With `setToNone` false they become zeros, as older PyTorch versions do. */
  zeroGrad(given: Alone<"setToNone", ZeroGradOptions> = {}): void {
    const options = optionsOf<ZeroGradOptions, "setToNone">("setToNone", given);
    checkOptions("zeroGrad", options, { setToNone: "boolean" });
    for (const group of this.paramGroups) {
      for (const p of group.params) {
        p.grad = options.setToNone === false && p.gradCell?.value ? this.zeros(p) : null;
      }
    }
  }

  /** State and settings in PyTorch's form: parameters by number, names in PyTorch's spelling. */
  stateDict(): OptimizerStateDict {
    return stateDictOf(this.paramGroups, this.state, this.counts);
  }

  /** Takes over what `stateDict` gave. Groups and shapes must match. */
  loadStateDict(dict: OptimizerStateDict): void {
    const { state, settings } = readStateDict(dict, this.paramGroups, this.counts);
    this.state.clear();
    for (const [p, own] of state) this.state.set(p, own);
    settings.forEach((own, i) => Object.assign(this.paramGroups[i], own));
  }

  /** Whether the learning rate is a whole number where it looks like one, as LBFGS has it. */
  protected readonly wholeRate: boolean = false;

  /** PyTorch's text: the settings of each group by name. */
  toString(): string {
    const groups = this.paramGroups.map((group, i) => {
      const { params: _, ...settings } = group;
      const named = Object.entries(settings).map(([key, value]): [string, unknown] => [snake(key), value]);
      const lines = named.sort(([a], [b]) => a < b ? -1 : 1);
      return `Parameter Group ${i}\n${
        lines.map(([key, value]) =>
          `    ${key}: ${settingText(value, this.wholeRate || !isRate.test(key))}\n`
        ).join("")
      }`;
    });
    return `${this.constructor.name} (\n${groups.join("\n")})`;
  }

  /** What `console.log` prints, in Deno and in Node, indented where it stands inside something. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

/** Throws for a `.grad` that was assigned and does not fit: broadcasting would change the parameter's shape. */
function checkGradient(p: Parameter, grad: unknown): void {
  if (!(grad instanceof Tensor)) {
    throw new ValueError(
      `assigned grad expected to be a Tensor or None but got grad of type ${
        typeText(grad)
      }; wrap it in tensor(...)`,
    );
  }
  if (grad.shape.join() !== p.shape.join()) {
    throw new ShapeError(
      `assigned grad has data of a different size: the parameter has shape [${
        p.shape.join(", ")
      }], its grad [${grad.shape.join(", ")}]`,
    );
  }
}

function notAParameter(value: unknown, optimizer: string): ValueError {
  const hint = value instanceof Tensor
    ? ": a tensor is immutable; make it an nn.Parameter, which is a cell for one"
    : "";
  return new ValueError(
    `optimizer can only optimize Tensors, but one of the params is ${
      typeText(value)
    }, in ${optimizer}${hint}`,
  );
}

/** Learning rates, which PyTorch programs give as floats, also where they are whole. */
const isRate = /^(initial_|max_|base_|swa_)?lr$/;

/** A setting as Python prints it: a number as it was given, or as a float. */
function settingText(value: unknown, asGiven = true): string {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return flag(value);
  if (typeof value === "number") return asGiven ? number(value) : float(value);
  return Array.isArray(value) ? tuple(value) : String(value);
}

/** The gradient to descend along: with the sign of the direction, and the L2 penalty. */
export function penalised(
  p: Tensor,
  grad: Tensor,
  { weightDecay, maximize = false }: { readonly weightDecay: number; readonly maximize?: boolean },
  scalar: (value: number) => Tensor,
): Tensor {
  const direction = maximize ? grad.neg() : grad;
  return weightDecay === 0 ? direction : direction.add(p.mul(scalar(weightDecay)));
}

/** Throws unless the value is in range, with PyTorch's sentence. */
export function checkRange(name: string, value: number, low: number, below = Infinity): void {
  if (!(value >= low && value < below)) throw new ValueError(`Invalid ${name}: ${value}`);
}

answerSpelling(Optimizer.prototype, "paramGroups");

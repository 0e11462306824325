/**
 * The state of optimizers: what is kept of each parameter from step to step, and the form it has in PyTorch's state dicts.
 *
 * @module
 */
import { getDefaultDtype } from "../../core/dtype.ts";
import { LoadError } from "../../core/errors.ts";
import { camel, snake } from "../../core/habits.ts";
import { tensor } from "../../core/ops/create.ts";
import { Tensor } from "../../core/tensor.ts";
import type { Parameter } from "../module/parameter.ts";

/** A value of a parameter's state: a tensor, several, a count, or null where PyTorch has None. */
export type StateValue = Tensor | readonly Tensor[] | number | null;
/** The state of one parameter, under PyTorch's names. */
export type ParameterState = Record<string, StateValue>;

/** The state of an optimizer in PyTorch's form. */
export interface OptimizerStateDict {
  /** State by the number of the parameter. */
  readonly state: Readonly<Record<string, ParameterState>>;
  /** Settings of each group, and the numbers of its parameters. */
  readonly param_groups:
    readonly (Readonly<Record<string, unknown>> & { readonly params: readonly number[] })[];
}

/** PyTorch keeps counts as tensors of the default dtype. */
function countDtype(): "float64" | "float32" {
  return getDefaultDtype() === "float64" ? "float64" : "float32";
}

/** A number in the precision in which PyTorch keeps it. */
export function asCount(value: number): number {
  return countDtype() === "float64" ? value : Math.fround(value);
}

/** A value of a state as a tensor, if it is one. */
export function tensorOf(value: StateValue | undefined): Tensor | undefined {
  return value instanceof Tensor ? value : undefined;
}

/** A value of a state as a number; `missing` before the first step. */
export function numberOf(value: StateValue | undefined, missing = 0): number {
  return value instanceof Tensor ? Number(value.item()) : typeof value === "number" ? value : missing;
}

/** A group of parameters, whatever its settings. */
interface Group {
  readonly params: readonly Parameter[];
}

/** The state dict of an optimizer. Counts are numbers here and tensors of one element there. */
export function stateDictOf(
  groups: readonly Group[],
  state: ReadonlyMap<Parameter, ParameterState>,
  counts: readonly string[],
): OptimizerStateDict {
  const numbers = new Map<Parameter, number>();
  const dicts = groups.map(({ params, ...settings }) => ({
    ...Object.fromEntries(Object.entries(settings).map(([key, value]) => [snake(key), value])),
    params: params.map((p) => {
      if (!numbers.has(p)) numbers.set(p, numbers.size);
      return numbers.get(p) as number;
    }),
  }));
  const states: Record<string, ParameterState> = {};
  for (const [p, number] of numbers) {
    const own = state.get(p);
    if (own === undefined) continue;
    states[number] = Object.fromEntries(
      Object.entries(own).map(([key, value]) =>
        typeof value === "number" && counts.includes(key)
          ? [key, tensor(value, { dtype: countDtype(), device: "cpu" })]
          : [key, value]
      ),
    );
    // Whoever takes the state keeps it: the next step must not overwrite it.
    for (const value of Object.values(own)) {
      if (value instanceof Tensor && value.storage !== null) value.storage.shared = true;
    }
  }
  return { state: states, param_groups: dicts };
}

/**
 * What a state dict says of these groups: the state of their parameters, and the settings of each.
 *
 * @throws {LoadError} when the groups or their sizes are others
 */
export function readStateDict(
  dict: OptimizerStateDict,
  groups: readonly Group[],
  counts: readonly string[],
): { state: Map<Parameter, ParameterState>; settings: Record<string, unknown>[] } {
  const given = dict.param_groups;
  if (given.length !== groups.length) {
    throw new LoadError(
      `loaded state dict has a different number of parameter groups: ${given.length} instead of ${groups.length}`,
    );
  }
  given.forEach(({ params }, i) => {
    if (params.length === groups[i].params.length) return;
    throw new LoadError(
      `loaded state dict contains a parameter group that doesn't match the size of optimizer's group: ${params.length} parameters instead of ${
        groups[i].params.length
      }`,
    );
  });
  const byNumber = new Map<number, Parameter>();
  given.forEach(({ params }, i) => params.forEach((n, j) => byNumber.set(n, groups[i].params[j])));
  const state = new Map<Parameter, ParameterState>();
  for (const [number, own] of Object.entries(dict.state)) {
    const p = byNumber.get(Number(number));
    if (p === undefined) {
      throw new LoadError(`loaded state dict has state for parameter ${number}, which no group lists`);
    }
    const valueOf = (key: string, value: StateValue): StateValue =>
      !(value instanceof Tensor)
        ? value
        : counts.includes(key)
        ? Number(value.item())
        : value.detach().to({ dtype: p.dtype, device: p.device });
    state.set(p, Object.fromEntries(Object.entries(own).map(([key, value]) => [key, valueOf(key, value)])));
  }
  const settings = given.map((group) =>
    Object.fromEntries(
      Object.entries(group).filter(([key]) => key !== "params")
        .map(([key, value]) => [camel(key), value]),
    )
  );
  return { state, settings };
}

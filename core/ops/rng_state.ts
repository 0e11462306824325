/**
 * The state of the default generator, under PyTorch's names: seeds, saved states, forks. The generator itself is core/random.
 *
 * @module
 */
import { TenonError } from "../errors.ts";
import { defaultGenerator } from "../random/generator.ts";
import { Tensor } from "../tensor.ts";
import { fromHost } from "./create.ts";
import { requireKind } from "./options.ts";

/** Seeds the default generator with fresh entropy and returns the seed that was used. `torch.seed`. */
export function seed(): number {
  return defaultGenerator.seed();
}

/** The seed that the default generator started from; a bigint when a number cannot hold it. `torch.initial_seed`. */
export function initialSeed(): number | bigint {
  return defaultGenerator.initialSeed();
}

/**
 * The state of the default generator: a uint8 tensor [5056] on the CPU with the bytes of PyTorch's `torch.get_rng_state()`, so that states travel
 * both ways.
 *
 * @example
 * ```ts
 * import { getRngState, manualSeed, rand, setRngState } from "@tenon/tenon";
 * manualSeed(1);
 * const state = getRngState(), first = String(rand([2]));
 * setRngState(state);
 * console.log(String(rand([2])) === first); // true
 * ```
 */
export function getRngState(): Tensor {
  return fromHost(defaultGenerator.getState(), [5056], "uint8", "cpu");
}

/**
 * Continues the default generator from a state that `getRngState` or PyTorch's `torch.get_rng_state()` gave. `torch.set_rng_state`.
 *
 * @throws {TenonError} when it is not uint8 or no such state
 */
export function setRngState(state: Tensor | Uint8Array): void {
  const bytes = state instanceof Tensor ? state.toTypedArray() : state;
  if (!(bytes instanceof Uint8Array) || (state instanceof Tensor && state.dtype !== "uint8")) {
    const got = state instanceof Tensor ? `a tensor of ${state.dtype}` : typeof state;
    throw new TenonError(
      `RNG state must be a torch.ByteTensor: setRngState takes the uint8 tensor of getRngState(), but got ${got}`,
    );
  }
  defaultGenerator.setState(bytes);
}

/**
 * Runs `fn` and puts the default generator back where it was, whatever `fn` drew or seeded; also after an error, and for an async `fn` once it is
 * done. `torch.random.fork_rng`.
 *
 * @example
 * ```ts
 * import { forkRng, manualSeed, rand } from "@tenon/tenon";
 * manualSeed(0);
 * forkRng(() => rand([100]));
 * console.log(String(rand([1]))); // tensor([0.4963])
 * ```
 */
export function forkRng<T>(fn: () => T): T {
  requireKind("fork_rng", "fn", fn, "function");
  const before = defaultGenerator.getState();
  const restore = () => void defaultGenerator.setState(before);
  let result: T;
  try {
    result = fn();
  } catch (error) {
    restore();
    throw error;
  }
  if (result instanceof Promise) return result.finally(restore) as T;
  restore();
  return result;
}

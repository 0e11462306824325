/**
 * `autograd.Function`: an operation with a gradient of its own, as a class. `customVjp` is the same as a function.
 *
 * @module
 */
import { named } from "../../apply.ts";
import { GradError, ShapeError } from "../../errors.ts";
import { noGrad } from "../../grad_mode.ts";
import { checkTensors } from "../../ops/cast.ts";
import { zerosLike } from "../../ops/create.ts";
import { requireKind } from "../../ops/options.ts";
import { sameShape } from "../../shape.ts";
import { Tensor } from "../../tensor.ts";
import { withPull } from "../custom.ts";

/** What `forward` leaves for `backward`. Beside tensors it may hold anything under names of its own. */
export interface FunctionContext {
  /** Keeps arguments or results of `forward`. */
  saveForBackward(...tensors: readonly Tensor[]): void;
  /** What was kept. */
  readonly savedTensors: readonly Tensor[];
  /** For each argument, whether a gradient is asked of it. */
  readonly needsInputGrad: readonly boolean[];
  /** Says of results that they have no gradient: they come without one, and `backward` gets zeros for them. */
  markNonDifferentiable(...tensors: readonly Tensor[]): void;
  /** With false, `backward` gets null instead of zeros for results of which no gradient is asked. */
  setMaterializeGrads(value: boolean): void;
  /** Refuses: a function cannot change its arguments, as tensors are immutable. */
  markDirty(...tensors: readonly Tensor[]): never;
  /** Whatever else `backward` needs. */
  [name: string]: unknown;
}

/** The static side of a class that extends `Function`: A are the arguments, Y the result. */
export interface FunctionClass<A extends readonly unknown[], Y extends Tensor | readonly Tensor[]> {
  /** The name of the class. */
  readonly name: string;
  /** The result of the arguments. */
  forward(ctx: FunctionContext, ...args: A): Y;
  /**
   * The cotangents of the arguments (null for those without; a single one may come alone), given those of the results: a call for each result,
   * with zeros (or null, see `setMaterializeGrads`) for the others.
   */
  backward(
    ctx: FunctionContext,
    ...gradOutputs: (Tensor | null)[]
  ): Tensor | null | readonly (Tensor | null)[];
}

class Context implements FunctionContext {
  savedTensors: readonly Tensor[] = [];
  /** Results without a gradient. */
  readonly #plain = new Set<Tensor>();
  #materialize = true;
  [name: string]: unknown;

  constructor(readonly needsInputGrad: readonly boolean[]) {}

  saveForBackward(...tensors: readonly Tensor[]): void {
    const wrong = tensors.findIndex((t) => !(t instanceof Tensor));
    if (wrong >= 0) {
      throw new GradError(
        `save_for_backward can only save variables, but argument ${wrong} is of type ${typeof tensors[
          wrong
        ]}; keep it under a name of its own: ctx.name = ...`,
      );
    }
    this.savedTensors = tensors;
  }

  markNonDifferentiable(...tensors: readonly Tensor[]): void {
    checkTensors("markNonDifferentiable", tensors);
    for (const t of tensors) this.#plain.add(t);
  }

  setMaterializeGrads(value: boolean): void {
    requireKind("setMaterializeGrads", "value", value, "boolean");
    this.#materialize = value;
  }

  markDirty(): never {
    throw new GradError(
      "markDirty: tensors are immutable, so forward cannot change its arguments; return the new values as results",
    );
  }

  /** Whether gradients of a result can be asked. */
  followed(y: Tensor): boolean {
    return !this.#plain.has(y);
  }

  /** What `backward` gets for a result of which no gradient is asked. */
  absent(y: Tensor): Tensor | null {
    return this.#materialize ? zerosLike(y) : null;
  }
}

/** The cotangents of the tensors among the arguments, checked. */
function cotangents(
  name: string,
  args: readonly unknown[],
  given: Tensor | null | readonly (Tensor | null)[],
): (Tensor | null)[] {
  // What returns nothing gives no gradient, as Python's None.
  const list: readonly unknown[] = Array.isArray(given) ? given : [given ?? null];
  // PyTorch allows more, as long as they are None.
  if (list.length < args.length || list.slice(args.length).some((g) => g !== null)) {
    throw new GradError(
      `function ${name}Backward returned an incorrect number of gradients (expected ${args.length}, got ${list.length}): one for each ` +
        "argument of forward, null for those without",
    );
  }
  return args.flatMap((arg, i) => {
    const g = list[i] ?? null;
    if (!(arg instanceof Tensor)) {
      if (g === null) return [];
      throw new GradError(
        `function ${name}Backward returned a gradient different than None at position ${
          i + 1
        }, but the corresponding forward input was not a ` +
          "Variable: return null for it",
      );
    }
    if (g === null) return [g];
    if (!(g instanceof Tensor)) {
      throw new GradError(
        `expected Variable or None (got ${typeof g}), from ${name}.backward at position ${i + 1}`,
      );
    }
    if (!sameShape(g.shape, arg.shape)) {
      throw new ShapeError(
        `Function ${name}Backward returned an invalid gradient at index ${i} - got [${
          g.shape.join(", ")
        }] but expected shape compatible with [${arg.shape.join(", ")}]`,
      );
    }
    return [g];
  });
}

/**
 * The base of operations with a gradient of their own. A subclass has a static `forward` and a static `backward`; it is called through `apply`.
 * Arguments that are no tensors get the gradient null. `torch.autograd.Function`.
 *
 * @example
 * ```ts
 * import { autograd, type Tensor, tensor } from "@tenon/tenon";
 *
 * class Cube extends autograd.Function {
 *   static forward(ctx: autograd.FunctionContext, x: Tensor): Tensor {
 *     ctx.saveForBackward(x);
 *     return x.pow(3);
 *   }
 *   static backward(ctx: autograd.FunctionContext, g: Tensor): Tensor {
 *     const [x] = ctx.savedTensors;
 *     return g.mul(x.pow(2)).mul(3);
 *   }
 * }
 * const x = tensor([1, 2], { requiresGrad: true });
 * Cube.apply(x).sum().backward();
 * console.log(x.grad); // tensor([ 3., 12.])
 * ```
 */
export abstract class CustomFunction {
  /**
   * The result of `forward`, whose gradient is what `backward` says.
   *
   * @throws {GradError} when the class has no `forward`; from `backward()`, when it has no `backward`, or one that gives another number of cotangents
   * than there are arguments, or no tensor or null
   * @throws {ShapeError} from `backward()`, when a cotangent does not have the shape of its argument
   */
  static apply<A extends readonly unknown[], Y extends Tensor | readonly Tensor[]>(
    this: FunctionClass<A, Y>,
    ...args: A
  ): Y {
    if (typeof this.forward !== "function") {
      throw new GradError(
        `You must implement the forward function for custom autograd.Function., in ${this.name}: static forward(ctx, ...)`,
      );
    }
    const inputs = args.filter((arg) => arg instanceof Tensor);
    const ctx = new Context(args.map((arg) => arg instanceof Tensor && arg.value.track !== 0));
    const made = noGrad(() => this.forward(ctx, ...args));
    const outputs: readonly Tensor[] = made instanceof Tensor ? [made] : made;
    if (!Array.isArray(outputs) || outputs.some((y) => !(y instanceof Tensor))) {
      throw new GradError(
        `${this.name}.forward: expected to return tensors (one, or an array), but got ${made}`,
      );
    }
    const results = outputs.map((y, i) => {
      const pull = (g: Tensor) => {
        if (typeof this.backward !== "function") {
          throw new GradError(
            "You must implement either the backward or vjp method for your custom autograd.Function to use it with backward mode AD., in " +
              `${this.name}: static backward(ctx, ...)`,
          );
        }
        const all = outputs.map((other, k) => k === i ? g : ctx.absent(other));
        return cotangents(this.name, args, this.backward(ctx, ...all));
      };
      return inputs.length === 0 || !ctx.followed(y)
        ? y
        : named(`${this.name}Backward`, withPull(y, inputs, pull));
    });
    // A result that backward uses is differentiable there like any other.
    ctx.savedTensors = ctx.savedTensors.map((t) => results[outputs.indexOf(t)] ?? t);
    return (made instanceof Tensor ? results[0] : results) as Tensor | readonly Tensor[] as Y;
  }
}

/**
 * compile: a function traced once per form of its arguments and replayed from then on, with no graph to build and none to look up.
 *
 * @module
 */
import { defaultDevice } from "../../device.ts";
import { drawsFreely } from "../../effects.ts";
import { ValueError } from "../../errors.ts";
import { evaluate } from "../../evaluate.ts";
import { checkOptions, requireKind } from "../../ops/options.ts";
import type { Tensor } from "../../tensor.ts";
import { describe, type Form, programsOf, sameKey, sameModes } from "./form.ts";
import { replay } from "./replay.ts";
import { traceForm } from "./trace.ts";

/** Options of `compile`. */
export interface CompileFunctionOptions {
  /** Positions of arguments whose memory the results may take over. Such an argument is gone after the call. */
  readonly donate?: readonly number[];
  /**
   * Tensors besides parameters and arguments that the function reads and that may be replaced between calls, such as
   * `() => net.buffers()`. Those of a compiled module are read without being told. Other tensors are constants of the compiled function.
   */
  readonly captures?: () => readonly Tensor[];
}

/** What `compile` returns. */
export interface CompiledFunction<A extends readonly unknown[], Y> {
  /** Runs the function. */
  (...args: A): Y;
  /**
   * Traces the function for arguments of this form and compiles its kernels, without running it: a GPU takes milliseconds for each kernel, and here the rest of
   * the program gets its turns in between, where a first call would block.
   */
  prepare(...args: A): Promise<void>;
}

/** Forms of arguments that a function remembers; the oldest go. */
const mostForms = 64;

/** What compile looks at where the function is a module. */
interface ModuleLike {
  buffers?(): readonly Tensor[];
}

const noTensors = (): readonly Tensor[] => [];

/** The function and the forms that it was called with. */
class Compiled<A extends readonly unknown[], Y> {
  private readonly forms: Form[] = [];
  private readonly module: ModuleLike;
  private readonly captures: () => readonly Tensor[];

  constructor(private readonly fn: (...args: A) => Y, private readonly options: CompileFunctionOptions) {
    this.module = fn as typeof fn & ModuleLike;
    // Modules without buffers, which are most, are not searched for them at every call.
    const buffers = () => this.module.buffers?.() ?? [];
    this.captures = options.captures ?? (buffers().length > 0 ? buffers : noTensors);
  }

  call(args: A): Y {
    // Inside another function that runs once for many runs, this one is part of that one.
    if (!drawsFreely()) return this.fn(...args);
    const { form, given, captured } = this.formOf(args);
    return replay(form, given, captured) as Y;
  }

  async prepare(args: A): Promise<void> {
    for (const program of programsOf(this.formOf(args).form)) await program.compiling();
  }

  private formOf(args: A): { form: Form; given: readonly Tensor[]; captured: readonly Tensor[] } {
    const key: unknown[] = [defaultDevice()];
    const given: Tensor[] = [];
    for (let i = 0; i < args.length; i++) describe(args[i], key, given);
    const captured = this.captures();
    const donated = this.donatedTensors(args);
    if (donated !== null) key.push(donated.size > 0);
    const form = this.find(key) ?? this.add(traceForm(this.fn, key, args, captured, donated ?? new Set()));
    return { form, given, captured };
  }

  private add(form: Form): Form {
    this.forms.push(form);
    if (this.forms.length > mostForms) {
      programsOf(this.forms.shift() as Form).forEach((program) => program.dispose());
    }
    return form;
  }

  private find(key: readonly unknown[]): Form | null {
    const { forms } = this;
    for (let i = forms.length - 1; i >= 0; i--) {
      if (!sameKey(forms[i].key, key) || !sameModes(forms[i].modes)) continue;
      if (!forms[i].program?.stale) return forms[i];
      forms.splice(i, 1);
    }
    return null;
  }

  /** Tensors that may be overwritten: nobody else has their memory. null when nothing is to be donated. */
  private donatedTensors(args: readonly unknown[]): Set<Tensor> | null {
    const { donate } = this.options;
    if (donate === undefined) return null;
    const chosen: Tensor[] = [], all: Tensor[] = [];
    args.forEach((arg, i) => {
      describe(arg, [], all);
      if (donate.includes(i)) describe(arg, [], chosen);
    });
    evaluate(chosen);
    const times = (x: Tensor) => all.filter((y) => y.storage === x.storage).length;
    const alone = chosen.every((x) => x.owner === null && !x.storage?.shared && times(x) === 1);
    return new Set(alone ? chosen : []);
  }
}

/**
 * A function that does what `fn` does, traced once for each form of its arguments (shapes, dtypes and devices of tensors, in lists and
 * records; the value of numbers and strings, the identity of everything else) and of the modes of modules (`train()`, `eval()`), and replayed afterwards, which costs a microsecond or
 * two in place of building the graph. Parameters are read anew at each call, random draws are drawn anew, running statistics of norms in
 * training mode are updated at each call, gradients flow through; `grad`, `valueAndGrad`, `vmap` and other compiled functions can be used inside. Values cannot be read inside. `torch.compile`, `jax.jit`.
 *
 * **Any other tensor that the function mentions is a constant of it**: assigning another tensor to the variable afterwards changes nothing. Pass what
 * changes as an argument, keep it in a Parameter or a buffer, or name it in `captures`.
 *
 * @throws {GradError} when the function reads a value
 * @throws {ValueError} when `donate` names no argument
 * @example
 * ```ts
 * import { compile, type Tensor, tensor } from "@tenon/tenon";
 * const f = compile((x: Tensor, factor: number) => x.mul(factor).sum());
 * console.log(f(tensor([1, 2]), 3).item(), f(tensor([3, 4]), 3).item()); // 9 21
 * ```
 */
export function compile<A extends readonly unknown[] = [Tensor], Y = Tensor>(
  fn: (...args: A) => Y,
  options: CompileFunctionOptions = {},
): CompiledFunction<A, Y> {
  requireKind("compile", "fn", fn, "function");
  checkOptions("compile", options, ["donate", "captures"]);
  for (const n of options.donate ?? []) {
    if (!Number.isInteger(n) || n < 0) {
      throw new ValueError(`compile: donate lists positions of arguments, but has ${n}`);
    }
  }
  const compiled = new Compiled(fn, options);
  return Object.assign((...args: A) => compiled.call(args), {
    prepare: (...args: A) => compiled.prepare(args),
  });
}

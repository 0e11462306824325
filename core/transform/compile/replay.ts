/**
 * Replaying: the program of one form run on what its inputs are at this call, and its results with their gradients.
 *
 * @module
 */
import { hostArray } from "../../dtype.ts";
import { TenonError } from "../../errors.ts";
import { evaluate } from "../../evaluate.ts";
import { FUNCTIONAL, trackMask } from "../../grad_mode.ts";
import { isHeld } from "../../graph/trace.ts";
import { fromStorage } from "../../ops/create.ts";
import { sameShape, sizeOf } from "../../shape.ts";
import { hostStorage, type Storage } from "../../storage.ts";
import type { Tensor } from "../../tensor.ts";
import { withPull } from "../custom.ts";
import { freshLeaf, pullAll } from "../pull.ts";
import { applyAgain, rebuild } from "../rebuild.ts";
import { type Form, type Input, replaceTensors } from "./form.ts";

/** A parameter or captured tensor may not change its form under a compiled function. */
function checked(x: Tensor, input: Input): Tensor {
  const { shape, dtype } = input.placeholder;
  if (sameShape(x.shape, shape) && x.dtype === dtype) return x;
  throw new TenonError(
    `compile: a ${input.source.kind} tensor had shape [${
      shape.join(", ")
    }] and dtype ${dtype} when the function was traced, ` +
      `but has [${x.shape.join(", ")}] and ${x.dtype} now; compile the function again`,
  );
}

/** What an input is at a call. */
function valueOf(
  input: Input,
  given: readonly Tensor[],
  captured: readonly Tensor[],
  before: readonly Tensor[],
): Tensor {
  const from = input.source;
  switch (from.kind) {
    case "argument":
      return given[from.index];
    case "parameter":
      return checked(from.owner.value, input);
    case "captured":
      return checked(captured[from.index].value, input);
    case "state":
      return checked(from.cell.read().value, input);
    case "draw":
      return from.make();
    case "call": {
      evaluate(before);
      const storages = from.program.run(before.map((x) => x.storage as Storage));
      return from.call(...storages.map((storage, i) => fromStorage(storage, from.shapes[i])));
    }
  }
}

/** A result with its gradient: that of the traced graph, on the values of this call. */
function tracked(form: Form, template: Tensor, y: Tensor, values: readonly Tensor[]): Tensor {
  return withPull(y, values, (g) => {
    const leaves = values.map((x) => x.track === 0 ? x : freshLeaf(x));
    const start = new Map(form.inputs.map((input, i) => [input.placeholder, leaves[i]]));
    const [copy] = rebuild([template], start, (x) => !isHeld(x), applyAgain);
    return pullAll([copy as Tensor], [g], leaves, FUNCTIONAL);
  });
}

/** What the function returns for the tensors among its arguments and the captured ones; state that it replaces is written. */
export function replay(form: Form, given: readonly Tensor[], captured: readonly Tensor[]): unknown {
  const { inputs, program } = form;
  const values: Tensor[] = [];
  let track = 0, ready = true;
  for (let i = 0; i < inputs.length; i++) {
    const x = valueOf(inputs[i], given, captured, values);
    ready &&= isHeld(x);
    track |= x.track;
    values.push(x);
  }
  if (!ready) evaluate(values);
  const storages = program === null ? [] : program.run(values.map((x) => x.storage as Storage));
  track &= trackMask();
  let output = 0, next = 0;
  const take = () => {
    const template = form.outputs[output++];
    const { shape, dtype, device } = template;
    const storage = sizeOf(shape) === 0 ? hostStorage(device, dtype, hostArray(dtype, 0)) : storages[next++];
    const y = fromStorage(storage, shape);
    return (track & template.track) === 0 ? y : tracked(form, template, y, values);
  };
  const result = replaceTensors(form.result, take);
  for (const cell of form.cells) cell.write(take());
  for (const fn of form.each) fn();
  return result;
}

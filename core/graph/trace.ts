/**
 * Tracing: the nodes that a set of roots needs, in topological order, and their structural signature. Two graphs with the same signature
 * have the same plan, whatever the data in their leaves.
 *
 * @module
 */
import { DeviceError, GradError, type TenonError } from "../errors.ts";
import { type PlaceholderAttrs, placeholderPrim } from "../prim/source.ts";
import type { Storage } from "../storage.ts";
import type { Tensor } from "../tensor.ts";
import { Signature } from "./signature.ts";

/** What the walk found. The signature is written anew by the next walk. */
export interface Trace {
  /** Every node, arguments before users. */
  readonly nodes: readonly Tensor[];
  /** The distinct storages of the leaves; a leaf's slot is its storage's place here. */
  readonly leaves: readonly Storage[];
  readonly signature: Signature;
}

let walk = 0;
const signature = new Signature();

/** A new number for a walk; nodes and storages marked with it have been visited. */
export function nextWalk(): number {
  return ++walk;
}

/** A leaf of the graph as it stands now: its value can be had without computing. */
export function isHeld(x: Tensor): boolean {
  return x.storage !== null && x.storage.held;
}

/** A text that is equal exactly for equal attributes: -0, NaN, infinities and bigints included. */
export function attrsText(value: unknown): string {
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : `${value}`;
  if (typeof value === "bigint") return `${value}n`;
  if (Array.isArray(value)) return `[${value.map(attrsText).join()}]`;
  if (typeof value === "object" && value !== null) {
    let text = "{";
    for (const [key, item] of Object.entries(value)) text += `${key}:${attrsText(item)};`;
    return `${text}}`;
  }
  return String(value);
}

/** Walks from the roots to what is held. No recursion: graphs may be deeper than the stack. */
export function trace(roots: readonly Tensor[]): Trace {
  const epoch = nextWalk();
  const nodes: Tensor[] = [];
  const leaves: Storage[] = [];
  const stack: Tensor[] = [];
  signature.clear();
  // The number of nodes comes first: it says where they end in the row and what else the plan depends on begins.
  signature.push(0);
  for (let r = 0; r < roots.length; r++) {
    if (roots[r].mark === epoch) continue;
    stack.push(roots[r]);
    while (stack.length > 0) {
      const x = stack[stack.length - 1];
      if (x.mark === epoch) {
        stack.pop();
        continue;
      }
      const held = isHeld(x);
      if (!held) {
        const inputs = x.inputs;
        let ready = true;
        for (let i = inputs.length - 1; i >= 0; i--) {
          if (inputs[i].mark !== epoch) {
            stack.push(inputs[i]);
            ready = false;
          }
        }
        if (!ready) continue;
      }
      stack.pop();
      x.mark = epoch;
      x.order = nodes.length;
      nodes.push(x);
      if (held) signLeaf(x, leaves, epoch);
      else signNode(x);
    }
  }
  signature.set(0, nodes.length);
  return { nodes, leaves, signature };
}

function signLeaf(x: Tensor, leaves: Storage[], epoch: number): void {
  const storage = x.storage as Storage;
  if (storage.mark !== epoch) {
    storage.mark = epoch;
    storage.order = leaves.length;
    leaves.push(storage);
  }
  signature.push(0);
  signature.push(storage.order);
  signature.pushValue(x.dtype);
  signature.pushList(x.shape);
}

function signNode(x: Tensor): void {
  const { prim, inputs } = x;
  // Without its arguments only a constant can be computed.
  if (inputs.length === 0 && prim.lowering.kind !== "constant" && prim.lowering.kind !== "iota") {
    throw consumed(x);
  }
  // A call that waits, in the hands of somebody who kept it.
  if (prim.lowering.kind === "leaf") {
    throw new GradError(
      "a value made inside a function while it was traced, by an operation that reads, cannot be kept; return it from the function",
    );
  }
  signature.push(prim.id);
  signature.push(inputs.length);
  for (let i = 0; i < inputs.length; i++) signature.push(inputs[i].order);
  const fields = prim.fields;
  for (let i = 0; i < fields.length; i++) {
    signature.pushValue((x.attrs as Readonly<Record<string, unknown>>)[fields[i]]);
  }
}

function consumed(x: Tensor): TenonError {
  if (x.prim.id === placeholderPrim.id) return new GradError((x.attrs as PlaceholderAttrs).why);
  if (x.storage?.residency.lost) {
    return new DeviceError(
      `a value of shape [${
        x.shape.join(", ")
      }] is gone: it was only on a ${x.device} device that was lost; ` +
        "load it again, or keep what must survive on the cpu device",
    );
  }
  return new GradError(
    `a value of shape [${
      x.shape.join(", ")
    }] is gone: an optimizer step or a compiled function overwrote it, or it was disposed of, before an expression of it ` +
      `was evaluated; read or evaluate() the expression before the step, or keep a copy with clone(). Where it is a gradient, it left ` +
      `for lack of room: take p.grad before the step, or setMemoryBudget() higher`,
  );
}

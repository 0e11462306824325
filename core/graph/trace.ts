/**
 * Tracing: the nodes that a set of roots needs, in topological order, and their structural signature. The signature is a row of
 * integers: two graphs with the same signature have the same plan, whatever the data in their leaves.
 *
 * @module
 */
import { GradError } from "../errors.ts";
import { leafPrim } from "../prim/source.ts";
import type { Shape } from "../shape.ts";
import type { Storage } from "../storage.ts";
import type { Tensor } from "../tensor.ts";

/** What the walk found. The arrays are used again by the next walk, except `signature`'s copy in a plan. */
export interface Trace {
  /** Every node, arguments before users. */
  readonly nodes: readonly Tensor[];
  /** The distinct storages of the leaves; a leaf's slot is its storage's place here. */
  readonly leaves: readonly Storage[];
  /** Integers, `length` of them. */
  readonly signature: Int32Array;
  readonly length: number;
}

let walk = 0;
let buffer = new Int32Array(4096);

const texts = new Map<string, number>();
function intern(text: string): number {
  let id = texts.get(text);
  if (id === undefined) texts.set(text, id = texts.size + 1);
  return id;
}

const shapeIds = new WeakMap<Shape, number>();
function shapeId(shape: Shape): number {
  let id = shapeIds.get(shape);
  if (id === undefined) shapeIds.set(shape, id = intern(shape.join()));
  return id;
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

/** A new number for a walk; nodes marked with it have been visited. */
export function nextWalk(): number {
  return ++walk;
}

/** A leaf of the graph as it stands now: its value can be had without computing. */
export function isHeld(x: Tensor): boolean {
  return x.storage !== null && x.storage.held;
}

/** Walks from the roots to what is held. No recursion: graphs may be deeper than the stack. */
export function trace(roots: readonly Tensor[]): Trace {
  const epoch = nextWalk();
  const nodes: Tensor[] = [];
  const leaves: Storage[] = [];
  const leafOrder = new Map<Storage, number>();
  const stack: Tensor[] = [];
  let n = 0;
  for (let r = 0; r < roots.length; r++) {
    if (roots[r].mark === epoch) continue;
    stack.push(roots[r]);
    while (stack.length > 0) {
      const x = stack[stack.length - 1];
      if (x.mark === epoch) {
        stack.pop();
        continue;
      }
      const inputs = x.inputs;
      const held = isHeld(x);
      if (!held) {
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
      if (n + inputs.length + 8 > buffer.length) {
        const larger = new Int32Array(buffer.length * 2 + inputs.length);
        larger.set(buffer);
        buffer = larger;
      }
      if (held) {
        const storage = x.storage as Storage;
        let slot = leafOrder.get(storage);
        if (slot === undefined) {
          leafOrder.set(storage, slot = leaves.length);
          leaves.push(storage);
        }
        buffer[n++] = 0;
        buffer[n++] = slot;
        buffer[n++] = shapeId(x.shape);
        buffer[n++] = intern(x.dtype);
        continue;
      }
      if (x.prim.id === leafPrim.id) throw consumed(x);
      buffer[n++] = x.prim.id;
      buffer[n++] = x.attrs === undefined ? 0 : intern(attrsText(x.attrs));
      for (let i = 0; i < inputs.length; i++) buffer[n++] = inputs[i].order;
    }
  }
  return { nodes, leaves, signature: buffer, length: n };
}

function consumed(x: Tensor): GradError {
  return new GradError(
    `a value of shape [${
      x.shape.join(", ")
    }] is gone: an optimizer step or a compiled function overwrote it before an expression of it ` +
      `was evaluated; read or evaluate() the expression before the step, or keep a copy with clone()`,
  );
}

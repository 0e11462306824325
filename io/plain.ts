/**
 * State as text and tensors: a tree of records, lists, plain values and tensors becomes JSON, in which a tensor is a
 * reference to its name, and tensors by name. JSON has no NaN, no infinities and no large integers, so these too are
 * records whose one key begins with "$".
 *
 * @module
 */
import { LoadError, ValueError } from "../core/errors.ts";
import { Tensor } from "../core/tensor.ts";

/** A value that a checkpoint can hold beside tensors. */
export type Plain =
  | number
  | bigint
  | string
  | boolean
  | null
  | readonly Plain[]
  | { readonly [key: string]: Plain };

/** What a state dict may be: plain values, with tensors among them. */
export type State = Plain | Tensor | readonly State[] | { readonly [key: string]: State };

/** What `JSON.stringify` writes as it is. */
type Json = number | string | boolean | null | Json[] | { [key: string]: Json };

/** The tree as JSON; its tensors are added to `tensors`, each under its path. */
export function flatten(value: unknown, path: string, tensors: Map<string, Tensor>): Json {
  const open = new Set<object>();
  const walk = (value: unknown, path: string): Json => {
    if (value instanceof Tensor) {
      // Paths may read alike, as "a.b" under "c" and "b" under "c.a" do; the reference keeps them apart.
      let name = path;
      while (tensors.has(name)) name += "'";
      tensors.set(name, value);
      return { $tensor: name };
    }
    if (value === null || typeof value === "boolean") return value;
    if (typeof value === "string" && value.isWellFormed()) return value;
    if (typeof value === "bigint") return { $bigint: `${value}` };
    if (typeof value === "number") {
      if (Object.is(value, -0)) return { $number: "-0" };
      return Number.isFinite(value) ? value : { $number: `${value}` };
    }
    if (typeof value !== "object" || !(Array.isArray(value) || isRecord(value))) throw refused(value, path);
    if (open.has(value)) throw new ValueError(`saveCheckpoint: ${path} contains itself`);
    open.add(value);
    const made: Json = Array.isArray(value)
      ? value.map((item, i) => walk(item, `${path}.${i}`))
      : Object.fromEntries(
        Object.entries(value).map(([key, item]) => [
          key.startsWith("$") ? `$${key}` : key,
          walk(item, `${path}.${key}`),
        ]),
      );
    open.delete(value);
    return made;
  };
  return walk(value, path);
}

/** Records, and state dicts, whose prototype only adds a text; not Maps, dates or typed arrays. */
function isRecord(value: object): boolean {
  const prototype: object | null = Object.getPrototypeOf(value);
  return prototype === null || prototype.constructor === Object;
}

function refused(value: unknown, path: string): ValueError {
  const what = typeof value === "object" && value !== null
    ? `a ${value.constructor.name}`
    : `a ${typeof value}`;
  return new ValueError(
    `saveCheckpoint: ${path} is ${what}${
      typeof value === "string" ? " with half a surrogate pair" : ""
    }; a ` +
      "checkpoint holds tensors, numbers, strings, booleans, null, arrays and records",
  );
}

/** The tree that `flatten` made JSON of. */
export function unflatten(json: unknown, tensors: Readonly<Record<string, Tensor>>): State {
  if (Array.isArray(json)) return json.map((item) => unflatten(item, tensors));
  if (typeof json !== "object" || json === null) return json as Plain;
  const entries = Object.entries(json);
  const [key, text] = entries.length === 1 ? entries[0] : ["", ""];
  if (typeof text === "string") {
    if (key === "$number") return Number(text);
    if (key === "$bigint") return BigInt(text);
    if (key === "$tensor") {
      if (!Object.hasOwn(tensors, text)) throw new LoadError(`the checkpoint lacks the tensor "${text}"`);
      return tensors[text];
    }
  }
  return Object.fromEntries(
    entries.map(([key, item]) => [key.startsWith("$$") ? key.slice(1) : key, unflatten(item, tensors)]),
  );
}

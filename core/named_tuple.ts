/**
 * Several results under names, which PyTorch gives as a named tuple: `r.values`, `r[0]` and `const [values, indices] = r` are the same tensor.
 *
 * @module
 */
import type { Tensor } from "./tensor.ts";

/** PyTorch's names have underscores. */
const snake = (name: string) => name.replace(/[a-z][A-Z]/g, ([a, b]) => `${a}_${b.toLowerCase()}`);

/** What every named tuple is beside its tensors. */
export class Results {
  readonly #op: string;
  readonly #fields: Readonly<Record<string, Tensor>>;

  /** Takes PyTorch's name of the operation, "" for a tuple without names and `_Name` for one of Python's own, and the tensors by name in their order. */
  constructor(op: string, fields: Readonly<Record<string, Tensor>>) {
    this.#op = op;
    this.#fields = fields;
    Object.assign(this, fields);
    // By position, unseen by those who list the fields.
    Object.values(fields).forEach((value, i) => Object.defineProperty(this, i, { value }));
  }

  /** How many tensors there are. */
  get length(): number {
    return Object.keys(this.#fields).length;
  }

  /** The tensors in their order, for `const [a, b] = ...`. */
  [Symbol.iterator](): IterableIterator<Tensor> {
    return Object.values(this.#fields)[Symbol.iterator]();
  }

  /** The same names over other tensors. */
  map(fn: (x: Tensor) => Tensor): Results {
    const fields = Object.entries(this.#fields).map(([name, x]) => [name, fn(x)]);
    return new Results(this.#op, Object.fromEntries(fields));
  }

  /** The text that PyTorch prints. */
  toString(): string {
    const lines = Object.entries(this.#fields).map(([name, x]) => `${snake(name)}=${x}`);
    if (this.#op === "") return `(${Object.values(this.#fields).join(", ")})`;
    if (this.#op.startsWith("_")) return `${this.#op}(${lines.join(", ")})`;
    return `torch.return_types.${this.#op}(\n${lines.join(",\n")})`;
  }

  /** What `console.log` prints, in Deno and in Node, indented where it stands inside something. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

/** Tensors by name and by position. `Names` are the names in their order. */
export type NamedTuple<Names extends readonly string[]> =
  & { readonly [K in Names[number]]: Tensor }
  & { readonly [I in Exclude<keyof Names, keyof readonly never[]>]: Tensor }
  & { readonly length: Names["length"] }
  & Results;

/** The named tuple of an operation under PyTorch's name `op`. */
export function namedTuple<const Names extends readonly string[]>(
  op: string,
  names: Names,
  ...parts: readonly Tensor[]
): NamedTuple<Names> {
  return new Results(op, Object.fromEntries(names.map((name, i) => [name, parts[i]]))) as NamedTuple<Names>;
}

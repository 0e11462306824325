/**
 * Argument blocks of hand-written kernels, and the kernels themselves, which are loaded once for each engine.
 *
 * @module
 */
import type { Engine } from "../engine.ts";

/** Words in the shared memory that a kernel finds at its `args` address. */
export class ArgumentBlock {
  readonly address: number;
  /** They stay valid when the memory grows: shared memory is never detached. */
  readonly words: Int32Array<SharedArrayBuffer>;
  readonly #engine: Engine;

  /** A block of the words given, or of as many zeros. */
  constructor(engine: Engine, words: readonly number[] | number) {
    const length = typeof words === "number" ? words : words.length;
    this.#engine = engine;
    this.address = engine.allocate(4 * length);
    this.words = new Int32Array(engine.arena.views.i32.buffer, this.address, length);
    if (typeof words === "number") this.words.fill(0);
    else this.words.set(words);
  }

  dispose(): void {
    this.#engine.arena.release(this.address, this.words.byteLength);
  }
}

/**
 * A block of the words `values` at their `places`, zeros for those that are set later, and behind them the `tables`, whose addresses go to their places: 0 for an
 * empty one.
 */
export function argumentsAt<N extends string>(
  engine: Engine,
  places: Readonly<Record<N | "length", number>>,
  values: Readonly<Partial<Record<N, number>>>,
  tables?: Readonly<Partial<Record<N, ArrayLike<number>>>>,
): ArgumentBlock {
  const all = Object.entries(tables ?? {}) as [N, ArrayLike<number>][];
  const block = new ArgumentBlock(engine, all.reduce((n, [, table]) => n + table.length, places.length));
  const { words } = block;
  for (const name in values) words[places[name]] = values[name]!;
  let at: number = places.length;
  for (const [name, table] of all) {
    words.set(table, at);
    words[places[name]] = table.length === 0 ? 0 : block.address + 4 * at;
    at += table.length;
  }
  return block;
}

/** A function of an engine and a key, computed once for each. */
export function engineCache<K extends string | number, V>(
  make: (engine: Engine, key: K) => V,
): (engine: Engine, key: K) => V {
  const made = new WeakMap<Engine, Map<K, V>>();
  return (engine, key) => {
    let own = made.get(engine);
    if (own === undefined) made.set(engine, own = new Map<K, V>());
    let value = own.get(key);
    if (value === undefined) own.set(key, value = make(engine, key));
    return value;
  };
}

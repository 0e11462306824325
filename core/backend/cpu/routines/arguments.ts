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

/**
 * The cache of plans: by the structural signature of a graph, so that a second evaluation of the same structure compiles nothing.
 *
 * @module
 */
import type { Signature } from "./signature.ts";

interface Entry<P> {
  readonly row: Int32Array;
  readonly plan: P;
  /** When it was last found. */
  used: number;
}

/** Plans by signature. Of more than `most`, the one that was not found for longest goes. */
export class PlanCache<P> {
  readonly #byHash = new Map<number, Entry<P>[]>();
  readonly #most: number;
  readonly #drop: (plan: P) => void;
  #size = 0;
  #clock = 0;

  /** `drop` frees what a plan holds. */
  constructor(most: number, drop: (plan: P) => void) {
    this.#most = most;
    this.#drop = drop;
  }

  /** How many plans it holds. */
  get size(): number {
    return this.#size;
  }

  /** The plan of a signature, made by `make` when there is none. */
  find(signature: Signature, make: () => P): P {
    const hash = signature.hash();
    const list = this.#byHash.get(hash);
    if (list !== undefined) {
      for (let i = 0; i < list.length; i++) {
        if (signature.equals(list[i].row)) {
          list[i].used = ++this.#clock;
          return list[i].plan;
        }
      }
    }
    const entry = { row: signature.copy(), plan: make(), used: ++this.#clock };
    if (this.#size === this.#most) this.#dropOldest();
    const others = this.#byHash.get(hash);
    if (others === undefined) this.#byHash.set(hash, [entry]);
    else others.push(entry);
    this.#size++;
    return entry.plan;
  }

  /** Looks at all of them, which is nothing beside making a plan. */
  #dropOldest(): void {
    let oldest: Entry<P> | null = null, from = 0;
    for (const [hash, list] of this.#byHash) {
      for (const entry of list) {
        if (oldest === null || entry.used < oldest.used) [oldest, from] = [entry, hash];
      }
    }
    if (oldest === null) return;
    const rest = (this.#byHash.get(from) ?? []).filter((entry) => entry !== oldest);
    if (rest.length === 0) this.#byHash.delete(from);
    else this.#byHash.set(from, rest);
    this.#size--;
    this.#drop(oldest.plan);
  }
}

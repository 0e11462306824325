/**
 * The cache of plans: by the structural signature of a graph, so that a second evaluation of the same structure compiles nothing.
 *
 * @module
 */
import type { Signature } from "./signature.ts";

interface Entry<P> {
  readonly row: Int32Array;
  readonly plan: P;
  /** Found since it was last considered for removal. */
  used: boolean;
}

/** Plans by signature. Beyond `most` of them, those that were not found for long are dropped. */
export class PlanCache<P> {
  readonly #byHash = new Map<number, Entry<P>[]>();
  readonly #most: number;
  readonly #drop: (plan: P) => void;
  #size = 0;

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
          list[i].used = true;
          return list[i].plan;
        }
      }
    }
    const row = signature.copy();
    const plan = make();
    // As used, so that it is not the one that goes now.
    const entry = { row, plan, used: true };
    if (list === undefined) this.#byHash.set(hash, [entry]);
    else list.push(entry);
    this.#size++;
    this.#shrink();
    return plan;
  }

  /** Drops the oldest plans; one that was found since it came up last gets a second chance. */
  #shrink(): void {
    while (this.#size > this.#most) {
      const [hash, list] = this.#byHash.entries().next().value as [number, Entry<P>[]];
      this.#byHash.delete(hash);
      const kept = list.filter((entry) => entry.used);
      for (const entry of list) if (!entry.used) this.#drop(entry.plan);
      for (const entry of kept) entry.used = false;
      if (kept.length > 0) this.#byHash.set(hash, kept);
      this.#size -= list.length - kept.length;
    }
  }
}

/**
 * Signatures: rows of integers that name the structure of a graph exactly, and the cache of plans by them. Equal rows mean equal graphs, and nothing is interned but the
 * few names of dtypes and modes, so a program whose shapes change for ever fills no table.
 *
 * @module
 */

const names = new Map<string, number>();

/** A number for a name out of a fixed set: a dtype, a mode, a combiner. */
function nameId(name: string): number {
  let id = names.get(name);
  if (id === undefined) names.set(name, id = names.size);
  return id;
}

/** What stands before each value, so that a row can be read back in one way only. */
const tag = { small: 1, double: 2, bigint: 3, name: 4, list: 5, smallList: 6, nothing: 7, truth: 8 };

const double = new Float64Array(1);
const wide = new BigInt64Array(double.buffer);
const halves = new Int32Array(double.buffer);

function isSmall(value: unknown): value is number {
  return typeof value === "number" && (value | 0) === value && !(value === 0 && 1 / value < 0);
}

/** A row of integers that is written once and compared with stored ones. */
export class Signature {
  #words = new Int32Array(1024);
  #length = 0;

  /** Begins a new row in the same memory. */
  clear(): void {
    this.#length = 0;
  }

  /** Adds an integer. */
  push(word: number): void {
    if (this.#length === this.#words.length) this.#grow();
    this.#words[this.#length++] = word;
  }

  /** Replaces an integer. */
  set(index: number, word: number): void {
    this.#words[index] = word;
  }

  #grow(): void {
    const larger = new Int32Array(this.#words.length * 2);
    larger.set(this.#words);
    this.#words = larger;
  }

  /** Adds an attribute: a number, bigint, boolean, name, or a list of those. -0, NaN and infinities are told apart. */
  pushValue(value: unknown): void {
    if (isSmall(value)) {
      this.push(tag.small);
      this.push(value);
    } else if (typeof value === "number") {
      double[0] = value;
      this.#pushHalves(tag.double);
    } else if (Array.isArray(value)) {
      this.pushList(value);
    } else if (typeof value === "string") {
      this.push(tag.name);
      this.push(nameId(value));
    } else if (typeof value === "bigint") {
      wide[0] = value;
      this.#pushHalves(tag.bigint);
    } else if (typeof value === "boolean") {
      this.push(tag.truth);
      this.push(value ? 1 : 0);
    } else if (value === undefined || value === null) {
      this.push(tag.nothing);
    } else throw new TypeError(`signature: an attribute is ${typeof value}`);
  }

  #pushHalves(kind: number): void {
    this.push(kind);
    this.push(halves[0]);
    this.push(halves[1]);
  }

  /** Adds a list, such as a shape. */
  pushList(list: readonly unknown[]): void {
    const start = this.#length;
    this.push(tag.smallList);
    this.push(list.length);
    for (let i = 0; i < list.length; i++) {
      const item = list[i];
      if (isSmall(item)) this.push(item);
      else return this.#pushMixed(list, start);
    }
  }

  #pushMixed(list: readonly unknown[], start: number): void {
    this.#length = start;
    this.push(tag.list);
    this.push(list.length);
    for (const item of list) this.pushValue(item);
  }

  /** A hash of the row. */
  hash(): number {
    const words = this.#words, length = this.#length;
    let h = 0x811c9dc5;
    for (let i = 0; i < length; i++) h = Math.imul(h ^ words[i], 0x01000193) ^ (h >>> 15);
    return h;
  }

  /** Whether the row is the stored one. */
  equals(row: Int32Array): boolean {
    const words = this.#words, length = this.#length;
    if (row.length !== length) return false;
    for (let i = 0; i < length; i++) if (row[i] !== words[i]) return false;
    return true;
  }

  /** The row, to be stored. */
  copy(): Int32Array {
    return this.#words.slice(0, this.#length);
  }
}

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

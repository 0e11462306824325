/**
 * The Mersenne Twister MT19937, drawn exactly as PyTorch's CPU generator draws it. What the bits are turned into is the
 * business of the other files here; seeds, cached normals and saved states are generator.ts.
 *
 * @module
 */

/** Words of state. */
export const wordCount = 624;
/** How far ahead the word lies that each one is mixed with. */
export const offsetM = 397;

const N = wordCount, M = offsetM;

/** Something that renews and tempers words faster, such as the SIMD kernel. */
export interface TwisterKernel {
  readonly words: Int32Array;
  readonly renew: () => void;
  readonly temper: (next: number, to: number, count: number) => void;
}

/** One step of the recurrence: the upper bit of `u` and the lower bits of `v`, shifted and conditionally mixed. */
function twist(u: number, v: number): number {
  return (((u & 0x80000000) | (v & 0x7fffffff)) >>> 1) ^ (-(v & 1) & 0x9908b0df);
}

/** The engine: 624 words of state and a position in them. */
export class Mt19937 {
  /** The state words. `Int32Array`, because V8 keeps its elements in machine registers. */
  readonly words: Int32Array = new Int32Array(N);
  /** Words left before the state is renewed, counted as PyTorch counts it: 1 means that the next draw renews. */
  left = 1;
  /** Position of the next word; 0 after seeding, 624 when a block is used up (`left` is 1 in both cases). */
  next = 0;

  /** Seeds with the low 32 bits of `seed`. */
  constructor(seed: number) {
    const words = this.words;
    let previous = words[0] = seed | 0;
    for (let i = 1; i < N; i++) {
      previous = words[i] = (Math.imul(1812433253, previous ^ (previous >>> 30)) + i) | 0;
    }
  }

  /** Replaces the 624 words by the next 624. */
  private renew(): void {
    const p = this.words;
    let i = 0;
    for (; i < N - M; i++) p[i] = p[i + M] ^ twist(p[i], p[i + 1]);
    for (; i < N - 1; i++) p[i] = p[i + M - N] ^ twist(p[i], p[i + 1]);
    p[N - 1] = p[M - 1] ^ twist(p[N - 1], p[0]);
    this.left = N;
    this.next = 0;
  }

  /** The next 32 bits, as a signed integer: most callers mask them at once. */
  draw(): number {
    if (--this.left === 0) this.renew();
    let y = this.words[this.next++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return y ^ (y >>> 18);
  }

  /** Fills `out[start .. end)` with the next draws: the same words as `draw`, without its bookkeeping per word. */
  fill(out: Int32Array, start: number, end: number): void {
    const p = this.words;
    let i = start;
    while (i < end) {
      if (this.left === 1) {
        this.renew();
        this.left = N + 1;
      }
      const take = Math.min(end - i, this.left - 1);
      const shift = this.next - i;
      for (const stop = i + take; i < stop; i++) {
        let y = p[i + shift];
        y ^= y >>> 11;
        y ^= (y << 7) & 0x9d2c5680;
        y ^= (y << 15) & 0xefc60000;
        out[i] = y ^ (y >>> 18);
      }
      this.left -= take;
      this.next += take;
    }
  }

  /** Has `kernel` make the next `count` draws: the same words as `draw`. */
  fillWith(kernel: TwisterKernel, count: number): void {
    kernel.words.set(this.words);
    for (let i = 0; i < count;) {
      if (this.left === 1) {
        kernel.renew();
        this.left = N + 1;
        this.next = 0;
      }
      const take = Math.min(count - i, this.left - 1);
      kernel.temper(this.next, i, take);
      this.left -= take;
      this.next += take;
      i += take;
    }
    this.words.set(kernel.words);
  }

  /** An engine with the same state. */
  clone(): Mt19937 {
    const copy = new Mt19937(0);
    copy.words.set(this.words);
    copy.left = this.left;
    copy.next = this.next;
    return copy;
  }
}

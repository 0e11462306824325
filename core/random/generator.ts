/**
 * `Generator`: PyTorch's CPU random number generator as an object, and the default one that the facade draws from.
 * The distributions that use it are the other files of this directory.
 *
 * @module
 */
import { ValueError } from "../errors.ts";
import { answerSpelling } from "../habits.ts";
import { inWords } from "../words.ts";
import { sin } from "./libm/mod.ts";
import { Mt19937, type TwisterKernel } from "./mt19937.ts";

/** The seed of a generator that nobody has seeded, as in PyTorch. */
const unseeded = 67280421310721;

/** Where the fields of PyTorch's saved state lie; its words are 64 bits wide though only 32 are used. */
const layout = {
  seed: 0,
  left: 8,
  seeded: 12,
  next: 16,
  words: 24,
  normal: 5024,
  normalValid: 5040,
  floatNormal: 5048,
  floatNormalValid: 5052,
  bytes: 5056,
} as const;

/** Where the older form of a saved state, which PyTorch still reads, keeps the pair that its waiting normal is made of. */
const legacy = { uniform: 5016, radius: 5032, valid: 5040, bytes: 5048 } as const;

/**
 * A stream of random numbers that is, bit for bit, that of PyTorch's `torch.Generator` on the CPU: version 1.13, x86 with AVX2 or
 * AVX-512 (both draw the same). Three limits. Where PyTorch runs without AVX2 (`ATEN_CPU_CAPABILITY=default`) its float32 normals of 16 and more
 * elements come from the C library and may differ in the last bits. Its builds with Intel's MKL draw `bernoulli_(p)` and
 * so dropout masks from a stream of MKL's. Float64 numbers that come from log, exp, sin, cos or tan have the roundings of glibc 2.36 on a
 * machine with fused multiply-adds (libm/); another C library may differ in the last bit of one in a thousand.
 *
 * @example
 * ```ts
 * import { Generator } from "./generator.ts";
 * const a = new Generator().manualSeed(0);
 * const state = a.getState();
 * const first = a.uniform();
 * a.setState(state);
 * console.assert(a.uniform() === first);
 * ```
 */
export class Generator {
  private currentSeed = BigInt(unseeded);
  /** Made of the seed when first needed: programs that draw nothing do not wait for it. */
  private started: Mt19937 | null = null;
  /** The second normal of the last pair that the scalar Box-Muller transform made. */
  private cachedNormal: number | null = null;
  /** PyTorch's state has room for a float32 one too; its CPU code never draws it, but a saved state may hold it. */
  private cachedFloatNormal: number | null = null;

  /**
   * Starts the stream that belongs to `seed`: an integer from -2^63 to 2^64 - 1, negative ones counted modulo 2^64.
   * Only its low 32 bits make a difference to the numbers, as in PyTorch.
   *
   * @throws {ValueError} when `seed` is not an integer in that range.
   */
  manualSeed(seed: number | bigint): this {
    if (typeof seed !== "bigint" && !Number.isInteger(seed)) {
      throw new ValueError(
        `manual_seed expected a long, but got ${inWords(seed)}: manualSeed needs an integer`,
      );
    }
    const value = BigInt(seed);
    if (value < -(2n ** 63n) || value >= 2n ** 64n) {
      throw new ValueError(`Overflow when unpacking long: manualSeed(${value}) is outside [-2^63, 2^64)`);
    }
    this.currentSeed = BigInt.asUintN(64, value);
    this.started = null;
    this.cachedNormal = this.cachedFloatNormal = null;
    return this;
  }

  /** Seeds with fresh entropy and returns the seed that was used, at most 53 bits of it (`torch.Generator.seed`). */
  seed(): number {
    const [high, low] = crypto.getRandomValues(new Uint32Array(2));
    const seed = (high & 0x1fffff) * 2 ** 32 + low;
    this.manualSeed(seed);
    return seed;
  }

  /** The seed this stream started from; a bigint when a number cannot hold it (`torch.Generator.initial_seed`). */
  initialSeed(): number | bigint {
    const seed = this.currentSeed;
    return seed <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(seed) : seed;
  }

  /** The whole state, in the bytes of PyTorch's `get_rng_state()`; `Uint8Array` of length 5056. */
  getState(): Uint8Array<ArrayBuffer> {
    const state = new Uint8Array(layout.bytes);
    const view = new DataView(state.buffer);
    view.setBigUint64(layout.seed, this.currentSeed, true);
    view.setInt32(layout.left, this.engine.left, true);
    view.setInt32(layout.seeded, 1, true);
    view.setUint32(layout.next, this.engine.next, true);
    this.engine.words.forEach((word, i) => view.setInt32(layout.words + 8 * i, word, true));
    if (this.cachedNormal !== null) {
      view.setFloat64(layout.normal, this.cachedNormal, true);
      view.setInt32(layout.normalValid, 1, true);
    }
    if (this.cachedFloatNormal !== null) {
      view.setFloat32(layout.floatNormal, this.cachedFloatNormal, true);
      view.setUint8(layout.floatNormalValid, 1);
    }
    return state;
  }

  /**
   * Continues from a state that `getState` or PyTorch's `get_rng_state()` gave, the 5048 bytes of its early versions included.
   *
   * @throws {ValueError} when the bytes are not such a state.
   */
  setState(state: Uint8Array): this {
    if (state.length !== layout.bytes && state.length !== legacy.bytes) {
      throw new ValueError(
        `Expected either a CPUGeneratorImplStateLegacy of size ${legacy.bytes} or a CPUGeneratorImplState of size ` +
          `${layout.bytes} but found the input RNG state size to be ${state.length}: setState takes the bytes of ` +
          `getState() or of torch.get_rng_state()`,
      );
    }
    const view = new DataView(state.buffer, state.byteOffset, state.byteLength);
    const left = view.getInt32(layout.left, true), next = view.getUint32(layout.next, true);
    // A draw reads word `next`, so that the two counters have to agree, not only be in range.
    const fresh = left === 1 && next === 0;
    const valid = view.getInt32(layout.seeded, true) !== 0 && left >= 1 && left <= 624 &&
      (fresh || left + next === 625);
    if (!valid) {
      throw new ValueError(`Invalid mt19937 state: setState got bytes that are no generator state`);
    }
    this.currentSeed = view.getBigUint64(layout.seed, true);
    const engine = new Mt19937(0);
    engine.left = left;
    engine.next = next;
    for (let i = 0; i < 624; i++) engine.words[i] = view.getInt32(layout.words + 8 * i, true);
    this.started = engine;
    if (state.length === legacy.bytes) {
      const waits = view.getInt32(legacy.valid, true) !== 0;
      const theta = 2 * Math.PI * view.getFloat64(legacy.uniform, true);
      this.cachedNormal = waits ? view.getFloat64(legacy.radius, true) * sin(theta) : null;
      this.cachedFloatNormal = null;
      return this;
    }
    this.cachedNormal = view.getInt32(layout.normalValid, true) !== 0
      ? view.getFloat64(layout.normal, true)
      : null;
    this.cachedFloatNormal = view.getUint8(layout.floatNormalValid) !== 0
      ? view.getFloat32(layout.floatNormal, true)
      : null;
    return this;
  }

  /** An independent generator that will give the same numbers from here on. */
  clone(): Generator {
    const copy = new Generator();
    copy.started = this.started?.clone() ?? null;
    copy.currentSeed = this.currentSeed;
    copy.cachedNormal = this.cachedNormal;
    copy.cachedFloatNormal = this.cachedFloatNormal;
    return copy;
  }

  /** The engine, made now if nothing was drawn yet. */
  private get engine(): Mt19937 {
    return this.started ??= new Mt19937(Number(BigInt.asUintN(32, this.currentSeed)));
  }

  /** The next 32 random bits, as a number in [0, 2^32). */
  bits32(): number {
    return this.engine.draw() >>> 0;
  }

  /** The next 64 random bits; the first draw is the high half. */
  bits64(): bigint {
    const high = this.engine.draw() >>> 0, low = this.engine.draw() >>> 0;
    return (BigInt(high) << 32n) | BigInt(low);
  }

  /** A number in [0, 1) with 53 random bits, from two draws. */
  uniform(): number {
    const high = this.engine.draw() & 0x1fffff, low = this.engine.draw() >>> 0;
    return (high * 2 ** 32 + low) * 2 ** -53;
  }

  /** Fills `out[start .. end)` with 32-bit draws, as signed integers. */
  fillBits(out: Int32Array, start: number, end: number): void {
    this.engine.fill(out, start, end);
  }

  /** @internal Has a kernel make the next `count` 32-bit draws. */
  fillBitsWith(kernel: TwisterKernel, count: number): void {
    this.engine.fillWith(kernel, count);
  }

  /** Takes the normal that is waiting from the last Box-Muller pair; `null` when none is. */
  takeNormal(): number | null {
    const normal = this.cachedNormal;
    this.cachedNormal = null;
    return normal;
  }

  /** Keeps the second normal of a Box-Muller pair for the next call. */
  keepNormal(normal: number): void {
    this.cachedNormal = normal;
  }
}

/** The generator that every random function uses when it is given none; not seeded the same way twice. */
export const defaultGenerator: Generator = new Generator();
defaultGenerator.seed();

/**
 * Seeds the default generator (`torch.manual_seed`), so that what follows prints the numbers PyTorch prints.
 *
 * @example
 * ```ts
 * import { manualSeed, rand } from "@tenon/tenon";
 * manualSeed(0);
 * console.log(String(rand(2))); // tensor([0.4963, 0.7682])
 * ```
 */
export function manualSeed(seed: number | bigint): Generator {
  return defaultGenerator.manualSeed(seed);
}

answerSpelling(Generator.prototype);

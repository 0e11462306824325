/**
 * The one memory of the CPU backend: a shared WebAssembly memory that grows on demand, and an allocator over it. What is stored there, and by
 * whom, is not known here.
 *
 * Small blocks come from free lists by size, refilled from slabs that are never given back. Larger ones are found by a two-level
 * table of free lists (a good fit in nearly constant time) and merge with free neighbours when freed.
 *
 * @module
 */
import { OutOfMemoryError } from "../../errors.ts";

/** Bytes of a WebAssembly page. */
const PAGE = 65536;
/** A 32-bit memory's limit, in pages. */
const MAX_PAGES = 65536;
/** Left unused at the end, so that vector loads may run a little past the last block. */
const SLACK = 256;
/** Alignment of blocks above the small ones: a cache line. */
const LINE = 64;
/** Largest small block. */
const SMALL_MAX = 1024;
/** Alignment and granule of small blocks: a vector. */
const SMALL_STEP = 16;
const SLAB = 32768;
/** Each power of two is split into this many lists. */
const SPLIT = 8;
const LISTS = 32 * SPLIT;
/** Blocks of about the size asked for that are looked at before a larger one is cut. */
const TRIES = 8;

/** Typed-array views of the whole memory. They cover what was there when they were made; `Arena.views` renews them after growth. */
export interface Views {
  readonly f32: Float32Array<SharedArrayBuffer>;
  readonly f64: Float64Array<SharedArrayBuffer>;
  readonly f16: Float16Array<SharedArrayBuffer>;
  readonly i64: BigInt64Array<SharedArrayBuffer>;
  readonly i32: Int32Array<SharedArrayBuffer>;
  readonly i16: Int16Array<SharedArrayBuffer>;
  readonly u16: Uint16Array<SharedArrayBuffer>;
  readonly i8: Int8Array<SharedArrayBuffer>;
  readonly u8: Uint8Array<SharedArrayBuffer>;
}

/** A stretch of memory, free or taken, in address order with its neighbours. */
interface Block {
  address: number;
  bytes: number;
  free: boolean;
  before: Block | null;
  after: Block | null;
  previousFree: Block | null;
  nextFree: Block | null;
}

/** The shared memory and its allocator. Addresses are byte offsets, never 0. */
export class Arena {
  readonly memory: WebAssembly.Memory;
  #views: Views;
  #used = 0;
  #handedOut = 0;
  #end: number;
  #last: Block;
  readonly #free: (Block | null)[] = new Array<Block | null>(LISTS).fill(null);
  readonly #taken = new Map<number, Block>();
  readonly #small: number[][] = Array.from({ length: SMALL_MAX / SMALL_STEP + 1 }, () => []);
  readonly #limit: number;

  /** Starts with `initialBytes` and never grows past `limitBytes` (at most 4 GiB). */
  constructor(initialBytes = 1 << 20, limitBytes = MAX_PAGES * PAGE) {
    this.#limit = Math.min(limitBytes, MAX_PAGES * PAGE);
    const initial = Math.ceil(initialBytes / PAGE);
    this.memory = new WebAssembly.Memory({ initial, maximum: MAX_PAGES, shared: true });
    this.#views = viewsOf(this.memory);
    this.#end = initial * PAGE - SLACK;
    const first = blockAt(LINE, this.#end - LINE);
    this.#last = first;
    this.#insert(first);
  }

  /** Views of the whole memory, as it is now. Fetch them again after anything that allocates. */
  get views(): Views {
    return this.#views;
  }

  /** Bytes in blocks that were handed out and not freed. */
  get used(): number {
    return this.#used;
  }

  /** Bytes taken from the system. */
  get reserved(): number {
    return this.#end + SLACK;
  }

  /** The address of `bytes` uninitialised bytes: 16-byte aligned, 64 when larger than 1 KiB. Throws OutOfMemoryError when there are none left. */
  allocate(bytes: number): number {
    let address: number;
    if (bytes <= SMALL_MAX) {
      const size = Math.max(SMALL_STEP, (bytes + SMALL_STEP - 1) & -SMALL_STEP);
      const list = this.#small[size / SMALL_STEP];
      if (list.length === 0) this.#refill(list, size);
      address = list.pop()!;
      this.#used += size;
    } else {
      address = this.#take(Math.ceil(bytes / LINE) * LINE, bytes);
      this.#used += Math.ceil(bytes / LINE) * LINE;
    }
    this.#handedOut++;
    return address;
  }

  /** Gives back what `allocate(bytes)` returned. */
  release(address: number, bytes: number): void {
    this.#handedOut--;
    if (bytes <= SMALL_MAX) {
      const size = Math.max(SMALL_STEP, (bytes + SMALL_STEP - 1) & -SMALL_STEP);
      this.#small[size / SMALL_STEP].push(address);
      this.#used -= size;
      return;
    }
    let block = this.#taken.get(address)!;
    this.#taken.delete(address);
    this.#used -= block.bytes;
    const { before, after } = block;
    if (after !== null && after.free) {
      this.#remove(after);
      this.#absorb(block, after);
    }
    if (before !== null && before.free) {
      this.#remove(before);
      this.#absorb(before, block);
      block = before;
    }
    this.#insert(block);
  }

  #refill(list: number[], size: number): void {
    const slab = this.#take(SLAB, size);
    for (let at = SLAB - size; at >= 0; at -= size) list.push(slab + at);
  }

  #take(bytes: number, asked: number): number {
    // The lists are for sizes below 4 GiB.
    if (bytes >= this.#limit) throw this.#outOfMemory(asked);
    let block = this.#find(bytes);
    if (block === null) {
      this.#grow(bytes, asked);
      block = this.#find(bytes)!;
    }
    this.#remove(block);
    if (block.bytes > bytes) {
      const rest = blockAt(block.address + bytes, block.bytes - bytes);
      rest.before = block;
      rest.after = block.after;
      if (block.after !== null) block.after.before = rest;
      else this.#last = rest;
      block.after = rest;
      block.bytes = bytes;
      this.#insert(rest);
    }
    this.#taken.set(block.address, block);
    return block.address;
  }

  /**
   * A free block of at least `bytes`. One of about its size first, as what is freed is often asked for again, rather than a piece of a larger one, which
   * may be memory that was never touched; then the smallest list that only holds large enough ones; then whatever fits.
   */
  #find(bytes: number): Block | null {
    const own = listOf(bytes);
    let block = this.#free[own];
    for (let tries = 0; block !== null && tries < TRIES; tries++, block = block.nextFree) {
      if (block.bytes >= bytes) return block;
    }
    for (let i = own + 1; i < LISTS; i++) {
      const larger = this.#free[i];
      if (larger !== null) return larger;
    }
    for (; block !== null; block = block.nextFree) {
      if (block.bytes >= bytes) return block;
    }
    return null;
  }

  #grow(bytes: number, asked: number): void {
    const missing = bytes - (this.#last.free ? this.#last.bytes : 0);
    const size = this.#end + SLACK;
    const generous = Math.max(missing, size / 4, 16 << 20);
    const pages = [generous, missing].map((more) => Math.ceil(Math.min(more, this.#limit - size) / PAGE))
      .find((p) => p * PAGE >= missing && this.#tryGrow(p));
    if (pages === undefined) throw this.#outOfMemory(asked);
    const more = pages * PAGE;
    this.#views = viewsOf(this.memory);
    if (this.#last.free) {
      this.#remove(this.#last);
      this.#last.bytes += more;
    } else {
      const block = blockAt(this.#end, more);
      block.before = this.#last;
      this.#last.after = block;
      this.#last = block;
    }
    this.#end += more;
    this.#insert(this.#last);
  }

  #tryGrow(pages: number): boolean {
    try {
      this.memory.grow(pages);
      return true;
    } catch {
      return false;
    }
  }

  #outOfMemory(asked: number): OutOfMemoryError {
    let largest = 0;
    for (let block: Block | null = this.#last; block !== null; block = block.before) {
      if (block.free) largest = Math.max(largest, block.bytes);
    }
    return new OutOfMemoryError(
      `cpu: out of memory: tried to allocate ${sizeText(asked)}. ${this.#handedOut} buffers hold ${
        sizeText(this.#used)
      } of the ${sizeText(this.#end + SLACK)} reserved, the largest free block has ${
        sizeText(largest)
      }, and the memory can grow to ${
        sizeText(this.#limit)
      }. Free tensors that are no longer needed or use smaller batches`,
    );
  }

  #insert(block: Block): void {
    const list = listOf(block.bytes);
    const head = this.#free[list];
    block.free = true;
    block.previousFree = null;
    block.nextFree = head;
    if (head !== null) head.previousFree = block;
    this.#free[list] = block;
  }

  #remove(block: Block): void {
    if (block.previousFree !== null) block.previousFree.nextFree = block.nextFree;
    else this.#free[listOf(block.bytes)] = block.nextFree;
    if (block.nextFree !== null) block.nextFree.previousFree = block.previousFree;
    block.free = false;
  }

  /** Makes `block` cover its neighbour `after` too. */
  #absorb(block: Block, after: Block): void {
    block.bytes += after.bytes;
    block.after = after.after;
    if (after.after !== null) after.after.before = block;
    else this.#last = block;
  }
}

function blockAt(address: number, bytes: number): Block {
  return { address, bytes, free: false, before: null, after: null, previousFree: null, nextFree: null };
}

/** The list of blocks of a size: `SPLIT` lists for each power of two. */
function listOf(bytes: number): number {
  const power = 31 - Math.clz32(bytes);
  return power * SPLIT + ((bytes / 2 ** power - 1) * SPLIT | 0);
}

function viewsOf(memory: WebAssembly.Memory): Views {
  // The memory is made shared above; the DOM types cannot say so.
  const buffer = memory.buffer as ArrayBufferLike as SharedArrayBuffer;
  return {
    f32: new Float32Array(buffer),
    f64: new Float64Array(buffer),
    f16: new Float16Array(buffer),
    i64: new BigInt64Array(buffer),
    i32: new Int32Array(buffer),
    i16: new Int16Array(buffer),
    u16: new Uint16Array(buffer),
    i8: new Int8Array(buffer),
    u8: new Uint8Array(buffer),
  };
}

/** Bytes in the unit people read. */
export function sizeText(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  const unit = bytes < 2 ** 20
    ? ["KiB", 2 ** 10] as const
    : bytes < 2 ** 30
    ? ["MiB", 2 ** 20] as const
    : ["GiB", 2 ** 30] as const;
  return `${(bytes / unit[1]).toFixed(2)} ${unit[0]}`;
}

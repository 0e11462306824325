/**
 * What one thread of the pool does: take chunks of the current job until none is left. The same code runs on the main thread and, as source text,
 * in the workers, so `makeThread` and `workerMain` must not use anything outside their own bodies. Nor do they name functions of their own, other
 * than methods: a bundler that keeps names wraps each in a helper, which is outside.
 *
 * @module
 */

/** A compiled kernel: works on the points or tasks from `start` up to `end`. `scratch` is memory of the calling thread's own. */
export type KernelFn = (start: number, end: number, args: number, scratch: number) => void;

/** Places in the control block, in 32-bit words. What threads write sits on cache lines of its own. */
export const words = {
  /** Counts jobs; workers wait for it to change. */
  epoch: 0,
  /** Workers with an index from here on sit jobs out. */
  limit: 1,
  /** Whether threads of others need the processors: workers then wait asleep. */
  asleep: 2,
  /** Chunks nobody has taken yet. Taking one is a single subtraction, valid for whatever job is current. */
  remaining: 16,
  /** Chunks that are done. */
  finished: 32,
  failed: 33,
  /** The job: its kernel's id, module id, module address, module bytes, export number. */
  kernel: 48,
  args: 53,
  tasks: 54,
  chunk: 55,
  end: 56,
  scratch: 57,
  scratchStride: 58,
  /** The kernel that follows on each finished tile (five words as above), its arguments, and the tiling of the result. */
  follow: 64,
  followArgs: 69,
  rows: 70,
  columns: 71,
  tileRows: 72,
  tileColumns: 73,
  length: 80,
} as const;

/** What a worker is started with. */
export interface ThreadSetup {
  readonly memory: WebAssembly.Memory;
  readonly control: number;
  readonly index: number;
  readonly words: typeof words;
}

/** A thread's own state. */
export interface Thread {
  /** Kernels by id. */
  readonly functions: Map<number, KernelFn>;
  /** Takes chunks of the current job until none is left; returns what a chunk threw. */
  drain(): unknown;
}

/** The state of thread `index`. */
export function makeThread({ memory, control, index, words }: ThreadSetup): Thread {
  const ctl = new Int32Array(memory.buffer, control, words.length);
  const functions = new Map<number, KernelFn>();
  const instances = new Map<number, KernelFn[]>();

  const thread = {
    functions,

    kernelAt(word: number): KernelFn {
      const known = functions.get(ctl[word]);
      if (known !== undefined) return known;
      // On a worker. What the main thread has given up meanwhile goes too, now and then; the rest is made again from its bytes.
      if (functions.size > 8192) {
        functions.clear();
        instances.clear();
      }
      let entries = instances.get(ctl[word + 1]);
      if (entries === undefined) {
        const bytes = new Uint8Array(memory.buffer, ctl[word + 2] >>> 0, ctl[word + 3]).slice();
        const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), {
          env: { memory },
          math: Math as object as WebAssembly.ModuleImports,
        });
        entries = Object.values(instance.exports) as KernelFn[];
        instances.set(ctl[word + 1], entries);
      }
      const fn = entries[ctl[word + 4]];
      functions.set(ctl[word], fn);
      return fn;
    },

    /** Runs the following kernel on the points of one tile of a stack of row-major matrices. */
    follow(tile: number): void {
      const fn = thread.kernelAt(words.follow), args = ctl[words.followArgs];
      const rows = ctl[words.rows], columns = ctl[words.columns];
      const tileRows = ctl[words.tileRows], tileColumns = ctl[words.tileColumns];
      const across = Math.ceil(columns / tileColumns), down = Math.ceil(rows / tileRows);
      const matrix = Math.floor(tile / (across * down));
      const top = Math.floor(tile / across) % down * tileRows, left = tile % across * tileColumns;
      const bottom = Math.min(rows, top + tileRows), right = Math.min(columns, left + tileColumns);
      if (across === 1) fn((matrix * rows + top) * columns, (matrix * rows + bottom) * columns, args, 0);
      else {
        for (let row = matrix * rows + top; row < matrix * rows + bottom; row++) {
          fn(row * columns + left, row * columns + right, args, 0);
        }
      }
    },

    drain(): unknown {
      let error: unknown;
      for (;;) {
        const left = Atomics.sub(ctl, words.remaining, 1);
        if (left <= 0) return error;
        // From here until `finished` is raised the job cannot change.
        const tasks = ctl[words.tasks];
        try {
          const chunk = ctl[words.chunk], start = (tasks - left) * chunk;
          const end = Math.min(start + chunk, ctl[words.end]);
          const scratch = ctl[words.scratch] + index * ctl[words.scratchStride];
          const fn = thread.kernelAt(words.kernel);
          fn(start, end, ctl[words.args], scratch);
          if (ctl[words.follow] >= 0) { for (let tile = start; tile < end; tile++) thread.follow(tile); }
        } catch (thrown) {
          error = thrown;
          Atomics.store(ctl, words.failed, 1);
        }
        if (Atomics.add(ctl, words.finished, 1) + 1 === tasks) Atomics.notify(ctl, words.finished);
      }
    },
  };
  return thread;
}

/** A worker's life: wait for a job, briefly awake and then asleep, and help with it. */
export function workerMain(setup: ThreadSetup, make: typeof makeThread): void {
  const { memory, control, index, words } = setup;
  const ctl = new Int32Array(memory.buffer, control, words.length);
  const thread = make(setup);
  for (let seen = 0;;) {
    for (let spins = 0; spins < 2000 && Atomics.load(ctl, words.epoch) === seen; spins++) {
      if (Atomics.load(ctl, words.asleep) !== 0) break;
      Atomics.pause();
    }
    Atomics.wait(ctl, words.epoch, seen);
    seen = Atomics.load(ctl, words.epoch);
    if (index < Atomics.load(ctl, words.limit)) thread.drain();
  }
}

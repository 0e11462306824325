/**
 * Reads Python pickles without running anything: numbers, strings, lists, tuples and dicts, and the few named constructors
 * that the caller provides. Every other name and every other instruction is refused.
 *
 * @module
 */
import { LoadError } from "../../core/errors.ts";

/** A name that the pickle may refer to; with `call`, one that it may apply to arguments. */
export class Global {
  /** What the name stands for: a mere name, or a constructor. */
  constructor(readonly name: string, readonly call?: (args: readonly unknown[]) => unknown) {}
}

/** What the pickle may use beyond plain values. */
export interface Environment {
  /** The constructors it may name, by `module.name`. */
  readonly globals: ReadonlyMap<string, Global>;
  /** Turns a persistent id (a storage, in PyTorch's files) into an object. */
  persistentLoad(id: unknown): unknown;
}

const mark = Symbol("mark");

function damaged(what: string): LoadError {
  return new LoadError(`invalid pickle: ${what}`);
}

/**
 * The value of the pickle that starts at `start`, and where it ends. Tuples and lists become arrays, dicts become records
 * (integer keys as decimal text), and integers beyond 2^53 bigints.
 */
export function unpickle(
  bytes: Uint8Array,
  start: number,
  environment: Environment,
): { value: unknown; end: number } {
  return new Machine(bytes, start, environment).run();
}

/** Python's pickle machine: a stack, a memo, and one method per group of instructions. */
class Machine {
  readonly #stack: unknown[] = [];
  readonly #memo = new Map<number, unknown>();
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #latin1 = new TextDecoder("latin1");
  readonly #utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  readonly #environment: Environment;
  #at: number;

  constructor(bytes: Uint8Array, start: number, environment: Environment) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#environment = environment;
    this.#at = start;
  }

  run(): { value: unknown; end: number } {
    while (true) {
      const instruction = this.#uint(1);
      // STOP
      if (instruction === 0x2e) return { value: this.#pop(), end: this.#at };
      if (!(this.#literal(instruction) || this.#container(instruction) || this.#object(instruction))) {
        throw damaged(`instruction 0x${instruction.toString(16)} at byte ${this.#at - 1} is not allowed`);
      }
    }
  }

  /** Instructions that push a plain value; false for any other. */
  #literal(instruction: number): boolean {
    switch (instruction) {
      case 0x80: { // PROTO
        const protocol = this.#uint(1);
        if (protocol > 5) throw damaged(`protocol ${protocol} is unknown`);
        return true;
      }
      case 0x95: // FRAME
        this.#take(8);
        return true;
      case 0x4e: // NONE
        return this.#push(null);
      case 0x88: // NEWTRUE
        return this.#push(true);
      case 0x89: // NEWFALSE
        return this.#push(false);
      case 0x4b: // BININT1
        return this.#push(this.#uint(1));
      case 0x4d: // BININT2
        return this.#push(this.#uint(2));
      case 0x4a: // BININT
        return this.#push(this.#uint(4) | 0);
      case 0x8a: // LONG1
        return this.#push(this.#long(this.#uint(1)));
      case 0x47: // BINFLOAT, the one big-endian number
        this.#take(8);
        return this.#push(this.#view.getFloat64(this.#at - 8));
      case 0x8c: // SHORT_BINUNICODE
        return this.#push(this.#text(this.#uint(1)));
      case 0x58: // BINUNICODE
        return this.#push(this.#text(this.#uint(4)));
      case 0x55: // SHORT_BINSTRING, which Python 2 wrote
        return this.#push(this.#latin1.decode(this.#take(this.#uint(1))));
      default:
        return false;
    }
  }

  /** Instructions that make and fill containers, and the memo's; false for any other. */
  #container(instruction: number): boolean {
    switch (instruction) {
      case 0x28: // MARK
        return this.#push(mark);
      case 0x29: // EMPTY_TUPLE
      case 0x5d: // EMPTY_LIST
        return this.#push([]);
      case 0x7d: // EMPTY_DICT
        return this.#push({});
      case 0x74: // TUPLE
        return this.#push(this.#popToMark());
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        return this.#push(this.#popMany(instruction - 0x84));
      case 0x61: // APPEND
        return this.#append([this.#pop()]);
      case 0x65: // APPENDS
        return this.#append(this.#popToMark());
      case 0x73: // SETITEM
        return this.#setItems(this.#popMany(2));
      case 0x75: // SETITEMS
        return this.#setItems(this.#popToMark());
      case 0x71: // BINPUT
        return this.#remember(this.#uint(1));
      case 0x72: // LONG_BINPUT
        return this.#remember(this.#uint(4));
      case 0x94: // MEMOIZE
        return this.#remember(this.#memo.size);
      case 0x68: // BINGET
        return this.#recall(this.#uint(1));
      case 0x6a: // LONG_BINGET
        return this.#recall(this.#uint(4));
      default:
        return false;
    }
  }

  /** Instructions that could run code, and here reach the caller's few constructors alone; false for any other. */
  #object(instruction: number): boolean {
    switch (instruction) {
      case 0x63: { // GLOBAL
        const module = this.#line();
        return this.#push(this.#find(module, this.#line()));
      }
      case 0x93: { // STACK_GLOBAL
        const [module, name] = this.#popMany(2);
        return this.#push(this.#find(String(module), String(name)));
      }
      case 0x51: // BINPERSID
        return this.#push(this.#environment.persistentLoad(this.#pop()));
      case 0x52: { // REDUCE
        const [callable, args] = this.#popMany(2);
        if (!(callable instanceof Global) || callable.call === undefined || !Array.isArray(args)) {
          throw damaged("it calls something that cannot be called");
        }
        return this.#push(callable.call(args));
      }
      case 0x62: { // BUILD: attributes of a dict, such as a state dict's _metadata, which nothing here needs
        const [target] = this.#popMany(2);
        if (!isRecord(target)) throw damaged("it sets attributes of something that is no dict");
        return this.#push(target);
      }
      default:
        return false;
    }
  }

  #find(module: string, name: string): Global {
    const full = `${module}.${name}`;
    const found = this.#environment.globals.get(full);
    if (found) return found;
    throw new LoadError(
      `Weights only load failed. Unsupported global: GLOBAL ${full} was not an allowed global. Tenon reads tensors, ` +
        `numbers, strings, lists and dicts; save a state dict (torch.save(model.state_dict(), path)) and not an object`,
    );
  }

  #push(value: unknown): true {
    this.#stack.push(value);
    return true;
  }

  #pop(): unknown {
    if (this.#stack.length === 0 || this.#stack[this.#stack.length - 1] === mark) {
      throw damaged("its stack ran empty");
    }
    return this.#stack.pop();
  }

  #popMany(count: number): unknown[] {
    return Array.from({ length: count }, () => this.#pop()).reverse();
  }

  #popToMark(): unknown[] {
    const at = this.#stack.lastIndexOf(mark);
    if (at < 0) throw damaged("a mark is missing");
    return this.#stack.splice(at).slice(1);
  }

  #top(): unknown {
    const value = this.#pop();
    this.#stack.push(value);
    return value;
  }

  #append(values: unknown[]): true {
    const list = this.#top();
    if (!Array.isArray(list)) throw damaged("it appends to something that is no list");
    for (const value of values) list.push(value);
    return true;
  }

  #setItems(flat: unknown[]): true {
    const dict = this.#top();
    if (!isRecord(dict) || flat.length % 2 !== 0) throw damaged("it sets items of something that is no dict");
    for (let i = 0; i < flat.length; i += 2) setItem(dict, flat[i], flat[i + 1]);
    return true;
  }

  #remember(index: number): true {
    this.#memo.set(index, this.#top());
    return true;
  }

  #recall(index: number): true {
    if (!this.#memo.has(index)) throw damaged(`it recalls value ${index}, which was never kept`);
    return this.#push(this.#memo.get(index));
  }

  #take(length: number): Uint8Array {
    if (this.#at + length > this.#bytes.length) throw damaged("it is cut short");
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  #uint(length: 1 | 2 | 4): number {
    this.#take(length);
    const at = this.#at - length;
    if (length === 1) return this.#bytes[at];
    return length === 2 ? this.#view.getUint16(at, true) : this.#view.getUint32(at, true);
  }

  /** A little-endian two's complement integer of any length. */
  #long(length: number): number | bigint {
    let value = 0n;
    for (const byte of this.#take(length).toReversed()) value = (value << 8n) | BigInt(byte);
    const signed = BigInt.asIntN(8 * length, value);
    return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed;
  }

  #text(length: number): string {
    const bytes = this.#take(length);
    try {
      return this.#utf8.decode(bytes);
    } catch {
      throw damaged("a string is not UTF-8");
    }
  }

  #line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at);
    if (end < 0) throw damaged("it is cut short");
    const text = this.#text(end - this.#at);
    this.#at = end + 1;
    return text;
  }
}

/** Whether the value is a dict of the pickle; what constructors make must be of classes of their own. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** `dict[key] = value`, with integer keys as decimal text. */
export function setItem(dict: Record<string, unknown>, key: unknown, value: unknown): void {
  if (typeof key !== "string" && typeof key !== "number") {
    throw new LoadError(`a dict has a key that is neither text nor an integer but ${typeof key}`);
  }
  const name = String(key);
  // Not an assignment: the key may be __proto__.
  Object.defineProperty(dict, name, { value, enumerable: true, configurable: true, writable: true });
}

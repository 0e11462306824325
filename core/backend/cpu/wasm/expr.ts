/**
 * Typed WebAssembly expressions: trees of instructions whose TypeScript type carries the WebAssembly type, so that an ill-typed module does
 * not compile. The instructions themselves are in opcodes.ts, functions and modules in assembler.ts.
 *
 * @module
 */

/** The value types of WebAssembly; "void" is an instruction without a result, such as a store. */
export type ValueType = "i32" | "i64" | "f32" | "f64" | "v128";

/** Places in encoded code where the index of a function is filled in once it is known. */
export interface CallSite {
  readonly callee: { readonly index: number };
  readonly at: number;
}

/** Encoded instructions; calls leave five bytes free for an index that is known only when the module is finished. */
export class Code {
  readonly bytes: number[] = [];
  readonly calls: CallSite[] = [];
}

/**
 * An instruction and its operands. It is encoded at each place where it is used, so a value needed twice goes
 * through a local (`Func.keep`).
 */
export class Expr<T extends ValueType | "void"> {
  constructor(
    readonly type: T,
    private readonly opcode: readonly number[],
    private readonly args: readonly Expr<ValueType>[] = [],
    private readonly callee: CallSite["callee"] | null = null,
  ) {}

  encode(out: Code): void {
    // Counted loops: most modules are encoded before the program has warmed up, when iterators are slow.
    const { args, opcode } = this, { bytes } = out;
    for (let i = 0; i < args.length; i++) args[i].encode(out);
    for (let i = 0; i < opcode.length; i++) bytes.push(opcode[i]);
    if (this.callee !== null) {
      out.calls.push({ callee: this.callee, at: out.bytes.length });
      out.bytes.push(0, 0, 0, 0, 0);
    }
  }
}

/** What an instruction takes: an expression, or a literal of the type. */
export type Operand<T extends ValueType> = Expr<T> | Literal<T>;

type Literal<T extends ValueType> = T extends "v128" ? never : T extends "i64" ? bigint : number;

/** Unsigned LEB128. */
export function uleb(value: number): number[] {
  if (value < 128) return [value];
  const out: number[] = [];
  do {
    const low = value % 128;
    value = Math.floor(value / 128);
    out.push(value > 0 ? low | 0x80 : low);
  } while (value > 0);
  return out;
}

function sleb(value: bigint): number[] {
  const out: number[] = [];
  for (;;) {
    const low = Number(value & 0x7fn);
    value >>= 7n;
    if ((value === 0n && low < 64) || (value === -1n && low >= 64)) {
      out.push(low);
      return out;
    }
    out.push(low | 0x80);
  }
}

function sleb32(value: number): number[] {
  const out: number[] = [];
  for (value |= 0;;) {
    const low = value & 0x7f;
    value >>= 7;
    if ((value === 0 && low < 64) || (value === -1 && low >= 64)) {
      out.push(low);
      return out;
    }
    out.push(low | 0x80);
  }
}

const scratch = new DataView(new ArrayBuffer(8));

/** The little-endian bytes of a float64. */
export function f64Bytes(value: number): number[] {
  scratch.setFloat64(0, value, true);
  return Array.from({ length: 8 }, (_, i) => scratch.getUint8(i));
}

/** The little-endian bytes of a float32. */
export function f32Bytes(value: number): number[] {
  scratch.setFloat32(0, value, true);
  return Array.from({ length: 4 }, (_, i) => scratch.getUint8(i));
}

/** The little-endian bytes of an int32, given signed or unsigned. */
export function i32Bytes(value: number): number[] {
  scratch.setInt32(0, value, true);
  return Array.from({ length: 4 }, (_, i) => scratch.getUint8(i));
}

/** The little-endian bytes of an int64. */
export function i64Bytes(value: bigint): number[] {
  scratch.setBigInt64(0, BigInt.asIntN(64, value), true);
  return Array.from({ length: 8 }, (_, i) => scratch.getUint8(i));
}

/** A literal of a scalar type. Numbers beyond 2^31 stand for their 32 bits. */
export function literal<T extends ValueType>(type: T, value: number | bigint): Expr<T> {
  switch (type) {
    case "i32":
      return new Expr(type, [0x41, ...sleb32(Number(value))]);
    case "i64":
      return new Expr(type, [0x42, ...sleb(BigInt.asIntN(64, BigInt(value)))]);
    case "f32":
      return new Expr(type, [0x43, ...f32Bytes(Number(value))]);
    case "f64":
      return new Expr(type, [0x44, ...f64Bytes(Number(value))]);
    default:
      throw new TypeError(`${type} has no scalar literal`);
  }
}

/** An operand as an expression. */
export function toExpr<T extends ValueType>(type: T, operand: Operand<T>): Expr<T> {
  return operand instanceof Expr ? operand : literal(type, operand);
}

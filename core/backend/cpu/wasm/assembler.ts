/**
 * A small assembler for WebAssembly modules: functions with locals, structured control flow, calls and an imported memory. Instructions
 * are in opcodes.ts; what is computed with them is decided elsewhere.
 *
 * @example
 * ```ts
 * import { ModuleBuilder } from "./assembler.ts";
 * import { f32x4, v128 } from "./opcodes.ts";
 * const module = new ModuleBuilder({ initial: 1, maximum: 1, shared: true });
 * module.func("double", ["i32", "i32"], "void", (f, start, end) => {
 *   const i = f.local("i32");
 *   f.for(i, start, end, 16, () => {
 *     const x = f.keep(v128.load(i));
 *     f.do(v128.store(i, f32x4.add(x, x)));
 *   });
 * });
 * const bytes = module.encode();
 * ```
 *
 * @module
 */
import { Code, Expr, type Operand, toExpr, uleb, type ValueType } from "./expr.ts";
import { i32 } from "./opcodes.ts";

const typeByte: Readonly<Record<ValueType, number>> = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
};

/** A local variable or parameter; as an expression it is its value. */
export class Local<T extends ValueType> extends Expr<T> {
  constructor(type: T, readonly index: number) {
    super(type, index < 128 ? [0x20, index] : [0x20, ...uleb(index)]);
  }
}

/** A place to branch to: the end of a block or the head of a loop. */
export interface Label {
  /** Nesting depth at which the label was opened. */
  readonly depth: number;
}

/** A stretch of a function that can be written to after the code that follows it. */
export interface Section {
  readonly code: Code;
  readonly depth: number;
}

type ExprOf<P extends readonly ValueType[]> = { readonly [K in keyof P]: Operand<P[K]> };
type LocalsOf<P extends readonly ValueType[]> = { readonly [K in keyof P]: Local<P[K]> };

/** A function that can be called: imported or defined in the module. */
export class Callable<P extends readonly ValueType[], R extends ValueType | "void"> {
  index = -1;
  constructor(readonly params: P, readonly result: R) {}

  /** The call as an expression. */
  call(...args: ExprOf<P>): Expr<R> {
    const list = args as readonly Operand<ValueType>[];
    return new Expr(this.result, [0x10], list.map((a, i) => toExpr(this.params[i], a)), this);
  }
}

/** The body of a function under construction. */
export class Func {
  private readonly locals: ValueType[] = [];
  private readonly sections: Code[] = [new Code()];
  private code = this.sections[0];
  private depth = 0;
  /** Locals of the innermost scope; null outside all scopes. */
  private opened: Local<ValueType>[] | null = null;
  private readonly unused: Record<ValueType, Local<ValueType>[]> = {
    i32: [],
    i64: [],
    f32: [],
    f64: [],
    v128: [],
  };

  constructor(private readonly params: readonly ValueType[]) {}

  /** A new local variable: zero at the start, except inside a scope, where it may hold anything. */
  local<T extends ValueType>(type: T): Local<T> {
    const reused = this.opened === null ? undefined : this.unused[type].pop() as Local<T> | undefined;
    const local = reused ?? new Local(type, this.params.length + this.locals.push(type) - 1);
    this.opened?.push(local);
    return local;
  }

  /** Locals made in `body` are used again by the scopes that follow. A frame of few locals is cheap to enter. */
  scope<T>(body: () => T): T {
    const outer = this.opened;
    this.opened = [];
    const result = body();
    for (const local of this.opened) this.unused[local.type].push(local);
    this.opened = outer;
    return result;
  }

  /** Evaluates `value` now into a new local. */
  keep<T extends ValueType>(value: Expr<T>): Local<T> {
    const local = this.local(value.type);
    this.set(local, value);
    return local;
  }

  set<T extends ValueType>(local: Local<T>, value: Operand<T>): void {
    toExpr(local.type, value).encode(this.code);
    this.push(0x21, local.index);
  }

  /** `local += by`. */
  increase(local: Local<"i32">, by: Operand<"i32">): void {
    if (by !== 0) this.set(local, i32.add(local, by));
  }

  /** Executes an instruction without a result, such as a store or the call of a void function. */
  do(instruction: Expr<"void">): void {
    instruction.encode(this.code);
  }

  /** Leaves `value` as the result of the function; the last thing in its body, or in a branch with `return`. */
  result(value: Expr<ValueType>): void {
    value.encode(this.code);
  }

  return(): void {
    this.push(0x0f);
  }

  if(condition: Operand<"i32">, then: () => void, otherwise?: () => void): void {
    toExpr("i32", condition).encode(this.code);
    this.nest(0x04, () => {
      then();
      if (otherwise !== undefined) {
        this.push(0x05);
        otherwise();
      }
    });
  }

  /** A block; `br` to its label leaves it. */
  block(body: (exit: Label) => void): void {
    this.nest(0x02, body);
  }

  /** A loop; `br` to its label goes round again, falling off the end leaves it. */
  loop(body: (again: Label) => void): void {
    this.nest(0x03, body);
  }

  br(label: Label): void {
    this.push(0x0c, this.depth - label.depth);
  }

  brIf(label: Label, condition: Operand<"i32">): void {
    toExpr("i32", condition).encode(this.code);
    this.push(0x0d, this.depth - label.depth);
  }

  /** Runs the body while the condition holds. */
  while(condition: () => Expr<"i32">, body: () => void): void {
    this.if(condition(), () =>
      this.loop((again) => {
        body();
        this.brIf(again, condition());
      }));
  }

  /** `for (i = start; i < end; i += step)`, signed; `end` is evaluated each time round. */
  for(
    i: Local<"i32">,
    start: Operand<"i32">,
    end: Operand<"i32">,
    step: Operand<"i32">,
    body: () => void,
  ): void {
    this.set(i, start);
    this.while(() => i32.ltS(i, end), () => {
      body();
      this.increase(i, step);
    });
  }

  /** Opens a section here: code written into it later (`into`) runs before all that follows. */
  section(): Section {
    const section = { code: new Code(), depth: this.depth };
    this.code = new Code();
    this.sections.push(section.code, this.code);
    return section;
  }

  /** Writes what `body` emits to the end of `section`. */
  into<T>(section: Section, body: () => T): T {
    const { code, depth, opened } = this;
    this.code = section.code;
    this.depth = section.depth;
    // What is computed there lives to the end of the function.
    this.opened = null;
    const result = body();
    this.code = code;
    this.depth = depth;
    this.opened = opened;
    return result;
  }

  /** The encoded body in pieces, with the functions' indices filled in. */
  encode(): Piece[] {
    const head: number[] = [];
    const groups: { type: ValueType; count: number }[] = [];
    for (const type of this.locals) {
      const last = groups.at(-1);
      if (last?.type === type) last.count++;
      else groups.push({ type, count: 1 });
    }
    head.push(...uleb(groups.length));
    for (const { type, count } of groups) head.push(...uleb(count), typeByte[type]);
    const pieces: Piece[] = [head];
    for (const { bytes, calls } of this.sections) {
      for (const { callee, at } of calls) {
        for (let i = 0, rest = callee.index; i < 5; i++, rest >>>= 7) {
          bytes[at + i] = (rest & 0x7f) | (i < 4 ? 0x80 : 0);
        }
      }
      pieces.push(bytes);
    }
    pieces.push([0x0b]);
    return pieces;
  }

  private push(opcode: number, immediate = -1): void {
    const { bytes } = this.code;
    bytes.push(opcode);
    if (immediate < 0) return;
    if (immediate < 128) bytes.push(immediate);
    else bytes.push(...uleb(immediate));
  }

  private nest(opcode: number, body: (label: Label) => void): void {
    this.push(opcode, 0x40);
    body({ depth: ++this.depth });
    this.depth--;
    this.push(0x0b);
  }
}

/** The memory a module imports as `env.memory`, in pages of 64 KiB. */
export interface MemoryImport {
  readonly initial: number;
  readonly maximum: number;
  readonly shared: boolean;
}

type AnyCallable = Callable<readonly ValueType[], ValueType | "void">;

/** A module under construction. */
export class ModuleBuilder {
  private readonly types = new Map<string, number>();
  private readonly imports: { module: string; name: string; callable: AnyCallable; type: number }[] = [];
  private readonly functions: { export: string | null; callable: AnyCallable; type: number; body: Func }[] =
    [];

  constructor(private readonly memory: MemoryImport) {}

  /** A function imported as `module.name`; importing it twice gives the same one. */
  import<const P extends readonly ValueType[], R extends ValueType | "void">(
    module: string,
    name: string,
    params: P,
    result: R,
  ): Callable<P, R> {
    const known = this.imports.find((i) => i.module === module && i.name === name);
    if (known !== undefined) return known.callable as Callable<P, R>;
    const callable = new Callable(params, result);
    this.imports.push({ module, name, callable, type: this.typeIndex(params, result) });
    return callable;
  }

  /** Defines a function, exported under `name` unless that is null. */
  func<const P extends readonly ValueType[], R extends ValueType | "void">(
    name: string | null,
    params: P,
    result: R,
    body: (f: Func, ...locals: LocalsOf<P>) => void,
  ): Callable<P, R> {
    const callable = new Callable(params, result);
    const f = new Func(params);
    const locals = params.map((type, i) => new Local(type, i)) as unknown[] as [...LocalsOf<P>];
    this.functions.push({ export: name, callable, type: this.typeIndex(params, result), body: f });
    body(f, ...locals);
    return callable;
  }

  /** The binary module. */
  encode(): Uint8Array<ArrayBuffer> {
    this.imports.forEach((i, index) => i.callable.index = index);
    this.functions.forEach((f, i) => f.callable.index = this.imports.length + i);
    const { initial, maximum, shared } = this.memory;
    const pieces: Piece[] = [[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]];
    const section = (id: number, count: number, content: readonly Piece[]) => {
      const items = uleb(count);
      pieces.push([id, ...uleb(items.length + lengthOf(content)), ...items], ...content);
    };
    section(1, this.types.size, [...this.types.keys()].map((key) => key.split(",").map(Number)));
    section(2, this.imports.length + 1, [
      [...text("env"), ...text("memory"), 2, shared ? 3 : 1, ...uleb(initial), ...uleb(maximum)],
      ...this.imports.map((i) => [...text(i.module), ...text(i.name), 0, ...uleb(i.type)]),
    ]);
    section(3, this.functions.length, this.functions.map((f) => uleb(f.type)));
    const exports = this.functions.flatMap((f) =>
      f.export === null ? [] : [[...text(f.export), 0, ...uleb(f.callable.index)]]
    );
    section(7, exports.length, exports);
    const bodies = this.functions.map((f) => f.body.encode());
    section(10, bodies.length, bodies.flatMap((body) => [uleb(lengthOf(body)), ...body]));
    const out = new Uint8Array(lengthOf(pieces));
    let at = 0;
    for (const piece of pieces) {
      out.set(piece, at);
      at += piece.length;
    }
    return out;
  }

  private typeIndex(params: readonly ValueType[], result: ValueType | "void"): number {
    const bytes = [0x60, params.length, ...params.map((p) => typeByte[p])];
    bytes.push(...(result === "void" ? [0] : [1, typeByte[result]]));
    const key = bytes.join(",");
    let index = this.types.get(key);
    if (index === undefined) this.types.set(key, index = this.types.size);
    return index;
  }
}

/** A stretch of encoded bytes. They are put together once, at the end, by copies that take no code: most modules are made before the program has warmed up. */
type Piece = readonly number[];

function lengthOf(pieces: readonly Piece[]): number {
  let length = 0;
  for (const piece of pieces) length += piece.length;
  return length;
}

/** A name, which is ASCII. */
function text(name: string): number[] {
  const bytes = uleb(name.length);
  for (let i = 0; i < name.length; i++) bytes.push(name.charCodeAt(i));
  return bytes;
}

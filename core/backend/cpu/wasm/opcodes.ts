/**
 * The instructions of WebAssembly (numeric, memory, SIMD and relaxed SIMD), as typed functions grouped by type as in the specification:
 * `f32x4.add(a, b)`, `i32.load(address, offset)`. Control flow and calls are in assembler.ts.
 *
 * @module
 */
import {
  Expr,
  f32Bytes,
  f64Bytes,
  i32Bytes,
  i64Bytes,
  literal,
  type Operand,
  toExpr,
  uleb,
  type ValueType,
} from "./expr.ts";

type Unary<A extends ValueType, R extends ValueType> = (a: Operand<A>) => Expr<R>;
type Binary<T extends ValueType, R extends ValueType> = (a: Operand<T>, b: Operand<T>) => Expr<R>;
type Vector = Expr<"v128">;
type Address = Operand<"i32">;

function unary<A extends ValueType, R extends ValueType>(from: A, to: R, ...code: number[]): Unary<A, R> {
  return (a) => new Expr(to, code, [toExpr(from, a)]);
}

function binary<T extends ValueType, R extends ValueType>(from: T, to: R, ...code: number[]): Binary<T, R> {
  return (a, b) => new Expr(to, code, [toExpr(from, a), toExpr(from, b)]);
}

function load<T extends ValueType>(type: T, log2Align: number, ...code: number[]) {
  return (address: Address, offset = 0): Expr<T> =>
    new Expr(type, [...code, log2Align, ...uleb(offset)], [toExpr("i32", address)]);
}

function store<T extends ValueType>(type: T, log2Align: number, ...code: number[]) {
  return (address: Address, value: Operand<T>, offset = 0): Expr<"void"> =>
    new Expr("void", [...code, log2Align, ...uleb(offset)], [toExpr("i32", address), toExpr(type, value)]);
}

const simd = (op: number): number[] => [0xfd, ...uleb(op)];

function vectorUnary(op: number): (a: Vector) => Vector {
  const code = simd(op);
  return (a) => new Expr("v128", code, [a]);
}

function vectorBinary(op: number): (a: Vector, b: Vector) => Vector {
  const code = simd(op);
  return (a, b) => new Expr("v128", code, [a, b]);
}

function vectorTernary(op: number): (a: Vector, b: Vector, c: Vector) => Vector {
  const code = simd(op);
  return (a, b, c) => new Expr("v128", code, [a, b, c]);
}

function vectorTest(op: number): (a: Vector) => Expr<"i32"> {
  const code = simd(op);
  return (a) => new Expr("i32", code, [a]);
}

function vectorShift(op: number): (a: Vector, by: Operand<"i32">) => Vector {
  const code = simd(op);
  return (a, by) => new Expr("v128", code, [a, toExpr("i32", by)]);
}

function splat<T extends ValueType>(type: T, op: number): (a: Operand<T>) => Vector {
  const code = simd(op);
  return (a) => new Expr("v128", code, [toExpr(type, a)]);
}

function extractLane<T extends ValueType>(type: T, op: number): (a: Vector, lane: number) => Expr<T> {
  return (a, lane) => new Expr(type, [...simd(op), lane], [a]);
}

function replaceLane<T extends ValueType>(type: T, op: number) {
  return (a: Vector, lane: number, value: Operand<T>): Vector =>
    new Expr("v128", [...simd(op), lane], [a, toExpr(type, value)]);
}

function loadLane(log2Align: number, op: number) {
  return (address: Address, into: Vector, lane: number, offset = 0): Vector =>
    new Expr("v128", [...simd(op), log2Align, ...uleb(offset), lane], [toExpr("i32", address), into]);
}

function storeLane(log2Align: number, op: number) {
  return (address: Address, from: Vector, lane: number, offset = 0): Expr<"void"> =>
    new Expr("void", [...simd(op), log2Align, ...uleb(offset), lane], [toExpr("i32", address), from]);
}

function constant(bytes: number[]): Vector {
  return new Expr("v128", [...simd(0x0c), ...bytes]);
}

/** `condition ? a : b`, both evaluated; for scalars and v128. */
export function select<T extends ValueType>(condition: Operand<"i32">, a: Expr<T>, b: Expr<T>): Expr<T> {
  const code = a.type === "v128" ? [0x1c, 1, 0x7b] : [0x1b];
  return new Expr(a.type, code, [a, b, toExpr("i32", condition)]);
}

/** 32-bit integers. */
export const i32 = {
  const: (value: number): Expr<"i32"> => literal("i32", value),
  load: load("i32", 2, 0x28),
  load8U: load("i32", 0, 0x2d),
  load16U: load("i32", 1, 0x2f),
  store: store("i32", 2, 0x36),
  store8: store("i32", 0, 0x3a),
  store16: store("i32", 1, 0x3b),
  eqz: unary("i32", "i32", 0x45),
  eq: binary("i32", "i32", 0x46),
  ne: binary("i32", "i32", 0x47),
  ltS: binary("i32", "i32", 0x48),
  ltU: binary("i32", "i32", 0x49),
  gtS: binary("i32", "i32", 0x4a),
  leS: binary("i32", "i32", 0x4c),
  leU: binary("i32", "i32", 0x4d),
  geS: binary("i32", "i32", 0x4e),
  geU: binary("i32", "i32", 0x4f),
  add: binary("i32", "i32", 0x6a),
  sub: binary("i32", "i32", 0x6b),
  mul: binary("i32", "i32", 0x6c),
  divS: binary("i32", "i32", 0x6d),
  divU: binary("i32", "i32", 0x6e),
  remS: binary("i32", "i32", 0x6f),
  remU: binary("i32", "i32", 0x70),
  and: binary("i32", "i32", 0x71),
  or: binary("i32", "i32", 0x72),
  xor: binary("i32", "i32", 0x73),
  shl: binary("i32", "i32", 0x74),
  shrS: binary("i32", "i32", 0x75),
  shrU: binary("i32", "i32", 0x76),
  wrapI64: unary("i64", "i32", 0xa7),
};

/** 64-bit integers. */
export const i64 = {
  const: (value: bigint): Expr<"i64"> => literal("i64", value),
  load: load("i64", 3, 0x29),
  store: store("i64", 3, 0x37),
  eqz: unary("i64", "i32", 0x50),
  eq: binary("i64", "i32", 0x51),
  ne: binary("i64", "i32", 0x52),
  ltS: binary("i64", "i32", 0x53),
  ltU: binary("i64", "i32", 0x54),
  gtS: binary("i64", "i32", 0x55),
  leS: binary("i64", "i32", 0x57),
  geS: binary("i64", "i32", 0x59),
  geU: binary("i64", "i32", 0x5a),
  add: binary("i64", "i64", 0x7c),
  sub: binary("i64", "i64", 0x7d),
  mul: binary("i64", "i64", 0x7e),
  divS: binary("i64", "i64", 0x7f),
  remS: binary("i64", "i64", 0x81),
  and: binary("i64", "i64", 0x83),
  or: binary("i64", "i64", 0x84),
  xor: binary("i64", "i64", 0x85),
  shl: binary("i64", "i64", 0x86),
  shrS: binary("i64", "i64", 0x87),
  shrU: binary("i64", "i64", 0x88),
  extendI32S: unary("i32", "i64", 0xac),
  extendI32U: unary("i32", "i64", 0xad),
  truncSatF64S: unary("f64", "i64", 0xfc, 6),
  reinterpretF64: unary("f64", "i64", 0xbd),
};

/** 32-bit floats. */
export const f32 = {
  const: (value: number): Expr<"f32"> => literal("f32", value),
  load: load("f32", 2, 0x2a),
  store: store("f32", 2, 0x38),
  add: binary("f32", "f32", 0x92),
  sub: binary("f32", "f32", 0x93),
  mul: binary("f32", "f32", 0x94),
  div: binary("f32", "f32", 0x95),
  demoteF64: unary("f64", "f32", 0xb6),
};

/** 64-bit floats. */
export const f64 = {
  const: (value: number): Expr<"f64"> => literal("f64", value),
  load: load("f64", 3, 0x2b),
  store: store("f64", 3, 0x39),
  eq: binary("f64", "i32", 0x61),
  lt: binary("f64", "i32", 0x63),
  gt: binary("f64", "i32", 0x64),
  abs: unary("f64", "f64", 0x99),
  neg: unary("f64", "f64", 0x9a),
  floor: unary("f64", "f64", 0x9c),
  sqrt: unary("f64", "f64", 0x9f),
  add: binary("f64", "f64", 0xa0),
  sub: binary("f64", "f64", 0xa1),
  mul: binary("f64", "f64", 0xa2),
  div: binary("f64", "f64", 0xa3),
  /** The magnitude of a with the sign of b. */
  copysign: binary("f64", "f64", 0xa6),
  promoteF32: unary("f32", "f64", 0xbb),
  convertI64S: unary("i64", "f64", 0xb9),
  reinterpretI64: unary("i64", "f64", 0xbf),
};

/** 128 bits of any shape. */
export const v128 = {
  load: load("v128", 4, ...simd(0x00)),
  load32Splat: load("v128", 2, ...simd(0x09)),
  load64Splat: load("v128", 3, ...simd(0x0a)),
  load32Zero: load("v128", 2, ...simd(0x5c)),
  load64Zero: load("v128", 3, ...simd(0x5d)),
  load8Lane: loadLane(0, 0x54),
  load16Lane: loadLane(1, 0x55),
  load32Lane: loadLane(2, 0x56),
  load64Lane: loadLane(3, 0x57),
  store: store("v128", 4, ...simd(0x0b)),
  store8Lane: storeLane(0, 0x58),
  store16Lane: storeLane(1, 0x59),
  store32Lane: storeLane(2, 0x5a),
  store64Lane: storeLane(3, 0x5b),
  not: vectorUnary(0x4d),
  anyTrue: vectorTest(0x53),
  and: vectorBinary(0x4e),
  /** `a & ~b`. */
  andnot: vectorBinary(0x4f),
  or: vectorBinary(0x50),
  xor: vectorBinary(0x51),
  /** `mask ? a : b`, bit by bit, as `bitselect(a, b, mask)`. */
  bitselect: vectorTernary(0x52),
};

/** 16 x 8-bit integers. */
export const i8x16 = {
  splat: splat("i32", 0x0f),
  /** Lane i of the result is byte `lanes[i]` of the 32 bytes of a and b. */
  shuffle: (a: Vector, b: Vector, lanes: readonly number[]): Vector =>
    new Expr("v128", [...simd(0x0d), ...lanes], [a, b]),
  narrowI16x8S: vectorBinary(0x65),
  narrowI16x8U: vectorBinary(0x66),
};

/** 8 x 16-bit integers. */
export const i16x8 = {
  splat: splat("i32", 0x10),
  narrowI32x4S: vectorBinary(0x85),
  narrowI32x4U: vectorBinary(0x86),
  extendLowI8x16S: vectorUnary(0x87),
  extendLowI8x16U: vectorUnary(0x89),
};

/** 4 x 32-bit integers. */
export const i32x4 = {
  const: (...v: [number, number, number, number]): Vector => constant(v.flatMap(i32Bytes)),
  constSplat: (v: number): Vector => i32x4.const(v, v, v, v),
  splat: splat("i32", 0x11),
  extractLane: extractLane("i32", 0x1b),
  replaceLane: replaceLane("i32", 0x1c),
  eq: vectorBinary(0x37),
  ne: vectorBinary(0x38),
  ltS: vectorBinary(0x39),
  ltU: vectorBinary(0x3a),
  gtS: vectorBinary(0x3b),
  leS: vectorBinary(0x3d),
  leU: vectorBinary(0x3e),
  geS: vectorBinary(0x3f),
  geU: vectorBinary(0x40),
  abs: vectorUnary(0xa0),
  neg: vectorUnary(0xa1),
  allTrue: vectorTest(0xa3),
  extendLowI16x8S: vectorUnary(0xa7),
  extendLowI16x8U: vectorUnary(0xa9),
  shl: vectorShift(0xab),
  shrS: vectorShift(0xac),
  shrU: vectorShift(0xad),
  add: vectorBinary(0xae),
  sub: vectorBinary(0xb1),
  mul: vectorBinary(0xb5),
  minS: vectorBinary(0xb6),
  maxS: vectorBinary(0xb8),
  truncSatF32x4S: vectorUnary(0xf8),
  truncSatF64x2SZero: vectorUnary(0xfc),
  /** `mask ? a : b` for masks whose lanes are all ones or all zeros. */
  relaxedLaneselect: vectorTernary(0x10b),
};

/** 2 x 64-bit integers. */
export const i64x2 = {
  const: (a: bigint, b: bigint): Vector => constant([...i64Bytes(a), ...i64Bytes(b)]),
  constSplat: (v: bigint): Vector => i64x2.const(v, v),
  splat: splat("i64", 0x12),
  extractLane: extractLane("i64", 0x1d),
  replaceLane: replaceLane("i64", 0x1e),
  abs: vectorUnary(0xc0),
  neg: vectorUnary(0xc1),
  allTrue: vectorTest(0xc3),
  extendLowI32x4S: vectorUnary(0xc7),
  extendHighI32x4S: vectorUnary(0xc8),
  shl: vectorShift(0xcb),
  shrS: vectorShift(0xcc),
  shrU: vectorShift(0xcd),
  add: vectorBinary(0xce),
  sub: vectorBinary(0xd1),
  mul: vectorBinary(0xd5),
  eq: vectorBinary(0xd6),
  ne: vectorBinary(0xd7),
  ltS: vectorBinary(0xd8),
  gtS: vectorBinary(0xd9),
  leS: vectorBinary(0xda),
  geS: vectorBinary(0xdb),
  /** As in i32x4. */
  relaxedLaneselect: vectorTernary(0x10c),
};

/** 4 x 32-bit floats. The relaxed instructions need `features.relaxedSimd`. */
export const f32x4 = {
  const: (...v: [number, number, number, number]): Vector => constant(v.flatMap(f32Bytes)),
  constSplat: (v: number): Vector => f32x4.const(v, v, v, v),
  splat: splat("f32", 0x13),
  extractLane: extractLane("f32", 0x1f),
  replaceLane: replaceLane("f32", 0x20),
  eq: vectorBinary(0x41),
  ne: vectorBinary(0x42),
  lt: vectorBinary(0x43),
  gt: vectorBinary(0x44),
  le: vectorBinary(0x45),
  ge: vectorBinary(0x46),
  ceil: vectorUnary(0x67),
  floor: vectorUnary(0x68),
  trunc: vectorUnary(0x69),
  nearest: vectorUnary(0x6a),
  abs: vectorUnary(0xe0),
  neg: vectorUnary(0xe1),
  sqrt: vectorUnary(0xe3),
  add: vectorBinary(0xe4),
  sub: vectorBinary(0xe5),
  mul: vectorBinary(0xe6),
  div: vectorBinary(0xe7),
  /** `b < a ? b : a`: one machine instruction, but a NaN in b is dropped. */
  pmin: vectorBinary(0xea),
  /** `a < b ? b : a`: one machine instruction, but a NaN in b is dropped. */
  pmax: vectorBinary(0xeb),
  convertI32x4S: vectorUnary(0xfa),
  demoteF64x2Zero: vectorUnary(0x5e),
  /** `a * b + c`, rounded once where the machine can. */
  relaxedMadd: vectorTernary(0x105),
  /** `c - a * b`, rounded once where the machine can. */
  relaxedNmadd: vectorTernary(0x106),
};

/** 2 x 64-bit floats. The relaxed instructions need `features.relaxedSimd`. */
export const f64x2 = {
  const: (a: number, b: number): Vector => constant([...f64Bytes(a), ...f64Bytes(b)]),
  constSplat: (v: number): Vector => f64x2.const(v, v),
  splat: splat("f64", 0x14),
  extractLane: extractLane("f64", 0x21),
  replaceLane: replaceLane("f64", 0x22),
  eq: vectorBinary(0x47),
  ne: vectorBinary(0x48),
  lt: vectorBinary(0x49),
  gt: vectorBinary(0x4a),
  le: vectorBinary(0x4b),
  ge: vectorBinary(0x4c),
  ceil: vectorUnary(0x74),
  floor: vectorUnary(0x75),
  trunc: vectorUnary(0x7a),
  nearest: vectorUnary(0x94),
  abs: vectorUnary(0xec),
  neg: vectorUnary(0xed),
  sqrt: vectorUnary(0xef),
  add: vectorBinary(0xf0),
  sub: vectorBinary(0xf1),
  mul: vectorBinary(0xf2),
  div: vectorBinary(0xf3),
  /** `b < a ? b : a`, as in f32x4. */
  pmin: vectorBinary(0xf6),
  /** `a < b ? b : a`, as in f32x4. */
  pmax: vectorBinary(0xf7),
  convertLowI32x4S: vectorUnary(0xfe),
  promoteLowF32x4: vectorUnary(0x5f),
  /** `a * b + c`, rounded once where the machine can. */
  relaxedMadd: vectorTernary(0x107),
  /** `c - a * b`, rounded once where the machine can. */
  relaxedNmadd: vectorTernary(0x108),
};

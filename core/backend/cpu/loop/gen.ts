/**
 * The tools that the parts of the loop compiler share: the function under construction, constants kept in locals at its head, helper
 * functions made on first use, and multiply-add in the form that the machine has. What a kernel computes is not known here.
 *
 * @module
 */
import type { Callable, Func, Local, ModuleBuilder, Section } from "../wasm/assembler.ts";
import type { Expr, ValueType } from "../wasm/expr.ts";
import type { Features } from "../wasm/features.ts";
import { f32x4, f64x2, i32x4, i64x2, v128 } from "../wasm/opcodes.ts";

/** A vector in a local. */
export type Vec = Local<"v128">;

type Helper = Callable<readonly ValueType[], ValueType>;

/** Helper functions by name, for one module. */
export class Helpers {
  readonly #made = new Map<string, Helper>();

  constructor(readonly module: ModuleBuilder) {}

  /** The helper called `name`, made by `body` when it is first asked for. */
  get<const P extends readonly ValueType[], R extends ValueType>(
    name: string,
    make: (module: ModuleBuilder) => Callable<P, R>,
  ): Callable<P, R> {
    const known = this.#made.get(name);
    if (known !== undefined) return known as Callable<P, R>;
    const callable = make(this.module);
    this.#made.set(name, callable);
    return callable;
  }

  /** A function of JavaScript's `Math` of one or two float64. */
  math(name: string): Callable<readonly ["f64"], "f64"> {
    return this.module.import("math", name, ["f64"] as const, "f64");
  }

  math2(name: string): Callable<readonly ["f64", "f64"], "f64"> {
    return this.module.import("math", name, ["f64", "f64"] as const, "f64");
  }
}

/** Code generation inside one function. */
export class Gen {
  readonly #constants = new Map<string, Vec>();

  constructor(
    readonly f: Func,
    readonly helpers: Helpers,
    readonly features: Features,
    /** Start of the function, where constants are set. */
    readonly head: Section,
  ) {}

  keep(value: Expr<"v128">): Vec {
    return this.f.keep(value);
  }

  /** Vector literals cost several instructions, so each is made once, outside all loops. */
  constant(key: string, make: () => Expr<"v128">): Vec {
    let local = this.#constants.get(key);
    if (local === undefined) {
      local = this.f.into(this.head, () => this.f.keep(make()));
      this.#constants.set(key, local);
    }
    return local;
  }

  /** float32 in each lane. */
  fc(value: number): Vec {
    return this.constant(`f${Object.is(value, -0) ? "-0" : value}`, () => f32x4.constSplat(value));
  }

  /** float64 in each lane. */
  dc(value: number): Vec {
    return this.constant(`d${Object.is(value, -0) ? "-0" : value}`, () => f64x2.constSplat(value));
  }

  /** int32 in each lane. */
  ic(value: number): Vec {
    return this.constant(`i${value | 0}`, () => i32x4.constSplat(value));
  }

  /** int64 in each lane. */
  lc(value: bigint): Vec {
    return this.constant(`l${value}`, () => i64x2.constSplat(value));
  }

  /** `a * b + c` on float32. */
  madd(a: Expr<"v128">, b: Expr<"v128">, c: Expr<"v128">): Expr<"v128"> {
    return this.features.relaxedSimd ? f32x4.relaxedMadd(a, b, c) : f32x4.add(f32x4.mul(a, b), c);
  }

  /** `c - a * b` on float32. */
  nmadd(a: Expr<"v128">, b: Expr<"v128">, c: Expr<"v128">): Expr<"v128"> {
    return this.features.relaxedSimd ? f32x4.relaxedNmadd(a, b, c) : f32x4.sub(c, f32x4.mul(a, b));
  }

  /** `a * b + c` on float64. */
  madd64(a: Expr<"v128">, b: Expr<"v128">, c: Expr<"v128">): Expr<"v128"> {
    return this.features.relaxedSimd ? f64x2.relaxedMadd(a, b, c) : f64x2.add(f64x2.mul(a, b), c);
  }

  /** `c - a * b` on float64. */
  nmadd64(a: Expr<"v128">, b: Expr<"v128">, c: Expr<"v128">): Expr<"v128"> {
    return this.features.relaxedSimd ? f64x2.relaxedNmadd(a, b, c) : f64x2.sub(c, f64x2.mul(a, b));
  }

  /** `mask ? a : b` in each 32-bit lane, for masks as comparisons give them. */
  select(mask: Expr<"v128">, a: Expr<"v128">, b: Expr<"v128">): Expr<"v128"> {
    return this.features.relaxedSimd ? i32x4.relaxedLaneselect(a, b, mask) : v128.bitselect(a, b, mask);
  }

  /** `mask ? a : b` in each 64-bit lane. */
  select64(mask: Expr<"v128">, a: Expr<"v128">, b: Expr<"v128">): Expr<"v128"> {
    return this.features.relaxedSimd ? i64x2.relaxedLaneselect(a, b, mask) : v128.bitselect(a, b, mask);
  }

  /** A polynomial on float32 by Horner's rule, highest power first. */
  poly(x: Vec, coefficients: readonly number[]): Expr<"v128"> {
    return coefficients.slice(1).reduce<Expr<"v128">>(
      (sum, c) => this.madd(sum, x, this.fc(c)),
      this.fc(coefficients[0]),
    );
  }

  /** A polynomial on float64 by Horner's rule, highest power first. */
  poly64(x: Vec, coefficients: readonly number[]): Expr<"v128"> {
    return coefficients.slice(1).reduce<Expr<"v128">>(
      (sum, c) => this.madd64(sum, x, this.dc(c)),
      this.dc(coefficients[0]),
    );
  }
}

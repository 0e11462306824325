/**
 * The WebAssembly assembler: modules it builds are valid and compute what their instructions say.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { ModuleBuilder } from "../../../../core/backend/cpu/wasm/assembler.ts";
import { detectFeatures } from "../../../../core/backend/cpu/wasm/features.ts";
import { f32x4, f64, i32, i64, select, v128 } from "../../../../core/backend/cpu/wasm/opcodes.ts";

function build(module: ModuleBuilder, memory: WebAssembly.Memory): WebAssembly.Exports {
  const compiled = new WebAssembly.Module(module.encode());
  return new WebAssembly.Instance(compiled, { env: { memory }, math: { sin: Math.sin } }).exports;
}

Deno.test("assembler: loops, locals and vectors over a shared memory", () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const module = new ModuleBuilder({ initial: 1, maximum: 1, shared: true });
  module.func("double", ["i32", "i32"], "void", (f, start, end) => {
    const i = f.local("i32");
    f.for(i, start, end, 16, () => {
      const x = f.keep(v128.load(i));
      f.do(v128.store(i, f32x4.add(x, x)));
    });
  });
  const { double } = build(module, memory);
  const view = new Float32Array(memory.buffer, 0, 12);
  view.set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  (double as (a: number, b: number) => void)(0, 32);
  assertEquals([...view], [2, 4, 6, 8, 10, 12, 14, 16, 9, 10, 11, 12]);
});

Deno.test("assembler: imports found while a body is written, calls, literals of each type", () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const module = new ModuleBuilder({ initial: 1, maximum: 1, shared: true });
  const half = module.func(null, ["f64"], "f64", (f, x) => f.result(f64.mul(x, 0.5)));
  module.func("run", ["f64", "i64"], "f64", (f, x, n) => {
    const sin = module.import("math", "sin", ["f64"], "f64");
    f.result(f64.add(sin.call(half.call(x)), f64.convertI64S(i64.sub(n, -5000000000n))));
  });
  module.func("pick", ["i32"], "i32", (f, c) => f.result(select(c, i32.const(-7), i32.const(300000))));
  const { run, pick } = build(module, memory);
  assertEquals((run as (x: number, n: bigint) => number)(3, 1n), Math.sin(1.5) + 5000000001);
  assertEquals([1, 0].map(pick as (c: number) => number), [-7, 300000]);
});

Deno.test("assembler: a section runs before the code that was written earlier but follows it", () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const module = new ModuleBuilder({ initial: 1, maximum: 1, shared: true });
  module.func("run", [], "i32", (f) => {
    const head = f.section();
    const total = f.local("i32");
    const i = f.local("i32");
    let limit = f.local("i32");
    f.for(i, 0, 4, 1, () => {
      limit = f.into(head, () => f.keep(i32.const(3)));
      f.block((exit) => {
        f.brIf(exit, i32.geS(i, limit));
        f.increase(total, i32.add(i, 1));
      });
    });
    f.result(total);
  });
  const { run } = build(module, memory);
  assertEquals((run as () => number)(), 6);
});

Deno.test("features: the probe is a valid module where relaxed SIMD is on", () => {
  assertEquals(typeof detectFeatures().relaxedSimd, "boolean");
});

/**
 * The threads: every chunk is done once, errors come through, and workers neither need permissions nor keep the process alive.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import { Arena } from "../../../../core/backend/cpu/arena.ts";
import { createCpuBackend } from "../../../../core/backend/cpu/backend.ts";
import { Pool } from "../../../../core/backend/cpu/pool.ts";
import { makeThread, workerMain } from "../../../../core/backend/cpu/thread.ts";
import { ModuleBuilder } from "../../../../core/backend/cpu/wasm/assembler.ts";
import { i32 } from "../../../../core/backend/cpu/wasm/opcodes.ts";
import { getNumThreads, setNumThreads } from "../../../../core/device.ts";
import { ValueError } from "../../../../core/errors.ts";

/** A kernel that adds 1 at every point, slowly, and traps at the point whose number is the table's second entry. */
function countingModule(): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder({ initial: 1, maximum: 65536, shared: true });
  module.func("count", ["i32", "i32", "i32", "i32"], "void", (f, start, end, args) => {
    const i = f.local("i32"), wait = f.local("i32"), sum = f.local("i32");
    f.for(i, start, end, 1, () => {
      f.for(wait, 0, 20_000, 1, () => f.increase(sum, i32.mul(wait, sum)));
      f.set(sum, i32.divS(1, i32.sub(i, i32.load(args, 4))));
      const address = f.keep(i32.add(i32.load(args), i32.mul(i, 4)));
      f.do(i32.store(address, i32.add(i32.load(address), 1)));
    });
  });
  return module.encode();
}

Deno.test("pool: chunks are done once each, on any number of threads, and a trap is thrown once all have ended", () => {
  const arena = new Arena(), pool = new Pool(arena);
  const [kernel] = pool.load(countingModule());
  const points = 999, counts = arena.allocate(4 * points), table = arena.allocate(8);
  const view = () => arena.views.i32.subarray(counts / 4, counts / 4 + points);
  const run = (trapAt: number) => {
    arena.views.i32.set([counts, trapAt], table / 4);
    view().fill(0);
    pool.run(kernel, points, 10, table);
  };
  for (const threads of [1, 3, 2, 3]) {
    pool.setNumThreads(threads);
    for (let round = 0; round < 3; round++) {
      run(-1);
      assertEquals([...view()], new Array(points).fill(1));
    }
    // Chunk 57 ends where it traps; the others are done.
    assertThrows(() => run(570));
    assertEquals(view().reduce((a, b) => a + b), points - 10);
  }
  assertEquals(pool.started, true);
});

Deno.test("pool: the number of threads is an integer from 1 to 64", () => {
  const backend = createCpuBackend();
  for (const count of [0, -1, 1.5, NaN, 65]) {
    assertThrows(() => backend.setNumThreads(count), ValueError, "setNumThreads expects a positive integer");
  }
  backend.setNumThreads(3);
  assertEquals(backend.numThreads, 3);
  // The same for the device that tensors use.
  const before = getNumThreads();
  assertThrows(() => setNumThreads(0), ValueError, "setNumThreads expects a positive integer");
  setNumThreads(2);
  assertEquals(getNumThreads(), 2);
  setNumThreads(before);
});

Deno.test("pool: a program with running workers needs no permission and ends by itself", async () => {
  const core = new URL("../../../../core/mod.ts", import.meta.url).href;
  const code = `
    import { deviceInfo, ones, setDefaultDevice, setNumThreads } from "${core}";
    setDefaultDevice("cpu");
    setNumThreads(2);
    const x = ones([1 << 20]);
    let sum = 0;
    for (let i = 0; i < 500 && !deviceInfo().details.workersStarted; i++) sum = x.exp().sin().sum().item();
    console.log(deviceInfo().details.workersStarted, Math.round(sum / 1000));
  `;
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", "--quiet", "-"],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  });
  const child = command.spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(code));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  assertEquals(
    { success, text: new TextDecoder().decode(stdout).trim() },
    { success: true, text: `true ${Math.round(Math.sin(Math.E) * 2 ** 20 / 1000)}` },
    new TextDecoder().decode(stderr),
  );
});

Deno.test("pool: what workers are made of names no functions, which bundlers that keep names would wrap in helpers of theirs", () => {
  for (const made of [makeThread, workerMain]) {
    const body = String(made).slice(String(made).indexOf("{"));
    assertEquals(body.match(/(function\s+\w+|(const|let|var)\s+\w+\s*=\s*(\([^()]*\)|\w+)\s*=>)/g), null);
  }
});

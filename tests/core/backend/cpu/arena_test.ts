/**
 * The allocator: blocks never overlap, freed memory is found again, and running out says what is held.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { Arena } from "../../../../core/backend/cpu/arena.ts";
import { createCpuBackend } from "../../../../core/backend/cpu/backend.ts";
import { DeviceError } from "../../../../core/errors.ts";
import { uniform } from "../conformance_values.ts";

Deno.test("arena: blocks of all sizes are aligned and keep what is written to them", () => {
  const arena = new Arena(1 << 20, 64 << 20), next = uniform(1);
  const held: { address: number; bytes: number; mark: number }[] = [];
  for (let round = 0; round < 4000; round++) {
    if (held.length > 0 && next() < 0.48) {
      const [block] = held.splice(Math.floor(next() * held.length), 1);
      const view = arena.views.u8.subarray(block.address, block.address + block.bytes);
      assertEquals([view[0], view[block.bytes >> 1], view[block.bytes - 1]], [
        block.mark,
        block.mark,
        block.mark,
      ]);
      arena.release(block.address, block.bytes);
    } else {
      const bytes = Math.ceil(2 ** (next() * 17)), mark = round & 255;
      const address = arena.allocate(bytes);
      assertEquals(address % (bytes > 1024 ? 64 : 16), 0);
      assert(address > 0 && address + bytes <= arena.reserved);
      arena.views.u8.fill(mark, address, address + bytes);
      held.push({ address, bytes, mark });
    }
  }
  for (const { address, bytes } of held) arena.release(address, bytes);
  assertEquals(arena.used, 0);
});

Deno.test("arena: neighbours that are free become one block again", () => {
  const arena = new Arena(1 << 20, 4 << 20), quarter = 900 << 10;
  const blocks = [1, 2, 3, 4].map(() => arena.allocate(quarter));
  const reserved = arena.reserved;
  for (const i of [1, 3, 0, 2]) arena.release(blocks[i], quarter);
  arena.release(arena.allocate(4 * quarter), 4 * quarter);
  assertEquals(arena.reserved, reserved);
});

Deno.test("arena: running out of memory says what is held and what to do", () => {
  const backend = createCpuBackend({ threads: 1, memoryLimit: 32 << 20 });
  const buffers = [1, 2, 3].map(() => backend.allocate("float32", 2 << 20));
  const { message } = assertThrows(() => backend.allocate("float64", 2 << 20), DeviceError);
  assertStringIncludes(message, "cpu: out of memory: tried to allocate 16.00 MiB");
  assertStringIncludes(message, "hold 24.");
  assertStringIncludes(message, "Free tensors that are no longer needed or use smaller batches");
  for (const buffer of buffers) backend.free(buffer);
  backend.free(backend.allocate("float64", 2 << 20));
  assertEquals(backend.memory().used, 0);
});

Deno.test("buffers: what was freed, is of another backend, or does not fit is refused", () => {
  const backend = createCpuBackend({ threads: 1 });
  const buffer = backend.allocate("float32", 4);
  assertThrows(() => backend.write(buffer, "float32", new Float32Array(5)), DeviceError, "do not fit");
  assertThrows(() => backend.read({ bytes: 16 }, "float32", 4), DeviceError, "another backend");
  backend.free(buffer);
  assertThrows(() => backend.read(buffer, "float32", 4), DeviceError, "after it was freed");
});

Deno.test("arena: more than an address can name is out of memory too, and the arena goes on", () => {
  const arena = new Arena();
  for (const bytes of [2 ** 32, 4e10, 2 ** 42, 8e18]) {
    assertThrows(() => arena.allocate(bytes), DeviceError, "out of memory");
  }
  arena.release(arena.allocate(4096), 4096);
  assertEquals(arena.used, 0);
});

Deno.test("arena: what was freed is used again before memory that was never touched", () => {
  const arena = new Arena(1 << 20), sizes = [100_000, 99_000, 5000];
  const first = sizes.map((bytes) => arena.allocate(bytes));
  arena.release(first[0], sizes[0]);
  assertEquals(arena.allocate(sizes[0]), first[0]);
  arena.release(first[0], sizes[0]);
  assertEquals(arena.allocate(sizes[0] - 100), first[0]);
});

/**
 * Reading and writing files: atomic replacement and errors that say what to do.
 *
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import { LoadError } from "../../core/errors.ts";
import { readFile, writeFile } from "../../io/file.ts";
import { inFolder } from "./folder.ts";

const names = (folder: string) => [...Deno.readDirSync(folder)].map((entry) => entry.name).sort();

Deno.test("file: what is written is read, and nothing else is left in the folder", () =>
  inFolder(async (folder) => {
    const path = `${folder}/a b%20ü.bin`;
    for (const size of [0, 1, 3_000_000]) {
      const bytes = new Uint8Array(size).fill(size % 251);
      await writeFile(path, bytes);
      assertEquals(await readFile(path), bytes);
    }
    assertEquals(names(folder), ["a b%20ü.bin"]);
  }));

Deno.test("file: a URL names the same file as its path", () =>
  inFolder(async (folder) => {
    const url = new URL(`file://${folder}/`);
    await writeFile(new URL("a b.bin", url), new Uint8Array([1, 2]));
    assertEquals(await readFile(`${folder}/a b.bin`), new Uint8Array([1, 2]));
    assertEquals(await readFile(new URL("a b.bin", url)), new Uint8Array([1, 2]));
  }));

Deno.test("file: a symbolic link is written through", () =>
  inFolder(async (folder) => {
    await writeFile(`${folder}/real`, new Uint8Array([1]));
    await Deno.symlink(`${folder}/real`, `${folder}/link`);
    await writeFile(`${folder}/link`, new Uint8Array([2]));
    assertEquals(await readFile(`${folder}/real`), new Uint8Array([2]));
    assertEquals((await Deno.lstat(`${folder}/link`)).isSymlink, true);
  }));

Deno.test("file: a reader never sees a part of a write", () =>
  inFolder(async (folder) => {
    const path = `${folder}/x`;
    const version = (n: number) => new Uint8Array(200_000).fill(n);
    await writeFile(path, version(0));
    const writes = (async () => {
      for (let n = 1; n <= 10; n++) await writeFile(path, version(n));
    })();
    for (let i = 0; i < 20; i++) {
      const bytes = await readFile(path);
      assertEquals([bytes.length, bytes.every((b) => b === bytes[0])], [200_000, true]);
    }
    await writes;
    assertEquals(await readFile(path), version(10));
  }));

Deno.test("file: errors name the file and the way out", () =>
  inFolder(async (folder) => {
    const none = new Uint8Array(1);
    await assertRejects(
      () => readFile(`${folder}/missing`),
      LoadError,
      `No such file or directory: '${folder}/missing'`,
    );
    await assertRejects(() => readFile(folder), LoadError, `'${folder}'`);
    await assertRejects(
      () => writeFile(`${folder}/missing/x`, none),
      LoadError,
      `Parent directory of '${folder}/missing/x'`,
    );
    await Deno.mkdir(`${folder}/inner`);
    await assertRejects(() => writeFile(`${folder}/inner`, none), LoadError, `${folder}/inner'`);
    assertEquals(names(folder), ["inner"]);
  }));

Deno.test({
  name: "file: without Deno's permission the error names the flag",
  permissions: { read: false, write: false },
  fn: async () => {
    await assertRejects(() => readFile("x"), LoadError, "--allow-read");
    await assertRejects(() => writeFile("x", new Uint8Array(1)), LoadError, "--allow-read and --allow-write");
  },
});

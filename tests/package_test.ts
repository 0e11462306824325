/**
 * What is published: the files that `.ci/package.ts` writes offer what the sources offer.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { writePackage } from "../.ci/package.ts";
import * as sources from "../mod.ts";

/** The names of the modules' classes among what an entry exports, by the paths that lead to them in `like`. */
function modulesOf(exported: object, like: object, path = ""): string[] {
  return Object.entries(like).flatMap(([key, value]) => {
    const own: unknown = Reflect.get(exported, key);
    if (typeof value === "function" && value.prototype instanceof sources.nn.Module) {
      return typeof own === "function" ? [`${path}${key}: ${own.name}`] : [];
    }
    const namespace = typeof value === "object" && value?.[Symbol.toStringTag] === "Module";
    return namespace && typeof own === "object" && own !== null
      ? modulesOf(own, value, `${path}${key}.`)
      : [];
  });
}

Deno.test("what is published", async (t) => {
  const made = await Deno.makeTempDir();
  const folder = new URL(`file://${made}/package/`);
  try {
    await writePackage(folder);
    const { exports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", folder)));

    await t.step("every entry exports what its sources export, and leads to their types", async () => {
      for (const script of Object.values<string>(exports)) {
        const [first] = (await Deno.readTextFile(new URL(script, folder))).split("\n");
        const types = new URL(first.split('"')[1], new URL(script, folder));
        assertEquals(types.href.replace(/ts$/, "js"), new URL(script.replace("./js/", "./"), folder).href);
        const [own, source] = await Promise.all([import(new URL(script, folder).href), import(types.href)]);
        assertEquals(Object.keys(own).sort(), Object.keys(source).sort());
      }
    });

    await t.step("modules print the names that their sources give them", async () => {
      const { nn }: typeof sources = await import(new URL(exports["."], folder).href);
      const names = modulesOf(sources.nn, sources.nn);
      assert(names.length > 120);
      assertEquals(modulesOf(nn, sources.nn), names);
      assertEquals(String(new nn.Embedding(2, 3)), "Embedding(2, 3)");
    });
  } finally {
    await Deno.remove(made, { recursive: true });
  }
});

/**
 * Writes what is published to `out/package`: the sources, and `js`, where `deno bundle` has made them into one file, with what WebGPU needs beside it. Programs load
 * that, as 400 modules take twice as long to start; types, documentation and links lead to the sources.
 *
 * @module
 */

const root = new URL("../", import.meta.url);
const library = ["mod.ts", "core", "nn", "init", "io"];

/** The parts of `deno.json` that a package needs. */
interface Configuration {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  /** Name of an entry to its module. */
  readonly exports: Readonly<Record<string, string>>;
  readonly compilerOptions: Readonly<Record<string, unknown>>;
}

async function copy(from: URL, to: URL): Promise<void> {
  const { isDirectory } = await Deno.stat(from);
  if (!isDirectory) return await Deno.copyFile(from, to);
  await Deno.mkdir(to, { recursive: true });
  for await (const { name } of Deno.readDir(from)) {
    await copy(new URL(`${from}/${name}`), new URL(`${to}/${name}`));
  }
}

/** The bundler calls a class that mentions itself `_Name` within; modules print the names of their classes, so that it is given back. */
function withNames(script: string): string {
  return script.replace(
    /^var (\w+) = class _\1\b[^{]*\{$/gm,
    (opening, name) =>
      `${opening}\n  static {\n    Object.defineProperty(this, "name", { value: "${name}" });\n  }`,
  );
}

/** Makes a module into few files in a folder. Throws when it does not bundle. */
async function bundle(module: string, folder: URL): Promise<void> {
  const flags = ["--quiet", "--platform=deno", "--code-splitting", `--outdir=${folder.pathname}`];
  const command = new Deno.Command(Deno.execPath(), { args: ["bundle", ...flags, module], cwd: root });
  const { success, stderr } = await command.output();
  if (!success) throw new Error(`deno bundle: ${new TextDecoder().decode(stderr)}`);
  for await (const { name } of Deno.readDir(folder)) {
    const path = new URL(name, folder);
    await Deno.writeTextFile(path, withNames(await Deno.readTextFile(path)));
  }
}

/** Where the namespace of a module is among what another exports, as in `.nn.functional`; what it exports itself is at "". */
function placeIn(exported: object, module: object): string | null {
  const all = Object.entries(module).every(([name, value]) => Reflect.get(exported, name) === value);
  if (all) return "";
  for (const [name, value] of Object.entries(exported)) {
    if (value?.[Symbol.toStringTag] !== "Module") continue;
    const place = placeIn(value, module);
    if (place !== null) return `.${name}${place}`;
  }
  return null;
}

/** A script that exports a part of what the whole library exports. */
function partOf(library: object, part: object, script: string): string {
  const place = placeIn(library, part);
  if (place === null) throw new Error(`${script}: what it exports is not to be found in mod.ts`);
  const names = Object.keys(part);
  const up = "../".repeat(script.split("/").length - 3);
  return `import * as tenon from "${up || "./"}mod.js";
const part = tenon${place};
const ${names.map((name, i) => `e${i} = part.${name}`).join(", ")};
export { ${names.map((name, i) => `e${i} as ${name}`).join(", ")} };
`;
}

/** Writes the package to a folder, which is made anew. */
export async function writePackage(folder: URL): Promise<void> {
  const { name, version, license, exports, compilerOptions }: Configuration = JSON.parse(
    await Deno.readTextFile(new URL("deno.json", root)),
  );
  await Deno.remove(folder, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  await Deno.mkdir(folder, { recursive: true });
  for (const part of [...library, "README.md", "LICENSE"]) {
    await copy(new URL(part, root), new URL(part, folder));
  }
  await bundle(exports["."], new URL("js/", folder));
  const whole = await import(new URL(exports["."], root).href);
  const published: Record<string, string> = {};
  for (const [entry, module] of Object.entries(exports)) {
    const script = module.replace("./", "./js/").replace(/\.ts$/, ".js"), path = new URL(script, folder);
    const types = "../".repeat(script.split("/").length - 2) + module.slice(2);
    const text = entry === "."
      ? await Deno.readTextFile(path)
      : partOf(whole, await import(new URL(module, root).href), script);
    await Deno.mkdir(new URL(".", path), { recursive: true });
    await Deno.writeTextFile(path, `// @ts-self-types="${types}"\n${text}`);
    published[entry] = script;
  }
  const configuration = { name, version, license, exports: published, compilerOptions };
  await Deno.writeTextFile(new URL("deno.json", folder), JSON.stringify(configuration, null, 2) + "\n");
}

if (import.meta.main) await writePackage(new URL("out/package/", root));

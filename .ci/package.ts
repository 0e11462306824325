/**
 * Writes what is published to `out/package`: the sources, and `js`, where `deno bundle` has made them into a few files. Programs load those, as 400 modules take
 * twice as long to start; types, documentation and links lead to the sources.
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

/** Rewrites the scripts in a folder. */
async function eachScript(folder: URL, rewrite: (script: string) => string): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = new URL(`${folder}/${name}`);
    if (isDirectory) await eachScript(path, rewrite);
    else await Deno.writeTextFile(path, rewrite(await Deno.readTextFile(path)));
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

/** Makes the modules into few files, each beside the others as the sources are. Throws when one does not bundle. */
async function bundle(modules: readonly string[], folder: URL): Promise<void> {
  const flags = ["--quiet", "--platform=deno", "--code-splitting", `--outdir=${folder.pathname}`];
  const command = new Deno.Command(Deno.execPath(), { args: ["bundle", ...flags, ...modules], cwd: root });
  const { success, stderr } = await command.output();
  if (!success) throw new Error(`deno bundle: ${new TextDecoder().decode(stderr)}`);
  await eachScript(folder, withNames);
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
  const modules = Object.values(exports);
  await bundle(modules, new URL("js", folder));
  const published: Record<string, string> = {};
  for (const [entry, module] of Object.entries(exports)) {
    const script = module.replace("./", "./js/").replace(/\.ts$/, ".js");
    const path = new URL(script, folder);
    const types = "../".repeat(script.split("/").length - 2) + module.slice(2);
    await Deno.writeTextFile(path, `// @ts-self-types="${types}"\n${await Deno.readTextFile(path)}`);
    published[entry] = script;
  }
  // What is written by programs is not under version control, but it is published.
  const configuration = {
    name,
    version,
    license,
    exports: published,
    publish: { exclude: ["!."] },
    compilerOptions,
  };
  await Deno.writeTextFile(new URL("deno.json", folder), JSON.stringify(configuration, null, 2) + "\n");
}

if (import.meta.main) await writePackage(new URL("out/package/", root));

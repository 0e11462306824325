/**
 * The shape of the code itself: which way imports run, what stands at the top level, who touches Deno's own APIs, and how
 * files are named, opened and sized. Types and style are `deno check` and `deno lint`'s business.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";

const root = new URL("../", import.meta.url);
const library = ["core", "nn", "init", "io"];

/** One part of the library: the files it holds, and the other parts it may import, or import `type`s of. */
interface Part {
  readonly files: RegExp;
  readonly mayImport: readonly string[];
}

// Lower parts first; a file belongs to the first part that matches. A part may always import itself.
const parts: Readonly<Record<string, Part>> = {
  base: { files: /^core\/(dtype|errors|shape|layout|words)\.ts$/, mayImport: [] },
  kernel: { files: /^core\/kernel\//, mayImport: ["base"] },
  backend: { files: /^core\/backend\/\w+\.ts$/, mayImport: ["base", "kernel"] },
  // The assembler knows nothing of the backend it was written for.
  wasm: { files: /^core\/backend\/cpu\/wasm\//, mayImport: [] },
  reference: { files: /^core\/backend\/reference\//, mayImport: ["base", "kernel", "backend"] },
  cpu: { files: /^core\/backend\/cpu\//, mayImport: ["base", "wasm", "kernel", "backend"] },
  webgpu: { files: /^core\/backend\/webgpu\//, mayImport: ["base", "kernel", "backend"] },
  random: { files: /^core\/random\//, mayImport: ["base", "wasm", "tensor", "prim", "ops"] },
  graph: { files: /^core\/graph\//, mayImport: ["base", "kernel", "tensor", "prim"] },
  prim: { files: /^core\/prim\//, mayImport: ["base", "kernel", "graph", "tensor", "ops"] },
  ops: {
    files: /^core\/ops\//,
    mayImport: ["base", "type kernel", "tensor", "prim", "random", "transform"],
  },
  transform: {
    files: /^core\/transform\//,
    mayImport: ["base", "tensor", "prim", "ops", "graph", "evaluate"],
  },
  evaluate: {
    files: /^core\/evaluate\.ts$/,
    mayImport: ["base", "kernel", "backend", "reference", "cpu", "webgpu", "graph", "tensor", "prim"],
  },
  core: {
    files: /^core\/mod\.ts$/,
    mayImport: ["base", "type backend", "random", "tensor", "prim", "ops", "transform", "graph", "evaluate"],
  },
  tensor: {
    files: /^core\/(methods\/)?\w+\.ts$/,
    mayImport: ["base", "backend", "reference", "cpu", "webgpu", "prim", "ops", "transform", "evaluate"],
  },
  init: { files: /^init\//, mayImport: ["base", "core", "random", "tensor", "ops", "transform"] },
  io: { files: /^io\//, mayImport: ["base", "core", "random", "tensor", "ops"] },
  nn: {
    files: /^nn\//,
    mayImport: ["base", "core", "random", "tensor", "prim", "ops", "transform", "evaluate", "init"],
  },
  entry: { files: /^mod\.ts$/, mayImport: ["core", "nn", "init", "io"] },
};

// The narrow waist is one knot on purpose: gradients are written with public operations, operations and `backward` are
// methods of the tensor, and a tensor is read by evaluating its graph. No other parts may import each other in a ring.
const knot = ["tensor", "prim", "ops", "transform", "graph", "evaluate", "random"];

async function walk(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const entry of Deno.readDir(new URL(folder, root))) {
    const path = folder + entry.name;
    if (entry.isDirectory && entry.name !== "fixtures" && entry.name !== "node_modules") {
      files.push(...await walk(`${path}/`));
    } else if (entry.name.endsWith(".ts")) files.push(path);
  }
  return files.sort();
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(new URL(path, root)).then(() => true, () => false);
}

const text = new Map<string, string>();
for (const folder of [...library, "tests", "bench", "examples"]) {
  if (!await exists(folder)) continue;
  for (const path of await walk(`${folder}/`)) text.set(path, await Deno.readTextFile(new URL(path, root)));
}
if (await exists("mod.ts")) text.set("mod.ts", await Deno.readTextFile(new URL("mod.ts", root)));

const libraryFiles = [...text.keys()].filter((path) =>
  library.includes(path.split("/")[0]) || path === "mod.ts"
);

/** Source without comments; a string that holds `//` after a space or `/*` would be cut, and none here does harm. */
function code(path: string): string {
  return text.get(path)!.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/(^|\s)\/\/.*$/gm, "$1");
}

interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
}

/** What a file imports, re-exports or loads. */
function importsOf(path: string): Import[] {
  const pattern =
    /(?:^|\n)\s*(?:import|export)\b(\s+type\b)?[^"'`;]*?from\s*"([^"]+)"|(?<!\.)\bimport\s*\(?\s*"([^"]+)"/g;
  return [...code(path).matchAll(pattern)].map((m) => ({
    specifier: m[2] ?? m[3],
    typeOnly: m[1] !== undefined,
  }));
}

/** The files whose classes the classes of a file extend. */
function basesOf(path: string): string[] {
  return [...code(path).matchAll(/\bclass \w+(?:<.*>)? extends (\w+)/g)].flatMap(([, base]) => {
    const from = code(path).match(new RegExp(`import \\{[^}]*\\b${base}\\b[^}]*\\} from "(\\.[^"]+)"`))?.[1];
    return from === undefined ? [] : [resolve(path, from)];
  });
}

function imports(path: string): string[] {
  return importsOf(path).map(({ specifier }) => specifier);
}

function partOf(path: string): string | undefined {
  return Object.keys(parts).find((name) => parts[name].files.test(path));
}

function resolve(from: string, specifier: string): string {
  return new URL(specifier, `file:///${from}`).pathname.slice(1);
}

Deno.test("imports run one way", () => {
  const wrong: string[] = [];
  const edges = new Map<string, Set<string>>();
  for (const path of libraryFiles) {
    const from = partOf(path);
    if (from === undefined) {
      wrong.push(`${path} belongs to no part of the design`);
      continue;
    }
    for (const { specifier, typeOnly } of importsOf(path)) {
      if (!specifier.startsWith(".")) continue;
      const to = partOf(resolve(path, specifier));
      if (to === undefined) wrong.push(`${path} imports ${specifier}, outside the library`);
      else if (to !== from) {
        edges.set(from, (edges.get(from) ?? new Set()).add(to));
        const allowed = parts[from].mayImport;
        if (!allowed.includes(to) && !(typeOnly && allowed.includes(`type ${to}`))) {
          wrong.push(`${path} (${from}) imports ${specifier} (${to})`);
        }
      }
    }
  }
  const reaches = (from: string, to: string, seen = new Set<string>()): boolean =>
    [...edges.get(from) ?? []].some((next) =>
      next === to || (!seen.has(next) && reaches(next, to, seen.add(next)))
    );
  for (const part of edges.keys()) {
    if (!knot.includes(part) && reaches(part, part)) wrong.push(`${part} takes part in a ring of imports`);
  }
  assertEquals(wrong, []);
});

/** The files that each file of the library loads: what it imports, but for types. */
const loads: ReadonlyMap<string, readonly string[]> = new Map(
  libraryFiles.map((path) => [
    path,
    importsOf(path).filter(({ specifier, typeOnly }) => !typeOnly && specifier.startsWith("."))
      .map(({ specifier }) => resolve(path, specifier)).filter((to) => libraryFiles.includes(to)),
  ]),
);

/** The rings of files that load each other, each in order of names. */
function rings(): string[][] {
  const reached = (from: string): ReadonlySet<string> => {
    const seen = new Set<string>(), stack = [from];
    while (stack.length > 0) {
      for (const next of loads.get(stack.pop()!)!) {
        if (seen.has(next)) continue;
        seen.add(next);
        stack.push(next);
      }
    }
    return seen;
  };
  const reach = new Map(libraryFiles.map((path) => [path, reached(path)]));
  const rings: string[][] = [];
  for (const path of libraryFiles) {
    if (!reach.get(path)!.has(path) || rings.some((ring) => ring.includes(path))) continue;
    rings.push(libraryFiles.filter((other) => reach.get(path)!.has(other) && reach.get(other)!.has(path)));
  }
  return rings;
}

Deno.test("no files load each other but the tensor, its operations and their gradients", () => {
  const [ring, ...others] = rings();
  assertEquals(others, []);
  // Evaluation, the graph, the backends and all above the core stand outside.
  const inside = /^core\/(apply|tensor|tree|(methods|ops|prim|transform)\/(\w+\/)?\w+)\.ts$/;
  assertEquals(ring.filter((path) => !inside.test(path)), []);
  assert(ring.length <= 68, `${ring.length} files load each other; a new one is better without`);
});

Deno.test("the graph knows what primitives are, and which have no arguments, but no operation", () => {
  const known = ["core/prim/primitive.ts", "core/prim/source.ts"];
  const wrong = [...loads].filter(([path]) => path.startsWith("core/graph/")).flatMap(([path, files]) =>
    files.filter((to) => to.startsWith("core/prim/") && !known.includes(to)).map((to) => `${path}: ${to}`)
  );
  assertEquals(wrong, []);
});

Deno.test("no operation rests on those behind layers or on special functions", () => {
  const wrong = ["core/ops/nn/", "core/ops/special/"].flatMap((folder) =>
    [...loads].filter(([path]) => path.startsWith("core/ops/") && !path.startsWith(folder)).flatMap((
      [path, files],
    ) => files.filter((to) => to.startsWith(folder)).map((to) => `${path} imports ${to}`))
  );
  assertEquals(wrong, []);
});

Deno.test("every module can be the first that is imported", () => {
  const bases = new Map(libraryFiles.map((path) => [path, basesOf(path)]));
  const wrong: string[] = [];
  // The methods are the parts of the class Tensor. Operations make tensors, so the methods that are made of operations cannot run before the class;
  // tensor.ts imports them in the right order.
  const inside = rings().flat();
  const isPart = (path: string) => path.startsWith("core/methods/") && inside.includes(path);
  for (const first of libraryFiles.filter((path) => !isPart(path))) {
    const begun = new Set<string>(), done = new Set<string>();
    const load = (path: string): void => {
      begun.add(path);
      for (const next of loads.get(path)!) if (!begun.has(next)) load(next);
      for (const base of bases.get(path)!) {
        if (!done.has(base)) {
          wrong.push(`${first}: ${path} extends a class of ${base}, which has not run yet`);
        }
      }
      done.add(path);
    };
    load(first);
  }
  assertEquals(wrong, []);
});

// A module prints the name of its class, and bundlers put a number after the second of two names.
Deno.test("no other class has the name of one of nn", () => {
  const named = libraryFiles.filter((path) => path !== "nn/utils/pruning_methods.ts").flatMap((path) =>
    [...code(path).matchAll(/^(?:export )?(?:abstract )?class (\w+)/gm)].map((m) => ({ path, name: m[1] }))
  );
  const wrong = named.filter(({ path, name }) =>
    path.startsWith("nn/") && named.some((other) => other.name === name && other.path !== path)
  );
  assert(named.length > 300);
  assertEquals(wrong, []);
});

Deno.test("the library depends on nothing but itself", () => {
  const wrong = libraryFiles.flatMap((path) =>
    imports(path)
      .filter((s) => !s.startsWith(".") && !(s.startsWith("node:") && path.startsWith("core/backend/")))
      .map((s) => `${path} imports ${s}`)
  );
  assertEquals(wrong, []);
});

Deno.test("examples import what users import", () => {
  const isPublic = (path: string, specifier: string) =>
    specifier.startsWith(".")
      ? resolve(path, specifier).startsWith("examples/")
      : /^(@tenon\/tenon(\/\w+)?|node:.*)$/.test(specifier);
  const wrong = [...text.keys()].filter((path) => path.startsWith("examples/")).flatMap((path) =>
    imports(path).filter((s) => !isPublic(path, s)).map((s) => `${path} imports ${s}`)
  );
  assertEquals(wrong, []);
});

Deno.test("Deno's own APIs are used in io/file.ts and by the devices' set-up alone", () => {
  const allowed = ["io/file.ts", "core/device.ts"];
  const wrong = libraryFiles.filter((path) =>
    !allowed.includes(path) && !path.startsWith("core/backend/") && /(?<![."'`\w])Deno\./.test(code(path))
  );
  assertEquals(wrong, []);
});

Deno.test("the top level holds the design's entries alone", async () => {
  const wanted = new Set([...library, "tests", "bench", "examples", "mod.ts", "deno.json", "deno.lock"]);
  for (const name of ["README.md", "LICENSE", ".ci", ".gitignore"]) wanted.add(name);
  // What git and the tools leave there, and what .gitignore names.
  const ignored = /^(\.git|node_modules|\.cache|out|.*\.tmp)$/;
  const extra: string[] = [];
  for await (const { name } of Deno.readDir(root)) {
    if (!wanted.has(name) && !ignored.test(name)) extra.push(name);
  }
  assertEquals(extra, []);
});

Deno.test("files are snake_case, say first what lives in them, and fit in one head", () => {
  const wrong: string[] = [];
  for (const [path, source] of text) {
    const name = path.split("/").at(-1)!;
    if (!/^[a-z0-9]+(_[a-z0-9]+)*\.ts$/.test(name)) wrong.push(`${path} is not snake_case`);
    const lines = source.split("\n").length - 1;
    if (lines > 500) wrong.push(`${path} has ${lines} lines; split it by subject (aim at 400)`);
    const first = source.match(/^(#!.*\n)?\/\*\*([\s\S]*?)\*\//)?.[2];
    if (first === undefined) wrong.push(`${path} has no first comment`);
    else if (libraryFiles.includes(path) && !first.includes("@module")) {
      wrong.push(`the first comment of ${path} lacks @module`);
    }
  }
  assertEquals(wrong, []);
});

Deno.test("no double casts and no left-over marks in the library", () => {
  const wrong = libraryFiles.flatMap((path) =>
    [...text.get(path)!.matchAll(/\bas unknown as\b|\b(TODO|FIXME|XXX)\b/g)].map((m) => `${path}: ${m[0]}`)
  );
  assertEquals(wrong, []);
});

Deno.test("every entry point that deno.json exports is there", async () => {
  const config: { exports: Record<string, string> } = JSON.parse(
    await Deno.readTextFile(new URL("deno.json", root)),
  );
  for (const path of Object.values(config.exports)) assert(await exists(path), `${path} is missing`);
});

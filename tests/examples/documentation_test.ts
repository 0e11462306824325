/**
 * The comments behind `console.log(...)` in the examples of the README and of the documentation say what is printed. That all examples run, and with the
 * right types, is `deno task test:doc`.
 *
 * @module
 */
import { assertEquals, assertGreater } from "@std/assert";
import { getDefaultDtype, manualSeed, setDefaultDtype } from "../../mod.ts";

const root = new URL("../../", import.meta.url);

function* sources(folder: string): Generator<string> {
  for (const entry of Deno.readDirSync(new URL(folder, root))) {
    if (entry.isDirectory) yield* sources(`${folder}${entry.name}/`);
    else if (entry.name.endsWith(".ts")) yield `${folder}${entry.name}`;
  }
}

/** The examples of a file; in documentation each line begins with a star. */
function examples(file: string): string[] {
  const text = Deno.readTextFileSync(new URL(file, root));
  return [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) =>
    file.endsWith(".md") ? code : code.replace(/^ *\* ?/gm, "")
  );
}

/** A line that prints, with a comment that begins as values do; others are prose. */
const line =
  /^( *)console\.log\((.*)\); \/\/ ((?:-?\d|\[|\{|tensor\(|Tensor|true|false|undefined|null).*)$/gm;

/** White space is the printer's, and the sign of zero is left out of the comments. */
function plain(text: string): string {
  return text.replace(/\s+/g, " ").replace(/-(?=0\.?[ ,\]])/g, "").trim();
}

/** An example as a module whose default export is what its lines printed, beside what their comments say. */
function moduleOf(code: string): string {
  const body = code
    .replace(line, (_, indent, args, said) => `${indent}compared.push([${JSON.stringify(said)}, [${args}]]);`)
    .replace(
      /"@tenon\/tenon(?:\/(\w+))?"/g,
      (_, part) => `"${new URL(part ? `${part}/mod.ts` : "mod.ts", root)}"`,
    );
  const source = `const compared = [];\n${body}\nexport default compared;\n`;
  return `data:application/typescript,${encodeURIComponent(source)}`;
}

Deno.test("what the examples say they print is what they print", async () => {
  const files = ["README.md", "mod.ts", ...["core/", "nn/", "init/", "io/"].flatMap((f) => [...sources(f)])];
  const { log } = console, dtype = getDefaultDtype();
  let count = 0;
  console.log = () => {};
  try {
    for (const file of files) {
      for (const code of examples(file).filter((code) => code.search(line) >= 0)) {
        manualSeed(0);
        const { default: compared }: { default: [string, unknown[]][] } = await import(moduleOf(code));
        setDefaultDtype(dtype);
        for (const [said, values] of compared) {
          const texts = values.map((v) => typeof v === "string" ? v : Deno.inspect(v, { colors: false }));
          assertEquals(plain(texts.join(" ")), plain(said), `${file}: ${code}`);
          count++;
        }
      }
    }
  } finally {
    console.log = log;
  }
  assertGreater(count, 100);
});

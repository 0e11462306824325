/**
 * The command line of the training program.
 *
 * @module
 */

/** What the user asked for. */
export interface Options {
  /** Steps in all; those of the checkpoint, or 3000, when not given. */
  readonly steps: number | null;
  readonly out: string;
  readonly device: "cpu" | "webgpu" | null;
  readonly seed: number;
  /** A file to learn from; the declarations of `deno types` when not given. */
  readonly text: string | null;
  readonly resume: boolean;
}

/** A command line that makes no sense. */
export class UsageError extends Error {}

/** What `--help` prints. */
export const help = `Trains a small language model, which predicts a character from those before it.

  deno task train [options]

  --steps N      training steps in all (default 3000, about a minute)
  --text FILE    text to learn from (default: the declarations that "deno types" prints)
  --out DIR      folder for checkpoint, loss curve and sample (default out/train)
  --resume       go on from the checkpoint in that folder
  --device NAME  cpu or webgpu (default: the GPU if there is one)
  --seed N       seed of parameters, batches and sample (default 0)
  --help         this text

Ctrl-C saves a checkpoint before it ends.`;

const flags = ["--resume"];
const settings = ["--steps", "--text", "--out", "--device", "--seed"];

/**
 * The options in the arguments, or null when help is asked for.
 *
 * @throws {UsageError} for whatever is not in the help
 */
export function parseOptions(args: readonly string[]): Options | null {
  const given = new Map<string, string>();
  for (let i = 0; i < args.length; i++) {
    const [name, ...rest] = args[i].split("=");
    if (name === "--help" || name === "-h") return null;
    if (!flags.includes(name) && !settings.includes(name)) {
      throw new UsageError(
        `unknown option ${args[i]}; there are ${[...settings, ...flags, "--help"].join(", ")}`,
      );
    }
    if (given.has(name)) throw new UsageError(`${name} is given twice`);
    if (flags.includes(name)) {
      if (rest.length > 0) throw new UsageError(`${name} takes no value`);
      given.set(name, "");
      continue;
    }
    const value = rest.length > 0 ? rest.join("=") : args[++i];
    if (value === undefined || value === "" || (rest.length === 0 && value.startsWith("--"))) {
      throw new UsageError(`${name} needs a value`);
    }
    given.set(name, value);
  }
  const device = given.get("--device") ?? null;
  if (device !== null && device !== "cpu" && device !== "webgpu") {
    throw new UsageError(`--device must be cpu or webgpu, got ${device}`);
  }
  return {
    steps: whole(given, "--steps", 1) ?? null,
    out: given.get("--out") ?? "out/train",
    device,
    seed: whole(given, "--seed", 0) ?? 0,
    text: given.get("--text") ?? null,
    resume: given.has("--resume"),
  };
}

function whole(given: ReadonlyMap<string, string>, name: string, least: number): number | undefined {
  const text = given.get(name);
  if (text === undefined) return undefined;
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (!Number.isSafeInteger(value) || value < least) {
    throw new UsageError(`${name} must be a whole number from ${least}, got ${text}`);
  }
  return value;
}

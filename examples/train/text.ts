/**
 * The text to learn from, as numbers: one per character, counted in the order of the alphabet.
 *
 * @module
 */
import { type Tensor, tensor } from "@tenon/tenon";
import { context } from "./model.ts";
import { UsageError } from "./options.ts";

/** A text, its alphabet, and the part that is kept from training. */
export interface Corpus {
  /** Where the text is from. */
  readonly name: string;
  /** Every character that occurs. */
  readonly alphabet: readonly string[];
  /** The first nine tenths, as positions in the alphabet. */
  readonly training: Int32Array;
  /** The rest, at most 20,000 characters of it. */
  readonly heldOut: Int32Array;
  /** Differs between texts. */
  readonly fingerprint: string;
}

const heldOutAtMost = 20_000;

/** Reads a file, or has Deno print the declarations of its own API. */
export async function readCorpus(path: string | null): Promise<Corpus> {
  const text = path === null ? await denoTypes() : await readText(path);
  const corpus = await corpusOf(path ?? "deno types", text);
  const least = 10 * (context + 1);
  if (corpus.training.length < least) {
    throw new UsageError(
      `${corpus.name} is too short: ${[...text].length} characters, at least ${2 * least} are needed`,
    );
  }
  return corpus;
}

/** Cuts a text in two and numbers its characters. */
export async function corpusOf(name: string, text: string): Promise<Corpus> {
  const characters = [...text];
  const alphabet = [...new Set(characters)].sort();
  const position = new Map(alphabet.map((character, i) => [character, i]));
  const numbers = Int32Array.from(characters, (character) => position.get(character)!);
  const cut = Math.floor(numbers.length * 0.9);
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return {
    name,
    alphabet,
    training: numbers.slice(0, cut),
    heldOut: numbers.slice(cut, cut + heldOutAtMost),
    fingerprint: hash.toHex().slice(0, 16),
  };
}

/** Characters as the tensor that the model takes: int64 [length]. */
export function tokens(numbers: Int32Array): Tensor {
  return tensor(numbers, { dtype: "int64" });
}

async function denoTypes(): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args: ["types"] }).output();
  if (!success) throw new Error(`deno types failed: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

async function readText(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    throw new UsageError(`cannot read --text ${path}: ${error instanceof Error ? error.message : error}`);
  }
}

/**
 * Checkpoints: everything a training run needs to go on as if it had never stopped (model, optimizer, schedule, random
 * state, and whatever else has a state) in one safetensors file, which Python reads too. State dicts alone are tensors.ts.
 *
 * @module
 */
import { LoadError, ValueError } from "../core/errors.ts";
import { fromHost } from "../core/ops/create.ts";
import { Tensor } from "../core/tensor.ts";
import { readFile, writeFile } from "./file.ts";
import type { HostTensor } from "./host_tensor.ts";
import { flatten, type State, unflatten } from "./plain.ts";
import * as safetensors from "./safetensors.ts";
import { inFile, toDevice, toHost } from "./tensors.ts";

/** Anything with a state dict: modules, optimizers, schedulers, and classes of one's own. */
export interface Stateful {
  /** The state: records, lists, tensors and plain values. */
  stateDict(): unknown;
  /** Takes over a state that `stateDict` gave. */
  loadStateDict(state: never): unknown;
}

/** A source of random numbers with a state of bytes, such as `Generator`. */
export interface RandomSource {
  /** The whole state. */
  getState(): Uint8Array;
  /** Continues from a state. */
  setState(state: Uint8Array): unknown;
}

/** What a checkpoint is made of, by name. */
export type CheckpointParts = Readonly<Record<string, Stateful | RandomSource>>;

const key = "tenon.checkpoint";
const version = 1;

/** What stands in the file's metadata beside the tensors, as JSON. */
interface Contents {
  readonly version: number;
  readonly parts: Readonly<Record<string, unknown>>;
  readonly metadata: unknown;
}

function isRandom(part: Stateful | RandomSource): part is RandomSource {
  return "getState" in part && "setState" in part;
}

function checkParts(op: string, parts: CheckpointParts): void {
  for (const [name, part] of Object.entries(parts)) {
    const fits = (typeof part === "object" || typeof part === "function") && part !== null &&
      (isRandom(part) || ("stateDict" in part && "loadStateDict" in part));
    if (!fits) {
      throw new ValueError(
        `${op}: "${name}" has neither stateDict and loadStateDict nor getState and setState; values of your own go into metadata`,
      );
    }
  }
}

function stateOf(part: Stateful | RandomSource): unknown {
  if (!isRandom(part)) return part.stateDict();
  const bytes = part.getState().slice();
  return fromHost(bytes, [bytes.length], "uint8", "cpu");
}

function restore(part: Stateful | RandomSource, state: unknown): void {
  // Whatever has a state dict checks what it is given; the type says only that it came from there.
  if (!isRandom(part)) part.loadStateDict(state as never);
  else if (state instanceof Tensor && state.dtype === "uint8") {
    part.setState(state.toTypedArray() as Uint8Array);
  } else throw new LoadError("the checkpoint holds no random state");
}

/**
 * Writes a checkpoint: the states of `parts` under their names, and metadata of one's own. The file appears whole or not
 * at all, so that a crash while saving leaves the checkpoint before it. In Python, `safetensors.torch.load_file` gives the
 * tensors as `model.0.weight`, `optimizer.state.0.exp_avg`, and a generator's state as bytes for `torch.set_rng_state`.
 *
 * @throws {ValueError} when a part has no state, or its state holds something that cannot be saved
 * @throws {LoadError} when the file cannot be written
 * @example
 * ```ts
 * import { defaultGenerator, io, nn, optim } from "@tenon/tenon";
 * const folder = Deno.makeTempDirSync();
 * const model = new nn.Linear(4, 2);
 * const optimizer = new optim.Adam(model.parameters());
 * const parts = { model, optimizer, random: defaultGenerator };
 * await io.saveCheckpoint(`${folder}/run.safetensors`, parts, { step: 100 });
 * const { step } = await io.loadCheckpoint(`${folder}/run.safetensors`, parts);
 * console.log(step); // 100
 * ```
 */
export async function saveCheckpoint(
  path: string | URL,
  parts: CheckpointParts,
  metadata: Readonly<Record<string, State>> = {},
): Promise<void> {
  checkParts("saveCheckpoint", parts);
  const tensors = new Map<string, Tensor>();
  const contents: Contents = {
    version,
    parts: Object.fromEntries(
      Object.entries(parts).map(([name, part]) => [name, flatten(stateOf(part), name, tensors)]),
    ),
    metadata: flatten(metadata, "metadata", tensors),
  };
  const host = [...tensors].map(([name, x]) => toHost(x).then((read): [string, HostTensor] => [name, read]));
  const text = { format: "pt", [key]: JSON.stringify(contents) };
  await writeFile(path, safetensors.encode(Object.fromEntries(await Promise.all(host)), text));
}

/**
 * Brings `parts` to the state that a checkpoint holds, and returns its metadata. Parts that the file has and `parts` lacks
 * are left alone, so that a model alone can be loaded.
 *
 * @throws {LoadError} when the file is missing or damaged, is no checkpoint, lacks a part, or does not fit; then every part
 * is as it was before
 */
export async function loadCheckpoint(
  path: string | URL,
  parts: CheckpointParts,
): Promise<Record<string, State>> {
  checkParts("loadCheckpoint", parts);
  const bytes = await readFile(path);
  return inFile(path, () => {
    const file = safetensors.decode(bytes);
    const contents = readContents(file.metadata[key]);
    const tensors = Object.fromEntries(
      Object.entries(file.tensors).map(([name, x]) => [name, toDevice(x, "cpu")]),
    );
    for (const name of Object.keys(parts)) {
      if (!Object.hasOwn(contents.parts, name)) {
        throw new LoadError(
          `the checkpoint has no "${name}"; it holds ${Object.keys(contents.parts).join(", ") || "nothing"}`,
        );
      }
    }
    const before = Object.values(parts).map((part) => [part, stateOf(part)] as const);
    try {
      for (const [name, part] of Object.entries(parts)) {
        restore(part, unflatten(contents.parts[name], tensors));
      }
    } catch (error) {
      for (const [part, state] of before) restore(part, state);
      throw error;
    }
    return unflatten(contents.metadata, tensors) as Record<string, State>;
  });
}

function readContents(text: string | undefined): Contents {
  if (text === undefined) {
    throw new LoadError(
      "the file is safetensors but no checkpoint of saveCheckpoint; io.load reads its tensors",
    );
  }
  let contents: Partial<Contents> | null;
  try {
    contents = JSON.parse(text);
  } catch (error) {
    throw new LoadError("the checkpoint's description is damaged", { cause: error });
  }
  const { version: written, parts, metadata } = contents ?? {};
  if (written !== version) {
    throw new LoadError(`the checkpoint is of version ${written}, and this Tenon reads version ${version}`);
  }
  if (typeof parts !== "object" || parts === null || typeof metadata !== "object") {
    throw new LoadError("the checkpoint's description is damaged");
  }
  return { version, parts, metadata };
}

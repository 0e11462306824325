/**
 * Tensors in files: state dicts saved as safetensors, and loaded from safetensors or from what `torch.save` wrote.
 * Whole training runs are checkpoint.ts.
 *
 * @module
 */
import { defaultDevice, type DeviceName } from "../core/device.ts";
import { LoadError, ValueError } from "../core/errors.ts";
import { fromHost } from "../core/ops/create.ts";
import { checkOptions } from "../core/ops/options.ts";
import { readAsync } from "../core/methods/read.ts";
import { Tensor } from "../core/tensor.ts";
import { inWords } from "../core/words.ts";
import { readFile, writeFile } from "./file.ts";
import type { HostTensor } from "./host_tensor.ts";
import * as safetensors from "./safetensors.ts";
import * as torchFile from "./torch_file.ts";

/** Options of `save`. */
export interface SaveOptions {
  /** Strings to put beside the tensors; `{ format: "pt" }`, which Python's loaders look for, when not given. */
  readonly metadata?: safetensors.Metadata;
}

/** Options of `load` and `loadTorch`. */
export interface LoadOptions {
  /** Device of the tensors; the default device when not given. */
  readonly device?: DeviceName;
}

/** What a file of `torch.save` may hold, with tensors in it; tuples and lists are arrays, and dicts records. */
export type TorchObject =
  | Tensor
  | number
  | bigint
  | string
  | boolean
  | null
  | TorchObject[]
  | { [key: string]: TorchObject };

/** The elements on the host. Reads of several tensors may overlap. */
export async function toHost(x: Tensor): Promise<HostTensor> {
  const { dtype, shape } = x;
  return { dtype, shape, data: await readAsync(x) };
}

/** The tensor over elements that nobody else will change. */
export function toDevice(x: HostTensor, device: DeviceName): Tensor {
  return fromHost(x.data, x.shape, x.dtype, device);
}

/**
 * Writes tensors by name, such as a state dict, as a safetensors file: the whole file or nothing. Python reads it with
 * `safetensors.torch.load_file`. The counterpart of `torch.save(net.state_dict(), path)`.
 *
 * @throws {ValueError} when a value is no tensor, a name cannot be written, or the file is called `.pt` or `.pth`
 * @throws {LoadError} when the file cannot be written; the message says why and what to do
 * @example
 * ```ts
 * import { io, nn } from "@tenon/tenon";
 * const folder = Deno.makeTempDirSync();
 * const net = new nn.Linear(4, 2);
 * await io.save(net.stateDict(), `${folder}/net.safetensors`);
 * net.loadStateDict(await io.load(`${folder}/net.safetensors`));
 * ```
 */
export async function save(
  tensors: Readonly<Record<string, Tensor>>,
  path: string | URL,
  options: SaveOptions = {},
): Promise<void> {
  if (tensors instanceof Tensor) {
    throw new ValueError(
      "save: expected tensors by name, but got a tensor; give it a name, as in { x: tensor }",
    );
  }
  if (typeof tensors === "string" || tensors instanceof URL) {
    throw new ValueError(
      `save: the tensors come first and the path second, as in save(net.stateDict(), path)`,
    );
  }
  if (typeof tensors !== "object" || tensors === null || tensors instanceof Promise) {
    const isModule = typeof tensors === "function" && "stateDict" in tensors;
    throw new ValueError(
      `save: expected tensors by name, but got ${
        isModule ? "a module; pass its stateDict()" : inWords(tensors)
      }${tensors instanceof Promise ? "; await it" : ""}`,
    );
  }
  checkOptions("save", options, { metadata: "any" });
  if (/\.pth?$/i.test(String(path))) {
    throw new ValueError(
      `save: '${path}' would be a safetensors file, which torch.load does not read; name it .safetensors`,
    );
  }
  const host = Object.entries(tensors).map(([name, x]) => {
    if (!(x instanceof Tensor)) {
      throw new ValueError(
        `save: "${name}" is no tensor but ${x === null ? "null" : typeof x}; a state dict holds tensors only`,
      );
    }
    return toHost(x).then((read): [string, HostTensor] => [name, read]);
  });
  const bytes = safetensors.encode(
    Object.fromEntries(await Promise.all(host)),
    options.metadata ?? { format: "pt" },
  );
  await writeFile(path, bytes);
}

/**
 * The tensors of a safetensors file, or of a state dict that `torch.save` wrote: the content decides, not the name. Runs
 * no code of the file.
 *
 * @throws {LoadError} when the file is missing or damaged, or holds anything but tensors by name
 */
export async function load(path: string | URL, options: LoadOptions = {}): Promise<Record<string, Tensor>> {
  checkOptions("load", options, { device: "string" });
  const bytes = await readFile(path);
  const device = options.device ?? defaultDevice();
  if (!isTorchFile(bytes)) {
    const { tensors } = inFile(path, () => safetensors.decode(bytes));
    return mapValues(tensors, (x) => toDevice(x, device));
  }
  const object = placed(await torchFile.decode(bytes).catch((error) => fail(path, error)), device);
  const odd = isRecord(object)
    ? Object.entries(object).find(([, value]) => !(value instanceof Tensor))
    : ["", object];
  if (odd !== undefined) {
    const where = isRecord(object) ? `holds ${kindOf(odd[1])} under "${odd[0]}"` : `holds ${kindOf(odd[1])}`;
    throw new LoadError(
      `'${path}' ${where}, not tensors by name alone; read it with loadTorch and take out what you need`,
    );
  }
  return object as Record<string, Tensor>;
}

/**
 * Whatever `torch.save` wrote, if it is tensors, numbers, strings, lists and dicts: `torch.load(path, weights_only=True)`. T says what the file is
 * known to hold: `loadTorch<{ model_state_dict: nn.StateDict; epoch: number }>(path)`.
 *
 * @throws {LoadError} when the file is missing or damaged, or holds anything else
 */
export async function loadTorch<T extends TorchObject = TorchObject>(
  path: string | URL,
  options: LoadOptions = {},
): Promise<T> {
  checkOptions("loadTorch", options, { device: "string" });
  const bytes = await readFile(path);
  const object = await torchFile.decode(bytes).catch((error) => fail(path, error));
  return placed(object, options.device ?? defaultDevice()) as T;
}

function isTorchFile(bytes: Uint8Array): boolean {
  // A safetensors file begins with the length of its header, whose ninth byte is "{"; neither magic fits that.
  return bytes[8] !== 0x7b && ((bytes[0] === 0x50 && bytes[1] === 0x4b) || bytes[0] === 0x80);
}

/** The value with tensors on a device. Objects that a file holds twice, or that hold themselves, stay so. */
function placed(value: torchFile.TorchValue, device: DeviceName): TorchObject {
  const made = new Map<object, TorchObject>();
  const place = (x: torchFile.TorchValue): TorchObject => {
    if (typeof x !== "object" || x === null) return x;
    const known = made.get(x);
    if (known !== undefined) return known;
    if (x instanceof torchFile.TorchTensor) {
      const tensor = toDevice(x, device);
      made.set(x, tensor);
      return tensor;
    }
    if (Array.isArray(x)) {
      const list: TorchObject[] = [];
      made.set(x, list);
      for (const item of x) list.push(place(item));
      return list;
    }
    const record: { [key: string]: TorchObject } = {};
    made.set(x, record);
    for (const [key, item] of Object.entries(x)) {
      // Not an assignment: a key may be called __proto__.
      Object.defineProperty(record, key, {
        value: place(item),
        enumerable: true,
        writable: true,
        configurable: true,
      });
    }
    return record;
  };
  return place(value);
}

function isRecord(value: TorchObject): value is { [key: string]: TorchObject } {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Tensor);
}

function kindOf(value: TorchObject | undefined): string {
  if (value instanceof Tensor) return "a single tensor";
  if (Array.isArray(value)) return "a list";
  if (value === null) return "None";
  return typeof value === "object" ? "a dict" : `a ${typeof value}`;
}

function mapValues<A, B>(record: Readonly<Record<string, A>>, fn: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, fn(value)]));
}

/** Runs `body`; an error about the content names the file. */
export function inFile<R>(path: string | URL, body: () => R): R {
  try {
    return body();
  } catch (error) {
    return fail(path, error);
  }
}

function fail(path: string | URL, error: unknown): never {
  if (error instanceof LoadError) error.message += `, in '${path}'`;
  throw error;
}

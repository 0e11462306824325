/**
 * Files of `torch.save`, read without Python and without running anything: the zip format of PyTorch 1.6 and later and
 * the older one before it. Tensors, numbers, strings, lists and dicts come back; anything else is refused by its name.
 * Writing is safetensors' business, which PyTorch reads too.
 *
 * @module
 */
import { bytesOf, type DType, type HostArray, hostArray } from "../core/dtype.ts";
import { LoadError } from "../core/errors.ts";
import { byteLengthOf, elementsAt, type HostTensor } from "./host_tensor.ts";
import { type Environment, Global, isRecord, setItem, unpickle } from "./torch/pickle.ts";
import { readZip } from "./torch/zip.ts";

/** What a file of `torch.save` may hold; tuples and lists are arrays, and dicts records. */
export type TorchValue =
  | TorchTensor
  | number
  | bigint
  | string
  | boolean
  | null
  | TorchValue[]
  | { [key: string]: TorchValue };

/** A tensor of a file; its own class, so that it can be told from a dict. */
export class TorchTensor implements HostTensor {
  /** A tensor of these elements, which are contiguous. */
  constructor(readonly dtype: DType, readonly shape: readonly number[], readonly data: HostArray) {}
}

const storageTypes: Readonly<Record<string, DType>> = {
  DoubleStorage: "float64",
  FloatStorage: "float32",
  HalfStorage: "float16",
  BFloat16Storage: "bfloat16",
  LongStorage: "int64",
  IntStorage: "int32",
  ShortStorage: "int16",
  CharStorage: "int8",
  ByteStorage: "uint8",
  BoolStorage: "bool",
};

class StorageType extends Global {
  constructor(name: string, readonly dtype: DType) {
    super(name);
  }
}

/** The elements that tensors share; without bytes while an old file's tensors are only being counted. */
class Storage {
  constructor(readonly dtype: DType, readonly length: number, readonly bytes: Uint8Array | null) {}
}

/**
 * Reads the bytes of a `.pt` or `.pth` file. `torch.load(path, weights_only=True)` of Python.
 *
 * @throws {LoadError} when the file is damaged, or holds anything but tensors of Tenon's dtypes and plain values.
 * @example
 * ```ts
 * import { assertRejects } from "@std/assert";
 * import { torchFile } from "@tenon/tenon/io";
 *
 * await assertRejects(() => torchFile.decode(new Uint8Array(9)), Error, "neither");
 * ```
 */
export async function decode(bytes: Uint8Array): Promise<TorchValue> {
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) return checked(decodeZip(await readZip(bytes)));
  if (bytes[0] === 0x80) return checked(decodeOld(bytes));
  throw new LoadError(
    `a file of torch.save begins as a zip archive or a pickle, and this one is neither (${bytes.length} bytes)`,
  );
}

function decodeZip(entries: ReadonlyMap<string, Uint8Array>): unknown {
  const main = [...entries.keys()].find((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (main === undefined) {
    throw new LoadError("the archive holds no data.pkl; it was not written by torch.save");
  }
  const folder = main.slice(0, -"data.pkl".length);
  if (entries.has(`${folder}constants.pkl`)) {
    throw new LoadError(
      "the file is a TorchScript archive (torch.jit.save); save a state dict with torch.save",
    );
  }
  const byteOrder = entries.get(`${folder}byteorder`);
  if (byteOrder !== undefined && new TextDecoder().decode(byteOrder) !== "little") {
    throw new LoadError("the file was written on a big-endian machine, which Tenon does not read");
  }
  const find = (key: string, dtype: DType, length: number) => {
    const bytes = entries.get(`${folder}data/${key}`);
    if (bytes === undefined) throw new LoadError(`the archive lacks the storage data/${key}`);
    if (bytes.length < length * bytesOf(dtype)) throw new LoadError(`the storage data/${key} is cut short`);
    return new Storage(dtype, length, bytes);
  };
  return unpickle(entries.get(main)!, 0, environment(find)).value;
}

// The long integer that begins files older than PyTorch 1.6.
const oldMagic = 0x1950a86a20f9469cfc6cn;

/**
 * The old format: four pickles (magic number, version, machine, the object), a list of storage keys, and then each
 * storage as its length and its elements. The object is read twice, because its storages come after it.
 */
function decodeOld(bytes: Uint8Array): unknown {
  const storages = new Map<string, Storage>();
  const note = (key: string, dtype: DType, length: number) => {
    const known = storages.get(key) ?? new Storage(dtype, length, null);
    storages.set(key, known);
    return known;
  };
  const counting = environment(note);
  const magic = unpickle(bytes, 0, counting);
  if (magic.value !== oldMagic) {
    throw new LoadError("the file is a pickle, but not one that torch.save wrote");
  }
  const version = unpickle(bytes, magic.end, counting);
  const machine = unpickle(bytes, version.end, counting);
  if (isRecord(machine.value) && machine.value.little_endian === false) {
    throw new LoadError("the file was written on a big-endian machine, which Tenon does not read");
  }
  const { end } = unpickle(bytes, machine.end, counting);
  const keys = unpickle(bytes, end, counting);
  if (!Array.isArray(keys.value)) throw new LoadError("the list of storages is damaged");
  let at = keys.end;
  for (const key of keys.value.map(String)) {
    const storage = storages.get(key);
    if (storage === undefined) throw new LoadError(`the storage ${key} belongs to no tensor`);
    const size = storage.length * bytesOf(storage.dtype);
    if (at + 8 + size > bytes.length) throw new LoadError(`the storage ${key} is cut short`);
    const length = new DataView(bytes.buffer, bytes.byteOffset + at, 8).getBigUint64(0, true);
    if (length !== BigInt(storage.length)) throw new LoadError(`the storage ${key} has ${length} elements`);
    storages.set(key, new Storage(storage.dtype, storage.length, bytes.subarray(at + 8, at + 8 + size)));
    at += 8 + size;
  }
  return unpickle(bytes, machine.end, environment(note)).value;
}

type FindStorage = (key: string, dtype: DType, length: number) => Storage;

/** The names that a file of torch.save may use. */
function environment(find: FindStorage): Environment {
  const globals = new Map<string, Global>();
  const allow = (name: string, call: (args: readonly unknown[]) => unknown) =>
    globals.set(name, new Global(name, call));
  allow("collections.OrderedDict", orderedDict);
  // The milestones of MultiStepLR.
  allow("collections.Counter", ([counts]) => isRecord(counts) ? counts : {});
  allow("torch.Size", ([sizes]) => sizes);
  allow("torch._utils._rebuild_tensor_v2", rebuildTensor);
  allow("torch._utils._rebuild_parameter", ([tensor]) => tensor);
  for (const [name, dtype] of Object.entries(storageTypes)) {
    globals.set(`torch.${name}`, new StorageType(`torch.${name}`, dtype));
  }
  return {
    globals,
    persistentLoad(id) {
      if (!Array.isArray(id)) throw new LoadError("a storage is not described by a tuple");
      const [kind, type, key, , length, view] = id;
      const isStorage = kind === "storage" && type instanceof StorageType && typeof key === "string";
      // Files older than PyTorch 0.4 could have storages that are parts of others.
      if (!isStorage || !isSize(length) || (view ?? null) !== null) {
        throw new LoadError("a storage is described in a way that Tenon does not know");
      }
      return find(key, type.dtype, length);
    },
  };
}

function orderedDict([pairs]: readonly unknown[]): Record<string, unknown> {
  const dict = {};
  if (Array.isArray(pairs)) {
    for (const pair of pairs) {
      if (!Array.isArray(pair)) throw new LoadError("an OrderedDict is made of something that is no pair");
      setItem(dict, pair[0], pair[1]);
    }
  }
  return dict;
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every(isSize);
}

function rebuildTensor([storage, offset, shape, strides]: readonly unknown[]): TorchTensor {
  const fits = storage instanceof Storage && isSize(offset) && isSizes(shape) && isSizes(strides) &&
    shape.length === strides.length;
  if (!fits) throw new LoadError("a tensor is described in a way that Tenon does not know");
  const { dtype, length, bytes } = storage;
  const size = byteLengthOf(dtype, shape);
  const last = shape.reduce((at, extent, i) => at + (extent - 1) * strides[i], offset);
  if (size === null || (size > 0 && last >= length)) {
    throw new LoadError(
      `a tensor of shape [${shape.join(", ")}], strides [${strides.join(", ")}] and offset ${offset} ` +
        `reaches outside of its storage of ${length} elements`,
    );
  }
  const elements = size / bytesOf(dtype);
  // Expanded tensors (stride 0) may be larger than their storage, but nobody saves one that is a thousand times so.
  if (elements > 1000 * Math.max(length, 1000)) {
    throw new LoadError(
      `a tensor of shape [${shape.join(", ")}] on a storage of ${length} elements is too large`,
    );
  }
  if (bytes === null || elements === 0) return new TorchTensor(dtype, shape, hostArray(dtype, 0));
  const contiguous = shape.every((extent, i) =>
    extent === 1 || strides[i] === shape.slice(i + 1).reduce((n, d) => n * d, 1)
  );
  const data = contiguous
    ? elementsAt(bytes, offset * bytesOf(dtype), dtype, elements)
    : gather(elementsAt(bytes, 0, dtype, length), dtype, shape, strides, offset, elements);
  return new TorchTensor(dtype, shape, data);
}

/** The elements of a strided tensor, row by row. */
function gather(
  source: HostArray,
  dtype: DType,
  shape: readonly number[],
  strides: readonly number[],
  offset: number,
  elements: number,
): HostArray {
  const out = hostArray(dtype, elements);
  const index = new Array<number>(shape.length).fill(0);
  let at = offset;
  for (let i = 0; i < elements; i++) {
    out[i] = source[at];
    for (let dim = shape.length - 1; dim >= 0; dim--) {
      at += strides[dim];
      if (++index[dim] < shape[dim]) break;
      at -= strides[dim] * shape[dim];
      index[dim] = 0;
    }
  }
  return out;
}

/** The value, once nothing in it is a name or a storage that leaked out of the pickle. Values may contain themselves. */
function checked(value: unknown): TorchValue {
  const seen = new Set<object>();
  const open: unknown[] = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next !== "object" || next === null || next instanceof TorchTensor || seen.has(next)) continue;
    seen.add(next);
    if (!Array.isArray(next) && !isRecord(next)) {
      throw new LoadError(
        `the file holds ${next instanceof Global ? next.name : "a storage"}, which is no plain value`,
      );
    }
    for (const inner of Object.values(next)) open.push(inner);
  }
  return value as TorchValue;
}

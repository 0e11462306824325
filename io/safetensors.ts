/**
 * The safetensors format, bytes to tensors and back: an 8-byte header length, a JSON header, then the elements. Reading
 * refuses whatever the reference implementation refuses, and runs no code. Files are file.ts; modules are checkpoint.ts.
 *
 * @module
 */
import type { DType } from "../core/dtype.ts";
import { hostArray } from "../core/dtype.ts";
import { LoadError, ValueError } from "../core/errors.ts";
import { byteLengthOf, bytesBehind, elementsAt, type HostTensor } from "./host_tensor.ts";

/** Strings that travel with the tensors, such as `{ format: "pt" }`. */
export type Metadata = Readonly<Record<string, string>>;

/** What a safetensors file holds. */
export interface Decoded {
  /** The tensors by name, in the order of the header. */
  readonly tensors: Record<string, HostTensor>;
  /** The file's `__metadata__`; empty when it has none. */
  readonly metadata: Record<string, string>;
}

// In the order of the reference implementation, widest alignment first: tensors are laid out by this, then by name.
const fileTypes: readonly (readonly [string, DType])[] = [
  ["I64", "int64"],
  ["F64", "float64"],
  ["F32", "float32"],
  ["I32", "int32"],
  ["BF16", "bfloat16"],
  ["F16", "float16"],
  ["I16", "int16"],
  ["I8", "int8"],
  ["U8", "uint8"],
  ["BOOL", "bool"],
];
const dtypeOf: ReadonlyMap<string, DType> = new Map(fileTypes);
const rankOf: ReadonlyMap<DType, number> = new Map(fileTypes.map(([, dtype], i) => [dtype, i]));

const maxHeaderBytes = 100_000_000;
const metadataKey = "__metadata__";

/**
 * Writes tensors as the bytes of a safetensors file, laid out as the reference implementation does, so that equal
 * tensors give equal files. `safetensors.torch.save` of Python.
 *
 * @throws {ValueError} when data and shape disagree, or a name cannot be written.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { safetensors } from "@tenon/tenon/io";
 *
 * const weight = { dtype: "float32", shape: [1, 2], data: new Float32Array([1, 2]) } as const;
 * const bytes = safetensors.encode({ weight }, { format: "pt" });
 * assertEquals(safetensors.decode(bytes).tensors.weight.data, weight.data);
 * ```
 */
export function encode(tensors: Readonly<Record<string, HostTensor>>, metadata?: Metadata): Uint8Array {
  const entries = Object.entries(tensors);
  for (const [name, tensor] of entries) checkTensor(name, tensor);
  entries.sort(([a, x], [b, y]) => rankOf.get(x.dtype)! - rankOf.get(y.dtype)! || compareUtf8(a, b));

  // Written piece by piece: an object would put names that look like integers first.
  const header: string[] = [];
  if (metadata !== undefined) header.push(`${JSON.stringify(metadataKey)}:${metadataText(metadata)}`);
  let end = 0;
  for (const [name, { dtype, shape, data }] of entries) {
    const start = end;
    end += data.byteLength;
    const info = { dtype: fileTypes[rankOf.get(dtype)!][0], shape, data_offsets: [start, end] };
    header.push(`${JSON.stringify(name)}:${JSON.stringify(info)}`);
  }
  const text = new TextEncoder().encode(`{${header.join(",")}}`);
  const headerBytes = Math.ceil(text.length / 8) * 8;
  if (headerBytes > maxHeaderBytes) {
    throw new ValueError(
      `safetensors.encode: the header takes ${headerBytes} bytes and may take ${maxHeaderBytes}; ` +
        `write the ${entries.length} tensors to several files`,
    );
  }

  const out = new Uint8Array(8 + headerBytes + end);
  new DataView(out.buffer).setBigUint64(0, BigInt(headerBytes), true);
  out.fill(0x20, 8 + text.length, 8 + headerBytes);
  out.set(text, 8);
  let at = 8 + headerBytes;
  for (const [, { data }] of entries) {
    out.set(bytesBehind(data), at);
    at += data.byteLength;
  }
  return out;
}

function checkTensor(name: string, { dtype, shape, data }: HostTensor): void {
  if (name === metadataKey) throw new ValueError(`safetensors.encode: no tensor can be named ${metadataKey}`);
  if (!name.isWellFormed()) {
    throw new ValueError(
      `safetensors.encode: the name ${
        JSON.stringify(name)
      } holds half a surrogate pair and cannot be written as UTF-8`,
    );
  }
  const bytes = byteLengthOf(dtype, shape);
  const wanted = hostArray(dtype, 0);
  if (data.constructor !== wanted.constructor || data.byteLength !== bytes) {
    throw new ValueError(
      `safetensors.encode: tensor ${JSON.stringify(name)} of dtype ${dtype} and shape [${
        shape.join(", ")
      }] needs ` +
        `${bytes === null ? "a valid shape" : `${bytes} bytes in a ${wanted.constructor.name}`}, ` +
        `and has ${data.byteLength} bytes in a ${data.constructor.name}`,
    );
  }
}

function metadataText(metadata: Metadata): string {
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value !== "string" || !value.isWellFormed() || !key.isWellFormed()) {
      throw new ValueError(
        `safetensors.encode: metadata must be strings, and ${JSON.stringify(key)} is ${
          JSON.stringify(value)
        }`,
      );
    }
  }
  return JSON.stringify(metadata);
}

/** Order by UTF-8 bytes, as Rust and Python sort strings; JavaScript's own order differs beyond the first plane. */
function compareUtf8(a: string, b: string): number {
  let i = 0;
  while (i < a.length && i < b.length) {
    const x = a.codePointAt(i)!, y = b.codePointAt(i)!;
    if (x !== y) return x - y;
    i += x > 0xffff ? 2 : 1;
  }
  return a.length - b.length;
}

interface Entry {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly start: number;
  readonly end: number;
}

/**
 * Reads the bytes of a safetensors file. The data are views of `bytes` where alignment allows, so do not write to
 * `bytes` afterwards. `safetensors.torch.load` of Python.
 *
 * @throws {LoadError} when the file is damaged or holds a dtype that Tenon has not; nothing of it is returned then. The
 * message begins with the reference implementation's word for the fault.
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 * import { safetensors } from "@tenon/tenon/io";
 *
 * assertThrows(() => safetensors.decode(new Uint8Array(3)), Error, "HeaderTooSmall");
 * ```
 */
export function decode(bytes: Uint8Array): Decoded {
  if (bytes.length < 8) {
    refuse("HeaderTooSmall", `a file has at least 8 bytes, and this one has ${bytes.length}`);
  }
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length > BigInt(maxHeaderBytes)) {
    refuse(
      "HeaderTooLarge",
      `the header claims ${length} bytes and may take ${maxHeaderBytes}; is this a safetensors file?`,
    );
  }
  const dataStart = 8 + Number(length);
  if (dataStart > bytes.length) {
    refuse(
      "InvalidHeaderLength",
      `the header claims ${length} bytes, and ${bytes.length - 8} follow; the file is cut short`,
    );
  }
  const { entries, metadata } = parseHeader(bytes.subarray(8, dataStart));
  checkOffsets(entries, bytes.length - dataStart);
  const tensors = entries.map(({ name, dtype, shape, start }) => {
    const elements = shape.reduce((n, extent) => n * extent, 1);
    return [name, { dtype, shape, data: elementsAt(bytes, dataStart + start, dtype, elements) }] as const;
  });
  // fromEntries and not assignment: a tensor may be called __proto__.
  return { tensors: Object.fromEntries(tensors), metadata };
}

function refuse(fault: string, what: string): never {
  throw new LoadError(`Error while deserializing header: ${fault}: ${what}`);
}

function parseHeader(bytes: Uint8Array): { entries: Entry[]; metadata: Record<string, string> } {
  let text: string, header: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    refuse("InvalidHeader", "the header is not UTF-8");
  }
  if (!text.startsWith("{")) {
    refuse(
      "InvalidHeaderStart",
      `the header begins with ${JSON.stringify(text.slice(0, 1))} and must with "{"`,
    );
  }
  try {
    header = JSON.parse(text);
  } catch (error) {
    refuse(
      "InvalidHeaderDeserialization",
      `the header is not JSON (${error instanceof Error ? error.message : error})`,
    );
  }
  const twice = repeatedKey(text);
  if (twice !== null) {
    refuse("InvalidHeaderDeserialization", `the key ${JSON.stringify(twice)} appears more than once`);
  }
  let metadata: Record<string, string> = {};
  const entries: Entry[] = [];
  for (const [name, value] of Object.entries(header as Record<string, unknown>)) {
    if (name === metadataKey) metadata = parseMetadata(value);
    else entries.push(parseEntry(name, value));
  }
  return { entries, metadata };
}

function parseMetadata(value: unknown): Record<string, string> {
  if (value === null) return {};
  const isText = isRecord(value) && Object.values(value).every((v) => typeof v === "string");
  if (!isText) refuse("InvalidHeaderDeserialization", `${metadataKey} must map strings to strings`);
  return value as Record<string, string>;
}

function parseEntry(name: string, value: unknown): Entry {
  const label = `tensor ${JSON.stringify(name)}`;
  if (!isRecord(value)) {
    refuse("InvalidHeaderDeserialization", `${label} is not described by an object`);
  }
  const { dtype: typeName, shape, data_offsets: offsets } = value;
  const dtype = typeof typeName === "string" ? dtypeOf.get(typeName) : undefined;
  if (dtype === undefined) {
    refuse(
      "InvalidHeaderDeserialization",
      `${label} has dtype ${JSON.stringify(typeName)}; Tenon reads ${[...dtypeOf.keys()].join(", ")}`,
    );
  }
  if (!isSizes(shape)) {
    refuse(
      "InvalidHeaderDeserialization",
      `${label} has shape ${JSON.stringify(shape)}, which is no list of sizes`,
    );
  }
  if (!isSizes(offsets) || offsets.length !== 2) {
    refuse(
      "InvalidHeaderDeserialization",
      `${label} has data_offsets ${JSON.stringify(offsets)}, which is no [start, end]`,
    );
  }
  return { name, dtype, shape, start: offsets[0], end: offsets[1] };
}

/** The tensors must cover the data from its first byte to its last, one after the other. */
function checkOffsets(entries: readonly Entry[], dataBytes: number): void {
  let covered = 0;
  for (const entry of entries.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    const { name, dtype, shape, start, end } = entry;
    const label = `tensor ${JSON.stringify(name)}`;
    if (start !== covered || end < start) {
      const why = end < start
        ? "ends before it starts"
        : start < covered
        ? "overlaps another"
        : "leaves a hole";
      refuse(
        `InvalidOffset(${JSON.stringify(name)})`,
        `${label} lies at [${start}, ${end}] and ${why}; the next free byte is ${covered}`,
      );
    }
    const needed = byteLengthOf(dtype, shape);
    if (needed === null) {
      refuse("ValidationOverflow", `${label} has shape [${shape.join(", ")}], too large to count`);
    }
    if (needed !== end - start) {
      refuse(
        "TensorInvalidInfo",
        `${label} of dtype ${dtype} and shape [${shape.join(", ")}] needs ${needed} bytes, ` +
          `and its data_offsets give it ${end - start}`,
      );
    }
    covered = end;
  }
  if (covered !== dataBytes) {
    const why = covered > dataBytes ? "; the file is cut short" : "";
    refuse(
      "MetadataIncompleteBuffer",
      `the tensors take ${covered} bytes, and ${dataBytes} follow the header${why}`,
    );
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}

/** The first key that an object of `text` has twice, or `null`; `JSON.parse` would keep the last one silently. */
function repeatedKey(text: string): string | null {
  const open: Set<string>[] = [];
  // `text` is known to be JSON, so strings and braces are all there is to tell apart; a key is a string before a colon.
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "{") open.push(new Set());
    else if (text[i] === "}") open.pop();
    else if (text[i] === '"') {
      const start = i++;
      while (text[i] !== '"') i += text[i] === "\\" ? 2 : 1;
      let next = i + 1;
      while (" \t\r\n".includes(text[next])) next++;
      if (text[next] !== ":") continue;
      const key: string = JSON.parse(text.slice(start, i + 1));
      const keys = open[open.length - 1];
      if (keys.has(key)) return key;
      keys.add(key);
    }
  }
  return null;
}

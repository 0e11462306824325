/**
 * Reads zip archives, as PyTorch's files are: entries stored or deflated, with 64-bit sizes, each checked against its
 * CRC. Writing, encryption and archives in several parts are not here.
 *
 * @module
 */
import { LoadError } from "../../core/errors.ts";

const endOfDirectory = 0x06054b50;
const endOfDirectory64 = 0x06064b50;
const locator64 = 0x07064b50;
const directoryEntry = 0x02014b50;
const localHeader = 0x04034b50;

/** The entries of a zip archive by name. Stored entries are views of `bytes`. */
export async function readZip(bytes: Uint8Array): Promise<Map<string, Uint8Array>> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries = new Map<string, Uint8Array>();
  try {
    for (const entry of readDirectory(view)) {
      if (entries.has(entry.name)) throw damaged(`the entry ${entry.name} appears twice`);
      entries.set(entry.name, await readEntry(bytes, view, entry));
    }
  } catch (error) {
    // A DataView throws this where an offset points outside of the file.
    if (error instanceof RangeError) throw damaged("the file is cut short or its directory is wrong", error);
    throw error;
  }
  return entries;
}

function damaged(what: string, cause?: unknown): LoadError {
  return new LoadError(`PytorchStreamReader failed reading zip archive: ${what}`, { cause });
}

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  readonly packedSize: number;
  readonly size: number;
  readonly headerOffset: number;
}

function readDirectory(view: DataView): Entry[] {
  const end = findEnd(view);
  let count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  if (count === 0xffff || at === 0xffffffff) {
    if (view.getUint32(end - 20, true) !== locator64) throw damaged("its 64-bit directory is missing");
    const end64 = readUint64(view, end - 12);
    if (view.getUint32(end64, true) !== endOfDirectory64) throw damaged("its 64-bit directory is missing");
    count = readUint64(view, end64 + 32);
    at = readUint64(view, end64 + 48);
  }
  const entries: Entry[] = [];
  for (let i = 0; i < count; i++) {
    if (view.getUint32(at, true) !== directoryEntry) throw damaged("its directory is wrong");
    const nameLength = view.getUint16(at + 28, true);
    const extraLength = view.getUint16(at + 30, true);
    entries.push(readDirectoryEntry(view, at, nameLength, extraLength));
    at += 46 + nameLength + extraLength + view.getUint16(at + 32, true);
  }
  return entries;
}

/** Where the end record starts; a comment of up to 64 KiB may follow it. */
function findEnd(view: DataView): number {
  for (let at = view.byteLength - 22; at >= Math.max(0, view.byteLength - 22 - 0xffff); at--) {
    if (view.getUint32(at, true) === endOfDirectory) return at;
  }
  throw damaged("failed finding central directory; the file is cut short or is no zip archive");
}

function readDirectoryEntry(view: DataView, at: number, nameLength: number, extraLength: number): Entry {
  const name = new TextDecoder().decode(part(view, at + 46, nameLength));
  if (view.getUint16(at + 8, true) & 1) throw damaged(`the entry ${name} is encrypted`);
  let size = view.getUint32(at + 24, true);
  let packedSize = view.getUint32(at + 20, true);
  let headerOffset = view.getUint32(at + 42, true);
  // Field 1 of the extra data holds, in this order, those of the three that do not fit in 32 bits.
  const extraEnd = at + 46 + nameLength + extraLength;
  for (let field = at + 46 + nameLength; field + 4 <= extraEnd;) {
    let value = field + 4;
    if (view.getUint16(field, true) === 1) {
      const wide = () => readUint64(view, (value += 8) - 8);
      if (size === 0xffffffff) size = wide();
      if (packedSize === 0xffffffff) packedSize = wide();
      if (headerOffset === 0xffffffff) headerOffset = wide();
    }
    field += 4 + view.getUint16(field + 2, true);
  }
  const method = view.getUint16(at + 10, true);
  return { name, method, crc: view.getUint32(at + 16, true), packedSize, size, headerOffset };
}

async function readEntry(bytes: Uint8Array, view: DataView, entry: Entry): Promise<Uint8Array> {
  const { name, method, packedSize, size, headerOffset } = entry;
  if (view.getUint32(headerOffset, true) !== localHeader) {
    throw damaged(`the entry ${name} is not where it should be`);
  }
  // The local header's own sizes are zero where the writer did not know them yet; only its lengths count here.
  const start = headerOffset + 30 + view.getUint16(headerOffset + 26, true) +
    view.getUint16(headerOffset + 28, true);
  if (start + packedSize > bytes.length) throw damaged(`the entry ${name} is cut short`);
  const packed = bytes.subarray(start, start + packedSize);
  let content: Uint8Array;
  if (method === 0) content = packed;
  else if (method === 8) content = await inflate(packed, size, name);
  else throw damaged(`the entry ${name} is packed by method ${method}; store or deflate it`);
  if (content.length !== size) {
    throw damaged(`the entry ${name} has ${content.length} bytes and should have ${size}`);
  }
  if (crc32(content) !== entry.crc) throw damaged(`the entry ${name} does not match its checksum`);
  return content;
}

async function inflate(packed: Uint8Array, size: number, name: string): Promise<Uint8Array> {
  const stream = new Blob([packed.slice()]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const chunks: Uint8Array[] = [];
  let total = 0;
  try {
    for await (const chunk of stream) {
      chunks.push(chunk);
      total += chunk.length;
      // Stop here, so that a small file which unpacks to much more than it says cannot fill the memory.
      if (total > size) break;
    }
  } catch (error) {
    throw damaged(`the entry ${name} cannot be inflated`, error);
  }
  if (total > size) throw damaged(`the entry ${name} has more than its ${size} bytes`);
  const content = new Uint8Array(total);
  let at = 0;
  for (const chunk of chunks) {
    content.set(chunk, at);
    at += chunk.length;
  }
  return content;
}

function part(view: DataView, at: number, length: number): Uint8Array {
  if (at + length > view.byteLength) throw new RangeError("outside of the file");
  return new Uint8Array(view.buffer, view.byteOffset + at, length);
}

function readUint64(view: DataView, at: number): number {
  const value = Number(view.getBigUint64(at, true));
  if (!Number.isSafeInteger(value)) throw new RangeError("outside of the file");
  return value;
}

const crcTable = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) crc = crcTable[(crc ^ bytes[i]) & 0xff] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

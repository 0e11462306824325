/**
 * Safetensors: real files bit for bit both ways, and one damaged file for each fault. The files come from
 * fixtures/safetensors.py, which writes the format from its description with PyTorch's tensors.
 *
 * @module
 */
import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { type DType, dtypes, hostArray, readElement } from "../../core/dtype.ts";
import { LoadError, ValueError } from "../../core/errors.ts";
import { bytesBehind, type HostTensor } from "../../io/host_tensor.ts";
import { decode, encode } from "../../io/safetensors.ts";

interface Case {
  readonly name: string;
  readonly file: string;
  readonly metadata: Record<string, string> | null;
  /** Whether the reference implementation would write these very bytes. */
  readonly canonical: boolean;
  readonly tensors: Record<string, { dtype: DType; shape: number[]; values: string[] }>;
}

const fixture = new URL("../fixtures/safetensors.json", import.meta.url);
const { cases }: { cases: Case[] } = JSON.parse(await Deno.readTextFile(fixture));

/** Python's text of an element as the number or bigint that readElement gives. */
function parse(text: string, dtype: DType): number | bigint {
  if (dtype === "int64") return BigInt(text);
  const names: Record<string, number> = { True: 1, False: 0, inf: Infinity, "-inf": -Infinity, nan: NaN };
  return Object.hasOwn(names, text) ? names[text] : Number(text);
}

for (const { name, file, metadata, canonical, tensors } of cases) {
  Deno.test(`safetensors: ${name}`, () => {
    const bytes = Uint8Array.fromBase64(file);
    const got = decode(bytes);
    assertEquals(got.metadata, metadata ?? {});
    assertEquals(Object.keys(got.tensors).sort(), Object.keys(tensors).sort());
    for (const [key, { dtype, shape, values }] of Object.entries(tensors)) {
      const tensor = Object.getOwnPropertyDescriptor(got.tensors, key)?.value as HostTensor;
      assertEquals([tensor.dtype, tensor.shape, tensor.data.length], [dtype, shape, values.length]);
      for (let i = 0; i < values.length; i++) {
        assertStrictEquals(readElement(tensor.data, dtype, i), parse(values[i], dtype), `${key}[${i}]`);
      }
    }
    if (canonical) assertEquals(encode(got.tensors, metadata ?? undefined), bytes);
    // The same file at an odd address: every view has to become a copy.
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    assertEquals(decode(shifted.subarray(1)), got);
  });
}

Deno.test("safetensors: decode gives views where alignment allows and copies where not", () => {
  const bytes = encode({ x: { dtype: "float32", shape: [2], data: new Float32Array([1, 2]) } });
  assertStrictEquals(decode(bytes).tensors.x.data.buffer, bytes.buffer);
  const shifted = new Uint8Array(bytes.length + 1);
  shifted.set(bytes, 1);
  assert(decode(shifted.subarray(1)).tensors.x.data.buffer !== shifted.buffer);
});

Deno.test("safetensors: a bool byte other than 0 and 1 is true", () => {
  const bytes = encode({ x: { dtype: "bool", shape: [3], data: new Uint8Array([0, 1, 1]) } });
  bytes[bytes.length - 1] = 7;
  assertEquals(decode(bytes).tensors.x.data, new Uint8Array([0, 1, 1]));
});

Deno.test("safetensors: whatever is written is read, and written again as the same bytes", () => {
  const tensor = fc.tuple(fc.constantFrom(...dtypes), fc.array(fc.nat(3), { maxLength: 4 }), fc.nat(255)).map(
    ([dtype, shape, fill]): HostTensor => {
      const data = hostArray(dtype, shape.reduce((n, d) => n * d, 1));
      bytesBehind(data).fill(dtype === "bool" ? fill & 1 : fill);
      return { dtype, shape, data };
    },
  );
  const name = fc.string({ unit: "grapheme", maxLength: 5 }).filter((s) => s !== "__metadata__");
  const text = fc.string({ unit: "grapheme" });
  fc.assert(
    fc.property(fc.dictionary(name, tensor), fc.dictionary(text, text), (tensors, metadata) => {
      const bytes = encode(tensors, metadata);
      const back = decode(bytes);
      assertEquals(encode(back.tensors, metadata), bytes);
      assertEquals({ ...back.metadata }, { ...metadata });
      for (const [key, { dtype, shape, data }] of Object.entries(tensors)) {
        const got = Object.getOwnPropertyDescriptor(back.tensors, key)?.value as HostTensor;
        assertEquals([got.dtype, got.shape], [dtype, shape]);
        assertEquals(bytesBehind(got.data), bytesBehind(data));
      }
    }),
    { numRuns: 100 },
  );
});

Deno.test("safetensors: damaged bytes are refused or read, never anything else", () => {
  const file = Uint8Array.fromBase64(cases.find((c) => c.name === "state dict")!.file);
  fc.assert(
    fc.property(fc.nat(file.length - 1), fc.nat(255), fc.nat(file.length), (at, byte, cut) => {
      const bytes = file.slice(0, cut);
      if (at < cut) bytes[at] = byte;
      try {
        decode(bytes);
      } catch (error) {
        assert(error instanceof LoadError, String(error));
      }
    }),
    { numRuns: 300 },
  );
});

/** A file with this header text and that many bytes of data. */
function fileOf(header: string | Uint8Array, dataBytes = 0): Uint8Array {
  const text = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

/** One float32 tensor's description, with some of it replaced. */
function entry(change: Record<string, unknown> = {}): string {
  return JSON.stringify({ dtype: "F32", shape: [2], data_offsets: [0, 8], ...change });
}

// Left: the reference implementation's word for the fault and part of our explanation.
const damaged: readonly (readonly [string, string, Uint8Array])[] = [
  ["HeaderTooSmall", "has 7", new Uint8Array(7)],
  ["HeaderTooLarge", "100000000", fileOf("").fill(0xff)],
  [
    "HeaderTooLarge",
    "claims 100000001",
    (() => {
      const bytes = new Uint8Array(8);
      new DataView(bytes.buffer).setBigUint64(0, 100_000_001n, true);
      return bytes;
    })(),
  ],
  ["InvalidHeaderLength", "cut short", fileOf(`{"a":${entry()}}`).subarray(0, 20)],
  ["InvalidHeader:", "UTF-8", fileOf(new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d]))],
  ["InvalidHeaderStart", '"{"', fileOf(" {}")],
  ["InvalidHeaderStart", '"{"', fileOf("")],
  ["InvalidHeaderStart", '"{"', fileOf("\ufeff{}")],
  ["InvalidHeaderStart", '"{"', fileOf("[]")],
  ["InvalidHeaderDeserialization", "not JSON", fileOf("{")],
  ["InvalidHeaderDeserialization", "not JSON", fileOf("{}\0")],
  ["InvalidHeaderDeserialization", "not JSON", fileOf("{} {}")],
  [
    'InvalidHeaderDeserialization: the key "a"',
    "more than once",
    fileOf(`{"a":${entry()},"\\u0061":${entry()}}`, 8),
  ],
  [
    'InvalidHeaderDeserialization: the key "dtype"',
    "more than once",
    fileOf('{"a":{"dtype":"F32","dtype" :"F32"}}'),
  ],
  ["InvalidHeaderDeserialization", "strings to strings", fileOf('{"__metadata__":{"a":1}}')],
  ["InvalidHeaderDeserialization", "strings to strings", fileOf('{"__metadata__":["a"]}')],
  ['InvalidHeaderDeserialization: tensor "a"', "not described", fileOf('{"a":3}')],
  ['InvalidHeaderDeserialization: tensor "a"', "dtype undefined", fileOf('{"a":{}}')],
  [
    'InvalidHeaderDeserialization: tensor "a"',
    'dtype "F8_E4M3"',
    fileOf(`{"a":${entry({ dtype: "F8_E4M3" })}}`),
  ],
  [
    'InvalidHeaderDeserialization: tensor "a"',
    'dtype "float32"',
    fileOf(`{"a":${entry({ dtype: "float32" })}}`),
  ],
  ['InvalidHeaderDeserialization: tensor "a"', "shape [-2]", fileOf(`{"a":${entry({ shape: [-2] })}}`, 8)],
  ['InvalidHeaderDeserialization: tensor "a"', "shape [1.5]", fileOf(`{"a":${entry({ shape: [1.5] })}}`, 8)],
  ['InvalidHeaderDeserialization: tensor "a"', 'shape "2"', fileOf(`{"a":${entry({ shape: "2" })}}`, 8)],
  [
    'InvalidHeaderDeserialization: tensor "a"',
    "data_offsets [0]",
    fileOf(`{"a":${entry({ data_offsets: [0] })}}`, 8),
  ],
  [
    'InvalidHeaderDeserialization: tensor "a"',
    "data_offsets [-8,0]",
    fileOf(`{"a":${entry({ data_offsets: [-8, 0] })}}`, 8),
  ],
  ['InvalidOffset("b")', "overlaps", fileOf(`{"a":${entry()},"b":${entry({ data_offsets: [4, 12] })}}`, 12)],
  ['InvalidOffset("b")', "overlaps", fileOf(`{"a":${entry()},"b":${entry()}}`, 8)],
  ['InvalidOffset("a")', "hole", fileOf(`{"a":${entry({ data_offsets: [8, 16] })}}`, 16)],
  ['InvalidOffset("a")', "ends before", fileOf(`{"a":${entry({ data_offsets: [8, 0] })}}`, 8)],
  ["ValidationOverflow", "too large", fileOf(`{"a":${entry({ shape: [2 ** 40, 2 ** 40] })}}`, 8)],
  ["ValidationOverflow", "too large", fileOf(`{"a":${entry({ shape: [2 ** 40, 2 ** 40, 0] })}}`, 8)],
  ["TensorInvalidInfo", "needs 12 bytes", fileOf(`{"a":${entry({ shape: [3] })}}`, 8)],
  ["TensorInvalidInfo", "needs 4 bytes", fileOf(`{"a":${entry({ shape: [] })}}`, 8)],
  ["MetadataIncompleteBuffer", "cut short", fileOf(`{"a":${entry()}}`, 7)],
  ["MetadataIncompleteBuffer", "take 8 bytes, and 9", fileOf(`{"a":${entry()}}`, 9)],
];

Deno.test("safetensors: each kind of damage is refused by its name", () => {
  for (const [fault, why, bytes] of damaged) {
    const { message } = assertThrows(() => decode(bytes), LoadError, fault);
    assert(message.includes(why), `${message} lacks ${why}`);
  }
});

Deno.test("safetensors: long strings and deep nesting do not break the reader", () => {
  const long = "x\\n".repeat(2_000_000);
  assertEquals(decode(fileOf(`{"__metadata__":{"a":"${long}"}}`)).metadata.a.length, 4_000_000);
  const deep = `{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
  assertThrows(() => decode(fileOf(deep)), LoadError);
});

Deno.test("safetensors: encode refuses what it could not read back", () => {
  const data = new Float32Array(2);
  const encodeOne = (name: string, tensor: HostTensor) => () => encode({ [name]: tensor });
  assertThrows(encodeOne("a", { dtype: "float32", shape: [3], data }), ValueError, "needs 12 bytes");
  assertThrows(encodeOne("a", { dtype: "int32", shape: [2], data }), ValueError, "Int32Array");
  assertThrows(encodeOne("a", { dtype: "float32", shape: [-2], data }), ValueError, "valid shape");
  assertThrows(encodeOne("__metadata__", { dtype: "float32", shape: [2], data }), ValueError, "__metadata__");
  assertThrows(encodeOne("\ud800", { dtype: "float32", shape: [2], data }), ValueError, "surrogate");
  assertThrows(() => encode({}, { a: "\udfff" }), ValueError, "strings");
});

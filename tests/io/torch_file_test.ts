/**
 * Files of torch.save: real ones (fixtures/torch_file.py) element for element, and what must be refused.
 *
 * @module
 */
import { assert, assertEquals, assertInstanceOf, assertRejects, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { type DType, readElement } from "../../core/dtype.ts";
import { LoadError } from "../../core/errors.ts";
import { decode, TorchTensor, type TorchValue } from "../../io/torch_file.ts";

type Described =
  | { tensor: DType; shape: number[]; values: string[] }
  | { dict: [string, Described][] }
  | { list: Described[] }
  | { plain: string | boolean | null }
  | { number: string };

interface Fixture {
  readonly cases: { name: string; file: string; value: Described }[];
  readonly refused: [name: string, file: string, message: string][];
}

const fixture = new URL("../fixtures/torch_file.json", import.meta.url);
const { cases, refused }: Fixture = JSON.parse(await Deno.readTextFile(fixture));
const fileOf = (name: string) => Uint8Array.fromBase64(cases.find((c) => c.name === name)!.file);

/** Python's text of a number, as the number or bigint that is read. */
function parse(text: string, asBigint: boolean): number | bigint {
  if (asBigint) return BigInt(text);
  return text === "True" ? 1 : text === "False" ? 0 : Number(text);
}

function assertSame(got: TorchValue, want: Described): void {
  if ("tensor" in want) {
    assertInstanceOf(got, TorchTensor);
    assertEquals([got.dtype, [...got.shape], got.data.length], [want.tensor, want.shape, want.values.length]);
    want.values.forEach((text, i) =>
      assertStrictEquals(readElement(got.data, got.dtype, i), parse(text, got.dtype === "int64"))
    );
  } else if ("dict" in want) {
    assert(typeof got === "object" && got !== null && !Array.isArray(got) && !(got instanceof TorchTensor));
    assertEquals(Object.keys(got), want.dict.map(([key]) => key));
    for (const [key, value] of want.dict) assertSame(got[key], value);
  } else if ("list" in want) {
    assert(Array.isArray(got));
    assertEquals(got.length, want.list.length);
    want.list.forEach((value, i) => assertSame(got[i], value));
  } else if ("plain" in want) assertStrictEquals(got, want.plain);
  else assertStrictEquals(got, parse(want.number, typeof got === "bigint"));
}

for (const { name, file, value } of cases) {
  Deno.test(`torch file: ${name}`, async () => {
    assertSame(await decode(Uint8Array.fromBase64(file)), value);
  });
}

Deno.test("torch file: whatever could run code, or is no plain value, is refused by its name", async () => {
  for (const [name, file, message] of refused) {
    try {
      await decode(Uint8Array.fromBase64(file));
    } catch (error) {
      assertInstanceOf(error, LoadError, name);
      assert(error.message.includes(message), `${name}: ${error.message}`);
      continue;
    }
    throw new Error(`${name} was read`);
  }
});

Deno.test("torch file: text, and files cut short, are refused", async () => {
  await assertRejects(() => decode(new Uint8Array(0)), LoadError, "neither");
  await assertRejects(() => decode(new TextEncoder().encode("hello")), LoadError, "neither");
  const file = fileOf("state dict");
  await assertRejects(() => decode(file.subarray(0, file.length - 30)), LoadError, "central directory");
  const old = fileOf("state dict, old format");
  await assertRejects(() => decode(old.subarray(0, old.length - 1)), LoadError, "cut short");
  await assertRejects(() => decode(old.subarray(0, 100)), LoadError, "cut short");
});

Deno.test("torch file: an element that does not match its checksum is noticed", async () => {
  const file = fileOf("parameter");
  const value = await decode(file);
  assertInstanceOf(value, TorchTensor);
  const at = new Uint8Array(value.data.buffer).findIndex((_, i) =>
    i >= 8 && new Float32Array(file.slice(i, i + 4).buffer)[0] === value.data[0]
  );
  file[at] ^= 1;
  await assertRejects(() => decode(file), LoadError, "checksum");
});

Deno.test("torch file: damaged bytes are refused or read, never anything else", async () => {
  const files = ["checkpoint", "views, old format", "state dict, deflated"].map(fileOf);
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...files), fc.nat(), fc.nat(255), async (file, at, byte) => {
      const bytes = file.slice();
      bytes[at % bytes.length] = byte;
      try {
        await decode(bytes);
      } catch (error) {
        assert(error instanceof LoadError, String(error));
      }
    }),
    { numRuns: 400 },
  );
});

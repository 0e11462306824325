/**
 * Saving and loading tensors by name: every dtype, PyTorch's own files, and errors.
 *
 * @module
 */
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import {
  arange,
  dtypes,
  LoadError,
  manualSeed,
  ones,
  randn,
  Tensor,
  tensor,
  ValueError,
  zeros,
} from "../../core/mod.ts";
import { load, loadTorch, safetensors, save } from "../../io/mod.ts";
import * as nn from "../../nn/mod.ts";
import { inFolder } from "./folder.ts";

interface Fixture {
  readonly cases: { name: string; file: string }[];
}

const fixture = new URL("../fixtures/torch_file.json", import.meta.url);
const { cases }: Fixture = JSON.parse(await Deno.readTextFile(fixture));

async function torchFile(folder: string, name: string): Promise<string> {
  const path = `${folder}/${name.replaceAll(/\W/g, "_")}.pt`;
  await Deno.writeFile(path, Uint8Array.fromBase64(cases.find((c) => c.name === name)!.file));
  return path;
}

/** Fails unless the tensors come back from a file as they are. */
function assertComeBack(saved: Record<string, Tensor>): Promise<void> {
  return inFolder(async (folder) => {
    await save(saved, `${folder}/x.safetensors`);
    const loaded = await load(`${folder}/x.safetensors`);
    assertEquals(Object.keys(loaded).sort(), Object.keys(saved).sort());
    for (const [name, x] of Object.entries(saved)) {
      assertEquals([loaded[name].dtype, loaded[name].shape], [x.dtype, x.shape], name);
      assertEquals(loaded[name].tolist(), x.tolist(), name);
    }
    const { metadata } = safetensors.decode(await Deno.readFile(`${folder}/x.safetensors`));
    assertEquals(metadata, { format: "pt" });
  });
}

Deno.test("tensors: what is saved is loaded, in every shape", () =>
  assertComeBack({
    "a.b": randn(3, 4),
    scalar: tensor(2.5),
    none: zeros(0, 3),
    view: randn(4, 5).transpose(0, 1).slice(0, 1, 4),
  }));

for (const dtype of dtypes) {
  Deno.test(`tensors: what is saved is loaded, in ${dtype}`, () =>
    assertComeBack({ x: arange(6).reshape(2, 3).sub(2).to(dtype), y: arange(2).to(dtype) }));
}

Deno.test("tensors: a net's state survives the file, and metadata is kept", () =>
  inFolder(async (folder) => {
    manualSeed(0);
    const path = new URL(`file://${folder}/net.safetensors`);
    const net = new nn.Sequential(new nn.Linear(4, 3), new nn.Linear(3, 1));
    const other = new nn.Sequential(new nn.Linear(4, 3), new nn.Linear(3, 1));
    await save(net.stateDict(), path, { metadata: { epoch: "3" } });
    other.loadStateDict(await load(path));
    assertEquals(other(ones(2, 4)).tolist(), net(ones(2, 4)).tolist());
    assertEquals(safetensors.decode(await Deno.readFile(path)).metadata, { epoch: "3" });
  }));

Deno.test("tensors: state dicts of torch.save load by their content, whatever the file is called", () =>
  inFolder(async (folder) => {
    for (const name of ["state dict", "state dict, old format", "state dict, deflated"]) {
      const state = await load(await torchFile(folder, name));
      const keys = [
        "0.bias",
        "0.weight",
        "1.bias",
        "1.num_batches_tracked",
        "1.running_mean",
        "1.running_var",
        "1.weight",
      ];
      assertEquals(Object.keys(state).sort(), keys, name);
      assertEquals([state["0.weight"].shape, state["1.num_batches_tracked"].dtype], [[2, 3], "int64"]);
    }
  }));

Deno.test("tensors: loadTorch gives dicts, lists and plain values as they are", () =>
  inFolder(async (folder) => {
    const path = await torchFile(folder, "checkpoint");
    const checkpoint = await loadTorch(path);
    assert(typeof checkpoint === "object" && checkpoint !== null && "model" in checkpoint);
    const { model } = checkpoint;
    assert(typeof model === "object" && model !== null && "0.weight" in model);
    assertInstanceOf(model["0.weight"], Tensor);
    await assertRejects(() => load(path), LoadError, "loadTorch");
    assertInstanceOf(await loadTorch(await torchFile(folder, "parameter")), Tensor);
    await assertRejects(
      async () => load(await torchFile(folder, "parameter")),
      LoadError,
      "holds a single tensor",
    );
  }));

Deno.test("tensors: errors say which file and what to do", () =>
  inFolder(async (folder) => {
    const path = `${folder}/bad.safetensors`;
    await Deno.writeFile(path, new Uint8Array(3));
    await assertRejects(() => load(path), LoadError, `bad.safetensors'`);
    await assertRejects(() => load(`${folder}/none`), LoadError, "No such file");
    await assertRejects(() => save({ x: ones(1) }, `${folder}/x.pt`), ValueError, "name it .safetensors");
    const wrong = { x: [1, 2] } as unknown as Record<string, Tensor>;
    await assertRejects(() => save(wrong, path), ValueError, `"x" is no tensor but object`);
    const single = ones(1) as unknown as Record<string, Tensor>;
    await assertRejects(() => save(single, path), ValueError, "give it a name");
    const turned = path as unknown as Record<string, Tensor>;
    await assertRejects(() => save(turned, path), ValueError, "tensors come first");
    assertEquals([...Deno.readDirSync(folder)].map((entry) => entry.name), ["bad.safetensors"]);
  }));

Deno.test("what is not tensors by name is refused with what to write", async () => {
  const cases: [unknown, string][] = [
    [new nn.Linear(1, 1), "but got a module; pass its stateDict()"],
    [Promise.resolve({}), "but got a promise; await it"],
    [3, "but got the number 3"],
  ];
  for (const [given, sentence] of cases) {
    await assertRejects(() => save(given as never, "net.safetensors"), ValueError, sentence);
  }
});

/**
 * Checkpoints: a run that is stopped and resumed goes on exactly as one that was not, and what does not fit changes nothing.
 *
 * @module
 */
import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { Generator, LoadError, manualSeed, randn, tensor, ValueError } from "../../core/mod.ts";
import { defaultGenerator } from "../../core/random/generator.ts";
import { type CheckpointParts, load, loadCheckpoint, saveCheckpoint } from "../../io/mod.ts";
import * as nn from "../../nn/mod.ts";
import { AdamW, SGD } from "../../nn/optim/mod.ts";
import { inFolder } from "./folder.ts";

/** A run with random data, so that its losses depend on parameters, optimizer state and random state. */
class Run {
  net = new nn.Sequential(new nn.Linear(4, 8), new nn.Linear(8, 1));
  optimizer = new AdamW(this.net.parameters(), { lr: 0.01, amsgrad: true });
  losses: number[] = [];

  get parts(): CheckpointParts {
    return { model: this.net, optimizer: this.optimizer, random: defaultGenerator, history: this };
  }

  train(steps: number): void {
    for (let i = 0; i < steps; i++) {
      this.optimizer.zeroGrad();
      const loss = this.net(randn(3, 4)).pow(2).mean();
      loss.backward();
      this.optimizer.step();
      this.losses.push(loss.item());
    }
  }

  stateDict(): { losses: number[] } {
    return { losses: this.losses };
  }

  loadStateDict(state: { losses: number[] }): void {
    this.losses = state.losses;
  }
}

Deno.test("checkpoint: a resumed run is the unbroken run, to the bit", () =>
  inFolder(async (folder) => {
    const path = `${folder}/run.safetensors`;
    manualSeed(1);
    const whole = new Run();
    whole.train(5);
    // An odd number of scalar normals, so that a cached one has to survive too.
    randn(1);
    await saveCheckpoint(path, whole.parts, { note: "half-way", at: [5, 10] });
    whole.train(5);

    manualSeed(2);
    const resumed = new Run();
    resumed.train(2);
    assertEquals(await loadCheckpoint(path, resumed.parts), { note: "half-way", at: [5, 10] });
    assertEquals(resumed.losses, whole.losses.slice(0, 5));
    resumed.train(5);
    assertEquals(resumed.losses, whole.losses);
    const values = (run: Run) => run.net.parameters().map((p) => p.tolist());
    assertEquals(values(resumed), values(whole));
    assertEquals(defaultGenerator.getState().length, 5056);
  }));

Deno.test("checkpoint: its tensors have the names that Python finds", () =>
  inFolder(async (folder) => {
    const path = `${folder}/run.safetensors`;
    const run = new Run();
    run.train(1);
    await saveCheckpoint(path, run.parts);
    const tensors = await load(path);
    const names = [
      "model.0.weight",
      "model.1.bias",
      "optimizer.state.0.exp_avg",
      "optimizer.state.3.max_exp_avg_sq",
      "random",
    ];
    for (const name of names) assert(Object.hasOwn(tensors, name), name);
    assertEquals([tensors.random.dtype, tensors.random.shape], ["uint8", [5056]]);
  }));

Deno.test("checkpoint: a part alone can be loaded, one that is missing cannot", () =>
  inFolder(async (folder) => {
    const path = `${folder}/net.safetensors`;
    const net = new nn.Linear(2, 2), other = new nn.Linear(2, 2);
    await saveCheckpoint(path, { net, generator: new Generator() });
    await loadCheckpoint(path, { net: other });
    assertEquals(other.weight.tolist(), net.weight.tolist());
    const optimizer = new SGD(other.parameters(), { lr: 1 });
    await assertRejects(
      () => loadCheckpoint(path, { net, optimizer }),
      LoadError,
      `the checkpoint has no "optimizer"; it holds net, generator, in '${path}'`,
    );
  }));

Deno.test("checkpoint: when one part does not fit, no part is changed", () =>
  inFolder(async (folder) => {
    const path = `${folder}/net.safetensors`;
    await saveCheckpoint(path, {
      a: new nn.Linear(2, 2),
      g: new Generator().manualSeed(3),
      b: new nn.Linear(2, 2),
    });
    const a = new nn.Linear(2, 2), g = new Generator().manualSeed(4), b = new nn.Linear(3, 2);
    const before = [a.weight.tolist(), g.getState()];
    await assertRejects(() => loadCheckpoint(path, { a, g, b }), LoadError, "size mismatch for weight");
    assertEquals([a.weight.tolist(), g.getState()], before);
    await loadCheckpoint(path, { a, g });
    assertNotEquals(a.weight.tolist(), before[0]);
    assertEquals(g.getState(), new Generator().manualSeed(3).getState());
  }));

/** A part with any state. */
class Box {
  constructor(public state: unknown) {}

  stateDict(): unknown {
    return this.state;
  }

  loadStateDict(state: unknown): void {
    this.state = state;
  }
}

Deno.test("checkpoint: plain values come back as they were", () =>
  inFolder(async (folder) => {
    const path = `${folder}/box.safetensors`;
    const state = {
      numbers: [0, -0, 1.5, 0.1 + 0.2, Number.MAX_VALUE, Number.MIN_VALUE, NaN, Infinity, -Infinity],
      big: 2n ** 63n - 1n,
      text: 'ü "quoted" \n',
      nothing: null,
      yes: true,
      nested: [[], {}, [{ a: [1] }]],
      $number: "1",
      "$$tensor": { $tensor: "no" },
      ["__proto__"]: 1,
      "10": "ten",
    };
    const box = new Box(null);
    await saveCheckpoint(path, { box: new Box(state) });
    await loadCheckpoint(path, { box });
    assertEquals(box.state, state);
    assert(Object.is((box.state as typeof state).numbers[1], -0));
  }));

Deno.test("checkpoint: tensors whose paths read alike stay apart", () =>
  inFolder(async (folder) => {
    const path = `${folder}/box.safetensors`;
    const box = new Box(null);
    const state = { "a.b": tensor(1), a: { b: tensor(2) }, list: [tensor([3])] };
    await saveCheckpoint(path, { box: new Box(state) });
    await loadCheckpoint(path, { box });
    const back = box.state as typeof state;
    assertEquals([back["a.b"].item(), back.a.b.item(), back.list[0].tolist()], [1, 2, [3]]);
  }));

Deno.test("checkpoint: what cannot be saved is refused by its path, and no file is left", () =>
  inFolder(async (folder) => {
    const path = `${folder}/box.safetensors`;
    const loop: unknown[] = [];
    loop.push(loop);
    const refused: [unknown, string][] = [
      [{ a: [new Map()] }, "box.a.0 is a Map"],
      [{ f: () => 1 }, "box.f is a function"],
      [undefined, "box is a undefined"],
      [{ bytes: new Uint8Array(2) }, "box.bytes is a Uint8Array"],
      ["\ud800", "half a surrogate pair"],
      [loop, "box.0 contains itself"],
    ];
    for (const [state, message] of refused) {
      await assertRejects(() => saveCheckpoint(path, { box: new Box(state) }), ValueError, message);
    }
    const wrong = { a: 1 } as unknown as CheckpointParts;
    await assertRejects(() => saveCheckpoint(path, wrong), ValueError, `"a" has neither stateDict`);
    await assertRejects(() => loadCheckpoint(path, wrong), ValueError, `"a" has neither stateDict`);
    assertEquals([...Deno.readDirSync(folder)], []);
  }));

Deno.test("checkpoint: other files are refused", () =>
  inFolder(async (folder) => {
    const path = `${folder}/x.safetensors`, box = new Box(1);
    await saveCheckpoint(path, { box });
    const text = new TextDecoder("latin1").decode(await Deno.readFile(path));
    const damaged: [string, string, string][] = [
      ["tenon.checkpoint", "other.checkpoint", "no checkpoint of saveCheckpoint"],
      [`\\"version\\":1`, `\\"version\\":2`, "of version 2"],
      [`{\\"version\\"`, `x\\"version\\"`, "description is damaged"],
    ];
    for (const [from, to, message] of damaged) {
      assert(text.includes(from));
      const changed = text.replace(from, to);
      await Deno.writeFile(path, Uint8Array.from(changed, (c) => c.charCodeAt(0)));
      await assertRejects(() => loadCheckpoint(path, { box }), LoadError, message);
    }
  }));

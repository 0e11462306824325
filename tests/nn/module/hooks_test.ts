/**
 * Hooks of all modules and of state dicts, extra state, and members that stand under several names, as in PyTorch.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import { LoadError } from "../../../core/errors.ts";
import { ones, tensor } from "../../../core/ops/create.ts";
import type { Tensor } from "../../../core/tensor.ts";
import * as nn from "../../../nn/mod.ts";

Deno.test("hooks of all modules run before the module's own, and until they are taken off", () => {
  const seen: string[] = [];
  const before = nn.registerModuleForwardPreHook((m, [x]) => {
    seen.push(`before ${m.reprName()}`);
    return [(x as Tensor).add(1)];
  });
  const after = nn.registerModuleForwardHook((m) => void seen.push(`after ${m.reprName()}`));
  const backward = nn.registerModuleFullBackwardHook((m, _, [g]) => {
    seen.push(`gradient ${m.reprName()} ${g?.tolist()}`);
  });
  const layer = new nn.Identity();
  layer.registerForwardHook(() => void seen.push("own"));
  const x = tensor([1], { requiresGrad: true }), y = layer(x);
  y.sum().backward();
  assertEquals(y.tolist(), [2]);
  for (const handle of [before, after, backward]) handle.remove();
  assertEquals(layer(ones([1])).tolist(), [1]);
  assertEquals(seen, ["before Identity", "after Identity", "own", "gradient Identity 1", "own"]);
});

Deno.test("hooks of state dicts change what is given and what is taken", () => {
  const net = new nn.Sequential(new nn.Linear(1, 1), new nn.Linear(1, 1)), seen: string[] = [];
  net[1].registerStateDictPreHook((_, prefix) => void seen.push(`pre ${prefix}`));
  net.registerStateDictPostHook((_, state) => {
    state.extra = ones([1]);
  });
  assertEquals(Object.keys(net.stateDict()), ["0.weight", "0.bias", "1.weight", "1.bias", "extra"]);
  assertEquals(seen, ["pre 1."]);

  const other = new nn.Sequential(new nn.Linear(1, 1), new nn.Linear(1, 1));
  assertThrows(
    () => other.loadStateDict(net.stateDict()),
    LoadError,
    'Unexpected key(s) in state_dict: "extra"',
  );
  other[0].registerLoadStateDictPreHook((_, state, prefix) => {
    state[`${prefix}bias`] = tensor([7]);
    delete state.extra;
  });
  other.registerLoadStateDictPostHook((_, { missingKeys }) => {
    seen.push(`loaded ${other[0].bias.tolist()}, without ${missingKeys}`);
    missingKeys.length = 0;
  });
  const { "1.weight": _, ...rest } = net.stateDict();
  assertEquals(other.loadStateDict(rest).missingKeys, []);
  assertEquals(seen.at(-1), "loaded 7, without 1.weight");
  assertEquals(nn.deepcopy(other).loadStateDict(rest).missingKeys, []);
});

class Counter extends nn.Module {
  count = 3;
  override getExtraState(): Tensor {
    return tensor(this.count);
  }
  override setExtraState(state: Tensor): void {
    this.count = Number(state.item());
  }
  override forward(): void {}
}

Deno.test("extra state goes into the state dict and comes back from it", () => {
  const counter = new Counter(), other = new Counter();
  counter.count = 5;
  const state = counter.stateDict();
  assertEquals(Object.keys(state), ["_extra_state"]);
  other.loadStateDict(state);
  assertEquals(other.count, 5);
  assertThrows(() => other.loadStateDict({}), LoadError, 'Missing key(s) in state_dict: "_extra_state"');
  assertThrows(
    () => new nn.Identity().loadStateDict(state),
    LoadError,
    'Unexpected key(s) in state_dict: "_extra_state"',
  );
});

Deno.test("members are listed once, or under each of their names", () => {
  const shared = new nn.Linear(1, 1), net = new nn.Sequential(shared, shared);
  assertEquals(net.namedParameters().map(([name]) => name), ["0.weight", "0.bias"]);
  const all = net.namedParameters("net", true, { removeDuplicate: false });
  assertEquals(all.map(([name]) => name), ["net.0.weight", "net.0.bias", "net.1.weight", "net.1.bias"]);
  assertEquals(net.namedModules("", { removeDuplicate: false }).map(([name]) => name), ["", "0", "1"]);
  assertEquals(net.namedModules().map(([name]) => name), ["", "0"]);
  assertEquals([...net.toEmpty({ device: "cpu" })[0].weight.shape], [1, 1]);
});

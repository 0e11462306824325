/**
 * Lists and dicts of modules and parameters: every way to put entries in and take them out, as in PyTorch.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import { IndexError, TenonError, ValueError } from "../../core/errors.ts";
import { ones, tensor, zeros } from "../../core/ops/create.ts";
import * as nn from "../../nn/mod.ts";

const linear = (n: number) => new nn.Linear(1, n);
const sizes = (list: Iterable<nn.Module>) => [...list].map((m) => m.getParameter("weight").shape[0]);

Deno.test("a list of modules is extended by lists, other containers and streams, and by nothing else", () => {
  const list = new nn.ModuleList<nn.Layer>([linear(1), linear(2)]);
  list.insert(1, linear(9));
  list.extend(new nn.ModuleList([linear(3)])).extend(new nn.Sequential(linear(4)));
  assertEquals(sizes(list), [1, 9, 2, 3, 4]);
  assertEquals([sizes(list.slice(1, 3)), sizes([list.pop(0), list.pop()])], [[9, 2], [1, 4]]);
  assertEquals(Object.keys(list.stateDict()).filter((k) => k.endsWith("weight")), [
    "0.weight",
    "1.weight",
    "2.weight",
  ]);
  const wrong: unknown = list;
  const untyped = wrong as { extend(x: unknown): void; insert(i: unknown, m: unknown): void };
  assertThrows(() => untyped.extend(3), ValueError, "ModuleList.extend should be called with a list");
  assertThrows(() => untyped.insert("a", linear(1)), ValueError, "argument 'index' must be int");
});

Deno.test("a dict of modules takes records, pairs and other dicts, and keeps the place of a key", () => {
  const dict = new nn.ModuleDict([["a", linear(1)], ["b", linear(2)]]);
  dict.update({ q: linear(6), a: linear(5) });
  dict.update(new nn.ModuleDict({ z: linear(7) }));
  assertEquals([dict.keys(), sizes(dict.values())], [["a", "b", "q", "z"], [5, 2, 6, 7]]);
  assertEquals(sizes([dict.get("none", linear(8))]), [8]);
  const wrong: unknown = dict;
  const untyped = wrong as { update(x: unknown): void };
  assertThrows(
    () => untyped.update(3),
    ValueError,
    "a record or an iterable of key/value pairs, but got int",
  );
  assertThrows(() => untyped.update([3]), ValueError, "pairs of key and value, but one is int");
});

Deno.test("lists and dicts of parameters have PyTorch's methods", () => {
  const list = new nn.ParameterList([ones([1]), ones([2]), ones([3])]);
  assertEquals(list.slice(-2).length, 2);
  assertEquals(list.slice(0, 1)[0], list[0]);
  const dict = new nn.ParameterDict({ b: ones([1]), a: ones([2]) });
  assertEquals(dict.keys(), ["a", "b"]);
  assertEquals([dict.setdefault("n", zeros([1])).item(), dict.setdefault("n", ones([1])).item()], [0, 0]);
  const copy = dict.copy();
  assertEquals([copy.keys(), copy.get("a") === dict.get("a")], [["a", "b", "n"], true]);
  assertEquals([dict.popitem()[0], dict.keys()], ["n", ["a", "b"]]);
  assertEquals(dict.fromkeys(["y", "x"], ones([1])).keys(), ["y", "x"]);
  assertThrows(() => new nn.ParameterDict().popitem(), IndexError, "dictionary is empty");
  assertThrows(() => dict.pop("zz"), TenonError, "KeyError: 'zz'");
});

Deno.test("what is in a ModuleDict or a named Sequential is a field of its type", () => {
  const dict = new nn.ModuleDict({
    embedding: new nn.Embedding(5, 4),
    blocks: new nn.ModuleList([new nn.Linear(4, 4)]),
    drop: new nn.Dropout(0.5),
  });
  let x = dict.embedding(tensor([1n, 2n]));
  for (const block of dict.blocks) x = dict.drop(block(x));
  assertEquals([x.shape, dict.embedding.numEmbeddings, dict instanceof nn.ModuleDict], [[2, 4], 5, true]);
  dict.embedding.weight = new nn.Parameter(ones([5, 4]));
  assertEquals(dict.stateDict()["embedding.weight"].sum().item(), 20);
  const pairs = new nn.ModuleDict([["a", new nn.Linear(2, 3)]]);
  assertEquals([pairs.get("a").outFeatures, String(new nn.ModuleDict())], [3, "ModuleDict()"]);
  const net = new nn.Sequential({ conv1: new nn.Conv2d(1, 2, 3), relu1: new nn.ReLU() });
  assertEquals([net.conv1.outChannels, net(ones([1, 1, 4, 4])).shape], [2, [1, 2, 2, 2]]);
});

Deno.test("containers take one list or record: what follows it is refused, not lost", () => {
  const made = (what: unknown, ...args: unknown[]) => () => Reflect.construct(what as typeof nn.ReLU, args);
  const layer = () => new nn.Linear(1, 1), p = () => new nn.Parameter(ones([1]));
  assertThrows(
    made(nn.ModuleList, [layer()], layer()),
    ValueError,
    "ModuleList() takes 1 positional argument but 2 were given; pass all of them as one list or record",
  );
  for (
    const [what, first] of [[nn.ParameterList, [p()]], [nn.ParameterDict, {}], [nn.ModuleDict, {}]] as const
  ) {
    assertThrows(made(what, first, p()), ValueError, "takes 1 positional argument but 2 were given");
  }
});

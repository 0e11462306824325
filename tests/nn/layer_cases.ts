/**
 * Cases of layers against PyTorch (tests/fixtures/nn_layers.py): text, parameters to the bit, outputs, gradients and buffers, on the default device.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { manualSeed } from "../../core/random/generator.ts";
import { rand, randint, randn } from "../../core/ops/random.ts";
import { type NestedArray, tensor } from "../../core/ops/create.ts";
import { isFloat } from "../../core/dtype.ts";
import type { DType } from "../../core/dtype.ts";
import { Tensor } from "../../core/tensor.ts";
import * as nn from "../../nn/mod.ts";
import { widest, within } from "../core/precision.ts";
import { fnv1a } from "../core/random/bytes.ts";

/** How an input or option is made. */
type Spec = null | number | string | boolean | number[] | {
  tuple?: Spec[];
  int?: number;
  shape?: number[];
  values?: NestedArray;
  dtype?: DType;
  uniform?: number[];
  plain?: number[];
  sign?: number[];
};

/** Shape, some elements, and a sum in which all count. */
type Sketch = [shape: number[], some: (number | string)[], sum: number | string];

/** A layer, what it is given and what PyTorch makes of it. */
export interface LayerCase {
  readonly name: string;
  readonly args: Spec[];
  readonly options: Record<string, Spec>;
  readonly repr: string;
  readonly after?: string;
  readonly train?: boolean;
  readonly parameters?: [name: string, shape: number[], hash: number][];
  readonly inputs?: Spec[];
  readonly call?: Record<string, Spec>;
  readonly out?: Sketch[];
  readonly dx?: Sketch[];
  readonly dp?: Record<string, Sketch>;
  readonly buffers?: Record<string, Sketch>;
}

/** All cases. */
export const layerCases: readonly LayerCase[] = JSON.parse(
  await Deno.readTextFile(new URL("../fixtures/nn_layers.json", import.meta.url)),
);

function make(spec: Spec): unknown {
  if (spec === null || typeof spec !== "object") return spec;
  if (Array.isArray(spec)) return randn(spec, { requiresGrad: true });
  if (spec.tuple !== undefined) return spec.tuple.map(make);
  if (spec.int !== undefined) return randint(spec.int, spec.shape ?? []);
  if (spec.values !== undefined) return tensor(spec.values, { dtype: spec.dtype });
  if (spec.uniform !== undefined) return rand(spec.uniform, { requiresGrad: true });
  if (spec.sign !== undefined) return randint(2, spec.sign).float().mul(2).sub(1);
  return rand(spec.plain ?? []);
}

/** Options hold records of values only where they are tensors. */
function option(spec: Spec): unknown {
  return Array.isArray(spec) ? spec : make(spec);
}

function tensorsIn(x: unknown): Tensor[] {
  if (x instanceof Tensor) return [x];
  if (Array.isArray(x)) return x.flatMap(tensorsIn);
  return typeof x === "object" && x !== null ? Object.values(x).flatMap(tensorsIn) : [];
}

function weight(i: number): number {
  return ((7 * i + 3) % 11) / 11 - 0.4;
}

function values(x: Tensor): number[] {
  return Array.from(x.detach().toTypedArray(), Number);
}

function close(got: number, wanted: number | string, scale: number): boolean {
  // WebGPU's functions and the order of its sums are its own.
  const tolerance = within(2e-5, 1e-4);
  const target = Number(typeof wanted === "string" ? wanted.replace("inf", "Infinity") : wanted);
  return Object.is(got, target) || Math.abs(got - target) <= tolerance * (scale + Math.abs(target)) ||
    (Number.isNaN(got) && Number.isNaN(target));
}

function check(what: string, x: Tensor, [shape, some, sum]: Sketch): void {
  assertEquals([...x.shape], shape, `${what}: shape`);
  const all = values(x), step = Math.max(1, Math.ceil(all.length / 16));
  some.forEach((wanted, i) => {
    const got = all[i * step];
    assert(close(got, wanted, 1), `${what}: element ${i * step} is ${got}, but PyTorch has ${wanted}`);
  });
  const total = all.reduce((s, v, i) => s + v * weight(i), 0);
  const size = all.reduce((s, v) => s + Math.abs(v), 0);
  assert(close(total, sum, 1 + size), `${what}: weighted sum is ${total}, but PyTorch has ${sum}`);
}

const classes = new Map<string, unknown>(Object.entries(nn));

function build({ name, args, options }: LayerCase): nn.Layer {
  const layer = classes.get(name);
  assert(typeof layer === "function", `nn.${name} is missing`);
  const given = Object.fromEntries(Object.entries(options ?? {}).map(([key, spec]) => [key, option(spec)]));
  manualSeed(0);
  return Reflect.construct(layer, [...args ?? [], ...(options === undefined ? [] : [given])]);
}

function checkParameters(layer: nn.Module, wanted: LayerCase["parameters"]): void {
  const found = layer.namedParameters().map(([name, p]) => {
    const { buffer, byteOffset, byteLength } = p.data.toTypedArray();
    return [name, [...p.shape], fnv1a(new Uint8Array(buffer, byteOffset, byteLength))];
  });
  assertEquals(found, wanted ?? []);
}

/** Runs a case on the default device. */
export function runLayerCase(c: LayerCase): void {
  try {
    runCase(c);
  } catch (error) {
    const { name, args = [], options = {}, inputs } = c;
    const call = `${name}(${JSON.stringify(args)}, ${JSON.stringify(options)}) of ${JSON.stringify(inputs)}`;
    throw new Error(call, { cause: error });
  }
}

function runCase(c: LayerCase): void {
  const layer = build(c).train(c.train ?? false);
  assertEquals(String(layer), c.repr);
  const lazy = c.name.startsWith("Lazy");
  if (!lazy) checkParameters(layer, c.parameters);
  if (c.inputs === undefined) return;
  manualSeed(1);
  const inputs = c.inputs.map(make);
  manualSeed(2);
  const call = Object.entries(c.call ?? {}).map(([key, spec]): [string, unknown] => [key, make(spec)]);
  const given = call.length === 0 ? inputs : [...inputs, Object.fromEntries(call)];
  const out = tensorsIn(Reflect.apply(layer, undefined, given));
  if (lazy) {
    checkParameters(layer, c.parameters);
    assertEquals(String(layer), c.after);
  }
  assertEquals(out.length, c.out?.length ?? 0, "number of outputs");
  out.forEach((x, i) => check(`output ${i}`, x, (c.out ?? [])[i]));
  for (const [name, sketch] of Object.entries(c.buffers ?? {})) check(name, layer.getBuffer(name), sketch);
  if (c.dx === undefined && c.dp === undefined) return;
  const wide = widest();
  const loss = out.filter((x) => isFloat(x.dtype)).map((x) => {
    const factors = tensor(Float64Array.from({ length: x.numel() }, (_, i) => weight(i)), { dtype: wide });
    return x.to(wide).mul(factors.reshape([...x.shape])).sum();
  }).reduce((a, b) => a.add(b));
  loss.backward();
  const grads = tensorsIn(inputs).flatMap((x) => x.requiresGrad && x.grad !== null ? [x.grad] : []);
  assertEquals(grads.length, c.dx?.length ?? 0, "number of inputs with a gradient");
  grads.forEach((g, i) => check(`gradient of input ${i}`, g, (c.dx ?? [])[i]));
  const named = layer.namedParameters().flatMap(([name, p]) =>
    p.grad === null ? [] : [[name, p.grad] as const]
  );
  assertEquals(named.map(([name]) => name), Object.keys(c.dp ?? {}), "parameters with a gradient");
  for (const [name, g] of named) check(`gradient of ${name}`, g, (c.dp ?? {})[name]);
}

/**
 * Runs the recorded cases of tests/fixtures/ops*.json on a device and compares values, dtypes, shapes and gradients with PyTorch's.
 */
import { assert, assertEquals } from "@std/assert";
import * as core from "../../../core/mod.ts";
import { type DType, isFloat, readElement } from "../../../core/dtype.ts";
import { Tensor } from "../../../core/tensor.ts";
import type { DeviceName } from "../../../core/device.ts";
import { forEachFusion } from "../devices.ts";

/** dtype, shape, elements; "$nan", "$inf", "$-inf" and "$-0" stand for what JSON cannot hold. */
export type Recorded = readonly [DType, readonly number[], readonly (number | string)[]];

/** What an argument is in the file. */
type Argument = number | string | boolean | null | readonly Argument[] | { readonly [key: string]: Argument };

/** operation, inputs, arguments ("$0" is the first input), outputs, gradients of the inputs. */
export type Case = readonly [
  string,
  readonly Recorded[],
  readonly Argument[],
  readonly Recorded[],
  readonly (Recorded | null)[],
];

/** operation, inputs, arguments, how PyTorch's sentence begins; "" where any error of ours will do. */
type ErrorCase = readonly [string, readonly Recorded[], readonly Argument[], string];

/** How cases are run. */
export interface RunOptions {
  readonly device: DeviceName;
  /** Inputs are transposed views instead of contiguous leaves. */
  readonly strided?: boolean;
}

const special: Readonly<Record<string, number>> = {
  $nan: NaN,
  $inf: Infinity,
  "$-inf": -Infinity,
  "$-0": -0,
};

function numberOf(v: number | string): number {
  return typeof v === "number" ? v : special[v];
}

function leafOf([dtype, shape, values]: Recorded, device: DeviceName): Tensor {
  // int64 beyond 2^53 is written as text.
  const elements = values.map((v) => typeof v === "string" && !(v in special) ? BigInt(v) : numberOf(v));
  return core.tensor(elements as number[], { dtype, device, shape });
}

/** The leaf that an input is made of, and the input itself. */
interface Input {
  readonly leaf: Tensor;
  readonly x: Tensor;
  readonly back: (g: Tensor) => Tensor;
}

function inputOf(recorded: Recorded, differentiated: boolean, options: RunOptions): Input {
  const value = leafOf(recorded, options.device), rank = value.shape.length;
  const turned = Array.from({ length: rank }, (_, d) => rank - 1 - d);
  const strided = options.strided === true && rank > 1;
  const leaf = strided ? value.permute(turned).clone().detach() : value.detach();
  if (strided) core.evaluate([leaf]);
  if (differentiated && isFloat(leaf.dtype)) leaf.requiresGrad = true;
  return strided
    ? { leaf, x: leaf.permute(turned), back: (g) => g.permute(turned) }
    : { leaf, x: leaf, back: (g) => g };
}

function argumentOf(argument: Argument, inputs: readonly Tensor[]): unknown {
  if (typeof argument === "string") {
    if (argument in special) return special[argument];
    return /^\$\d+$/.test(argument) ? inputs[Number(argument.slice(1))] : argument;
  }
  if (Array.isArray(argument)) return argument.map((a) => argumentOf(a, inputs));
  if (argument !== null && typeof argument === "object") {
    return Object.fromEntries(Object.entries(argument).map(([k, v]) => [k, argumentOf(v, inputs)]));
  }
  return argument;
}

/** An operation by name: an export of core, `at.set` and its kin, or a method of the first argument (`x.` says so where both exist). */
function call(op: string, args: readonly unknown[]): unknown {
  const [, write] = op.match(/^at\.(\w+)$/) ?? [];
  if (write !== undefined) {
    const [x, indices, value] = args as [Tensor, never[], Tensor];
    return (x.at(...indices) as unknown as Record<string, (v: Tensor) => Tensor>)[write](value);
  }
  if (op === "get") return (args[0] as Tensor).get(...args[1] as never[]);
  const [parent, name] = op.includes(".") ? op.split(".") : ["", op];
  const exports = core as unknown as Record<string, unknown>;
  const scope = parent === "" ? exports : exports[parent] as Record<string, unknown>;
  const found = scope?.[name];
  if (typeof found === "function") return found(...args);
  const [self, ...rest] = args as [Record<string, unknown>];
  const method = self[parent === "x" ? name : op];
  assert(method !== undefined, `there is no operation ${op}`);
  return typeof method === "function" ? method.apply(self, rest) : method;
}

function flat(y: unknown): Tensor[] {
  if (y instanceof Tensor) return [y];
  if (typeof y === "boolean" || typeof y === "number") return [core.tensor(y)];
  return Object.values(y as Record<string, unknown>).flatMap(flat);
}

const precision: Readonly<Partial<Record<DType, number>>> = {
  float64: 2e-8,
  float32: 2e-5,
  float16: 1e-3,
  bfloat16: 8e-3,
};

/** What is wrong with `got`, or "". */
function difference(got: Tensor, [dtype, shape, values]: Recorded, what: string): string {
  if (got.dtype !== dtype) return `${what} has dtype ${got.dtype}, not ${dtype}`;
  if (got.shape.join() !== shape.join()) return `${what} has shape [${got.shape}], not [${shape}]`;
  const data = got.toTypedArray(), tolerance = precision[dtype] ?? 0;
  for (let i = 0; i < values.length; i++) {
    const v = values[i], have = readElement(data, dtype, i);
    if (typeof v === "string" && !(v in special)) {
      if (have !== BigInt(v)) return `${what}[${i}] is ${have}, not ${v}`;
      continue;
    }
    const want = numberOf(v), x = Number(have);
    if (Object.is(x, want) || (x === want && want !== 0)) continue;
    if (want === 0 && x === 0 && (v === 0 || !isFloat(dtype))) continue;
    if (!(Math.abs(x - want) <= tolerance * (1 + Math.abs(want)))) {
      return `${what}[${i}] is ${x}, not ${want}`;
    }
  }
  return "";
}

/** The scalar whose gradients were recorded: the sum over outputs and elements i of cos(i + 1) y[i]. */
function projected(outputs: readonly Tensor[]): Tensor | null {
  let loss: Tensor | null = null;
  for (const y of outputs) {
    if (!y.requiresGrad) continue;
    const weights = Float64Array.from({ length: y.numel() }, (_, i) => Math.cos(i + 1));
    const w = core.tensor(weights, { shape: y.shape, dtype: y.dtype, device: y.device });
    const part: Tensor = y.mul(w).sum();
    loss = loss === null ? part : loss.add(part.to(loss.dtype));
  }
  return loss;
}

/** What is wrong with a case, or "". */
function problem(recorded: Case, options: RunOptions): string {
  const [op, given, args, outputs, grads] = recorded;
  // Without recorded gradients all inputs are followed, as the way to a value may depend on it.
  const all = grads.every((g) => g === null);
  const inputs = given.map((t, i) => inputOf(t, all || grads[i] !== null, options));
  const xs = inputs.map(({ x }) => x);
  const results = flat(call(op, args.map((a) => argumentOf(a, xs))));
  if (results.length !== outputs.length) return `gives ${results.length} outputs, not ${outputs.length}`;
  for (let i = 0; i < outputs.length; i++) {
    const wrong = difference(results[i], outputs[i], `output ${i}`);
    if (wrong !== "") return wrong;
  }
  if (grads.every((g) => g === null)) return "";
  const loss = projected(results);
  if (loss === null) return "has no gradient";
  loss.backward();
  for (let i = 0; i < grads.length; i++) {
    const want = grads[i], { leaf, back } = inputs[i];
    if (want === null) continue;
    if (leaf.grad === null) {
      // No gradient and a gradient of zeros say the same.
      if (want[2].every((v) => v === 0 || v === "$-0")) continue;
      return `input ${i} gets no gradient`;
    }
    const wrong = difference(back(leaf.grad), want, `gradient ${i}`);
    if (wrong !== "") return wrong;
  }
  return "";
}

function describe(
  [op, inputs, args]: readonly [string, readonly Recorded[], readonly Argument[], ...unknown[]],
): string {
  const shapes = inputs.map(([dtype, shape]) => `${dtype}[${shape}]`).join(", ");
  return `${op}(${shapes}) ${JSON.stringify(args)}`;
}

/** Runs the cases and fails with a list of all that differ. */
function runCases(cases: readonly Case[], options: RunOptions): void {
  core.setDefaultDevice(options.device);
  const failures = cases.flatMap((c) => {
    let wrong: string;
    try {
      wrong = problem(c, options);
    } catch (error) {
      wrong = `throws ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`;
    }
    return wrong === "" ? [] : [`${describe(c)} ${wrong}`];
  });
  assertEquals(failures, []);
}

/** Runs calls that PyTorch refuses, and fails with a list of those that do not throw a Tenon error with PyTorch's sentence. */
function runErrors(cases: readonly ErrorCase[], options: RunOptions): void {
  core.setDefaultDevice(options.device);
  const failures = cases.flatMap((c) => {
    const [op, given, args, sentence] = c;
    try {
      const inputs = given.map((t) => leafOf(t, options.device));
      for (const y of flat(call(op, args.map((a) => argumentOf(a, inputs))))) y.toTypedArray();
    } catch (error) {
      if (!(error instanceof core.TenonError)) {
        return [`${describe(c)} throws ${error}, which is no TenonError`];
      }
      return error.message.startsWith(sentence)
        ? []
        : [`${describe(c)} says "${error.message}", not "${sentence}"`];
    }
    return [`${describe(c)} does not throw; PyTorch says "${sentence}"`];
  });
  assertEquals(failures, []);
}

/** The cases of a file, by operation. */
function casesOf(name: string): Map<string, Case[]> {
  const url = new URL(`../../fixtures/${name}.json`, import.meta.url);
  const { cases } = JSON.parse(Deno.readTextFileSync(url)) as { cases: Case[] };
  const byName = new Map<string, Case[]>();
  for (const c of cases) byName.set(c[0], [...byName.get(c[0]) ?? [], c]);
  return byName;
}

/** The calls of a file that PyTorch refuses. */
function errorsOf(name: string): ErrorCase[] {
  const url = new URL(`../../fixtures/${name}.json`, import.meta.url);
  return (JSON.parse(Deno.readTextFileSync(url)) as { errors: ErrorCase[] }).errors;
}

/** Whether a device holds what a case is about: WebGPU refuses float64, and an int64 that does not fit 32 bits; it may take subnormal numbers for zero. */
function holds(device: DeviceName): (c: Case | ErrorCase) => boolean {
  if (device !== "webgpu") return () => true;
  const flushes = core.tensor([1e-40], { device }).mul(2).item() === 0;
  return (c) => {
    const text = JSON.stringify(c);
    return !text.includes("float64") && !/"-?\d{10,}"/.test(text) &&
      !(flushes && /\de-(39|4\d)\b/.test(text));
  };
}

/** Tests every operation of a file on the default device, with fusion and without, and the calls that PyTorch refuses. */
export function testRecorded(name: string): void {
  const device = core.defaultDevice(), held = holds(device);
  let left = 0;
  for (const [op, all] of casesOf(name)) {
    const cases = all.filter(held);
    left += all.length - cases.length;
    if (cases.length === 0) continue;
    forEachFusion(`${op} as PyTorch's`, (fusion) => runCases(cases, { device, strided: !fusion }));
  }
  if (left > 0) {
    Deno.test.ignore(`${left} cases, of dtypes and values that ${device} does not hold`, () => {});
  }
  Deno.test("calls that PyTorch refuses are refused with its sentence", () => {
    runErrors(errorsOf(name).filter(held), { device });
  });
}

/**
 * vmap: a function of one example, mapped over a batch. The function runs once, on placeholders without the mapped dimension; the graph it
 * builds is then built again with the batch in front, each primitive by the `batch` rule of its table entry. So loops over examples
 * become batched kernels, and vmap nests with itself and with the gradients.
 *
 * @module
 */
import { apply, source } from "../apply.ts";
import { withDraws, withStates } from "../effects.ts";
import { IndexError, ShapeError, TenonError, ValueError } from "../errors.ts";
import { isHeld } from "../graph/trace.ts";
import { type Alone, optionsOf, refuseMore } from "../ops/arguments.ts";
import { checkOptions, requireKind } from "../ops/options.ts";
import { expand, narrow, permute, unsqueeze } from "../ops/view.ts";
import { cat } from "../ops/join.ts";
import { placeholderPrim } from "../prim/source.ts";
import type { Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { flattenResult, flattenTree, mapTree, type Tree } from "../tree.ts";
import { rebuild } from "./rebuild.ts";

/** Where the batch is: a dimension, or null for an argument that is the same for every example. One for all arguments, or one each. */
export type MappedDims = number | null | readonly (number | null)[];

/** Options of `vmap`. */
export interface VmapOptions {
  /** The mapped dimension of each argument (of every tensor in it); 0 by default. */
  readonly inDims?: MappedDims;
  /** Where the batch goes in each result; 0 by default. */
  readonly outDims?: number | readonly number[];
  /** What random draws inside do: fail (the default), one draw for all examples, or one for each. */
  readonly randomness?: "error" | "same" | "different";
  /** Examples at a time, where memory is short; all by default. */
  readonly chunkSize?: number;
}

const why =
  "vmap: a value cannot be read inside the mapped function, because it stands for a whole batch; return the tensor itself, without " +
  ".item(), use where() in place of control flow on values, or read it outside";

function placeholder(shape: Shape, like: Tensor): Tensor {
  const x = source(placeholderPrim, { shape, dtype: like.dtype, why }, like.device);
  // Gradients that are asked of the batch are asked of each example.
  x.track = like.track;
  return x;
}

/** The dimension `dim` of a tensor moved to the front. */
function toFront(x: Tensor, dim: number): Tensor {
  const rank = x.shape.length;
  if (!Number.isInteger(dim) || dim < -rank || dim >= rank) {
    throw new IndexError(
      `vmap: got in_dim=${dim} for an input of dimensionality ${rank}, but expected in_dim to satisfy ${-rank} <= in_dim < ${rank}`,
    );
  }
  const at = dim < 0 ? dim + rank : dim;
  return at === 0 ? x.value : permute(x, [at, ...x.shape.map((_, d) => d).filter((d) => d !== at)]);
}

/** The first dimension moved to `dim`. */
function fromFront(x: Tensor, dim: number): Tensor {
  const rank = x.shape.length;
  if (!Number.isInteger(dim) || dim < -rank || dim >= rank) {
    throw new IndexError(
      `vmap: got out_dim=${dim} for a result of dimensionality ${rank} (the batch included), but expected ${-rank} <= out_dim < ${rank}`,
    );
  }
  const at = dim < 0 ? dim + rank : dim;
  if (at === 0) return x.value;
  return permute(
    x,
    [...Array.from({ length: at }, (_, d) => d + 1), 0].concat(
      Array.from({ length: rank - at - 1 }, (_, d) => d + at + 1),
    ),
  );
}

/** A node of the function's graph on batched arguments. */
function batched(x: Tensor, inputs: readonly (Tensor | null)[], size: number): Tensor {
  const rule = x.prim.batch;
  if (rule === null) throw new TenonError(`vmap: ${x.prim.name} has arguments but no batching rule`);
  const plain = x.inputs.map((own, i) => inputs[i] === null ? own : null);
  const full = x.inputs.map((own, i) => inputs[i] ?? expand(unsqueeze(own, 0), [size, ...own.shape]));
  const attrs = x.attrs as never;
  const y = "attrs" in rule
    ? apply(x.prim, full, rule.attrs(attrs, size) as never)
    : rule.compose(full, plain, attrs, size);
  y.track &= x.track;
  y.opName = x.opName;
  return y;
}

function mappedTrees(args: readonly unknown[], dims: MappedDims): { leaves: Tensor[]; size: number } {
  const leaves: Tensor[] = [];
  args.forEach((arg, i) => {
    const dim = dimOf(dims, i);
    if (dim === null) return;
    if (typeof arg !== "object" && typeof arg !== "function") {
      throw new ValueError(
        `vmap: Got in_dim=${dim} for an input but the input is of type ${typeof arg}. We cannot vmap over non-Tensor arguments, please use null as the respective in_dim`,
      );
    }
    for (const x of flattenTree(arg as Tree)) leaves.push(toFront(x, dim));
  });
  if (leaves.length === 0) {
    throw new ValueError("vmap: at least one argument must be mapped, but every in_dim is null");
  }
  const sizes = leaves.map((x) => x.shape[0]);
  if (sizes.some((s) => s !== sizes[0])) {
    throw new ShapeError(
      `vmap: Expected all tensors to have the same size in the mapped dimension, got sizes [${
        sizes.join(", ")
      }] for the mapped dimension`,
    );
  }
  return { leaves, size: sizes[0] };
}

function dimOf(dims: MappedDims, i: number): number | null {
  if (typeof dims !== "object" || dims === null) return dims;
  return dims[i];
}

/** The function once, on the examples `start` to `start + size`. */
function mapOnce(
  fn: (args: readonly unknown[]) => Tree,
  args: readonly unknown[],
  leaves: readonly Tensor[],
  size: number,
  options: VmapOptions,
): { tree: Tree; outputs: Tensor[] } {
  const dims = options.inDims ?? 0;
  const start = new Map<Tensor, Tensor>();
  let next = 0;
  const examples = args.map((arg, i) => {
    if (dimOf(dims, i) === null) return arg;
    return mapTree(arg as Tree, () => {
      const whole = leaves[next++], one = placeholder(whole.shape.slice(1), whole);
      start.set(one, whole);
      return one;
    });
  });
  const randomness = options.randomness ?? "error";
  const tree = withDraws((op, shape, make) => {
    if (randomness === "same") return make(shape);
    if (randomness === "error") {
      throw new TenonError(
        `vmap: called random operation while in randomness error mode. Please either use the 'same' or 'different' ` +
          `randomness flags on vmap or perform the randomness operation out of vmap (${op})`,
      );
    }
    const whole = make([size, ...shape]), one = placeholder(shape, whole);
    start.set(one, whole);
    return one;
  }, () => withStates(null, () => fn(examples)));
  const outputs = flattenResult("vmap", tree).map((y) => y.value);
  const found = rebuild(outputs, start, (x) => !isHeld(x), (x, inputs) => batched(x, inputs, size));
  const outDims = options.outDims ?? 0;
  return {
    tree,
    outputs: found.map((y, i) => {
      const whole = y ?? expand(unsqueeze(outputs[i], 0), [size, ...outputs[i].shape]);
      return fromFront(whole, typeof outDims === "number" ? outDims : outDims[i]);
    }),
  };
}

/**
 * A function of batches from a function of one example. Arguments and results are tensors or trees of them; `inDims` may stand alone in the
 * place of the options. `torch.func.vmap`, `jax.vmap`.
 *
 * @throws {ShapeError} when mapped dimensions differ in size
 * @throws {GradError} when the function reads a value
 * @example
 * ```ts
 * import { type Tensor, tensor, vmap } from "@tenon/tenon";
 * const dot = (a: Tensor, b: Tensor) => a.mul(b).sum();
 * const x = tensor([[1, 2], [3, 4]]);
 * console.log(vmap(dot)(x, x).tolist()); // [ 5, 25 ]
 * ```
 */
export function vmap<A extends readonly unknown[] = [Tensor], Y extends Tree = Tensor>(
  fn: (...args: A) => Y,
  given: Alone<"inDims", VmapOptions> = {},
): (...args: A) => Y {
  refuseMore("vmap", arguments, 2);
  requireKind("vmap", "fn", fn, "function");
  const options: VmapOptions = optionsOf<VmapOptions, "inDims">("inDims", given);
  checkOptions("vmap", options, ["inDims", "outDims", "randomness", "chunkSize"]);
  const { inDims = 0, outDims = 0, chunkSize } = options;
  if (chunkSize !== undefined && !(Number.isInteger(chunkSize) && chunkSize > 0)) {
    throw new ValueError(`vmap: chunk_size should be null or greater than 0. (got ${chunkSize})`);
  }
  const call = (given: readonly unknown[]) => fn(...given as A);
  return (...args) => {
    if (typeof inDims === "object" && inDims !== null && inDims.length !== args.length) {
      throw new ValueError(
        `vmap: inDims has ${inDims.length} entries, but the call has ${args.length} arguments`,
      );
    }
    const { leaves, size } = mappedTrees(args, inDims);
    const step = Math.max(1, Math.min(chunkSize ?? size, size));
    const chunks: { tree: Tree; outputs: Tensor[] }[] = [];
    for (let at = 0; at === 0 || at < size; at += step) {
      const count = Math.min(step, size - at);
      const part = count === size ? leaves : leaves.map((x) => narrow(x, 0, at, count));
      chunks.push(mapOnce(call, args, part, count, options));
    }
    let next = 0;
    return mapTree(chunks[0].tree, () => {
      const i = next++;
      const dim = typeof outDims === "number" ? outDims : outDims[i];
      return chunks.length === 1 ? chunks[0].outputs[i] : cat(chunks.map((c) => c.outputs[i]), dim);
    }) as Y;
  };
}

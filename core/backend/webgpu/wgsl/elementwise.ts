/**
 * Kernels without reductions in WGSL: each thread does a few points, four neighbours at a time where memory runs on.
 *
 * @module
 */
import type { LoopKernel } from "../../../kernel/ir.ts";
import { Emitter, type LoopJob, type Target } from "./emitter.ts";
import { foldGroups, groupText, indexLines, type Rendered, rendered } from "./frame.ts";

const threads = 256;

/** Four lanes when the innermost loop allows whole vectors and a store profits; otherwise one. */
export function lanesOf(kernel: LoopKernel): number {
  const rank = kernel.outer.length;
  if (rank === 0) return 1;
  const extent = kernel.outer[rank - 1];
  if (extent < 4 || (extent % 4 !== 0 && rank > 1)) return 1;
  const runsOn = kernel.code.some((i) => i.op === "store" && i.at.strides[rank - 1] === 1);
  return runsOn ? 4 : 1;
}

/** Renders a kernel whose loops are all outer ones. */
export function renderElementwise(job: LoopJob, target: Target): Rendered {
  const { kernel } = job;
  const rank = kernel.outer.length;
  const lanes = lanesOf(kernel);
  const emitter = new Emitter(job, target, lanes);
  const last = rank === 0 ? 1 : kernel.outer[rank - 1];
  const steps = [...kernel.outer.slice(0, Math.max(rank - 1, 0)), Math.ceil(last / lanes)];
  const points = steps.reduce((n, d) => n * d, 1);
  // A software device pays for each workgroup: give its threads more to do.
  const perThread = target.software ? Math.min(16, Math.max(1, Math.floor(points / (threads * 32)))) : 1;
  const size = points < threads ? Math.max(32, 2 ** Math.ceil(Math.log2(points))) : threads;
  const groups = foldGroups(Math.ceil(points / (size * perThread)), target.workgroupsPerDimension);

  emitter.indices = kernel.outer.map((_, d) => `i${d}`);
  indexLines("p", steps, emitter.indices, lanes).forEach((text) => emitter.line(text));
  emitter.stores(kernel.code.filter((i) => i.op === "store"), last);
  const body = emitter.take();
  const loop = perThread === 1
    ? `  let p = first;\n  if (p >= ${points}) { return; }\n${body}`
    : `  for (var t = 0; t < ${perThread}; t++) {\n  let p = first + t * ${size};\n  if (p >= ${points}) { break; }\n${body}\n  }`;
  const main = `@compute @workgroup_size(${size})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let first = ${groupText(groups)} * ${size * perThread} + i32(thread);
${loop}
}
`;
  return rendered(emitter.bindings, groups, main);
}

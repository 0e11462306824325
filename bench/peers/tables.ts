/**
 * Results as tables, and whether the peers computed the same numbers.
 *
 * @module
 */
import { type Line, median, type Spec, workloads } from "./lib.ts";

/** A row: what stands in front, and a line's number. */
interface Row {
  readonly label: string;
  readonly workload: string;
  readonly metric: Line["metric"];
  readonly number: (value: number) => number;
}

function rowsOf(spec: Spec): Row[] {
  const row = (unit: string, number: (ms: number) => number): Row => ({
    label: `${spec.name} (${unit})`,
    workload: spec.name,
    metric: "time",
    number,
  });
  const { flop, bytes, ops } = spec;
  if (ops !== undefined) return [row("µs per op", (ms) => ms * 1e3 / ops)];
  if (flop !== undefined && spec.name.startsWith("matmul")) {
    return [row("GFLOP/s", (ms) => flop / ms / 1e6)];
  }
  return [
    row("ms", (ms) => ms),
    ...(bytes === undefined ? [] : [row("GB/s", (ms) => bytes / ms / 1e6)]),
  ];
}

const same = (value: number) => value;
const rows: readonly Row[] = [
  ...workloads.flatMap(rowsOf),
  {
    label: "training, peak memory (MB)",
    workload: "train",
    metric: "peak_rss",
    number: same,
  },
  {
    label: "cold start (ms)",
    workload: "cold_start",
    metric: "time",
    number: same,
  },
  {
    label: "cold start, peak memory (MB)",
    workload: "cold_start",
    metric: "peak_rss",
    number: same,
  },
];

function short(value: number): string {
  return value >= 100
    ? value.toFixed(0)
    : value >= 10
    ? value.toFixed(1)
    : value >= 0.1
    ? value.toFixed(2)
    : value.toFixed(4);
}

/** One table, a column per peer. */
export function tables(lines: readonly Line[]): string {
  const peers = [...new Set(lines.map((line) => line.peer))];
  const cell = (peer: string, { workload, metric, number }: Row): string => {
    const own = lines.filter((line) => line.peer === peer && line.workload === workload);
    const line = own.find((l) => l.metric === metric);
    if (line !== undefined && line.value !== null) {
      return short(number(line.value));
    }
    return own.some((l) => l.metric === "error") ? "fails" : "–";
  };
  const body = rows
    .map((row) => [row.label, ...peers.map((peer) => cell(peer, row))])
    .filter(([, ...cells]) => cells.some((text) => text !== "–"));
  return [
    "",
    `| | ${peers.join(" | ")} |`,
    `|---|${peers.map(() => "---:|").join("")}`,
    ...body.map((cells) => `| ${cells.join(" | ")} |`),
    "",
  ].join("\n");
}

/** Peers whose numbers are not those of the others: more than a thousandth away from PyTorch's, or from the middle. */
export function disagreements(lines: readonly Line[]): string[] {
  return workloads.flatMap(({ name }) => {
    const own = lines.filter((line) => line.workload === name && line.check !== undefined);
    const trusted = own.find((line) => line.peer.startsWith("torch"))?.check;
    return [0, 1].flatMap((i) => {
      const values = own.map((line) => line.check?.[i]).filter((v) => v !== undefined);
      if (values.length === 0) return [];
      const right = trusted?.[i] ?? median(values);
      return own.filter(({ check }) =>
        !(Math.abs((check?.[i] ?? right) - right) <=
          (name.endsWith("_f16") ? 4e-3 : 1e-3) * (Math.abs(right) + 1e-3))
      )
        .map(({ peer, check }) => `${peer}, ${name}, call ${i + 1}: ${check?.[i]} in place of ${right}`);
    });
  });
}

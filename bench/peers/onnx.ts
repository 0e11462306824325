/**
 * The few lines of protobuf that hand-made ONNX models need.
 *
 * @module
 */
type Field = [number, number | string | Uint8Array | Field[]];
const utf8 = new TextEncoder();

function varint(n: number): number[] {
  const out: number[] = [];
  while (n > 127) {
    out.push((n % 128) | 128);
    n = Math.floor(n / 128);
  }
  return [...out, n];
}

function encode(fields: Field[]): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  for (const [id, v] of fields) {
    if (typeof v === "number") {
      parts.push(Uint8Array.from([...varint(id * 8), ...varint(v)]));
    } else {
      const body = typeof v === "string" ? utf8.encode(v) : v instanceof Uint8Array ? v : encode(v);
      parts.push(
        Uint8Array.from([...varint(id * 8 + 2), ...varint(body.length)]),
        body,
      );
    }
  }
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  parts.reduce((at, p) => (out.set(p, at), at + p.length), 0);
  return out;
}

export type Node = {
  op: string;
  in: string[];
  out: string;
  attrs?: Record<string, number | number[]>;
};
export type Const = { dims: number[]; data: Float32Array | BigInt64Array };

const valueInfo = (name: string, dims: number[]): Field[] => [
  [1, name],
  [2, [[1, [[1, 1], [2, dims.map((d): Field => [1, [[1, d]]])]]]]],
];

/** An ONNX model (opset 17) of float32 inputs and outputs. */
export function model(
  inputs: Record<string, number[]>,
  consts: Record<string, Const>,
  nodes: Node[],
  output: [string, number[]],
) {
  const attr = (
    [name, v]: [string, number | number[]],
  ): Field => [
    5,
    Array.isArray(v) ? [[1, name], ...v.map((i): Field => [8, i]), [20, 7]] : [[1, name], [3, v], [20, 2]],
  ];
  return encode([
    [1, 8],
    [8, [[1, ""], [2, 17]]],
    [7, [
      ...nodes.map((n): Field => [1, [
        ...n.in.map((i): Field => [1, i]),
        [2, n.out],
        [4, n.op],
        ...Object.entries(n.attrs ?? {}).map(attr),
      ]]),
      [2, "g"],
      ...Object.entries(consts).map(([name, c]): Field => [5, [
        ...c.dims.map((d): Field => [1, d]),
        [2, c.data instanceof Float32Array ? 1 : 7],
        [8, name],
        [
          9,
          new Uint8Array(c.data.buffer, c.data.byteOffset, c.data.byteLength),
        ],
      ]]),
      ...Object.entries(inputs).map(([n, d]): Field => [11, valueInfo(n, d)]),
      [12, valueInfo(...output)],
    ]],
  ]);
}

/**
 * Argsort: a radix sort of keys that carry their positions. It is stable, takes the same time whatever the order, and long rows are shared among threads: each
 * counts the digits of its chunk, and then moves its chunk to the places that the counts of all give it. The code is argsort_code.ts.
 *
 * @module
 */
import { bytesOf, type DType } from "../../../dtype.ts";
import { sizeOf } from "../../../shape.ts";
import { chunkOf, runChunked } from "../chunks.ts";
import type { Engine } from "../engine.ts";
import type { PoolKernel } from "../pool.ts";
import { argsortModule, keyBits, sortWords } from "./argsort_code.ts";
import { ArgumentBlock, engineCache } from "./arguments.ts";
import { addressOf, type RoutineMaker, runner, withEpilogue, Workspace } from "./routine.ts";
import { walksOf, walkWords } from "./walk.ts";

/** Rows from this length on are sorted by all threads together, in chunks of at least half of it. */
const LONG_ROW = 1 << 16;
/** Most chunks of a row. */
const CHUNKS = 16;

const kernels = engineCache((engine: Engine, dtype: DType): PoolKernel[] =>
  engine.pool.load(argsortModule(dtype))
);

/** x [..., n] -> int64 [..., n]: the stable order along the last dimension. */
export const argsort: RoutineMaker<"argsort"> = (context, step, epilogue) => {
  const { engine } = context, [x] = step.inputs, { dtype } = x, { shape } = x.layout;
  const length = shape[shape.length - 1] ?? 1, rows = sizeOf(shape) / length, rowShape = shape.slice(0, -1);
  const walks = walksOf(rowShape, [x.layout.strides.slice(0, -1).map((s) => s * bytesOf(dtype))]);
  const bits = keyBits(dtype), long = length >= LONG_ROW;
  const passes = Math.ceil(bits / (length < 2048 ? 8 : 11)), digit = Math.ceil(bits / passes);
  const chunks = long ? Math.min(CHUNKS, Math.floor(length / (LONG_ROW / 2))) : 1;
  const elementBytes = bits > 32 ? 16 : 8, bufferBytes = length * elementBytes;
  const countBytes = chunks * 4 * 2 ** digit;
  const block = new ArgumentBlock(engine, [
    ...[0, 0, length, bytesOf(dtype) * (x.layout.strides.at(-1) ?? 0), step.attrs.descending ? 1 : 0],
    ...[Math.ceil(length / chunks), chunks, digit, passes, 0, 0, 0, 0, 0, 0],
    ...walkWords(walks),
  ]);
  const [sortRows, makeKeys, countDigits, placeDigits, moveElements, writeOrder] = kernels(engine, dtype);
  const space = new Workspace(context), { words: args } = block, put = sortWords;
  const place = long ? space.take(2 * bufferBytes + countBytes) : 0;
  if (!long) engine.pool.reserveScratch(2 * bufferBytes + countBytes);
  const chunk = chunkOf(rows, 50 + length * passes * 3);
  const runLong = () => {
    const buffer = space.at(place);
    args[put.counts] = buffer + 2 * bufferBytes;
    for (let row = 0; row < rows; row++) {
      args[put.row] = row;
      args[put.from] = buffer;
      engine.pool.run(makeKeys, chunks, 1, block.address);
      for (let pass = 0; pass < passes; pass++) {
        args[put.shift] = pass * digit;
        const from = args[put.from];
        args[put.to] = from === (buffer | 0) ? buffer + bufferBytes : buffer;
        engine.pool.run(countDigits, chunks, 1, block.address);
        placeDigits.fn(0, 1, block.address, 0);
        // All elements have the same digit.
        if (args[put.same] === 1) continue;
        engine.pool.run(moveElements, chunks, 1, block.address);
        args[put.from] = args[put.to];
      }
      engine.pool.run(writeOrder, chunks, 1, block.address);
    }
  };
  const run = () => {
    args[put.x] = addressOf(context, x);
    args[put.out] = context.at[step.output];
    if (long) runLong();
    else runChunked(engine.pool, sortRows, rows, chunk, block.address);
  };
  return withEpilogue(runner(run, block), epilogue);
};

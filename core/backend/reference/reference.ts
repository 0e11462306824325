/**
 * The reference backend: interprets plans plainly, on host arrays. It is the oracle that the fast backends are tested against, so it is slow
 * where being slow makes it plainer, and strict where a fast one cannot afford to be: addresses outside a buffer, a dtype that is
 * not the buffer's and a buffer used after it was freed are errors, and fresh memory is filled with NaN.
 *
 * @module
 */
import { bytesOf, type DType, type HostArray, hostArray } from "../../dtype.ts";
import { DeviceError, DTypeError, IndexError } from "../../errors.ts";
import type { LoopStep, Plan, RoutineInput, RoutineName, RoutineStep, Slot } from "../../kernel/plan.ts";
import { type Shape, sizeOf, stridesOf } from "../../shape.ts";
import type { Backend, BackendMemory, DeviceBuffer, DeviceInfo, Executable, Reading } from "../backend.ts";
import { fillAddresses } from "./address.ts";
import { checkLoopStep } from "./check.ts";
import { compileLoop } from "./loop.ts";
import { type Routine, routines } from "./routines.ts";
import { castValues, type Dense, gatherValues, scatterValues, valueArray } from "./values.ts";

class ReferenceBuffer implements DeviceBuffer {
  readonly bytes: number;
  freed = false;
  constructor(readonly dtype: DType, readonly data: HostArray) {
    this.bytes = data.byteLength;
  }
}

type Run = (arrays: readonly HostArray[]) => void;

class ReferenceBackend implements Backend {
  readonly name = "reference";
  readonly immediate = true;
  readonly maxBuffers = Infinity;
  #used = 0;

  unsupported(_dtype: DType): string | null {
    return null;
  }

  bytesFor(dtype: DType, count: number): number {
    return bytesOf(dtype) * count;
  }

  allocate(dtype: DType, count: number): DeviceBuffer {
    const buffer = new ReferenceBuffer(dtype, freshArray(dtype, count));
    this.#used += buffer.bytes;
    return buffer;
  }

  free(buffer: DeviceBuffer): void {
    const own = ownBuffer(buffer);
    own.freed = true;
    this.#used -= own.bytes;
  }

  write(buffer: DeviceBuffer, dtype: DType, data: HostArray): void {
    const target = dataOf(buffer, dtype);
    if (target instanceof BigInt64Array) {
      if (data instanceof BigInt64Array) return target.set(data);
    } else if (!(data instanceof BigInt64Array)) return target.set(data);
    throw new DTypeError(`write: a buffer of ${dtype} cannot take a ${data.constructor.name}`);
  }

  read(buffer: DeviceBuffer, dtype: DType, count: number): HostArray {
    return dataOf(buffer, dtype).slice(0, count);
  }

  readAll(list: readonly Reading[]): HostArray[] {
    return list.map(({ buffer, dtype, count }) => this.read(buffer, dtype, count));
  }

  readAsync(buffer: DeviceBuffer, dtype: DType, count: number): Promise<HostArray> {
    return new Promise((resolve) => resolve(this.read(buffer, dtype, count)));
  }

  prepare(plan: Plan): Executable {
    const steps: Run[] = [];
    for (const step of plan.steps) {
      steps.push(step.kind === "loop" ? loopRun(step, plan.slots) : routineRun(step, plan.slots));
      if (step.kind === "routine" && step.epilogue !== null) steps.push(loopRun(step.epilogue, plan.slots));
    }
    return {
      run: (inputs, outputs) => {
        const arrays = bind(plan.slots, inputs, outputs);
        for (const run of steps) run(arrays);
      },
      compiling: () => null,
      dispose: () => {},
    };
  }

  info(): DeviceInfo {
    return { device: "cpu", details: { engine: "reference interpreter" } };
  }

  memory(): BackendMemory {
    return { used: this.#used, reserved: this.#used };
  }
}

/** Makes a reference backend. */
export function createReferenceBackend(): Backend {
  return new ReferenceBackend();
}

/** An array of values that spoil what reads them before they are written. */
function freshArray(dtype: DType, count: number): HostArray {
  const array = hostArray(dtype, count);
  if (array instanceof BigInt64Array) array.fill(-0x5a5a5a5a5a5a5a5an);
  else {array.fill(
      dtype === "bfloat16" ? 0x7fc0 : dtype === "bool" ? 1 : array instanceof Uint8Array ? 0xa5 : NaN,
    );}
  return array;
}

function ownBuffer(buffer: DeviceBuffer): ReferenceBuffer {
  if (!(buffer instanceof ReferenceBuffer)) throw new DeviceError("a buffer of another backend was given");
  if (buffer.freed) throw new DeviceError("a buffer was used after it was freed");
  return buffer;
}

function dataOf(buffer: DeviceBuffer, dtype: DType): HostArray {
  const own = ownBuffer(buffer);
  if (own.dtype !== dtype) throw new DTypeError(`a buffer of ${own.dtype} was used as ${dtype}`);
  return own.data;
}

/** The array of each slot: those given, and fresh ones for temporaries. */
function bind(
  slots: readonly Slot[],
  inputs: readonly DeviceBuffer[],
  outputs: readonly DeviceBuffer[],
): HostArray[] {
  let input = 0, output = 0;
  const arrays = slots.map(({ role, dtype, count }) => {
    if (role === "input") return dataOf(inputs[input++], dtype);
    if (role === "output") return dataOf(outputs[output++], dtype);
    return freshArray(dtype, count);
  });
  slots.forEach(({ role, count }, i) => {
    if (role === "temp") {
      let root = i;
      while (slots[root].role === "temp" && slots[root].inPlaceOf >= 0) root = slots[root].inPlaceOf;
      arrays[i] = arrays[root];
    }
    if (arrays[i].length < count) {
      throw new DeviceError(`slot ${i} needs ${count} elements, its buffer has ${arrays[i].length}`);
    }
  });
  return arrays;
}

function loopRun(step: LoopStep, slots: readonly Slot[]): Run {
  checkLoopStep(step, slots);
  const program = compileLoop(step.kernel);
  return (arrays) => program(step.inputs.map((i) => arrays[i]), step.outputs.map((i) => arrays[i]));
}

function routineRun<N extends RoutineName>(step: RoutineStep<N>, slots: readonly Slot[]): Run {
  const routine: Routine<N> = routines[step.name];
  const { dtype } = slots[step.output];
  return (arrays) => {
    const operands = step.inputs.map((input) => denseOf(input, arrays));
    const out: Dense = {
      shape: step.outputShape,
      dtype,
      values: denseArray(dtype, sizeOf(step.outputShape)),
    };
    try {
      routine(step.attrs, operands, out);
    } catch (error) {
      if (error instanceof IndexError) {
        throw new IndexError(`${error.message}, in ${step.label}`, { cause: error });
      }
      throw error;
    }
    const held = valueArray(dtype, out.values.length);
    castValues(out.values, 1, held.length, held, dtype);
    scatterValues(held, 1, dtype, addressesOf(step.outputShape), held.length, arrays[step.output]);
  };
}

function denseArray(dtype: DType, length: number): Float64Array | BigInt64Array {
  return dtype === "int64" ? new BigInt64Array(length) : new Float64Array(length);
}

/** A contiguous copy of an operand. */
function denseOf({ slot, dtype, layout }: RoutineInput, arrays: readonly HostArray[]): Dense {
  const { shape, strides, offset } = layout;
  const values = denseArray(dtype, sizeOf(shape));
  // An empty operand has no slot.
  if (values.length > 0) {
    const addresses = addressesOf(shape, strides, offset);
    gatherValues(arrays[slot], dtype, addresses, values.length, values);
  }
  return { shape, dtype, values };
}

function addressesOf(shape: Shape, strides: readonly number[] = stridesOf(shape), offset = 0): Float64Array {
  const addresses = new Float64Array(sizeOf(shape));
  fillAddresses(shape, strides, offset, 0, addresses.length, addresses);
  return addresses;
}

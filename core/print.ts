/**
 * The text of a tensor: what PyTorch 1.13 prints for `str(tensor)`, to the character. Reading the values off a
 * device is the caller's business; `printedShape` says how few of them are needed.
 *
 * @module
 */
import { type DType, getDefaultDtype, type HostArray, isFloat, readElement, torchName } from "./dtype.ts";
import { ValueError } from "./errors.ts";
import { formatFixed, formatScientific } from "./format_number.ts";
import { type Shape, sizeOf } from "./shape.ts";

/** How tensors are printed; the names are those of `torch.set_printoptions`. */
export interface PrintOptions {
  /** Decimals of floats; 4 by default. */
  readonly precision: number;
  /** Tensors with more elements than this are summarised; 1000 by default. */
  readonly threshold: number;
  /** Elements shown at each end of a dimension that is summarised; 3 by default. */
  readonly edgeitems: number;
  /** Characters in a line; 80 by default. */
  readonly linewidth: number;
  /** Scientific notation: always, never, or (`null`, the default) where the values ask for it. */
  readonly sciMode: boolean | null;
}

/** Changes to the print options, or one of PyTorch's sets of them under the changes. */
export interface PrintOptionsInit extends Partial<PrintOptions> {
  /** `"default"`; `"short"`: 2 decimals, 2 edge items; `"full"`: nothing is summarised. */
  readonly profile?: "default" | "short" | "full";
}

const profiles = {
  default: { precision: 4, threshold: 1000, edgeitems: 3, linewidth: 80 },
  short: { precision: 2, threshold: 1000, edgeitems: 2, linewidth: 80 },
  full: { precision: 4, threshold: Infinity, edgeitems: 3, linewidth: 80 },
} as const;

let current: PrintOptions = { ...profiles.default, sciMode: null };

/**
 * Sets how every tensor is printed from now on (`torch.set_printoptions`). What is not given keeps its value, except
 * `sciMode`: as in PyTorch, a call that does not name it sets it back to automatic.
 *
 * @throws {ValueError} for a precision outside 0 to 100 or an edgeitems or linewidth below 1.
 *
 * @example
 * ```ts
 * import { formatTensor, setPrintOptions } from "./print.ts";
 * setPrintOptions({ precision: 2 });
 * const text = formatTensor({ shape: [1], dtype: "float32", data: Float32Array.of(1.12345) });
 * console.assert(text === "tensor([1.12])");
 * setPrintOptions({ profile: "default" });
 * ```
 */
export function setPrintOptions(options: PrintOptionsInit): void {
  const { profile, sciMode = null, ...changes } = options;
  const next: PrintOptions = { ...current, ...(profile && profiles[profile]), ...changes, sciMode };
  const whole = (name: "precision" | "edgeitems" | "linewidth", least: number, most: number) => {
    const value = next[name];
    if (!Number.isInteger(value) || value < least || value > most) {
      throw new ValueError(
        `setPrintOptions: ${name} must be an integer from ${least} to ${most}, got ${value}`,
      );
    }
  };
  whole("precision", 0, 100);
  whole("edgeitems", 1, Number.MAX_SAFE_INTEGER);
  whole("linewidth", 1, Number.MAX_SAFE_INTEGER);
  if (Number.isNaN(next.threshold)) {
    throw new ValueError("setPrintOptions: threshold must be a number, got NaN");
  }
  current = next;
}

/** The print options in force. */
export function getPrintOptions(): PrintOptions {
  return current;
}

/** A tensor to print. */
export interface Printable {
  readonly shape: Shape;
  readonly dtype: DType;
  /** All elements, row-major; or only those of `printedShape(shape)`: both ends of each dimension that is cut. */
  readonly data: HostArray;
  /** PyTorch's name of the node that made the tensor, such as `AddmmBackward0`. */
  readonly gradFn?: string | null;
  readonly requiresGrad?: boolean;
  /** Whether it is a `Parameter`, which says so on a line of its own. */
  readonly isParameter?: boolean;
  /** The device, to be named when it is not the default one. */
  readonly device?: string;
}

/**
 * The shape of the elements that are read to print a tensor: dimensions longer than `2 * edgeitems` shrink to their two ends
 * when the tensor is summarised.
 */
export function printedShape(shape: Shape, options: PrintOptions = current): Shape {
  if (sizeOf(shape) <= options.threshold) return shape;
  return shape.map((extent) => Math.min(extent, 2 * options.edgeitems));
}

/**
 * The text of a tensor, without a trailing newline.
 *
 * @throws {ValueError} when `data` has neither all elements nor those of `printedShape`.
 *
 * @example
 * ```ts
 * import { formatTensor } from "./print.ts";
 * const text = formatTensor({ shape: [2], dtype: "float32", data: Float32Array.of(1, 2.5), requiresGrad: true });
 * console.assert(text === "tensor([1.0000, 2.5000], requires_grad=True)");
 * ```
 */
export function formatTensor(tensor: Printable, options: PrintOptions = current): string {
  const { shape, dtype } = tensor;
  const prefix = "tensor(";
  const suffixes: string[] = [];
  if (tensor.device !== undefined) suffixes.push(`device='${tensor.device}'`);
  let body: string;
  if (sizeOf(shape) === 0) {
    if (shape.length !== 1) suffixes.push(`size=(${shape.join(", ")})`);
    if (dtype !== getDefaultDtype()) suffixes.push(`dtype=${torchName(dtype)}`);
    body = "[]";
  } else {
    if (dtype !== getDefaultDtype() && dtype !== "int64" && dtype !== "bool") {
      suffixes.push(`dtype=${torchName(dtype)}`);
    }
    body = formatElements(tensor, prefix.length, options);
  }
  if (tensor.gradFn) suffixes.push(`grad_fn=<${tensor.gradFn}>`);
  else if (tensor.requiresGrad) suffixes.push("requires_grad=True");
  const text = withSuffixes(prefix + body, suffixes, prefix.length, options);
  return tensor.isParameter ? `Parameter containing:\n${text}` : text;
}

function withSuffixes(text: string, suffixes: string[], indent: number, options: PrintOptions): string {
  // PyTorch counts one character more than the last line has.
  let lineLength = text.length - text.lastIndexOf("\n") + 1;
  for (const suffix of suffixes) {
    if (lineLength + suffix.length + 2 > options.linewidth) {
      text += `,\n${" ".repeat(indent)}${suffix}`;
      lineLength = indent + suffix.length;
    } else {
      text += `, ${suffix}`;
      lineLength += suffix.length + 2;
    }
  }
  return `${text})`;
}

function formatElements(tensor: Printable, indent: number, options: PrintOptions): string {
  const { shape, dtype } = tensor;
  const printed = printedShape(shape, options);
  const values = printedValues(tensor, printed, options);
  const format = elementFormat(values, dtype, options);
  if (shape.length === 0) return format.text(values[0]);
  let next = 0;
  const vector = (depth: number): string => {
    const items: string[] = [];
    for (let i = 0; i < printed[depth]; i++) {
      if (printed[depth] < shape[depth] && i === options.edgeitems) items.push(" ...");
      items.push(format.text(values[next++]));
    }
    const room = options.linewidth - indent - depth;
    const perLine = Math.max(1, Math.floor(room / (format.width + 2)));
    const lines: string[] = [];
    for (let i = 0; i < items.length; i += perLine) lines.push(items.slice(i, i + perLine).join(", "));
    return `[${lines.join(`,\n${" ".repeat(indent + depth + 1)}`)}]`;
  };
  const slices = (depth: number): string => {
    if (depth === shape.length - 1) return vector(depth);
    const items: string[] = [];
    for (let i = 0; i < printed[depth]; i++) {
      if (printed[depth] < shape[depth] && i === options.edgeitems) items.push("...");
      items.push(slices(depth + 1));
    }
    const newlines = "\n".repeat(shape.length - depth - 1);
    return `[${items.join(`,${newlines}${" ".repeat(indent + depth + 1)}`)}]`;
  };
  return slices(0);
}

/** The elements of `printed`, in order. */
function printedValues(tensor: Printable, printed: Shape, options: PrintOptions): (number | bigint)[] {
  const { shape, dtype, data } = tensor;
  const count = sizeOf(printed), total = sizeOf(shape);
  if (data.length !== total && data.length !== count) {
    throw new ValueError(
      `formatTensor: a tensor of shape [${shape.join(", ")}] prints from all ${total} elements or from the ` +
        `${count} of printedShape, got ${data.length}`,
    );
  }
  const values = new Array<number | bigint>(count);
  if (data.length === count) {
    for (let i = 0; i < count; i++) values[i] = readElement(data, dtype, i);
    return values;
  }
  let next = 0;
  const gather = (depth: number, start: number): void => {
    if (depth === shape.length) {
      values[next++] = readElement(data, dtype, start);
      return;
    }
    for (let i = 0; i < printed[depth]; i++) {
      const cut = i >= options.edgeitems ? shape[depth] - printed[depth] : 0;
      gather(depth + 1, start * shape[depth] + i + cut);
    }
  };
  gather(0, 0);
  return values;
}

interface ElementFormat {
  /** Characters of the widest of the values that count. */
  readonly width: number;
  /** One element, padded on the left. */
  readonly text: (value: number | bigint) => string;
}

/** One format for all elements, chosen from all that are printed. */
function elementFormat(values: (number | bigint)[], dtype: DType, options: PrintOptions): ElementFormat {
  if (isFloat(dtype)) return floatFormat(values.map(Number), options);
  const plain = dtype === "bool" ? (v: number | bigint) => v ? "True" : "False" : String;
  const width = values.reduce<number>((w, v) => Math.max(w, plain(v).length), 1);
  return { width, text: (v) => plain(v).padStart(width) };
}

function floatFormat(values: number[], options: PrintOptions): ElementFormat {
  const { precision } = options;
  // Zeros and non-finite values take part in neither the choice of notation nor, a quirk to keep, in the width.
  const counted = values.filter((v) => Number.isFinite(v) && v !== 0);
  const integral = counted.every(Number.isInteger);
  let scientific = false, width = 1;
  if (counted.length > 0) {
    let smallest = Infinity, largest = 0;
    for (const v of counted) {
      smallest = Math.min(smallest, Math.abs(v));
      largest = Math.max(largest, Math.abs(v));
    }
    scientific = largest / smallest > 1000 || largest > 1e8 || (!integral && smallest < 1e-4);
    for (const v of counted) {
      const length = scientific
        ? formatScientific(v, precision).length
        : integral
        ? formatFixed(v, 0).length + 1
        : formatFixed(v, precision).length;
      width = Math.max(width, length);
    }
    // The override comes after the width was found, so that a forced notation is not aligned: another quirk.
    scientific = options.sciMode ?? scientific;
  }
  const plain = (v: number): string => {
    if (scientific) return formatScientific(v, precision);
    if (!integral) return formatFixed(v, precision);
    return formatFixed(v, 0) + (Number.isFinite(v) ? "." : "");
  };
  return { width, text: (v) => plain(Number(v)).padStart(width) };
}

/**
 * Convolution and its two adjoints. All three walk the same triples (output element, weight element, input element) and differ in which of the
 * three they sum into.
 *
 * @module
 */
import { isFloat } from "../../dtype.ts";
import { DTypeError } from "../../errors.ts";
import type { ConvAttrs } from "../../kernel/plan.ts";
import type { Shape } from "../../shape.ts";
import type { Dense } from "./values.ts";

/** out[o] += w * x. */
export function conv(attrs: ConvAttrs, [x, w]: readonly Dense[], out: Dense): void {
  const from = floats(x), weight = floats(w), to = floats(out);
  forEachTap(attrs, x.shape, w.shape, out.shape, (o, tap, i, count, stride) => {
    for (let p = 0; p < count; p++) to[o + p] += weight[tap] * from[i + p * stride];
  });
}

/** dx[i] += w * g. */
export function convInputGrad(attrs: ConvAttrs, [g, w]: readonly Dense[], out: Dense): void {
  const from = floats(g), weight = floats(w), to = floats(out);
  forEachTap(attrs, out.shape, w.shape, g.shape, (o, tap, i, count, stride) => {
    for (let p = 0; p < count; p++) to[i + p * stride] += weight[tap] * from[o + p];
  });
}

/** dw[tap] += x * g. */
export function convWeightGrad(attrs: ConvAttrs, [x, g]: readonly Dense[], out: Dense): void {
  const from = floats(x), grad = floats(g), to = floats(out);
  forEachTap(attrs, x.shape, out.shape, g.shape, (o, tap, i, count, stride) => {
    for (let p = 0; p < count; p++) to[tap] += grad[o + p] * from[i + p * stride];
  });
}

function floats(operand: Dense): Float64Array {
  if (operand.values instanceof Float64Array && isFloat(operand.dtype)) return operand.values;
  throw new DTypeError(`convolution is defined for float dtypes, got ${operand.dtype}`);
}

/**
 * Calls `visit(o, tap, i, count, stride)` for each run of outputs `o, o + 1, ...` that weight `tap` joins with the inputs
 * `i, i + stride, ...`. Taps on the padding join nothing and are left out.
 */
function forEachTap(
  attrs: ConvAttrs,
  x: Shape,
  w: Shape,
  out: Shape,
  visit: (o: number, tap: number, i: number, count: number, stride: number) => void,
): void {
  const rank = x.length - 2;
  // Fewer than three spatial dimensions are three with leading ones.
  const spatial = (
    sizes: readonly number[],
    fill: number,
  ) => [...new Array<number>(3 - rank).fill(fill), ...sizes];
  const [inD, inH, inW] = spatial(x.slice(2), 1);
  const [kD, kH, kW] = spatial(w.slice(2), 1);
  const [outD, outH, outW] = spatial(out.slice(2), 1);
  const [strideD, strideH, strideW] = spatial(attrs.stride, 1);
  const [dilationD, dilationH, dilationW] = spatial(attrs.dilation, 1);
  const [padD, padH, padW] = spatial(attrs.padLow, 0);
  const channelsOut = w[0] / attrs.groups, channelsIn = w[1];

  for (let n = 0; n < x[0]; n++) {
    for (let o = 0; o < w[0]; o++) {
      const firstChannel = Math.floor(o / channelsOut) * channelsIn;
      for (let c = 0; c < channelsIn; c++) {
        const planeOut = (n * w[0] + o) * outD;
        const planeIn = (n * x[1] + firstChannel + c) * inD;
        const planeTap = (o * channelsIn + c) * kD;
        for (let kd = 0; kd < kD; kd++) {
          for (let kh = 0; kh < kH; kh++) {
            for (let kw = 0; kw < kW; kw++) {
              const shift = kw * dilationW - padW;
              const first = Math.max(0, Math.ceil(-shift / strideW));
              const end = Math.min(outW, Math.floor((inW - 1 - shift) / strideW) + 1);
              if (end <= first) continue;
              const tap = ((planeTap + kd) * kH + kh) * kW + kw;
              for (let od = 0; od < outD; od++) {
                const id = od * strideD + kd * dilationD - padD;
                if (id < 0 || id >= inD) continue;
                for (let oh = 0; oh < outH; oh++) {
                  const ih = oh * strideH + kh * dilationH - padH;
                  if (ih < 0 || ih >= inH) continue;
                  const rowOut = ((planeOut + od) * outH + oh) * outW;
                  const rowIn = ((planeIn + id) * inH + ih) * inW;
                  visit(rowOut + first, tap, rowIn + first * strideW + shift, end - first, strideW);
                }
              }
            }
          }
        }
      }
    }
  }
}

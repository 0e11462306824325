/**
 * Random methods. One line each over the public operations, which say more.
 *
 * @module
 */
import * as op from "../ops/random.ts";
import type { Tensor } from "../tensor.ts";
import { FormMethods } from "./form.ts";

/** Random methods. */
export abstract class RandomMethods extends FormMethods {
  /** Zeros and ones, one with the probability that the element says, or with probability `p` everywhere. */
  bernoulli(this: Tensor, p?: number, options: op.RandomOptions = {}): Tensor {
    return p === undefined ? op.bernoulli(this, options) : op.bernoulliLike(this, p, options);
  }

  /** Categories drawn by weight: this is a vector of weights or a matrix of rows. */
  multinomial(
    this: Tensor,
    samples: number,
    replacement?: boolean,
    options?: Pick<op.RandomOptions, "generator">,
  ): Tensor {
    return op.multinomial(this, samples, replacement, options);
  }
}

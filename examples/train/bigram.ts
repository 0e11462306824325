/**
 * The model to beat: how often each character follows each other one, counted.
 *
 * @module
 */

/** Perplexity of `heldOut` from position `start` on, under the pairs counted in `training` (a tenth of a count added to each). */
export function bigramPerplexity(
  training: Int32Array,
  heldOut: Int32Array,
  alphabetSize: number,
  start: number,
): number {
  const added = 0.1;
  const pairs = new Float64Array(alphabetSize * alphabetSize).fill(added);
  const firsts = new Float64Array(alphabetSize).fill(added * alphabetSize);
  for (let i = 1; i < training.length; i++) {
    pairs[training[i - 1] * alphabetSize + training[i]]++;
    firsts[training[i - 1]]++;
  }
  let loss = 0;
  for (let i = start; i < heldOut.length; i++) {
    loss -= Math.log(pairs[heldOut[i - 1] * alphabetSize + heldOut[i]] / firsts[heldOut[i - 1]]);
  }
  return Math.exp(loss / (heldOut.length - start));
}

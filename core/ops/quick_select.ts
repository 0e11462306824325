/**
 * Where the k-th smallest element of a row is, as PyTorch finds it: with a pivot of three, until the part of the row that holds it has one element. Which of
 * several equal elements that is depends on every step.
 *
 * @module
 */
import { type DType, type HostArray, hostArray, readElement, writeElement } from "../dtype.ts";

/** A copy of a row, whose elements move, and the places where they were. */
class Row {
  readonly places: Int32Array;

  constructor(readonly elements: Float64Array | BigInt64Array) {
    this.places = new Int32Array(elements.length);
  }

  /** NaN is above everything else. */
  above(i: number, j: number): boolean {
    const a = this.elements[i], b = this.elements[j];
    return a > b || (a !== a && b === b);
  }

  swap(i: number, j: number): void {
    const { elements, places } = this, element = elements[i], place = places[i];
    elements[i] = elements[j];
    elements[j] = element;
    places[i] = places[j];
    places[j] = place;
  }

  /** Brings the k-th smallest element to its place. */
  select(k: number): void {
    let left = 0, right = this.elements.length - 1;
    while (right > left + 1) {
      this.swap(left + ((right - left) >> 1), left + 1);
      if (this.above(left + 1, right)) this.swap(left + 1, right);
      if (this.above(left, right)) this.swap(left, right);
      if (this.above(left + 1, left)) this.swap(left + 1, left);
      let i = left + 1, j = right;
      while (true) {
        do i++; while (this.above(left, i));
        do j--; while (this.above(j, left));
        if (j < i) break;
        this.swap(i, j);
      }
      this.swap(left, j);
      if (j <= k) left = i;
      if (j >= k) right = j - 1;
    }
    if (right === left + 1 && this.above(left, right)) this.swap(left, right);
  }
}

/** The places of the k-th smallest elements, k from 0, in rows of `size`, int64. */
export function quickSelect(data: HostArray, dtype: DType, size: number, k: number): HostArray {
  const found = hostArray("int64", data.length / size);
  const row = new Row(dtype === "int64" ? new BigInt64Array(size) : new Float64Array(size));
  for (let i = 0; i < found.length; i++) {
    for (let j = 0; j < size; j++) {
      row.elements[j] = readElement(data, dtype, i * size + j);
      row.places[j] = j;
    }
    row.select(k);
    writeElement(found, "int64", i, row.places[k]);
  }
  return found;
}

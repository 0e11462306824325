/**
 * Lists that are given to operations stay their callers': what is done to them afterwards is not seen in results that are computed later.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { arange, full, manualSeed, nn, ones, rand, reshape, type Tensor, tensor } from "../../../mod.ts";
import { forEachDevice } from "../devices.ts";

const F = nn.functional, image = ones(1, 1, 6, 6), kernel = ones(1, 1, 3, 3);

/** Operations of a list. Each refuses or computes something else for the list that it becomes. */
const calls: Record<string, [list: number[], (list: number[]) => Tensor]> = {
  "ones": [[2, 3], (l) => ones(l)],
  "full": [[2, 3], (l) => full(l, 2)],
  "rand": [[2, 3], (l) => rand(l)],
  "newZeros": [[2, 3], (l) => ones(1).newZeros(l)],
  "tensor of a shape": [[2, 3], (l) => tensor(new Float32Array(6), { shape: l })],
  "reshape": [[2, 3], (l) => reshape(arange(6), l)],
  "view": [[2, 3], (l) => arange(6).view(l)],
  "permute": [[1, 0], (l) => arange(6).view(2, 3).permute(l)],
  "expand": [[2, 3], (l) => ones(1, 3).expand(l)],
  "asStrided": [[2, 3], (l) => arange(6).asStrided(l, [3, 1])],
  "sum": [[0, 1], (l) => ones(2, 3, 4).sum(l)],
  "flip": [[0, 1], (l) => arange(6).view(2, 3).flip(l)],
  "pad": [[1, 2], (l) => F.pad(ones(2, 3), l)],
  "a stride of convolution": [[1, 2], (l) => F.conv2d(image, kernel, null, { stride: l })],
  "a padding of convolution": [[1, 2], (l) => F.conv2d(image, kernel, null, { padding: l })],
  "a dilation of convolution": [[1, 2], (l) => F.conv2d(image, kernel, null, { dilation: l })],
  "a stride of transposed convolution": [
    [1, 2],
    (l) => F.convTranspose2d(image, kernel, null, { stride: l }),
  ],
  "a window": [[1, 2], (l) => F.avgPool2d(image, l)],
};

for (const [name, [list, call]] of Object.entries(calls)) {
  forEachDevice(`the list of ${name} is its caller's`, () => {
    const compute = (change: (list: number[]) => void) => {
      manualSeed(0);
      const mine = [...list], y = call(mine);
      change(mine);
      return [y.shape, y.tolist()];
    };
    assertEquals(compute((mine) => mine.splice(0, 2, 3, 0, 1)), compute(() => {}));
  });
}

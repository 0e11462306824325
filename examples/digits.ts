/**
 * A convolutional network learns to read digits: made-up pictures of 8 by 8 points, each digit at a random place, under noise.
 *
 * @module
 */
import { io, manualSeed, nn, noGrad, optim, randint, randn, type Tensor, tensor } from "@tenon/tenon";
import { functional as F } from "@tenon/tenon/nn";

class ConvNet extends nn.Module {
  conv1 = new nn.Conv2d(1, 16, 3, { padding: 1 });
  conv2 = new nn.Conv2d(16, 32, 3, { padding: 1 });
  dropout = new nn.Dropout(0.1);
  out = new nn.Linear(32 * 2 * 2, 10);

  forward(x: Tensor): Tensor {
    x = F.maxPool2d(F.relu(this.conv1(x)), 2);
    x = F.maxPool2d(F.relu(this.conv2(x)), 2);
    return this.out(this.dropout(x.flatten(1)));
  }
}

// Five rows of three points for each digit.
const glyphs = [
  "####.##.##.####",
  ".#.##..#..#.###",
  "###..#####..###",
  "###..####..####",
  "#.##.####..#..#",
  "####..###..####",
  "####..####.####",
  "###..#..#..#..#",
  "####.#####.####",
  "####.####..####",
];

/** Pictures and their digits: float32 [count, 1, 8, 8] and int64 [count]. */
function draw(count: number): [Tensor, Tensor] {
  const digits = randint(10, [count]), rows = randint(4, [count]), columns = randint(6, [count]);
  const [all, top, left] = [digits, rows, columns].map((x) => Array.from(x.toTypedArray(), Number));
  const pixels = new Float32Array(count * 64);
  all.forEach((digit, i) => {
    [...glyphs[digit]].forEach((point, k) => {
      if (point === "#") pixels[64 * i + 8 * (top[i] + Math.floor(k / 3)) + left[i] + k % 3] = 1;
    });
  });
  const clean = tensor(pixels, { shape: [count, 1, 8, 8] });
  return [clean.add(randn(count, 1, 8, 8).mul(0.2)), digits];
}

function accuracy(net: ConvNet, pictures: Tensor, digits: Tensor): number {
  net.eval();
  const right = noGrad(() => net(pictures).argmax(1).eq(digits));
  net.train();
  return right.float().mean().item();
}

manualSeed(0);
const training = draw(2000), test = draw(500);
const loader = new io.data.DataLoader(new io.data.TensorDataset(...training), {
  batchSize: 100,
  shuffle: true,
});
const net = new ConvNet();
const optimizer = new optim.Adam(net.parameters(), { lr: 1e-2 });
for (let epoch = 1; epoch <= 6; epoch++) {
  let total = 0;
  for (const [x, y] of loader) {
    optimizer.zeroGrad();
    const loss = F.crossEntropy(net(x), y);
    loss.backward();
    optimizer.step();
    total += loss.item();
  }
  const loss = total / loader.length, right = 100 * accuracy(net, ...test);
  console.log(`epoch ${epoch}: loss ${loss.toFixed(4)}, ${right.toFixed(1)}% of the test digits right`);
}

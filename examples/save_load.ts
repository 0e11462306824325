/**
 * Saving and loading: the parameters of a net, and a whole run that goes on exactly where it stopped.
 *
 * @module
 */
import { defaultGenerator, io, manualSeed, nn, optim, randn } from "@tenon/tenon";

const folder = await Deno.makeTempDir();

// Parameters alone: the file is safetensors, which Python reads too.
manualSeed(0);
const net = new nn.Sequential(new nn.Linear(4, 8), new nn.Tanh(), new nn.Linear(8, 1));
await io.save(net.stateDict(), `${folder}/net.safetensors`);
const clone = new nn.Sequential(new nn.Linear(4, 8), new nn.Tanh(), new nn.Linear(8, 1));
clone.loadStateDict(await io.load(`${folder}/net.safetensors`));
const x = randn(2, 4);
console.log("same output:", net(x).equal(clone(x)));

// A run: model, optimizer and random state in one checkpoint.
const optimizer = new optim.Adam(net.parameters(), { lr: 0.01 });
const run = { model: net, optimizer, random: defaultGenerator };

function train(steps: number): number[] {
  return Array.from({ length: steps }, () => {
    optimizer.zeroGrad();
    const input = randn(16, 4);
    const loss = net(input).sub(input.sum(1, { keepdim: true })).square().mean();
    loss.backward();
    optimizer.step();
    return loss.item();
  });
}

train(10);
await io.saveCheckpoint(`${folder}/run.safetensors`, run, { step: 10 });
const unbroken = train(10);
const { step } = await io.loadCheckpoint(`${folder}/run.safetensors`, run);
const resumed = train(10);
console.log(`resumed at step ${step}, same losses:`, unbroken.every((loss, i) => loss === resumed[i]));

await Deno.remove(folder, { recursive: true });

/**
 * Runs every program of examples/tour in order, each after `manualSeed(seed)`: the seed is 0, or what `--seed` says. PyTorch prints
 * the same after `torch.manual_seed(seed)`.
 *
 * @module
 */
import { manualSeed } from "@tenon/tenon";

/** The programs in the order of the introduction that they follow. */
export const programs: Readonly<Record<string, string>> = {
  "01_sequential": "Layers and blocks",
  "02_custom_block": "A block of one's own",
  "03_sequential_block": "A sequential block",
  "04_forward": "Code in forward",
  "05_mixed_blocks": "Mixed blocks",
  "06_parameters": "Parameters",
  "07_nested_blocks": "Nested blocks",
  "08_builtin_init": "Built-in initialisation",
  "09_parameter_replacement": "Replacing parameters",
  "10_custom_layers": "Custom layers",
};

function seedIn(args: readonly string[]): number {
  const [name, value] = args.flatMap((arg) => arg.split("="));
  if (name === undefined) return 0;
  if (name === "--seed" && value !== undefined && /^-?\d+$/.test(value)) return Number(value);
  console.error("usage: deno task tour [--seed N]");
  Deno.exit(name === "--help" ? 0 : 2);
}

if (import.meta.main) {
  const seed = seedIn(Deno.args);
  for (const [name, title] of Object.entries(programs)) {
    console.log(`\n# ${title} (examples/tour/${name}.ts)\n`);
    manualSeed(seed);
    await import(`./tour/${name}.ts`);
  }
}

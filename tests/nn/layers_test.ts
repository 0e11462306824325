/**
 * Every layer against PyTorch.
 *
 * @module
 */
import { layerCases, runLayerCase } from "./layer_cases.ts";

for (const [name, cases] of Map.groupBy(layerCases, (c) => c.name)) {
  Deno.test(`nn.${name} is PyTorch's`, () => cases.forEach(runLayerCase));
}

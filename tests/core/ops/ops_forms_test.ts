/**
 * Rarer arguments and rarer places of operations against PyTorch: values, dtypes, shapes, gradients, error sentences.
 */
import { setFusion } from "../../../core/mod.ts";
import { casesOf, errorsOf, runCases, runErrors } from "./runner.ts";

for (const fusion of [true, false]) {
  for (const [op, cases] of casesOf("ops_forms")) {
    Deno.test(`${op} as PyTorch's, fusion ${fusion ? "on" : "off"}`, () => {
      setFusion(fusion);
      try {
        runCases(cases, { device: "cpu", strided: !fusion });
      } finally {
        setFusion(true);
      }
    });
  }
}

Deno.test("calls that PyTorch refuses are refused with its sentence", () => {
  runErrors(errorsOf("ops_forms"), { device: "cpu" });
});

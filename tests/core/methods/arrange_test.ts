/** Methods that rearrange or gather elements into another shape. */
import { assertEquals } from "@std/assert";
import { tensor } from "../../../core/mod.ts";
import { forEachDevice } from "../devices.ts";

forEachDevice("sums of integers to a size are int64, unless the size is theirs and has dimensions", () => {
  const x = tensor([3, 4], { dtype: "int8" });
  assertEquals([x.sumToSize(1).dtype, x.sumToSize(2).dtype, x.sumToSize([]).dtype], [
    "int64",
    "int8",
    "int64",
  ]);
  assertEquals([x.get(0).sumToSize([]).dtype, x.get(0).sumToSize([]).item()], ["int64", 3]);
});

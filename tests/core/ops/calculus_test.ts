/** Integrals of samples by trapezoids. The numbers are PyTorch's. */
import { assertEquals, assertThrows } from "@std/assert";
import { arange, cumulativeTrapezoid, ShapeError, tensor, trapezoid, zeros } from "../../../core/mod.ts";
import { forEachDevice } from "../devices.ts";

forEachDevice("only the ends of whole numbers wrap in an integral of equal steps", () => {
  const y = tensor([8, 249, 255, 8, 1, 254], { dtype: "uint8" });
  assertEquals(trapezoid(y).item(), 772);
  assertEquals(cumulativeTrapezoid(y).tolist(), [0.5, 124.5, 128, 132.5, 260]);
});

forEachDevice("the integral of no samples is a zero of their dtype", () => {
  const y = trapezoid(zeros([0, 3], { dtype: "int64" }), { dim: 0 });
  assertEquals([y.dtype, y.tolist()], ["int64", [0, 0, 0]]);
});

forEachDevice("places of fewer dimensions than the samples go with the last ones", () => {
  const y = arange(0, 12, 1, { dtype: "float32" }).reshape([2, 2, 3]), x = tensor([[6, -2, 7]]);
  assertEquals(trapezoid(y, { x }).tolist(), [[9.5, 12.5], [15.5, 18.5]]);
  assertEquals(cumulativeTrapezoid(y, { x }).tolist(), [
    [[-4, 9.5], [-28, 12.5]],
    [[-52, 15.5], [-76, 18.5]],
  ]);
  // Of more dimensions, the places are cut along that of the samples.
  assertThrows(
    () => trapezoid(tensor([1, 2, 3]), { x: zeros([3, 3]) }),
    ShapeError,
    "The size of tensor a (2)",
  );
});

/**
 * Large powers, whose digits need a logarithm of more than single precision.
 */
import { assert } from "@std/assert";
import { pow, tensor } from "../../../core/mod.ts";
import { forEachDevice } from "../devices.ts";

forEachDevice("large powers keep their digits", () => {
  const x = [0.6154833436012268, 1.242790699005127, 0.9913572669029236, 1.3391666412353516];
  const y = [-81.38968658447266, -99.3048324584961, -1911.7684326171875, 66.30786895751953];
  const got = pow(tensor(x), tensor(y)).toTypedArray();
  x.forEach((v, i) => {
    const error = Math.abs(Number(got[i]) / Math.pow(Math.fround(v), Math.fround(y[i])) - 1);
    assert(error < 3e-7, `${v}^${y[i]} is ${got[i]}, off by ${error}`);
  });
});

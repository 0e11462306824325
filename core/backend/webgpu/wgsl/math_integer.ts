/**
 * WGSL for integers: wrapping to a width, exact division, powers, shifts, and exact float remainders (which are integer work).
 *
 * @module
 */

/** Function sources by name. */
export const integerMath: Readonly<Record<string, string>> = {
  wrap_i8: `fn wrap_i8(x: i32) -> i32 { return (x << 24u) >> 24u; }`,
  wrap_i16: `fn wrap_i16(x: i32) -> i32 { return (x << 16u) >> 16u; }`,
  wrap_u8: `fn wrap_u8(x: i32) -> i32 { return x & 255; }`,
  // Truncates as x86 does: what does not fit 32 bits, NaN included, is the lowest integer. By the exponent, as WGSL need not know NaN.
  float_to_int: `fn float_to_int(x: f32) -> i32 {
  let large = ((bitcast<u32>(x) >> 23u) & 255u) >= 158u;
  return select(i32(select(x, 0.0, large)), i32(-2147483648), large);
}`,
  int_quotient: `fn int_quotient(a: i32, b: i32) -> i32 {
  if (b == 0) { return 0; }
  if (b == -1) { return bitcast<i32>(0u - bitcast<u32>(a)); }
  return a / b;
}`,
  int_fmod: `fn int_fmod(a: i32, b: i32) -> i32 {
  if (b == 0 || b == -1) { return 0; }
  return a - (a / b) * b;
}`,
  int_remainder: `fn int_remainder(a: i32, b: i32) -> i32 {
  let r = int_fmod(a, b);
  return select(r, r + b, r != 0 && (r < 0) != (b < 0));
}`,
  int_floor_divide: `fn int_floor_divide(a: i32, b: i32) -> i32 {
  let r = int_fmod(a, b);
  let q = int_quotient(a, b);
  return select(q, q - 1, r != 0 && (r < 0) != (b < 0));
}`,
  int_pow: `fn int_pow(base: i32, exponent: i32) -> i32 {
  if (exponent < 0) {
    if (base == 1) { return 1; }
    if (base == -1) { return select(-1, 1, (exponent & 1) == 0); }
    return 0;
  }
  var b = bitcast<u32>(base);
  var e = u32(exponent);
  var r = 1u;
  while (e != 0u) {
    if ((e & 1u) == 1u) { r = r * b; }
    b = b * b;
    e = e >> 1u;
  }
  return bitcast<i32>(r);
}`,
  int_shl:
    `fn int_shl(a: i32, s: i32, width: i32) -> i32 { return select(a << u32(s & 31), 0, s < 0 || s >= width); }`,
  int_shr: `fn int_shr(a: i32, s: i32, width: i32) -> i32 {
  return select(a >> u32(s & 31), select(0, -1, a < 0), s < 0 || s >= width);
}`,
  int_ushr: `fn int_ushr(a: i32, s: i32) -> i32 {
  return select(bitcast<i32>(bitcast<u32>(a) >> u32(s & 31)), 0, s < 0 || s >= 32);
}`,
  // Exact for every quotient: long division of the mantissas, eight bits at a time.
  float_fmod: `fn float_fmod(x: f32, y: f32) -> f32 {
  let bx = bitcast<u32>(x) & 0x7fffffffu;
  let by = bitcast<u32>(y) & 0x7fffffffu;
  if (bx >= 0x7f800000u || by == 0u || by > 0x7f800000u) { return from_bits(0x7fc00000u); }
  if (bx < by) { return x; }
  var ex = i32(bx >> 23u);
  var ey = i32(by >> 23u);
  var mx = bx & 0x7fffffu;
  var my = by & 0x7fffffu;
  if (ex == 0) { ex = 1; } else { mx |= 0x800000u; }
  if (ey == 0) { ey = 1; } else { my |= 0x800000u; }
  var d = ex - ey;
  mx = mx % my;
  while (d > 0 && mx != 0u) {
    let step = min(d, 8);
    mx = (mx << u32(step)) % my;
    d -= step;
  }
  if (mx == 0u) { return copysign(0.0, x); }
  let lift = min(i32(countLeadingZeros(mx)) - 8, ey - 1);
  mx = mx << u32(lift);
  ey -= lift;
  let normal = (mx & 0x800000u) != 0u;
  let bits = select(mx, (mx & 0x7fffffu) | (u32(ey) << 23u), normal);
  return copysign(bitcast<f32>(bits), x);
}`,
  float_remainder: `fn float_remainder(x: f32, y: f32) -> f32 {
  let r = float_fmod(x, y);
  if (is_nan(r) || r == 0.0) { return r; }
  return select(r, r + y, (r < 0.0) != (y < 0.0));
}`,
  // The floor of the exact quotient, as PyTorch and Python: 1 // 0.1 is 9.
  float_floor_divide: `fn float_floor_divide(a: f32, b: f32) -> f32 {
  if (is_nan(b)) { return b; }
  if (b == 0.0) { return over_zero(copysign(1.0, b) * a); }
  let r = float_fmod(a, b);
  if (is_nan(r)) { return r; }
  var q = (a - r) / b;
  if (r != 0.0 && (r < 0.0) != (b < 0.0)) { q -= 1.0; }
  if (q == 0.0) { return copysign(0.0, a / b); }
  let f = floor(q);
  return select(f, f + 1.0, q - f > 0.5);
}`,
  nextafter_float: `fn nextafter_float(x: f32, y: f32) -> f32 {
  if (is_nan(x)) { return x; }
  if (is_nan(y)) { return y; }
  let bx = bitcast<u32>(x);
  let by = bitcast<u32>(y);
  let ax = bx & 0x7fffffffu;
  if (ax == 0u && (by & 0x7fffffffu) == 0u || bx == by) { return y; }
  if (ax == 0u) { return from_bits((by & 0x80000000u) | 1u); }
  let kx = select(i32(ax), -i32(ax), bx > 0x7fffffffu);
  let ky = select(i32(by & 0x7fffffffu), -i32(by & 0x7fffffffu), by > 0x7fffffffu);
  return from_bits(select(bx - 1u, bx + 1u, (ky > kx) == (kx > 0)));
}`,
};

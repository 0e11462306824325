/**
 * WGSL for float32: bit tests, rounding to narrower types, exponentials, logarithms and the hyperbolic functions. Built-in exp, log and their
 * kin differ by many units in the last place between devices, so they are written out here from range reduction and polynomials (Cephes).
 *
 * Two traps. Shader compilers may assume that there is no NaN, so NaN is tested in the bits. They may also simplify `(a + b) - a`, so
 * nothing here leans on compensated sums; where a value is split in two, the split is by masking bits.
 *
 * @module
 */

/** Function sources by name. */
export const basicMath: Readonly<Record<string, string>> = {
  is_nan: `fn is_nan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }`,
  is_inf: `fn is_inf(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) == 0x7f800000u; }`,
  // Through a variable: a constant expression with a NaN or an infinity is refused by WGSL.
  from_bits: `fn from_bits(bits: u32) -> f32 { var v = bits; return bitcast<f32>(v); }`,
  // By a choice: where magnitude and sign are joined as bits, Mesa's compiler joins other bits, in some kernels.
  copysign: `fn copysign(x: f32, s: f32) -> f32 {
  let bits = bitcast<u32>(x) & 0x7fffffffu;
  return bitcast<f32>(select(bits, bits | 0x80000000u, bitcast<i32>(s) < 0));
}`,
  // Drivers take x * 0, 0 / x, x - x and x / x for 0 and 1 without looking at x, and some make 0 of x / 0 where they see the 0.
  is_finite: `fn is_finite(x: f32) -> bool { return (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u; }`,
  times_zero:
    `fn times_zero(x: f32) -> f32 { return select(from_bits(0x7fc00000u), copysign(0.0, x), is_finite(x)); }`,
  times_minus_zero: `fn times_minus_zero(x: f32) -> f32 {
  return select(from_bits(0x7fc00000u), copysign(0.0, bitcast<f32>(bitcast<u32>(x) ^ 0x80000000u)), is_finite(x));
}`,
  minus_itself:
    `fn minus_itself(x: f32) -> f32 { return select(from_bits(0x7fc00000u), 0.0, is_finite(x)); }`,
  over_zero: `fn over_zero(x: f32) -> f32 {
  return select(copysign(from_bits(0x7f800000u), x), from_bits(0x7fc00000u), is_nan(x) || x == 0.0);
}`,
  over_minus_zero:
    `fn over_minus_zero(x: f32) -> f32 { return over_zero(bitcast<f32>(bitcast<u32>(x) ^ 0x80000000u)); }`,
  zero_over: `fn zero_over(x: f32) -> f32 {
  return select(copysign(0.0, x), from_bits(0x7fc00000u), is_nan(x) || x == 0.0);
}`,
  minus_zero_over:
    `fn minus_zero_over(x: f32) -> f32 { return zero_over(bitcast<f32>(bitcast<u32>(x) ^ 0x80000000u)); }`,
  over_itself: `fn over_itself(x: f32) -> f32 {
  return select(from_bits(0x7fc00000u), 1.0, is_finite(x) && (bitcast<u32>(x) & 0x7fffffffu) != 0u);
}`,
  // Rounds to the nearest float16, ties to even, and gives it as float32.
  round_f16: `fn round_f16(x: f32) -> f32 {
  let bits = bitcast<u32>(x);
  let a = bits & 0x7fffffffu;
  if (a >= 0x7f800000u) { return x; }
  if (a >= 0x477ff000u) { return from_bits((bits & 0x80000000u) | 0x7f800000u); }
  if (a < 0x38800000u) {
    let units = round(abs(x) * 16777216.0);
    return copysign(units * 5.9604644775390625e-8, x);
  }
  return bitcast<f32>((bits + 0xfffu + ((bits >> 13u) & 1u)) & 0xffffe000u);
}`,
  // Rounds to the nearest bfloat16, ties to even, and gives it as float32.
  round_bf16: `fn round_bf16(x: f32) -> f32 {
  let bits = bitcast<u32>(x);
  if ((bits & 0x7fffffffu) > 0x7f800000u) { return bitcast<f32>((bits | 0x400000u) & 0xffff0000u); }
  return bitcast<f32>((bits + 0x7fffu + ((bits >> 16u) & 1u)) & 0xffff0000u);
}`,
  float_sign: `fn float_sign(x: f32) -> f32 {
  if (is_nan(x)) { return x; }
  return select(select(x, -1.0, x < 0.0), 1.0, x > 0.0);
}`,
  eq_float: `fn eq_float(a: f32, b: f32) -> bool { return (a == b) & !is_nan(a) & !is_nan(b); }`,
  ne_float: `fn ne_float(a: f32, b: f32) -> bool { return !eq_float(a, b); }`,
  lt_float: `fn lt_float(a: f32, b: f32) -> bool { return (a < b) & !is_nan(a) & !is_nan(b); }`,
  le_float: `fn le_float(a: f32, b: f32) -> bool { return (a <= b) & !is_nan(a) & !is_nan(b); }`,
  max_float: `fn max_float(a: f32, b: f32) -> f32 {
  return select(select(select(b, a, a > b), b, is_nan(b)), a, is_nan(a));
}`,
  min_float: `fn min_float(a: f32, b: f32) -> f32 {
  return select(select(select(b, a, a < b), b, is_nan(b)), a, is_nan(a));
}`,
  // WGSL lets division be off by 2.5 units in the last place: one step of Newton makes x / x equal 1 again.
  divide_exact: `fn divide_exact(a: f32, b: f32) -> f32 {
  let q = a / b;
  let c = fma(fma(-q, b, a), 1.0 / b, q);
  return select(q, c, !is_nan(c) && !is_inf(c) && !is_inf(b));
}`,
  sqrt_exact: `fn sqrt_exact(x: f32) -> f32 {
  let s = sqrt(x);
  let c = fma(fma(-s, s, x), 0.5 / s, s);
  return select(s, c, !is_nan(c) && !is_inf(c));
}`,
  square_root: `fn square_root(x: f32) -> f32 {
  if (bitcast<u32>(x) > 0x80000000u && !is_nan(x)) { return from_bits(0x7fc00000u); }
  return sqrt(x);
}`,
  // 2^n for -126 <= n <= 127.
  pow2i: `fn pow2i(n: i32) -> f32 { return bitcast<f32>((n + 127) << 23u); }`,
  // x * 2^n in two steps, so that neither factor overflows before the product does.
  scale2: `fn scale2(x: f32, n: i32) -> f32 {
  let h = n >> 1u;
  return x * pow2i(h) * pow2i(n - h);
}`,
  // -n by its sign bit: written so, a compiler cannot add up the two parts of a constant that n is multiplied by.
  opposite: `fn opposite(n: f32) -> f32 { return bitcast<f32>(bitcast<u32>(n) ^ 0x80000000u); }`,
  // exp(r) - 1 for |r| <= ln(2) / 2.
  expm1_poly: `fn expm1_poly(r: f32) -> f32 {
  var p = fma(1.9875691500e-4, r, 1.3981999507e-3);
  p = fma(p, r, 8.3334519073e-3);
  p = fma(p, r, 4.1665795894e-2);
  p = fma(p, r, 1.6666665459e-1);
  p = fma(p, r, 5.0000001201e-1);
  return fma(p, r * r, r);
}`,
  // exp(x) * 2^k
  exp_scaled: `fn exp_scaled(x: f32, k: i32) -> f32 {
  let c = clamp(x, -104.0, 90.0);
  let n = round(c * 1.44269504088896341);
  let r = fma(n, 2.12194440e-4, fma(opposite(n), 0.693359375, c));
  let y = scale2(1.0 + expm1_poly(r), i32(n) + k);
  return select(y, x, is_nan(x));
}`,
  exp_float: `fn exp_float(x: f32) -> f32 { return exp_scaled(x, 0); }`,
  exp2_float: `fn exp2_float(x: f32) -> f32 {
  let c = clamp(x, -151.0, 129.0);
  let n = round(c);
  let y = scale2(1.0 + expm1_poly((c - n) * 0.69314718055994531), i32(n));
  return select(y, x, is_nan(x));
}`,
  expm1_float: `fn expm1_float(x: f32) -> f32 {
  if (is_nan(x) || x == 0.0) { return x; }
  if (x > 88.0) { return exp_float(x); }
  let c = max(x, -30.0);
  let n = round(c * 1.44269504088896341);
  let r = fma(n, 2.12194440e-4, fma(opposite(n), 0.693359375, c));
  let t = pow2i(i32(n));
  return fma(t, expm1_poly(r), t - 1.0);
}`,
  // log(1 + f) for sqrt(1/2) - 1 <= f <= sqrt(2) - 1, e ln(2) added in two parts.
  log1p_poly: `fn log1p_poly(f: f32, e: f32) -> f32 {
  let z = f * f;
  var p = fma(7.0376836292e-2, f, -1.1514610310e-1);
  p = fma(p, f, 1.1676998740e-1);
  p = fma(p, f, -1.2420140846e-1);
  p = fma(p, f, 1.4249322787e-1);
  p = fma(p, f, -1.6668057665e-1);
  p = fma(p, f, 2.0000714765e-1);
  p = fma(p, f, -2.4999993993e-1);
  p = fma(p, f, 3.3333331174e-1);
  let y = fma(-0.5, z, fma(e, -2.12194440e-4, p * f * z));
  return fma(e, 0.693359375, f + y);
}`,
  // x = (1 + f) 2^e with f in the range of log1p_poly, as (f, e). x is positive and finite.
  log_split: `fn log_split(x: f32) -> vec2f {
  let tiny = x < 1.17549435e-38;
  let bits = bitcast<u32>(select(x, x * 8388608.0, tiny));
  var e = f32(i32(bits >> 23u) - 126) - select(0.0, 23.0, tiny);
  var m = bitcast<f32>((bits & 0x007fffffu) | 0x3f000000u);
  if (m < 0.707106781186547524) { e -= 1.0; m = m + m; }
  return vec2f(m - 1.0, e);
}`,
  // What log gives outside the positive finite numbers; otherwise y.
  log_edges: `fn log_edges(x: f32, y: f32) -> f32 {
  if (is_nan(x)) { return x; }
  if (x == 0.0) { return from_bits(0xff800000u); }
  if (x < 0.0) { return from_bits(0x7fc00000u); }
  return select(y, x, is_inf(x));
}`,
  log_float: `fn log_float(x: f32) -> f32 {
  let s = log_split(x);
  return log_edges(x, log1p_poly(s.x, s.y));
}`,
  log2_float: `fn log2_float(x: f32) -> f32 {
  let s = log_split(x);
  let y = log1p_poly(s.x, 0.0);
  return log_edges(x, fma(y, 0.44269504088896341, y) + s.y);
}`,
  log10_float: `fn log10_float(x: f32) -> f32 {
  let s = log_split(x);
  let y = log1p_poly(s.x, 0.0);
  return log_edges(x, fma(s.y, 0.30078125, fma(s.y, 2.48745663981195e-4, y * 0.43429448190325182)));
}`,
  log1p_float: `fn log1p_float(x: f32) -> f32 {
  if (x > -0.2928 && x < 0.4142) { return select(log1p_poly(x, 0.0), x, x == 0.0); }
  return log_float(1.0 + x);
}`,
  tanh_float: `fn tanh_float(x: f32) -> f32 {
  let a = abs(x);
  let z = x * x;
  var p = fma(-5.70498872745e-3, z, 2.06390887954e-2);
  p = fma(p, z, -5.37397155531e-2);
  p = fma(p, z, 1.33314422036e-1);
  p = fma(p, z, -3.33332819422e-1);
  let small = fma(p * z, x, x);
  let large = copysign(1.0 - 2.0 / (exp_scaled(min(a, 10.0) * 2.0, 0) + 1.0), x);
  return select(select(large, small, a < 0.625), x, is_nan(x) || x == 0.0);
}`,
  sigmoid_float: `fn sigmoid_float(x: f32) -> f32 {
  let e = exp_float(-abs(x));
  return select(e, 1.0, x >= 0.0) / (1.0 + e);
}`,
  sinh_float: `fn sinh_float(x: f32) -> f32 {
  let a = abs(x);
  if (a < 1.0) {
    let z = x * x;
    var p = fma(2.03721912945e-4, z, 8.33028376239e-3);
    p = fma(p, z, 1.66667160211e-1);
    return select(fma(p * z, x, x), x, x == 0.0);
  }
  let e = exp_scaled(a, -1);
  return select(copysign(e - 0.25 / e, x), x, is_nan(x));
}`,
  cosh_float: `fn cosh_float(x: f32) -> f32 {
  let e = exp_scaled(abs(x), -1);
  return e + 0.25 / e;
}`,
  asinh_float: `fn asinh_float(x: f32) -> f32 {
  let a = abs(x);
  if (is_nan(x) || is_inf(x) || x == 0.0) { return x; }
  if (a > 1e9) { return copysign(log_float(a) + 0.69314718055994531, x); }
  return copysign(log1p_float(a + a * a / (1.0 + sqrt(a * a + 1.0))), x);
}`,
  acosh_float: `fn acosh_float(x: f32) -> f32 {
  if (is_nan(x)) { return x; }
  if (x < 1.0) { return from_bits(0x7fc00000u); }
  if (x > 1e9) { return log_float(x) + 0.69314718055994531; }
  let t = x - 1.0;
  return log1p_float(t + sqrt(2.0 * t + t * t));
}`,
  atanh_float: `fn atanh_float(x: f32) -> f32 {
  let a = abs(x);
  if (is_nan(x) || x == 0.0) { return x; }
  if (a > 1.0) { return from_bits(0x7fc00000u); }
  if (a == 1.0) { return copysign(from_bits(0x7f800000u), x); }
  return copysign(0.5 * log1p_float(2.0 * a / (1.0 - a)), x);
}`,
};

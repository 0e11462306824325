/**
 * WGSL for float32: trigonometry with exact range reduction, powers, error functions and gamma functions.
 *
 * @module
 */

/** Function sources by name. */
export const specialMath: Readonly<Record<string, string>> = {
  // x = (4 k + q) pi/2 + r with |r| <= pi/4, as (r, q). Beyond 12,800 the quotient is worked out in integers from 2/pi (Payne and Hanek); up to
  // there n has 13 bits and the parts of pi/2 at most 11 each, so that their products are exact on hardware that rounds them, too.
  trig_reduce: `fn trig_reduce(x: f32) -> vec2f {
  if (abs(x) < 12800.0) {
    let n = round(x * 0.63661977236758134);
    let m = opposite(n);
    var r = fma(m, 1.5703125, x);
    r = fma(n, -4.837512969970703125e-4, r);
    r = fma(m, 7.549533620476723e-8, r);
    r = fma(n, -2.5632829192545614e-12, r);
    r = fma(m, 6.123233995736766e-17, r);
    return vec2f(r, f32(i32(n) & 3));
  }
  return trig_reduce_large(x);
}`,
  trig_reduce_large: `fn trig_reduce_large(x: f32) -> vec2f {
  let bits = bitcast<u32>(x);
  if ((bits & 0x7fffffffu) >= 0x7f800000u) { return vec2f(from_bits(0x7fc00000u), 0.0); }
  var two_over_pi = array<u32, 8>(0u, 0xa2f9836eu, 0x4e441529u, 0xfc2757d1u, 0xf534ddc0u, 0xdb629599u, 0x3c439041u, 0xfe5163abu);
  let e = i32((bits >> 23u) & 255u) - 150 + 32;
  let m = (bits & 0x7fffffu) | 0x800000u;
  // The three words of 2/pi that meet the bits of m below the weight 4.
  let word = u32(e - 2) / 32u;
  let s = u32(e - 2) % 32u;
  var w: array<u32, 3>;
  for (var i = 0u; i < 3u; i++) {
    let hi = two_over_pi[min(word + i, 7u)];
    let lo = two_over_pi[min(word + i + 1u, 7u)];
    w[i] = select((hi << s) | (lo >> ((32u - s) & 31u)), hi, s == 0u);
  }
  // fraction = m * w / 4, the top two bits being the quadrant.
  let p2 = high_product(m, w[2]);
  let p1l = m * w[1];
  let mid = p1l + p2;
  let p1h = high_product(m, w[1]) + select(0u, 1u, mid < p2);
  let top = m * w[0] + p1h;
  var q = top >> 30u;
  var f = (top << 2u) | (mid >> 30u);
  let g = mid << 2u;
  var negative = false;
  if (f >= 0x80000000u) { q += 1u; negative = true; f = ~f; }
  let rest = select(g, ~g, negative);
  var r = (f32(f) + f32(rest) * 2.3283064365386963e-10) * 3.6572951981070885e-10;
  if (negative) { r = -r; }
  if (bits >= 0x80000000u) { r = -r; q = 4u - (q & 3u); }
  return vec2f(r, f32(q & 3u));
}`,
  high_product: `fn high_product(a: u32, b: u32) -> u32 {
  let al = a & 0xffffu; let ah = a >> 16u;
  let bl = b & 0xffffu; let bh = b >> 16u;
  let mid = ah * bl + ((al * bl) >> 16u);
  return ah * bh + (mid >> 16u) + (((mid & 0xffffu) + al * bh) >> 16u);
}`,
  sin_poly: `fn sin_poly(r: f32) -> f32 {
  let z = r * r;
  var p = fma(-1.9515295891e-4, z, 8.3321608736e-3);
  p = fma(p, z, -1.6666654611e-1);
  return fma(p * z, r, r);
}`,
  cos_poly: `fn cos_poly(r: f32) -> f32 {
  let z = r * r;
  var p = fma(2.443315711809948e-5, z, -1.388731625493765e-3);
  p = fma(p, z, 4.166664568298827e-2);
  return fma(p * z, z, fma(-0.5, z, 1.0));
}`,
  sin_float: `fn sin_float(x: f32) -> f32 {
  if (is_nan(x) || x == 0.0) { return x; }
  let t = trig_reduce(x);
  let q = i32(t.y);
  let y = select(sin_poly(t.x), cos_poly(t.x), (q & 1) == 1);
  return select(y, -y, q >= 2);
}`,
  cos_float: `fn cos_float(x: f32) -> f32 {
  if (is_nan(x)) { return x; }
  let t = trig_reduce(x);
  let q = i32(t.y);
  let y = select(cos_poly(t.x), sin_poly(t.x), (q & 1) == 1);
  return select(y, -y, q == 1 || q == 2);
}`,
  tan_float: `fn tan_float(x: f32) -> f32 {
  if (is_nan(x) || x == 0.0) { return x; }
  let t = trig_reduce(x);
  let z = t.x * t.x;
  var p = fma(9.38540185543e-3, z, 3.11992232697e-3);
  p = fma(p, z, 2.44301354525e-2);
  p = fma(p, z, 5.34112807005e-2);
  p = fma(p, z, 1.33387994085e-1);
  p = fma(p, z, 3.33331568548e-1);
  let y = fma(p * z, t.x, t.x);
  return select(y, -1.0 / y, (i32(t.y) & 1) == 1);
}`,
  // asin(s) where z = s * s and 0 <= s <= 1/2.
  asin_poly: `fn asin_poly(s: f32, z: f32) -> f32 {
  var p = fma(4.2163199048e-2, z, 2.4181311049e-2);
  p = fma(p, z, 4.5470025998e-2);
  p = fma(p, z, 7.4953002686e-2);
  p = fma(p, z, 1.6666752422e-1);
  return fma(p * z, s, s);
}`,
  asin_float: `fn asin_float(x: f32) -> f32 {
  let a = abs(x);
  if (is_nan(x) || x == 0.0) { return x; }
  if (a > 1.0) { return from_bits(0x7fc00000u); }
  if (a <= 0.5) { return asin_poly(x, x * x); }
  let z = 0.5 * (1.0 - a);
  return copysign(1.57079632679489662 - 2.0 * asin_poly(sqrt(z), z), x);
}`,
  acos_float: `fn acos_float(x: f32) -> f32 {
  let a = abs(x);
  if (is_nan(x)) { return x; }
  if (a > 1.0) { return from_bits(0x7fc00000u); }
  if (a <= 0.5) { return 1.57079632679489662 - asin_poly(x, x * x); }
  let z = 0.5 * (1.0 - a);
  let y = 2.0 * asin_poly(sqrt(z), z);
  return select(y, 3.14159265358979324 - y, x < 0.0);
}`,
  atan_float: `fn atan_float(x: f32) -> f32 {
  if (is_nan(x) || x == 0.0) { return x; }
  let a = abs(x);
  var base = 0.0;
  var t = a;
  if (a > 2.414213562373095) { base = 1.57079632679489662; t = -1.0 / a; }
  else if (a > 0.4142135623730950) { base = 0.78539816339744831; t = (a - 1.0) / (a + 1.0); }
  let z = t * t;
  var p = fma(8.05374449538e-2, z, -1.38776856032e-1);
  p = fma(p, z, 1.99777106478e-1);
  p = fma(p, z, -3.33329491539e-1);
  return copysign(base + fma(p * z, t, t), x);
}`,
  atan2_float: `fn atan2_float(y: f32, x: f32) -> f32 {
  if (is_nan(x)) { return x; }
  if (is_nan(y)) { return y; }
  let behind = bitcast<u32>(x) > 0x7fffffffu;
  if (y == 0.0) { return copysign(select(0.0, 3.14159265358979324, behind), y); }
  if (is_inf(x) && is_inf(y)) { return copysign(select(0.78539816339744831, 2.35619449019234493, behind), y); }
  let ax = abs(x);
  let ay = abs(y);
  if (is_inf(x) || ax > 1e12 * ay) {
    return copysign(select(ay / ax, 3.14159265358979324, behind), y);
  }
  if (is_inf(y) || ay > 1e12 * ax) { return copysign(1.57079632679489662, y); }
  let a = select(atan_float(ay / ax), 1.57079632679489662 - atan_float(ax / ay), ay > ax);
  return copysign(select(a, 3.14159265358979324 - a, behind), y);
}`,
  hypot_float: `fn hypot_float(x: f32, y: f32) -> f32 {
  if (is_inf(x) || is_inf(y)) { return from_bits(0x7f800000u); }
  if (is_nan(x)) { return x; }
  if (is_nan(y)) { return y; }
  let m = max(abs(x), abs(y));
  if (m == 0.0) { return 0.0; }
  let e = clamp(i32(bitcast<u32>(m) >> 23u) - 127, -125, 125);
  let s = pow2i(-e);
  let a = x * s;
  let b = y * s;
  return sqrt(fma(a, a, b * b)) * pow2i(e);
}`,
  // The value without its low 12 bits, so that products of two such are exact.
  head: `fn head(x: f32) -> f32 { return bitcast<f32>(bitcast<u32>(x) & 0xfffff000u); }`,
  // After fdlibm's e_powf.c: log2(x) in two parts, times y, then 2 to that.
  pow_positive: `fn pow_positive(x: f32, y: f32) -> f32 {
  let tiny = x < 1.17549435e-38;
  let bits = bitcast<u32>(select(x, x * 16777216.0, tiny));
  var n = i32(bits >> 23u) - 127 - select(0, 24, tiny);
  let j = bits & 0x007fffffu;
  var near_one_and_half = false;
  var m = bitcast<f32>(j | 0x3f800000u);
  if (j > 0x1cc471u && j < 0x5db3d7u) { near_one_and_half = true; }
  else if (j >= 0x5db3d7u) { n += 1; m = bitcast<f32>((j | 0x3f800000u) - 0x00800000u); }
  let bp = select(1.0, 1.5, near_one_and_half);
  let u = m - bp;
  let v = 1.0 / (m + bp);
  let s = u * v;
  let s_h = head(s);
  let top = ((bitcast<u32>(m) >> 1u) & 0xfffff000u) | 0x20000000u;
  let t_h = bitcast<f32>(top + 0x00400000u + select(0u, 0x200000u, near_one_and_half));
  let t_l = m - (t_h - bp);
  let s_l = v * ((u - s_h * t_h) - s_h * t_l);
  let z = s * s;
  var r = fma(2.0697501302e-01, z, 2.3066075146e-01);
  r = fma(r, z, 2.7272811532e-01);
  r = fma(r, z, 3.3333334327e-01);
  r = fma(r, z, 4.2857143283e-01);
  r = fma(r, z, 6.0000002384e-01);
  r = z * z * r + s_l * (s_h + s);
  let q = s_h * s_h;
  let a_h = head(3.0 + q + r);
  let a_l = r - ((a_h - 3.0) - q);
  let c_h = s_h * a_h;
  let c_l = s_l * a_h + a_l * s;
  let p_h = head(c_h + c_l);
  let p_l = c_l - (p_h - c_h);
  let z_h = 9.6191406250e-01 * p_h;
  let z_l = -1.1736857402e-04 * p_h + p_l * 9.6179670095e-01 + select(0.0, 1.56322085e-06, near_one_and_half);
  let d_h = select(0.0, 5.84960938e-01, near_one_and_half);
  let t = f32(n);
  let l_h = head(((z_h + z_l) + d_h) + t);
  let l_l = z_l - (((l_h - t) - d_h) - z_h);
  // y log2(x) in two parts.
  let y_h = head(y);
  let w_l = (y - y_h) * l_h + y * l_l;
  let w_h = y_h * l_h;
  let w = w_h + w_l;
  if (w > 128.5) { return from_bits(0x7f800000u); }
  if (w < -151.0) { return 0.0; }
  let k = round(w);
  let f = (w_h - k) + w_l;
  return scale2(1.0 + expm1_poly(f * 0.69314718055994531), i32(k));
}`,
  pow_float: `fn pow_float(x: f32, y: f32) -> f32 {
  if (y == 0.0 || bitcast<u32>(x) == 0x3f800000u) { return 1.0; }
  if (is_nan(x)) { return x; }
  if (is_nan(y)) { return y; }
  let ax = abs(x);
  let whole = abs(y) >= 8388608.0 || trunc(y) == y;
  let odd = whole && abs(y) < 16777216.0 && (i32(y) & 1) == 1;
  let negative = bitcast<u32>(x) > 0x7fffffffu;
  var r = 0.0;
  if (is_inf(y)) {
    if (ax == 1.0) { return 1.0; }
    return select(0.0, from_bits(0x7f800000u), (ax > 1.0) == (y > 0.0));
  }
  if (ax == 0.0 || is_inf(x)) { r = select(0.0, from_bits(0x7f800000u), (ax == 0.0) != (y > 0.0)); }
  else if (negative && !whole) { return from_bits(0x7fc00000u); }
  else if (y == 1.0) { r = ax; }
  else if (y == 2.0) { r = ax * ax; }
  else if (y == -1.0) { r = 1.0 / ax; }
  else { r = pow_positive(ax, clamp(y, -4e9, 4e9)); }
  return select(r, -r, negative && odd);
}`,
  // exp(-a * a), the square in two parts.
  exp_minus_square: `fn exp_minus_square(a: f32) -> f32 {
  let h = head(a);
  return exp_float(-h * h) * exp_float((h - a) * (h + a));
}`,
  erf_small: `fn erf_small(x: f32) -> f32 {
  let z = x * x;
  var p = fma(7.853861353153693e-5, z, -8.010193625184903e-4);
  p = fma(p, z, 5.188327685732524e-3);
  p = fma(p, z, -2.685381193529856e-2);
  p = fma(p, z, 1.128358514861418e-1);
  p = fma(p, z, -3.761262582423300e-1);
  return x * fma(p, z, 1.128379165726710);
}`,
  // erfc(a) for a >= 1.
  erfc_large: `fn erfc_large(a: f32) -> f32 {
  let q = 1.0 / a;
  let y = q * q;
  var p = 0.0;
  if (a < 2.0) {
    p = fma(2.326819970068386e-2, y, -1.387039388740657e-1);
    p = fma(p, y, 3.687424674597105e-1);
    p = fma(p, y, -5.824733027278666e-1);
    p = fma(p, y, 6.210004621745983e-1);
    p = fma(p, y, -4.944515323274145e-1);
    p = fma(p, y, 3.404879937665872e-1);
    p = fma(p, y, -2.741127028184656e-1);
    p = fma(p, y, 5.638259427386472e-1);
  } else {
    p = fma(-1.047766399936249e+1, y, 1.297719955372516e+1);
    p = fma(p, y, -7.495518717768503);
    p = fma(p, y, 2.921019019210786);
    p = fma(p, y, -1.015265279202700);
    p = fma(p, y, 4.218463358204948e-1);
    p = fma(p, y, -2.820767439740514e-1);
    p = fma(p, y, 5.641895067754075e-1);
  }
  return select(exp_minus_square(a) * q * p, 0.0, a > 11.0);
}`,
  erf_float: `fn erf_float(x: f32) -> f32 {
  let a = abs(x);
  if (is_nan(x)) { return x; }
  if (a < 1.0) { return select(erf_small(x), x, x == 0.0); }
  return copysign(1.0 - erfc_large(a), x);
}`,
  // erfc(a) for 0.45 <= a <= 1.05.
  erfc_middle: `fn erfc_middle(a: f32) -> f32 {
  let d = a - 0.75;
  var p = fma(3.7973944563418627e-3, d, -2.3393200244754553e-3);
  p = fma(p, d, -1.8417783081531525e-2);
  p = fma(p, d, 2.6875287294387817e-2);
  p = fma(p, d, 5.324193462729454e-2);
  p = fma(p, d, -1.506870537996292e-1);
  p = fma(p, d, -2.6788778603076935e-2);
  p = fma(p, d, 4.821982979774475e-1);
  p = fma(p, d, -6.429310441017151e-1);
  return fma(p, d, 2.8884437680244446e-1);
}`,
  erfc_float: `fn erfc_float(x: f32) -> f32 {
  let a = abs(x);
  if (is_nan(x)) { return x; }
  if (a < 0.5) { return 1.0 - erf_small(x); }
  let y = select(erfc_large(a), erfc_middle(a), a < 1.0);
  return select(y, 2.0 - y, x < 0.0);
}`,
  // Giles' approximation, then a step of Newton on erf(y) - x.
  erfinv_float: `fn erfinv_float(x: f32) -> f32 {
  let a = abs(x);
  if (is_nan(x) || x == 0.0) { return x; }
  if (a > 1.0) { return from_bits(0x7fc00000u); }
  if (a == 1.0) { return copysign(from_bits(0x7f800000u), x); }
  var w = -(log1p_float(-a) + log1p_float(a));
  var p = 0.0;
  if (w < 5.0) {
    w -= 2.5;
    p = fma(2.81022636e-08, w, 3.43273939e-07);
    p = fma(p, w, -3.5233877e-06);
    p = fma(p, w, -4.39150654e-06);
    p = fma(p, w, 0.00021858087);
    p = fma(p, w, -0.00125372503);
    p = fma(p, w, -0.00417768164);
    p = fma(p, w, 0.246640727);
    p = fma(p, w, 1.50140941);
  } else {
    w = sqrt(w) - 3.0;
    p = fma(-0.000200214257, w, 0.000100950558);
    p = fma(p, w, 0.00134934322);
    p = fma(p, w, -0.00367342844);
    p = fma(p, w, 0.00573950773);
    p = fma(p, w, -0.0076224613);
    p = fma(p, w, 0.00943887047);
    p = fma(p, w, 1.00167406);
    p = fma(p, w, 2.83297682);
  }
  let y = p * a;
  let error = select((1.0 - a) - erfc_float(y), erf_float(y) - a, a < 0.5);
  return copysign(y - error * 0.88622692545275801 * exp_float(y * y), x);
}`,
  sin_pi: `fn sin_pi(x: f32) -> f32 {
  let n = round(x * 2.0);
  let r = (x - n * 0.5) * 3.14159265358979324;
  let q = i32(n - 4.0 * floor(n * 0.25));
  let y = select(sin_poly(r), cos_poly(r), (q & 1) == 1);
  return select(y, -y, q >= 2);
}`,
  // log(gamma(x)) for x >= 0.5: shifted to [1.5, 2.5] for a polynomial, or Stirling's series.
  lgamma_right: `fn lgamma_right(x: f32) -> f32 {
  if (x >= 6.5) {
    let q = 1.0 / x;
    let z = q * q;
    var p = fma(6.789774945028216e-4, z, -2.769887652139868e-3);
    p = fma(p, z, 8.333316229807355e-2);
    let l = log_float(x);
    if (x > 1e8) { return x * (l - 1.0); }
    return (x - 0.5) * l - x + 0.91893853320467274 + q * p;
  }
  var z = 1.0;
  var t = x;
  while (t > 2.5) { t -= 1.0; z *= t; }
  if (t < 1.5) { z /= t; t += 1.0; }
  let d = t - 2.0;
  var p = fma(6.055172732649237e-4, d, -1.311620815545743e-3);
  p = fma(p, d, 2.863437556468661e-3);
  p = fma(p, d, -7.366775108654962e-3);
  p = fma(p, d, 2.058355474821512e-2);
  p = fma(p, d, -6.735323259371034e-2);
  p = fma(p, d, 3.224669577325661e-1);
  p = fma(p, d, 4.227843421859038e-1);
  let l = select(log_float(z), -log1p_float(x - 1.0), x < 1.5);
  return fma(p, d, l);
}`,
  lgamma_float: `fn lgamma_float(x: f32) -> f32 {
  if (is_nan(x)) { return x; }
  if (is_inf(x)) { return from_bits(0x7f800000u); }
  if (x >= 0.5) { return lgamma_right(x); }
  if (x == floor(x)) { return from_bits(0x7f800000u); }
  if (abs(x) < 1e-4) { return fma(-0.57721566490153286, x, -log_float(abs(x))); }
  return log_float(3.14159265358979324 / abs(sin_pi(x))) - lgamma_right(1.0 - x);
}`,
  digamma_right: `fn digamma_right(x: f32) -> f32 {
  var t = x;
  var s = 0.0;
  while (t < 10.0) { s += 1.0 / t; t += 1.0; }
  let z = 1.0 / (t * t);
  var p = fma(-4.16666666666666666667e-3, z, 3.96825396825396825397e-3);
  p = fma(p, z, -8.33333333333333333333e-3);
  p = fma(p, z, 8.33333333333333333333e-2);
  return log_float(t) - 0.5 / t - p * z - s;
}`,
  digamma_float: `fn digamma_float(x: f32) -> f32 {
  if (is_nan(x)) { return x; }
  if (x == 0.0) { return copysign(from_bits(0x7f800000u), -x); }
  if (is_inf(x)) { return select(x, from_bits(0x7fc00000u), x < 0.0); }
  if (x > 0.0) { return digamma_right(x); }
  if (x == floor(x)) { return from_bits(0x7fc00000u); }
  let f = x - round(x);
  return digamma_right(1.0 - x) - 3.14159265358979324 * sin_pi(f + 0.5) / sin_pi(f);
}`,
};

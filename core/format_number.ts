/**
 * Floats as text exactly as C and Python write `%.4f` and `%.4e`. JavaScript's `toFixed` and `toExponential` differ:
 * they round exact ties away from zero, lose the sign of zero, stop at 1e21 and write exponents without padding.
 *
 * @module
 */

function special(value: number): string | null {
  if (Number.isNaN(value)) return "nan";
  if (value === Infinity) return "inf";
  return value === -Infinity ? "-inf" : null;
}

/** Whether the last digit of a decimal text is odd. */
function endsOdd(digits: string): boolean {
  return digits.charCodeAt(digits.length - 1) % 2 === 1;
}

/** `magnitude` with `precision` decimals, ties to the even digit. */
function fixed(magnitude: number, precision: number): string {
  if (magnitude >= 1e21) {
    const integer = BigInt(magnitude).toString();
    return precision === 0 ? integer : `${integer}.${"0".repeat(precision)}`;
  }
  const rounded = magnitude.toFixed(precision);
  // A tie needs precision + 1 decimals exactly, so as many binary places; scaling by a power of two is exact.
  if (precision >= 100 || !endsOdd(rounded) || !Number.isInteger(magnitude * 2 ** (precision + 1))) {
    return rounded;
  }
  const exact = magnitude.toFixed(precision + 1);
  if (!exact.endsWith("5")) return rounded;
  return exact.slice(0, precision === 0 ? -2 : -1);
}

/** The text of Python's `"{:.<precision>f}".format(value)`. */
export function formatFixed(value: number, precision: number): string {
  const text = special(value);
  if (text !== null) return text;
  const negative = value < 0 || Object.is(value, -0);
  return (negative ? "-" : "") + fixed(Math.abs(value), precision);
}

/** The text of Python's `"{:.<precision>e}".format(value)`. */
export function formatScientific(value: number, precision: number): string {
  const text = special(value);
  if (text !== null) return text;
  const negative = value < 0 || Object.is(value, -0);
  const magnitude = Math.abs(value);
  let [digits, exponent] = magnitude.toExponential(precision).split("e");
  if (precision < 100 && endsOdd(digits)) {
    // More digits than any tie has: the next one is a 5 and nothing but zeros follows.
    const [exact, exactExponent] = magnitude.toExponential(100).split("e");
    const rest = exact.slice(precision === 0 ? 2 : precision + 2);
    const below = exact.slice(0, precision === 0 ? 1 : precision + 2);
    // The digits below the tie, unless they are odd: then those above it are even, also after a carry to the next power.
    if (/^50*$/.test(rest) && !endsOdd(below)) {
      digits = below;
      exponent = exactExponent;
    }
  }
  const sign = exponent[0], power = exponent.slice(1).padStart(2, "0");
  return `${negative ? "-" : ""}${digits}e${sign}${power}`;
}

/** The text of C's `%g`: six significant digits, without zeros at the end. */
export function formatGeneral(value: number): string {
  const text = special(value);
  if (text !== null) return text;
  const [digits, power] = formatScientific(value, 5).split("e");
  const exponent = Number(power);
  if (exponent >= -4 && exponent < 6) return withoutZeros(formatFixed(value, 5 - exponent));
  return `${withoutZeros(digits)}e${power}`;
}

function withoutZeros(digits: string): string {
  return digits.includes(".") ? digits.replace(/\.?0+$/, "") : digits;
}

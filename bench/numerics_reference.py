"""Values of the elementwise functions to more than double precision, from mpmath: writes numerics_reference.json beside itself for numerics.ts.

For each function two sets of inputs: `short` ones that every float dtype holds (8 significant bits), and `long` ones that fill a float64. A set is the
base64 of float64 numbers: all first arguments, all second arguments (where there are two), all results, and what rounding took from the results.
"""
import base64, json, pathlib, random, struct
from mpmath import mp, mpf
import mpmath as m

mp.prec = 200
random.seed(20240)


def log_range(low, high, sign=False):
    return lambda: (random.choice((-1, 1)) if sign else 1) * 2 ** random.uniform(low, high)


def linear(low, high):
    return lambda: random.uniform(low, high)


def mixed(*draws):
    return lambda: random.choice(draws)()


def fmod(a, b):
    q = m.floor(abs(a) / abs(b))
    r = abs(a) - q * abs(b)
    return r if a >= 0 else -r


UNARY = {
    "sqrt": (m.sqrt, log_range(-12, 14)), "rsqrt": (lambda x: 1 / m.sqrt(x), log_range(-12, 14)), "reciprocal": (lambda x: 1 / x, log_range(-12, 12, True)),
    "exp": (m.exp, mixed(linear(-10, 10), linear(-80, 80))), "exp2": (lambda x: mpf(2) ** x, mixed(linear(-12, 14), linear(-120, 120))), "expm1": (m.expm1, mixed(linear(-10, 10), log_range(-12, 0, True))),
    "log": (m.log, mixed(log_range(-12, 14), linear(0.5, 2))), "log2": (lambda x: m.log(x) / m.log(2), mixed(log_range(-12, 14), linear(0.5, 2))), "log10": (lambda x: m.log(x) / m.log(10), mixed(log_range(-12, 14), linear(0.5, 2))),
    "log1p": (m.log1p, mixed(linear(-0.9, 10), log_range(-12, -1, True))), "sin": (m.sin, mixed(linear(-4, 4), linear(-300, 300))), "cos": (m.cos, mixed(linear(-4, 4), linear(-300, 300))), "tan": (m.tan, mixed(linear(-1.5, 1.5), linear(-300, 300))),
    "asin": (m.asin, linear(-1, 1)), "acos": (m.acos, linear(-1, 1)), "atan": (m.atan, mixed(linear(-4, 4), log_range(-8, 12, True))), "sinh": (m.sinh, mixed(linear(-10, 10), log_range(-12, 0, True))), "cosh": (m.cosh, linear(-10, 10)),
    "tanh": (m.tanh, mixed(linear(-5, 5), log_range(-12, 0, True))), "asinh": (m.asinh, mixed(linear(-5, 5), log_range(-12, 12, True))), "acosh": (m.acosh, mixed(linear(1, 4), log_range(0, 12))), "atanh": (m.atanh, mixed(linear(-1, 1), log_range(-12, -1, True))),
    "sigmoid": (lambda x: 1 / (1 + m.exp(-x)), linear(-15, 15)), "erf": (m.erf, mixed(linear(-3, 3), log_range(-12, 0, True))), "erfc": (m.erfc, linear(-3, 3)), "erfinv": (m.erfinv, linear(-1, 1)), "lgamma": (lambda x: m.log(abs(m.gamma(x))), mixed(linear(0.1, 10), linear(3, 100))),
    "digamma": (m.digamma, mixed(linear(0.1, 10), linear(3, 100))),
}
BINARY = {
    "add": (lambda a, b: a + b, log_range(-8, 8, True), log_range(-8, 8, True)), "mul": (lambda a, b: a * b, log_range(-6, 7, True), log_range(-6, 7, True)), "div": (lambda a, b: a / b, log_range(-6, 7, True), log_range(-6, 7, True)),
    "pow": (lambda a, b: a ** b, log_range(-3, 3), linear(-3, 3)), "atan2": (m.atan2, log_range(-8, 8, True), log_range(-8, 8, True)), "hypot": (m.hypot, log_range(-8, 8, True), log_range(-8, 8, True)),
    "fmod": (fmod, log_range(-4, 10, True), log_range(-4, 6, True)),
}


def shorten(x):
    man, exp = m.frexp(mpf(x))
    return float(m.ldexp(m.nint(man * 256), int(exp) - 8))


def encode(numbers):
    return base64.b64encode(struct.pack(f"<{len(numbers)}d", *numbers)).decode()


def points(fn, draws, count, make):
    rows = []
    while len(rows) < count:
        args = [make(d()) for d in draws]
        # The ends of a domain, where a result is infinite, are left out.
        if fn in (m.atanh, m.erfinv) and abs(args[0]) >= 1:
            continue
        y = fn(*[mpf(a) for a in args])
        if y == 0 or not m.isfinite(y):
            continue
        high = float(y)
        rows.append((*args, high, float(y - mpf(high))))
    return encode([row[i] for i in range(len(rows[0])) for row in rows])


out = {}
for name, (fn, *draws) in {**UNARY, **BINARY}.items():
    out[name] = {"arguments": len(draws), "short": points(fn, draws, 64, shorten), "long": points(fn, draws, 64, float)}
pathlib.Path(__file__).with_name("numerics_reference.json").write_text(json.dumps(out, indent=0) + "\n")

"""Shared by the peers in Python: inputs, timing and lines of JSON as in lib.ts."""
import json, math, os, sys, time
import numpy as np

CAP = float(os.environ.get("BENCH_CAP_MS", 6000)) / 1e3
SAMPLE = float(os.environ.get("BENCH_SAMPLE_MS", 500)) / 1e3
WARM = float(os.environ.get("BENCH_WARM_MS", 300)) / 1e3


def fill(seed, shape, scale=1.0):
    n = int(np.prod(shape))
    x = (np.arange(n, dtype=np.uint64) + seed * 7919).astype(np.uint32)
    for _ in range(2):
        x = ((x ^ (x >> np.uint32(16))).astype(np.uint64) * 0x45D9F3B).astype(np.uint32)
    x = x ^ (x >> np.uint32(16))
    return ((x.astype(np.float64) / 4294967296 - 0.5) * 2 * scale).astype(np.float32).reshape(shape)


def labels(seed, n, classes):
    return np.minimum(classes - 1, np.floor((fill(seed, [n], 0.5).astype(np.float64) + 0.5) * classes)).astype(np.int64)


def measure(run):
    now = time.perf_counter
    t = now()
    check = [run()]
    first = now() - t
    if first > CAP:
        t = now()
        check.append(run())
        return first, check, [now() - t]
    start, calls = now(), 0
    while True:
        t = now()
        v = run()
        last = now() - t
        calls += 1
        if calls == 1:
            check.append(v)
        if now() - start >= WARM:
            break
    inner = max(1, math.ceil(0.002 / max(last, 1e-6)))
    samples, start = [], now()
    while True:
        t = now()
        for _ in range(inner):
            run()
        end = now()
        samples.append((end - t) / inner)
        if (end - start >= SAMPLE and len(samples) >= 5) or end - start >= CAP:
            return first, check, samples


def main(peer, setup):
    for w in sys.argv[-1].split(","):
        base = {"peer": peer, "workload": w, "unit": "ms"}
        put = lambda **kw: print(json.dumps({**base, **kw}), flush=True)
        try:
            run = setup(w)
            if run is None:
                put(metric="unsupported", value=None)
                continue
            first, check, samples = measure(run)
            put(metric="time", value=float(np.median(samples)) * 1e3, first=first * 1e3, check=[float(c) for c in check])
        except Exception as e:
            put(metric="error", value=None, error=str(e).split("\n")[0][:200])

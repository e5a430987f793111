"""Raw onnxruntime on arrays in memory: what scoring a table could reach at best if reading and writing were free.

`python limit.py FOLDER TABLE MODEL SECONDS` prints one JSON object: the best rate in rows a second over several sizes
of chunks, once with a session per core and once with one session that spreads its work, and this process's peak memory.
"""

import json
import os
import pathlib
import resource
import sys
import threading
import time

import numpy as np
import onnxruntime

FOLDER, TABLE, MODEL, SECONDS = sys.argv[1:]
SECONDS = float(SECONDS)
CHUNKS = (50, 100, 250, 500, 1000, 2500, 10_000, 50_000)


def session(n_threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = n_threads
    path = pathlib.Path(FOLDER) / f"{MODEL}-onnx" / "model.onnx"
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def rate(sessions, values, size):
    """Rows a second of all sessions together."""
    ends_at = time.perf_counter() + SECONDS
    counts = [0] * len(sessions)

    def work(lane):
        run, start, step = sessions[lane].run, lane * size, len(sessions) * size
        while time.perf_counter() < ends_at:
            part = values[start : start + size]
            run(None, {"X": part})
            counts[lane] += len(part)
            start = start + step if start + step < len(values) else lane * size

    started = time.perf_counter()
    lanes = [threading.Thread(target=work, args=[lane]) for lane in range(len(sessions))]
    for lane in lanes:
        lane.start()
    for lane in lanes:
        lane.join()
    return sum(counts) / (time.perf_counter() - started)


def main():
    values = np.load(pathlib.Path(FOLDER) / f"{TABLE}.npy")
    n_cores = os.cpu_count()
    lanes = {"a session per core": [session(1) for _ in range(n_cores)], "one session": [session(n_cores)]}
    tried = [
        (rate(sessions, values, size), f"chunks of {size}, {name}")
        for size in CHUNKS
        for name, sessions in lanes.items()
    ]
    best, remark = max(tried)
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"rate": best, "remark": remark, "peak_mib": peak_mib}))


main()

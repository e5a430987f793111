"""Raw onnxruntime in a loop: what serving a model could reach at best if it cost nothing.

`python raw.py FOLDER MODEL SECONDS THREADS` prints one JSON object: for each body of the model what
sessions make at best (one per thread, one alone, or one with all threads), the latency of one call after the other, the
time from the start of this process to the first answer, and its memory.
"""

import json
import os
import pathlib
import sys
import threading
import time

FOLDER, MODEL, SECONDS, THREADS = sys.argv[1:]
SECONDS, THREADS = float(SECONDS), int(THREADS)
# The sizes in which a long body is tried: tree ensembles like short ones.
CHUNKS = (100, 250, 1000, 2500)


def age_s():
    """Seconds since this process was started."""
    started = int(pathlib.Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()[19])
    uptime = float(pathlib.Path("/proc/uptime").read_text().split()[0])
    return uptime - started / os.sysconf("SC_CLK_TCK")


def memory_mib():
    """As it is measured for servers: pages that several share count once."""
    for line in pathlib.Path("/proc/self/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


def session(path, n_threads=1):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = n_threads
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def rate(sessions, parts):
    """Bodies a second, where one body is all of `parts`."""
    ends_at = time.perf_counter() + SECONDS
    counts = [0] * len(sessions)

    def work(lane):
        run = sessions[lane].run
        while time.perf_counter() < ends_at:
            for part in parts:
                run(None, part)
            counts[lane] += 1

    started = time.perf_counter()
    lanes = [threading.Thread(target=work, args=[lane]) for lane in range(len(sessions))]
    for lane in lanes:
        lane.start()
    for lane in lanes:
        lane.join()
    return sum(counts) / (time.perf_counter() - started)


def latencies(run, feeds):
    """Of one call after the other, in ms: median and 99th percentile."""
    seen, ends_at = [], time.perf_counter() + SECONDS
    while time.perf_counter() < ends_at or not seen:
        sent = time.perf_counter()
        run(None, feeds)
        seen.append((time.perf_counter() - sent) * 1000)
    seen.sort()
    return [seen[len(seen) // 2], seen[len(seen) * 99 // 100]]


def chunked(feeds, rows, size):
    return [{name: array[start : start + size] for name, array in feeds.items()} for start in range(0, rows, size)]


def best(teams, feeds, rows):
    """The best rate and its chunk, whichever team of sessions makes it."""
    smaller = [size for size in CHUNKS if size < rows]
    sizes = [*smaller, rows] if rows >= 1000 else [rows]
    return max((rate(team, chunked(feeds, rows, size)), size) for size in sizes for team in teams)


def main():
    import numpy as np

    manifest = json.loads((pathlib.Path(FOLDER) / "manifest.json").read_text())
    model = next(model for model in manifest["models"] if model["name"] == MODEL)
    feeds = dict(np.load(pathlib.Path(FOLDER) / model["feeds"]))
    graph = pathlib.Path(FOLDER) / model["onnx"] / "model.onnx"
    first = session(graph)
    first.run(None, {name: array[:1] for name, array in feeds.items()})
    first_answer_s = age_s()
    sessions = [first] + [session(graph) for _ in range(THREADS - 1)]
    # One thread may beat several that wait for the interpreter's lock, and one session several.
    teams = [sessions, sessions[:1], [session(graph, THREADS)]]
    bodies = {}
    for body in model["bodies"]:
        rows = body["rows"] // (model["row_tokens"] or 1)
        part = {name: array[:rows] for name, array in feeds.items()}
        per_second, chunk = best(teams, part, rows)
        p50_ms, p99_ms = latencies(first.run, part)
        bodies[body["name"]] = {"rate": per_second, "chunk": chunk, "p50_ms": p50_ms, "p99_ms": p99_ms}
    import onnxruntime

    answer = {"bodies": bodies, "first_answer_s": first_answer_s, "memory_mib": memory_mib()}
    print(json.dumps(answer | {"version": onnxruntime.__version__}))


main()

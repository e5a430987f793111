"""One peer, Parquet to Parquet.

`python run.py PEER FEATURES SPINE OUTPUT MEMORY_BYTES` joins with one of the scripts beside this one, which is told how
much memory there is unless that is 0. It prints one JSON object: the seconds from the first byte read to the last one
written. Starting Python and importing do not count.
"""

import importlib
import json
import sys
import time

PEER, FEATURES, SPINE, OUTPUT, MEMORY_BYTES = sys.argv[1:]

join = importlib.import_module(f"peer_{PEER}").prepare(FEATURES, SPINE, OUTPUT, int(MEMORY_BYTES))
started = time.perf_counter()
join()
print(json.dumps({"seconds": time.perf_counter() - started}))

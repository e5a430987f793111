"""Compares what two peers made of a spine.

`python check.py SPINE REFERENCE OUTPUT` prints one JSON object: how many rows of the spine are missing from the output,
and how many of the rest are there twice or have other values than the reference.
"""

import json
import sys

import numpy as np
import pyarrow.parquet as pq

SPINE, REFERENCE, OUTPUT = sys.argv[1:]


def main():
    n_rows = pq.ParquetFile(SPINE).metadata.num_rows
    wanted, found = (pq.read_table(path) for path in (REFERENCE, OUTPUT))
    order, ids = (table["row_id"].to_numpy() for table in (wanted, found))
    positions = np.empty(n_rows, dtype=np.int64)
    positions[order] = np.arange(n_rows)
    is_wrong = np.zeros(len(ids), dtype=bool)
    for name in (name for name in wanted.column_names if name.startswith("f")):
        expected = wanted[name].to_numpy()[positions[ids]]
        # A null of pyarrow comes as NaN; generated values have none of their own.
        is_wrong |= ~np.isclose(found[name].to_numpy(), expected, rtol=0, atol=0, equal_nan=True)
    n_distinct = len(np.unique(ids))
    print(json.dumps({"lost": n_rows - n_distinct, "wrong": int(is_wrong.sum()) + len(ids) - n_distinct}))


main()

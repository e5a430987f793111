"""Compares scored rows with raw onnxruntime's.

`python check.py ANSWERS OUTPUT ROWS` prints how many of the rows of a Parquet file are wrong or missing; the answers of
one round stand for all rounds.
"""

import sys

import numpy as np
import pyarrow.parquet as pq

ANSWERS, OUTPUT, ROWS = sys.argv[1:]
# Rows of other batches add up in another order.
TOLERANCE = 1e-5


def main():
    wanted, n_rows, n_wrong = np.load(ANSWERS), 0, 0
    file = pq.ParquetFile(OUTPUT)
    name = file.schema_arrow.names[-1]
    for batch in file.iter_batches(100_000, columns=[name]):
        found = batch.column(0).to_numpy(zero_copy_only=False)
        expected = wanted[np.arange(n_rows, n_rows + len(found)) % len(wanted)]
        n_wrong += int((~(np.abs(found - expected) <= TOLERANCE)).sum())
        n_rows += len(found)
    print(n_wrong + abs(int(ROWS) - n_rows))


main()

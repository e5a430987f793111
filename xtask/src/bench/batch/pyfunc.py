"""`mlflow.pyfunc` with pandas, Parquet to Parquet, over the first rows of a table.

`python pyfunc.py MODEL TABLE OUTPUT COLUMNS ROWS` prints one JSON object: rows a second, from the first byte read to
the last one written, and this process's peak memory. Starting Python and loading the model do not count.
"""

import json
import pathlib
import resource
import sys
import time

import mlflow
import numpy as np
import pandas
import pyarrow as pa
import pyarrow.parquet as pq

MODEL, TABLE, OUTPUT, COLUMNS, ROWS = sys.argv[1:]
ROWS_PER_BATCH = 100_000


def score(model, frame):
    """The scores, as a table of one column."""
    found = model.predict(frame)
    values = found.to_numpy() if isinstance(found, pandas.DataFrame) else np.asarray(found)
    return pa.table({"prediction": values.reshape(len(frame), -1)[:, -1].astype(np.float32)})


def main():
    model = mlflow.pyfunc.load_model(MODEL)
    columns = json.loads(pathlib.Path(COLUMNS).read_text())
    started, n_rows, writer = time.perf_counter(), 0, None
    for batch in pq.ParquetFile(TABLE).iter_batches(ROWS_PER_BATCH, columns=columns):
        batch = batch.slice(0, int(ROWS) - n_rows)
        scored = score(model, batch.to_pandas())
        writer = writer or pq.ParquetWriter(OUTPUT, scored.schema)
        writer.write_table(scored)
        n_rows += batch.num_rows
        if n_rows == int(ROWS):
            break
    writer.close()
    seconds = time.perf_counter() - started
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"rate": n_rows / seconds, "rows": n_rows, "peak_mib": peak_mib}))


main()

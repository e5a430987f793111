"""Makes what `cargo xtask bench features` joins, as Parquet.

`python data.py FOLDER FEATURE_ROWS SPINE_ROWS... --entities N` writes `features.parquet`, the same events of a year
wherever it runs, with ten columns of values, in the order of their times; a `spine-ROWS.parquet` for each number, of
which one row in a thousand comes twice and one in a hundred has a key without features; and `definitions.yaml`, which
says the same to Forebay.
"""

import argparse
import pathlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

N_COLUMNS, CHUNK = 10, 1_000_000
FIRST_US, YEAR_US = 1_735_689_600_000_000, 365 * 86_400_000_000
TIME = pa.timestamp("us", tz="UTC")
NAMES = [f"f{n:02}" for n in range(N_COLUMNS)]


def feature_rows(n_rows, n_entities):
    """Events, each at a time of its own."""
    random, step_us = np.random.default_rng(7), YEAR_US // n_rows
    for start in range(0, n_rows, CHUNK):
        n = min(CHUNK, n_rows - start)
        times = FIRST_US + (start + np.arange(n)) * step_us + random.integers(0, step_us, n)
        # Measured values: of limited precision.
        values = random.integers(0, 1000, (N_COLUMNS, n)) / 8.0
        columns = {"key": random.integers(0, n_entities, n), "event_timestamp": pa.array(times, TIME)}
        yield pa.table(columns | dict(zip(NAMES, values)))


def spine(n_rows, n_entities):
    random = np.random.default_rng(11)
    keys = random.integers(0, n_entities + n_entities // 100, n_rows)
    times = FIRST_US + random.integers(0, YEAR_US, n_rows)
    repeats = random.choice(n_rows, n_rows // 1000, replace=False)
    sources = random.choice(n_rows, n_rows // 1000, replace=False)
    keys[repeats], times[repeats] = keys[sources], times[sources]
    return pa.table({"row_id": np.arange(n_rows), "key": keys, "event_timestamp": pa.array(times, TIME)})


def definitions(folder):
    features = "".join(f"      - {{name: {name}, type: float64}}\n" for name in NAMES)
    asked = ", ".join(f"events:{name}" for name in NAMES)
    return f"""entities:
  - {{name: thing, keys: [{{name: key, type: int64}}]}}
feature_views:
  - name: events
    source: {folder.resolve()}/features.parquet
    entities: [thing]
    event_time: event_timestamp
    ttl: 1d
    features:
{features}feature_services:
  - name: all
    features: [{asked}]
"""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("feature_rows", type=int)
    parser.add_argument("spine_rows", type=int, nargs="+")
    parser.add_argument("--entities", type=int, required=True)
    args = parser.parse_args()
    writer = None
    for table in feature_rows(args.feature_rows, args.entities):
        path = args.folder / "features.parquet"
        writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
        writer.write_table(table, row_group_size=CHUNK)
    writer.close()
    for n_rows in args.spine_rows:
        pq.write_table(spine(n_rows, args.entities), args.folder / f"spine-{n_rows}.parquet")
    (args.folder / "definitions.yaml").write_text(definitions(args.folder))


main()

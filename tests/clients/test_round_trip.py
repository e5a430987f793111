"""A database passes between stock MLflow and the server under test, and nothing in it is lost or changed.

The one idea: both servers are told the same story through the stock client; what they answer and the rows
that they leave have to be equal, apart from ids and clock times. With `--target mlflow` stock MLflow plays
both parts, which proves that the comparisons themselves hold.
"""

import collections
import contextlib
import dataclasses
import json
import math
import re
import threading

import mlflow
import pytest
import requests
import sqlalchemy
from mlflow.entities import (
    Dataset,
    DatasetInput,
    InputTag,
    LoggedModelInput,
    LoggedModelOutput,
    Metric,
    Param,
    RunTag,
    ViewType,
)

START_MS = 1_700_000_000_000
UNICODE = "naïve Ünïcode 🌊 \"quoted\" it's\nsecond line"
LOSSES = [(0, 0.9), (1, 0.5), (1, 0.25), (2, 0.75), (-3, 0.1)]
ODD_VALUES = {"nan": math.nan, "up": math.inf, "down": -math.inf, "tiny": 5e-324, "huge": -1.7e308, "whole": 3.0}
REGISTRY_TABLES = ("registered_models", "registered_model_tags", "registered_model_aliases", "model_versions")


@dataclasses.dataclass
class Story:
    """The ids that a server gave to what it was told to write."""

    label: str
    experiment_id: str
    run_id: str
    model_id: str


def client_of(server):
    return mlflow.MlflowClient(server.url, server.url)


def tell(server, label):
    """Has a server write one of everything that tracking knows."""
    client = client_of(server)
    experiment_id = client.create_experiment(f"experiment of {label}", tags={"team": "water", "note": UNICODE})
    run_id = tell_run(client, experiment_id, label)
    write_artifact(server, run_id, "model/weights.txt", f"weights of {label}")
    model_id = tell_model(client, experiment_id, run_id, label)
    tell_deletions(client, experiment_id, label)
    return Story(label, experiment_id, run_id, model_id)


def tell_run(client, experiment_id, label):
    tags = {"mlflow.user": "ada", "mlflow.source.name": "train.py", "mlflow.source.type": "LOCAL", "note": UNICODE}
    run = client.create_run(experiment_id, start_time=START_MS, tags=tags, run_name=f"run of {label}")
    run_id = run.info.run_id
    losses = [Metric("loss", value, START_MS + i, step) for i, (step, value) in enumerate(LOSSES)]
    odd = [Metric(f"odd/{name}", value, START_MS, 0) for name, value in ODD_VALUES.items()]
    params = [Param("rate", "0.1"), Param("empty", ""), Param("long", "x" * 6000), Param("text", UNICODE)]
    client.log_batch(run_id, metrics=losses + odd, params=params, tags=[RunTag("stage", "first")])
    client.set_tag(run_id, "stage", "second")
    client.log_param(run_id, "depth", 7)
    client.log_metric(run_id, "single", 1.5, timestamp=START_MS, step=4)
    whole = Dataset("flights", "d1g3st", "local", '{"path": "flights.csv"}', '{"columns": []}', '{"rows": 3}')
    bare = Dataset("airports", "0ther", "local", "{}")
    usage = [DatasetInput(whole, [InputTag("mlflow.data.context", "training")]), DatasetInput(bare, [])]
    client.log_inputs(run_id, usage)
    child_tags = {"mlflow.parentRunId": run_id}
    child = client.create_run(experiment_id, start_time=START_MS + 1, tags=child_tags, run_name=f"child of {label}")
    client.set_terminated(child.info.run_id, "FAILED", end_time=START_MS + 90)
    client.set_terminated(run_id, "FINISHED", end_time=START_MS + 100)
    return run_id


def tell_model(client, experiment_id, run_id, label):
    model = client.create_logged_model(
        experiment_id,
        name=f"model-of-{label}",
        source_run_id=run_id,
        tags={"kind": "tree"},
        params={"depth": "7", "text": UNICODE},
        model_type="Classifier",
    )
    client.set_logged_model_tags(model.model_id, {"kind": "forest", "owner": "ada"})
    client.log_model_params(model.model_id, {"width": "3"})
    client.log_outputs(run_id, [LoggedModelOutput(model.model_id, step=2)])
    client.log_inputs(run_id, models=[LoggedModelInput(model.model_id)])
    about = {"model_id": model.model_id, "dataset_name": "flights", "dataset_digest": "d1g3st"}
    client.log_metric(run_id, "auc", 0.8, timestamp=START_MS, step=1, **about)
    client.log_metric(run_id, "auc", 0.7, timestamp=START_MS + 5, step=2, model_id=model.model_id)
    client.finalize_logged_model(model.model_id, "READY")
    return model.model_id


def tell_deletions(client, experiment_id, label):
    gone = client.create_run(experiment_id, start_time=START_MS, run_name=f"deleted run of {label}")
    client.delete_run(gone.info.run_id)
    back = client.create_run(experiment_id, start_time=START_MS, run_name=f"restored run of {label}")
    client.delete_run(back.info.run_id)
    client.restore_run(back.info.run_id)
    client.delete_experiment(client.create_experiment(f"deleted experiment of {label}"))


def tell_registry(server, story):
    """A registered model with a version of the story's model; only for servers that keep a registry."""
    client = client_of(server)
    name = f"registered-{story.label}"
    client.create_registered_model(name, tags={"tier": "gold"}, description=UNICODE)
    source = client.get_logged_model(story.model_id).artifact_location
    version = client.create_model_version(name, source, story.run_id, {"a": "b"}, model_id=story.model_id)
    client.set_registered_model_alias(name, "champion", version.version)


def extend(server, story):
    """Has a server add to the run, the experiment and the model that another one wrote."""
    client = client_of(server)
    client.log_metric(story.run_id, "loss", 0.01, timestamp=START_MS + 50, step=9)
    client.log_metric(story.run_id, "odd/nan", 0.5, timestamp=START_MS, step=-1)
    client.log_metric(story.run_id, "added", 2.5, timestamp=START_MS, step=0)
    client.log_param(story.run_id, "added", "later")
    client.log_param(story.run_id, "rate", "0.1")
    client.set_tag(story.run_id, "added", "later")
    client.set_experiment_tag(story.experiment_id, "added", "later")
    client.set_logged_model_tags(story.model_id, {"added": "later"})
    same = Dataset("flights", "d1g3st", "local", '{"path": "flights.csv"}', '{"columns": []}', '{"rows": 3}')
    client.log_inputs(story.run_id, [DatasetInput(same, []), DatasetInput(Dataset("added", "9", "local", "{}"), [])])
    write_artifact(server, story.run_id, "model/added.txt", "added later")


# Artifacts go by plain REST: the client remembers for each run the first server that it reached it by.
def write_artifact(server, run_id, path, text):
    folder = client_of(server).get_run(run_id).info.artifact_uri.removeprefix("mlflow-artifacts:/")
    url = f"{server.url}/api/2.0/mlflow-artifacts/artifacts/{folder}/{path}"
    response = requests.put(url, data=text.encode(), timeout=30)
    assert response.status_code == 200, response.text


def read_artifacts(server, run_id):
    where = {"run_id": run_id, "path": "model"}
    listing = requests.get(f"{server.url}/api/2.0/mlflow/artifacts/list", params=where, timeout=30).json()
    files = listing.get("files", [])
    return {"root": listing["root_uri"], "files": files, "texts": [read_artifact(server, run_id, f) for f in files]}


def read_artifact(server, run_id, file):
    where = {"run_id": run_id, "path": file["path"]}
    response = requests.get(f"{server.url}/get-artifact", params=where, timeout=30)
    assert response.status_code == 200, response.text
    return response.text


def snapshot(server):
    """Everything that the stock client reads of tracking, with NaN spelt as text so that it equals itself."""
    client = client_of(server)
    experiments = sorted(client.search_experiments(ViewType.ALL), key=lambda e: e.experiment_id)
    ids = [e.experiment_id for e in experiments]
    runs = sorted(client.search_runs(ids, run_view_type=ViewType.ALL), key=lambda r: r.info.run_id)
    models = sorted(client.search_logged_models(ids), key=lambda m: m.model_id)
    return comparable({
        "experiments": [dict(e) for e in experiments],
        "experiments one by one": [dict(client.get_experiment(i)) for i in ids],
        "runs": [run_facts(r) for r in runs],
        "runs one by one": [run_facts(client.get_run(r.info.run_id)) for r in runs],
        "histories": {r.info.run_id: histories(client, r) for r in runs},
        "artifacts": {r.info.run_id: read_artifacts(server, r.info.run_id) for r in runs},
        "models": [model_facts(m) for m in models],
        "models one by one": [model_facts(client.get_logged_model(m.model_id)) for m in models],
    })


def run_facts(run):
    facts = run.to_dictionary()
    for side in ("inputs", "outputs"):
        listed = facts.pop(side, None) or {}
        facts[side] = {kind: sorted(items, key=repr) for kind, items in as_plain(listed).items()}
    return facts


def model_facts(model):
    facts = model.to_dictionary()
    metrics = [as_plain(m) for m in facts.pop("metrics", None) or []]
    return {**facts, "metrics": sorted(metrics, key=repr)}


def histories(client, run):
    return {k: [dict(m) for m in client.get_metric_history(run.info.run_id, k)] for k in run.data.metrics}


def registry_snapshot(server):
    client = client_of(server)
    models = sorted(client.search_registered_models(), key=lambda m: m.name)
    versions = sorted(client.search_model_versions(), key=lambda v: (v.name, v.version))
    return as_plain([[dict(m) for m in models], [dict(v) for v in versions]])


def as_plain(value):
    """Entities, at any depth, as dictionaries and lists."""
    if isinstance(value, dict):
        return {str(k): as_plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_plain(v) for v in value]
    if isinstance(value, (str, int, float, type(None))):
        return value
    if hasattr(value, "to_dictionary"):
        return as_plain(value.to_dictionary())
    return as_plain(dict(value)) if hasattr(value, "__iter__") else repr(value)


def comparable(facts):
    return json.loads(json.dumps(as_plain(facts), sort_keys=True), parse_constant=str)


def dump(uri):
    """How often each row stands in each table, as text with the names of its columns."""
    engine = sqlalchemy.create_engine(uri, poolclass=sqlalchemy.NullPool)
    tables = sqlalchemy.inspect(engine).get_table_names()
    rows = collections.Counter()
    with engine.connect() as connection:
        for table in tables:
            if not table.startswith("forebay_"):
                found = connection.exec_driver_sql(f'SELECT * FROM "{table}"').mappings()
                rows.update((table, repr(dict(row))) for row in found)
    return rows


# What differs between two tellings of one story: ids, clock times, and the label.
HEX_ID = re.compile(r"(m-)?\b[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\b")
CLOCK_TIME = re.compile(r"\b1[789]\d{11}\b")
EXPERIMENT = re.compile(r"('experiment_id': |mlflow-artifacts:/)\d+")


def without_ids(rows, label):
    """The rows as they would be if ids and clocks did not differ; times that the story chose stay."""
    neutral = collections.Counter()
    for (table, row), count in rows.items():
        text = re.sub(f"of[ -]{label}'", "of <label>'", row)
        text = HEX_ID.sub(lambda m: f"<id of {len(m[0])} characters>", text)
        text = CLOCK_TIME.sub(lambda m: m[0] if int(m[0]) <= START_MS + 1000 else "<now>", text)
        neutral[table, EXPERIMENT.sub(r"\1<experiment>", text)] += count
    return neutral


def assert_same_rows(expected, actual):
    lost, new = expected - actual, actual - expected
    assert not lost and not new, "\n".join(["lost:", *map(str, sorted(lost)), "new:", *map(str, sorted(new))])


def assert_one_storage_class_per_column(uri):
    """SQLite takes any type in any column: both servers have to store the same one."""
    engine = sqlalchemy.create_engine(uri, poolclass=sqlalchemy.NullPool)
    inspector = sqlalchemy.inspect(engine)
    mixed = {}
    with engine.connect() as connection:
        for table in inspector.get_table_names():
            for column in inspector.get_columns(table):
                statement = f"""SELECT DISTINCT typeof("{column['name']}") FROM "{table}" """
                found = {name for (name,) in connection.exec_driver_sql(statement)} - {"null"}
                if len(found) > 1:
                    mixed[f"{table}.{column['name']}"] = found
    assert not mixed


@pytest.fixture
def servers(start_server, tmp_path):
    """`with servers(target, uri) as server`: one after the other on one database and one artifact folder."""

    @contextlib.contextmanager
    def serve(target, uri):
        server = start_server(target, uri, tmp_path / "artifacts")
        try:
            yield server
        finally:
            server.stop()

    return serve


def test_stock_mlflow_gets_its_database_back_complete(servers, target, database, fresh_database):
    uri = fresh_database(database)
    with servers("mlflow", uri) as stock:
        story = tell(stock, "stock")
        tell_registry(stock, story)
        entities, registry = snapshot(stock), registry_snapshot(stock)
    rows = dump(uri)

    with servers(target, uri) as other:
        assert snapshot(other) == entities
        assert_same_rows(rows, dump(uri))
        extend(other, story)
        tell(other, "other")
        extended = snapshot(other)
    extended_rows = dump(uri)
    replaced = {row for table, row in rows - extended_rows}
    assert len(replaced) == 1, replaced
    assert "'key': 'loss', 'value': 0.75" in replaced.pop()

    with servers("mlflow", uri) as stock:
        assert snapshot(stock) == extended
        assert registry_snapshot(stock) == registry
        assert_same_rows(extended_rows, dump(uri))
        tell_registry(stock, Story("later", story.experiment_id, story.run_id, story.model_id))


def test_a_database_that_we_created_passes_to_stock_mlflow_and_back(servers, target, database, fresh_database):
    uri = fresh_database(database)
    with servers(target, uri) as ours:
        story = tell(ours, "ours")
        entities = snapshot(ours)
    rows = dump(uri)

    with servers("mlflow", uri) as stock:
        assert snapshot(stock) == entities
        assert_same_rows(rows, dump(uri))
        extend(stock, story)
        tell_registry(stock, tell(stock, "stock"))
        extended = snapshot(stock)
    extended_rows = dump(uri)

    with servers(target, uri) as ours:
        assert snapshot(ours) == extended
        assert_same_rows(extended_rows, dump(uri))


def test_both_servers_leave_the_same_rows(servers, target, database, fresh_database):
    """Row by row: what is NULL, what is empty text, which tags are made, which edges are stored, in which class."""
    uri = fresh_database(database)
    with servers("mlflow", uri) as stock:
        empty = dump(uri)
        tell(stock, "stock")
    told = dump(uri)
    with servers(target, uri) as other:
        tell(other, "other")
    told_twice = dump(uri)
    assert_same_rows(without_ids(told - empty, "stock"), without_ids(told_twice - told, "other"))
    if database == "sqlite":
        assert_one_storage_class_per_column(uri)


@pytest.fixture
def two_servers(start_server, target, fresh_database, tmp_path):
    """Stock MLflow and the server under test, both open on one PostgreSQL, as they are during a move."""
    uri = fresh_database("postgres")
    pair = [start_server(kind, uri, tmp_path / "artifacts") for kind in ("mlflow", target)]
    yield pair
    for server in pair:
        server.stop()


THREADS_PER_SERVER = 4
POINTS_PER_THREAD = 20


def points_of(writer):
    """What one of the eight writers logs: steps interleave with those of all others, times run backwards."""
    writers = 2 * THREADS_PER_SERVER
    return [(writer + writers * i, START_MS - writer - writers * i) for i in range(POINTS_PER_THREAD)]


def write_points(server, run_id, writer):
    client = client_of(server)
    for step, time_ms in points_of(writer):
        client.log_metric(run_id, "shared", step / 4, timestamp=time_ms, step=step)
        # All at one step, so that the time decides which is the latest.
        tied = Metric("tied", -float(step), START_MS + step, 5)
        client.log_batch(run_id, [tied], [Param(f"p{step}", str(step)), Param("same", "x")], [RunTag(f"t{step}", "v")])
    client.set_tag(run_id, "same", "x")


def write_from_both(servers, run_id):
    failures = []

    def write(writer):
        try:
            write_points(servers[writer % 2], run_id, writer)
        except Exception as error:
            failures.append(f"writer {writer} on server {writer % 2}: {error}")

    threads = [threading.Thread(target=write, args=(i,)) for i in range(2 * THREADS_PER_SERVER)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, "\n".join(failures)


def test_both_servers_write_to_one_run_at_the_same_time(two_servers):
    stock = client_of(two_servers[0])
    run_id = stock.create_run("0", start_time=START_MS).info.run_id
    # Two stock servers that create a key's first point at once collide with each other; that is not our subject.
    stock.log_batch(run_id, [Metric("shared", -1.0, START_MS, -1), Metric("tied", 1.0, START_MS - 1, 5)])
    stock.log_param(run_id, "same", "x")
    stock.set_tag(run_id, "same", "x")
    write_from_both(two_servers, run_id)

    steps = {step for writer in range(2 * THREADS_PER_SERVER) for step, _ in points_of(writer)}
    last = max(steps)
    for server in two_servers:
        client = client_of(server)
        data = client.get_run(run_id).data
        assert {m.step for m in client.get_metric_history(run_id, "shared")} == steps | {-1}
        assert {-m.value for m in client.get_metric_history(run_id, "tied")} == {float(s) for s in steps} | {-1.0}
        assert data.metrics == {"shared": last / 4, "tied": -float(last)}
        assert data.params == {**{f"p{s}": str(s) for s in steps}, "same": "x"}
        assert {k for k in data.tags if k.startswith("t")} == {f"t{s}" for s in steps}
    assert snapshot(two_servers[0]) == snapshot(two_servers[1])


def test_what_one_server_writes_the_other_one_sees_at_once(two_servers):
    for writer, reader in (two_servers, two_servers[::-1]):
        story = tell(writer, f"writer at {writer.url.rsplit(':', 1)[1]}")
        assert snapshot(reader) == snapshot(writer)
        extend(reader, story)
        assert snapshot(reader) == snapshot(writer)

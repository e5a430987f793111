"""Training sets: the rows of a table with features as they were known, at the command line and over HTTP."""

import io
import json
import os
import pathlib
import subprocess
import sys
import time

import deltalake
import mlflow
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import requests
from conftest import REPOSITORY, Api, server_environment
from features_cli import HOUR, FeaturesCli, definitions, weather
from serving import wait_for
from tables_cli import duckdb_of

pytestmark = pytest.mark.ours

OURS = "/api/2.0/forebay/features"
ARROW = "application/vnd.apache.arrow.stream"

# JFK half an hour after its second row; LGA long after its only one; a place that nobody knows; no time.
SPINE = {
    "flight": [1, 2, 3, 4],
    "origin": ["JFK", "LGA", "ZZZ", "JFK"],
    "dep_delay": [1.0, 2.0, 3.0, 4.0],
    "at": [HOUR * 3 // 2, HOUR * 9, HOUR, None],
}
TEMP = [31.5, None, None, None]
TEMP_C = [(31.5 - 32) / 1.8, None, None, None]


def spine():
    times = pa.array(SPINE["at"], pa.timestamp("us", "UTC"))
    return pa.table({**SPINE, "at": times})


def check(table):
    assert table["flight"].to_pylist() == SPINE["flight"]
    assert table.column_names == ["flight", "origin", "dep_delay", "at", "temp", "wind", "temp_c"]
    assert table["temp"].to_pylist() == TEMP
    assert table["wind"].to_pylist() == [2, None, None, None]
    assert table["temp_c"].to_pylist() == pytest.approx(TEMP_C)


@pytest.fixture
def gold(tmp_path):
    folder = tmp_path / "gold"
    folder.mkdir()
    deltalake.write_deltalake(folder / "weather", weather())
    pq.write_table(spine(), folder / "flights.parquet")
    return folder


@pytest.fixture
def server_of(target, upgraded_database, start_server, gold, tmp_path):
    return start_server(target, upgraded_database, tmp_path / "artifacts", extra_args=["--features-location", gold])


def applied(cli, gold, tmp_path):
    path = tmp_path / "defs.yaml"
    path.write_text(definitions(gold / "weather"))
    cli.text("apply", "-f", path)
    return cli


@pytest.fixture(params=["server", "database"])
def cli(request, forebay_binary, tmp_path, upgraded_database, gold):
    if request.param == "database":
        place = ("--backend-store-uri", upgraded_database, "--artifacts-destination", tmp_path / "artifacts")
    else:
        place = ("--tracking-uri", request.getfixturevalue("server_of").url)
    return applied(FeaturesCli(forebay_binary, place, tmp_path), gold, tmp_path)


@pytest.fixture
def api(server_of, gold):
    api = Api(server_of.url)
    assert api.post(f"{OURS}/apply", {"yaml": definitions(gold / "weather")}).status == 200
    return api


def words(gold, output, *more):
    return [
        "training-set", "--service", "late_flights", "--spine", gold / "flights.parquet", "--event-time", "at",
        "--output", output, *more,
    ]  # fmt: skip


def test_rows_come_out_in_their_order_with_features_as_they_were_known(cli, gold, tmp_path):
    told = cli.text(*words(gold, tmp_path / "out.parquet", "--manifest", tmp_path / "manifest.json"))
    check(pq.read_table(tmp_path / "out.parquet"))
    assert told.startswith(f"4 rows of {gold}/flights.parquet with the features of late_flights, version 1, to ")
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert f"rows hash {manifest['rows_hash']}" in told
    assert manifest["views"][0]["table"]["delta_version"] == 0
    summary = json.loads(cli.text(*words(gold, gold / "training", "--summary", "json")))
    assert summary["output_version"] == 0
    assert summary["audit"]["views"][0]["n_matched"] == 1
    assert summary["manifest"]["rows_hash"] == manifest["rows_hash"]
    check(deltalake.DeltaTable(gold / "training").to_pyarrow_table())
    check(duckdb_of(gold / "training").sql("FROM gold ORDER BY flight").to_arrow_table())


def test_a_manifest_makes_the_same_rows_again_after_tables_and_definitions_went_on(cli, gold, tmp_path):
    manifest = tmp_path / "manifest.json"
    cli.text(*words(gold, tmp_path / "first.parquet", "--manifest", manifest))
    deltalake.write_deltalake(gold / "weather", weather(), mode="append")
    path = tmp_path / "defs.yaml"
    path.write_text(definitions(gold / "weather", ("ttl: 2h", "ttl: 1m")))
    cli.text("apply", "-f", path)
    cli.text("training-set", "--pin", manifest, "--output", tmp_path / "again.parquet")
    assert pq.read_table(tmp_path / "again.parquet").equals(pq.read_table(tmp_path / "first.parquet"))
    cli.text(*words(gold, tmp_path / "new.parquet"))
    assert pq.read_table(tmp_path / "new.parquet")["temp"].to_pylist() == [None] * 4
    pq.write_table(spine().slice(1), gold / "flights.parquet")
    refused = cli.refusal("training-set", "--pin", manifest, "--output", tmp_path / "no.parquet")
    assert "flights.parquet has other files" in refused
    assert not (tmp_path / "no.parquet").exists()


def test_a_manifest_is_good_from_any_folder(cli, gold, tmp_path):
    cli.cwd = gold
    cli.text(*words(pathlib.Path(), "first.parquet", "--manifest", "manifest.json"))
    cli.cwd = tmp_path
    cli.text("training-set", "--pin", "gold/manifest.json", "--output", "again.parquet")
    assert pq.read_table(tmp_path / "again.parquet").equals(pq.read_table(gold / "first.parquet"))


def test_no_rows_are_written_whose_manifest_cannot_be(cli, gold, tmp_path):
    refused = cli.refusal(*words(gold, gold / "training", "--manifest", tmp_path / "nowhere" / "manifest.json"))
    assert "the manifest" in refused and "nowhere/manifest.json cannot be written" in refused
    assert not (gold / "training").exists()
    assert "lte_flights" in cli.refusal("training-set", "--service", "lte_flights", *words(gold, tmp_path / "out.parquet")[3:])
    assert sorted(path.name for path in tmp_path.glob("*manifest*")) == []


def test_an_output_that_looks_like_a_file_of_no_format_is_not_made_a_table(cli, gold, tmp_path):
    refused = cli.refusal(*words(gold, tmp_path / "out.xlsx"))
    assert f"no format of tables ends in .xlsx; a Delta table is named with a slash: {tmp_path}/out.xlsx/" in refused
    assert not (tmp_path / "out.xlsx").exists()
    cli.text(*words(gold, f"{tmp_path}/out.xlsx/"))
    check(deltalake.DeltaTable(tmp_path / "out.xlsx").to_pyarrow_table())


def test_what_cannot_be_made_is_told_in_one_line(cli, gold, tmp_path):
    output = tmp_path / "out.parquet"
    assert "no feature service 'lte_flights'" in cli.refusal(*words(gold, output)[:2], "lte_flights", *words(gold, output)[3:])
    assert "flights.parquet" in cli.refusal(*words(gold, output)[:6], "nothing", *words(gold, output)[7:])
    assert "needs more memory" in cli.refusal(*words(gold, output, "--memory", "1MiB"))
    assert "--run" in cli.refusal(*words(gold, output, "--run", "0" * 32))
    assert not output.exists()


def test_expectations_warn_of_a_training_set_or_refuse_it(cli, gold, tmp_path):
    told = cli.text(*words(gold, tmp_path / "out.parquet"))
    assert "warning: view 'weather': feature 'temp' is null in 1 of 4 rows" in told
    path = tmp_path / "defs.yaml"
    path.write_text(definitions(gold / "weather", ("{not_null: temp}", "{not_null: temp, otherwise: fail}")))
    cli.text("apply", "-f", path)
    refused = cli.refusal(*words(gold, tmp_path / "no.parquet"))
    assert "feature 'temp' is null in 1 of 4 rows" in refused
    assert not (tmp_path / "no.parquet").exists()


def test_standard_output_is_an_arrow_stream(forebay_binary, upgraded_database, gold, tmp_path):
    applied(FeaturesCli(forebay_binary, ("--backend-store-uri", upgraded_database), tmp_path), gold, tmp_path)
    command = list(map(str, [forebay_binary, "features", *words(gold, "-"), "--backend-store-uri", upgraded_database]))
    done = subprocess.run(command, capture_output=True, timeout=120, check=True, env=server_environment({}))
    check(pa.ipc.open_stream(done.stdout).read_all())
    assert b"rows hash" in done.stderr


def test_a_training_set_is_a_dataset_of_its_run_with_manifest_and_audit(
    server_of, forebay_binary, gold, tmp_path
):
    client = mlflow.MlflowClient(server_of.url)
    run_id = client.create_run("0").info.run_id
    cli = applied(FeaturesCli(forebay_binary, ("--tracking-uri", server_of.url), tmp_path), gold, tmp_path)
    done = cli.run(*words(gold, gold / "training", "--run", run_id))
    assert (done.returncode, done.stderr) == (0, "")
    [logged] = client.get_run(run_id).inputs.dataset_inputs
    assert [(tag.key, tag.value) for tag in logged.tags] == [("mlflow.data.context", "training")]
    assert (logged.dataset.name, logged.dataset.source_type) == ("training", "delta_table")
    source = mlflow.data.get_source(logged.dataset)
    assert (source.path, source.delta_table_version) == (str(gold / "training"), 0)
    folder = client.download_artifacts(run_id, "training_sets/late_flights", str(tmp_path))
    assert sorted(os.listdir(folder)) == ["audit.json", "manifest.json"]
    manifest = json.loads(pathlib.Path(folder, "manifest.json").read_text())
    assert manifest["rows_hash"].startswith(logged.dataset.digest)
    assert "temp_c" in {column["name"] for column in json.loads(logged.dataset.schema)["mlflow_colspec"]}


def test_a_table_is_made_of_a_table_over_http(api, gold):
    body = {"service": "late_flights", "spine": str(gold / "flights.parquet"), "event_time": "at"}
    made = api.post(f"{OURS}/training-sets", {**body, "output": str(gold / "training")})
    assert made.status == 200, made.text
    assert (made.body["output_version"], made.body["audit"]["n_rows"]) == (0, 4)
    check(deltalake.DeltaTable(gold / "training").to_pyarrow_table())
    again = {"pin": made.body["manifest"], "output": str(gold / "again.parquet")}
    assert api.post(f"{OURS}/training-sets", again).body["manifest"]["rows_hash"] == made.body["manifest"]["rows_hash"]
    check(pq.read_table(gold / "again.parquet"))


def test_a_delta_table_gets_the_rows_of_a_job_once(cli, api, gold):
    again = [*words(gold, gold / "training"), "--job-id", "monday", "--summary", "json"]
    made = [json.loads(cli.text(*again)) for _ in range(2)]
    assert [summary["output_version"] for summary in made] == [0, 0]
    assert made[1]["audit"]["warnings"][-1] == "the table had the rows of job monday already; nothing was added"
    body = {"service": "late_flights", "spine": str(gold / "flights.parquet"), "event_time": "at"}
    body |= {"output": str(gold / "training"), "job_id": "monday"}
    asked = api.post(f"{OURS}/training-sets", body)
    assert (asked.status, asked.body["output_version"]) == (200, 0), asked.text
    check(deltalake.DeltaTable(gold / "training").to_pyarrow_table())
    # Other rows are refused by the name of the job.
    flights = pq.read_table(gold / "flights.parquet")
    pq.write_table(flights.slice(0, 2), gold / "fewer.parquet")
    refused = api.post(f"{OURS}/training-sets", {**body, "spine": str(gold / "fewer.parquet")})
    assert refused.status == 400 and "it has other rows of forebay/training-set/monday already" in refused.text
    unusable = api.post(f"{OURS}/training-sets", {**body, "job_id": "a/b"})
    assert unusable.status == 400 and "'job_id'" in unusable.text
    assert len(list((gold / "training").glob("*.parquet"))) == 1


def test_progress_comes_line_by_line_and_the_last_line_has_the_result(api, gold):
    body = {"service": "late_flights", "spine": str(gold / "flights.parquet"), "event_time": "at"}
    headers = {"Accept": "application/x-ndjson"}
    made = api.post(f"{OURS}/training-sets", {**body, "output": str(gold / "out.parquet")}, headers=headers)
    *progress, last = [json.loads(line) for line in made.text.splitlines()]
    assert {line["progress"]["step"] for line in progress} == {"spine", "view", "write"}
    assert last["result"]["manifest"]["n_rows"] == 4
    failed = api.post(
        f"{OURS}/training-sets", {**body, "event_time": "no", "output": str(gold / "out2.parquet")}, headers=headers
    )
    last = json.loads(failed.text.splitlines()[-1])
    assert last["error_code"] == "INVALID_PARAMETER_VALUE"
    assert "'no'" in last["message"]


def stream_of(table):
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def test_rows_come_and_go_as_arrow(api, gold):
    query = {"service": "late_flights", "event_time": "at"}
    sent = requests.post(
        f"{api.url}{OURS}/training-sets",
        params=query,
        data=stream_of(spine()),
        headers={"Content-Type": ARROW, "Accept": ARROW},
        timeout=60,
    )
    assert (sent.status_code, sent.headers["Content-Type"]) == (200, ARROW), sent.text
    check(pa.ipc.open_stream(sent.content).read_all())
    for data, params, reason in [
        (b"no arrow", query, "the rows that were sent: "),
        (stream_of(spine())[:-600], query, "the rows that were sent"),
        (stream_of(spine()), {**query, "asof": "1"}, "Unknown parameter 'asof'"),
        (stream_of(spine()), {**query, "as_of": str(2**62)}, "'as_of' supplied: it is too far from now"),
        (stream_of(spine()), {"service": "late_flights"}, "event_timestamp"),
        (stream_of(spine()), {"service": "nothing"}, "no feature service 'nothing'"),
        (stream_of(spine()), {}, "'service'"),
        (stream_of(spine()), {"service": "no name"}, "'service'"),
        (stream_of(spine().drop(["origin"])), query, "origin"),
    ]:
        refused = requests.post(
            f"{api.url}{OURS}/training-sets", params=params, data=data, headers={"Content-Type": ARROW}, timeout=60
        )
        assert refused.status_code in (400, 404), refused.text
        assert reason in refused.json()["message"] and "forebay-" not in refused.text
    for headers, reason in [
        ({"Content-Type": "text/csv"}, f"must be one of ['application/json', '{ARROW}']"),
        ({"Content-Type": "application/json"}, "belongs into the body"),
    ]:
        refused = requests.post(
            f"{api.url}{OURS}/training-sets", params=query, data=b"{}", headers=headers, timeout=60
        )
        assert refused.status_code == 400 and reason in refused.json()["message"], refused.text
    sent = requests.post(
        f"{api.url}{OURS}/training-sets",
        params={**query, "output": str(gold / "sent.parquet")},
        data=stream_of(spine()),
        headers={"Content-Type": ARROW},
        timeout=60,
    )
    check(pq.read_table(gold / "sent.parquet"))
    manifest = sent.json()["manifest"]
    assert manifest["spine"] is None and "forebay-" not in sent.text
    for rows, status in [(spine(), 200), (spine().slice(1), 400)]:
        again = requests.post(
            f"{api.url}{OURS}/training-sets",
            params={"pin": json.dumps(manifest), "output": str(gold / "again.parquet"), "overwrite": "true"},
            data=stream_of(rows),
            headers={"Content-Type": ARROW},
            timeout=60,
        )
        assert again.status_code == status, again.text
    missing = api.post(f"{OURS}/training-sets", {"pin": manifest, "output": str(gold / "no.parquet")})
    assert (missing.status, "'spine'" in missing.message) == (400, True)
    from_table = {"service": "late_flights", "spine": str(gold / "flights.parquet"), "event_time": "at"}
    answer = api.post(f"{OURS}/training-sets", from_table)
    check(pa.ipc.open_stream(answer.response.content).read_all())


def test_callers_read_and_write_below_the_places_of_the_operator_alone(api, gold, tmp_path):
    pq.write_table(spine(), tmp_path / "secret.parquet")
    os.symlink(tmp_path, gold / "link")
    good = {
        "service": "late_flights",
        "spine": str(gold / "flights.parquet"),
        "event_time": "at",
        "output": str(gold / "out.parquet"),
    }
    for change in [
        {"spine": str(tmp_path / "secret.parquet")},
        {"spine": str(gold / "link" / "secret.parquet")},
        {"spine": f"{gold}/../secret.parquet"},
        {"output": str(tmp_path / "out.parquet")},
        {"output": str(gold / "link" / "out.parquet")},
        {"output": f"{gold}/../out.parquet"},
        {"output": "s3://bucket/out"},
        {"spine": "-"},
        {"output": "-"},
    ]:
        refused = api.post(f"{OURS}/training-sets", {**good, **change})
        assert (refused.status, refused.code) == (403, "PERMISSION_DENIED"), (change, refused.text)
        assert "--features-location" in refused.message
    (gold / "folder").mkdir()
    os.symlink(tmp_path / "secret.parquet", gold / "folder" / "a.parquet")
    for as_of in [{}, {"as_of": int(time.time() * 1000)}]:
        refused = api.post(f"{OURS}/training-sets", {**good, "spine": str(gold / "folder"), **as_of})
        assert (refused.status, refused.code) == (403, "PERMISSION_DENIED"), (as_of, refused.text)
        assert "--features-location" in refused.message
    made = api.post(f"{OURS}/training-sets", good)
    assert made.status == 200
    again = {"pin": made.body["manifest"], "output": good["output"], "overwrite": True}
    for change in [{"version": 1}, {"as_of": 1}, {"service": "other"}]:
        refused = api.post(f"{OURS}/training-sets", {**again, **change})
        assert refused.status == 400
        assert next(iter(change)) in refused.message
    manifest = json.loads(json.dumps(made.body["manifest"]).replace(str(gold / "weather"), str(tmp_path / "secret.parquet")))
    refused = api.post(f"{OURS}/training-sets", {**again, "pin": manifest})
    assert refused.status == 403
    assert not (tmp_path / "out.parquet").exists()


def test_a_caller_replaces_a_file_only_by_saying_so(api, gold):
    body = {"service": "late_flights", "spine": str(gold / "flights.parquet"), "event_time": "at"}
    others = gold / "report.csv"
    others.write_text("not ours\n")
    (gold / "nowhere.csv").symlink_to(gold / "gone")
    for output in [others, gold / "nowhere.csv", gold / "weather.parquet"]:
        if output.suffix == ".parquet":
            output.write_bytes(b"not ours")
        refused = api.post(f"{OURS}/training-sets", {**body, "output": str(output)})
        assert (refused.status, refused.code) == (400, "RESOURCE_ALREADY_EXISTS"), refused.text
        assert "is there already; with 'overwrite' it is replaced" in refused.message
    assert others.read_text() == "not ours\n"
    made = api.post(f"{OURS}/training-sets", {**body, "output": str(others), "overwrite": True})
    assert made.status == 200, made.text
    assert others.read_text().startswith("flight,")
    for output, why in [({"output": str(gold / "training")}, "rows are added"), ({}, "no 'output'")]:
        refused = api.post(f"{OURS}/training-sets", {**body, **output, "overwrite": True})
        assert (refused.status, refused.code) == (400, "INVALID_PARAMETER_VALUE"), refused.text
        assert why in refused.message


def test_one_is_made_at_a_time_and_others_are_told_when_to_come_back(api, gold):
    pq.write_table(pa.concat_tables([spine()] * 100_000), gold / "many.parquet")
    body = {"service": "late_flights", "spine": str(gold / "many.parquet"), "event_time": "at"}
    small = {**body, "spine": str(gold / "flights.parquet")}
    first = requests.post(
        f"{api.url}{OURS}/training-sets",
        json={**body, "output": str(gold / "many-out.parquet")},
        headers={"Accept": "application/x-ndjson"},
        stream=True,
        timeout=60,
    )
    lines = first.iter_lines()
    next(lines)
    busy = api.post(f"{OURS}/training-sets", small)
    assert (busy.status, busy.code, busy.headers["Retry-After"]) == (429, "REQUEST_LIMIT_EXCEEDED", "10")
    sent = requests.post(
        f"{api.url}{OURS}/training-sets",
        params={"service": "late_flights"},
        data=stream_of(spine()),
        headers={"Content-Type": ARROW},
        timeout=60,
    )
    assert sent.status_code == 429
    *_, last = lines
    assert json.loads(last)["result"]["audit"]["n_rows"] == 400_000
    check(pa.ipc.open_stream(api.post(f"{OURS}/training-sets", small).response.content).read_all())


def test_a_build_ends_when_nobody_waits_for_it(api, gold):
    pq.write_table(pa.concat_tables([spine()] * 500_000), gold / "many.parquet")
    body = {"service": "late_flights", "spine": str(gold / "many.parquet"), "event_time": "at"}
    small = {**body, "spine": str(gold / "flights.parquet")}
    with requests.post(
        f"{api.url}{OURS}/training-sets",
        json={**body, "output": str(gold / "many-out.parquet")},
        headers={"Accept": "application/x-ndjson"},
        stream=True,
        timeout=60,
    ) as first:
        next(first.iter_lines())
    wait_for(lambda: api.post(f"{OURS}/training-sets", small).status == 200)
    assert not (gold / "many-out.parquet").exists()


def test_the_example_does_what_it_says(server_of, gold):
    script = REPOSITORY / "examples" / "training_set.py"
    done = subprocess.run(
        [sys.executable, script, server_of.url, gold], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-3:] == ["1 JFK 39.9 4.388888888888888", "2 JFK None None", "3 LGA None None"]

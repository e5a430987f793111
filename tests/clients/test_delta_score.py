"""`forebay score` from Delta tables and to them: what it writes is read by deltalake and polars, and appears at once."""

import datetime
import json
import os
import subprocess

import mlflow
import polars as pl
import pyarrow as pa
import pytest
from deltalake import DeltaTable, QueryBuilder, write_deltalake
from mlflow.models import infer_signature
from tables_cli import duckdb_of

pytestmark = pytest.mark.ours

TIMEOUT_S = 300
KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "hunter2", "AWS_DEFAULT_REGION": "us-east-1"}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """Twice the x, plus one."""
    import numpy as np
    from skl2onnx import to_onnx
    from sklearn.linear_model import LinearRegression

    x = np.arange(10, dtype="float32").reshape(-1, 1)
    onnx = to_onnx(LinearRegression().fit(x, x * 2 + 1), x[:1])
    folder = tmp_path_factory.mktemp("model") / "line"
    import pandas as pd

    mlflow.onnx.save_model(onnx, folder, signature=infer_signature(pd.DataFrame({"x": x[:, 0]})))
    return folder


def rows(start, end):
    ids = list(range(start, end))
    return pa.table({"id": pa.array(ids, pa.int64()), "x": pa.array(ids, pa.float32()), "day": [f"d{i % 3}" for i in ids]})


@pytest.fixture
def source(tmp_path):
    """A table with partitions, an overwritten version, and deleted rows."""
    source = tmp_path / "source"
    write_deltalake(source, rows(500, 510), partition_by=["day"])
    write_deltalake(source, rows(0, 60), mode="overwrite")
    write_deltalake(source, rows(60, 100), mode="append")
    DeltaTable(source).delete("id >= 90")
    return source


@pytest.fixture
def score(forebay_binary, job_environment, model):
    def run(source, output, *words, code=0, env=None):
        command = [forebay_binary, "score", "--model", model, "--input", source, "--output", output, *words]
        environment = {**job_environment, **(env or {})}
        done = subprocess.run(
            list(map(str, command)), env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
        assert done.returncode == code, done.stdout + done.stderr
        return json.loads(done.stdout) if "--summary" in words else done.stderr

    return run


def told(table):
    """Each id with its prediction."""
    found = table.to_pyarrow_table() if isinstance(table, DeltaTable) else table.to_arrow()
    return {row["id"]: round(row["prediction"], 3) for row in found.select(["id", "prediction"]).to_pylist()}


def test_a_delta_table_is_scored_as_it_is_at_its_latest_version(score, source, tmp_path):
    summary = score(source, tmp_path / "out.parquet", "--summary", "json")
    assert summary["n_rows"] == 90
    assert told(pl.read_parquet(tmp_path / "out.parquet")) == {i: i * 2 + 1 for i in range(90)}


def test_a_delta_table_is_scored_as_it_was(score, source, tmp_path):
    for version, ids in [(0, range(500, 510)), (1, range(60)), (2, range(100))]:
        output = tmp_path / f"{version}.parquet"
        score(source, output, "--input-version", version)
        assert told(pl.read_parquet(output)) == {i: i * 2 + 1 for i in ids}
    for version in range(4):
        hour = datetime.datetime(2026, 1, 1, version, tzinfo=datetime.UTC).timestamp()
        os.utime(source / f"_delta_log/{version:020}.json", (hour, hour))
    score(source, tmp_path / "at.parquet", "--input-at", "2026-01-01T01:30:00Z")
    assert told(pl.read_parquet(tmp_path / "at.parquet")) == {i: i * 2 + 1 for i in range(60)}
    assert "version 9" in score(source, tmp_path / "x.parquet", "--input-version", 9, code=1)
    plain = tmp_path / "at.parquet"
    line = score(plain, tmp_path / "x.parquet", "--input-version", 0, code=1)
    assert "only Delta tables have versions" in line
    assert "cannot be used with" in score(source, tmp_path / "x", "--input-version", 0, "--input-at", "2026-01-01", code=2)


def test_a_job_goes_on_with_the_version_that_it_is_pinned_to(score, source, tmp_path):
    words = ["--job-id", "pinned", "--rows-per-file", 20, "--input-version", 2]
    score(source, tmp_path / "out", *words)
    (tmp_path / "out/_SUCCESS").unlink()
    (tmp_path / "out/part-pinned-00003.parquet").unlink()
    write_deltalake(source, rows(200, 210), mode="append")
    score(source, tmp_path / "out", *words)
    assert told(pl.read_parquet(tmp_path / "out/*.parquet")) == {i: i * 2 + 1 for i in range(100)}


def test_all_rows_of_a_job_appear_in_one_commit_that_stock_readers_read(score, source, tmp_path):
    output = tmp_path / "late"
    words = ["--output-format", "delta", "--job-id", "monday", "--rows-per-file", 20, "--keep", "id,day"]
    score(source, output, *words)
    table = DeltaTable(output)
    assert (table.version(), len(table.file_uris())) == (0, 5)
    assert told(table) == told(pl.read_delta(str(output))) == {i: i * 2 + 1 for i in range(90)}
    assert pl.scan_delta(str(output)).filter(pl.col("id") > 85).collect().height == 4
    # The same job again adds nothing.
    score(source, output, *words)
    assert DeltaTable(output).version() == 0
    # Another job adds its rows, in one commit, to what it finds to be a Delta table.
    score(source, output, "--job-id", "tuesday", "--rows-per-file", 50, "--keep", "id,day")
    table = DeltaTable(output)
    assert (table.version(), table.to_pyarrow_table().num_rows) == (1, 180)
    assert table.history(1)[0]["engineInfo"].startswith("forebay/")
    adds = table.get_add_actions(flatten=True)
    adds = pa.table(adds).to_pydict() if not isinstance(adds, pa.Table) else adds.to_pydict()
    assert sum(adds["num_records"]) == 180 and min(adds["min.id"]) == 0 and max(adds["max.id"]) == 89
    # deltalake goes on with it.
    table.optimize.compact()
    table.create_checkpoint()
    write_deltalake(output, table.to_pyarrow_table().slice(0, 1), mode="append")
    score(source, output, "--job-id", "wednesday", "--keep", "id,day")
    assert DeltaTable(output).to_pyarrow_table().num_rows == 271


def test_shares_become_visible_when_the_last_one_is_done(score, source, tmp_path):
    output = tmp_path / "late"
    words = ["--output-format", "delta", "--job-id", "shared", "--keep", "id"]
    score(source, output, *words, "--shard", "1/2")
    assert not DeltaTable.is_deltatable(str(output))
    score(source, output, *words, "--shard", "2/2")
    assert told(DeltaTable(output)) == {i: i * 2 + 1 for i in range(90)}


def test_a_table_that_does_not_take_the_rows_is_left_as_it_is(score, source, tmp_path):
    output = tmp_path / "other"
    write_deltalake(output, pa.table({"id": ["text"], "prediction": [1.0]}))
    line = score(source, output, "--keep", "id", code=1)
    assert "its column 'id' is Utf8, and not Int64" in line
    line = score(source, output, "--output-format", "parquet", code=1)
    assert "it is a Delta table, whose files are no business of others" in line
    assert [path.name for path in output.iterdir() if path.is_dir()] == ["_delta_log"]


def test_rows_go_to_the_partitions_of_a_table_that_has_some(score, source, tmp_path):
    output = tmp_path / "late"
    none = pa.table({
        "id": pa.array([], pa.int64()),
        "day": pa.array([], pa.string()),
        "prediction": pa.array([], pa.float32()),
    })
    write_deltalake(output, none, partition_by=["day"])
    words = ["--keep", "id,day", "--job-id", "monday", "--rows-per-file", 40]
    score(source, output, *words)
    score(source, output, *words)
    table = DeltaTable(output)
    assert (table.version(), table.metadata().partition_columns, len(table.file_uris())) == (1, ["day"], 5)
    assert told(table) == told(pl.read_delta(str(output))) == {i: i * 2 + 1 for i in range(90)}
    assert sorted(row["day"] for row in table.partitions()) == ["d0", "d1", "d2"]
    adds = pa.table(table.get_add_actions(flatten=True)).to_pylist()
    of_one = [output / add["path"] for add in adds if add["partition.day"] == "d1"]
    assert len(of_one) == 2
    found = table.to_pyarrow_table(filters=[("day", "=", "d1")])
    assert sorted(found["id"].to_pylist()) == list(range(1, 90, 3))
    found = pl.scan_delta(str(output)).filter(pl.col("day") == "d2").collect()
    assert sorted(found["id"]) == list(range(2, 90, 3))
    # What a filter on the partition leaves out is not read: it need not be there.
    for path in of_one:
        path.unlink()
    # deltalake goes on with it.
    of_another = [("day", "=", "d2")]
    write_deltalake(output, table.to_pyarrow_table(filters=of_another), mode="append")
    assert DeltaTable(output).to_pyarrow_table(filters=of_another).num_rows == 60


def test_duckdb_reads_what_we_write(score, source, tmp_path):
    output = tmp_path / "late"
    words = ["--output-format", "delta", "--keep", "id,day"]
    score(source, output, *words, "--job-id", "monday", "--rows-per-file", 20)
    score(source, output, *words, "--job-id", "tuesday")
    none = DeltaTable(output).to_pyarrow_table().slice(0, 0)
    write_deltalake(tmp_path / "divided", none, partition_by=["day"])
    score(source, tmp_path / "divided", "--keep", "id,day", "--job-id", "monday")
    for table, n_rows in ((output, 60), (tmp_path / "divided", 30)):
        by_duckdb = duckdb_of(table)
        found = by_duckdb.sql("select day, count(*), min(id), max(prediction) from gold group by day order by day").fetchall()
        assert found == [("d0", n_rows, 0, 175.0), ("d1", n_rows, 1, 177.0), ("d2", n_rows, 2, 179.0)]
        # By what the log tells of partitions and files.
        found = by_duckdb.sql("select distinct id, prediction from gold where day = 'd1' and id > 80 order by id").fetchall()
        assert found == [(82, 165.0), (85, 171.0), (88, 177.0)]


def none(**settings):
    """What makes a table without rows that takes those of a job."""
    columns = {"id": pa.int64(), "day": pa.string(), "prediction": pa.float32()}
    return {"data": pa.table({name: pa.array([], kind) for name, kind in columns.items()}), **settings}


def by_query(uri):
    """Each id with its day and prediction, as deltalake reads a table whose columns are mapped; its Arrow gives nulls."""
    rows = QueryBuilder().register("t", DeltaTable(uri)).execute("select id, day, prediction from t").read_all()
    return {row["id"]: (row["day"], round(row["prediction"], 3)) for row in pa.table(rows).to_pylist()}


@pytest.mark.parametrize("by", [None, ["day"]])
@pytest.mark.parametrize("mode", ["name", "id"])
def test_tables_with_mapped_columns_take_rows(score, source, tmp_path, mode, by):
    output = tmp_path / "late"
    write_deltalake(output, **none(partition_by=by, configuration={"delta.columnMapping.mode": mode}))
    words = ["--keep", "id,day", "--job-id", "monday", "--rows-per-file", 40]
    score(source, output, *words)
    score(source, output, *words)
    table = DeltaTable(output)
    assert table.version() == 1
    assert by_query(output) == {i: (f"d{i % 3}", i * 2 + 1) for i in range(90)}
    # What is left out by statistics or partitions is left out by the names that files have.
    query = "select count(*) as n from t where id >= 80 and day = 'd1'"
    found = pa.table(QueryBuilder().register("t", table).execute(query).read_all()).to_pylist()
    assert found == [{"n": 3}]
    # DuckDB finds nulls where mapped columns divide a table, also in those of deltalake.
    if by is None:
        assert duckdb_of(output).sql("select count(*) from gold where id >= 80 and day = 'd1'").fetchall() == [(3,)]
    assert dict(duckdb_of(output).sql("select id, prediction from gold").fetchall()) == {i: i * 2 + 1 for i in range(90)}
    # It can be scored from, as any other, and deltalake goes on with it.
    score(output, tmp_path / "again.parquet", "--columns", "x=prediction", "--keep", "id")
    assert told(pl.read_parquet(tmp_path / "again.parquet")) == {i: i * 4 + 3 for i in range(90)}
    table.create_checkpoint()
    score(source, output, "--keep", "id,day", "--job-id", "tuesday")
    assert DeltaTable(output).version() == 2 and len(by_query(output)) == 90


@pytest.mark.parametrize("by", [None, ["day"]])
def test_rows_for_a_table_with_a_change_feed_are_inserts_in_it(score, source, tmp_path, by):
    output = tmp_path / "late"
    write_deltalake(output, **none(partition_by=by, configuration={"delta.enableChangeDataFeed": "true"}))
    assert DeltaTable(output).protocol().min_writer_version == 4
    score(source, output, "--keep", "id,day", "--job-id", "monday")
    score(source, output, "--keep", "id,day", "--job-id", "monday")
    score(source, output, "--keep", "id,day", "--job-id", "tuesday")
    DeltaTable(output).delete("id < 10")
    assert DeltaTable(output).version() == 3
    feed = pa.table(DeltaTable(output).load_cdf(starting_version=1).read_all()).to_pylist()
    found = {}
    for row in feed:
        kind = (row["_commit_version"], row["_change_type"])
        found.setdefault(kind, []).append((row["id"], row["day"], round(row["prediction"], 3)))
    expected = [(i, f"d{i % 3}", i * 2 + 1) for i in range(90)]
    assert {kind: sorted(rows) for kind, rows in found.items()} == {
        (1, "insert"): expected,
        (2, "insert"): expected,
        (3, "delete"): sorted(expected[:10] * 2),
    }
    # The feed does not change what the table is.
    score(output, tmp_path / "again.parquet", "--columns", "x=prediction", "--keep", "id")
    assert pl.read_parquet(tmp_path / "again.parquet").height == 160


def test_a_table_with_constraints_takes_no_rows(score, source, tmp_path):
    output = tmp_path / "late"
    write_deltalake(output, **none())
    DeltaTable(output).alter.add_constraint({"positive": "id >= 0"})
    assert "checkConstraints" in score(source, output, "--keep", "id", code=1)
    assert DeltaTable(output).version() == 1


def test_tables_in_s3_are_read_and_written(score, source, moto):
    env = {**KEYS, "AWS_ENDPOINT_URL": moto}
    storage = {**env, "AWS_ALLOW_HTTP": "true", "aws_conditional_put": "etag"}
    write_deltalake("s3://bucket/gold/x y", rows(0, 30), storage_options=storage)
    words = ["--output-format", "delta", "--job-id", "monday", "--keep", "id"]
    score("s3://bucket/gold/x y", "s3://bucket/scored", *words, env=env)
    score("s3://bucket/gold/x y", "s3://bucket/scored", *words, env=env)
    score("s3://bucket/gold/x y", "s3://bucket/scored", "--job-id", "tuesday", "--keep", "id", env=env)
    table = DeltaTable("s3://bucket/scored", storage_options=storage)
    assert (table.version(), table.to_pyarrow_table().num_rows) == (1, 60)
    assert told(table) == {i: i * 2 + 1 for i in range(30)}


@pytest.fixture(scope="module")
def moto():
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "hunter2", "region_name": "us-east-1"}
    boto3.client("s3", endpoint_url=url, **keys).create_bucket(Bucket="bucket")
    yield url
    server.stop()

"""Training sets from and to buckets, and what is left of one whose process is killed."""

import signal
import subprocess
import time

import deltalake
import point_in_time as pit
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import server_environment
from features_cli import FeaturesCli
from point_in_time import View
from test_object_stores import moto  # noqa: F401

pytestmark = pytest.mark.ours

KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "hunter2", "AWS_DEFAULT_REGION": "us-east-1"}
N_KILLS = 4
WAIT_S = 60


@pytest.fixture
def lab(fresh_database, forebay_binary, tmp_path):
    uri = fresh_database("sqlite")
    subprocess.run([forebay_binary, "db", "upgrade", uri], check=True, capture_output=True, timeout=WAIT_S)
    return pit.Lab(FeaturesCli(forebay_binary, ("--backend-store-uri", uri), tmp_path), tmp_path)


def test_tables_in_buckets_are_read_and_written(lab, moto):  # noqa: F811
    lab.cli.env.update(KEYS, AWS_ENDPOINT_URL=moto.environment()["MLFLOW_S3_ENDPOINT_URL"])
    storage = {**lab.cli.env, "AWS_ALLOW_HTTP": "true", "aws_conditional_put": "etag"}
    features, rows = pit.dealt(31, 400, 200)
    deltalake.write_deltalake("s3://bucket/gold/x y", features, storage_options=storage)
    deltalake.write_deltalake("s3://bucket/spine", rows, storage_options=storage)
    lab.apply(View().definitions("s3://bucket/gold/x y"))
    for version in range(2):
        lab.cli.text(*lab.words("s3://bucket/spine", "s3://bucket/made"))
        made = deltalake.DeltaTable("s3://bucket/made", storage_options=storage)
        assert made.version() == version
    expected = pit.naive(View(), features, rows)
    made = made.to_pyarrow_table().sort_by("number")
    assert made["row"].to_pylist() == [row for row in expected for _ in range(2)]


@pytest.mark.parametrize("output", ["made", "made.parquet"])
def test_a_build_that_is_killed_leaves_no_rows(lab, output):
    features, rows = pit.dealt(32, 400, 200)
    pq.write_table(features, lab.folder / "features.parquet")
    pq.write_table(pa.concat_tables([rows] * 300), lab.folder / "spine.parquet", row_group_size=10_000)
    lab.apply(View().definitions(lab.folder / "features.parquet"))
    words = lab.words(lab.folder / "spine.parquet", lab.folder / output)
    lab.cli.text(*words)
    before = read(lab.folder / output)
    command = [lab.cli.binary, "features", *words, *lab.cli.flags]
    n_done = 1
    for _ in range(N_KILLS):
        known = set(lab.folder.rglob("*"))
        with subprocess.Popen(
            list(map(str, command)), cwd=lab.folder, env=server_environment({}), stderr=subprocess.DEVNULL
        ) as build:
            wait_for(lambda: build.poll() is not None or set(lab.folder.rglob("*")) - known)  # noqa: B023
            build.send_signal(signal.SIGKILL)
        n_done += build.returncode == 0
        after = read(lab.folder / output)
        assert after.num_rows == before.num_rows * (n_done if output == "made" else 1)
    assert n_done <= N_KILLS, "all were done before they were killed"
    lab.cli.text(*words)
    n_done += 1
    made = read(lab.folder / output)
    assert made.num_rows == before.num_rows * (n_done if output == "made" else 1)


def read(path):
    return deltalake.DeltaTable(path).to_pyarrow_table() if path.is_dir() else pq.read_table(path)


def wait_for(is_there):
    deadline = time.monotonic() + WAIT_S
    while not is_there():
        assert time.monotonic() < deadline

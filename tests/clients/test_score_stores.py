"""`forebay score` over object stores: tables read from buckets and written to them. The stores are those that the tests
of artifacts have: moto for S3, Azurite for Azure, and fake-gcs-server, which takes no uploads, for Google's.
"""

import io
import json
import subprocess

import pandas as pd
import pytest
from test_azure import ROOT as AZURE
from test_azure import azurite, container  # noqa: F401
from test_gcs import bucket, gcs  # noqa: F401
from test_object_stores import moto, s3  # noqa: F401
from test_score import INPUTS, expected, features_of, flights, model, same, score, wait_for  # noqa: F401

pytestmark = pytest.mark.parametrize("model", ["floats"], indirect=True)

N_ROWS = 60_000


@pytest.fixture
def folder(unique_name):
    return unique_name()


def put(s3, key, body):
    s3.put_object(Bucket="bucket", Key=key, Body=body)


def keys(s3, prefix):
    return sorted(found["Key"] for found in s3.list_objects_v2(Bucket="bucket", Prefix=prefix).get("Contents", []))


def get(s3, key):
    return s3.get_object(Bucket="bucket", Key=key)["Body"].read()


def read(s3, key):
    return pd.read_parquet(io.BytesIO(get(s3, key)))


def refused(score, model, source, output, *words):
    words = ["--model", model, "--input", source, "--output", output, *words]
    assert f"it is part of --input {source}" in score(*words, code=1).stderr.decode()


@pytest.fixture
def on_s3(job_environment, moto, monkeypatch):
    """What a job needs to find the store."""
    for name, value in moto.environment().items():
        monkeypatch.setitem(job_environment, name, value)


@pytest.mark.usefixtures("on_s3")
class TestS3:
    @pytest.mark.parametrize("place", ["flights.parquet", "in/", "in/*.parquet", "s3a"])
    def test_a_file_a_folder_and_a_pattern_are_read(self, score, model, s3, flights, expected, folder, place):
        table = features_of(flights).head(3_000)
        put(s3, f"{folder}/flights.parquet", table.to_parquet())
        for part in range(3):
            rows = table[part * 1_000 : (part + 1) * 1_000]
            put(s3, f"{folder}/in/part-{part}.parquet", rows.to_parquet(row_group_size=300))
        put(s3, f"{folder}/in/_SUCCESS", b"")
        put(s3, f"{folder}/in/_notes.parquet", b"no table")
        source = f"s3a://bucket/{folder}/flights.parquet" if place == "s3a" else f"s3://bucket/{folder}/{place}"
        if "*" in place:
            source = source.replace("*", "part-*")
        score("--model", model, "--input", source, "--output", f"s3://bucket/{folder}/out.parquet")
        scored = read(s3, f"{folder}/out.parquet")
        assert scored["flight"].tolist() == table["flight"].tolist()
        same(scored, expected[:3_000])

    def test_texts_and_rejected_rows_lie_in_a_bucket_too(self, score, model, s3, flights, folder):
        table = flights[INPUTS].head(2_000).astype(object)
        table.loc[700, "distance"] = "far"
        put(s3, f"{folder}/in.csv", table.to_csv(index=False))
        at = f"s3://bucket/{folder}"
        words = ["--input", f"{at}/in.csv", "--output", f"{at}/out.jsonl", "--rejects", f"{at}/bad.jsonl"]
        assert json.loads(score("--model", model, *words).stdout)["n_rejected"] == 1
        lines = get(s3, f"{folder}/out.jsonl").splitlines()
        [bad] = get(s3, f"{folder}/bad.jsonl").splitlines()
        assert (len(lines), json.loads(bad)["row"]) == (1_999, 701)

    def test_a_file_of_many_parts_is_there_when_it_is_whole(self, score, model, s3, flights, folder):
        table = features_of(flights)
        table = pd.concat([table] * 2, ignore_index=True)
        put(s3, f"{folder}/in.parquet", table.to_parquet())
        at = f"s3://bucket/{folder}"
        score("--model", model, "--input", f"{at}/in.parquet", "--output", f"{at}/out.csv")
        head = s3.head_object(Bucket="bucket", Key=f"{folder}/out.csv")
        assert head["ETag"].strip('"').rsplit("-", 1)[1] > "1"
        body = s3.get_object(Bucket="bucket", Key=f"{folder}/out.csv")["Body"]
        scored = pd.read_csv(body, usecols=["flight"])
        assert scored["flight"].tolist() == table["flight"].tolist()
        assert not s3.list_multipart_uploads(Bucket="bucket").get("Uploads")

    def test_a_job_that_is_killed_again_and_again_leaves_neither_gaps_nor_doubles(
        self, score, forebay_binary, job_environment, model, s3, flights, folder, tmp_path
    ):
        table = features_of(flights).head(N_ROWS)
        put(s3, f"{folder}/in.parquet", table.to_parquet(row_group_size=7_000))
        at = f"s3://bucket/{folder}"
        words = ["--model", model, "--input", f"{at}/in.parquet", "--output", f"{at}/scored", "--job-id", "nightly"]
        words = [*map(str, words), "--rows-per-file", "4000", "--keep", "flight", "--rejects", f"{at}/bad"]
        n_before = 0
        for _ in range(4):
            command = [str(forebay_binary), "score", *words]
            with subprocess.Popen(command, cwd=tmp_path, env=job_environment, stderr=subprocess.DEVNULL) as job:
                wait_for(lambda n=n_before: job.poll() is not None or len(keys(s3, f"{folder}/scored/part-")) > n)
                job.kill()
            n_before = len(keys(s3, f"{folder}/scored/part-"))
        assert f"{folder}/scored/_SUCCESS" not in keys(s3, f"{folder}/scored")
        summary = json.loads(score(*words).stdout)
        assert (summary["n_rows"], summary["n_rows_before"] > 0) == (N_ROWS, True)
        assert f"{folder}/scored/_SUCCESS" in keys(s3, f"{folder}/scored")
        parts = [read(s3, key) for key in keys(s3, f"{folder}/scored/part-nightly-")]
        assert pd.concat(parts)["flight"].tolist() == table["flight"].tolist()

    def test_an_output_inside_of_the_input_is_refused(self, score, model, s3, flights, folder):
        put(s3, f"{folder}/in/a.parquet", features_of(flights).head(10).to_parquet())
        at = f"s3://bucket/{folder}"
        other = at.replace("s3://", "s3a://")
        refused(score, model, f"{at}/in/", f"{at}/in/scored/")
        refused(score, model, f"{at}/in/", f"{at}/in/a.parquet")
        refused(score, model, f"{at}/in/a.parquet", f"{other}/in/a.parquet")
        refused(score, model, f"{other}/in/", f"{at}/in/scored.parquet")
        refused(score, model, f"{at}/in/*.parquet", f"{other}/in/scored.parquet")
        refused(score, model, f"{at}/in/", "out.parquet", "--rejects", f"{other}/in/a.parquet")
        assert keys(s3, folder) == [f"{folder}/in/a.parquet"]

    @pytest.mark.parametrize("flag", ["--output", "--rejects"])
    def test_a_bucket_that_is_not_there_is_told_before_a_row_is_scored(self, score, model, flights, tmp_path, flag):
        table = features_of(flights).head(20_000)
        # A late row that cannot be scored, which is one more than may be rejected, would end the job first.
        table = table.astype({"distance": object})
        table.loc[19_999, "distance"] = "far"
        table.to_csv(tmp_path / "in.csv", index=False)
        words = {"--model": model, "--input": "in.csv", "--output": "out.csv", "--rejects": "bad.jsonl", "--max-rejects": 0}
        words[flag] = f"s3://no-bucket/{words[flag]}"
        error = score(*(word for pair in words.items() for word in pair), code=1).stderr.decode()
        assert error.startswith(f"error: {words[flag]}: ") and len(error.splitlines()) == 1
        assert not list(tmp_path.glob("out.csv*"))

    def test_what_is_not_there_is_told(self, score, model, folder):
        words = ["--model", model, "--output", "out.parquet"]
        error = score(*words, "--input", f"s3://bucket/{folder}/none.parquet", code=1).stderr.decode()
        assert f"s3://bucket/{folder}/none.parquet: there is no such file" in error
        error = score(*words, "--input", "s3://no-bucket/none.parquet", code=1).stderr.decode()
        assert error.startswith("error: s3://no-bucket/none.parquet: ") and len(error.splitlines()) == 1


def test_azure_is_read_and_written(score, job_environment, model, azurite, container, flights, folder, monkeypatch):
    for name, value in azurite.environment().items():
        monkeypatch.setitem(job_environment, name, value)
    table = features_of(flights).head(2_000)
    container.upload_blob(f"{folder}/in/a.parquet", table.to_parquet())
    words = ["--model", model, "--input", f"{AZURE}/{folder}/in", "--keep", "flight", "--rows-per-file", 500]
    score(*words, "--output", f"{AZURE}/{folder}/scored/", "--job-id", "nightly")
    names = sorted(blob.name.rsplit("/", 1)[1] for blob in container.list_blobs(f"{folder}/scored/"))
    parts = [name for name in names if name.startswith("part-")]
    assert (names[0], len(parts)) == ("_SUCCESS", 4)
    contents = [container.download_blob(f"{folder}/scored/{name}").readall() for name in parts]
    scored = pd.concat([pd.read_parquet(io.BytesIO(content)) for content in contents])
    assert scored["flight"].tolist() == table["flight"].tolist()
    lake = AZURE.replace("wasbs:", "abfss:").replace(".blob.", ".dfs.")
    refused(score, model, f"{AZURE}/{folder}/in/a.parquet", f"{lake}/{folder}/in/a.parquet")
    refused(score, model, f"{lake}/{folder}/in", f"{AZURE}/{folder}/in/scored.parquet")


def test_google_is_read(score, job_environment, model, gcs, bucket, flights, expected, folder, tmp_path, monkeypatch):
    for name, value in gcs.environment().items():
        monkeypatch.setitem(job_environment, name, value)
    bucket.blob(f"{folder}/a b.parquet").upload_from_string(features_of(flights).head(2_000).to_parquet())
    for place in (f"{folder}/a b.parquet", folder, f"{folder}/*.parquet"):
        score("--model", model, "--input", f"gs://bucket/{place}", "--output", "out.parquet")
        same(pd.read_parquet(tmp_path / "out.parquet"), expected[:2_000])

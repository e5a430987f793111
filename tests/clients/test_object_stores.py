"""Artifacts in object stores: through the server, beside it, and what happens when the store is gone.

The store is moto, a server of this Python environment that answers as S3 does.
"""

import hashlib
import os
import pathlib
import socket
import sys
import time
import uuid

import boto3
import mlflow
import psutil
import pytest
import requests

from emulator import Emulator

PROXY = "/api/2.0/mlflow-artifacts/artifacts"
MULTIPART = "/api/2.0/mlflow-artifacts/mpu"
MIB = 1024 * 1024
KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "hunter2", "AWS_DEFAULT_REGION": "us-east-1"}


class Moto(Emulator):
    """Stands for S3."""

    def command(self):
        return [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]

    def client(self):
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            aws_access_key_id="testing",
            aws_secret_access_key="hunter2",
            region_name="us-east-1",
        )

    def environment(self):
        return {**KEYS, "MLFLOW_S3_ENDPOINT_URL": self.url}


@pytest.fixture(scope="module")
def moto(tmp_path_factory):
    moto = Moto(tmp_path_factory.mktemp("moto"))
    moto.start()
    moto.client().create_bucket(Bucket="bucket")
    yield moto
    moto.stop()


@pytest.fixture(scope="module")
def s3(moto):
    return moto.client()


@pytest.fixture(scope="module")
def server(target, start_server, fresh_database, moto):
    """Shadows the shared server: this one keeps artifacts in a prefix of a bucket."""
    return start_server(target, fresh_database("sqlite"), "s3://bucket/proxied", env=moto.environment())


@pytest.fixture(autouse=True)
def reachable_by_the_client(monkeypatch, moto):
    """For runs beside the server the stock client asks the store itself."""
    for name, value in moto.environment().items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def direct_run(client, unique_name):
    """A run whose artifacts are in the bucket, beside the server."""
    experiment_id = client.create_experiment(unique_name(), artifact_location="s3://bucket/direct")
    return client.create_run(experiment_id)


def keys(s3, prefix=""):
    return [found["Key"] for found in s3.list_objects_v2(Bucket="bucket", Prefix=prefix).get("Contents", [])]


def put_object(s3, run, path, body=b"data"):
    key = f"{run.info.artifact_uri.removeprefix('s3://bucket/')}/{path}"
    s3.put_object(Bucket="bucket", Key=key, Body=body)
    return key


def pending(s3):
    return s3.list_multipart_uploads(Bucket="bucket").get("Uploads", [])


def eventually(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.1)
    return condition()


class TestThroughTheServer:
    def test_what_the_client_logs_is_an_object(self, client, s3, folder, run_id, tmp_path):
        client.log_text(run_id, "Grüße", "a/b.txt")
        assert keys(s3, f"proxied/{folder}") == [f"proxied/{folder}/a/b.txt"]
        assert [(file.path, file.is_dir, file.file_size) for file in client.list_artifacts(run_id)] == [("a", True, None)]
        assert [file.path for file in client.list_artifacts(run_id, "a")] == ["a/b.txt"]
        local = client.download_artifacts(run_id, "a", str(tmp_path))
        assert (pathlib.Path(local) / "b.txt").read_text() == "Grüße"

    @pytest.mark.parametrize("name", ["a b.txt", "ü~[1].txt", "a+b&c=d.txt", "x;y.txt"])
    def test_names_are_kept(self, client, s3, folder, run_id, name):
        client.log_text(run_id, name, name)
        assert keys(s3, f"proxied/{folder}") == [f"proxied/{folder}/{name}"]
        assert [file.path for file in client.list_artifacts(run_id)] == [name]
        assert pathlib.Path(client.download_artifacts(run_id, name)).read_text() == name

    def test_a_folder_is_deleted_with_all_that_is_in_it_and_nothing_beside_it(self, api, client, s3, folder, run_id):
        for name in ("d/x", "d/e/y", "d.txt", "dd/z"):
            client.log_text(run_id, name, name)
        assert api.delete(f"{PROXY}/{folder}/d").status == 200
        assert keys(s3, f"proxied/{folder}") == [f"proxied/{folder}/{name}" for name in ("d.txt", "dd/z")]

    def test_more_objects_than_a_page_holds_are_listed(self, api, s3, folder):
        for number in range(1001):
            s3.put_object(Bucket="bucket", Key=f"proxied/{folder}/many/{number:04}", Body=b"")
        listed = api.get(PROXY, {"path": f"{folder}/many"}).body["files"]
        assert [file["path"] for file in listed] == [f"{number:04}" for number in range(1001)]

    def test_the_mark_of_a_folder_is_not_listed(self, api, s3, folder):
        s3.put_object(Bucket="bucket", Key=f"proxied/{folder}/m/", Body=b"")
        s3.put_object(Bucket="bucket", Key=f"proxied/{folder}/m/x", Body=b"1")
        listed = api.get(PROXY, {"path": f"{folder}/m"}).body["files"]
        assert listed == [{"path": "x", "is_dir": False, "file_size": 1}]

    @pytest.mark.ours
    def test_a_part_and_a_known_state_are_answered_as_from_a_disk(self, api, client, folder, run_id):
        client.log_text(run_id, "0123456789", "digits.txt")
        path = f"{PROXY}/{folder}/digits.txt"
        whole = api.get(path)
        assert (whole.status, whole.text, whole.headers["Content-Length"]) == (200, "0123456789", "10")
        part = api.get(path, headers={"Range": "bytes=2-4"})
        assert (part.status, part.text, part.headers["Content-Range"]) == (206, "234", "bytes 2-4/10")
        assert api.get(path, headers={"If-None-Match": whole.headers["ETag"]}).status == 304
        assert api.get(path, headers={"If-Modified-Since": whole.headers["Last-Modified"]}).status == 304
        assert api.get(path, headers={"Range": "bytes=20-"}).status == 416

    @pytest.mark.ours
    def test_a_missing_file_is_not_found(self, api, folder):
        answer = api.get(f"{PROXY}/{folder}/nothing")
        assert (answer.status, answer.code) == (404, "RESOURCE_DOES_NOT_EXIST")

    @pytest.mark.ours
    def test_an_empty_file_is_one(self, api, folder):
        assert api.request("PUT", f"{PROXY}/{folder}/empty", data=b"").status == 200
        assert api.get(f"{PROXY}/{folder}/empty").text == ""

    @pytest.mark.ours
    def test_the_store_itself_cannot_be_deleted(self, api, s3, client, run_id):
        client.log_text(run_id, "x", "x")
        before = keys(s3)
        for path in (".", "%2e", "./."):
            assert api.delete(f"{PROXY}/{path}").status in (400, 404, 405)
        assert keys(s3) == before


class TestBesideTheServer:
    def test_the_client_writes_and_the_web_page_reads(self, api, client, direct_run):
        run_id = direct_run.info.run_id
        client.log_text(run_id, "direct", "a/b.txt")
        assert api.get("artifacts/list", {"run_id": run_id, "path": "a"}).body["files"] == [
            {"path": "a/b.txt", "is_dir": False, "file_size": 6}
        ]
        assert api.get("/get-artifact", {"run_id": run_id, "path": "a/b.txt"}).text == "direct"

    def test_the_web_page_writes_and_the_client_reads(self, api, client, direct_run):
        run_id = direct_run.info.run_id
        params = {"run_uuid": run_id, "path": "note.png"}
        upload = api.request("POST", "/ajax-api/2.0/mlflow/upload-artifact", params=params, data=b"png")
        assert upload.status == 200
        assert pathlib.Path(client.download_artifacts(run_id, "note.png")).read_bytes() == b"png"

    def test_files_of_a_logged_model_are_shown(self, api, client, s3, direct_run):
        model = client.create_logged_model(direct_run.info.experiment_id)
        key = model.artifact_location.removeprefix("s3://bucket/")
        s3.put_object(Bucket="bucket", Key=f"{key}/MLmodel", Body=b"flavors: {}")
        answer = api.get(f"logged-models/{model.model_id}/artifacts/directories")
        assert [file["path"] for file in answer.body["files"]] == ["MLmodel"]
        path = f"/ajax-api/2.0/mlflow/logged-models/{model.model_id}/artifacts/files"
        assert api.get(path, {"artifact_file_path": "MLmodel"}).text == "flavors: {}"

    def test_a_query_does_not_change_the_prefix(self, api, client, s3, unique_name):
        experiment_id = client.create_experiment(unique_name(), artifact_location="s3://bucket/query?versionId=1")
        run = client.create_run(experiment_id)
        s3.put_object(Bucket="bucket", Key=f"query/{run.info.run_id}/artifacts/x", Body=b"x")
        assert api.get("artifacts/list", {"run_id": run.info.run_id}).body["files"][0]["path"] == "x"

    @pytest.mark.ours
    @pytest.mark.parametrize(
        "location",
        ["s3://bucket/x?endpoint=http://evil", "s3://evil.example:80/x", "abfss://c@evil.example/x", "s3://bucket/a//b"],
    )
    def test_a_location_names_no_host(self, api, client, unique_name, location):
        run = client.create_run(client.create_experiment(unique_name(), artifact_location=location))
        answer = api.get("artifacts/list", {"run_id": run.info.run_id})
        assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")

    @pytest.mark.ours
    def test_a_missing_bucket_of_the_callers_choice_is_a_403_that_says_so(self, api, client, unique_name):
        run = client.create_run(client.create_experiment(unique_name(), artifact_location="s3://nobodys/x"))
        answer = api.get("artifacts/list", {"run_id": run.info.run_id})
        assert (answer.status, answer.code) == (403, "PERMISSION_DENIED")
        assert answer.message == f"The artifact location '{run.info.artifact_uri}' cannot be used: NoSuchBucket"


class TestMultipart:
    @pytest.fixture(autouse=True)
    def small_parts(self, monkeypatch):
        monkeypatch.setenv("MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE", str(6 * MIB))
        monkeypatch.setenv("MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE", str(5 * MIB))
        monkeypatch.setenv("MLFLOW_MULTIPART_DOWNLOAD_CHUNK_SIZE", str(4 * MIB))

    def test_the_server_says_what_the_store_can_do(self, api):
        info = api.get("/api/3.0/mlflow/server-info").body
        assert info["multipart_uploads_enabled"] is True
        assert info["multipart_downloads_enabled"] is True
        assert info["presigned_upload_run_id_supported"] is True
        assert info["presigned_upload_model_id_supported"] is True

    def test_the_client_sends_and_fetches_parts(self, client, s3, folder, run_id, tmp_path):
        content = os.urandom(12 * MIB + 7)
        (tmp_path / "big.bin").write_bytes(content)
        client.log_artifact(run_id, str(tmp_path / "big.bin"), "deep")
        etag = s3.head_object(Bucket="bucket", Key=f"proxied/{folder}/deep/big.bin")["ETag"]
        assert etag.endswith('-3"')
        local = client.download_artifacts(run_id, "deep/big.bin", str(tmp_path))
        assert pathlib.Path(local).read_bytes() == content

    def test_an_upload_is_there_when_it_is_complete_and_gone_when_it_is_aborted(self, api, s3, folder):
        for end in ("complete", "abort"):
            name = f"{end}.bin"
            begun = api.post(f"{MULTIPART}/create/{folder}", {"path": f"/somewhere/{name}", "num_parts": 2}).body
            assert [part["part_number"] for part in begun["credentials"]] == [1, 2]
            parts = []
            for part, content in zip(begun["credentials"], [b"a" * 5 * MIB, b"b"]):
                answer = requests.put(part["url"], data=content, timeout=60)
                parts.append({"part_number": part["part_number"], "etag": answer.headers["ETag"], "url": part["url"]})
            key = f"proxied/{folder}/{name}"
            assert key not in keys(s3, f"proxied/{folder}")
            body = {"path": name, "upload_id": begun["upload_id"], "parts": parts}
            assert api.post(f"{MULTIPART}/{end}/{folder}", body).status == 200
            assert (key in keys(s3, f"proxied/{folder}")) == (end == "complete")
            assert pending(s3) == []

    @pytest.mark.ours
    def test_parts_with_a_gap_are_the_callers_mistake(self, api, folder):
        body = {"path": "x", "upload_id": "u", "parts": [{"part_number": 2, "etag": "e"}]}
        assert api.post(f"{MULTIPART}/complete/{folder}", body).status == 400

    @pytest.mark.parametrize("path", ["..", "a/.."])
    def test_a_name_that_leaves_the_folder_is_refused(self, api, folder, path):
        answer = api.post(f"{MULTIPART}/create/{folder}/%2e%2e/x", {"path": path, "num_parts": 1})
        assert answer.status == 400


class TestPresigned:
    def ask(self, api, direction, **body):
        return api.post(f"artifacts/presigned-{direction}-url", body)

    @pytest.mark.parametrize(("name", "content_type"), [("a b.txt", "text/plain"), ("x.unknown", "application/octet-stream")])
    def test_a_file_is_uploaded_and_downloaded_without_the_server(self, api, direct_run, name, content_type):
        run_id = direct_run.info.run_id
        upload = self.ask(api, "upload", run_id=run_id, path=f"d/{name}").body
        assert upload["headers"] == {"Content-Type": content_type}
        assert requests.put(upload["presigned_url"], data=b"signed", headers=upload["headers"], timeout=60).ok
        download = self.ask(api, "download", run_id=run_id, path=f"d/{name}", expiration=60).body
        assert download["file_size"] == 6
        answer = requests.get(download["presigned_url"], timeout=60)
        assert (answer.status_code, answer.content) == (200, b"signed")
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
        assert "X-Amz-Expires=60" in download["presigned_url"]

    def test_a_logged_model_takes_uploads(self, api, client, s3, direct_run):
        model = client.create_logged_model(direct_run.info.experiment_id)
        upload = self.ask(api, "upload", model_id=model.model_id, path="MLmodel").body
        assert requests.put(upload["presigned_url"], data=b"m", headers=upload["headers"], timeout=60).ok
        assert keys(s3, model.artifact_location.removeprefix("s3://bucket/"))

    def test_a_missing_file_has_no_address(self, api, direct_run):
        answer = self.ask(api, "download", run_id=direct_run.info.run_id, path="nothing")
        assert (answer.status, answer.code) == (404, "RESOURCE_DOES_NOT_EXIST")

    def test_a_file_behind_the_proxy_has_an_address(self, api, client, folder, run_id):
        client.log_text(run_id, "proxied", "p.txt")
        answer = api.get(f"/api/2.0/mlflow-artifacts/presigned/{folder}/p.txt")
        assert answer.body["file_size"] == 7
        assert requests.get(answer.body["url"], timeout=60).text == "proxied"


@pytest.mark.ours
class TestBadDays:
    def test_an_upload_that_breaks_off_leaves_nothing(self, server, s3, folder):
        address = server.url.removeprefix("http://")
        host, port = address.split(":")
        with socket.create_connection((host, int(port))) as caller:
            head = f"PUT {PROXY}/{folder}/half HTTP/1.1\r\nHost: {address}\r\nContent-Length: {40 * MIB}\r\n\r\n"
            caller.sendall(head.encode() + b"x" * 18 * MIB)
            assert eventually(lambda: pending(s3))
        assert eventually(lambda: not pending(s3))
        assert keys(s3, f"proxied/{folder}") == []

    def test_a_store_that_is_gone_is_a_503_with_the_reason_and_tracking_goes_on(
        self, start_server, fresh_database, api_of, tmp_path
    ):
        moto = Moto(tmp_path)
        moto.start()
        server = start_server("forebay", fresh_database("sqlite"), "s3://bucket", env=moto.environment())
        api = api_of(server)
        for refused in [api.request("PUT", f"{PROXY}/x", data=b"x"), api.get(f"{PROXY}/x")]:
            assert (refused.status, refused.message) == (503, "The artifact store refuses this server: NoSuchBucket")
        moto.client().create_bucket(Bucket="bucket")
        assert api.request("PUT", f"{PROXY}/x", data=b"x").status == 200
        moto.stop()
        calls = [
            lambda: api.get(PROXY),
            lambda: api.get(f"{PROXY}/x"),
            lambda: api.request("PUT", f"{PROXY}/x", data=b"x"),
            lambda: api.request("PUT", f"{PROXY}/x", data=b"x" * 9 * MIB),
            lambda: api.delete(f"{PROXY}/x"),
        ]
        for call in calls:
            started = time.monotonic()
            answer = call()
            assert (answer.status, answer.code) == (503, "TEMPORARILY_UNAVAILABLE")
            assert answer.message == "The artifact store is not available: no connection can be made"
            assert time.monotonic() - started < 30
        assert api.post("experiments/create", {"name": "goes on"}).status == 200
        moto.start()
        moto.client().create_bucket(Bucket="bucket")
        assert api.request("PUT", f"{PROXY}/x", data=b"x").status == 200
        moto.stop()
        assert "hunter2" not in server.log()

    def test_what_passes_through_is_not_held_in_memory(self, server, s3, api, folder):
        process = psutil.Process(server.process.pid)
        size = 200 * MIB
        before = peak = process.memory_full_info().pss

        class Content:
            """A file of `size` bytes that is not on a disk."""

            left = size

            def __len__(self):
                return size

            def read(self, _):
                nonlocal peak
                peak = max(peak, process.memory_full_info().pss)
                length = min(self.left, MIB)
                self.left -= length
                return b"x" * length

        assert requests.put(f"{server.url}{PROXY}/{folder}/big", data=Content(), timeout=300).ok
        digest, length = hashlib.sha256(), 0
        with requests.get(f"{server.url}{PROXY}/{folder}/big", stream=True, timeout=300) as answer:
            for chunk in answer.iter_content(MIB):
                digest.update(chunk)
                length += len(chunk)
                peak = max(peak, process.memory_full_info().pss)
        assert (length, digest.digest()) == (size, hashlib.sha256(b"x" * size).digest())
        assert (peak - before) / MIB < 64

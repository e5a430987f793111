"""Artifacts on Azure: through the server, beside it, and what happens when the store is gone.

The store is Azurite, Microsoft's own server that answers as Azure Blob Storage does. `cargo xtask test` installs it;
the connection string leads to it, whatever host a URI names.
"""

import contextlib
import hashlib
import json
import os
import pathlib
import socket
import subprocess
import sys
import time

import mlflow
import pytest
import requests
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobServiceClient

from conftest import server_environment
from emulator import Emulator
from machine import not_here, program

CLIENTS = pathlib.Path(__file__).resolve().parent
PROXY = "/api/2.0/mlflow-artifacts/artifacts"
MULTIPART = "/api/2.0/mlflow-artifacts/mpu"
MIB = 1024 * 1024
ACCOUNT = "devstoreaccount1"
# The key of that account on every Azurite; it is no secret.
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
ROOT = f"wasbs://container@{ACCOUNT}.blob.core.windows.net"
REFUSES = "The artifact store refuses this server"


def azurite_folder():
    """Where Azurite is installed: FOREBAY_AZURITE, or where `cargo xtask test` puts it if nothing else is said."""
    given = os.environ.get("FOREBAY_AZURITE")
    if given:
        return pathlib.Path(given)
    version = json.loads((CLIENTS / "azurite" / "package.json").read_text())["dependencies"]["azurite"]
    user_cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    cache = pathlib.Path(os.environ.get("FOREBAY_CACHE") or user_cache / "forebay")
    return cache / f"azurite-{version}"


def azurite_command():
    script = azurite_folder() / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
    if not script.is_file():
        not_here(f"{script} does not exist: cargo xtask test installs it")
    return [program("node"), str(script)]


class Azurite(Emulator):
    """Stands for Azure."""

    def __init__(self, folder):
        super().__init__(folder)
        self.url = f"{self.url}/{ACCOUNT}"

    def command(self):
        listen = ["--blobHost", "127.0.0.1", "--blobPort", str(self.port)]
        # Clients of newer API versions than it knows are served as well as it can.
        return [*azurite_command(), *listen, "--inMemoryPersistence", "--skipApiVersionCheck", "--silent", "--disableTelemetry"]

    def container(self):
        service = BlobServiceClient(self.url, {"account_name": ACCOUNT, "account_key": KEY}, retry_total=0)
        return service.get_container_client("container")

    def environment(self, key=KEY):
        account = f"AccountName={ACCOUNT};AccountKey={key}"
        connection = f"DefaultEndpointsProtocol=http;{account};BlobEndpoint={self.url};"
        return {"AZURE_STORAGE_CONNECTION_STRING": connection}


@pytest.fixture(scope="module")
def azurite(tmp_path_factory):
    azurite = Azurite(tmp_path_factory.mktemp("azurite"))
    azurite.start()
    azurite.container().create_container()
    yield azurite
    azurite.stop()


@pytest.fixture(scope="module")
def container(azurite):
    return azurite.container()


@pytest.fixture(scope="module")
def database_uri(fresh_database):
    return fresh_database("sqlite")


@pytest.fixture(scope="module")
def server(target, start_server, database_uri, azurite):
    """Shadows the shared server: this one keeps artifacts in a prefix of a container."""
    return start_server(target, database_uri, f"{ROOT}/proxied", env=azurite.environment())


@pytest.fixture(autouse=True)
def reachable_by_the_client(monkeypatch, azurite):
    """For runs beside the server the stock client asks the store itself."""
    for name, value in azurite.environment().items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def direct_run(client, unique_name):
    """A run whose artifacts are in the container, beside the server."""
    experiment_id = client.create_experiment(unique_name(), artifact_location=f"{ROOT}/direct")
    return client.create_run(experiment_id)


def names(container, prefix=""):
    return [found.name for found in container.list_blobs(name_starts_with=prefix)]


def blocks(container, name, kind="committed"):
    """The sizes of the blocks that make a blob, or of those that do not yet."""
    committed, uncommitted = container.get_blob_client(name).get_block_list("all")
    return [block.size for block in (committed if kind == "committed" else uncommitted)]


def file_of(folder, name, content):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


class TestThroughTheServer:
    def test_what_the_client_logs_is_a_blob(self, client, container, folder, run_id, tmp_path):
        client.log_text(run_id, "Grüße", "a/b.txt")
        assert names(container, f"proxied/{folder}") == [f"proxied/{folder}/a/b.txt"]
        assert [(file.path, file.is_dir) for file in client.list_artifacts(run_id)] == [("a", True)]
        assert [(file.path, file.file_size) for file in client.list_artifacts(run_id, "a")] == [("a/b.txt", 7)]
        local = client.download_artifacts(run_id, "a", str(tmp_path))
        assert (pathlib.Path(local) / "b.txt").read_text() == "Grüße"

    def test_folders_in_folders_come_back_as_they_went(self, client, run_id, tmp_path):
        files = {"top": b"1", "d/x": b"22", "d/e/f/deep": b"333", "d.e/y": b""}
        for name, content in files.items():
            file_of(tmp_path / "sent", name, content)
        client.log_artifacts(run_id, str(tmp_path / "sent"), "all")
        assert [file.path for file in client.list_artifacts(run_id, "all/d")] == ["all/d/e", "all/d/x"]
        local = pathlib.Path(client.download_artifacts(run_id, "all", str(tmp_path)))
        found = {str(path.relative_to(local)): path.read_bytes() for path in local.rglob("*") if path.is_file()}
        assert found == files

    @pytest.mark.parametrize("name", ["a b.txt", "ü~[1].txt", "a+b&c=d.txt", "x;y.txt", "100 %.txt", "日本/語 +.txt"])
    def test_names_are_kept(self, client, container, folder, run_id, name):
        client.log_text(run_id, name, name)
        assert names(container, f"proxied/{folder}") == [f"proxied/{folder}/{name}"]
        parent = str(pathlib.PurePosixPath(name).parent) if "/" in name else None
        assert [file.path for file in client.list_artifacts(run_id, parent)] == [name]
        assert pathlib.Path(client.download_artifacts(run_id, name)).read_text() == name

    def test_a_file_takes_the_place_of_the_one_before(self, api, client, folder, run_id):
        path = f"{PROXY}/{folder}/note.txt"
        client.log_text(run_id, "the first and longer", "note.txt")
        first = api.get(path)
        client.log_text(run_id, "second", "note.txt")
        second = api.get(path)
        assert (first.text, second.text) == ("the first and longer", "second")
        assert [file.file_size for file in client.list_artifacts(run_id)] == [6]

    def test_a_folder_is_deleted_with_all_that_is_in_it_and_nothing_beside_it(
        self, api, client, container, folder, run_id
    ):
        for name in ("d/x", "d/e/y", "d/ü %+.txt", "d.txt", "dd/z"):
            client.log_text(run_id, name, name)
        assert api.delete(f"{PROXY}/{folder}/d").status == 200
        assert names(container, f"proxied/{folder}") == [f"proxied/{folder}/{name}" for name in ("d.txt", "dd/z")]

    def test_a_single_file_is_deleted(self, api, client, container, folder, run_id):
        for name in ("x", "xx"):
            client.log_text(run_id, name, name)
        assert api.delete(f"{PROXY}/{folder}/x").status == 200
        assert names(container, f"proxied/{folder}") == [f"proxied/{folder}/xx"]

    def test_more_blobs_than_a_deletion_takes_at_a_time_are_deleted(self, api, client, container, folder, run_id):
        for number in range(300):
            container.upload_blob(f"proxied/{folder}/many/{number:03}", b"")
        assert len(api.get(PROXY, {"path": f"{folder}/many"}).body["files"]) == 300
        assert api.delete(f"{PROXY}/{folder}/many").status == 200
        assert names(container, f"proxied/{folder}") == []

    @pytest.mark.ours
    def test_a_part_and_a_known_state_are_answered_as_from_a_disk(self, api, client, folder, run_id):
        client.log_text(run_id, "0123456789", "digits.txt")
        path = f"{PROXY}/{folder}/digits.txt"
        whole = api.get(path)
        assert (whole.status, whole.text, whole.headers["Content-Length"]) == (200, "0123456789", "10")
        part = api.get(path, headers={"Range": "bytes=2-4"})
        assert (part.status, part.text, part.headers["Content-Range"]) == (206, "234", "bytes 2-4/10")
        last = api.get(path, headers={"Range": "bytes=-3"})
        assert (last.status, last.text, last.headers["Content-Range"]) == (206, "789", "bytes 7-9/10")
        assert api.get(path, headers={"If-None-Match": whole.headers["ETag"]}).status == 304
        assert api.get(path, headers={"If-Modified-Since": whole.headers["Last-Modified"]}).status == 304
        assert api.get(path, headers={"Range": "bytes=20-"}).status == 416
        client.log_text(run_id, "abcdefghij", "digits.txt")
        assert api.get(path, headers={"If-None-Match": whole.headers["ETag"]}).status == 200
        stale = {"Range": "bytes=2-4", "If-Range": whole.headers["ETag"]}
        assert api.get(path, headers=stale).text == "abcdefghij"

    @pytest.mark.ours
    def test_a_missing_file_is_not_found(self, api, folder):
        answer = api.get(f"{PROXY}/{folder}/nothing")
        assert (answer.status, answer.code) == (404, "RESOURCE_DOES_NOT_EXIST")

    @pytest.mark.ours
    def test_an_empty_file_is_one(self, api, folder):
        assert api.request("PUT", f"{PROXY}/{folder}/empty", data=b"").status == 200
        assert api.get(f"{PROXY}/{folder}/empty").text == ""

    @pytest.mark.ours
    def test_the_store_itself_cannot_be_deleted(self, api, container, client, run_id):
        client.log_text(run_id, "x", "x")
        before = names(container)
        for path in (".", "%2e", "./."):
            assert api.delete(f"{PROXY}/{path}").status in (400, 404, 405)
        assert names(container) == before


@pytest.fixture(scope="module")
def content():
    return os.urandom(40 * MIB + 7)


class TestLargeFiles:
    """40 MiB and a bit: five blocks of 8 MiB, and a short one."""

    def test_a_large_file_comes_back_as_it_went(self, client, run_id, content, tmp_path):
        client.log_artifact(run_id, str(file_of(tmp_path, "sent/big.bin", content)), "deep")
        assert [file.file_size for file in client.list_artifacts(run_id, "deep")] == [len(content)]
        local = client.download_artifacts(run_id, "deep/big.bin", str(tmp_path))
        assert hashlib.sha256(pathlib.Path(local).read_bytes()).digest() == hashlib.sha256(content).digest()

    @pytest.mark.ours
    def test_it_is_sent_in_blocks_and_its_parts_can_be_had(self, api, container, folder, content):
        path = f"{PROXY}/{folder}/big.bin"
        assert api.request("PUT", path, data=content).status == 200
        assert blocks(container, f"proxied/{folder}/big.bin") == [8 * MIB] * 5 + [7]
        part = api.get(path, headers={"Range": f"bytes={8 * MIB - 3}-{8 * MIB + 2}"})
        assert (part.status, part.response.content) == (206, content[8 * MIB - 3 : 8 * MIB + 3])

    @pytest.mark.ours
    def test_a_length_that_is_not_said_before_makes_no_difference(self, api, container, folder, content):
        pieces = (content[start : start + MIB] for start in range(0, len(content), MIB))
        assert api.request("PUT", f"{PROXY}/{folder}/streamed.bin", data=pieces).status == 200
        assert blocks(container, f"proxied/{folder}/streamed.bin") == [8 * MIB] * 5 + [7]
        assert api.get(f"{PROXY}/{folder}/streamed.bin").response.content == content

    def test_a_short_file_takes_the_place_of_a_large_one_and_back(self, api, folder, content):
        path = f"{PROXY}/{folder}/changing.bin"
        for state in (content, b"short", content):
            assert api.request("PUT", path, data=state).status == 200
            assert api.get(path).response.content == state


class TestBesideTheServer:
    def test_the_client_writes_and_the_web_page_reads(self, api, client, direct_run):
        run_id = direct_run.info.run_id
        client.log_text(run_id, "direct", "a/b c.txt")
        assert api.get("artifacts/list", {"run_id": run_id, "path": "a"}).body["files"] == [
            {"path": "a/b c.txt", "is_dir": False, "file_size": 6}
        ]
        assert api.get("/get-artifact", {"run_id": run_id, "path": "a/b c.txt"}).text == "direct"

    def test_the_web_page_writes_and_the_client_reads(self, api, client, container, direct_run):
        run_id = direct_run.info.run_id
        params = {"run_uuid": run_id, "path": "note.png"}
        upload = api.request("POST", "/ajax-api/2.0/mlflow/upload-artifact", params=params, data=b"png")
        assert upload.status == 200
        assert names(container, f"direct/{run_id}") == [f"direct/{run_id}/artifacts/note.png"]
        assert pathlib.Path(client.download_artifacts(run_id, "note.png")).read_bytes() == b"png"

    def test_files_of_a_logged_model_are_shown(self, api, client, container, direct_run):
        model = client.create_logged_model(direct_run.info.experiment_id)
        container.upload_blob(f"{model.artifact_location.removeprefix(f'{ROOT}/')}/MLmodel", b"flavors: {}")
        answer = api.get(f"logged-models/{model.model_id}/artifacts/directories")
        assert [file["path"] for file in answer.body["files"]] == ["MLmodel"]

    def test_a_server_that_serves_no_artifacts_sends_the_client_to_the_store(
        self, target, start_server, fresh_database, azurite, container
    ):
        arguments = ["--default-artifact-root", f"{ROOT}/root", "--no-serve-artifacts"]
        server = start_server(target, fresh_database("sqlite"), extra_args=arguments, env=azurite.environment())
        client = mlflow.MlflowClient(server.url, server.url)
        run = client.create_run("0")
        assert run.info.artifact_uri == f"{ROOT}/root/0/{run.info.run_id}/artifacts"
        client.log_text(run.info.run_id, "direct", "x.txt")
        assert names(container, "root/") == [f"root/0/{run.info.run_id}/artifacts/x.txt"]
        assert pathlib.Path(client.download_artifacts(run.info.run_id, "x.txt")).read_text() == "direct"

    # The original needs one more package for it, which the clients here do not have.
    @pytest.mark.ours
    def test_the_interface_of_data_lakes_leads_to_the_same_blobs(self, api, client, container, unique_name):
        location = f"abfss://container@{ACCOUNT}.dfs.core.windows.net/direct%20lake"
        run = client.create_run(client.create_experiment(unique_name(), artifact_location=location))
        container.upload_blob(f"direct lake/{run.info.run_id}/artifacts/x.txt", b"lake")
        listed = api.get("artifacts/list", {"run_id": run.info.run_id}).body["files"]
        assert listed == [{"path": "x.txt", "is_dir": False, "file_size": 4}]
        assert api.get("/get-artifact", {"run_id": run.info.run_id, "path": "x.txt"}).text == "lake"

    @pytest.mark.ours
    def test_a_missing_container_of_the_callers_choice_is_a_403_that_says_so(self, api, client, unique_name):
        location = f"wasbs://nobodys@{ACCOUNT}.blob.core.windows.net/x"
        run = client.create_run(client.create_experiment(unique_name(), artifact_location=location))
        answer = api.get("artifacts/list", {"run_id": run.info.run_id})
        assert (answer.status, answer.code) == (403, "PERMISSION_DENIED")
        assert answer.message == f"The artifact location '{run.info.artifact_uri}' cannot be used: ContainerNotFound"


class TestMultipart:
    @pytest.fixture(autouse=True)
    def small_parts(self, monkeypatch):
        monkeypatch.setenv("MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD", "true")
        monkeypatch.setenv("MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE", str(6 * MIB))
        monkeypatch.setenv("MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE", str(5 * MIB))

    def begin(self, api, folder, name, n_parts):
        return api.post(f"{MULTIPART}/create/{folder}", {"path": f"/somewhere/{name}", "num_parts": n_parts})

    def send(self, begun, contents):
        """Sends parts as the client does; what it tells of them to the server."""
        parts = []
        for part, content in zip(begun["credentials"], contents, strict=True):
            answer = requests.put(part["url"], data=content, headers=part.get("headers"), timeout=60)
            assert answer.status_code == 201, answer.text
            etag = answer.headers.get("ETag", "")
            parts.append({"part_number": part["part_number"], "etag": etag, "url": part["url"]})
        return parts

    def end(self, api, how, folder, name, begun, parts):
        body = {"path": name, "upload_id": begun.get("upload_id"), "parts": parts}
        return api.post(f"{MULTIPART}/{how}/{folder}", body)

    @pytest.mark.ours
    def test_the_server_says_what_the_store_can_do(self, api):
        info = api.get("/api/3.0/mlflow/server-info").body
        assert info["multipart_uploads_enabled"] is True
        assert info["multipart_downloads_enabled"] is False

    def test_the_client_sends_parts(self, client, container, folder, run_id, tmp_path):
        content = os.urandom(12 * MIB + 7)
        client.log_artifact(run_id, str(file_of(tmp_path, "sent/big.bin", content)), "deep+er")
        assert blocks(container, f"proxied/{folder}/deep+er/big.bin") == [5 * MIB, 5 * MIB, 2 * MIB + 7]
        local = client.download_artifacts(run_id, "deep+er/big.bin", str(tmp_path))
        assert pathlib.Path(local).read_bytes() == content

    @pytest.mark.parametrize("name", ["a b.bin", "ü.bin", "100%.bin", "a+b&c=d.bin"])
    def test_a_large_file_of_any_name_arrives_whichever_way_it_goes(self, client, run_id, name, tmp_path):
        content = os.urandom(6 * MIB + 7)
        client.log_artifact(run_id, str(file_of(tmp_path, f"sent/{name}", content)))
        assert pathlib.Path(client.download_artifacts(run_id, name, str(tmp_path))).read_bytes() == content

    # The client sends the file through the server when it is told so, in these words.
    @pytest.mark.ours
    def test_no_part_of_a_file_is_signed_whose_address_is_percent_encoded(self, api, folder):
        answer = self.begin(api, folder, "a b.bin", 2)
        assert (answer.status, answer.code) == (501, "NOT_IMPLEMENTED")
        assert answer.message.startswith("Multipart upload is not supported")

    def test_an_upload_is_there_when_it_is_complete_and_not_before(self, api, container, folder):
        begun = self.begin(api, folder, "x.bin", 2).body
        assert [part["part_number"] for part in begun["credentials"]] == [1, 2]
        parts = self.send(begun, [b"a" * 5 * MIB, b"b"])
        assert names(container, f"proxied/{folder}") == []
        assert self.end(api, "complete", folder, "x.bin", begun, parts).status == 200
        assert container.download_blob(f"proxied/{folder}/x.bin").readall() == b"a" * 5 * MIB + b"b"

    def test_an_upload_that_is_aborted_leaves_what_was_there(self, api, client, folder, run_id):
        client.log_text(run_id, "before", "x.bin")
        begun = self.begin(api, folder, "x.bin", 1).body
        parts = self.send(begun, [b"after"])
        assert self.end(api, "abort", folder, "x.bin", begun, parts).status == 200
        assert api.get(f"{PROXY}/{folder}/x.bin").text == "before"

    # The original names blocks by their numbers, and Azure wants all names of a blob to be equally long.
    @pytest.mark.ours
    def test_ten_parts_and_more_make_a_file_in_their_order(self, api, folder):
        contents = [b"%d," % number for number in range(12)]
        begun = self.begin(api, folder, "many.txt", 12).body
        parts = self.send(begun, contents)
        assert self.end(api, "complete", folder, "many.txt", begun, parts).status == 200
        assert api.get(f"{PROXY}/{folder}/many.txt").response.content == b"".join(contents)

    @pytest.mark.ours
    def test_a_part_that_was_not_sent_is_the_callers_mistake(self, api, container, folder):
        begun = self.begin(api, folder, "gap.txt", 2).body
        parts = self.send({"credentials": begun["credentials"][:1]}, [b"a"])
        parts.append({"part_number": 2, "etag": "e", "url": begun["credentials"][1]["url"]})
        answer = self.end(api, "complete", folder, "gap.txt", begun, parts)
        assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
        assert answer.message == "The artifact store refuses the parts: InvalidBlockList"
        assert names(container, f"proxied/{folder}") == []

    @pytest.mark.ours
    def test_an_address_of_a_part_writes_that_blob_and_no_other(self, api, folder):
        begun = self.begin(api, folder, "mine.bin", 1).body
        url = begun["credentials"][0]["url"].replace("mine.bin", "other.bin")
        assert requests.put(url, data=b"x", timeout=60).status_code == 403

    def test_no_address_is_signed_for_whole_files(self, api, client, direct_run):
        client.log_text(direct_run.info.run_id, "x", "x")
        for direction in ("upload", "download"):
            body = {"run_id": direct_run.info.run_id, "path": "x"}
            answer = api.post(f"artifacts/presigned-{direction}-url", body)
            assert (answer.status, answer.code) == (501, "NOT_IMPLEMENTED")


class TestGc:
    @pytest.fixture
    def gc(self, request, target, server, database_uri, azurite):
        """Runs gc to its end; it finds the store as the server does."""
        stock = str(pathlib.Path(sys.executable).parent / "mlflow")
        binary = request.getfixturevalue("forebay_binary") if target == "forebay" else stock
        places = ["--backend-store-uri", database_uri, "--tracking-uri", server.url]

        def run(destination=f"{ROOT}/proxied"):
            command = [str(binary), "gc", *places, "--artifacts-destination", destination]
            environment = server_environment(azurite.environment())
            return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

        return run

    @pytest.mark.parametrize("root", ["proxied", "direct"])
    def test_a_deleted_run_goes_with_its_blobs_and_others_stay(self, client, container, gc, unique_name, root):
        location = f"{ROOT}/direct/gc" if root == "direct" else None
        experiment_id = client.create_experiment(unique_name(), artifact_location=location)
        gone, kept = (client.create_run(experiment_id).info.run_id for _ in range(2))
        for run_id in (gone, kept):
            client.log_text(run_id, "weights", "model/weights 1.txt")
            client.log_text(run_id, "hello", "hello.txt")
        client.delete_run(gone)
        done = gc()
        assert done.returncode == 0, done.stdout + done.stderr
        left = {owner: sum(owner in name for name in names(container)) for owner in (gone, kept)}
        assert left == {gone: 0, kept: 2}
        assert client.get_run(kept).info.lifecycle_stage == "active"

    @pytest.mark.ours
    def test_a_container_that_is_missing_keeps_its_owners(self, client, container, gc, experiment_id):
        run_id = client.create_run(experiment_id).info.run_id
        client.log_text(run_id, "x", "x")
        client.delete_run(run_id)
        done = gc(f"wasbs://nobodys@{ACCOUNT}.blob.core.windows.net/x")
        assert done.returncode == 1
        assert f"Run with ID {run_id} could not be deleted" in done.stdout, done.stdout + done.stderr
        assert KEY not in done.stdout + done.stderr
        assert client.get_run(run_id).info.lifecycle_stage == "deleted"
        assert gc().returncode == 0
        assert [name for name in names(container) if run_id in name] == []


@pytest.mark.ours
class TestBadDays:
    def test_an_upload_that_breaks_off_leaves_what_was_there(self, server, api, client, container, folder, run_id):
        client.log_text(run_id, "before", "half")
        address = server.url.removeprefix("http://")
        host, port = address.split(":")
        with socket.create_connection((host, int(port))) as caller:
            head = f"PUT {PROXY}/{folder}/half HTTP/1.1\r\nHost: {address}\r\nContent-Length: {40 * MIB}\r\n\r\n"
            caller.sendall(head.encode() + b"x" * 18 * MIB)
            assert eventually(lambda: blocks(container, f"proxied/{folder}/half", "uncommitted"))
        assert api.get(f"{PROXY}/{folder}/half").text == "before"
        assert api.request("PUT", f"{PROXY}/{folder}/half", data=b"after").status == 200
        assert api.get(f"{PROXY}/{folder}/half").text == "after"

    @pytest.fixture
    def mortal(self, tmp_path):
        """An Azurite of this test alone, without a container."""
        azurite = Azurite(tmp_path)
        azurite.start()
        yield azurite
        azurite.stop()

    def test_a_store_that_is_gone_is_a_503_with_the_reason_and_tracking_goes_on(
        self, start_server, fresh_database, api_of, mortal
    ):
        server = start_server("forebay", fresh_database("sqlite"), f"{ROOT}/x", env=mortal.environment())
        api = api_of(server)
        for name, call in calls_for_artifacts(api).items():
            refused = call()
            assert (refused.status, refused.message) == (503, f"{REFUSES}: ContainerNotFound"), name
        mortal.container().create_container()
        assert api.request("PUT", f"{PROXY}/x", data=b"x").status == 200
        mortal.stop()
        for call in calls_for_artifacts(api).values():
            started = time.monotonic()
            answer = call()
            assert (answer.status, answer.code) == (503, "TEMPORARILY_UNAVAILABLE")
            assert answer.message == "The artifact store is not available: no connection can be made"
            assert time.monotonic() - started < 30
        assert api.post("experiments/create", {"name": "goes on"}).status == 200
        mortal.start()
        mortal.container().create_container()
        assert api.request("PUT", f"{PROXY}/x", data=b"x").status == 200
        assert KEY not in server.log()

    def test_a_wrong_key_is_a_503_with_the_reason(self, start_server, fresh_database, api_of, azurite):
        environment = azurite.environment(key="d3Jvbmc=")
        api = api_of(start_server("forebay", fresh_database("sqlite"), f"{ROOT}/x", env=environment))
        for name, call in calls_for_artifacts(api).items():
            refused = call()
            reason = "access denied" if name == "get" else "AuthorizationFailure"
            assert (refused.status, refused.code) == (503, "TEMPORARILY_UNAVAILABLE")
            assert refused.message == f"{REFUSES}: {reason}", name

    def test_a_wrong_key_for_a_location_of_the_callers_choice_is_a_403(
        self, start_server, fresh_database, azurite, api_of, unique_name
    ):
        environment = azurite.environment(key="d3Jvbmc=")
        server = start_server("forebay", fresh_database("sqlite"), env=environment)
        client = mlflow.MlflowClient(server.url, server.url)
        run = client.create_run(client.create_experiment(unique_name(), artifact_location=f"{ROOT}/direct"))
        answer = api_of(server).get("artifacts/list", {"run_id": run.info.run_id})
        assert (answer.status, answer.code) == (403, "PERMISSION_DENIED")


def calls_for_artifacts(api):
    return {
        "list": lambda: api.get(PROXY),
        "get": lambda: api.get(f"{PROXY}/x"),
        "put": lambda: api.request("PUT", f"{PROXY}/x", data=b"x"),
        "put in parts": lambda: api.request("PUT", f"{PROXY}/x", data=b"x" * 9 * MIB),
        "delete": lambda: api.delete(f"{PROXY}/x"),
    }


def eventually(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        # Azure knows no blocks of a name before the first one came.
        with contextlib.suppress(HttpResponseError):
            if condition():
                return True
        time.sleep(0.1)
    return False

"""Paths that try to leave the artifact folder, on every endpoint that takes one.

The tests start a server of their own, so that they know the folder and can lay traps in it.
Paths are sent exactly as written: no client library may tidy them up on the way.
"""

import http.client
import json
import os
import urllib.parse
import uuid

import mlflow
import pytest

PROXY = "/api/2.0/mlflow-artifacts"
AJAX = "/ajax-api/2.0/mlflow"
API = "/api/2.0/mlflow"


class Vault:
    """A server whose artifact folder is known: a run with a file, and a secret next door."""

    def __init__(self, url, root, outside):
        self.address = urllib.parse.urlsplit(url).netloc
        self.root, self.outside = root, outside
        client = mlflow.MlflowClient(url)
        experiment_id = client.create_experiment(f"paths-{uuid.uuid4().hex}")
        self.run_id = client.create_run(experiment_id).info.run_id
        self.model_id = client.create_logged_model(experiment_id, name="m").model_id
        self.folder = f"{experiment_id}/{self.run_id}/artifacts"
        self.model_folder = f"{experiment_id}/models/{self.model_id}/artifacts"
        for folder in (self.folder, self.model_folder):
            (root / folder / "sub").mkdir(parents=True)
            (root / folder / "sub" / "a.txt").write_text("inside")

    def send(self, method, target, body=None, content_type=None):
        """Status and message of a request whose target nobody normalises."""
        connection = http.client.HTTPConnection(self.address, timeout=60)
        connection.putrequest(method, target, skip_accept_encoding=True)
        if content_type:
            connection.putheader("Content-Type", content_type)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
        connection.close()
        try:
            content = json.loads(text)
        except ValueError:
            return answer.status, text
        return answer.status, content.get("message", content.get("detail"))

    def ask(self, endpoint, path):
        method, target, body = ENDPOINTS[endpoint]
        target = target.format(
            run=self.run_id, model=self.model_id, folder=self.folder, path=path
        )
        content_type = "application/json" if body and body.startswith(b"{") else None
        return self.send(method, target, body, content_type)


ENDPOINTS = {
    "list": ("GET", API + "/artifacts/list?run_id={run}&path={path}", None),
    "get-artifact": ("GET", "/get-artifact?run_id={run}&path={path}", None),
    "upload-artifact": ("POST", AJAX + "/upload-artifact?run_uuid={run}&path={path}", b"x"),
    "model directories": (
        "GET",
        API + "/logged-models/{model}/artifacts/directories?artifact_directory_path={path}",
        None,
    ),
    "model files": (
        "GET",
        AJAX + "/logged-models/{model}/artifacts/files?artifact_file_path={path}",
        None,
    ),
    "proxy list": ("GET", PROXY + "/artifacts?path={path}", None),
    "proxy get": ("GET", PROXY + "/artifacts/{path}", None),
    "proxy put": ("PUT", PROXY + "/artifacts/{path}", b"x"),
    "proxy get in the run": ("GET", PROXY + "/artifacts/{folder}/{path}", None),
    "proxy put in the run": ("PUT", PROXY + "/artifacts/{folder}/{path}", b"x"),
    "proxy list in the run": ("GET", PROXY + "/artifacts?path={folder}/{path}", None),
    "proxy delete in the run": ("DELETE", PROXY + "/artifacts/{folder}/{path}", None),
    "multipart": ("POST", PROXY + "/mpu/create/{folder}/{path}", b'{"path":"x","num_parts":1}'),
    "presigned": ("GET", PROXY + "/presigned/{folder}/{path}", None),
}
# Here the path is the whole path, so an absolute one is seen as such.
WHOLE = [name for name in ENDPOINTS if name.startswith(("list", "get-", "upload", "model", "proxy"))]
WHOLE = [name for name in WHOLE if "in the run" not in name]
SERVING = ["get-artifact", "proxy get in the run"]
LISTING = ["list", "proxy list in the run"]
WRITING = ["upload-artifact", "proxy put in the run"]


@pytest.fixture(scope="module")
def vault(target, start_server, fresh_database, tmp_path_factory):
    root = tmp_path_factory.mktemp("vault") / "artifacts"
    outside = root.parent / "outside"
    root.mkdir()
    outside.mkdir()
    server = start_server(target, fresh_database("sqlite"), root)
    return Vault(server.url, root, outside)


@pytest.fixture(autouse=True)
def nothing_outside_is_touched(vault):
    (vault.outside / "secret.txt").write_text("secret")
    yield
    assert sorted(path.name for path in vault.root.parent.iterdir()) == ["artifacts", "outside"]
    assert [path.name for path in vault.outside.iterdir()] == ["secret.txt"]
    assert (vault.outside / "secret.txt").read_text() == "secret"


CLIMBING = {
    "plain": "../x",
    "alone": "..",
    "at the end": "sub/..",
    "in the middle": "sub/../../x",
    "back where it was": "sub/../sub/a.txt",
    "encoded dots": "%2e%2e/x",
    "one encoded dot": ".%2e/x",
    "encoded slash": "..%2Fx",
    "all encoded": "%2E%2E%2Fx",
    "encoded twice": "%252e%252e%252fx",
    "encoded three times": "%25252e%25252e%25252fx",
    "encoded inside": "sub%2F..%2F..%2Fx",
    "fragment": "%23x",
    "fragment inside": "a%23b",
    "fragment encoded twice": "a%2523b",
}


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize("path", CLIMBING.values(), ids=CLIMBING)
def test_a_path_that_climbs_is_refused(vault, endpoint, path):
    assert vault.ask(endpoint, path) == (400, "Invalid path")


ABSOLUTE = {
    "root": "/etc/passwd",
    "two slashes": "//etc/passwd",
    "encoded": "%2Fetc/passwd",
    "encoded twice": "%252Fetc/passwd",
    "drive": "C:/x",
    "drive and backslash": "C:%5Cx",
    "share": "%5C%5Chost%5Cx",
    "file uri": "file:///etc/passwd",
    "short file uri": "file:/etc/passwd",
    "relative file uri": "file:x",
}


@pytest.mark.parametrize("endpoint", WHOLE)
@pytest.mark.parametrize("path", ABSOLUTE.values(), ids=ABSOLUTE)
def test_an_absolute_path_is_refused(vault, endpoint, path):
    assert vault.ask(endpoint, path) == (400, "Invalid path")


@pytest.mark.parametrize("path", ["/etc/passwd", "//etc/passwd", "%2Fetc/passwd", "file:///etc/passwd"])
def test_an_absolute_path_behind_a_folder_stays_in_it(vault, path):
    status, message = vault.ask("proxy get in the run", path)
    assert status == 404
    assert message.startswith(f"No such artifact: '{vault.folder}/")


HARMLESS = {
    "three dots": "...",
    "two dots and a letter": "..x",
    "letter and two dots": "x..",
    "tilde": "~",
    "semicolon": "..;/x",
    "not an escape": "%25%25zz",
    "no such escape": "%u002e%u002e/x",
    "question mark": "a%3Fb",
    "letter and colon": "C:x",
    "two dot leader": "%E2%80%A5/x",
    "spaces around dots": "%20..%20/x",
    "backslash": "a%5Cb",
    "backslash and dots": "a%5C..%5C..%5Cb",
}


@pytest.mark.parametrize("endpoint", SERVING)
@pytest.mark.parametrize("path", HARMLESS.values(), ids=HARMLESS)
def test_an_odd_but_harmless_path_is_only_not_there(vault, endpoint, path):
    status, message = vault.ask(endpoint, path)
    assert status == 404
    assert message.startswith("No such artifact: ")


@pytest.mark.parametrize("path", HARMLESS.values(), ids=HARMLESS)
def test_an_odd_but_harmless_path_is_written_inside(vault, path):
    folder = f"odd-{uuid.uuid4().hex}"
    assert vault.ask("proxy put in the run", f"{folder}/{path}")[0] == 200
    written = [file for file in (vault.root / vault.folder / folder).rglob("*") if file.is_file()]
    assert [file.read_text() for file in written] == ["x"]
    assert vault.ask("proxy get in the run", f"{folder}/{path}") == (200, "x")


@pytest.mark.parametrize("endpoint", ["upload-artifact", "get-artifact", "list"])
@pytest.mark.parametrize("path", ["n%00ul", "n%0Aew", "n%0D%0Aew", "t%09ab"])
def test_control_characters_do_no_harm(vault, endpoint, path):
    assert vault.ask(endpoint, path)[0] in (200, 400, 404)


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("%2525252525252525252525252e", "encoded more than ten times"),
        ("x" * 300, "longer than a file name"),
        ("a/" * 2500 + "b", "longer than a path"),
        ("%2500", "a NUL"),
        ("n%00ul/x", "a NUL inside"),
    ],
    ids=lambda value: value[:12],
)
@pytest.mark.ours
def test_what_no_file_system_takes_is_a_users_error(vault, endpoint, path, why):
    assert vault.ask(endpoint, path)[0] < 500 or vault.ask(endpoint, path)[0] == 501, why


@pytest.mark.ours
@pytest.mark.parametrize("path", ["a/./b.txt", "./b.txt", "http://host/b.txt"])
def test_a_path_that_resolves_to_another_is_not_written(vault, path):
    status, message = vault.ask("proxy put in the run", path)
    assert status == 400
    assert message


class TestLinks:
    """Links are laid into the folder by someone who can write there; the server must not follow them out."""

    LEAVING = ["folder", "folder/secret.txt", "file", "dangling"]

    @pytest.fixture(autouse=True)
    def links(self, vault):
        base = vault.root / vault.folder
        targets = {
            "folder": vault.outside,
            "file": vault.outside / "secret.txt",
            "dangling": vault.outside / "nobody",
            "inner": base / "sub",
        }
        for name, place in targets.items():
            os.symlink(place, base / name)
        yield
        for name in targets:
            (base / name).unlink(missing_ok=True)

    @pytest.mark.parametrize("endpoint", SERVING + LISTING + WRITING)
    @pytest.mark.parametrize("path", LEAVING)
    def test_a_link_that_leaves_the_folder_is_refused(self, vault, endpoint, path):
        status, message = vault.ask(endpoint, path)
        assert status == 400
        assert message == "Invalid path: resolved path is outside the artifact directory"

    def test_a_link_that_stays_inside_is_followed(self, vault):
        assert vault.ask("get-artifact", "inner/a.txt") == (200, "inside")

    def test_a_file_below_a_leaving_folder_is_not_written(self, vault):
        assert vault.ask("proxy put in the run", "folder/new/x.txt")[0] == 400
        assert vault.ask("upload-artifact", "folder/new.txt")[0] == 400

    @pytest.mark.ours
    @pytest.mark.parametrize("path", ["folder/secret.txt", "folder"])
    def test_nothing_is_deleted_through_a_link(self, vault, path):
        vault.ask("proxy delete in the run", path)
        assert (vault.outside / "secret.txt").exists()


class TestLocations:
    """An experiment's artifact_location is a path, too."""

    def create(self, vault, location):
        body = json.dumps({"name": uuid.uuid4().hex, "artifact_location": location}).encode()
        return vault.send("POST", API + "/experiments/create", body, "application/json")

    @pytest.mark.parametrize("location", ["s3://b/x#f", "/tmp/a#b", "/tmp/a;b", "file:///tmp/a#b"])
    def test_fragments_and_params_are_refused(self, vault, location):
        assert self.create(vault, location) == (
            400,
            "'artifact_location' URL can't include fragments or params.",
        )

    @pytest.mark.parametrize(
        "location", ["s3://b/x?y=../z", "s3://b/x?y=%2e%2e/z", "s3://b/x?y=%252e%252e/z", "file:///x?../y"]
    )
    def test_a_climbing_query_is_refused(self, vault, location):
        assert self.create(vault, location) == (400, "Invalid query string")

    @pytest.mark.parametrize("location", ["http://host/x", "https://host/x", "ftp://host/x", "mlflow-artifacts://host:1/x"])
    def test_another_host_is_refused(self, vault, location):
        scheme = location.split(":")[0]
        status, message = self.create(vault, location)
        assert status == 400
        assert message.startswith(f"'artifact_location' cannot use the '{scheme}' scheme")

    def test_a_location_that_climbs_out_of_the_store_serves_nothing(self, vault):
        status, _ = self.create(vault, "mlflow-artifacts:/../outside")
        assert status in (200, 400)
        if status == 200:
            client = mlflow.MlflowClient(f"http://{vault.address}")
            [experiment] = [
                e for e in client.search_experiments() if e.artifact_location.endswith("/../outside")
            ]
            run_id = client.create_run(experiment.experiment_id).info.run_id
            target = f"{API}/artifacts/list?run_id={run_id}"
            assert vault.send("GET", target)[0] == 400
            assert vault.send("GET", f"/get-artifact?run_id={run_id}&path=secret.txt")[0] == 400

    @pytest.mark.ours
    @pytest.mark.parametrize("location", ["file://host/x", "/tmp/a\x00b", "x" * 2000])
    def test_a_location_that_cannot_be_used_is_a_users_error(self, vault, location):
        assert self.create(vault, location)[0] == 400


class TestIdentifiers:
    """Ids stand in paths as well, and must not be taken for folders."""

    @pytest.mark.parametrize("run_id", ["..", "%2e%2e", "../..", "%2F", "a%00b", "x" * 300])
    def test_a_run_id_is_never_a_path(self, vault, run_id):
        for target in (
            f"{API}/artifacts/list?run_id={run_id}",
            f"/get-artifact?run_id={run_id}&path=x",
        ):
            status, _ = vault.send("GET", target)
            assert status in (400, 404), target

    @pytest.mark.parametrize("model_id", ["..%2F..", "%2e%2e", "m-%2e%2e", "x" * 300])
    def test_a_model_id_is_never_a_path(self, vault, model_id):
        target = f"{API}/logged-models/{model_id}/artifacts/directories"
        assert vault.send("GET", target)[0] in (400, 404)

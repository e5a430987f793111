"""`forebay models` against a server and against its database: what needs only MLflow's API.

With `--target mlflow` the server is the stock one, and so is the database that is read without a server.
"""

import dataclasses
import http.server
import json
import pathlib
import re
import threading

import mlflow
import pytest
from conftest import Api, free_port
from models_cli import Cli
from registered import create_model, create_version, set_alias

FILES = {"MLmodel": "flavors: {}\n", "sub/data ü.json": "{}", "sub/deep/empty": "", "big.bin": "x" * 300_000}


@dataclasses.dataclass
class World:
    """A server whose database and store are known."""

    server: object
    uri: str
    store: pathlib.Path

    @property
    def api(self):
        return Api(self.server.url)

    @property
    def client(self):
        return mlflow.MlflowClient(self.server.url, self.server.url)


@pytest.fixture(scope="module")
def world(target, database, start_server, fresh_database, tmp_path_factory):
    uri, store = fresh_database(database), tmp_path_factory.mktemp("store")
    return World(start_server(target, uri, store), uri, store)


@pytest.fixture(params=("server", "database"))
def cli(request, world, forebay_binary, tmp_path):
    """The command line, pointed at the server or at the database behind it."""
    by_server = ("--tracking-uri", world.server.url)
    by_database = ("--backend-store-uri", world.uri, "--artifacts-destination", world.store)
    return Cli(forebay_binary, by_server if request.param == "server" else by_database, tmp_path)


@pytest.fixture
def api(world):
    return world.api


@pytest.fixture
def client(world):
    return world.client


@pytest.fixture
def name(api, unique_name):
    return create_model(api, unique_name(), description="of\nflights", tags=[{"key": "team", "value": "risk"}])["name"]


@pytest.fixture
def two_versions(api, name):
    create_version(api, name, "s3://bucket/a")
    create_version(api, name, "s3://bucket/b", description="better", tags=[{"key": "k", "value": "v"}])
    set_alias(api, name, "champion", "1")
    set_alias(api, name, "challenger", "2")
    return name


def write(folder, files=FILES):
    for path, text in files.items():
        file = pathlib.Path(folder) / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return pathlib.Path(folder)


def files_in(folder):
    found = [path for path in pathlib.Path(folder).rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_text() for path in found}


# --- list, show, versions


def test_models_are_listed(cli, two_versions):
    rows = cli.rows("list", "--filter", f"name = '{two_versions}'")
    assert [row[:3] for row in rows] in (
        [[two_versions, "2", "champion=1, challenger=2"]],
        [[two_versions, "2", "challenger=2, champion=1"]],
    )
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", rows[0][3])
    assert rows[0][4] == "of flights"
    listed = cli.json("list", "--filter", f"name = '{two_versions}'")["registered_models"]
    assert [model["name"] for model in listed] == [two_versions]
    assert "registered_models" not in cli.json("list", "--filter", "name = 'nope'")


def test_a_long_list_is_cut_and_says_so(cli, api, unique_name):
    stem = unique_name()
    for n in range(3):
        create_model(api, f"{stem}-{n}")
    done = cli.run("list", "--filter", f"name LIKE '{stem}%'", "--limit", "2")
    assert len(done.stdout.splitlines()) == 3
    assert done.stderr == "there are more; --limit shows them\n"
    assert cli.run("list", "--filter", f"name LIKE '{stem}%'", "--limit", "3").stderr == ""


def test_a_model_is_shown(cli, api, two_versions):
    text = cli.text("show", two_versions)
    assert text.splitlines()[0].split() == ["Name", two_versions]
    assert re.search(r"^Tags +team=risk$", text, re.MULTILINE)
    assert cli.json("show", two_versions)["registered_model"]["description"] == "of\nflights"


def test_a_version_is_shown_by_number_and_by_alias(cli, two_versions):
    for words in ([f"{two_versions}@challenger"], [two_versions, "--version", "2"], [two_versions, "--alias", "challenger"]):
        text = cli.text("show", *words)
        assert re.search(r"^Version +2$", text, re.MULTILINE) and "s3://bucket/b" in text
        shown = cli.json("show", *words)["model_version"]
        assert (shown["version"], shown["description"], shown["aliases"]) == ("2", "better", ["challenger"])


def test_versions_are_listed_the_latest_first_with_their_aliases(cli, two_versions):
    rows = cli.rows("versions", two_versions)
    assert [(row[0], row[2]) for row in rows] == [("2", "challenger"), ("1", "champion")]
    listed = cli.json("versions", two_versions)["model_versions"]
    assert [(version["version"], version["aliases"]) for version in listed] == [("2", ["challenger"]), ("1", ["champion"])]


def test_a_name_with_a_quote_and_letters_of_the_world_is_found(cli, api, unique_name):
    name = create_model(api, unique_name(" it's 模型"))["name"]
    create_version(api, name, "s3://bucket/a")
    assert [row[0] for row in cli.rows("versions", name)] == ["1"]


# --- what is not there


@pytest.mark.parametrize("words", [["show"], ["versions"], ["download", "--dst", "x", "--version", "1"]])
def test_what_is_not_there_is_told_in_one_line_with_what_to_do(cli, words):
    refusal = cli.refusal(words[0], "nope", *words[1:])
    assert refusal.startswith("error: RESOURCE_DOES_NOT_EXIST: ") and "`forebay models list`" in refusal


def test_a_download_needs_a_version(cli, two_versions):
    assert "Add --version N" in cli.refusal("download", two_versions, "--dst", "x")


def test_a_wrong_command_line_is_exit_code_2(cli):
    for words in (["show"], ["list", "--limit", "x"], ["promote", "m", "--version", "1"], ["download", "m", "--dst", "x", "--version", "0"]):
        assert cli.run(*words).returncode == 2
    both = ("--tracking-uri", "http://127.0.0.1:1", "--backend-store-uri", "sqlite:///x.db")
    assert cli.run("list", flags=both).returncode == 2


# --- which registry


def test_nobody_at_the_address_and_no_database_there_are_told_with_what_to_do(cli):
    place = f"http://127.0.0.1:{free_port()}"
    refusal = cli.refusal("list", flags=("--tracking-uri", place))
    assert f"see that a server runs at {place}" in refusal
    refusal = cli.refusal("list", flags=("--backend-store-uri", "sqlite:///nope.db"))
    assert "cannot use the database sqlite:///nope.db" in refusal and "--tracking-uri" in refusal
    assert not (cli.cwd / "nope.db").exists()


def test_a_flag_wins_over_the_variables_and_the_server_over_the_database(cli, world, two_versions):
    nowhere = "sqlite:///nowhere.db"
    words = ("show", two_versions)
    variables = {"MLFLOW_TRACKING_URI": world.server.url, "MLFLOW_BACKEND_STORE_URI": nowhere}
    assert two_versions in cli.text(*words, flags=(), env=variables)
    assert nowhere in cli.refusal(*words, flags=("--backend-store-uri", nowhere), env=variables)
    variables = {"MLFLOW_TRACKING_URI": "", "MLFLOW_BACKEND_STORE_URI": world.uri}
    assert two_versions in cli.text(*words, flags=(), env=variables)
    variables = {"MLFLOW_TRACKING_URI": nowhere}
    assert two_versions in cli.text(*words, flags=("--tracking-uri", world.server.url), env=variables)
    assert "databricks:" in cli.refusal(*words, flags=(), env={"MLFLOW_TRACKING_URI": "databricks://x"})


def test_flags_stand_before_or_behind_the_command(cli, two_versions):
    behind = cli.text("show", two_versions)
    done = cli.run(*map(str, cli.flags), "show", two_versions, flags=())
    assert done.stdout == behind


# --- download


@pytest.fixture
def experiment_id(client, unique_name):
    return client.create_experiment(unique_name())


@pytest.fixture
def run(client, experiment_id):
    return client.create_run(experiment_id).info


def test_files_behind_the_proxy_are_downloaded(cli, api, client, name, run, tmp_path):
    client.log_artifacts(run.run_id, str(write(tmp_path / "model")), "model")
    client.log_text(run.run_id, "secret", "other.txt")
    create_version(api, name, f"{run.artifact_uri}/model", run_id=run.run_id)
    set_alias(api, name, "champion", "1")
    done = cli.run("download", f"{name}@champion", "--dst", "new/folder")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{name} version 1: 4 files, 293.0 KiB in new/folder\n"
    assert files_in(cli.cwd / "new" / "folder") == FILES
    told = cli.json("download", name, "--version", "1", "--dst", "again")
    assert (told["n_files"], told["path"], told["size_bytes"]) == (4, "again", 300_014)
    assert files_in(cli.cwd / "again") == FILES


def test_files_of_a_logged_model_are_downloaded(cli, api, client, name, experiment_id, run, tmp_path):
    model_id = client.create_logged_model(experiment_id, "forest", source_run_id=run.run_id).model_id
    client.log_model_artifacts(model_id, str(write(tmp_path / "model")))
    create_version(api, name, f"models:/{model_id}", model_id=model_id)
    cli.text("download", name, "--version", "1", "--dst", "got")
    assert files_in(cli.cwd / "got") == FILES


@pytest.mark.parametrize("source", ["{folder}/model", "runs:/{run}/model"])
def test_files_in_a_folder_of_this_machine_are_downloaded(cli, api, client, name, unique_name, tmp_path, source):
    experiment_id = client.create_experiment(unique_name(), artifact_location=str(tmp_path / "runs"))
    run = client.create_run(experiment_id).info
    write(f"{run.artifact_uri}/model")
    create_version(api, name, source.format(folder=run.artifact_uri, run=run.run_id), run_id=run.run_id)
    cli.text("download", name, "--version", "1", "--dst", "got")
    assert files_in(cli.cwd / "got") == FILES


def test_what_is_there_is_not_overwritten(cli, api, client, name, run, tmp_path):
    client.log_text(run.run_id, "1", "model/a")
    create_version(api, name, f"{run.artifact_uri}/model", run_id=run.run_id)
    write(tmp_path / "full", {"mine": "1"})
    assert "full is not empty" in cli.refusal("download", name, "--version", "1", "--dst", "full")
    assert files_in(tmp_path / "full") == {"mine": "1"}
    (tmp_path / "empty").mkdir()
    cli.text("download", name, "--version", "1", "--dst", "empty")
    assert files_in(tmp_path / "empty") == {"a": "1"}


def test_files_that_are_gone_leave_no_folder(cli, api, name, run):
    create_version(api, name, f"{run.artifact_uri}/gone", run_id=run.run_id)
    assert "there are no files" in cli.refusal("download", name, "--version", "1", "--dst", "got")
    assert list(cli.cwd.iterdir()) == []


def test_a_store_that_cannot_be_listed_is_told_with_its_uri(cli, two_versions):
    refusal = cli.refusal("download", two_versions, "--version", "1", "--dst", "got")
    assert "s3://bucket/a" in refusal and "tools of that store" in refusal
    assert list(cli.cwd.iterdir()) == []


# --- servers that mean no good


class Liar(http.server.BaseHTTPRequestHandler):
    """A server that lists what it likes."""

    listed = ()

    def do_GET(self):  # noqa: N802
        answers = {
            "/api/2.0/mlflow/model-versions/get": {"model_version": {"name": "m", "version": "1"}},
            "/api/2.0/mlflow/model-versions/get-download-uri": {"artifact_uri": "mlflow-artifacts:/0"},
            "/api/2.0/mlflow-artifacts/artifacts": {"files": [{"path": path, "file_size": 1} for path in self.listed]},
        }
        body = json.dumps(answers.get(self.path.split("?")[0], {})).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.mark.parametrize("path", ["../evil", "/tmp/evil", "a/../../evil", "..", "a\\..\\evil", "a\x00", ""])
def test_a_file_that_would_leave_the_folder_is_refused(forebay_binary, tmp_path, path):
    handler = type("Handler", (Liar,), {"listed": ("good", path)})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    cwd = tmp_path / "here"
    cwd.mkdir()
    cli = Cli(forebay_binary, ("--tracking-uri", f"http://127.0.0.1:{server.server_port}"), cwd)
    try:
        assert "could lead out of the folder" in cli.refusal("download", "m", "--version", "1", "--dst", "got")
    finally:
        server.shutdown()
    assert [entry.name for entry in tmp_path.iterdir()] == ["here"] and list(cwd.iterdir()) == []


def test_what_a_server_says_does_not_move_the_cursor(cli, api, unique_name):
    name = create_model(api, unique_name(), description="\x1b[2J\x07boo")["name"]
    assert "\\u{1b}[2J\\u{7}boo" in cli.text("show", name)

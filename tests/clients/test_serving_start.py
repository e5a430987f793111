"""The command line of `forebay serve`: what it can be pointed at, how it refuses, when it is ready and how it ends."""

import contextlib
import itertools
import pathlib
import signal
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import mlflow
import onnx
import psutil
import pytest
import requests
from conftest import forebay_program
from scoring import scoring_environment, scoring_server
from serving import REQUIREMENTS, asleep, invoke, records, save_gated, save_plus, save_sleepy, sleep_for, wait_for

pytestmark = pytest.mark.ours

ROW = records({"i": 1})


@pytest.fixture(scope="module")
def plus(tmp_path_factory):
    """Folders of models that add 1 and 10."""
    folder = tmp_path_factory.mktemp("models")
    return {number: save_plus(folder / f"plus-{number}", number) for number in (1, 10)}


class Registry:
    """A tracking server with two versions of one model; `@live` is the first."""

    def __init__(self, url, folders):
        self.url, self.client = url, mlflow.MlflowClient(url, url)
        self.logged = [self._log(folder) for folder in folders]
        self.set_live(1)

    def _log(self, folder):
        before = mlflow.get_tracking_uri()
        mlflow.set_tracking_uri(self.url)
        try:
            with mlflow.start_run() as run:
                model = onnx.load(folder / "model.onnx")
                signature = mlflow.models.get_model_info(str(folder)).signature
                options = {"name": "model", "registered_model_name": "plus", "pip_requirements": REQUIREMENTS}
                info = mlflow.onnx.log_model(model, signature=signature, **options)
            return {"run_id": run.info.run_id, "model_id": info.model_id}
        finally:
            mlflow.set_tracking_uri(before)

    def set_live(self, version):
        self.client.set_registered_model_alias("plus", "live", str(version))


@pytest.fixture(scope="module")
def registry(plus, start_server, fresh_database, tmp_path_factory):
    server = start_server("forebay", fresh_database("sqlite"), tmp_path_factory.mktemp("artifacts"))
    return Registry(server.url, [plus[1], plus[10]])


@pytest.fixture
def from_registry(registry, tmp_path):
    """Factory: a server of this model of the registry, with a cache of its own."""
    arguments = ["--tracking-uri", registry.url, "--cache", tmp_path / "cache", "--watch-seconds", 1]
    return lambda uri, *more: scoring_server(uri, *arguments, *more)


def added(server, path="/invocations"):
    """What the model adds to 1."""
    answer = invoke(server, ROW, path)
    assert answer.status_code == 200, answer.text
    [row] = answer.json()["predictions"]
    return row["sum"] - 1


def serve(*arguments):
    """Runs the program until it ends by itself."""
    command = [str(forebay_program()), "serve", *map(str, arguments)]
    return subprocess.run(command, env=scoring_environment(), capture_output=True, text=True, timeout=60, check=False)


def refused(*arguments):
    """The one line with which the program refuses to serve."""
    done = serve(*arguments, "--port", "0")
    assert done.returncode == 1, done.stderr
    assert "panicked" not in done.stderr
    lines = done.stderr.splitlines()
    errors = [number for number, line in enumerate(lines) if line.startswith("error: ")]
    assert errors == [len(lines) - 1], done.stderr
    return lines[-1]


# What is served


def test_a_folder_is_served_under_its_name(plus):
    with scoring_server(plus[1]) as server:
        assert added(server) == 1
        assert added(server, "/serving-endpoints/plus-1/invocations") == 1


def test_a_model_may_have_a_name_of_its_own(plus):
    with scoring_server(f"mine={plus[1]}") as server:
        assert added(server, "/serving-endpoints/mine/invocations") == 1
        assert invoke(server, ROW, "/serving-endpoints/plus-1/invocations").status_code == 404
        assert requests.get(f"{server.url}/v2/models/mine", timeout=60).json()["name"] == "mine"


def test_two_models_are_asked_by_name_and_not_without(plus):
    with scoring_server(f"one={plus[1]}", "-m", f"ten={plus[10]}") as server:
        assert added(server, "/serving-endpoints/one/invocations") == 1
        assert added(server, "/serving-endpoints/ten/invocations") == 10
        for path in ("/invocations", "/serving-endpoints/eleven/invocations"):
            answer = invoke(server, ROW, path)
            assert answer.status_code == 404
            assert answer.json()["error_code"] == "RESOURCE_DOES_NOT_EXIST"
        assert "one, ten" in invoke(server, ROW).json()["message"]
        assert "eleven" in answer.json()["message"]


def test_a_name_that_is_not_served_is_told_those_that_are(plus):
    with scoring_server(f"one={plus[1]}", "-m", f"ten={plus[10]}") as server:
        message = invoke(server, ROW, "/serving-endpoints/eleven/invocations").json()["message"]
        assert "one" in message and "ten" in message, message


@pytest.mark.parametrize("uri", ["models:/plus/1", "models:/plus@live", "models:/{model_id}", "runs:/{run_id}/model"])
def test_whatever_the_registry_names_is_served(registry, from_registry, uri):
    registry.set_live(1)
    with from_registry(uri.format(**registry.logged[0])) as server:
        assert added(server) == 1


def test_the_second_start_takes_the_model_from_the_cache(registry, from_registry, tmp_path):
    with from_registry("models:/plus/1") as server:
        assert added(server) == 1
    cached = {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("model.onnx")}
    assert len(cached) == 1
    with from_registry("models:/plus/1") as server:
        assert added(server) == 1
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("model.onnx")} == cached


def test_the_registry_may_be_named_by_the_clients_variable(registry, tmp_path):
    env = {"MLFLOW_TRACKING_URI": registry.url, "FOREBAY_CACHE": str(tmp_path)}
    with scoring_server("models:/plus/2", env=env) as server:
        assert added(server) == 10


def test_a_version_is_told(from_registry):
    with from_registry("models:/plus/2") as server:
        told = requests.get(f"{server.url}/v2/models/plus", timeout=60).json()
        assert told["versions"] == ["2"]


def test_an_alias_that_moves_is_followed_and_no_request_fails_meanwhile(registry, from_registry):
    registry.set_live(1)
    with from_registry("models:/plus@live") as server:
        answers, over = [], threading.Event()

        def ask():
            while not over.is_set():
                answers.append(added(server))

        asker = threading.Thread(target=ask)
        asker.start()
        wait_for(lambda: len(answers) > 10)
        registry.set_live(2)
        moved = time.monotonic()
        try:
            wait_for(lambda: not asker.is_alive() or answers[-1] == 10)
        finally:
            over.set()
            asker.join()
        assert time.monotonic() - moved < 10
        assert [number for number, _ in itertools.groupby(answers)] == [1, 10]
        told = requests.get(f"{server.url}/v2/models/plus", timeout=60).json()
        assert told["versions"] == ["2"]


def test_an_alias_that_goes_away_changes_nothing(registry, from_registry):
    registry.set_live(1)
    with from_registry("models:/plus@live") as server:
        registry.client.delete_registered_model_alias("plus", "live")
        wait_for(lambda: "stays as it is" in server.log())
        assert added(server) == 1


# What is not


def test_a_folder_that_is_not_there_is_named(tmp_path):
    assert f"{tmp_path}/none" in refused("-m", tmp_path / "none")


def test_a_folder_without_a_model_is_named(tmp_path):
    assert "MLmodel" in refused("-m", tmp_path)


@pytest.mark.parametrize(
    ("field", "broken"),
    [
        ("flavors", "flavors: 7\n"),
        ("signature", "flavors: {onnx: {data: model.onnx}}\nsignature: 7\n"),
        ("inputs", "flavors: {onnx: {data: model.onnx}}\nsignature: {inputs: '{'}\n"),
        ("type", 'flavors: {onnx: {data: model.onnx}}\nsignature: {inputs: \'[{"name": "a", "type": "colour"}]\'}\n'),
    ],
)
def test_a_broken_mlmodel_names_its_field(plus, tmp_path, field, broken):
    (tmp_path / "MLmodel").write_text(broken)
    line = refused("-m", tmp_path)
    assert f"{tmp_path}/MLmodel" in line
    assert field in line


def test_an_mlmodel_that_is_no_yaml_is_named(tmp_path):
    (tmp_path / "MLmodel").write_text("flavors: [")
    assert f"{tmp_path}/MLmodel" in refused("-m", tmp_path)


@pytest.mark.parametrize(
    ("uri", "named"),
    [
        ("models:/nobody/1", "nobody"),
        ("models:/plus/99", "99"),
        ("models:/plus@nobody", "nobody"),
        ("models:/m-00000000000000000000000000000000", "m-00000000000000000000000000000000"),
        ("runs:/00000000000000000000000000000000/model", "00000000000000000000000000000000"),
        ("runs:/{run_id}/elsewhere", "elsewhere"),
    ],
)
def test_what_the_registry_does_not_know_is_named(registry, tmp_path, uri, named):
    line = refused("-m", uri.format(**registry.logged[0]), "--tracking-uri", registry.url, "--cache", tmp_path)
    assert named in line


def test_a_registry_that_is_not_there_is_named(tmp_path):
    nobody = "http://127.0.0.1:1"
    assert nobody in refused("-m", "models:/plus/1", "--tracking-uri", nobody, "--cache", tmp_path)


@pytest.mark.parametrize("uri", ["models:/", "models:/plus/", "runs:/x", "models:/plus@", "https://example.com/m"])
def test_a_uri_that_means_nothing_is_told(uri):
    assert uri in refused("-m", uri)


def test_two_models_of_one_name_are_refused(plus):
    assert "plus-1" in refused("-m", plus[1], "-m", plus[1])


@pytest.mark.parametrize("flag", ["--port", "--grpc-port"])
def test_a_taken_port_is_named(plus, flag):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = serve("-m", plus[1], flag, port, *(["--port", "0"] if flag == "--grpc-port" else []))
    assert done.returncode == 1
    line = done.stderr.splitlines()[-1]
    assert line.startswith("error: ") and str(port) in line and flag in line, done.stderr


@pytest.mark.skipif(pathlib.Path("/dev/nvidia0").exists(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_an_error(plus):
    assert "--device cuda:0" in refused("-m", plus[1], "--device", "cuda:0")


def test_another_device_is_a_mistake_of_the_command_line(plus):
    done = serve("-m", plus[1], "--device", "abacus")
    assert done.returncode == 2
    assert "abacus" in done.stderr


# Ready, and over


def test_it_is_live_but_not_ready_while_a_model_is_loaded(tmp_path):
    gate = tmp_path / "gate"
    with scoring_server(save_gated(tmp_path / "gated", gate), ready="/v2/health/live") as server:
        for path in ("/ping", "/health", "/v2/health/ready"):
            assert status(server, path) == 503, path
        assert invoke(server, ROW).status_code == 503
        assert status(server, "/version") == 200
        gate.touch()
        wait_for(lambda: status(server, "/ping") == 200)
        assert status(server, "/v2/health/ready") == 200
        assert invoke(server, ROW).json()["predictions"] == [1]


def status(server, path):
    return requests.get(server.url + path, timeout=60).status_code


def test_sigterm_while_a_model_is_loaded_ends_it(tmp_path):
    with scoring_server(save_gated(tmp_path / "gated", tmp_path / "gate"), ready="/v2/health/live") as server:
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(10) == 0


def test_sigterm_lets_what_runs_and_what_waits_finish_and_takes_nothing_new(tmp_path):
    with scoring_server(save_sleepy(tmp_path / "sleepy")) as server:
        with asleep(server, 2) as running, asleep_behind(server) as waiting:
            server.process.send_signal(signal.SIGTERM)
            wait_for(lambda: not accepts(server))
            assert not running.done()
            assert running.result().status_code == 200
            assert waiting.result().status_code == 200, waiting.result().text
        assert server.process.wait(10) == 0


@contextlib.contextmanager
def asleep_behind(server):
    """A request that waits for another one."""
    connections = n_connections(server)
    with ThreadPoolExecutor(1) as thread:
        answer = thread.submit(sleep_for, server, 0)
        wait_for(lambda: n_connections(server) > connections)
        yield answer


def n_connections(server):
    connections = psutil.Process(server.process.pid).net_connections("tcp")
    return sum(connection.status == psutil.CONN_ESTABLISHED for connection in connections)


def accepts(server):
    try:
        requests.get(f"{server.url}/ping", timeout=5)
    except requests.ConnectionError:
        return False
    return True


def test_a_second_sigterm_ends_it_at_once(tmp_path):
    with scoring_server(save_sleepy(tmp_path / "sleepy")) as server:
        with asleep(server, 5) as answer:
            server.process.send_signal(signal.SIGTERM)
            wait_for(lambda: not accepts(server))
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(3) != 0
            with pytest.raises(requests.RequestException):
                answer.result()

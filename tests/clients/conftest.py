"""Servers, databases and clients for the black-box tests of this folder.

The one idea: every test is proven against the stock `mlflow server` before it binds us.
`pytest --target mlflow` runs it there, `pytest` runs the same file against our binary.
Where we are stricter on purpose, or the stock server has nothing of the kind, the test carries `@pytest.mark.ours`.
"""

import contextlib
import dataclasses
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid

# The client reads these when it is imported: a 5xx has to fail a test, not be retried for minutes.
os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "1"
os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] = "60"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"

import mlflow
import pytest
import requests
from machine import not_here

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
START_TIMEOUT_S = 120
STOP_TIMEOUT_S = 15


pytest_plugins = ["browser", "samples", "scoring", "tables_cli"]


def pytest_addoption(parser):
    parser.addoption("--target", choices=("forebay", "mlflow"), default="forebay", help="the server under test")
    parser.addoption("--database", choices=("sqlite", "postgres", "both"), default="sqlite", help="where it stores")


def pytest_configure(config):
    config.addinivalue_line("markers", "ours: we are stricter here than the stock server, on purpose, or it has nothing of the kind")


def pytest_generate_tests(metafunc):
    if "database" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("--database")
        kinds = ("sqlite", "postgres") if chosen == "both" else (chosen,)
        metafunc.parametrize("database", kinds, indirect=True, scope="session")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--target") == "forebay":
        return
    skip = pytest.mark.skip(reason="stricter than the stock server on purpose, or not of its kind")
    for item in items:
        if item.get_closest_marker("ours"):
            item.add_marker(skip)


class ServerDidNotStart(Exception):
    """The server ended, or did not answer, before it was ready; `log` is what it printed."""

    def __init__(self, returncode, log):
        super().__init__(f"server did not start (exit status {returncode}):\n{log[-4000:]}")
        self.returncode = returncode
        self.log = log


@dataclasses.dataclass
class Server:
    """A running server with its own process group, working folder and log file."""

    url: str
    process: subprocess.Popen
    log_path: pathlib.Path
    cwd: pathlib.Path

    def stop(self):
        """Asks it to end, as an operator would, and insists after a while."""
        self._signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            pass
        self.kill()

    def kill(self):
        """kill -9 on the whole group: nothing is flushed, nothing is said."""
        self._signal(signal.SIGKILL)
        self.process.wait(STOP_TIMEOUT_S)

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.is_file() else ""

    def _signal(self, number):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def server_environment(extra):
    """The caller's environment without MLflow settings, so that only `extra` configures the server."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("MLFLOW_", "_MLFLOW_", "FOREBAY_"))}
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    # The stock server's pool of 15 connections makes 20 threads wait out its 30 second timeout.
    quiet["MLFLOW_SQLALCHEMYSTORE_POOL_SIZE"] = "40"
    return {**kept, **quiet, **(extra or {})}


def wait_until_ready(server):
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and server.process.poll() is None:
        with contextlib.suppress(requests.RequestException):
            if requests.get(f"{server.url}/health", timeout=5).status_code == 200:
                return
        time.sleep(0.05)
    returncode = server.process.poll()
    server.kill()
    raise ServerDidNotStart(returncode, server.log())


@pytest.fixture(scope="session")
def target(pytestconfig):
    """`forebay` or `mlflow`: the kind of server under test."""
    return pytestconfig.getoption("--target")


@pytest.fixture
def upgraded_database(database, fresh_database, forebay_binary):
    """A database of its own, with MLflow's tables and ours."""
    uri = fresh_database(database)
    subprocess.run([forebay_binary, "db", "upgrade", uri], check=True, capture_output=True, timeout=START_TIMEOUT_S)
    return uri


@pytest.fixture(scope="session")
def job_environment():
    """What `forebay score` needs to find the library that runs ONNX models, and a Python that has MLflow."""
    import onnxruntime

    folder = pathlib.Path(onnxruntime.__file__).parent / "capi"
    if not list(folder.glob("libonnxruntime.so*")):
        not_here("this onnxruntime has no library")
    path = f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}"
    return server_environment({"ORT_DYLIB_PATH": str(folder), "PATH": path})


@pytest.fixture(scope="session")
def forebay_binary():
    return forebay_program()


def forebay_program():
    """Path of our binary: FOREBAY_BIN, or the debug build of this checkout."""
    path = pathlib.Path(os.environ.get("FOREBAY_BIN") or REPOSITORY / "target" / "debug" / "forebay")
    if not path.is_file():
        pytest.fail(f"{path} does not exist: build it, or set FOREBAY_BIN", pytrace=False)
    return path


@pytest.fixture(scope="session")
def start_server(request, tmp_path_factory):
    """Factory of servers: `start_server(target, backend_store_uri, artifacts_destination, extra_args, env, log)`.

    What is None is left to the server's defaults. Raises ServerDidNotStart. All are ended with the session.
    """
    started = []

    def start(target, backend_store_uri=None, artifacts_destination=None, extra_args=(), env=None, log=None):
        if target == "forebay":
            command = [str(request.getfixturevalue("forebay_binary")), "server"]
        else:
            command = [str(pathlib.Path(sys.executable).parent / "mlflow"), "server", "--workers", "1"]
        port = free_port()
        command += ["--host", "127.0.0.1", "--port", str(port)]
        if backend_store_uri is not None:
            command += ["--backend-store-uri", str(backend_store_uri)]
        if artifacts_destination is not None:
            command += ["--artifacts-destination", str(artifacts_destination)]
        command += map(str, extra_args)
        cwd = tmp_path_factory.mktemp("server")
        log_path = pathlib.Path(log) if log else cwd / "server.log"
        with log_path.open("wb") as file:
            process = subprocess.Popen(
                command, cwd=cwd, env=server_environment(env), stdout=file, stderr=file, start_new_session=True
            )
        prefix = static_prefix_of(extra_args)
        server = Server(f"http://127.0.0.1:{port}{prefix}", process, log_path, cwd)
        started.append(server)
        wait_until_ready(server)
        return server

    yield start
    for server in started:
        server.stop()


def static_prefix_of(extra_args):
    arguments = [str(a) for a in extra_args]
    return arguments[arguments.index("--static-prefix") + 1] if "--static-prefix" in arguments else ""


def postgres_programs():
    """The folder of initdb and pg_ctl, newest version first, or None."""
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return pathlib.Path(on_path).parent if on_path else None


def no_postgres(reason):
    if os.environ.get("FOREBAY_REQUIRE_POSTGRES") == "1":
        pytest.fail(f"PostgreSQL is required: {reason}", pytrace=False)
    pytest.skip(f"no PostgreSQL: {reason}")


@pytest.fixture(scope="session")
def postgres_url():
    """Base URL of a PostgreSQL cluster, without a database name and a trailing slash."""
    given = os.environ.get("FOREBAY_TEST_POSTGRES")
    if given:
        yield given.rstrip("/")
        return
    with started_cluster() as cluster:
        yield cluster.url


class Cluster:
    """A throw-away PostgreSQL. It refuses to run as root, so root hands it to the user postgres."""

    def __init__(self, programs, folder):
        self.programs, self.folder, self.port = programs, folder, free_port()
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}"
        self.data = folder / "data"
        self._run("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale", "C.UTF-8", "--no-sync")
        self.start()

    def start(self):
        # Nothing here has to survive a power cut, so the disk is not waited for.
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c max_connections=600 -c fsync=off"
        self._run("pg_ctl", "-l", self.folder / "log", "-o", options, "-w", "start")

    def stop(self, mode="fast"):
        self._run("pg_ctl", "-m", mode, "-w", "stop")

    def restart(self):
        self._run("pg_ctl", "-l", self.folder / "log", "-m", "fast", "-w", "restart")

    @property
    def process(self):
        """The process id of the server, whose children serve one connection each or work in the background."""
        return int((self.data / "postmaster.pid").read_text().splitlines()[0])

    def _run(self, program, *arguments):
        as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        command = [*as_user, self.programs / program, "-D", self.data, *arguments]
        done = subprocess.run(list(map(str, command)), cwd="/", capture_output=True, text=True, check=False)
        if done.returncode != 0:
            no_postgres(f"{program} failed: {done.stderr or done.stdout}")


@contextlib.contextmanager
def started_cluster():
    programs = postgres_programs()
    if programs is None:
        no_postgres("initdb was not found")
    folder = pathlib.Path(f"/tmp/forebay-postgres-{uuid.uuid4().hex[:8]}")
    folder.mkdir(mode=0o700)
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres")
        cluster = Cluster(programs, folder)
        try:
            yield cluster
        finally:
            cluster.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def create_postgres_database(postgres_url):
    """Factory of empty databases in the cluster; they are dropped before the cluster is stopped."""
    created = []

    def create():
        name = f"forebay_{uuid.uuid4().hex[:12]}"
        administer(postgres_url, f'CREATE DATABASE "{name}"')
        created.append(name)
        return f"{postgres_url}/{name}"

    yield create
    for name in created:
        administer(postgres_url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def fresh_database(request, tmp_path_factory):
    """Factory: `fresh_database("sqlite" | "postgres")` is the URI of a new, empty database.

    It names the driver, because newer SQLAlchemy reads a bare `postgresql://` as psycopg 3.
    """

    def create(kind):
        if kind == "sqlite":
            return f"sqlite:///{tmp_path_factory.mktemp('database')}/mlflow.db"
        plain = request.getfixturevalue("create_postgres_database")()
        return plain.replace("postgresql://", "postgresql+psycopg2://", 1)

    return create


def administer(base_url, statement):
    """Runs one statement outside a transaction; CREATE DATABASE cannot run inside one."""
    import psycopg2

    connection = psycopg2.connect(f"{base_url}/postgres")
    connection.autocommit = True
    try:
        connection.cursor().execute(statement)
    finally:
        connection.close()


@pytest.fixture(scope="session")
def database(request):
    """`sqlite` or `postgres`: where the session's server stores."""
    return request.param


@pytest.fixture(scope="session")
def server(target, database, start_server, fresh_database, tmp_path_factory):
    """The server that most tests share. It is not empty: tests make names of their own."""
    return start_server(target, fresh_database(database), tmp_path_factory.mktemp("artifacts"))


@pytest.fixture
def client(server):
    return mlflow.MlflowClient(server.url, server.url)


@pytest.fixture
def tracking(server):
    """Points the fluent API at the server for one test; its value is the server's URL."""
    previous = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(server.url)
    yield server.url
    while mlflow.active_run():
        mlflow.end_run()
    mlflow.set_tracking_uri(previous)
    # A test may have chosen an experiment; the choice is remembered in the module and the environment.
    mlflow.tracking.fluent._active_experiment_id = None
    os.environ.pop("MLFLOW_EXPERIMENT_ID", None)


@dataclasses.dataclass
class Answer:
    """A response as the tests compare it: status, the parsed body (None when it is not JSON), and all the rest."""

    response: requests.Response

    @property
    def status(self):
        return self.response.status_code

    @property
    def body(self):
        try:
            return self.response.json()
        except requests.JSONDecodeError:
            return None

    @property
    def text(self):
        return self.response.text

    @property
    def headers(self):
        return self.response.headers

    @property
    def code(self):
        return (self.body or {}).get("error_code")

    @property
    def message(self):
        return (self.body or {}).get("message")


class Api:
    """Raw REST under `/api/2.0/mlflow/`; a path that starts with `/` is taken from the server's root."""

    def __init__(self, url):
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False

    def request(self, method, path, **options):
        full = path if path.startswith("/") else f"/api/2.0/mlflow/{path}"
        options.setdefault("timeout", 60)
        return Answer(self.session.request(method, self.url + full, **options))

    def get(self, path, params=None, **options):
        return self.request("GET", path, params=params, **options)

    def post(self, path, body=None, **options):
        return self.request("POST", path, json={} if body is None else body, **options)

    def patch(self, path, body=None, **options):
        return self.request("PATCH", path, json={} if body is None else body, **options)

    def delete(self, path, body=None, **options):
        return self.request("DELETE", path, json={} if body is None else body, **options)

    def send(self, path, data, content_type="application/json", method="POST"):
        """Sends bytes as they are, for bodies that no JSON writer would make."""
        headers = {"Content-Type": content_type} if content_type is not None else {}
        return self.request(method, path, data=data, headers=headers)


@pytest.fixture
def api(server):
    """Raw REST on the shared server."""
    return Api(server.url)


@pytest.fixture
def api_of():
    """Raw REST on any server: `api_of(server)`."""
    return lambda server: Api(server.url)


@pytest.fixture
def unique_name(request):
    """A factory of names that nothing else on the server has."""
    stem = re.sub(r"\W+", "-", request.node.name)[:60].strip("-")
    return lambda suffix="": f"{stem}-{uuid.uuid4().hex[:8]}{suffix}"


@pytest.fixture
def experiment_id(client, unique_name):
    """A fresh experiment for this test alone."""
    return client.create_experiment(unique_name())



@pytest.fixture
def run_id(client, experiment_id):
    return client.create_run(experiment_id).info.run_id


@pytest.fixture
def folder(experiment_id, run_id):
    """The run's artifact folder, below the root of the store."""
    return f"{experiment_id}/{run_id}/artifacts"
"""The server as a process: what it says about itself, its flags and variables, and the modes it can run in."""

import json

import mlflow
import pytest
import requests
from conftest import ServerDidNotStart

INFO = "/api/3.0/mlflow/server-info"


def sqlite_in(folder):
    return f"sqlite:///{folder}/mlflow.db"


# --- what it says about itself


def test_health_is_ok(api):
    answer = api.get("/health")
    assert (answer.status, answer.text) == (200, "OK")
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert api.request("HEAD", "/health").status == 200
    assert api.post("/health").status == 405


def test_version_is_the_mlflow_release_we_stand_in_for(api):
    assert (api.get("/version").status, api.get("/version").text) == (200, mlflow.__version__)


@pytest.mark.parametrize("prefix", ["/api", "/ajax-api"])
def test_server_info_tells_the_client_what_to_expect(api, prefix):
    answer = api.get(f"{prefix}/3.0/mlflow/server-info")
    assert answer.status == 200
    info = answer.body
    assert info["store_type"] == "SqlStore"
    assert info["workspaces_enabled"] is False
    assert info["multipart_uploads_enabled"] is False
    assert info["multipart_downloads_enabled"] is False
    assert info["trace_archival_enabled"] is False


def test_ui_telemetry_is_off(api):
    body = api.get("/ajax-api/3.0/mlflow/ui-telemetry").body
    assert body["disable_ui_telemetry"] is True
    assert (body["disable_ui_events"], body["ui_rollout_percentage"]) == ([], 0)
    assert api.post("/ajax-api/3.0/mlflow/ui-telemetry", {}).status == 200


def test_the_web_ui_finds_no_gateway_and_no_remote_assistant(api):
    gateway = api.get("/ajax-api/2.0/mlflow/gateway-proxy", {"gateway_path": "api/2.0/endpoints/"})
    assert (gateway.status, gateway.body) == (200, {"endpoints": []})
    config = api.get("/ajax-api/3.0/mlflow/assistant/config")
    assert (config.status, config.body["projects"], config.body["remote_access_allowed"]) == (200, {}, False)


@pytest.mark.parametrize("prefix", ["/api", "/ajax-api"])
def test_there_are_no_scorers_and_no_evaluation_datasets(api, prefix):
    scorers = api.get(f"{prefix}/3.0/mlflow/scorers/list", {"experiment_id": "0"})
    datasets = api.post(f"{prefix}/3.0/mlflow/datasets/search", {"experiment_ids": ["0"]})
    assert [(answer.status, answer.body) for answer in (scorers, datasets)] == [(200, {})] * 2


@pytest.mark.ours
def test_the_web_ui_finds_no_user_and_no_assistant(api):
    assert (api.get("/ajax-api/2.0/mlflow/users/current").status, api.get("/ajax-api/2.0/mlflow/users/current").body) == (200, {})
    providers = api.get("/ajax-api/3.0/mlflow/assistant/providers").body
    assert providers == {"providers": [], "resolved": None, "gateway_vendor_options": {}}


LOCATION = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}}


@pytest.mark.parametrize("prefix", ["/api", "/ajax-api"])
def test_a_search_for_traces_finds_nothing(api, prefix):
    answer = api.post(f"{prefix}/3.0/mlflow/traces/search", {"locations": [LOCATION], "max_results": 1})
    assert (answer.status, answer.body) == (200, {})


@pytest.mark.ours
def test_a_search_for_traces_without_a_place_finds_nothing(api):
    assert api.post("/api/3.0/mlflow/traces/search", {}).body == {}


# --- flags and variables


@pytest.fixture(scope="module")
def by_environment(start_server, target, tmp_path_factory):
    """A server that was told everything by its environment, with a few flags that mean nothing to it."""
    folder = tmp_path_factory.mktemp("environment")
    env = {
        "MLFLOW_BACKEND_STORE_URI": sqlite_in(folder),
        "MLFLOW_ARTIFACTS_DESTINATION": str(folder / "artifacts"),
        "MLFLOW_SERVE_ARTIFACTS": "true",
        "MLFLOW_STATIC_PREFIX": "/from-the-environment",
    }
    flags = ["--static-prefix", "/mlflow", "--workers", "1"]
    return folder, start_server(target, extra_args=flags, env=env)


def test_the_database_of_the_environment_is_used(by_environment, api_of):
    folder, server = by_environment
    assert api_of(server).get("experiments/get?experiment_id=0").status == 200
    assert (folder / "mlflow.db").is_file()
    assert not (server.cwd / "mlflow.db").exists()


def test_the_static_prefix_stands_before_everything(by_environment, api_of):
    api = api_of(by_environment[1])
    assert api.url.endswith("/mlflow")
    for path in ("/health", "/version", INFO, "/ajax-api/3.0/mlflow/server-info"):
        assert api.get(path).status == 200, path
    bare = api_of(by_environment[1])
    bare.url = api.url.removesuffix("/mlflow")
    for path in ("/health", "/version", INFO, "/api/2.0/mlflow/experiments/get?experiment_id=0"):
        assert bare.get(path).status == 404, path


def test_the_client_works_through_the_prefix(by_environment):
    folder, server = by_environment
    client = mlflow.MlflowClient(server.url)
    run_id = client.create_run(client.create_experiment("behind a prefix")).info.run_id
    client.log_metric(run_id, "m", 1.0)
    assert client.get_run(run_id).data.metrics == {"m": 1.0}


@pytest.fixture(scope="module")
def by_default(start_server, target):
    """A server that was told nothing but where to listen."""
    return start_server(target)


def test_without_options_everything_is_kept_in_the_current_folder(by_default, api_of, tmp_path):
    client = mlflow.MlflowClient(by_default.url, by_default.url)
    experiment_id = client.create_experiment("defaults")
    assert client.get_experiment(experiment_id).artifact_location == f"mlflow-artifacts:/{experiment_id}"
    run_id = client.create_run(experiment_id).info.run_id
    put = f"/api/2.0/mlflow-artifacts/artifacts/{experiment_id}/{run_id}/artifacts/a.txt"
    assert api_of(by_default).request("PUT", put, data=b"hello").status == 200
    assert (by_default.cwd / "mlflow.db").is_file()
    assert (by_default.cwd / "mlartifacts" / experiment_id / run_id / "artifacts" / "a.txt").read_text() == "hello"


@pytest.fixture(scope="module")
def without_artifacts(start_server, target, tmp_path_factory):
    folder = tmp_path_factory.mktemp("plain")
    flags = ["--no-serve-artifacts", "--default-artifact-root", str(folder / "root")]
    return folder, start_server(target, sqlite_in(folder), extra_args=flags)


def test_the_default_artifact_root_places_experiments(without_artifacts):
    folder, server = without_artifacts
    client = mlflow.MlflowClient(server.url)
    experiment = client.get_experiment(client.create_experiment("rooted"))
    assert experiment.artifact_location.removeprefix("file://") == f"{folder}/root/{experiment.experiment_id}"
    run = client.create_run(experiment.experiment_id)
    assert run.info.artifact_uri == f"{experiment.artifact_location}/{run.info.run_id}/artifacts"


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "artifacts/a.txt"), ("PUT", "artifacts/a.txt"), ("DELETE", "artifacts/a.txt"), ("GET", "artifacts?path=a")],
)
def test_no_serve_artifacts_closes_the_proxy(without_artifacts, api_of, method, path):
    api = api_of(without_artifacts[1])
    answer = api.request(method, f"/api/2.0/mlflow-artifacts/{path}", data=b"x" if method == "PUT" else None)
    assert answer.status == 503
    assert "serve-artifacts" in answer.text
    assert api.get("experiments/get?experiment_id=0").status == 200


@pytest.fixture(scope="module")
def artifacts_only(start_server, target, tmp_path_factory):
    return start_server(target, None, tmp_path_factory.mktemp("only"), ["--artifacts-only"])


def test_artifacts_only_serves_artifacts(artifacts_only, api_of):
    api = api_of(artifacts_only)
    assert api.request("PUT", "/api/2.0/mlflow-artifacts/artifacts/d/a.txt", data=b"hello").status == 200
    assert api.get("/api/2.0/mlflow-artifacts/artifacts/d/a.txt").text == "hello"
    assert api.get("/api/2.0/mlflow-artifacts/artifacts?path=d").body["files"][0]["path"] == "a.txt"


@pytest.mark.parametrize("path", ["experiments/get?experiment_id=0", "runs/get?run_id=a", "artifacts/list?run_id=a"])
def test_artifacts_only_closes_the_tracking_api(artifacts_only, api_of, path):
    answer = api_of(artifacts_only).get(path)
    assert answer.status == 503
    assert "--artifacts-only" in answer.text
    assert api_of(artifacts_only).get("/health").status == 200


# --- refusing to start


@pytest.mark.parametrize("uri", ["nosuch://host/db", "mongodb://127.0.0.1/db"])
def test_an_unknown_database_is_a_clear_error(start_server, target, tmp_path, uri):
    with pytest.raises(ServerDidNotStart) as failure:
        start_server(target, uri, tmp_path)
    assert failure.value.returncode not in (0, None)
    assert uri.split(":")[0] in failure.value.log


@pytest.mark.ours
@pytest.mark.parametrize("uri", ["mysql://127.0.0.1/db", "mssql+pyodbc://127.0.0.1/db", "file:///tmp/mlruns", "sqlite"])
def test_an_unsupported_database_is_named_in_the_error(start_server, target, tmp_path, uri):
    with pytest.raises(ServerDidNotStart) as failure:
        start_server(target, uri, tmp_path)
    assert failure.value.returncode not in (0, None)
    assert "sqlite" in failure.value.log.lower()
    assert "panicked" not in failure.value.log
    assert "Traceback" not in failure.value.log


@pytest.mark.ours
def test_flags_that_mean_nothing_here_are_taken_with_a_warning(start_server, target, tmp_path, api_of):
    flags = ["--workers", "4", "--gunicorn-opts", "--timeout 5", "--uvicorn-opts", "--reload", "--waitress-opts", "x"]
    server = start_server(target, sqlite_in(tmp_path), tmp_path / "artifacts", flags)
    assert api_of(server).get("/health").status == 200
    assert "gunicorn" in server.log()
    server.stop()


@pytest.mark.ours
def test_a_stopped_server_ends_by_itself_and_without_an_error(start_server, target, tmp_path):
    server = start_server(target, sqlite_in(tmp_path), tmp_path / "artifacts")
    server.process.terminate()
    assert server.process.wait(10) == 0


@pytest.mark.ours
def test_every_request_is_one_structured_log_line_with_its_request_id(start_server, target, tmp_path):
    server = start_server(target, sqlite_in(tmp_path), tmp_path / "artifacts")
    answer = requests.get(f"{server.url}/api/2.0/mlflow/experiments/get?experiment_id=0", timeout=10)
    request_id = answer.headers["X-Request-Id"]
    server.stop()
    lines = [line for line in server.log().splitlines() if request_id in line]
    assert len(lines) == 1
    assert "200" in lines[0]


@pytest.mark.ours
def test_a_port_in_use_is_a_clear_error(start_server, target, server, tmp_path):
    port = server.url.rsplit(":", 1)[1]
    with pytest.raises(ServerDidNotStart) as failure:
        start_server(target, sqlite_in(tmp_path), tmp_path / "artifacts", ["--port", port])
    assert failure.value.returncode not in (0, None)
    assert "address" in failure.value.log.lower()
    assert "--port" in failure.value.log
    assert not list(tmp_path.glob("mlflow.db*"))


@pytest.mark.ours
def test_a_database_that_may_not_be_written_is_a_clear_error(start_server, target, tmp_path):
    folder = tmp_path / "a folder"
    folder.mkdir()
    with pytest.raises(ServerDidNotStart) as failure:
        start_server(target, f"sqlite:///{folder}", tmp_path / "artifacts")
    assert failure.value.returncode not in (0, None)
    assert f"cannot use the backend store sqlite:///{folder}" in failure.value.log
    assert "this user cannot read and write the database file" in failure.value.log


def test_server_info_is_json_of_one_line(api):
    answer = api.get(INFO)
    assert json.loads(answer.text) == answer.body
    assert "\n" not in answer.text.strip()

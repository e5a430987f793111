"""`forebay models download` where the files are in a bucket: the server that can read it, or this process with its keys,
lists and hands them out. The store is moto.
"""

import boto3
import mlflow
import pytest
from conftest import Api
from models_cli import Cli
from moto.server import ThreadedMotoServer
from registered import create_model, create_version
from test_models_cli import FILES, files_in, write

KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "hunter2", "AWS_DEFAULT_REGION": "us-east-1"}


@pytest.fixture(scope="module")
def keys():
    """What the environment of those says who may read the bucket."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    boto3.client(
        "s3", endpoint_url=url, aws_access_key_id="testing", aws_secret_access_key="hunter2", region_name="us-east-1"
    ).create_bucket(Bucket="bucket")
    yield {**KEYS, "MLFLOW_S3_ENDPOINT_URL": url}
    server.stop()


@pytest.fixture(scope="module")
def place(target, database, start_server, fresh_database, keys):
    """A server without a proxy, and the URI of its database."""
    uri = fresh_database(database)
    options = ("--no-serve-artifacts", "--default-artifact-root", "s3://bucket/root")
    return start_server(target, uri, None, options, env=keys), uri


@pytest.fixture(params=("server", "database"))
def cli(request, place, forebay_binary, tmp_path, keys):
    server, uri = place
    if request.param == "server":
        return Cli(forebay_binary, ("--tracking-uri", server.url), tmp_path)
    return Cli(forebay_binary, ("--backend-store-uri", uri), tmp_path, keys)


@pytest.fixture
def client(place, keys, monkeypatch):
    for name, value in keys.items():
        monkeypatch.setenv(name, value)
    return mlflow.MlflowClient(place[0].url, place[0].url)


@pytest.fixture
def run(client, unique_name):
    return client.create_run(client.create_experiment(unique_name())).info


@pytest.fixture
def name(place, unique_name):
    return create_model(Api(place[0].url), unique_name())["name"]


def downloaded(cli, name):
    cli.text("download", name, "--version", "1", "--dst", "got")
    return files_in(cli.cwd / "got")


def test_files_of_a_run_in_a_bucket_are_downloaded(cli, place, client, name, run, tmp_path):
    assert run.artifact_uri.startswith("s3://bucket/root/")
    client.log_artifacts(run.run_id, str(write(tmp_path / "model", FILES)), "model")
    client.log_text(run.run_id, "secret", "model-2/other.txt")
    create_version(Api(place[0].url), name, f"{run.artifact_uri}/model", run_id=run.run_id)
    assert downloaded(cli, name) == FILES


def test_files_of_a_logged_model_in_a_bucket_are_downloaded(cli, place, client, name, run, tmp_path):
    model_id = client.create_logged_model(run.experiment_id, "forest", source_run_id=run.run_id).model_id
    client.log_model_artifacts(model_id, str(write(tmp_path / "model", FILES)))
    create_version(Api(place[0].url), name, f"models:/{model_id}", model_id=model_id)
    assert downloaded(cli, name) == FILES

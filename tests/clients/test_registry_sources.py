"""What a model version may point at: remote stores, files of its own run or logged model, and other versions.

Whoever may register a version may read what it points at through the server. So the server's own files and its
store are only taken inside the folder of the run or the logged model that is named beside the source.
"""

import pathlib
import uuid

import mlflow
import pytest
import registered
from registered import attempt, create_model, create_version, download_uri, error, invalid, not_of

RELATIVE = (
    "If supplying a source as an http, https, local file path, ftp, objectstore, or mlflow-artifacts uri, an absolute "
    "path must be provided without relative path references present. Please provide an absolute path."
)


def relative(source):
    return invalid(f"Invalid model version source: '{source}'. {RELATIVE}")


def not_inside(owner):
    """How the refusal of a local path ends."""
    return (
        f"To use a local path as a model version source, the {owner} request parameter has to be specified and the "
        f"local path has to be contained within the artifact directory of the run specified by the {owner}."
    )


class Owners:
    """A run and a logged model in the server's store, and others whose files lie in a local folder."""

    def __init__(self, client, name, root):
        self.experiment_id = client.create_experiment(name)
        local = client.create_experiment(f"{name}-local", artifact_location=str(root))
        self.run_id = client.create_run(self.experiment_id).info.run_id
        self.model_id = client.create_logged_model(self.experiment_id, "m", source_run_id=self.run_id).model_id
        local_run = client.create_run(local).info
        self.local_run_id, self.run_folder = local_run.run_id, local_run.artifact_uri
        local_model = client.create_logged_model(local, "m")
        self.local_model_id, self.model_folder = local_model.model_id, local_model.artifact_location

    def fill(self, text):
        """The text with every {word} replaced by what it names here."""
        for word, value in vars(self).items():
            text = text.replace(f"{{{word}}}", value)
        return text.replace("{run_root}", f"mlflow-artifacts:/{self.experiment_id}/{self.run_id}/artifacts").replace(
            "{model_root}", f"mlflow-artifacts:/{self.experiment_id}/models/{self.model_id}/artifacts"
        )


@pytest.fixture(scope="module")
def owners(server, tmp_path_factory):
    root = tmp_path_factory.mktemp("owners")
    return Owners(mlflow.MlflowClient(server.url, server.url), root.name + uuid.uuid4().hex[:8], root)


@pytest.fixture
def name(api, unique_name):
    """A registered model with nothing else to it."""
    return create_model(api, unique_name())["name"]


# --- remote stores


@pytest.mark.parametrize(
    "source",
    [
        "s3://b/p",
        "s3:/b/p",
        "S3://b/p",
        "s3://b//p",
        "s3://b/p//",
        "s3://b/a..b/...",
        "s3://b/a+b%20c%2Fd",
        "s3://b/ünï",
        "s3://b/p?x=../y",
        "s3://b/p?versionId=1",
        "s3://b/p#f",
        "s3://b/p;x",
        "gs://b/p",
        "wasbs://c@a.blob.core.windows.net/p",
        "dbfs:/p",
        "unknown://h/p",
        "unknown:/p",
    ],
)
def test_a_remote_source_is_kept_as_given(api, name, source):
    assert create_version(api, name, source)["source"] == source
    assert download_uri(api, name, "1") == source


@pytest.mark.parametrize(
    "source",
    [
        "s3://b",
        "s3://b/",
        "s3://",
        "s3:",
        "s3:b/p",
        "unknown:p",
        "s3://b/../c",
        "s3://b/p/..",
        "s3://b/./p",
        "s3://b/p/.",
        "s3://b/%2e%2e/c",
        "s3://b/%252e%252e/c",
        "s3://b/%25252e%25252e/c",
        "s3://b/a%2F..%2Fb",
        "s3://b/a%2f%2e%2e%2fb",
        "s3://b/%2e/c",
        "s3://b/p%00",
        "s3://b/p%2500",
        "s3://b/p?x=/../y",
        "dbfs:/a/../b",
        "databricks",
        "C:\\x",
    ],
)
def test_a_remote_source_without_an_absolute_path_is_refused(api, name, source):
    assert error(attempt(api, name, source)) == relative(source)
    assert "latest_versions" not in registered.model(api, name)


@pytest.mark.parametrize(
    "source",
    [
        "http://h/p",
        "https://h/p",
        "HTTP://h/p",
        "http://h/api/2.0/mlflow-artifacts/artifacts/x",
        "mlflow-artifacts://h/p",
        "ftp://h/p",
        "ftp:///p",
        "sftp://h/p",
        "hdfs://h/p",
        "viewfs://h/p",
        "r2://b@h/p",
        "b2://b@h/p",
    ],
)
def test_a_source_on_another_host_is_refused(api, name, source):
    status, code, message = error(attempt(api, name, source))
    assert (status, code) == (400, "INVALID_PARAMETER_VALUE")
    assert message.startswith(f"'source' cannot use the '{source.split(':')[0].lower()}' scheme: ")


@pytest.mark.ours
@pytest.mark.parametrize("source", ["s3://b/lib/x", "s3://b/bin"])
def test_a_remote_source_has_nothing_to_do_with_the_servers_files(api, name, source):
    """The stock server resolves the path as if it were a file, and refuses it where its machine has a link there."""
    assert create_version(api, name, source)["source"] == source


@pytest.mark.ours
@pytest.mark.parametrize("source", ["s3://[/p", "s3://b/\0", "file://host/p"])
def test_a_broken_source_is_the_users_error(api, name, source):
    answer = attempt(api, name, source)
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")


# --- local paths


@pytest.mark.parametrize(
    "source",
    [
        "{run_folder}",
        "{run_folder}/",
        "{run_folder}/model",
        "{run_folder}/not/there/yet",
        "{run_folder}/./model",
        "{run_folder}/model/../model",
        "{run_folder}//model",
        "file://{run_folder}/model",
        "file:{run_folder}/model",
        "file://localhost{run_folder}/model",
    ],
)
def test_a_local_path_inside_its_runs_folder_is_taken(api, name, owners, source):
    source = owners.fill(source)
    created = create_version(api, name, source, run_id=owners.local_run_id)
    assert (created["source"], created["run_id"]) == (source, owners.local_run_id)
    assert download_uri(api, name, "1") == source


@pytest.mark.parametrize(
    ("source", "run_id"),
    [
        ("{run_folder}/..", "{local_run_id}"),
        ("{run_folder}/model/../..", "{local_run_id}"),
        ("{run_folder}/%2e%2e/x", "{local_run_id}"),
        ("file://{run_folder}/%2e%2e", "{local_run_id}"),
        ("{run_folder}x", "{local_run_id}"),
        ("{run_folder} ", "{local_run_id}"),
        ("{model_folder}", "{local_run_id}"),
        ("file:///etc", "{local_run_id}"),
        ("/", "{local_run_id}"),
        ("model", "{local_run_id}"),
        ("./model", "{local_run_id}"),
        (":", "{local_run_id}"),
        ("1x://h/p", "{local_run_id}"),
        ("\\\\server\\share", "{local_run_id}"),
        ("dummy-source", ""),
        ("prompt-template", ""),
        ("{run_folder}/model", ""),
        ("{run_folder}/model", None),
        ("{run_folder}/model", "{run_id}"),
    ],
)
def test_a_local_path_elsewhere_is_refused(api, name, owners, source, run_id):
    answer = attempt(api, name, owners.fill(source), run_id=run_id and owners.fill(run_id))
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert answer.message.startswith("Invalid model version source: '")
    assert answer.message.endswith(not_inside("run_id"))
    assert "latest_versions" not in registered.model(api, name)


def test_a_link_out_of_the_folder_leads_nowhere(api, name, owners):
    folder = pathlib.Path(owners.run_folder)
    (folder / "inside").mkdir(parents=True)
    (folder / "link").symlink_to(folder / "inside")
    (folder / "away").symlink_to("/etc")
    assert create_version(api, name, f"{folder}/link", run_id=owners.local_run_id)["version"] == "1"
    for source in (f"{folder}/away", f"{folder}/away/passwd"):
        answer = attempt(api, name, source, run_id=owners.local_run_id)
        assert (answer.status, answer.message.endswith(not_inside("run_id"))) == (400, True)


def test_a_local_path_of_a_run_that_is_not_there_is_refused(api, name, owners):
    source = owners.run_folder
    assert error(attempt(api, name, source, run_id="nope")) == not_of("run_id", source)
    assert error(attempt(api, name, source, model_id="m-nope")) == not_of("model_id", source)


@pytest.mark.parametrize("source", ["{model_folder}", "{model_folder}/sub", "file://{model_folder}"])
@pytest.mark.parametrize("run_id", ["", "{run_id}"])
def test_a_local_path_inside_its_logged_models_folder_is_taken(api, name, owners, source, run_id):
    fields = {"model_id": owners.local_model_id, "run_id": owners.fill(run_id)}
    created = create_version(api, name, owners.fill(source), **fields)
    assert (created["source"], created["run_id"]) == (owners.fill(source), fields["run_id"])


@pytest.mark.parametrize(
    ("source", "model_id"),
    [("{run_folder}", "{local_model_id}"), ("{model_folder}/..", "{local_model_id}"), ("{model_folder}", "{model_id}")],
)
def test_a_local_path_outside_its_logged_models_folder_is_refused(api, name, owners, source, model_id):
    answer = attempt(api, name, owners.fill(source), model_id=owners.fill(model_id), run_id=owners.local_run_id)
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert answer.message.endswith(not_inside("model_id"))


# --- runs:/


@pytest.mark.parametrize(
    "source",
    [
        "runs:/{run_id}/model",
        "runs:/{run_id}",
        "runs:/{run_id}/",
        "runs:/{run_id}//a/b",
        "runs:/{run_id}/a?b#c",
        "runs:///{run_id}/a",
        "RUNS:/{run_id}/a",
    ],
)
def test_a_path_in_its_run_is_taken(api, name, owners, source):
    created = create_version(api, name, owners.fill(source), run_id=owners.run_id)
    assert (created["source"], created["run_id"]) == (owners.fill(source), owners.run_id)
    assert download_uri(api, name, "1") == owners.fill(source)


def test_the_run_of_such_a_path_need_not_be_there(api, name):
    assert create_version(api, name, "runs:/nope/x", run_id="nope")["run_id"] == "nope"


@pytest.mark.parametrize(
    ("source", "fields", "owner"),
    [
        ("runs:/{run_id}/model", {}, "run_id"),
        ("runs:/{run_id}/model", {"run_id": ""}, "run_id"),
        ("runs:/{run_id}/model", {"run_id": "{local_run_id}"}, "run_id"),
        ("runs://{run_id}/model", {"run_id": "{run_id}"}, "run_id"),
        ("runs:/{run_id}/model", {"model_id": "{model_id}", "run_id": "{run_id}"}, "model_id"),
        ("runs:/{run_id}/model", {"model_id": "m-nope"}, "model_id"),
    ],
)
def test_a_path_in_another_run_is_refused(api, name, owners, source, fields, owner):
    fields = {key: owners.fill(value) for key, value in fields.items()}
    assert error(attempt(api, name, owners.fill(source), **fields)) == not_of(owner, owners.fill(source))


@pytest.mark.parametrize(
    "source", ["runs:/{run_id}/../x", "runs:/{run_id}/a/./x", "runs:/{run_id}/%2e%2e/x", "runs:{run_id}/x", "runs:/"]
)
def test_a_relative_path_in_a_run_is_refused(api, name, owners, source):
    assert error(attempt(api, name, owners.fill(source), run_id=owners.run_id)) == relative(owners.fill(source))


# --- mlflow-artifacts:/


@pytest.mark.parametrize("rest", ["", "/", "/a/b", "//a", "/a%2fb", "/a?b=c", "/a#b"])
@pytest.mark.parametrize(("root", "owner"), [("{run_root}", "run_id"), ("{model_root}", "model_id")])
def test_a_path_in_its_owners_folder_of_the_store_is_taken(api, name, owners, root, owner, rest):
    source = owners.fill(root) + rest
    created = create_version(api, name, source, **{owner: getattr(owners, owner)})
    assert (created["source"], created["run_id"]) == (source, owners.run_id)
    assert download_uri(api, name, "1") == source


@pytest.mark.parametrize(
    ("source", "fields", "owner"),
    [
        ("{run_root}", {}, "run_id"),
        ("{run_root}", {"run_id": "nope"}, "run_id"),
        ("{run_root}", {"run_id": "{local_run_id}"}, "run_id"),
        ("{run_root}x", {"run_id": "{run_id}"}, "run_id"),
        ("mlflow-artifacts:/{experiment_id}", {"run_id": "{run_id}"}, "run_id"),
        ("mlflow-artifacts:/x", {"run_id": "{run_id}"}, "run_id"),
        ("{model_root}", {"run_id": "{run_id}"}, "run_id"),
        ("{model_root}", {"model_id": "m-nope"}, "model_id"),
        ("{model_root}", {"model_id": "{local_model_id}"}, "model_id"),
        ("{run_root}", {"model_id": "{model_id}", "run_id": "{run_id}"}, "model_id"),
    ],
)
def test_a_path_elsewhere_in_the_store_is_refused(api, name, owners, source, fields, owner):
    fields = {key: owners.fill(value) for key, value in fields.items()}
    assert error(attempt(api, name, owners.fill(source), **fields)) == not_of(owner, owners.fill(source))


@pytest.mark.parametrize("rest", ["/../x", "/%2e%2e/x", "/%252e%252e/x", "/a/./b", "/a%00"])
def test_a_relative_path_in_the_store_is_refused(api, name, owners, rest):
    source = owners.fill("{run_root}") + rest
    assert error(attempt(api, name, source, run_id=owners.run_id)) == relative(source)

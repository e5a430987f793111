"""Files of a model version over `/model-versions/get-artifact`, as the web UI and curl read them."""

import pathlib

import pytest
import registered
from registered import create_model, create_version, error, invalid

FILES = {"MLmodel": "flavors: {}\n", "sub/page.html": "<b>x</b>", "sub/data.json": "{}", "a b ü.bin": "\x00\x01"}


def write(folder, files):
    for path, text in files.items():
        file = pathlib.Path(folder) / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


@pytest.fixture
def name(api, unique_name):
    """A registered model with nothing else to it."""
    return create_model(api, unique_name())["name"]


@pytest.fixture
def proxied(api, client, name, run_id, experiment_id, tmp_path):
    """A model whose first version lies in the server's store, in the folder `model` of a run with other files."""
    write(tmp_path / "model", FILES)
    client.log_artifacts(run_id, str(tmp_path))
    client.log_text(run_id, "secret", "other.txt")
    create_version(api, name, f"mlflow-artifacts:/{experiment_id}/{run_id}/artifacts/model", run_id=run_id)
    return name


def fetched(api, name, number="1", path="MLmodel", **params):
    return api.get("/model-versions/get-artifact", {"name": name, "version": number, "path": path, **params})


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("MLmodel", "text/plain"),
        ("sub/page.html", "text/html"),
        ("sub/data.json", "text/plain"),
        ("a b ü.bin", "application/octet-stream"),
    ],
)
def test_a_file_comes_as_a_download_that_no_browser_runs(api, proxied, path, kind):
    answer = fetched(api, proxied, path=path)
    assert (answer.status, answer.response.content) == (200, FILES[path].encode())
    assert answer.headers["Content-Type"].split(";")[0] == kind
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Length"] == str(len(FILES[path].encode()))


def test_the_name_of_the_file_is_told(api, proxied):
    assert fetched(api, proxied, path="sub/page.html").headers["Content-Disposition"] == "attachment; filename=page.html"
    assert "filename*=UTF-8''a%20b%20%C3%BC.bin" in fetched(api, proxied, path="a b ü.bin").headers["Content-Disposition"]


def test_the_head_of_a_file_has_no_body(api, proxied):
    answer = api.request("HEAD", "/model-versions/get-artifact", params={"name": proxied, "version": "1", "path": "MLmodel"})
    assert (answer.status, answer.text) == (200, "")


@pytest.mark.parametrize("source", ["{folder}/model", "file://{folder}/model", "runs:/{run}/model"])
def test_a_version_of_a_local_run_is_read_from_its_folder(api, client, name, unique_name, tmp_path, source):
    experiment_id = client.create_experiment(unique_name(), artifact_location=str(tmp_path))
    run = client.create_run(experiment_id).info
    write(f"{run.artifact_uri}/model", FILES)
    create_version(api, name, source.format(folder=run.artifact_uri, run=run.run_id), run_id=run.run_id)
    assert fetched(api, name, path="sub/page.html").text == FILES["sub/page.html"]
    pathlib.Path(run.artifact_uri, "model", "link").symlink_to("/etc/passwd")
    assert fetched(api, name, path="link").status in (400, 404)
    assert fetched(api, name, path="nope").status == 404


@pytest.mark.ours
def test_a_path_in_a_run_of_the_store_is_read_too(api, proxied, run_id):
    """The stock server fails on these, because it takes its database for a tracking server."""
    create_version(api, proxied, f"runs:/{run_id}/model", run_id=run_id)
    assert fetched(api, proxied, "2").text == FILES["MLmodel"]


def test_a_version_of_a_logged_model_and_its_copy_are_read_from_the_logged_model(api, client, name, experiment_id, tmp_path):
    model_id = client.create_logged_model(experiment_id, "forest").model_id
    write(tmp_path, FILES)
    client.log_model_artifacts(model_id, str(tmp_path))
    create_version(api, name, f"models:/{model_id}", model_id=model_id)
    create_version(api, name, f"models:/{name}/1")
    for number in ("1", "2"):
        assert fetched(api, name, number, "sub/data.json").text == FILES["sub/data.json"]


@pytest.mark.parametrize(
    "path",
    [
        "../other.txt",
        "sub/../../other.txt",
        "%2e%2e/other.txt",
        "%252e%252e/other.txt",
        "..%2fother.txt",
        "/etc/passwd",
        "file:///etc/passwd",
        "MLmodel#x",
        "..",
    ],
)
def test_a_path_that_leads_elsewhere_is_refused(api, proxied, path):
    assert error(fetched(api, proxied, path=path)) == invalid("Invalid path")


@pytest.mark.parametrize("path", ["nope", "sub/nope", "MLmodel/x", "other.txt", "a\\..\\b", "MLmodel?x"])
def test_a_file_that_is_not_there_is_not_found(api, proxied, path):
    answer = fetched(api, proxied, path=path)
    assert (answer.status, answer.code) == (404, "RESOURCE_DOES_NOT_EXIST")
    assert answer.message.startswith("No such artifact: '")


@pytest.mark.parametrize("path", ["", "sub"])
def test_a_folder_is_no_file(api, proxied, path):
    answer = fetched(api, proxied, path=path)
    assert error(answer)[:2] == (400, "INVALID_PARAMETER_VALUE")
    assert answer.message.startswith("Artifact path refers to a directory, not a file: '")


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"name": None}, invalid("Missing value for required parameter 'name'.")),
        ({"name": ""}, invalid("Missing value for required parameter 'name'.")),
        ({"name": "a/b"}, registered.reserved_characters("a/b")),
        ({"name": "nope"}, registered.no_version("nope", 1)),
        ({"version": "9"}, registered.no_version("{}", 9)),
        ({"version": "x"}, registered.no_integer("x")),
        ({"version": ""}, registered.no_integer("")),
        ({"path": "../x", "name": "nope"}, invalid("Invalid path")),
    ],
    ids=str,
)
def test_a_version_that_is_not_there_has_no_files(api, name, params, expected):
    answer = api.get("/model-versions/get-artifact", {"name": name, "version": "1", "path": "MLmodel", **params})
    assert error(answer) == (*expected[:2], expected[2].replace("{}", name))


def test_a_deleted_version_has_no_files(api, proxied):
    registered.delete_version(api, proxied, "1")
    assert error(fetched(api, proxied)) == registered.no_version(proxied, 1)


def test_a_path_has_to_be_given(api, proxied):
    assert api.get("/model-versions/get-artifact", {"name": proxied, "version": "1"}).status == 400


@pytest.mark.ours
def test_a_version_has_to_be_given(api, proxied):
    answer = api.get("/model-versions/get-artifact", {"name": proxied, "path": "MLmodel"})
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")


@pytest.mark.ours
@pytest.mark.parametrize("source", ["unknown://h/p", "dbfs:/p"])
def test_a_store_that_the_server_does_not_know_is_named(api, name, source):
    create_version(api, name, source)
    answer = fetched(api, name)
    assert answer.status in (400, 501)
    assert source.split(":")[0] in answer.message


@pytest.mark.parametrize("prefix", ["/api", "/ajax-api", "/api/2.0/mlflow", "/ajax-api/2.0/mlflow"])
def test_the_call_stands_at_the_root_alone(api, proxied, prefix):
    answer = api.get(f"{prefix}/model-versions/get-artifact", {"name": proxied, "version": "1", "path": "MLmodel"})
    assert answer.status == 404

"""A data scientist's way through the registry with the stock client: register, name, copy, download, load and score."""

import dataclasses
import json
import pathlib
import uuid

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException
from sklearn.linear_model import LogisticRegression

# Working out a model's requirements starts a Python of its own: named ones save seconds.
NEEDS = ["scikit-learn"]
PARAMS = {"C": 0.5}


@dataclasses.dataclass
class Trained:
    """A model that was registered while it was logged, and what it scores."""

    name: str
    rows: pd.DataFrame
    scores: list
    run_id: str
    model_id: str
    experiment_id: str

    def scored_by(self, uri):
        return mlflow.pyfunc.load_model(uri).predict(self.rows).tolist() == self.scores


@pytest.fixture(scope="module")
def trained(server):
    """Logged once, for it takes seconds. Tests register it under names of their own."""
    previous = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(server.url)
    name = f"late-trains-{uuid.uuid4().hex[:8]}"
    experiment_id = mlflow.create_experiment(name)
    rows = pd.DataFrame(np.random.default_rng(7).normal(size=(40, 2)), columns=["a", "b"])
    model = LogisticRegression(**PARAMS).fit(rows, (rows["a"] > 0).astype(int))
    with mlflow.start_run(experiment_id=experiment_id) as run:
        info = mlflow.sklearn.log_model(
            model, name="model", registered_model_name=name, input_example=rows.head(2), pip_requirements=NEEDS, params=PARAMS
        )
    mlflow.set_tracking_uri(previous)
    return Trained(name, rows, model.predict(rows).tolist(), run.info.run_id, info.model_id, experiment_id)


@pytest.fixture(autouse=True)
def _client_talks_to_the_server(tracking):
    """The fluent functions find the server."""


def versions_tag(client, model_id):
    return json.loads(client.get_logged_model(model_id).tags["mlflow.modelVersions"])


# --- registering


def test_a_model_is_registered_while_it_is_logged(client, trained):
    version = client.get_model_version(trained.name, "1")
    assert (version.source, version.run_id) == (f"models:/{trained.model_id}", trained.run_id)
    assert (version.status, version.current_stage, version.aliases) == ("READY", "None", [])
    assert {"name": trained.name, "version": 1} in versions_tag(client, trained.model_id)


@pytest.mark.parametrize("uri", ["models:/{model_id}", "runs:/{run_id}/model"])
def test_a_logged_model_is_registered_by_its_id_or_its_run(client, trained, unique_name, uri):
    name = unique_name()
    uri = uri.format(model_id=trained.model_id, run_id=trained.run_id)
    first = mlflow.register_model(uri, name, tags={"by": "hand"})
    second = mlflow.register_model(uri, name)
    assert (first.version, second.version) == ("1", "2")
    assert (first.source, first.run_id) == (f"models:/{trained.model_id}", trained.run_id)
    assert (first.tags, second.tags) == ({"by": "hand"}, {})
    listed = [each["version"] for each in versions_tag(client, trained.model_id) if each["name"] == name]
    # The server writes a number, and the client a text after it.
    assert listed == [1, "1", 2, "2"]
    assert trained.scored_by(f"models:/{name}/2")


@pytest.fixture
def old_run(client, trained):
    """A run with a model among its own files, as clients before 3.0 made them."""
    folder = mlflow.artifacts.download_artifacts(f"models:/{trained.model_id}")
    run_id = client.create_run(trained.experiment_id).info.run_id
    client.log_artifacts(run_id, folder, "model")
    return run_id


def test_a_model_among_the_files_of_a_run_is_registered_as_those_files(trained, unique_name, old_run):
    name = unique_name()
    version = mlflow.register_model(f"runs:/{old_run}/model", name)
    assert version.source == f"mlflow-artifacts:/{trained.experiment_id}/{old_run}/artifacts/model"
    assert version.run_id == old_run
    assert trained.scored_by(f"models:/{name}/1")


def test_a_path_in_a_run_is_registered_as_it_is_under_the_runs_id(client, trained, unique_name, old_run):
    name = client.create_registered_model(unique_name()).name
    version = client.create_model_version(name, f"runs:/{old_run}/model", old_run)
    assert version.source == client.get_model_version_download_uri(name, "1") == f"runs:/{old_run}/model"
    assert trained.scored_by(f"models:/{name}/1")


def test_a_run_without_such_a_model_makes_no_version(client, trained, unique_name):
    name = unique_name()
    with pytest.raises(MlflowException, match="Unable to find a logged_model with artifact_path nope"):
        mlflow.register_model(f"runs:/{trained.run_id}/nope", name)
    assert client.search_model_versions(f"name = '{name}'") == []


def test_the_files_of_another_run_are_refused(client, trained, unique_name, run_id):
    name = client.create_registered_model(unique_name()).name
    with pytest.raises(MlflowException, match="must identify the resource that contains the source"):
        client.create_model_version(name, f"runs:/{trained.run_id}/model", run_id)
    assert client.search_model_versions(f"name = '{name}'") == []


def test_autologging_registers_what_is_fitted(client, trained, unique_name, experiment_id):
    name = unique_name()
    mlflow.set_experiment(experiment_id=experiment_id)
    mlflow.sklearn.autolog(registered_model_name=name, log_input_examples=False, silent=True)
    try:
        LogisticRegression().fit(trained.rows, trained.scores)
    finally:
        mlflow.sklearn.autolog(disable=True, silent=True)
    (version,) = client.search_model_versions(f"name = '{name}'")
    assert version.source.startswith("models:/m-")
    assert client.get_run(version.run_id).info.experiment_id == experiment_id


# --- loading


@pytest.fixture
def name(client, trained, unique_name):
    """A model whose second version, in production, has the alias champion; its last version was deleted."""
    name = unique_name()
    for _ in range(3):
        mlflow.register_model(f"models:/{trained.model_id}", name)
    client.set_registered_model_alias(name, "champion", "2")
    client.delete_model_version(name, "3")
    client.transition_model_version_stage(name, "2", "Production")
    return name


@pytest.mark.parametrize("suffix", ["/1", "@champion", "/latest", "/Production", "/production", "@latest"])
def test_a_version_is_loaded_and_scores_as_it_was_trained(trained, name, suffix):
    assert trained.scored_by(f"models:/{name}{suffix}")


@pytest.mark.parametrize("suffix", ["/3", "/99", "@nope", "/Staging"])
def test_what_is_not_there_is_not_loaded(name, suffix):
    with pytest.raises(MlflowException, match="not found|No versions of model"):
        mlflow.pyfunc.load_model(f"models:/{name}{suffix}")


def test_the_flavour_of_the_library_is_loaded_too(trained, name):
    loaded = mlflow.sklearn.load_model(f"models:/{name}@champion")
    assert loaded.get_params()["C"] == PARAMS["C"]
    assert loaded.predict(trained.rows).tolist() == trained.scores


def test_an_alias_that_moves_changes_what_is_loaded(client, trained, name):
    class Constant(mlflow.pyfunc.PythonModel):
        def predict(self, model_input: list[str]):
            return ["other"] * len(model_input)

    mlflow.set_experiment(experiment_id=trained.experiment_id)
    with mlflow.start_run():
        mlflow.pyfunc.log_model(name="other", python_model=Constant(), registered_model_name=name, pip_requirements=NEEDS)
    client.set_registered_model_alias(name, "champion", "4")
    assert mlflow.pyfunc.load_model(f"models:/{name}@champion").predict(["x"]) == ["other"]
    client.set_registered_model_alias(name, "champion", "1")
    assert trained.scored_by(f"models:/{name}@champion")


@pytest.mark.parametrize("suffix", ["/1", "@champion"])
def test_the_files_of_a_version_are_listed_and_downloaded(name, suffix, tmp_path):
    uri = f"models:/{name}{suffix}"
    listed = {file.path for file in mlflow.artifacts.list_artifacts(uri)}
    folder = pathlib.Path(mlflow.artifacts.download_artifacts(uri, dst_path=str(tmp_path)))
    there = {path.name for path in folder.iterdir()}
    assert {"MLmodel", "requirements.txt"} <= listed <= there
    assert "sklearn" in (folder / "MLmodel").read_text()
    one = mlflow.artifacts.download_artifacts(f"{uri}/requirements.txt", dst_path=str(tmp_path / "one"))
    assert "scikit-learn" in pathlib.Path(one).read_text()


def test_what_is_known_of_a_model_is_read_from_its_version(trained, name):
    info = mlflow.models.get_model_info(f"models:/{name}@champion")
    assert (info.run_id, info.model_id) == (trained.run_id, trained.model_id)
    assert info.signature.inputs.input_names() == ["a", "b"]


# --- copying


@pytest.mark.parametrize("suffix", ["/2", "@champion"])
def test_a_version_is_copied_into_another_model(client, trained, name, unique_name, suffix):
    target = unique_name("-copy")
    client.set_model_version_tag(name, "2", "k", "v")
    client.update_model_version(name, "2", "the best")
    first, second = (client.copy_model_version(f"models:/{name}{suffix}", target) for _ in range(2))
    assert (first.version, second.version) == ("1", "2")
    assert (first.source, first.run_id) == (f"models:/{name}/2", trained.run_id)
    assert (first.description, first.tags, first.aliases) == ("the best", {"k": "v"}, [])
    assert first.current_stage == "None"
    assert trained.scored_by(f"models:/{target}/1")
    client.delete_registered_model(name)
    assert trained.scored_by(f"models:/{target}/2")


def test_a_version_is_registered_again_under_another_name(trained, name, unique_name):
    target = unique_name("-again")
    version = mlflow.register_model(f"models:/{name}/1", target)
    assert (version.source, version.run_id) == (f"models:/{name}/1", trained.run_id)
    assert trained.scored_by(f"models:/{target}/1")


@pytest.mark.parametrize("suffix", ["/99", "@nope"])
def test_what_is_not_there_is_not_copied(client, name, unique_name, suffix):
    target = unique_name("-copy")
    with pytest.raises(MlflowException, match="not found"):
        client.copy_model_version(f"models:/{name}{suffix}", target)
    assert client.search_model_versions(f"name = '{target}'") == []


# --- finding


def test_versions_are_found_by_the_run_that_made_them(client, trained, name, run_id):
    found = client.search_model_versions(f"run_id = '{trained.run_id}' AND name = '{name}'")
    assert [each.version for each in found] == ["2", "1"]
    assert mlflow.search_model_versions(filter_string=f"name = '{name}'", max_results=1)[0].version == "2"
    assert client.search_model_versions(f"run_id = '{run_id}'") == []


def test_models_are_found_with_their_latest_versions(client, name):
    (found,) = mlflow.search_registered_models(filter_string=f"name = '{name}'")
    assert {each.current_stage: each.version for each in found.latest_versions} == {"None": "1", "Production": "2"}
    assert found.aliases == {"champion": "2"}
    assert dict(client.get_registered_model(name)).keys() == dict(found).keys()


def test_fluent_functions_set_tags_and_aliases(client, name):
    mlflow.set_model_version_tag(name, "1", "k", "v")
    assert client.get_model_version(name, "1").tags == {"k": "v"}
    client.set_model_version_tag(name, key="k", value="w", stage="Production")
    assert client.get_model_version(name, "2").tags == {"k": "w"}
    client.delete_model_version_tag(name, key="k", stage="Production")
    assert client.get_model_version(name, "2").tags == {}

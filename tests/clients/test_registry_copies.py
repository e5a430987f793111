"""Versions made from a logged model, from another version, and under the operator's rule for sources."""

import json

import pytest
import registered
from conftest import Api
from registered import IS_PROMPT, SOURCE, attempt, create_model, create_version, download_uri, error, invalid, not_of

UNKNOWN = "m-" + "0" * 32


@pytest.fixture
def name(api, unique_name):
    """A registered model with nothing else to it."""
    return create_model(api, unique_name())["name"]


@pytest.fixture
def model_id(client, experiment_id, run_id):
    return client.create_logged_model(experiment_id, "forest", source_run_id=run_id).model_id


def versions_tag(client, model_id):
    """What a logged model says of the versions made from it."""
    return client.get_logged_model(model_id).tags.get("mlflow.modelVersions")


# --- models:/m-…


def test_a_logged_model_becomes_a_version(api, client, name, model_id, experiment_id, run_id):
    created = create_version(api, name, f"models:/{model_id}", model_id=model_id)
    assert (created["source"], created["run_id"]) == (f"models:/{model_id}", run_id)
    assert "model_id" not in created
    assert download_uri(api, name, "1") == f"mlflow-artifacts:/{experiment_id}/models/{model_id}/artifacts"
    assert client.search_model_versions(f"run_id = '{run_id}'")[0].name == name


def test_a_given_run_wins_over_the_logged_models(api, name, model_id):
    assert create_version(api, name, f"models:/{model_id}", model_id=model_id, run_id="other")["run_id"] == "other"


def test_a_logged_model_without_a_run_gives_none(api, client, name, experiment_id):
    model_id = client.create_logged_model(experiment_id, "bare").model_id
    assert create_version(api, name, f"models:/{model_id}", model_id=model_id)["run_id"] == ""


def test_the_run_of_a_remote_source_is_the_logged_models(api, client, name, model_id, run_id):
    assert create_version(api, name, model_id=model_id)["run_id"] == run_id
    assert versions_tag(client, model_id) == json.dumps([{"name": name, "version": 1}])


def test_a_logged_model_lists_the_versions_made_from_it(api, client, name, unique_name, model_id):
    other = create_model(api, unique_name("-other"))["name"]
    for each in (name, other, name):
        create_version(api, each, f"models:/{model_id}", model_id=model_id)
    listed = [{"name": name, "version": 1}, {"name": other, "version": 1}, {"name": name, "version": 2}]
    assert versions_tag(client, model_id) == json.dumps(listed)
    registered.delete_version(api, name, "2")
    assert versions_tag(client, model_id) == json.dumps(listed)


def test_a_refused_version_is_not_listed(api, client, model_id):
    answer = attempt(api, "nope", f"models:/{model_id}", model_id=model_id)
    assert error(answer) == registered.no_model("nope")
    assert versions_tag(client, model_id) is None


@pytest.mark.parametrize(
    ("source", "fields"),
    [
        ("models:/{m}", {}),
        ("models:/{m}", {"model_id": ""}),
        ("models:/{m}", {"model_id": UNKNOWN}),
        ("models:/{m}", {"run_id": "{r}"}),
        ("models:/{m}/", {"model_id": "{m}"}),
        ("models:/{m}#x", {"model_id": "{m}"}),
        ("models:/", {}),
        ("models:", {}),
        ("models:x", {}),
        ("models:/a/b/c", {}),
        ("models:/a@", {}),
    ],
)
def test_a_logged_model_that_is_not_named_is_refused(api, name, model_id, run_id, source, fields):
    source = source.replace("{m}", model_id)
    fields = {key: value.replace("{m}", model_id).replace("{r}", run_id) for key, value in fields.items()}
    assert error(attempt(api, name, source, **fields)) == not_of("model_id", source)


def test_a_remote_source_of_a_missing_logged_model_is_not_found(api, name):
    expected = 404, "RESOURCE_DOES_NOT_EXIST", f"Logged model with ID '{UNKNOWN}' not found."
    for fields in ({}, {"run_id": "r"}):
        answer = attempt(api, name, SOURCE, model_id=UNKNOWN, **fields)
        assert answer.status == 404
        assert error(answer) == expected


@pytest.mark.ours
def test_a_missing_or_deleted_logged_model_is_the_users_error_and_makes_nothing(api, client, name, model_id):
    client.delete_logged_model(model_id)
    for each in (UNKNOWN, model_id):
        answer = attempt(api, name, f"models:/{each}", model_id=each)
        assert answer.status in (400, 404)
        assert f"Logged model with ID '{each}' not found." in answer.message
        assert attempt(api, name, SOURCE, model_id=each).status == 404
    assert "latest_versions" not in registered.model(api, name)


# --- models:/name/…


@pytest.fixture
def origin(api, unique_name, run_id, model_id):
    """A model with a remote version in staging, and one of a logged model with an alias."""
    name = create_model(api, unique_name("-origin"))["name"]
    create_version(api, name, run_id=run_id)
    create_version(api, name, f"models:/{model_id}", model_id=model_id)
    registered.move(api, name, "1", "Staging")
    registered.set_alias(api, name, "best", "2")
    return name


@pytest.mark.parametrize(
    ("uri", "number"),
    [
        ("models:/{}/1", "1"),
        ("models:/{}/01", "1"),
        ("models:/{}/2", "2"),
        ("models:/{}@best", "2"),
        ("models:/{}@latest", "2"),
        ("models:/{}/latest", "2"),
        ("models:/{}/Latest", "2"),
        ("models:/{}/Staging", "1"),
        ("models:/{}/sTAGING", "1"),
    ],
)
def test_a_version_is_copied_with_its_run_and_its_files(api, name, origin, run_id, uri, number):
    copied = create_version(api, name, uri.format(origin))
    assert (copied["source"], copied["run_id"]) == (f"models:/{origin}/{number}", run_id)
    assert download_uri(api, name, "1") == download_uri(api, origin, number)


def test_a_copy_of_a_copy_has_the_files_of_the_first(api, name, origin):
    create_version(api, name, f"models:/{origin}/1")
    assert create_version(api, name, f"models:/{name}/1")["source"] == f"models:/{name}/1"
    assert download_uri(api, name, "2") == SOURCE


def test_a_copy_is_not_listed_with_the_logged_model(api, client, name, origin, model_id):
    before = versions_tag(client, model_id)
    create_version(api, name, f"models:/{origin}/2")
    assert versions_tag(client, model_id) == before


def test_a_copy_outlives_its_original(api, client, name, origin):
    create_version(api, name, f"models:/{origin}/1")
    client.delete_registered_model(origin)
    assert download_uri(api, name, "1") == SOURCE


@pytest.mark.parametrize("fields", [{"run_id": "other"}, {"run_id": ""}, {"model_id": "m-1"}, {"model_id": UNKNOWN}], ids=str)
def test_another_run_or_logged_model_than_the_originals_is_refused(api, name, origin, fields):
    source = f"models:/{origin}/1"
    rule = "The run_id and model_id request parameters must match the referenced model version."
    assert error(attempt(api, name, source, **fields)) == invalid(f"Invalid model version source: '{source}'. {rule}")


def test_the_originals_run_may_be_repeated(api, name, origin, run_id):
    assert create_version(api, name, f"models:/{origin}/1", run_id=run_id, model_id="")["run_id"] == run_id


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("models:/{}/99", registered.no_version("{}", 99)),
        ("models:/nope/1", registered.no_model("nope")),
        ("models:/nope@best", registered.no_model("nope")),
        ("models:/nope/latest", registered.no_model("nope")),
        ("models:/{}@nope", invalid("Registered model alias nope not found.")),
        ("models:/../1", registered.other_path("name", "..", "..")),
        (
            "models:/{}/bad",
            invalid("Invalid Model Version stage: bad. Value must be one of None, Staging, Production, Archived."),
        ),
        (
            "models://h/{}/1",
            invalid(
                "Invalid model version source: 'models://h/{}/1'. "
                "Registered model sources must use the active model registry."
            ),
        ),
    ],
)
def test_what_cannot_be_copied_is_named(api, name, origin, uri, expected):
    answer = attempt(api, name, uri.format(origin))
    assert error(answer) == (*expected[:2], expected[2].replace("{}", origin))


@pytest.mark.ours
def test_a_stage_without_versions_is_the_users_error(api, name, origin):
    answer = attempt(api, name, f"models:/{origin}/Production")
    assert answer.status in (400, 404)
    assert answer.message == f"No versions of model with name '{origin}' and stage 'Production' found"


# --- prompts


def test_a_prompt_is_no_source(api, name, unique_name):
    tags = [{"key": IS_PROMPT, "value": "true"}]
    prompt = create_model(api, unique_name("-prompt"), tags=tags)["name"]
    create_version(api, prompt, "dummy-source", tags=tags)
    source = f"models:/{prompt}/1"
    rule = "Prompt versions cannot be used as model version sources."
    assert error(attempt(api, name, source)) == invalid(f"Invalid model version source: '{source}'. {rule}")


@pytest.mark.parametrize("source", ["dummy-source", "prompt-template"])
@pytest.mark.parametrize("spelt", ["true", "TRUE"])
def test_a_prompt_has_a_placeholder_for_a_source(api, name, source, spelt):
    created = create_version(api, name, source, tags=[{"key": IS_PROMPT, "value": spelt}])
    assert created["source"] == source


@pytest.mark.parametrize("source", [SOURCE, "/etc", "models:/a/1", "DUMMY-SOURCE", "runs:/r/p"])
def test_a_prompt_has_no_other_source(api, name, source):
    answer = attempt(api, name, source, tags=[{"key": IS_PROMPT, "value": "true"}], run_id="r")
    assert error(answer) == invalid(f"Invalid prompt source: '{source}'. Prompt sources must use an MLflow placeholder.")


def test_only_the_last_value_of_the_tag_makes_a_prompt(api, name):
    tags = [{"key": IS_PROMPT, "value": "true"}, {"key": IS_PROMPT, "value": "no"}]
    assert attempt(api, name, "dummy-source", tags=tags).status == 400
    assert create_version(api, name, SOURCE, tags=tags)["source"] == SOURCE


# --- the operator's rule and exceptions


@pytest.fixture(scope="module")
def strict(target, database, start_server, fresh_database, tmp_path_factory):
    """A server that takes sources in one bucket."""
    env = {
        "MLFLOW_CREATE_MODEL_VERSION_SOURCE_VALIDATION_REGEX": "^(s3://good/|mlflow-artifacts:/|models:/|https?://)",
    }
    server = start_server(target, fresh_database(database), tmp_path_factory.mktemp("artifacts"), env=env)
    api = Api(server.url)
    create_model(api, "strict")
    return api


@pytest.mark.parametrize("source", ["s3://good/p", "models:/strict/1"])
def test_what_the_operators_pattern_finds_is_taken(strict, source):
    create_version(strict, "strict", "s3://good/first")
    assert create_version(strict, "strict", source)["source"] == source


@pytest.mark.parametrize("source", ["s3://bad/p", "gs://good/p", " s3://good/p", "/s3://good/"])
def test_what_the_operators_pattern_does_not_find_is_refused(strict, source):
    assert error(attempt(strict, "strict", source)) == invalid(f"Invalid model version source: '{source}'.")
    tags = [{"key": IS_PROMPT, "value": "true"}]
    assert error(attempt(strict, "nope", source, tags=tags)) == invalid(f"Invalid model version source: '{source}'.")


def test_the_operators_pattern_opens_nothing_that_is_closed(strict):
    assert attempt(strict, "strict", "s3://good/../p").status == 400
    assert attempt(strict, "strict", "http://any.example/p").status == 400
    assert attempt(strict, "strict", "mlflow-artifacts:/elsewhere").status == 400

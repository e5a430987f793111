"""Experiments: create, read, rename, tag, delete, restore, and the errors each of these answers."""

import mlflow
import pytest
from mlflow.exceptions import MlflowException


def get(api, experiment_id):
    return api.get("experiments/get", {"experiment_id": experiment_id}).body["experiment"]


def test_a_fresh_experiment_has_the_name_it_was_given(client, unique_name):
    name = unique_name()
    experiment = client.get_experiment(client.create_experiment(name))
    assert experiment.name == name
    assert experiment.lifecycle_stage == "active"
    assert experiment.creation_time == experiment.last_update_time > 1_600_000_000_000


def test_get_answers_every_field_in_the_order_of_the_message(api, unique_name):
    name = unique_name()
    tags = [{"key": "team", "value": "ops"}]
    experiment_id = api.post("experiments/create", {"name": name, "tags": tags}).body["experiment_id"]
    experiment = get(api, experiment_id)
    created = experiment["creation_time"]
    assert list(experiment.items()) == [
        ("experiment_id", experiment_id),
        ("name", name),
        ("artifact_location", f"mlflow-artifacts:/{experiment_id}"),
        ("lifecycle_stage", "active"),
        ("last_update_time", created),
        ("creation_time", created),
        ("tags", tags),
        ("workspace", "default"),
    ]


def test_create_answers_nothing_but_the_id(api, unique_name):
    answer = api.post("experiments/create", {"name": unique_name()})
    assert answer.status == 200
    assert list(answer.body) == ["experiment_id"]
    assert answer.body["experiment_id"].isdigit()


def test_an_experiment_without_tags_has_no_tags_field(api, experiment_id):
    assert "tags" not in get(api, experiment_id)


def test_get_by_name_finds_active_and_deleted_experiments(client, api, unique_name):
    name = unique_name()
    experiment_id = client.create_experiment(name)
    assert client.get_experiment_by_name(name).experiment_id == experiment_id
    client.delete_experiment(experiment_id)
    found = client.get_experiment_by_name(name)
    assert (found.experiment_id, found.lifecycle_stage) == (experiment_id, "deleted")
    assert client.get_experiment_by_name(unique_name()) is None
    missing = api.get("experiments/get-by-name", {"experiment_name": name + "nope"})
    assert (missing.status, missing.code) == (404, "RESOURCE_DOES_NOT_EXIST")
    assert missing.message == f"Could not find experiment with name '{name}nope'"


def test_the_default_experiment_is_there(client):
    default = client.get_experiment("0")
    assert (default.name, default.lifecycle_stage) == ("Default", "active")


@pytest.mark.parametrize("name", ["  ", "with/slash/..", "line\nbreak", "ünï-ço∂é 🚂", "quote'\"`", "%_like", "y" * 248])
def test_names_may_be_almost_anything(client, unique_name, name):
    full = name + unique_name()[-8:]
    experiment = client.get_experiment(client.create_experiment(full))
    assert experiment.name == full
    assert client.get_experiment_by_name(full).experiment_id == experiment.experiment_id


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "Missing value for required parameter 'name'."),
        ({"name": ""}, "Missing value for required parameter 'name'."),
        ({"name": None}, "Missing value for required parameter 'name'."),
        ({"name": 5}, "Invalid value 5 for parameter 'name' supplied:  Hint: Value was of type 'int'."),
        ({"name": ["a"]}, "for parameter 'name' supplied:  Hint: Value was of type 'list'."),
        ({"name": "x" * 501}, "'name' exceeds the maximum length of 500 characters"),
    ],
)
def test_create_refuses_a_bad_name(api, body, message):
    answer = api.post("experiments/create", body)
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert message in answer.message


@pytest.mark.parametrize("stage", ["active", "deleted"])
def test_a_name_is_taken_once_even_when_deleted(client, api, unique_name, stage):
    name = unique_name()
    experiment_id = client.create_experiment(name)
    if stage == "deleted":
        client.delete_experiment(experiment_id)
    answer = api.post("experiments/create", {"name": name})
    assert (answer.status, answer.code) == (400, "RESOURCE_ALREADY_EXISTS")
    assert answer.message.startswith(f"Experiment(name={name}) already exists")
    with pytest.raises(MlflowException, match="already exists"):
        client.create_experiment(name)


def test_duplicate_tag_keys_create_nothing(api, client, unique_name):
    name = unique_name()
    tags = [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]
    assert api.post("experiments/create", {"name": name, "tags": tags}).status == 400
    assert client.get_experiment_by_name(name) is None


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("s3://bucket/path", "s3://bucket/path"),
        ("s3://bucket/path?versionId=1", "s3://bucket/path?versionId=1"),
        ("file:///tmp/somewhere", "file:///tmp/somewhere"),
        ("/tmp/somewhere", "/tmp/somewhere"),
        ("dbfs:/somewhere", "dbfs:/somewhere"),
        ("mlflow-artifacts:/mine", "mlflow-artifacts:/mine"),
    ],
)
def test_an_artifact_location_is_kept_as_given(client, unique_name, given, stored):
    experiment_id = client.create_experiment(unique_name(), artifact_location=given)
    assert client.get_experiment(experiment_id).artifact_location == stored


def test_a_relative_artifact_location_starts_at_the_servers_folder(client, server, unique_name):
    experiment_id = client.create_experiment(unique_name(), artifact_location="some/where")
    assert client.get_experiment(experiment_id).artifact_location == f"{server.cwd}/some/where"


def test_an_empty_artifact_location_means_the_default_one(api, unique_name):
    answer = api.post("experiments/create", {"name": unique_name(), "artifact_location": ""})
    experiment_id = answer.body["experiment_id"]
    assert get(api, experiment_id)["artifact_location"] == f"mlflow-artifacts:/{experiment_id}"


@pytest.mark.parametrize(
    ("location", "message"),
    [
        ("s3://b/p#fragment", "'artifact_location' URL can't include fragments or params."),
        ("x;y", "'artifact_location' URL can't include fragments or params."),
        ("s3://b/p?q=..", "Invalid query string"),
        ("http://elsewhere/y", "'artifact_location' cannot use the 'http' scheme"),
        ("x" * 2049, "Invalid artifact path length."),
    ],
)
def test_a_dangerous_artifact_location_is_refused(api, client, unique_name, location, message):
    name = unique_name()
    answer = api.post("experiments/create", {"name": name, "artifact_location": location})
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert message in answer.message
    assert client.get_experiment_by_name(name) is None


def test_rename_changes_the_name_and_the_update_time_only(client, unique_name, experiment_id):
    before = client.get_experiment(experiment_id)
    name = unique_name("-renamed")
    client.rename_experiment(experiment_id, name)
    after = client.get_experiment(experiment_id)
    assert after.name == name
    assert after.last_update_time >= before.last_update_time
    assert (after.creation_time, after.artifact_location) == (before.creation_time, before.artifact_location)


def test_rename_onto_a_taken_name_is_refused(client, api, unique_name, experiment_id):
    name = unique_name("-taken")
    client.create_experiment(name)
    answer = api.post("experiments/update", {"experiment_id": experiment_id, "new_name": name})
    assert (answer.status, answer.code) == (400, "BAD_REQUEST")
    assert client.get_experiment(experiment_id).name != name


@pytest.mark.parametrize(
    ("new_name", "message"),
    [
        (None, "Missing value for required parameter 'new_name'."),
        ("", "Missing value for required parameter 'new_name'."),
        ("z" * 501, "'name' exceeds the maximum length of 500 characters"),
    ],
)
def test_rename_refuses_a_bad_name(api, experiment_id, new_name, message):
    answer = api.post("experiments/update", {"experiment_id": experiment_id, "new_name": new_name})
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert message in answer.message


@pytest.mark.ours
def test_renaming_a_deleted_experiment_is_the_users_error(api, client, experiment_id):
    client.delete_experiment(experiment_id)
    answer = api.post("experiments/update", {"experiment_id": experiment_id, "new_name": "whatever"})
    assert answer.status == 400
    assert "Cannot rename a non-active experiment." in answer.message


def test_tags_are_set_overwritten_and_deleted(client, experiment_id):
    client.set_experiment_tag(experiment_id, "a", "1")
    client.set_experiment_tag(experiment_id, "a", "2")
    client.set_experiment_tag(experiment_id, "b/c.d-e f:g_é", "")
    assert client.get_experiment(experiment_id).tags == {"a": "2", "b/c.d-e f:g_é": ""}
    client.delete_experiment_tag(experiment_id, "a")
    assert client.get_experiment(experiment_id).tags == {"b/c.d-e f:g_é": ""}


def test_deleting_a_tag_that_is_not_there_is_a_404(api, experiment_id):
    answer = api.post("experiments/delete-experiment-tag", {"experiment_id": experiment_id, "key": "zz"})
    assert (answer.status, answer.code) == (404, "RESOURCE_DOES_NOT_EXIST")
    assert answer.message == f"No tag with name: zz in experiment with id {experiment_id}"


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("", "Missing value for required parameter 'key'."),
        ("a" * 251, "'key' exceeds the maximum length of 250 characters"),
        ("a/../b", "must not resolve to other names when treated as such. This name would resolve to 'b'"),
        ("a;b", "Invalid value \"a;b\" for parameter 'key' supplied: Names may only contain alphanumerics"),
    ],
)
def test_a_bad_tag_key_is_refused(api, experiment_id, key, message):
    body = {"experiment_id": experiment_id, "key": key, "value": "v"}
    answer = api.post("experiments/set-experiment-tag", body)
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert message in answer.message


def test_a_tag_without_a_value_is_empty(api, client, experiment_id):
    assert api.post("experiments/set-experiment-tag", {"experiment_id": experiment_id, "key": "b"}).status == 200
    assert client.get_experiment(experiment_id).tags == {"b": ""}


def test_a_tag_value_ends_at_20000_characters(api, client, experiment_id):
    client.set_experiment_tag(experiment_id, "long", "v" * 20000)
    body = {"experiment_id": experiment_id, "key": "long", "value": "v" * 20001}
    answer = api.post("experiments/set-experiment-tag", body)
    assert (answer.status, answer.message) == (400, "'value' exceeds the maximum length of 20000 characters")
    assert client.get_experiment(experiment_id).tags == {"long": "v" * 20000}


def test_deleting_an_experiment_deletes_its_runs_and_restoring_brings_them_back(client, experiment_id):
    run_id = client.create_run(experiment_id).info.run_id
    client.delete_experiment(experiment_id)
    assert client.get_experiment(experiment_id).lifecycle_stage == "deleted"
    assert client.get_run(run_id).info.lifecycle_stage == "deleted"
    client.restore_experiment(experiment_id)
    assert client.get_experiment(experiment_id).lifecycle_stage == "active"
    assert client.get_run(run_id).info.lifecycle_stage == "active"


def test_deleting_and_restoring_bump_the_update_time(client, experiment_id):
    created = client.get_experiment(experiment_id).last_update_time
    client.delete_experiment(experiment_id)
    deleted = client.get_experiment(experiment_id).last_update_time
    client.restore_experiment(experiment_id)
    restored = client.get_experiment(experiment_id).last_update_time
    assert created <= deleted <= restored
    assert created < restored


def test_deleting_twice_and_restoring_an_active_one_are_404(client, api, experiment_id):
    body = {"experiment_id": experiment_id}
    restored = api.post("experiments/restore", body)
    assert (restored.status, restored.message) == (404, f"No Experiment with id={experiment_id} exists")
    assert api.post("experiments/delete", body).status == 200
    again = api.post("experiments/delete", body)
    assert (again.status, again.message) == (404, f"No Experiment with id={experiment_id} exists")


@pytest.mark.parametrize(
    ("path", "extra"),
    [
        ("experiments/set-experiment-tag", {"key": "a", "value": "b"}),
        ("experiments/delete-experiment-tag", {"key": "a"}),
        ("runs/create", {}),
    ],
)
def test_a_deleted_experiment_takes_no_writes(client, api, experiment_id, path, extra):
    client.set_experiment_tag(experiment_id, "a", "kept")
    client.delete_experiment(experiment_id)
    answer = api.post(path, {"experiment_id": experiment_id, **extra})
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert answer.message == (
        f"The experiment {experiment_id} must be in the 'active' state. Current state is deleted."
    )
    assert client.get_experiment(experiment_id).tags == {"a": "kept"}


@pytest.mark.parametrize(
    ("method", "path", "extra"),
    [
        ("GET", "experiments/get", {}),
        ("POST", "experiments/update", {"new_name": "q"}),
        ("POST", "experiments/delete", {}),
        ("POST", "experiments/restore", {}),
        ("POST", "experiments/set-experiment-tag", {"key": "b", "value": "v"}),
        ("POST", "experiments/delete-experiment-tag", {"key": "b"}),
        ("POST", "runs/create", {}),
    ],
)
class TestAnExperimentId:
    def ask(self, api, method, path, body):
        return api.get(path, body) if method == "GET" else api.post(path, body)

    def test_that_is_unknown_is_a_404(self, api, method, path, extra):
        answer = self.ask(api, method, path, {"experiment_id": "987654321", **extra})
        assert (answer.status, answer.code) == (404, "RESOURCE_DOES_NOT_EXIST")
        assert answer.message == "No Experiment with id=987654321 exists"

    def test_that_is_missing_is_a_400(self, api, method, path, extra):
        answer = self.ask(api, method, path, extra)
        assert answer.status == 400

    def test_that_is_not_a_number_is_a_400(self, api, method, path, extra):
        answer = self.ask(api, method, path, {"experiment_id": "abc", **extra})
        assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
        assert answer.message == "Invalid experiment ID 'abc'. Experiment ID must be a valid integer."


@pytest.mark.ours
@pytest.mark.parametrize("experiment_id", ["99999999999999999999", "-1", "2147483648", "1.5", "0x1"])
def test_an_experiment_id_out_of_range_is_never_a_500(api, experiment_id):
    answer = api.get("experiments/get", {"experiment_id": experiment_id})
    assert answer.status in (400, 404)
    assert experiment_id in answer.message


def test_set_experiment_creates_once_and_refuses_a_deleted_one(tracking, client, unique_name):
    name = unique_name()
    first = mlflow.set_experiment(name)
    assert mlflow.set_experiment(name).experiment_id == first.experiment_id
    client.delete_experiment(first.experiment_id)
    with pytest.raises(MlflowException, match="Cannot set a deleted experiment"):
        mlflow.set_experiment(name)


def test_set_experiment_tags_reach_the_server(tracking, client, unique_name):
    experiment = mlflow.set_experiment(unique_name())
    mlflow.set_experiment_tags({"a": "1", "b": "2"})
    assert client.get_experiment(experiment.experiment_id).tags == {"a": "1", "b": "2"}

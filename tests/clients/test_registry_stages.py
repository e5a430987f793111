"""Stages of versions, the old way to say what a version is for, and the latest version of each."""

import pytest
import registered
from registered import create_model, create_version, error, missing, model, move, version, wrong_type


@pytest.fixture
def name(api, unique_name):
    """A model with four versions, all in no stage."""
    name = unique_name()
    create_model(api, name)
    for _ in range(4):
        create_version(api, name)
    return name


def bad_stage(stage):
    return registered.invalid(
        f"Invalid Model Version stage: {stage}. Value must be one of None, Staging, Production, Archived."
    )


def stages(api, name):
    """The stages of all versions, in the order of their numbers."""
    return [version(api, name, number)["current_stage"] for number in "1234"]


def latest(api, name, *given):
    """The number of the latest version by stage, of the given stages; both methods have to agree."""
    params = {"name": name, "stages": list(given)} if given else {"name": name}
    answer = api.get("registered-models/get-latest-versions", params)
    assert api.post("registered-models/get-latest-versions", params).body == answer.body
    return {each["current_stage"]: each["version"] for each in answer.body.get("model_versions", [])}


# --- transitions


@pytest.mark.parametrize(
    ("given", "stage"),
    [("Staging", "Staging"), ("pRODUCTION", "Production"), ("ARCHIVED", "Archived"), ("none", "None")],
)
def test_a_stage_may_be_spelt_in_any_case(api, name, given, stage):
    assert move(api, name, "1", given)["current_stage"] == stage
    assert version(api, name, "1")["current_stage"] == stage


def test_a_transition_answers_the_whole_version_and_moves_its_time_and_its_models(api, name, run_id):
    before = create_version(api, name, run_id=run_id, description="d", tags=[{"key": "k", "value": "v"}])
    registered.set_alias(api, name, "best", "5")
    registered.next_millisecond()
    after = move(api, name, "5", "Staging")
    at = after["last_updated_timestamp"]
    assert at > before["last_updated_timestamp"]
    assert after == {**before, "current_stage": "Staging", "last_updated_timestamp": at, "aliases": ["best"]}
    assert version(api, name, "5") == after
    assert model(api, name)["last_updated_timestamp"] == at
    assert version(api, name, "4")["last_updated_timestamp"] < at


def test_a_transition_to_the_same_stage_is_one_too(api, name):
    before = move(api, name, "1", "Staging")
    registered.next_millisecond()
    assert move(api, name, "1", "Staging")["last_updated_timestamp"] > before["last_updated_timestamp"]


@pytest.mark.parametrize("stage", ["Staging", "Production"])
def test_versions_share_a_stage_unless_the_others_are_archived(api, name, stage):
    for number in ("1", "2"):
        move(api, name, number, stage)
    move(api, name, "3", stage, archive_existing_versions=False)
    assert stages(api, name) == [stage, stage, stage, "None"]
    registered.next_millisecond()
    moved = move(api, name, "4", stage.upper(), archive_existing_versions=True)
    assert stages(api, name) == ["Archived", "Archived", "Archived", stage]
    assert {version(api, name, number)["last_updated_timestamp"] for number in "1234"} == {moved["last_updated_timestamp"]}


def test_archiving_leaves_other_stages_and_deleted_versions_alone(api, client, name):
    move(api, name, "1", "Staging")
    move(api, name, "2", "Production")
    registered.delete_version(api, name, "2")
    move(api, name, "3", "Production", archive_existing_versions=True)
    assert [version(api, name, number)["current_stage"] for number in "134"] == ["Staging", "Production", "None"]
    assert error(api.get("model-versions/get", {"name": name, "version": "2"}))[0] == 404


def test_the_version_that_is_moved_is_not_archived_itself(api, name):
    move(api, name, "1", "Production")
    move(api, name, "2", "Production")
    move(api, name, "2", "Production", archive_existing_versions=True)
    assert stages(api, name) == ["Archived", "Production", "None", "None"]


def test_a_transition_of_a_missing_version_archives_nothing(api, name):
    move(api, name, "1", "Production")
    body = {"name": name, "version": "99", "stage": "Production", "archive_existing_versions": True}
    assert error(api.post("model-versions/transition-stage", body)) == registered.no_version(name, 99)
    assert stages(api, name) == ["Production", "None", "None", "None"]


def archiving_refused(stage):
    return (
        "Model version transition cannot archive existing model versions because "
        f"'{stage}' is not an Active stage. Valid stages are ['Staging', 'Production']"
    )


@pytest.mark.parametrize("stage", ["Archived", "none"])
def test_only_staging_and_production_can_archive_what_is_there(api, name, stage):
    body = {"name": name, "version": "1", "stage": stage, "archive_existing_versions": True}
    answer = api.post("model-versions/transition-stage", body)
    assert (answer.status in (400, 500), answer.message) == (True, archiving_refused(stage))
    assert stages(api, name) == ["None"] * 4


@pytest.mark.ours
@pytest.mark.parametrize("stage", ["Archived", "none"])
def test_archiving_with_another_stage_is_the_users_error(api, name, stage):
    body = {"name": name, "version": "1", "stage": stage, "archive_existing_versions": True}
    assert error(api.post("model-versions/transition-stage", body)) == registered.invalid(archiving_refused(stage))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"stage": "bad"}, bad_stage("bad")),
        ({"stage": " Production"}, bad_stage(" Production")),
        ({"stage": "Deleted_Internal"}, bad_stage("Deleted_Internal")),
        ({"stage": ""}, missing("stage")),
        ({}, missing("stage")),
        ({"stage": 5}, wrong_type("stage", "5", "int")),
        ({"stage": "bad", "version": "x"}, bad_stage("bad")),
        ({"stage": "bad", "version": "99"}, bad_stage("bad")),
        ({"stage": "None", "archive_existing_versions": "true"}, wrong_type("archive_existing_versions", '"true"', "str")),
        ({"stage": "None", "archive_existing_versions": 1}, wrong_type("archive_existing_versions", "1", "int")),
    ],
    ids=lambda value: str(value)[:50],
)
def test_what_is_no_transition_is_named(api, name, fields, expected):
    assert error(api.post("model-versions/transition-stage", {"name": name, "version": "1", **fields})) == expected
    assert stages(api, name) == ["None"] * 4


def test_the_stock_client_moves_versions(client, name):
    with pytest.warns(FutureWarning, match="stages"):
        moved = client.transition_model_version_stage(name, "1", "production", archive_existing_versions=True)
    assert (moved.version, moved.current_stage) == ("1", "Production")


# --- the latest version of each stage


def test_the_latest_version_is_told_by_stage(api, name):
    move(api, name, "1", "Production")
    move(api, name, "2", "Production")
    move(api, name, "3", "Archived")
    everything = {"None": "4", "Production": "2", "Archived": "3"}
    assert latest(api, name) == everything
    assert latest(api, name, "Production") == {"Production": "2"}
    assert latest(api, name, "pRODUCTION", "none") == {"Production": "2", "None": "4"}
    assert latest(api, name, "Staging") == {}
    assert {each["current_stage"]: each["version"] for each in model(api, name)["latest_versions"]} == everything


def test_deleted_versions_are_not_the_latest(api, name):
    move(api, name, "4", "Production")
    registered.delete_version(api, name, "4")
    assert latest(api, name) == {"None": "3"}
    for number in ("1", "2", "3"):
        registered.delete_version(api, name, number)
    assert latest(api, name) == {}
    assert "latest_versions" not in model(api, name)


def test_the_latest_versions_are_told_with_all_their_fields(api, name):
    registered.post(api, "model-versions/set-tag", name=name, version="4", key="k", value="v")
    registered.set_alias(api, name, "best", "4")
    answer = api.get("registered-models/get-latest-versions", {"name": name})
    assert answer.body == {"model_versions": [version(api, name, "4")]}


def test_a_model_without_versions_has_no_latest_version(api, unique_name):
    name = create_model(api, unique_name())["name"]
    assert api.get("registered-models/get-latest-versions", {"name": name}).text == "{}"
    assert api.post("registered-models/get-latest-versions", {"name": name, "stages": []}).text == "{}"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, missing("name")),
        ({"name": ""}, missing("name")),
        ({"name": "nope"}, registered.no_model("nope")),
        ({"name": "a/b"}, registered.reserved_characters("a/b")),
        ({"name": "{name}", "stages": ["bad"]}, bad_stage("bad")),
        ({"name": "{name}", "stages": ["Staging", ""]}, bad_stage("")),
    ],
    ids=lambda value: str(value)[:50],
)
def test_what_has_no_latest_version_is_named_by_both_methods(api, name, fields, expected):
    fields = {**fields, "name": name} if fields.get("name") == "{name}" else fields
    assert error(api.get("registered-models/get-latest-versions", fields)) == expected
    assert error(api.post("registered-models/get-latest-versions", fields)) == expected


@pytest.mark.parametrize(("stages", "told", "kind"), [("Staging", '"Staging"', "str"), ([5], "[5]", "list")])
def test_stages_are_a_list_of_texts(api, name, stages, told, kind):
    answer = api.post("registered-models/get-latest-versions", {"name": name, "stages": stages})
    assert error(answer) == wrong_type("stages", told, kind)


def test_the_stock_client_asks_for_the_latest_versions(client, api, name):
    move(api, name, "2", "Staging")
    with pytest.warns(FutureWarning, match="stages"):
        found = client.get_latest_versions(name, ["staging", "None"])
    assert sorted((each.current_stage, each.version) for each in found) == [("None", "4"), ("Staging", "2")]

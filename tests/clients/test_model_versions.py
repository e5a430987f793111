"""Model versions: create, read, describe, delete, count and find, and the errors each of these answers.

What a version may point at is the matter of test_registry_sources.py.
"""

import json

import pytest
import registered
from mlflow.exceptions import MlflowException
from registered import SOURCE, create_model, create_version, error, missing, model, no_version, version, wrong_type

# How a version may be addressed that is not there, with the answer of every call that takes one.
NOWHERE = [
    ({"name": "{name}", "version": "99"}, no_version("{name}", 99)),
    ({"name": "{name}", "version": "0"}, no_version("{name}", 0)),
    ({"name": "{name}", "version": "-1"}, no_version("{name}", -1)),
    ({"name": "nope", "version": "1"}, no_version("nope", 1)),
    ({"name": "a/b", "version": "1"}, registered.reserved_characters("a/b")),
    ({"name": "{name}", "version": "x"}, registered.no_integer("x")),
    ({"name": "{name}", "version": "1.0"}, registered.no_integer("1.0")),
    ({"name": "{name}", "version": ""}, missing("version")),
    ({"name": "{name}", "version": None}, missing("version")),
    ({"name": "{name}"}, missing("version")),
    ({"version": "1"}, missing("name")),
]
# Every call that takes the name and the number of a version, with what else it needs.
CALLS = [
    ("GET", "model-versions/get", {}),
    ("PATCH", "model-versions/update", {"description": "x"}),
    ("DELETE", "model-versions/delete", {}),
    ("POST", "model-versions/transition-stage", {"stage": "Staging"}),
    ("POST", "model-versions/set-tag", {"key": "k", "value": "v"}),
    ("DELETE", "model-versions/delete-tag", {"key": "k"}),
    ("POST", "registered-models/alias", {"alias": "best"}),
]


@pytest.fixture
def name(api, unique_name):
    """A registered model with nothing else to it."""
    return create_model(api, unique_name())["name"]


def call(api, method, path, fields):
    return api.get(path, fields) if method == "GET" else api.request(method, path, json=fields)


def named(name, value):
    """The fields, or the expected error, with the name of the model filled in."""
    return json.loads(json.dumps(value).replace("{name}", name))


# --- create


def test_create_answers_every_given_field_in_the_order_of_the_message(api, name, run_id):
    tags = [{"key": "k", "value": "v"}]
    given = {"run_id": run_id, "run_link": "http://x/#/y", "description": "d", "tags": tags}
    created = create_version(api, name, **given)
    at = created["creation_timestamp"]
    assert at > 1_600_000_000_000
    assert list(created.items()) == [
        ("name", name),
        ("version", "1"),
        ("creation_timestamp", at),
        ("last_updated_timestamp", at),
        ("current_stage", "None"),
        ("description", "d"),
        ("source", SOURCE),
        ("run_id", run_id),
        ("status", "READY"),
        ("tags", tags),
        ("run_link", "http://x/#/y"),
    ]
    assert version(api, name, "1") == created


@pytest.mark.parametrize("given", [None, ""], ids=["null", "empty"])
@pytest.mark.parametrize("fields", [[], ["run_id", "run_link", "description", "model_id"]], ids=["absent", "present"])
def test_texts_that_were_not_given_are_empty(api, name, given, fields):
    created = create_version(api, name, **dict.fromkeys(fields, given))
    assert list(created.items()) == [
        ("name", name),
        ("version", "1"),
        ("creation_timestamp", created["creation_timestamp"]),
        ("last_updated_timestamp", created["creation_timestamp"]),
        ("current_stage", "None"),
        ("description", ""),
        ("source", SOURCE),
        ("run_id", ""),
        ("status", "READY"),
        ("run_link", ""),
    ]
    assert version(api, name, "1") == created


def test_the_run_of_a_remote_source_need_not_be_there(api, name):
    assert create_version(api, name, run_id="nope")["run_id"] == "nope"


def test_a_new_version_moves_the_time_of_its_model(api, name):
    before = model(api, name)
    registered.next_millisecond()
    created = create_version(api, name)
    assert model(api, name)["last_updated_timestamp"] == created["creation_timestamp"] > before["last_updated_timestamp"]
    assert model(api, name)["creation_timestamp"] == before["creation_timestamp"]


def test_the_last_of_two_equal_tags_wins_and_a_tag_without_a_value_is_empty(api, name):
    tags = [{"key": "k", "value": "old"}, {"key": "k", "value": "new"}, {"key": "bare"}]
    created = create_version(api, name, tags=tags)
    assert {tag["key"]: tag["value"] for tag in created["tags"]} == {"k": "new", "bare": ""}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"name": None}, missing("name")),
        ({"name": ""}, missing("name")),
        ({"name": 5}, wrong_type("name", "5", "int")),
        ({"name": "  "}, registered.invalid("Missing value for required parameter 'name'.")),
        ({"name": "a/b"}, registered.reserved_characters("a/b")),
        ({"name": "nope"}, registered.no_model("nope")),
        ({"source": None}, missing("source")),
        ({"source": ""}, missing("source")),
        ({"source": 5}, wrong_type("source", "5", "int")),
        ({"run_id": 5}, wrong_type("run_id", "5", "int")),
        ({"run_link": 5}, wrong_type("run_link", "5", "int")),
        ({"model_id": 5}, wrong_type("model_id", "5", "int")),
        ({"description": 5}, wrong_type("description", "5", "int")),
        ({"tags": "x"}, wrong_type("tags", '"x"', "str")),
        ({"tags": [{"key": "a%", "value": "v"}]}, registered.bad_key("a%")),
        ({"tags": [{"value": "v"}]}, registered.other_path("key", "", ".")),
        ({"tags": [{"key": "k" * 251, "value": "v"}]}, registered.too_long("key", 250)),
        ({"tags": [{"key": "k", "value": "v" * 100_001}]}, registered.too_long("value", 100_000)),
        (
            {"tags": [{"key": "mlflow.prompt.text", "value": "v" * 100_001}]},
            registered.invalid("Prompt text exceeds max length of 100000 characters."),
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_cannot_be_created_uses_no_number(api, name, fields, expected):
    assert error(api.post("model-versions/create", {"name": name, "source": SOURCE, **fields})) == expected
    assert "latest_versions" not in model(api, name)
    assert create_version(api, name)["version"] == "1"


def test_the_source_is_looked_at_before_the_model(api):
    answer = api.post("model-versions/create", {"name": "nope", "source": "/somewhere"})
    assert error(answer)[:2] == (400, "INVALID_PARAMETER_VALUE")
    assert answer.message.startswith("Invalid model version source: '/somewhere'.")


# --- numbers


def test_numbers_count_from_one_and_never_return_while_the_model_is_there(api, name):
    assert [create_version(api, name)["version"] for _ in range(3)] == ["1", "2", "3"]
    registered.delete_version(api, name, "3")
    assert create_version(api, name)["version"] == "4"
    for number in ("1", "2", "4"):
        registered.delete_version(api, name, number)
    assert "latest_versions" not in model(api, name)
    assert create_version(api, name)["version"] == "5"


def test_numbers_start_again_when_the_model_is_made_anew(api, client, name):
    for _ in range(2):
        create_version(api, name, tags=[{"key": "k", "value": "v"}])
    registered.set_alias(api, name, "best", "1")
    client.delete_registered_model(name)
    create_model(api, name)
    again = create_version(api, name)
    assert (again["version"], "tags" in again, "aliases" in again) == ("1", False, False)


def test_every_model_has_numbers_of_its_own(api, name, unique_name):
    other = create_model(api, unique_name())["name"]
    assert [create_version(api, each)["version"] for each in (name, other, name)] == ["1", "1", "2"]


@pytest.mark.parametrize("spelt", ["1", "01", " 1 ", "+1"])
def test_a_number_is_read_as_python_reads_it(api, name, spelt):
    assert create_version(api, name) == version(api, name, spelt)


@pytest.mark.ours
@pytest.mark.parametrize("number", ["9223372036854775808", "-9223372036854775809", "9" * 40, "2147483648"])
@pytest.mark.parametrize(("method", "path", "extra"), CALLS, ids=str)
def test_a_number_out_of_range_is_never_a_500(api, name, method, path, extra, number):
    answer = call(api, method, path, {"name": name, "version": number, **extra})
    assert answer.status in (400, 404)
    assert number in answer.message


@pytest.mark.parametrize(("fields", "expected"), NOWHERE, ids=lambda value: str(value)[:60])
@pytest.mark.parametrize(("method", "path", "extra"), CALLS, ids=str)
def test_a_version_that_is_not_there_is_named_by_every_call(api, name, method, path, extra, fields, expected):
    create_version(api, name)
    before = model(api, name)
    answer = call(api, method, path, named(name, {**fields, **extra}))
    assert list(error(answer)) == named(name, expected)
    assert model(api, name) == before


@pytest.mark.parametrize(("method", "path", "extra"), [each for each in CALLS if each[0] != "GET"], ids=str)
def test_a_version_is_a_text_for_every_call(api, name, method, path, extra):
    create_version(api, name)
    answer = call(api, method, path, {"name": name, "version": 1, **extra})
    assert error(answer) == wrong_type("version", "1", "int")


# --- update


def test_a_description_is_replaced_and_everything_else_kept(api, name, run_id):
    before = create_version(api, name, run_id=run_id, description="old", tags=[{"key": "k", "value": "v"}])
    registered.set_alias(api, name, "best", "1")
    its_model = model(api, name)["last_updated_timestamp"]
    registered.next_millisecond()
    answer = api.patch("model-versions/update", {"name": name, "version": "1", "description": "new\nünï"})
    after = answer.body["model_version"]
    at = after["last_updated_timestamp"]
    assert at > before["last_updated_timestamp"]
    assert after == {**before, "description": "new\nünï", "last_updated_timestamp": at, "aliases": ["best"]}
    assert version(api, name, "1") == after
    assert model(api, name)["last_updated_timestamp"] == its_model


@pytest.mark.parametrize(
    ("fields", "expected"), [({}, None), ({"description": None}, None), ({"description": ""}, "")], ids=str
)
def test_an_update_without_a_description_takes_the_old_one_away(api, name, fields, expected):
    create_version(api, name, description="old")
    answer = api.patch("model-versions/update", {"name": name, "version": "1", **fields})
    assert answer.body["model_version"].get("description") == expected
    assert version(api, name, "1") == answer.body["model_version"]


def test_a_description_is_a_text(api, name):
    create_version(api, name)
    answer = api.patch("model-versions/update", {"name": name, "version": "1", "description": 5})
    assert error(answer) == wrong_type("description", "5", "int")


# --- delete


def test_a_deleted_version_is_gone_for_every_call(api, client, name):
    create_version(api, name, description="secret", run_id="secret", tags=[{"key": "secret", "value": "secret"}])
    create_version(api, name)
    registered.set_alias(api, name, "secret", "1")
    before = model(api, name)["last_updated_timestamp"]
    registered.next_millisecond()
    registered.delete_version(api, name, "1")
    for method, path, extra in [*CALLS, ("GET", "model-versions/get-download-uri", {})]:
        answer = call(api, method, path, {"name": name, "version": "1", **extra})
        assert error(answer) == no_version(name, 1)
    assert model(api, name)["last_updated_timestamp"] > before
    found = api.get("model-versions/search", {"filter": f"name = '{name}'"}).text
    everything = found + api.get("registered-models/get", {"name": name}).text
    for hidden in ("secret", "REDACTED", "Deleted_Internal"):
        assert hidden not in everything
    for filter in ("run_id = 'REDACTED-RUN-ID'", "source_path LIKE 'REDACTED%'", "tags.secret = 'secret'"):
        assert client.search_model_versions(f"{filter} AND name = '{name}'") == []


def test_the_stock_client_deletes_a_version_once(client, name):
    client.create_model_version(name, SOURCE)
    client.delete_model_version(name, "1")
    with pytest.raises(MlflowException, match="not found"):
        client.delete_model_version(name, "1")


# --- where to load it from


def test_the_download_uri_is_the_source(api, client, name):
    create_version(api, name)
    answer = api.get("model-versions/get-download-uri", {"name": name, "version": "1"})
    assert answer.body == {"artifact_uri": SOURCE}
    assert client.get_model_version_download_uri(name, "1") == SOURCE


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"name": "{name}", "version": "x"}, registered.no_integer("x")),
        ({"name": "{name}", "version": "9"}, no_version("{name}", 9)),
        ({"name": "nope", "version": "1"}, no_version("nope", 1)),
        ({"name": "a/b", "version": "1"}, registered.reserved_characters("a/b")),
    ],
    ids=lambda value: str(value)[:40],
)
def test_no_version_has_no_download_uri(api, name, params, expected):
    answer = api.get("model-versions/get-download-uri", named(name, params))
    assert list(error(answer)) == named(name, expected)


@pytest.mark.parametrize(("params", "field"), [({}, "name"), ({"version": "1"}, "name"), ({"name": "m"}, "version")])
def test_a_download_uri_needs_a_name_and_a_version(api, params, field):
    status, code, message = error(api.get("model-versions/get-download-uri", params))
    assert (status, code) == (400, "INVALID_PARAMETER_VALUE")
    assert f"'{field}'" in message


# --- everything else


def test_every_call_is_there_for_the_web_ui(api, name):
    ajax, which = "/ajax-api/2.0/mlflow/model-versions", {"name": name, "version": "1"}
    created = api.post(f"{ajax}/create", {"name": name, "source": SOURCE})
    assert created.body == {"model_version": version(api, name, "1")}
    described = api.patch(f"{ajax}/update", {**which, "description": "d"})
    assert described.body == {"model_version": version(api, name, "1")}
    moved = api.post(f"{ajax}/transition-stage", {**which, "stage": "Staging"})
    assert moved.body == {"model_version": version(api, name, "1")}
    assert api.post(f"{ajax}/set-tag", {**which, "key": "k", "value": "v"}).text == "{}"
    for path, params in (("get", which), ("get-download-uri", which), ("search", {"filter": f"name = '{name}'"})):
        answer = api.get(f"{ajax}/{path}", params)
        assert (answer.status, answer.text) == (200, api.get(f"model-versions/{path}", params).text)
    assert api.delete(f"{ajax}/delete-tag", {**which, "key": "k"}).text == "{}"
    assert api.delete(f"{ajax}/delete", which).text == "{}"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "get"),
        ("GET", "create"),
        ("POST", "update"),
        ("GET", "transition-stage"),
        ("POST", "delete"),
        ("POST", "search"),
    ],
)
def test_the_wrong_method_is_a_405(api, method, path):
    assert api.request(method, f"model-versions/{path}").status == 405


def test_the_stock_client_reads_what_it_wrote(client, name, run_id):
    created = client.create_model_version(name, SOURCE, run_id, {"k": "v"}, "http://link", "d")
    found = client.get_model_version(name, created.version)
    assert dict(found) == dict(created)
    assert (found.version, found.run_id, found.run_link, found.description) == ("1", run_id, "http://link", "d")
    assert (found.tags, found.aliases, found.status, found.current_stage) == ({"k": "v"}, [], "READY", "None")
    assert client.update_model_version(name, "1", "e").description == "e"
    (searched,) = client.search_model_versions(f"name = '{name}'")
    assert dict(searched) == dict(client.get_model_version(name, "1"))

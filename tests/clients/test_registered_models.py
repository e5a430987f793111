"""Registered models: create, read, describe, rename, tag, delete, find, and the errors each of these answers."""

import pytest
import registered
from mlflow.exceptions import MlflowException
from registered import IS_PROMPT, create_model, create_version, error, missing, model, wrong_type

ODD_NAMES = [
    "catalog.schema.model",
    " spaces around ",
    "ünï-ço∂é 🚂",
    "quote'\"`",
    "'; DROP TABLE registered_models; --",
    "%_like",
    "a\\b",
    "line\nbreak",
    "a?b&c=d#e",
    "y" * 240,
]
BAD_NAMES = [
    ({}, missing("name")),
    ({"name": ""}, missing("name")),
    ({"name": None}, missing("name")),
    ({"name": "  "}, registered.invalid("Missing value for required parameter 'name'.")),
    ({"name": 5}, wrong_type("name", "5", "int")),
    ({"name": ["a"]}, wrong_type("name", '["a"]', "list")),
    ({"name": "a/b"}, registered.reserved_characters("a/b")),
    ({"name": "a:b"}, registered.reserved_characters("a:b")),
    ({"name": "."}, registered.other_path("name", ".", ".")),
    ({"name": ".."}, registered.other_path("name", "..", "..")),
]


@pytest.fixture
def name(api, unique_name):
    """A registered model with nothing else to it."""
    return create_model(api, unique_name())["name"]


def tags_of(api, name):
    return {tag["key"]: tag["value"] for tag in model(api, name).get("tags", [])}


# --- create and get


def test_create_answers_every_given_field_in_the_order_of_the_message(api, unique_name):
    name = unique_name()
    tags = [{"key": "team", "value": "ops"}]
    created = create_model(api, name, description="of trains", tags=tags)
    at = created["creation_timestamp"]
    assert at > 1_600_000_000_000
    assert list(created.items()) == [
        ("name", name),
        ("creation_timestamp", at),
        ("last_updated_timestamp", at),
        ("description", "of trains"),
        ("tags", tags),
    ]
    assert model(api, name) == created


@pytest.mark.parametrize("fields", [{}, {"description": ""}, {"tags": []}, {"description": None}], ids=str)
def test_what_a_model_does_not_have_is_absent(api, unique_name, fields):
    created = create_model(api, unique_name(), **fields)
    assert list(created) == ["name", "creation_timestamp", "last_updated_timestamp"]
    assert model(api, created["name"]) == created


def test_get_answers_all_that_belongs_to_a_model_in_the_order_of_the_message(api, unique_name):
    name = unique_name()
    create_model(api, name, description="d", tags=[{"key": "k", "value": "v"}])
    version = create_version(api, name)
    registered.set_alias(api, name, "best", "1")
    found = model(api, name)
    assert list(found) == [
        "name",
        "creation_timestamp",
        "last_updated_timestamp",
        "description",
        "latest_versions",
        "tags",
        "aliases",
    ]
    assert found["latest_versions"] == [version]
    assert found["aliases"] == [{"alias": "best", "version": "1"}]


@pytest.mark.parametrize("odd", ODD_NAMES)
def test_names_may_be_almost_anything(client, api, unique_name, odd):
    name = odd + unique_name()[-8:]
    client.create_registered_model(name)
    client.create_model_version(name, registered.SOURCE)
    client.set_registered_model_tag(name, "k", odd)
    client.set_registered_model_alias(name, "best", "1")
    found = client.get_registered_model(name)
    assert (found.name, found.tags, found.aliases) == (name, {"k": odd}, {"best": "1"})
    assert client.get_model_version(name, "1").aliases == ["best"]
    client.delete_registered_model(name)
    assert error(api.get("registered-models/get", {"name": name})) == registered.no_model(name)


def test_names_differ_by_case(api, name):
    create_model(api, name.upper())
    assert model(api, name)["name"] == name


def test_the_last_of_two_equal_tags_wins_and_a_tag_without_a_value_is_empty(api, unique_name):
    name = unique_name()
    tags = [{"key": "k", "value": "old"}, {"key": "k", "value": "new"}, {"key": "bare"}]
    create_model(api, name, tags=tags)
    assert tags_of(api, name) == {"k": "new", "bare": ""}


@pytest.mark.parametrize(("body", "expected"), BAD_NAMES)
def test_create_refuses_a_bad_name(api, body, expected):
    assert error(api.post("registered-models/create", body)) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"description": 5}, wrong_type("description", "5", "int")),
        ({"tags": "x"}, wrong_type("tags", '"x"', "str")),
        ({"tags": [{"key": "a%", "value": "v"}]}, registered.bad_key("a%")),
        ({"tags": [{"key": "../a", "value": "v"}]}, registered.other_path("key", "../a", "../a")),
        ({"tags": [{"value": "v"}]}, registered.other_path("key", "", ".")),
        ({"tags": [{"key": "k" * 251, "value": "v"}]}, registered.too_long("key", 250)),
        ({"tags": [{"key": "k", "value": "v" * 100_001}]}, registered.too_long("value", 100_000)),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_cannot_be_created_leaves_nothing_behind(api, unique_name, fields, expected):
    name = unique_name()
    assert error(api.post("registered-models/create", {"name": name, **fields})) == expected
    assert error(api.get("registered-models/get", {"name": name})) == registered.no_model(name)


@pytest.mark.ours
@pytest.mark.parametrize(
    "fields", [{"tags": [{"key": "k", "value": 5}]}, {"tags": ["x"]}, {"tags": [{"key": ["k"]}]}], ids=str
)
def test_a_tag_of_the_wrong_type_is_named(api, unique_name, fields):
    answer = api.post("registered-models/create", {"name": unique_name(), **fields})
    assert error(answer)[:2] == (400, "INVALID_PARAMETER_VALUE")


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ("", "", "Registered Model (name={}) already exists."),
        ("true", "true", "Prompt (name={}) already exists."),
        ("", "true", "Tried to create a prompt with name '{}', but the name is already taken by a registered model. {}"),
        ("true", "", "Tried to create a registered model with name '{}', but the name is already taken by a prompt. {}"),
    ],
)
def test_a_name_is_taken_once_by_a_model_or_a_prompt(api, unique_name, first, second, message):
    name, rule = unique_name(), "MLflow does not allow creating a model and a prompt with the same name."
    tags = {kind: [{"key": IS_PROMPT, "value": kind}] if kind else [] for kind in (first, second)}
    created = create_model(api, name, tags=tags[first])
    answer = api.post("registered-models/create", {"name": name, "description": "x", "tags": tags[second]})
    assert error(answer) == (400, "RESOURCE_ALREADY_EXISTS", message.format(name, rule))
    assert model(api, name) == created


def test_the_stock_client_tells_a_taken_name(client, name):
    with pytest.raises(MlflowException, match="already exists") as caught:
        client.create_registered_model(name)
    assert caught.value.error_code == "RESOURCE_ALREADY_EXISTS"


@pytest.mark.parametrize(
    ("params", "expected"), [case for case in BAD_NAMES if not isinstance(case[0].get("name"), (int, list))]
)
def test_get_refuses_a_bad_name(api, params, expected):
    assert error(api.get("registered-models/get", params)) == expected


@pytest.mark.parametrize("name", ["nope", "n" * 2_000, "' OR 1=1 --"])
def test_a_model_that_is_not_there_is_not_found(api, name):
    assert error(api.get("registered-models/get", {"name": name})) == registered.no_model(name)


def test_every_call_is_there_for_the_web_ui(api, unique_name):
    ajax, name = "/ajax-api/2.0/mlflow/registered-models", unique_name()
    assert api.post(f"{ajax}/create", {"name": name}).body == {"registered_model": model(api, name)}
    assert api.patch(f"{ajax}/update", {"name": name, "description": "d"}).body == {"registered_model": model(api, name)}
    assert api.post(f"{ajax}/set-tag", {"name": name, "key": "k", "value": "v"}).text == "{}"
    create_version(api, name)
    assert api.post(f"{ajax}/alias", {"name": name, "alias": "a", "version": "1"}).text == "{}"
    for path, params in (
        ("get", {"name": name}),
        ("alias", {"name": name, "alias": "a"}),
        ("get-latest-versions", {"name": name}),
        ("search", {"filter": f"name = '{name}'"}),
    ):
        answer = api.get(f"{ajax}/{path}", params)
        assert (answer.status, answer.text) == (200, api.get(f"registered-models/{path}", params).text)
    latest = api.post(f"{ajax}/get-latest-versions", {"name": name})
    assert latest.body == api.get(f"{ajax}/get-latest-versions", {"name": name}).body
    assert api.delete(f"{ajax}/alias", {"name": name, "alias": "a"}).text == "{}"
    assert api.delete(f"{ajax}/delete-tag", {"name": name, "key": "k"}).text == "{}"
    renamed = api.post(f"{ajax}/rename", {"name": name, "new_name": f"{name}-2"}).body["registered_model"]
    assert "tags" not in renamed and "aliases" not in renamed
    assert api.delete(f"{ajax}/delete", {"name": f"{name}-2"}).text == "{}"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "get"),
        ("GET", "create"),
        ("POST", "update"),
        ("PATCH", "rename"),
        ("POST", "delete"),
        ("PUT", "alias"),
        ("POST", "search"),
    ],
)
def test_the_wrong_method_is_a_405(api, method, path):
    assert api.request(method, f"registered-models/{path}").status == 405


# --- update


def test_a_description_is_replaced_and_everything_else_kept(api, unique_name):
    name = unique_name()
    before = create_model(api, name, description="old", tags=[{"key": "k", "value": "v"}])
    registered.next_millisecond()
    answer = api.patch("registered-models/update", {"name": name, "description": "new\nünï"})
    after = answer.body["registered_model"]
    assert after == {**before, "description": "new\nünï", "last_updated_timestamp": after["last_updated_timestamp"]}
    assert after["last_updated_timestamp"] > before["last_updated_timestamp"]
    assert model(api, name) == after


@pytest.mark.parametrize("fields", [{}, {"description": ""}, {"description": None}], ids=str)
def test_an_update_without_a_description_takes_the_old_one_away(api, unique_name, fields):
    name = unique_name()
    create_model(api, name, description="old")
    answer = api.patch("registered-models/update", {"name": name, **fields})
    assert answer.status == 200
    assert "description" not in answer.body["registered_model"]
    assert model(api, name) == answer.body["registered_model"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"name": "nope", "description": "x"}, registered.no_model("nope")),
        ({"description": "x"}, missing("name")),
        ({"name": "a/b"}, registered.reserved_characters("a/b")),
        ({"name": "a", "description": 5}, wrong_type("description", "5", "int")),
    ],
)
def test_what_cannot_be_updated_is_named(api, body, expected):
    assert error(api.patch("registered-models/update", body)) == expected


# --- rename


def test_renaming_takes_versions_tags_and_aliases_along(api, client, unique_name):
    old, new = unique_name(), unique_name("-2")
    create_model(api, old, description="d", tags=[{"key": "m", "value": "1"}])
    for number in ("1", "2", "3"):
        create_version(api, old, tags=[{"key": "v", "value": number}])
    registered.set_alias(api, old, "best", "2")
    registered.move(api, old, "1", "Production")
    registered.delete_version(api, old, "3")
    before = model(api, old)
    registered.next_millisecond()
    renamed = post_rename(api, old, new)
    assert renamed["creation_timestamp"] == before["creation_timestamp"]
    assert renamed["last_updated_timestamp"] > before["last_updated_timestamp"]
    assert renamed == model(api, new)
    assert (renamed["name"], renamed["description"]) == (new, "d")
    assert (renamed["tags"], renamed["aliases"]) == (before["tags"], before["aliases"])
    for number, stage in (("1", "Production"), ("2", "None")):
        version = registered.version(api, new, number)
        assert (version["name"], version["current_stage"]) == (new, stage)
        assert version["tags"] == [{"key": "v", "value": number}]
        assert version["last_updated_timestamp"] == renamed["last_updated_timestamp"]
    assert client.get_model_version_by_alias(new, "best").version == "2"
    assert create_version(api, new)["version"] == "4"
    assert error(api.get("registered-models/get", {"name": old})) == registered.no_model(old)
    assert error(api.get("model-versions/get", {"name": old, "version": "1"})) == registered.no_version(old, 1)
    assert create_model(api, old)["name"] == old
    assert "latest_versions" not in model(api, old)


def post_rename(api, name, new_name):
    return registered.post(api, "registered-models/rename", name=name, new_name=new_name)["registered_model"]


def test_renaming_to_its_own_name_is_an_update(api, name):
    before = model(api, name)
    registered.next_millisecond()
    assert post_rename(api, name, name)["last_updated_timestamp"] > before["last_updated_timestamp"]


@pytest.mark.parametrize("tags", [[], [{"key": IS_PROMPT, "value": "true"}]], ids=["model", "prompt"])
def test_renaming_onto_a_taken_name_changes_nothing(api, name, unique_name, tags):
    taken = create_model(api, unique_name("-taken"), tags=tags)["name"]
    create_version(api, name)
    before = [model(api, name), model(api, taken)]
    status, code, message = error(api.post("registered-models/rename", {"name": name, "new_name": taken}))
    assert (status, code) == (400, "RESOURCE_ALREADY_EXISTS")
    assert message.startswith(f"Registered Model (name={taken}) already exists.")
    assert [model(api, name), model(api, taken)] == before


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"new_name": "b"}, missing("name")),
        ({"name": "nope"}, missing("new_name")),
        ({"name": "nope", "new_name": ""}, missing("new_name")),
        ({"name": "nope", "new_name": "  "}, registered.invalid("Missing value for required parameter 'new_name'.")),
        ({"name": "nope", "new_name": 5}, wrong_type("new_name", "5", "int")),
        ({"name": "nope", "new_name": "a/b"}, registered.reserved_characters("a/b")),
        ({"name": "nope", "new_name": ".."}, registered.other_path("name", "..", "..")),
        ({"name": "a:b", "new_name": "b"}, registered.reserved_characters("a:b")),
        ({"name": "nope", "new_name": "b"}, registered.no_model("nope")),
    ],
)
def test_what_cannot_be_renamed_is_named(api, body, expected):
    assert error(api.post("registered-models/rename", body)) == expected


def test_the_stock_client_renames_and_describes(client, name):
    client.update_registered_model(name, "d")
    client.rename_registered_model(name, f"{name}-2")
    renamed = client.get_registered_model(f"{name}-2")
    assert (renamed.name, renamed.description) == (f"{name}-2", "d")


# --- delete


def test_deleting_takes_versions_tags_and_aliases_away(api, client, name):
    create_version(api, name, tags=[{"key": "k", "value": "v"}])
    client.set_registered_model_tag(name, "k", "v")
    registered.set_alias(api, name, "best", "1")
    registered.move(api, name, "1", "Production")
    assert api.delete("registered-models/delete", {"name": name}).text == "{}"
    assert error(api.get("registered-models/get", {"name": name})) == registered.no_model(name)
    assert error(api.get("model-versions/get", {"name": name, "version": "1"})) == registered.no_version(name, 1)
    assert client.search_model_versions(f"name = '{name}'") == []
    assert list(create_model(api, name)) == ["name", "creation_timestamp", "last_updated_timestamp"]
    assert list(model(api, name)) == ["name", "creation_timestamp", "last_updated_timestamp"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, missing("name")),
        ({"name": ""}, missing("name")),
        ({"name": 5}, wrong_type("name", "5", "int")),
        ({"name": "a/b"}, registered.reserved_characters("a/b")),
        ({"name": "nope"}, registered.no_model("nope")),
    ],
)
def test_what_cannot_be_deleted_is_named(api, body, expected):
    assert error(api.delete("registered-models/delete", body)) == expected


def test_a_model_is_deleted_once(api, client, name):
    client.delete_registered_model(name)
    assert error(api.delete("registered-models/delete", {"name": name})) == registered.no_model(name)


def test_the_name_to_delete_stands_in_the_body(api, name):
    assert error(api.request("DELETE", "registered-models/delete", params={"name": name})) == missing("name")
    assert model(api, name)["name"] == name


# --- search


def test_the_stock_client_finds_models_page_by_page(client, unique_name):
    stem = unique_name()
    names = sorted(f"{stem}-{i}" for i in range(5))
    for each in reversed(names):
        client.create_registered_model(each, tags={"stem": stem})
    found, token = [], None
    while True:
        page = client.search_registered_models(f"name LIKE '{stem}%'", max_results=2, page_token=token)
        assert len(page) <= 2
        found += [each.name for each in page]
        token = page.token
        if not token:
            break
    assert found == names
    newest = client.search_registered_models(f"tags.stem = '{stem}'", order_by=["name DESC"], max_results=1)
    assert [each.name for each in newest] == names[-1:]
    assert client.search_registered_models(f"name = '{stem}'") == []

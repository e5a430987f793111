"""Tags of registered models and of versions, which obey the same rules, and texts that the database cannot hold."""

import pytest
import registered
from registered import SOURCE, create_model, create_version, error, missing, no_version, wrong_type

KINDS = ["registered-models", "model-versions"]


class Tagged:
    """A model, or its first version, and the tags it has."""

    def __init__(self, api, kind, name):
        self.api, self.kind, self.name = api, kind, name
        self.where = {"name": name} if kind == "registered-models" else {"name": name, "version": "1"}

    def set(self, **fields):
        return self.api.post(f"{self.kind}/set-tag", {**self.where, **fields})

    def delete(self, **fields):
        return self.api.delete(f"{self.kind}/delete-tag", {**self.where, **fields})

    def told(self):
        (found,) = self.api.get(f"{self.kind}/get", self.where).body.values()
        return found

    def tags(self):
        return {tag["key"]: tag["value"] for tag in self.told().get("tags", [])}

    def not_there(self, name):
        return registered.no_model(name) if self.kind == "registered-models" else no_version(name, 1)


@pytest.fixture(params=KINDS)
def tagged(request, api, unique_name):
    name = unique_name()
    create_model(api, name)
    create_version(api, name)
    return Tagged(api, request.param, name)


def test_tags_are_set_replaced_and_deleted(tagged):
    for key, value in (("a", "1"), ("b/c.d-e f:g_é", "ünï 🚂"), ("a", "2"), ("c", "3")):
        answer = tagged.set(key=key, value=value)
        assert (answer.status, answer.text) == (200, "{}")
    assert tagged.delete(key="c").text == "{}"
    assert tagged.tags() == {"a": "2", "b/c.d-e f:g_é": "ünï 🚂"}


def test_a_tag_that_is_not_there_is_deleted_all_the_same(tagged):
    tagged.set(key="a", value="1")
    for key in ("nope", "A", "k" * 300):
        answer = tagged.delete(key=key)
        assert (answer.status, answer.text) == (200, "{}")
    assert tagged.tags() == {"a": "1"}


@pytest.mark.parametrize("fields", [{}, {"value": ""}, {"value": None}], ids=str)
def test_a_tag_without_a_value_is_empty(tagged, fields):
    tagged.set(key="k", value="before")
    assert tagged.set(key="k", **fields).status == 200
    assert tagged.tags() == {"k": ""}


def test_tags_leave_the_times_alone(tagged):
    before = tagged.told()
    registered.next_millisecond()
    tagged.set(key="k", value="v")
    tagged.delete(key="k")
    assert tagged.told() == before


def test_a_model_and_its_versions_have_tags_of_their_own(api, client, tagged):
    create_version(api, tagged.name)
    tagged.set(key="k", value=tagged.kind)
    told = [client.get_registered_model(tagged.name).tags, *(client.get_model_version(tagged.name, n).tags for n in "12")]
    assert [each for each in told if each] == [{"k": tagged.kind}]


def test_a_key_is_at_most_250_characters(tagged):
    assert tagged.set(key="é" * 250, value="v").status == 200
    assert error(tagged.set(key="k" * 251, value="v")) == registered.too_long("key", 250)
    assert tagged.tags() == {"é" * 250: "v"}


def test_a_value_of_5000_characters_is_kept_whole(tagged):
    assert tagged.set(key="k", value="é" * 5_000).status == 200
    assert tagged.tags() == {"k": "é" * 5_000}


def test_a_value_is_at_most_100000_characters(tagged, database):
    if database == "postgres" and tagged.kind == "registered-models":
        pytest.skip("MLflow's table holds 5000 characters there")
    assert tagged.set(key="k", value="é" * 100_000).status == 200
    assert error(tagged.set(key="k", value="v" * 100_001)) == registered.too_long("value", 100_000)
    assert tagged.tags() == {"k": "é" * 100_000}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"value": "v"}, missing("key")),
        ({"key": "", "value": "v"}, missing("key")),
        ({"key": None, "value": "v"}, missing("key")),
        ({"key": 5, "value": "v"}, wrong_type("key", "5", "int")),
        ({"key": "k", "value": 5}, wrong_type("value", "5", "int")),
        ({"key": "k", "value": "v", "name": ""}, missing("name")),
        ({"key": "k", "value": "v", "name": "a/b"}, registered.reserved_characters("a/b")),
        *(({"key": key, "value": "v"}, registered.bad_key(key)) for key in ("k%", "k@", "k,k", "k=v", "k#")),
        ({"key": "../k", "value": "v"}, registered.other_path("key", "../k", "../k")),
        ({"key": "/k", "value": "v"}, registered.other_path("key", "/k", "/k")),
        ({"key": "k/", "value": "v"}, registered.other_path("key", "k/", "k")),
        ({"key": "k//k", "value": "v"}, registered.other_path("key", "k//k", "k/k")),
        ({"key": "./k", "value": "v"}, registered.other_path("key", "./k", "k")),
        ({"key": ".", "value": "v"}, registered.other_path("key", ".", ".")),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_tag_that_cannot_be_set_is_named(tagged, fields, expected):
    assert error(tagged.set(**fields)) == expected
    assert tagged.tags() == {}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, missing("key")),
        ({"key": ""}, missing("key")),
        ({"key": 5}, wrong_type("key", "5", "int")),
        ({"key": "k", "name": None}, missing("name")),
        ({"key": "k", "name": "a/b"}, registered.reserved_characters("a/b")),
        ({"key": "k%"}, registered.bad_key("k%")),
        ({"key": "../k"}, registered.other_path("key", "../k", "../k")),
    ],
    ids=str,
)
def test_a_tag_that_cannot_be_deleted_is_named(tagged, fields, expected):
    assert error(tagged.delete(**fields)) == expected


def test_what_is_not_there_has_no_tags(tagged):
    for answer in (tagged.set(name="nope", key="k", value="v"), tagged.delete(name="nope", key="k")):
        assert error(answer) == tagged.not_there("nope")


def test_the_text_of_a_prompt_is_told_by_its_name_when_too_long(tagged):
    answer = tagged.set(key="mlflow.prompt.text", value="v" * 100_001)
    of_version = registered.invalid("Prompt text exceeds max length of 100000 characters.")
    assert error(answer) == (of_version if tagged.kind == "model-versions" else registered.too_long("value", 100_000))


def test_the_stock_client_sets_and_deletes_tags(client, tagged):
    client.set_registered_model_tag(tagged.name, "k", 5)
    client.set_model_version_tag(tagged.name, "1", "k", 6)
    assert client.get_registered_model(tagged.name).tags == {"k": "5"}
    assert client.get_model_version(tagged.name, "1").tags == {"k": "6"}
    client.delete_registered_model_tag(tagged.name, "k")
    client.delete_model_version_tag(tagged.name, "1", "k")
    assert client.get_registered_model(tagged.name).tags == client.get_model_version(tagged.name, "1").tags == {}


# --- what the database cannot hold

TOO_MUCH = [
    ("POST", "registered-models/create", {"name": "{new}{x}"}, "name", 256),
    ("POST", "registered-models/create", {"name": "{new}", "description": "{x}"}, "description", 5_000),
    ("POST", "registered-models/create", {"name": "{new}", "tags": [{"key": "k", "value": "{x}"}]}, "value", 5_000),
    ("PATCH", "registered-models/update", {"name": "{name}", "description": "{x}"}, "description", 5_000),
    ("POST", "registered-models/rename", {"name": "{name}", "new_name": "{x}"}, "name", 256),
    ("POST", "registered-models/set-tag", {"name": "{name}", "key": "k", "value": "{x}"}, "value", 5_000),
    ("POST", "model-versions/create", {"name": "{name}", "source": "s3://b/{x}"}, "source", 500),
    ("POST", "model-versions/create", {"name": "{name}", "source": SOURCE, "run_id": "{x}"}, "run_id", 32),
    ("POST", "model-versions/create", {"name": "{name}", "source": SOURCE, "run_link": "{x}"}, "run_link", 500),
    ("POST", "model-versions/create", {"name": "{name}", "source": SOURCE, "description": "{x}"}, "description", 5_000),
    ("PATCH", "model-versions/update", {"name": "{name}", "version": "1", "description": "{x}"}, "description", 5_000),
]
NUL_ONLY = [
    ("POST", "registered-models/create", {"name": "{new}", "tags": [{"key": "k{x}", "value": "v"}]}, "key", 0),
    ("POST", "registered-models/set-tag", {"name": "{name}", "key": "k{x}", "value": "v"}, "key", 0),
    ("POST", "registered-models/alias", {"name": "{name}", "alias": "a{x}", "version": "1"}, "alias", 0),
    ("POST", "model-versions/create", {"name": "{name}", "source": SOURCE, "tags": [{"key": "k", "value": "{x}"}]}, "value", 0),
    ("POST", "model-versions/set-tag", {"name": "{name}", "version": "1", "key": "k", "value": "{x}"}, "value", 0),
]


def filled(template, **values):
    """The template with {…} replaced in all its texts."""
    if isinstance(template, list):
        return [filled(each, **values) for each in template]
    if isinstance(template, dict):
        return {key: filled(each, **values) for key, each in template.items()}
    for key, value in values.items():
        template = template.replace(f"{{{key}}}", value)
    return template


@pytest.mark.ours
@pytest.mark.parametrize("what", ["too long", "nul"])
@pytest.mark.parametrize(("method", "path", "body", "field", "limit"), TOO_MUCH + NUL_ONLY)
def test_what_the_database_cannot_hold_is_refused(api, database, unique_name, what, method, path, body, field, limit):
    if what == "too long" and (database != "postgres" or not limit):
        pytest.skip("SQLite does not bound its columns, and the stock server takes these there")
    name, new = unique_name(), unique_name("-2")
    create_model(api, name)
    create_version(api, name)
    before = registered.model(api, name)
    text = "x" * (limit + 1) if what == "too long" else "a\0b"
    answer = api.request(method, path, json=filled(body, name=name, new=new, x=text))
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert field in answer.message.lower() or what == "nul"
    assert registered.model(api, name) == before
    assert api.get("registered-models/get", {"name": new}).status == 404


@pytest.mark.ours
@pytest.mark.parametrize("call", ["registered-models/get", "model-versions/get", "registered-models/alias"])
def test_a_nul_character_in_a_query_finds_nothing(api, call):
    for params in ("name=%00&version=1&alias=a", "name=a%00b&version=1&alias=a", "name=a&version=%00&alias=%00"):
        assert api.get(f"{call}?{params}").status in (400, 404)

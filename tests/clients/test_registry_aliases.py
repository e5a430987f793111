"""Aliases: names for versions that move, and how they are seen from the model, from its versions and by themselves."""

import pytest
import registered
from mlflow.exceptions import MlflowException
from registered import create_model, create_version, error, missing, model, no_version, set_alias, version, wrong_type


@pytest.fixture
def name(api, unique_name):
    """A model with three versions."""
    name = unique_name()
    create_model(api, name)
    for _ in range(3):
        create_version(api, name)
    return name


def aliases_of(api, name):
    return {each["alias"]: each["version"] for each in model(api, name).get("aliases", [])}


def by_alias(api, name, alias):
    return api.get("registered-models/alias", {"name": name, "alias": alias})


def bad_characters(alias):
    return registered.invalid(
        f"Invalid alias name: '{alias}'. Names may only contain alphanumerics, underscores (_), and dashes (-)."
    )


def not_found(alias):
    return registered.invalid(f"Registered model alias {alias} not found.")


RESERVED = registered.invalid("'latest' alias name (case insensitive) is reserved.")
TOO_LONG = registered.too_long("Registered model alias name", 255)


def test_setting_an_alias_answers_nothing(api, name):
    answer = api.post("registered-models/alias", {"name": name, "alias": "best", "version": "1"})
    assert (answer.status, answer.text) == (200, "{}")


def test_an_alias_is_seen_wherever_its_version_is(api, name):
    set_alias(api, name, "best", "3")
    set_alias(api, name, "next", "3")
    set_alias(api, name, "old", "1")
    assert aliases_of(api, name) == {"best": "3", "next": "3", "old": "1"}
    assert sorted(version(api, name, "3")["aliases"]) == ["best", "next"]
    assert "aliases" not in version(api, name, "2")
    (latest,) = api.get("registered-models/get-latest-versions", {"name": name}).body["model_versions"]
    assert sorted(latest["aliases"]) == ["best", "next"]
    described = api.patch("model-versions/update", {"name": name, "version": "1", "description": "d"})
    assert described.body["model_version"]["aliases"] == ["old"]
    assert registered.move(api, name, "1", "Archived")["aliases"] == ["old"]


def test_a_search_tells_versions_without_their_aliases(api, name):
    set_alias(api, name, "best", "1")
    found = api.get("model-versions/search", {"filter": f"name = '{name}'"}).body["model_versions"]
    assert [("aliases" in each, each["version"]) for each in found] == [(False, "3"), (False, "2"), (False, "1")]


def test_the_latest_versions_of_a_model_are_told_without_aliases(api, name):
    set_alias(api, name, "best", "3")
    told = model(api, name)
    (found,) = api.get("registered-models/search", {"filter": f"name = '{name}'"}).body["registered_models"]
    for each in (told, found):
        assert [("aliases" in latest, latest["version"]) for latest in each["latest_versions"]] == [(False, "3")]
        assert each["aliases"] == [{"alias": "best", "version": "3"}]


def test_a_version_is_found_by_its_alias(api, client, name):
    set_alias(api, name, "best", "2")
    answer = by_alias(api, name, "best")
    assert answer.body == {"model_version": version(api, name, "2")}
    assert list(answer.body["model_version"])[-3:] == ["status", "run_link", "aliases"]
    found = client.get_model_version_by_alias(name, "best")
    assert (found.version, found.aliases) == ("2", ["best"])


def test_an_alias_moves(api, name):
    for number in ("1", "3", "2"):
        set_alias(api, name, "best", number)
        assert by_alias(api, name, "best").body["model_version"]["version"] == number
    assert aliases_of(api, name) == {"best": "2"}
    assert ["aliases" in version(api, name, number) for number in "123"] == [False, True, False]


def test_aliases_differ_by_case(api, name):
    set_alias(api, name, "best", "1")
    set_alias(api, name, "BEST", "2")
    assert aliases_of(api, name) == {"best": "1", "BEST": "2"}
    assert error(by_alias(api, name, "Best")) == not_found("Best")


def test_aliases_leave_the_times_alone(api, name):
    before = [model(api, name), version(api, name, "1")]
    registered.next_millisecond()
    set_alias(api, name, "best", "1")
    api.delete("registered-models/alias", {"name": name, "alias": "best"})
    assert [model(api, name), version(api, name, "1")] == before


def test_models_share_no_aliases(api, name, unique_name):
    other = create_model(api, unique_name())["name"]
    create_version(api, other)
    set_alias(api, name, "best", "3")
    set_alias(api, other, "best", "1")
    assert (aliases_of(api, name), aliases_of(api, other)) == ({"best": "3"}, {"best": "1"})


@pytest.mark.parametrize("alias", ["v", "v1a", "version-1", "1", "-", "_", "Ünï", "latest-one", "a" * 255])
def test_a_usual_alias_is_taken(api, name, alias):
    set_alias(api, name, alias, "1")
    assert aliases_of(api, name) == {alias: "1"}
    assert by_alias(api, name, alias).body["model_version"]["version"] == "1"
    assert api.delete("registered-models/alias", {"name": name, "alias": alias}).status == 200
    assert aliases_of(api, name) == {}


@pytest.mark.parametrize(
    ("alias", "expected"),
    [
        *((alias, bad_characters(alias)) for alias in ("a b", "a.b", "a/b", "a@b", "a:b", "a%", "../a", "'", "🚂")),
        *((alias, RESERVED) for alias in ("latest", "LaTesT")),
        *((alias, registered.invalid(f"Version alias name '{alias}' is reserved.")) for alias in ("v1", "V12", "v007")),
        ("a" * 256, TOO_LONG),
        ("", missing("alias")),
        (None, missing("alias")),
        (5, wrong_type("alias", "5", "int")),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_reserved_or_broken_alias_is_refused(api, name, alias, expected):
    assert error(api.post("registered-models/alias", {"name": name, "alias": alias, "version": "1"})) == expected
    assert aliases_of(api, name) == {}


@pytest.mark.ours
def test_a_line_break_at_the_end_is_a_character_too(api, name):
    assert error(api.post("registered-models/alias", {"name": name, "alias": "a\n", "version": "1"}))[0] == 400
    assert aliases_of(api, name) == {}


def test_an_alias_of_a_missing_version_is_refused_and_the_old_one_stays(api, name):
    set_alias(api, name, "best", "1")
    registered.delete_version(api, name, "2")
    for number in ("2", "4"):
        answer = api.post("registered-models/alias", {"name": name, "alias": "best", "version": number})
        assert error(answer) == no_version(name, number)
    assert aliases_of(api, name) == {"best": "1"}


@pytest.mark.parametrize(
    ("alias", "expected"),
    [
        ("nope", not_found("nope")),
        ("v1", not_found("v1")),
        ("a b", bad_characters("a b")),
        ("a" * 256, TOO_LONG),
        ("", missing("alias")),
        (None, missing("alias")),
    ],
    ids=lambda value: str(value)[:30],
)
def test_getting_a_missing_alias_is_a_400(api, name, alias, expected):
    assert error(by_alias(api, name, alias)) == expected


def test_the_stock_client_tells_a_missing_alias(client, name):
    with pytest.raises(MlflowException, match="alias nope not found") as caught:
        client.get_model_version_by_alias(name, "nope")
    assert caught.value.error_code == "INVALID_PARAMETER_VALUE"


@pytest.mark.parametrize(
    ("given", "expected"), [("nope", registered.no_model("nope")), ("a/b", registered.reserved_characters("a/b"))]
)
@pytest.mark.parametrize("alias", ["best", "latest"])
def test_a_model_that_is_not_there_has_no_alias(api, given, expected, alias):
    assert error(by_alias(api, given, alias)) == expected
    assert error(api.delete("registered-models/alias", {"name": given, "alias": alias})) == expected
    assert error(api.get("registered-models/alias", {"alias": alias})) == missing("name")


@pytest.mark.parametrize("alias", ["latest", "LATEST"])
def test_latest_is_the_highest_version_of_all_stages(api, client, name, alias):
    registered.move(api, name, "3", "Archived")
    registered.move(api, name, "1", "Production")
    set_alias(api, name, "best", "3")
    assert by_alias(api, name, alias).body == {"model_version": version(api, name, "3")}
    registered.delete_version(api, name, "3")
    assert client.get_model_version_by_alias(name, alias).version == "2"


def test_a_model_without_versions_has_no_latest(api, unique_name):
    name = create_model(api, unique_name())["name"]
    expected = 404, "RESOURCE_DOES_NOT_EXIST", f"Latest version not found for model {name}."
    assert error(by_alias(api, name, "latest")) == expected


def test_deleting_an_alias_answers_nothing_whether_it_was_there_or_not(api, name):
    set_alias(api, name, "best", "1")
    set_alias(api, name, "next", "1")
    for alias in ("best", "best", "nope", "latest", "v1"):
        answer = api.delete("registered-models/alias", {"name": name, "alias": alias})
        assert (answer.status, answer.text) == (200, "{}")
    assert aliases_of(api, name) == {"next": "1"}


@pytest.mark.parametrize(
    ("alias", "expected"),
    [("", missing("alias")), (5, wrong_type("alias", "5", "int")), ("a b", bad_characters("a b")), ("a" * 256, TOO_LONG)],
    ids=lambda value: str(value)[:30],
)
def test_an_alias_that_cannot_be_deleted_is_named(api, name, alias, expected):
    assert error(api.delete("registered-models/alias", {"name": name, "alias": alias})) == expected


def test_the_aliases_of_a_deleted_version_go_with_it(api, name):
    for alias, number in (("best", "2"), ("next", "2"), ("old", "1")):
        set_alias(api, name, alias, number)
    registered.delete_version(api, name, "2")
    assert aliases_of(api, name) == {"old": "1"}
    assert error(by_alias(api, name, "best")) == not_found("best")


def test_the_stock_client_sets_and_deletes_aliases(client, name):
    client.set_registered_model_alias(name, "best", 1)
    assert client.get_registered_model(name).aliases == {"best": "1"}
    client.delete_registered_model_alias(name, "best")
    client.delete_registered_model_alias(name, "best")
    assert client.get_registered_model(name).aliases == {}
    with pytest.raises(MlflowException, match="reserved"):
        client.set_registered_model_alias(name, "latest", "1")

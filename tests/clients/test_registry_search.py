"""Searching registered models and model versions: filters, order, pages, prompts, what belongs to a model.

The registry is written by the stock store. In this order, so that the clock ticks a second for each line:

    model  tags                         versions: number, stage, run, source, tags
    ant    team=x                       1 Production r1 s3://b/ant/1 t=a,   2 None r2 s3://b/ant/2,   3 deleted
    Bee    team=X                       1 None - s3://b/bee
    cat    -                            -
    poem   mlflow.prompt.is_prompt=true 1 None - dummy mlflow.prompt.is_prompt=true
"""

import pytest
from conftest import Api
from mlflow.entities.model_registry import ModelVersionTag, RegisteredModelTag
from registry import FIRST_TIME_MS, stock_registry

IS_PROMPT = "mlflow.prompt.is_prompt"
RUN_1, RUN_2 = "1" * 32, "2" * 32


class Shelf:
    """The registry of this file, and searches in it, whose answers are spelt as initials."""

    def __init__(self, url):
        self.api = Api(url)

    def models(self, **params):
        answer = self.api.get("registered-models/search", params)
        assert answer.status == 200, answer.text
        return answer.body.get("registered_models", [])

    def versions(self, **params):
        answer = self.api.get("model-versions/search", params)
        assert answer.status == 200, answer.text
        return answer.body.get("model_versions", [])

    def model_initials(self, filter="", **params):
        return "".join(model["name"][0] for model in self.models(filter=filter, **params))

    def version_names(self, filter="", **params):
        return " ".join(v["name"][0] + v["version"] for v in self.versions(filter=filter, **params))

    def refusal(self, what, **params):
        answer = self.api.get(f"{what}/search", params)
        assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE"), answer.text
        return answer.message


@pytest.fixture(scope="module")
def shelf(target, database, start_server, fresh_database):
    uri = fresh_database(database)
    with stock_registry(uri) as store:
        store.create_registered_model("ant", [RegisteredModelTag("team", "x")], "of ants")
        tags = [ModelVersionTag("t", "a"), ModelVersionTag("long", "é" * 3_000)]
        store.create_model_version("ant", "s3://b/ant/1", RUN_1, tags, "http://run", "the first")
        store.create_model_version("ant", "s3://b/ant/2", RUN_2)
        store.create_model_version("ant", "s3://b/ant/3", RUN_1)
        store.transition_model_version_stage("ant", "1", "Production", False)
        store.delete_model_version("ant", "3")
        store.set_registered_model_alias("ant", "best", "1")
        store.set_registered_model_alias("ant", "Next", "2")
        store.create_registered_model("Bee", [RegisteredModelTag("team", "X")])
        store.create_model_version("Bee", "s3://b/bee")
        store.create_registered_model("cat")
        store.create_registered_model("poem", [RegisteredModelTag(IS_PROMPT, "true")])
        store.create_model_version("poem", "dummy", tags=[ModelVersionTag(IS_PROMPT, "true")])
    return Shelf(start_server(target, uri).url)


def version(name, number, created, updated, **fields):
    always = {"current_stage": "None", "status": "READY"}
    times = {"creation_timestamp": created, "last_updated_timestamp": updated}
    return {"name": name, "version": number, **times, **always, **fields}


def at(tick):
    return FIRST_TIME_MS + 1_000 * tick


def test_a_model_is_told_with_all_that_belongs_to_it(shelf):
    (model,) = shelf.models(filter="name = 'ant'")
    updated = model.pop("last_updated_timestamp")
    latest = {v["current_stage"]: v for v in model.pop("latest_versions")}
    assert updated > at(3)
    assert model == {
        "name": "ant",
        "creation_timestamp": at(0),
        "description": "of ants",
        "tags": [{"key": "team", "value": "x"}],
        "aliases": [{"alias": "Next", "version": "2"}, {"alias": "best", "version": "1"}],
    }
    assert {stage: v["version"] for stage, v in latest.items()} == {"None": "2", "Production": "1"}
    assert sorted(tag["key"] for tag in latest["Production"]["tags"]) == ["long", "t"]


def test_a_model_that_has_nothing_is_told_with_nothing(shelf):
    (model,) = shelf.models(filter="name = 'cat'")
    assert model.pop("creation_timestamp") == model.pop("last_updated_timestamp")
    assert model == {"name": "cat"}


def test_a_version_is_told_with_all_its_fields(shelf):
    first, second = shelf.versions(filter="name = 'ant'", order_by="version_number ASC")
    first["tags"].sort(key=lambda tag: tag["key"])
    assert first == version(
        "ant",
        "1",
        at(1),
        first["last_updated_timestamp"],
        current_stage="Production",
        description="the first",
        source="s3://b/ant/1",
        run_id=RUN_1,
        run_link="http://run",
        tags=[{"key": "long", "value": "é" * 3_000}, {"key": "t", "value": "a"}],
    )
    assert second == version("ant", "2", at(2), at(2), source="s3://b/ant/2", run_id=RUN_2)


@pytest.mark.parametrize(
    ("filter", "found"),
    [
        ("", "Bac"),
        ("name = 'ant'", "a"),
        ("name != 'ant'", "Bc"),
        ("name LIKE 'b%'", ""),
        ("name ILIKE 'b%'", "B"),
        ("name ilike '%A%'", "ac"),
        ("name IN ('ant', 'cat', 'poem')", "ac"),
        ("name NOT IN ('ant')", "Bc"),
        ("attribute.name = 'ant'", "a"),
        ("tags.team = 'x'", "a"),
        ("tags.team != 'x'", "B"),
        ("tag.team ILIKE 'X'", "Ba"),
        ("tags.`team` LIKE '%x%' AND name LIKE 'a%'", "a"),
        ("tags.team = 'x' AND tags.team = 'X'", ""),
        (f"tags.`{IS_PROMPT}` = 'true'", "p"),
        (f"tags.`{IS_PROMPT}` != 'false'", "p"),
        (f"tags.`{IS_PROMPT}` = 'false'", "Bac"),
        (f"tags.`{IS_PROMPT}` != 'true' AND name = 'ant'", "a"),
        ("name = 'poem'", ""),
    ],
)
def test_filters_of_models(shelf, filter, found):
    assert shelf.model_initials(filter) == found


@pytest.mark.parametrize(
    ("order_by", "found"),
    [
        ("name ASC", "Bac"),
        ("name DESC", "caB"),
        ("timestamp", "aBc"),
        ("last_updated_timestamp DESC", "cBa"),
        (["timestamp DESC", "name ASC"], "cBa"),
    ],
)
def test_order_of_models(shelf, order_by, found):
    assert shelf.model_initials(order_by=order_by) == found


@pytest.mark.parametrize(
    ("filter", "found"),
    [
        ("", "B1 a1 a2"),
        ("name = 'ant'", "a1 a2"),
        ("name ILIKE 'BEE'", "B1"),
        ("name IN ('Bee')", "B1"),
        ("version_number = 1", "B1 a1"),
        ("version_number > 1", "a2"),
        ("version_number <= '1' AND name = 'ant'", "a1"),
        (f"run_id = '{RUN_1}'", "a1"),
        (f"run_id IN ('{RUN_1}', '{RUN_2}')", "a1 a2"),
        (f"run_id != '{RUN_1}'", "a2"),
        ("source_path LIKE '%/ant/%'", "a1 a2"),
        ("source_path = 's3://b/bee'", "B1"),
        ("tags.t = 'a'", "a1"),
        ("tags.t != 'a'", ""),
        (f"tags.`{IS_PROMPT}` = 'true'", "p1"),
        (f"tags.`{IS_PROMPT}` = 'false'", "B1 a1 a2"),
        ("name = 'poem'", ""),
        ("name = 'nope'", ""),
    ],
)
def test_filters_of_versions(shelf, filter, found):
    assert shelf.version_names(filter, order_by=["name ASC", "version_number ASC"]) == found


@pytest.mark.parametrize(
    ("order_by", "found"),
    [
        ([], "B1 a1 a2"),
        ("name DESC", "a2 a1 B1"),
        ("version_number ASC", "B1 a1 a2"),
        ("creation_timestamp DESC", "B1 a2 a1"),
        ("last_updated_timestamp ASC", "a2 a1 B1"),
    ],
)
def test_order_of_versions(shelf, order_by, found):
    assert shelf.version_names(order_by=order_by) == found


def test_pages_neither_repeat_nor_skip(shelf):
    for what, list_name, total in (
        ("registered-models", "registered_models", 3),
        ("model-versions", "model_versions", 3),
    ):
        seen, token = [], None
        while token != "":
            params = {"max_results": 2, "page_token": token, "order_by": "name ASC"}
            body = shelf.api.get(f"{what}/search", params).body
            seen += [(row["name"], row.get("version")) for row in body[list_name]]
            token = body.get("next_page_token", "")
        assert len(seen) == len(set(seen)) == total


def test_both_searches_are_there_for_the_web_ui(shelf):
    for what in ("registered-models", "model-versions"):
        ajax = shelf.api.get(f"/ajax-api/2.0/mlflow/{what}/search", {"max_results": 1})
        assert (ajax.status, ajax.text) == (200, shelf.api.get(f"{what}/search", {"max_results": 1}).text)


@pytest.mark.parametrize(
    ("what", "params", "message"),
    [
        ("registered-models", {"filter": "run_id = 'a'"}, "Invalid attribute key 'run_id' specified."),
        ("registered-models", {"filter": "metrics.a = 'a'"}, "Invalid entity type 'metrics'."),
        ("registered-models", {"filter": "name > 'a'"}, "Invalid comparator for attribute: >"),
        ("registered-models", {"filter": "tags.a > 'a'"}, "Invalid comparator for tag: >"),
        ("registered-models", {"filter": "tags.a = 1"}, "Expected a quoted string value for tag (e.g. 'my-value')."),
        ("registered-models", {"filter": "name = 'a' OR name = 'b'"}, "Invalid clause(s) in filter string: OR"),
        ("registered-models", {"order_by": "run_id"}, "Invalid order by key 'run_id' specified."),
        ("registered-models", {"page_token": "x"}, "Invalid page token, could not base64-decode"),
        ("model-versions", {"filter": "stage = 'a'"}, "Invalid attribute key 'stage' specified."),
        ("model-versions", {"filter": "version_number = 1.5"}, "Invalid value for numeric attribute 'version_number': 1.5"),
        ("model-versions", {"filter": "version_number = 'a'"}, "Invalid value for numeric attribute 'version_number': 'a'"),
        ("model-versions", {"filter": "version_number LIKE '1'"}, "Invalid comparator for attribute version_number: LIKE"),
        ("model-versions", {"filter": "source_path IN ('a')"}, "Only ['name', 'run_id'] attributes support"),
        ("model-versions", {"filter": "tags.a > 'a'"}, "Invalid comparator for tag: >"),
        ("model-versions", {"order_by": "run_id"}, "Invalid attribute key 'run_id' specified."),
        ("model-versions", {"max_results": 0}, "It must be a positive integer, but got 0"),
    ],
)
def test_what_cannot_be_searched_is_refused(shelf, what, params, message):
    assert message in shelf.refusal(what, **params)


@pytest.mark.ours
@pytest.mark.parametrize(
    ("what", "params", "message"),
    [
        ("registered-models", {"max_results": 1_001}, "It must be at most 1000, but got value 1001"),
        ("model-versions", {"max_results": 200_001}, "It must be at most 200000, but got value 200001"),
        ("registered-models", {"max_results": 0}, "It must be a positive integer, but got 0"),
        ("registered-models", {"order_by": ["timestamp", "last_updated_timestamp"]}, "`order_by` contains duplicate fields"),
        ("registered-models", {"filter": "tags.a IS NULL"}, "Invalid comparator for tag: IS NULL"),
        ("registered-models", {"filter": "name = ('a')"}, "Invalid comparator for attribute: ="),
        ("model-versions", {"order_by": ["name", "name DESC"]}, "`order_by` contains duplicate fields"),
        ("model-versions", {"filter": "version_number = 9223372036854775808"}, "The number is out of range"),
    ],
)
def test_what_the_original_fails_on_is_refused(shelf, what, params, message):
    assert message in shelf.refusal(what, **params)

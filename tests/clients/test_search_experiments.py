"""Search over experiments: its own small grammar, view types, ordering and paging.

Three experiments are made once; the names of every row begin with their common stem.
"""

import json
import time
import uuid

import mlflow
import pytest
from mlflow.entities import ViewType


@pytest.fixture(scope="module")
def stem(server):
    """Creates Alpha, beta, gamma (in this order) and the deleted gone, all behind one unique stem."""
    client = mlflow.MlflowClient(server.url)
    stem = f"search-{uuid.uuid4().hex}-"
    for name, tags in (("Alpha", {"t": "one"}), ("beta", {"t": "two", "sp ace": "x", "a.b": "y"}), ("gamma", {})):
        client.create_experiment(stem + name, tags=tags)
        time.sleep(0.005)
    client.delete_experiment(client.create_experiment(stem + "gone", tags={"t": "one"}))
    return stem


@pytest.fixture
def search(api, stem):
    """Asks with <stem> replaced; answers the response."""

    def ask(filter_string=None, **body):
        asked = {"filter": filter_string and filter_string.replace("<", stem), "max_results": 1000, **body}
        return api.post("experiments/search", {k: v for k, v in asked.items() if v is not None})

    return ask


def names(answer, stem):
    assert answer.status == 200, answer.text
    found = [experiment["name"] for experiment in answer.body.get("experiments", [])]
    return [name.removeprefix(stem) for name in found if name.startswith(stem)]


# In the filters `<` stands for the stem; the newest experiment comes first.
@pytest.mark.parametrize(
    ("filter_string", "expected"),
    [
        (None, "gamma beta Alpha"),
        ("", "gamma beta Alpha"),
        ("name = '<Alpha'", "Alpha"),
        ('name = "<Alpha"', "Alpha"),
        ("name != '<Alpha'", "gamma beta"),
        ("attribute.name = '<beta'", "beta"),
        ("name LIKE '<%'", "gamma beta Alpha"),
        ("name LIKE '<a%'", ""),
        ("name ILIKE '<a%'", "Alpha"),
        ("tags.t = 'one'", "Alpha"),
        ("tag.t != 'one'", "beta"),
        ("tags.t IS NULL", "gamma"),
        ("tags.t is not null", "beta Alpha"),
        ("tags.t LIKE 'O%'", ""),
        ("tags.t ILIKE 'O%'", "Alpha"),
        ("tags.`sp ace` = 'x'", "beta"),
        ('tags."sp ace" = \'x\'', "beta"),
        ("tags.a.b = 'y'", "beta"),
        ("creation_time > 0", "gamma beta Alpha"),
        ("creation_time = 0", ""),
        ("last_update_time >= 1", "gamma beta Alpha"),
        ("experiment_id = '0'", ""),
        ("experiment_id != '0'", "gamma beta Alpha"),
        ("experiment_id IN ('0')", ""),
        ("experiment_id NOT IN ('0')", "gamma beta Alpha"),
        ("name LIKE '<%' AND tags.t = 'one'", "Alpha"),
        ("name LIKE '<%' and tags.t != 'one' and creation_time > 1", "beta"),
        ("name LIKE '<%' tags.t = 'one'", "Alpha"),
        ("name = '<beta' AND", "beta"),
    ],
)
def test_a_filter_finds(search, stem, filter_string, expected):
    assert names(search(filter_string), stem) == expected.split()


@pytest.mark.parametrize(
    ("filter_string", "message"),
    [
        ("attributes.name = 'x'", "Invalid entity type 'attributes'. Valid entity types are ('attribute', 'tag', 'tags')"),
        ("metrics.x > 1", "Invalid entity type 'metrics'."),
        ("params.x = '1'", "Invalid entity type 'params'."),
        ("foo.bar = 'x'", "Invalid entity type 'foo'."),
        ("Name = 'x'", "Invalid attribute key 'Name' specified. Valid keys are "),
        ("lifecycle_stage = 'active'", "Invalid attribute key 'lifecycle_stage' specified."),
        ("artifact_location LIKE '%'", "Invalid attribute key 'artifact_location' specified."),
        ("created > 1", "Invalid attribute key 'created' specified."),
        ("name IN ('a')", "Only ['experiment_id'] attributes support comparison with a list of quoted string values."),
        ("name > 'a'", "Invalid comparator '>' not one of "),
        ("creation_time LIKE 1", "Invalid comparator 'LIKE' not one of "),
        ("name = 1", "Expected a quoted string value for attributes. Got value 1"),
        ("experiment_id = 1", "Expected a quoted string value for attributes. Got value 1"),
        ("name = x", "unidentified quote types used for string value x."),
        ("tags.t IN ('one')", "Expected a quoted string value for tag (e.g. 'my-value'). Got value ('one')"),
        ("creation_time = '1'", "Expected numeric value type for numeric attribute: creation_time. Found '1'"),
        ("creation_time > 1.5", "Invalid value for numeric attribute 'creation_time': '1.5'"),
        ("creation_time > 1e3", "Invalid value for numeric attribute 'creation_time': '1000.0'"),
        ("name IS NULL", "IS NULL / IS NOT NULL is only supported for tags, not for attribute 'name'"),
        ("name = 'a' OR name = 'b'", "Invalid clause(s) in filter string: OR"),
        ("(name = 'a')", "Invalid clause(s) in filter string: (name = 'a')"),
        ("NOT name = 'a'", "Invalid clause(s) in filter string: NOT"),
        ("name", "Invalid clause(s) in filter string: name"),
        ("name = 'unclosed", "Invalid clause(s) in filter string: "),
        ("name = 'a';", "Invalid clause(s) in filter string: ;"),
        ("name='x'; name='y'", "Search filter contained multiple expression"),
        ("   ", "Invalid filter '   '. Could not be parsed."),
    ],
)
def test_a_filter_is_refused(search, filter_string, message):
    answer = search(filter_string)
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert message in answer.message


@pytest.mark.parametrize(
    ("order_by", "expected"),
    [
        ([], "gamma beta Alpha"),
        (["name"], "Alpha beta gamma"),
        (["name DESC"], "gamma beta Alpha"),
        (["attribute.name asc"], "Alpha beta gamma"),
        (["`name`"], "Alpha beta gamma"),
        (["creation_time"], "Alpha beta gamma"),
        (["creation_time DESC"], "gamma beta Alpha"),
        (["last_update_time ASC"], "Alpha beta gamma"),
        (["experiment_id"], "Alpha beta gamma"),
        (["experiment_id DESC"], "gamma beta Alpha"),
        (["name", "name DESC"], "Alpha beta gamma"),
    ],
)
def test_an_order(search, stem, order_by, expected):
    assert names(search(order_by=order_by), stem) == expected.split()


@pytest.mark.parametrize(
    ("order_by", "message"),
    [
        ("tags.t", "Invalid order_by entity: tag"),
        ("foo", "Invalid attribute key 'foo' specified."),
        ("attributes.name", "Invalid entity type 'attributes'."),
        ("artifact_location", "Invalid attribute key 'artifact_location' specified."),
        ("name FOO", "Invalid ordering key in order_by clause 'name FOO'."),
        ("name, creation_time", "Invalid order_by clause 'name, creation_time'. Could not be parsed."),
        ("", "Invalid order_by clause ''. Could not be parsed."),
    ],
)
def test_an_order_is_refused(search, order_by, message):
    answer = search(order_by=[order_by])
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert message in answer.message


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (ViewType.ACTIVE_ONLY, {"Alpha", "beta", "gamma"}),
        (ViewType.DELETED_ONLY, {"gone"}),
        (ViewType.ALL, {"Alpha", "beta", "gamma", "gone"}),
    ],
)
def test_the_view_type_chooses(client, stem, view, expected):
    found = client.search_experiments(view, filter_string=f"name LIKE '{stem}%'")
    assert {experiment.name.removeprefix(stem) for experiment in found} == expected
    assert {e.lifecycle_stage for e in found} <= {"active", "deleted"}


@pytest.mark.parametrize("page", [1, 2, 3, 4])
def test_pages_put_together_are_the_whole(client, stem, page):
    found, token = [], None
    while True:
        answer = client.search_experiments(
            filter_string=f"name LIKE '{stem}%'", order_by=["name"], max_results=page, page_token=token
        )
        found += [experiment.name.removeprefix(stem) for experiment in answer]
        token = answer.token
        if not token:
            break
        assert len(answer) == page
    assert found == ["Alpha", "beta", "gamma"]


def test_the_fluent_search_reads_all_pages(tracking, stem):
    found = mlflow.search_experiments(filter_string=f"name LIKE '{stem}%'", order_by=["name DESC"])
    assert [experiment.name.removeprefix(stem) for experiment in found] == ["gamma", "beta", "Alpha"]


def test_get_asks_the_same_question_in_its_query(api, stem):
    query = {"max_results": 2, "order_by": ["name DESC"], "filter": f"name LIKE '{stem}%'", "view_type": "ALL"}
    by_query = api.get("experiments/search", query)
    assert by_query.body == api.post("experiments/search", query).body
    assert names(by_query, stem) == ["gone", "gamma"]


def test_an_answer_is_pretty_printed_with_the_token_last(search):
    answer = search("name LIKE '<%'", max_results=1)
    assert json.dumps(answer.body, indent=2) == answer.text
    assert list(answer.body) == ["experiments", "next_page_token"]
    assert list(answer.body["experiments"][0]) == [
        "experiment_id",
        "name",
        "artifact_location",
        "lifecycle_stage",
        "last_update_time",
        "creation_time",
        "workspace",
    ]


def test_nothing_found_is_an_empty_object(search):
    assert search("name = 'there is no such experiment'").text == "{}"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"max_results": None}, "Invalid value 0 for parameter 'max_results' supplied. It must be a positive integer"),
        ({"max_results": 0}, "Invalid value 0 for parameter 'max_results' supplied. It must be a positive integer"),
        ({"max_results": -1}, "Invalid value -1 for parameter 'max_results' supplied. It must be a positive integer"),
        ({"max_results": 50001}, "Invalid value 50001 for parameter 'max_results' supplied. It must be at most 50000"),
        ({"max_results": "x"}, "Invalid value \"x\" for parameter 'max_results' supplied"),
        ({"page_token": "x"}, "Invalid page token, could not base64-decode"),
        ({"order_by": "name"}, "Invalid value \"name\" for parameter 'order_by' supplied"),
        ({"filter": 5}, "Invalid value 5 for parameter 'filter' supplied"),
    ],
)
def test_a_bad_question_is_refused(search, body, message):
    answer = search(**body)
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert message in answer.message

"""Search over runs: MLflow's filter grammar as tables, ordering with nulls and NaN, and paging.

One experiment is filled once for the whole module; every row of a table asks it one question.
"""

import base64
import json
import uuid

import mlflow
import numpy as np
import pytest
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag, ViewType


def fill(client, experiment_id, name, start, metrics=(), params=(), tags=()):
    run_id = client.create_run(experiment_id, start_time=start, run_name=name).info.run_id
    client.log_batch(
        run_id,
        [Metric(k, v, 1, 0) for k, v in dict(metrics).items()],
        [Param(k, v) for k, v in dict(params).items()],
        [RunTag(k, v) for k, v in dict(tags).items()],
    )
    return run_id


@pytest.fixture(scope="module")
def world(server):
    """An experiment of five runs, a to e; `run_ids` knows their ids by name."""
    client = mlflow.MlflowClient(server.url)
    experiment_id = client.create_experiment(f"search-runs-{uuid.uuid4().hex}")
    run_ids = {
        "a": fill(
            client,
            experiment_id,
            "a",
            50,
            {"x": 1, "y.z": 2, "nan": float("nan"), "val-loss": 0.5},
            {"p": "1", "q": "Alpha", "select": "s", "key-dash": "d", "a/b": "slash", "é": "acute"},
            {"t": "one", "a.b": "dot", "sp ace": "s", "quote": "it's", "pct": "50%"},
        ),
        "b": fill(client, experiment_id, "b", 40, {"x": 2}, {"p": "10", "q": "alpha"}, {"t": "two", "pct": "50x"}),
        "c": fill(client, experiment_id, "c", 30, {"x": float("nan")}, {"p": "2"}, {"t": 'say "hi"'}),
        "d": fill(client, experiment_id, "d", 20, {"x": float("inf"), "y.z": -3.5}, {"q": "ALPHABET"}),
        "e": fill(client, experiment_id, "e", 10),
    }
    client.set_terminated(run_ids["b"], "FAILED", 100)
    client.set_terminated(run_ids["c"], "FINISHED", 200)
    train = Dataset("flights", "abc123", "local", "{}")
    client.log_inputs(run_ids["a"], [DatasetInput(train, [InputTag("mlflow.data.context", "train")])])
    client.log_inputs(run_ids["b"], [DatasetInput(train, [InputTag("mlflow.data.context", "eval")])])
    client.log_inputs(run_ids["c"], [DatasetInput(Dataset("Weather", "ffff", "local", "{}"))])
    return experiment_id, run_ids


@pytest.fixture
def search(api, world):
    """Asks the filled experiment; ids of runs may be written as <a>."""

    def ask(filter_string=None, **body):
        for name, run_id in world[1].items():
            filter_string = filter_string and filter_string.replace(f"<{name}>", run_id)
        asked = {"experiment_ids": [world[0]], "filter": filter_string, **body}
        return api.post("runs/search", {k: v for k, v in asked.items() if v is not None})

    return ask


def names(answer):
    assert answer.status == 200, answer.text
    return "".join(run["info"]["run_name"] for run in answer.body.get("runs", []))


# --- filters that are understood; runs come newest first, so the order is always a to e


@pytest.mark.parametrize(
    ("filter_string", "expected"),
    [
        (None, "abcde"),
        ("", "abcde"),
        # metrics
        ("metrics.x > 1", "bd"),
        ("metric.x = 1", "a"),
        ("metrics.x != 1", "bcd"),
        ("metrics.x >= 1.0", "abd"),
        ("metrics.x <= 1e0", "a"),
        ("metrics.x < 2", "a"),
        ("metrics.x = -1", ""),
        ("metrics.x>-1", "abd"),
        ("metrics.x > .5", "abd"),
        ("metrics.x = 1.", "a"),
        ("metrics.x > 1000000000000000000000", "d"),
        ("metrics.y.z = 2", "a"),
        ("metrics.y.z < -3.4", "d"),
        ("metrics.`y.z` = 2", "a"),
        ('metrics."y.z" = 2', "a"),
        ("metrics.`val-loss` = 0.5", "a"),
        ("metrics.nosuch = 1", ""),
        ("metrics.nosuch != 1", ""),
        # NaN is stored as 0 but is not 0
        ("metrics.nan = 0", ""),
        ("metrics.nan >= 0", ""),
        ("metrics.nan <= 0", ""),
        ("metrics.nan != 0", "a"),
        ("metrics.nan != 7", "a"),
        # params
        ("params.p = '1'", "a"),
        ('param.p = "1"', "a"),
        ("parameters.p = '1'", "a"),
        ("parameter.p='1'", "a"),
        ("params.p != '1'", "bc"),
        ("params.q LIKE 'a%'", "b"),
        ("params.q like 'A%'", "ad"),
        ("params.q ILIKE 'a%'", "abd"),
        ("params.q ilike '%PHA'", "ab"),
        ("params.q LIKE '_lpha'", "ab"),
        ("params.q LIKE 'Alpha'", "a"),
        ("params.q LIKE 'alpha%'", "b"),
        ("params.q IS NULL", "ce"),
        ("params.q is not null", "abd"),
        ("params.p = ''", ""),
        ("params.select = 's'", "a"),
        ("params.`key-dash` = 'd'", "a"),
        ('params."a/b" = \'slash\'', "a"),
        ("params.é = 'acute'", "a"),
        ("params.'p' = '1'", "a"),
        # tags
        ("tags.t = 'one'", "a"),
        ("tag.t != 'one'", "bc"),
        ("tags.`sp ace` = 's'", "a"),
        ('tags."a.b" = \'dot\'', "a"),
        ("tags.a.b = 'dot'", "a"),
        ("tags.t IS NULL", "de"),
        ("tags.t IS NOT NULL", "abc"),
        ("tags.t LIKE 'ONE'", ""),
        ("tags.t ILIKE 'ONE'", "a"),
        ("tags.t LIKE 'o_e'", "a"),
        ("tags.t = 'say \"hi\"'", "c"),
        ('tags.quote = "it\'s"', "a"),
        ("tags.quote = 'it''s'", ""),
        ("tags.pct LIKE '50%'", "ab"),
        ("tags.pct = '50%'", "a"),
        ("tags.mlflow.runName = 'a'", "a"),
        ("tags.`mlflow.runName` ILIKE 'A'", "a"),
        # attributes, with and without the prefix
        ("attributes.run_id = '<a>'", "a"),
        ("run_id != '<a>'", "bcde"),
        ("run_id IN ('<a>','<c>')", "ac"),
        ('attribute.run_id in ("<b>")', "b"),
        ("run_id NOT IN ('<a>', '<b>')", "cde"),
        ("run_id LIKE '%'", "abcde"),
        ("run_name = 'a'", "a"),
        ("attribute.run_name != 'a'", "bcde"),
        ("attr.run_name LIKE 'a'", "a"),
        ("run.run_name ILIKE 'A'", "a"),
        ("`Run name` = 'a'", "a"),
        ("`run name` = 'a'", "a"),
        ("\"Run Name\" = 'a'", "a"),
        ("attributes.\"Run name\" = 'a'", "a"),
        ("status = 'RUNNING'", "ade"),
        ("status = 'running'", ""),
        ("status != 'FINISHED'", "abde"),
        ("status LIKE 'F%'", "bc"),
        ("status ILIKE 'run%'", "ade"),
        ("artifact_uri LIKE '%/artifacts'", "abcde"),
        ("start_time = 30", "c"),
        ("attributes.start_time > 30", "ab"),
        ("start_time >= 30", "abc"),
        ("start_time < 29.5", "de"),
        ("start_time > -1", "abcde"),
        ("created <= 20", "de"),
        ("Created != 20", "abce"),
        ("end_time > 0", "bc"),
        ("end_time = 100", "b"),
        ("end_time != 100", "c"),
        # datasets
        ("datasets.name = 'flights'", "ab"),
        ("dataset.name != 'flights'", "c"),
        ("datasets.name LIKE 'F%'", ""),
        ("datasets.name ILIKE 'F%'", "ab"),
        ("datasets.name IN ('flights', 'Weather')", "abc"),
        ("datasets.name NOT IN ('flights')", "c"),
        ("datasets.digest = 'ffff'", "c"),
        ("datasets.digest LIKE 'a%'", "ab"),
        ("datasets.context = 'train'", "a"),
        ("datasets.name = 'flights' AND datasets.context = 'eval'", "b"),
        # several conditions
        ("metrics.x > 0 AND params.p = '1'", "a"),
        ("metrics.x > 0 and metrics.x < 2", "a"),
        ("params.p='1' AnD params.q='Alpha' AND tags.t='one' AND metrics.x=1 AND run_name='a'", "a"),
        ("params.p='1' AND params.p='1'", "a"),
        ("tags.t != 'one' AND tags.t != 'two'", "c"),
        ("params.q IS NULL AND tags.t IS NULL", "e"),
        ("tags.t='one'AND params.p='1'", "a"),
        ("  metrics.x \n >\t0   AND\n params.p = '1' ", "a"),
        # the original forgives these
        ("metrics.x > 0 AND", "abd"),
        ("AND metrics.x > 0", "abd"),
        ("metrics.x > 0 AND AND params.p = '1'", "a"),
        ("metrics.x > 0 params.p='1'", "a"),
    ],
)
def test_a_filter_finds(search, filter_string, expected):
    assert names(search(filter_string)) == expected


# --- filters that are refused


def test_a_value_is_found_whatever_its_length(client, experiment_id):
    values = ["", "x" * 255, "x" * 256, "x" * 257, "x" * 500, "ä" * 256, "ä" * 257]
    run_ids = [fill(client, experiment_id, "n", 1, (), {"p": value}, {"t": value}) for value in values]
    for value, run_id in zip(values, run_ids, strict=True):
        for name in ["params.p", "tags.t"]:
            found = client.search_runs([experiment_id], f"{name} = '{value}'")
            assert [run.info.run_id for run in found] == [run_id]
            others = client.search_runs([experiment_id], f"{name} != '{value}'")
            assert {run.info.run_id for run in others} == set(run_ids) - {run_id}


@pytest.mark.parametrize(
    ("filter_string", "message"),
    [
        ("metrics.x > 0 OR params.p = '1'", "Invalid clause(s) in filter string: 'OR'"),
        ("NOT metrics.x > 0", "Invalid clause(s) in filter string: 'NOT'"),
        ("(metrics.x > 0)", "Invalid clause(s) in filter string: '(metrics.x > 0)'"),
        ("params.p = '1' AND (params.q='A')", "Invalid clause(s) in filter string: '(params.q='A')'"),
        ("metrics.x", "Invalid clause(s) in filter string: 'metrics.x'"),
        ("metrics.x >", "Invalid clause(s) in filter string: 'metrics.x', '>'"),
        ("> 1", "Invalid clause(s) in filter string: "),
        ("metrics.x > +1", "Invalid clause(s) in filter string: "),
        ("metrics.x = 0x1", "Invalid clause(s) in filter string: "),
        ("metrics.x > 1 2", "Invalid clause(s) in filter string: '2'"),
        ("metrics.x BETWEEN 0 AND 1", "Invalid clause(s) in filter string: "),
        ("params.p = 'unclosed", "Invalid clause(s) in filter string: "),
        ("select * from runs", "Invalid clause(s) in filter string: "),
        ("-- comment", "Invalid clause(s) in filter string: "),
        ("metrics.x > 0 -- c", "Invalid clause(s) in filter string: "),
        ("/* c */ metrics.x > 0", "Invalid clause(s) in filter string: "),
        ("Run name = 'a'", "Invalid clause(s) in filter string: "),
        ("run_id IN ('a'", "Invalid clause(s) in filter string: "),
        ("run_id IN 'a'", "Invalid clause(s) in filter string: "),
        ("metrics.x > 0;", "Invalid clause(s) in filter string: ';'"),
        ("metrics.x > 0; metrics.x > 1", "Search filter contained multiple expression"),
        ("   ", "Invalid filter '   '. Could not be parsed."),
        ("1 < metrics.x", "Invalid comparison clause. Expected 'Identifier' found '1'"),
        ("count(metrics.x) > 1", "Invalid comparison clause. Expected 'Identifier' found 'count(metrics.x)'"),
        ("params.key-dash = 'x'", "Invalid comparison clause. Expected 'Identifier' found 'params.key-dash'"),
        ("params.a/b = 'x'", "Invalid comparison clause. Expected 'Identifier' found 'params.a/b'"),
        ("metrics.val-loss > 1", "Invalid comparison clause. Expected 'Identifier' found 'metrics.val-loss'"),
        ("foo.bar = 'x'", "Invalid entity type 'foo'. Valid values are ['metric', 'parameter', 'tag', 'attribute'"),
        ("METRICS.x > 0", "Invalid entity type 'METRICS'."),
        ("nosuch = 1", "Invalid attribute key 'nosuch' specified. Valid keys are "),
        ("attributes.nosuch = 'x'", "Invalid attribute key 'nosuch' specified."),
        ("lifecycle_stage = 'active'", "Invalid attribute key 'lifecycle_stage' specified."),
        ("datasets.foo = 'd'", "Invalid dataset key 'foo' specified."),
        ("metrics.x > '1'", "Expected numeric value type for metric. Found '1'"),
        ("metrics.x = NaN", "Expected numeric value type for metric. Found NaN"),
        ("metrics.x > metrics.x", "Expected numeric value type for metric. Found metrics.x"),
        ("start_time = '1'", "Expected numeric value type for numeric attribute: start_time. Found '1'"),
        ("metrics.x == 1", "Invalid comparator '==' not one of "),
        ("metrics.x <> 1", "Invalid comparator '<>' not one of "),
        ("metrics.x LIKE 1", "Invalid comparator 'LIKE' not one of "),
        ("params.p > '1'", "Invalid comparator '>' not one of "),
        ("params.q NOT LIKE 'a%'", "Invalid comparator 'NOT LIKE' not one of "),
        ("datasets.name > 'd'", "Invalid comparator '>' not one of "),
        ("params.p = 1", "Expected a quoted string value for parameter (e.g. 'my-value'). Got value 1"),
        ("params.q IN ('alpha')", "Expected a quoted string value for parameter (e.g. 'my-value'). Got value ('alpha')"),
        ("tags.t IN ('one')", "Expected a quoted string value for tag (e.g. 'my-value'). Got value ('one')"),
        ("tags.t = one", "Parameter value is either not quoted or unidentified quote types used for string value one."),
        ("tags.t = `one`", "unidentified quote types used for string value `one`."),
        ("status = 1", "Expected a quoted string value for attributes. Got value 1"),
        ("datasets.name = 1", "Expected a quoted string value for dataset attributes. Got value 1"),
        ("run_name IN ('a')", "Only ['run_id'] attributes support comparison with a list of quoted string values."),
        ("run_id IN ()", "expected a non-empty list of string values, but got empty list"),
        ("run_id IN (1)", "expected string value, punctuation, or whitespace, but got different type in list"),
        ("run_id IN ('a', 1)", "expected string value, punctuation, or whitespace, but got different type in list"),
        ("metrics.x IS NULL", "IS NULL / IS NOT NULL is only supported for tags and params, not for 'metric' 'x'"),
        ("run_name IS NULL", "only supported for tags and params, not for 'attribute' 'run_name'"),
    ],
)
def test_a_filter_is_refused(search, filter_string, message):
    answer = search(filter_string)
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert message in answer.message


@pytest.mark.parametrize(
    "filter_string",
    [
        "tags.t = '\\'",
        "tags.t = ''''",
        "tags.t = 'x' AND " * 20 + "tags.t = 'x'",
        pytest.param("tags.t = 'x' AND " * 200 + "tags.t = 'x'", marks=pytest.mark.ours),
        "params." + "k" * 5000 + " = 'x'",
        "params.p = '" + "v" * 50000 + "'",
        "tags.`a` = 'DROP TABLE runs'",
        "run_id IN (" + ",".join(f"'{i}'" for i in range(2000)) + ")",
        "metrics.x > 1e400",
        "tags.t LIKE '%%%%%%%%%%%%%%%%%%%%a'",
        "tags.t = '\u2028 \U0001f682'",
    ],
)
def test_odd_filters_do_no_harm(search, filter_string):
    assert search(filter_string).status in (200, 400)


@pytest.mark.ours
@pytest.mark.parametrize(
    "filter_string",
    ["(" * 10000, "tags.t = '\0'", "'" * 999, "`", "tags.", ".", "..", "metrics..x > 1", "run_id IN (" + "'a'," * 60000 + ")"],
)
def test_hostile_filters_are_refused_or_find_nothing(search, filter_string):
    answer = search(filter_string)
    assert answer.status == 400 or answer.body == {}


# --- order


@pytest.mark.parametrize(
    ("order_by", "expected"),
    [
        ([], "abcde"),
        (["start_time"], "edcba"),
        (["start_time ASC"], "edcba"),
        (["attributes.start_time DESC"], "abcde"),
        (["created"], "edcba"),
        (["run_name DESC"], "edcba"),
        (["tags.mlflow.runName desc"], "edcba"),
        (['"start_time"'], "edcba"),
        # numbers, then NaN, then nothing, whatever the direction
        (["metrics.x"], "abdce"),
        (["metrics.x ASC"], "abdce"),
        (["metric.x DESC"], "dbace"),
        (["metrics.`x`  DESC"], "dbace"),
        (["metrics.x\tDESC"], "dbace"),
        (["metrics.'x' DESC"], "dbace"),
        (["metrics.nan"], "abcde"),
        (["metrics.y.z"], "dabce"),
        (["metrics.nosuch DESC"], "abcde"),
        # text, and nothing last
        (["params.p"], "abcde"),
        (["params.p DESC"], "cbade"),
        (["param.q"], "dabce"),
        (["tags.t DESC"], "bcade"),
        (["tags.`sp ace`"], "abcde"),
        (["end_time"], "bcade"),
        (["end_time DESC"], "cbade"),
        (["status"], "bcade"),
        (["status DESC", "start_time ASC"], "edacb"),
        (["params.q", "start_time"], "dabec"),
        (["end_time DESC", "params.p DESC"], "cbade"),
        (["status", "metrics.x DESC"], "bcdae"),
    ],
)
def test_an_order(search, order_by, expected):
    assert names(search(order_by=order_by)) == expected


def test_equal_start_times_are_in_order_of_run_id(client, experiment_id):
    run_ids = [client.create_run(experiment_id, start_time=1).info.run_id for _ in range(6)]
    assert [run.info.run_id for run in client.search_runs([experiment_id])] == sorted(run_ids)


@pytest.mark.parametrize(
    ("order_by", "message"),
    [
        ("foo", "Invalid attribute key 'foo' specified."),
        ("lifecycle_stage", "Invalid attribute key 'lifecycle_stage' specified."),
        ("`Run name`", "Invalid attribute key 'Run name' specified."),
        ("foo.bar", "Invalid entity type 'foo'."),
        ("datasets.name", "Invalid identifier type 'dataset'"),
        ("metrics.x FOO", "Invalid ordering key in order_by clause 'metrics.x FOO'."),
        ("tags.sp ace", "Invalid ordering key in order_by clause 'tags.sp ace'."),
        ("metrics.x ASC DESC", "Invalid order_by clause 'metrics.x ASC DESC'. Could not be parsed."),
        ("metrics.x, params.p", "Invalid order_by clause 'metrics.x, params.p'. Could not be parsed."),
        ("", "Invalid order_by clause ''. Could not be parsed."),
    ],
)
def test_an_order_is_refused(search, order_by, message):
    answer = search(order_by=[order_by])
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert message in answer.message


@pytest.mark.ours
@pytest.mark.parametrize(
    "order_by", [["metrics.x", "metrics.x DESC"], ["metrics.x", "metric.x"], ["start_time", "created"]]
)
def test_an_order_that_names_a_key_twice_is_the_users_error(search, order_by):
    answer = search(order_by=order_by)
    assert answer.status == 400
    assert "`order_by` contains duplicate fields" in answer.message


# --- pages


@pytest.mark.parametrize("page", [1, 2, 3, 5, 6])
@pytest.mark.parametrize("order_by", [["metrics.x DESC"], ["params.p"], []])
def test_pages_put_together_are_the_whole(search, page, order_by):
    found, token = "", None
    while True:
        answer = search(order_by=order_by, max_results=page, page_token=token)
        found += names(answer)
        token = answer.body.get("next_page_token")
        if token is None:
            break
        assert len(answer.body["runs"]) == page
    assert found == names(search(order_by=order_by))


def test_a_page_token_holds_the_offset(search):
    token = search(max_results=2).body["next_page_token"]
    assert base64.b64decode(token) == b'{"offset": 2}'
    assert names(search(page_token=token)) == "cde"
    assert names(search(page_token="")) == "abcde"


def encoded(value):
    return base64.b64encode(json.dumps(value).encode()).decode()


@pytest.mark.parametrize(
    ("token", "message"),
    [
        ("x", "Invalid page token, could not base64-decode"),
        (base64.b64encode(b"nojson").decode(), "Invalid page token, decoded value="),
        (encoded({"x": 1}), "Invalid page token, parsed value="),
    ],
)
def test_a_bad_page_token_is_refused(search, token, message):
    answer = search(page_token=token)
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert message in answer.message


@pytest.mark.ours
@pytest.mark.parametrize("value", [[1], 1, None, "1", {"offset": "x"}, {"offset": -1}, {"offset": 1.5}, {"offset": 2**70}])
def test_a_page_token_of_another_kind_is_refused(search, value):
    assert search(page_token=encoded(value)).status == 400


@pytest.mark.parametrize(
    ("max_results", "message"),
    [
        (0, "Invalid value 0 for parameter 'max_results' supplied."),
        (-1, "Invalid value -1 for parameter 'max_results' supplied."),
        (50001, "Invalid value 50001 for parameter 'max_results' supplied"),
        ("x", "Invalid value \"x\" for parameter 'max_results' supplied"),
    ],
)
def test_a_bad_page_size_is_refused(search, max_results, message):
    answer = search(max_results=max_results)
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert message in answer.message


def test_a_page_size_may_be_50000_or_a_string(search):
    assert names(search(max_results=50000)) == "abcde"
    assert names(search(max_results="2")) == "ab"


# --- which runs are looked at


def test_the_view_type_chooses_active_deleted_or_all(client, experiment_id):
    kept, gone = (client.create_run(experiment_id).info.run_id for _ in range(2))
    client.delete_run(gone)

    def found(view):
        return {run.info.run_id for run in client.search_runs([experiment_id], run_view_type=view)}

    assert found(ViewType.ACTIVE_ONLY) == {kept}
    assert found(ViewType.DELETED_ONLY) == {gone}
    assert found(ViewType.ALL) == {kept, gone}


def test_no_view_type_means_active_runs(api, client, experiment_id):
    client.delete_run(client.create_run(experiment_id).info.run_id)
    assert api.post("runs/search", {"experiment_ids": [experiment_id]}).text == "{}"


@pytest.mark.parametrize("body", [{}, {"experiment_ids": []}, {"experiment_ids": None}, {"experiment_ids": ["987654321"]}])
def test_without_experiments_there_are_no_runs(api, body):
    answer = api.post("runs/search", body)
    assert (answer.status, answer.text) == (200, "{}")


@pytest.mark.parametrize(
    ("experiment_ids", "message"),
    [
        (["abc"], "Invalid experiment ID 'abc'. Experiment ID must be a valid integer."),
        ([""], "Invalid experiment ID ''. Experiment ID must be a valid integer."),
        ("0", "Invalid value \"0\" for parameter 'experiment_ids' supplied"),
    ],
)
def test_bad_experiment_ids_are_refused(api, experiment_ids, message):
    answer = api.post("runs/search", {"experiment_ids": experiment_ids})
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert message in answer.message


@pytest.mark.ours
def test_an_experiment_id_too_large_for_the_database_is_no_500(api):
    assert api.post("runs/search", {"experiment_ids": ["99999999999999999999"]}).status in (200, 400)


def test_several_experiments_are_searched_together_and_each_once(client, unique_name):
    ids = [client.create_experiment(unique_name(f"-{i}")) for i in range(3)]
    runs = [client.create_run(e, start_time=100 - i).info.run_id for i, e in enumerate(ids)]
    assert [run.info.run_id for run in client.search_runs(ids)] == runs
    assert [run.info.run_id for run in client.search_runs([ids[1], ids[1]])] == [runs[1]]
    assert [run.info.run_id for run in client.search_runs(ids[:2])] == runs[:2]


@pytest.mark.parametrize(("field", "value"), [("filter", 5), ("order_by", "metrics.x")])
def test_a_field_of_the_wrong_type_is_named(api, experiment_id, field, value):
    answer = api.post("runs/search", {"experiment_ids": [experiment_id], field: value})
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert f"for parameter '{field}' supplied" in answer.message


# --- what comes back


def test_found_runs_carry_everything_in_the_same_shape_as_get(api, search, world):
    [found] = search("run_name = 'a'").body["runs"]
    run = api.get("runs/get", {"run_id": world[1]["a"]}).body["run"]
    assert list(found) == list(run) == ["info", "data", "inputs", "outputs"]
    assert found["info"] == run["info"]
    assert found["inputs"] == run["inputs"]
    assert sorted(found["data"]["params"], key=str) == sorted(run["data"]["params"], key=str)
    assert sorted(found["data"]["metrics"], key=str) == sorted(run["data"]["metrics"], key=str)
    assert sorted(found["data"]["tags"], key=str) == sorted(run["data"]["tags"], key=str)


def test_an_answer_is_pretty_printed_with_the_token_last(search):
    answer = search(max_results=1)
    assert json.dumps(answer.body, indent=2, ensure_ascii=True) == answer.text
    assert list(answer.body) == ["runs", "next_page_token"]


def test_search_runs_as_pandas(tracking, world):
    frame = mlflow.search_runs([world[0]], order_by=["start_time DESC"])
    assert list(frame["tags.mlflow.runName"]) == list("abcde")
    assert frame["metrics.x"].tolist()[:2] == [1.0, 2.0]
    assert np.isnan(frame["metrics.x"][2]) and np.isnan(frame["metrics.x"][4])
    assert list(frame["params.p"])[:3] == ["1", "10", "2"]
    assert frame["params.p"].isna().tolist() == [False, False, False, True, True]
    assert list(frame["status"]) == ["RUNNING", "FAILED", "FINISHED", "RUNNING", "RUNNING"]
    assert str(frame["start_time"].dtype).endswith("UTC]")


def test_search_runs_as_pandas_reads_all_pages(tracking, client, experiment_id):
    for i in range(25):
        client.create_run(experiment_id, start_time=i + 1)
    assert len(mlflow.search_runs([experiment_id], max_results=7)) == 7
    assert len(mlflow.search_runs([experiment_id])) == 25
    assert len(mlflow.search_runs([experiment_id], "start_time >= 21")) == 5


def test_search_runs_as_a_list(tracking, world):
    found = mlflow.search_runs([world[0]], "metrics.x > 1", output_format="list")
    assert [run.info.run_name for run in found] == ["b", "d"]

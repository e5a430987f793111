"""Searching logged models: the filter grammar, metrics scoped by datasets, order, pages.

Five models stand in one experiment, created in this order (the default order is the reverse):

    name   params.lr  tags.team  model_type  metrics.acc (dataset, in order of time)
    ant    0.1        x          tree        0.5 (-), 0.8 (train/1), 0.1 (test/2)
    bee    0.01       y          tree        0.9 (-), 0.6 (train/1)
    cat    -          -          (empty)     -
    dog    0.1        X          tree        NaN (-)
    elk    -          -          net         0.7 (train/2)

Answers are spelt as the initials of the models found.
"""

import base64
import json
import time

import mlflow
import pandas as pd
import pytest
from conftest import Api
from mlflow.exceptions import MlflowException

MODELS = {
    "ant": ("0.1", "x", "tree", [(0.5, None), (0.8, ("train", "1")), (0.1, ("test", "2"))]),
    "bee": ("0.01", "y", "tree", [(0.9, None), (0.6, ("train", "1"))]),
    "cat": (None, None, "", []),
    "dog": ("0.1", "X", "tree", [("NaN", None)]),
    "elk": (None, None, "net", [(0.7, ("train", "2"))]),
}


class Zoo:
    """The experiment of this file, and searches in it."""

    def __init__(self, api, experiment_id, run_id, ids):
        self.api, self.experiment_id, self.run_id, self.ids = api, experiment_id, run_id, ids

    def answer(self, **request):
        return self.api.post(
            "logged-models/search", {"experiment_ids": [self.experiment_id], **request}
        )

    def initials(self, **request):
        answer = self.answer(**request)
        assert answer.status == 200, answer.text
        return "".join(model["info"]["name"][0] for model in answer.body.get("models", []))

    def refusal(self, **request):
        answer = self.answer(**request)
        assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE"), answer.text
        return answer.message


@pytest.fixture(scope="module")
def zoo(server):
    api = Api(server.url)
    client = mlflow.MlflowClient(server.url)
    experiment_id = client.create_experiment(f"zoo-{time.time_ns()}")
    run_id = client.create_run(experiment_id).info.run_id
    ids = {name: create(api, experiment_id, run_id, name, *parts) for name, parts in MODELS.items()}
    return Zoo(api, experiment_id, run_id, ids)


def create(api, experiment_id, run_id, name, lr, team, model_type, points):
    body = {"experiment_id": experiment_id, "name": name, "model_type": model_type}
    body["params"] = [{"key": "lr", "value": lr}] if lr else []
    body["tags"] = [{"key": "team", "value": team}] if team else []
    info = api.post("logged-models", body).body["model"]["info"]
    for step, (value, dataset) in enumerate(points):
        point = {"key": "acc", "value": value, "timestamp": step + 1, "step": step}
        if dataset:
            point |= {"dataset_name": dataset[0], "dataset_digest": dataset[1]}
        point |= {"run_id": run_id, "model_id": info["model_id"]}
        assert api.post("runs/log-metric", point).status == 200
    time.sleep(0.002)  # The next model must not be created in the same millisecond.
    return info["model_id"]


class TestAttributes:
    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("name = 'ant'", "a"),
            ("name = 'ANT'", ""),
            ("name != 'ant'", "edcb"),
            ("attributes.name = 'bee'", "b"),
            ("name LIKE 'a%'", "a"),
            ("name LIKE 'A%'", ""),
            ("name LIKE '_n_'", "a"),
            ("name ILIKE 'A%'", "a"),
            ("name IN ('ant', 'bee')", "ba"),
            ("name IN ('ant')", "a"),
            ("name IN (  'ant' , 'bee' )", "ba"),
            ("name NOT IN ('ant', 'bee')", "edc"),
            ("model_type = 'tree'", "dba"),
            ("attributes.model_type = ''", "c"),
            ("source_run_id = ''", "edcba"),
            ("artifact_location LIKE '%/models/%'", "edcba"),
            ("lifecycle_stage = 'active'", "edcba"),
            ("status = 1", "edcba"),
            ("status = '2'", ""),
            ("creation_timestamp > 0", "edcba"),
            ("creation_time > 0", "edcba"),
            ("attributes.creation_timestamp_ms > 0", "edcba"),
            ("last_updated_timestamp > 0", "edcba"),
            ("creation_timestamp > 1 AND creation_timestamp < 99999999999999", "edcba"),
            ("creation_timestamp < 1", ""),
        ],
    )
    def test_attributes_are_compared(self, zoo, text, found):
        assert zoo.initials(filter=text) == found

    def test_a_model_is_found_by_its_id(self, zoo):
        assert zoo.initials(filter=f"model_id = '{zoo.ids['cat']}'") == "c"
        assert zoo.initials(filter=f"attributes.model_id IN ('{zoo.ids['dog']}')") == "d"

    def test_the_time_of_creation_is_exact(self, zoo):
        [model] = zoo.answer(filter="name = 'cat'").body["models"]
        created = model["info"]["creation_timestamp_ms"]
        assert zoo.initials(filter=f"creation_timestamp = {created}") == "c"
        assert zoo.initials(filter=f"creation_timestamp >= {created}") == "edc"
        assert zoo.initials(filter=f"creation_timestamp < {created}") == "ba"


class TestMetrics:
    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("metrics.acc > 0.65", "eba"),
            ("metrics.acc >= 0.9", "b"),
            ("metrics.acc = 0.5", "a"),
            ("metrics.acc < 0.3", "da"),
            ("metrics.acc <= 0.1", "da"),
            ("metrics.acc != 0.7", "dba"),
            ("metrics.`acc` > 0.85", "b"),
            ("metrics.acc>0.85", "b"),
            ("metrics.acc > 85e-2", "b"),
            ("metrics.acc > -1", "edba"),
            ("metrics.nope > 0", ""),
        ],
    )
    def test_any_logged_point_may_satisfy_a_condition(self, zoo, text, found):
        assert zoo.initials(filter=text) == found

    def test_two_conditions_may_be_satisfied_by_two_points(self, zoo):
        assert zoo.initials(filter="metrics.acc > 0.75 AND metrics.acc < 0.2") == "a"

    def test_a_value_that_is_not_a_number_counts_as_zero(self, zoo):
        assert zoo.initials(filter="metrics.acc = 0") == "d"


class TestParamsAndTags:
    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("params.lr = '0.1'", "da"),
            ("params.lr = 0.1", "da"),
            ("params.`lr` = '0.1'", "da"),
            ("params.lr != '0.1'", "b"),
            ("params.lr LIKE '0.%'", "dba"),
            ("params.lr ILIKE '0.0%'", "b"),
            ("params.lr IN ('0.1')", "da"),
            ("params.lr NOT IN ('0.1')", "b"),
            ("params.nope = '0.1'", ""),
            ("tags.team = 'x'", "a"),
            ("tags.team != 'x'", "db"),
            ("tags.team LIKE 'x'", "a"),
            ("tags.team ILIKE 'x'", "da"),
            ("tags.team IN ('x', 'y')", "ba"),
            ("tags.team in ('x')", "a"),
            ("tags.team like 'x'", "a"),
        ],
    )
    def test_only_models_that_have_the_key_are_compared(self, zoo, text, found):
        assert zoo.initials(filter=text) == found

    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("tags.team = 'x' AND params.lr = '0.1'", "a"),
            ("tags.team = 'x' and params.lr = '0.1'", "a"),
            ("tags.team = 'x' AND tags.team = 'y'", ""),
            ("params.lr = '0.1'\tAND\nmodel_type = 'tree'", "da"),
            ("params.lr LIKE '0%' AND tags.team ILIKE 'x' AND name != 'ant'", "d"),
            ("metrics.acc > 0.6 AND params.lr LIKE '%' AND model_type = 'tree'", "ba"),
        ],
    )
    def test_conditions_are_joined_by_and(self, zoo, text, found):
        assert zoo.initials(filter=text) == found

    @pytest.mark.parametrize(
        "value", ["'; DROP TABLE logged_models", "x' OR '1'='1", "%", "_", "\\", "日本"]
    )
    def test_values_are_only_values(self, zoo, value):
        quoted = value.replace("'", "''")
        assert zoo.answer(filter=f"tags.team = '{quoted}'").status in (200, 400)
        assert zoo.initials() == "edcba"


class TestBadFilters:
    @pytest.mark.parametrize(
        "text",
        [
            "tags.team = 'x' OR tags.team = 'y'",
            "(tags.team = 'x')",
            "NOT tags.team = 'x'",
            "name BETWEEN 'a' AND 'b'",
            "tags.team",
            "tags.team =",
            "bad",
            "= 'x'",
        ],
    )
    def test_only_comparisons_are_understood(self, zoo, text):
        assert zoo.refusal(filter=text) == (
            f"Invalid filter string: {text!r}. Expected a list of comparisons separated by 'AND' "
            "(e.g. 'metrics.loss > 0.1 AND params.lr = 0.01')."
        )

    @pytest.mark.parametrize("text", ["name = 'a'; name = 'b'", "  "])
    def test_only_one_expression_is_understood(self, zoo, text):
        assert zoo.refusal(filter=text) == (
            f"Invalid filter string: {text!r}. Expected a single SQL expression."
        )

    @pytest.mark.parametrize("kind", ["metric", "param", "parameters", "tag", "attribute", "datasets"])
    def test_only_four_kinds_of_things_are_known(self, zoo, kind):
        assert zoo.refusal(filter=f"{kind}.x = 'x'") == (
            f"Invalid entity type: '{kind}'. "
            "Expected one of ['attributes', 'metrics', 'params', 'tags']."
        )

    @pytest.mark.parametrize(
        ("text", "thing", "operator"),
        [
            ("metrics.acc LIKE 'x'", "metrics.acc", "LIKE"),
            ("metrics.acc IN (1)", "metrics.acc", "IN"),
            ("creation_timestamp LIKE 'x'", "attributes.creation_timestamp_ms", "LIKE"),
        ],
    )
    def test_numbers_are_compared_as_numbers(self, zoo, text, thing, operator):
        assert zoo.refusal(filter=text) == (
            f"Invalid comparison operator for {thing}: '{operator}'. "
            "Expected one of ('<', '<=', '>', '>=', '=', '!=')."
        )

    @pytest.mark.parametrize(
        ("text", "thing", "operator"),
        [
            ("params.lr > '0'", "params.lr", ">"),
            ("tags.team == 'x'", "tags.team", "=="),
            ("tags.team <> 'x'", "tags.team", "<>"),
            ("attributes.name < 'x'", "attributes.name", "<"),
        ],
    )
    def test_texts_are_compared_as_texts(self, zoo, text, thing, operator):
        assert zoo.refusal(filter=text) == (
            f"Invalid comparison operator for {thing}: '{operator}'. "
            "Expected one of ('=', '!=', 'LIKE', 'ILIKE', 'IN', 'NOT IN')."
        )

    @pytest.mark.parametrize("text", ["metrics.acc IS NULL", "params.lr IS NOT NULL"])
    def test_null_is_not_asked_for(self, zoo, text):
        assert zoo.refusal(filter=text).startswith("Invalid comparison")

    @pytest.mark.ours
    @pytest.mark.parametrize(
        "text",
        ["nosuch = 'x'", "attributes.nosuch = 'x'", "NAME = 'x'", "metadata = 'x'", "artifact_uri = 'x'"],
    )
    def test_an_unknown_attribute_is_named(self, zoo, text):
        assert text.split(" ")[0].removeprefix("attributes.") in zoo.refusal(filter=text)

    @pytest.mark.ours
    @pytest.mark.parametrize(
        "text", ["metrics.acc > '0.5'", "metrics.acc > abc", "creation_timestamp = 'abc'", "'x' = tags.team"]
    )
    def test_a_metric_is_compared_with_a_number(self, zoo, text):
        zoo.refusal(filter=text)


class TestDatasets:
    @pytest.mark.parametrize(
        ("text", "datasets", "found"),
        [
            ("metrics.acc > 0", ["train/1"], "ba"),
            ("metrics.acc > 0.7", ["train/1"], "a"),
            ("metrics.acc > 0.7", ["test/2"], ""),
            ("metrics.acc > 0.65", ["train/1", "train/2"], "ea"),
            ("metrics.acc < 0.2", ["train/1", "test/2"], "a"),
            ("metrics.acc > 0", ["nope/1"], ""),
            ("", ["train/1"], "ba"),
            ("", ["train/1", "train/2"], "eba"),
            ("name = 'ant'", ["test/2"], "a"),
            ("name = 'bee'", ["test/2"], ""),
        ],
    )
    def test_metrics_are_scoped_by_datasets(self, zoo, text, datasets, found):
        pairs = [dataset.split("/") for dataset in datasets]
        scope = [{"dataset_name": name, "dataset_digest": digest} for name, digest in pairs]
        assert zoo.initials(filter=text, datasets=scope) == found

    @pytest.mark.parametrize("dataset", [{}, {"dataset_digest": "1"}, {"dataset_name": ""}])
    def test_a_dataset_needs_a_name(self, zoo, dataset):
        assert zoo.refusal(datasets=[dataset]) == (
            "`dataset_name` in the `datasets` clause must be specified."
        )

    def test_datasets_must_be_a_list(self, zoo):
        assert zoo.refusal(datasets="x").startswith("Invalid value \"x\" for parameter 'datasets'")


class TestOrder:
    @pytest.mark.parametrize(
        ("order", "found"),
        [
            ([], "edcba"),
            ([{"field_name": "name"}], "abcde"),
            ([{"field_name": "name", "ascending": False}], "edcba"),
            ([{"field_name": "creation_timestamp"}], "abcde"),
            ([{"field_name": "creation_time", "ascending": True}], "abcde"),
            ([{"field_name": "last_updated_timestamp"}], "abcde"),
            ([{"field_name": "model_type"}, {"field_name": "name"}], "ceabd"),
            ([{"field_name": "model_type", "ascending": False}], "dbaec"),
            ([{"field_name": "name"}, {"field_name": "name"}], "abcde"),
        ],
    )
    def test_by_attributes(self, zoo, order, found):
        assert zoo.initials(order_by=order) == found

    @pytest.mark.parametrize(
        ("fields", "found"),
        [
            ({}, "dabec"),
            ({"ascending": False}, "ebadc"),
            ({"dataset_name": "train"}, "beadc"),
            ({"dataset_name": "train", "ascending": False}, "aebdc"),
            ({"dataset_name": "train", "dataset_digest": "1"}, "baedc"),
            ({"dataset_digest": "2"}, "aedcb"),
            ({"dataset_name": "nope"}, "edcba"),
        ],
    )
    def test_by_the_latest_metric_with_the_missing_last(self, zoo, fields, found):
        assert zoo.initials(order_by=[{"field_name": "metrics.acc", **fields}]) == found

    def test_by_a_metric_nobody_has(self, zoo):
        assert zoo.initials(order_by=[{"field_name": "metrics.nope"}]) == "edcba"

    def test_filter_and_order_together(self, zoo):
        order = [{"field_name": "metrics.acc", "ascending": False}]
        assert zoo.initials(filter="model_type = 'tree'", order_by=order) == "bad"

    def test_by_id(self, zoo):
        found = zoo.answer(order_by=[{"field_name": "model_id"}]).body["models"]
        assert [model["info"]["model_id"] for model in found] == sorted(zoo.ids.values())

    @pytest.mark.parametrize("field", ["params.lr", "tags.team", "attributes.name"])
    def test_other_things_than_metrics_are_refused(self, zoo, field):
        assert zoo.refusal(order_by=[{"field_name": field}]) == (
            f"Invalid order by field name: {field}. Only metrics are supported."
        )

    @pytest.mark.parametrize("field", ["nosuch", "NAME", ""])
    def test_an_unknown_attribute_is_refused(self, zoo, field):
        message = zoo.refusal(order_by=[{"field_name": field}])
        assert message == f"Invalid order by field name: {field}"

    @pytest.mark.ours
    @pytest.mark.parametrize("field", ["metadata", "tags", "ALIASES", "metrics"])
    def test_what_is_no_column_is_refused(self, zoo, field):
        assert field in zoo.refusal(order_by=[{"field_name": field}])


class TestPages:
    def pages(self, zoo, **request):
        found, token = [], None
        while True:
            page = zoo.answer(**request, **({"page_token": token} if token else {})).body
            found.append("".join(model["info"]["name"][0] for model in page["models"]))
            token = page.get("next_page_token")
            if not token:
                return found

    @pytest.mark.parametrize(
        ("size", "found"), [(1, list("edcba")), (2, ["ed", "cb", "a"]), (4, ["edcb", "a"]), (5, ["edcba"])]
    )
    def test_pages_follow_one_another(self, zoo, size, found):
        assert self.pages(zoo, max_results=size) == found

    def test_pages_keep_filter_and_order(self, zoo):
        request = {
            "filter": "metrics.acc > -1",
            "order_by": [{"field_name": "metrics.acc", "ascending": False}],
            "max_results": 3,
        }
        assert self.pages(zoo, **request) == ["eba", "d"]

    def test_the_size_of_a_page_may_change(self, zoo):
        token = zoo.answer(max_results=2).body["next_page_token"]
        assert zoo.initials(max_results=1, page_token=token) == "c"
        assert zoo.initials(page_token=token) == "cba"

    def test_the_token_is_the_one_of_the_stock_server(self, zoo):
        token = zoo.answer(max_results=2).body["next_page_token"]
        expected = {
            "experiment_ids": [zoo.experiment_id],
            "filter_string": None,
            "order_by": None,
            "offset": 2,
        }
        assert base64.b64decode(token).decode() == json.dumps(expected)

    @pytest.mark.parametrize(
        ("change", "complaint"),
        [
            ({"filter": "name = 'ant'"}, "Filter string in the page token does not match"),
            ({"order_by": [{"field_name": "name"}]}, "Order by in the page token does not match"),
            ({"experiment_ids": ["0"]}, "Experiment IDs in the page token do not match"),
        ],
    )
    def test_a_token_belongs_to_its_search(self, zoo, change, complaint):
        token = zoo.answer(max_results=2).body["next_page_token"]
        assert zoo.refusal(page_token=token, **change).startswith(complaint)

    def test_a_token_of_nonsense_is_refused(self, zoo):
        assert zoo.refusal(page_token="!!!!").startswith("Invalid page token: !!!!")

    @pytest.mark.ours
    @pytest.mark.parametrize("token", ["xx", "//4=", "W10=", "MQ==", "bnVsbA=="])
    def test_other_nonsense_is_refused_too(self, zoo, token):
        zoo.refusal(page_token=token)

    @pytest.mark.ours
    @pytest.mark.parametrize("size", [-1, 2**31])
    def test_the_size_of_a_page_has_bounds(self, zoo, size):
        assert zoo.answer(max_results=size).status in (200, 400)
        if size < 0:
            zoo.refusal(max_results=size)

    @pytest.mark.parametrize("size", [0, 100, 1000, "5"])
    def test_large_and_unset_sizes_show_all(self, zoo, size):
        assert zoo.initials(max_results=size) == "edcba"

    def test_a_size_must_be_a_number(self, zoo):
        assert zoo.refusal(max_results="x").startswith("Invalid value \"x\" for parameter 'max_results'")


class TestExperiments:
    @pytest.mark.parametrize("ids", [[], ["999999"]])
    def test_nothing_found_is_an_empty_object(self, zoo, ids):
        assert zoo.answer(experiment_ids=ids).text == "{}"

    def test_several_experiments_are_searched_together(self, zoo, client, unique_name):
        other = client.create_experiment(unique_name())
        client.create_logged_model(other, name="zebra")
        assert zoo.initials(experiment_ids=[zoo.experiment_id, other, "999999"]) == "zedcba"

    def test_experiments_are_required(self, api):
        answer = api.post("logged-models/search", {})
        assert answer.status == 400
        assert answer.message.startswith("Missing value for required parameter 'experiment_ids'.")

    @pytest.mark.parametrize(
        ("ids", "complaint"),
        [
            (["abc"], "Invalid experiment ID 'abc'. Experiment ID must be a valid integer."),
            ("1", "Invalid value \"1\" for parameter 'experiment_ids' supplied"),
            ([1], "Invalid value [1] for parameter 'experiment_ids' supplied"),
        ],
    )
    def test_ids_of_experiments_are_texts_of_numbers(self, zoo, ids, complaint):
        assert zoo.refusal(experiment_ids=ids).startswith(complaint)

    def test_a_found_model_is_shown_as_get_shows_it(self, zoo):
        [found] = zoo.answer(filter="name = 'bee'").body["models"]
        assert found == zoo.api.get(f"logged-models/{zoo.ids['bee']}").body["model"]


class TestClients:
    @pytest.fixture(autouse=True)
    def _tracked(self, tracking):
        """The fluent functions below speak to the server."""

    def test_a_list_of_models(self, zoo):
        found = mlflow.search_logged_models(
            [zoo.experiment_id],
            filter_string="metrics.acc > 0.65",
            order_by=[{"field_name": "metrics.acc", "ascending": False}],
            output_format="list",
        )
        assert [model.name for model in found] == ["elk", "bee", "ant"]
        assert found[1].params == {"lr": "0.01"}
        assert {(m.value, m.dataset_name) for m in found[1].metrics} == {(0.9, None), (0.6, "train")}

    def test_a_frame_of_models(self, zoo):
        found = mlflow.search_logged_models([zoo.experiment_id], order_by=[{"field_name": "name"}])
        assert isinstance(found, pd.DataFrame)
        assert list(found["name"]) == list(MODELS)
        assert {"model_id", "experiment_id", "status", "params", "metrics", "tags"} <= set(found.columns)

    def test_datasets_scope_metrics(self, zoo):
        found = mlflow.search_logged_models(
            [zoo.experiment_id],
            filter_string="metrics.acc > 0.7",
            datasets=[{"dataset_name": "train", "dataset_digest": "1"}],
            output_format="list",
        )
        assert [model.name for model in found] == ["ant"]

    def test_max_results_stops_the_paging(self, zoo):
        found = mlflow.search_logged_models(
            [zoo.experiment_id], max_results=2, output_format="list"
        )
        assert [model.name for model in found] == ["elk", "dog"]

    def test_pages_are_followed(self, zoo, client):
        first = client.search_logged_models([zoo.experiment_id], max_results=3)
        second = client.search_logged_models(
            [zoo.experiment_id], max_results=3, page_token=first.token
        )
        assert [model.name for model in first + second] == ["elk", "dog", "cat", "bee", "ant"]
        assert second.token is None

    def test_a_bad_filter_is_reported(self, zoo, client):
        with pytest.raises(MlflowException, match="Invalid filter string"):
            client.search_logged_models([zoo.experiment_id], filter_string="a OR b")


def test_a_page_holds_fifty_models_unless_asked_otherwise(api, experiment_id):
    for index in range(52):
        api.post("logged-models", {"experiment_id": experiment_id, "name": f"m{index}"})

    def size(**request):
        answer = api.post("logged-models/search", {"experiment_ids": [experiment_id], **request})
        return len(answer.body["models"])

    assert (size(), size(max_results=51), size(max_results=0)) == (50, 51, 52)

"""Datasets as inputs of runs: what is stored once, what belongs to the run, what is searched."""

import mlflow
import pandas as pd
import pytest
from mlflow.entities import Dataset, DatasetInput, InputTag
from mlflow.exceptions import MlflowException

SEARCH = "/ajax-api/2.0/mlflow/experiments/search-datasets"


@pytest.fixture
def run_id(client, experiment_id):
    return client.create_run(experiment_id).info.run_id


def dataset(**fields):
    return {"name": "d", "digest": "1", "source_type": "local", "source": "{}", **fields}


def context(value):
    return [{"key": "mlflow.data.context", "value": value}]


def log(api, run_id, *datasets):
    return api.post("runs/log-inputs", {"run_id": run_id, "datasets": list(datasets)})


def logged(api, run_id):
    return api.get("runs/get", {"run_id": run_id}).body["run"]["inputs"].get("dataset_inputs", [])


def summaries(api, *experiment_ids):
    return api.post(SEARCH, {"experiment_ids": experiment_ids})


class TestLogging:
    def test_a_dataset_is_shown_with_its_run(self, api, run_id):
        full = dataset(schema='{"a": 1}', profile='{"rows": 3}')
        answer = log(api, run_id, {"dataset": full, "tags": context("train")})
        assert (answer.status, answer.text) == (200, "{}")
        [shown] = logged(api, run_id)
        assert shown == {"tags": context("train"), "dataset": full}
        assert list(shown["dataset"]) == ["name", "digest", "source_type", "source", "schema", "profile"]

    def test_what_was_not_given_is_absent(self, api, run_id):
        log(api, run_id, {"dataset": dataset()})
        assert logged(api, run_id) == [{"dataset": dataset()}]

    def test_datasets_keep_all_their_tags(self, api, run_id):
        tags = [{"key": "a", "value": "1"}, {"key": "b", "value": ""}]
        log(api, run_id, {"dataset": dataset(), "tags": tags})
        [shown] = logged(api, run_id)
        assert sorted(shown["tags"], key=lambda tag: tag["key"]) == tags

    def test_the_same_dataset_on_the_same_run_is_logged_once(self, api, run_id):
        log(api, run_id, {"dataset": dataset(), "tags": context("train")})
        log(api, run_id, {"dataset": dataset(), "tags": context("test")})
        assert logged(api, run_id) == [{"tags": context("train"), "dataset": dataset()}]

    def test_the_first_of_two_equal_datasets_in_a_request_wins(self, api, run_id):
        log(
            api,
            run_id,
            {"dataset": dataset(), "tags": context("first")},
            {"dataset": dataset(), "tags": context("second")},
        )
        assert logged(api, run_id) == [{"tags": context("first"), "dataset": dataset()}]

    def test_name_and_digest_decide_what_a_dataset_is(self, api, client, experiment_id, run_id):
        other_run = client.create_run(experiment_id).info.run_id
        log(api, run_id, {"dataset": dataset(schema="first")})
        log(api, other_run, {"dataset": dataset(schema="second", source="elsewhere")})
        assert logged(api, other_run) == logged(api, run_id) == [{"dataset": dataset(schema="first")}]

    def test_another_digest_is_another_dataset(self, api, run_id):
        log(api, run_id, {"dataset": dataset(digest="1")}, {"dataset": dataset(digest="2")})
        assert sorted(shown["dataset"]["digest"] for shown in logged(api, run_id)) == ["1", "2"]

    def test_experiments_do_not_share_datasets(self, api, client, experiment_id, run_id, unique_name):
        elsewhere = client.create_run(client.create_experiment(unique_name("-b"))).info.run_id
        log(api, run_id, {"dataset": dataset(schema="here")})
        log(api, elsewhere, {"dataset": dataset(schema="there")})
        assert logged(api, elsewhere) == [{"dataset": dataset(schema="there")}]

    def test_many_datasets_fit_in_a_request(self, api, run_id):
        log(api, run_id, *({"dataset": dataset(name=f"d{i}")} for i in range(200)))
        assert len(logged(api, run_id)) == 200

    @pytest.mark.parametrize("body", [{}, {"datasets": []}])
    def test_no_datasets_are_no_change(self, api, run_id, body):
        answer = api.post("runs/log-inputs", {"run_id": run_id, **body})
        assert (answer.status, answer.text) == (200, "{}")
        assert logged(api, run_id) == []

    def test_searched_runs_show_their_datasets(self, api, client, experiment_id, run_id):
        log(api, run_id, {"dataset": dataset(), "tags": context("train")})
        [run] = client.search_runs([experiment_id])
        assert run.inputs.dataset_inputs[0].dataset.digest == "1"
        assert run.inputs.dataset_inputs[0].tags == [InputTag("mlflow.data.context", "train")]

    def test_runs_are_searched_by_their_datasets(self, api, client, experiment_id, run_id):
        client.create_run(experiment_id)
        log(api, run_id, {"dataset": dataset(), "tags": context("train")})
        for condition in ("name = 'd'", "digest = '1'", "context = 'train'"):
            [run] = client.search_runs([experiment_id], f"dataset.{condition}")
            assert run.info.run_id == run_id
        assert client.search_runs([experiment_id], "dataset.context = 'test'") == []


class TestLimits:
    LIMITS = {"name": 500, "digest": 36, "source": 65_535, "schema": 1_048_575}

    @pytest.mark.parametrize(("field", "limit"), LIMITS.items(), ids=LIMITS)
    def test_a_text_at_its_limit_is_kept_whole(self, api, run_id, field, limit):
        assert log(api, run_id, {"dataset": dataset(**{field: "x" * limit})}).status == 200
        assert logged(api, run_id)[0]["dataset"][field] == "x" * limit

    @pytest.mark.parametrize(
        ("field", "limit"), [*LIMITS.items(), ("profile", 16_777_215)], ids=[*LIMITS, "profile"]
    )
    def test_a_text_over_its_limit_is_refused(self, api, run_id, field, limit):
        answer = log(api, run_id, {"dataset": dataset(**{field: "x" * (limit + 1)})})
        assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
        assert answer.message == f"'{field}' exceeds the maximum length of {limit} characters"
        assert logged(api, run_id) == []

    def test_limits_count_characters_not_bytes(self, api, run_id):
        assert log(api, run_id, {"dataset": dataset(name="ü" * 500)}).status == 200

    @pytest.mark.parametrize(("field", "limit"), [("key", 255), ("value", 500)])
    def test_a_tag_over_its_limit_is_refused(self, api, run_id, field, limit):
        tag = {"key": "k", "value": "v", field: "x" * (limit + 1)}
        answer = log(api, run_id, {"dataset": dataset(), "tags": [tag]})
        assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
        assert answer.message == f"'{field}' exceeds the maximum length of {limit} characters"

    def test_a_tag_at_its_limits_is_kept_whole(self, api, run_id):
        tag = {"key": "k" * 255, "value": "v" * 500}
        log(api, run_id, {"dataset": dataset(), "tags": [tag]})
        assert logged(api, run_id)[0]["tags"] == [tag]

    def test_one_bad_dataset_refuses_the_whole_request(self, api, run_id):
        answer = log(api, run_id, {"dataset": dataset()}, {"dataset": dataset(name="n" * 501)})
        assert answer.status == 400
        assert logged(api, run_id) == []

    def test_a_tag_given_twice_is_refused(self, api, run_id):
        tags = [{"key": "k", "value": "1"}, {"key": "k", "value": "2"}]
        answer = log(api, run_id, {"dataset": dataset(), "tags": tags})
        assert (answer.status, answer.code) == (400, "BAD_REQUEST")
        assert logged(api, run_id) == []


class TestErrors:
    def test_a_run_must_be_named(self, api):
        answer = api.post("runs/log-inputs", {"datasets": []})
        assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
        assert answer.message.startswith("Missing value for required parameter 'run_id'.")

    def test_an_unknown_run_is_not_found(self, api):
        answer = log(api, "0" * 32, {"dataset": dataset()})
        assert (answer.status, answer.code) == (404, "RESOURCE_DOES_NOT_EXIST")
        assert answer.message == f"Run with id={'0' * 32} not found"

    def test_a_run_id_that_is_none_is_refused(self, api):
        answer = log(api, "../x", {"dataset": dataset()})
        assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
        assert answer.message == "Invalid value \"../x\" for parameter 'run_id' supplied."

    def test_datasets_must_be_a_list(self, api, run_id):
        answer = api.post("runs/log-inputs", {"run_id": run_id, "datasets": "x"})
        assert answer.status == 400
        assert answer.message.startswith("Invalid value \"x\" for parameter 'datasets' supplied")

    def test_a_deleted_run_takes_no_datasets(self, api, client, run_id):
        client.delete_run(run_id)
        answer = log(api, run_id, {"dataset": dataset()})
        assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
        assert answer.message == (
            f"The run {run_id} must be in the 'active' state. Current state is deleted."
        )


class TestSearching:
    def test_every_dataset_and_context_is_one_summary(self, api, client, experiment_id, run_id):
        second = client.create_run(experiment_id).info.run_id
        log(api, run_id, {"dataset": dataset(), "tags": context("train")}, {"dataset": dataset(name="e")})
        log(api, second, {"dataset": dataset(), "tags": context("test")})
        third = client.create_run(experiment_id).info.run_id
        log(api, third, {"dataset": dataset(), "tags": context("test")})
        found = summaries(api, experiment_id).body["dataset_summaries"]
        assert sorted(found, key=str) == sorted(
            [
                {"experiment_id": experiment_id, "name": "d", "digest": "1", "context": "train"},
                {"experiment_id": experiment_id, "name": "d", "digest": "1", "context": "test"},
                {"experiment_id": experiment_id, "name": "e", "digest": "1"},
            ],
            key=str,
        )

    def test_only_the_asked_experiments_are_searched(self, api, client, experiment_id, run_id, unique_name):
        log(api, run_id, {"dataset": dataset()})
        other = client.create_experiment(unique_name("-b"))
        log(api, client.create_run(other).info.run_id, {"dataset": dataset(name="other")})
        assert [s["name"] for s in summaries(api, other).body["dataset_summaries"]] == ["other"]
        both = summaries(api, experiment_id, other).body["dataset_summaries"]
        assert sorted(s["name"] for s in both) == ["d", "other"]

    @pytest.mark.parametrize("ids", [["999999"], None], ids=["unknown", "empty"])
    def test_nothing_found_is_an_empty_object(self, api, experiment_id, ids):
        answer = summaries(api, *(ids or [experiment_id]))
        assert (answer.status, answer.text) == (200, "{}")

    @pytest.mark.parametrize("body", [{}, {"experiment_ids": []}, {"experiment_ids": "1"}, {"experiment_ids": [1]}])
    def test_an_experiment_must_be_named(self, api, body):
        answer = api.post(SEARCH, body)
        assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
        assert answer.message == "SearchDatasets request must specify at least one experiment_id."

    def test_twenty_experiments_are_the_limit(self, api, experiment_id):
        assert summaries(api, *[experiment_id] * 20).status == 200
        answer = summaries(api, *[experiment_id] * 21)
        assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
        assert answer.message == (
            "SearchDatasets request cannot specify more than 20 experiment_ids. "
            "Received 21 experiment_ids."
        )

    def test_an_experiment_id_must_be_a_number(self, api):
        answer = summaries(api, "abc")
        assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
        assert answer.message == "Invalid experiment ID 'abc'. Experiment ID must be a valid integer."

    @pytest.mark.parametrize("prefix", ["/api", "/ajax-api"])
    def test_the_misspelt_path_is_served_as_not_found(self, api, experiment_id, prefix):
        path = f"{prefix}/2.0mlflow/experiments/search-datasets"
        assert api.post(path, {"experiment_ids": [experiment_id]}).status == 404

    def test_searching_datasets_is_for_the_web_page_only(self, api, experiment_id):
        answer = api.post("experiments/search-datasets", {"experiment_ids": [experiment_id]})
        assert answer.status == 404


class TestClients:
    def test_a_frame_is_logged_with_schema_and_profile(self, tracking, client, experiment_id):
        frame = pd.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"]})
        mlflow.set_experiment(experiment_id=experiment_id)
        with mlflow.start_run() as run:
            mlflow.log_input(mlflow.data.from_pandas(frame, name="frame"), context="training")
        [stored] = client.get_run(run.info.run_id).inputs.dataset_inputs
        assert stored.dataset.name == "frame"
        assert '"num_rows": 2' in stored.dataset.profile
        assert '"type": "double", "name": "a"' in stored.dataset.schema

    def test_entities_survive_the_way_there_and_back(self, client, run_id):
        given = DatasetInput(
            Dataset("n", "d", "local", '{"uri": "/x"}', schema="s", profile="p"), [InputTag("k", "v")]
        )
        client.log_inputs(run_id, datasets=[given])
        [stored] = client.get_run(run_id).inputs.dataset_inputs
        assert stored.to_dictionary() == given.to_dictionary()

    def test_a_name_that_is_too_long_is_reported(self, client, run_id):
        given = DatasetInput(Dataset("n" * 501, "d", "local", "{}"), [])
        with pytest.raises(MlflowException, match="'name' exceeds the maximum length of 500"):
            client.log_inputs(run_id, datasets=[given])

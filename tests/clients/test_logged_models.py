"""The ten endpoints of logged models, and everything a run can tell about a model.

Bodies are compared whole, as text where the order of keys matters, after ids and times
were masked: presence and order of fields are part of the protocol.
"""

import json
import re

import mlflow
import pytest
import requests
from mlflow.entities import LoggedModelInput, LoggedModelOutput, Metric
from mlflow.exceptions import MlflowException

UNKNOWN = "m-" + "0" * 32


@pytest.fixture
def run_id(client, experiment_id):
    return client.create_run(experiment_id).info.run_id


@pytest.fixture
def model_id(api, experiment_id):
    return create(api, experiment_id, name="forest")


def create(api, experiment_id, **fields):
    answer = api.post("logged-models", {"experiment_id": experiment_id, **fields})
    assert answer.status == 200, answer.text
    return answer.body["model"]["info"]["model_id"]


def stored(api, model_id, **params):
    return api.get(f"logged-models/{model_id}", params=params).body["model"]


def masked(answer, experiment_id):
    """The body as text, with ids and times replaced by their kind."""
    text = re.sub(r"m-[0-9a-f]{32}", "<model>", answer.text)
    text = re.sub(r"\b[0-9a-f]{32}\b", "<run>", text)
    text = re.sub(r"\b\d{13}\b", '"<ms>"', text)
    text = text.replace(f'"experiment_id": "{experiment_id}"', '"experiment_id": "<experiment>"')
    return text.replace(f":/{experiment_id}/", ":/<experiment>/")


def error(answer):
    return answer.status, answer.code, answer.message


def not_found(model_id):
    return 404, "RESOURCE_DOES_NOT_EXIST", f"Logged model with ID '{model_id}' not found."


def missing(name):
    return (
        400,
        "INVALID_PARAMETER_VALUE",
        f"Missing value for required parameter '{name}'. "
        "See the API docs for more information about request parameters.",
    )


class TestCreating:
    def test_the_answer_shows_every_given_field(self, api, experiment_id, run_id):
        answer = api.post(
            "logged-models",
            {
                "experiment_id": experiment_id,
                "name": "forest",
                "model_type": "sklearn",
                "source_run_id": run_id,
                "params": [{"key": "depth", "value": "3"}],
                "tags": [{"key": "team", "value": "delays"}],
            },
        )
        expected = {
            "model": {
                "info": {
                    "model_id": "<model>",
                    "experiment_id": "<experiment>",
                    "name": "forest",
                    "creation_timestamp_ms": "<ms>",
                    "last_updated_timestamp_ms": "<ms>",
                    "artifact_uri": "mlflow-artifacts:/<experiment>/models/<model>/artifacts",
                    "status": "LOGGED_MODEL_PENDING",
                    "model_type": "sklearn",
                    "source_run_id": "<run>",
                    "tags": [{"key": "team", "value": "delays"}],
                },
                "data": {"params": [{"key": "depth", "value": "3"}]},
            }
        }
        assert masked(answer, experiment_id) == json.dumps(expected, indent=2)

    def test_what_was_not_given_is_empty_or_absent(self, api, experiment_id):
        answer = api.post("logged-models", {"experiment_id": experiment_id, "name": "bare"})
        expected = {
            "model": {
                "info": {
                    "model_id": "<model>",
                    "experiment_id": "<experiment>",
                    "name": "bare",
                    "creation_timestamp_ms": "<ms>",
                    "last_updated_timestamp_ms": "<ms>",
                    "artifact_uri": "mlflow-artifacts:/<experiment>/models/<model>/artifacts",
                    "status": "LOGGED_MODEL_PENDING",
                    "model_type": "",
                    "source_run_id": "",
                },
                "data": {},
            }
        }
        assert masked(answer, experiment_id) == json.dumps(expected, indent=2)

    @pytest.mark.parametrize("fields", [{}, {"name": ""}], ids=["absent", "empty"])
    def test_a_model_without_a_name_gets_a_random_one(self, api, experiment_id, fields):
        model_id = create(api, experiment_id, **fields)
        assert re.fullmatch(r"[a-z]+-[a-z]+-\d+", stored(api, model_id)["info"]["name"])

    def test_two_models_may_share_a_name(self, api, experiment_id):
        first, second = (create(api, experiment_id, name="twin") for _ in range(2))
        assert first != second

    @pytest.mark.parametrize("name", ["a b", "ünïcode", "under_score-1", "n" * 500])
    def test_a_usual_name_is_accepted(self, api, experiment_id, name):
        assert stored(api, create(api, experiment_id, name=name))["info"]["name"] == name

    @pytest.mark.parametrize("name", ["a/b", "a:b", "a.b", "a%b", 'a"b', "a'b"])
    def test_a_name_that_would_break_a_path_is_refused(self, api, experiment_id, name):
        answer = api.post("logged-models", {"experiment_id": experiment_id, "name": name})
        code, kind, message = error(answer)
        assert (code, kind) == (400, "INVALID_PARAMETER_VALUE")
        assert message == (
            f"Invalid model name ({name!r}) provided. Model name must be a non-empty string and "
            f"cannot contain the following characters: {('/', ':', '.', '%', chr(34), chr(39))}"
        )

    @pytest.mark.parametrize(
        ("fields", "expected"),
        [
            ({"name": "x"}, missing("experiment_id")),
            ({"experiment_id": ""}, missing("experiment_id")),
            (
                {"experiment_id": "999999"},
                (404, "RESOURCE_DOES_NOT_EXIST", "No Experiment with id=999999 exists"),
            ),
            (
                {"experiment_id": "abc"},
                (
                    400,
                    "INVALID_PARAMETER_VALUE",
                    "Invalid experiment ID 'abc'. Experiment ID must be a valid integer.",
                ),
            ),
            (
                {"experiment_id": "0", "params": "x"},
                (
                    400,
                    "INVALID_PARAMETER_VALUE",
                    "Invalid value \"x\" for parameter 'params' supplied:  Hint: Value was of type "
                    "'str'. See the API docs for more information about request parameters.",
                ),
            ),
        ],
    )
    def test_bad_fields_are_named(self, api, fields, expected):
        assert error(api.post("logged-models", fields)) == expected

    def test_a_param_given_twice_is_refused(self, api, experiment_id):
        params = [{"key": "k", "value": "1"}, {"key": "k", "value": "2"}]
        answer = api.post("logged-models", {"experiment_id": experiment_id, "params": params})
        assert error(answer)[:2] == (400, "BAD_REQUEST")

    def test_nothing_is_created_in_a_deleted_experiment(self, api, client, experiment_id):
        client.delete_experiment(experiment_id)
        code, _, message = error(api.post("logged-models", {"experiment_id": experiment_id}))
        assert code == 400
        assert message.startswith(f"The experiment {experiment_id} must be in the 'active' state")

    @pytest.mark.ours
    @pytest.mark.parametrize(
        "fields",
        [
            {"name": "n" * 501},
            {"name": "n\x00"},
            {"model_type": "t" * 501},
            {"source_run_id": "r" * 33},
            {"params": [{"key": "k" * 256, "value": "v"}]},
            {"params": [{"key": "k", "value": "v\x00"}]},
            {"tags": [{"key": "k" * 256, "value": "v"}]},
            {"tags": [{"key": "k\x00", "value": "v"}]},
        ],
        ids=lambda fields: next(iter(fields)),
    )
    def test_what_does_not_fit_its_column_is_refused(self, api, client, experiment_id, fields):
        answer = api.post("logged-models", {"experiment_id": experiment_id, **fields})
        assert error(answer)[:2] == (400, "INVALID_PARAMETER_VALUE")
        assert client.search_logged_models([experiment_id]) == []


class TestGetting:
    def test_get_answers_what_create_answered(self, api, experiment_id):
        answer = api.post("logged-models", {"experiment_id": experiment_id, "name": "x"})
        model_id = answer.body["model"]["info"]["model_id"]
        assert api.get(f"logged-models/{model_id}").text == answer.text

    @pytest.mark.parametrize("model_id", ["nope", UNKNOWN, "m-%27"])
    def test_an_unknown_model_is_not_found(self, api, model_id):
        expected = not_found(requests.utils.unquote(model_id))
        assert error(api.get(f"logged-models/{model_id}")) == expected

    def test_the_ajax_path_answers_the_same(self, api, model_id):
        plain = api.get(f"logged-models/{model_id}")
        ajax = api.get(f"/ajax-api/2.0/mlflow/logged-models/{model_id}")
        assert ajax.text == plain.text


class TestFinalizing:
    @pytest.mark.parametrize(
        "status", ["LOGGED_MODEL_READY", "LOGGED_MODEL_UPLOAD_FAILED", "LOGGED_MODEL_PENDING"]
    )
    def test_the_new_status_is_answered_and_kept(self, api, model_id, status):
        body = {"model_id": model_id, "status": status}
        answer = api.patch(f"logged-models/{model_id}", body)
        assert answer.body["model"]["info"]["status"] == status
        assert answer.text == api.get(f"logged-models/{model_id}").text

    def test_a_number_is_a_status_too(self, api, model_id):
        answer = api.patch(f"logged-models/{model_id}", {"model_id": model_id, "status": 2})
        assert answer.body["model"]["info"]["status"] == "LOGGED_MODEL_READY"

    def test_finalizing_moves_the_update_time(self, api, model_id):
        before = stored(api, model_id)["info"]
        body = {"model_id": model_id, "status": "LOGGED_MODEL_READY"}
        after = api.patch(f"logged-models/{model_id}", body).body["model"]["info"]
        assert after["creation_timestamp_ms"] == before["creation_timestamp_ms"]
        assert after["last_updated_timestamp_ms"] >= before["last_updated_timestamp_ms"]

    @pytest.mark.parametrize(
        ("given", "absent"),
        [({"status": "LOGGED_MODEL_READY"}, "model_id"), ({"model_id": UNKNOWN}, "status")],
    )
    def test_model_and_status_are_required_in_the_body(self, api, model_id, given, absent):
        assert error(api.patch(f"logged-models/{model_id}", given)) == missing(absent)

    def test_an_unknown_model_is_not_found(self, api):
        body = {"model_id": UNKNOWN, "status": "LOGGED_MODEL_READY"}
        assert error(api.patch(f"logged-models/{UNKNOWN}", body)) == not_found(UNKNOWN)


class TestTags:
    def test_tags_are_set_and_replaced(self, client, model_id):
        client.set_logged_model_tags(model_id, {"a": "1", "b": "2"})
        client.set_logged_model_tags(model_id, {"b": "3", "c d/e": ""})
        assert client.get_logged_model(model_id).tags == {"a": "1", "b": "3", "c d/e": ""}

    def test_the_last_of_two_equal_keys_wins(self, api, model_id):
        tags = [{"key": "k", "value": "old"}, {"key": "k", "value": "new"}]
        answer = api.patch(f"logged-models/{model_id}/tags", {"tags": tags})
        assert (answer.status, answer.text) == (200, "{}")
        assert stored(api, model_id)["info"]["tags"] == [{"key": "k", "value": "new"}]

    def test_a_long_value_is_kept_whole(self, client, model_id):
        client.set_logged_model_tags(model_id, {"k": "v" * 20_000})
        assert client.get_logged_model(model_id).tags["k"] == "v" * 20_000

    @pytest.mark.parametrize("body", [{}, {"tags": []}])
    def test_no_tags_are_no_change(self, api, model_id, body):
        before = stored(api, model_id)
        assert api.patch(f"logged-models/{model_id}/tags", body).text == "{}"
        assert stored(api, model_id) == before

    def test_tags_that_are_no_list_are_refused(self, api, model_id):
        code, _, message = error(api.patch(f"logged-models/{model_id}/tags", {"tags": "x"}))
        assert code == 400
        assert message.startswith("Invalid value \"x\" for parameter 'tags' supplied")

    def test_a_tag_is_deleted_once(self, api, client, model_id):
        client.set_logged_model_tags(model_id, {"k k": "v"})
        assert api.delete(f"logged-models/{model_id}/tags/k k").text == "{}"
        assert "tags" not in stored(api, model_id)["info"]
        assert error(api.delete(f"logged-models/{model_id}/tags/k k")) == (
            404,
            "RESOURCE_DOES_NOT_EXIST",
            f"No tag with key 'k k' found for model with ID '{model_id}'.",
        )

    def test_tags_of_an_unknown_model_are_not_found(self, api):
        tags = {"tags": [{"key": "k", "value": "v"}]}
        assert error(api.patch(f"logged-models/{UNKNOWN}/tags", tags)) == not_found(UNKNOWN)
        assert error(api.delete(f"logged-models/{UNKNOWN}/tags/k")) == not_found(UNKNOWN)

    def test_tags_and_params_leave_the_update_time_alone(self, api, client, model_id):
        before = stored(api, model_id)["info"]["last_updated_timestamp_ms"]
        client.set_logged_model_tags(model_id, {"k": "v"})
        client.log_model_params(model_id, {"k": "v"})
        assert stored(api, model_id)["info"]["last_updated_timestamp_ms"] == before


class TestParams:
    def test_params_are_added(self, client, model_id):
        client.log_model_params(model_id, {"a": "1"})
        client.log_model_params(model_id, {"b": "2", "empty": ""})
        assert client.get_logged_model(model_id).params == {"a": "1", "b": "2", "empty": ""}

    def test_more_than_one_request_of_params_at_creation(self, client, experiment_id):
        params = {f"p{i:03}": str(i) for i in range(250)}
        model = client.create_logged_model(experiment_id, name="wide", params=params)
        assert client.get_logged_model(model.model_id).params == params

    @pytest.mark.parametrize("value", ["1", "2"], ids=["the same value", "another value"])
    def test_a_param_cannot_be_logged_again(self, api, client, model_id, value):
        client.log_model_params(model_id, {"a": "1"})
        body = {"model_id": model_id, "params": [{"key": "a", "value": value}]}
        answer = api.post(f"logged-models/{model_id}/params", body)
        assert error(answer)[:2] == (400, "BAD_REQUEST")
        assert client.get_logged_model(model_id).params == {"a": "1"}

    def test_a_refused_request_adds_none_of_its_params(self, api, client, model_id):
        client.log_model_params(model_id, {"a": "1"})
        params = [{"key": "new", "value": "1"}, {"key": "a", "value": "1"}]
        body = {"model_id": model_id, "params": params}
        assert api.post(f"logged-models/{model_id}/params", body).status == 400
        assert client.get_logged_model(model_id).params == {"a": "1"}

    def test_the_body_must_name_the_model(self, api, model_id):
        body = {"params": [{"key": "a", "value": "1"}]}
        assert error(api.post(f"logged-models/{model_id}/params", body)) == missing("model_id")

    def test_params_of_an_unknown_model_are_not_found(self, api):
        body = {"model_id": UNKNOWN, "params": [{"key": "a", "value": "1"}]}
        assert error(api.post(f"logged-models/{UNKNOWN}/params", body)) == not_found(UNKNOWN)


class TestDeleting:
    def test_a_deleted_model_is_gone_unless_asked_for(self, api, model_id):
        answer = api.delete(f"logged-models/{model_id}")
        assert (answer.status, answer.text) == (200, "{}")
        assert error(api.get(f"logged-models/{model_id}")) == not_found(model_id)
        assert stored(api, model_id, allow_deleted="true")["info"]["name"] == "forest"
        assert stored(api, model_id, allow_deleted="True")["info"]["name"] == "forest"

    def test_deleting_again_is_no_error(self, api, model_id):
        assert [api.delete(f"logged-models/{model_id}").status for _ in range(2)] == [200, 200]

    def test_deleting_an_unknown_model_is_not_found(self, api):
        assert error(api.delete(f"logged-models/{UNKNOWN}")) == not_found(UNKNOWN)

    def test_a_deleted_model_is_not_searched(self, client, experiment_id, model_id):
        client.delete_logged_model(model_id)
        assert client.search_logged_models([experiment_id]) == []

    def test_a_deleted_model_can_still_be_tagged_and_finalized(self, api, client, model_id):
        client.delete_logged_model(model_id)
        tags = {"tags": [{"key": "k", "value": "v"}]}
        assert api.patch(f"logged-models/{model_id}/tags", tags).text == "{}"
        client.finalize_logged_model(model_id, "READY")
        info = stored(api, model_id, allow_deleted="true")["info"]
        assert (info["status"], info["tags"]) == (
            "LOGGED_MODEL_READY",
            [{"key": "k", "value": "v"}],
        )

    def test_the_files_of_a_deleted_model_are_not_found(self, api, client, model_id):
        client.delete_logged_model(model_id)
        answer = api.get(f"logged-models/{model_id}/artifacts/directories")
        assert error(answer) == not_found(model_id)


class TestArtifacts:
    @pytest.fixture
    def filled(self, client, model_id, tmp_path):
        (tmp_path / "model" / "code").mkdir(parents=True)
        (tmp_path / "model" / "MLmodel").write_text("flavors: {}")
        (tmp_path / "model" / "code" / "x.py").write_text("x = 1")
        client.log_model_artifacts(model_id, str(tmp_path / "model"))
        return model_id

    def directories(self, api, model_id, **params):
        return api.get(f"logged-models/{model_id}/artifacts/directories", params=params)

    def file(self, api, model_id, **params):
        path = f"/ajax-api/2.0/mlflow/logged-models/{model_id}/artifacts/files"
        return api.get(path, params=params)

    def test_the_root_is_listed(self, api, filled, experiment_id):
        expected = {
            "files": [
                {"path": "MLmodel", "is_dir": False, "file_size": 11},
                {"path": "code", "is_dir": True},
            ],
            "root_uri": f"mlflow-artifacts:/{experiment_id}/models/{filled}/artifacts",
        }
        assert self.directories(api, filled).body == expected

    def test_a_folder_is_listed(self, api, filled):
        answer = self.directories(api, filled, artifact_directory_path="code")
        assert answer.body["files"] == [{"path": "code/x.py", "is_dir": False, "file_size": 5}]

    @pytest.mark.parametrize("path", ["nope", "MLmodel"])
    def test_what_is_no_folder_has_no_files(self, api, filled, path):
        answer = self.directories(api, filled, artifact_directory_path=path)
        assert list(answer.body) == ["root_uri"]

    def test_a_file_is_served_as_an_attachment(self, api, filled):
        answer = self.file(api, filled, artifact_file_path="code/x.py")
        assert answer.text == "x = 1"
        assert answer.headers["content-type"] == "text/plain"
        assert answer.headers["content-disposition"] == "attachment; filename=x.py"
        assert answer.headers["x-content-type-options"] == "nosniff"

    def test_files_are_served_to_the_web_page_only(self, api, filled):
        path = f"logged-models/{filled}/artifacts/files"
        assert api.get(path, params={"artifact_file_path": "MLmodel"}).status == 404

    def test_a_file_must_be_named(self, api, filled):
        assert error(self.file(api, filled)) == (
            400,
            "BAD_REQUEST",
            'Request must include the "artifact_file_path" query parameter.',
        )

    def test_a_missing_file_is_not_found(self, api, filled, experiment_id):
        place = f"{experiment_id}/models/{filled}/artifacts/nope"
        assert error(self.file(api, filled, artifact_file_path="nope")) == (
            404,
            "RESOURCE_DOES_NOT_EXIST",
            f"No such artifact: '{place}'",
        )

    def test_a_folder_is_not_served_as_a_file(self, api, filled):
        code, _, message = error(self.file(api, filled, artifact_file_path="code"))
        assert code == 400
        assert message.startswith("Artifact path refers to a directory, not a file")

    def test_files_of_an_unknown_model_are_not_found(self, api):
        assert error(self.directories(api, UNKNOWN)) == not_found(UNKNOWN)
        assert error(self.file(api, UNKNOWN, artifact_file_path="x")) == not_found(UNKNOWN)


class TestMetrics:
    def log(self, api, run_id, model_id, **fields):
        point = {"key": "acc", "value": 0.5, "timestamp": 10, "step": 1}
        return api.post(
            "runs/log-metric", {"run_id": run_id, "model_id": model_id, **point, **fields}
        )

    def test_a_metric_belongs_to_run_and_model(self, api, client, run_id, model_id):
        dataset = {"dataset_name": "train", "dataset_digest": "abc"}
        assert self.log(api, run_id, model_id, **dataset).text == "{}"
        assert client.get_run(run_id).data.metrics == {"acc": 0.5}
        [metric] = stored(api, model_id)["data"]["metrics"]
        assert metric == {
            "key": "acc",
            "value": 0.5,
            "timestamp": 10,
            "step": 1,
            "model_id": model_id,
            "run_id": run_id,
            **dataset,
        }

    def test_every_point_of_a_metric_is_shown(self, api, run_id, model_id):
        for step in range(3):
            self.log(api, run_id, model_id, step=step, value=step / 2)
        metrics = stored(api, model_id)["data"]["metrics"]
        assert sorted((m["step"], m["value"]) for m in metrics) == [(0, 0), (1, 0.5), (2, 1)]

    def test_the_same_point_again_is_no_change(self, api, run_id, model_id):
        answers = [self.log(api, run_id, model_id) for _ in range(2)]
        assert [answer.status for answer in answers] == [200, 200]
        assert len(stored(api, model_id)["data"]["metrics"]) == 1

    def test_another_value_at_the_same_point_is_refused(self, api, client, run_id, model_id):
        self.log(api, run_id, model_id)
        answer = self.log(api, run_id, model_id, value=0.7)
        assert error(answer)[:2] == (400, "BAD_REQUEST")
        assert client.get_run(run_id).data.metrics == {"acc": 0.5}

    def test_an_unknown_model_is_refused_and_the_run_unchanged(self, api, client, run_id):
        answer = self.log(api, run_id, UNKNOWN)
        assert error(answer)[:2] == (400, "BAD_REQUEST")
        assert client.get_run(run_id).data.metrics == {}

    @pytest.mark.parametrize("half", [{"dataset_name": "d"}, {"dataset_digest": "1"}])
    def test_half_a_dataset_is_refused(self, api, run_id, model_id, half):
        assert error(self.log(api, run_id, model_id, **half)) == (
            400,
            "INVALID_PARAMETER_VALUE",
            "Both dataset_name and dataset_digest must be provided if one is provided",
        )

    @pytest.mark.parametrize(
        ("value", "shown"),
        [("NaN", 0.0), ("Infinity", 1.7976931348623157e308), ("-Infinity", -1.7976931348623157e308)],
    )
    def test_values_that_are_no_number_are_stored_as_one(self, api, run_id, model_id, value, shown):
        assert self.log(api, run_id, model_id, value=value).status == 200
        assert stored(api, model_id)["data"]["metrics"][0]["value"] == shown

    def test_a_batch_logs_to_several_models(self, api, client, run_id, model_id, experiment_id):
        other = create(api, experiment_id)
        client.log_batch(
            run_id,
            metrics=[
                Metric("a", 1, 1, 0, model_id=model_id),
                Metric("a", 1, 1, 0, model_id=model_id),
                Metric("a", 2, 1, 1, model_id=other),
                Metric("b", 3, 1, 0),
            ],
        )
        assert client.get_run(run_id).data.metrics == {"a": 2, "b": 3}
        assert [m.value for m in client.get_logged_model(model_id).metrics] == [1]
        assert [m.value for m in client.get_logged_model(other).metrics] == [2]

    def test_a_batch_with_an_unknown_model_is_refused(self, api, run_id):
        metric = {"key": "a", "value": 1, "timestamp": 1, "step": 0, "model_id": UNKNOWN}
        answer = api.post("runs/log-batch", {"run_id": run_id, "metrics": [metric]})
        assert error(answer)[:2] == (400, "BAD_REQUEST")

    @pytest.mark.ours
    def test_a_batch_with_an_unknown_model_writes_nothing(self, api, client, run_id):
        metric = {"key": "a", "value": 1, "timestamp": 1, "step": 0, "model_id": UNKNOWN}
        api.post("runs/log-batch", {"run_id": run_id, "metrics": [metric]})
        assert client.get_run(run_id).data.metrics == {}

    def test_the_fluent_api_logs_to_a_named_model(self, tracking, experiment_id, client):
        mlflow.set_experiment(experiment_id=experiment_id)
        model = mlflow.initialize_logged_model(name="m")
        with mlflow.start_run():
            mlflow.log_metric("acc", 0.25, step=2, model_id=model.model_id)
        [metric] = client.get_logged_model(model.model_id).metrics
        assert (metric.key, metric.value, metric.step) == ("acc", 0.25, 2)


class TestInputsAndOutputsOfRuns:
    def test_outputs_are_shown_with_their_step(self, client, run_id, model_id):
        client.log_outputs(run_id, [LoggedModelOutput(model_id, step=3)])
        [output] = client.get_run(run_id).outputs.model_outputs
        assert (output.model_id, output.step) == (model_id, 3)

    def test_inputs_and_outputs_stand_in_the_body_of_the_run(self, api, client, run_id, model_id):
        client.log_inputs(run_id, models=[LoggedModelInput(model_id)])
        client.log_outputs(run_id, [LoggedModelOutput(model_id, step=0)])
        run = api.get("runs/get", params={"run_id": run_id}).body["run"]
        assert run["inputs"] == {"model_inputs": [{"model_id": model_id}]}
        assert run["outputs"] == {"model_outputs": [{"model_id": model_id, "step": 0}]}

    def test_searched_runs_show_them_too(self, client, experiment_id, run_id, model_id):
        client.log_outputs(run_id, [LoggedModelOutput(model_id, step=1)])
        [run] = client.search_runs([experiment_id])
        assert [o.model_id for o in run.outputs.model_outputs] == [model_id]

    def test_the_same_output_twice_is_refused(self, api, run_id, model_id):
        body = {"run_id": run_id, "models": [{"model_id": model_id, "step": 1}]}
        assert api.post("runs/outputs", body).text == "{}"
        assert error(api.post("runs/outputs", body))[:2] == (400, "BAD_REQUEST")

    def test_the_same_input_twice_is_one(self, client, run_id, model_id):
        for _ in range(2):
            client.log_inputs(run_id, models=[LoggedModelInput(model_id)])
        assert len(client.get_run(run_id).inputs.model_inputs) == 1

    def test_no_outputs_are_no_change(self, api, run_id):
        answer = api.post("runs/outputs", {"run_id": run_id, "models": []})
        assert (answer.status, answer.text) == (200, "{}")

    @pytest.mark.parametrize(
        ("body", "absent"), [({"models": [{"model_id": UNKNOWN}]}, "run_id"), ({"run_id": "x"}, "models")]
    )
    def test_run_and_models_are_required(self, api, body, absent):
        assert error(api.post("runs/outputs", body)) == missing(absent)

    def test_an_unknown_run_is_not_found(self, api, model_id):
        body = {"run_id": "0" * 32, "models": [{"model_id": model_id, "step": 0}]}
        expected = (404, "RESOURCE_DOES_NOT_EXIST", f"Run with id={'0' * 32} not found")
        assert error(api.post("runs/outputs", body)) == expected
        assert error(api.post("runs/log-inputs", body)) == expected

    def test_a_deleted_run_takes_no_models(self, api, client, run_id, model_id):
        client.delete_run(run_id)
        body = {"run_id": run_id, "models": [{"model_id": model_id, "step": 0}]}
        for endpoint in ("runs/outputs", "runs/log-inputs"):
            code, _, message = error(api.post(endpoint, body))
            assert code == 400
            assert message == (
                f"The run {run_id} must be in the 'active' state. Current state is deleted."
            )


class TestLegacyLogModel:
    def described(self, run_id, **fields):
        return {
            "artifact_path": "model",
            "flavors": {"python_function": {"loader_module": "x"}},
            "utc_time_created": "2026-01-01 00:00:00",
            "run_id": run_id,
            "model_uuid": "u",
            **fields,
        }

    def log(self, api, run_id, description):
        text = description if isinstance(description, str) else json.dumps(description)
        return api.post("runs/log-model", {"run_id": run_id, "model_json": text})

    def test_models_are_appended_to_a_tag_of_the_run(self, api, client, run_id):
        for path in ("first", "second"):
            answer = self.log(api, run_id, self.described(run_id, artifact_path=path))
            assert (answer.status, answer.text) == (200, "{}")
        history = json.loads(client.get_run(run_id).data.tags["mlflow.log-model.history"])
        assert [entry["artifact_path"] for entry in history] == ["first", "second"]
        assert history[0] == self.described(run_id, artifact_path="first")

    def test_text_that_is_not_json_is_refused(self, api, run_id):
        assert error(self.log(api, run_id, "{bad")) == (
            400,
            "INVALID_PARAMETER_VALUE",
            "Malformed model info. \n {bad \n is not a valid JSON.",
        )

    @pytest.mark.parametrize("field", ["artifact_path", "flavors", "utc_time_created", "run_id"])
    def test_a_missing_field_is_named(self, api, run_id, field):
        description = self.described(run_id)
        del description[field]
        assert error(self.log(api, run_id, description)) == (
            400,
            "INVALID_PARAMETER_VALUE",
            f"Model json is missing mandatory fields: {{'{field}'}}",
        )

    def test_run_and_model_are_required(self, api, run_id):
        assert error(api.post("runs/log-model", {"run_id": run_id})) == missing("model_json")
        assert error(api.post("runs/log-model", {"model_json": "{}"})) == missing("run_id")

    def test_an_unknown_run_is_not_found(self, api, run_id):
        assert error(self.log(api, "0" * 32, self.described(run_id)))[0] == 404

    @pytest.mark.ours
    @pytest.mark.parametrize("text", ["[]", "3", "null", '"x"'])
    def test_json_that_is_no_object_is_refused(self, api, run_id, text):
        assert error(self.log(api, run_id, text))[:2] == (400, "INVALID_PARAMETER_VALUE")


def test_the_client_reports_an_unknown_model(client):
    with pytest.raises(MlflowException, match="Logged model with ID 'm-nope' not found"):
        client.get_logged_model("m-nope")


def test_the_client_creates_a_model_with_typed_parts(client, experiment_id, run_id):
    model = client.create_logged_model(
        experiment_id,
        name="typed",
        source_run_id=run_id,
        tags={"a": "b"},
        params={"p": "1"},
        model_type="mine",
    )
    again = client.get_logged_model(model.model_id)
    assert (again.name, again.model_type, again.source_run_id) == ("typed", "mine", run_id)
    assert (again.tags["a"], again.params) == ("b", {"p": "1"})

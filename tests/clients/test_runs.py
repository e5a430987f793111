"""Runs: their life from create to restore, params, tags and batches, and the exact JSON of each answer."""

import json
import re

import mlflow
import pytest
from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException

UNKNOWN = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def run_id(client, experiment_id):
    return client.create_run(experiment_id).info.run_id


def get(api, run_id):
    return api.get("runs/get", {"run_id": run_id}).body["run"]


def pairs(entries):
    return {entry["key"]: entry["value"] for entry in entries}


def masked(text, experiment_id):
    """The answer with ids, times and invented names replaced by words, so that the rest can be compared exactly."""
    text = re.sub(r"\b[0-9a-f]{32}\b", "RUN", text)
    text = re.sub(r"\b1[5-9]\d{11}\b", "TIME", text)
    text = re.sub(r'"[a-z]+-[a-z]+-(?:\d{1,3}|1000)"', '"NAME"', text)
    return text.replace(f'"{experiment_id}"', '"EXP"').replace(f"/{experiment_id}/", "/EXP/")


# --- the exact shape of the answers


CREATED = """{
  "run": {
    "info": {
      "run_uuid": "RUN",
      "experiment_id": "EXP",
      "run_name": "NAME",
      "user_id": "",
      "status": "RUNNING",
      "start_time": 0,
      "artifact_uri": "mlflow-artifacts:/EXP/RUN/artifacts",
      "lifecycle_stage": "active",
      "run_id": "RUN"
    },
    "data": {
      "tags": [
        {
          "key": "mlflow.runName",
          "value": "NAME"
        }
      ]
    },
    "inputs": {}
  }
}"""


def test_the_smallest_create_answers_exactly_this(api, experiment_id):
    answer = api.post("runs/create", {"experiment_id": experiment_id})
    assert answer.headers["Content-Type"] == "application/json"
    assert masked(answer.text, experiment_id) == CREATED


def test_the_smallest_get_adds_outputs(api, experiment_id):
    run_id = api.post("runs/create", {"experiment_id": experiment_id}).body["run"]["info"]["run_id"]
    answer = api.get("runs/get", {"run_id": run_id})
    expected = CREATED.replace('"inputs": {}', '"inputs": {},\n    "outputs": {}')
    assert masked(answer.text, experiment_id) == expected


FULL = """{
  "run": {
    "info": {
      "run_uuid": "RUN",
      "experiment_id": "EXP",
      "run_name": "nightly",
      "user_id": "ann",
      "status": "FINISHED",
      "start_time": TIME,
      "end_time": TIME,
      "artifact_uri": "mlflow-artifacts:/EXP/RUN/artifacts",
      "lifecycle_stage": "active",
      "run_id": "RUN"
    },
    "data": {
      "metrics": [
        {
          "key": "loss",
          "value": 0.5,
          "timestamp": TIME,
          "step": 3
        }
      ],
      "params": [
        {
          "key": "depth",
          "value": "4"
        }
      ],
      "tags": [
        {
          "key": "mlflow.runName",
          "value": "nightly"
        }
      ]
    },
    "inputs": {},
    "outputs": {}
  }
}"""


def test_a_full_run_answers_exactly_this(api, experiment_id):
    body = {"experiment_id": experiment_id, "run_name": "nightly", "user_id": "ann", "start_time": 1700000000000}
    run_id = api.post("runs/create", body).body["run"]["info"]["run_id"]
    metric = {"key": "loss", "value": 0.5, "timestamp": 1700000000001, "step": 3}
    params = [{"key": "depth", "value": "4"}]
    assert api.post("runs/log-batch", {"run_id": run_id, "metrics": [metric], "params": params}).text == "{}"
    api.post("runs/update", {"run_id": run_id, "status": "FINISHED", "end_time": 1700000000002})
    assert masked(api.get("runs/get", {"run_id": run_id}).text, experiment_id) == FULL


UPDATED = """{
  "run_info": {
    "run_uuid": "RUN",
    "experiment_id": "EXP",
    "run_name": "NAME",
    "user_id": "",
    "status": "FAILED",
    "start_time": 0,
    "end_time": 7,
    "artifact_uri": "mlflow-artifacts:/EXP/RUN/artifacts",
    "lifecycle_stage": "active",
    "run_id": "RUN"
  }
}"""


def test_update_answers_exactly_this(api, experiment_id):
    run_id = api.post("runs/create", {"experiment_id": experiment_id}).body["run"]["info"]["run_id"]
    answer = api.post("runs/update", {"run_id": run_id, "status": "FAILED", "end_time": 7})
    assert masked(answer.text, experiment_id) == UPDATED


@pytest.mark.parametrize(
    ("path", "extra"),
    [
        ("runs/log-metric", {"key": "m", "value": 1, "timestamp": 1}),
        ("runs/log-parameter", {"key": "p", "value": "1"}),
        ("runs/log-batch", {}),
        ("runs/set-tag", {"key": "t", "value": "1"}),
        ("runs/delete-tag", {"key": "mlflow.runName"}),
        ("runs/delete", {}),
        ("runs/restore", {}),
    ],
)
def test_writes_answer_an_empty_object(api, run_id, path, extra):
    answer = api.post(path, {"run_id": run_id, **extra})
    assert (answer.status, answer.text) == (200, "{}")
    assert answer.headers["Content-Type"] == "application/json"


def test_an_error_is_one_line_that_begins_with_code_and_message(api):
    answer = api.get("runs/get", {"run_id": "nope"})
    assert answer.status == 404
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.text.startswith('{"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "Run with id=nope not found"')
    assert "\n" not in answer.text.strip()


# --- create


def test_create_keeps_what_it_was_given(client, experiment_id):
    created = client.create_run(experiment_id, start_time=5, tags={"a": "b", "mlflow.user": "joe"}, run_name="nm")
    run = client.get_run(created.info.run_id)
    assert (run.info.run_name, run.info.start_time, run.info.end_time) == ("nm", 5, None)
    assert (run.info.status, run.info.lifecycle_stage) == ("RUNNING", "active")
    assert run.data.tags == {"a": "b", "mlflow.user": "joe", "mlflow.runName": "nm"}


def test_a_run_id_is_32_hex_digits_and_names_the_artifact_folder(client, experiment_id, run_id):
    assert re.fullmatch(r"[0-9a-f]{32}", run_id)
    info = client.get_run(run_id).info
    assert info.artifact_uri == f"mlflow-artifacts:/{experiment_id}/{run_id}/artifacts"


@pytest.mark.parametrize("name", [{}, {"run_name": ""}, {"run_name": None}])
def test_a_run_without_a_name_gets_an_invented_one(api, experiment_id, name):
    run = api.post("runs/create", {"experiment_id": experiment_id, **name}).body["run"]
    assert re.fullmatch(r"[a-z]+-[a-z]+-(?:\d{1,3}|1000)", run["info"]["run_name"])
    assert pairs(run["data"]["tags"]) == {"mlflow.runName": run["info"]["run_name"]}


def test_the_run_name_may_come_from_its_tag(api, experiment_id):
    tags = [{"key": "mlflow.runName", "value": "from the tag"}]
    for extra in ({}, {"run_name": "from the tag"}):
        run = api.post("runs/create", {"experiment_id": experiment_id, "tags": tags, **extra}).body["run"]
        assert run["info"]["run_name"] == "from the tag"
        assert run["data"]["tags"] == tags


def test_two_different_run_names_are_refused(api, experiment_id):
    tags = [{"key": "mlflow.runName", "value": "y"}]
    answer = api.post("runs/create", {"experiment_id": experiment_id, "run_name": "x", "tags": tags})
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert answer.message == (
        "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values "
        "(run_name='x', mlflow.runName='y')."
    )


def test_a_tag_without_value_is_stored_empty(api, experiment_id):
    run = api.post("runs/create", {"experiment_id": experiment_id, "tags": [{"key": "a"}]}).body["run"]
    assert pairs(run["data"]["tags"])["a"] == ""


def test_create_with_duplicate_tag_keys_creates_nothing(api, client, experiment_id):
    tags = [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]
    assert api.post("runs/create", {"experiment_id": experiment_id, "tags": tags}).status == 400
    assert client.search_runs([experiment_id]) == []


@pytest.mark.parametrize(
    "start_time", ["x", pytest.param([1], marks=pytest.mark.ours), pytest.param({"a": 1}, marks=pytest.mark.ours)]
)
def test_create_refuses_a_start_time_that_is_no_number(api, experiment_id, start_time):
    answer = api.post("runs/create", {"experiment_id": experiment_id, "start_time": start_time})
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert "for parameter 'start_time' supplied" in answer.message


# --- get and update


@pytest.mark.parametrize(
    ("method", "path", "extra"),
    [
        ("GET", "runs/get", {}),
        ("POST", "runs/update", {"status": "KILLED"}),
        ("POST", "runs/delete", {}),
        ("POST", "runs/restore", {}),
        ("POST", "runs/log-metric", {"key": "k", "value": 1, "timestamp": 1}),
        ("POST", "runs/log-parameter", {"key": "k", "value": "1"}),
        ("POST", "runs/log-batch", {}),
        ("POST", "runs/set-tag", {"key": "k", "value": "1"}),
        ("POST", "runs/delete-tag", {"key": "k"}),
        ("GET", "artifacts/list", {}),
    ],
)
class TestARunId:
    def ask(self, api, method, path, body):
        return api.get(path, body) if method == "GET" else api.post(path, body)

    @pytest.mark.parametrize("unknown", [UNKNOWN, "nope", "0" * 255])
    def test_that_is_unknown_is_a_404(self, api, method, path, extra, unknown):
        answer = self.ask(api, method, path, {"run_id": unknown, **extra})
        assert (answer.status, answer.code) == (404, "RESOURCE_DOES_NOT_EXIST")
        assert answer.message == f"Run with id={unknown} not found"

    def test_that_is_missing_or_empty_is_an_error_of_the_user(self, api, method, path, extra):
        for run in ({}, {"run_id": ""}):
            assert self.ask(api, method, path, {**run, **extra}).status in (400, 404)


@pytest.mark.parametrize(
    ("method", "path", "extra"),
    [
        ("GET", "runs/get", {}),
        ("POST", "runs/update", {"status": "KILLED"}),
        ("POST", "runs/log-metric", {"key": "k", "value": 1, "timestamp": 1}),
        ("POST", "runs/log-parameter", {"key": "k", "value": "1"}),
        ("POST", "runs/set-tag", {"key": "k", "value": "1"}),
        ("GET", "metrics/get-history", {"metric_key": "k"}),
        ("GET", "artifacts/list", {}),
    ],
)
def test_a_run_may_be_named_by_its_old_field(api, run_id, method, path, extra):
    body = {"run_uuid": run_id, **extra}
    answer = api.get(path, body) if method == "GET" else api.post(path, body)
    assert answer.status == 200


@pytest.mark.parametrize("status", ["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"])
def test_every_status_can_be_set(api, run_id, status):
    assert api.post("runs/update", {"run_id": run_id, "status": status}).body["run_info"]["status"] == status
    assert get(api, run_id)["info"]["status"] == status


def test_a_status_may_be_its_number(api, run_id):
    info = api.post("runs/update", {"run_id": run_id, "status": 3}).body["run_info"]
    assert info["status"] == "FINISHED"


def test_terminated_runs_have_status_and_end_time(client, run_id):
    client.set_terminated(run_id)
    info = client.get_run(run_id).info
    assert info.status == "FINISHED"
    assert info.end_time > 1_600_000_000_000


def test_the_end_time_stays_when_a_run_is_running_again(api, run_id):
    api.post("runs/update", {"run_id": run_id, "status": "FAILED", "end_time": 9})
    api.post("runs/update", {"run_id": run_id, "status": "RUNNING"})
    info = get(api, run_id)["info"]
    assert (info["status"], info["end_time"]) == ("RUNNING", 9)


def test_an_update_without_anything_changes_nothing(api, run_id):
    before = get(api, run_id)
    for body in ({}, {"run_name": ""}):
        assert api.post("runs/update", {"run_id": run_id, **body}).status == 200
    assert get(api, run_id) == before


def test_renaming_a_run_renames_its_tag(client, run_id):
    client.update_run(run_id, name="new name")
    run = client.get_run(run_id)
    assert (run.info.run_name, run.data.tags) == ("new name", {"mlflow.runName": "new name"})


@pytest.mark.parametrize("way", ["set-tag", "log-batch"])
def test_setting_the_name_tag_renames_the_run(api, client, run_id, way):
    tag = {"key": "mlflow.runName", "value": "by tag"}
    body = {"run_id": run_id, **tag} if way == "set-tag" else {"run_id": run_id, "tags": [tag]}
    assert api.post(f"runs/{way}", body).status == 200
    run = client.get_run(run_id)
    assert (run.info.run_name, run.data.tags) == ("by tag", {"mlflow.runName": "by tag"})


def test_deleting_the_name_tag_keeps_the_name(client, run_id):
    name = client.get_run(run_id).info.run_name
    client.delete_tag(run_id, "mlflow.runName")
    run = client.get_run(run_id)
    assert (run.info.run_name, run.data.tags) == (name, {})


# --- delete and restore


def test_delete_and_restore_may_be_repeated(client, run_id):
    for _ in range(2):
        client.delete_run(run_id)
        assert client.get_run(run_id).info.lifecycle_stage == "deleted"
    for _ in range(2):
        client.restore_run(run_id)
        assert client.get_run(run_id).info.lifecycle_stage == "active"


@pytest.mark.parametrize(
    ("path", "extra"),
    [
        ("runs/log-metric", {"key": "a", "value": 1, "timestamp": 1}),
        ("runs/log-parameter", {"key": "a", "value": "1"}),
        ("runs/set-tag", {"key": "a", "value": "1"}),
        ("runs/delete-tag", {"key": "mlflow.runName"}),
        ("runs/log-batch", {}),
        ("runs/log-batch", {"tags": [{"key": "a", "value": "1"}]}),
        ("runs/update", {"status": "FAILED"}),
        ("runs/log-inputs", {"datasets": []}),
    ],
)
def test_a_deleted_run_takes_no_writes(api, client, run_id, path, extra):
    client.delete_run(run_id)
    before = get(api, run_id)
    answer = api.post(path, {"run_id": run_id, **extra})
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert answer.message == f"The run {run_id} must be in the 'active' state. Current state is deleted."
    assert get(api, run_id) == before


def test_a_run_of_a_deleted_experiment_can_be_restored_alone(client, experiment_id, run_id):
    client.delete_experiment(experiment_id)
    client.restore_run(run_id)
    client.log_metric(run_id, "m", 1.0)
    assert client.get_run(run_id).data.metrics == {"m": 1.0}


# --- tags and params


def test_tags_are_overwritten_and_deleted(client, run_id):
    client.set_tag(run_id, "k", "1")
    client.set_tag(run_id, "k", "2")
    client.set_tag(run_id, "other", "")
    assert {"k": "2", "other": ""}.items() <= client.get_run(run_id).data.tags.items()
    client.delete_tag(run_id, "k")
    assert "k" not in client.get_run(run_id).data.tags


def test_deleting_a_tag_that_is_not_there_is_a_404(api, run_id):
    answer = api.post("runs/delete-tag", {"run_id": run_id, "key": "zz"})
    assert (answer.status, answer.code) == (404, "RESOURCE_DOES_NOT_EXIST")
    assert answer.message == f"No tag with name: zz in run with id {run_id}"


def test_a_param_logged_again_with_its_value_is_fine(client, run_id):
    client.log_param(run_id, "p", "1")
    client.log_param(run_id, "p", "1")
    assert client.get_run(run_id).data.params == {"p": "1"}


def test_a_param_cannot_change(api, client, run_id):
    client.log_param(run_id, "p", "1")
    answer = api.post("runs/log-parameter", {"run_id": run_id, "key": "p", "value": "2"})
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert answer.message == (
        "Changing param values is not allowed. Param with key='p' was already logged with value='1' "
        f"for run ID='{run_id}'. Attempted logging new value '2'."
    )
    assert client.get_run(run_id).data.params == {"p": "1"}


def test_a_param_may_be_empty_and_then_stays_empty(api, client, run_id):
    assert api.post("runs/log-parameter", {"run_id": run_id, "key": "e"}).status == 200
    assert client.get_run(run_id).data.params == {"e": ""}
    assert api.post("runs/log-parameter", {"run_id": run_id, "key": "e", "value": "x"}).status == 400


@pytest.mark.parametrize("value", ["", " ", "ünï 🚂", "line\nbreak\ttab", "'quoted\"`", "\\", "%_", "a" * 6000, "{}"])
def test_values_come_back_as_they_were_logged(client, run_id, value):
    client.log_param(run_id, "p", value)
    client.set_tag(run_id, "t", value)
    data = client.get_run(run_id).data
    assert (data.params["p"], data.tags["t"]) == (value, value)


@pytest.mark.parametrize("key", ["a", "a b", "a.b", "a/b/c", "a-b", "a_b", "a:b", "é", "表", "9", "k" * 250])
def test_good_keys_are_good_for_params_tags_and_metrics(client, run_id, key):
    client.log_batch(run_id, [Metric(key, 1.0, 1, 0)], [Param(key, "1")], [RunTag(key, "1")])
    data = client.get_run(run_id).data
    assert (data.metrics[key], data.params[key], data.tags[key]) == (1.0, "1", "1")


BAD_KEYS = [
    ("a!", "Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:)"),
    ("a\\b", "Names may only contain alphanumerics"),
    ("a\x7fb", "Names may only contain alphanumerics"),
    ("🚂", "Names may only contain alphanumerics"),
    ("../a", "must not resolve to other names when treated as such. This name would resolve to '../a'"),
    ("a//b", "This name would resolve to 'a/b'"),
    ("a/./b", "This name would resolve to 'a/b'"),
    ("a/", "This name would resolve to 'a'"),
    ("/a", "This name would resolve to '/a'"),
    (".", "This name would resolve to '.'"),
    ("..", "This name would resolve to '..'"),
]


@pytest.mark.parametrize(("key", "message"), BAD_KEYS)
@pytest.mark.parametrize(
    ("path", "body", "parameter"),
    [
        ("runs/log-metric", {"value": 1, "timestamp": 1}, "name"),
        ("runs/log-parameter", {"value": "1"}, "key"),
        ("runs/set-tag", {"value": "1"}, "key"),
    ],
)
def test_bad_keys_are_refused(api, run_id, path, body, parameter, key, message):
    answer = api.post(path, {"run_id": run_id, "key": key, **body})
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert f"for parameter '{parameter}' supplied" in answer.message
    assert message in answer.message


@pytest.mark.parametrize(
    ("path", "body", "name"),
    [
        ("runs/log-metric", {"value": 1, "timestamp": 1}, "Metric name"),
        ("runs/log-parameter", {"value": "1"}, "Param key"),
        ("runs/set-tag", {"value": "1"}, "key"),
    ],
)
def test_keys_end_at_250_characters(api, run_id, path, body, name):
    answer = api.post(path, {"run_id": run_id, "key": "k" * 251, **body})
    assert (answer.status, answer.message) == (400, f"'{name}' exceeds the maximum length of 250 characters")


def test_long_values_are_cut_by_the_server(api, client, run_id):
    for _ in range(2):
        assert api.post("runs/log-parameter", {"run_id": run_id, "key": "p", "value": "x" * 6001}).status == 200
    assert api.post("runs/set-tag", {"run_id": run_id, "key": "t", "value": "y" * 8001}).status == 200
    batch = {"params": [{"key": "bp", "value": "x" * 7000}], "tags": [{"key": "bt", "value": "y" * 9000}]}
    assert api.post("runs/log-batch", {"run_id": run_id, **batch}).status == 200
    data = client.get_run(run_id).data
    assert data.params == {"p": "x" * 6000, "bp": "x" * 6000}
    assert (data.tags["t"], data.tags["bt"]) == ("y" * 8000, "y" * 8000)


# --- log-batch


def test_a_batch_writes_everything(client, run_id):
    metrics = [Metric(f"m{i % 10}", i, 100 + i, i) for i in range(800)]
    params = [Param(f"p{i}", str(i)) for i in range(100)]
    tags = [RunTag(f"t{i}", str(i)) for i in range(100)]
    client.log_batch(run_id, metrics, params, tags)
    data = client.get_run(run_id).data
    assert data.metrics == {f"m{i}": 790.0 + i for i in range(10)}
    assert data.params == {f"p{i}": str(i) for i in range(100)}
    assert {k: v for k, v in data.tags.items() if k[0] == "t"} == {f"t{i}": str(i) for i in range(100)}
    assert [m.step for m in client.get_metric_history(run_id, "m3")] == list(range(3, 800, 10))


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ((1001, 0, 0), "A batch logging request can contain at most 1000 metrics. Got 1001 metrics."),
        ((0, 101, 0), "A batch logging request can contain at most 100 params. Got 101 params."),
        ((0, 0, 101), "A batch logging request can contain at most 100 tags. Got 101 tags."),
        ((950, 51, 0), "at most 1000 metrics, params, and tags. Got 1001 metrics, params, and tags."),
    ],
)
def test_a_batch_has_limits(api, run_id, sizes, message):
    before = get(api, run_id)
    metrics = [{"key": f"k{i}", "value": 1, "timestamp": 1} for i in range(sizes[0])]
    params = [{"key": f"k{i}", "value": "1"} for i in range(sizes[1])]
    tags = [{"key": f"k{i}", "value": "1"} for i in range(sizes[2])]
    answer = api.post("runs/log-batch", {"run_id": run_id, "metrics": metrics, "params": params, "tags": tags})
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert message in answer.message
    assert get(api, run_id) == before


@pytest.mark.parametrize("second", ["1", "2"])
def test_a_batch_names_each_param_once(api, run_id, second):
    params = [{"key": "dup", "value": "1"}, {"key": "dup", "value": second}]
    answer = api.post("runs/log-batch", {"run_id": run_id, "params": params})
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert answer.message.startswith("Duplicate parameter keys have been submitted: ['dup'].")


def test_the_last_of_several_equal_tags_wins(api, client, run_id):
    tags = [{"key": "d", "value": "1"}, {"key": "d", "value": "2"}]
    assert api.post("runs/log-batch", {"run_id": run_id, "tags": tags}).status == 200
    assert client.get_run(run_id).data.tags["d"] == "2"


def test_a_batch_that_changes_a_param_writes_nothing(api, client, run_id):
    client.log_param(run_id, "p", "1")
    before = get(api, run_id)
    body = {
        "params": [{"key": "new", "value": "1"}, {"key": "p", "value": "9"}],
        "metrics": [{"key": "m", "value": 1, "timestamp": 1}],
        "tags": [{"key": "t", "value": "v"}],
    }
    answer = api.post("runs/log-batch", {"run_id": run_id, **body})
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert answer.message == (
        "Changing param values is not allowed. Params were already logged="
        f"'[{{'key': 'p', 'old_value': '1', 'new_value': '9'}}]' for run ID='{run_id}'."
    )
    assert get(api, run_id) == before


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"metrics": [{"key": "a", "timestamp": 1}]}, "Missing value for required parameter 'metrics[0].value'."),
        ({"metrics": [{"key": "a", "value": 1}]}, "Missing value for required parameter 'metrics[0].timestamp'."),
        ({"metrics": [{"value": 1, "timestamp": 1}]}, "Missing value for required parameter 'metrics[0].key'."),
        ({"metrics": {"a": 1}}, 'Invalid value {"a":1} for parameter \'metrics\' supplied:  Hint: Value was of type'),
        ({"params": [{"key": "ok"}, {"key": "a!"}]}, "Invalid value \"a!\" for parameter 'params[1].key' supplied"),
        ({"tags": [{"key": "a//b", "value": ""}]}, "for parameter 'tags[0].key' supplied"),
        (
            {"metrics": [{"key": "a!", "value": 1, "timestamp": 1}]},
            "Invalid value \"a!\" for parameter 'metrics[0].name' supplied",
        ),
        ({"params": [{"value": "1"}]}, "Missing value for required parameter 'params[0].key'."),
        ({"tags": [{"value": "1"}]}, "Missing value for required parameter 'tags[0].key'."),
    ],
)
def test_a_bad_member_of_a_batch_is_named(api, run_id, body, message):
    before = get(api, run_id)
    answer = api.post("runs/log-batch", {"run_id": run_id, **body})
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert message in answer.message
    assert get(api, run_id) == before


@pytest.mark.ours
def test_a_metric_value_that_is_no_number_is_refused_in_a_batch(api, run_id):
    before = get(api, run_id)
    body = {"run_id": run_id, "metrics": [{"key": "a", "value": "x", "timestamp": 1}]}
    answer = api.post("runs/log-batch", body)
    assert answer.status == 400
    assert "value" in answer.message
    assert get(api, run_id) == before


# --- log-model (the old one, kept in a tag)


def test_log_model_appends_to_a_tag(api, client, run_id):
    for name in ("first", "second"):
        model = {"artifact_path": name, "flavors": {"f": {"x": 1}}, "utc_time_created": "2024", "run_id": run_id}
        assert api.post("runs/log-model", {"run_id": run_id, "model_json": json.dumps(model)}).status == 200
    history = json.loads(client.get_run(run_id).data.tags["mlflow.log-model.history"])
    assert [entry["artifact_path"] for entry in history] == ["first", "second"]
    assert [entry["flavors"] for entry in history] == [{"f": {"x": 1}}, {"f": {"x": 1}}]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "Missing value for required parameter 'model_json'."),
        ({"model_json": "{}"}, "Model json is missing mandatory fields: "),
        ({"model_json": "nojson"}, "Malformed model info. \n nojson \n is not a valid JSON."),
    ],
)
def test_log_model_refuses_what_is_no_model(api, run_id, body, message):
    answer = api.post("runs/log-model", {"run_id": run_id, **body})
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert message in answer.message


# --- the fluent API


@pytest.fixture
def in_experiment(tracking, experiment_id):
    mlflow.set_experiment(experiment_id=experiment_id)
    return experiment_id


def test_a_with_block_finishes_its_run(in_experiment, client):
    with mlflow.start_run(run_name="block", tags={"a": "b"}, description="what it does") as run:
        mlflow.log_param("p", 1)
        mlflow.log_metric("m", 2.0, step=3)
        assert client.get_run(run.info.run_id).info.status == "RUNNING"
    finished = client.get_run(run.info.run_id)
    assert (finished.info.status, finished.info.run_name) == ("FINISHED", "block")
    assert finished.info.end_time >= finished.info.start_time
    assert finished.info.user_id == run.info.user_id != ""
    assert (finished.data.params, finished.data.metrics) == ({"p": "1"}, {"m": 2.0})
    assert {"a": "b", "mlflow.note.content": "what it does"}.items() <= finished.data.tags.items()


def test_an_exception_fails_its_run(in_experiment, client):
    with pytest.raises(ZeroDivisionError), mlflow.start_run() as run:
        1 / 0  # noqa: B018
    assert client.get_run(run.info.run_id).info.status == "FAILED"


def test_nested_runs_know_their_parent(in_experiment, client):
    with mlflow.start_run() as parent:
        children = []
        for _ in range(3):
            with mlflow.start_run(nested=True) as child:
                children.append(child.info.run_id)
    for child in children:
        assert client.get_run(child).data.tags["mlflow.parentRunId"] == parent.info.run_id
        assert client.get_parent_run(child).info.run_id == parent.info.run_id
    found = client.search_runs([in_experiment], f"tags.mlflow.parentRunId = '{parent.info.run_id}'")
    assert {run.info.run_id for run in found} == set(children)


def test_a_run_can_be_resumed_by_id(in_experiment, client):
    with mlflow.start_run() as run:
        mlflow.log_metric("m", 1)
    with mlflow.start_run(run_id=run.info.run_id):
        assert client.get_run(run.info.run_id).info.status == "RUNNING"
        mlflow.log_metric("m", 2, step=1)
    assert client.get_run(run.info.run_id).data.metrics == {"m": 2.0}
    assert client.get_run(run.info.run_id).info.status == "FINISHED"


def test_a_deleted_run_cannot_be_resumed(in_experiment, client, run_id):
    client.delete_run(run_id)
    with pytest.raises(MlflowException, match="deleted"):
        mlflow.start_run(run_id=run_id)


def test_dictionaries_of_params_metrics_and_tags(in_experiment, client):
    with mlflow.start_run() as run:
        mlflow.log_params({"a": 1, "b": None, "c": [1, 2]})
        mlflow.log_metrics({"x": 1, "y": 2.5}, step=4)
        mlflow.set_tags({"s": "t", "n": 5})
        with pytest.raises(MlflowException, match="Changing param values is not allowed"):
            mlflow.log_param("a", 2)
    data = client.get_run(run.info.run_id).data
    assert data.params == {"a": "1", "b": "None", "c": "[1, 2]"}
    assert data.metrics == {"x": 1.0, "y": 2.5}
    assert (data.tags["s"], data.tags["n"]) == ("t", "5")

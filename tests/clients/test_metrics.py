"""Metrics: what a point may be, which point is the latest, and the three ways to read a history."""

import json
import math
import random

import pytest
from mlflow.entities import Metric

LARGEST = 1.7976931348623157e308
BULK = "/ajax-api/2.0/mlflow/metrics/get-history-bulk"
INTERVAL = "/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval"


@pytest.fixture
def new_run(client, experiment_id):
    return lambda: client.create_run(experiment_id).info.run_id


@pytest.fixture
def run_id(new_run):
    return new_run()


def log(api, run_id, value, timestamp=1, step=0, key="m"):
    body = {"run_id": run_id, "key": key, "value": value, "timestamp": timestamp, "step": step}
    answer = api.post("runs/log-metric", body)
    assert answer.status == 200, answer.text


def history(api, run_id, key="m", **query):
    return api.get("metrics/get-history", {"run_id": run_id, "metric_key": key, **query}).body.get("metrics", [])


def latest(api, run_id, key="m"):
    metrics = api.get("runs/get", {"run_id": run_id}).body["run"]["data"]["metrics"]
    [point] = [metric for metric in metrics if metric["key"] == key]
    return point


def point(value, timestamp, step, key="m"):
    return {"key": key, "value": value, "timestamp": timestamp, "step": step}


# --- one point


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (1, 1.0),
        (0.1, 0.1),
        (-0.0, 0.0),
        (1e-320, 1e-320),
        (LARGEST, LARGEST),
        (2**53 + 1, float(2**53)),
        (True, 1.0),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("NaN", "NaN"),
        ("Infinity", LARGEST),
        ("-Infinity", -LARGEST),
    ],
)
def test_a_value_comes_back_as_json_can_say_it(api, run_id, value, stored):
    log(api, run_id, value)
    assert latest(api, run_id) == point(stored, 1, 0)
    assert history(api, run_id) == [point(stored, 1, 0)]


def test_the_client_gets_nan_and_clipped_infinities(client, run_id):
    for key, value in (("nan", math.nan), ("up", math.inf), ("down", -math.inf)):
        client.log_metric(run_id, key, value)
    metrics = client.get_run(run_id).data.metrics
    assert math.isnan(metrics["nan"])
    assert (metrics["up"], metrics["down"]) == (LARGEST, -LARGEST)
    assert math.isnan(client.get_metric_history(run_id, "nan")[0].value)


@pytest.mark.parametrize("step", [0, 1, -5, 2**40, 2**63 - 1, -(2**63), "4", 3.0, None])
def test_a_step_is_any_64_bit_integer(api, run_id, step):
    log(api, run_id, 1, step=step)
    assert latest(api, run_id)["step"] == int(step or 0)


@pytest.mark.parametrize("timestamp", [0, 1, "7", 8.0, 2**63 - 1])
def test_a_timestamp_is_any_64_bit_integer_from_zero(api, run_id, timestamp):
    log(api, run_id, 1, timestamp=timestamp)
    assert latest(api, run_id)["timestamp"] == int(timestamp)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"key": "a", "value": 1}, "Missing value for required parameter 'timestamp'."),
        ({"key": "a", "timestamp": 1}, "Missing value for required parameter 'value'."),
        ({"value": 1, "timestamp": 1}, "Missing value for required parameter 'key'."),
        ({"key": "a", "value": None, "timestamp": 1}, "Missing value for required parameter 'value'."),
        ({"key": "a", "value": "", "timestamp": 1}, "Missing value for required parameter 'value'."),
        ({"key": "a", "value": "x", "timestamp": 1}, "Invalid value \"x\" for parameter 'value' supplied:"),
        ({"key": "a", "value": 1, "timestamp": 1, "step": "x"}, "Invalid value \"x\" for parameter 'step' supplied:"),
        ({"key": "a", "value": 1, "timestamp": "x"}, "Invalid value \"x\" for parameter 'timestamp' supplied:"),
        (
            {"key": "a", "value": 1, "timestamp": -1},
            "Invalid value -1 for parameter 'timestamp' supplied: metric 'a' (value=1.0). "
            "Timestamp must be a nonnegative long (64-bit integer)",
        ),
    ],
)
def test_a_bad_point_is_refused(api, run_id, body, message):
    answer = api.post("runs/log-metric", {"run_id": run_id, **body})
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert message in answer.message
    assert "metrics" not in api.get("runs/get", {"run_id": run_id}).body["run"]["data"]


@pytest.mark.ours
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("value", "NaN_bare"),
        ("value", "1e400"),
        ("value", "[1]"),
        ("value", '{"a": 1}'),
        ("timestamp", "1.5"),
        ("timestamp", "9223372036854775808"),
        ("timestamp", "1e30"),
        ("timestamp", "true"),
        ("step", "1.5"),
        ("step", "9223372036854775808"),
        ("step", "-9223372036854775809"),
        ("step", "[1]"),
    ],
)
def test_a_number_that_cannot_be_stored_is_refused(api, run_id, field, value):
    parts = {"value": "1", "timestamp": "1", "step": "0", field: value.removesuffix("_bare")}
    numbers = ", ".join(f'"{name}": {text}' for name, text in parts.items())
    answer = api.send("runs/log-metric", f'{{"run_id": "{run_id}", "key": "m", {numbers}}}')
    assert answer.status == 400
    assert answer.code in ("INVALID_PARAMETER_VALUE", "BAD_REQUEST")
    assert history(api, run_id) == []


# --- the same point, the latest point


def test_the_same_point_twice_is_one_point(api, run_id):
    for value in (1, "NaN", "Infinity"):
        for _ in range(2):
            log(api, run_id, value)
    assert len(history(api, run_id)) == 3


def test_the_same_point_twice_in_one_batch_is_one_point(client, run_id):
    client.log_batch(run_id, [Metric("m", 1.0, 5, 2), Metric("m", 1.0, 5, 2), Metric("m", math.nan, 5, 2)] * 2)
    assert len(client.get_metric_history(run_id, "m")) == 2


@pytest.mark.parametrize("together", [False, True], ids=["one by one", "in one batch"])
@pytest.mark.parametrize(
    ("points", "winner"),
    [
        ([(1, 5, 5), (2, 9, 4)], 0),
        ([(1, 5, 5), (2, 6, 5)], 1),
        ([(1, 6, 5), (2, 5, 5)], 0),
        ([(1, 5, 5), (2, 5, 5)], 1),
        ([(2, 5, 5), (1, 5, 5)], 0),
        ([(5, 1, -3), (4, 1, -2), (6, 9, -9)], 1),
        ([("NaN", 5, 5), (1, 5, 5)], 1),
        ([(1, 5, 5), ("NaN", 5, 5)], 0),
        ([(-1, 5, 5), ("NaN", 5, 5)], 1),
        ([("NaN", 5, 5), (-1, 5, 5)], 0),
        ([("NaN", 5, 5), (1, 5, 6)], 1),
        ([(1, 5, 5), ("NaN", 5, 6)], 1),
    ],
)
def test_the_latest_point_is_the_greatest_step_then_time_then_value(api, run_id, points, winner, together):
    if together:
        assert api.post("runs/log-batch", {"run_id": run_id, "metrics": [point(*p) for p in points]}).status == 200
    else:
        for value, timestamp, step in points:
            log(api, run_id, value, timestamp, step)
    value, timestamp, step = points[winner]
    assert latest(api, run_id) == point(value, timestamp, step)


# --- get-history


def test_a_history_is_in_order_of_time_step_and_value(api, run_id):
    points = [(v, t, s) for v in (-1, 0.5, 2) for t in (3, 1, 2) for s in (1, -1)]
    random.Random(1).shuffle(points)
    for value, timestamp, step in points:
        log(api, run_id, value, timestamp, step)
    expected = sorted(points, key=lambda p: (p[1], p[2], p[0]))
    assert history(api, run_id) == [point(*p) for p in expected]


@pytest.mark.parametrize("page", [1, 3, 7, 10, 11])
def test_a_history_can_be_read_in_pages(api, client, run_id, page):
    client.log_batch(run_id, [Metric("m", i, i, i) for i in range(10)])
    steps, token = [], None
    while True:
        query = {"run_id": run_id, "metric_key": "m", "max_results": page}
        body = api.get("metrics/get-history", {**query, "page_token": token} if token else query).body
        assert len(body["metrics"]) <= page
        steps += [metric["step"] for metric in body["metrics"]]
        token = body.get("next_page_token")
        if token is None:
            break
    assert steps == list(range(10))


def test_without_max_results_the_whole_history_comes_at_once(api, client, run_id):
    for start in range(0, 3000, 1000):
        client.log_batch(run_id, [Metric("m", i, i, i) for i in range(start, start + 1000)])
    body = api.get("metrics/get-history", {"run_id": run_id, "metric_key": "m"}).body
    assert len(body["metrics"]) == 3000
    assert "next_page_token" not in body
    assert [m.step for m in client.get_metric_history(run_id, "m")] == list(range(3000))


def test_a_history_of_nothing_is_an_empty_object(api, client, run_id):
    for asked in (run_id, "nope"):
        assert api.get("metrics/get-history", {"run_id": asked, "metric_key": "zz"}).text == "{}"
    assert client.get_metric_history(run_id, "zz") == []


def test_a_deleted_run_keeps_its_history(api, client, run_id):
    log(api, run_id, 1)
    client.delete_run(run_id)
    assert len(history(api, run_id)) == 1


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({}, "Missing value for required parameter 'metric_key'."),
        ({"metric_key": "m", "max_results": 0}, "Invalid value 0 for parameter 'max_results' supplied."),
        ({"metric_key": "m", "max_results": -1}, "Invalid value -1 for parameter 'max_results' supplied."),
        ({"metric_key": "m", "page_token": "x"}, "Invalid page token, could not base64-decode"),
    ],
)
def test_a_bad_question_for_a_history_is_refused(api, run_id, query, message):
    answer = api.get("metrics/get-history", {"run_id": run_id, **query})
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert message in answer.message


@pytest.mark.ours
@pytest.mark.parametrize("query", [{"max_results": "x"}, {"max_results": "1.5"}, {"page_token": "eyJvZmZzZXQiOiAteH0="}])
def test_a_wrong_number_in_the_question_is_refused(api, run_id, query):
    assert api.get("metrics/get-history", {"run_id": run_id, "metric_key": "m", **query}).status == 400


# --- get-history-bulk


def test_bulk_history_is_compact_json_with_sorted_keys_and_bare_nan(api, run_id):
    log(api, run_id, "NaN", 1, 0)
    log(api, run_id, 0.5, 2, 1)
    answer = api.get(BULK, {"run_id": run_id, "metric_key": "m"})
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.text.rstrip("\n") == (
        f'{{"metrics":[{{"key":"m","run_id":"{run_id}","step":0,"timestamp":1,"value":NaN}},'
        f'{{"key":"m","run_id":"{run_id}","step":1,"timestamp":2,"value":0.5}}]}}'
    )


def test_bulk_history_is_in_order_of_run_time_step_and_value(api, new_run):
    runs = [new_run() for _ in range(3)]
    rng, expected = random.Random(2), []
    for run_id in runs:
        points = [(rng.choice([-1, 0, 1]), rng.randint(1, 4), rng.randint(-2, 2)) for _ in range(8)]
        for value, timestamp, step in points:
            log(api, run_id, value, timestamp, step)
        expected += [(run_id, t, s, float(v)) for v, t, s in set(points)]
    body = api.get(BULK, {"run_id": runs, "metric_key": "m"}).body
    assert [(m["run_id"], m["timestamp"], m["step"], m["value"]) for m in body["metrics"]] == sorted(expected)


def test_bulk_history_is_limited_over_all_runs_together(api, new_run):
    runs = sorted(new_run() for _ in range(2))
    for run_id in runs:
        for step in range(3):
            log(api, run_id, 1, step, step)
    body = api.get(BULK, {"run_id": runs, "metric_key": "m", "max_results": 4}).body
    assert [m["run_id"] for m in body["metrics"]] == [runs[0]] * 3 + [runs[1]]


def test_bulk_history_skips_unknown_runs(api, run_id):
    log(api, run_id, 1)
    assert len(api.get(BULK, {"run_id": [run_id, "nope"], "metric_key": "m"}).body["metrics"]) == 1
    assert api.get(BULK, {"run_id": "nope", "metric_key": "m"}).body == {"metrics": []}
    assert api.get(BULK, {"run_id": run_id, "metric_key": "m", "max_results": 0}).body == {"metrics": []}


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"metric_key": "m"}, "GetMetricHistoryBulk request must specify at least one run_id."),
        ({"run_id": "a"}, "GetMetricHistoryBulk request must specify a metric_key."),
        (
            {"run_id": ["a"] * 101, "metric_key": "m"},
            "GetMetricHistoryBulk request cannot specify more than 100 run_ids. Received 101 run_ids.",
        ),
    ],
)
def test_a_bad_question_for_bulk_history_is_refused(api, query, message):
    answer = api.get(BULK, query)
    assert (answer.status, answer.code, answer.message) == (400, "INVALID_PARAMETER_VALUE", message)


@pytest.mark.ours
@pytest.mark.parametrize("max_results", ["x", "-1", "1.5"])
def test_bulk_history_refuses_a_wrong_limit(api, run_id, max_results):
    assert api.get(BULK, {"run_id": run_id, "metric_key": "m", "max_results": max_results}).status == 400


# --- get-history-bulk-interval


def sampled(points, limit):
    """The sample as the specification says it, written without SQL.

    The ordered points are dealt into `limit` buckets whose sizes differ by at most one, the larger first;
    the first of each bucket is kept, and the very last point always is.
    """
    ordered = sorted(points, key=lambda p: (p[2], p[1], p[0]))
    buckets = min(limit, len(ordered))
    if not buckets:
        return []
    size, larger = divmod(len(ordered), buckets)
    starts = [i * size + min(i, larger) for i in range(buckets)]
    kept = [ordered[i] for i in starts]
    if kept[-1] != ordered[-1]:
        kept = kept[:-1] if len(kept) >= limit else kept
        kept.append(ordered[-1])
    return kept


SHAPES = {
    "one point": [(1.0, 1, 0)],
    "ten steps": [(float(i), i, i) for i in range(10)],
    "steps far apart": [(float(i), i, i * i * 7 - 30) for i in range(40)],
    "all at one step": [(float(i), 1000 + i, 0) for i in range(50)],
    "time runs backwards": [(float(i), 100 - i, i) for i in range(30)],
    "many values at each step": [(float(v), s, s) for s in range(12) for v in range(4)],
    "a hundred and one": [(math.sin(i), i, i) for i in range(101)],
}


def sample_of(api, runs, **query):
    answer = api.get(INTERVAL, {"run_ids": runs, "metric_key": "m", **query})
    assert answer.status == 200, answer.text
    return [(m["run_id"], m["value"], m["timestamp"], m["step"]) for m in answer.body.get("metrics", [])]


@pytest.mark.parametrize("shape", SHAPES)
def test_an_interval_is_sampled_evenly_and_keeps_its_end(api, client, run_id, shape):
    points = SHAPES[shape]
    client.log_batch(run_id, [Metric("m", *p) for p in points])
    for limit in (1, 2, 3, 7, 10, 49, 2500):
        assert sample_of(api, [run_id], max_results=limit) == [(run_id, *p) for p in sampled(points, limit)]


@pytest.mark.parametrize("bounds", [(0, 9), (3, 3), (5, 8), (-10, 4), (8, 100), (50, 60)])
def test_an_interval_may_be_bounded_by_steps(api, client, run_id, bounds):
    points = [(float(i), 50 - i, i) for i in range(10)]
    client.log_batch(run_id, [Metric("m", *p) for p in points])
    inside = [p for p in points if bounds[0] <= p[2] <= bounds[1]]
    found = sample_of(api, [run_id], start_step=bounds[0], end_step=bounds[1], max_results=3)
    assert found == [(run_id, *p) for p in sampled(inside, 3)]


def test_an_interval_answers_run_by_run_as_asked(api, client, new_run):
    runs = [new_run(), new_run()]
    for index, run_id in enumerate(runs):
        client.log_batch(run_id, [Metric("m", i + index, i, i) for i in range(5 + index)])
    asked = [runs[1], "nope", runs[0], runs[1]]
    found = [step_of[0] for step_of in sample_of(api, asked, max_results=2)]
    assert found == [runs[1]] * 2 + [runs[0]] * 2 + [runs[1]] * 2


def test_an_interval_carries_nan_as_a_string_and_the_run_id_last(api, run_id):
    log(api, run_id, "NaN", 1, 0)
    answer = api.get(INTERVAL, {"run_ids": run_id, "metric_key": "m"})
    [metric] = answer.body["metrics"]
    assert list(metric.items()) == [("key", "m"), ("value", "NaN"), ("timestamp", 1), ("step", 0), ("run_id", run_id)]
    assert json.dumps(answer.body, indent=2) == answer.text


def test_an_interval_is_served_under_api_too(api, run_id):
    log(api, run_id, 1)
    query = {"run_ids": run_id, "metric_key": "m"}
    assert api.get(INTERVAL, query).body == api.get("metrics/get-history-bulk-interval", query).body


def test_an_interval_without_points_is_an_empty_object(api, run_id):
    assert api.get(INTERVAL, {"run_ids": run_id, "metric_key": "m"}).text == "{}"


def test_an_interval_without_a_limit_ends_at_2500_points(api, client, run_id):
    for start in (0, 1000, 2000):
        client.log_batch(run_id, [Metric("m", i, i, i) for i in range(start, start + 1000)])
    points = [(float(i), i, i) for i in range(3000)]
    assert sample_of(api, [run_id]) == [(run_id, *p) for p in sampled(points, 2500)]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"run_ids": "a"}, "Missing value for required parameter 'metric_key'."),
        ({"metric_key": "m"}, "Missing value for required parameter 'run_ids'."),
        ({"run_ids": ["a"] * 101, "metric_key": "m"}, "at most 100 run_ids. Received 101 run_ids."),
        ({"start_step": 1}, "If either start step or end step are specified, both must be specified."),
        ({"end_step": 1}, "If either start step or end step are specified, both must be specified."),
        ({"start_step": 5, "end_step": 4}, "end_step must be greater than start_step. Found start_step=5 and end_step=4."),
        ({"start_step": "x", "end_step": 4}, "Invalid value \"x\" for parameter 'start_step' supplied"),
        ({"max_results": 0}, "max_results must be between 1 and 2500."),
        ({"max_results": 2501}, "max_results must be between 1 and 2500."),
        ({"max_results": "x"}, "Invalid value \"x\" for parameter 'max_results' supplied"),
    ],
)
def test_a_bad_question_for_an_interval_is_refused(api, query, message):
    asked = query if {"run_ids", "metric_key"} & query.keys() else {"run_ids": "a", "metric_key": "m", **query}
    answer = api.get(INTERVAL, asked)
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert message in answer.message

"""The wire: how requests are decoded, how answers are written, and what odd bodies get instead of a 500."""

import contextlib
import json
import socket

import pytest
import requests


@pytest.fixture
def run_id(client, experiment_id):
    return client.create_run(experiment_id).info.run_id


def tags_of(client, run_id):
    return {k: v for k, v in client.get_run(run_id).data.tags.items() if k != "mlflow.runName"}


# --- names and types of fields


def test_camel_case_names_are_understood(api, experiment_id):
    body = {"experimentId": experiment_id, "runName": "camel", "startTime": 12, "userId": "u"}
    info = api.post("runs/create", body).body["run"]["info"]
    assert (info["run_name"], info["start_time"], info["user_id"]) == ("camel", 12, "u")


@pytest.mark.parametrize("other", ["same", "different"])
def test_both_spellings_of_one_name_are_refused(api, experiment_id, other):
    body = {"experimentId": experiment_id, "experiment_id": experiment_id if other == "same" else "0"}
    answer = api.post("runs/create", body)
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert answer.message == "Request specifies both 'experiment_id' and 'experimentId'; provide only one of them."


def test_a_query_takes_snake_case_only(api, experiment_id):
    assert api.get("experiments/get", {"experimentId": experiment_id}).status == 400


def test_unknown_fields_are_ignored_at_every_depth(api, experiment_id):
    tags = [{"key": "a", "value": "b", "more": [1]}]
    answer = api.post("runs/create", {"experiment_id": experiment_id, "unknown": {"x": 1}, "tags": tags})
    assert answer.status == 200
    assert {"key": "a", "value": "b"} in answer.body["run"]["data"]["tags"]


@pytest.mark.parametrize("start_time", [12, "12", 12.0, 1.2e1])
def test_an_integer_may_be_a_number_a_string_or_an_integral_float(api, experiment_id, start_time):
    answer = api.post("runs/create", {"experiment_id": experiment_id, "start_time": start_time})
    assert answer.body["run"]["info"]["start_time"] == 12


def test_null_is_absent(api, client, run_id):
    assert api.post("runs/set-tag", {"run_id": run_id, "key": "k", "value": None}).status == 200
    assert tags_of(client, run_id) == {"k": ""}


@pytest.mark.parametrize(
    ("field", "value", "shown", "kind"),
    [
        ("key", 1, "1", "int"),
        ("key", ["a"], '["a"]', "list"),
        ("value", {"a": 1, "b": [2]}, '{"a":1,"b":[2]}', "dict"),
        ("value", True, "true", "bool"),
        ("value", 1.5, "1.5", "float"),
        ("run_id", 5, "5", "int"),
    ],
)
def test_a_value_of_the_wrong_type_is_named_with_its_type(api, run_id, field, value, shown, kind):
    answer = api.post("runs/set-tag", {"run_id": run_id, "key": "k", "value": "v", field: value})
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert answer.message == (
        f"Invalid value {shown} for parameter '{field}' supplied:  Hint: Value was of type '{kind}'. "
        "See the API docs for more information about request parameters."
    )


@pytest.mark.parametrize("missing", [{}, {"run_id": None}, {"run_id": ""}])
def test_a_missing_null_or_empty_required_field_is_named(api, missing):
    answer = api.post("runs/set-tag", {"key": "k", "value": "v", **missing})
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert answer.message == (
        "Missing value for required parameter 'run_id'. "
        "See the API docs for more information about request parameters."
    )


@pytest.mark.parametrize("tags", ["{}", "[5]", "[null]", '[{"key": 1, "value": 2}]', '"a"', "5"])
def test_tags_that_are_no_tags_are_refused(api, client, unique_name, tags):
    name = unique_name()
    answer = api.send("experiments/create", f'{{"name": "{name}", "tags": {tags}}}')
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert client.get_experiment_by_name(name) is None


def test_the_last_of_two_equal_keys_wins(api, client, unique_name):
    first, second = unique_name("-1"), unique_name("-2")
    assert api.send("experiments/create", f'{{"name": "{first}", "name": "{second}"}}').status == 200
    assert client.get_experiment_by_name(first) is None
    assert client.get_experiment_by_name(second) is not None


# --- the body


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8"])
def test_the_content_type_is_json(api, content_type):
    assert api.send("runs/search", "{}", content_type).status == 200


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "application/jsonx"])
def test_another_content_type_is_refused(api, content_type):
    answer = api.send("runs/search", "{}", content_type)
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert answer.message == "Bad Request. Content-Type must be one of ['application/json']."


def test_a_missing_content_type_is_refused(api):
    answer = api.send("runs/search", b"{}", None)
    assert (answer.status, answer.message) == (400, "Bad Request. Content-Type header is missing.")


@pytest.mark.parametrize("body", ["{bad", "[", "[1]", "5", '"x"', "{}x", '{"a":1,}', "\x00", "{'a': 1}", "\xff"])
@pytest.mark.ours
def test_a_body_that_is_no_json_object_is_a_400(api, body):
    answer = api.send("runs/search", body.encode("latin-1"))
    assert answer.status == 400
    assert answer.code in ("BAD_REQUEST", "INVALID_PARAMETER_VALUE", "MALFORMED_REQUEST")


@pytest.mark.parametrize("body", [b'{"name":"\xff\xfe"}', b'{"name":"ctl\x01"}', b'{"name":"a\\ud800b"}', b'{"name":"x"'])
def test_broken_text_is_refused(api, body):
    assert api.send("experiments/create", body).status == 400


def test_a_deep_body_is_fine_up_to_a_point(api, unique_name):
    body = f'{{"name": "{unique_name()}", "x": {"[" * 90}{"]" * 90}}}'
    assert api.send("experiments/create", body).status == 200


@pytest.mark.ours
@pytest.mark.parametrize(("open_", "close"), [("[", "]"), ('{"a":', "}")])
def test_a_bottomless_body_is_refused(api, client, unique_name, open_, close):
    name = unique_name()
    nested = open_ * 200_000 + "1" + close * 200_000
    answer = api.send("experiments/create", f'{{"name": "{name}", "x": {nested}}}')
    assert answer.status in (400, 413)
    assert client.get_experiment_by_name(name) is None


def test_a_wide_body_is_refused_by_its_limits_not_by_a_crash(api, run_id):
    tags = [{"key": f"k{i}", "value": "v"} for i in range(50_000)]
    answer = api.post("runs/log-batch", {"run_id": run_id, "tags": tags})
    assert answer.status in (400, 413)


def test_many_unknown_fields_do_no_harm(api, unique_name):
    body = {"name": unique_name(), **{f"f{i}": i for i in range(20_000)}}
    assert api.post("experiments/create", body).status == 200


def test_a_large_batch_of_long_values_is_taken(api, client, run_id):
    params = [{"key": f"p{i}", "value": "x" * 6000} for i in range(90)]
    tags = [{"key": f"t{i}", "value": "y" * 5000} for i in range(90)]
    assert api.post("runs/log-batch", {"run_id": run_id, "params": params, "tags": tags}).status == 200
    assert len(client.get_run(run_id).data.params) == 90


@pytest.mark.ours
def test_an_endless_body_is_refused(api):
    """The server may answer or hang up while the body is still coming; afterwards it serves as before."""
    chunks = (b"x" * 1_000_000 for _ in range(300))
    with contextlib.suppress(requests.ConnectionError):
        assert api.send("experiments/create", chunks).status in (400, 413)
    assert api.get("/health").status == 200


# --- what the database cannot hold


@pytest.mark.ours
@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("experiments/create", {"name": "nul\0{u}"}, "name"),
        ("experiments/set-experiment-tag", {"experiment_id": "{e}", "key": "k", "value": "a\0b"}, "value"),
        ("experiments/set-experiment-tag", {"experiment_id": "{e}", "key": "k\0", "value": "a"}, "key"),
        ("runs/create", {"experiment_id": "{e}", "run_name": "a\0b"}, "run_name"),
        ("runs/create", {"experiment_id": "{e}", "user_id": "a\0b"}, "user_id"),
        ("runs/create", {"experiment_id": "{e}", "tags": [{"key": "a", "value": "\0"}]}, "tags"),
        ("runs/update", {"run_id": "{r}", "run_name": "a\0b"}, "run_name"),
        ("runs/set-tag", {"run_id": "{r}", "key": "k", "value": "a\0b"}, "value"),
        ("runs/log-parameter", {"run_id": "{r}", "key": "k", "value": "a\0b"}, "value"),
        ("runs/log-metric", {"run_id": "{r}", "key": "k\0", "value": 1, "timestamp": 1}, "k"),
        ("runs/log-batch", {"run_id": "{r}", "params": [{"key": "k", "value": "a\0b"}]}, "params"),
    ],
)
def test_a_nul_character_is_refused_and_named(api, client, experiment_id, run_id, unique_name, path, body, field):
    text = json.dumps(body).replace("{e}", experiment_id).replace("{r}", run_id).replace("{u}", unique_name())
    before = [client.get_run(run_id).to_dictionary(), len(client.search_runs([experiment_id]))]
    answer = api.send(path, text)
    assert 400 <= answer.status < 500
    assert field in answer.message.lower()
    assert [client.get_run(run_id).to_dictionary(), len(client.search_runs([experiment_id]))] == before


@pytest.mark.ours
@pytest.mark.parametrize("query", ["experiment_name=%00", "experiment_name=a%00b"])
def test_a_nul_character_in_a_query_finds_nothing(api, query):
    assert api.get(f"experiments/get-by-name?{query}").status in (400, 404)


@pytest.mark.ours
@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("experiments/create", {"name": "n" * 257}, "name"),
        ("experiments/update", {"experiment_id": "{e}", "new_name": "n" * 257}, "name"),
        ("experiments/create", {"name": "{u}", "artifact_location": "s3://b/" + "x" * 250}, "artifact_location"),
        ("runs/create", {"experiment_id": "{e}", "run_name": "n" * 251}, "run_name"),
        ("runs/create", {"experiment_id": "{e}", "user_id": "u" * 257}, "user_id"),
        ("runs/update", {"run_id": "{r}", "run_name": "n" * 251}, "run_name"),
        ("runs/set-tag", {"run_id": "{r}", "key": "mlflow.runName", "value": "n" * 251}, "name"),
    ],
)
def test_a_name_longer_than_its_column_is_refused_on_postgres(
    api, database, client, experiment_id, run_id, unique_name, path, body, field
):
    if database != "postgres":
        pytest.skip("SQLite does not bound its columns, and the stock server takes these there")
    text = json.dumps(body).replace("{e}", experiment_id).replace("{r}", run_id).replace("{u}", unique_name())
    before = [client.get_run(run_id).to_dictionary(), len(client.search_runs([experiment_id]))]
    answer = api.send(path, text)
    assert 400 <= answer.status < 500
    assert field in answer.message.lower()
    assert [client.get_run(run_id).to_dictionary(), len(client.search_runs([experiment_id]))] == before


@pytest.mark.ours
@pytest.mark.parametrize("number", ["9223372036854775808", "-9223372036854775809", "1e30", "1.5", '"1.5"', "[]", "{}"])
@pytest.mark.parametrize(
    ("path", "field"), [("runs/create", "start_time"), ("runs/update", "end_time"), ("runs/search", "max_results")]
)
def test_a_number_out_of_range_is_named(api, client, experiment_id, run_id, path, field, number):
    ids = f'"experiment_id": "{experiment_id}", "run_id": "{run_id}", "experiment_ids": ["{experiment_id}"]'
    answer = api.send(path, f'{{{ids}, "{field}": {number}}}')
    assert answer.status == 400
    assert field in answer.message
    assert len(client.search_runs([experiment_id])) == 1


# --- queries


def test_a_query_is_decoded_once(api, client, unique_name):
    name = unique_name(" a+b%20c&d=e/ü")
    experiment_id = client.create_experiment(name)
    assert api.get("experiments/get-by-name", {"experiment_name": name}).body["experiment"]["experiment_id"] == experiment_id


def test_a_plus_in_a_query_is_a_blank(api):
    answer = api.get("experiments/get-by-name?experiment_name=no+such%20one")
    assert answer.message == "Could not find experiment with name 'no such one'"


def test_the_first_of_two_equal_parameters_wins(api, experiment_id):
    answer = api.get(f"experiments/get?experiment_id={experiment_id}&experiment_id=0")
    assert answer.body["experiment"]["experiment_id"] == experiment_id


def test_a_query_needs_no_content_type_and_ignores_unknown_parameters(api):
    assert api.get("experiments/get?experiment_id=0&foo=1", headers={"Content-Type": "text/plain"}).status == 200


def test_an_empty_parameter_is_missing(api):
    answer = api.get("experiments/get?experiment_id=")
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert "Missing value for required parameter 'experiment_id'." in answer.message


# --- routes and answers


@pytest.mark.parametrize("prefix", ["/api/2.0/mlflow", "/ajax-api/2.0/mlflow"])
def test_the_api_is_served_under_both_prefixes(api, prefix):
    assert api.get(f"{prefix}/experiments/get?experiment_id=0").status == 200
    assert api.post(f"{prefix}/runs/search", {"experiment_ids": []}).text == "{}"


@pytest.mark.parametrize(
    "path", ["/nope", "/api/2.0/mlflow/nope", "/api/9.9/mlflow/runs/get", "/api/2.0/mlflow/", "/ajax-api/2.0/x/y", "/API/2.0/mlflow/runs/get"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_unknown_route_is_a_404(api, method, path):
    assert api.request(method, path).status in ((404,) if path.startswith("/api") else (404, 405))


@pytest.mark.ours
@pytest.mark.parametrize("path", ["/api/2.0/mlflow/nope", "/ajax-api/2.0/mlflow/experiments/nope", "/api/3.0/mlflow/nope"])
def test_an_unknown_route_answers_endpoint_not_found_in_json(api, path):
    for answer in (api.get(path), api.post(path, {})):
        assert (answer.status, answer.code) == (404, "ENDPOINT_NOT_FOUND")
        assert path in answer.message


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "experiments/get"), ("GET", "experiments/create"), ("DELETE", "runs/search"), ("PUT", "runs/create")],
)
def test_the_wrong_method_is_a_405_that_says_which_is_right(api, method, path):
    answer = api.request(method, path)
    assert answer.status == 405
    assert {"POST", "GET"} & set(answer.headers["Allow"].split(", "))


def test_answers_are_pretty_printed_ascii(api, client, unique_name):
    name = unique_name(' ü "\\/ 🚂 <>& \x7f')
    answer = api.get("experiments/get", {"experiment_id": client.create_experiment(name)})
    assert answer.body["experiment"]["name"] == name
    assert answer.response.content.isascii()
    assert answer.text == json.dumps(answer.body, indent=2)
    assert answer.headers["Content-Type"] == "application/json"


def test_an_error_is_written_on_one_line_of_ascii(api):
    answer = api.get("experiments/get-by-name", {"experiment_name": 'ü"'})
    assert answer.text == json.dumps(answer.body)
    assert list(answer.body)[:2] == ["error_code", "message"]


@pytest.mark.ours
def test_a_length_over_the_limit_is_refused_before_anything_is_sent(server):
    host, port = server.url.removeprefix("http://").split(":")
    head = "POST /api/2.0/mlflow/runs/create HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with socket.create_connection((host, int(port)), timeout=10) as caller:
        caller.sendall(f"{head}Expect: 100-continue\r\nContent-Length: 99999999999\r\n\r\n".encode())
        answer = caller.recv(4096).decode()
    assert answer.startswith("HTTP/1.1 400 ")

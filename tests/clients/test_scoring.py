"""What `/invocations` answers: status and predictions for the same models and bodies on both servers.

Where the original answers 500 to a caller's mistake, casts silently or echoes the data, ours answers 400 with column,
row and expected type: those are DIFFERENCES, with what each of the two does.
"""

import io
import json
import math

import numpy
import pandas
import pyarrow
import pyarrow.parquet
import pytest
import requests

JSON = "application/json"
CSV = "text/csv"
PARQUET = "application/vnd.apache.parquet"
ARROW = "application/vnd.apache.arrow.stream"

ROWS = [[1.0, 2.0, 3.0], [-1.0, 0.5, 0.25]]
ECHO = {"b": True, "i": 1, "l": 2, "d": 0.5, "s": "x", "t": "2024-01-02T03:04:05"}


def split(rows, names=("a", "b", "c")):
    return {"dataframe_split": {"columns": list(names), "data": rows}}


def echo(**changed):
    return {"dataframe_records": [{**ECHO, **changed}]}


def parquet(frame):
    file = io.BytesIO()
    frame.to_parquet(file)
    return file.getvalue()


def parquet_twice():
    """Three columns, the first of them again at the end."""
    file = io.BytesIO()
    table = pyarrow.table([pyarrow.array([1.0]) for _ in range(4)], names=list("abca"))
    pyarrow.parquet.write_table(table, file)
    return file.getvalue()


def frame(kind="float64"):
    return pandas.DataFrame(numpy.array(ROWS, dtype=kind), columns=list("abc"))


# Name: (model, content type, body, status, predictions). Predictions of None are not looked at.
SAME = {
    "split": ("sklearn", JSON, split(ROWS), 200, [0, 0]),
    "split_in_another_order": ("sklearn", JSON, split([[3.0, 2.0, 1.0]], "cba"), 200, [0]),
    "extra_column": ("sklearn", JSON, split([[9.0, 1.0, 2.0, 3.0]], "xabc"), 200, [0]),
    "data_before_columns": (
        "sklearn",
        JSON,
        b'{"dataframe_split": {"data": [[1, 2, 3]], "index": [0], "columns": ["a", "b", "c"]}}',
        200,
        [0],
    ),
    "records": ("sklearn", JSON, {"dataframe_records": [{"a": 1.0, "b": -2.0, "c": 3.0}]}, 200, [1]),
    "whole_numbers": ("sklearn", JSON, split([[1, -2, 3]]), 200, [1]),
    "numbers_as_texts": ("sklearn", JSON, split([["1.5", "-2", "3"]]), 200, [1]),
    "inputs_by_column": ("sklearn", JSON, {"inputs": {"a": [1.0, 1.0], "b": [2.0, -2.0], "c": [3.0, 3.0]}}, 200, [0, 1]),
    "instances_by_row": ("sklearn", JSON, {"instances": [{"a": 1.0, "b": -2.0, "c": 3.0}]}, 200, [1]),
    "missing_column": ("sklearn", JSON, split([[1.0, 2.0]], "ab"), 400, None),
    "text_for_a_number": ("sklearn", JSON, split([["one", 2.0, 3.0]]), 400, None),
    "unnamed_rows": ("sklearn", JSON, {"inputs": ROWS}, 400, None),
    "too_many_values": ("sklearn", JSON, split([[1.0, 2.0, 3.0, 4.0]]), 400, None),
    "rows_shorter_than_their_names": ("onnx", JSON, split([[1.0, 2.0]]), 400, None),
    "rows_of_nothing": ("onnx", JSON, split([[], []]), 400, None),
    "a_short_row_beside_a_whole_one": ("onnx", JSON, split([[1.0, 2.0], [1.0, 2.0, 3.0]]), 200, None),
    "tensor_rows_shorter_than_their_names": ("tensor", JSON, split([[1.0, 2.0]]), 400, None),
    "two_shapes": ("sklearn", JSON, {**split(ROWS), "inputs": ROWS}, 400, None),
    "no_shape": ("sklearn", JSON, {"columns": ["a"], "data": [[1]]}, 400, None),
    "a_list": ("sklearn", JSON, [1, 2, 3], 400, None),
    "a_null": ("sklearn", JSON, b"null", 400, None),
    "a_text": ("sklearn", JSON, b'"x"', 400, None),
    "no_json": ("sklearn", JSON, b"{", 400, None),
    "byte_order_mark": ("sklearn", JSON, b"\xef\xbb\xbf" + json.dumps(split([[1, -2, 3]])).encode(), 200, [1]),
    "utf_16": ("sklearn", JSON, json.dumps(split([[1, -2, 3]])).encode("utf-16"), 200, [1]),
    "csv": ("sklearn", CSV, b"c,b,a\n3,-2,1\n3,2,1\n", 200, [1, 0]),
    "csv_of_flags": ("sklearn", CSV, b"a,b,c\nTrue,-2,1\nfalse,2,1\n", 200, [1, 0]),
    "csv_of_flags_and_numbers": ("sklearn", CSV, b"a,b,c\nTrue,-2,1\n4,2,1\n", 400, None),
    "csv_missing_column": ("sklearn", CSV, b"a,b\n1,2\n", 400, None),
    "csv_text_for_a_number": ("sklearn", CSV, b"a,b,c\none,2,3\n", 400, None),
    "parquet": ("sklearn", PARQUET, parquet(frame()), 200, [0, 0]),
    "parquet_with_a_column_twice": ("sklearn", PARQUET, parquet_twice(), 400, None),
    "no_parquet": ("sklearn", PARQUET, b"PAR1", 400, None),
    "other_content_type": ("sklearn", "image/png", b"", 415, None),
    "other_case": ("sklearn", "Application/JSON", split(ROWS), 415, None),
    "other_charset": ("sklearn", "application/json; charset=latin-1", split(ROWS), 415, None),
    "trailing_semicolon": ("sklearn", "application/json;", split(ROWS), 415, None),
    "utf_8": ("sklearn", "application/json; charset=UTF-8", split([[1, -2, 3]]), 200, [1]),
    "tensor_inputs": ("tensor", JSON, {"inputs": ROWS}, 200, None),
    "tensor_instances": ("tensor", JSON, {"instances": ROWS}, 200, None),
    "tensor_split": ("tensor", JSON, split(ROWS), 200, None),
    "tensor_without_a_name_by_name": ("tensor", JSON, {"inputs": {"input": ROWS}}, 400, None),
    "tensor_without_a_name_by_row": ("tensor", JSON, {"instances": [{"x": row} for row in ROWS]}, 400, None),
    "tensor_of_another_shape": ("tensor", JSON, {"inputs": [[1.0, 2.0]]}, 400, None),
    "tensor_ragged": ("tensor", JSON, {"inputs": [[1.0, 2.0, 3.0], [1.0]]}, 400, None),
    "tensor_text": ("tensor", JSON, {"inputs": [["a", 2.0, 3.0]]}, 400, None),
    "tensor_without_rows": ("tensor", JSON, {"inputs": []}, 400, None),
    "tensor_without_instances": ("tensor", JSON, {"instances": []}, 400, None),
    "tensor_of_an_empty_frame": ("tensor", JSON, split([]), 400, None),
    "named_tensors_without_rows": ("named_tensors", JSON, {"inputs": {"x": [], "y": []}}, 400, None),
    "named_tensors_of_an_empty_list": ("named_tensors", JSON, {"inputs": []}, 400, None),
    "columns_of_an_empty_list": ("sklearn", JSON, {"inputs": []}, 400, None),
    "columns_of_no_records": ("sklearn", JSON, {"dataframe_records": []}, 400, None),
    "only_column_of_an_empty_list": ("texts", JSON, {"inputs": []}, 200, []),
    "only_column_without_instances": ("texts", JSON, {"instances": []}, 200, []),
    "only_column_without_values": ("texts", JSON, {"inputs": {"s": []}}, 200, []),
    "only_column_of_an_empty_frame": ("texts", JSON, split([], "s"), 200, []),
    "only_column_of_no_records": ("texts", JSON, {"dataframe_records": []}, 400, None),
    "only_column_of_no_columns": ("texts", JSON, {"inputs": {}}, 400, None),
    "onnx_split": ("onnx", JSON, split(ROWS), 200, None),
    "onnx_parquet": ("onnx", PARQUET, parquet(frame("float32")), 200, None),
    "onnx_parquet_of_doubles": ("onnx", PARQUET, parquet(frame()), 400, None),
    "named_tensors": (
        "named_tensors",
        JSON,
        {"inputs": {"x": [[1.0, 2.0]], "y": [[0.5, 0.25]]}},
        200,
        {"total": [[1.5, 2.25]], "difference": [[0.5, 1.75]]},
    ),
    "named_tensors_by_row": (
        "named_tensors",
        JSON,
        {"instances": [{"x": [1.0, 2.0], "y": [0.5, 0.25]}]},
        200,
        {"total": [[1.5, 2.25]], "difference": [[0.5, 1.75]]},
    ),
    "objects_of_a_tensor": ("objects", JSON, {"inputs": [[1.0, 0.0], [3.0, 3.0]]}, 200, None),
    "objects_by_row": ("objects", JSON, {"instances": [[1.0, 0.0], [3.0, 3.0]]}, 200, None),
    "text_and_whole_number": (
        "mixed",
        CSV,
        b"s,i\nx,1\ny,2\n",
        200,
        [{"same": "x", "twice": 2}, {"same": "y", "twice": 4}],
    ),
    "missing_text": ("mixed", CSV, b"i\n1\n", 400, None),
    "every_type": ("echo", JSON, echo(), 200, [{**ECHO, "param_temperature": 0.5, "param_name": "x"}]),
    "params": (
        "echo",
        JSON,
        {**echo(), "params": {"temperature": 1, "unknown": 2}},
        200,
        [{**ECHO, "param_temperature": 1.0, "param_name": "x"}],
    ),
    "null_as_a_param": (
        "echo",
        JSON,
        {**echo(), "params": {"temperature": None}},
        200,
        [{**ECHO, "param_temperature": None, "param_name": "x"}],
    ),
    "null_as_params": (
        "echo",
        JSON,
        {**echo(), "params": None},
        200,
        [{**ECHO, "param_temperature": 0.5, "param_name": "x"}],
    ),
    "param_of_another_type": ("echo", JSON, {**echo(), "params": {"temperature": "hot"}}, 400, None),
    "params_that_are_no_dictionary": ("echo", JSON, {**echo(), "params": [1]}, 400, None),
    "optional_column": ("echo", JSON, echo(o=1.5), 200, [{**ECHO, "o": 1.5, "param_temperature": 0.5, "param_name": "x"}]),
    "truth_as_text": ("echo", JSON, echo(b="true"), 200, None),
    "null_in_a_whole_number": ("echo", JSON, echo(l=None), 400, None),
    "null_text": ("echo", JSON, echo(s=None), 200, None),
    "null_moment": ("echo", JSON, echo(t=None), 200, None),
    "no_moment": ("echo", JSON, echo(t="soon"), 400, None),
    "number_for_a_text": ("texts", JSON, {"inputs": {"s": [5]}}, 200, [{"s": "5"}]),
    "small_number_for_a_text": ("texts", JSON, {"inputs": [{"s": 1e-5}]}, 200, [{"s": "1e-05"}]),
    "large_number_for_a_text": ("texts", JSON, {"instances": [{"s": 1e16}]}, 200, [{"s": "1e+16"}]),
    "truth_for_a_text": ("texts", JSON, {"inputs": {"s": True}}, 200, [{"s": "True"}]),
    "number_for_a_text_in_a_csv": ("texts", CSV, b"s\n5\n", 200, [{"s": "5"}]),
    "number_in_a_list_of_texts": ("nested", JSON, {"dataframe_records": [{"l": [5]}]}, 400, None),
    "number_in_an_object_of_texts": ("nested", JSON, {"dataframe_records": [{"o": {"p": 5}}]}, 400, None),
    "number_in_a_map_of_texts": ("nested", JSON, {"dataframe_records": [{"m": {"k": 5}}]}, 400, None),
}

# Name: (model, content type, body, status of the original, what our message names).
DIFFERENCES = {
    "fraction_for_a_whole_number": ("echo", JSON, echo(l=3.5), 200, ["'l'", "row 0", "3.5", "long"]),
    "out_of_range": ("echo", JSON, echo(i=2147483648), 200, ["'i'", "row 0", "2147483648", "integer"]),
    "beyond_a_long": ("echo", JSON, echo(l=2**63), 200, ["'l'", "row 0", "9223372036854775808", "long"]),
    "beyond_a_double": (
        "echo",
        JSON,
        json.dumps(echo(d=0)).replace('"d": 0', '"d": 1e400').encode(),
        200,
        ["number out of range"],
    ),
    "column_of_a_record_twice": (
        "echo",
        JSON,
        json.dumps(echo()).replace('"l": 2', '"l": 2, "l": 3').encode(),
        200,
        ["'l'", "row 0", "twice"],
    ),
    "tensor_twice": (
        "named_tensors",
        JSON,
        b'{"inputs": {"x": [[1, 2]], "y": [[1, 2]], "x": [[3, 4]]}}',
        200,
        ["'x'", "twice"],
    ),
    "data_twice": ("texts", JSON, b'{"inputs": ["x"], "inputs": ["y"]}', 200, ["several"]),
    "more_digits_than_a_number_keeps": (
        "texts",
        JSON,
        b'{"inputs": {"s": [12345678901234567890123]}}',
        200,
        ["'s'", "row 0", "1.2345678901234568e22", "string"],
    ),
    "number_beside_a_text_in_a_list": (
        "nested",
        JSON,
        {"dataframe_records": [{"l": ["x", 5]}]},
        200,
        ["'l'", "row 0", "5", "string"],
    ),
    "neither_true_nor_false": ("echo", JSON, echo(b="nonsense"), 200, ["'b'", "row 0", "nonsense", "boolean"]),
}


def post(url, content_type, body):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return requests.post(f"{url}/invocations", data=data, headers={"Content-Type": content_type}, timeout=60)


def equal(left, right):
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equal(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, float) and isinstance(right, (int, float)):
        return math.isclose(left, right, rel_tol=1e-5)
    return left == right


@pytest.mark.parametrize("case", SAME)
def test_both_servers_answer_the_same(scoring_url, scored_models, case):
    model, content_type, body, status, predictions = SAME[case]
    response = post(scoring_url(scored_models[model]), content_type, body)
    assert response.status_code == status, response.text[:2000]
    if predictions is not None:
        assert equal(predictions, response.json()["predictions"]), response.text


@pytest.mark.parametrize("case", DIFFERENCES)
def test_a_value_that_would_become_another_is_named(scoring_url, scored_models, target, case):
    model, content_type, body, original_status, named = DIFFERENCES[case]
    response = post(scoring_url(scored_models[model]), content_type, body)
    if target == "mlflow":
        assert response.status_code == original_status, response.text[:2000]
        return
    assert response.status_code == 400
    message = response.json()["message"]
    assert all(part in message for part in named), message


def test_a_number_in_a_column_of_texts_is_its_text(scoring_url, scored_models, target):
    """The original gives it to the model as it is if it comes in a frame, and as its text otherwise."""
    response = post(scoring_url(scored_models["texts"]), JSON, {"dataframe_records": [{"s": "x"}, {"s": 5}]})
    assert response.json() == {"predictions": [{"s": "x"}, {"s": 5 if target == "mlflow" else "5"}]}


@pytest.mark.ours
def test_texts_reach_onnx_from_json_too(scoring_url, scored_models):
    body = {"dataframe_records": [{"s": "x", "i": 1}]}
    response = post(scoring_url(scored_models["mixed"]), JSON, body)
    assert response.json() == {"predictions": [{"same": "x", "twice": 2}]}


@pytest.mark.ours
def test_outputs_of_different_widths_are_columns(scoring_url, scored_models):
    response = post(scoring_url(scored_models["classifier"]), JSON, split(ROWS))
    assert response.status_code == 200, response.text
    first = response.json()["predictions"][0]
    assert set(first) == {"label", "probabilities"}
    assert len(first["probabilities"]) == 2


@pytest.mark.ours
def test_a_long_that_is_exactly_a_double_is_one(scoring_url, scored_models):
    """The original refuses a Parquet column of int64 for one of doubles."""
    response = post(scoring_url(scored_models["sklearn"]), PARQUET, parquet(frame("int64")))
    assert response.status_code == 200, response.text


@pytest.mark.ours
def test_arrow_goes_in_and_out(scoring_url, scored_models):
    table = pyarrow.Table.from_pandas(frame(), preserve_index=False)
    sink = pyarrow.BufferOutputStream()
    with pyarrow.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    url = scoring_url(scored_models["sklearn"])
    headers = {"Content-Type": ARROW, "Accept": ARROW}
    response = requests.post(f"{url}/invocations", data=sink.getvalue().to_pybytes(), headers=headers, timeout=60)
    assert response.status_code == 200, response.text
    answer = pyarrow.ipc.open_stream(response.content).read_all()
    assert answer.num_rows == len(ROWS)


@pytest.mark.ours
def test_numbers_that_are_no_json_are_answered_as_null(scoring_url, scored_models):
    rows = [{**ECHO, "o": 1.5}, {**ECHO, "o": float("nan")}]
    response = post(scoring_url(scored_models["echo"]), JSON, {"dataframe_records": rows})
    assert "NaN" not in response.text
    assert [row["o"] for row in response.json()["predictions"]] == [1.5, None]

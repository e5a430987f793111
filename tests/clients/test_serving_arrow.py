"""Arrow streams in and out of `/invocations`: types that widen, types that do not, and streams that are damaged."""

import json

import numpy
import pyarrow
import pytest
import requests
from mlflow.types import ColSpec
from scoring import save_same, scoring_server
from serving import save_texts, save_widths

pytestmark = pytest.mark.ours

ARROW = "application/vnd.apache.arrow.stream"
N_ROWS = 10_000
LONG_TYPES = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32"]
DOUBLE_TYPES = ["float32", "float64", "int8", "int16", "int32", "uint32"]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A long `l` and a double `d`, each as it came."""
    with scoring_server(save_widths(tmp_path_factory.mktemp("models") / "widths")) as server:
        yield server


def table(n_rows=3, long="int64", double="float64"):
    numbers = numpy.arange(n_rows)
    return pyarrow.table({"l": numbers.astype(long), "d": numbers.astype(double)})


def stream(data, n_batch_rows=None, **options):
    sink = pyarrow.BufferOutputStream()
    with pyarrow.ipc.new_stream(sink, data.schema, **options) as writer:
        writer.write_table(data, max_chunksize=n_batch_rows)
    return sink.getvalue().to_pybytes()


def post(server, body, accept=ARROW):
    headers = {"Content-Type": ARROW, **({"Accept": accept} if accept else {})}
    return requests.post(f"{server.url}/invocations", data=body, headers=headers, timeout=60)


def scored(server, body):
    response = post(server, body)
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == ARROW
    return pyarrow.ipc.open_stream(response.content).read_all()


def refusal(server, body):
    response = post(server, body)
    assert response.status_code == 400, response.text
    return response.json()["message"]


@pytest.mark.parametrize("n_batch_rows", [None, 1_000, 7])
def test_many_rows_come_back_in_order_however_they_are_cut(server, n_batch_rows):
    answer = scored(server, stream(table(N_ROWS), n_batch_rows))
    assert answer.column("long").to_pylist() == list(range(N_ROWS))
    assert answer.column("double").to_pylist() == list(range(N_ROWS))


def test_the_answer_has_the_types_of_the_model(server):
    answer = scored(server, stream(table()))
    assert answer.schema.field("long").type == pyarrow.int64()
    assert answer.schema.field("double").type == pyarrow.float64()


@pytest.mark.parametrize("long", LONG_TYPES)
def test_narrow_whole_numbers_become_longs(server, long):
    assert scored(server, stream(table(long=long))).column("long").to_pylist() == [0, 1, 2]


@pytest.mark.parametrize("double", DOUBLE_TYPES)
def test_what_a_double_holds_exactly_becomes_one(server, double):
    assert scored(server, stream(table(double=double))).column("double").to_pylist() == [0.0, 1.0, 2.0]


def test_columns_are_taken_by_name_and_others_are_left(server):
    given = table()
    mixed = pyarrow.table({"x": ["a", "b", "c"], "d": given["d"], "l": given["l"]})
    assert scored(server, stream(mixed)).column("long").to_pylist() == [0, 1, 2]


def test_a_column_that_comes_twice_is_refused_but_not_one_that_nobody_asked_for(server):
    given = table()
    twice = pyarrow.Table.from_arrays([given["l"], given["d"], given["l"]], names=["l", "d", "l"])
    assert refusal(server, stream(twice)) == "column 'l': it comes twice"
    others = pyarrow.Table.from_arrays([given["l"], given["d"], given["l"], given["l"]], names=["l", "d", "x", "x"])
    assert scored(server, stream(others)).num_rows == 3


@pytest.mark.parametrize("codec", ["lz4", "zstd"])
def test_buffers_may_come_compressed(server, codec):
    body = stream(table(N_ROWS), options=pyarrow.ipc.IpcWriteOptions(compression=codec))
    assert scored(server, body).num_rows == N_ROWS


def test_wrong_types_are_named_all_at_once(server):
    wrong = pyarrow.table({"l": ["one", "two"], "d": [True, False]})
    message = refusal(server, stream(wrong))
    assert all(part in message for part in ("'l'", "long", "'d'", "double")), message


def test_a_fraction_is_no_long(server):
    wrong = pyarrow.table({"l": [1.0, 2.5], "d": [1.0, 2.0]})
    message = refusal(server, stream(wrong))
    assert all(part in message for part in ("'l'", "long")), message


def test_a_number_beyond_a_long_is_named(server):
    wrong = pyarrow.table({"l": pyarrow.array([1, 2**64 - 1], pyarrow.uint64()), "d": [1.0, 2.0]})
    message = refusal(server, stream(wrong))
    assert all(part in message for part in ("'l'", "long")), message


def test_a_null_in_a_required_whole_number_is_refused(server):
    wrong = pyarrow.table({"l": pyarrow.array([1, None]), "d": [1.0, 2.0]})
    message = refusal(server, stream(wrong))
    assert all(part in message for part in ("'l'", "row 1", "long")), message


def test_missing_columns_are_named(server):
    assert "['d']" in refusal(server, stream(table().select(["l"])))


def test_a_truncated_stream_is_the_callers_mistake(server):
    whole = stream(table(N_ROWS), 1_000)
    for length in (0, 3, 8, 100, len(whole) // 2, len(whole) - 1_000):
        message = refusal(server, whole[:length])
        assert "Arrow" in message, (length, message)
    assert scored(server, whole).num_rows == N_ROWS


def damaged_streams():
    whole = bytearray(stream(table(100)))
    chance = numpy.random.default_rng(7)
    for _ in range(200):
        damaged = bytearray(whole)
        for place in chance.integers(0, len(damaged), 4):
            damaged[place] = chance.integers(0, 256)
        yield bytes(damaged)


def test_a_damaged_stream_leaves_nothing_but_json_in_a_log_of_json(tmp_path):
    with scoring_server(save_widths(tmp_path / "widths"), "--log-format", "json") as server:
        for body in damaged_streams():
            post(server, body)
        for line in server.log().splitlines():
            json.loads(line)


def test_a_damaged_stream_is_answered_and_costs_nobody_else(server):
    for damaged in damaged_streams():
        assert post(server, damaged).status_code in (200, 400, 413)
    assert scored(server, stream(table(100))).num_rows == 100


def test_other_bytes_are_no_arrow(server):
    for body in (b"{}", b"PAR1", b"ARROW1\0\0", b"\xff" * 100, b"\0" * 100):
        assert "Arrow" in refusal(server, body)


@pytest.mark.parametrize(
    ("body", "came"),
    [
        (b"", "an empty body came"),
        (b'{"inputs": [1]}', "JSON came"),
        (b"PAR1", "a Parquet file came"),
        (b"ARROW1\0\0", "an Arrow file came"),
        (b"hello world", "the bytes 68 65 6c 6c came"),
        (b"\xff\xff\xff\xff\x10\0\0\0", "it ends within a message, after 8 bytes"),
    ],
)
def test_what_is_no_stream_is_told_beside_what_one_is(server, body, came):
    message = refusal(server, body)
    assert came in message
    assert "Unexpected" not in message


def test_a_stream_without_rows_is_answered_without_any(server):
    response = post(server, stream(table(0)))
    assert response.status_code in (200, 400), response.text
    if response.status_code == 200:
        assert pyarrow.ipc.open_stream(response.content).read_all().num_rows == 0


def test_json_is_answered_where_it_is_asked_for(server):
    response = post(server, stream(table(2)), accept="application/json")
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == "application/json"
    assert response.json() == {"predictions": [{"long": 0, "double": 0.0}, {"long": 1, "double": 1.0}]}


def test_without_a_wish_arrow_is_answered_with_arrow(server):
    assert post(server, stream(table()), accept=None).headers["Content-Type"] == ARROW


def test_arrow_is_answered_to_json_where_it_is_asked_for(server):
    body = {"dataframe_records": [{"l": 1, "d": 0.5}]}
    response = requests.post(f"{server.url}/invocations", json=body, headers={"Accept": ARROW}, timeout=60)
    answer = pyarrow.ipc.open_stream(response.content).read_all()
    assert answer.to_pylist() == [{"long": 1, "double": 0.5}]


def test_dictionaries_and_large_texts_are_texts(tmp_path):
    plain = pyarrow.array(["x", "y", "x"])
    with scoring_server(save_texts(tmp_path / "texts")) as server:
        for texts in (plain.dictionary_encode(), plain.cast(pyarrow.large_string()), plain.cast(pyarrow.string_view())):
            response = post(server, stream(pyarrow.table({"s": texts})), accept="application/json")
            assert response.status_code == 200, (texts.type, response.text)
            assert [row["same"] for row in response.json()["predictions"]] == ["x", "y", "x"]


def test_moments_in_a_zone_are_those_of_utc_as_in_json(tmp_path):
    moments = pyarrow.array([1_704_164_645_123_456_789, -1], pyarrow.timestamp("ns", "UTC"))
    save_same(tmp_path / "moments", ColSpec("datetime", "t"))
    with scoring_server(tmp_path / "moments") as server:
        for zone in ("UTC", "+01:00", "Europe/Berlin"):
            zoned = pyarrow.table({"t": moments.cast(pyarrow.timestamp("ns", zone))})
            seen = [row["t"] for row in post(server, stream(zoned), accept="application/json").json()["predictions"]]
            assert seen == ["2024-01-02T03:04:05.123456789", "1969-12-31T23:59:59.999999999"]
        body = {"dataframe_records": [{"t": "2024-01-02T03:04:05.123456789Z"}]}
        answer = requests.post(f"{server.url}/invocations", json=body, timeout=60).json()
        assert answer == {"predictions": [{"t": seen[0]}]}
        distant = pyarrow.array([0, 16_725_225_600], pyarrow.timestamp("s", "UTC"))
        message = refusal(server, stream(pyarrow.table({"t": distant})))
        assert message == "column 't', row 1: 2500-01-01T00:00:00 is not a value of type datetime"

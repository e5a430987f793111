"""Newline-delimited JSON: a row in each line, and for each row a line of the answer while the request is still sent."""

import json
import select
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from scoring import scoring_server
from serving import chunk, lines, metric, save_plus, save_table

pytestmark = pytest.mark.ours

N_LINES = 100_000
KINDS = [
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
    "application/jsonlines; charset=utf-8",
    "application/x-jsonlines",
    "application/json-lines",
]
NDJSON = {"Content-Type": "application/x-ndjson"}


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Ten times `i`, for `i` below 10."""
    with scoring_server(save_table(tmp_path_factory.mktemp("models") / "table")) as server:
        yield server


@pytest.fixture(scope="module")
def plus(tmp_path_factory):
    """`i` and one more."""
    with scoring_server(save_plus(tmp_path_factory.mktemp("models") / "plus", 1)) as server:
        yield server


def post(server, data):
    answer = requests.post(f"{server.url}/invocations", data=data, headers=NDJSON, timeout=120)
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


def rows(numbers):
    return "".join(f'{{"i": {number}}}\n' for number in numbers)


def values(answers):
    """Predictions, without the name of the only output where the server tells it."""
    found = [answer["prediction"] for answer in answers]
    return [next(iter(value.values())) if isinstance(value, dict) else value for value in found]


def test_rows_are_answered_in_order_while_the_request_is_still_sent(plus):
    with lines(plus) as request:
        for start in range(0, 30, 3):
            request.rows(*[{"i": number} for number in range(start, start + 3)])
            # Nothing more is sent before these are here: a server that waited for the end would never answer.
            assert values(request.read(3)) == [start + 1, start + 2, start + 3]
        request.end()
        assert request.rest() == []


def test_the_answer_is_lines_too(plus):
    answer = requests.post(f"{plus.url}/invocations", data=rows([1]), headers=NDJSON, timeout=60)
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    assert answer.text.endswith("\n") and answer.text.count("\n") == 1


@pytest.mark.parametrize("kind", KINDS)
def test_all_names_of_lines_are_known(plus, kind):
    answer = requests.post(f"{plus.url}/invocations", data=rows([1]), headers={"Content-Type": kind}, timeout=60)
    assert values([json.loads(answer.text)]) == [2]


def test_a_model_is_asked_by_its_name_too(plus):
    with lines(plus, path="/serving-endpoints/plus/invocations") as request:
        request.rows({"i": 4})
        assert values(request.read(1)) == [5]


def test_a_row_may_come_in_pieces(plus):
    with lines(plus) as request:
        for piece in ('{"i"', ": 4", "1", '}\n{"i": '):
            request.send(piece)
        assert values(request.read(1)) == [42]
        request.send("1}\n")
        assert values(request.read(1)) == [2]


def test_a_last_line_without_an_end_is_answered(plus):
    assert values(post(plus, '{"i": 1}\n{"i": 2}')) == [2, 3]
    assert values(post(plus, '{"i": 3}')) == [4]


def test_blank_lines_and_carriage_returns_are_no_rows(plus):
    assert values(post(plus, '\n{"i": 1}\r\n   \n\r\n{"i": 2}\r\n')) == [2, 3]
    assert post(plus, "") == []


def test_bad_rows_are_errors_with_their_line_and_cost_nobody_else(plus):
    bad = ['{"i": 1.5}', "nonsense", '{"j": 1}', '{"i": "many"}', "[[1], [2]]", '{"i": 2', '{"i": null}']
    text = "".join(f'{line}\n{{"i": {number}}}\n' for number, line in enumerate(bad))
    answers = post(plus, text)
    assert len(answers) == 2 * len(bad)
    assert values(answers[1::2]) == list(range(1, len(bad) + 1))
    assert [answer["line"] for answer in answers[0::2]] == list(range(0, 2 * len(bad), 2))
    assert all(set(answer) == {"error", "line"} for answer in answers[0::2])


def test_an_error_names_column_line_and_type(plus):
    good, bad = post(plus, '{"i": 1}\n{"i": 1.5}\n')
    assert values([good]) == [2]
    assert all(part in bad["error"] for part in ("'i'", "line 1", "1.5", "long")), bad
    [missing] = post(plus, '{"j": 1}\n')
    assert "['i']" in missing["error"]


def test_lines_are_counted_through_the_whole_request(plus):
    with lines(plus) as request:
        for number in range(5):
            request.send('{"i": 1}\n\n')
            request.read(1)
            request.send("nonsense\n")
            assert request.read(1)[0]["line"] == 3 * number + 2


def test_bytes_that_are_no_text_are_an_error_of_their_line(plus):
    answers = post(plus, b'{"i": 1}\n\xff\xfe\xfa\n{"i": 2}\n')
    assert values([answers[0], answers[2]]) == [2, 3]
    assert answers[1]["line"] == 1


def test_a_row_that_the_model_refuses_costs_only_itself(table):
    answers = post(table, rows([1, 2, 1000, 3, 4]))
    assert [answer.get("line") for answer in answers] == [None, None, 2, None, None], answers
    assert values(answers[:2] + answers[3:]) == [10, 20, 30, 40]
    assert "1000" in answers[2]["error"] or "bounds" in answers[2]["error"]


def test_a_line_beyond_all_measure_ends_the_request_with_an_error(plus):
    with lines(plus) as request:
        request.rows({"i": 1})
        assert values(request.read(1)) == [2]
        request.send('{"i": "')
        with_room = threading.Thread(target=send_quietly, args=(request, b"x" * (5 * 1024 * 1024)))
        with_room.start()
        [error] = request.read(1)
        with_room.join()
    assert error["line"] == 1
    assert "longer than" in error["error"]


def send_quietly(request, data):
    try:
        request.send(data)
    except OSError:
        pass  # The server may close while it is still being sent to.


def test_a_hundred_thousand_lines_are_answered_in_order(plus):
    assert values(post(plus, rows(range(N_LINES)))) == list(range(1, N_LINES + 1))


def test_who_does_not_read_is_not_read_from(plus):
    scored_before = metric(plus, "nv_inference_count_total")
    with lines(plus, receive_buffer=4096) as request:
        n_sent = send_until_stuck(request)
        assert n_sent < N_LINES * 10, "the server took all rows, and nobody took its answers"
        # Others are served meanwhile.
        assert values(post(plus, rows([1]))) == [2]
        # What was cut in the middle of a chunk cannot be ended; but every row that was scored is answered in order.
        n_scored = int(metric(plus, "nv_inference_count_total") - scored_before) - 1
        assert 0 < n_scored <= n_sent
        assert values(request.read(n_scored)) == list(range(1, n_scored + 1))


def send_until_stuck(request, n_rows_a_piece=1_000, silence_s=1):
    """Sends rows until the server has taken nothing for a while; returns how many were begun."""
    # Of a size of its own the kernel lets it grow to many megabytes, which would be taken for the server's.
    request.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 64 * 1024)
    request.socket.setblocking(False)
    n_sent, waiting = 0, b""
    try:
        while n_sent < N_LINES * 10:
            if not waiting:
                waiting = chunk(rows(range(n_sent, n_sent + n_rows_a_piece)).encode())
                n_sent += n_rows_a_piece
            if not select.select([], [request.socket], [], silence_s)[1]:
                return n_sent
            waiting = waiting[request.socket.send(waiting) :]
        return n_sent
    finally:
        request.socket.settimeout(30)


def test_who_reads_slowly_gets_everything(plus):
    n_rows = 20_000
    with lines(plus, receive_buffer=4096) as request:
        sender = threading.Thread(target=lambda: (request.send(rows(range(n_rows))), request.end()))
        sender.start()
        answers = []
        while line := request.response().readline(200):
            answers.append(json.loads(line))
        sender.join()
    assert values(answers) == list(range(1, n_rows + 1))


def test_a_full_queue_makes_lines_wait_and_loses_none(tmp_path):
    with scoring_server(save_plus(tmp_path / "plus", 1), "--queue-rows", 2_000) as server:
        answered = {}

        def ask(number):
            answered[number] = values(post(server, rows(range(number, number + 5_000))))

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(ask, range(8)))
    assert answered == {number: list(range(number + 1, number + 5_001)) for number in range(8)}

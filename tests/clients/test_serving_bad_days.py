"""Bad days of a model server: too much, too late, gone, killed, damaged. A clear answer each time, and it lives on."""

import json
import os
import select
import shutil
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import mlflow
import numpy
import onnx
import psutil
import pytest
import requests
from conftest import ServerDidNotStart
from scoring import scoring_server
from serving import (
    REQUIREMENTS,
    asleep,
    fill,
    invoke,
    is_full,
    metric,
    records,
    save_loops,
    save_plus,
    save_sleepy,
    save_wide,
    save_widths,
    sleep_for,
    wait_for,
)

pytestmark = pytest.mark.ours

QUEUE_ROWS = 4
# What eight threads may leave behind in a few seconds, in bytes: caches of the allocator, not answers.
MAX_GROWTH = 48 * 1024 * 1024
# Steps that take years.
ENDLESS = {"n": 2**62}


@pytest.fixture(scope="module")
def sleepy(tmp_path_factory):
    """One Python that sleeps as it is told; four rows may wait for it."""
    model = save_sleepy(tmp_path_factory.mktemp("models") / "sleepy")
    with scoring_server(model, "--queue-rows", QUEUE_ROWS) as server:
        yield server


@pytest.fixture(scope="module")
def widths(tmp_path_factory):
    """A long `l` and a double `d`, each as it came."""
    with scoring_server(save_widths(tmp_path_factory.mktemp("models") / "widths")) as server:
        yield server


@pytest.fixture(scope="module")
def loops(tmp_path_factory):
    """A graph that counts to a long `n`, for as long as that takes; a lane for each core."""
    with scoring_server(save_loops(tmp_path_factory.mktemp("models") / "loops")) as server:
        yield server


def worker_of(server):
    """The process that answers."""
    answer = sleep_for(server, 0)
    assert answer.status_code == 200, answer.text
    return answer.json()["predictions"][0]


def is_answered(server):
    return sleep_for(server, 0).status_code == 200


# The queue


def test_a_full_queue_is_429_at_once_and_says_when_to_come_again(sleepy):
    with asleep(sleepy, 3) as running, ThreadPoolExecutor(QUEUE_ROWS) as threads:
        waiting = fill(threads, sleepy, QUEUE_ROWS)
        began = time.monotonic()
        answer = sleep_for(sleepy, 0)
        took = time.monotonic() - began
        assert answer.status_code == 429, answer.text
        assert int(answer.headers["Retry-After"]) >= 1
        assert answer.json()["error_code"] == "RESOURCE_EXHAUSTED"
        assert took < 0.5
        assert not running.done()
        assert [request.result().status_code for request in waiting] == [200] * QUEUE_ROWS
    assert is_answered(sleepy)


def test_a_request_larger_than_the_queue_is_413_also_while_there_is_room(sleepy):
    answer = sleep_for(sleepy, 0, n_rows=QUEUE_ROWS + 1)
    assert answer.status_code == 413, answer.text
    assert all(part in answer.json()["message"] for part in ("5 rows", "4"))
    assert sleep_for(sleepy, 0, n_rows=QUEUE_ROWS).status_code == 200


def test_a_body_that_is_too_long_is_413(tmp_path):
    with scoring_server(save_plus(tmp_path / "plus", 1), "--body-mib", 1) as server:
        answer = invoke(server, b" " * (2 * 1024 * 1024))
        assert answer.status_code == 413
        assert invoke(server, records({"i": 1})).status_code == 200


def test_a_deadline_that_passes_is_504_and_the_worker_is_free_soon_after(sleepy):
    is_answered(sleepy)
    began = time.monotonic()
    answer = sleep_for(sleepy, 20, X_Timeout_Ms=300)
    assert answer.status_code == 504, answer.text
    assert "deadline" in answer.json()["message"]
    assert time.monotonic() - began < 2
    assert is_answered(sleepy)
    # The sleep was not waited for; a Python with the model in it was started anew.
    assert time.monotonic() - began < 15


def test_a_deadline_passes_in_the_queue_too(sleepy):
    with asleep(sleepy, 1.5) as running:
        began = time.monotonic()
        assert sleep_for(sleepy, 0, X_Timeout_Ms=100).status_code == 504
        assert time.monotonic() - began < 1
        assert running.result().status_code == 200


@pytest.mark.parametrize("value", ["0", "-1", "soon", "", "1.5", "99999999999999999999999"])
def test_a_deadline_that_is_none_is_the_callers_mistake(sleepy, value):
    answer = sleep_for(sleepy, 0, X_Timeout_Ms=value)
    assert answer.status_code == 400
    assert "x-timeout-ms" in answer.json()["message"].lower()


def test_a_caller_that_hangs_up_frees_its_place(sleepy):
    with asleep(sleepy, 3) as running:
        callers = [hanging(sleepy, {"seconds": 0}) for _ in range(QUEUE_ROWS)]

        def are_placed():
            # Who came while it was looked whether there is room was answered 429, and comes again.
            for caller in select.select(callers, [], [], 0)[0]:
                caller.close()
                callers[callers.index(caller)] = hanging(sleepy, {"seconds": 0})
            return is_full(sleepy)

        wait_for(are_placed)
        [caller.close() for caller in callers]
        wait_for(lambda: not is_full(sleepy))
        assert not running.done()


def test_a_caller_that_hangs_up_stops_what_was_done_for_it(sleepy, tmp_path):
    begun = tmp_path / "begun"
    caller = hanging(sleepy, {"seconds": 60, "begun": str(begun)})
    wait_for(begun.exists)
    before = metric(sleepy, "nv_inference_request_failure", reason="CANCELED")
    caller.close()
    assert wait_for(lambda: is_answered(sleepy), 20)
    assert metric(sleepy, "nv_inference_request_failure", reason="CANCELED") >= before + 1


def hanging(server, row):
    """A caller who asked, and may hang up without an answer."""
    address = urlsplit(server.url)
    caller = socket.create_connection((address.hostname, address.port))
    body = json.dumps(records(row)).encode()
    head = f"POST /invocations HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Type: application/json\r\n"
    caller.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    return caller


def test_a_deadline_that_passes_ends_a_graph_and_its_lane_is_free(loops):
    for _ in range(2 * os.cpu_count()):
        assert invoke(loops, records(ENDLESS), X_Timeout_Ms=100).status_code == 504
    assert counts_to_three(loops)


def test_callers_that_hang_up_leave_no_graph_computing(loops):
    [hanging(loops, ENDLESS).close() for _ in range(2 * os.cpu_count())]
    assert counts_to_three(loops)


def counts_to_three(server):
    answer = invoke(server, records({"n": 3}), X_Timeout_Ms=20_000)
    return answer.json() == {"predictions": [{"counted": 3}]}


# Python


def test_a_worker_that_is_killed_costs_at_most_its_request(sleepy):
    pid = worker_of(sleepy)
    with asleep(sleepy, 20) as running:
        os.kill(pid, signal.SIGKILL)
        answer = running.result(30)
        assert answer.status_code == 503, answer.text
        assert answer.json()["error_code"] == "TEMPORARILY_UNAVAILABLE"
    assert is_answered(sleepy)
    assert worker_of(sleepy) != pid


def test_a_worker_that_is_killed_while_idle_costs_nobody(sleepy):
    pid = worker_of(sleepy)
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    answer = sleep_for(sleepy, 0)
    assert answer.status_code == 200, answer.text
    assert answer.json()["predictions"] != [pid]


def test_a_model_whose_files_are_gone_is_not_ready_and_its_callers_are_told_no_paths(tmp_path):
    with scoring_server(save_sleepy(tmp_path / "sleepy"), "--watch-seconds", 0) as server:
        pid = worker_of(server)
        (tmp_path / "sleepy").rename(tmp_path / "moved")
        os.kill(pid, signal.SIGKILL)

        # Nobody has to ask the model for that.
        def is_ready(path):
            return requests.get(server.url + path, timeout=60).status_code == 200

        paths = ("/ping", "/v2/health/ready", "/v2/models/sleepy/ready")
        wait_for(lambda: not any(map(is_ready, paths)))
        wait_for(lambda: "the files of the model are gone: " in server.log())
        for _ in range(3):
            answer = sleep_for(server, 0)
            assert answer.status_code == 503, answer.text
            assert "the files of the model are gone from the server" in answer.json()["message"]
            assert not any(map(is_ready, paths))
        told = requests.get(f"{server.url}/ping", timeout=60).text
        assert not any(secret in answer.text + told for secret in (str(tmp_path), "Traceback"))
        (tmp_path / "moved").rename(tmp_path / "sleepy")
        wait_for(lambda: all(map(is_ready, paths)))
        assert is_answered(server)


def test_a_model_has_as_many_workers_as_it_is_given(tmp_path):
    with scoring_server(save_sleepy(tmp_path / "sleepy"), "--workers", 3) as server:
        with asleep(server, 60) as first, asleep(server, 60) as second:
            assert is_answered(server)
            assert not (first.done() or second.done())
            workers = psutil.Process(server.process.pid).children()
            assert len(workers) == 3, workers
            for worker in workers:
                worker.kill()


def test_no_worker_is_left_when_the_server_is_killed(tmp_path):
    with scoring_server(save_sleepy(tmp_path / "sleepy")) as server:
        pid = worker_of(server)
        with asleep(server, 60) as running:
            server.process.kill()
            with pytest.raises(requests.RequestException):
                running.result()
            wait_for(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)


# Odd rows


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_taken_for_a_double_and_answered_as_null(widths, number):
    answer = invoke(widths, b'{"dataframe_records": [{"l": 1, "d": %s}]}' % number.encode())
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"predictions": [{"long": 1, "double": None}]}


@pytest.mark.parametrize("number", ["NaN", "Infinity"])
def test_what_is_no_number_is_no_long(widths, number):
    answer = invoke(widths, b'{"dataframe_records": [{"l": 1, "d": 1}, {"l": %s, "d": 1}]}' % number.encode())
    assert answer.status_code == 400
    assert all(part in answer.json()["message"] for part in ("'l'", "row 1", "long"))


def test_no_rows_are_no_predictions_or_a_mistake(widths, sleepy):
    for server, names in ((widths, ["l", "d"]), (sleepy, ["seconds"])):
        for body in ({"dataframe_split": {"columns": names, "data": []}}, {"dataframe_records": []}):
            answer = invoke(server, body)
            assert answer.status_code in (200, 400), answer.text
            if answer.status_code == 200:
                assert answer.json() == {"predictions": []}
            else:
                assert answer.json()["message"]


def test_an_empty_body_is_the_callers_mistake(widths):
    assert invoke(widths, b"").status_code == 400


@pytest.mark.parametrize("n_columns", [1_000, 100_000])
def test_many_columns_are_scored_and_a_missing_one_is_named(tmp_path, n_columns):
    with scoring_server(save_wide(tmp_path / "wide", n_columns)) as server:
        row = {f"c{number}": 0.5 for number in range(n_columns)}
        answer = invoke(server, records(row, row))
        assert answer.status_code == 200, answer.text[:1000]
        assert [row["sum"] for row in answer.json()["predictions"]] == [n_columns / 2] * 2
        del row["c7"]
        answer = invoke(server, records(row))
        assert answer.status_code == 400
        assert "['c7']" in answer.json()["message"]
        # A hundred thousand mistakes are not all told.
        answer = invoke(server, records({name: "x" for name in row}))
        assert answer.status_code == 400
        assert len(answer.text) < 64 * 1024


def test_columns_that_nobody_asked_for_are_left_however_many_there_are(widths):
    row = {"l": 1, "d": 2, **{f"x{number}": number for number in range(100_000)}}
    answer = invoke(widths, records(row))
    assert answer.json() == {"predictions": [{"long": 1, "double": 2.0}]}


def test_deep_nesting_is_an_answer_and_no_end(widths):
    for body in (b'{"inputs": ' + b"[" * 200_000, b'{"dataframe_records": [{"l": ' + b'{"a": ' * 200_000):
        assert invoke(widths, body).status_code == 400
    assert invoke(widths, records({"l": 1, "d": 1})).status_code == 200


# Files and registries


def test_a_damaged_model_file_is_named_at_the_start(tmp_path):
    model = save_plus(tmp_path / "plus", 1)
    file = model / "model.onnx"
    file.write_bytes(b"\xff" + file.read_bytes()[: file.stat().st_size // 2])
    assert "model.onnx" in refusal_to_start(model)


def test_a_missing_model_file_is_named_at_the_start(tmp_path):
    model = save_plus(tmp_path / "plus", 1)
    (model / "model.onnx").unlink()
    assert "model.onnx" in refusal_to_start(model)


def test_a_damaged_pickle_is_an_error_at_the_start_that_says_what_python_said(tmp_path):
    model = save_sleepy(tmp_path / "sleepy")
    (model / "python_model.pkl").write_bytes(b"\x80\x04nonsense")
    line = refusal_to_start(model)
    assert "python_model.pkl" in line or "Unpickling" in line, line


def refusal_to_start(model, *arguments):
    with pytest.raises(ServerDidNotStart) as error, scoring_server(model, *arguments):
        pass
    assert error.value.returncode == 1
    assert "panicked" not in error.value.log
    return error.value.log[error.value.log.index("error: ") :]


@pytest.fixture
def registry(start_server, fresh_database, tmp_path_factory):
    """A tracking server of this test alone, with a model `plus` whose alias is `live`."""
    server = start_server("forebay", fresh_database("sqlite"), tmp_path_factory.mktemp("artifacts"))
    model = save_plus(tmp_path_factory.mktemp("model") / "plus", 1)
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(server.url)
    try:
        options = {"name": "plus", "registered_model_name": "plus", "pip_requirements": REQUIREMENTS}
        signature = mlflow.models.get_model_info(str(model)).signature
        mlflow.onnx.log_model(onnx.load(model / "model.onnx"), signature=signature, **options)
    finally:
        mlflow.set_tracking_uri(before)
    mlflow.MlflowClient(server.url, server.url).set_registered_model_alias("plus", "live", "1")
    yield server
    server.stop()


def test_it_answers_without_its_cache_and_without_its_registry(registry, tmp_path):
    cache = tmp_path / "cache"
    arguments = ["--tracking-uri", registry.url, "--cache", cache, "--watch-seconds", 1]
    with scoring_server("models:/plus@live", *arguments) as server:
        shutil.rmtree(cache)
        assert invoke(server, records({"i": 1})).json() == {"predictions": [{"sum": 2}]}
        registry.stop()
        wait_for(lambda: "stays as it is" in server.log())
        assert invoke(server, records({"i": 1})).json() == {"predictions": [{"sum": 2}]}
        assert requests.get(f"{server.url}/ping", timeout=60).status_code == 200


def test_it_starts_from_its_cache_without_its_registry(registry, tmp_path):
    arguments = ["--tracking-uri", registry.url, "--cache", tmp_path]
    with scoring_server("models:/plus@live", *arguments):
        pass
    registry.stop()
    for uri in ("models:/plus/1", "models:/plus@live"):
        with scoring_server(uri, *arguments) as server:
            assert invoke(server, records({"i": 1})).json() == {"predictions": [{"sum": 2}]}
            warnings = [line for line in server.log().splitlines() if "taken from the cache" in line]
            assert len(warnings) == 1 and "models:/plus/1" in warnings[0], warnings
    line = refusal_to_start("models:/plus/2", *arguments)
    assert line.count("models:/plus/2") == 1, line


# Callers


def test_a_thousand_idle_connections_keep_nobody_out(widths):
    address = urlsplit(widths.url)
    idle = [socket.create_connection((address.hostname, address.port)) for _ in range(1_000)]
    try:
        for _ in range(10):
            assert invoke(widths, records({"l": 1, "d": 1})).status_code == 200
    finally:
        [connection.close() for connection in idle]


def test_who_reads_a_long_answer_slowly_keeps_nobody_waiting(widths):
    n_rows = 200_000
    columns = {"columns": ["l", "d"], "data": [[number, 0.5] for number in range(n_rows)]}
    body = json.dumps({"dataframe_split": columns}).encode()
    headers = {"Content-Type": "application/json"}
    with requests.post(f"{widths.url}/invocations", data=body, headers=headers, stream=True, timeout=60) as slow:
        assert slow.raw.read(1_000).startswith(b'{"predictions":')
        for _ in range(20):
            assert invoke(widths, records({"l": 1, "d": 1})).elapsed.total_seconds() < 2
        assert slow.raw.read().count(b"long") > n_rows * 0.9


def test_memory_does_not_grow_under_load(widths):
    process = psutil.Process(widths.process.pid)
    soak(widths, 2)
    before = process.memory_info().rss
    failures_before = metric(widths, "nv_inference_request_failure_total")
    assert soak(widths, 5) > 100
    assert process.memory_info().rss - before < MAX_GROWTH
    assert metric(widths, "nv_inference_request_failure_total") == failures_before


def soak(server, seconds):
    """Eight threads ask with good and bad bodies of several sizes; returns how often."""
    rows = numpy.arange(2_000).reshape(1_000, 2).tolist()
    good = [{"dataframe_split": {"columns": ["l", "d"], "data": rows[:n_rows]}} for n_rows in (1, 30, 1_000)]
    bodies = [(json.dumps(body).encode(), 200) for body in good] + [(b'{"inputs": ', 400), (b"[]", 400)]
    end, wrong, counts = time.monotonic() + seconds, [], []

    def ask():
        count, session = 0, requests.Session()
        while time.monotonic() < end:
            body, status = bodies[count % len(bodies)]
            headers = {"Content-Type": "application/json"}
            answer = session.post(f"{server.url}/invocations", data=body, headers=headers, timeout=60)
            if answer.status_code != status:
                wrong.append(answer.text[:200])
            count += 1
        counts.append(count)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert not wrong, wrong[:3]
    return sum(counts)

"""SIGTERM: what is under way is finished, nothing new is taken, and the exit status says that all is well."""

import os
import signal
import socket
import sqlite3
import threading
import time

import pytest
import requests
from ledger import API, Ledger, session

pytestmark = pytest.mark.ours

# A little more than the server waits for running requests.
BOUND_S = 30


@pytest.fixture
def stopping(start_server, tmp_path):
    """A server of its own, and the path of its database."""
    path = tmp_path / "mlflow.db"
    return start_server("forebay", f"sqlite:///{path}", tmp_path / "artifacts"), path


def terminate(server):
    os.kill(server.process.pid, signal.SIGTERM)


def upload(server):
    """An upload that has begun; `send` the rest of its body, in chunks, and `send(b"")` to end it."""
    host, port = server.url.removeprefix("http://").split(":")
    stream = socket.create_connection((host, int(port)), timeout=BOUND_S)
    path = "/api/2.0/mlflow-artifacts/artifacts/slow.bin"
    stream.sendall(f"PUT {path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n".encode())

    def send(data):
        stream.sendall(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    send(b"a" * 1000)
    return stream, send


def no_more_connections(server, timeout_s=5):
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        try:
            requests.get(f"{server.url}/health", timeout=1)
        except requests.ConnectionError:
            return True
        time.sleep(0.02)
    return False


def test_a_running_upload_is_finished_and_new_connections_are_refused(stopping, tmp_path):
    server, _ = stopping
    stream, send = upload(server)
    time.sleep(0.2)
    terminate(server)
    assert no_more_connections(server)
    assert server.process.poll() is None
    send(b"b" * 1000)
    send(b"")
    assert stream.recv(12) == b"HTTP/1.1 200"
    assert server.process.wait(BOUND_S) == 0
    assert (tmp_path / "artifacts/slow.bin").read_bytes() == b"a" * 1000 + b"b" * 1000


def test_a_running_write_is_finished(stopping, start_server, tmp_path):
    server, path = stopping
    body = {"experiment_id": "0", "run_name": "last", "start_time": 1}
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    answers = []
    post = threading.Thread(target=lambda: answers.append(session().post(f"{server.url}/{API}/runs/create", json=body)))
    post.start()
    time.sleep(0.3)
    terminate(server)
    assert no_more_connections(server)
    other.execute("ROLLBACK")
    post.join()
    assert answers[0].status_code == 200
    assert server.process.wait(BOUND_S) == 0
    run_id = answers[0].json()["run"]["info"]["run_id"]
    again = start_server("forebay", f"sqlite:///{path}", tmp_path / "artifacts")
    assert session().get(f"{again.url}/{API}/runs/get", params={"run_id": run_id}).status_code == 200


def test_under_load_it_ends_soon_and_keeps_what_it_acknowledged(database, start_server, fresh_database, tmp_path):
    uri = fresh_database(database)
    server = start_server("forebay", uri, tmp_path)
    ledger = Ledger(server, "0", 16)
    ledger.start(server)
    while ledger.count < 100:
        time.sleep(0.01)
    terminate(server)
    assert server.process.wait(BOUND_S) == 0
    ledger.join()
    assert not ledger.refusals
    ledger.check(start_server("forebay", uri, tmp_path))


def test_connections_that_keep_still_do_not_hold_it_up(stopping):
    server, _ = stopping
    host, port = server.url.removeprefix("http://").split(":")
    idle, half, kept = (socket.create_connection((host, int(port)), timeout=BOUND_S) for _ in range(3))
    half.sendall(b"GET /health HTTP/1.1\r\nHost: local")
    kept.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert kept.recv(12) == b"HTTP/1.1 200"
    began = time.monotonic()
    terminate(server)
    assert server.process.wait(BOUND_S) == 0
    assert time.monotonic() - began < 10
    for stream in (idle, half, kept):
        stream.close()


def test_a_second_signal_ends_it_at_once(stopping):
    server, _ = stopping
    stream, _ = upload(server)
    time.sleep(0.2)
    terminate(server)
    assert no_more_connections(server)
    terminate(server)
    assert server.process.wait(2) == 1
    stream.close()

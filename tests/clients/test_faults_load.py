"""Many clients at once, and many that keep still: none is failed, none is lost, and none starves the others."""

import contextlib
import resource
import socket
import threading
import time

import mlflow
import psutil
import pytest
from ledger import API, Ledger, session
from machine import open_files

pytestmark = pytest.mark.ours

RAW_CLIENTS = 180
STOCK_CLIENTS = 20
ROUNDS = 5
QUIET = 10_000


def address_of(server):
    host, port = server.url.removeprefix("http://").split(":")
    return host, int(port)


def head(method, path, *lines):
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: localhost", *lines, "", ""]).encode()


def log_with_a_stock_client(url, experiment_id, failures):
    """Everything that a training loop does; what fails is noted."""
    try:
        client = mlflow.MlflowClient(url)
        run_id = client.create_run(experiment_id).info.run_id
        client.log_param(run_id, "p", "1")
        for step in range(ROUNDS):
            client.log_metric(run_id, "m", step, step=step)
        client.set_tag(run_id, "t", "1")
        client.set_terminated(run_id)
        run = client.get_run(run_id)
        steps = [metric.step for metric in client.get_metric_history(run_id, "m")]
        assert (run.info.status, run.data.metrics, steps) == ("FINISHED", {"m": ROUNDS - 1.0}, list(range(ROUNDS)))
    except Exception as error:
        failures.append(error)


def test_two_hundred_clients_log_at_once_and_nothing_fails(server, experiment_id):
    ledgers = [Ledger(server, experiment_id, RAW_CLIENTS // 4) for _ in range(4)]
    failures = []
    stock = [
        threading.Thread(target=log_with_a_stock_client, args=(server.url, experiment_id, failures))
        for _ in range(STOCK_CLIENTS)
    ]
    for thread in stock:
        thread.start()
    for ledger in ledgers:
        ledger.start(server, rounds=2 * ROUNDS)
    for thread in stock:
        thread.join()
    for ledger in ledgers:
        ledger.join()
    assert failures == []
    for ledger in ledgers:
        assert (ledger.refusals, ledger.broken) == ({}, 0)
        assert ledger.count == 2 * ROUNDS * ledger.writers
        ledger.check(server)


@pytest.fixture
def few_descriptors():
    """Servers are started with a low limit, which they raise themselves."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def connect(stack, server, sent=b"", receive_buffer=None):
    """A connection that lives as long as `stack`, and the little that it ever sends."""
    stream = stack.enter_context(socket.socket())
    if receive_buffer:
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    stream.settimeout(30)
    stream.connect(address_of(server))
    stream.sendall(sent)
    return stream


def work_goes_on(server):
    """Some writers and searchers for a moment: no refusal, and nobody waits for long."""
    ledger = Ledger(server, "0", 4)
    ledger.start(server)
    slowest, http = 0.0, session()
    for _ in range(20):
        began = time.monotonic()
        body = {"experiment_ids": ["0"], "max_results": 10}
        assert http.post(f"{server.url}/{API}/runs/search", json=body, timeout=30).status_code == 200
        slowest = max(slowest, time.monotonic() - began)
    ledger.stop()
    assert (ledger.refusals, ledger.broken) == ({}, 0)
    ledger.check(server)
    assert slowest < 5


def proportional_memory(server):
    return psutil.Process(server.process.pid).memory_full_info().pss


def test_ten_thousand_quiet_connections_starve_nobody(few_descriptors, start_server, fresh_database, tmp_path):
    quiet = start_server("forebay", fresh_database("sqlite"), tmp_path)
    open_files(QUIET + 2_000)
    before = proportional_memory(quiet)
    unfinished = head("POST", f"/{API}/runs/log-batch", "Content-Type: application/json", "Content-Length: 1000")
    kinds = [b"", unfinished[:40], unfinished + b'{"run_id": "']
    with contextlib.ExitStack() as stack:
        for number in range(QUIET):
            connect(stack, quiet, kinds[number % len(kinds)])
        work_goes_on(quiet)
        grown = proportional_memory(quiet) - before
    per_connection = grown / QUIET
    print(f"{per_connection / 1024:.1f} KiB of memory for each of {QUIET} connections")
    assert per_connection < 64 * 1024
    work_goes_on(quiet)


def test_readers_that_take_nothing_starve_nobody(database, start_server, fresh_database, tmp_path):
    """Each asks for an answer of megabytes, with four connections to the database for all."""
    quiet = start_server("forebay", fresh_database(database), tmp_path, extra_args=["--pool-size", "4"])
    ledger = Ledger(quiet, "0", 1)
    http = session()
    for first in range(0, 20_000, 1000):
        points = [{"key": "long", "value": step, "timestamp": step, "step": step} for step in range(first, first + 1000)]
        body = {"run_id": ledger.run_id, "metrics": points}
        assert http.post(f"{quiet.url}/{API}/runs/log-batch", json=body, timeout=30).status_code == 200
    path = f"/api/2.0/mlflow-artifacts/artifacts/{ledger.run_id}/large.bin"
    assert http.put(quiet.url + path, data=b"x" * (16 << 20), timeout=60).status_code == 200
    history = f"/{API}/metrics/get-history?run_id={ledger.run_id}&metric_key=long&max_results=20000"
    with contextlib.ExitStack() as stack:
        readers = [
            connect(stack, quiet, head("GET", history if number % 2 else path), receive_buffer=4096)
            for number in range(12)
        ]
        for reader in readers:
            assert reader.recv(12) == b"HTTP/1.1 200"
        work_goes_on(quiet)

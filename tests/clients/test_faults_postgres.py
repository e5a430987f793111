"""PostgreSQL stopped, restarted, killed and frozen under a running server: a 503 meanwhile, and never a restart."""

import contextlib
import time

import mlflow
import psutil
import pytest
from conftest import started_cluster
from ledger import API, Ledger, refusal_of, session

pytestmark = pytest.mark.ours

# How long a request may wait for a database that does not answer.
BOUND_S = 20

UNAVAILABLE = (503, "TEMPORARILY_UNAVAILABLE", "the database is not available")


@pytest.fixture(scope="module")
def cluster(database):
    if database != "postgres":
        pytest.skip("about PostgreSQL alone")
    with started_cluster() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def own_server(cluster, start_server, tmp_path_factory):
    return start_server("forebay", f"{cluster.url}/postgres", tmp_path_factory.mktemp("artifacts"))


@pytest.fixture
def ledger(own_server):
    ledger = Ledger(own_server, "0", 8)
    ledger.start(own_server)
    wait_for(lambda: ledger.count > 40)
    yield ledger
    ledger.stop()
    assert set(ledger.refusals) <= {UNAVAILABLE}
    assert ledger.broken == 0
    ledger.check(own_server)


def wait_for(check, timeout_s=BOUND_S):
    deadline = time.monotonic() + timeout_s
    while not check():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def grows(ledger):
    """Writes are acknowledged again."""
    before = ledger.count
    wait_for(lambda: ledger.count > before + 20)


def timed(call):
    began = time.monotonic()
    answer = call()
    return answer, time.monotonic() - began


def is_healthy_at_once(server):
    answer, took = timed(lambda: session().get(f"{server.url}/health", timeout=BOUND_S))
    return answer.text == "OK" and took < 1


def search(server):
    body = {"experiment_ids": ["0"], "max_results": 1}
    return session().post(f"{server.url}/{API}/runs/search", json=body, timeout=60)


def test_while_it_is_stopped_requests_are_refused_soon_and_afterwards_answered(cluster, own_server, ledger):
    cluster.stop()
    try:
        wait_for(lambda: ledger.refusals.total() >= 8)
        assert is_healthy_at_once(own_server)
        answer, took = timed(lambda: search(own_server))
        assert (refusal_of(answer), answer.headers["Retry-After"]) == (UNAVAILABLE, "10")
        assert took < BOUND_S
    finally:
        cluster.start()
    grows(ledger)
    assert search(own_server).status_code == 200


def test_a_restart_costs_at_most_the_writes_that_were_under_way(cluster, own_server, ledger):
    cluster.restart()
    grows(ledger)
    assert ledger.refusals.total() <= 2 * ledger.writers


def test_the_stock_client_survives_a_restart(cluster, own_server, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "3")
    client = mlflow.MlflowClient(own_server.url)
    run_id = client.create_run("0").info.run_id
    for step in range(20):
        if step == 10:
            cluster.restart()
        client.log_metric(run_id, "m", step, step=step)
    assert len(client.get_metric_history(run_id, "m")) == 20


def test_backends_that_are_killed_under_load_lose_nothing(cluster, own_server, ledger):
    for _ in range(3):
        for child in psutil.Process(cluster.process).children():
            with contextlib.suppress(psutil.NoSuchProcess):
                if "forebay" in " ".join(child.cmdline()) or "127.0.0.1" in " ".join(child.cmdline()):
                    child.kill()
        grows(ledger)


@contextlib.contextmanager
def frozen(cluster):
    """Stops every process of it, as a machine that swaps or a paused container would."""
    server = psutil.Process(cluster.process)
    processes = [server, *server.children()]
    try:
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.suspend()
        yield
    finally:
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()


def test_while_it_is_frozen_requests_are_refused_soon_and_afterwards_answered(cluster, own_server, ledger):
    with frozen(cluster):
        wait_for(lambda: ledger.refusals.total() >= 8)
        assert is_healthy_at_once(own_server)
        answer, took = timed(lambda: search(own_server))
        assert (refusal_of(answer), took < BOUND_S) == (UNAVAILABLE, True)
    grows(ledger)
    assert search(own_server).status_code == 200


def test_a_freeze_of_a_moment_is_waited_out(cluster, own_server, ledger):
    with frozen(cluster):
        time.sleep(2)
    grows(ledger)
    assert not ledger.refusals

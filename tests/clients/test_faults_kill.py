"""Killed twenty times while many write: whatever was acknowledged is there afterwards, and nothing is there by half."""

import random
import time

import pytest
from ledger import API, Ledger, session

pytestmark = pytest.mark.ours

ROUNDS = 20
WRITERS = 8


def experiment_of(server):
    answer = session().post(f"{server.url}/{API}/experiments/create", json={"name": "killed"}, timeout=20)
    return answer.json()["experiment_id"]


def write_and_kill(server, experiment_id):
    """One round; the moment of the kill is a matter of chance."""
    ledger = Ledger(server, experiment_id, WRITERS)
    ledger.start(server)
    deadline = time.monotonic() + 20
    while ledger.count < 3 * WRITERS and time.monotonic() < deadline:
        time.sleep(0.005)
    time.sleep(random.uniform(0, 0.2))
    server.kill()
    ledger.join()
    assert ledger.count >= 3 * WRITERS
    assert not ledger.refusals
    assert ledger.broken == WRITERS
    return ledger


def test_twenty_kills_under_load_lose_nothing(database, start_server, fresh_database, tmp_path):
    uri = fresh_database(database)
    server = start_server("forebay", uri, tmp_path)
    experiment_id = experiment_of(server)
    ledgers = []
    for _ in range(ROUNDS):
        ledgers.append(write_and_kill(server, experiment_id))
        server = start_server("forebay", uri, tmp_path)
        ledgers[-1].check(server)
    for ledger in ledgers:
        ledger.check(server)

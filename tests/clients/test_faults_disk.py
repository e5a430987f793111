"""Disks that are full, locked, read-only or gone: a clear answer, nothing acknowledged is lost, and no restart."""

import sqlite3
import time

import pytest
from ledger import API, Ledger, refusal_of, session
from machine import as_root, fill, not_here, small_disk

pytestmark = pytest.mark.ours

ARTIFACTS = "api/2.0/mlflow-artifacts/artifacts"


def eventually(check, timeout_s=15):
    """Waits until `check` holds."""
    deadline = time.monotonic() + timeout_s
    while not check():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


@pytest.fixture
def disk(tmp_path):
    with small_disk(tmp_path / "disk", 24) as folder:
        yield folder


def healthy(server):
    return session().get(f"{server.url}/health", timeout=5).text == "OK"


def put(server, name, data):
    return session().put(f"{server.url}/{ARTIFACTS}/{name}", data=data, timeout=60)


def test_a_full_disk_refuses_writes_until_there_is_room(disk, start_server):
    server = start_server("forebay", f"sqlite:///{disk}/mlflow.db", disk / "artifacts")
    ledger = Ledger(server, "0", 4)
    ledger.start(server)
    eventually(lambda: ledger.count > 20)
    ballast = fill(disk)
    eventually(lambda: sum(ledger.refusals.values()) > 20)
    assert set(ledger.refusals) == {(503, "TEMPORARILY_UNAVAILABLE", "the disk of the database is full")}
    assert healthy(server)
    ledger.stop()
    ledger.check(server)
    ballast.unlink()
    before = ledger.count
    ledger.start(server, first=1_000_000)
    eventually(lambda: ledger.count > before + 20)
    ledger.stop()
    ledger.check(server)
    server.kill()
    ledger.check(start_server("forebay", f"sqlite:///{disk}/mlflow.db", disk / "artifacts"))


def test_an_artifact_that_does_not_fit_is_refused_and_leaves_nothing(disk, start_server, tmp_path):
    server = start_server("forebay", f"sqlite:///{tmp_path}/mlflow.db", disk / "artifacts")
    assert put(server, "a/small.bin", b"x" * 1000).status_code == 200
    refused = put(server, "a/large.bin", b"x" * (32 << 20))
    assert refusal_of(refused) == (507, "INTERNAL_ERROR", "The artifact store is full: 'a/large.bin' was not stored")
    assert [path.name for path in (disk / "artifacts/a").iterdir()] == ["small.bin"]
    ballast = fill(disk)
    assert put(server, "a/b/small.bin", b"x" * 100_000).status_code == 507
    Ledger(server, "0", 1)
    assert put(server, "a/small.bin", b"y" * 100_000).status_code == 507
    assert session().get(f"{server.url}/{ARTIFACTS}/a/small.bin", timeout=20).content == b"x" * 1000
    ballast.unlink()
    assert put(server, "a/b/small.bin", b"y" * 100_000).status_code == 200


def test_a_log_that_cannot_be_written_stops_nothing(start_server, tmp_path):
    """The log file's disk is full as well, more often than not."""
    server = start_server("forebay", f"sqlite:///{tmp_path}/mlflow.db", tmp_path / "artifacts", log="/dev/full")
    ledger = Ledger(server, "0", 2)
    ledger.start(server)
    eventually(lambda: ledger.count > 20)
    ledger.stop()
    assert (ledger.refusals, ledger.broken) == ({}, 0)
    missing = session().get(f"{server.url}/{API}/runs/get", params={"run_id": "0" * 32}, timeout=20)
    assert missing.status_code == 404


def test_a_database_that_another_process_locks_is_a_503_for_all_who_wait(start_server, tmp_path):
    path = tmp_path / "mlflow.db"
    server = start_server("forebay", f"sqlite:///{path}", tmp_path / "artifacts")
    ledger = Ledger(server, "0", 8)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    ledger.start(server)
    assert healthy(server)
    eventually(lambda: sum(ledger.refusals.values()) >= 8, timeout_s=40)
    waited = time.monotonic() - began
    other.execute("ROLLBACK")
    other.close()
    assert set(ledger.refusals) == {(503, "TEMPORARILY_UNAVAILABLE", "the database is not available")}
    assert 15 < waited < 30
    eventually(lambda: ledger.count > 20)
    ledger.stop()
    ledger.check(server)


def test_a_database_file_that_is_gone_is_not_written_to(start_server, tmp_path):
    """SQLite would go on in the file without a name, and all of it would be lost with the process."""
    path, aside = tmp_path / "mlflow.db", tmp_path / "aside"
    server = start_server("forebay", f"sqlite:///{path}", tmp_path / "artifacts")
    ledger = Ledger(server, "0", 2)
    ledger.start(server)
    eventually(lambda: ledger.count > 20)
    path.rename(aside)
    eventually(lambda: sum(ledger.refusals.values()) > 10)
    count = ledger.count
    ledger.stop()
    assert ledger.count == count
    assert healthy(server)
    gone = (503, "TEMPORARILY_UNAVAILABLE", "the database file was removed or replaced")
    assert set(ledger.refusals) == {gone}
    read = session().get(f"{server.url}/{API}/runs/get", params={"run_id": ledger.run_id}, timeout=20)
    assert refusal_of(read) == gone
    aside.rename(path)
    ledger.start(server, first=1_000_000)
    eventually(lambda: ledger.count > count + 20)
    ledger.stop()
    ledger.check(server)


def test_artifacts_in_a_folder_that_is_gone_fail_with_a_reason_and_tracking_goes_on(start_server, tmp_path):
    folder = tmp_path / "artifacts"
    server = start_server("forebay", f"sqlite:///{tmp_path}/mlflow.db", folder)
    assert put(server, "a/x", b"x").status_code == 200
    folder.rename(tmp_path / "aside")
    folder.write_text("a file in its place")
    status, code, message = refusal_of(put(server, "a/y", b"y"))
    assert (status, code) == (503, "TEMPORARILY_UNAVAILABLE")
    assert message.startswith("The artifact store refuses this server: its folder cannot be made (")
    assert refusal_of(session().get(f"{server.url}/{ARTIFACTS}/a/x", timeout=20))[0] in (404, 503)
    Ledger(server, "0", 1)
    folder.unlink()
    (tmp_path / "aside").rename(folder)
    assert session().get(f"{server.url}/{ARTIFACTS}/a/x", timeout=20).content == b"x"
    assert put(server, "a/y", b"y").status_code == 200


def test_artifacts_on_a_disk_that_became_read_only_can_still_be_read(disk, start_server, tmp_path):
    server = start_server("forebay", f"sqlite:///{tmp_path}/mlflow.db", disk / "artifacts")
    assert put(server, "a/x", b"x").status_code == 200
    done = as_root("mount", "-o", "remount,ro", disk)
    if done.returncode:
        not_here(f"the tmpfs cannot be made read-only: {done.stderr}")
    status, code, message = refusal_of(put(server, "a/y", b"y"))
    assert (status, code) == (503, "TEMPORARILY_UNAVAILABLE")
    assert "ead-only" in message
    assert session().delete(f"{server.url}/{ARTIFACTS}/a/x", timeout=20).status_code == 503
    assert session().get(f"{server.url}/{ARTIFACTS}/a/x", timeout=20).content == b"x"
    Ledger(server, "0", 1)
    as_root("mount", "-o", "remount,rw", disk)
    assert put(server, "a/y", b"y").status_code == 200

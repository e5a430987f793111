"""Backups that docs/operations.md recommends, taken while many write: whole batches, and all that came before."""

import subprocess
import time

import pytest
from conftest import postgres_programs
from ledger import Ledger
from machine import program

pytestmark = pytest.mark.ours


def run(*command):
    subprocess.run(list(map(str, command)), check=True, capture_output=True, timeout=60)


def back_up_sqlite(uri, copy, how):
    path = uri.removeprefix("sqlite:///")
    statement = {"backup": f".backup {copy}", "vacuum": f"VACUUM INTO '{copy}'"}[how]
    run(program("sqlite3"), "-cmd", ".timeout 5000", path, statement)


def back_up_postgres(uri, copy):
    plain = uri.replace("+psycopg2", "")
    run(postgres_programs() / "pg_dump", "--format=custom", f"--file={copy}", plain)


def restore_postgres(copy, uri):
    plain = uri.replace("+psycopg2", "")
    run(postgres_programs() / "pg_restore", "--no-owner", f"--dbname={plain}", copy)


@pytest.mark.parametrize("how", ["backup", "vacuum"])
def test_a_backup_under_writes_is_whole(database, how, start_server, fresh_database, tmp_path):
    if (database, how) == ("postgres", "vacuum"):
        pytest.skip("one way is enough there")
    uri = fresh_database(database)
    server = start_server("forebay", uri, tmp_path / "artifacts")
    ledger = Ledger(server, "0", 4)
    ledger.start(server)
    while ledger.count < 50:
        time.sleep(0.01)
    before = [list(told) for told in ledger.acknowledged]
    copy = tmp_path / "copy"
    if database == "sqlite":
        back_up_sqlite(uri, copy, how)
    else:
        back_up_postgres(uri, copy)
    ledger.stop()
    assert (ledger.refusals, ledger.broken) == ({}, 0)
    ledger.check(server)
    restored = f"sqlite:///{copy}"
    if database == "postgres":
        restored = fresh_database("postgres")
        restore_postgres(copy, restored)
    ledger.acknowledged = before
    ledger.check(start_server("forebay", restored, tmp_path / "artifacts"))

"""`forebay table` as a program."""

import dataclasses
import json
import pathlib
import subprocess

import duckdb
import duckdb_extension_delta
import pytest
from conftest import server_environment

TIMEOUT_S = 120


@dataclasses.dataclass
class TablesCli:
    """The binary, and the variables that it sees."""

    binary: pathlib.Path
    env: dict = dataclasses.field(default_factory=dict)

    def run(self, *words):
        """Runs one command to its end, whatever that is."""
        command = [str(self.binary), "table", *map(str, words)]
        environment = server_environment(self.env)
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)

    def text(self, *words):
        done = self.run(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def json(self, *words):
        return json.loads(self.text(*words, "--output", "json"))

    def rows(self, uri, *words):
        """All rows, in the order of their ids, with what is null left out."""
        return by_id(self.json("head", uri, "--rows", 1_000_000, *words))

    def refusal(self, *words):
        """The one line of standard error of a command that fails."""
        done = self.run(*words)
        assert done.returncode == 1, done.stdout + done.stderr
        lines = done.stderr.splitlines()
        assert len(lines) == 1, done.stderr
        return lines[0]


def by_id(rows):
    """Rows as the program prints them: in the order of their ids, with what is null left out."""
    told = ({name: value for name, value in row.items() if value is not None} for row in rows)
    return sorted(told, key=lambda row: row["id"])


def duckdb_of(uri):
    """A connection of DuckDB in which a Delta table is called `gold`."""
    folder = pathlib.Path(duckdb_extension_delta.__file__).parent / "extensions" / f"v{duckdb.__version__}"
    connection = duckdb.connect()
    connection.execute(f"LOAD '{folder}/delta.duckdb_extension'")
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(f"CREATE VIEW gold AS SELECT * FROM delta_scan('{uri}')")
    return connection


@pytest.fixture(scope="session")
def tables(forebay_binary):
    return TablesCli(forebay_binary)

"""Delta tables that other programs write are read as those programs read them."""

import datetime
import os

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from tables_cli import by_id

pytestmark = pytest.mark.ours


@pytest.fixture
def uri(tmp_path):
    return tmp_path / "table"


def expected(table):
    """The rows as deltalake reads them."""
    return by_id(table.to_pyarrow_table().to_pylist())


def numbers(start, end):
    ids = list(range(start, end))
    names = [f"n{i}" if i % 3 else None for i in ids]
    return pa.table({"id": pa.array(ids, pa.int64()), "name": pa.array(names, pa.string()), "half": [i / 2 for i in ids]})


def test_every_version_is_what_it_was(tables, uri):
    write_deltalake(uri, numbers(0, 10), name="n", description="numbers")
    write_deltalake(uri, numbers(10, 20), mode="append")
    write_deltalake(uri, numbers(100, 105), mode="overwrite")
    for version in range(3):
        assert tables.rows(uri, "--version", version) == expected(DeltaTable(uri, version=version))
    assert tables.rows(uri) == expected(DeltaTable(uri))
    shown = tables.json("show", uri)
    assert (shown["format"], shown["version"], shown["n_rows"], shown["n_files"]) == ("delta", 2, 5, 1)
    assert (shown["name"], shown["description"]) == ("n", "numbers")
    assert shown["id"] == DeltaTable(uri).metadata().id
    commits = tables.json("history", uri)["commits"]
    assert [commit["version"] for commit in commits] == [2, 1, 0]
    assert [(commit["n_added"], commit["n_removed"]) for commit in commits] == [(1, 2), (1, 0), (1, 0)]
    theirs = DeltaTable(uri).history()
    assert [commit["operation"] for commit in commits] == [commit["operation"] for commit in theirs]
    assert [commit["time_ms"] for commit in commits] == [commit["timestamp"] for commit in theirs]


def test_a_time_means_the_version_of_that_time(tables, uri):
    for version in range(3):
        write_deltalake(uri, numbers(0, version + 1), mode="overwrite")
        hour = datetime.datetime(2026, 1, 1, version, tzinfo=datetime.UTC).timestamp()
        os.utime(uri / f"_delta_log/{version:020}.json", (hour, hour))
    assert len(tables.rows(uri, "--at", "2026-01-01T00:30:00Z")) == 1
    assert len(tables.rows(uri, "--at", "2026-01-01T01:00:00")) == 2
    assert len(tables.rows(uri, "--at", "2026-01-02")) == 3


def test_merged_and_deleted_rows_are_as_deltalake_has_them(tables, uri):
    write_deltalake(uri, numbers(0, 30), partition_by=["half"])
    table = DeltaTable(uri)
    table.delete("id % 4 = 1")
    merge = table.merge(
        numbers(20, 40).set_column(1, "name", pa.array(["new"] * 20)),
        predicate="old.id = fresh.id",
        source_alias="fresh",
        target_alias="old",
    )
    merge.when_matched_update_all().when_not_matched_insert_all().execute()
    table.update(predicate="id = 2", updates={"name": "'two'"})
    assert tables.rows(uri) == expected(DeltaTable(uri))
    assert tables.rows(uri, "--version", 1) == expected(DeltaTable(uri, version=1))


def test_partitions_of_every_kind_are_columns(tables, uri):
    table = pa.table({
        "id": pa.array([1, 2, 3, 4], pa.int64()),
        "day": pa.array([datetime.date(2026, 1, 1), None, datetime.date(2026, 1, 2), datetime.date(1969, 12, 31)]),
        "text": ["a b/c=%41 €", None, "x", "y"],
        "time": pa.array([0, 1, None, -1], pa.timestamp("us", "UTC")),
        "flag": [True, False, None, True],
        "number": pa.array([1, None, -5, 0], pa.int32()),
    })
    write_deltalake(uri, table, partition_by=["day", "text", "time", "flag", "number"])
    head = tables.text("head", uri, "--columns", "id,day,text,time,flag,number")
    found = sorted(line.split("  ")[0] for line in head.splitlines()[1:])
    assert found == ["1", "2", "3", "4"]
    theirs = {row["id"]: row for row in DeltaTable(uri).to_pyarrow_table().to_pylist()}
    ours = {row["id"]: row for row in tables.json("head", uri)}
    for number, row in theirs.items():
        for name in ("text", "flag", "number"):
            assert ours[number].get(name) == row[name], (number, name)
        assert ours[number].get("day") == (row["day"] and row["day"].isoformat())
    assert ours[4]["time"].startswith("1969-12-31T23:59:59.999999")
    where = tables.json("head", uri, "--where", "day >= 2026-01-01", "--where", "number is not null")
    assert sorted(row["id"] for row in where) == [1, 3]


def test_columns_come_and_the_order_is_that_of_the_last_schema(tables, uri):
    write_deltalake(uri, numbers(0, 3))
    more = numbers(3, 6).append_column("late", pa.array([1, 2, 3], pa.int32()))
    write_deltalake(uri, more, mode="append", schema_mode="merge")
    assert tables.rows(uri) == expected(DeltaTable(uri))
    columns = [(column["name"], column["type"]) for column in tables.json("schema", uri)["columns"]]
    assert columns == [("id", "Int64"), ("name", "Utf8"), ("half", "Float64"), ("late", "Int32")]


def test_checkpoints_stand_for_the_commits_before_them(tables, uri):
    for start in range(12):
        write_deltalake(uri, numbers(start * 3, start * 3 + 3), mode="append")
    table = DeltaTable(uri)
    table.optimize.compact()
    table.create_checkpoint()
    write_deltalake(uri, numbers(100, 103), mode="append")
    for commit in sorted((uri / "_delta_log").glob("0000000000000000000*.json"))[:8]:
        commit.unlink()
    assert tables.rows(uri) == expected(DeltaTable(uri))


def test_nested_values_and_all_types_are_read(tables, uri):
    table = pa.table({
        "id": pa.array([1, 2], pa.int64()),
        "small": pa.array([1, None], pa.int16()),
        "amount": pa.array(["1.50", None], pa.string()).cast(pa.decimal128(10, 2)),
        "tags": pa.array([["a", None], None], pa.list_(pa.string())),
        "point": pa.array([{"x": 1.5, "y": None}, None], pa.struct([("x", pa.float64()), ("y", pa.int32())])),
        "bytes": pa.array([b"\x00\xff", None], pa.binary()),
        "local": pa.array([0, None], pa.timestamp("us")),
        "day": pa.array([datetime.date(2026, 1, 1), None]),
    })
    write_deltalake(uri, table)
    found = tables.rows(uri)
    assert found[0]["tags"] == ["a", None] and found[0]["point"]["x"] == 1.5
    assert (found[0]["small"], found[0]["bytes"], found[0]["day"]) == (1, "00ff", "2026-01-01")
    assert found[1] == {"id": 2}
    types = {column["name"]: column["type"] for column in tables.json("schema", uri)["columns"]}
    assert types["amount"] == "Decimal128(10, 2)"
    assert "element" in types["tags"] or "List" in types["tags"]


def test_predicates_find_what_pyarrow_finds(tables, uri):
    for start in range(0, 50, 10):
        write_deltalake(uri, numbers(start, start + 10), mode="append")
    everything = expected(DeltaTable(uri))
    for where, holds in [
        (["id >= 17", "id < 33"], lambda row: 17 <= row["id"] < 33),
        (["half = 4.5"], lambda row: row["half"] == 4.5),
        (["name > n3"], lambda row: row.get("name", "") > "n3"),
        (["name is null"], lambda row: "name" not in row),
    ]:
        words = [word for comparison in where for word in ("--where", comparison)]
        assert tables.rows(uri, *words) == [row for row in everything if holds(row)], where


def test_what_is_no_table_is_an_error_in_one_line(tables, tmp_path):
    assert "there is no such file" in tables.refusal("show", tmp_path / "nothing")
    write_deltalake(tmp_path / "table", numbers(0, 3))
    assert "version 7" in tables.refusal("show", tmp_path / "table", "--version", 7)


def test_plain_files_are_tables_too(tables, tmp_path):
    (tmp_path / "x.csv").write_text("id,name\n1,a\n2,\n")
    assert tables.rows(tmp_path / "x.csv") == [{"id": 1, "name": "a"}, {"id": 2}]
    assert tables.json("show", tmp_path / "x.csv")["format"] == "csv"

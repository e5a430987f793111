"""Delta tables that are rare or broken: the right rows, or an error that names the table and the file; never other rows."""

import base64
import json
import struct
import threading

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, WriterProperties, write_deltalake
from tables_cli import by_id, duckdb_of

pytestmark = pytest.mark.ours


@pytest.fixture
def uri(tmp_path):
    return tmp_path / "table"


def ids(start, end):
    return pa.table({"id": pa.array(range(start, end), pa.int64()), "name": [f"n{i}" for i in range(start, end)]})


def commit(uri, version):
    return uri / "_delta_log" / f"{version:020}.json"


@pytest.mark.parametrize("mode", ["name", "id"])
def test_mapped_columns_that_deltalake_wrote_are_what_was_written(tables, uri, mode):
    rows = pa.table({
        "id": pa.array([1, 2, 3, 4], pa.int64()),
        "a b,c": [1.5, None, 2.5, -1.0],
        "place": ["JFK", "LGA", "JFK", None],
        "point": [{"x": 1}, {"x": 2}, None, {"x": None}],
    })
    write_deltalake(uri, rows, partition_by=["place"], configuration={"delta.columnMapping.mode": mode})
    written = [json.loads(line) for line in commit(uri, 0).read_text().splitlines()]
    assert any("columnMapping" in str(line.get("metaData")) for line in written)
    # deltalake's own reader gives nulls here, so what was written is what is expected.
    found = tables.rows(uri)
    for row in found:
        row.setdefault("point", None)
        if row["point"] == {}:
            row["point"] = {"x": None}
    expected = by_id(rows.to_pylist())
    for row in expected:
        row.setdefault("point", None)
    assert found == expected
    where = tables.rows(uri, "--where", "place = JFK", "--where", "id > 1", "--columns", "id")
    assert where == [{"id": 3}]
    assert [row["id"] for row in tables.rows(uri, "--where", "place is null")] == [4]


def test_an_empty_value_of_a_partition_is_null_as_deltalake_has_it(tables, uri):
    rows = pa.table({"id": pa.array([1, 2, 3], pa.int64()), "place": ["", "LGA", None]})
    write_deltalake(uri, rows, partition_by=["place"])
    assert tables.rows(uri) == by_id(DeltaTable(uri).to_pyarrow_table().to_pylist())
    assert [row["id"] for row in tables.rows(uri, "--where", "place is null")] == [1, 3]
    assert [row["id"] for row in tables.rows(uri, "--where", "place is not null")] == [2]


def test_a_hint_that_names_no_checkpoint_is_ignored_where_the_log_is_whole(tables, uri):
    for start in range(0, 9, 3):
        write_deltalake(uri, ids(start, start + 3), mode="append")
    hint = uri / "_delta_log/_last_checkpoint"
    hint.write_text('{"version": 2, "size": 5}')
    assert tables.rows(uri) == by_id(ids(0, 9).to_pylist())
    hint.write_text('{"version": 12, "size": 5}')
    line = tables.refusal("head", uri)
    assert str(uri) in line and "_last_checkpoint" in line
    # A hint at an older checkpoint than there is, is only a slower way.
    hint.unlink()
    DeltaTable(uri).create_checkpoint()
    write_deltalake(uri, ids(9, 12), mode="append")
    told = json.loads(hint.read_text())
    DeltaTable(uri).create_checkpoint()
    hint.write_text(json.dumps(told))
    commit(uri, 0).unlink()
    assert tables.rows(uri) == by_id(ids(0, 12).to_pylist())


def test_a_log_that_lost_its_beginning_is_refused(tables, uri):
    write_deltalake(uri, ids(0, 3))
    write_deltalake(uri, ids(3, 6), mode="append")
    # A commit that changes the schema looks like the beginning of a table.
    more = ids(6, 9).append_column("late", pa.array([1, 2, 3]))
    write_deltalake(uri, more, mode="overwrite", schema_mode="overwrite")
    write_deltalake(uri, more, mode="append")
    lines = commit(uri, 0).read_text().splitlines()
    protocol = next(line for line in lines if "protocol" in line)
    commit(uri, 2).write_text(protocol + "\n" + commit(uri, 2).read_text())
    commit(uri, 0).unlink()
    commit(uri, 1).unlink()
    line = tables.refusal("head", uri)
    assert str(uri) in line and "begins with 00000000000000000002.json" in line


def test_a_torn_commit_is_named_and_what_was_before_it_can_be_read(tables, uri):
    write_deltalake(uri, ids(0, 3))
    write_deltalake(uri, ids(3, 6), mode="append")
    whole = commit(uri, 1).read_text()
    for end in (len(whole) // 2, len(whole) - 10):
        commit(uri, 1).write_text(whole[:end])
        line = tables.refusal("head", uri)
        assert f"{uri}, version 1: _delta_log/{commit(uri, 1).name} is torn" in line
    assert len(tables.rows(uri, "--version", 0)) == 3


def test_a_file_that_is_missing_or_another_one_is_named(tables, uri):
    write_deltalake(uri, ids(0, 3))
    write_deltalake(uri, ids(3, 6), mode="append")
    name = DeltaTable(uri).get_add_actions(flatten=True)
    name = pa.table(name).column("path")[0].as_py()
    file = uri / name
    pq.write_table(ids(0, 2), file)
    assert name in tables.refusal("head", uri)
    file.unlink()
    assert name in tables.refusal("head", uri)


def test_a_checkpoint_that_is_broken_is_named(tables, uri):
    write_deltalake(uri, ids(0, 3))
    write_deltalake(uri, ids(3, 6), mode="append")
    DeltaTable(uri).create_checkpoint()
    checkpoint = uri / "_delta_log/00000000000000000001.checkpoint.parquet"
    whole = checkpoint.read_bytes()
    checkpoint.write_bytes(whole[: len(whole) // 2])
    assert str(uri) in tables.refusal("head", uri)
    # One that names a file that never was.
    rows = pq.read_table(pa.BufferReader(whole))
    lost = rows.to_pylist()
    for row in lost:
        if row["add"]:
            row["add"]["path"] = "gone-" + row["add"]["path"]
    pq.write_table(pa.Table.from_pylist(lost, rows.schema), checkpoint)
    assert "gone-" in tables.refusal("head", uri)


def test_a_table_that_is_written_while_it_is_read_is_some_version_of_it(tables, uri):
    write_deltalake(uri, ids(0, 10))
    n_versions = 25

    def write():
        for version in range(1, n_versions):
            write_deltalake(uri, ids(version * 10, version * 10 + 10), mode="append")
            if version % 5 == 0:
                table = DeltaTable(uri)
                table.optimize.compact()
                table.create_checkpoint()

    writer = threading.Thread(target=write)
    writer.start()
    sizes = []
    while writer.is_alive():
        found = [row["id"] for row in tables.rows(uri)]
        assert found == list(range(len(found))) and len(found) % 10 == 0
        sizes.append(len(found))
    writer.join()
    assert sizes == sorted(sizes)
    assert [row["id"] for row in tables.rows(uri)] == list(range(n_versions * 10))
    assert pl.read_delta(str(uri)).height == n_versions * 10


def inline_vector(positions):
    """A deletion vector in the log itself, as the protocol has it: a roaring bitmap of 64 bits with one array container, in Z85."""
    numbers = b"".join(struct.pack("<H", position) for position in positions)
    container = struct.pack("<IIHHI", 12346, 1, 0, len(positions) - 1, 16) + numbers
    data = struct.pack("<IQI", 1681511377, 1, 0) + container
    text = z85(data + bytes(-len(data) % 4))
    return {"storageType": "i", "pathOrInlineDv": text, "sizeInBytes": len(data), "cardinality": len(positions)}


def z85(data):
    """ZeroMQ's base 85, which has other letters than Python's."""
    ours = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"
    theirs = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
    return base64.b85encode(data).decode().translate(str.maketrans(ours, theirs))


@pytest.mark.parametrize("deleted", [[0], [3, 4, 500, 999], list(range(100, 900))])
def test_rows_that_the_log_itself_says_are_deleted_are_not_read(tables, uri, deleted):
    # Several row groups, of which some are left out by a filter and one may be deleted whole.
    write_deltalake(uri, ids(0, 1000), writer_properties=WriterProperties(max_row_group_size=100))
    features = ["deletionVectors"]
    protocol = {"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": features, "writerFeatures": features}
    added = next(json.loads(line)["add"] for line in commit(uri, 0).read_text().splitlines() if '"add"' in line)
    removed = {"path": added["path"], "dataChange": True, "deletionTimestamp": 1}
    actions = [
        {"protocol": protocol},
        {"remove": removed},
        {"add": {**added, "deletionVector": inline_vector(deleted)}},
    ]
    commit(uri, 1).write_text("".join(json.dumps(action) + "\n" for action in actions))
    left = [number for number in range(1000) if number not in deleted]
    assert [row["id"] for row in tables.rows(uri)] == left
    assert [row["id"] for row in tables.rows(uri, "--where", "id >= 450")] == [number for number in left if number >= 450]
    assert tables.json("show", uri)["n_rows"] == len(left)
    assert [row["id"] for row in tables.rows(uri, "--version", 0)] == list(range(1000))
    assert duckdb_of(uri).sql("select id from gold order by id").fetchall() == [(number,) for number in left]

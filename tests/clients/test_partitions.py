"""Folders of plain files that pyarrow and polars divide into partitions are read as those read them."""

import pathlib

import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pytest
from tables_cli import by_id
from test_delta_score import model, score  # noqa: F401

pytestmark = pytest.mark.ours

ROWS = pa.table({
    "id": pa.array(range(12), pa.int64()),
    "year": pa.array([2013, 2013, 2014] * 4, pa.int32()),
    "place": ["JFK", "a b/c=%41 €", None, "LGA"] * 3,
    "value": [i / 4 for i in range(12)],
})


def by_pyarrow(uri, schema):
    """The rows as pyarrow reads them, told the types of the columns."""
    partitioning = ds.partitioning(schema, flavor="hive")
    return by_id(ds.dataset(uri, partitioning=partitioning).to_table().to_pylist())


def columns(tables, uri):
    return {column["name"]: column["type"] for column in tables.json("schema", uri)["columns"]}


def test_what_pyarrow_writes_in_partitions_is_read_as_it_was(tables, tmp_path):
    uri = tmp_path / "table"
    ds.write_dataset(ROWS, uri, format="parquet", partitioning=["year", "place"], partitioning_flavor="hive")
    kinds = pa.schema([("year", pa.int32()), ("place", pa.string())])
    assert tables.rows(uri) == by_pyarrow(uri, kinds) == by_id(ROWS.to_pylist())
    assert columns(tables, uri) == {"id": "Int64", "value": "Float64", "year": "Int64", "place": "Utf8"}
    shown = tables.json("show", uri)
    assert (shown["n_rows"], shown["partition_columns"]) == (12, ["year", "place"])
    for where, holds in [
        ("year = 2014", lambda row: row["year"] == 2014),
        ("place is null", lambda row: row["place"] is None),
        ("place = 'a b/c=%41 €'", lambda row: row["place"] == "a b/c=%41 €"),
    ]:
        assert tables.rows(uri, "--where", where) == by_id(filter(holds, ROWS.to_pylist())), where


def test_what_polars_writes_in_partitions_is_read_as_it_reads_it(tables, tmp_path):
    uri = tmp_path / "table"
    uri.mkdir()
    pl.from_arrow(ROWS).write_parquet(uri, partition_by=["year", "place"])
    theirs = pl.scan_parquet(uri, hive_partitioning=True).collect()
    assert theirs.schema["year"] == pl.Int64 or theirs.schema["year"] == pl.Int32
    assert tables.rows(uri) == by_id(theirs.to_dicts())


def test_a_file_that_a_predicate_leaves_out_is_not_opened(tables, tmp_path):
    uri = tmp_path / "table"
    ds.write_dataset(ROWS, uri, format="parquet", partitioning=["year"], partitioning_flavor="hive")
    for path in (uri / "year=2014").iterdir():
        path.write_bytes(b"torn")
    found = tables.rows(uri, "--where", "year < 2014")
    assert found == by_id(row for row in ROWS.to_pylist() if row["year"] < 2014)
    assert "year=2014" in tables.refusal("head", uri)


def test_partitions_of_text_files_are_columns(tables, tmp_path):
    uri = tmp_path / "table"
    rows = ROWS.drop_columns(["place"])
    ds.write_dataset(rows, uri, format="csv", partitioning=["year"], partitioning_flavor="hive")
    assert tables.rows(uri) == by_id(rows.to_pylist())


def test_folders_that_tell_other_columns_are_named(tables, tmp_path):
    uri = tmp_path / "table"
    ds.write_dataset(ROWS, uri, format="parquet", partitioning=["year"], partitioning_flavor="hive")
    pathlib.Path(uri / "stray.parquet").write_bytes(next((uri / "year=2013").iterdir()).read_bytes())
    assert "stray.parquet: it is in no folder 'year=…'" in tables.refusal("head", uri)


def test_a_model_gets_what_folders_tell_in_the_type_that_it_takes(score, tmp_path):  # noqa: F811
    uri = tmp_path / "table"
    rows = pa.table({"id": pa.array(range(6), pa.int64()), "x": pa.array([0, 1, 2] * 2, pa.int32())})
    ds.write_dataset(rows, uri, format="parquet", partitioning=["x"], partitioning_flavor="hive")
    assert sorted(path.name for path in uri.iterdir()) == ["x=0", "x=1", "x=2"]
    score(uri, tmp_path / "out.parquet")
    found = pl.read_parquet(tmp_path / "out.parquet").sort("id")
    assert found["prediction"].round(3).to_list() == [1, 3, 5, 1, 3, 5]

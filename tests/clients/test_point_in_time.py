"""Training sets, judged by others: a loop over all pairs, pandas, polars and DuckDB, over tables by chance."""

import datetime
import subprocess
import zoneinfo

import deltalake
import duckdb
import point_in_time as pit
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from features_cli import FeaturesCli
from point_in_time import SECOND, START, UTC, View

pytestmark = pytest.mark.ours

ORACLES = [pit.by_pandas, pit.by_polars, pit.by_duckdb]


@pytest.fixture
def lab(fresh_database, forebay_binary, tmp_path):
    uri = fresh_database("sqlite")
    subprocess.run([forebay_binary, "db", "upgrade", uri], check=True, capture_output=True, timeout=120)
    return pit.Lab(FeaturesCli(forebay_binary, ("--backend-store-uri", uri), tmp_path), tmp_path)


def folder_of_parquet(rows, folder, seed=0):
    folder.mkdir()
    for number, part in enumerate(pit.parts(rows, 4, seed)):
        pq.write_table(part, folder / f"part-{number}.parquet", row_group_size=50)
    return folder


def delta_of_files(rows, folder, seed=0):
    for part in pit.parts(rows, 4, seed):
        deltalake.write_deltalake(folder, part, mode="append")
    return folder


def rows_of(made, spine):
    """The features, when the spine came out as it went in."""
    assert made.select(spine.column_names).equals(spine)
    return made["row"].to_pylist()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("ttl", [None, SECOND, 60 * SECOND], ids=["ever", "second", "minute"])
@pytest.mark.parametrize("write", [folder_of_parquet, delta_of_files])
def test_the_latest_row_wins_as_all_oracles_say(lab, write, ttl, seed):
    view = View(ttl=ttl)
    features, spine = pit.dealt(seed, 700, 300)
    expected = pit.naive(view, features, spine)
    assert len(set(expected)) > 5
    for oracle in ORACLES:
        assert oracle(view, features, spine) == expected, oracle.__name__
    lab.apply(view.definitions(write(features, lab.folder / "source", seed)))
    assert rows_of(lab.make(spine), spine) == expected


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "view",
    [
        View(known=True),
        View(known=True, ttl=90 * SECOND),
        View(intervals=True),
        View(intervals=True, known=True),
    ],
    ids=["known", "known-ttl", "intervals", "intervals-known"],
)
def test_rows_hold_and_are_known_as_the_loop_says(lab, view, seed):
    features, spine = pit.dealt(100 + seed, 700, 300)
    expected = pit.naive(view, features, spine)
    lab.apply(view.definitions(delta_of_files(features, lab.folder / "source", seed)))
    assert rows_of(lab.make(spine), spine) == expected


def test_of_rows_equal_in_everything_the_last_of_the_table_wins(lab):
    rows = [("A", 0, START, None, START, number) for number in range(5)]
    pq.write_table(pit.table(rows, pit.SCHEMA), lab.folder / "source.parquet")
    spine = pit.table([("A", 0, START, 0)], pit.SPINE_SCHEMA)
    lab.apply(View().definitions(lab.folder / "source.parquet"))
    assert rows_of(lab.make(spine), spine) == [4]


def test_a_ttl_counts_to_the_microsecond_and_its_end(lab):
    ttl = 60 * SECOND
    spine = pit.table(
        [("A", 0, START + offset, number) for number, offset in enumerate([-1, 0, ttl - 1, ttl, ttl + 1])],
        pit.SPINE_SCHEMA,
    )
    pq.write_table(pit.table([("A", 0, START, None, None, 5)], pit.SCHEMA), lab.folder / "source.parquet")
    lab.apply(View(ttl=ttl).definitions(lab.folder / "source.parquet"))
    assert rows_of(lab.make(spine), spine) == [None, 5, 5, 5, None]


@pytest.mark.parametrize("n_rows, n_spine", [(0, 5), (5, 0), (0, 0)])
def test_empty_tables_give_their_rows(lab, n_rows, n_spine):
    features, spine = pit.dealt(1, 5, 5)
    features, spine = features.slice(0, n_rows), spine.slice(0, n_spine)
    pq.write_table(features, lab.folder / "source.parquet")
    lab.apply(View().definitions(lab.folder / "source.parquet"))
    assert rows_of(lab.make(spine), spine) == pit.naive(View(), features, spine)


def daylight_saving():
    """Every half an hour around the two changes of 2013 in New York."""
    zone = zoneinfo.ZoneInfo("America/New_York")
    changes = [datetime.datetime(2013, 3, 10, 2, tzinfo=zone), datetime.datetime(2013, 11, 3, 0, tzinfo=zone)]
    starts = [int(change.timestamp() - 4 * 3600) * SECOND for change in changes]
    return [start + half * 1800 * SECOND for start in starts for half in range(20)]


@pytest.mark.parametrize("spine_zone", ["UTC", "America/New_York"])
@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
def test_hours_that_come_twice_or_not_at_all_are_told_apart(lab, zone, spine_zone):
    times = daylight_saving()
    features = pit.table([("A", 0, at, None, None, row) for row, at in enumerate(times)], pit.SCHEMA)
    spine = pit.table([("A", 0, at + SECOND, number) for number, at in enumerate(times)], pit.SPINE_SCHEMA)
    features = features.set_column(2, "since", features["since"].cast(pa.timestamp("us", zone)))
    spine = spine.set_column(2, "at", spine["at"].cast(pa.timestamp("us", spine_zone)))
    pq.write_table(features, lab.folder / "source.parquet")
    lab.apply(View(ttl=60 * SECOND).definitions(lab.folder / "source.parquet"))
    assert rows_of(lab.make(spine), spine) == list(range(len(times)))


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("spine_unit", ["s", "ms", "us", "ns"])
def test_times_of_all_units_are_compared(lab, unit, spine_unit):
    offsets = [0, 10, 20]
    features = pit.table([("A", 0, START + at * SECOND, None, None, at) for at in offsets], pit.SCHEMA)
    spine = pit.table(
        [("A", 0, START + at * SECOND, number) for number, at in enumerate([-1, 0, 9, 10, 21])], pit.SPINE_SCHEMA
    )
    features = features.set_column(2, "since", features["since"].cast(pa.timestamp(unit, "UTC")))
    spine = spine.set_column(2, "at", spine["at"].cast(pa.timestamp(spine_unit, "UTC")))
    pq.write_table(features, lab.folder / "source.parquet")
    pq.write_table(spine, lab.folder / "spine.parquet")
    lab.apply(View().definitions(lab.folder / "source.parquet"))
    assert lab.make(lab.folder / "spine.parquet")["row"].to_pylist() == [None, 0, 0, 10, 20]


def test_a_nanosecond_never_shows_what_comes_after(lab):
    nanos = START * 1000
    since = pa.array([nanos + 500], pa.timestamp("ns", "UTC"))
    features = pit.table([("A", 0, START, None, None, 1)], pit.SCHEMA).set_column(2, "since", since)
    spine = pit.table([("A", 0, START, number) for number in range(4)], pit.SPINE_SCHEMA)
    at = pa.array([nanos, nanos + 499, nanos + 999, nanos + 1000], pa.timestamp("ns", "UTC"))
    spine = spine.set_column(2, "at", at)
    pq.write_table(features, lab.folder / "source.parquet")
    pq.write_table(spine, lab.folder / "spine.parquet")
    lab.apply(View().definitions(lab.folder / "source.parquet"))
    assert lab.make(lab.folder / "spine.parquet")["row"].to_pylist() == [None, None, None, 1]


def test_dates_are_their_midnights(lab):
    day = datetime.date(2013, 3, 10)
    midnight = int(datetime.datetime(2013, 3, 10, tzinfo=datetime.UTC).timestamp()) * SECOND
    features = pit.table([("A", 0, START, None, None, 1)], pit.SCHEMA)
    features = features.set_column(2, "since", pa.array([day], pa.date32()))
    spine = pit.table([("A", 0, midnight - 1, 0), ("A", 0, midnight, 1)], pit.SPINE_SCHEMA)
    pq.write_table(features, lab.folder / "source.parquet")
    lab.apply(View().definitions(lab.folder / "source.parquet"))
    assert rows_of(lab.make(spine), spine) == [None, 1]
    dated = spine.set_column(2, "at", pa.array([day, day - datetime.timedelta(1)], pa.date32()))
    assert rows_of(lab.make(dated), dated) == [1, None]


TYPED = {
    "bool": ([True, None, False], pa.bool_()),
    "int32": ([1, None, -(2**31)], pa.int32()),
    "int64": ([2**63 - 1, None, -(2**63)], pa.int64()),
    "float32": ([0.5, None, float("inf")], pa.float32()),
    "float64": ([0.1, None, -0.0], pa.float64()),
    "string": (["", None, "Ä\n"], pa.string()),
    "bytes": ([b"", None, b"\x00\xff"], pa.binary()),
    "date": ([datetime.date(1969, 1, 1), None, datetime.date(2400, 2, 29)], pa.date32()),
    "timestamp": ([START, None, -1], UTC),
    "list<float64>": ([[], None, [1.0, None, 2.5]], pa.list_(pa.float64())),
}


def test_features_of_all_types_come_through(lab):
    features = pit.table([("A", 0, START + row, None, None, row) for row in range(3)], pit.SCHEMA)
    names = {kind: f"f{number}" for number, kind in enumerate(TYPED)}
    for kind, (values, arrow) in TYPED.items():
        features = features.append_column(names[kind], pa.array(values, arrow))
    deltalake.write_deltalake(lab.folder / "source", features)
    lab.apply(View().definitions(lab.folder / "source", {name: kind for kind, name in names.items()}))
    spine = pit.table([("A", 0, START + at, at) for at in [2, 0, 1, -1]], pit.SPINE_SCHEMA)
    made = lab.make(spine)
    for kind, (values, arrow) in TYPED.items():
        column = made[names[kind]]
        expected = pa.array([values[2], values[0], values[1], None], arrow)
        assert column.combine_chunks().cast(arrow).equals(expected), kind
    assert made.schema.field(names["timestamp"]).type == UTC


EXPRESSIONS = {
    "c0": ("row * 2 + number", "int64"),
    "c1": ("row / 7.0", "float64"),
    "c2": ("CASE WHEN row IS NULL THEN -1 WHEN row > 300 THEN 1 ELSE 0 END", "int64"),
    "c3": ("coalesce(row, number)", "int64"),
    "c4": ("row IS NULL OR number > 5", "bool"),
    "c5": ("abs(row - number)", "int64"),
}


def test_computed_features_are_what_duckdb_computes(lab):
    features, spine = pit.dealt(7, 400, 200)
    pq.write_table(features, lab.folder / "source.parquet")
    listed = "".join(
        f"      - {{name: {name}, expression: \"{text}\", type: {kind}}}\n" for name, (text, kind) in EXPRESSIONS.items()
    )
    on_demand = (
        "on_demand_views:\n  - name: computed\n    inputs: [view:row]\n"
        f"    request: [{{name: number, type: int64}}]\n    features:\n{listed}feature_services:"
    )
    wanted = ", ".join(f"computed:{name}" for name in EXPRESSIONS)
    text = View().definitions(lab.folder / "source.parquet").replace("feature_services:", on_demand)
    lab.apply(text.replace("features: [view:row]", f"features: [view:row, {wanted}]"))
    made = lab.make(spine)
    connection = duckdb.connect()
    connection.register("made", made)
    asked = ", ".join(text for text, _ in EXPRESSIONS.values())
    expected = connection.execute(f"SELECT {asked} FROM made ORDER BY number").fetchall()
    got = list(zip(*(made[name].to_pylist() for name in EXPRESSIONS), strict=True))
    for answer, right in zip(got, expected, strict=True):
        assert answer == tuple(float(value) if name == "c1" and value is not None else value
                               for name, value in zip(EXPRESSIONS, right, strict=True))


def test_small_memory_gives_the_same_rows(lab):
    features, spine = pit.dealt(5, 20_000, 60_000, spread=40_000)
    delta_of_files(features, lab.folder / "source")
    lab.apply(View(ttl=600 * SECOND).definitions(lab.folder / "source"))
    large, small = lab.make(spine), lab.make(spine, "--memory", "160MB")
    assert rows_of(small, spine) == rows_of(large, spine) == pit.by_duckdb(View(ttl=600 * SECOND), features, spine)


def test_a_manifest_gives_the_same_bytes_and_names_what_changed(lab):
    features, spine = pit.dealt(3, 300, 100)
    source = delta_of_files(features, lab.folder / "source")
    lab.apply(View().definitions(source))
    pq.write_table(spine, lab.folder / "spine.parquet")
    kept, first, second = (lab.folder / name for name in ("manifest.json", "first.parquet", "second.parquet"))
    lab.cli.text(*lab.words(lab.folder / "spine.parquet", first, "--manifest", kept))
    deltalake.write_deltalake(source, features.slice(0, 5), mode="overwrite")
    again = lab.folder / "again.json"
    lab.cli.text("training-set", "--pin", kept, "--output", second, "--manifest", again)
    assert pit.manifest_of(again)["rows_hash"] == pit.manifest_of(kept)["rows_hash"]
    assert first.read_bytes() == second.read_bytes()
    table = deltalake.DeltaTable(source)
    table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
    refused = lab.cli.refusal("training-set", "--pin", kept, "--output", lab.folder / "no.parquet")
    assert str(source) in refused
    assert not (lab.folder / "no.parquet").exists()


def test_a_changed_file_is_named(lab):
    features, spine = pit.dealt(4, 300, 100)
    source = folder_of_parquet(features, lab.folder / "source")
    lab.apply(View().definitions(source))
    pq.write_table(spine, lab.folder / "spine.parquet")
    kept = lab.folder / "manifest.json"
    lab.cli.text(*lab.words(lab.folder / "spine.parquet", lab.folder / "out.parquet", "--manifest", kept))
    pq.write_table(features, source / "part-2.parquet")
    refused = lab.cli.refusal("training-set", "--pin", kept, "--output", lab.folder / "no.parquet")
    assert str(source) in refused
    assert not (lab.folder / "no.parquet").exists()


def test_as_of_reads_a_delta_table_as_it_was(lab):
    features, spine = pit.dealt(6, 300, 100)
    source = lab.folder / "source"
    deltalake.write_deltalake(source, features.slice(0, 150))
    first = deltalake.DeltaTable(source).history(1)[0]["timestamp"]
    while int(datetime.datetime.now(datetime.UTC).timestamp() * 1000) < first + 5:
        pass
    deltalake.write_deltalake(source, features.slice(150), mode="append")
    pq.write_table(spine, lab.folder / "spine.parquet")
    lab.apply(View().definitions(source))
    then = datetime.datetime.fromtimestamp((first + 1) / 1000, datetime.UTC).isoformat(timespec="milliseconds")
    made = lab.make(lab.folder / "spine.parquet", "--as-of", then.replace("+00:00", "Z"))
    assert rows_of(made, spine) == pit.naive(View(), features.slice(0, 150), spine)
    assert rows_of(lab.make(spine), spine) == pit.naive(View(), features, spine)


@pytest.mark.parametrize("output", ["out.parquet", "out"])
def test_a_failed_expectation_leaves_nothing_behind(lab, output):
    features, spine = pit.dealt(8, 300, 100)
    pq.write_table(features, lab.folder / "source.parquet")
    text = View().definitions(lab.folder / "source.parquet")
    lab.apply(text.replace("feature_services:", "    expectations: [{range: row, min: 0, max: 1, otherwise: fail}]\nfeature_services:"))
    pq.write_table(spine, lab.folder / "spine.parquet")
    before = sorted(lab.folder.iterdir())
    done = lab.cli.run(*lab.words(lab.folder / "spine.parquet", lab.folder / output))
    assert done.returncode != 0
    assert "'row'" in done.stderr
    assert sorted(lab.folder.iterdir()) == before

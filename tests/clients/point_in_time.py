"""Point-in-time joins, asked of the binary and of others: tables by chance, definitions for them, and oracles.

A feature's value is the number of its row, so that two answers are equal only if they found the same row.
"""

import dataclasses
import json
import pathlib
import random

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from features_cli import FeaturesCli

START = 1_363_500_000_000_000
SECOND = 1_000_000
UTC = pa.timestamp("us", "UTC")
SCHEMA = pa.schema(
    [("place", pa.string()), ("gate", pa.int64()), ("since", UTC), ("until", UTC), ("loaded", UTC), ("row", pa.int64())]
)
SPINE_SCHEMA = pa.schema([("place", pa.string()), ("gate", pa.int64()), ("at", UTC), ("number", pa.int64())])


@dataclasses.dataclass
class Lab:
    """The binary with a database, and a folder of tables."""

    cli: FeaturesCli
    folder: pathlib.Path

    def apply(self, text):
        path = self.folder / "definitions.yaml"
        path.write_text(text)
        self.cli.text("apply", "-f", path)

    def words(self, spine, output, *more):
        return ["training-set", "--service", "all", "--spine", spine, "--event-time", "at", "--output", output, *more]

    def make(self, spine, *more):
        """Writes the spine if it is a table, and reads the training set."""
        if isinstance(spine, pa.Table):
            pq.write_table(spine, self.folder / "spine.parquet")
            spine = self.folder / "spine.parquet"
        output = self.folder / "out.parquet"
        self.cli.text(*self.words(spine, output, *more))
        made = pq.read_table(output)
        output.unlink()
        return made


@dataclasses.dataclass(frozen=True)
class View:
    """How a view holds: from `since` for `ttl` microseconds, or until `until`."""

    ttl: int | None = None
    intervals: bool = False
    known: bool = False

    def definitions(self, source, features=None):
        """Of a service `all`, with `row` or with the features by name and type."""
        features = features or {"row": "int64"}
        listed = ", ".join(f'{{name: {name}, type: "{kind}"}}' for name, kind in features.items())
        wanted = ", ".join(f"view:{name}" for name in features)
        holds = "valid_from: since\n    valid_to: until" if self.intervals else "event_time: since"
        if self.ttl is not None:
            holds += f"\n    ttl: {self.ttl // SECOND}s"
        if self.known:
            holds += "\n    known_at: created_time"
        return f"""\
entities:
  - name: gate
    keys: [{{name: place, type: string}}, {{name: gate, type: int64}}]
feature_views:
  - name: view
    source: {source}
    entities: [gate]
    {holds}
    created_time: loaded
    features: [{listed}]
feature_services:
  - name: all
    features: [{wanted}]
"""


def dealt(seed, n_rows, n_spine, spread=400):
    """A feature table and a spine by chance: few keys and few times, so that much is equal, and nulls everywhere."""
    chance = random.Random(seed)

    def maybe(value, odds=0.06):
        return None if chance.random() < odds else value

    def key():
        return maybe(chance.choice("ABCÄ")), maybe(chance.choice([-1, 0, 7]))

    def moment():
        return START + chance.randrange(spread) * SECOND + chance.choice([0, 0, 1, -1])

    rows, seen = [], set()
    while len(rows) < n_rows:
        since = moment()
        row = (*key(), maybe(since), maybe(since + chance.randrange(-5, 120) * SECOND, 0.3), maybe(moment()))
        if (tie := (row[0], row[1], row[2], row[4])) not in seen:
            seen.add(tie)
            rows.append((*row, len(rows)))
    spine = [(*key(), maybe(moment()), number) for number in range(n_spine)]
    spine.extend([("nowhere", 0, START + SECOND, n_spine), ("A", 99, START + SECOND, n_spine + 1)])
    return table(rows, SCHEMA), table(spine, SPINE_SCHEMA)


def table(rows, schema):
    columns = zip(*rows, strict=True) if rows else [()] * len(schema)
    arrays = [pa.array(list(column), field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def tuples(rows):
    """Rows with times as microseconds."""
    columns = [
        column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column for column in rows.columns
    ]
    return list(zip(*(column.to_pylist() for column in columns), strict=True))


def holds(view, row, at):
    _, _, since, until, loaded, _ = row
    if since is None or since > at or (view.known and (loaded is None or loaded > at)):
        return False
    return not view.intervals or until is None or at < until


def naive(view, features, spine):
    """The definition, as a loop over all pairs."""
    rows, answers = tuples(features), []
    for place, gate, at, _ in tuples(spine):
        fit = []
        if None not in (place, gate, at):
            fit = [row for row in rows if row[:2] == (place, gate) and holds(view, row, at)]
        best = max(fit, key=lambda row: (row[2], row[4] is not None, row[4] or 0, row[5]), default=None)
        if best is not None and view.ttl is not None and best[2] < at - view.ttl:
            best = None
        answers.append(best and best[5])
    return answers


def sortable(features, spine):
    """What joins of others can take: no nulls, one row per key and time, the one that was created last."""
    best = {}
    for row in tuples(features):
        if None not in row[:3]:
            key = (row[4] is not None, row[4] or 0)
            best[row[:3]] = max(best.get(row[:3], (key, row[5])), (key, row[5]))
    left = sorted((row for row in tuples(spine) if None not in row[:3]), key=lambda row: row[2])
    right = sorted(((*place, winner[1]) for place, winner in best.items()), key=lambda row: row[2])
    return (
        pd.DataFrame(left, columns=["place", "gate", "at", "number"]),
        pd.DataFrame(right, columns=["place", "gate", "since", "row"]),
    )


def in_order(pairs, n_spine):
    found = {int(number): None if pd.isna(row) else int(row) for number, row in pairs}
    return [found.get(number) for number in range(n_spine)]


def by_pandas(view, features, spine):
    left, right = sortable(features, spine)
    joined = pd.merge_asof(
        left, right, left_on="at", right_on="since", by=["place", "gate"], tolerance=view.ttl, direction="backward"
    )
    return in_order(zip(joined["number"], joined["row"], strict=True), spine.num_rows)


def by_polars(view, features, spine):
    left, right = (pl.from_pandas(frame) for frame in sortable(features, spine))
    joined = left.join_asof(
        right, left_on="at", right_on="since", by=["place", "gate"], tolerance=view.ttl, strategy="backward"
    )
    return in_order(joined.select("number", "row").iter_rows(), spine.num_rows)


def by_duckdb(view, features, spine):
    left, right = sortable(features, spine)
    connection = duckdb.connect()
    connection.register("l", left)
    connection.register("r", right)
    limit = "" if view.ttl is None else f"AND since >= l.\"at\" - {view.ttl}"
    pairs = connection.execute(
        f"SELECT number, CASE WHEN since IS NOT NULL {limit} THEN row END FROM l ASOF LEFT JOIN r "
        "ON l.place = r.place AND l.gate = r.gate AND l.\"at\" >= r.since"
    ).fetchall()
    return in_order(pairs, spine.num_rows)


def parts(rows, n_parts, seed):
    """The rows, shuffled, in parts whose times overlap."""
    order = list(range(rows.num_rows))
    random.Random(seed).shuffle(order)
    cuts = [rows.num_rows * part // n_parts for part in range(n_parts + 1)]
    return [rows.take(order[start:end]) for start, end in zip(cuts, cuts[1:], strict=False)]


def manifest_of(path):
    return json.loads(pathlib.Path(path).read_text())

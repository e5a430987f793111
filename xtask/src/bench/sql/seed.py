"""Fills a database of MLflow's schema for the benchmark: `seed.py URL N_RUNS N_POINTS`.

Finished runs of some months in four experiments, each with 10 metrics, 10 parameters and 5 tags, and one run
with a metric of N_POINTS points in an experiment of its own. The same arguments make the same rows.
"""

import io
import random
import sqlite3
import sys
from collections.abc import Iterator

import psycopg2

# The benchmark asks for these by name; see seed.rs.
HISTORY_RUN = "0123456789abcdef0123456789abcdef"
HISTORY_KEY = "loss"
EXPERIMENTS = {1: "churn", 2: "late-flights", 3: "demand", 4: "fraud", 5: "long-training"}

FIRST_MS = 1_735_689_600_000
LAST_MS = 1_767_225_600_000
RUNS_AT_ONCE = 5_000
POINTS_AT_ONCE = 50_000

METRICS = ["accuracy", "f1", "auc", "precision", "recall", "loss", "val_loss", "val_accuracy", "rmse", "fit_seconds"]
MODELS = ["xgboost", "lightgbm", "logistic", "forest", "mlp"]
USERS = ["trainer-1", "trainer-2", "trainer-3", "notebooks", "nightly"]
TEAMS = ["growth", "operations", "risk"]
OPTIMIZERS = ["adam", "sgd", "adamw"]

COLUMNS = {
    "experiments": "experiment_id, name, artifact_location, lifecycle_stage, creation_time, last_update_time, workspace",
    "runs": "run_uuid, name, source_type, source_name, entry_point_name, user_id, status, start_time, end_time, "
    "source_version, lifecycle_stage, artifact_uri, experiment_id",
    "metrics": "key, value, timestamp, run_uuid, step, is_nan",
    "latest_metrics": "key, value, timestamp, run_uuid, step, is_nan",
    "params": "key, value, run_uuid",
    "tags": "key, value, run_uuid",
}


class Sqlite:
    """A file that nobody else has open and that may be lost while it is made."""

    def __init__(self, path: str) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None)
        for setting in ["journal_mode = DELETE", "journal_mode = OFF", "synchronous = OFF", "cache_size = -6000000"]:
            self.connection.execute(f"PRAGMA {setting}")
        of_tables = f"type = 'index' AND sql IS NOT NULL AND tbl_name IN ({', '.join(map(repr, COLUMNS))})"
        indexes = self.connection.execute(f"SELECT name, sql FROM sqlite_master WHERE {of_tables}").fetchall()
        self.connection.execute("BEGIN")
        # Made at the end: sorting all entries once is quicker than inserting each.
        self.indexes = [sql for name, sql in indexes if not is_ours(name)]
        for name, _ in indexes:
            self.connection.execute(f"DROP INDEX {name}")

    def write(self, table: str, rows: list[tuple]) -> None:
        places = ", ".join("?" * len(rows[0]))
        self.connection.executemany(f"INSERT INTO {table} ({COLUMNS[table]}) VALUES ({places})", rows)

    def finish(self) -> None:
        for sql in self.indexes:
            self.connection.execute(sql)
        self.connection.execute("COMMIT")
        # As MLflow leaves it, whatever made the schema.
        self.connection.execute("PRAGMA journal_mode = DELETE")
        self.connection.close()


class Postgres:
    def __init__(self, url: str) -> None:
        self.connection = psycopg2.connect(url)

    def write(self, table: str, rows: list[tuple]) -> None:
        text = io.StringIO("".join("\t".join(map(str, row)) + "\n" for row in rows))
        with self.connection.cursor() as cursor:
            cursor.copy_expert(f"COPY {table} ({COLUMNS[table]}) FROM STDIN", text)

    def finish(self) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT setval(pg_get_serial_sequence('experiments', 'experiment_id'), 5)")
            # Those on our own tables stay: MLflow knows none of these.
            of_mlflow = "schemaname = current_schema() AND left(tablename, 8) != 'forebay_'"
            cursor.execute(f"SELECT indexname FROM pg_indexes WHERE {of_mlflow}")
            for (name,) in filter(lambda row: is_ours(row[0]), cursor.fetchall()):
                cursor.execute(f"DROP INDEX {name}")
        self.connection.commit()
        self.connection.autocommit = True
        with self.connection.cursor() as cursor:
            # As the server's own housekeeping would have done in time.
            cursor.execute("VACUUM ANALYZE")
        self.connection.close()


def is_ours(index: str) -> bool:
    """Whether Forebay adds that index to MLflow's at its start; MLflow is to be measured without."""
    return index.startswith("forebay_")


def experiments() -> Iterator[tuple]:
    for experiment, name in EXPERIMENTS.items():
        yield experiment, name, f"mlflow-artifacts:/{experiment}", "active", FIRST_MS, FIRST_MS, "default"


def run_row(run: str, name: str, user: str, experiment: int, status: str, times: tuple[int, int]) -> tuple:
    artifacts = f"mlflow-artifacts:/{experiment}/{run}/artifacts"
    return run, name, "UNKNOWN", "", "", user, status, *times, "", "active", artifacts, experiment


def metrics(chance: random.Random, run: str, end_ms: int) -> Iterator[tuple]:
    for key in METRICS:
        value = chance.random() if key != "fit_seconds" else chance.uniform(1, 3600)
        yield key, value, end_ms, run, 0, False


def params(chance: random.Random, run: str) -> Iterator[tuple]:
    yield "model", chance.choice(MODELS), run
    yield "learning_rate", f"{10 ** chance.uniform(-5, -1):.6f}", run
    yield "max_depth", chance.randrange(2, 13), run
    yield "n_estimators", chance.randrange(1, 21) * 50, run
    yield "batch_size", 2 ** chance.randrange(4, 10), run
    yield "optimizer", chance.choice(OPTIMIZERS), run
    yield "dropout", f"{chance.randrange(0, 6) / 10}", run
    yield "weight_decay", f"{10 ** chance.uniform(-6, -2):.7f}", run
    yield "seed", chance.randrange(1_000_000), run
    yield "features", f"s3://features/daily/v{chance.randrange(1, 40)}", run


def tags(chance: random.Random, run: str, name: str, user: str) -> Iterator[tuple]:
    yield "mlflow.runName", name, run
    yield "mlflow.user", user, run
    yield "mlflow.source.name", "train.py", run
    yield "mlflow.source.type", "LOCAL", run
    yield "team", chance.choice(TEAMS), run


def write_runs(database: Sqlite | Postgres, chance: random.Random, numbers: range, n_runs: int) -> None:
    rows = {table: [] for table in ["runs", "metrics", "params", "tags"]}
    for number in numbers:
        run, user = f"{chance.getrandbits(128):032x}", chance.choice(USERS)
        name = f"{chance.choice(MODELS)}-{number}"
        start_ms = FIRST_MS + (LAST_MS - FIRST_MS) * number // n_runs
        end_ms = start_ms + chance.randrange(1_000, 3_600_000)
        status = "FAILED" if chance.random() < 0.05 else "FINISHED"
        rows["runs"].append(run_row(run, name, user, number % 4 + 1, status, (start_ms, end_ms)))
        rows["metrics"] += metrics(chance, run, end_ms)
        rows["params"] += ((key, str(value), run) for key, value, run in params(chance, run))
        rows["tags"] += tags(chance, run, name, user)
    for table, lines in rows.items():
        database.write(table, lines)
    # Each metric has one point, which is its latest.
    database.write("latest_metrics", rows["metrics"])


def write_history(database: Sqlite | Postgres, chance: random.Random, n_points: int) -> None:
    run, user = HISTORY_RUN, USERS[0]
    row = run_row(run, "long", user, 5, "FINISHED", (FIRST_MS, FIRST_MS + n_points * 1_000))
    database.write("runs", [row])
    database.write("tags", list(tags(chance, run, "long", user)))
    for first in range(0, n_points, POINTS_AT_ONCE):
        steps = range(first, min(first + POINTS_AT_ONCE, n_points))
        points = [
            (HISTORY_KEY, 10 / (1 + step / 500) + chance.random() / 10, FIRST_MS + step * 1_000, run, step, False)
            for step in steps
        ]
        database.write("metrics", points)
    database.write("latest_metrics", points[-1:])


def main() -> None:
    url, n_runs, n_points = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    chance = random.Random(3)
    database = Sqlite(url.removeprefix("sqlite:///")) if url.startswith("sqlite:") else Postgres(url)
    database.write("experiments", list(experiments()))
    for first in range(0, n_runs, RUNS_AT_ONCE):
        write_runs(database, chance, range(first, min(first + RUNS_AT_ONCE, n_runs)), n_runs)
    write_history(database, chance, n_points)
    database.finish()


if __name__ == "__main__":
    main()

"""The database that we create is the one that MLflow 3.17.2 creates, and heads of other releases are respected.

The one idea: both databases are described as sorted lines of text, from the catalog of the engine and
from what SQLAlchemy reflects (alembic's later migrations look constraints up by those names), and the
lines have to be equal. With `--target mlflow` the stock command stands in for ours.
"""

import difflib
import pathlib
import shlex
import subprocess
import sys

import mlflow
import pytest
import sqlalchemy
from alembic import command
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from conftest import ServerDidNotStart
from mlflow.store.db import utils as stock_db
from mlflow.store.db.base_sql_model import Base
from mlflow.store.tracking.dbmodels.initial_models import Base as InitialBase

CREATED_HEAD = "dc11669786a5"
OLDEST_ACCEPTED_HEAD = "c3d6457b6d8a"
HEAD_OF_3_18 = "f4a9b2c7d1e6"
UNKNOWN_HEAD = "0123456789ab"
STOCK_PROGRAM = str(pathlib.Path(sys.executable).parent / "mlflow")

OPEN_WITH_STOCK_STORE = """
import sys
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore as RegistryStore
SqlAlchemyStore(sys.argv[1], sys.argv[2]).create_experiment("made by the stock store")
RegistryStore(sys.argv[1]).create_registered_model("made by the stock store")
"""

# Each query yields one column of text: one line for one fact.
SQLITE_CATALOG = [
    """SELECT m.name || ' column ' || c.cid || ' ' || c.name || ' ' || c.type || ' not null ' || c."notnull"
           || ' default ' || coalesce(c.dflt_value, '-') || ' key ' || c.pk || ' hidden ' || c.hidden
       FROM sqlite_master m, pragma_table_xinfo(m.name) c WHERE m.type = 'table'""",
    """SELECT m.name || ' foreign key ' || k.seq || ' ' || k."from" || ' to ' || k."table" || '.' || k."to"
           || ' on update ' || k.on_update || ' on delete ' || k.on_delete
       FROM sqlite_master m, pragma_foreign_key_list(m.name) k WHERE m.type = 'table'""",
    """SELECT m.name || ' index ' || i.name || ' ' || i.origin || ' unique ' || i."unique" || ' partial ' || i.partial
           || ' ' || c.seqno || ' ' || coalesce(c.name, 'expression') || ' descending ' || c."desc"
       FROM sqlite_master m, pragma_index_list(m.name) i, pragma_index_xinfo(i.name) c
       WHERE m.type = 'table' AND c.key = 1 AND i.name NOT LIKE 'sqlite_autoindex%'""",
    "SELECT tbl_name || ' trigger ' || sql FROM sqlite_master WHERE type = 'trigger'",
    "SELECT type || ' ' || name FROM sqlite_master WHERE name NOT LIKE 'sqlite_autoindex%'",
]
POSTGRES_CATALOG = [
    # Positions are counted, for a migration that dropped a column leaves a hole in attnum.
    """SELECT c.relname || ' column ' || row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum)
           || ' ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
           || ' not null ' || a.attnotnull || ' default ' || coalesce(pg_get_expr(d.adbin, d.adrelid), '-')
           || ' identity ' || a.attidentity::text || ' generated ' || a.attgenerated::text
       FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
       LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
       WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace""",
    """SELECT conrelid::regclass || ' constraint ' || conname || ' ' || pg_get_constraintdef(oid)
       FROM pg_constraint WHERE connamespace = 'public'::regnamespace""",
    "SELECT tablename || ' index ' || indexdef FROM pg_indexes WHERE schemaname = 'public'",
    """SELECT 'sequence ' || s.sequencename || ' ' || s.data_type || ' start ' || s.start_value || ' step '
           || s.increment_by || ' maximum ' || s.max_value || ' owned by '
           || coalesce(d.refobjid::regclass || '.' || a.attname || ' ' || d.deptype::text, '-')
       FROM pg_sequences s
       LEFT JOIN pg_depend d ON d.objid = s.sequencename::regclass AND d.deptype IN ('a', 'i')
       LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
       WHERE s.schemaname = 'public'""",
    """SELECT tgrelid::regclass || ' trigger ' || pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal""",
    """SELECT 'function ' || pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace""",
    """SELECT relkind::text || ' ' || relname FROM pg_class WHERE relnamespace = 'public'::regnamespace""",
]


def connect(uri):
    return sqlalchemy.create_engine(uri, poolclass=sqlalchemy.NullPool)


def is_ours(line):
    """Tables and indexes of our own, and what the engine keeps for itself, are not part of the comparison."""
    return "forebay_" in line or any(word.startswith("sqlite_") for word in line.split()[:2])


def catalog_lines(engine):
    """What the engine says that the database consists of."""
    queries = SQLITE_CATALOG if engine.dialect.name == "sqlite" else POSTGRES_CATALOG
    with engine.connect() as connection:
        lines = [line for query in queries for (line,) in connection.exec_driver_sql(query)]
    return sorted(line for line in lines if not is_ours(line))


def reflected_lines(engine):
    """What SQLAlchemy, and thereby a migration, sees: names of constraints above all."""
    inspector = sqlalchemy.inspect(engine)
    readers = {
        "column": inspector.get_columns,
        "primary key": lambda table: [inspector.get_pk_constraint(table)],
        "foreign key": inspector.get_foreign_keys,
        "unique": inspector.get_unique_constraints,
        "check": inspector.get_check_constraints,
        "index": inspector.get_indexes,
    }
    lines = [
        f"{table} {kind} {describe(item)}"
        for table in inspector.get_table_names()
        for kind, read in readers.items()
        for item in read(table)
    ]
    return sorted(line for line in lines if not is_ours(line))


def describe(item):
    """A reflected dictionary as text. Types are spelt out; spaces in expressions carry no meaning."""
    words = (f"{key}={value!s}" for key, value in sorted(item.items(), key=lambda pair: pair[0]))
    return " ".join("; ".join(words).split())


def schema_lines(uri):
    engine = connect(uri)
    return catalog_lines(engine) + reflected_lines(engine)


def assert_same_lines(expected, actual, of_what):
    difference = difflib.unified_diff(expected, actual, "made by mlflow", "made by us", lineterm="", n=0)
    text = "\n".join(difference)
    assert not text, f"{of_what} differ:\n{text}"


def run_program(*words):
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout + done.stderr


def query(uri, statement):
    with connect(uri).connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(statement)]


def head_of(uri):
    return query(uri, "SELECT version_num FROM alembic_version")


def set_head(uri, head):
    with connect(uri).begin() as connection:
        connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{head}'")


def stock_revisions():
    """All revisions that stock MLflow knows, oldest first."""
    script = ScriptDirectory.from_config(stock_db._get_alembic_config(db_url=""))
    return [revision.revision for revision in script.walk_revisions()][::-1]


REVISIONS = stock_revisions()
ACCEPTED_HEADS = [*REVISIONS[REVISIONS.index(OLDEST_ACCEPTED_HEAD) :], HEAD_OF_3_18]
OLDER_HEADS = [REVISIONS[0], REVISIONS[REVISIONS.index(OLDEST_ACCEPTED_HEAD) - 1]]


@pytest.fixture(scope="module")
def upgrade(target, request):
    """`upgrade(uri)` runs `db upgrade` of the server under test: (exit status, output)."""

    def run(uri):
        program = request.getfixturevalue("forebay_binary") if target == "forebay" else STOCK_PROGRAM
        return run_program(program, "db", "upgrade", uri)

    return run


@pytest.fixture(scope="module")
def create_database(upgrade, fresh_database, database):
    """Factory of databases that the server under test created."""

    def create():
        uri = fresh_database(database)
        status, output = upgrade(uri)
        assert status == 0, output
        return uri

    return create


@pytest.fixture(scope="module")
def shared_database(create_database):
    """One that no test writes to."""
    return create_database()


@pytest.fixture
def our_database(create_database):
    """One for this test alone."""
    return create_database()


@pytest.fixture(scope="module")
def stock_database(fresh_database, database):
    """A database that the mlflow package created."""
    uri = fresh_database(database)
    stock_db._initialize_tables(connect(uri))
    return uri


def test_our_schema_is_the_one_that_mlflow_creates(shared_database, stock_database):
    ours, stock = connect(shared_database), connect(stock_database)
    assert_same_lines(catalog_lines(stock), catalog_lines(ours), "catalogs")
    assert_same_lines(reflected_lines(stock), reflected_lines(ours), "reflected schemas")


@pytest.mark.parametrize("table", ["alembic_version", "workspaces"])
def test_our_fresh_database_holds_the_rows_that_migrations_insert(shared_database, stock_database, table):
    everything = f"SELECT * FROM {table}"
    assert query(shared_database, everything) == query(stock_database, everything) != []


def test_no_other_row_is_in_our_fresh_database(shared_database):
    tables = sqlalchemy.inspect(connect(shared_database)).get_table_names()
    filled = {t for t in tables if not is_ours(t) and query(shared_database, f'SELECT 1 FROM "{t}" LIMIT 1')}
    assert filled - {"experiments"} == {"alembic_version", "workspaces"}


def test_upgrading_twice_changes_nothing(shared_database, upgrade):
    before = schema_lines(shared_database)
    status, output = upgrade(shared_database)
    assert status == 0, output
    assert schema_lines(shared_database) == before


def test_stock_mlflow_opens_our_database_without_complaint(our_database, tmp_path):
    before = schema_lines(our_database)
    status, output = run_program(sys.executable, "-c", OPEN_WITH_STOCK_STORE, our_database, tmp_path)
    assert status == 0, output
    # A store that misses a table says so and creates it.
    assert "database tables" not in output
    assert schema_lines(our_database) == before
    experiments = query(our_database, "SELECT experiment_id, name FROM experiments ORDER BY experiment_id")
    assert experiments == [(0, "Default"), (1, "made by the stock store")]


def test_stock_db_upgrade_finds_nothing_to_do(shared_database):
    before = schema_lines(shared_database)
    status, output = run_program(STOCK_PROGRAM, "db", "upgrade", shared_database)
    assert status == 0, output
    assert schema_lines(shared_database) == before


def test_alembic_finds_the_same_differences_to_the_models_in_both(shared_database, stock_database):
    assert_same_lines(autogenerated(stock_database), autogenerated(shared_database), "migrations to the models")


def autogenerated(uri):
    """What alembic would migrate to reach MLflow's models; stock databases differ a little from those, too."""
    with connect(uri).connect() as connection:
        options = {"compare_type": True, "compare_server_default": True, "include_object": is_of_mlflow}
        context = MigrationContext.configure(connection, opts=options)
        return render_python_code(produce_migrations(context, Base.metadata).upgrade_ops).splitlines()


def is_of_mlflow(_object, name, *_rest):
    return not (name or "").startswith("forebay_")


@pytest.mark.ours
@pytest.mark.parametrize("head", ACCEPTED_HEADS)
def test_a_head_from_3_11_to_3_18_is_served_and_left_untouched(our_database, start_server, tmp_path, head):
    set_head(our_database, head)
    before = schema_lines(our_database)
    start_server("forebay", our_database, tmp_path).stop()
    assert head_of(our_database) == [(head,)]
    assert schema_lines(our_database) == before


@pytest.mark.ours
def test_db_upgrade_leaves_an_accepted_head_untouched(our_database, upgrade):
    set_head(our_database, OLDEST_ACCEPTED_HEAD)
    status, output = upgrade(our_database)
    assert status == 0, output
    assert head_of(our_database) == [(OLDEST_ACCEPTED_HEAD,)]


@pytest.mark.ours
@pytest.mark.parametrize("head", OLDER_HEADS)
def test_an_older_head_is_sent_to_mlflow_db_upgrade(our_database, start_server, upgrade, tmp_path, head):
    set_head(our_database, head)
    log = log_of_refused_start(start_server, our_database, tmp_path)
    assert "mlflow db upgrade" in log and head in log
    status, output = upgrade(our_database)
    assert status != 0 and "mlflow db upgrade" in output
    assert head_of(our_database) == [(head,)]


@pytest.mark.ours
def test_an_older_head_is_refused_even_when_unknown_ones_are_allowed(our_database, start_server, tmp_path):
    set_head(our_database, OLDER_HEADS[-1])
    log = log_of_refused_start(start_server, our_database, tmp_path, "--allow-unknown-schema")
    assert "mlflow db upgrade" in log


@pytest.mark.ours
def test_an_unknown_head_is_refused_unless_it_is_allowed(our_database, start_server, tmp_path):
    set_head(our_database, UNKNOWN_HEAD)
    log = log_of_refused_start(start_server, our_database, tmp_path)
    assert UNKNOWN_HEAD in log and "--allow-unknown-schema" in log
    start_server("forebay", our_database, tmp_path, ["--allow-unknown-schema"]).stop()
    assert head_of(our_database) == [(UNKNOWN_HEAD,)]


@pytest.mark.ours
def test_a_database_of_somebody_else_is_refused_and_left_alone(fresh_database, database, start_server, tmp_path):
    uri = fresh_database(database)
    with connect(uri).begin() as connection:
        connection.exec_driver_sql("CREATE TABLE invoices (number INTEGER)")
    log = log_of_refused_start(start_server, uri, tmp_path)
    assert "invoices" in log
    assert sqlalchemy.inspect(connect(uri)).get_table_names() == ["invoices"]


def log_of_refused_start(start_server, uri, artifacts, *arguments):
    """The log of a server that has to end by itself, with an error for the operator instead of a crash."""
    with pytest.raises(ServerDidNotStart) as refused:
        start_server("forebay", uri, artifacts, arguments)
    assert refused.value.returncode not in (0, None)
    assert "panicked" not in refused.value.log
    return refused.value.log


@pytest.mark.ours
def test_a_real_database_of_3_11_is_served_and_can_be_upgraded_afterwards(
    fresh_database, database, start_server, tmp_path
):
    """Not only the head but the tables are those of 3.11.1; stock MLflow migrates it after we wrote to it."""
    uri = fresh_database(database)
    create_at_revision(uri, OLDEST_ACCEPTED_HEAD)
    server = start_server("forebay", uri, tmp_path)
    client = mlflow.MlflowClient(server.url, server.url)
    run = client.create_run("0", tags={"made": "before the upgrade"})
    client.log_metric(run.info.run_id, "loss", 0.5, step=3)
    client.set_experiment_tag("0", "stage", "early")
    written = client.get_run(run.info.run_id).to_dictionary()
    server.stop()
    assert head_of(uri) == [(OLDEST_ACCEPTED_HEAD,)]

    status, output = run_program(STOCK_PROGRAM, "db", "upgrade", uri)
    assert status == 0, f"{shlex.join(['mlflow', 'db', 'upgrade', uri])}\n{output}"
    stock = start_server("mlflow", uri, tmp_path)
    client = mlflow.MlflowClient(stock.url, stock.url)
    assert client.get_run(run.info.run_id).to_dictionary() == written
    assert client.get_experiment("0").tags == {"stage": "early"}


def create_at_revision(uri, revision):
    """A database as the release with this alembic revision created it."""
    engine = connect(uri)
    InitialBase.metadata.create_all(engine)
    config = stock_db._get_alembic_config(uri)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)

"""Delta tables on Azure and on Google Cloud Storage. The stores are those that the tests of artifacts have: Azurite, and
fake-gcs-server, which takes no uploads from us, so that tables there are only read.
"""

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from tables_cli import TablesCli, by_id
from test_azure import ACCOUNT, KEY, ROOT, azurite, container  # noqa: F401
from test_delta_score import model, score, told  # noqa: F401
from test_gcs import bucket, gcs  # noqa: F401

pytestmark = pytest.mark.ours


def rows(start, end):
    ids = list(range(start, end))
    days = [f"d {i % 3}" for i in ids]
    return pa.table({"id": pa.array(ids, pa.int64()), "x": pa.array(ids, pa.float32()), "day": days})


@pytest.fixture
def storage(azurite, container):  # noqa: F811
    """What deltalake needs to find the store."""
    return {
        "azure_storage_account_name": ACCOUNT,
        "azure_storage_account_key": KEY,
        "azure_storage_endpoint": azurite.url,
        "azure_allow_http": "true",
    }


class TestAzure:
    def test_a_table_is_read_at_every_version(self, forebay_binary, azurite, storage, unique_name):  # noqa: F811
        folder = unique_name()
        theirs = f"az://container/{folder}"
        write_deltalake(theirs, rows(0, 30), partition_by=["day"], storage_options=storage)
        write_deltalake(theirs, rows(30, 40), mode="append", storage_options=storage)
        tables = TablesCli(forebay_binary, azurite.environment())
        for root in (ROOT, ROOT.replace("wasbs:", "abfss:").replace(".blob.", ".dfs.")):
            assert tables.rows(f"{root}/{folder}") == by_id(rows(0, 40).to_pylist())
        ours = f"{ROOT}/{folder}"
        assert tables.rows(ours, "--version", 0) == by_id(rows(0, 30).to_pylist())
        found = tables.rows(ours, "--where", "day = 'd 1'", "--where", "id > 30")
        assert [row["id"] for row in found] == [31, 34, 37]
        assert [commit["version"] for commit in tables.json("history", ours)["commits"]] == [1, 0]

    def test_rows_are_added_in_one_commit_and_once(self, score, azurite, storage, unique_name):  # noqa: F811
        folder, env = unique_name(), azurite.environment()
        source = f"az://container/{folder}/in"
        write_deltalake(source, rows(0, 30), storage_options=storage)
        for output, words in [("plain", []), ("divided", ["--keep", "id,day"])]:
            theirs = f"az://container/{folder}/{output}"
            if output == "divided":
                none = rows(0, 1).slice(0, 0).drop_columns(["x"]).append_column("prediction", pa.array([], pa.float32()))
                write_deltalake(theirs, none, partition_by=["day"], storage_options=storage)
            words = [f"{ROOT}/{folder}/in", f"{ROOT}/{folder}/{output}", "--output-format", "delta", *words]
            before = DeltaTable(theirs, storage_options=storage).version() if output == "divided" else -1
            for job in ("monday", "monday", "tuesday"):
                score(*words, "--job-id", job, env=env)
            table = DeltaTable(theirs, storage_options=storage)
            assert (table.version() - before, table.to_pyarrow_table().num_rows) == (2, 60)
            assert told(table) == {i: i * 2 + 1 for i in range(30)}
            assert sorted(set(table.to_pyarrow_table()["day"].to_pylist())) == ["d 0", "d 1", "d 2"]


class TestGoogle:
    def test_a_table_is_read_at_every_version(self, forebay_binary, gcs, bucket, tmp_path):  # noqa: F811
        write_deltalake(tmp_path / "t", rows(0, 30), partition_by=["day"])
        write_deltalake(tmp_path / "t", rows(30, 40), mode="append")
        DeltaTable(tmp_path / "t").create_checkpoint()
        write_deltalake(tmp_path / "t", rows(40, 50), mode="append")
        for path in (tmp_path / "t").rglob("*"):
            if path.is_file():
                bucket.blob(f"gold/{path.relative_to(tmp_path)}").upload_from_filename(path)
        tables = TablesCli(forebay_binary, gcs.environment())
        assert tables.rows("gs://bucket/gold/t") == by_id(rows(0, 50).to_pylist())
        assert tables.rows("gs://bucket/gold/t", "--version", 0) == by_id(rows(0, 30).to_pylist())
        found = tables.rows("gs://bucket/gold/t", "--where", "day = 'd 1'", "--where", "id > 30")
        assert [row["id"] for row in found] == [31, 34, 37, 40, 43, 46, 49]

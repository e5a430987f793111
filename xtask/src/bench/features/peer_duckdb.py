"""DuckDB's `ASOF JOIN`, with the memory it is given."""

import pathlib

import duckdb

def prepare(features, spine, output, memory_bytes):
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(f"SET temp_directory = '{pathlib.Path(output).parent / 'duckdb'}'")
    if memory_bytes:
        connection.execute(f"SET memory_limit = '{memory_bytes}B'")
    columns = connection.execute(f"DESCRIBE SELECT * FROM read_parquet('{features}')").fetchall()
    names = [name for name, *_ in columns if name not in ("key", "event_timestamp")]
    alive = "features.event_timestamp >= spine.event_timestamp - INTERVAL 24 HOURS"
    values = ", ".join(f"CASE WHEN {alive} THEN features.{name} END AS {name}" for name in names)
    sql = f"""COPY (
        SELECT spine.*, {values}
        FROM read_parquet('{spine}') AS spine ASOF LEFT JOIN read_parquet('{features}') AS features
            ON spine.key = features.key AND spine.event_timestamp >= features.event_timestamp
        ORDER BY row_id
    ) TO '{output}' (FORMAT parquet)"""
    return lambda: connection.execute(sql)

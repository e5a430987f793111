"""polars `join_asof`; what is read is sorted first, which the join does not check within a key.

Where memory is short it runs on polars' streaming engine, which needs less; there is no limit that it could be told.
"""

import datetime

import polars


def prepare(features, spine, output, memory_bytes):
    engine = "streaming" if memory_bytes else "auto"

    def join():
        left = polars.scan_parquet(spine).sort("key", "event_timestamp")
        right = polars.scan_parquet(features).sort("key", "event_timestamp")
        joined = left.join_asof(
            right, on="event_timestamp", by="key", tolerance=datetime.timedelta(days=1), check_sortedness=False
        )
        joined.sort("row_id").collect(engine=engine).write_parquet(output)

    return join

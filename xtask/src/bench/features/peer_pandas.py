"""pandas `merge_asof`."""

import pandas

TTL = pandas.Timedelta(days=1)


def prepare(features, spine, output, memory_bytes):
    def join():
        left = pandas.read_parquet(spine).sort_values("event_timestamp", kind="stable")
        right = pandas.read_parquet(features).sort_values("event_timestamp", kind="stable")
        joined = pandas.merge_asof(left, right, on="event_timestamp", by="key", tolerance=TTL)
        joined.sort_values("row_id").to_parquet(output, index=False)

    return join

"""Feast's DuckDB offline store."""

from feast_store import prepare as prepare_store


def prepare(features, spine, output, memory_bytes):
    return prepare_store(features, spine, output, "duckdb")

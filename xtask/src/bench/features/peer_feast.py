"""Feast's default offline store, which reads files with dask."""

from feast_store import prepare as prepare_store


def prepare(features, spine, output, memory_bytes):
    return prepare_store(features, spine, output, "dask")

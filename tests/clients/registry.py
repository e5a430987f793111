"""Registered models and versions, written by the stock store straight into a server's database."""

import contextlib
import itertools
from unittest import mock

from mlflow.store.model_registry import sqlalchemy_store

FIRST_TIME_MS = 1_700_000_000_000


@contextlib.contextmanager
def stock_registry(uri):
    """MLflow's own store on the database, made where it is not there yet; every write is a second after the last."""
    clock = itertools.count(FIRST_TIME_MS, 1_000)
    store = sqlalchemy_store.SqlAlchemyStore(uri)
    with mock.patch.object(sqlalchemy_store, "get_current_time_millis", lambda: next(clock)):
        yield store
    store.engine.dispose()

"""Feast's historical features, from either of its offline stores that read files."""

import datetime
import pathlib
import shutil
import warnings

import pandas
import pyarrow.parquet as pq
from feast import Entity, FeatureService, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
from feast.types import Float64

warnings.filterwarnings("ignore")


def prepare(features, spine, output, offline_store):
    folder = pathlib.Path(output).parent / f"feast-{offline_store}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    config = RepoConfig(
        project="bench",
        provider="local",
        registry=str(folder / "registry.db"),
        online_store={"type": "sqlite", "path": str(folder / "online.db")},
        offline_store={"type": offline_store},
        entity_key_serialization_version=3,
    )
    store = FeatureStore(config=config)
    thing = Entity(name="thing", join_keys=["key"], value_type=ValueType.INT64)
    names = [name for name in pq.read_schema(features).names if name not in ("key", "event_timestamp")]
    view = FeatureView(
        name="events",
        entities=[thing],
        ttl=datetime.timedelta(days=1),
        schema=[Field(name=name, dtype=Float64) for name in names],
        source=FileSource(path=str(pathlib.Path(features).resolve()), timestamp_field="event_timestamp"),
    )
    store.apply([thing, view, FeatureService(name="all", features=[view])])

    def join():
        entities = pandas.read_parquet(spine)
        job = store.get_historical_features(entities, store.get_feature_service("all"))
        job.to_df().to_parquet(output, index=False)

    return join

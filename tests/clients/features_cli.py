"""`forebay features` as a program, and tables for it to read."""

import dataclasses

import models_cli
import pyarrow as pa


@dataclasses.dataclass
class FeaturesCli(models_cli.Cli):
    """The binary with the flags that name a server or a database."""

    command: str = "features"


HOUR = 3_600_000_000


def weather():
    """Three hours at two airports, as a gold table has them."""
    times = pa.array([0, HOUR, 2 * HOUR, 0], pa.timestamp("us", "UTC"))
    return pa.table(
        {
            "station": ["JFK", "JFK", "JFK", "LGA"],
            "time_hour": times,
            "temperature": [30.0, 31.5, None, 29.0],
            "wind": pa.array([1, 2, 3, 4], pa.int32()),
            "loaded_at": times,
        }
    )


DEFINITIONS = """\
entities:
  - name: airport
    keys: [{name: origin, type: string}]
    owner: operations
feature_views:
  - name: weather
    source: SOURCE
    entities: [airport]
    key_columns: {origin: station}
    event_time: time_hour
    ttl: 2h
    created_time: loaded_at
    known_at: created_time
    features:
      - {name: temp, type: float64, column: temperature, description: "in °F"}
      - {name: wind, type: int64}
    expectations:
      - {not_null: temp}
      - {range: temp, min: -60, max: 130.5, otherwise: fail}
      - {unique_key: true}
      - {freshness: 2d}
    tags: {zone: gold}
on_demand_views:
  - name: derived
    inputs: [weather:temp]
    request: [{name: dep_delay, type: float64}]
    features: [{name: temp_c, expression: "(temp - 32) / 1.8", type: float64}]
feature_services:
  - name: late_flights
    features: [weather:temp, weather:wind, derived:temp_c]
"""


def definitions(source, *changes):
    """The definitions for a table, with texts changed for others."""
    text = DEFINITIONS.replace("SOURCE", str(source))
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text

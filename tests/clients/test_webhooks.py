"""Webhooks: made, listed, changed, tested and deleted by the stock client, and deliveries to a real receiver.

The receiver is on this machine and speaks plain HTTP, so the servers are allowed both; who is not must refuse it.
"""

import datetime
import json
import time

import mlflow
import pytest
import sqlalchemy
from conftest import Api, ServerDidNotStart, free_port
from cryptography.fernet import Fernet
from mlflow.entities.webhook import VALID_ENTITY_ACTIONS, WebhookEvent, WebhookStatus
from mlflow.exceptions import MlflowException
from mlflow.webhooks.types import get_example_payload_for_event
from receiver import receiving

KEY = Fernet.generate_key().decode()
SECRET = "s3cret"
PLAIN = {
    "MLFLOW_WEBHOOK_ALLOWED_SCHEMES": "http,https",
    "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "true",
    "MLFLOW_WEBHOOK_REQUEST_TIMEOUT": "3",
    "MLFLOW_WEBHOOK_REQUEST_MAX_RETRIES": "2",
    # The original remembers who is subscribed for a while, ours never does.
    "MLFLOW_WEBHOOK_CACHE_TTL": "0",
}
WITH_KEY = {**PLAIN, "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY": KEY}
EVERY_EVENT = sorted(f"{entity}.{action}" for entity, actions in VALID_ENTITY_ACTIONS.items() for action in actions)
SUBSCRIPTIONS = "/api/2.0/forebay/event-subscriptions"


@pytest.fixture(scope="module")
def receiver():
    with receiving() as running:
        yield running


@pytest.fixture(scope="module")
def uri(fresh_database, database):
    return fresh_database(database)


@pytest.fixture(scope="module")
def server(target, uri, start_server, tmp_path_factory):
    return start_server(target, uri, tmp_path_factory.mktemp("artifacts"), env=WITH_KEY)


@pytest.fixture
def hook(receiver, unique_name):
    """An address of the receiver that nobody else uses, as (url, path)."""
    path = f"/{unique_name()}"
    return receiver.url + path, path


@pytest.fixture
def writes(server):
    """Skips where nothing can be registered, so that nothing causes an event."""
    skip_without_writes(server)


def skip_without_writes(server):
    if Api(server.url).post("registered-models/create", {}).status in (404, 405):
        pytest.skip("this server registers no models")


def execute(uri, statement, **values):
    engine = sqlalchemy.create_engine(uri, poolclass=sqlalchemy.NullPool)
    with engine.begin() as connection:
        result = connection.execute(sqlalchemy.text(statement), values)
        return result.fetchall() if result.returns_rows else None


def names(events):
    return sorted(map(str, events))


def refused(call, *arguments, **options):
    with pytest.raises(MlflowException) as refusal:
        call(*arguments, **options)
    return refusal.value.error_code, refusal.value.message


def test_a_webhook_is_made_and_read_back(client, hook):
    before = time.time() * 1000 - 1
    made = client.create_webhook("Hook.1", hook[0], ["prompt.created", "model_version_tag.set"], "of tests", SECRET)
    assert (made.name, made.url, made.description, made.status) == ("Hook.1", hook[0], "of tests", WebhookStatus.ACTIVE)
    assert names(made.events) == ["model_version_tag.set", "prompt.created"]
    assert before < made.creation_timestamp == made.last_updated_timestamp <= time.time() * 1000
    read = client.get_webhook(made.webhook_id)
    assert repr(read) == repr(made) or names(read.events) == names(made.events)
    assert read.secret is None


def test_every_event_of_mlflow_can_be_subscribed_to(client, hook):
    made = client.create_webhook("all", hook[0], EVERY_EVENT)
    assert names(client.get_webhook(made.webhook_id).events) == EVERY_EVENT


def test_a_webhook_may_begin_disabled_and_without_more_than_it_needs(api, hook):
    event = {"entity": "PROMPT", "action": "CREATED"}
    body = {"name": "a", "url": hook[0], "events": [event], "status": "DISABLED", "description": ""}
    made = api.post("webhooks", body).body["webhook"]
    times = {key: made.pop(key) for key in ("creation_timestamp", "last_updated_timestamp")}
    assert all(isinstance(value, int) for value in times.values())
    assert made == {"webhook_id": made["webhook_id"], "name": "a", "url": hook[0], "events": [event], "status": "DISABLED"}


def test_names_are_not_unique_and_enums_may_be_numbers(api, hook):
    body = {"name": "twin", "url": hook[0], "events": [{"entity": 2, "action": 1}], "status": 2}
    one, other = (api.post("webhooks", body).body["webhook"] for _ in range(2))
    assert one["webhook_id"] != other["webhook_id"]
    assert (one["events"], one["status"]) == ([{"entity": "MODEL_VERSION", "action": "CREATED"}], "DISABLED")


def test_the_list_is_in_pages_with_the_newest_first(target, start_server, fresh_database, database, tmp_path, receiver):
    server = start_server(target, fresh_database(database), tmp_path, env=WITH_KEY)
    client, api = mlflow.MlflowClient(server.url, server.url), Api(server.url)
    assert (list(client.list_webhooks()), api.get("webhooks").body) == ([], {})
    made = []
    for number in range(3):
        made.append(client.create_webhook(f"hook-{number}", receiver.url, ["prompt.created"], secret=SECRET))
        wait_for_another_millisecond()
    page = client.list_webhooks(max_results=2)
    assert [webhook.name for webhook in page] == ["hook-2", "hook-1"]
    last = client.list_webhooks(max_results=2, page_token=page.token)
    assert ([webhook.name for webhook in last], last.token or None) == (["hook-0"], None)
    client.delete_webhook(made[1].webhook_id)
    assert [webhook.name for webhook in client.list_webhooks()] == ["hook-2", "hook-0"]
    for bad in (-1, 1001):
        answer = api.get("webhooks", {"max_results": bad})
        assert (answer.status, answer.message) == (400, "max_results must be between 1 and 1000.")
    assert len(api.get("webhooks", {"max_results": 0}).body["webhooks"]) == 2
    assert api.get("webhooks", {"page_token": "%"}).status == 400


def wait_for_another_millisecond():
    begin = time.time_ns() // 1_000_000
    while time.time_ns() // 1_000_000 == begin:
        pass


def test_only_what_is_named_changes(client, hook):
    made = client.create_webhook("old", hook[0], ["prompt.created"], "about", SECRET)
    wait_for_another_millisecond()
    changed = client.update_webhook(made.webhook_id, name="new")
    assert (changed.name, changed.description, changed.url) == ("new", "about", hook[0])
    assert names(changed.events) == ["prompt.created"]
    assert changed.creation_timestamp == made.creation_timestamp < changed.last_updated_timestamp
    changed = client.update_webhook(
        made.webhook_id, events=["prompt_tag.set", "prompt.created"], url=hook[0] + "/2", status="DISABLED"
    )
    read = client.get_webhook(made.webhook_id)
    assert names(read.events) == ["prompt.created", "prompt_tag.set"]
    assert (read.name, read.url, read.status) == ("new", hook[0] + "/2", WebhookStatus.DISABLED)


def test_an_empty_text_takes_the_description_away_and_nothing_else(api, hook):
    body = {"name": "a", "url": hook[0], "events": [{"entity": "PROMPT", "action": "CREATED"}], "description": "d"}
    made = api.post("webhooks", body).body["webhook"]
    path = f"webhooks/{made['webhook_id']}"
    changed = api.patch(path, {"name": "", "url": "", "events": [], "description": ""}).body["webhook"]
    assert changed == {key: value for key, value in made.items() if key != "description"} | {
        "last_updated_timestamp": changed["last_updated_timestamp"]
    }


def test_what_is_deleted_is_gone(client, api, hook, uri):
    made = client.create_webhook("a", hook[0], ["prompt.created"])
    client.delete_webhook(made.webhook_id)
    message = f"Webhook with ID {made.webhook_id} not found."
    for call in (client.get_webhook, client.delete_webhook, client.update_webhook, client.test_webhook):
        assert refused(call, made.webhook_id) == ("RESOURCE_DOES_NOT_EXIST", f"RESOURCE_DOES_NOT_EXIST: {message}")
    answer = api.get(f"webhooks/{made.webhook_id}")
    assert (answer.status, answer.message) == (404, message)
    # The row stays and is marked.
    rows = execute(uri, "SELECT deleted_timestamp FROM webhooks WHERE webhook_id = :id", id=made.webhook_id)
    assert rows[0][0] > 0


EVENT = [{"entity": "REGISTERED_MODEL", "action": "CREATED"}]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "-a"}, "Webhook name '-a' is invalid. It must start and end with a letter or digit, be less than 63"),
        ({"name": "x" * 64}, "Webhook name 'xxx"),
        ({"url": "  "}, "Webhook URL cannot be empty or just whitespace: '  '"),
        ({"url": "ftp://a.example"}, "Invalid webhook URL scheme: 'ftp'. Allowed schemes are: http, https."),
        ({"url": "not-a-url"}, "Invalid webhook URL scheme: ''. Allowed schemes are: http, https."),
        ({"url": "http://"}, "Webhook URL must include a hostname: 'http://'"),
        ({"events": []}, "Webhook events must be a non-empty list of WebhookEvent objects: []."),
        (
            {"events": [{"entity": "REGISTERED_MODEL", "action": "UPDATED"}]},
            "Invalid action 'updated' for entity 'registered_model'. Valid actions are: ['created']",
        ),
        ({"name": None}, "Missing value for required parameter 'name'"),
        ({"url": None}, "Missing value for required parameter 'url'"),
        ({"events": None}, "Missing value for required parameter 'events'"),
    ],
)
def test_what_cannot_be_a_webhook_is_refused(api, change, message):
    answer = api.post("webhooks", {"name": "a", "url": "http://127.0.0.1:9/", "events": EVENT, **change})
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE"), answer.text
    assert answer.message.startswith(message)


@pytest.mark.ours
def test_events_that_do_not_exist_are_a_400(api, hook):
    for events in ([{"entity": "X", "action": "CREATED"}], [{}], [{"entity": "PROMPT"}], "x"):
        answer = api.post("webhooks", {"name": "a", "url": hook[0], "events": events})
        assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE"), answer.text
    made = api.post("webhooks", {"name": "a", "url": hook[0], "events": EVENT * 2})
    assert made.body["webhook"]["events"] == EVENT


def test_changes_are_checked_like_what_is_new(client, hook):
    made = client.create_webhook("a", hook[0], ["prompt.created"])
    for changes in ({"name": "a b"}, {"url": "ftp://x"}, {"url": "http://"}):
        assert refused(client.update_webhook, made.webhook_id, **changes)[0] == "INVALID_PARAMETER_VALUE"
    assert client.get_webhook(made.webhook_id).name == "a"


def test_a_test_sends_an_example_that_is_signed(client, hook, receiver):
    made = client.create_webhook("a", hook[0], ["model_version_alias.created"], secret=SECRET)
    result = client.test_webhook(made.webhook_id)
    assert (result.success, result.response_status, result.response_body) == (True, 200, "heard")
    assert result.error_message is None
    (delivery,) = receiver.received(hook[1])
    assert delivery.headers["X-MLflow-Signature"] == delivery.signature(SECRET)
    assert delivery.headers["Content-Type"] == "application/json"
    assert abs(int(delivery.headers["X-MLflow-Timestamp"]) - time.time()) < 60
    told = json.loads(delivery.body)
    # Spaced and in the order of the original.
    assert json.dumps(told).encode() == delivery.body
    assert list(told) == ["entity", "action", "timestamp", "data"]
    assert datetime.datetime.fromisoformat(told["timestamp"]).utcoffset() == datetime.timedelta(0)
    assert told["data"] == {"name": "example_model", "alias": "example_alias", "version": "1"}


@pytest.mark.parametrize("event", EVERY_EVENT)
def test_every_event_has_an_example_of_the_right_shape(client, hook, receiver, event):
    made = client.create_webhook("a", hook[0], ["prompt.created"])
    assert client.test_webhook(made.webhook_id, event).success
    (delivery,) = receiver.received(hook[1])
    assert "X-MLflow-Signature" not in delivery.headers
    assert delivery.event == event
    expected = get_example_payload_for_event(WebhookEvent.from_str(event))
    assert {key: type(value) for key, value in delivery.data.items()} == {k: type(v) for k, v in expected.items()}
    assert list(delivery.data) == list(expected)


def test_a_test_tells_what_went_wrong(client, hook, receiver):
    made = client.create_webhook("a", hook[0], ["prompt.created"], status="DISABLED")
    receiver.answer(hook[1], 404)
    result = client.test_webhook(made.webhook_id)
    assert (result.success, result.response_status) == (False, 404)
    nobody = client.create_webhook("a", f"http://127.0.0.1:{free_port()}/", ["prompt.created"])
    result = client.test_webhook(nobody.webhook_id)
    assert (result.success, result.response_status) == (False, None)
    assert result.error_message.startswith("Failed to test webhook: ")


def test_a_secret_is_replaced_or_taken_away(client, api, hook, receiver):
    made = client.create_webhook("a", hook[0], ["prompt.created"], secret=SECRET)
    client.update_webhook(made.webhook_id, secret="another")
    client.test_webhook(made.webhook_id)
    answer = api.patch(f"webhooks/{made.webhook_id}", {"secret": ""})
    assert answer.status == 200 and '"secret"' not in answer.text
    client.test_webhook(made.webhook_id)
    signed, plain = receiver.received(hook[1], 2)
    assert signed.headers["X-MLflow-Signature"] == signed.signature("another")
    assert "X-MLflow-Signature" not in plain.headers


def test_both_servers_read_each_others_secrets(client, hook, receiver, uri):
    made = client.create_webhook("a", hook[0], ["prompt.created"], secret=SECRET)
    find = "SELECT secret FROM webhooks WHERE webhook_id = :id"
    ((stored,),) = execute(uri, find, id=made.webhook_id)
    assert Fernet(KEY).decrypt(stored.encode()).decode() == SECRET
    token = Fernet(KEY).encrypt("stored by another server".encode()).decode()
    execute(uri, "UPDATE webhooks SET secret = :token WHERE webhook_id = :id", token=token, id=made.webhook_id)
    client.test_webhook(made.webhook_id)
    (delivery,) = receiver.received(hook[1])
    assert delivery.headers["X-MLflow-Signature"] == delivery.signature("stored by another server")


@pytest.fixture(scope="module")
def strict_api(target, start_server, fresh_database, database, tmp_path_factory):
    """A server that allows what is allowed by default, and HTTP."""
    env = {"MLFLOW_WEBHOOK_ALLOWED_SCHEMES": "http,https"}
    server = start_server(target, fresh_database(database), tmp_path_factory.mktemp("strict"), env=env)
    return Api(server.url)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "10.0.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "[::1]"]
    + ["[fd00::1]", "[fe80::1]", "[::ffff:127.0.0.1]", "[64:ff9b::a9fe:a9fe]", "[2002:7f00:1::]", "127.1", "2130706433"],
)
def test_an_address_that_is_not_public_is_refused(strict_api, host):
    answer = strict_api.post("webhooks", {"name": "a", "url": f"http://{host}/", "events": EVENT})
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert answer.message.startswith("Webhook URL must not resolve to a non-public IP address. '"), answer.message


def test_a_public_address_is_taken_and_a_name_that_leads_nowhere_is_not(strict_api):
    made = strict_api.post("webhooks", {"name": "a", "url": "http://8.8.8.8/", "events": EVENT})
    path = f"webhooks/{made.body['webhook']['webhook_id']}"
    assert strict_api.patch(path, {"url": "http://127.0.0.1/"}).status == 400
    answer = strict_api.patch(path, {"url": "http://nowhere.invalid/"})
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert answer.message.startswith("Cannot resolve Webhook URL hostname 'nowhere.invalid': ")


def test_a_stored_address_is_checked_again_before_anything_is_sent(
    target, start_server, fresh_database, database, tmp_path, receiver, hook
):
    uri = fresh_database(database)
    first = start_server(target, uri, tmp_path, env=WITH_KEY)
    made = mlflow.MlflowClient(first.url, first.url).create_webhook("a", hook[0], ["prompt.created"])
    first.stop()
    strict = start_server(target, uri, tmp_path, env={"MLFLOW_WEBHOOK_ALLOWED_SCHEMES": "http"})
    result = mlflow.MlflowClient(strict.url, strict.url).test_webhook(made.webhook_id)
    assert (result.success, result.response_status) == (False, None)
    assert "must not resolve to a non-public IP address" in result.error_message
    assert receiver.received(hook[1]) == []


@pytest.mark.ours
def test_only_https_is_allowed_by_default(start_server, fresh_database, database, tmp_path):
    server = start_server("forebay", fresh_database(database), tmp_path)
    answer = Api(server.url).post("webhooks", {"name": "a", "url": "http://8.8.8.8/", "events": EVENT})
    assert answer.message == "Invalid webhook URL scheme: 'http'. Allowed schemes are: https."


@pytest.mark.ours
def test_a_redirect_is_followed_as_it_is_or_not_at_all(client, hook, receiver):
    made = client.create_webhook("a", hook[0], ["prompt.created"], secret=SECRET)
    receiver.answer(hook[1], (307, {"Location": f"{receiver.url}{hook[1]}/moved"}))
    assert client.test_webhook(made.webhook_id).response_status == 200
    (moved,) = receiver.received(f"{hook[1]}/moved")
    assert moved.headers["X-MLflow-Signature"] == moved.signature(SECRET)
    receiver.answer(hook[1], (302, {"Location": f"{receiver.url}{hook[1]}/gone"}))
    assert client.test_webhook(made.webhook_id).response_status == 302
    assert receiver.received(f"{hook[1]}/gone") == []


@pytest.mark.ours
def test_without_a_key_one_is_kept_in_a_file_for_its_owner(
    start_server, fresh_database, database, tmp_path, receiver, hook
):
    uri = fresh_database(database)
    file = tmp_path / "the-key"
    env = {**PLAIN, "FOREBAY_WEBHOOK_KEY_FILE": str(file)}
    first = start_server("forebay", uri, tmp_path / "a", env=env)
    client = mlflow.MlflowClient(first.url, first.url)
    client.create_webhook("plain", hook[0], ["prompt.created"])
    assert not file.exists()
    made = client.create_webhook("a", hook[0], ["prompt.created"], secret=SECRET)
    assert (file.stat().st_mode & 0o777, len(file.read_text())) == (0o600, 45)
    assert str(file) in first.log()
    first.stop()
    second = start_server("forebay", uri, tmp_path / "a", env=env)
    mlflow.MlflowClient(second.url, second.url).test_webhook(made.webhook_id)
    (delivery,) = receiver.received(hook[1])
    assert delivery.headers["X-MLflow-Signature"] == delivery.signature(SECRET)
    assert SECRET not in first.log() + second.log()


@pytest.mark.ours
def test_the_key_is_beside_the_database_file(start_server, tmp_path, receiver, hook):
    server = start_server("forebay", f"sqlite:///{tmp_path}/m.db", tmp_path / "a", env=PLAIN)
    client = mlflow.MlflowClient(server.url, server.url)
    client.create_webhook("a", hook[0], ["prompt.created"], secret=SECRET)
    assert (tmp_path / "m.db.webhook-key").is_file()


@pytest.mark.ours
def test_a_secret_of_another_key_is_told_and_hides_nothing_else(client, api, hook, receiver, uri):
    made = client.create_webhook("a", hook[0], ["prompt.created"], secret=SECRET)
    token = Fernet(Fernet.generate_key()).encrypt(b"x").decode()
    execute(uri, "UPDATE webhooks SET secret = :token WHERE webhook_id = :id", token=token, id=made.webhook_id)
    assert client.get_webhook(made.webhook_id).name == "a"
    assert api.get("webhooks", {"max_results": 1000}).status == 200
    result = client.test_webhook(made.webhook_id)
    assert "encrypted with another key" in result.error_message
    assert receiver.received(hook[1]) == []


@pytest.mark.ours
def test_a_bad_key_stops_the_server_before_it_begins(start_server, fresh_database, database, tmp_path):
    env = {"MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY": "hunter2"}
    with pytest.raises(ServerDidNotStart) as refusal:
        start_server("forebay", fresh_database(database), tmp_path, env=env)
    assert "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY" in refusal.value.log
    assert "hunter2" not in refusal.value.log


@pytest.mark.ours
def test_our_own_events_have_subscriptions_that_the_stock_client_does_not_see(client, api, hook, receiver):
    events = ["promotion.requested", "promotion.rolled_back"]
    body = {"name": "a", "url": hook[0], "events": events, "secret": SECRET, "description": "d"}
    made = api.post(SUBSCRIPTIONS, body).body["subscription"]
    path = f"{SUBSCRIPTIONS}/{made['subscription_id']}"
    assert (made["events"], made["status"], made["description"]) == (events, "ACTIVE", "d")
    assert api.get(path).body["subscription"] == made
    assert made["subscription_id"] in [s["subscription_id"] for s in api.get(SUBSCRIPTIONS).body["subscriptions"]]
    assert made["subscription_id"] not in [w.webhook_id for w in client.list_webhooks(max_results=1000)]
    changed = api.patch(path, {"events": ["promotion.completed"], "name": "b"}).body["subscription"]
    assert (changed["name"], changed["events"]) == ("b", ["promotion.completed"])
    assert api.post(f"{path}/test", {"event": "promotion.approved"}).body["result"]["success"]
    (delivery,) = receiver.received(hook[1])
    assert delivery.event == "promotion.approved"
    assert delivery.headers["X-MLflow-Signature"] == delivery.signature(SECRET)
    assert api.delete(path).body == {}
    answer = api.get(path)
    assert (answer.status, answer.message) == (404, f"Event subscription with ID {made['subscription_id']} not found.")
    for wrong in (["prompt.created"], ["promotion"], ["promotion.eaten"]):
        answer = api.post(SUBSCRIPTIONS, {**body, "events": wrong})
        assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
        assert "promotion.completed" in answer.message


@pytest.mark.ours
def test_what_a_column_does_not_hold_is_named(api, hook, database):
    body = {"name": "a", "url": hook[0], "events": [{"entity": "PROMPT", "action": "CREATED"}], "secret": SECRET}
    fits = {"description": "d" * 1000, "url": hook[0] + "/" + "p" * (499 - len(hook[0])), "secret": "s" * 687}
    made = api.post("webhooks", {**body, **fits})
    assert made.status == 200, made.text
    for field, value in fits.items():
        answer = api.post("webhooks", {**body, field: value + "x"})
        if database == "postgres":
            assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
            assert f"'{field}'" in answer.message
        else:
            assert answer.status == 200, answer.text


@pytest.mark.ours
def test_a_misspelt_secret_does_not_leave_a_subscription_unsigned(api, hook):
    answer = api.post(SUBSCRIPTIONS, {"name": "a", "url": hook[0], "events": ["promotion.requested"], "secrt": SECRET})
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert "'secrt'" in answer.message


def pairs(tags):
    return [{"key": key, "value": value} for key, value in tags.items()]


def told(receiver, path, count):
    return [(delivery.event, delivery.data) for delivery in receiver.received(path, count)]


def in_turn(receiver, path, changes):
    """Makes each change and waits for its delivery: the original keeps no order of its own."""
    deliveries = []
    for change in changes:
        change()
        deliveries = told(receiver, path, len(deliveries) + 1)
    return deliveries


def test_every_change_of_a_model_is_told(writes, client, hook, receiver, unique_name):
    name = unique_name()
    client.create_webhook("all", hook[0], [event for event in EVERY_EVENT if event.startswith(("reg", "model"))], secret=SECRET)
    deliveries = in_turn(
        receiver,
        hook[1],
        [
            lambda: client.create_registered_model(name, {"b": "1", "a": "é"}, "about it"),
            lambda: client.create_model_version(name, "s3://bucket/model", tags={"t": "1"}),
            lambda: client.set_model_version_tag(name, "1", "k", "v"),
            lambda: client.delete_model_version_tag(name, "1", "k"),
            lambda: client.set_registered_model_alias(name, "best", "1"),
            lambda: client.delete_registered_model_alias(name, "best"),
        ],
    )
    version = {"name": name, "version": "1"}
    assert deliveries == [
        ("registered_model.created", {"name": name, "tags": {"b": "1", "a": "é"}, "description": "about it"}),
        (
            "model_version.created",
            {**version, "source": "s3://bucket/model", "run_id": None, "tags": {"t": "1"}, "description": None},
        ),
        ("model_version_tag.set", {**version, "key": "k", "value": "v"}),
        ("model_version_tag.deleted", {**version, "key": "k"}),
        ("model_version_alias.created", {"name": name, "alias": "best", "version": "1"}),
        ("model_version_alias.deleted", {"name": name, "alias": "best"}),
    ]
    for delivery in receiver.received(hook[1]):
        assert delivery.headers["X-MLflow-Signature"] == delivery.signature(SECRET)
        assert json.dumps(json.loads(delivery.body)).encode() == delivery.body
    assert len({delivery.id for delivery in receiver.received(hook[1])}) == 6


def test_every_change_of_a_prompt_is_told_under_the_names_of_prompts(writes, client, api, hook, receiver, unique_name):
    name = unique_name()
    prompt = {"mlflow.prompt.is_prompt": "true", "a": "1"}
    client.create_webhook("all", hook[0], [event for event in EVERY_EVENT if not event.startswith("budget")])
    version_tags = {**prompt, "mlflow.prompt.text": "Hi {{x}}", "_mlflow_prompt_type": "text"}

    # The client's ways to prompts are others than those to models, and the server's are the same.
    def send(method, path, **message):
        answer = api.request(method, path, json={"name": name, **message})
        assert answer.status == 200, answer.text

    deliveries = in_turn(
        receiver,
        hook[1],
        [
            lambda: send("POST", "registered-models/create", tags=pairs({**prompt, "_mlflow_prompt_type": "text"})),
            lambda: send("POST", "model-versions/create", source="dummy-source", tags=pairs(version_tags)),
            lambda: send("POST", "registered-models/set-tag", key="k", value="v"),
            lambda: send("DELETE", "registered-models/delete-tag", key="k"),
            lambda: send("POST", "model-versions/set-tag", version="1", key="k", value="v"),
            lambda: send("DELETE", "model-versions/delete-tag", version="1", key="k"),
            lambda: send("POST", "registered-models/alias", alias="best", version="1"),
            lambda: send("DELETE", "registered-models/alias", alias="best"),
        ],
    )
    version = {"name": name, "version": "1"}
    assert deliveries == [
        ("prompt.created", {"name": name, "tags": {"a": "1"}, "description": ""}),
        ("prompt_version.created", {**version, "template": "Hi {{x}}", "tags": {"a": "1"}, "description": None}),
        ("prompt_tag.set", {"name": name, "key": "k", "value": "v"}),
        ("prompt_tag.deleted", {"name": name, "key": "k"}),
        ("prompt_version_tag.set", {**version, "key": "k", "value": "v"}),
        ("prompt_version_tag.deleted", {**version, "key": "k"}),
        ("prompt_alias.created", {"name": name, "alias": "best", "version": "1"}),
        ("prompt_alias.deleted", {"name": name, "alias": "best"}),
    ]


def test_a_failed_delivery_is_tried_again_under_its_id(writes, client, hook, receiver, unique_name):
    client.create_webhook("a", hook[0], ["registered_model.created"], secret=SECRET)
    receiver.answer(hook[1], 500, 429)
    client.create_registered_model(unique_name())
    deliveries = receiver.received(hook[1], 3)
    assert len({delivery.id for delivery in deliveries}) == 1
    assert len({delivery.body for delivery in deliveries}) == 1
    assert all(delivery.headers["X-MLflow-Signature"] == delivery.signature(SECRET) for delivery in deliveries)


def test_a_webhook_that_is_disabled_or_deleted_is_told_nothing(writes, client, hook, receiver, unique_name):
    disabled = client.create_webhook("a", hook[0] + "/1", ["registered_model.created"], status="DISABLED")
    deleted = client.create_webhook("a", hook[0] + "/2", ["registered_model.created"])
    client.delete_webhook(deleted.webhook_id)
    client.create_webhook("a", hook[0] + "/3", ["registered_model.created"])
    client.create_registered_model(unique_name())
    receiver.received(hook[1] + "/3", 1)
    assert receiver.received(hook[1] + "/1") == receiver.received(hook[1] + "/2") == []
    client.update_webhook(disabled.webhook_id, status="ACTIVE")
    client.create_registered_model(unique_name())
    assert len(receiver.received(hook[1] + "/1", 1)) == 1


def test_a_receiver_that_hangs_holds_up_neither_requests_nor_others(writes, client, hook, receiver, unique_name):
    client.create_webhook("a", "http://127.0.0.1:9/", ["registered_model.created"])
    client.create_webhook("b", hook[0], ["registered_model.created"])
    begin = time.monotonic()
    client.create_registered_model(unique_name())
    assert time.monotonic() - begin < 2
    assert len(receiver.received(hook[1], 1)) == 1


@pytest.mark.ours
def test_events_arrive_in_their_order_whatever_fails(writes, client, hook, receiver, unique_name):
    client.create_webhook("a", hook[0], ["model_version_tag.set"])
    name = unique_name()
    client.create_registered_model(name)
    client.create_model_version(name, "s3://bucket/model")
    receiver.answer(hook[1], 200, 503, 200, 500)
    for number in range(4):
        client.set_model_version_tag(name, "1", "n", str(number))
    values = [delivery.data["value"] for delivery in receiver.received(hook[1], 6)]
    assert values == ["0", "1", "1", "2", "2", "3"]


@pytest.mark.ours
@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_delivery_survives_the_end_of_the_server(
    start_server, fresh_database, database, tmp_path, receiver, hook, unique_name, end
):
    uri = fresh_database(database)
    env = {**WITH_KEY, "MLFLOW_WEBHOOK_REQUEST_TIMEOUT": "1"}
    first = start_server("forebay", uri, tmp_path, env=env)
    skip_without_writes(first)
    client = mlflow.MlflowClient(first.url, first.url)
    client.create_webhook("a", hook[0], ["registered_model.created"], secret=SECRET)
    # The receiver asks for a pause that outlasts the server.
    receiver.answer(hook[1], (503, {"Retry-After": "4"}))
    client.create_registered_model(unique_name())
    (failed,) = receiver.received(hook[1], 1)
    getattr(first, end)()
    second = start_server("forebay", uri, tmp_path, env=env)
    failed, delivered = receiver.received(hook[1], 2)
    assert (delivered.id, delivered.body) == (failed.id, failed.body)
    assert delivered.headers["X-MLflow-Signature"] == delivered.signature(SECRET)
    second.stop()


@pytest.mark.ours
def test_nothing_secret_is_logged(writes, client, receiver, server, unique_name):
    port = free_port()
    client.create_webhook("a", f"http://user:hunter2@127.0.0.1:{port}/t0ken", ["registered_model.created"], secret=SECRET)
    client.create_registered_model(unique_name())
    deadline = time.monotonic() + 30
    while "a delivery was given up" not in server.log() and time.monotonic() < deadline:
        time.sleep(0.1)
    log = server.log()
    assert "a delivery was given up" in log
    assert not any(word in log for word in ("hunter2", "t0ken", SECRET))

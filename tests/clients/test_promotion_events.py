"""Each step of a promotion as a real receiver hears of it."""

import pytest
from receiver import receiving
from test_promotion import ABOVE, OURS, USER_HEADER, ada, applied, bob, desk_of, name, promoted

pytestmark = pytest.mark.ours

__all__ = ["ada", "bob", "desk_of", "name"]

SECRET = "s3cret"
STEPS = [f"promotion.{step}" for step in ("requested", "approved", "rejected", "completed", "rolled_back")]
# The receiver is on this machine and speaks plain HTTP.
PLAIN = {"MLFLOW_WEBHOOK_ALLOWED_SCHEMES": "http", "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "true"}


@pytest.fixture(scope="module")
def receiver():
    with receiving() as running:
        yield running


@pytest.fixture(scope="module")
def knowing(database, start_server, fresh_database, tmp_path_factory):
    """A server that learns from a header who asks, and may deliver to the receiver."""
    extra = ["--trusted-user-header", USER_HEADER]
    folder = tmp_path_factory.mktemp("artifacts")
    return start_server("forebay", fresh_database(database), folder, env=PLAIN, extra_args=extra)


@pytest.fixture
def heard(ada, receiver, unique_name):
    """Waits for so many deliveries about promotions and returns them."""
    path = f"/{unique_name()}"
    body = {"name": "steps", "url": receiver.url + path, "events": STEPS, "secret": SECRET}
    made = ada.post(f"{OURS}/event-subscriptions", body).body["subscription"]
    yield lambda count: receiver.received(path, count)
    assert ada.delete(f"{OURS}/event-subscriptions/{made['subscription_id']}").status == 200


def test_every_step_is_told_in_order_and_signed(ada, bob, name, heard):
    for auc in (0.9, 0.95, 0.99):
        ada.version(name, auc=auc)
    applied(ada, name, ABOVE, approvals=1)
    for version in ("1", "2"):
        asked = promoted(ada.ask(name, version, reason="better"), "PENDING")
        promoted(bob.decide("approve", asked["promotion_id"]))
    doubted = promoted(ada.ask(name, "3"), "PENDING")
    promoted(bob.decide("reject", doubted["promotion_id"], comment="too good"), "REJECTED")
    promoted(ada.roll_back(name, reason="it was slow"))
    steps = [
        *[("requested", "1", "PENDING"), ("approved", "1", "PENDING"), ("completed", "1", "COMPLETED")],
        *[("requested", "2", "PENDING"), ("approved", "2", "PENDING"), ("completed", "2", "COMPLETED")],
        *[("requested", "3", "PENDING"), ("rejected", "3", "REJECTED"), ("rolled_back", "1", "COMPLETED")],
    ]
    deliveries = heard(len(steps))
    told = [(each.event, each.data["version"], each.data["status"]) for each in deliveries]
    assert told == [(f"promotion.{step}", version, status) for step, version, status in steps]
    for each in deliveries:
        assert (each.data["name"], each.data["alias"]) == (name, "champion")
        assert each.headers["X-MLflow-Signature"] == each.signature(SECRET)
    last = deliveries[-1].data
    assert (last["previous_version"], last["requested_by"], last["reason"]) == ("2", "ada", "it was slow")
    assert deliveries[0].data["gates"][0]["found"] == "metrics.auc = 0.9"


def test_what_the_stock_client_does_is_told_and_what_fails_is_not(ada, name, heard):
    """A refused move left no promotion to hear of; one that passes is completed like any other."""
    ada.version(name, auc=0.5)
    ada.version(name, auc=0.9)
    applied(ada, name, ABOVE)
    assert ada.set_alias(name, "1").status == 403
    assert ada.set_alias(name, "2").status == 200
    (delivery,) = heard(1)
    assert (delivery.event, delivery.data["version"]) == ("promotion.completed", "2")


def test_a_misspelt_field_does_not_promote(ada, name):
    ada.version(name, auc=0.9)
    answer = ada.ask(name, "1", dryrun=True)
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert "'dryrun'" in answer.message
    assert ada.holder(name) is None

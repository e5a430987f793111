"""What is remembered of promotions: every step, for good, and the way back."""

import random
import threading
import time

import pytest
import requests
from registered import create_model
from test_promotion import (
    ABOVE,
    NOT_WORSE,
    OURS,
    USER_HEADER,
    VALIDATED,
    Desk,
    ada,
    applied,
    bob,
    denied,
    desk_of,
    knowing,
    name,
    promoted,
)

pytestmark = pytest.mark.ours

__all__ = ["ada", "bob", "desk_of", "knowing", "name"]

MOVES = ("SET", "PROMOTED", "OVERRIDDEN", "ROLLED_BACK", "REMOVED")


def told(desk, name, **params):
    """The first first: what happened, from and to which version."""
    entries = reversed(desk.history(name, **params))
    return [(each["kind"], each.get("from_version"), each.get("to_version")) for each in entries]


def check_chain(entries, holder):
    """Each move begins where the one before ended, and the last one ended at the holder; the latest comes first."""
    at = None
    for entry in reversed([each for each in entries if each["kind"] in MOVES]):
        assert entry.get("from_version") == at, entry
        at = entry.get("to_version")
    assert at == holder


@pytest.fixture
def three(ada, name):
    """A model with versions of 0.9, 0.91 and 0.92, and a relative policy."""
    for auc in (0.9, 0.91, 0.92):
        ada.version(name, auc=auc)
    applied(ada, name, NOT_WORSE)
    return name


# --- history


def test_every_step_is_told_with_who_when_and_why(ada, bob, three):
    before = int(time.time() * 1000)
    promoted(ada.ask(three, "1", reason="first"))
    promoted(bob.ask(three, "2", reason="second"))
    assert bob.delete_alias(three).status == 200
    assert told(ada, three) == [
        ("POLICY_APPLIED", None, None),
        ("PROMOTED", None, "1"),
        ("PROMOTED", "1", "2"),
        ("REMOVED", "2", None),
    ]
    removed, second, first, _ = ada.history(three)
    assert [each["user"] for each in (first, second, removed)] == ["ada", "bob", "bob"]
    assert [each.get("reason") for each in (first, second)] == ["first", "second"]
    assert before - 1000 <= first["timestamp"] <= second["timestamp"] <= removed["timestamp"]
    assert second["policy_version"] == 1
    assert second["gates"] == [
        {
            "gate": "metrics.auc >= champion.metrics.auc - 0.005",
            "passed": True,
            "found": "metrics.auc = 0.91, champion.metrics.auc = 0.9",
            "reason": "0.91 is >= 0.9 - 0.005 = 0.895",
        }
    ]


def test_refusals_are_remembered_with_their_values(ada, bob, three):
    promoted(ada.ask(three, "3"))
    denied(bob.set_alias(three, "1"))
    last = ada.history(three)[0]
    assert (last["kind"], last["user"], last["from_version"], last["to_version"]) == ("REFUSED", "bob", "3", "1")
    assert not last["gates"][0]["passed"]
    assert ada.promotion(last["promotion_id"])["status"] == "REFUSED"


def test_records_outlive_the_model(ada, three):
    done = promoted(ada.ask(three, "1", reason="first"))
    before = ada.history(three)
    assert ada.delete("model-versions/delete", {"name": three, "version": "1"}).status == 200
    assert ada.delete_model(three).status == 200
    after = ada.history(three)
    assert after[-len(before) :] == before
    assert [each["kind"] for each in after[: -len(before)]] == ["MODEL_DELETED", "REMOVED"]
    assert ada.promotion(done["promotion_id"]) == done
    assert ada.promotions(name=three) == [done]


def test_records_outlive_a_new_name(ada, three, unique_name):
    promoted(ada.ask(three, "1"))
    before, new = ada.history(three), unique_name("-new")
    assert ada.rename(three, new).status == 200
    assert ada.history(three)[-len(before) :] == before
    renamed = ada.history(new)[-1]
    assert (renamed["kind"], renamed["from_name"], renamed["to_version"]) == ("RENAMED", three, "1")


def test_one_alias_is_told_apart_from_others(ada, three):
    promoted(ada.ask(three, "1"))
    assert ada.set_alias(three, "2", alias="challenger").status == 200
    assert ada.move(three, "3", "Staging").status == 200
    assert told(ada, three, alias="challenger") == [("SET", None, "2")]
    assert told(ada, three, stage="staging") == [("SET", None, "3")]
    assert len(told(ada, three)) == 4


def test_a_history_is_read_by_pages(ada, three):
    for version in "123" * 4:
        assert ada.set_alias(three, version, alias="other").status == 200
    whole = ada.history(three)
    seen, token = [], None
    while True:
        page = ada.get(f"{OURS}/promotion-history", {"name": three, "max_results": 5, "page_token": token}).body
        seen += page["entries"]
        token = page.get("next_page_token")
        if not token:
            break
    assert seen == whole


def test_nothing_changes_a_history(ada, three):
    promoted(ada.ask(three, "1"))
    for method in ("POST", "PATCH", "PUT", "DELETE"):
        answer = ada.request(method, f"{OURS}/promotion-history", json={"name": three})
        assert answer.status in (404, 405), (method, answer.text)
    for method in ("PATCH", "PUT", "DELETE"):
        answer = ada.request(method, f"{OURS}/promotions/{ada.history(three)[0]['promotion_id']}", json={})
        assert answer.status in (404, 405), (method, answer.text)


def test_policies_are_part_of_the_history(ada, bob, three):
    applied(bob, three, ABOVE)
    assert ada.drop_policy(three).status == 200
    entries = [(each["kind"], each["user"], each["policy_version"]) for each in ada.history(three)]
    assert entries == [("POLICY_DELETED", "ada", 3), ("POLICY_APPLIED", "bob", 2), ("POLICY_APPLIED", "ada", 1)]


# --- override


def test_an_override_is_recorded_with_the_gates_that_failed(ada, three):
    promoted(ada.ask(three, "3"))
    assert ada.ask(three, "1", is_override=True).status == 400
    done = promoted(ada.ask(three, "1", is_override=True, reason="3 is slow"))
    assert done["is_override"]
    assert [gate["passed"] for gate in done["gates"]] == [False]
    last = ada.history(three)[0]
    assert (last["kind"], last["reason"], last["from_version"], last["to_version"]) == ("OVERRIDDEN", "3 is slow", "3", "1")
    assert not last["gates"][0]["passed"]


def test_after_an_override_the_new_holder_is_whom_to_compare_with(ada, three):
    promoted(ada.ask(three, "3"))
    promoted(ada.ask(three, "1", is_override=True, reason="3 is slow"))
    done = promoted(ada.ask(three, "2"))
    assert "champion.metrics.auc = 0.9" in done["gates"][0]["found"]


# --- the way back


def test_a_roll_back_returns_to_the_previous_holder(ada, bob, three):
    for version in "123":
        promoted(ada.ask(three, version))
    done = promoted(bob.roll_back(three, reason="3 is slow"))
    assert (done["previous_version"], done["version"], done["requested_by"]) == ("3", "2", "bob")
    assert ada.holder(three) == "2"
    last = ada.history(three)[0]
    assert (last["kind"], last["from_version"], last["to_version"]) == ("ROLLED_BACK", "3", "2")
    assert (last["user"], last["reason"]) == ("bob", "3 is slow")
    promoted(bob.roll_back(three))
    assert ada.holder(three) == "1"
    assert bob.roll_back(three).status == 404
    assert ada.holder(three) == "1"


def test_a_roll_back_passes_over_a_version_that_is_gone(ada, three):
    for version in "123":
        promoted(ada.ask(three, version))
    assert ada.delete("model-versions/delete", {"name": three, "version": "2"}).status == 200
    promoted(ada.roll_back(three))
    assert ada.holder(three) == "1"


def test_a_roll_back_after_the_holder_was_deleted_returns_to_the_one_before(ada, three):
    for version in "12":
        promoted(ada.ask(three, version))
    assert ada.delete("model-versions/delete", {"name": three, "version": "2"}).status == 200
    promoted(ada.roll_back(three))
    assert ada.holder(three) == "1"


def test_a_roll_back_gives_a_removed_alias_back(ada, three):
    promoted(ada.ask(three, "1"))
    assert ada.delete_alias(three).status == 200
    done = promoted(ada.roll_back(three))
    assert "previous_version" not in done
    assert ada.holder(three) == "1"


def test_a_promotion_after_a_roll_back_is_rolled_back_to_where_it_came_from(ada, three):
    for version in "12":
        promoted(ada.ask(three, version))
    promoted(ada.roll_back(three))
    promoted(ada.ask(three, "3"))
    promoted(ada.roll_back(three))
    assert ada.holder(three) == "1"
    check_chain(ada.history(three), "1")


def test_a_roll_back_of_a_stage_swaps_the_versions(ada, name):
    for auc in (0.9, 0.91):
        ada.version(name, auc=auc)
    applied(ada, name, ABOVE, stage="Production")
    for version in "12":
        promoted(ada.ask(name, version, alias=None, stage="Production"))
    promoted(ada.roll_back(name, alias=None, stage="Production"))
    assert [ada.stage(name, each) for each in "12"] == ["Production", "Archived"]


def test_a_stage_without_archiving_is_rolled_back_to_whoever_stood_there(ada, name):
    """Version 3 came beside 1; nothing else stood there before it."""
    for auc in (0.9, 0.91, 0.92):
        ada.version(name, auc=auc)
    applied(ada, name, ABOVE, stage="Production")
    for version in "13":
        assert ada.move(name, version, "Production").status == 200
    promoted(ada.roll_back(name, alias=None, stage="Production"))
    assert [ada.stage(name, each) for each in "13"] == ["Production", "Archived"]


def test_a_lower_version_that_joined_a_stage_is_what_a_roll_back_takes_out(ada, name):
    for auc in (0.9, 0.91):
        ada.version(name, auc=auc)
    applied(ada, name, ABOVE, stage="Production")
    assert ada.move(name, "2", "Production").status == 200
    assert ada.move(name, "1", "Production").status == 200
    promoted(ada.roll_back(name, alias=None, stage="Production"))
    assert [ada.stage(name, each) for each in "12"] == ["Archived", "Production"]


def test_a_roll_back_of_nothing_is_not_found(ada, three, unique_name):
    assert ada.roll_back(three).status == 404
    assert ada.roll_back(unique_name("-missing")).status == 404
    promoted(ada.ask(three, "1"))
    assert ada.roll_back(three).status == 404
    for fields in ({"name": three}, {"alias": "champion"}, {"name": three, "alias": "a", "stage": "Production"}, {"name": 5}):
        assert ada.post(f"{OURS}/promotions/rollback", fields).status == 400
    assert ada.roll_back(three, reason="a\0b").status == 400
    assert ada.holder(three) == "1"


def test_a_locked_tag_of_the_holder_that_returned_is_locked(ada, name):
    for _ in range(2):
        ada.version(name, tags={"validated": "yes"})
    applied(ada, name, VALIDATED)
    for version in "12":
        promoted(ada.ask(name, version))
    assert ada.tag(name, "1", "validated", "no").status == 200
    promoted(ada.roll_back(name))
    denied(ada.tag(name, "1", "validated", "maybe"))


# --- kill -9


def test_a_server_that_is_killed_leaves_alias_and_history_agreeing(database, start_server, fresh_database, tmp_path, unique_name):
    uri = fresh_database(database)
    start = lambda: start_server("forebay", uri, tmp_path, extra_args=["--trusted-user-header", USER_HEADER])  # noqa: E731
    server = start()
    desk = Desk(server.url, "ada")
    names = [create_model(desk, unique_name(f"-{i}"))["name"] for i in range(3)]
    for each in names:
        for _ in range(6):
            desk.version(each, auc=0.9)
        applied(desk, each, NOT_WORSE)
    for _ in range(4):
        acknowledged = promote_until_killed(server, names)
        server = start()
        desk = Desk(server.url, "ada")
        for each in names:
            check_one(desk, each, acknowledged[each])


def promote_until_killed(server, names):
    """Moves aliases to and fro until nobody answers; per name, the last move that was acknowledged."""
    acknowledged = dict.fromkeys(names)
    counts = dict.fromkeys(names, 0)

    def work(each):
        desk = Desk(server.url, "ada")
        try:
            while True:
                steps = [
                    lambda version: desk.ask(each, version),
                    lambda version: desk.set_alias(each, version),
                    lambda _: desk.delete_alias(each),
                    lambda _: desk.roll_back(each),
                ]
                version = str(random.randint(1, 6))
                answer = random.choices(steps, (5, 5, 1, 2))[0](version)
                assert answer.status in (200, 404), answer.text
                acknowledged[each] = desk.history(each)[0]
                counts[each] += 1
        except requests.RequestException:
            pass

    threads = [threading.Thread(target=work, args=(each,)) for each in names]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 30
    while min(counts.values()) < 5 and time.monotonic() < deadline:
        threads[0].join(0.01)
    threads[0].join(random.uniform(0, 0.3))
    server.kill()
    for thread in threads:
        thread.join()
    assert min(counts.values()) >= 5
    return acknowledged


def check_one(desk, name, acknowledged):
    entries = desk.history(name)
    assert acknowledged in entries
    check_chain(entries, desk.holder(name))
    ids = {each["promotion_id"] for each in entries if "promotion_id" in each}
    promotions = desk.promotions(name=name, max_results=1000)
    assert {each["promotion_id"] for each in promotions} == ids
    assert {each["status"] for each in promotions} <= {"COMPLETED"}

"""Promotions that others have to approve: who may, what an approval is given to, and when it lapses."""

import pytest
from conftest import ServerDidNotStart
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
    eve,
    knowing,
    name,
    policy,
    promoted,
)

pytestmark = pytest.mark.ours

__all__ = ["ada", "bob", "desk_of", "eve", "knowing", "name"]


@pytest.fixture
def nobody(desk_of):
    return desk_of(None)


def kinds(desk, name):
    """What happened, the first first, without the policies."""
    return [each["kind"] for each in reversed(desk.history(name)) if not each["kind"].startswith("POLICY")]


def counting(promotion):
    return sorted(each["user"] for each in promotion.get("approvals", []) if each["counts"])


def after_a_look(desk, promotion_id):
    """Approves what is not as it was: the first try is refused and shows what counts now, the second is given to that."""
    refused = desk.decide("approve", promotion_id)
    assert (refused.status, refused.code) == (409, "RESOURCE_CONFLICT"), refused.text
    assert "Look at it again" in refused.message
    assert counting(desk.promotion(promotion_id)) == []
    return desk.decide("approve", promotion_id)


@pytest.fixture
def waiting(ada, name):
    """The id of a promotion of version 1 that needs two approvals; ada asked for it."""
    ada.version(name, auc=0.9)
    applied(ada, name, ABOVE, approvals=2)
    return promoted(ada.ask(name, "1", reason="better"), "PENDING")["promotion_id"]


# --- asking


def test_a_promotion_waits_for_approvals(ada, waiting, name):
    found = ada.promotion(waiting)
    assert (found["status"], found["requested_by"], found["reason"]) == ("PENDING", "ada", "better")
    assert (found["required_approvals"], found.get("approvals", [])) == (2, [])
    assert (found["policy_version"], len(found["evidence_hash"])) == (1, 64)
    assert ada.holder(name) is None
    assert kinds(ada, name) == ["REQUESTED"]


def test_the_last_approval_moves_the_alias(ada, bob, eve, waiting, name):
    half = promoted(bob.decide("approve", waiting, comment="looks good"), "PENDING")
    assert counting(half) == ["bob"]
    assert ada.holder(name) is None
    whole = promoted(eve.decide("approve", waiting))
    assert counting(whole) == ["bob", "eve"]
    assert ada.holder(name) == "1"
    assert ada.promotion(waiting) == whole
    assert kinds(ada, name) == ["REQUESTED", "APPROVED", "APPROVED", "PROMOTED"]
    last = ada.history(name)[0]
    assert (last["user"], last["reason"], last["promotion_id"]) == ("eve", "better", waiting)
    assert [each["user"] for each in last["approvals"]] == ["bob", "eve"]
    assert last["approvals"][0]["comment"] == "looks good"
    assert last["gates"][0]["found"] == "metrics.auc = 0.9"


def test_a_failed_gate_is_refused_at_once_and_needs_nobody(ada, name):
    ada.version(name, auc=0.5)
    applied(ada, name, ABOVE, approvals=1)
    refused = promoted(ada.ask(name, "1"), "REFUSED")
    assert ada.decide("approve", refused["promotion_id"]).status == 409
    assert kinds(ada, name) == ["REFUSED"]


def test_asking_again_is_the_same_promotion(ada, bob, eve, waiting, name):
    promoted(bob.decide("approve", waiting), "PENDING")
    again = promoted(ada.ask(name, "1"), "PENDING")
    assert again["promotion_id"] == waiting
    assert counting(again) == ["bob"]
    promoted(eve.decide("approve", waiting))


def test_what_a_reader_asks_is_not_theirs_to_approve(ada, bob, eve, waiting, name):
    """Bob asks for the same as ada: he is a requester like her, and his approval is not another's."""
    again = promoted(bob.ask(name, "1"), "PENDING")
    if again["promotion_id"] == waiting:
        assert again["requested_by"] == "ada"
    else:
        denied(bob.decide("approve", again["promotion_id"]))


def test_several_versions_may_wait_for_one_alias(ada, bob, eve, waiting, name):
    ada.version(name, auc=0.95)
    other = promoted(ada.ask(name, "2"), "PENDING")["promotion_id"]
    assert other != waiting
    for desk in (bob, eve):
        promoted(bob.decide("approve", waiting) if desk is bob else desk.decide("approve", other), "PENDING")
    promoted(eve.decide("approve", waiting))
    # Whom it replaces is another than when eve approved.
    half = promoted(after_a_look(bob, other), "PENDING")
    assert counting(half) == ["bob"]
    promoted(eve.decide("approve", other))
    assert ada.holder(name) == "2"


# --- who may


def test_nobody_approves_their_own_promotion(ada, waiting, name):
    denied(ada.decide("approve", waiting))
    denied(ada.decide("reject", waiting))
    assert ada.holder(name) is None


def test_a_user_approves_once(bob, ada, waiting, name):
    for _ in range(3):
        promoted(bob.decide("approve", waiting), "PENDING")
    assert counting(ada.promotion(waiting)) == ["bob"]
    assert ada.holder(name) is None


@pytest.mark.parametrize("user", [None, ""])
def test_somebody_unknown_neither_asks_nor_decides(desk_of, ada, waiting, name, user):
    stranger = desk_of(user)
    for what in ("approve", "reject"):
        answer = stranger.decide(what, waiting)
        assert (answer.status, answer.code) == (401, "UNAUTHENTICATED"), answer.text
    assert stranger.decide("cancel", waiting).status in (401, 403)
    ada.version(name, auc=0.9)
    assert stranger.ask(name, "2").status == 401
    assert ada.promotion(waiting)["status"] == "PENDING"


def test_a_name_that_cannot_be_believed_is_refused(desk_of, waiting):
    answer = desk_of("x" * 251).decide("approve", waiting)
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert "longer than 250 characters" in answer.message


def test_spaces_behind_a_name_make_no_other_user(desk_of, waiting):
    denied(desk_of("ada \t").decide("approve", waiting))


def test_the_name_of_the_header_is_read_in_any_case(knowing, waiting):
    desk = Desk(knowing.url)
    desk.session.headers[USER_HEADER.lower()] = "bob"
    promoted(desk.decide("approve", waiting), "PENDING")


def test_users_may_have_names_of_any_letters(desk_of, ada, waiting):
    zoe = desk_of("zoë 🚂".encode())
    assert counting(promoted(zoe.decide("approve", waiting), "PENDING")) == ["zoë 🚂"]


def test_the_body_does_not_say_who_asks(bob, ada, waiting):
    for claim in ("user", "requested_by"):
        answer = bob.decide("approve", waiting, **{claim: "eve"})
        assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
        assert f"'{claim}'" in answer.message
    assert counting(ada.promotion(waiting)) == []


def test_the_last_approval_is_not_given_to_values_that_nobody_saw(ada, bob, name):
    """One approval is enough, and the metric changes between its giver's look and the approval."""
    ada.version(name, auc=0.99)
    applied(ada, name, ABOVE, approvals=1)
    asked = promoted(ada.ask(name, "1"), "PENDING")
    run_id = ada.get("model-versions/get", {"name": name, "version": "1"}).body["model_version"]["run_id"]
    ada.log(run_id, step=1, auc=0.81)
    done = promoted(after_a_look(bob, asked["promotion_id"]))
    assert done["gates"][0]["found"] == "metrics.auc = 0.81"


def test_what_is_cancelled_cannot_be_approved(ada, bob, waiting, name):
    assert ada.rename(name, f"{name}-2").status == 200
    answer = bob.decide("approve", waiting)
    assert (answer.status, answer.code) == (409, "RESOURCE_CONFLICT")
    assert "CANCELLED" in answer.message


def test_somebody_unknown_neither_passes_over_nor_changes_a_policy_with_approvals(nobody, ada, waiting, name):
    for answer in (
        nobody.ask(name, "1", is_override=True, reason="urgent"),
        nobody.drop_policy(name),
        nobody.apply(policy(name, ABOVE)),
    ):
        assert (answer.status, answer.code) == (401, "UNAUTHENTICATED"), answer.text
    assert ada.holder(name) is None
    assert ada.promotion(waiting)["status"] == "PENDING"
    assert ada.policies(name=name)[0]["version"] == 1


def test_a_server_without_identities_refuses_policies_that_need_approvals(start_server, tmp_path, unique_name):
    server = start_server("forebay", f"sqlite:///{tmp_path}/m.db", tmp_path / "artifacts")
    desk = Desk(server.url, "ada")
    name = create_model(desk, unique_name())["name"]
    answer = desk.apply(policy(name, ABOVE, approvals=1))
    assert answer.status == 400
    assert "--trusted-user-header" in answer.message
    file = f"{policy(name, ABOVE)}\n---\n{policy(name, alias='challenger', approvals=1)}"
    assert desk.apply(file).status == 400
    assert desk.policies(name=name) == []
    applied(desk, name, ABOVE)
    assert "created_by" not in desk.policies(name=name)[0]


def test_a_server_that_lost_its_identities_lets_nothing_through(start_server, tmp_path, unique_name):
    uri = f"sqlite:///{tmp_path}/m.db"
    server = start_server("forebay", uri, tmp_path, env={"FOREBAY_TRUSTED_USER_HEADER": USER_HEADER})
    desk = Desk(server.url, "ada")
    name = create_model(desk, unique_name())["name"]
    desk.version(name, auc=0.9)
    applied(desk, name, approvals=1)
    waiting = promoted(desk.ask(name, "1"), "PENDING")["promotion_id"]
    server.stop()
    server = start_server("forebay", uri, tmp_path)
    for user in ("ada", "bob"):
        desk = Desk(server.url, user)
        assert desk.decide("approve", waiting).status == 401
        assert desk.decide("cancel", waiting).status in (401, 403)
        denied(desk.set_alias(name, "1"))
        assert desk.apply(policy(name, approvals=2)).status == 400
    assert desk.holder(name) is None


@pytest.mark.parametrize("flag", ["a b", "X:Y", "ü"])
def test_a_header_that_cannot_be_is_refused_at_the_start(start_server, tmp_path, flag):
    with pytest.raises(ServerDidNotStart) as refused:
        start_server("forebay", f"sqlite:///{tmp_path}/m.db", tmp_path, extra_args=["--trusted-user-header", flag])
    assert "panicked" not in refused.value.log


# --- rejecting and taking back


def test_a_rejected_promotion_is_over(ada, bob, eve, waiting, name):
    promoted(bob.decide("approve", waiting), "PENDING")
    over = promoted(eve.decide("reject", waiting, comment="not on a Friday"), "REJECTED")
    assert ada.promotion(waiting)["status"] == over["status"]
    for desk, what in ((eve, "approve"), (bob, "reject"), (ada, "cancel")):
        answer = desk.decide(what, waiting)
        assert (answer.status, answer.code) == (409, "RESOURCE_CONFLICT")
    assert ada.holder(name) is None
    last = ada.history(name)[0]
    assert (last["kind"], last["user"], last["reason"]) == ("REJECTED", "eve", "not on a Friday")


def test_a_new_promotion_after_a_rejection_begins_without_approvals(ada, bob, eve, waiting, name):
    promoted(bob.decide("approve", waiting), "PENDING")
    promoted(eve.decide("reject", waiting), "REJECTED")
    again = promoted(ada.ask(name, "1"), "PENDING")
    assert again["promotion_id"] != waiting
    assert counting(again) == []
    assert counting(promoted(eve.decide("approve", again["promotion_id"]), "PENDING")) == ["eve"]


def test_only_whoever_asked_takes_a_promotion_back(ada, bob, waiting, name):
    denied(bob.decide("cancel", waiting))
    promoted(ada.decide("cancel", waiting, comment="too early"), "CANCELLED")
    assert bob.decide("approve", waiting).status == 409
    assert kinds(ada, name) == ["REQUESTED", "CANCELLED"]


@pytest.mark.parametrize("body", [{"comment": "x" * 5_001}, {"comment": 5}, {"comment": "a\0b"}, ["x"]], ids=lambda b: str(b)[:20])
def test_a_broken_comment_is_refused(bob, ada, waiting, body):
    for what in ("approve", "reject", "cancel"):
        answer = (ada if what == "cancel" else bob).post(f"{OURS}/promotions/{waiting}/{what}", body)
        assert answer.status == 400, answer.text
    assert ada.promotion(waiting)["status"] == "PENDING"


# --- what an approval is given to


def test_approvals_lapse_with_the_policys_version(ada, bob, eve, waiting, name):
    promoted(bob.decide("approve", waiting), "PENDING")
    applied(ada, name, {"metric": "metrics.auc > 0.85"}, approvals=2)
    half = promoted(after_a_look(eve, waiting), "PENDING")
    assert (counting(half), half["policy_version"]) == (["eve"], 2)
    assert ada.holder(name) is None
    promoted(bob.decide("approve", waiting))


def test_approvals_lapse_with_the_version_of_a_policy_that_came_back(ada, bob, eve, waiting, name):
    promoted(bob.decide("approve", waiting), "PENDING")
    applied(ada, name, {"metric": "metrics.auc > 0.85"}, approvals=2)
    applied(ada, name, ABOVE, approvals=2)
    assert counting(promoted(after_a_look(eve, waiting), "PENDING")) == ["eve"]


def test_approvals_lapse_with_the_evidence(ada, bob, eve, waiting, name):
    promoted(bob.decide("approve", waiting), "PENDING")
    run_id = ada.get("model-versions/get", {"name": name, "version": "1"}).body["model_version"]["run_id"]
    ada.log(run_id, step=1, auc=0.85)
    half = promoted(after_a_look(eve, waiting), "PENDING")
    assert counting(half) == ["eve"]
    assert half["gates"][0]["found"] == "metrics.auc = 0.85"
    assert ada.holder(name) is None


def test_what_is_read_tells_that_an_approval_lapsed(ada, bob, waiting, name):
    """`counts` is whether it was given to what the policy and the values are now."""
    promoted(bob.decide("approve", waiting), "PENDING")
    applied(ada, name, {"metric": "metrics.auc > 0.85"}, approvals=2)
    assert counting(ada.promotion(waiting)) == []
    (listed,) = ada.promotions(name=name, status="PENDING")
    assert counting(listed) == []


def test_approvals_lapse_with_the_holder(ada, bob, eve, name):
    for auc in (0.9, 0.91, 0.92):
        ada.version(name, auc=auc)
    assert ada.set_alias(name, "1").status == 200
    applied(ada, name, NOT_WORSE, approvals=2)
    waiting = promoted(ada.ask(name, "3"), "PENDING")["promotion_id"]
    promoted(bob.decide("approve", waiting), "PENDING")
    promoted(ada.ask(name, "2", is_override=True, reason="urgent"))
    half = promoted(after_a_look(eve, waiting), "PENDING")
    assert counting(half) == ["eve"]
    assert half["previous_version"] == "2"


def test_a_gate_that_fails_by_now_stops_the_last_approval(ada, bob, eve, waiting, name):
    promoted(bob.decide("approve", waiting), "PENDING")
    run_id = ada.get("model-versions/get", {"name": name, "version": "1"}).body["model_version"]["run_id"]
    ada.log(run_id, step=1, auc=0.1)
    assert "metrics.auc > 0.8" in denied(eve.decide("approve", waiting))
    assert ada.holder(name) is None
    assert ada.promotion(waiting)["status"] == "PENDING"


def test_a_tag_that_came_with_a_later_policy_counts(ada, bob, eve, waiting, name):
    promoted(bob.decide("approve", waiting), "PENDING")
    applied(ada, name, VALIDATED, approvals=1)
    assert "tags.validated" in denied(eve.decide("approve", waiting))
    assert ada.tag(name, "1", "validated", "yes").status in (200, 403)


def test_a_tag_that_a_later_policy_asks_for_can_still_be_set(ada, bob, waiting, name):
    """The version was not judged by it yet, so nothing is locked against."""
    applied(ada, name, VALIDATED, approvals=1)
    assert ada.tag(name, "1", "validated", "yes").status == 200
    promoted(after_a_look(bob, waiting))


def test_a_promotion_that_waits_is_done_by_the_policy_that_asks_for_less(ada, bob, waiting, name):
    """With one approval less to give it is either done or still waits; it never stands aside as a second promotion."""
    applied(ada, name, ABOVE)
    promoted(ada.ask(name, "1"))
    assert ada.holder(name) == "1"
    assert ada.promotion(waiting)["status"] != "PENDING"


def test_what_waits_for_the_version_that_holds_the_alias_by_now_is_not_done_twice(ada, bob, eve, waiting, name):
    promoted(ada.ask(name, "1", is_override=True, reason="urgent"))
    for desk in (bob, eve):
        desk.decide("approve", waiting)
    done = [each for each in ada.history(name) if each["kind"] in ("PROMOTED", "OVERRIDDEN")]
    assert [(each["kind"], each.get("from_version")) for each in done] == [("OVERRIDDEN", None)]


def test_approvals_by_case_are_by_different_users(desk_of, ada, waiting):
    """Names are compared as they are: the proxy knows what makes two of them one."""
    assert counting(promoted(desk_of("ADA").decide("approve", waiting), "PENDING")) == ["ADA"]


def test_an_override_passes_over_approvals_and_says_why(ada, waiting, name):
    done = promoted(ada.ask(name, "1", is_override=True, reason="the site is down"))
    assert (done["is_override"], done["reason"]) == (True, "the site is down")
    last = ada.history(name)[0]
    assert (last["kind"], last["user"], last["reason"]) == ("OVERRIDDEN", "ada", "the site is down")
    assert ada.holder(name) == "1"


def test_stages_wait_for_approvals_too(ada, bob, name):
    ada.version(name, auc=0.9)
    applied(ada, name, ABOVE, stage="Production", approvals=1)
    assert "1 approval" in denied(ada.move(name, "1", "Production"))
    waiting = promoted(ada.ask(name, "1", alias=None, stage="Production"), "PENDING")["promotion_id"]
    promoted(bob.decide("approve", waiting))
    assert ada.stage(name, "1") == "Production"

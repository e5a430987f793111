"""Many promotions at once: the alias goes from holder to holder, and no gate is judged by what was so before."""

import collections
import concurrent.futures
import random
import re
import time

import psycopg2
import pytest
from registered import create_model
from test_concurrency import together
from test_promotion import (
    ABOVE,
    NOT_WORSE,
    OURS,
    VALIDATED,
    ada,
    applied,
    bob,
    desk_of,
    fluent,
    knowing,
    name,
    policy,
    promoted,
)
from test_promotion_history import check_chain

pytestmark = pytest.mark.ours

__all__ = ["ada", "bob", "desk_of", "fluent", "knowing", "name"]

MANY = 20


def check_answers(answers, *allowed):
    """No request failed for want of luck."""
    seen = collections.Counter(answer.status for answer in answers)
    assert set(seen) <= set(allowed), [answer.text for answer in answers if answer.status not in allowed][:3]
    return seen


def check_relative(entries):
    """Each promotion compared with the holder that it took the alias from, and was not worse."""
    at = {}
    for entry in reversed(entries):
        if entry["kind"] != "PROMOTED":
            continue
        found = dict(re.findall(r"(\S*metrics\.auc) = ([-0-9.e]+)", entry["gates"][0]["found"]))
        value = float(found["metrics.auc"])
        if "from_version" in entry:
            assert float(found["champion.metrics.auc"]) == at[entry["from_version"]], entry
            assert value >= at[entry["from_version"]] - 0.005, entry
        at[entry["to_version"]] = value


@pytest.mark.parametrize("way", ["ours", "stock", "mixed"])
def test_twenty_promotions_at_once_form_a_chain(desk_of, ada, name, way):
    versions = [ada.version(name, auc=0.5 + i / 100) for i in range(MANY)]
    random.Random(5).shuffle(versions)
    applied(ada, name, NOT_WORSE)

    def work(i):
        desk = desk_of(f"user-{i}")
        if way == "ours" or (way == "mixed" and i % 2):
            return desk.ask(name, versions[i])
        return desk.set_alias(name, versions[i])

    check_answers(together(work, MANY), 200, 403)
    entries = ada.history(name)
    assert collections.Counter(each["kind"] for each in entries)["POLICY_APPLIED"] == 1
    assert len(entries) == MANY + 1
    check_chain(entries, ada.holder(name))
    check_relative(entries)
    # Whoever was best passed whenever its turn came, and nobody passed after it.
    assert ada.holder(name) == str(MANY)


def test_twenty_promotions_of_a_stage_form_a_chain(desk_of, ada, name):
    versions = [ada.version(name, auc=0.5 + i / 100) for i in range(MANY)]
    random.Random(6).shuffle(versions)
    applied(ada, name, {"metric": "metrics.auc >= Production.metrics.auc"}, stage="Production")
    answers = together(lambda i: desk_of().ask(name, versions[i], alias=None, stage="Production"), MANY)
    check_answers(answers, 200)
    in_stage = [each for each in versions if ada.stage(name, each) == "Production"]
    assert in_stage == [str(MANY)]
    check_chain(ada.history(name, stage="Production"), str(MANY))


def test_promotions_whose_files_are_looked_at_form_a_chain(desk_of, ada, name, fluent, tmp_path):
    """Files are read before the transaction; whoever looked at another holder looks again, however often it takes."""
    (tmp_path / "MLmodel").write_text("flavors:\n  python_function:\n    loader_module: a\nmodel_uuid: a\n")
    versions = []
    for _ in range(12):
        run_id = fluent.create_run("0").info.run_id
        fluent.log_artifacts(run_id, str(tmp_path), "model")
        source = fluent.get_run(run_id).info.artifact_uri + "/model"
        body = {"name": name, "source": source, "run_id": run_id}
        versions.append(ada.post("model-versions/create", body).body["model_version"]["version"])
    applied(ada, name, {"signature": "compatible"}, {"artifacts": "complete"})
    answers = together(lambda i: desk_of().ask(name, versions[i]), len(versions))
    check_answers(answers, 200)
    assert {answer.body["promotion"]["status"] for answer in answers} == {"COMPLETED"}
    check_chain(ada.history(name), ada.holder(name))


def test_deleting_the_alias_meanwhile_breaks_nothing(desk_of, ada, name):
    versions = [ada.version(name, auc=0.5 + i / 100) for i in range(MANY)]
    applied(ada, name, NOT_WORSE)

    def work(i):
        desk = desk_of()
        return desk.delete_alias(name) if i % 3 == 0 else desk.set_alias(name, versions[i])

    for _ in range(3):
        check_answers(together(work, MANY), 200, 403)
    entries = ada.history(name)
    check_chain(entries, ada.holder(name))
    # Taking the alias away never lets a worse version pass than the one that held it.
    best = 0.0
    for entry in reversed(entries):
        if entry["kind"] == "PROMOTED":
            value = float(re.match(r"metrics.auc = ([0-9.]+)", entry["gates"][0]["found"])[1])
            assert value >= best - 0.005, entry
            best = value


def test_deleting_versions_meanwhile_breaks_nothing(desk_of, ada, name):
    versions = [ada.version(name, auc=0.9) for _ in range(MANY)]
    applied(ada, name, NOT_WORSE)

    def work(i):
        desk = desk_of()
        if i % 2:
            return desk.delete("model-versions/delete", {"name": name, "version": versions[i]})
        return desk.ask(name, versions[i + 1 if i % 4 else i])

    check_answers(together(work, MANY), 200, 404)
    check_chain(ada.history(name), ada.holder(name))
    if ada.holder(name):
        assert ada.get("model-versions/get", {"name": name, "version": ada.holder(name)}).status == 200


def test_applying_policies_meanwhile_leaves_nothing_unjudged(desk_of, ada, name):
    versions = [ada.version(name, auc=0.5) for _ in range(MANY)]
    yaml = policy(name, ABOVE)

    def work(i):
        desk = desk_of()
        if i == MANY // 2:
            return desk.apply(yaml)
        return desk.ask(name, versions[i]) if i % 2 else desk.set_alias(name, versions[i])

    check_answers(together(work, MANY), 200, 403)
    entries = ada.history(name)
    check_chain(entries, ada.holder(name))
    kinds = [each["kind"] for each in reversed(entries)]
    after = kinds[kinds.index("POLICY_APPLIED") + 1 :]
    assert set(after) <= {"REFUSED"}
    assert all(each["policy_version"] == 1 for each in entries if each["kind"] == "REFUSED")


def test_one_policy_applied_by_many_becomes_one_version(desk_of, ada, name):
    yaml = policy(name, ABOVE)
    answers = together(lambda _: desk_of().apply(yaml), 10)
    check_answers(answers, 200)
    kept = [answer.body["policies"][0] for answer in answers]
    assert {each["version"] for each in kept} == {1}
    assert sum(not each["is_unchanged"] for each in kept) == 1
    answers = together(lambda i: desk_of().apply(policy(name, {"metric": f"metrics.auc > 0.{i + 10}"})), 10)
    assert sorted(answer.body["policies"][0]["version"] for answer in answers) == list(range(2, 12))


def test_approvals_of_many_complete_a_promotion_once(desk_of, ada, name):
    ada.version(name, auc=0.9)
    applied(ada, name, ABOVE, approvals=3)
    waiting = promoted(ada.ask(name, "1"), "PENDING")["promotion_id"]
    answers = together(lambda i: desk_of(f"user-{i}").decide("approve", waiting), 10)
    seen = check_answers(answers, 200, 409)
    assert seen[200] == 3
    states = collections.Counter(answer.body["promotion"]["status"] for answer in answers if answer.status == 200)
    assert states == {"PENDING": 2, "COMPLETED": 1}
    kinds = collections.Counter(each["kind"] for each in ada.history(name))
    assert kinds == {"POLICY_APPLIED": 1, "REQUESTED": 1, "APPROVED": 3, "PROMOTED": 1}
    assert len(ada.history(name)[0]["approvals"]) == 3


def test_one_user_who_approves_at_once_counts_once(desk_of, ada, name):
    ada.version(name, auc=0.9)
    applied(ada, name, ABOVE, approvals=2)
    waiting = promoted(ada.ask(name, "1"), "PENDING")["promotion_id"]
    check_answers(together(lambda _: desk_of("bob").decide("approve", waiting), 8), 200)
    assert [each["user"] for each in ada.promotion(waiting)["approvals"]] == ["bob"]
    assert ada.holder(name) is None


def test_one_decision_wins(desk_of, ada, name):
    for _ in range(3):
        version = ada.version(name, auc=0.9)
        applied(ada, name, ABOVE, approvals=1)
        waiting = promoted(ada.ask(name, version), "PENDING")["promotion_id"]
        ways = [("approve", "bob"), ("reject", "eve"), ("cancel", "ada")] * 3
        answers = together(lambda i: desk_of(ways[i][1]).decide(ways[i][0], waiting), len(ways))
        assert check_answers(answers, 200, 409)[200] == 1
        (won,) = [answer.body["promotion"]["status"] for answer in answers if answer.status == 200]
        assert ada.promotion(waiting)["status"] == won
        assert (ada.holder(name) == version) == (won == "COMPLETED")


def test_the_same_request_of_many_waits_once(desk_of, ada, name):
    ada.version(name, auc=0.9)
    applied(ada, name, ABOVE, approvals=1)
    answers = together(lambda _: desk_of("ada").ask(name, "1"), 10)
    check_answers(answers, 200)
    assert len({answer.body["promotion"]["promotion_id"] for answer in answers}) == 1
    assert len(ada.promotions(name=name)) == 1


def test_a_tag_does_not_change_between_judgement_and_move(desk_of, ada, name):
    for _ in range(5):
        version = ada.version(name, tags={"validated": "yes"})
        applied(ada, name, VALIDATED, approvals=1)
        waiting = promoted(ada.ask(name, version), "PENDING")["promotion_id"]

        def work(i, version=version, waiting=waiting):
            if i % 4 == 0:
                return desk_of("bob").decide("approve", waiting)
            return desk_of().tag(name, version, "validated", "no")

        answers = together(work, 8)
        check_answers(answers, 200, 403, 409)
        found = ada.get("model-versions/get", {"name": name, "version": version}).body["model_version"]
        assert {each["key"]: each["value"] for each in found["tags"]} == {"validated": "yes"}
        assert ada.holder(name) == version


def test_a_promotion_and_a_change_of_its_tag_come_one_after_the_other(desk_of, ada, name):
    """Without approvals the tag is free until the move: either it moved and the tag is locked, or it was refused."""
    applied(ada, name, VALIDATED)
    for _ in range(8):
        version = ada.version(name, tags={"validated": "yes"})

        def work(i, version=version):
            if i % 2:
                return desk_of().ask(name, version)
            return desk_of().tag(name, version, "validated", "no")

        check_answers(together(work, 6), 200, 403)
        found = ada.get("model-versions/get", {"name": name, "version": version}).body["model_version"]
        tag = {each["key"]: each["value"] for each in found["tags"]}["validated"]
        assert (ada.holder(name) == version) == (tag == "yes")


def test_renaming_meanwhile_loses_no_policy(desk_of, ada, name, unique_name):
    for _ in range(MANY):
        ada.version(name, auc=0.5)
    applied(ada, name, ABOVE)
    new = unique_name("-new")

    def work(i):
        desk = desk_of()
        if i == 3:
            return desk.rename(name, new)
        return desk.set_alias(name if i % 2 else new, str(i + 1))

    check_answers(together(work, MANY), 200, 403, 404)
    assert ada.holder(new) is None
    assert (len(ada.policies(name=name)), len(ada.policies(name=new))) == (1, 1)


def test_deleting_the_model_meanwhile_breaks_nothing(desk_of, ada, unique_name):
    for _ in range(3):
        name = create_model(ada, unique_name())["name"]
        for _ in range(6):
            ada.version(name, auc=0.9)
        applied(ada, name, NOT_WORSE)

        def work(i, name=name):
            desk = desk_of()
            return desk.delete_model(name) if i == 5 else desk.ask(name, str(i + 1))

        check_answers(together(work, 6), 200, 404)
        assert ada.get("registered-models/get", {"name": name}).status == 404
        check_chain_to_the_end(ada.history(name))


def check_chain_to_the_end(entries):
    """The model's end takes away what the last move gave."""
    last = entries[0]
    assert last["kind"] == "MODEL_DELETED"
    moved = [each for each in entries if each["kind"] == "PROMOTED"]
    assert last.get("from_version") == (moved[0]["to_version"] if moved else None)


def test_everything_at_once_fails_nowhere(desk_of, ada, name):
    """No order of locks lets two wait for each other: aliases, stages, tags, versions, policies and descriptions."""
    for _ in range(8):
        ada.version(name, auc=0.9, tags={"validated": "yes"})
    applied(ada, name, NOT_WORSE, VALIDATED)
    applied(ada, name, ABOVE, stage="Production")

    def work(i):
        desk, chance = desk_of(f"user-{i}"), random.Random(i)
        answers = []
        for turn in range(10):
            version = str(chance.randint(1, 8))
            steps = [
                lambda v: desk.ask(name, v),
                lambda v: desk.set_alias(name, v),
                lambda _: desk.delete_alias(name),
                lambda _: desk.roll_back(name),
                lambda v: desk.move(name, v, "Production", archive=True),
                lambda v: desk.move(name, v, "None"),
                lambda v: desk.tag(name, v, "validated", "yes"),
                lambda v: desk.set_alias(name, v, alias="other"),
                lambda _, t=turn: desk.apply(policy(name, {"metric": f"metrics.auc > 0.{t + 1}"}, stage="Production")),
                lambda v: desk.patch("model-versions/update", {"name": name, "version": v, "description": "d"}),
                lambda _: desk.get(f"{OURS}/promotions", {"name": name}),
            ]
            answers.append(chance.choice(steps)(version))
        return answers

    answers = [answer for own in together(work, 12) for answer in own]
    check_answers(answers, 200, 403, 404)
    check_chain(ada.history(name, alias="champion"), ada.holder(name))
    check_chain(ada.history(name, alias="other"), ada.holder(name, "other"))


def test_leaving_stages_and_deleting_aliases_do_not_wait_for_each_other(desk_of, ada, name):
    """No policy at all: a model is taken out of its stage while aliases and tags come and go, as in MLflow."""
    for _ in range(4):
        ada.version(name)

    def work(i):
        desk, answers = desk_of(), []
        for turn in range(5):
            version = str(turn % 4 + 1)
            if i % 3 == 0:
                answers.append(desk.move(name, version, "None"))
            elif i % 3 == 1:
                answers.append(desk.delete_alias(name))
            else:
                answers.append(desk.set_alias(name, version))
        return answers

    before = time.monotonic()
    check_answers([answer for own in together(work, 9) for answer in own], 200)
    assert time.monotonic() - before < 15


def test_the_history_of_an_alias_without_a_policy_is_a_chain_too(desk_of, ada, name):
    versions = [ada.version(name) for _ in range(MANY)]

    def work(i):
        desk = desk_of()
        return desk.ask(name, versions[i]) if i % 2 else desk.set_alias(name, versions[i])

    for _ in range(3):
        check_answers(together(work, MANY), 200)
    check_chain(ada.history(name), ada.holder(name))


def test_a_tag_that_is_being_changed_is_not_judged_as_it_was(database, knowing, desk_of, ada, name):
    """The change begins before there is a policy, and ends after the version was promoted by the old value."""
    if database != "postgres":
        pytest.skip("SQLite lets nobody write meanwhile")
    version = ada.version(name, tags={"validated": "yes"})
    arguments = knowing.process.args
    uri = arguments[arguments.index("--backend-store-uri") + 1].replace("+psycopg2", "")
    blocker = psycopg2.connect(uri)
    try:
        rows = blocker.cursor()
        rows.execute("SELECT 1 FROM model_version_tags WHERE name = %s AND key = 'validated' FOR UPDATE", (name,))
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            changing = pool.submit(lambda: desk_of().tag(name, version, "validated", "no"))
            wait_for_a_lock(uri)
            judged = pool.submit(lambda: (desk_of().apply(policy(name, VALIDATED)), desk_of().ask(name, version)))
            concurrent.futures.wait([judged], timeout=5)
            blocker.rollback()
            check_answers([changing.result(), *judged.result()], 200, 403)
    finally:
        blocker.close()
    found = ada.get("model-versions/get", {"name": name, "version": version}).body["model_version"]
    tag = {each["key"]: each["value"] for each in found["tags"]}["validated"]
    assert (ada.holder(name) == version) == (tag == "yes")


def wait_for_a_lock(uri):
    """Until some statement of the server waits for another transaction."""
    watcher = psycopg2.connect(uri)
    watcher.autocommit = True
    rows, deadline = watcher.cursor(), time.monotonic() + 10
    try:
        while time.monotonic() < deadline:
            rows.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
            if rows.fetchone()[0]:
                return
        pytest.fail("nothing waits")
    finally:
        watcher.close()


def test_other_models_are_not_in_the_way(desk_of, ada, unique_name):
    names = [create_model(ada, unique_name(f"-{i}"))["name"] for i in range(5)]
    for each in names:
        for _ in range(4):
            ada.version(each, auc=0.9)
        applied(ada, each, NOT_WORSE)
    check_answers(together(lambda i: desk_of().set_alias(names[i % 5], str(i // 5 + 1)), MANY), 200)
    for each in names:
        check_chain(ada.history(each), ada.holder(each))

"""Nothing gets past a promotion policy: not the stock client, and none of the ways around it that one can think of."""

import json

import mlflow
import pytest
from mlflow.exceptions import MlflowException, RestException
from registered import SOURCE, create_model
from test_promotion import (
    ABOVE,
    NOT_WORSE,
    OURS,
    VALIDATED,
    ada,
    applied,
    bob,
    denied,
    desk_of,
    eve,
    knowing,
    name,
    promoted,
    policy,
)

pytestmark = pytest.mark.ours

__all__ = ["ada", "bob", "desk_of", "eve", "knowing", "name"]

PRODUCTION = {"metric": "metrics.auc >= Production.metrics.auc - 0.005"}


@pytest.fixture
def stock(knowing):
    return mlflow.MlflowClient(knowing.url, knowing.url)


def moves(desk, name, **params):
    """What the history says of where the alias or stage went, the first first."""
    kinds = ("SET", "PROMOTED", "OVERRIDDEN", "ROLLED_BACK", "REMOVED")
    entries = [each for each in desk.history(name, **params) if each["kind"] in kinds]
    return [(each["kind"], each.get("from_version"), each.get("to_version")) for each in reversed(entries)]


@pytest.fixture
def guarded(ada, name):
    """A model whose champion, version 1, has 0.9; version 2 has 0.5 and version 3 0.91."""
    for auc in (0.9, 0.5, 0.91):
        ada.version(name, auc=auc)
    applied(ada, name, NOT_WORSE)
    promoted(ada.ask(name, "1"))
    return name


# --- the stock client


def test_the_stock_client_is_refused_with_the_reason(stock, ada, guarded):
    with pytest.raises(RestException) as refused:
        stock.set_registered_model_alias(guarded, "champion", "2")
    assert refused.value.error_code == "PERMISSION_DENIED"
    assert refused.value.get_http_status_code() == 403
    assert "metrics.auc >= champion.metrics.auc - 0.005" in str(refused.value)
    assert "0.5" in str(refused.value)
    assert ada.holder(guarded) == "1"
    stock.set_registered_model_alias(guarded, "champion", "3")
    assert ada.holder(guarded) == "3"
    assert moves(ada, guarded) == [("PROMOTED", None, "1"), ("PROMOTED", "1", "3")]


def test_the_stock_client_is_told_how_to_ask_for_approval(stock, ada, name):
    ada.version(name)
    applied(ada, name, approvals=2)
    with pytest.raises(RestException) as refused:
        stock.set_registered_model_alias(name, "champion", "1")
    assert refused.value.error_code == "PERMISSION_DENIED"
    assert "2 approvals" in str(refused.value)
    assert "/api/2.0/forebay/promotions" in str(refused.value)
    assert ada.holder(name) is None


def test_a_stage_is_refused_with_the_reason(stock, ada, name):
    for auc in (0.9, 0.5):
        ada.version(name, auc=auc)
    applied(ada, name, ABOVE, stage="Production")
    for spelling in ("Production", "production", "PRODUCTION"):
        for archive in (True, False):
            with pytest.raises(RestException) as refused:
                stock.transition_model_version_stage(name, "2", spelling, archive)
            assert refused.value.error_code == "PERMISSION_DENIED"
            assert "metrics.auc > 0.8" in str(refused.value)
    assert ada.stage(name, "2") == "None"
    assert stock.transition_model_version_stage(name, "1", "Production").current_stage == "Production"
    assert stock.transition_model_version_stage(name, "2", "Staging").current_stage == "Staging"


def test_the_ajax_api_is_no_back_door(ada, guarded):
    body = {"name": guarded, "alias": "champion", "version": "2"}
    denied(ada.post("/ajax-api/2.0/mlflow/registered-models/alias", body))
    assert ada.holder(guarded) == "1"


def test_other_aliases_and_models_are_as_in_mlflow(ada, guarded, unique_name):
    assert ada.set_alias(guarded, "2", alias="challenger").status == 200
    assert ada.set_alias(guarded, "2", alias="Champion").status == 200
    other = create_model(ada, unique_name("-other"))["name"]
    ada.version(other, auc=0.1)
    assert ada.set_alias(other, "1").status == 200
    assert ada.delete_alias(other).status == 200
    assert ada.set_alias(other, "1").status == 200
    assert moves(ada, other) == [("SET", None, "1"), ("REMOVED", "1", None), ("SET", None, "1")]


def test_prompts_obey_policies_too(stock, ada, unique_name):
    prompt = stock.register_prompt(unique_name(), "Say {{word}}")
    stock.register_prompt(prompt.name, "Say {{word}}!")
    applied(ada, prompt.name, VALIDATED, alias="production")
    with pytest.raises(MlflowException, match="PERMISSION_DENIED"):
        stock.set_prompt_alias(prompt.name, "production", 2)
    stock.set_prompt_version_tag(prompt.name, 2, "validated", "yes")
    stock.set_prompt_alias(prompt.name, "production", 2)
    assert ada.holder(prompt.name, "production") == "2"
    with pytest.raises(MlflowException, match="PERMISSION_DENIED"):
        stock.delete_prompt_version_tag(prompt.name, 2, "validated")


def test_latest_goes_its_own_way(stock, ada, guarded):
    assert "reserved" in ada.apply(json.dumps({"model": guarded, "alias": "latest", "approvals": 1})).message
    assert ada.ask(guarded, "2", alias="latest").status == 400
    assert stock.get_model_version_by_alias(guarded, "latest").version == "3"


def test_a_missing_version_is_not_found_and_not_refused(ada, guarded):
    for version in ("9", "0"):
        assert ada.set_alias(guarded, version).status == 404
        assert ada.ask(guarded, version).status == 404


# --- the alias


def test_deleting_the_alias_does_not_forget_the_holder(ada, guarded):
    assert ada.delete_alias(guarded).status == 200
    assert ada.holder(guarded) is None
    assert "champion.metrics.auc = 0.9" in denied_values(ada, guarded, "2")
    denied(ada.set_alias(guarded, "2"))
    assert ada.set_alias(guarded, "3").status == 200


def denied_values(desk, name, version, **target):
    refused = promoted(desk.ask(name, version, **target), "REFUSED")
    return " ".join(gate.get("found", "") for gate in refused["gates"])


def test_deleting_the_alias_twice_does_not_forget_the_holder(ada, guarded):
    for _ in range(2):
        assert ada.delete_alias(guarded).status == 200
    denied(ada.set_alias(guarded, "2"))


def test_deleting_the_version_that_holds_the_alias_does_not_forget_it(ada, guarded):
    assert ada.delete("model-versions/delete", {"name": guarded, "version": "1"}).status == 200
    assert ada.holder(guarded) is None
    denied(ada.set_alias(guarded, "2"))
    assert moves(ada, guarded)[-1] == ("REMOVED", "1", None)


def test_an_alias_that_was_set_before_all_policies_is_the_holder(ada, name):
    for auc in (0.9, 0.5):
        ada.version(name, auc=auc)
    assert ada.set_alias(name, "1").status == 200
    applied(ada, name, NOT_WORSE)
    assert ada.delete_alias(name).status == 200
    denied(ada.set_alias(name, "2"))


# --- the model's name


def test_deleting_and_recreating_the_model_does_not_forget_the_holder(ada, guarded):
    assert ada.delete_model(guarded).status == 200
    create_model(ada, guarded)
    ada.version(guarded, auc=0.5)
    denied(ada.set_alias(guarded, "1"))
    assert ada.policies(name=guarded)[0]["version"] == 1
    ada.version(guarded, auc=0.9)
    assert ada.set_alias(guarded, "2").status == 200


def test_a_renamed_model_takes_its_policy_along(ada, guarded, unique_name):
    new = unique_name("-new")
    assert ada.rename(guarded, new).status == 200
    assert ada.holder(new) == "1"
    denied(ada.set_alias(new, "2"))
    assert ada.set_alias(new, "3").status == 200


def test_the_old_name_keeps_its_policy(ada, guarded, unique_name):
    assert ada.rename(guarded, unique_name("-new")).status == 200
    create_model(ada, guarded)
    ada.version(guarded, auc=0.5)
    denied(ada.set_alias(guarded, "1"))


def test_renaming_to_and_fro_changes_nothing(ada, guarded, unique_name):
    new = unique_name("-new")
    assert ada.rename(guarded, new).status == 200
    assert ada.rename(new, guarded).status == 200
    assert ada.holder(guarded) == "1"
    denied(ada.set_alias(guarded, "2"))


def test_a_model_with_a_holder_of_its_own_does_not_slip_under_a_policy(ada, guarded, unique_name):
    """The alias was set where nothing guards it, and then the model takes the guarded name."""
    forged = create_model(ada, unique_name("-forged"))["name"]
    ada.version(forged, auc=0.1)
    assert ada.set_alias(forged, "1").status == 200
    assert ada.rename(guarded, unique_name("-away")).status == 200
    denied(ada.rename(forged, guarded))


def test_a_past_holder_of_another_model_is_not_whom_to_compare_with(ada, guarded, unique_name):
    """The alias was taken away again before the model takes the guarded name; 0.9 is still what has to be reached."""
    forged = create_model(ada, unique_name("-forged"))["name"]
    for auc in (0.1, 0.2):
        ada.version(forged, auc=auc)
    assert ada.set_alias(forged, "1").status == 200
    assert ada.delete_alias(forged).status == 200
    assert ada.delete_model(guarded).status == 200
    assert ada.rename(forged, guarded).status == 200
    denied(ada.set_alias(guarded, "2"))


def test_a_twin_with_a_worse_holder_does_not_take_the_name(ada, guarded, unique_name):
    """The same policy let a worse version pass elsewhere, where nothing was there to compare with."""
    twin = create_model(ada, unique_name("-twin"))["name"]
    ada.version(twin, auc=0.1)
    applied(ada, twin, NOT_WORSE)
    promoted(ada.ask(twin, "1"))
    assert ada.delete_model(guarded).status == 200
    if ada.rename(twin, guarded).status == 200:
        assert ada.holder(guarded) is None
    else:
        denied(ada.rename(twin, guarded))


def test_a_roll_back_does_not_lead_to_a_version_of_another_model(ada, guarded, unique_name):
    """After a rename the old name has a history, in which 1 is another version than the 1 that it has now."""
    assert ada.rename(guarded, unique_name("-away")).status == 200
    create_model(ada, guarded)
    ada.version(guarded, auc=0.1)
    answer = ada.roll_back(guarded)
    assert answer.status == 404, answer.text
    assert ada.holder(guarded) is None


def test_a_roll_back_does_not_lead_to_a_version_of_a_model_that_took_the_name(ada, guarded, unique_name):
    forged = create_model(ada, unique_name("-forged"))["name"]
    ada.version(forged, auc=0.1)
    assert ada.rename(guarded, unique_name("-away")).status == 200
    assert ada.rename(forged, guarded).status == 200
    assert ada.roll_back(guarded).status == 404
    assert ada.holder(guarded) is None


def test_a_renamed_model_can_still_be_rolled_back(ada, guarded, unique_name):
    promoted(ada.ask(guarded, "3"))
    new = unique_name("-new")
    assert ada.rename(guarded, new).status == 200
    done = promoted(ada.roll_back(new))
    assert (done["previous_version"], done["version"]) == ("3", "1")


def test_a_roll_back_does_not_lead_to_what_was_set_before_the_policy(ada, name):
    """Version 1 never passed the policy: to let it return would be a way around it."""
    for auc in (0.1, 0.9):
        ada.version(name, auc=auc)
    assert ada.set_alias(name, "1").status == 200
    applied(ada, name, ABOVE)
    promoted(ada.ask(name, "2"))
    answer = ada.roll_back(name)
    assert answer.status in (200, 403)
    if answer.status == 200:
        assert moves(ada, name)[-1] == ("ROLLED_BACK", "2", "1")


def test_a_copy_is_judged_like_any_version(stock, ada, guarded, unique_name):
    origin = create_model(ada, unique_name("-origin"))["name"]
    ada.version(origin, auc=0.5)
    assert ada.set_alias(origin, "1").status == 200
    copy = stock.copy_model_version(f"models:/{origin}@champion", guarded)
    assert ada.holder(guarded) == "1"
    denied(ada.set_alias(guarded, copy.version))


# --- stages


@pytest.fixture
def staged(ada, name):
    """A model with version 1 (0.9) in Production, and versions 2 (0.5) and 3 (0.91) nowhere."""
    for auc in (0.9, 0.5, 0.91):
        ada.version(name, auc=auc)
    applied(ada, name, PRODUCTION, stage="Production")
    promoted(ada.ask(name, "1", alias=None, stage="Production"))
    return name


def test_leaving_a_stage_does_not_forget_the_holder(ada, staged):
    for stage in ("None", "Staging", "Archived"):
        assert ada.move(staged, "1", stage).status == 200
        denied(ada.move(staged, "2", "Production"))
    assert ada.move(staged, "3", "Production").status == 200


def test_deleting_what_is_in_a_stage_does_not_forget_it(ada, staged):
    assert ada.delete("model-versions/delete", {"name": staged, "version": "1"}).status == 200
    denied(ada.move(staged, "2", "Production"))


def test_what_joins_others_in_a_stage_is_judged(ada, staged):
    denied(ada.move(staged, "2", "Production", archive=False))
    denied(ada.move(staged, "2", "Production", archive=True))
    assert [ada.stage(staged, each) for each in "12"] == ["Production", "None"]


def test_a_policy_is_for_what_is_in_use_and_not_for_the_archive(ada, name):
    answer = ada.apply(policy(name, ABOVE, stage="Archived"))
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert "Staging or Production" in answer.message


def test_what_is_archived_along_is_in_the_history_of_the_archive(ada, name):
    for _ in range(2):
        ada.version(name)
    assert ada.move(name, "1", "Production").status == 200
    assert ada.move(name, "2", "Production", archive=True).status == 200
    assert ada.stage(name, "1") == "Archived"
    assert ("SET", None, "1") in moves(ada, name, stage="Archived")


def test_the_history_of_a_stage_tells_who_holds_it(ada, name):
    """With several versions in a stage the highest is its holder, also when a lower one comes later."""
    for auc in (0.9, 0.91):
        ada.version(name, auc=auc)
    applied(ada, name, ABOVE, stage="Production")
    assert ada.move(name, "2", "Production").status == 200
    assert ada.move(name, "1", "Production").status == 200
    assert [ada.stage(name, each) for each in "12"] == ["Production", "Production"]
    done = promoted(ada.roll_back(name, alias=None, stage="Production"))
    assert done["version"] != done.get("previous_version")
    assert ada.stage(name, done["version"]) == "Production"


def test_the_holder_of_a_stage_is_not_swapped_by_taking_the_highest_away(ada, name):
    """Version 1 came before the policy; when version 2 leaves, version 1 is left, and whoever comes next must beat 2."""
    for auc in (0.1, 0.9, 0.2):
        ada.version(name, auc=auc)
    assert ada.move(name, "1", "Production").status == 200
    applied(ada, name, PRODUCTION, stage="Production")
    assert ada.move(name, "2", "Production").status == 200
    assert ada.move(name, "2", "Staging").status == 200
    denied(ada.move(name, "3", "Production"))


# --- locked tags


@pytest.fixture
def tagged(ada, name):
    """A model whose champion, version 1, is validated; version 2 is not."""
    ada.version(name, tags={"validated": "yes", "free": "yes"})
    ada.version(name)
    applied(ada, name, VALIDATED)
    promoted(ada.ask(name, "1"))
    return name


def test_a_tag_of_the_holder_is_locked(stock, ada, tagged):
    assert "locked" in denied(ada.tag(tagged, "1", "validated", "no"))
    denied(ada.delete("model-versions/delete-tag", {"name": tagged, "version": "1", "key": "validated"}))
    with pytest.raises(RestException, match="PERMISSION_DENIED"):
        stock.set_model_version_tag(tagged, "1", "validated", "no")
    assert ada.tag(tagged, "1", "free", "no").status == 200
    assert ada.tag(tagged, "2", "validated", "no").status == 200
    assert stock.get_model_version(tagged, "1").tags == {"validated": "yes", "free": "no"}


def test_a_tag_is_locked_while_its_version_waits(ada, bob, name):
    ada.version(name, tags={"validated": "yes"})
    applied(ada, name, VALIDATED, approvals=1)
    waiting = promoted(ada.ask(name, "1"), "PENDING")
    denied(ada.tag(name, "1", "validated", "no"))
    assert ada.decide("cancel", waiting["promotion_id"]).status == 200
    assert ada.tag(name, "1", "validated", "no").status == 200


def test_a_tag_is_free_again_when_nothing_was_judged_by_it(ada, tagged):
    assert ada.delete_alias(tagged).status == 200
    assert ada.tag(tagged, "1", "validated", "no").status == 200
    denied(ada.set_alias(tagged, "1"))


def test_a_locked_tag_stays_locked_under_a_new_name(ada, tagged, unique_name):
    new = unique_name("-new")
    assert ada.rename(tagged, new).status == 200
    denied(ada.tag(new, "1", "validated", "no"))


def test_a_tag_of_a_stages_holder_is_locked(ada, name):
    for _ in range(2):
        ada.version(name, tags={"validated": "yes"})
    applied(ada, name, VALIDATED, stage="Production")
    for version in "21":
        assert ada.move(name, version, "Production").status == 200
    for version in "12":
        assert "locked" in denied(ada.tag(name, version, "validated", "no"))


# --- policies of more than one alias


def test_deleting_one_policy_leaves_what_waits_under_another(ada, bob, name):
    ada.version(name)
    applied(ada, name, approvals=1)
    applied(ada, name, approvals=1, alias="challenger")
    waiting = promoted(ada.ask(name, "1", alias="challenger"), "PENDING")
    assert ada.drop_policy(name, alias="champion").status == 200
    assert ada.promotion(waiting["promotion_id"])["status"] == "PENDING"
    promoted(bob.decide("approve", waiting["promotion_id"]))


def test_what_waits_is_pointless_when_its_version_is_deleted(ada, bob, name):
    ada.version(name)
    applied(ada, name, approvals=1)
    waiting = promoted(ada.ask(name, "1"), "PENDING")
    assert ada.delete("model-versions/delete", {"name": name, "version": "1"}).status == 200
    assert ada.promotion(waiting["promotion_id"])["status"] == "CANCELLED"


def test_what_waits_is_pointless_when_its_model_is_deleted_or_renamed(ada, bob, name, unique_name):
    ada.version(name)
    applied(ada, name, approvals=1)
    first = promoted(ada.ask(name, "1"), "PENDING")
    new = unique_name("-new")
    assert ada.rename(name, new).status == 200
    second = promoted(ada.ask(new, "1"), "PENDING")
    assert ada.delete_model(new).status == 200
    create_model(ada, new)
    ada.version(new)
    for waiting in (first, second):
        assert ada.promotion(waiting["promotion_id"])["status"] == "CANCELLED"
        assert bob.decide("approve", waiting["promotion_id"]).status in (404, 409)
    assert ada.holder(new) is None


# --- the source of a version


def test_a_version_does_not_borrow_the_metrics_of_a_run_that_it_is_not_of(ada, guarded):
    """A version says itself which run it is of; for a bucket nobody checks that."""
    good = ada.run(auc=0.99)
    body = {"name": guarded, "source": "s3://bucket/somebody-elses-model", "run_id": good}
    answer = ada.post("model-versions/create", body)
    assert answer.status == 200
    # As MLflow does. The evidence at least tells whose metrics they are.
    assert answer.body["model_version"]["run_id"] == good


def test_a_foreign_page_does_not_promote(ada, guarded, knowing):
    headers = {"Origin": "https://evil.example"}
    body = {"name": guarded, "version": "3", "alias": "champion"}
    assert ada.post(f"/ajax-api{OURS.removeprefix('/api')}/promotions", body, headers=headers).status == 403
    assert ada.holder(guarded) == "1"


def test_sources_by_alias_are_resolved_once(ada, guarded, unique_name):
    other = create_model(ada, unique_name("-other"))["name"]
    body = {"name": other, "source": f"models:/{guarded}@champion"}
    made = ada.post("model-versions/create", body).body["model_version"]
    assert made["source"] == f"models:/{guarded}/1"
    assert SOURCE not in made["source"]

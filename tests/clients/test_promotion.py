"""Promotion policies and their gates: what is taken, what is refused and why, and what an alias needs to move."""

import json
import math
import pathlib
import time

import mlflow
import numpy as np
import pandas as pd
import pytest
from conftest import Api
from mlflow.models import ModelSignature
from mlflow.types.schema import ColSpec, Schema
from registered import SOURCE, create_model, post
from sklearn.linear_model import LogisticRegression

pytestmark = pytest.mark.ours

OURS = "/api/2.0/forebay"
USER_HEADER = "X-Forwarded-User"
NEEDS = ["scikit-learn"]


# --- what all tests of promotions use


class Desk(Api):
    """Raw REST as one user: MLflow's API and ours."""

    def __init__(self, url, user=None):
        super().__init__(url)
        if user is not None:
            self.session.headers[USER_HEADER] = user

    def apply(self, yaml):
        return self.post(f"{OURS}/promotion-policies", {"yaml": yaml})

    def policies(self, **params):
        answer = self.get(f"{OURS}/promotion-policies", params)
        assert answer.status == 200, answer.text
        return answer.body.get("policies", [])

    def drop_policy(self, name, alias="champion", **fields):
        return self.delete(f"{OURS}/promotion-policies", {"name": name, **({"alias": alias} if alias else {}), **fields})

    def ask(self, name, version, alias="champion", **fields):
        target = {"alias": alias} if alias else {}
        return self.post(f"{OURS}/promotions", {"name": name, "version": str(version), **target, **fields})

    def decide(self, what, promotion_id, **fields):
        return self.post(f"{OURS}/promotions/{promotion_id}/{what}", fields)

    def roll_back(self, name, alias="champion", **fields):
        target = {"alias": alias} if alias else {}
        return self.post(f"{OURS}/promotions/rollback", {"name": name, **target, **fields})

    def promotion(self, promotion_id):
        answer = self.get(f"{OURS}/promotions/{promotion_id}")
        assert answer.status == 200, answer.text
        return answer.body["promotion"]

    def promotions(self, **params):
        answer = self.get(f"{OURS}/promotions", params)
        assert answer.status == 200, answer.text
        return answer.body.get("promotions", [])

    def history(self, name, **params):
        """The latest first."""
        answer = self.get(f"{OURS}/promotion-history", {"name": name, "max_results": 1000, **params})
        assert answer.status == 200, answer.text
        return answer.body.get("entries", [])

    def set_alias(self, name, version, alias="champion"):
        return self.post("registered-models/alias", {"name": name, "alias": alias, "version": str(version)})

    def delete_alias(self, name, alias="champion"):
        return self.delete("registered-models/alias", {"name": name, "alias": alias})

    def holder(self, name, alias="champion"):
        """The number that the alias stands for, or None."""
        answer = self.get("registered-models/alias", {"name": name, "alias": alias})
        return answer.body["model_version"]["version"] if answer.status == 200 else None

    def move(self, name, version, stage, archive=False):
        body = {"name": name, "version": str(version), "stage": stage, "archive_existing_versions": archive}
        return self.post("model-versions/transition-stage", body)

    def stage(self, name, version):
        answer = self.get("model-versions/get", {"name": name, "version": str(version)})
        return answer.body["model_version"]["current_stage"]

    def tag(self, name, version, key, value):
        return self.post("model-versions/set-tag", {"name": name, "version": str(version), "key": key, "value": value})

    def rename(self, name, new_name):
        return self.post("registered-models/rename", {"name": name, "new_name": new_name})

    def delete_model(self, name):
        return self.delete("registered-models/delete", {"name": name})

    def run(self, **metrics):
        """A run with those metrics."""
        created = self.post("runs/create", {"experiment_id": "0"})
        run_id = created.body["run"]["info"]["run_id"]
        self.log(run_id, **metrics)
        return run_id

    def log(self, run_id, step=0, **metrics):
        now = int(time.time() * 1000)
        for key, value in metrics.items():
            body = {"run_id": run_id, "key": key, "value": on_the_wire(value), "timestamp": now, "step": step}
            answer = self.post("runs/log-metric", body)
            assert answer.status == 200, answer.text

    def version(self, name, source=SOURCE, tags=None, **metrics):
        """The number of a new version, whose run has those metrics."""
        fields = {"run_id": self.run(**metrics)} if metrics else {}
        fields["tags"] = [{"key": key, "value": value} for key, value in (tags or {}).items()]
        return post(self, "model-versions/create", name=name, source=source, **fields)["model_version"]["version"]


def on_the_wire(value):
    """JSON has no numbers for these."""
    return value if math.isfinite(value) else {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value, "NaN")


def policy(name, *gates, alias="champion", stage=None, approvals=0):
    """A policy in YAML; JSON is YAML too."""
    target = {"stage": stage} if stage else {"alias": alias}
    return json.dumps({"model": name, **target, "gates": list(gates), "approvals": approvals})


def applied(desk, *args, **fields):
    answer = desk.apply(policy(*args, **fields))
    assert answer.status == 200, answer.text
    (kept,) = answer.body["policies"]
    return kept


def promoted(answer, status="COMPLETED"):
    assert answer.status == 200, answer.text
    promotion = answer.body["promotion"]
    assert promotion["status"] == status, promotion
    return promotion


def denied(answer):
    """The message of a 403."""
    assert (answer.status, answer.code) == (403, "PERMISSION_DENIED"), answer.text
    return answer.message


ABOVE = {"metric": "metrics.auc > 0.8"}
NOT_WORSE = {"metric": "metrics.auc >= champion.metrics.auc - 0.005"}
VALIDATED = {"tag": "tags.validated = 'yes'"}


@pytest.fixture(scope="module")
def knowing(database, start_server, fresh_database, tmp_path_factory):
    """A server that learns from a header who asks."""
    extra = ["--trusted-user-header", USER_HEADER]
    return start_server("forebay", fresh_database(database), tmp_path_factory.mktemp("artifacts"), extra_args=extra)


@pytest.fixture
def desk_of(knowing):
    return lambda user=None: Desk(knowing.url, user)


@pytest.fixture
def ada(desk_of):
    return desk_of("ada")


@pytest.fixture
def bob(desk_of):
    return desk_of("bob")


@pytest.fixture
def eve(desk_of):
    return desk_of("eve")


@pytest.fixture
def name(ada, unique_name):
    """A registered model without versions."""
    return create_model(ada, unique_name())["name"]


# --- policies are kept


def test_a_policy_is_kept_in_versions(ada, name):
    first = applied(ada, name, ABOVE)
    assert (first["name"], first["alias"], first["version"]) == (name, "champion", 1)
    assert (first["is_unchanged"], first["created_by"]) == (False, "ada")
    again = applied(ada, name, ABOVE)
    assert (again["version"], again["is_unchanged"]) == (1, True)
    second = applied(ada, name, {"metric": "metrics.auc > 0.9"})
    assert (second["version"], second["is_unchanged"]) == (2, False)
    (kept,) = ada.policies(name=name)
    assert (kept["version"], kept["alias"]) == (2, "champion")
    assert ada.apply(kept["yaml"]).body["policies"][0]["is_unchanged"]


def test_versions_of_a_policy_go_on_after_it_was_deleted(ada, name):
    applied(ada, name, ABOVE)
    assert ada.drop_policy(name).status == 200
    assert ada.policies(name=name) == []
    assert ada.drop_policy(name).status == 404
    assert applied(ada, name, ABOVE)["version"] == 3


def test_a_file_is_kept_as_a_whole_or_not_at_all(ada, name):
    file = f"{policy(name, ABOVE)}\n---\n{policy(name, {'metric': 'metrics.auc >'}, alias='challenger')}"
    answer = ada.apply(file)
    assert answer.status == 400
    assert "line 3" in answer.message
    assert ada.policies(name=name) == []


def test_policies_of_two_aliases_and_a_stage_are_independent(ada, name):
    for fields in ({}, {"alias": "challenger"}, {"stage": "Production"}):
        assert applied(ada, name, ABOVE, **fields)["version"] == 1
    assert len(ada.policies(name=name)) == 3
    (one,) = ada.policies(name=name, stage="production")
    assert one["stage"] == "Production"
    assert "alias" not in one


def test_a_policy_may_come_before_its_model(ada, unique_name):
    name = unique_name()
    applied(ada, name, ABOVE)
    create_model(ada, name)
    bad, good = ada.version(name, auc=0.5), ada.version(name, auc=0.9)
    denied(ada.set_alias(name, bad))
    assert ada.set_alias(name, good).status == 200


@pytest.mark.parametrize(
    ("yaml", "line", "reason"),
    [
        ("", 1, "no policy"),
        ("alias: champion\ngates:\n  - artifacts: complete\n", 1, "model"),
        ("model: m\ngates:\n  - artifacts: complete\n", 1, "alias"),
        ("model: m\nalias: a\nstage: Production\ngates:\n  - artifacts: complete\n", 3, "not for both"),
        ("model: m\nalias: a\n", 1, "nothing"),
        ("model: m\nalias: a\napprovals: 0\n", 1, "nothing"),
        ("model: m\nalias: a\napprovals: -1\n", 3, "approvals"),
        ("model: m\nalias: a\napprovals: 101\n", 3, "approvals"),
        ("model: m\nalias: a\napprovals: 1.5\n", 3, ""),
        ("model: m\nalias: a\napprovals: 99999999999999999999\n", 3, ""),
        ("model: m\nalias: a\napprovals: .inf\n", 3, ""),
        ("model: m\nalias: a\napprovals: [1]\n", 3, ""),
        ("model: m\nalias: a\napprovals: true\n", 3, ""),
        ("model: m\nalias: latest\napprovals: 1\n", 2, "reserved"),
        ("model: m\nalias: v1\napprovals: 1\n", 2, "reserved"),
        ("model: m\nalias: 'a b'\napprovals: 1\n", 2, "alias"),
        ("model: m/n\nalias: a\napprovals: 1\n", 1, "/"),
        ("model: m\nstage: None\napprovals: 1\n", 2, "stage"),
        ("model: m\nstage: Prod\napprovals: 1\n", 2, "stage"),
        ("model: m\nalias: a\nowner: me\napprovals: 1\n", 3, "owner"),
        ("model: m\nalias: a\ngates:\n  - metric: metrics.auc\n", 4, "operator"),
        ("model: m\nalias: a\ngates:\n  - metric: auc > 0.8\n", 4, "metric"),
        ("model: m\nalias: a\ngates:\n  - metric: metrics.auc > '0.8'\n", 4, "number"),
        ("model: m\nalias: a\ngates:\n  - metric: metrics.auc > nan\n", 4, "number"),
        ("model: m\nalias: a\ngates:\n  - metric: metrics.auc > inf\n", 4, "number"),
        ("model: m\nalias: a\ngates:\n  - metric: metrics.auc > 1e999\n", 4, "number"),
        ("model: m\nalias: a\ngates:\n  - metric: metrics.auc > b.metrics.auc\n", 4, ""),
        ("model: m\nalias: a\ngates:\n  - metric: metrics.auc > 1 OR 1 = 1\n", 4, ""),
        ("model: m\nalias: a\ngates:\n  - metric: metrics.auc > 1 AND metrics.f1 > 1\n", 4, ""),
        ("model: m\nalias: a\ngates:\n  - metric: metrics.auc LIKE 'x'\n", 4, "operator"),
        ("model: m\nalias: a\ngates:\n  - metric: metrics.auc > a.metrics.auc * 2\n", 4, ""),
        ("model: m\nalias: a\ngates:\n  - metric: metrics.auc > a.metrics.auc - -1\n", 4, ""),
        ("model: m\nalias: a\ngates:\n  - tag: tags.x = yes\n", 4, "quoted"),
        ("model: m\nalias: a\ngates:\n  - tag: tags.x > 'a'\n", 4, "operator"),
        ("model: m\nalias: a\ngates:\n  - tag: metrics.x = 'a'\n", 4, "tag"),
        ("model: m\nalias: a\ngates:\n  - signature: exact\n", 4, "compatible"),
        ("model: m\nalias: a\ngates:\n  - artifacts: some\n", 4, "complete"),
        ("model: m\nalias: a\ngates:\n  - dataset: d\n", 4, "dataset"),
        ("model: m\nalias: a\ngates:\n  - tag: tags.x = 'a'\n    dataset: d\n", 5, "dataset"),
        ("model: m\nalias: a\ngates:\n  - {}\n", 4, "none"),
        ("model: m\nalias: a\ngates:\n  - metric: metrics.a > 1\n    tag: tags.x = 'a'\n", 4, "gate of its own"),
        ("model: m\nalias: a\ngates:\n  - metric: metrics.a > 1\n  - metric: metrics.a>1.0\n", 5, "same"),
        ("model: m\nalias: a\ngates: metrics.a > 1\n", 3, "list"),
        ("model: m\nalias: a\napprovals: 1\n---\nmodel: m\nalias: a\napprovals: 2\n", 6, "already"),
        ("model: m\nmodel: n\nalias: a\napprovals: 1\n", 2, "duplicate"),
        ("model: m\n\talias: a\n", 1, "tab"),
        ("- model: m\n", 1, ""),
        ("5\n", 1, ""),
        ("model: !!python/object/apply:os.system ['true']\nalias: a\napprovals: 1\n", 1, ""),
        ("base: &b {approvals: 1}\n", 1, "base"),
        ("model: m\nalias: a\n<<: {approvals: 1}\n", 3, ""),
        ('model: "a\\0b"\nalias: a\napprovals: 1\n', 1, "NUL"),
        ('model: m\nalias: "a\\0b"\napprovals: 1\n', 2, ""),
        ('model: m\nalias: a\ndescription: "a\\0b"\napprovals: 1\n', 3, "NUL"),
        ('model: m\nalias: a\ngates:\n  - tag: "tags.a = \'\\0\'"\n', 4, "NUL"),
        ('model: m\nalias: a\ngates:\n  - metric: metrics.a > 1\n    dataset: "\\0"\n', 5, "NUL"),
        ("model: m\nalias: a\ndescription: " + "x" * 5_001 + "\napprovals: 1\n", 3, "longer"),
        ("model: " + "m" * 257 + "\nalias: a\napprovals: 1\n", 1, "longer"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_an_invalid_policy_is_refused_with_line_and_reason(ada, yaml, line, reason):
    answer = ada.apply(yaml)
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE"), answer.text
    assert f"line {line}:" in answer.message, answer.message
    assert reason in answer.message


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{b}: &{b} [{','.join(['*' + a] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    "yaml",
    [
        "model: m\nalias: a\ndescription: " + "x" * 300_000,
        "x" * 5_000_000,
        BOMB,
        "model: " + "[" * 100_000,
        "model: " + "{a: " * 50_000,
        "\n".join("  " * i + "a:" for i in range(600)),
        "- " * 100_000,
        "model: m\nalias: a\ngates:\n" + "  - metric: metrics.a > 1\n" * 9_000,
        "---\n" * 60_000,
        policy("m", *({"metric": f"metrics.a{i} > 1"} for i in range(65))),
        policy("m", {"metric": "metrics." + "a" * 5_000 + " > 1"}),
        "&a model: &a m\n" * 5_000,
    ],
    ids=["long", "giant", "bomb", "lists", "maps", "deep", "dashes", "gates", "documents", "many", "key", "anchors"],
)
def test_a_hostile_file_is_refused_at_once(ada, yaml):
    before = time.monotonic()
    answer = ada.apply(yaml)
    assert answer.status == 400, answer.text[:300]
    assert time.monotonic() - before < 10
    assert len(answer.message) < 10_000
    assert ada.get("/health").status == 200


@pytest.mark.parametrize("body", [{}, {"yaml": None}, {"yaml": 5}, {"yaml": ["model: m"]}, {"yaml": {"model": "m"}}])
def test_a_policy_that_is_no_text_is_refused(ada, body):
    answer = ada.post(f"{OURS}/promotion-policies", body)
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE"), answer.text


def test_texts_of_sql_and_of_other_scripts_are_only_texts(ada, unique_name):
    name = unique_name(" '; DROP TABLE runs; -- ünï 🚂")
    create_model(ada, name)
    value = "yes'); DELETE FROM runs; -- 🚂"
    applied(ada, name, {"tag": f'tags.`a b:c/d` = "{value}"'}, alias="Ünï")
    version = ada.version(name, tags={"a b:c/d": "no"})
    assert "DELETE" in denied(ada.set_alias(name, version, alias="Ünï"))
    other = ada.version(name, tags={"a b:c/d": value})
    promotion = promoted(ada.ask(name, other, alias="Ünï", reason="'; -- 🚂 \\"))
    assert promotion["reason"] == "'; -- 🚂 \\"
    assert ada.history(name, alias="Ünï")[0]["reason"] == "'; -- 🚂 \\"


# --- gates


def test_a_metric_is_compared_with_a_number(ada, name):
    applied(ada, name, ABOVE)
    low, edge, high = (ada.version(name, auc=value) for value in (0.5, 0.8, 0.80001))
    for version in (low, edge):
        refused = promoted(ada.ask(name, version), "REFUSED")
        assert [gate["passed"] for gate in refused["gates"]] == [False]
        assert ada.holder(name) is None
    done = promoted(ada.ask(name, high))
    assert done["gates"] == [
        {
            "gate": "metrics.auc > 0.8",
            "passed": True,
            "found": "metrics.auc = 0.80001",
            "reason": "0.80001 is > 0.8",
        }
    ]
    assert ada.holder(name) == high


def test_the_relative_gate_passes_without_a_holder_and_says_so(ada, name):
    applied(ada, name, NOT_WORSE)
    done = promoted(ada.ask(name, ada.version(name, auc=0.1)))
    (gate,) = done["gates"]
    assert gate["passed"]
    assert "nothing holds champion yet" in gate["reason"]


def test_the_relative_gate_compares_with_the_holder_of_now(ada, name):
    applied(ada, name, NOT_WORSE)
    first, bit_worse, worse, best = (ada.version(name, auc=value) for value in (0.9, 0.895, 0.8949, 0.95))
    for version in (first, bit_worse):
        promoted(ada.ask(name, version))
    # 0.8949 is near enough to 0.895, of which the gate knows now.
    done = promoted(ada.ask(name, worse))
    assert "champion.metrics.auc = 0.895" in done["gates"][0]["found"]
    promoted(ada.ask(name, best))
    refused = promoted(ada.ask(name, first), "REFUSED")
    assert "champion.metrics.auc = 0.95" in refused["gates"][0]["found"]


def test_the_relative_gate_needs_a_metric_even_without_a_holder(ada, name):
    applied(ada, name, NOT_WORSE)
    refused = promoted(ada.ask(name, ada.version(name, f1=0.9)), "REFUSED")
    assert "was not logged" in refused["gates"][0]["reason"]


def test_a_holder_without_the_metric_fails_the_relative_gate(ada, name):
    holder = ada.version(name, f1=0.9)
    assert ada.set_alias(name, holder).status == 200
    applied(ada, name, NOT_WORSE)
    refused = promoted(ada.ask(name, ada.version(name, auc=0.9)), "REFUSED")
    assert "champion.metrics.auc was not logged" in refused["gates"][0]["reason"]


@pytest.mark.parametrize("condition", ["metrics.auc > 0.8", "metrics.auc < 0.8", "metrics.auc != 0.8", "metrics.auc = 0"])
def test_nan_fails_every_comparison(ada, name, condition):
    applied(ada, name, {"metric": condition})
    version = ada.version(name, auc=math.nan)
    refused = promoted(ada.ask(name, version), "REFUSED")
    assert "NaN" in refused["gates"][0]["reason"]


def test_a_holder_with_nan_fails_the_relative_gate(ada, name):
    assert ada.set_alias(name, ada.version(name, auc=math.nan)).status == 200
    applied(ada, name, NOT_WORSE)
    refused = promoted(ada.ask(name, ada.version(name, auc=0.9)), "REFUSED")
    assert "NaN" in refused["gates"][0]["reason"]


def test_nan_counts_when_it_came_last_and_not_when_it_came_before(ada, name):
    applied(ada, name, ABOVE)
    recovered, broken = ada.run(auc=math.nan), ada.run(auc=0.9)
    ada.log(recovered, step=1, auc=0.9)
    ada.log(broken, step=1, auc=math.nan)
    good, bad = (
        post(ada, "model-versions/create", name=name, source=SOURCE, run_id=run)["model_version"]["version"]
        for run in (recovered, broken)
    )
    promoted(ada.ask(name, good))
    promoted(ada.ask(name, bad), "REFUSED")


def test_infinities_are_numbers(ada, name):
    applied(ada, name, ABOVE)
    promoted(ada.ask(name, ada.version(name, auc=-math.inf)), "REFUSED")
    infinite = ada.version(name, auc=math.inf)
    promoted(ada.ask(name, infinite))
    applied(ada, name, NOT_WORSE)
    promoted(ada.ask(name, ada.version(name, auc=1.0)), "REFUSED")
    promoted(ada.ask(name, ada.version(name, auc=math.inf)))


def test_bounds_are_worked_out_in_decimal(ada, name):
    applied(ada, name, {"metric": "metrics.auc >= champion.metrics.auc - 0.1"})
    promoted(ada.ask(name, ada.version(name, auc=0.8)))
    promoted(ada.ask(name, ada.version(name, auc=0.7)))


def test_a_tag_must_be_there_and_equal(ada, name):
    applied(ada, name, VALIDATED)
    for tags in ({}, {"validated": "no"}, {"validated": "Yes"}, {"Validated": "yes"}):
        promoted(ada.ask(name, ada.version(name, tags=tags)), "REFUSED")
    promoted(ada.ask(name, ada.version(name, tags={"validated": "yes"})))


def test_a_tag_that_is_not_there_is_not_unlike_a_text(ada, name):
    applied(ada, name, {"tag": "tags.state != 'broken'"})
    promoted(ada.ask(name, ada.version(name)), "REFUSED")


def test_all_failed_gates_are_told_in_their_order(ada, name):
    applied(ada, name, ABOVE, {"metric": "metrics.f1 > 0.5"}, VALIDATED, {"artifacts": "complete"})
    version = ada.version(name, source="s3://nowhere.invalid/model", f1=0.9)
    told = denied(ada.set_alias(name, version))
    places = [told.find(text) for text in ("metrics.auc > 0.8", "tags.validated = 'yes'", "artifacts: complete")]
    assert -1 not in places
    assert places == sorted(places)
    assert "metrics.f1" not in told


def test_a_dry_run_leaves_nothing_behind(ada, name):
    applied(ada, name, ABOVE)
    good, bad = ada.version(name, auc=0.9), ada.version(name, auc=0.1)
    before = (ada.history(name), ada.promotions(name=name))
    done = promoted(ada.ask(name, good, dry_run=True))
    assert "promotion_id" not in done
    refused = promoted(ada.ask(name, bad, dry_run=True), "REFUSED")
    assert "promotion_id" not in refused
    assert (ada.history(name), ada.promotions(name=name)) == before
    assert ada.holder(name) is None


def test_a_promotion_to_the_holder_leaves_nothing_behind(ada, name):
    applied(ada, name, ABOVE)
    version = ada.version(name, auc=0.9)
    promoted(ada.ask(name, version))
    before = ada.history(name)
    assert "promotion_id" not in promoted(ada.ask(name, version))
    assert ada.set_alias(name, version).status == 200
    assert ada.history(name) == before


def test_without_a_policy_a_promotion_only_moves(ada, name):
    done = promoted(ada.ask(name, ada.version(name)))
    assert (done.get("gates", []), "policy_version" in done) == ([], False)


def test_stages_are_promoted_like_aliases(ada, name):
    applied(ada, name, {"metric": "metrics.auc >= Production.metrics.auc"}, stage="Production")
    first, second, worse = (ada.version(name, auc=value) for value in (0.8, 0.9, 0.7))
    promoted(ada.ask(name, first, alias=None, stage="production"))
    promoted(ada.ask(name, second, alias=None, stage="Production"))
    promoted(ada.ask(name, worse, alias=None, stage="Production"), "REFUSED")
    assert [ada.stage(name, each) for each in (first, second, worse)] == ["Archived", "Production", "None"]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"version": "1", "alias": "champion"}, 400),
        ({"name": "", "version": "1", "alias": "champion"}, 400),
        ({"name": "m", "alias": "champion"}, 400),
        ({"name": "m", "version": "x", "alias": "champion"}, 400),
        ({"name": "m", "version": "0", "alias": "champion"}, 404),
        ({"name": "m", "version": "-1", "alias": "champion"}, 404),
        ({"name": "m", "version": "99999999999999999999", "alias": "champion"}, 400),
        ({"name": "m", "version": "1"}, 400),
        ({"name": "m", "version": "1", "alias": "a", "stage": "Production"}, 400),
        ({"name": "m", "version": "1", "alias": "latest"}, 400),
        ({"name": "m", "version": "1", "alias": "a b"}, 400),
        ({"name": "m", "version": "1", "stage": "None"}, 400),
        ({"name": "m", "version": "1", "stage": "Prod"}, 400),
        ({"name": "m", "version": "1", "alias": "a", "dry_run": "maybe"}, 400),
        ({"name": "m", "version": "1", "alias": "a", "is_override": True}, 400),
        ({"name": "m", "version": "1", "alias": "a", "is_override": True, "reason": " \n\t"}, 400),
        ({"name": "m", "version": "1", "alias": "a", "is_override": True, "dry_run": True, "reason": "r"}, 400),
        ({"name": "m", "version": "1", "alias": "a", "reason": "x" * 5_001}, 400),
        ({"name": "m", "version": "1", "alias": "a", "reason": 5}, 400),
        ({"name": "m", "version": "1", "alias": "a", "reason": "a\0b"}, 400),
        ({"name": "m\0", "version": "1", "alias": "a"}, 400),
        ({"name": "nobody knows", "version": "1", "alias": "a"}, 404),
        (["m"], 400),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_broken_request_is_refused(ada, name, fields, status):
    ada.version(name)
    if isinstance(fields, dict) and fields.get("name") == "m":
        fields = {**fields, "name": name}
    answer = ada.post(f"{OURS}/promotions", fields)
    assert answer.status == status, answer.text
    assert ada.history(name) == []


@pytest.mark.parametrize("promotion_id", ["0" * 32, "x", "'; --", "a%00b", "%F0%9F%9A%82", "a" * 2_000], ids=lambda value: value[:8])
def test_an_unknown_promotion_is_not_found(ada, promotion_id):
    for path in ("", "/approve", "/reject", "/cancel"):
        method = "POST" if path else "GET"
        answer = ada.request(method, f"{OURS}/promotions/{promotion_id}{path}", **({"json": {}} if path else {}))
        assert answer.status in (400, 404), (path, answer.text)
        assert answer.code is not None


@pytest.mark.parametrize(
    "params",
    [{"max_results": 0}, {"max_results": -1}, {"max_results": "x"}, {"page_token": "x"}, {"status": "DONE"}],
    ids=str,
)
def test_a_broken_listing_is_refused(ada, params):
    assert ada.get(f"{OURS}/promotions", params).status == 400


@pytest.mark.parametrize("path", ["promotions", "promotion-policies", "promotion-history"])
def test_a_nul_in_the_name_of_a_listing_is_no_failure_of_the_server(ada, path):
    answer = ada.get(f"{OURS}/{path}", {"name": "a\0b"})
    assert answer.status in (200, 400), answer.text


def test_promotions_are_listed_by_pages_and_status(ada, name):
    applied(ada, name, ABOVE)
    good = [ada.version(name, auc=0.9) for _ in range(3)]
    bad = ada.version(name, auc=0.1)
    for version in good:
        promoted(ada.ask(name, version))
    promoted(ada.ask(name, bad), "REFUSED")
    assert [each["version"] for each in ada.promotions(name=name, status="completed")] == good[::-1]
    assert [each["version"] for each in ada.promotions(name=name, status="REFUSED")] == [bad]
    seen, token = [], None
    while True:
        page = ada.get(f"{OURS}/promotions", {"name": name, "max_results": 3, "page_token": token}).body
        seen += [each["version"] for each in page["promotions"]]
        token = page.get("next_page_token")
        if not token:
            break
    assert sorted(seen) == sorted([*good, bad])


# --- metrics of logged models and their datasets


@pytest.fixture
def fluent(knowing):
    """Points the fluent API at the server that knows its users."""
    previous = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(knowing.url)
    yield mlflow.MlflowClient(knowing.url, knowing.url)
    while mlflow.active_run():
        mlflow.end_run()
    mlflow.set_tracking_uri(previous)


def dataset(label, *numbers):
    return mlflow.data.from_pandas(pd.DataFrame({"x": numbers}), name=label)


def logged_with(client, *measures):
    """A logged model with those values of auc, each of a dataset; and its run."""
    with mlflow.start_run(experiment_id="0") as run:
        model = client.create_logged_model("0", "m", source_run_id=run.info.run_id)
        for step, (data, value) in enumerate(measures):
            mlflow.log_metric("auc", value, step=step, dataset=data, model_id=model.model_id)
    client.finalize_logged_model(model.model_id, "READY")
    return model.model_id, run.info.run_id


def registered(desk, name, model_id):
    body = {"name": name, "source": f"models:/{model_id}", "model_id": model_id}
    return post(desk, "model-versions/create", **body)["model_version"]["version"]


EASY, HARD = dataset("easy", 1, 2), dataset("hard", 3, 4)


def test_a_metric_of_several_datasets_must_name_one(ada, name, fluent):
    model_id, _ = logged_with(fluent, (EASY, 0.95), (HARD, 0.6))
    version = registered(ada, name, model_id)
    applied(ada, name, ABOVE)
    refused = promoted(ada.ask(name, version), "REFUSED")
    assert "several datasets" in refused["gates"][0]["reason"]
    applied(ada, name, {**ABOVE, "dataset": "hard"})
    promoted(ada.ask(name, version), "REFUSED")
    applied(ada, name, {**ABOVE, "dataset": f"easy@{EASY.digest}"})
    promoted(ada.ask(name, version))


def test_a_metric_of_one_dataset_needs_no_name(ada, name, fluent):
    model_id, _ = logged_with(fluent, (EASY, 0.7), (EASY, 0.95))
    applied(ada, name, ABOVE)
    promoted(ada.ask(name, registered(ada, name, model_id)))


def test_a_dataset_that_was_not_measured_fails(ada, name, fluent):
    model_id, _ = logged_with(fluent, (EASY, 0.95))
    applied(ada, name, {**ABOVE, "dataset": "hard"})
    refused = promoted(ada.ask(name, registered(ada, name, model_id)), "REFUSED")
    assert "hard" in refused["gates"][0]["reason"]


def test_two_states_of_a_dataset_are_several_datasets(ada, name, fluent):
    other = dataset("easy", 7, 8)
    model_id, _ = logged_with(fluent, (EASY, 0.95), (other, 0.6))
    version = registered(ada, name, model_id)
    applied(ada, name, {**ABOVE, "dataset": "easy"})
    promoted(ada.ask(name, version), "REFUSED")
    applied(ada, name, {**ABOVE, "dataset": f"easy@{other.digest}"})
    promoted(ada.ask(name, version), "REFUSED")
    applied(ada, name, {**ABOVE, "dataset": f"easy@{EASY.digest}"})
    promoted(ada.ask(name, version))


def test_the_dataset_counts_for_the_holder_too(ada, name, fluent):
    holder, _ = logged_with(fluent, (EASY, 0.95), (HARD, 0.6))
    better_where_hard, _ = logged_with(fluent, (EASY, 0.9), (HARD, 0.7))
    first, second = (registered(ada, name, each) for each in (holder, better_where_hard))
    assert ada.set_alias(name, first).status == 200
    applied(ada, name, NOT_WORSE)
    promoted(ada.ask(name, second), "REFUSED")
    applied(ada, name, {**NOT_WORSE, "dataset": "easy"})
    promoted(ada.ask(name, second), "REFUSED")
    applied(ada, name, {**NOT_WORSE, "dataset": "hard"})
    done = promoted(ada.ask(name, second))
    assert "champion.metrics.auc = 0.6" in done["gates"][0]["found"]


def test_nan_of_a_logged_model_fails(ada, name, fluent):
    model_id, _ = logged_with(fluent, (EASY, 0.9), (EASY, math.nan))
    applied(ada, name, {"metric": "metrics.auc < 0.8", "dataset": "easy"})
    refused = promoted(ada.ask(name, registered(ada, name, model_id)), "REFUSED")
    assert "NaN" in refused["gates"][0]["reason"]


def test_a_copy_is_judged_by_the_metrics_of_what_was_copied(ada, name, fluent, unique_name):
    bad, _ = logged_with(fluent, (EASY, 0.95), (HARD, 0.1))
    origin = create_model(ada, unique_name("-origin"))["name"]
    registered(ada, origin, bad)
    applied(ada, name, {**ABOVE, "dataset": "hard"})
    copy = fluent.copy_model_version(f"models:/{origin}/1", name)
    refused = promoted(ada.ask(name, copy.version), "REFUSED")
    assert "metrics.auc = 0.1" in refused["gates"][0]["found"]


def test_a_version_that_comes_by_its_run_does_not_lose_its_datasets(ada, name, fluent):
    """`runs:/` names the same logged model as `models:/`, so the same metrics count."""
    with mlflow.start_run(experiment_id="0") as run:
        info = mlflow.pyfunc.log_model(name="model", python_model=lambda model_input: model_input, pip_requirements=NEEDS)
        mlflow.log_metric("auc", 0.1, step=0, dataset=HARD, model_id=info.model_id)
        mlflow.log_metric("auc", 0.95, step=1, dataset=EASY, model_id=info.model_id)
    applied(ada, name, ABOVE)
    version = fluent.create_model_version(name, f"runs:/{run.info.run_id}/model", run.info.run_id)
    refused = promoted(ada.ask(name, version.version), "REFUSED")
    assert "several datasets" in refused["gates"][0]["reason"]


# --- signatures and artifacts


def columns(**types):
    return Schema([ColSpec(kind, column) for column, kind in types.items()])


@pytest.fixture(scope="module")
def sklearn_model():
    rows = pd.DataFrame(np.random.default_rng(7).normal(size=(20, 2)), columns=["a", "b"])
    return LogisticRegression().fit(rows, (rows["a"] > 0).astype(int))


@pytest.fixture
def version_with(ada, name, fluent, sklearn_model):
    """Registers a real model with those inputs and outputs; its version and its location."""

    def log(inputs, outputs=None):
        signature = ModelSignature(inputs=columns(**inputs), outputs=columns(**(outputs or {"y": "long"}))) if inputs else None
        with mlflow.start_run(experiment_id="0"):
            info = mlflow.sklearn.log_model(sklearn_model, name="model", signature=signature, pip_requirements=NEEDS)
        version = registered(ada, name, info.model_id)
        return version, fluent.get_logged_model(info.model_id)

    return log


SIGNATURE = {"signature": "compatible"}
COMPLETE = {"artifacts": "complete"}


def test_a_signature_must_take_what_callers_send(ada, name, version_with):
    applied(ada, name, SIGNATURE, COMPLETE)
    first, _ = version_with({"a": "float", "b": "integer"})
    done = promoted(ada.ask(name, first))
    assert "nothing holds it yet" in done["gates"][0]["reason"]
    for inputs, outputs, why in [
        ({"a": "float"}, None, "'b' is gone"),
        ({"a": "float", "b": "integer", "c": "double"}, None, "'c' is new and required"),
        ({"a": "float", "b": "string"}, None, "'b' was integer"),
        ({"a": "integer", "b": "integer"}, None, "'a' was float"),
        ({"a": "float", "b": "integer"}, {"z": "long"}, "'y' is gone"),
        ({"a": "float", "b": "integer"}, {"y": "double"}, "'y' was long"),
        (None, None, "the version has none"),
    ]:
        version, _ = version_with(inputs, outputs)
        refused = promoted(ada.ask(name, version), "REFUSED")
        assert why in refused["gates"][0]["reason"], refused["gates"]
    wider, _ = version_with({"a": "double", "b": "long"})
    promoted(ada.ask(name, wider))
    promoted(ada.ask(name, first), "REFUSED")


def test_every_file_that_the_mlmodel_names_must_be_there(ada, name, knowing, version_with):
    applied(ada, name, COMPLETE)
    broken, model = version_with({"a": "double", "b": "double"})
    assert promoted(ada.ask(name, broken, dry_run=True))["gates"][0]["found"].endswith("bytes")
    (file,) = artifact_folder(knowing, model).glob("model.*")
    away = file.rename(file.with_suffix(".away"))
    refused = promoted(ada.ask(name, broken), "REFUSED")
    assert file.name in refused["gates"][0]["reason"]
    assert file.name in denied(ada.set_alias(name, broken))
    away.rename(file)
    promoted(ada.ask(name, broken))


@pytest.mark.parametrize("content", ["", "flavors: [", "- 1\n", "flavors:\n  python_function:\n    data: ../../../../etc\n", "\x00"])
def test_a_broken_mlmodel_is_not_complete(ada, name, knowing, version_with, content):
    applied(ada, name, COMPLETE)
    version, model = version_with({"a": "double", "b": "double"})
    (artifact_folder(knowing, model) / "MLmodel").write_text(content)
    promoted(ada.ask(name, version), "REFUSED")


def test_a_version_whose_location_is_a_run_uri_is_looked_at_where_the_run_is(ada, name, fluent, sklearn_model, tmp_path):
    mlflow.sklearn.save_model(sklearn_model, str(tmp_path / "model"), pip_requirements=NEEDS)
    run_id = fluent.create_run("0").info.run_id
    fluent.log_artifacts(run_id, str(tmp_path / "model"), "model")
    applied(ada, name, COMPLETE)
    version = fluent.create_model_version(name, f"runs:/{run_id}/model", run_id)
    promoted(ada.ask(name, version.version))


def test_a_store_that_cannot_be_reached_fails_the_gate_and_not_the_server(ada, name):
    applied(ada, name, COMPLETE)
    before = time.monotonic()
    refused = promoted(ada.ask(name, ada.version(name, source="s3://nowhere/model")), "REFUSED")
    assert refused["gates"][0]["reason"]
    assert time.monotonic() - before < 30


def artifact_folder(server, model):
    """The folder of a logged model on this machine."""
    arguments = server.process.args
    root = arguments[arguments.index("--artifacts-destination") + 1]
    return pathlib.Path(root) / model.artifact_location.removeprefix("mlflow-artifacts:/")

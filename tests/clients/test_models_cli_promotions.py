"""Promotions by `forebay models`: what is sent, how answers read and which exit code they have, against a scripted
server; then the whole story against a real one and against its database.
"""

import dataclasses
import http.server
import json
import pathlib
import re
import threading

import pytest
from conftest import Api
from models_cli import Cli
from registered import create_model, create_version

PROMOTION = {
    "promotion_id": "0123456789abcdef0123456789abcdef",
    "name": "fraud",
    "version": "4",
    "previous_version": "3",
    "alias": "champion",
    "requested_by": "ann",
    "reason": "better",
    "creation_timestamp": 1_700_000_000_000,
    "policy_version": 2,
    "required_approvals": 0,
}
PASSED = {"gate": "metrics.auc > 0.8", "passed": True, "found": "0.91"}
FAILED = {"gate": "tags.validated = 'yes'", "passed": False, "found": "", "reason": "there is no such tag"}


@dataclasses.dataclass
class Script:
    """A server that answers every request alike, and remembers them."""

    answer: dict = dataclasses.field(default_factory=dict)
    status: int = 200
    requests: list = dataclasses.field(default_factory=list)


@pytest.fixture
def script():
    return Script()


@pytest.fixture
def scripted(script, forebay_binary, tmp_path):
    """The command line, pointed at the scripted server."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self):
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            script.requests.append((self.command, self.path, body))
            text = json.dumps(script.answer).encode()
            self.send_response(script.status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_DELETE = answer  # noqa: N815

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Cli(forebay_binary, ("--tracking-uri", f"http://127.0.0.1:{server.server_port}"), tmp_path)
    server.shutdown()


def promotion(status, *gates, **fields):
    return {"promotion": {**PROMOTION, "status": status, "gates": list(gates), **fields}}


PROMOTE = ("promote", "fraud", "--version", "4", "--to", "champion")


def test_a_promotion_is_asked_for_and_told_with_the_values_found(scripted, script):
    script.answer = promotion("COMPLETED", PASSED)
    text = scripted.text(*PROMOTE, "--reason", "better")
    sent = {"name": "fraud", "version": "4", "alias": "champion", "reason": "better", "dry_run": False, "is_override": False}
    assert script.requests == [("POST", "/api/2.0/forebay/promotions", sent)]
    assert re.search(r"^GATE +RESULT +FOUND +WHY\nmetrics.auc > 0.8 +passed +0.91$", text, re.MULTILINE)
    assert re.search(r"^Requested +2023-11-14T22:13:20Z by ann$", text, re.MULTILINE)
    assert scripted.json(*PROMOTE) == script.answer


def test_a_stage_is_promoted_to_and_rolled_back(scripted, script):
    script.answer = promotion("COMPLETED", alias=None, stage="Production")
    assert "stage Production" in scripted.text("promote", "fraud", "--version", "4", "--to-stage", "Production")
    assert script.requests[-1][2]["stage"] == "Production" and "alias" not in script.requests[-1][2]
    scripted.text("rollback", "fraud", "--stage", "Production", "--reason", "worse")
    body = {"name": "fraud", "stage": "Production", "reason": "worse"}
    assert script.requests[-1] == ("POST", "/api/2.0/forebay/promotions/rollback", body)


@pytest.mark.parametrize("output", ["table", "json"])
def test_a_failed_gate_is_exit_code_1_with_all_gates_shown(scripted, script, output):
    script.answer = promotion("REFUSED", PASSED, FAILED)
    done = scripted.run(*PROMOTE, "--output", output)
    assert done.returncode == 1
    assert "there is no such tag" in done.stdout and "0.91" in done.stdout
    assert done.stderr.startswith("error: the promotion is refused by 1 gate; ") and "--override --reason" in done.stderr


def test_a_dry_run_judges_alone(scripted, script):
    script.answer = promotion("REFUSED", FAILED, promotion_id=None)
    assert "1 gate would refuse this promotion" in scripted.refusal(*PROMOTE, "--dry-run")
    script.answer = promotion("PENDING", PASSED, promotion_id=None, required_approvals=2)
    assert "(nothing is changed)" in scripted.text(*PROMOTE, "--dry-run")
    assert all(body["dry_run"] for _, _, body in script.requests)


def test_an_override_needs_a_reason(scripted, script):
    assert scripted.run(*PROMOTE, "--override").returncode == 2
    script.answer = promotion("COMPLETED", FAILED, is_override=True)
    assert "gates overridden" in scripted.text(*PROMOTE, "--override", "--reason", "an outage")
    assert script.requests[0][2]["is_override"] is True


def test_what_waits_is_exit_code_3_with_the_command_to_approve(scripted, script):
    approval = {"user": "bob", "timestamp": 1_700_000_000_000, "counts": True}
    script.answer = promotion("PENDING", PASSED, required_approvals=2, approvals=[approval])
    text = scripted.text(*PROMOTE, code=3)
    assert f"It waits for 1 approval more (of 2): forebay models approve {PROMOTION['promotion_id']}" in text
    assert "Promotion" in scripted.text("promotion", PROMOTION["promotion_id"])
    scripted.text("approve", PROMOTION["promotion_id"], "--comment", "fine", code=3)
    path = f"/api/2.0/forebay/promotions/{PROMOTION['promotion_id']}"
    assert script.requests[1:] == [("GET", path, None), ("POST", f"{path}/approve", {"comment": "fine"})]


@pytest.mark.parametrize(("verb", "status"), [("approve", "COMPLETED"), ("reject", "REJECTED"), ("cancel", "CANCELLED")])
def test_a_decision_that_ends_a_promotion_is_done(scripted, script, verb, status):
    script.answer = promotion(status)
    assert status in scripted.text(verb, "../x")
    assert script.requests == [("POST", f"/api/2.0/forebay/promotions/..%2Fx/{verb}", {})]


def test_promotions_are_listed_those_that_wait_unless_others_are_asked_for(scripted, script):
    script.answer = {"promotions": [promotion("PENDING", PASSED, required_approvals=2)["promotion"]]}
    row = scripted.rows("promotions", "fraud")[0]
    assert row == [
        PROMOTION["promotion_id"], "fraud", "alias champion", "3", "4", "PENDING", "ann", "2023-11-14T22:13:20Z", "0 of 2"
    ]
    assert script.requests[0][1] == "/api/2.0/forebay/promotions?name=fraud&status=PENDING"
    assert scripted.json("promotions", "--status", "all") == script.answer
    assert script.requests[1][1] == "/api/2.0/forebay/promotions"


def test_a_history_tells_who_when_from_to_why_with_gates_and_approvals(scripted, script):
    entry = {
        "name": "fraud", "alias": "champion", "kind": "PROMOTED", "from_version": "3", "to_version": "4", "user": "ann",
        "reason": "better", "timestamp": 1_700_000_000_000, "gates": [PASSED, FAILED], "approvals": [{"user": "bob"}],
    }
    script.answer = {"entries": [entry]}
    rows = scripted.rows("history", "fraud", "--alias", "champion")
    assert rows[0] == [
        "2023-11-14T22:13:20Z", "ann", "PROMOTED", "alias champion", "3", "4", "better", "passed: metrics.auc > 0.8 (0.91)", "bob"
    ]
    assert rows[1][-1] == "FAILED: tags.validated = 'yes'"
    assert script.requests[0][1] == "/api/2.0/forebay/promotion-history?name=fraud&alias=champion"
    assert scripted.json("history", "fraud") == script.answer


def test_policies_are_applied_listed_shown_and_deleted(scripted, script, tmp_path):
    kept = {
        "name": "fraud", "alias": "champion", "version": 1, "is_unchanged": False, "created_by": "ann",
        "creation_timestamp": 1_700_000_000_000, "yaml": "model: fraud\nalias: champion\napprovals: 1\n",
    }
    script.answer = {"policies": [kept, {**kept, "alias": "beta"}]}
    (tmp_path / "policy.yaml").write_text("model: fraud")
    assert scripted.rows("policy", "apply", "policy.yaml")[0] == [
        "fraud", "alias champion", "1", "2023-11-14T22:13:20Z", "ann", "yes"
    ]
    scripted.text("policy", "apply", "-", text="model: x")
    assert [body for _, _, body in script.requests] == [{"yaml": "model: fraud"}, {"yaml": "model: x"}]
    assert len(scripted.rows("policy", "list")) == 2
    assert scripted.text("policy", "show", "fraud") == "---\n".join([kept["yaml"]] * 2)
    scripted.text("policy", "delete", "fraud", "--alias", "champion")
    assert script.requests[-1] == ("DELETE", "/api/2.0/forebay/promotion-policies", {"name": "fraud", "alias": "champion"})
    script.answer = {}
    assert "no such policy of fraud" in scripted.refusal("policy", "show", "fraud")


def test_a_bad_policy_is_told_with_its_file_and_what_the_server_says(scripted, script, tmp_path):
    script.answer = {"error_code": "INVALID_PARAMETER_VALUE", "message": "line 3: no such gate"}
    script.status = 400
    (tmp_path / "policy.yaml").write_text("x")
    refusal = scripted.refusal("policy", "apply", "policy.yaml")
    assert refusal.startswith("error: policy.yaml: INVALID_PARAMETER_VALUE: line 3: no such gate")
    assert "nope.yaml cannot be read" in scripted.refusal("policy", "apply", "nope.yaml")


def test_a_server_without_promotions_is_told_as_such(scripted, script):
    script.answer, script.status = {"detail": "Not Found"}, 404
    assert "promotions and policies need a Forebay server" in scripted.refusal(*PROMOTE)
    assert "promotions and policies" not in scripted.refusal("list")


# --- a real server, and its database


@pytest.fixture(scope="module")
def promoting(target, database, start_server, fresh_database, tmp_path_factory):
    """A server, and the URI of its database."""
    uri = fresh_database(database)
    # In the place of a proxy that knows users: who holds a token is believed to be "Bearer" and that token.
    options = ("--trusted-user-header", "Authorization") if target == "forebay" else ()
    return start_server(target, uri, tmp_path_factory.mktemp("store"), options), uri


@pytest.fixture(params=("server", "database"))
def cli(request, promoting, forebay_binary, tmp_path):
    server, uri = promoting
    flags = ("--tracking-uri", server.url) if request.param == "server" else ("--backend-store-uri", uri)
    return Cli(forebay_binary, flags, tmp_path)


@pytest.fixture
def name(promoting, unique_name):
    """A model with three versions, the last of which is validated."""
    api = Api(promoting[0].url)
    name = create_model(api, unique_name())["name"]
    create_version(api, name)
    create_version(api, name)
    create_version(api, name, tags=[{"key": "validated", "value": "yes"}])
    return name


def apply(cli, name, rest):
    pathlib.Path(cli.cwd, "policy.yaml").write_text(f"model: {name}\nalias: champion\n{rest}")
    return cli.text("policy", "apply", "policy.yaml")


VALIDATED = "gates:\n  - tag: tags.validated = 'yes'\n"


@pytest.mark.ours
def test_a_version_goes_through_the_gates_and_back(cli, promoting, name):
    words = ("promote", name, "--to", "champion", "--version")
    cli.text(*words, "1")
    apply(cli, name, VALIDATED)
    assert "FAILED" in cli.text(*words, "2", "--dry-run", code=1)
    assert "FAILED" in cli.text(*words, "2", code=1)
    assert "passed" in cli.text(*words, "3", "--reason", "validated")
    assert cli.json("show", f"{name}@champion")["model_version"]["version"] == "3"
    cli.text("rollback", name, "--alias", "champion", "--reason", "slow")
    assert cli.json("show", f"{name}@champion")["model_version"]["version"] == "1"
    cli.text(*words, "2", "--override", "--reason", "an outage")
    entries = cli.json("history", name, "--alias", "champion")["entries"]
    moves = [(entry["kind"], entry.get("from_version"), entry.get("to_version")) for entry in entries]
    assert moves[:2] == [("OVERRIDDEN", "1", "2"), ("ROLLED_BACK", "3", "1")]
    assert entries[0]["reason"] == "an outage"
    assert any(kind == "REFUSED" for kind, _, _ in moves)
    assert "validated" in cli.text("history", name)


def user(name):
    """The environment of somebody, for a server and for a database."""
    return {"MLFLOW_TRACKING_TOKEN": name, "USER": name}


@pytest.mark.ours
def test_a_promotion_waits_for_the_approval_of_somebody_else(cli, name):
    apply(cli, name, VALIDATED + "approvals: 1\n")

    def requested():
        words = ("promote", name, "--version", "3", "--to", "champion")
        return cli.json(*words, code=3, env=user("ann"))["promotion"]["promotion_id"]

    first = requested()
    assert [row[0] for row in cli.rows("promotions", name)] == [first]
    assert "CANCELLED" in cli.text("cancel", first, "--comment", "not yet", env=user("ann"))
    assert cli.rows("promotions", name) == []
    second = requested()
    cli.refusal("approve", second, env=user("ann"))
    assert "COMPLETED" in cli.text("approve", second, "--comment", "fine", env=user("bob"))
    entry = cli.json("history", name)["entries"][0]
    assert entry["kind"] == "PROMOTED"
    assert [approval["user"].removeprefix("Bearer ") for approval in entry["approvals"]] == ["bob"]
    third = cli.json("promote", name, "--version", "3", "--to", "champion", env=user("ann"))["promotion"]
    assert "promotion_id" not in third


@pytest.mark.ours
def test_a_policy_is_applied_shown_and_deleted(cli, name):
    apply(cli, name, VALIDATED)
    shown = cli.text("policy", "show", name)
    pathlib.Path(cli.cwd, "again.yaml").write_text(shown)
    assert cli.json("policy", "apply", "again.yaml")["policies"][0]["is_unchanged"] is True
    assert cli.run("policy", "delete", name).returncode == 2
    cli.text("policy", "delete", name, "--alias", "champion")
    assert "no such policy" in cli.refusal("policy", "show", name)


@pytest.mark.ours
def test_a_mistake_in_a_policy_is_told_with_its_line(cli, name, tmp_path):
    (tmp_path / "bad.yaml").write_text(f"model: {name}\nalias: champion\ngates:\n  - metric: metrics.auc >\n")
    refusal = cli.refusal("policy", "apply", "bad.yaml")
    assert refusal.startswith("error: bad.yaml: ") and "line 4" in refusal


def test_mlflows_server_has_no_promotions(target, cli, name):
    if target == "forebay" or "--backend-store-uri" in cli.flags:
        pytest.skip("a server that knows promotions")
    assert "need a Forebay server" in cli.refusal("promote", name, "--version", "1", "--to", "champion")

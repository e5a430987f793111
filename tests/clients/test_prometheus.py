"""`--expose-prometheus`: what `GET /metrics` tells, read with Prometheus' own parser.

The names that begin with `mlflow_` are the original's, so they are tested there too; the rest is ours.
"""

import os
import re
import time

import mlflow
import pytest
import requests
from conftest import Api
from metrics_document import SERVED_MODELS, documented, sections, told
from moto.server import ThreadedMotoServer
from prometheus_client.parser import text_string_to_metric_families

REQUESTS = "mlflow_http_request_total"
SECONDS = "mlflow_http_request_duration_seconds"
ROUTE_SECONDS = "forebay_http_request_duration_seconds"
CREATE = "/api/2.0/mlflow/experiments/create"
PROXY = "/api/2.0/mlflow-artifacts/artifacts"
UPLOAD = "/ajax-api/2.0/mlflow/upload-artifact"
BYTES = "forebay_artifact_bytes_total"
OPERATIONS = "forebay_artifact_operations_total"


class Scrape:
    """One scrape: families by name, and samples by name and labels."""

    def __init__(self, answer):
        assert (answer.status, answer.headers["Content-Type"].split(";")[0]) == (200, "text/plain")
        self.families = {family.name: family for family in text_string_to_metric_families(answer.text)}
        self.samples = [sample for family in self.families.values() for sample in family.samples]

    def value(self, name, **labels):
        """The sum of the samples with that name and those labels, whatever other labels they have."""
        return sum(s.value for s in self.samples if s.name == name and labels.items() <= s.labels.items())

    def labels(self, name):
        return [s.labels for s in self.samples if s.name == name]


@pytest.fixture(scope="module")
def exposed(target, database, start_server, fresh_database, tmp_path_factory):
    """Factory of servers that expose metrics, with more flags."""

    def start(*flags, destination=None, env=None):
        # The original keeps files in the folder.
        folder = tmp_path_factory.mktemp("prometheus")
        flags = ["--expose-prometheus", folder, *flags]
        destination = destination or tmp_path_factory.mktemp("artifacts")
        return start_server(target, fresh_database(database), destination, flags, env)

    return start


@pytest.fixture(scope="module")
def counting(exposed):
    """A server that exposes metrics and has been asked for more than them."""
    return exposed()


def scrape(server):
    """The metrics of a server; they are at the root also where it has a static prefix."""
    root = re.match(r"http://[^/]+", server.url)[0]
    return Scrape(Api(root).get("/metrics"))


# --- the original's names


def test_metrics_are_off_by_default(server, api):
    assert api.get("/metrics").status == 404


def test_requests_are_counted_by_method_and_status(counting, unique_name):
    server = counting
    api, client = Api(server.url), mlflow.MlflowClient(server.url, server.url)
    before = scrape(server)
    run = client.create_run(client.create_experiment(unique_name()))
    for step in range(5):
        client.log_metric(run.info.run_id, "loss", 0.5, step=step)
    for _ in range(3):
        assert api.get("experiments/get", {"experiment_id": "77"}).status == 404
    assert api.get("/nowhere").status == 404
    assert api.get("experiments/create").status == 405
    after = scrape(server)

    def grown(name, **labels):
        return after.value(name, **labels) - before.value(name, **labels)

    # The experiment, the run and five metrics.
    for name in (REQUESTS, f"{SECONDS}_count"):
        assert grown(name, method="POST", status="200") == 7
        assert grown(name, method="GET", status="404") == 4
        assert grown(name, method="GET", status="405") == 1
    assert set(after.labels(f"{SECONDS}_count")[0]) == {"method", "status", "mlflow_version"}
    assert {labels["mlflow_version"] for labels in after.labels(f"{SECONDS}_count")} == {mlflow.__version__}
    assert 0 < grown(f"{SECONDS}_sum", method="POST", status="200") < 60


def test_buckets_are_cumulative_and_the_originals(counting, unique_name):
    assert Api(counting.url).post("experiments/create", {"name": unique_name()}).status == 200
    scraped = scrape(counting)
    ok = {"method": "POST", "status": "200"}
    buckets = [s for s in scraped.samples if s.name == f"{SECONDS}_bucket" and ok.items() <= s.labels.items()]
    bounds = [float(bucket.labels["le"]) for bucket in buckets]
    inf = float("inf")
    assert bounds == [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, inf]
    counts = [bucket.value for bucket in buckets]
    assert counts == sorted(counts)
    assert counts[-1] == scraped.value(f"{SECONDS}_count", **ok) >= 1


def test_health_checks_scrapes_and_what_the_guards_refuse_are_not_counted(counting):
    api = Api(counting.url)
    before = scrape(counting)
    assert api.get("/health").status == api.get("/version").status == 200
    assert api.get("experiments/get", {"experiment_id": "0"}, headers={"Host": "evil.com"}).status == 403
    assert api.post("experiments/create", {"name": "x"}, headers={"Origin": "http://evil.com"}).status == 403
    after = scrape(counting)
    assert after.value(REQUESTS) == before.value(REQUESTS)


def test_scrapers_pass_the_host_check_as_everybody_else(exposed):
    api = Api(exposed("--allowed-hosts", "127.0.0.1:*,prometheus.internal").url)
    assert api.get("/metrics").status == 200
    assert api.get("/metrics", headers={"Host": "prometheus.internal"}).status == 200
    assert api.get("/metrics", headers={"Host": "evil.com"}).status == 403


def test_metrics_are_at_the_root_whatever_the_static_prefix(exposed):
    server = exposed("--static-prefix", "/ml")
    assert Api(server.url).get("/metrics").status == 404
    assert Api(server.url).post("experiments/create", {"name": "prefixed"}).status == 200
    assert scrape(server).value(REQUESTS, method="POST", status="200") == 1


def test_metrics_are_read_and_not_written(counting):
    api = Api(counting.url)
    assert api.post("/metrics").status == 405
    assert api.request("HEAD", "/metrics").status == 200


# --- ours


@pytest.mark.ours
def test_requests_are_counted_by_the_pattern_of_their_route(exposed):
    server = exposed("--static-prefix", "/ml")
    client = mlflow.MlflowClient(server.url, server.url)
    run = client.create_run(client.create_experiment("routed"))
    for step in range(5):
        client.log_metric(run.info.run_id, "loss", 0.5, step=step)
    model = client.create_logged_model(run.info.experiment_id)
    client.get_logged_model(model.model_id)
    scraped = scrape(server)
    count = f"{ROUTE_SECONDS}_count"
    assert scraped.value(count, route=CREATE, method="POST", status="200") == 1
    assert scraped.value(count, route="/api/2.0/mlflow/runs/log-metric") == 5
    assert scraped.value(count, route="/api/2.0/mlflow/logged-models/{model_id}", method="GET") == 1
    assert scraped.value("forebay_http_requests_in_flight") == 1


@pytest.mark.ours
def test_a_hostile_caller_cannot_make_the_metrics_grow(exposed):
    server = exposed()

    def annoy(number):
        # A refused body may cost its connection.
        api = Api(server.url)
        for method in (f"ODD{number}", "GET", "POST"):
            api.request(method, f"/nowhere/{number}")
            api.request(method, f"/api/2.0/mlflow/logged-models/m-{number}?{number}=1")
        api.get(f"/{number}", headers={"Host": f"evil-{number}.com"})
        api.post("runs/create", headers={"Origin": f"http://evil-{number}.com"})

    annoy(0)
    scrape(server)
    before = {(s.name, *sorted(s.labels.items())) for s in scrape(server).samples}
    for number in range(1, 30):
        annoy(number)
    after = scrape(server)
    assert {(s.name, *sorted(s.labels.items())) for s in after.samples} == before
    assert after.value(f"{ROUTE_SECONDS}_count", route="unmatched", method="OTHER") == 30
    assert after.value("forebay_http_refusals_total", reason="host") == 30
    assert after.value("forebay_http_refusals_total", reason="origin") == 30


@pytest.mark.ours
def test_transactions_and_the_writer_are_counted_exactly(exposed, database):
    server = exposed()
    client = mlflow.MlflowClient(server.url, server.url)
    before = scrape(server)
    run = client.create_run(client.create_experiment("measured"))
    for step in range(5):
        client.log_metric(run.info.run_id, "loss", 0.5, step=step)
    client.get_run(run.info.run_id)
    after = scrape(server)

    def grown(name, **labels):
        return after.value(name, **labels) - before.value(name, **labels)

    # The experiment, the run and five metrics.
    assert grown("forebay_db_begin_seconds_count", access="write") == 7
    assert grown("forebay_db_begin_seconds_count", access="read") >= 1
    assert grown("forebay_db_commit_seconds_count") == 7
    assert 0 < grown("forebay_db_commit_seconds_sum") < 60
    assert after.value("forebay_db_failures_total") == after.value("forebay_db_retries_total") == 0
    # PostgreSQL's driver takes a connection back a moment after the answer.
    deadline = time.monotonic() + 10
    while after.value("forebay_db_connections", state="in_use") > 0 and time.monotonic() < deadline:
        after = scrape(server)
    assert after.value("forebay_db_connections", state="in_use") == 0
    idle, most = after.value("forebay_db_connections", state="idle"), after.value("forebay_db_connections_max")
    assert 1 <= idle <= most == 40
    for name in ("queue_wait_seconds_count", "group_members_count", "group_members_sum"):
        assert grown(f"forebay_writer_{name}") == (7 if database == "sqlite" else 0)
    assert after.value("forebay_writer_queue_jobs") == 0 < after.value("forebay_writer_queue_jobs_max")


@pytest.fixture(params=["local", "s3"])
def store(request, tmp_path):
    """A kind of store: its label, a location in it, and the environment that reaches it."""
    if request.param == "local":
        yield "local", str(tmp_path / "store"), {}
        return
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    url = "http://{}:{}".format(*moto.get_host_and_port())
    requests.put(f"{url}/bucket", timeout=60).raise_for_status()
    keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": "us-east-1"}
    yield "s3", "s3://bucket", {**keys, "MLFLOW_S3_ENDPOINT_URL": url}
    moto.stop()


@pytest.mark.ours
def test_artifacts_are_counted_exactly(exposed, store, tmp_path):
    kind, location, env = store
    server = exposed(destination=f"{location}/proxied", env=env)
    api, client = Api(server.url), mlflow.MlflowClient(server.url, server.url)
    proxied = client.create_run(client.create_experiment("proxied")).info
    direct = client.create_run(client.create_experiment("direct", artifact_location=f"{location}/direct")).info
    data = os.urandom(3_000_001)
    (tmp_path / "big.bin").write_bytes(data)
    client.log_artifact(proxied.run_id, tmp_path / "big.bin")
    client.log_text(proxied.run_id, "Grüße", "a/b.txt")
    # The stock client would fetch it from S3 itself, past this server.
    file = f"{PROXY}/{proxied.experiment_id}/{proxied.run_id}/artifacts/big.bin"
    assert api.get(file).response.content == data
    assert api.get(PROXY, {"path": f"{proxied.experiment_id}/{proxied.run_id}/artifacts"}).status == 200
    assert api.get(file, headers={"Range": "bytes=10-19"}).status == 206
    assert api.get(f"{file}.nope").status == 404
    assert api.delete(file).status == 200
    assert api.request("POST", UPLOAD, params={"run_uuid": direct.run_id, "path": "d"}, data=b"12345").status == 200
    assert api.get("/get-artifact", {"run_uuid": direct.run_id, "path": "d"}).text == "12345"
    scraped = scrape(server)
    assert scraped.value(BYTES, store=kind, operation="upload") == len(data) + len("Grüße".encode()) + 5
    assert scraped.value(BYTES, store=kind, operation="download") == len(data) + 10 + 5
    assert scraped.value(BYTES) == scraped.value(BYTES, store=kind)

    def ended(operation, outcome="ok"):
        return scraped.value(OPERATIONS, store=kind, operation=operation, outcome=outcome)

    assert (ended("upload"), ended("open"), ended("open", "refused"), ended("delete")) == (3, 3, 1, 1)
    assert ended("list") == 1
    assert scraped.value(OPERATIONS, outcome="refused") == 1
    assert scraped.value(OPERATIONS, outcome="failed") == 0


@pytest.mark.ours
def test_the_process_tells_of_itself(counting):
    scraped = scrape(counting)
    [build] = scraped.labels("forebay_build_info")
    assert (build["mlflow_version"], build.keys()) == (mlflow.__version__, {"version", "mlflow_version"})
    assert 1 << 20 < scraped.value("process_resident_memory_bytes") < 1 << 30
    assert 3 < scraped.value("process_open_fds") < scraped.value("process_max_fds")
    assert scraped.value("process_cpu_seconds_total") >= 0


# --- the document


@pytest.mark.ours
def test_the_document_names_every_metric_with_its_type_and_labels(exposed):
    server = exposed()
    assert Api(server.url).post("experiments/create", {"name": "documented"}).status == 200
    titles = sections().keys() - {SERVED_MODELS}
    assert told(scrape(server).families.values()) == documented(titles)

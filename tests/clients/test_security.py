"""Which hosts and origins may talk to the server, the headers of every answer, and the flags that change this."""

import pytest

READ = "/api/2.0/mlflow/experiments/get?experiment_id=0"
WRITE = "/api/2.0/mlflow/runs/search"
BAD_HOST = "Invalid Host header - possible DNS rebinding attack detected"
BLOCKED = "Cross-origin request blocked"


@pytest.fixture(scope="module")
def start(start_server, target, tmp_path_factory):
    """Starts a server on a fresh SQLite file with extra flags or environment."""

    def started(*flags, **env):
        folder = tmp_path_factory.mktemp("security")
        return start_server(target, f"sqlite:///{folder}/mlflow.db", folder / "artifacts", flags, env)

    return started


def with_origin(api, origin, method="POST", path=WRITE):
    return api.request(method, path, json={} if method != "GET" else None, headers={"Origin": origin})


# --- hosts, without any flag


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:5000",
        "127.0.0.1:1",
        "[::1]",
        "[::1]:80",
        "0.0.0.0",
        "10.1.2.3",
        "192.168.1.1:99",
        "172.16.0.1",
        "172.31.255.1:5000",
    ],
)
def test_local_and_private_hosts_are_welcome(api, host):
    assert api.get(READ, headers={"Host": host}).status == 200


@pytest.mark.parametrize(
    "host",
    ["evil.com", "evil.com:5000", "localhost.evil.com", "8.8.8.8", "172.15.0.1", "172.32.0.1", "foo.localhost", "[fe80::1]"],
)
@pytest.mark.parametrize("path", [READ, "/", "/api/3.0/mlflow/server-info", "/nope"])
def test_other_hosts_are_refused_on_every_path(api, host, path):
    answer = api.get(path, headers={"Host": host})
    assert (answer.status, answer.text) == (403, BAD_HOST)
    assert answer.headers["Content-Type"].startswith("text/plain")


@pytest.mark.parametrize("path", ["/health", "/version"])
def test_health_and_version_answer_any_host(api, path):
    assert api.get(path, headers={"Host": "evil.com"}).status == 200


# --- origins, without any flag


@pytest.mark.parametrize(
    "origin", ["http://localhost", "http://localhost:3000", "https://localhost:3000", "http://127.0.0.1:80", "http://[::1]:80"]
)
def test_local_origins_may_write(api, origin):
    answer = with_origin(api, origin)
    assert answer.status == 200
    if origin.startswith("http:"):
        assert answer.headers["Access-Control-Allow-Origin"] == origin
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"


@pytest.mark.parametrize(
    "origin", ["http://evil.com", "https://evil.com:443", "null", "http://localhost.evil.com", "http://10.0.0.1"]
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", WRITE),
        ("POST", "/ajax-api/2.0/mlflow/runs/create"),
        ("PUT", "/api/2.0/mlflow-artifacts/artifacts/x"),
        ("DELETE", "/api/2.0/mlflow-artifacts/artifacts/x"),
        ("PATCH", "/api/2.0/mlflow/logged-models/x"),
    ],
)
def test_foreign_origins_may_not_write(api, origin, method, path):
    answer = with_origin(api, origin, method, path)
    assert (answer.status, answer.text) == (403, BLOCKED)
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_foreign_origins_may_read_but_no_browser_will_show_them_the_answer(api):
    answer = with_origin(api, "http://evil.com", "GET", READ)
    assert answer.status == 200
    assert "Access-Control-Allow-Origin" not in answer.headers


def preflight(api, origin, method="POST"):
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "content-type",
    }
    return api.request("OPTIONS", WRITE, headers=headers)


def test_a_preflight_from_a_local_origin_is_granted(api):
    answer = preflight(api, "http://localhost:3000")
    assert answer.status in (200, 204)
    assert answer.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"
    assert {"GET", "POST", "PUT", "DELETE", "PATCH"} <= set(answer.headers["Access-Control-Allow-Methods"].split(", "))
    assert "content-type" in answer.headers["Access-Control-Allow-Headers"].lower()


def test_a_preflight_from_a_foreign_origin_is_refused(api):
    answer = preflight(api, "http://evil.com")
    assert answer.status == 400
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_options_without_a_preflight_says_which_methods_there_are(api):
    answer = api.request("OPTIONS", WRITE)
    assert answer.status in (200, 204)
    assert "POST" in answer.headers["Allow"]


@pytest.mark.parametrize("path", [READ, "/health", "/version", "/api/2.0/mlflow/nope", "/api/2.0/mlflow/experiments/get"])
def test_every_answer_carries_the_headers(api, path):
    headers = api.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "SAMEORIGIN"


# --- flags


@pytest.fixture(scope="module")
def strict(start):
    return start(
        "--allowed-hosts",
        "mlflow.example.com,*.internal,127.0.0.1:*",
        "--cors-allowed-origins",
        "https://app.example.com,https://*.trusted.org",
        "--x-frame-options",
        "DENY",
    )


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("mlflow.example.com", 200),
        ("a.internal", 200),
        ("a.b.internal", 200),
        ("127.0.0.1:77", 200),
        ("internal", 403),
        ("other.example.com", 403),
        ("localhost", 403),
        ("10.1.2.3", 403),
    ],
)
def test_allowed_hosts_replace_the_usual_ones(api_of, strict, host, status):
    assert api_of(strict).get(READ, headers={"Host": host}).status == status


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("https://app.example.com", 200),
        ("https://a.trusted.org", 200),
        ("http://localhost:3000", 200),
        ("http://app.example.com", 403),
        ("https://app.example.com:444", 403),
        ("https://evil.com", 403),
        ("null", 403),
    ],
)
def test_allowed_origins_join_the_local_ones(api_of, strict, origin, status):
    assert with_origin(api_of(strict), origin).status == status


def test_an_allowed_origin_passes_its_preflight(api_of, strict):
    answer = preflight(api_of(strict), "https://app.example.com")
    assert answer.status in (200, 204)
    assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example.com"


def test_the_frame_option_is_the_flags(api_of, strict):
    assert api_of(strict).get(READ).headers["X-Frame-Options"] == "DENY"


@pytest.fixture(scope="module")
def open_to_all(start):
    return start(
        MLFLOW_SERVER_ALLOWED_HOSTS="*", MLFLOW_SERVER_CORS_ALLOWED_ORIGINS="*", MLFLOW_SERVER_X_FRAME_OPTIONS="NONE"
    )


def test_a_star_in_the_environment_opens_hosts_and_origins(api_of, open_to_all):
    api = api_of(open_to_all)
    assert api.get(READ, headers={"Host": "evil.com"}).status == 200
    assert with_origin(api, "https://evil.com").status == 200
    assert preflight(api, "https://evil.com").status in (200, 204)


def test_the_frame_option_none_drops_the_header(api_of, open_to_all):
    headers = api_of(open_to_all).get(READ).headers
    assert "X-Frame-Options" not in headers
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_the_checks_can_be_switched_off(api_of, start):
    api = api_of(start("--disable-security-middleware"))
    answer = api.get(READ, headers={"Host": "evil.com"})
    assert answer.status == 200
    assert "X-Frame-Options" not in answer.headers
    assert with_origin(api, "https://evil.com").status == 200

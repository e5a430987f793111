"""The web UI as files: where they are found, and how they are served to browsers and to callers that mean harm."""

import pathlib

import mlflow
import pytest
import requests

PACKAGES = pathlib.Path(mlflow.__file__).resolve().parents[1]
UI_DIR = PACKAGES / "mlflow" / "server" / "js" / "build"
SCRIPT = next(UI_DIR.glob("static/js/main.*.js")).relative_to(UI_DIR)


@pytest.fixture(scope="module")
def ui(target, start_server):
    """A server with the UI of this environment's mlflow."""
    return start_server(target, extra_args=["--ui-dir", UI_DIR] if target == "forebay" else [])


def get(server, path, **headers):
    """One request whose path is sent as it stands."""
    url = f"{server.url}{path}"
    prepared = requests.Request("GET", url, headers=headers).prepare()
    prepared.url = url
    return requests.Session().send(prepared, timeout=60, allow_redirects=False)


# --- what is served


def test_the_index_is_the_start_page_and_is_asked_for_each_time(ui):
    answer = get(ui, "/")
    assert (answer.status_code, answer.content) == (200, (UI_DIR / "index.html").read_bytes())
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"


def test_a_script_is_sent_whole_and_kept_by_browsers(ui):
    answer = get(ui, f"/static-files/{SCRIPT}")
    assert (answer.status_code, answer.content) == (200, (UI_DIR / SCRIPT).read_bytes())
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert "public" in answer.headers["Cache-Control"]


@pytest.mark.ours
def test_only_names_with_a_hash_are_kept_for_good(ui):
    assert "immutable" in get(ui, f"/static-files/{SCRIPT}").headers["Cache-Control"]
    assert get(ui, "/static-files/manifest.json").headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("path", ["/", f"/static-files/{SCRIPT}"])
def test_a_file_that_the_browser_has_is_not_sent_again(ui, path):
    etag = get(ui, path).headers["ETag"]
    answer = get(ui, path, **{"If-None-Match": etag})
    assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", etag)
    assert get(ui, path, **{"If-None-Match": '"another"'}).status_code == 200


def test_head_tells_the_length_without_the_file(ui):
    answer = requests.head(f"{ui.url}/static-files/{SCRIPT}", timeout=60)
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["Content-Length"]) == (UI_DIR / SCRIPT).stat().st_size
    assert requests.post(ui.url, timeout=60).status_code == 405


@pytest.mark.parametrize(
    "path",
    [
        "nope.js",
        "",
        "static",
        "static/",
        "../__init__.py",
        "../../../version.py",
        "%2e%2e/%2e%2e/%2e%2e/version.py",
        "..%2f..%2f..%2fversion.py",
        "%252e%252e/%252e%252e/%252e%252e/version.py",
        "static/../../../../version.py",
        "..%5c..%5cversion.py",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "index.html%00.js",
        ".hidden",
    ],
)
def test_what_is_not_a_file_of_the_ui_is_not_served(ui, path):
    answer = get(ui, f"/static-files/{path}")
    # The stock server sends a browser to the path with one slash instead of two.
    assert answer.status_code == 404 or answer.is_redirect
    assert "VERSION" not in answer.text and "root:" not in answer.text


@pytest.mark.ours
def test_hidden_files_are_not_served(start_server, tmp_path):
    (tmp_path / "index.html").write_text("mine")
    (tmp_path / ".env").write_text("secret")
    server = start_server("forebay", extra_args=["--ui-dir", tmp_path])
    assert get(server, "/").text == "mine"
    assert get(server, "/static-files/.env").status_code == 404
    assert "was not tried with this server" in server.log()


def test_behind_a_prefix_everything_moves(target, start_server):
    ours = ["--ui-dir", UI_DIR] if target == "forebay" else []
    server = start_server(target, extra_args=["--static-prefix", "/ml/flow", *ours])
    assert get(server, "/").content == (UI_DIR / "index.html").read_bytes()
    assert get(server, f"/static-files/{SCRIPT}").status_code == 200
    redirect = get(server, "")
    assert redirect.status_code == 308 and redirect.headers["Location"].endswith("/ml/flow/")
    root = server.url.removesuffix("/ml/flow")
    assert [requests.get(root + path, timeout=60).status_code for path in ("/", "/static-files/manifest.json")] == [404, 404]


def test_a_foreign_host_is_shown_nothing(ui):
    for path in ("/", f"/static-files/{SCRIPT}"):
        assert get(ui, path, Host="evil.example").status_code == 403


# --- where it is found


@pytest.mark.ours
def test_the_ui_of_the_active_environment_is_found(start_server):
    server = start_server("forebay", env={"VIRTUAL_ENV": str(PACKAGES.parents[2]), "PATH": "/nowhere"})
    assert get(server, "/").content == (UI_DIR / "index.html").read_bytes()
    assert f"MLflow {mlflow.__version__} in {UI_DIR}" in server.log()


@pytest.mark.ours
def test_the_ui_of_the_python_on_the_path_is_found(start_server):
    server = start_server("forebay", env={"VIRTUAL_ENV": "", "PATH": f"/nowhere:{PACKAGES.parents[2] / 'bin'}"})
    assert get(server, "/").content == (UI_DIR / "index.html").read_bytes()


@pytest.mark.ours
def test_without_a_ui_a_page_of_ours_says_so(start_server):
    server = start_server("forebay", env={"VIRTUAL_ENV": "", "PATH": "/nowhere", "HOME": "/nowhere"})
    answer = get(server, "/")
    assert answer.status_code == 200 and "pip install mlflow" in answer.text
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert get(server, "/static-files/manifest.json").status_code == 404


@pytest.mark.ours
def test_a_folder_without_a_ui_is_refused_by_name(start_server, tmp_path):
    from conftest import ServerDidNotStart

    with pytest.raises(ServerDidNotStart) as failed:
        start_server("forebay", extra_args=["--ui-dir", tmp_path])
    assert f"--ui-dir {tmp_path}: there is no index.html in it" in failed.value.log

"""A real browser for the tests of the web UI: Debian's Chromium, driven by Playwright.

The one idea: a page is not right because it shows something. Every test also fails when the browser's log holds a
request that failed or an error that the page wrote, so that nothing goes wrong behind what is looked at.
"""

import contextlib
import os
import pathlib
import re
import shutil

import mlflow
import pytest
from playwright.sync_api import expect, sync_playwright

UI_DIR = pathlib.Path(mlflow.__file__).resolve().parent / "server" / "js" / "build"
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE_MS = 60_000
# What the UI remembers of an earlier visit: pages for training models, and the assistant's panel closed.
REMEMBERED = """
if (window === window.top) {
  localStorage.clear();
  localStorage.setItem("mlflow.workflowType_v1", '"machine_learning"');
  localStorage.setItem("mlflow.assistant.fab.autoOpenedOnFirstLoad_v1", "true");
}
"""
# How the UI's forms learn that a name is not taken yet.
ANSWERED_NO = r"/ajax-api/2\.0/mlflow/experiments/get-by-name\?"
# The stock server has no such route unless it has users, and its UI asks all the same.
STOCK_LACKS = r"/ajax-api/2\.0/mlflow/users/current$"
# The UI's own mistakes, which it makes with any server.
UI_FAILS = (
    "Cannot read properties of undefined (reading 'includes')",
    # A busy browser puts off a change of the layout to the next frame, and says so as if it were an error.
    "ResizeObserver loop completed with undelivered notifications",
)


def chromium_program():
    found = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if found is None and os.environ.get("FOREBAY_REQUIRE_CHROMIUM") == "1":
        pytest.fail("Chromium is required, and was not found", pytrace=False)
    if found is None:
        pytest.skip("no Chromium: install it from your distribution")
    return found


@pytest.fixture(scope="session")
def chromium():
    program = chromium_program()
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(OPTIONS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def ui_server(target, pytestconfig, start_server, fresh_database, tmp_path_factory):
    """A server with the web UI, shared by the tests of the UI. One database is enough: what it answers on each is
    tested elsewhere, and browsers are slow."""
    database = "postgres" if pytestconfig.getoption("--database") == "postgres" else "sqlite"
    tables = tmp_path_factory.getbasetemp()
    ours = ["--ui-dir", UI_DIR, "--features-location", tables] if target == "forebay" else []
    return start_server(target, fresh_database(database), tmp_path_factory.mktemp("artifacts"), extra_args=ours)


@pytest.fixture(scope="session")
def ui_client(ui_server):
    return mlflow.MlflowClient(ui_server.url, ui_server.url)


class BrowserLog:
    """What went wrong in a page, as far as the server under test has to do with it."""

    def __init__(self, page, origin, target):
        self.origin = origin
        self.excused = re.compile(f"{ANSWERED_NO}|{STOCK_LACKS}" if target == "mlflow" else ANSWERED_NO)
        self.failures = []
        page.on("response", self._response)
        page.on("requestfailed", self._request_failed)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self._note("uncaught", "", str(error)))

    def _response(self, response):
        if response.status >= 400:
            self._note(response.status, response.url, f"{response.request.method} {response.request.post_data or ''}")

    def _request_failed(self, request):
        # Chromium cancels what a page still waits for when it is left.
        if request.failure != "net::ERR_ABORTED":
            self._note("failed", request.url, request.failure)

    def _console(self, message):
        if message.type == "error":
            self._note("console", message.location.get("url", ""), message.text)

    def _note(self, kind, url, text):
        is_ours = not url or url.startswith(self.origin)
        if is_ours and not self.excused.search(url) and not any(known in text for known in UI_FAILS):
            self.failures.append(f"{kind} {url} {text[:300]}")


@pytest.fixture(scope="session")
def visits(chromium, ui_server):
    """The memory that all pages share, so that scripts are loaded once, and no way to other servers."""
    with contextlib.closing(visits_to(chromium, ui_server)) as context:
        yield context


def visits_to(chromium, server):
    context = chromium.new_context(viewport={"width": 1800, "height": 1000}, base_url=server.url)
    context.set_default_timeout(PATIENCE_MS)
    context.add_init_script(REMEMBERED)
    context.route(lambda url: url.startswith("http") and not url.startswith(origin_of(server)), lambda route: route.abort())
    return context


def origin_of(server):
    return re.match(r"https?://[^/]+", server.url)[0]


@pytest.fixture
def page(visits, ui_server, target):
    """A page of the browser; at the end nothing may have gone wrong in it."""
    page = visits.new_page()
    log = BrowserLog(page, origin_of(ui_server), target)
    yield page
    page.close()
    assert log.failures == []


def by_id(scope, component):
    """The parts of a page that the UI's authors gave this name."""
    return scope.locator(f'[data-component-id="{component}"]')


@pytest.fixture
def experiment_of_ui(ui_client, unique_name):
    """A fresh experiment on the server with the UI, for this test alone."""
    return ui_client.create_experiment(unique_name())


def visit(page, path):
    """Opens a page of the UI; what it shows is waited for by who looks at it."""
    page.goto(path, wait_until="commit")

"""The page that stands in for the web UI where no mlflow is installed, in a real browser."""

import mlflow
import pytest
from browser import BrowserLog, visits_to
from playwright.sync_api import expect

pytestmark = pytest.mark.ours


def test_the_page_lists_the_experiments_and_says_how_to_get_the_ui(chromium, start_server):
    server = start_server("forebay", env={"VIRTUAL_ENV": "", "PATH": "/nowhere", "HOME": "/nowhere"})
    mlflow.MlflowClient(server.url, server.url).create_experiment("<b>bold</b> flights")
    context = visits_to(chromium, server)
    page = context.new_page()
    log = BrowserLog(page, server.url, "forebay")
    page.goto("")
    expect(page.get_by_role("heading", name="Forebay")).to_be_visible()
    expect(page.get_by_role("cell", name="<b>bold</b> flights")).to_be_visible()
    expect(page.get_by_role("status")).to_have_text("2 in all.")
    expect(page.get_by_text(f"MLFLOW_TRACKING_URI={server.url}")).to_be_visible()
    context.close()
    assert log.failures == []

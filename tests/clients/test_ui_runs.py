"""The table of an experiment's runs, its charts, and the comparison of runs, in a real browser."""

import re

from browser import visit
from playwright.sync_api import expect


def open_table(page, experiment_id, parameters=""):
    visit(page, f"#/experiments/{experiment_id}/runs{parameters}")
    expect(page.get_by_test_id("search-box")).to_be_visible()


def run_link(page, name):
    return page.get_by_role("gridcell").get_by_role("link", name=name, exact=True)


def three_runs(client, experiment_id):
    """Runs a, b, c with rising accuracy."""
    ids = {}
    for rank, name in enumerate("abc"):
        ids[name] = client.create_run(experiment_id, run_name=f"run-{name}").info.run_id
        client.log_metric(ids[name], "auc", rank / 10)
        client.log_param(ids[name], "depth", rank)
        client.set_terminated(ids[name])
    return ids


def test_runs_stand_in_the_table_with_their_datasets_and_models(page, sample):
    open_table(page, sample.experiment_id)
    expect(run_link(page, "best")).to_be_visible()
    expect(run_link(page, "other")).to_be_visible()
    expect(page.get_by_test_id("open-dataset-drawer")).to_contain_text("trains")
    expect(page.get_by_role("gridcell").filter(has_text="forest")).to_be_visible()


def test_columns_of_metrics_and_params_are_chosen(page, sample):
    open_table(page, sample.experiment_id)
    # Until the runs are there, the columns to choose from change.
    expect(run_link(page, "best")).to_be_visible()
    page.get_by_test_id("column-selection-dropdown").first.click()
    columns = page.get_by_test_id("column-selector-tree")
    columns.get_by_text("auc", exact=True).click()
    columns.get_by_text("depth", exact=True).click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("gridcell", name="0.9", exact=True)).to_be_visible()
    expect(page.get_by_test_id("sort-header-depth")).to_be_visible()


def test_runs_are_searched_with_a_filter(page, sample):
    open_table(page, sample.experiment_id)
    page.get_by_test_id("search-box").fill("metrics.auc > 0.8 and params.depth = '3'")
    page.get_by_test_id("search-box").press("Enter")
    expect(run_link(page, "other")).to_have_count(0)
    expect(run_link(page, "best")).to_be_visible()


def test_runs_are_sorted_by_a_metric(page, ui_client, experiment_of_ui):
    three_runs(ui_client, experiment_of_ui)
    open_table(page, experiment_of_ui)
    for direction, first, last in (("asc", "run-a", "run-c"), ("desc", "run-c", "run-a")):
        page.get_by_test_id("sort-select-dropdown").click()
        page.get_by_test_id("sort-select-auc").click()
        if not page.get_by_test_id(f"sort-select-{direction}").is_visible():
            page.get_by_test_id("sort-select-dropdown").click()
        page.get_by_test_id(f"sort-select-{direction}").click()
        page.keyboard.press("Escape")
        expect(page.locator('[row-index="0"]').get_by_role("link", name=first)).to_be_visible()
        expect(page.locator('[row-index="2"]').get_by_role("link", name=last)).to_be_visible()


def test_a_run_is_deleted_and_restored(page, ui_client, experiment_of_ui):
    runs = three_runs(ui_client, experiment_of_ui)
    open_table(page, experiment_of_ui)
    page.locator('[role="row"]').filter(has_text="run-b").get_by_role("checkbox").first.check()
    page.get_by_test_id("runs-delete-button").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(run_link(page, "run-b")).to_have_count(0)
    assert ui_client.get_run(runs["b"]).info.lifecycle_stage == "deleted"

    page.get_by_test_id("lifecycle-filter").click()
    page.get_by_test_id("deleted-runs-menu-item").click()
    expect(run_link(page, "run-b")).to_be_visible()
    page.locator('[role="row"]').filter(has_text="run-b").get_by_role("checkbox").first.check()
    page.get_by_test_id("runs-restore-button").click()
    with page.expect_response(re.compile("runs/restore")) as restored:
        page.get_by_role("dialog").get_by_role("button", name="Restore").click()
    assert restored.value.ok
    assert ui_client.get_run(runs["b"]).info.lifecycle_stage == "active"


def test_the_drawer_shows_a_datasets_schema(page, sample):
    open_table(page, sample.experiment_id)
    page.get_by_test_id("open-dataset-drawer").click()
    drawer = page.get_by_role("dialog")
    for text in ("trains", "num rows:", "distance", "double", "late"):
        expect(drawer.get_by_text(text, exact=False).first).to_be_visible()


def test_two_runs_are_compared(page, sample):
    open_table(page, sample.experiment_id)
    page.get_by_label("Select all runs").check()
    page.get_by_test_id("runs-compare-button").click()
    expect(page.get_by_role("heading", name="Comparing 2 Runs from 1 Experiment")).to_be_visible()
    for text in ("best", "other", "0.9", "0.6"):
        expect(page.get_by_text(text, exact=True).first).to_be_visible()
    expect(page.locator(".js-plotly-plot").first).to_be_visible()


def test_charts_show_all_runs(page, sample):
    open_table(page, sample.experiment_id, "?compareRunsMode=CHART")
    cards = page.get_by_test_id("experiment-view-compare-runs-card")
    expect(cards.filter(has_text="auc").locator(".js-plotly-plot")).to_contain_text("0.90")
    loss = cards.filter(has_text="loss")
    loss.scroll_into_view_if_needed()
    expect(loss.locator(".scatterlayer .trace").nth(1)).to_be_attached()


def test_artifacts_of_runs_are_compared_as_tables(page, sample):
    open_table(page, sample.experiment_id, "?compareRunsMode=ARTIFACT")
    expect(page.get_by_text("How late?").first).to_be_visible()
    expect(page.get_by_text("12 minutes").first).to_be_visible()

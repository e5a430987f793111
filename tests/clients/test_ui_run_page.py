"""The page of one run: what it shows, its charts, and what is changed there, in a real browser."""

import re

import pytest
from browser import by_id, visit
from playwright.sync_api import expect

TAG_FORM = "codegen_mlflow_app_src_common_hooks_useeditkeyvaluetagsmodal.tsx"


@pytest.fixture
def run_id(ui_client, experiment_of_ui):
    run_id = ui_client.create_run(experiment_of_ui, run_name="before").info.run_id
    ui_client.set_terminated(run_id)
    return run_id


def open_run(page, experiment_id, run_id, tab=""):
    visit(page, f"#/experiments/{experiment_id}/runs/{run_id}{tab}")
    expect(page.get_by_test_id("runs-header")).to_be_visible()


def test_the_overview_shows_everything_about_a_run(page, sample):
    open_run(page, sample.experiment_id, sample.best)
    expect(page.get_by_test_id("runs-header")).to_have_text("best")
    for key, text in (("Status", "Finished"), ("Run ID", sample.best), ("Created by", "ada")):
        expect(page.get_by_test_id(f"key-value-{key}")).to_contain_text(text)
    overview = page.locator("main, #root").first
    for text in ("auc", "0.9", "depth", "3", "forest", "trains"):
        expect(overview.get_by_text(text, exact=False).first).to_be_visible()
    expect(page.get_by_text("stage: dev")).to_be_visible()


def test_a_run_is_renamed(page, ui_client, experiment_of_ui, run_id):
    open_run(page, experiment_of_ui, run_id)
    page.get_by_test_id("overflow-menu-trigger").click()
    page.get_by_test_id("overflow-rename-button").click()
    page.get_by_test_id("rename-modal-input").fill("after")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_test_id("runs-header")).to_have_text("after")
    assert ui_client.get_run(run_id).info.run_name == "after"


def test_a_run_gets_a_description(page, ui_client, experiment_of_ui, run_id):
    open_run(page, experiment_of_ui, run_id)
    page.get_by_label("Edit description").click()
    page.get_by_test_id("text-area").fill("# Read me")
    page.get_by_test_id("editable-note-save-button").click()
    expect(page.get_by_role("heading", name="Read me")).to_be_visible()
    assert ui_client.get_run(run_id).data.tags["mlflow.note.content"] == "# Read me"


def test_a_run_gets_a_tag(page, ui_client, experiment_of_ui, run_id):
    open_run(page, experiment_of_ui, run_id)
    page.get_by_role("button", name=re.compile("Add tags|Edit tags")).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("combobox").fill("stage")
    dialog.get_by_role("combobox").press("Enter")
    by_id(dialog, f"{TAG_FORM}_223").fill("prod")
    by_id(dialog, f"{TAG_FORM}_248").click()
    by_id(dialog, f"{TAG_FORM}_174").click()
    expect(dialog).to_have_count(0)
    expect(page.get_by_text("stage: prod")).to_be_visible()
    assert ui_client.get_run(run_id).data.tags["stage"] == "prod"


def test_a_run_is_deleted(page, ui_client, experiment_of_ui, run_id):
    open_run(page, experiment_of_ui, run_id)
    page.get_by_test_id("overflow-menu-trigger").click()
    page.get_by_test_id("overflow-delete-button").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert ui_client.get_run(run_id).info.lifecycle_stage == "deleted"


def chart(page, metric):
    return page.get_by_test_id("experiment-view-compare-runs-card").filter(has_text=metric)


def test_a_chart_of_a_metric_is_zoomed(page, sample):
    open_run(page, sample.experiment_id, sample.best, "/model-metrics")
    loss = chart(page, "loss")
    loss.scroll_into_view_if_needed()
    expect(loss.locator(".scatterlayer .trace").first).to_be_attached()
    box = loss.locator(".nsewdrag").bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.3, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, middle, steps=5)
    with page.expect_request(re.compile("start_step=")) as asked:
        page.mouse.up()
    assert asked.value.response().ok
    expect(loss.locator(".scatterlayer .trace").first).to_be_attached()


def test_system_metrics_have_a_tab_of_their_own(page, sample):
    open_run(page, sample.experiment_id, sample.best, "/system-metrics")
    expect(chart(page, "cpu_utilization_percentage").locator(".scatterlayer .trace").first).to_be_attached()


def test_the_traces_of_a_run_are_none(page, sample):
    open_run(page, sample.experiment_id, sample.best)
    with page.expect_response(re.compile("traces/search")) as asked:
        page.get_by_role("tab", name="Traces").click()
    assert asked.value.ok


def test_a_run_that_is_not_there_is_told(page, sample):
    visit(page, f"#/experiments/{sample.experiment_id}/runs/{'0' * 32}")
    expect(page.get_by_text(re.compile("not found|does not exist", re.I)).first).to_be_visible()

"""The list of experiments and the head of an experiment's page, in a real browser."""

import re

from browser import by_id, visit
from playwright.sync_api import expect

CREATE_FORM = "codegen_mlflow_app_src_experiment-tracking_components_modals_createexperimentform.tsx"
TAG_FORM = "codegen_mlflow_app_src_common_hooks_useeditkeyvaluetagsmodal.tsx"


def open_list(page):
    visit(page, "#/experiments")
    expect(page.get_by_test_id("experiment-list-item").first).to_be_visible()


def search(page, name):
    box = page.get_by_test_id("search-experiment-input")
    box.fill(name)
    box.press("Enter")


def row(page, name):
    return page.get_by_test_id("experiment-list-item").filter(has_text=name)


def test_an_experiment_is_created_in_the_list(page, ui_client, unique_name):
    name = unique_name()
    open_list(page)
    page.get_by_test_id("create-experiment-button").click()
    by_id(page, f"{CREATE_FORM}_51").fill(name)
    page.get_by_role("dialog").get_by_role("button", name="Create").click()
    expect(page).to_have_url(re.compile(r"#/experiments/\d+"))
    experiment = ui_client.get_experiment_by_name(name)
    assert f"/experiments/{experiment.experiment_id}" in page.url


def test_a_taken_name_is_told_in_the_form(page, ui_client, unique_name):
    name = unique_name()
    ui_client.create_experiment(name)
    open_list(page)
    page.get_by_test_id("create-experiment-button").click()
    by_id(page, f"{CREATE_FORM}_51").fill(name)
    expect(page.get_by_text(re.compile(rf"Experiment .*{name}.* already exists"))).to_be_visible()


def test_the_list_is_searched_by_name(page, ui_client, unique_name):
    names = [unique_name("-north"), unique_name("-south")]
    for name in names:
        ui_client.create_experiment(name)
    open_list(page)
    search(page, names[0])
    expect(page.get_by_test_id("experiment-list-item")).to_have_count(1)
    expect(row(page, names[0])).to_be_visible()


def test_tags_are_set_in_the_list(page, ui_client, unique_name):
    experiment_id = ui_client.create_experiment(name := unique_name())
    open_list(page)
    search(page, name)
    by_id(row(page, name), "mlflow.experiment.list.tag.add").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("combobox").fill("team")
    dialog.get_by_role("combobox").press("Enter")
    by_id(dialog, f"{TAG_FORM}_223").fill("ops")
    by_id(dialog, f"{TAG_FORM}_248").click()
    by_id(dialog, f"{TAG_FORM}_174").click()
    expect(dialog).to_have_count(0)
    expect(row(page, name).get_by_text("team")).to_be_visible()
    assert ui_client.get_experiment(experiment_id).tags["team"] == "ops"


def test_an_experiment_is_deleted_in_the_list(page, ui_client, unique_name):
    experiment_id = ui_client.create_experiment(name := unique_name())
    open_list(page)
    search(page, name)
    expect(page.get_by_test_id("experiment-list-item")).to_have_count(1)
    row(page, name).get_by_test_id("experiment-list-item-check-box").check()
    page.get_by_test_id("delete-experiments-button").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(row(page, name)).to_have_count(0)
    assert ui_client.get_experiment(experiment_id).lifecycle_stage == "deleted"


def test_an_experiment_is_renamed_on_its_page(page, ui_client, unique_name):
    experiment_id = ui_client.create_experiment(unique_name())
    visit(page, f"#/experiments/{experiment_id}/runs")
    page.get_by_test_id("overflow-menu-trigger").click()
    page.get_by_test_id("mlflow.experiment_page.managementMenu.edit-experiment").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox").first.fill(renamed := unique_name("-renamed"))
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_text(renamed).first).to_be_visible()
    assert ui_client.get_experiment(experiment_id).name == renamed


def test_a_note_is_written_on_an_experiments_page(page, ui_client, unique_name):
    experiment_id = ui_client.create_experiment(unique_name())
    ui_client.set_experiment_tag(experiment_id, "mlflow.note.content", "# Before")
    visit(page, f"#/experiments/{experiment_id}/runs")
    expect(page.get_by_role("heading", name="Before")).to_be_visible()
    page.get_by_test_id("experiment-metadata-editor-edit-button").click()
    page.get_by_test_id("text-area").fill("# After")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="After")).to_be_visible()
    assert ui_client.get_experiment(experiment_id).tags["mlflow.note.content"] == "# After"

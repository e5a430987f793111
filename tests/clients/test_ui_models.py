"""The logged models of an experiment: their table and the page of one, in a real browser."""

from browser import visit
from playwright.sync_api import expect


def test_models_stand_in_a_table_with_their_metrics(page, sample):
    visit(page, f"#/experiments/{sample.experiment_id}/models")
    expect(page.get_by_role("gridcell").get_by_role("link", name="forest")).to_be_visible()
    expect(page.get_by_text("Ready").first).to_be_visible()
    expect(page.get_by_role("gridcell", name="0.75")).to_be_visible()


def test_a_models_page_shows_where_it_came_from(page, sample):
    visit(page, f"#/experiments/{sample.experiment_id}/models/{sample.model_id}")
    for key, text in (("Status", "Ready"), ("Model ID", sample.model_id), ("Source run", "best")):
        expect(page.get_by_test_id(f"key-value-{key}")).to_contain_text(text)
    expect(page.get_by_test_id("logged-model-details-metrics-table")).to_contain_text("0.75")
    expect(page.get_by_test_id("logged-model-details-runs-table")).to_contain_text("best")
    expect(page.get_by_text("trees")).to_be_visible()


def test_a_models_files_are_shown(page, sample):
    visit(page, f"#/experiments/{sample.experiment_id}/models/{sample.model_id}/artifacts")
    page.get_by_test_id("artifact-tree-node").filter(has_text="MLmodel").click()
    expect(page.get_by_text("loader_module").first).to_be_visible()


def test_a_model_gets_a_description(page, ui_client, experiment_of_ui):
    model = ui_client.create_logged_model(experiment_of_ui, "tree")
    visit(page, f"#/experiments/{experiment_of_ui}/models/{model.model_id}")
    page.get_by_label("Edit description").click()
    page.get_by_test_id("text-area").fill("# Read me")
    page.get_by_test_id("editable-note-save-button").click()
    expect(page.get_by_role("heading", name="Read me")).to_be_visible()
    assert ui_client.get_logged_model(model.model_id).tags["mlflow.note.content"] == "# Read me"

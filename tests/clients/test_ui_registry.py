"""The model registry's pages in a real browser: what they show, and everything that is changed there."""

import dataclasses
import re

import pytest
from browser import BrowserLog, by_id, origin_of, visit
from mlflow.entities import LoggedModelOutput
from playwright.sync_api import expect

MLMODEL = """flavors:
  python_function:
    loader_module: mlflow.sklearn
signature:
  inputs: '[{"type": "double", "name": "distance", "required": true}]'
  outputs: '[{"type": "long", "name": "minutes", "required": true}]'
"""
# The UI tells of its new pages once, in a dialog before everything else.
TOLD = "localStorage.setItem('_mlflow_model_registry_promo_modal_dismissed_v1', 'true')"
# What is asked for by tests of what is not there.
NOT_THERE = r"registered-models/get\?name=[^&]*-new$|model-versions/get(-artifact)?\?.*version=9$"
OLD_PAGES = "localStorage.setItem('_mlflow_user_setting_dismiss_next_model_registry_ui', 'true')"
TAG_FORM = "codegen_mlflow_app_src_common_hooks_useeditkeyvaluetagsmodal.tsx"
TAG_CELL = "codegen_mlflow_app_src_common_components_keyvaluetagseditorcell.tsx_37"
ALIAS_PEN = "codegen_mlflow_app_src_model-registry_components_aliases_modelversionviewaliaseditor.tsx_37"
CREATE_FORM = "codegen_mlflow_app_src_model-registry_components_createmodelform.tsx_62"
ALIASES = "mlflow.edit-aliases-modal"


@dataclasses.dataclass
class Forest:
    """A logged model with a file, and the runs `tall` and `small` that it and its like come from."""

    experiment_id: str
    runs: dict
    model_id: str


@pytest.fixture(scope="module")
def forest(ui_client, tmp_path_factory):
    experiment_id = ui_client.create_experiment("forests")
    runs = {name: ui_client.create_run(experiment_id, run_name=name).info.run_id for name in ("tall", "small")}
    for depth, (name, run_id) in enumerate(runs.items()):
        ui_client.log_param(run_id, "depth", depth)
        ui_client.log_metric(run_id, "auc", 0.75 + depth / 8)
        ui_client.log_text(run_id, MLMODEL, "model/MLmodel")
    model_id = ui_client.create_logged_model(experiment_id, "forest", source_run_id=runs["tall"]).model_id
    file = tmp_path_factory.mktemp("model") / "MLmodel"
    file.write_text(MLMODEL)
    ui_client.log_model_artifact(model_id, str(file))
    ui_client.finalize_logged_model(model_id, "READY")
    ui_client.log_outputs(runs["tall"], [LoggedModelOutput(model_id, 0)])
    return Forest(experiment_id, runs, model_id)


@pytest.fixture
def name(ui_client, unique_name, forest):
    """A model whose first version is the run `tall`'s and the second `small`'s."""
    name = unique_name()
    ui_client.create_registered_model(name, {"team": "ops"}, "of *trains*")
    for run_name, run_id in forest.runs.items():
        source = f"mlflow-artifacts:/{forest.experiment_id}/{run_id}/artifacts/model"
        ui_client.create_model_version(name, source, run_id, {"size": run_name}, description=f"the {run_name} one")
    return name


@pytest.fixture
def page(visits, ui_server, target):
    """As everywhere, but that the UI may ask for what is not there to learn that a name is free."""
    page = visits.new_page()
    page.add_init_script(f"if (window === window.top) {TOLD}")
    log = BrowserLog(page, origin_of(ui_server), target)
    log.excused = re.compile(f"{log.excused.pattern}|{NOT_THERE}")
    yield page
    page.close()
    assert log.failures == []


def open_list(page):
    visit(page, "#/models")
    expect(page.get_by_test_id("model-list-table")).to_be_visible()


def open_model(page, name):
    visit(page, f"#/models/{name}")
    expect(page.get_by_test_id("model-version-table").get_by_text("Version 1")).to_be_visible()


def open_version(page, name, number):
    visit(page, f"#/models/{name}/versions/{number}")
    expect(page.get_by_text("Inputs (1)")).to_be_visible()


def row(page, text):
    return page.get_by_role("row").filter(has_text=text)


def fact(page, label):
    """What the page of a version says beside a label."""
    return page.get_by_test_id("descriptions-item").filter(has_text=label).get_by_test_id("descriptions-item-content")


# --- the list


def test_models_stand_in_a_list_with_what_belongs_to_them(page, ui_client, name):
    ui_client.set_registered_model_alias(name, "champion", "1")
    open_list(page)
    search(page, name)
    for text in ("Version 2", "champion", "team: ops"):
        expect(row(page, name).get_by_text(text).first).to_be_visible()


def search(page, text):
    box = page.get_by_test_id("model-search-input")
    box.fill(text)
    box.press("Enter")


def test_the_list_is_searched_by_name_and_by_tag(page, ui_client, name, unique_name):
    other = unique_name("-other")
    ui_client.create_registered_model(other, {"which": other})
    open_list(page)
    search(page, name)
    expect(row(page, name)).to_be_visible()
    expect(page.get_by_text(other)).to_have_count(0)
    search(page, f"tags.which = '{other}'")
    expect(row(page, other).first).to_be_visible()
    expect(page.get_by_role("link", name=name, exact=True)).to_have_count(0)


def test_prompts_are_not_in_the_list(page, ui_client, unique_name):
    stem = unique_name()
    ui_client.create_registered_model(f"{stem}-model")
    ui_client.create_prompt(f"{stem}-prompt")
    open_list(page)
    search(page, stem)
    expect(row(page, f"{stem}-model")).to_be_visible()
    expect(page.get_by_text(f"{stem}-prompt")).to_have_count(0)


def test_a_model_is_created_in_the_list(page, ui_client, unique_name):
    name = unique_name(".with.dots-new")
    open_list(page)
    page.get_by_test_id("create-model-button").click()
    dialog = page.get_by_role("dialog")
    by_id(dialog, CREATE_FORM).fill(name)
    dialog.get_by_role("button", name="Create", exact=True).click()
    expect(page).to_have_url(re.compile(rf"#/models/{re.escape(name)}$"))
    assert ui_client.get_registered_model(name).name == name


# --- the page of a model


def test_a_model_shows_its_versions(page, ui_client, name):
    ui_client.set_registered_model_alias(name, "champion", "1")
    open_model(page, name)
    for text in ("champion", "size", "tall", "the tall one"):
        expect(row(page, "Version 1").get_by_text(text).first).to_be_visible()
    expect(page.get_by_test_id("note-editor-preview-content")).to_have_text("of trains")


def test_a_model_gets_a_description(page, ui_client, name):
    open_model(page, name)
    describe(page, "# Read me")
    assert ui_client.get_registered_model(name).description == "# Read me"


def describe(page, text):
    page.get_by_test_id("descriptionEditButton").click()
    page.get_by_test_id("text-area").fill(text)
    page.get_by_test_id("editable-note-save-button").click()
    expect(page.get_by_role("heading", name=text.removeprefix("# "))).to_be_visible()


def test_a_model_gets_and_loses_tags(page, ui_client, name):
    open_model(page, name)
    change_tags(page, "team")
    assert ui_client.get_registered_model(name).tags == {"line": "S1"}


def change_tags(page, gone):
    """Adds line=S1 in the table of tags and takes the tag away that is gone."""
    section = page.get_by_test_id("tags-section")
    if not section.get_by_test_id("tags-form-input-name").is_visible():
        section.get_by_role("button", name="Tags").click()
    section.get_by_test_id("tags-form-input-name").fill("line")
    section.get_by_test_id("tags-form-input-value").fill("S1")
    section.get_by_test_id("add-tag-button").click()
    expect(row(section, "line")).to_be_visible()
    row(section, gone).get_by_test_id("editable-table-button-delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Confirm").click()
    expect(row(section, gone)).to_have_count(0)


# The table shows what was set in it once the page is loaded again.


def test_an_alias_is_set_in_the_table_of_versions_and_moves(page, ui_client, name):
    open_model(page, name)
    row(page, "Version 2").get_by_role("button", name="Add", exact=True).click()
    save_alias(page, "champion")
    page.reload()
    expect(row(page, "Version 2").get_by_text("champion")).to_be_visible()
    row(page, "Version 1").get_by_role("button", name="Add", exact=True).click()
    save_alias(page, "champion")
    page.reload()
    expect(row(page, "Version 1").get_by_text("champion")).to_be_visible()
    expect(row(page, "Version 2").get_by_text("champion")).to_have_count(0)
    assert ui_client.get_registered_model(name).aliases == {"champion": "1"}


def save_alias(page, alias):
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("combobox").fill(alias)
    dialog.get_by_role("combobox").press("Enter")
    by_id(dialog, f"{ALIASES}.save-button").click()
    expect(dialog).to_have_count(0)


def test_a_version_gets_a_tag_in_the_table_of_versions(page, ui_client, name):
    open_model(page, name)
    row(page, "Version 2").hover()
    by_id(row(page, "Version 2"), TAG_CELL).click(force=True)
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("combobox").fill("line")
    dialog.get_by_role("combobox").press("Enter")
    by_id(dialog, f"{TAG_FORM}_223").fill("S1")
    by_id(dialog, f"{TAG_FORM}_248").click()
    by_id(dialog, f"{TAG_FORM}_174").click()
    expect(dialog).to_have_count(0)
    page.reload()
    expect(row(page, "Version 2").get_by_text("S1")).to_be_visible()
    assert ui_client.get_model_version(name, "2").tags == {"size": "small", "line": "S1"}


def test_a_model_with_versions_is_deleted(page, ui_client, name):
    open_model(page, name)
    page.get_by_test_id("overflow-menu-trigger").click()
    page.get_by_test_id("delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page).to_have_url(re.compile("#/models$"))
    assert ui_client.search_registered_models(f"name = '{name}'") == []


def test_two_versions_are_compared(page, name):
    open_model(page, name)
    for version in ("Version 1", "Version 2"):
        row(page, version).get_by_role("checkbox").check(force=True)
    page.get_by_test_id("compareButton").click()
    expect(page.get_by_text("Comparing 2 Versions")).to_be_visible()
    for text in ("tall", "small", "depth", "0.875"):
        expect(page.get_by_text(text).first).to_be_visible()


# --- the page of a version


def test_a_version_shows_where_it_came_from(page, ui_client, name):
    ui_client.set_registered_model_alias(name, "champion", "1")
    open_version(page, name, "1")
    expect(fact(page, "Source Run")).to_have_text("tall")
    expect(fact(page, "Aliases")).to_contain_text("champion")
    expect(page.get_by_test_id("note-editor-preview-content")).to_have_text("the tall one")
    expect(page.get_by_text("Outputs (1)")).to_be_visible()


def test_a_version_gets_a_description(page, ui_client, name):
    open_version(page, name, "1")
    describe(page, "# Read me")
    assert ui_client.get_model_version(name, "1").description == "# Read me"


def test_a_version_gets_and_loses_tags(page, ui_client, name):
    open_version(page, name, "1")
    change_tags(page, "size")
    assert ui_client.get_model_version(name, "1").tags == {"line": "S1"}


def test_an_alias_is_set_and_taken_away_on_the_page_of_a_version(page, ui_client, name):
    open_version(page, name, "2")
    fact(page, "Aliases").get_by_role("button").click()
    save_alias(page, "champion")
    expect(fact(page, "Aliases")).to_contain_text("champion")
    assert ui_client.get_model_version_by_alias(name, "champion").version == "2"
    by_id(page, ALIAS_PEN).click()
    page.get_by_role("dialog").get_by_role("combobox").press("Backspace")
    by_id(page, f"{ALIASES}.save-button").click()
    expect(fact(page, "Aliases")).not_to_contain_text("champion")
    assert ui_client.get_registered_model(name).aliases == {}


def test_a_version_is_deleted(page, ui_client, name):
    open_version(page, name, "2")
    page.get_by_test_id("overflow-menu-trigger").click()
    page.get_by_test_id("delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page).to_have_url(re.compile(rf"#/models/{name}$"))
    expect(row(page, "Version 1")).to_be_visible()
    assert [each.version for each in ui_client.search_model_versions(f"name = '{name}'")] == ["1"]


def test_a_version_is_promoted_into_another_model(page, ui_client, name, unique_name):
    target = unique_name("-target")
    ui_client.create_registered_model(target)
    open_version(page, name, "1")
    page.get_by_role("button", name="Promote model").click()
    dialog = page.get_by_role("dialog")
    choose(page, dialog, target)
    dialog.get_by_role("button", name="Promote", exact=True).click()
    expect(page).to_have_url(re.compile(rf"#/models/{target}/versions/1"))
    (made,) = ui_client.search_model_versions(f"name = '{target}'")
    assert made.source == f"models:/{name}/1"


def choose(page, dialog, name):
    """Picks a registered model in a dialog that asks for one."""
    dialog.get_by_role("combobox").fill(name)
    page.locator(f'[title="{name}"]').click()


def test_a_version_moves_to_another_stage_on_the_old_pages(page, ui_client, name):
    page.add_init_script(f"if (window === window.top) {OLD_PAGES}")
    open_version(page, name, "1")
    fact(page, "Stage").get_by_text("None").click()
    page.get_by_role("menuitem").filter(has_text="Production").click()
    page.get_by_role("dialog").get_by_role("button", name="OK").click()
    expect(fact(page, "Stage")).to_contain_text("Production")
    assert ui_client.get_model_version(name, "1").current_stage == "Production"


def test_a_version_that_is_not_there_is_told(page, name):
    with page.expect_response(re.compile("model-versions/get")) as asked:
        visit(page, f"#/models/{name}/versions/9")
    assert asked.value.status == 404


# --- from elsewhere


def test_a_logged_model_is_registered_on_its_page(page, ui_client, forest, unique_name):
    name = unique_name()
    ui_client.create_registered_model(name)
    visit(page, f"#/experiments/{forest.experiment_id}/models/{forest.model_id}")
    page.get_by_role("button", name="Register model").click()
    dialog = page.get_by_role("dialog")
    choose(page, dialog, name)
    dialog.get_by_role("button", name="Register", exact=True).click()
    expect(dialog).to_have_count(0)
    expect(page.get_by_text(name).first).to_be_visible()
    (made,) = ui_client.search_model_versions(f"name = '{name}'")
    assert (made.source, made.run_id) == (f"models:/{forest.model_id}", forest.runs["tall"])


def test_a_model_among_the_files_of_a_run_is_registered_there(page, ui_client, forest, unique_name):
    name, run_id = unique_name(), ui_client.create_run(forest.experiment_id).info.run_id
    ui_client.log_text(run_id, MLMODEL, "model/MLmodel")
    ui_client.create_registered_model(name)
    visit(page, f"#/experiments/{forest.experiment_id}/runs/{run_id}/artifacts")
    page.get_by_test_id("artifact-tree-node").filter(has_text="model").first.click()
    page.get_by_role("button", name="Register model").click()
    dialog = page.get_by_role("dialog")
    choose(page, dialog, name)
    dialog.get_by_role("button", name="Register", exact=True).click()
    expect(dialog).to_have_count(0)
    (made,) = ui_client.search_model_versions(f"name = '{name}'")
    assert (made.source, made.run_id) == (f"runs:/{run_id}/model", run_id)


def test_a_run_shows_the_versions_made_from_it(page, forest, name):
    visit(page, f"#/experiments/{forest.experiment_id}/runs/{forest.runs['small']}")
    expect(page.get_by_text(name).first).to_be_visible()

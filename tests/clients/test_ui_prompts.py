"""The pages of prompts in a real browser: the list of all, and the versions of one."""

import re

import pytest
from browser import by_id, visit
from playwright.sync_api import expect


@pytest.fixture
def name(ui_client, unique_name):
    """A prompt with two versions."""
    name = unique_name()
    ui_client.create_prompt(name)
    ui_client.create_prompt_version(name, "Hello {{you}}")
    ui_client.create_prompt_version(name, "Goodbye {{you}}", description="more polite")
    return name


def open_list(page):
    visit(page, "#/prompts")
    expect(page.get_by_role("columnheader", name="Latest version")).to_be_visible()


def open_prompt(page, name):
    visit(page, f"#/prompts/{name}")
    expect(page.get_by_text("Viewing version 2")).to_be_visible()


def test_prompts_are_listed_and_searched_and_models_are_not(page, ui_client, name, unique_name):
    model = unique_name("-model")
    ui_client.create_registered_model(model)
    open_list(page)
    search = by_id(page, "mlflow.prompts.global.list.search")
    search.fill(name)
    expect(page.get_by_role("row").filter(has_text=name).get_by_text("Version 2")).to_be_visible()
    search.fill(model)
    expect(page.get_by_role("row").filter(has_text=name)).to_have_count(0)
    expect(page.get_by_role("row").filter(has_text=model)).to_have_count(0)


def test_a_prompt_is_created_in_the_list(page, ui_client, unique_name):
    name = unique_name()
    open_list(page)
    page.get_by_test_id("create-prompt-button").click()
    write(page, "Hello {{you}}", name)
    expect(page).to_have_url(re.compile(f"#/prompts/{name}"))
    expect(page.get_by_text("Hello {{you}}").first).to_be_visible()
    made = ui_client.get_prompt_version(name, "1")
    assert (made.template, made.commit_message) == ("Hello {{you}}", "why")


def write(page, text, name=None):
    """Fills in the form of a new version, or of a new prompt if it has a name."""
    dialog = page.get_by_role("dialog")
    if name:
        by_id(dialog, "mlflow.prompts.create.name").fill(name)
    dialog.locator("textarea").first.fill(text)
    by_id(dialog, "mlflow.prompts.create.commit_message").fill("why")
    by_id(page, "mlflow.prompts.create.modal.footer.ok").click()
    expect(dialog).to_have_count(0)


def test_a_prompt_shows_its_versions(page, ui_client, name):
    ui_client.set_prompt_alias(name, "champion", 1)
    open_prompt(page, name)
    expect(page.get_by_text("Goodbye {{you}}").first).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="Version 1").get_by_text("champion")).to_be_visible()


def test_a_version_is_added(page, ui_client, name):
    open_prompt(page, name)
    by_id(page, "mlflow.prompts.details.create").click()
    write(page, "Farewell {{you}}")
    expect(page.get_by_text("Viewing version 3")).to_be_visible()
    assert ui_client.get_prompt_version(name, "3").template == "Farewell {{you}}"


def test_a_version_is_deleted(page, ui_client, name):
    open_prompt(page, name)
    by_id(page, "mlflow.prompts.details.delete_version").click()
    by_id(page, "mlflow.prompts.delete_version_modal.footer.ok").click()
    expect(page.get_by_text("Viewing version 1")).to_be_visible()
    assert [each.version for each in ui_client.search_prompt_versions(name)] == [1]


def test_a_prompt_is_deleted(page, ui_client, name):
    open_prompt(page, name)
    by_id(page, "mlflow.prompts.details.actions").click()
    by_id(page, "mlflow.prompts.details.actions.delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page).to_have_url(re.compile("#/prompts$"))
    assert ui_client.get_prompt(name) is None

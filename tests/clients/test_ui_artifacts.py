"""The viewer of a run's artifacts, one kind of file after the other, in a real browser."""

import pytest
from browser import by_id, visit
from playwright.sync_api import expect

DOWNLOAD = "codegen_mlflow_app_src_experiment-tracking_components_artifactview.tsx_337"


def open_artifact(page, sample, path):
    visit(page, f"#/experiments/{sample.experiment_id}/runs/{sample.best}/artifacts/{path}")
    expect(page.get_by_test_id("artifact-tree-node").first).to_be_visible()


def test_folders_are_opened(page, sample):
    open_artifact(page, sample, "")
    page.get_by_test_id("artifact-tree-node").filter(has_text="notes").click()
    page.get_by_test_id("artifact-tree-node").filter(has_text="readme.txt").click()
    expect(page.get_by_text("second line")).to_be_visible()


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("notes/readme.txt", "first line"),
        ("conf.json", '"rate"'),
        ("MLmodel", "loader_module"),
        ("table.csv", "S2"),
        ("answers.json", "Which line?"),
    ],
)
def test_text_and_tables_are_shown(page, sample, path, shown):
    open_artifact(page, sample, path)
    expect(page.get_by_text(shown).first).to_be_visible()


def test_markdown_is_rendered(page, sample):
    open_artifact(page, sample, "notes/doc.md")
    expect(page.get_by_role("heading", name="A heading")).to_be_visible()


def test_a_page_is_shown_in_a_frame_and_its_script_runs(page, sample):
    open_artifact(page, sample, "page.html")
    expect(page.frame_locator("iframe").get_by_text("The script ran")).to_be_visible()


def test_an_image_is_shown(page, sample):
    open_artifact(page, sample, "square.png")
    image = page.locator('img[src^="blob:"], img[src*="get-artifact"], .image-outer-container img').first
    expect(image).to_be_visible()
    page.wait_for_function("image => image.naturalWidth === 40", arg=image.element_handle())


def test_a_pdf_is_drawn(page, sample):
    open_artifact(page, sample, "paper.pdf")
    expect(page.locator("canvas.react-pdf__Page__canvas, .react-pdf__Page canvas").first).to_be_visible()


def test_a_map_shows_its_features(page, sample):
    open_artifact(page, sample, "stations.geojson")
    expect(page.locator(".leaflet-marker-icon").first).to_be_visible()


def test_an_artifact_is_downloaded(page, sample):
    open_artifact(page, sample, "table.csv")
    with page.expect_download() as started:
        by_id(page, DOWNLOAD).click()
    assert started.value.suggested_filename == "table.csv"
    with open(started.value.path()) as content:
        assert content.read() == "name,minutes\nS1,12\nS2,34\n"

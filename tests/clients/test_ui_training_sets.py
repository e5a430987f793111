"""A training set that was logged to a run, as the stock page of the run shows it."""

import pyarrow.parquet as pq
import pytest
from browser import visit
from features_cli import FeaturesCli
from playwright.sync_api import expect
from point_in_time import View, dealt

pytestmark = pytest.mark.ours


def test_the_page_of_a_run_shows_its_training_set(
    page, ui_server, ui_client, experiment_of_ui, forebay_binary, tmp_path
):
    features, spine = dealt(5, 200, 100)
    pq.write_table(features, tmp_path / "features.parquet")
    pq.write_table(spine, tmp_path / "spine.parquet")
    (tmp_path / "definitions.yaml").write_text(View().definitions(tmp_path / "features.parquet"))
    cli = FeaturesCli(forebay_binary, ("--tracking-uri", ui_server.url), tmp_path)
    cli.text("apply", "-f", "definitions.yaml")
    run_id = ui_client.create_run(experiment_of_ui).info.run_id
    words = ["--service", "all", "--spine", "spine.parquet", "--event-time", "at", "--output", "training"]
    cli.text("training-set", *words, "--run", run_id)
    visit(page, f"#/experiments/{experiment_of_ui}/runs/{run_id}")
    expect(page.get_by_test_id("runs-header")).to_be_visible()
    page.get_by_text("training (", exact=False).first.click()
    drawer = page.get_by_role("dialog")
    for text in ("training", "feature service:", "num rows:", "place", "row"):
        expect(drawer.get_by_text(text, exact=False).first).to_be_visible()
    visit(page, f"#/experiments/{experiment_of_ui}/runs/{run_id}/artifacts")
    expect(page.get_by_text("training_sets").first).to_be_visible()

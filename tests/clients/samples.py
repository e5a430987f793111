"""What the tests of the web UI look at: an experiment with runs of every kind of content, logged once."""

import dataclasses

import mlflow
import numpy
import pandas
import pytest
from mlflow.entities import DatasetInput, InputTag, LoggedModelOutput, Metric, Param, RunTag

N_STEPS = 400
GEOJSON = {
    "type": "FeatureCollection",
    "features": [
        {"type": "Feature", "properties": {"name": "here"}, "geometry": {"type": "Point", "coordinates": [10, 50]}}
    ],
}
PAGE = "<h1 id=t>Before</h1><script>document.getElementById('t').textContent = 'The script ran'</script>"
MLMODEL = "flavors:\n  python_function:\n    loader_module: mlflow.sklearn\nmodel_uuid: sample\n"
PDF = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]/Contents 4 0 R/Resources<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>endobj
4 0 obj<</Length 44>>stream
BT /F1 24 Tf 20 40 Td (A page of PDF) Tj ET
endstream endobj
trailer<</Root 1 0 R>>
"""


@dataclasses.dataclass
class Sample:
    """Ids of what was logged. `best` has the highest accuracy, a dataset, artifacts and a model."""

    experiment_id: str
    best: str
    other: str
    model_id: str


@pytest.fixture(scope="session")
def sample(ui_client, tmp_path_factory):
    experiment_id = ui_client.create_experiment("late-trains")
    other = logged_run(ui_client, experiment_id, "other", 0.6)
    best = logged_run(ui_client, experiment_id, "best", 0.9)
    dataset = logged_dataset(ui_client, best)
    log_artifacts(ui_client, best)
    model_id = logged_model(ui_client, experiment_id, best, dataset)
    mlmodel = tmp_path_factory.mktemp("model") / "MLmodel"
    mlmodel.write_text(MLMODEL)
    ui_client.log_model_artifact(model_id, str(mlmodel))
    ui_client.finalize_logged_model(model_id, "READY")
    for run_id in (other, best):
        ui_client.set_terminated(run_id)
    return Sample(experiment_id, best, other, model_id)


def logged_run(client, experiment_id, name, auc):
    run_id = client.create_run(experiment_id, run_name=name, tags={"mlflow.user": "ada"}).info.run_id
    now = 1_700_000_000_000
    losses = [Metric("loss", (1 - auc) + 1 / (step + 1), now + 1000 * step, step) for step in range(N_STEPS)]
    system = [Metric("system/cpu_utilization_percentage", 10.0 * step, now + 1000 * step, step) for step in range(5)]
    client.log_batch(run_id, [Metric("auc", auc, now, 0), *losses, *system], [Param("depth", "3")], [RunTag("stage", "dev")])
    return run_id


def logged_dataset(client, run_id):
    frame = pandas.DataFrame({"distance": [1.0, 2.0, 3.0], "late": [0, 1, 1]})
    dataset = mlflow.data.from_pandas(frame, name="trains", targets="late")
    client.log_inputs(run_id, [DatasetInput(dataset._to_mlflow_entity(), [InputTag("mlflow.data.context", "training")])])
    return dataset


def log_artifacts(client, run_id):
    client.log_text(run_id, "first line\nsecond line", "notes/readme.txt")
    client.log_text(run_id, "# A heading", "notes/doc.md")
    client.log_text(run_id, PAGE, "page.html")
    client.log_text(run_id, "name,minutes\nS1,12\nS2,34\n", "table.csv")
    client.log_text(run_id, MLMODEL, "MLmodel")
    client.log_dict(run_id, {"rate": 0.5}, "conf.json")
    client.log_dict(run_id, GEOJSON, "stations.geojson")
    client.log_table(run_id, {"question": ["How late?", "Which line?"], "answer": ["12 minutes", "S1"]}, "answers.json")
    client.log_text(run_id, PDF.decode("latin-1"), "paper.pdf")
    client.log_image(run_id, numpy.full((40, 40, 3), 128, dtype=numpy.uint8), "square.png")


def logged_model(client, experiment_id, run_id, dataset):
    model = client.create_logged_model(
        experiment_id, "forest", source_run_id=run_id, tags={"owner": "ada"}, params={"trees": "40"}, model_type="sklearn"
    )
    client.log_metric(run_id, "f1", 0.75, model_id=model.model_id, dataset_name=dataset.name, dataset_digest=dataset.digest)
    client.log_outputs(run_id, [LoggedModelOutput(model.model_id, 0)])
    return model.model_id

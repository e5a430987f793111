"""GraphQL as the stock web UI sends it.

The documents in `graphql/` are those of MLflow 3.17.2's built UI: the first two as a browser sent them, the last two
as they stand in its scripts, because it asks the REST API for charts and tables by default.
"""

import json
import pathlib

import mlflow
import pytest
from conftest import Api
from mlflow.entities.model_registry import ModelVersionTag
from registry import FIRST_TIME_MS, stock_registry

DOCUMENTS = pathlib.Path(__file__).parent / "graphql"
LIMIT = (
    "GraphQL queries should have at most {limit} {what}, got {found} {what}. "
    "To increase the limit, set the {variable} environment variable."
)


def document(name):
    return (DOCUMENTS / f"{name}.graphql").read_text()


class Page:
    """A server whose database holds one experiment, one run of it, and two versions that the run made."""

    def __init__(self, url, experiment, run):
        self.url, self.experiment, self.run = url, experiment, run
        self.api = Api(url)

    def ask(self, query, **variables):
        """The whole body of an answer that is a 200."""
        answer = self.api.post("/graphql", {"query": query, "variables": variables})
        assert answer.status == 200, answer.text
        return answer.body

    def data(self, query, **variables):
        body = self.ask(query, **variables)
        assert body["errors"] is None, body
        return body["data"]

    def error(self, query, **variables):
        (error,) = self.ask(query, **variables)["errors"]
        return error


@pytest.fixture(scope="module")
def page(target, database, start_server, fresh_database, tmp_path_factory):
    uri = fresh_database(database)
    with stock_registry(uri) as store:
        server = start_server(target, uri, tmp_path_factory.mktemp("artifacts"))
        client = mlflow.MlflowClient(server.url)
        experiment_id = client.create_experiment("shown", tags={"team": "é"})
        run = client.create_run(experiment_id, start_time=1_000, run_name="the run")
        run_id = run.info.run_id
        client.log_metric(run_id, "acc", 0.5, timestamp=10, step=1)
        client.log_metric(run_id, "acc", 0.75, timestamp=20, step=2)
        client.log_metric(run_id, "bad", float("nan"), timestamp=30)
        client.log_param(run_id, "lr", "0.1")
        client.log_text(run_id, "hello", "notes/a.txt")
        dataset = mlflow.entities.Dataset("d", "1", "local", "{}", schema="s", profile="p")
        tags = [mlflow.entities.InputTag("mlflow.data.context", "train")]
        client.log_inputs(run_id, [mlflow.entities.DatasetInput(dataset, tags)])
        client.set_terminated(run_id, end_time=2_000)
        store.create_registered_model("forecast")
        for tag in ("a", "b"):
            store.create_model_version(
                "forecast", f"s3://bucket/{tag}", run_id=run_id, tags=[ModelVersionTag("t", tag)]
            )
    return Page(server.url, client.get_experiment(experiment_id), client.get_run(run_id))


def shown_run(page, version_fields, typenames):
    """The run as the documents select it."""

    def named(typename, **fields):
        return {**fields, "__typename": typename} if typenames else fields

    def key_values(name, pairs):
        return [named(name, key=key, value=value) for key, value in pairs]

    def metric(key, value, step, timestamp):
        return named("MlflowMetricExtension", key=key, value=value, step=step, timestamp=timestamp)

    info, experiment = page.run.info, page.experiment
    dataset = dict(name="d", digest="1", sourceType="local", source="{}", schema="s", profile="p")
    context = key_values("MlflowInputTag", [("mlflow.data.context", "train")])
    versions = [
        dict(
            name="forecast",
            version=version,
            status="READY",
            source=f"s3://bucket/{tag}",
            creationTimestamp=str(FIRST_TIME_MS + 1_000 * int(version)),
        )
        for version, tag in (("2", "b"), ("1", "a"))
    ]
    tags = sorted((key, value) for key, value in page.run.data.tags.items())
    return named(
        "MlflowRunExtension",
        info=named(
            "MlflowRunInfo",
            runName="the run",
            status="FINISHED",
            runUuid=info.run_id,
            experimentId=experiment.experiment_id,
            artifactUri=info.artifact_uri,
            startTime="1000",
            endTime="2000",
            lifecycleStage="active",
            userId=info.user_id,
        ),
        experiment=named(
            "MlflowExperiment",
            experimentId=experiment.experiment_id,
            name="shown",
            tags=key_values("MlflowExperimentTag", [("team", "é")]),
            artifactLocation=experiment.artifact_location,
            lifecycleStage="active",
            lastUpdateTime=str(experiment.last_update_time),
        ),
        modelVersions=[
            named("MlflowModelVersion", **{field: version[field] for field in version_fields})
            for version in versions
        ],
        data=named(
            "MlflowRunData",
            metrics=[metric("acc", 0.75, "2", "20"), metric("bad", None, "0", "30")],
            params=key_values("MlflowParam", [("lr", "0.1")]),
            tags=key_values("MlflowRunTag", tags),
        ),
        inputs=named(
            "MlflowRunInputs",
            datasetInputs=[
                named("MlflowDatasetInput", dataset=named("MlflowDataset", **dataset), tags=context)
            ],
            modelInputs=[],
        ),
        outputs=named("MlflowRunOutputs", modelOutputs=[]),
    )


def test_the_experiment_header(page):
    experiment = page.experiment
    assert page.data(document("MlflowGetExperimentQuery"), input={"experimentId": experiment.experiment_id}) == {
        "mlflowGetExperiment": {
            "__typename": "MlflowGetExperimentResponse",
            "apiError": None,
            "experiment": {
                "__typename": "MlflowExperiment",
                "artifactLocation": experiment.artifact_location,
                "creationTime": str(experiment.creation_time),
                "effectiveTraceArchivalRetention": "",
                "experimentId": experiment.experiment_id,
                "lastUpdateTime": str(experiment.last_update_time),
                "lifecycleStage": "active",
                "name": "shown",
                "tags": [{"__typename": "MlflowExperimentTag", "key": "team", "value": "é"}],
            },
        }
    }


def test_the_run_page(page):
    shown = shown_run(page, ("name", "version", "status", "source"), typenames=True)
    assert page.data(document("GetRun"), data={"runId": page.run.info.run_id}) == {
        "mlflowGetRun": {"__typename": "MlflowGetRunResponse", "apiError": None, "run": shown}
    }


def test_the_run_table(page):
    fields = ("name", "version", "status", "source", "creationTimestamp")
    shown = shown_run(page, fields, typenames=False)
    search = {"experimentIds": [page.experiment.experiment_id], "filter": "params.lr = '0.1'"}
    assert page.data(document("SearchRuns"), data=search) == {
        "mlflowSearchRuns": {"apiError": None, "runs": [shown]}
    }
    none = {**search, "filter": "params.lr = '0.2'"}
    assert page.data(document("SearchRuns"), data=none) == {"mlflowSearchRuns": {"apiError": None, "runs": []}}


def test_a_chart(page):
    run_id = page.run.info.run_id

    def point(value, step, timestamp):
        return {"key": "acc", "runId": run_id, "value": value, "step": step, "timestamp": timestamp}

    chart = document("GetMetricHistoryBulkInterval")
    asked = {"runIds": [run_id], "metricKey": "acc", "maxResults": 320}
    answer = {"__typename": "MlflowGetMetricHistoryBulkIntervalResponse", "apiError": None}
    both = [point(0.5, "1", "10"), point(0.75, "2", "20")]
    assert page.data(chart, data=asked) == {"mlflowGetMetricHistoryBulkInterval": {**answer, "metrics": both}}


@pytest.mark.ours
def test_a_chart_of_some_steps_or_with_few_points(page):
    """The original looks for these three in the query string, where the web UI does not put them."""
    chart, asked = document("GetMetricHistoryBulkInterval"), {"runIds": [page.run.info.run_id], "metricKey": "acc"}
    for some, steps in (({"startStep": 2, "endStep": 3}, ["2"]), ({"maxResults": 1}, ["2"]), ({}, ["1", "2"])):
        points = page.data(chart, data={**asked, **some})["mlflowGetMetricHistoryBulkInterval"]["metrics"]
        assert [point["step"] for point in points] == steps


@pytest.mark.ours
def test_a_point_that_is_no_number_is_null_and_no_error(page):
    asked = {"runIds": [page.run.info.run_id], "metricKey": "bad"}
    data = page.data(document("GetMetricHistoryBulkInterval"), data=asked)
    assert [point["value"] for point in data["mlflowGetMetricHistoryBulkInterval"]["metrics"]] == [None]


def test_artifacts(page):
    query = """query ($i: MlflowListArtifactsInput!) {
      mlflowListArtifacts(input: $i) { rootUri nextPageToken files { path isDir fileSize } }
    }"""
    root = {"rootUri": page.run.info.artifact_uri, "nextPageToken": ""}
    folder = {"path": "notes", "isDir": True, "fileSize": "0"}
    file = {"path": "notes/a.txt", "isDir": False, "fileSize": "5"}
    asked = {"runId": page.run.info.run_id}
    assert page.data(query, i=asked) == {"mlflowListArtifacts": {**root, "files": [folder]}}
    assert page.data(query, i={**asked, "path": "notes"}) == {"mlflowListArtifacts": {**root, "files": [file]}}
    assert page.error(query, i={**asked, "path": "../notes"}) == "Invalid path"


def test_model_versions(page):
    query = """query ($filter: String, $max: LongString) {
      mlflowSearchModelVersions(input: { filter: $filter, maxResults: $max }) {
        nextPageToken
        modelVersions {
          name version creationTimestamp lastUpdatedTimestamp userId currentStage description source runId status
          statusMessage tags { key value } runLink aliases modelId modelParams { name } modelMetrics { key }
          deploymentJobState { jobId runId currentTaskName }
        }
      }
    }"""
    version = {
        "name": "forecast",
        "version": "2",
        "creationTimestamp": str(FIRST_TIME_MS + 2_000),
        "lastUpdatedTimestamp": str(FIRST_TIME_MS + 2_000),
        "userId": "",
        "currentStage": "None",
        "description": "",
        "source": "s3://bucket/b",
        "runId": page.run.info.run_id,
        "status": "READY",
        "statusMessage": "",
        "tags": [{"key": "t", "value": "b"}],
        "runLink": "",
        "aliases": [],
        "modelId": "",
        "modelParams": [],
        "modelMetrics": [],
        "deploymentJobState": {"jobId": "", "runId": "", "currentTaskName": ""},
    }
    found = {"modelVersions": [version], "nextPageToken": "eyJvZmZzZXQiOiAxfQ=="}
    assert page.data(query, filter="name = 'forecast'", max="1") == {"mlflowSearchModelVersions": found}
    assert page.error(query, filter="name") == "Invalid clause(s) in filter string: name"


def test_datasets_and_runs_are_found_by_mutations_too(page):
    query = """mutation ($ids: [String]) {
      mlflowSearchDatasets(input: { experimentIds: $ids }) {
        datasetSummaries { experimentId name digest context }
      }
      mlflowSearchRuns(input: { experimentIds: $ids }) { runs { info { runName } } nextPageToken }
    }"""
    experiment_id = page.experiment.experiment_id
    summary = {"experimentId": experiment_id, "name": "d", "digest": "1", "context": "train"}
    assert page.data(query, ids=[experiment_id]) == {
        "mlflowSearchDatasets": {"datasetSummaries": [summary]},
        "mlflowSearchRuns": {"runs": [{"info": {"runName": "the run"}}], "nextPageToken": ""},
    }


def test_a_field_that_fails_is_null_beside_fields_that_do_not(page):
    query = """query ($id: String) {
      good: mlflowGetExperiment(input: { experimentId: $id }) { experiment { name } }
      bad: mlflowGetExperiment(input: { experimentId: "987654" }) { experiment { name } }
    }"""
    assert page.ask(query, id=page.experiment.experiment_id) == {
        "data": {"good": {"experiment": {"name": "shown"}}, "bad": None},
        "errors": ["No Experiment with id=987654 exists"],
    }
    assert page.ask(document("GetRun"), data={"runId": "nope"}) == {
        "data": {"mlflowGetRun": None},
        "errors": ["Run with id=nope not found"],
    }


def test_aliases_fragments_and_directives(page):
    query = """query ($id: String) @component(name: "x") {
      mlflowGetRun(input: { runUuid: $id }) {
        run { data { metrics { ...M ... on MlflowMetricExtension { at: step } } } }
      }
    }
    fragment M on MlflowMetricExtension { name: key __typename }"""
    assert page.data(query, id=page.run.info.run_id) == {
        "mlflowGetRun": {
            "run": {
                "data": {
                    "metrics": [
                        {"name": "acc", "__typename": "MlflowMetricExtension", "at": "2"},
                        {"name": "bad", "__typename": "MlflowMetricExtension", "at": "0"},
                    ]
                }
            }
        }
    }


@pytest.mark.ours
def test_rows_heed_skip_and_include(page):
    query = """query ($id: String) {
      mlflowGetRun(input: { runId: $id }) {
        run { data { params { key @skip(if: true) value ...P @include(if: false) } } }
      }
    }
    fragment P on MlflowParam { key }"""
    shown = page.data(query, id=page.run.info.run_id)["mlflowGetRun"]["run"]["data"]["params"]
    assert shown == [{"value": "0.1"}]


def test_the_operation_is_chosen_by_its_name(page):
    two = 'query A { test(inputString: "a") { output } } query B { b: test(inputString: "b") { output } }'
    answer = page.api.post("/graphql", {"query": two, "operationName": "B"})
    assert answer.body == {"data": {"b": {"output": "b"}}, "errors": None}
    answer = page.api.post("/graphql", {"query": two})
    assert (answer.status, answer.body["data"]) == (200, None)


def test_get_reads_the_body_too(page):
    body = json.dumps({"query": '{ test(inputString: "a") { output } }'}).encode()
    for content_type in ("application/json", None):
        answer = page.api.send("/graphql", body, content_type, method="GET")
        assert (answer.status, answer.body) == (200, {"data": {"test": {"output": "a"}}, "errors": None})


def test_another_content_type_is_refused(page):
    answer = page.api.send("/graphql", b'{"query": "{ test { output } }"}', "text/plain")
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")


@pytest.mark.parametrize("variable", ["ROOT_FIELDS", "ALIASES"])
def test_ten_root_fields_and_aliases_and_no_more(page, variable):
    what = variable.lower().replace("_", " ")

    def query(n):
        if variable == "ALIASES":
            return '{ test(inputString: "a") { %s } }' % " ".join(f"a{i}: output" for i in range(n))
        return "{ %s }" % (' test(inputString: "a") { output }' * n)

    assert page.ask(query(10))["errors"] is None
    expected = LIMIT.format(limit=10, what=what, found=11, variable=f"MLFLOW_SERVER_GRAPHQL_MAX_{variable}")
    assert page.ask(query(11)) == {"data": None, "errors": [expected]}


def test_depth_and_length_are_bounded(page):
    deep = "{ __schema { types { fields { type %s } } } }" % ("{ ofType " * 7 + "{ name }" + " }" * 7)
    assert page.ask(deep) == {"data": None, "errors": ["Query exceeds maximum depth of 10"]}
    long = '{ test(inputString: "a") { %s } }' % ("output " * 1_001)
    expected = "Query exceeds maximum total selections of 1000"
    assert page.ask(long) == {"data": None, "errors": [expected]}


def test_the_limits_can_be_set(target, start_server, fresh_database, api_of):
    env = {"MLFLOW_SERVER_GRAPHQL_MAX_ROOT_FIELDS": "1", "MLFLOW_SERVER_GRAPHQL_MAX_ALIASES": "0"}
    api = api_of(start_server(target, fresh_database("sqlite"), env=env))
    one = 'test(inputString: "a") { output }'
    for query, limit, what, found in (
        ("{ %s %s }" % (one, one), 1, "root fields", 2),
        ("{ a: %s }" % one, 0, "aliases", 1),
    ):
        variable = "MLFLOW_SERVER_GRAPHQL_MAX_" + what.replace(" ", "_").upper()
        expected = LIMIT.format(limit=limit, what=what, found=found, variable=variable)
        assert api.post("/graphql", {"query": query}).body == {"data": None, "errors": [expected]}


def test_the_schema_tells_its_types(page):
    query = """{ __schema {
      queryType { name fields { name } } mutationType { name fields { name } } types { name }
    } }"""
    schema = page.data(query)["__schema"]
    assert schema["queryType"]["name"] == "Query"
    assert {field["name"] for field in schema["queryType"]["fields"]} == {
        "mlflowGetExperiment",
        "mlflowGetMetricHistoryBulkInterval",
        "mlflowGetRun",
        "mlflowListArtifacts",
        "mlflowSearchModelVersions",
        "mlflowSearchRuns",
        "test",
    }
    assert {field["name"] for field in schema["mutationType"]["fields"]} == {
        "mlflowSearchDatasets",
        "mlflowSearchRuns",
        "testMutation",
    }
    ours = {
        name["name"]
        for name in schema["types"]
        if name["name"].startswith("Mlflow") or name["name"] in ("ApiError", "ErrorDetail", "LongString")
    }
    assert ours == TYPES


TYPES = set(
    """ApiError ErrorDetail LongString MlflowDataset MlflowDatasetInput MlflowDatasetSummary
    MlflowDeploymentJobConnectionState MlflowExperiment MlflowExperimentTag MlflowFileInfo
    MlflowGetExperimentInput MlflowGetExperimentResponse MlflowGetMetricHistoryBulkIntervalInput
    MlflowGetMetricHistoryBulkIntervalResponse MlflowGetRunInput MlflowGetRunResponse MlflowInputTag
    MlflowListArtifactsInput MlflowListArtifactsResponse MlflowMetricExtension MlflowMetricWithRunId
    MlflowModelInput MlflowModelMetric MlflowModelOutput MlflowModelParam MlflowModelVersion
    MlflowModelVersionDeploymentJobState MlflowModelVersionDeploymentJobStateDeploymentJobRunState
    MlflowModelVersionStatus MlflowModelVersionTag MlflowParam MlflowRunData MlflowRunExtension MlflowRunInfo
    MlflowRunInputs MlflowRunOutputs MlflowRunStatus MlflowRunTag MlflowSearchDatasetsInput
    MlflowSearchDatasetsResponse MlflowSearchModelVersionsInput MlflowSearchModelVersionsResponse
    MlflowSearchRunsInput MlflowSearchRunsResponse MlflowViewType""".split()
)


@pytest.mark.ours
@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "Missing value for required parameter 'query'"),
        ({"query": "{"}, "Invalid value \"{\" for parameter 'query' supplied"),
        ({"query": "{ a }" + " " * 20_000}, "It is longer than 20000 bytes"),
        ({"query": "{ a }", "variables": "x"}, "Invalid value \"x\" for parameter 'variables' supplied"),
        ({"query": 1}, "Invalid value 1 for parameter 'query' supplied"),
    ],
)
def test_what_is_no_graphql_is_a_400(page, body, message):
    answer = page.api.post("/graphql", body)
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert message in answer.message


@pytest.mark.ours
def test_documents_nested_without_end_end_at_once(page):
    for query in ("{a" * 9_000, "{a(b:" + "[" * 19_000, "query(" + "$a:[" * 4_000):
        assert page.ask(query) == {"data": None, "errors": ["Query exceeds maximum depth of 10"]}


@pytest.mark.ours
def test_a_required_field_that_is_missing_is_named(page):
    missing = "Missing value for required parameter '{}'. See the API docs for more information about request parameters."
    for query, name in (
        ("{ mlflowGetRun { run { info { runId } } } }", "input"),
        ("{ mlflowGetRun(input: {}) { run { info { runId } } } }", "run_id"),
        ("{ mlflowGetExperiment(input: null) { experiment { name } } }", "input"),
        ('{ mlflowGetMetricHistoryBulkInterval(input: { metricKey: "m" }) { metrics { key } } }', "run_ids"),
    ):
        assert page.error(query) == missing.format(name)


@pytest.mark.ours
def test_runs_can_be_searched_in_every_view(page):
    query = """query ($ids: [String], $view: MlflowViewType) {
      mlflowSearchRuns(input: { experimentIds: $ids, runViewType: $view }) { runs { info { runName } } }
    }"""
    ids = [page.experiment.experiment_id]
    for view, names in (("ACTIVE_ONLY", ["the run"]), ("DELETED_ONLY", []), ("ALL", ["the run"])):
        runs = page.data(query, ids=ids, view=view)["mlflowSearchRuns"]["runs"]
        assert [run["info"]["runName"] for run in runs] == names

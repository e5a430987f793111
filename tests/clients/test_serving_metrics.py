"""What a model server tells of itself: metrics, where the time of a request went, and its OpenAPI document."""

from concurrent.futures import ThreadPoolExecutor

import mlflow
import pytest
import requests
from metrics_document import PROCESS, SERVED_MODELS, documented, told
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema
from scoring import scoring_server
from serving import (
    asleep,
    invoke,
    metric,
    records,
    save_plus,
    save_sleepy,
    save_table,
    save_tensors,
    sleep_for,
    wait_for,
)

pytestmark = pytest.mark.ours

COUNTERS = [
    "nv_inference_request_success",
    "nv_inference_request_failure",
    "nv_inference_count",
    "nv_inference_exec_count",
    "nv_inference_pending_request_count",
    "nv_inference_request_duration_us",
    "nv_inference_queue_duration_us",
    "nv_inference_compute_input_duration_us",
    "nv_inference_compute_infer_duration_us",
    "nv_inference_compute_output_duration_us",
]
HISTOGRAMS = [f"forebay_inference_{part}_seconds" for part in ("request", "queue", "compute")]
OF_SERVER = {
    "/ping",
    "/health",
    "/version",
    "/metrics",
    "/v2",
    "/v2/health/live",
    "/v2/health/ready",
    "/v2/models/stats",
    "/v2/repository/index",
}
PARTS = ["parse", "queue", "compute", "serialise"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def server(folder):
    """Two models: one that adds 1, and one that refuses all beyond 9."""
    plus, table = save_plus(folder / "plus", 1), save_table(folder / "table")
    with scoring_server(plus, "-m", table) as server:
        yield server


def ask(server, model, *numbers, **options):
    return invoke(server, records(*[{"i": number} for number in numbers]), path_of(model), **options)


def path_of(model):
    return f"/serving-endpoints/{model}/invocations"


# Metrics


def test_metrics_have_the_names_that_dashboards_for_triton_ask_for(server):
    from prometheus_client.parser import text_string_to_metric_families

    ask(server, "plus", 1)
    ask(server, "table", 1_000)
    answer = requests.get(f"{server.url}/metrics", timeout=60)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith(("text/plain", "application/openmetrics-text"))
    kinds = {family.name: family.type for family in text_string_to_metric_families(answer.text)}
    assert {name: kinds.get(name) for name in COUNTERS} == dict.fromkeys(COUNTERS, "gauge")
    assert {name: kinds.get(name) for name in HISTOGRAMS} == dict.fromkeys(HISTOGRAMS, "histogram")


def test_the_document_names_every_metric_with_its_type_and_labels(server):
    from prometheus_client.parser import text_string_to_metric_families

    ask(server, "plus", 1)
    ask(server, "table", 1_000)
    text = requests.get(f"{server.url}/metrics", timeout=60).text
    assert told(text_string_to_metric_families(text)) == documented([SERVED_MODELS, PROCESS])


def test_counters_have_no_ending_that_triton_does_not_give_them(server):
    """Panels ask for `nv_inference_request_success`, as Triton writes it, without the `_total` of OpenMetrics."""
    ask(server, "plus", 1)
    ask(server, "table", 1_000)
    names = [line.split("{")[0] for line in requests.get(f"{server.url}/metrics", timeout=60).text.splitlines()]
    assert set(COUNTERS) <= set(names), sorted({name for name in names if name.startswith("nv_")})


def test_rows_and_requests_are_counted_by_model(server):
    names = ["nv_inference_request_success_total", "nv_inference_count_total"]
    counted = [(name, model) for name in names for model in ("plus", "table")]
    before = [metric(server, name, model=model) for name, model in counted]
    assert ask(server, "plus", 1, 2, 3).status_code == 200
    after = [metric(server, name, model=model) for name, model in counted]
    assert [new - old for new, old in zip(after, before)] == [1, 0, 3, 0]


def test_batches_that_ran_are_counted_apart_from_their_rows(server):
    before = metric(server, "nv_inference_exec_count", model="plus")
    assert ask(server, "plus", 1, 2, 3).status_code == 200
    assert metric(server, "nv_inference_exec_count", model="plus") == before + 1


def test_requests_that_wait_are_told(tmp_path):
    with scoring_server(save_sleepy(tmp_path / "sleepy")) as server:
        assert metric(server, "nv_inference_pending_request_count", model="sleepy") == 0
        with asleep(server, 3), ThreadPoolExecutor(2) as threads:
            waiting = [threads.submit(sleep_for, server, 0) for _ in range(2)]
            wait_for(lambda: metric(server, "nv_inference_pending_request_count", model="sleepy") == 2)
        assert [request.result().status_code for request in waiting] == [200] * 2
        assert metric(server, "nv_inference_pending_request_count", model="sleepy") == 0


def test_what_was_refused_by_the_model_is_counted_with_its_reason(server):
    name = "nv_inference_request_failure_total"
    before = metric(server, name, model="table", reason="BACKEND")
    assert ask(server, "table", 1_000).status_code == 400
    assert metric(server, name, model="table", reason="BACKEND") == before + 1


def test_every_answer_is_in_the_histograms(server):
    counts = [f"{name}_count" for name in HISTOGRAMS]
    before = [metric(server, name, model="plus") for name in counts]
    for number in range(5):
        ask(server, "plus", number)
    assert [metric(server, name, model="plus") for name in counts] == [count + 5 for count in before]
    for name in HISTOGRAMS:
        all_of_them = metric(server, f"{name}_bucket", model="plus", le="+Inf")
        assert all_of_them == metric(server, f"{name}_count", model="plus")


def test_other_protocols_are_counted_too(server):
    before = metric(server, "nv_inference_count_total", model="plus")
    tensor = {"name": "i", "shape": [2], "datatype": "INT64", "data": [1, 2]}
    answer = requests.post(f"{server.url}/v2/models/plus/infer", json={"inputs": [tensor]}, timeout=60)
    assert answer.status_code == 200, answer.text
    headers = {"Content-Type": "application/x-ndjson"}
    requests.post(server.url + path_of("plus"), data='{"i": 1}\n', headers=headers, timeout=60)
    assert metric(server, "nv_inference_count_total", model="plus") == before + 3


def test_the_process_tells_its_memory(server):
    assert metric(server, "process_resident_memory_bytes") > 1024 * 1024


# Server-Timing


def timing(answer):
    """Milliseconds by part."""
    parts = [part.strip().split(";dur=") for part in answer.headers["Server-Timing"].split(",")]
    return {name: float(millis) for name, millis in parts}


def test_an_answer_tells_where_its_time_went(server):
    answer = ask(server, "plus", 1)
    told = timing(answer)
    assert list(told) == PARTS
    assert all(millis >= 0 for millis in told.values())
    assert sum(told.values()) <= answer.elapsed.total_seconds() * 1_000


# OpenAPI


def document(server, path="/openapi.json"):
    answer = requests.get(server.url + path, timeout=60)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    return answer.json()


def shapes(told, path):
    """Schemas of the body by the field that holds the rows."""
    body = told["paths"][path]["post"]["requestBody"]
    assert body["required"] is True
    return {schema["required"][0]: schema for schema in body["content"]["application/json"]["schema"]["oneOf"]}


def test_the_document_has_the_fields_that_openapi_asks_for(server):
    told = document(server)
    assert told["openapi"].startswith("3.")
    assert set(told["info"]) >= {"title", "version"}
    for path, operations in told["paths"].items():
        assert path.startswith("/")
        for operation in operations.values():
            assert operation["responses"]
            assert all(answer["description"] for answer in operation["responses"].values())


def paths_of(model, version=None):
    inference = [f"/v2/models/{model}"] + ([f"/v2/models/{model}/versions/{version}"] if version else [])
    parts = ["", "/ready", "/config", "/stats", "/infer"]
    return {path_of(model), f"/endpoints/{model}/invocations"} | {base + part for base in inference for part in parts}


def test_the_document_has_paths_for_each_of_several_models_and_none_at_the_root(server):
    whole, plus = set(document(server)["paths"]), set(document(server, "/serving-endpoints/plus/openapi")["paths"])
    assert whole == OF_SERVER | paths_of("plus") | paths_of("table")
    assert plus == paths_of("plus")


def test_every_path_that_is_asked_with_get_is_there(server):
    asked = [path for path, operations in document(server)["paths"].items() if "get" in operations]
    assert len(asked) > 10
    assert {requests.get(server.url + path, timeout=60).status_code for path in asked} == {200}


def test_every_content_type_is_in_the_document(server):
    operation = document(server)["paths"][path_of("plus")]["post"]
    assert set(operation["requestBody"]["content"]) == {
        "application/json",
        "text/csv",
        "application/vnd.apache.parquet",
        "application/vnd.apache.arrow.stream",
        "application/x-ndjson",
    }
    answers = operation["responses"]["200"]["content"]
    assert set(answers) == {"application/json", "application/vnd.apache.arrow.stream", "application/x-ndjson"}


def test_tensors_of_an_inference_are_those_of_the_metadata(server):
    content = document(server)["paths"]["/v2/models/plus/infer"]["post"]["requestBody"]["content"]
    assert set(content) == {"application/json", "application/octet-stream"}
    (tensor,) = content["application/json"]["schema"]["properties"]["inputs"]["items"]["oneOf"]
    told = requests.get(f"{server.url}/v2/models/plus", timeout=60).json()["inputs"][0]
    assert tensor["properties"]["name"] == {"const": told["name"]}
    assert tensor["properties"]["datatype"] == {"const": told["datatype"]}
    assert tensor["properties"]["shape"]["minItems"] == len(told["shape"])


def test_a_model_that_is_not_served_has_no_document(server):
    assert requests.get(f"{server.url}/serving-endpoints/nobody/openapi", timeout=60).status_code == 404


def test_refusals_that_callers_meet_are_in_the_document(server):
    assert set(document(server)["paths"][path_of("plus")]["post"]["responses"]) >= {"200", "400", "413", "415", "429", "503", "504"}


def save_typed(path):
    """A column of every kind, one of them optional, and a param."""

    # Within a function, so that it is pickled whole: a server does not find this module.
    class Nothing(mlflow.pyfunc.PythonModel):
        def predict(self, context, model_input, params=None):
            return [0.5] * len(model_input)

    kinds = ["boolean", "integer", "long", "float", "double", "string", "binary", "datetime"]
    inputs = [ColSpec(kind, kind) for kind in kinds] + [ColSpec("double", "extra", required=False)]
    outputs = Schema([ColSpec("double", "score")])
    signature = ModelSignature(Schema(inputs), outputs, ParamSchema([ParamSpec("limit", "long", 1)]))
    mlflow.pyfunc.save_model(str(path), python_model=Nothing(), signature=signature, pip_requirements=[])
    return path


@pytest.fixture(scope="module")
def typed(folder):
    with scoring_server(save_typed(folder / "typed")) as server:
        yield document(server)


def test_the_only_model_has_a_path_at_the_root_too(typed):
    assert set(typed["paths"]) == OF_SERVER | {"/invocations"} | paths_of("typed")


def test_columns_have_their_types_and_optional_ones_are_not_required(typed):
    record = shapes(typed, "/invocations")["dataframe_records"]["properties"]["dataframe_records"]["items"]
    assert {name: schema["type"] for name, schema in record["properties"].items()} == {
        "boolean": "boolean",
        "integer": "integer",
        "long": "integer",
        "float": "number",
        "double": "number",
        "string": "string",
        "binary": "string",
        "datetime": "string",
        "extra": "number",
    }
    assert set(record["required"]) == set(record["properties"]) - {"extra"}


def test_params_and_outputs_have_their_types(typed):
    shape = shapes(typed, "/invocations")["dataframe_split"]
    assert shape["properties"]["params"]["properties"]["limit"]["type"] == "integer"
    answer = typed["paths"]["/invocations"]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert answer["properties"]["predictions"]["items"]["properties"]["score"]["type"] == "number"


@pytest.mark.parametrize("names", [[None], ["x", "y"]])
def test_tensors_are_arrays_of_their_shape(tmp_path, names):
    with scoring_server(save_tensors(tmp_path / "tensors", *names)) as server:
        inputs = shapes(document(server), "/invocations")["inputs"]["properties"]["inputs"]
    tensors = [inputs] if names == [None] else [inputs["properties"][name] for name in names]
    for tensor in tensors:
        assert tensor["type"] == "array"
        assert tensor["items"] == {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}

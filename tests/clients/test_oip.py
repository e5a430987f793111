"""The Open Inference Protocol over REST and gRPC, called by Triton's own clients.

A model is logged by the stock client and served as it is; both clients must get what `mlflow.pyfunc` predicts.
"""

import json
import time

import grpc
import mlflow
import numpy
import pandas
import pytest
import requests
import tritonclient.grpc
import tritonclient.http
from scoring import scoring_server
from skl2onnx import to_onnx
from sklearn.linear_model import LogisticRegression
from tritonclient.grpc import service_pb2, service_pb2_grpc
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

pytestmark = pytest.mark.ours

COLUMNS = ["a", "b", "c"]
N_ROWS = 8


@pytest.fixture(scope="module")
def rows():
    return pandas.DataFrame(numpy.random.default_rng(7).normal(size=(N_ROWS, len(COLUMNS))), columns=COLUMNS)


@pytest.fixture(scope="module")
def model_path(rows, tmp_path_factory):
    labels = (rows.sum(axis=1) > 0).astype(int)
    classifier = LogisticRegression().fit(rows.to_numpy(), labels)
    model = to_onnx(classifier, rows.to_numpy().astype(numpy.float32), options={"zipmap": False})
    path = tmp_path_factory.mktemp("models") / "matrix"
    signature = mlflow.models.infer_signature(rows.to_numpy().astype(numpy.float32))
    mlflow.onnx.save_model(model, str(path), signature=signature)
    return path


@pytest.fixture(scope="module")
def server(model_path):
    with scoring_server(str(model_path)) as server:
        yield server


@pytest.fixture(scope="module", params=["http", "grpc"])
def client(request, server):
    if request.param == "http":
        yield Client(tritonclient.http, server.url.removeprefix("http://"))
    else:
        yield Client(tritonclient.grpc, server.grpc.removeprefix("http://"))


class Client:
    """Either of Triton's clients, which differ in little but their modules."""

    def __init__(self, module, address):
        self.module = module
        self.calls = module.InferenceServerClient(address)
        index = self.dict_of(self.calls.get_model_repository_index())
        self.model = (index if isinstance(index, list) else index["models"])[0]["name"]

    def dict_of(self, answer):
        if self.module is tritonclient.http:
            return answer
        from google.protobuf.json_format import MessageToDict

        return MessageToDict(answer, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)

    def input(self, name, values, **options):
        tensor = self.module.InferInput(name, list(values.shape), np_to_triton_dtype(values.dtype))
        tensor.set_data_from_numpy(values, **options)
        return tensor

    def infer(self, values, name="input", **options):
        return self.calls.infer(self.model, [self.input(name, values)], **options)


def matrix(rows):
    return rows.to_numpy().astype(numpy.float32)


def outputs_of(result):
    response = result.get_response()
    return [o["name"] for o in response["outputs"]] if isinstance(response, dict) else [o.name for o in response.outputs]


def test_server_and_model_are_live_and_ready(client):
    assert client.calls.is_server_live()
    assert client.calls.is_server_ready()
    assert client.calls.is_model_ready(client.model)


def test_a_model_that_is_not_there_is_an_error(client):
    with pytest.raises(InferenceServerException, match="'nobody' is not found"):
        client.calls.get_model_metadata("nobody")


def test_metadata_tells_the_tensors_of_the_signature(client):
    told = client.dict_of(client.calls.get_model_metadata(client.model))
    assert told["name"] == client.model
    assert told["inputs"][0]["datatype"] == "FP32"
    assert [int(length) for length in told["inputs"][0]["shape"]] == [-1, len(COLUMNS)]


def test_configuration_tells_load_generators_the_largest_batch(client):
    told = client.dict_of(client.calls.get_model_config(client.model))
    config = told.get("config", told)
    assert config["name"] == client.model
    assert config["max_batch_size"] > 0
    assert [int(length) for length in config["input"][0]["dims"]] == [len(COLUMNS)]


def test_predictions_are_those_of_pyfunc(client, rows, model_path):
    expected = mlflow.pyfunc.load_model(str(model_path)).predict(matrix(rows))
    result = client.infer(matrix(rows))
    assert set(outputs_of(result)) == set(expected)
    for name, values in expected.items():
        numpy.testing.assert_allclose(result.as_numpy(name), values, rtol=1e-5)


def test_the_id_is_echoed_and_outputs_can_be_chosen(client, rows):
    everything = outputs_of(client.infer(matrix(rows)))
    chosen = [client.module.InferRequestedOutput(everything[-1])]
    result = client.infer(matrix(rows), outputs=chosen, request_id="7")
    response = client.dict_of(result.get_response())
    assert response["id"] == "7"
    assert outputs_of(result) == everything[-1:]


def test_a_wrong_shape_or_type_names_the_input(client, rows):
    with pytest.raises(InferenceServerException, match=r"input 'input' has shape \[8, 2\], expected \[-1, 3\]"):
        client.infer(matrix(rows)[:, :2])
    with pytest.raises(InferenceServerException, match="input 'input' is FP64, expected FP32"):
        client.infer(rows.to_numpy())


def test_a_wrong_name_is_told_with_the_one_that_is_expected(client, rows):
    told = "input 'input' is missing and input 'x' is unknown; the model takes input"
    with pytest.raises(InferenceServerException, match=told):
        client.infer(matrix(rows), name="x")


def test_an_output_that_is_not_there_is_an_error(client, rows):
    with pytest.raises(InferenceServerException, match="output 'nothing' is unknown"):
        client.infer(matrix(rows), outputs=[client.module.InferRequestedOutput("nothing")])


def test_statistics_count_what_was_scored(client, rows):
    before = counted(client)
    client.infer(matrix(rows))
    assert counted(client) == before + N_ROWS


def test_statistics_tell_when_the_last_batch_was_scored_and_batches_by_their_size(client, rows):
    def batches_of(told, size):
        return next((int(b["compute_infer"]["count"]) for b in told["batch_stats"] if int(b["batch_size"]) == size), 0)

    before, asked_ms = statistics(client), time.time() * 1_000
    client.infer(matrix(rows)[:5])
    after = statistics(client)
    assert asked_ms - 1 <= int(after["last_inference"]) <= time.time() * 1_000
    assert batches_of(after, 5) == batches_of(before, 5) + 1
    assert int(after["execution_count"]) == int(before["execution_count"]) + 1
    sizes = {int(batch["batch_size"]): batch for batch in after["batch_stats"]}
    assert all(int(sizes[5][part]["count"]) > 0 for part in ("compute_input", "compute_infer", "compute_output"))
    assert int(sizes[5]["compute_infer"]["ns"]) > 0


def test_an_own_example_that_was_scored_at_the_start_is_not_counted(rows, tmp_path):
    classifier = LogisticRegression().fit(rows.to_numpy(), (rows.sum(axis=1) > 0).astype(int))
    model = to_onnx(classifier, matrix(rows), options={"zipmap": False})
    mlflow.onnx.save_model(model, str(tmp_path / "warm"), input_example=matrix(rows), pip_requirements=["onnxruntime"])
    with scoring_server(str(tmp_path / "warm")) as server:
        assert "is not scored" not in server.log()
        assert statistics(Client(tritonclient.http, server.url.removeprefix("http://")))["execution_count"] == 0


def statistics(client):
    return client.dict_of(client.calls.get_inference_statistics(client.model))["model_stats"][0]


def counted(client):
    return int(statistics(client)["inference_count"])


def test_json_and_binary_tensors_give_the_same(server, rows):
    client = Client(tritonclient.http, server.url.removeprefix("http://"))
    binary = client.infer(matrix(rows))
    name = outputs_of(binary)[0]
    in_json = client.calls.infer(
        client.model,
        [client.input("input", matrix(rows), binary_data=False)],
        outputs=[client.module.InferRequestedOutput(name, binary_data=False)],
    )
    numpy.testing.assert_array_equal(in_json.as_numpy(name), binary.as_numpy(name))


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
def test_requests_may_come_compressed(server, rows, algorithm):
    http = Client(tritonclient.http, server.url.removeprefix("http://"))
    http.infer(matrix(rows), request_compression_algorithm=algorithm)
    over_grpc = Client(tritonclient.grpc, server.grpc.removeprefix("http://"))
    over_grpc.infer(matrix(rows), compression_algorithm=algorithm)


def test_malformed_bodies_are_the_callers_mistake(server):
    client = Client(tritonclient.http, server.url.removeprefix("http://"))
    url = f"{server.url}/v2/models/{client.model}/infer"
    tensor = {"name": "input", "shape": [1, 3], "datatype": "FP32"}
    bodies = [
        b"",
        b"[]",
        json.dumps({"inputs": []}).encode(),
        json.dumps({"inputs": [tensor]}).encode(),
        json.dumps({"inputs": [{**tensor, "data": [[1, 2], [3]]}]}).encode(),
        json.dumps({"inputs": [{**tensor, "shape": [2**62, 3], "data": [1]}]}).encode(),
        json.dumps({"inputs": [{**tensor, "parameters": {"binary_data_size": 12}}]}).encode(),
    ]
    for body in bodies:
        answer = requests.post(url, data=body, timeout=60)
        assert answer.status_code == 400, body
        assert list(answer.json()) == ["error"]


def test_typed_contents_are_taken_over_grpc(server):
    address = server.grpc.removeprefix("http://")
    model = Client(tritonclient.grpc, address).model
    stub = service_pb2_grpc.GRPCInferenceServiceStub(grpc.insecure_channel(address))
    request = service_pb2.ModelInferRequest(model_name=model)
    tensor = request.inputs.add(name="input", datatype="FP32", shape=[1, 3])
    tensor.contents.fp32_contents.extend([1, 2, 3])
    assert len(stub.ModelInfer(request).raw_output_contents) > 0
    tensor.contents.fp32_contents.append(4)
    with pytest.raises(grpc.RpcError) as error:
        stub.ModelInfer(request)
    assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_health_is_answered_over_grpc(server):
    channel = grpc.insecure_channel(server.grpc.removeprefix("http://"))
    # The message has one field, the status; 1 is SERVING.
    assert channel.unary_unary("/grpc.health.v1.Health/Check")(b"") == b"\x08\x01"

"""Bad days over the Open Inference Protocol: the same refusals as of `/invocations`, over REST and gRPC."""

import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import grpc
import numpy
import pytest
import requests
from scoring import scoring_server
from serving import asleep, fill, metric, save_gated, save_sleepy, sleep_for, wait_for
from tritonclient.grpc import service_pb2, service_pb2_grpc

pytestmark = pytest.mark.ours

QUEUE_ROWS = 4
# Longer than a Python with its model takes to start anew on a busy machine.
LONG_S = 45


@pytest.fixture(scope="module")
def sleepy(tmp_path_factory):
    """One Python that sleeps as it is told; four rows may wait for it."""
    model = save_sleepy(tmp_path_factory.mktemp("models") / "sleepy")
    with scoring_server(model, "--queue-rows", QUEUE_ROWS) as server:
        yield server


def over_rest(server, seconds, n_rows=1, headers=None, parameters=None):
    tensor = {"name": "seconds", "shape": [n_rows], "datatype": "FP64", "data": [seconds] * n_rows}
    body = {"inputs": [tensor], "parameters": parameters or {}}
    return requests.post(f"{server.url}/v2/models/sleepy/infer", json=body, headers=headers, timeout=60)


def over_grpc(server, seconds, n_rows=1, timeout=60):
    request = service_pb2.ModelInferRequest(model_name="sleepy")
    request.inputs.add(name="seconds", datatype="FP64", shape=[n_rows])
    request.raw_input_contents.append(numpy.full(n_rows, seconds, dtype=numpy.float64).tobytes())
    return stub(server).ModelInfer(request, timeout=timeout)


def stub(server):
    return service_pb2_grpc.GRPCInferenceServiceStub(grpc.insecure_channel(server.grpc))


def refusal(server, *arguments, **options):
    with pytest.raises(grpc.RpcError) as error:
        over_grpc(server, *arguments, **options)
    return error.value


def test_a_full_queue_refuses_at_once(sleepy):
    with asleep(sleepy, 3) as running, ThreadPoolExecutor(QUEUE_ROWS) as threads:
        waiting = fill(threads, sleepy, QUEUE_ROWS, over_rest)
        answer = over_rest(sleepy, 0)
        assert answer.status_code == 429, answer.text
        assert int(answer.headers["Retry-After"]) >= 1
        assert list(answer.json()) == ["error"]
        assert refusal(sleepy, 0).code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert not running.done()
        assert [request.result().status_code for request in waiting] == [200] * QUEUE_ROWS


def test_a_request_larger_than_the_queue_is_not_to_be_tried_again(sleepy):
    assert over_rest(sleepy, 0, n_rows=QUEUE_ROWS + 1).status_code == 413
    error = refusal(sleepy, 0, n_rows=QUEUE_ROWS + 1)
    # What may be tried again is not told from this one by clients that retry RESOURCE_EXHAUSTED.
    assert error.code() in (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.OUT_OF_RANGE), error


DEADLINES = {
    "the header of every protocol": lambda server: over_rest(server, LONG_S, headers={"X-Timeout-Ms": "300"}).status_code,
    "the parameter of Triton": lambda server: over_rest(server, LONG_S, parameters={"timeout": 300_000}).status_code,
    "gRPC": lambda server: refusal(server, LONG_S, timeout=0.3).code(),
}


@pytest.mark.parametrize("named_by", DEADLINES)
def test_a_deadline_that_passes_is_told_and_frees_the_worker(sleepy, named_by):
    sleep_for(sleepy, 0)
    began = time.monotonic()
    assert DEADLINES[named_by](sleepy) in (504, grpc.StatusCode.DEADLINE_EXCEEDED)
    assert sleep_for(sleepy, 0).status_code == 200
    assert time.monotonic() - began < LONG_S


def test_a_call_that_is_cancelled_frees_the_worker(sleepy):
    sleep_for(sleepy, 0)
    before = metric(sleepy, "nv_inference_request_success")
    request = service_pb2.ModelInferRequest(model_name="sleepy")
    request.inputs.add(name="seconds", datatype="FP64", shape=[1])
    request.raw_input_contents.append(numpy.full(1, 60.0).tobytes())
    call = stub(sleepy).ModelInfer.future(request)
    wait_for(lambda: sleep_for(sleepy, 0, X_Timeout_Ms=50).status_code == 504)
    call.cancel()
    wait_for(lambda: sleep_for(sleepy, 0).status_code == 200, 20)
    assert metric(sleepy, "nv_inference_request_success") > before


def test_it_is_live_but_not_ready_over_grpc_while_a_model_is_loaded(tmp_path):
    gate = tmp_path / "gate"
    with scoring_server(save_gated(tmp_path / "gated", gate), ready="/v2/health/live") as server:
        asked = stub(server)
        assert asked.ServerLive(service_pb2.ServerLiveRequest()).live
        assert not asked.ServerReady(service_pb2.ServerReadyRequest()).ready
        assert not asked.ModelReady(service_pb2.ModelReadyRequest(name="gated")).ready
        gate.touch()
        wait_for(lambda: asked.ServerReady(service_pb2.ServerReadyRequest()).ready)
        assert asked.ModelReady(service_pb2.ModelReadyRequest(name="gated")).ready


def test_sigterm_lets_a_running_call_finish(tmp_path):
    with scoring_server(save_sleepy(tmp_path / "sleepy")) as server:
        sleep_for(server, 0)
        answers = []
        caller = threading.Thread(target=lambda: answers.append(outcome(server)))
        caller.start()
        # Nothing else can be scored while it runs.
        wait_for(lambda: sleep_for(server, 0, X_Timeout_Ms=50).status_code == 504)
        server.process.send_signal(signal.SIGTERM)
        caller.join()
        assert answers == ["answered"]
        assert server.process.wait(10) == 0


def outcome(server):
    try:
        over_grpc(server, 2)
    except grpc.RpcError as error:
        return f"{error.code().name}: {error.details()}"
    return "answered"

"""A soak of a model server: every protocol, mistakes and callers that hang up, and no memory that stays behind.

It takes seconds; FOREBAY_SOAK_SECONDS makes it longer, and a small leak plainer. Memory is read when nobody asks, after a
first round that fills caches, so that what grows afterwards was left behind by requests.
"""

import itertools
import json
import os
import socket
import threading
import time
from urllib.parse import urlsplit

import grpc
import numpy
import psutil
import pyarrow
import pytest
import requests
from scoring import scoring_server
from serving import chunk, save_widths, wait_for
from tritonclient.grpc import service_pb2, service_pb2_grpc

pytestmark = pytest.mark.ours

SECONDS = float(os.environ.get("FOREBAY_SOAK_SECONDS", "20"))
N_THREADS = 8
# What the allocator may keep however long it goes on, and what a request may leave behind, in bytes.
MAX_KEPT = 4 * 1024 * 1024
MAX_PER_REQUEST = 64
ARROW = "application/vnd.apache.arrow.stream"
N_ROWS = 500
GOOD = {"l": 1, "d": 0.5}
BAD = {"l": "one", "d": 0.5}


def table(n_rows):
    return {"dataframe_split": {"columns": ["l", "d"], "data": [[row, 0.5] for row in range(n_rows)]}}


def arrow():
    numbers = numpy.arange(N_ROWS)
    data = pyarrow.table({"l": numbers, "d": numbers.astype("float64")})
    sink = pyarrow.BufferOutputStream()
    with pyarrow.ipc.new_stream(sink, data.schema) as writer:
        writer.write_table(data)
    return sink.getvalue().to_pybytes()


def tensors(long="l"):
    return [
        {"name": long, "shape": [2], "datatype": "INT64", "data": [1, 2]},
        {"name": "d", "shape": [2], "datatype": "FP64", "data": [0.5, 0.25]},
    ]


def raw_tensors():
    """JSON, and two tensors of two elements behind it."""
    kinds = [("l", "INT64"), ("d", "FP64")]
    parameters = {"binary_data_size": 16}
    told = [{"name": name, "shape": [2], "datatype": kind, "parameters": parameters} for name, kind in kinds]
    head = json.dumps({"inputs": told, "parameters": {"binary_data_output": True}}).encode()
    raw = numpy.array([1, 2]).tobytes() + numpy.array([0.5, 0.25]).tobytes()
    return head + raw, {"Inference-Header-Content-Length": str(len(head))}


INFER = "/v2/models/widths/infer"
JSON = {"Content-Type": "application/json"}
LINES = (json.dumps(GOOD) + "\n" + json.dumps(BAD) + "\n").encode() * 20
RAW, RAW_HEADERS = raw_tensors()
# Path, headers, body, and the statuses that are right.
REQUESTS = [
    ("/invocations", JSON, json.dumps(table(1)).encode(), {200}),
    ("/invocations", JSON, json.dumps(table(N_ROWS)).encode(), {200}),
    ("/invocations", JSON, json.dumps({"dataframe_records": [GOOD, BAD]}).encode(), {400}),
    ("/invocations", JSON, b'{"inputs": ', {400}),
    ("/invocations", JSON | {"X-Timeout-Ms": "1"}, json.dumps(table(N_ROWS)).encode(), {200, 504}),
    ("/invocations", {"Content-Type": "image/png"}, b"\x89PNG", {415}),
    ("/invocations", {"Content-Type": "text/csv"}, b"l,d\n" + b"1,0.5\n" * N_ROWS, {200}),
    ("/invocations", {"Content-Type": ARROW}, arrow(), {200}),
    ("/invocations", {"Content-Type": ARROW}, arrow()[:-200], {400}),
    ("/invocations", {"Content-Type": "application/x-ndjson"}, LINES, {200}),
    ("/endpoints/nobody/invocations", JSON, json.dumps(table(1)).encode(), {404}),
    (INFER, JSON, json.dumps({"inputs": tensors()}).encode(), {200}),
    (INFER, JSON, json.dumps({"inputs": tensors("x")}).encode(), {400}),
    (INFER, RAW_HEADERS, RAW, {200}),
    (INFER, RAW_HEADERS, RAW[:-1], {400}),
]
TOLD = ["/metrics", "/openapi.json", "/v2/models/stats", "/v2/repository/index", "/ping"]


class Caller:
    """One of many at a time, with connections of its own that it keeps."""

    def __init__(self, server):
        self.server, self.http = server, requests.Session()
        self.channel = grpc.insecure_channel(server.grpc, [("grpc.use_local_subchannel_pool", 1)])
        self.stub = service_pb2_grpc.GRPCInferenceServiceStub(self.channel)
        told = [lambda path=path: self.get(path) for path in TOLD]
        posted = [lambda request=request: self.post(*request) for request in REQUESTS]
        gone = [lambda end=end: self.hang_up(end) for end in (0.5, 1.0)]
        self.kinds = [*posted, *told, *gone, self.hang_up_in_lines, self.call, self.call_wrongly]

    def post(self, path, headers, body, statuses):
        answer = self.http.post(self.server.url + path, data=body, headers=headers, timeout=60)
        assert answer.status_code in statuses, f"{path} {answer.status_code} {answer.text[:300]}"

    def get(self, path):
        assert self.http.get(self.server.url + path, timeout=60).status_code == 200

    def hang_up(self, end):
        """Sends this part of a request, and does not wait for an answer."""
        body = json.dumps(table(N_ROWS)).encode()
        with self.connected(f"Content-Length: {len(body)}\r\nContent-Type: application/json") as caller:
            caller.sendall(body[: int(len(body) * end)])

    def hang_up_in_lines(self):
        with self.connected("Transfer-Encoding: chunked\r\nContent-Type: application/x-ndjson") as caller:
            caller.sendall(chunk(LINES))
            assert caller.recv(16).startswith(b"HTTP/1.1 200")

    def connected(self, headers):
        address = urlsplit(self.server.url)
        caller = socket.create_connection((address.hostname, address.port), timeout=60)
        caller.sendall(f"POST /invocations HTTP/1.1\r\nHost: {address.netloc}\r\n{headers}\r\n\r\n".encode())
        return caller

    def call(self, long="l"):
        request = service_pb2.ModelInferRequest(model_name="widths")
        request.inputs.add(name=long, datatype="INT64", shape=[2])
        request.inputs.add(name="d", datatype="FP64", shape=[2])
        request.raw_input_contents.extend([numpy.array([1, 2]).tobytes(), numpy.array([0.5, 0.25]).tobytes()])
        return self.stub.ModelInfer(request, timeout=60)

    def call_wrongly(self):
        with pytest.raises(grpc.RpcError) as error:
            self.call("x")
        assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT

    def close(self):
        self.http.close()
        self.channel.close()


def soak(server, seconds):
    """Asks from several threads; returns how often."""
    end, wrong, counts = time.monotonic() + seconds, [], []

    def ask(first):
        caller, count = Caller(server), 0
        kinds = itertools.islice(itertools.cycle(caller.kinds), first, None)
        try:
            while time.monotonic() < end and not wrong:
                next(kinds)()
                count += 1
        except Exception as error:
            wrong.append(repr(error))
        finally:
            caller.close()
        counts.append(count)

    threads = [threading.Thread(target=ask, args=[3 * number]) for number in range(N_THREADS)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert not wrong, wrong[:3]
    return sum(counts)


def test_nothing_is_left_behind_however_callers_behave(tmp_path):
    with scoring_server(save_widths(tmp_path / "widths")) as server:
        process = psutil.Process(server.process.pid)
        open_before = process.num_fds()
        soak(server, SECONDS / 2)
        wait_for(lambda: process.num_fds() <= open_before)
        before = process.memory_info().rss
        n_requests = soak(server, SECONDS)
        wait_for(lambda: process.num_fds() <= open_before)
        grown = process.memory_info().rss - before
        assert n_requests > 10 * SECONDS
        assert grown < MAX_KEPT + MAX_PER_REQUEST * n_requests, f"{grown} bytes after {n_requests} requests"
        assert "panicked" not in server.log()

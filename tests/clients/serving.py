"""Models and callers of the tests of `forebay serve`: models that sleep, refuse or echo, and callers on a raw socket."""

import contextlib
import http.client
import json
import pathlib
import socket
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import mlflow
import numpy
import requests
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema, TensorSpec

WAIT_S = 30
RUNTIME_MODELS = pathlib.Path(__file__).parents[2] / "serving/runtime/tests/models"
# Told, because the client would look for them for seconds.
REQUIREMENTS = ["onnxruntime"]


def columns(**kinds):
    return ModelSignature(Schema([ColSpec(kind, name) for name, kind in kinds.items()]))


def save_onnx(path, nodes, inputs, outputs, signature, initializers=()):
    """Saves a graph; `inputs` and `outputs` are (name, element type, shape)."""
    from onnx import helper

    given = [helper.make_tensor_value_info(*port) for port in inputs]
    made = [helper.make_tensor_value_info(*port) for port in outputs]
    graph = helper.make_graph(nodes, "graph", given, made, initializer=list(initializers))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    mlflow.onnx.save_model(model, str(path), signature=signature, pip_requirements=REQUIREMENTS)
    return path


def save_plus(path, number):
    """A long `i` in, `i + number` out: the answer tells which version it is of."""
    from onnx import TensorProto, helper, numpy_helper

    return save_onnx(
        path,
        [helper.make_node("Add", ["i", "number"], ["sum"])],
        [("i", TensorProto.INT64, [None])],
        [("sum", TensorProto.INT64, [None])],
        columns(i="long"),
        [numpy_helper.from_array(numpy.array([number], dtype=numpy.int64), "number")],
    )


def save_table(path):
    """Looks a long `i` up in ten tens; the model itself refuses whatever is beyond."""
    from onnx import TensorProto, helper, numpy_helper

    return save_onnx(
        path,
        [helper.make_node("Gather", ["table", "i"], ["found"])],
        [("i", TensorProto.INT64, [None])],
        [("found", TensorProto.INT64, [None])],
        columns(i="long"),
        [numpy_helper.from_array(numpy.arange(0, 100, 10, dtype=numpy.int64), "table")],
    )


def save_loops(path):
    """Counts to a long `n`, one step after the other: as long as it is told."""
    import onnx

    graph = onnx.load(RUNTIME_MODELS / "loops.onnx")
    mlflow.onnx.save_model(graph, str(path), signature=columns(n="long"), pip_requirements=REQUIREMENTS)
    return path


def save_widths(path):
    """A whole number and a fraction of 64 bits, each as it came."""
    from onnx import TensorProto, helper

    return save_onnx(
        path,
        [helper.make_node("Identity", ["l"], ["long"]), helper.make_node("Identity", ["d"], ["double"])],
        [("l", TensorProto.INT64, [None]), ("d", TensorProto.DOUBLE, [None])],
        [("long", TensorProto.INT64, [None]), ("double", TensorProto.DOUBLE, [None])],
        columns(l="long", d="double"),
    )


def save_texts(path):
    """A text `s`, as it came."""
    from onnx import TensorProto, helper

    return save_onnx(
        path,
        [helper.make_node("Identity", ["s"], ["same"])],
        [("s", TensorProto.STRING, [None])],
        [("same", TensorProto.STRING, [None])],
        columns(s="string"),
    )


def save_tensors(path, *names):
    """The sum of tensors of two columns; a tensor without a name is `x` in the graph."""
    from onnx import TensorProto, helper

    ports = [name or "x" for name in names]
    return save_onnx(
        path,
        [helper.make_node("Sum", ports, ["total"])],
        [(port, TensorProto.FLOAT, [None, 2]) for port in ports],
        [("total", TensorProto.FLOAT, [None, 2])],
        ModelSignature(Schema([TensorSpec(numpy.dtype("float32"), (-1, 2), name) for name in names])),
    )


def save_wide(path, n_columns):
    """The sum of as many floats by name: c0, c1, …"""
    from onnx import TensorProto, helper, numpy_helper

    return save_onnx(
        path,
        [helper.make_node("ReduceSum", ["x", "axes"], ["sum"], keepdims=0)],
        [("x", TensorProto.FLOAT, [None, n_columns])],
        [("sum", TensorProto.FLOAT, [None])],
        columns(**{f"c{number}": "float" for number in range(n_columns)}),
        [numpy_helper.from_array(numpy.array([1], dtype=numpy.int64), "axes")],
    )


def save_sleepy(path):
    """Sleeps as many seconds as the first row says, and answers the process that did; `begun` is a file it makes."""

    # Within a function, so that it is pickled whole: a server does not find this module.
    class Sleepy(mlflow.pyfunc.PythonModel):
        def predict(self, context, model_input, params=None):
            import os
            import pathlib
            import time

            begun = model_input.get("begun")
            if begun is not None and isinstance(begun.iloc[0], str):
                pathlib.Path(begun.iloc[0]).touch()
            time.sleep(float(model_input["seconds"].iloc[0]))
            return [os.getpid()] * len(model_input)

    inputs = Schema([ColSpec("double", "seconds"), ColSpec("string", "begun", required=False)])
    mlflow.pyfunc.save_model(str(path), python_model=Sleepy(), signature=ModelSignature(inputs), pip_requirements=[])
    return path


def save_gated(path, gate):
    """Is not loaded before the file `gate` is there."""

    class Gated(mlflow.pyfunc.PythonModel):
        def load_context(self, context):
            import pathlib
            import time

            while not pathlib.Path(gate).exists():
                time.sleep(0.01)

        def predict(self, context, model_input, params=None):
            return list(model_input["i"])

    gate = str(gate)
    mlflow.pyfunc.save_model(str(path), python_model=Gated(), signature=columns(i="long"), pip_requirements=[])
    return path


def records(*rows):
    return {"dataframe_records": list(rows)}


def invoke(server, body, path="/invocations", timeout=60, **headers):
    """Posts a body of JSON; `X_Timeout_Ms=5` is a header."""
    named = {name.replace("_", "-"): str(value) for name, value in headers.items()}
    named["Content-Type"] = "application/json"
    data = body if isinstance(body, bytes) else json.dumps(body)
    return requests.post(server.url + path, data=data, headers=named, timeout=timeout)


def sleep_for(server, seconds, n_rows=1, **headers):
    return invoke(server, records(*[{"seconds": seconds}] * n_rows), **headers)


def is_full(server):
    """Whether there is no room for another row in the queue of a sleepy model that is busy."""
    return sleep_for(server, 0, X_Timeout_Ms=50).status_code == 429


def fill(threads, server, n_rows, ask=sleep_for):
    """Puts rows behind a model that is busy, one request each; returns once there is no room for another."""

    def taken():
        # A look at whether there is room takes some for a moment.
        while (answer := ask(server, 0)).status_code == 429:
            pass
        return answer

    waiting = [threads.submit(taken) for _ in range(n_rows)]
    wait_for(lambda: is_full(server))
    return waiting


@contextlib.contextmanager
def asleep(server, seconds, n_rows=1, **headers):
    """A request that the model is busy with within the block; its value is the future answer."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as thread:
        begun = pathlib.Path(folder) / "begun"
        rows = [{"seconds": seconds, "begun": str(begun)}] * n_rows
        answer = thread.submit(invoke, server, records(*rows), **headers)
        wait_for(lambda: begun.exists() or answer.done())
        yield answer


def wait_for(condition, timeout_s=WAIT_S):
    """What the condition returns, once that is true."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError(f"it did not happen within {timeout_s} s")


def metric(server, name, **labels):
    """The sum of a metric's samples with these labels; counters may be asked with or without their `_total`."""
    from prometheus_client.parser import text_string_to_metric_families

    families = text_string_to_metric_families(requests.get(f"{server.url}/metrics", timeout=60).text)
    samples = (sample for family in families for sample in family.samples)
    plain = name.removesuffix("_total")
    found = (s for s in samples if s.name.removesuffix("_total") == plain and labels.items() <= s.labels.items())
    return sum(sample.value for sample in found)


class Lines:
    """A request of lines that is under way: rows are sent and answers are read as the test says."""

    def __init__(self, server, path="/invocations", receive_buffer=None):
        address = urlsplit(server.url)
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(WAIT_S)
        self.socket.connect((address.hostname, address.port))
        head = f"POST {path} HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Type: application/x-ndjson\r\n"
        self.socket.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        self.answer = None

    def send(self, text):
        data = text if isinstance(text, bytes) else text.encode()
        self.socket.sendall(chunk(data))

    def rows(self, *rows):
        self.send("".join(json.dumps(row) + "\n" for row in rows))

    def end(self):
        self.socket.sendall(b"0\r\n\r\n")

    def response(self):
        if self.answer is None:
            self.answer = http.client.HTTPResponse(self.socket)
            self.answer.begin()
        return self.answer

    def read(self, n_lines):
        return [json.loads(self.response().readline()) for _ in range(n_lines)]

    def rest(self):
        return [json.loads(line) for line in self.response().read().splitlines()]

    def close(self):
        self.socket.close()
        if self.answer:
            self.answer.close()


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


@contextlib.contextmanager
def lines(server, **options):
    request = Lines(server, **options)
    try:
        yield request
    finally:
        request.close()

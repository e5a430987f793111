"""Scoring servers for the tests of `/invocations`, and the models that they serve.

`scoring_url(model_uri)` starts one server per model and session: `mlflow models serve` with `--target mlflow`, and
our `serve` otherwise. What a test expects is proven against the first before it binds the second.
"""

import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import mlflow
import numpy
import pandas
import pytest
import requests
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema, TensorSpec
from mlflow.types.schema import Array, Map, Object, Property

from conftest import STOP_TIMEOUT_S, ServerDidNotStart, forebay_program, free_port, server_environment

START_TIMEOUT_S = 180
SEED = 7


class ServingProcess:
    """Our `serve` with both of its ports."""

    def __init__(self, url, grpc, process, log_path):
        self.url, self.grpc, self.process, self.log_path = url, grpc, process, log_path

    def log(self):
        return self.log_path.read_text(errors="replace")


@contextlib.contextmanager
def scoring_server(model_uri, *arguments, env=None, ready="/ping"):
    """Serves a model with our binary, over HTTP and gRPC, until the block ends; waits until `ready` answers 200."""
    http_port, grpc_port = free_port(), free_port()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="forebay-serve-"))
    command = [str(forebay_program()), "serve", "-m", str(model_uri), "--port", str(http_port)]
    command += ["--grpc-port", str(grpc_port), *map(str, arguments)]
    log_path = folder / "log"
    url = f"http://127.0.0.1:{http_port}"
    process = started(command, folder, log_path, env)
    try:
        wait_until_ready(f"{url}{ready}", process, log_path)
        yield ServingProcess(url, f"127.0.0.1:{grpc_port}", process, log_path)
    finally:
        end(process)
        shutil.rmtree(folder, ignore_errors=True)


def scoring_environment(extra=None):
    """What both need to find: the original starts uvicorn by its name, and ours Python."""
    path = f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}"
    return server_environment({"PATH": path, **(extra or {})})


def started(command, folder, log_path, env=None):
    with log_path.open("wb") as log:
        return subprocess.Popen(
            command,
            cwd=folder,
            env=scoring_environment(env),
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def wait_until_ready(url, process, log_path):
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(requests.RequestException):
            if requests.get(url, timeout=5).status_code == 200:
                return
        time.sleep(0.05)
    returncode = process.poll()
    end(process)
    raise ServerDidNotStart(returncode, log_path.read_text(errors="replace"))


class ScoringServers:
    """Servers by the URI of their model."""

    def __init__(self, command, folder):
        self.command, self.folder, self.running = command, folder, {}

    def url(self, model_uri):
        if model_uri not in self.running:
            self.running[model_uri] = self._start(model_uri)
        return self.running[model_uri][0]

    def stop(self):
        for _, process in self.running.values():
            end(process)

    def _start(self, model_uri):
        port = free_port()
        log_path = self.folder / f"scoring-{port}.log"
        process = started(self.command(str(model_uri), port), self.folder, log_path)
        url = f"http://127.0.0.1:{port}"
        wait_until_ready(f"{url}/ping", process, log_path)
        return url, process


def end(process):
    """Ends a process and all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(STOP_TIMEOUT_S)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(STOP_TIMEOUT_S)


@pytest.fixture(scope="session")
def scoring_url(request, target, tmp_path_factory):
    """Factory: the URL of a server of this model."""

    def command(model_uri, port):
        if target == "forebay":
            return [str(forebay_program()), "serve", "-m", model_uri, "--port", str(port)]
        mlflow_program = str(pathlib.Path(sys.executable).parent / "mlflow")
        return [mlflow_program, "models", "serve", "-m", model_uri, "--env-manager", "local", "--port", str(port)]

    servers = ScoringServers(command, tmp_path_factory.mktemp("scoring"))
    yield servers.url
    servers.stop()


@pytest.fixture(scope="session")
def scored_models(tmp_path_factory):
    """Folders of the models by name; each is built when a test first asks for it."""
    return Models(tmp_path_factory.mktemp("models"))


class Models:
    def __init__(self, folder):
        self.folder = folder

    def __getitem__(self, name):
        path = self.folder / name
        if not path.is_dir():
            BUILDERS[name](path)
        return str(path)


def training_data():
    chance = numpy.random.default_rng(SEED)
    values = chance.normal(size=(200, 3)).astype(numpy.float32)
    labels = (values @ numpy.array([1.0, -2.0, 0.5], dtype=numpy.float32) > 0).astype(numpy.int64)
    return values, labels


def columns(kind, names="abc", **optional):
    required = [ColSpec(kind, name) for name in names]
    return Schema(required + [ColSpec(k, name, required=False) for name, k in optional.items()])


def fitted():
    from sklearn.linear_model import LogisticRegression

    values, labels = training_data()
    return LogisticRegression().fit(values, labels)


def build_sklearn(path):
    """Three doubles by name."""
    values, labels = training_data()
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression().fit(pandas.DataFrame(values, columns=list("abc")), labels)
    signature = ModelSignature(columns("double"), Schema([ColSpec("long")]))
    mlflow.sklearn.save_model(model, path, signature=signature, serialization_format="cloudpickle")


def build_tensor(path):
    """One float tensor without a name."""
    signature = ModelSignature(Schema([TensorSpec(numpy.dtype("float32"), (-1, 3))]))
    mlflow.onnx.save_model(onnx_probabilities(), path, signature=signature)


def build_onnx(path):
    """Three floats by name, and probabilities alone as output."""
    mlflow.onnx.save_model(onnx_probabilities(), path, signature=ModelSignature(columns("float")))


def onnx_probabilities():
    from skl2onnx import to_onnx

    values, _ = training_data()
    model = to_onnx(fitted(), values[:1], options={"zipmap": False})
    while len(model.graph.output) > 1:
        del model.graph.output[0]
    return model


def build_named_tensors(path):
    """Two tensors by name, and their sum and difference as outputs."""
    from onnx import TensorProto, helper

    def tensor(name):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, 2])

    nodes = [helper.make_node("Add", ["x", "y"], ["total"]), helper.make_node("Sub", ["x", "y"], ["difference"])]
    graph = helper.make_graph(nodes, "two", [tensor("x"), tensor("y")], [tensor("total"), tensor("difference")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    spec = [TensorSpec(numpy.dtype("float32"), (-1, 2), name) for name in ("x", "y")]
    mlflow.onnx.save_model(model, path, signature=ModelSignature(Schema(list(spec))))


def build_objects(path):
    """A classifier of scikit-learn whose second output is an object for each row, fed with a tensor."""
    from skl2onnx import to_onnx
    from sklearn.linear_model import LogisticRegression

    rows = numpy.array([[0, 1], [1, 0], [2, 1], [3, 3]], dtype=numpy.float32)
    model = to_onnx(LogisticRegression().fit(rows, [0, 0, 1, 1]), rows[:1], target_opset=15)
    spec = Schema([TensorSpec(numpy.dtype("float32"), (-1, 2))])
    mlflow.onnx.save_model(model, path, signature=ModelSignature(spec))


def build_mixed(path):
    """A text and a whole number by name, and an output of each kind."""
    from onnx import TensorProto, helper

    def column(name, kind):
        return helper.make_tensor_value_info(name, kind, [None])

    nodes = [helper.make_node("Identity", ["s"], ["same"]), helper.make_node("Add", ["i", "i"], ["twice"])]
    given = [column("s", TensorProto.STRING), column("i", TensorProto.INT64)]
    made = [column("same", TensorProto.STRING), column("twice", TensorProto.INT64)]
    graph = helper.make_graph(nodes, "mixed", given, made)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    inputs = Schema([ColSpec("string", "s"), ColSpec("long", "i")])
    mlflow.onnx.save_model(model, path, signature=ModelSignature(inputs))


def build_classifier(path):
    """Three floats by name, labels and probabilities as outputs."""
    from skl2onnx import to_onnx

    values, _ = training_data()
    model = to_onnx(fitted(), values[:1], options={"zipmap": False})
    mlflow.onnx.save_model(model, path, signature=ModelSignature(columns("float")))


def build_echo(path):
    """A column of every type, an optional one, and params; it answers what arrives at the model."""

    # Within a function, so that it is pickled whole: a server does not find this module.
    class Echo(mlflow.pyfunc.PythonModel):
        def predict(self, context, model_input, params=None):
            # Where an optional column did not come, one server leaves it out and the other has it empty.
            frame = model_input.dropna(axis=1, how="all").copy()
            for name, value in (params or {}).items():
                frame[f"param_{name}"] = [value] * len(frame)
            return frame

    kinds = {"b": "boolean", "i": "integer", "l": "long", "d": "double", "s": "string", "t": "datetime"}
    inputs = Schema([ColSpec(kind, name) for name, kind in kinds.items()] + [ColSpec("double", "o", required=False)])
    params = ParamSchema([ParamSpec("temperature", "double", 0.5), ParamSpec("name", "string", "x")])
    mlflow.pyfunc.save_model(path, python_model=Echo(), signature=ModelSignature(inputs, params=params))


def build_texts(path):
    """One column of texts."""
    save_same(path, ColSpec("string", "s"))


def build_nested(path):
    """Texts within a list, an object and a map; none of them has to come."""
    kinds = {"l": Array("string"), "o": Object([Property("p", "string")]), "m": Map("string")}
    save_same(path, *[ColSpec(kind, name, required=False) for name, kind in kinds.items()])


def save_same(path, *spec):
    """A model that answers what arrives at it."""

    class Same(mlflow.pyfunc.PythonModel):
        def predict(self, context, model_input, params=None):
            return model_input

    mlflow.pyfunc.save_model(path, python_model=Same(), signature=ModelSignature(Schema(list(spec))))


BUILDERS = {
    "sklearn": build_sklearn,
    "tensor": build_tensor,
    "onnx": build_onnx,
    "named_tensors": build_named_tensors,
    "objects": build_objects,
    "mixed": build_mixed,
    "classifier": build_classifier,
    "echo": build_echo,
    "texts": build_texts,
    "nested": build_nested,
}

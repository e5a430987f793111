"""Makes the small ONNX models beside this file, and `expected.json`: inputs, and what onnxruntime makes of them.

Run it with the packages of tests/clients/requirements.txt; what it writes is committed.
"""

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import quantize_dynamic
from skl2onnx import to_onnx
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

FOLDER = Path(__file__).parent
OPSET = 18
NAMES = {"float16": "FP16", "float32": "FP32", "float64": "FP64", "object": "BYTES", "bool": "BOOL"}


def tensor_info(name, kind, shape):
    return helper.make_tensor_value_info(name, kind, shape)


def save(name, nodes, inputs, outputs, constants=()):
    graph = helper.make_graph(nodes, name, inputs, outputs, list(constants))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, FOLDER / f"{name}.onnx")


def constant(name, values):
    return numpy_helper.from_array(np.asarray(values), name)


def iris(name, labels, **options):
    x, _ = load_iris(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), LogisticRegression()).fit(x, labels)
    model = to_onnx(pipeline, x[:1].astype(np.float32), target_opset=OPSET, options=options or None)
    onnx.save(model, FOLDER / f"{name}.onnx")


def sklearn_models():
    x, y = load_iris(return_X_y=True)
    iris("logistic", y, zipmap=False)
    iris("zipmap", y)
    iris("zipmap_text", np.array(["setosa", "versicolor", "virginica"])[y])
    forest = RandomForestRegressor(n_estimators=5, max_depth=3, random_state=0).fit(x, y)
    onnx.save(to_onnx(forest, x[:1].astype(np.float32), target_opset=OPSET), FOLDER / "forest.onnx")


def by_column():
    """A text, a float and an integer per row, the last without a second dimension."""
    nodes = [
        helper.make_node(
            "LabelEncoder", ["city"], ["rank"], domain="ai.onnx.ml",
            keys_strings=["Oslo", "Rome"], values_floats=[10.0, 20.0], default_float=-1.0,
        ),
        helper.make_node("Cast", ["count"], ["count_f"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["count_f", "axis"], ["count_2d"]),
        helper.make_node("Add", ["rank", "price"], ["sum"]),
        helper.make_node("Mul", ["sum", "count_2d"], ["total"]),
        helper.make_node("Identity", ["city"], ["place"]),
    ]
    inputs = [
        tensor_info("city", TensorProto.STRING, [None, 1]),
        tensor_info("price", TensorProto.FLOAT, [None, 1]),
        tensor_info("count", TensorProto.INT64, [None]),
    ]
    outputs = [
        tensor_info("total", TensorProto.FLOAT, [None, 1]),
        tensor_info("place", TensorProto.STRING, [None, 1]),
    ]
    graph = helper.make_graph(nodes, "by_column", inputs, outputs, [constant("axis", np.array([1]))])
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", 3)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=9), FOLDER / "by_column.onnx")


def many_types():
    """An integer in, one output of each of several types."""
    kinds = {
        "double": TensorProto.DOUBLE, "half": TensorProto.FLOAT16, "small": TensorProto.INT8,
        "unsigned": TensorProto.UINT32, "text": TensorProto.STRING, "flag": TensorProto.BOOL,
    }
    nodes = [helper.make_node("Cast", ["number"], [name], to=kind) for name, kind in kinds.items()]
    outputs = [tensor_info(name, kind, [None]) for name, kind in kinds.items()]
    save("many_types", nodes, [tensor_info("number", TensorProto.INT64, [None])], outputs)


def fixed_batch():
    weights = constant("w", np.arange(6, dtype=np.float64).reshape(3, 2))
    save(
        "fixed_batch",
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        [tensor_info("x", TensorProto.DOUBLE, [2, 3])],
        [tensor_info("y", TensorProto.DOUBLE, [2, 2])],
        [weights],
    )


def whole_batch():
    """An output that has no rows."""
    save(
        "whole_batch",
        [helper.make_node("ReduceMean", ["x"], ["mean"], keepdims=0)],
        [tensor_info("x", TensorProto.FLOAT, [None, 2])],
        [tensor_info("mean", TensorProto.FLOAT, [])],
    )


def embedding():
    """Integers that look rows up in a table; those outside of it are an error."""
    save(
        "embedding",
        [helper.make_node("Gather", ["table", "ids"], ["vectors"], axis=0)],
        [tensor_info("ids", TensorProto.INT64, ["batch", "length"])],
        [tensor_info("vectors", TensorProto.FLOAT, ["batch", "length", 2])],
        [constant("table", np.arange(10, dtype=np.float32).reshape(5, 2))],
    )


def quantised():
    weights = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    plain = "plain"
    save(
        plain,
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        [tensor_info("x", TensorProto.FLOAT, [None, 4])],
        [tensor_info("y", TensorProto.FLOAT, [None, 3])],
        [constant("w", weights)],
    )
    quantize_dynamic(FOLDER / f"{plain}.onnx", FOLDER / "quantised.onnx")
    model = onnx.load(FOLDER / f"{plain}.onnx")
    onnx.save(
        model, FOLDER / "external.onnx", save_as_external_data=True, location="external.onnx.data", size_threshold=0
    )
    for tensor in model.graph.initializer:
        for entry in tensor.external_data:
            entry.value = "../outside.data" if entry.key == "location" else entry.value
    onnx.save(model, FOLDER / "outside.onnx")


def quantised_inside():
    """The operator stands in a branch of another."""

    def branch(name, node):
        return helper.make_graph([node], name, [], [tensor_info(f"{name}_y", TensorProto.UINT8, None)])

    quantise = helper.make_node("DynamicQuantizeLinear", ["x"], ["then_y", "scale", "zero"])
    cast = helper.make_node("Cast", ["x"], ["else_y"], to=TensorProto.UINT8)
    node = helper.make_node(
        "If", ["always"], ["y"], then_branch=branch("then", quantise), else_branch=branch("else", cast)
    )
    save(
        "quantised_inside",
        [node],
        [tensor_info("x", TensorProto.FLOAT, [None, 2])],
        [tensor_info("y", TensorProto.UINT8, [None, 2])],
        [constant("always", np.array(True))],
    )


def loops():
    """Counts to the largest number of the batch, one step after the other: as long as it is told."""
    body = helper.make_graph(
        [
            helper.make_node("Add", ["count", "one"], ["next"]),
            helper.make_node("Identity", ["goes_on"], ["goes_on_out"]),
        ],
        "step",
        [
            tensor_info("step_number", TensorProto.INT64, []),
            tensor_info("goes_on", TensorProto.BOOL, []),
            tensor_info("count", TensorProto.INT64, None),
        ],
        [tensor_info("goes_on_out", TensorProto.BOOL, []), tensor_info("next", TensorProto.INT64, None)],
    )
    nodes = [
        helper.make_node("ReduceMax", ["n"], ["most"], keepdims=0),
        helper.make_node("Sub", ["n", "n"], ["zeros"]),
        helper.make_node("Loop", ["most", "always", "zeros"], ["counted"], body=body),
    ]
    save(
        "loops",
        nodes,
        [tensor_info("n", TensorProto.INT64, [None])],
        [tensor_info("counted", TensorProto.INT64, [None])],
        [constant("always", np.array(True)), constant("one", np.array(1, dtype=np.int64))],
    )


def described(value):
    if isinstance(value, list):
        return [{str(key): float(number) for key, number in row.items()} for row in value]
    kind = str(value.dtype)
    values = value.reshape(-1).tolist()
    return {"dtype": NAMES.get(kind, kind.upper()), "shape": list(value.shape), "values": values}


def expected(name, inputs):
    session = onnxruntime.InferenceSession(FOLDER / f"{name}.onnx", providers=["CPUExecutionProvider"])
    outputs = dict(zip([output.name for output in session.get_outputs()], session.run(None, inputs)))
    return {
        "inputs": {key: described(value) for key, value in inputs.items()},
        "outputs": {key: described(value) for key, value in outputs.items()},
    }


def main():
    makers = (sklearn_models, by_column, many_types, fixed_batch, whole_batch, embedding, quantised, quantised_inside, loops)
    for make in makers:
        make()
    flowers = load_iris().data[::15].astype(np.float32)
    four = np.random.default_rng(1).normal(size=(5, 4)).astype(np.float32)
    cities = {
        "city": np.array([["Oslo"], ["Rome"], ["Lima"]], dtype=object),
        "price": np.array([[1.5], [2.5], [3.5]], dtype=np.float32),
        "count": np.array([1, 2, 3], dtype=np.int64),
    }
    cases = {
        **{name: {"X": flowers} for name in ("logistic", "zipmap", "zipmap_text", "forest")},
        "by_column": cities,
        "many_types": {"number": np.array([0, 1, 2, 100], dtype=np.int64)},
        "fixed_batch": {"x": np.arange(6, dtype=np.float64).reshape(2, 3)},
        "whole_batch": {"x": np.arange(6, dtype=np.float32).reshape(3, 2)},
        "embedding": {"ids": np.array([[0, 4, 1], [2, 2, 3]], dtype=np.int64)},
        "plain": {"x": four},
        "external": {"x": four},
        "quantised": {"x": four},
    }
    text = json.dumps({name: expected(name, inputs) for name, inputs in cases.items()}, indent=1)
    (FOLDER / "expected.json").write_text(text + "\n")


if __name__ == "__main__":
    main()

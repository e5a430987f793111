"""Makes the models of the engine's tests, and what MLflow's own server answers for them."""

import json
import pathlib
import sys

import mlflow.pyfunc
import mlflow.sklearn
import numpy as np
import pandas as pd
from mlflow.models import ModelSignature, infer_signature
from mlflow.pyfunc import scoring_server
from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema
from mlflow.types.schema import AnyType, Array, DataType, Map, Object, Property
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LogisticRegression

FOLDER = pathlib.Path(sys.argv[1])
EXPECTED = {}


class Deeds(mlflow.pyfunc.PythonModel):
    """Does as it is told in its first row."""

    def predict(self, context, model_input, params=None):
        import os
        import socket
        import time

        from mlflow.exceptions import MlflowException

        deed = model_input["deed"].iloc[0]
        x = model_input["x"]
        if deed == "frame":
            return pd.DataFrame({"y": x * params["factor"], "name": params["name"], 0: x.astype("int32")})
        if deed == "series":
            return x.astype("float32")
        if deed == "dict":
            return {"twice": x.to_numpy() * 2, "texts": np.array([["a", "ä"]] * len(x))}
        if deed == "list":
            return [{"x": value, "n": np.int64(1)} for value in x]
        if deed == "nan":
            return [1.5, float("nan"), float("-inf")]
        if deed == "objects":
            return np.array(["a", None], dtype=object)
        if deed == "flood":
            for line in range(5000):
                print("line", line, "x" * 5000)
            return np.array([sys.stdin.read()])
        if deed == "raise":
            raise ValueError("no such deed")
        if deed == "leave":
            sys.exit("enough")
        if deed == "refuse":
            raise MlflowException.invalid_parameter_value("x is too big")
        if deed == "exit":
            os._exit(3)
        if deed == "sleep":
            waiting = socket.socket(socket.AF_UNIX)
            waiting.connect(params["name"])
            time.sleep(600)


class Types(mlflow.pyfunc.PythonModel):
    """Tells what it got."""

    def predict(self, context, model_input, params=None):
        def word(value):
            return [word(item) for item in value] if isinstance(value, list) else f"{type(value).__name__} {value!r}"

        columns = [model_input.iloc[:, position] for position in range(model_input.shape[1])]
        return [[str(column.name), str(column.dtype), word(column.tolist())] for column in columns]


class Broken(mlflow.pyfunc.PythonModel):
    def load_context(self, context):
        raise RuntimeError("the weights are torn")


class Missing(mlflow.pyfunc.PythonModel):
    def load_context(self, context):
        import no_such_package


class Dead(mlflow.pyfunc.PythonModel):
    def load_context(self, context):
        import os

        print("out of luck", file=sys.stderr)
        os._exit(9)


class Killed(mlflow.pyfunc.PythonModel):
    def load_context(self, context):
        import os
        import signal

        os.kill(os.getpid(), signal.SIGKILL)


class Hinted(mlflow.pyfunc.PythonModel):
    """Takes a list."""

    def predict(self, model_input: list[str]) -> list[str]:
        return [text.upper() for text in model_input]


def expect(name, model, body):
    loaded = mlflow.pyfunc.load_model(str(FOLDER / model))
    schema = loaded.metadata.get_input_schema()
    answer = scoring_server.invocations(json.dumps(body), "application/json", loaded, schema)
    EXPECTED[name] = json.loads(answer.response, parse_constant=lambda _: None)["predictions"]


def save_python(name, model, signature=None):
    path = str(FOLDER / name)
    mlflow.pyfunc.save_model(path, python_model=model, signature=signature, pip_requirements=["mlflow"])


def save_sklearn():
    random = np.random.default_rng(7)
    table = pd.DataFrame(random.normal(size=(60, 2)), columns=["width", "length"])
    labels = np.where(table["width"] > table["length"], "wide", "long")
    classifier = LogisticRegression().fit(table, labels)
    signature = infer_signature(table, labels)
    mlflow.sklearn.save_model(
        classifier, FOLDER / "classifier", signature=signature, pip_requirements=["scikit-learn"]
    )
    rows = [[0.5, 0.1], [-1.0, 2.0], [0.0, 0.25]]
    expect("classifier", "classifier", {"dataframe_split": {"columns": ["width", "length"], "data": rows}})

    matrix = table.to_numpy()
    regressor = RandomForestRegressor(5, random_state=7).fit(matrix, matrix.sum(axis=1))
    signature = infer_signature(matrix, matrix.sum(axis=1))
    mlflow.sklearn.save_model(
        regressor,
        FOLDER / "regressor",
        signature=signature,
        pip_requirements=["scikit-learn"],
        skops_trusted_types=["sklearn.tree._tree.Tree"],
    )
    expect("regressor", "regressor", {"inputs": rows})


def save_deeds():
    params = ParamSchema([ParamSpec("factor", DataType.double, 2.0), ParamSpec("name", DataType.string, "n")])
    columns = Schema([ColSpec(DataType.double, "x"), ColSpec(DataType.string, "deed")])
    save_python("deeds", Deeds(), ModelSignature(columns, params=params))
    for deed in ["frame", "series", "dict", "list", "nan", "objects"]:
        rows = {"columns": ["x", "deed"], "data": [[1.5, deed], [-3.0, deed]]}
        expect(deed, "deeds", {"dataframe_split": rows, "params": {"factor": 3.0}})


def save_types():
    thing = Object([Property("a", DataType.long), Property("b", DataType.string, required=False)])
    columns = [
        ColSpec(DataType.boolean, "flag"),
        ColSpec(DataType.integer, "int"),
        ColSpec(DataType.long, "long"),
        ColSpec(DataType.float, "single"),
        ColSpec(DataType.double, "double"),
        ColSpec(DataType.string, "text"),
        ColSpec(DataType.binary, "bytes"),
        ColSpec(DataType.datetime, "time"),
        ColSpec(Array(DataType.double), "list"),
        ColSpec(thing, "thing"),
        ColSpec(Map(DataType.double), "map"),
        ColSpec(AnyType(), "any"),
        ColSpec(DataType.double, "maybe", required=False),
        ColSpec(DataType.string, "perhaps", required=False),
        ColSpec(DataType.long, "absent", required=False),
    ]
    save_python("types", Types(), ModelSignature(Schema(columns)))
    first = [True, 1, 2**40, 0.1, 0.1, "a", "AAE=", "2026-01-02T03:04:05"]
    first += [[1.0, 2.5], {"a": 1, "b": "x"}, {"k": 1.5}, {"deep": [1, "a"]}, None, "p"]
    second = [False, -1, 0, -2.0, 1e300, "ü", "/w==", "1969-12-31T23:59:59"]
    second += [[], {"a": 2}, {}, 7, 2.0, None]
    rows = {"columns": [column.name for column in columns[:-1]], "data": [first, second]}
    expect("types", "types", {"dataframe_split": rows})
    save_python("unnamed", Types(), ModelSignature(Schema([ColSpec(DataType.long), ColSpec(DataType.string)])))
    expect("unnamed", "unnamed", {"dataframe_split": {"data": [[1, "a"], [2, "b"]]}})
    narrow = [ColSpec(Array(DataType.float), "singles"), ColSpec(Object([Property("n", DataType.integer)]), "o")]
    save_python("narrow", Types(), ModelSignature(Schema(narrow)))
    save_python("untold", Types())


save_sklearn()
save_deeds()
save_types()
save_python("broken", Broken())
save_python("missing", Missing())
save_python("dead", Dead())
save_python("killed", Killed())
save_python("hinted", Hinted())
expect("hinted", "hinted", {"inputs": ["a", "b"]})
(FOLDER / "expected.json").write_text(json.dumps(EXPECTED))

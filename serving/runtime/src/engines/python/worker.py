"""Scores with a model that MLflow can load as a Python function.

Forebay starts it with the model's folder as its argument and a socket as its standard input. Both sides speak in
frames: the length of the header (4 bytes), the length of the body (8 bytes), all little-endian, then a header of JSON
and a body. The first frame says whether the model was loaded; after that each request gets two, that it has begun and
its answer. It ends with its socket.
"""

import sys

# The folder that Forebay was started in is no place to import from.
sys.path[:] = [folder for folder in sys.path if folder]

import json
import os
import select
import socket
import struct
import threading
import traceback

LENGTHS = struct.Struct("<IQ")
TEXT_LENGTH = struct.Struct("<I")
# Of a message, in characters.
MAX_MESSAGE = 2000
# Of the traceback of a model that could not be loaded.
LAST_LINES = 8
# What MLflow raises when the input is at fault.
CALLERS_FAULT = {"INVALID_PARAMETER_VALUE", "BAD_REQUEST"}
TENSOR_TYPES = {
    *("bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64"),
    *("float16", "bfloat16", "float32", "float64"),
}


class BadInput(Exception):
    """The batch cannot be given to the model; the text names column and row."""


# Frames


def take_socket():
    """The socket, which the model does not find as its standard input."""
    connection = socket.socket(fileno=os.dup(0))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return connection


def end_with(connection):
    """Ends the process as soon as nobody waits for its answers, also while it scores."""
    poll = select.poll()
    poll.register(connection.fileno(), 0)
    poll.poll()
    os._exit(0)


def receive_bytes(connection, size):
    data = bytearray(size)
    rest = memoryview(data)
    while rest:
        n_bytes = connection.recv_into(rest)
        if n_bytes == 0:
            os._exit(0)
        rest = rest[n_bytes:]
    return data


def receive(connection):
    header_size, body_size = LENGTHS.unpack(receive_bytes(connection, LENGTHS.size))
    header = json.loads(receive_bytes(connection, header_size))
    return header, receive_bytes(connection, body_size)


def send(connection, header, parts=()):
    header = json.dumps(header).encode()
    sizes = [memoryview(part).nbytes for part in parts]
    connection.sendall(LENGTHS.pack(len(header), sum(sizes)) + header)
    for part in parts:
        connection.sendall(part)


def describe(error):
    try:
        text = str(error)
    except Exception:
        text = "(its message cannot be read)"
    return f"{type(error).__name__}: {text}"[:MAX_MESSAGE]


# What the model gets


def to_frame(table, specs):
    """A pandas frame with the types that MLflow's own server gives its models; `specs` are the signature's columns."""
    # By position, since names may be empty or come twice.
    frame = table.rename_columns([str(position) for position in range(table.num_columns)])
    frame = frame.to_pandas(ignore_metadata=True)
    absent = []
    for position, column in enumerate(table.columns):
        spec = specs[position] if specs else None
        if is_nested(column.type, spec):
            kind = spec.type if spec else None
            frame.isetitem(position, objects([plain(value, kind) for value in column.to_pylist()]))
        elif spec and column.null_count and pa.types.is_integer(column.type):
            check_integers(column, spec, position)
            absent.append(position)
    is_unnamed = specs and specs[0].name is None
    frame.columns = range(len(specs)) if is_unnamed else table.column_names
    if absent:
        frame = frame.iloc[:, [position for position in range(frame.shape[1]) if position not in absent]]
    return frame


def is_nested(arrow_type, spec):
    return pa.types.is_nested(arrow_type) or (spec is not None and type(spec.type).__name__ == "AnyType")


def check_integers(column, spec, position):
    """Integers of pandas cannot be null. A column that is null in all rows did not come: MLflow leaves it out."""
    if column.null_count == len(column) and not getattr(spec, "required", True):
        return
    row = column.is_null().index(True).as_py()
    name = position if spec.name is None else f"'{spec.name}'"
    raise BadInput(f"column {name}, row {row}: null, but the model needs a number of type {spec.type.name}")


def plain(value, kind):
    """A cell as a caller wrote it in JSON, of a type of MLflow's; of whatever type where `kind` is none."""
    if value is None or kind is None:
        return value
    name = type(kind).__name__
    if name == "AnyType":
        return json.loads(value)
    if name == "Array":
        # MLflow takes a list of numbers for the widest type, and refuses to narrow it.
        if is_narrow(kind.dtype) and None not in value:
            return np.array(value, dtype=kind.dtype.to_numpy())
        return [plain(item, kind.dtype) for item in value]
    if name == "Map":
        return {key: plain(item, kind.value_type) for key, item in value}
    if name == "Object":
        properties = {item.name: item for item in kind.properties}
        return {
            key: plain(item, properties[key].dtype)
            for key, item in value.items()
            if item is not None or properties[key].required
        }
    if is_narrow(kind):
        return kind.to_numpy().type(value)
    if isinstance(value, pd.Timestamp):
        return value.to_datetime64()
    return value


def is_narrow(kind):
    return getattr(kind, "name", None) in ("integer", "float")


def objects(values):
    """An array of one dimension, also where the values are arrays themselves."""
    array = np.empty(len(values), dtype=object)
    for position, value in enumerate(values):
        array[position] = value
    return array


def to_arrays(tensors, body, kinds):
    """One array where it has no name, and else a dict of them; `kinds` are the signature's types by name."""
    arrays = {
        tensor["name"]: to_array(tensor, body, kinds.get(tensor["name"] or None)) for tensor in tensors
    }
    return arrays[""] if list(arrays) == [""] else arrays


def to_array(tensor, body, kind):
    part = memoryview(body)[tensor["offset"] : tensor["offset"] + tensor["size"]]
    if tensor["dtype"] == "str":
        return to_texts(part, tensor["shape"], kind)
    if tensor["dtype"] == "bfloat16":
        try:
            import ml_dtypes
        except ImportError:
            raise BadInput(f"tensor '{tensor['name']}': Python needs the package 'ml_dtypes' for BF16") from None
        dtype = np.dtype(ml_dtypes.bfloat16)
    else:
        dtype = np.dtype(tensor["dtype"]).newbyteorder("<")
    return np.frombuffer(part, dtype=dtype).reshape(tensor["shape"])


def to_texts(part, shape, kind):
    values = []
    at = 0
    while at < len(part):
        (size,) = TEXT_LENGTH.unpack_from(part, at)
        at += TEXT_LENGTH.size
        values.append(bytes(part[at : at + size]))
        at += size
    wanted = kind.kind if kind is not None else "U"
    if wanted != "S":
        try:
            values = [value.decode() for value in values]
        except UnicodeDecodeError:
            wanted = "O"
    if wanted != "O":
        return np.array(values, dtype=wanted).reshape(shape)
    return objects(values).reshape(shape)


# What it answers


def encode(result):
    """The header of the answer and the parts of its body."""
    if isinstance(result, pd.Series):
        # MLflow's server writes it as a table of one column.
        result = pd.DataFrame(result)
    encoded = None
    if isinstance(result, pd.DataFrame):
        encoded = encode_frame(result)
    elif isinstance(result, np.ndarray):
        encoded = encode_arrays("array", {"": result})
    elif isinstance(result, dict) and result and all(isinstance(item, np.ndarray) for item in result.values()):
        encoded = encode_arrays("arrays", result)
    return encoded or encode_json(result)


def encode_frame(frame):
    """None where Arrow would write it other than MLflow does."""
    names = [str(name) for name in frame.columns]
    if frame.columns.nlevels > 1 or len(set(names)) < len(names):
        return None
    try:
        arrays = [to_arrow(frame.iloc[:, position]) for position in range(len(names))]
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        return None
    if not arrays or any(array is None for array in arrays):
        return None
    table = pa.Table.from_arrays(arrays, names=names)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return {"kind": "frame"}, [sink.getvalue()]


def to_arrow(series):
    if isinstance(series.dtype, np.dtype) and series.dtype.kind == "f":
        # NaN is a number here, and not a null.
        array = pa.array(series.to_numpy(), from_pandas=False)
    else:
        array = pa.Array.from_pandas(series)
    if pa.types.is_dictionary(array.type):
        array = array.cast(array.type.value_type)
    if pa.types.is_large_string(array.type):
        array = array.cast(pa.string())
    return array if is_flat(array.type) else None


def is_flat(arrow_type):
    if pa.types.is_list(arrow_type):
        return is_flat(arrow_type.value_type)
    kinds = ("is_boolean", "is_integer", "is_floating", "is_string", "is_binary", "is_timestamp", "is_date", "is_null")
    return any(getattr(pa.types, kind)(arrow_type) for kind in kinds)


def encode_arrays(kind, arrays):
    """None where one is of a type that tensors do not have."""
    tensors = []
    parts = []
    for name, array in arrays.items():
        encoded = encode_array(array)
        if encoded is None:
            return None
        dtype, part = encoded
        tensors.append({"name": str(name), "dtype": dtype, "shape": array.shape, "size": len(part)})
        parts.append(part)
    return {"kind": kind, "tensors": tensors}, parts


def encode_array(array):
    if isinstance(array, np.ma.MaskedArray):
        return None
    if array.dtype.kind == "O":
        array = with_type(array)
    if array is None:
        return None
    if array.dtype.kind == "U":
        texts = [text.encode(errors="replace") for text in array.ravel().tolist()]
        return "str", b"".join(TEXT_LENGTH.pack(len(text)) + text for text in texts)
    if array.dtype.name not in TENSOR_TYPES:
        return None
    if array.dtype.byteorder == ">":
        array = array.astype(array.dtype.newbyteorder("<"))
    return array.dtype.name, array.tobytes()


def with_type(array):
    """Objects that are all of one type of texts or numbers, as an array of that type; else none."""
    values = array.ravel().tolist()
    kinds = {type(value) for value in values}
    if len(kinds) != 1 or not kinds <= {str, bool, int, float, np.bool_, np.int64, np.float64, np.str_}:
        return None
    try:
        typed = np.array(values).reshape(array.shape)
    except OverflowError:
        return None
    return typed if typed.dtype.kind in "Ubif" else None


def encode_json(result):
    if isinstance(result, pd.DataFrame):
        result = result.to_dict(orient="records")
    elif isinstance(result, np.ndarray):
        result = result.tolist()
    try:
        text = json.dumps(result, cls=NumpyEncoder, allow_nan=False)
    except ValueError:
        # NaN and infinities are not JSON.
        text = json.dumps(result, cls=NumpyEncoder)
        text = json.dumps(json.loads(text, parse_constant=lambda _: None))
    return {"kind": "json"}, [text.encode()]


# Scoring


def predict(model, request, body):
    schema = model.metadata.get_input_schema()
    if request["kind"] == "tensors":
        is_told = schema is not None and schema.is_tensor_spec()
        kinds = {spec.name: spec.type for spec in schema.inputs} if is_told else {}
        data = to_arrays(request["tensors"], body, kinds)
    else:
        is_told = schema is not None and not schema.is_tensor_spec()
        with pa.ipc.open_stream(pa.py_buffer(body)) as reader:
            data = to_frame(reader.read_all(), schema.inputs if is_told else None)
    if request["params"] is None:
        return model.predict(data)
    return model.predict(data, params=request["params"])


def refusal(error):
    """What to answer when there are no predictions."""
    if isinstance(error, BadInput):
        return {"kind": "invalid", "message": str(error)[:MAX_MESSAGE]}
    if isinstance(error, MlflowException) and error.error_code in CALLERS_FAULT:
        # MLflow's message about a schema repeats all of the data; the reason alone is in the error that led to it.
        is_schema = str(error).startswith("Failed to enforce schema of data") and error.__context__
        reason = error.__context__ if is_schema else error
        return {"kind": "invalid", "message": describe(reason)}
    traceback.print_exc()
    return {"kind": "failed", "message": describe(error)}


def answer(model, request, body):
    try:
        return encode(predict(model, request, body))
    except (Exception, SystemExit) as error:
        return refusal(error), []


def load(connection, folder):
    """The model; none when that was told to be impossible."""
    try:
        return mlflow.pyfunc.load_model(folder)
    except ModuleNotFoundError as error:
        send(connection, {"kind": "missing", "message": describe(error)})
    except (Exception, SystemExit):
        lines = traceback.format_exc().splitlines()[-LAST_LINES:]
        send(connection, {"kind": "broken", "message": "\n".join(lines)[-MAX_MESSAGE:]})
    return None


def main(connection):
    threading.Thread(target=end_with, args=(connection,), daemon=True).start()
    model = load(connection, sys.argv[1])
    if model is None:
        return
    # As MLflow's own server says it to its models.
    os.environ["_MLFLOW_IS_IN_SERVING_ENVIRONMENT"] = "true"
    send(connection, {"kind": "ready"})
    while True:
        request, body = receive(connection)
        # Up to here, another worker may be asked the same.
        send(connection, {"kind": "begun"})
        send(connection, *answer(model, request, body))


CONNECTION = take_socket()
try:
    import mlflow.pyfunc
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    import pyarrow.ipc
    from mlflow.exceptions import MlflowException
    from mlflow.utils.proto_json_utils import NumpyEncoder
except ImportError as missing:
    send(CONNECTION, {"kind": "missing", "message": describe(missing)})
else:
    main(CONNECTION)

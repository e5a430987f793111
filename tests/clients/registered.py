"""Registered models and versions over raw REST, and the refusals that the tests of the registry expect of it."""

import time

IS_PROMPT = "mlflow.prompt.is_prompt"
SOURCE = "s3://bucket/model"


def post(api, path, **body):
    """What a write answers; it has to be taken."""
    answer = api.post(path, body)
    assert answer.status == 200, answer.text
    return answer.body


def create_model(api, name, **fields):
    return post(api, "registered-models/create", name=name, **fields)["registered_model"]


def create_version(api, name, source=SOURCE, **fields):
    return post(api, "model-versions/create", name=name, source=source, **fields)["model_version"]


def set_alias(api, name, alias, version):
    return post(api, "registered-models/alias", name=name, alias=alias, version=version)


def move(api, name, version, stage, **fields):
    """Puts a version into another stage."""
    return post(api, "model-versions/transition-stage", name=name, version=version, stage=stage, **fields)["model_version"]


def delete_version(api, name, version):
    answer = api.delete("model-versions/delete", {"name": name, "version": version})
    assert (answer.status, answer.text) == (200, "{}")


def model(api, name):
    return api.get("registered-models/get", {"name": name}).body["registered_model"]


def version(api, name, number):
    return api.get("model-versions/get", {"name": name, "version": number}).body["model_version"]


def attempt(api, name, source, **fields):
    """What the creation of a version answers, whether it is taken or not."""
    return api.post("model-versions/create", {"name": name, "source": source, **fields})


def download_uri(api, name, number):
    return api.get("model-versions/get-download-uri", {"name": name, "version": number}).body["artifact_uri"]


def next_millisecond():
    """Lets the clock move on, so that what is written now has a later time than what was written before."""
    before = time.time_ns() // 1_000_000
    while time.time_ns() // 1_000_000 == before:
        pass


def error(answer):
    return answer.status, answer.code, answer.message


def invalid(message):
    return 400, "INVALID_PARAMETER_VALUE", message


def missing(field):
    hint = "See the API docs for more information about request parameters."
    return invalid(f"Missing value for required parameter '{field}'. {hint}")


def wrong_type(field, value, kind):
    hint = f"Hint: Value was of type '{kind}'. See the API docs for more information about request parameters."
    return invalid(f"Invalid value {value} for parameter '{field}' supplied:  {hint}")


def reserved_characters(name):
    return invalid(f"Invalid model name '{name}'. Names cannot contain '/' or ':'.")


def other_path(field, value, path):
    rule = "Names may be treated as files in certain cases, and must not resolve to other names when treated as such."
    return invalid(f"Invalid value \"{value}\" for parameter '{field}' supplied: {rule} This name would resolve to '{path}'")


def bad_key(key):
    rule = (
        "Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), "
        "spaces ( ), colon(:) and slashes (/)."
    )
    return invalid(f"Invalid value \"{key}\" for parameter 'key' supplied: {rule}")


def too_long(what, limit):
    return invalid(f"'{what}' exceeds the maximum length of {limit} characters")


def no_integer(value):
    return invalid(f"Parameter 'version' must be an integer, got '{value}'.")


def no_model(name):
    return 404, "RESOURCE_DOES_NOT_EXIST", f"Registered Model with name={name} not found"


def no_version(name, number):
    return 404, "RESOURCE_DOES_NOT_EXIST", f"Model Version (name={name}, version={number}) not found"


def not_of(owner, source):
    """The refusal of a source that is not what the owner, `run_id` or `model_id`, names."""
    rule = f"The {owner} request parameter must identify the resource that contains the source."
    return invalid(f"Invalid model version source: '{source}'. {rule}")

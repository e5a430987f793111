"""The prompt registry, through the stock client's own functions: prompts are registered models of a kind of their own.

The client links what it registers and loads to experiments, runs and models in threads of its own; every test waits
for them. It keeps what it loads for a while, so tests load with `cache_ttl_seconds=0`.
"""

import threading

import mlflow
import pydantic
import pytest
from mlflow.entities.model_registry.prompt_version import PromptModelConfig
from mlflow.exceptions import MlflowException
from registered import IS_PROMPT, create_model, create_version, model, version

TEXT = "How late is {{ train }} at {{station}}? — ünï 🚂"
CHAT = [{"role": "system", "content": "You know trains."}, {"role": "user", "content": "How late is {{train}}?"}]
CONFIG = {"model_name": "small", "temperature": 0.5, "max_tokens": 100}


class Delay(pydantic.BaseModel):
    minutes: int


@pytest.fixture(autouse=True)
def _links_are_waited_for(tracking):
    """Points the fluent functions at the server, and ends with their threads."""
    yield
    linked()


def linked():
    """Waits for the threads that link prompts."""
    for thread in threading.enumerate():
        if thread.name.startswith("link_prompt"):
            thread.join()


@pytest.fixture
def name(unique_name):
    """A prompt with two versions."""
    name = unique_name()
    register(name, "first {{x}}")
    register(name, "second {{x}}")
    return name


def register(name, template=TEXT, **fields):
    prompt = mlflow.genai.register_prompt(name, template, **fields)
    linked()
    return prompt


def load(name_or_uri, **fields):
    return mlflow.genai.load_prompt(name_or_uri, cache_ttl_seconds=0, **fields)


def names(prompts):
    return [prompt.name for prompt in prompts]


# --- registering and loading


def test_a_prompt_of_text_is_registered_and_loaded(unique_name):
    name = unique_name()
    prompt = register(name, TEXT, commit_message="why", tags={"task": "delays"})
    assert (prompt.name, prompt.version, prompt.template, prompt.commit_message) == (name, 1, TEXT, "why")
    loaded = load(name, version=1)
    assert (loaded.template, loaded.commit_message, loaded.tags) == (TEXT, "why", {"task": "delays"})
    assert (loaded.is_text_prompt, loaded.variables, loaded.uri) == (True, {"train", "station"}, f"prompts:/{name}/1")
    assert loaded.format(train="S1", station="here") == "How late is S1 at here? — ünï 🚂"
    assert loaded.creation_timestamp == loaded.last_updated_timestamp > 1_600_000_000_000


def test_a_prompt_of_messages_is_registered_and_loaded(unique_name):
    name = unique_name()
    register(name, CHAT)
    loaded = load(f"prompts:/{name}/1")
    assert (loaded.template, loaded.is_text_prompt) == (CHAT, False)
    assert loaded.format(train="S1")[1] == {"role": "user", "content": "How late is S1?"}


@pytest.mark.parametrize("response_format", [Delay, {"minutes": "integer"}], ids=["class", "dictionary"])
@pytest.mark.parametrize("config", [CONFIG, PromptModelConfig(**CONFIG)], ids=["dictionary", "object"])
def test_what_belongs_to_a_prompt_comes_back(unique_name, response_format, config):
    name = unique_name()
    register(name, response_format=response_format, model_config=config)
    loaded = load(name, version=1)
    assert loaded.model_config == CONFIG
    expected = Delay.model_json_schema() if response_format is Delay else response_format
    assert loaded.response_format == expected


def test_the_configuration_of_a_version_changes_and_goes(name):
    mlflow.genai.set_prompt_model_config(name, 1, CONFIG)
    mlflow.genai.set_prompt_model_config(name, 1, {**CONFIG, "temperature": 1.0})
    assert load(name, version=1).model_config == {**CONFIG, "temperature": 1.0}
    assert load(name, version=2).model_config is None
    mlflow.genai.delete_prompt_model_config(name, 1)
    assert load(name, version=1).model_config is None


def test_a_prompt_is_a_registered_model_with_tags(api, unique_name):
    name = unique_name()
    register(name, TEXT, commit_message="why", tags={"task": "delays"})
    stored = {tag["key"]: tag["value"] for tag in model(api, name)["tags"]}
    assert stored == {IS_PROMPT: "true", "task": "delays", "_mlflow_experiment_ids": ",0,"}
    first = version(api, name, "1")
    assert (first["source"], first["description"], first["run_id"]) == ("dummy-source", "why", "")
    assert {tag["key"]: tag["value"] for tag in first["tags"]} == {
        IS_PROMPT: "true",
        "task": "delays",
        "mlflow.prompt.text": TEXT,
        "_mlflow_prompt_type": "text",
    }


@pytest.mark.parametrize("length", [8_000, 50_000])
def test_a_long_prompt_is_kept_whole(unique_name, length):
    name = unique_name()
    register(name, "é" * length)
    assert load(name, version=1).template == "é" * length


def test_a_prompt_that_is_too_long_leaves_nothing_behind(client, unique_name):
    name = unique_name()
    with pytest.raises(MlflowException, match="Prompt text exceeds max length of 100000 characters"):
        register(name, "x" * 100_001)
    assert client.get_prompt(name) is None
    register(name, "x" * 100_000)


def test_a_prompt_without_a_number_is_the_latest(name):
    assert load(name).template == load(f"prompts:/{name}@latest").template == "second {{x}}"
    register(name, "third")
    assert load(name).version == load(f"prompts:/{name}@latest").version == 3


@pytest.mark.parametrize("number", [1, "1"])
def test_a_prompt_is_loaded_by_number_or_uri(name, number):
    assert load(name, version=number).template == load(f"prompts:/{name}/{number}").template == "first {{x}}"


@pytest.mark.parametrize("suffix", ["/3", "@nope", "/99"])
def test_a_version_that_is_not_there_is_missing(name, suffix):
    assert load(f"prompts:/{name}{suffix}", allow_missing=True) is None
    with pytest.raises(MlflowException, match="not found"):
        load(f"prompts:/{name}{suffix}")


@pytest.mark.parametrize("suffix", ["/1", "@best", "@latest"])
def test_a_prompt_that_is_not_there_is_missing(unique_name, suffix):
    assert load(f"prompts:/{unique_name()}{suffix}", allow_missing=True) is None
    with pytest.raises(MlflowException, match="not found") as caught:
        load(f"prompts:/{unique_name()}{suffix}")
    assert caught.value.error_code == "RESOURCE_DOES_NOT_EXIST"


def test_a_loaded_prompt_is_remembered_by_the_client_for_a_while(client, name):
    assert mlflow.genai.load_prompt(name, version=1).template == "first {{x}}"
    client._get_registry_client().delete_registered_model(name)
    assert mlflow.genai.load_prompt(name, version=1).template == "first {{x}}"
    assert load(name, version=1, allow_missing=True) is None


# --- aliases


def test_an_alias_names_a_version_and_moves(name):
    mlflow.genai.set_prompt_alias(name, "best", 1)
    assert load(f"prompts:/{name}@best").version == 1
    assert load(name, version=1).aliases == ["best"]
    mlflow.genai.set_prompt_alias(name, "best", 2)
    assert load(f"prompts:/{name}@best").version == 2
    assert load(name, version=1).aliases == []
    mlflow.genai.delete_prompt_alias(name, "best")
    mlflow.genai.delete_prompt_alias(name, "best")
    assert load(f"prompts:/{name}@best", allow_missing=True) is None


@pytest.mark.parametrize(
    ("alias", "number", "message"),
    [
        ("latest", 1, "reserved"),
        ("v1", 1, "reserved"),
        ("a b", 1, "Invalid alias name"),
        ("best", 9, "does not exist|not found"),
    ],
)
def test_an_alias_that_cannot_be_set_is_refused(name, alias, number, message):
    with pytest.raises(MlflowException, match=message):
        mlflow.genai.set_prompt_alias(name, alias, number)


# --- tags


def test_tags_of_a_prompt_are_set_and_deleted(client, name):
    mlflow.genai.set_prompt_tag(name, "task", "delays")
    mlflow.genai.set_prompt_tag(name, "task", "trains")
    assert mlflow.genai.get_prompt_tags(name)["task"] == "trains"
    assert "task" not in load(name, version=2).tags
    mlflow.genai.delete_prompt_tag(name, "task")
    mlflow.genai.delete_prompt_tag(name, "task")
    assert "task" not in client.get_prompt(name).tags


def test_tags_of_a_version_are_set_and_deleted(name):
    mlflow.genai.set_prompt_version_tag(name, 1, "reviewed", "yes")
    assert (load(name, version=1).tags, load(name, version=2).tags) == ({"reviewed": "yes"}, {})
    assert "reviewed" not in mlflow.genai.get_prompt_tags(name)
    mlflow.genai.delete_prompt_version_tag(name, 1, "reviewed")
    assert load(name, version=1).tags == {}


def test_tags_of_a_later_registration_are_added_to_the_prompt(client, name):
    register(name, tags={"task": "delays"})
    assert client.get_prompt(name).tags["task"] == "delays"
    assert [load(name, version=n).tags for n in (2, 3)] == [{}, {"task": "delays"}]


# --- searching


@pytest.fixture
def shelf(unique_name):
    """The names of three prompts and, last, what all of them begin with."""
    stem = unique_name()
    for suffix, task in (("-b", "delays"), ("-a", "delays"), ("-c", "fares")):
        register(stem + suffix, tags={"task": task}, commit_message=f"of {task}")
    return f"{stem}-a", f"{stem}-b", f"{stem}-c", stem


def search(filter_string, **fields):
    return mlflow.genai.search_prompts(filter_string, **fields)


def test_prompts_are_found_by_name_and_by_tag(shelf):
    a, b, c, stem = shelf
    assert names(search(f"name LIKE '{stem}%'")) == [a, b, c]
    assert names(search(f"name = '{b}'")) == [b]
    assert names(search(f"name ILIKE '{stem.upper()}%' AND tags.task = 'delays'")) == [a, b]
    assert names(search(f"name LIKE '{stem}%' AND tags.task != 'delays'")) == [c]
    assert names(search(f"name = '{stem}'")) == []
    assert {a, b, c} <= set(names(mlflow.genai.search_prompts()))


def test_a_found_prompt_has_its_tags_and_its_description(client, shelf):
    (found,) = search(f"name = '{shelf[2]}'")
    assert (found.description, found.tags) == ("of fares", {"task": "fares", "_mlflow_experiment_ids": ",0,"})
    assert found.creation_timestamp > 1_600_000_000_000
    assert found == client.get_prompt(shelf[2])


def test_prompts_are_found_page_by_page_in_any_order(client, shelf):
    *everything, stem = shelf
    found, token = [], None
    while token is None or token:
        page = client.search_prompts(f"name LIKE '{stem}%'", max_results=2, page_token=token, order_by=["name DESC"])
        found.append(names(page))
        token = page.token or ""
    assert found == [everything[::-1][:2], everything[::-1][2:]]


def test_prompts_are_found_by_the_experiment_that_they_were_used_in(client, shelf, experiment_id):
    *everything, stem = shelf
    mlflow.set_experiment(experiment_id=experiment_id)
    load(everything[1], version=1)
    linked()
    assert names(search(f'experiment_id = "{experiment_id}"')) == [everything[1]]
    assert names(search(f"name LIKE '{stem}%' AND experiment_id = '0'")) == everything
    assert client.get_prompt(everything[1]).tags["_mlflow_experiment_ids"] == f",0,{experiment_id},"


def test_versions_of_a_prompt_are_found_newest_first(client, name):
    found = client.search_prompt_versions(name)
    assert [(each.version, each.template) for each in found] == [(2, "second {{x}}"), (1, "first {{x}}")]
    page = client.search_prompt_versions(name, max_results=1)
    rest = client.search_prompt_versions(name, max_results=1, page_token=page.token)
    assert [each.version for each in [*page, *rest]] == [2, 1]


# --- deleting


def test_a_deleted_version_is_gone_and_its_number_does_not_return(client, name):
    mlflow.genai.set_prompt_alias(name, "best", 2)
    client.delete_prompt_version(name, "2")
    assert load(name, version=2, allow_missing=True) is None
    assert load(f"prompts:/{name}@best", allow_missing=True) is None
    assert load(name).version == 1
    assert register(name).version == 3
    with pytest.raises(MlflowException, match="not found"):
        client.delete_prompt_version(name, "2")


def test_a_deleted_prompt_is_gone_and_its_name_is_free(client, name):
    client.delete_prompt(name)
    assert client.get_prompt(name) is None
    assert load(name, version=1, allow_missing=True) is None
    assert names(search(f"name = '{name}'")) == []
    assert register(name).version == 1
    with pytest.raises(MlflowException, match="not found") as caught:
        client.delete_prompt(f"{name}-nope")
    assert caught.value.error_code == "RESOURCE_DOES_NOT_EXIST"


# --- prompts and models


def test_prompts_are_hidden_among_models(api, client, name):
    filter = f"name = '{name}'"
    assert client.search_registered_models(filter) == client.search_model_versions(filter) == []
    assert api.get("registered-models/search", {"filter": filter}).text == "{}"
    told = api.get("registered-models/search", {"filter": f"{filter} AND tags.`{IS_PROMPT}` = 'true'"}).body
    assert told["registered_models"] == [model(api, name)]
    assert name not in [each.name for each in mlflow.search_registered_models()]


def test_models_are_hidden_among_prompts(api, client, unique_name):
    name = create_model(api, unique_name())["name"]
    create_version(api, name)
    assert names(search(f"name = '{name}'")) == []
    assert client.get_prompt(name) is None
    with pytest.raises(MlflowException, match="is registered as a model, not a prompt"):
        load(name, version=1)


def test_a_model_cannot_have_the_name_of_a_prompt(client, name):
    with pytest.raises(MlflowException, match="already taken by a prompt") as caught:
        client.create_registered_model(name)
    assert caught.value.error_code == "RESOURCE_ALREADY_EXISTS"


def test_a_prompt_cannot_have_the_name_of_a_model(api, client, unique_name):
    name = create_model(api, unique_name())["name"]
    with pytest.raises(MlflowException, match="exists with the same name"):
        register(name)
    with pytest.raises(MlflowException, match="but the name is already taken"):
        client.create_prompt(name)
    assert "latest_versions" not in model(api, name)


def test_a_prompt_is_made_in_two_steps_too(client, unique_name):
    name = unique_name()
    assert client.create_prompt(name, "d", {"task": "delays"}).name == name
    assert client.get_prompt(name).tags == {"task": "delays"}
    made = client.create_prompt_version(name, TEXT, "why", {"k": "v"})
    assert (made.version, made.template) == (1, TEXT)
    assert client.get_prompt_version(name, "1").tags == {"k": "v"}
    assert client.get_prompt_version_by_alias(name, "latest").version == 1
    with pytest.raises(MlflowException, match="already exists"):
        client.create_prompt(name)


# --- what prompts are used for


def test_a_prompt_that_a_run_loads_is_told_by_the_run(client, name, experiment_id):
    mlflow.set_experiment(experiment_id=experiment_id)
    with mlflow.start_run() as run:
        load(name, version=1)
        load(f"prompts:/{name}@latest")
    told = client.get_run(run.info.run_id).data.tags["mlflow.linkedPrompts"]
    assert told == f'[{{"name": "{name}", "version": "1"}}, {{"name": "{name}", "version": "2"}}]'


def test_a_prompt_that_a_logged_model_uses_is_told_by_the_model(client, name, experiment_id):
    model_id = client.create_logged_model(experiment_id, "agent").model_id
    load(name, version=2, model_id=model_id)
    linked()
    told = client.get_logged_model(model_id).tags["mlflow.linkedPrompts"]
    assert told == f'[{{"name": "{name}", "version": "2"}}]'

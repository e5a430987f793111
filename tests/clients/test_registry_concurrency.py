"""Many callers of the registry at once: numbers are given once and none is left out, whatever else happens."""

import collections
import concurrent.futures

import pytest
import registered
import sqlalchemy
from conftest import Api
from registered import SOURCE, attempt, create_model, create_version, error, model
from test_concurrency import THREADS, together

VERSIONS = 50


@pytest.fixture
def name(api, unique_name):
    """A registered model with nothing else to it."""
    return create_model(api, unique_name())["name"]


@pytest.fixture
def own_api(api_of, server):
    """A connection of its own for the thread that asks."""
    return lambda: api_of(server)


def numbers(answers):
    """The numbers of the versions that were made, lowest first."""
    return sorted(int(answer.body["model_version"]["version"]) for answer in answers if answer.status == 200)


def test_fifty_versions_made_at_once_have_fifty_numbers_in_a_row(own_api, api, client, name):
    def work(i):
        return attempt(own_api(), name, SOURCE, description=str(i), tags=[{"key": "thread", "value": str(i)}])

    answers = together(work, VERSIONS)
    assert collections.Counter(answer.status for answer in answers) == {200: VERSIONS}
    assert numbers(answers) == list(range(1, VERSIONS + 1))
    made = {answer.body["model_version"]["version"]: str(i) for i, answer in enumerate(answers)}
    found = client.search_model_versions(f"name = '{name}'")
    assert {each.version: each.description for each in found} == made
    assert {each.version: each.tags["thread"] for each in found} == made
    assert create_version(api, name)["version"] == str(VERSIONS + 1)


def test_versions_made_at_once_never_share_a_number(own_api, client, name):
    answers = together(lambda _: attempt(own_api(), name, SOURCE))
    assert len(numbers(answers)) == len(set(numbers(answers))) >= 1
    assert sorted(int(each.version) for each in client.search_model_versions(f"name = '{name}'")) == numbers(answers)


def test_versions_of_many_models_do_not_disturb_each_other(own_api, api, unique_name):
    names = [create_model(api, unique_name())["name"] for _ in range(5)]
    answers = together(lambda i: attempt(own_api(), names[i % 5], SOURCE), VERSIONS)
    for i in range(5):
        assert numbers(answers[i::5]) == list(range(1, VERSIONS // 5 + 1))


@pytest.mark.ours
def test_whoever_holds_a_model_holds_up_no_versions_of_others(database, fresh_database, start_server, tmp_path):
    """Versions that wait are written together: one that has to wait longer must not keep the rest."""
    if database != "postgres":
        pytest.skip("SQLite has one writer for all")
    uri = fresh_database(database)
    server = start_server("forebay", uri, tmp_path)
    api = Api(server.url)
    held, free = (create_model(api, name)["name"] for name in ("held", "free"))
    engine = sqlalchemy.create_engine(uri, poolclass=sqlalchemy.NullPool)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        with engine.begin() as transaction:
            transaction.execute(sqlalchemy.text("SELECT 1 FROM registered_models WHERE name = 'held' FOR UPDATE"))
            waiting = [pool.submit(attempt, Api(server.url), held, SOURCE) for _ in range(4)]
            for _ in range(10):
                create_version(api, free)
            assert not any(each.done() for each in waiting)
        assert numbers([each.result() for each in waiting]) == [1, 2, 3, 4]
    assert create_version(api, free)["version"] == "11"


def test_numbers_of_deleted_versions_do_not_return_while_others_are_made(own_api, api, client, name):
    for _ in range(THREADS):
        create_version(api, name)

    def work(i):
        mine = own_api()
        if i % 2:
            return mine.delete("model-versions/delete", {"name": name, "version": str(i // 2 + THREADS // 2 + 1)})
        return attempt(mine, name, SOURCE)

    answers = together(work)
    assert {answer.status for answer in answers} == {200}
    made = numbers(answers[::2])
    assert made == list(range(THREADS + 1, THREADS + THREADS // 2 + 1))
    left = [int(each.version) for each in client.search_model_versions(f"name = '{name}'")]
    assert sorted(left) == [*range(1, THREADS // 2 + 1), *made]


@pytest.mark.ours
def test_a_version_is_deleted_by_exactly_one_of_many(own_api, api, name):
    for number in ("1", "2"):
        create_version(api, name)
        answers = together(lambda _, n=number: own_api().delete("model-versions/delete", {"name": name, "version": n}))
        refused = [error(answer) for answer in answers if answer.status != 200]
        assert refused == [registered.no_version(name, number)] * (THREADS - 1)


def test_exactly_one_of_many_makes_a_model(own_api, api, unique_name):
    for _ in range(5):
        name = unique_name()
        answers = together(lambda i: own_api().post("registered-models/create", {"name": name, "description": str(i)}))
        (won,) = [answer for answer in answers if answer.status == 200]
        assert won.body["registered_model"] == model(api, name)
        lost = {error(answer) for answer in answers if answer is not won}
        assert lost == {(400, "RESOURCE_ALREADY_EXISTS", f"Registered Model (name={name}) already exists.")}


def test_exactly_one_of_many_gets_a_name_for_its_model(own_api, api, unique_name):
    names = [create_model(api, unique_name(f"-{i}"))["name"] for i in range(THREADS)]
    goal = unique_name("-goal")
    answers = together(lambda i: own_api().post("registered-models/rename", {"name": names[i], "new_name": goal}))
    codes = collections.Counter(answer.code for answer in answers)
    assert codes == {None: 1, "RESOURCE_ALREADY_EXISTS": THREADS - 1}
    assert sum(api.get("registered-models/get", {"name": name}).status == 404 for name in names) == 1


@pytest.mark.ours
def test_an_alias_that_many_move_points_to_one_of_their_versions(own_api, api, name):
    for _ in range(THREADS):
        create_version(api, name)

    def work(i):
        mine, number = own_api(), str(i + 1)
        bodies = [{"name": name, "alias": alias, "version": number} for alias in ("shared", f"own-{i}")]
        return [mine.post("registered-models/alias", body).status for body in bodies]

    assert together(work) == [[200, 200]] * THREADS
    aliases = {each["alias"]: each["version"] for each in model(api, name)["aliases"]}
    shared = aliases.pop("shared")
    assert aliases == {f"own-{i}": str(i + 1) for i in range(THREADS)}
    assert registered.version(api, name, shared)["aliases"] == sorted([f"own-{int(shared) - 1}", "shared"])
    holders = [n for n in range(1, THREADS + 1) if "shared" in registered.version(api, name, str(n))["aliases"]]
    assert holders == [int(shared)]


@pytest.mark.ours
def test_an_alias_never_points_to_a_version_that_is_deleted_meanwhile(own_api, api, name):
    for number in map(str, range(1, 6)):
        create_version(api, name)

        def work(i, number=number):
            if i == 0:
                return own_api().delete("model-versions/delete", {"name": name, "version": number})
            return own_api().post("registered-models/alias", {"name": name, "alias": f"a-{i}", "version": number})

        answers = together(work)
        assert answers[0].status == 200
        assert {answer.status for answer in answers[1:]} <= {200, 404}
        assert "aliases" not in model(api, name)


@pytest.mark.ours
def test_versions_of_a_model_that_is_deleted_meanwhile_are_made_or_refused(own_api, api, client, unique_name):
    for _ in range(5):
        name = create_model(api, unique_name())["name"]

        def work(i, name=name):
            if i == 0:
                return own_api().delete("registered-models/delete", {"name": name})
            return attempt(own_api(), name, SOURCE)

        answers = together(work)
        assert answers[0].status == 200
        refused = {error(answer) for answer in answers[1:] if answer.status != 200}
        assert refused <= {registered.no_model(name)}
        assert client.search_model_versions(f"name = '{name}'") == []
        create_model(api, name)
        assert create_version(api, name)["version"] == "1"


@pytest.mark.ours
def test_a_model_made_anew_counts_from_one_while_its_callers_go_on(own_api, api, name):
    """Every number is given once in each of a model's lives, and each life counts from one."""

    def work(i):
        mine = own_api()
        if i < 2:
            gone = mine.delete("registered-models/delete", {"name": name})
            return [gone, mine.post("registered-models/create", {"name": name})]
        return [attempt(mine, name, SOURCE) for _ in range(3)]

    answers = [answer for pair in together(work) for answer in pair]
    assert {answer.status for answer in answers} <= {200, 400, 404}
    assert {answer.code for answer in answers if answer.status == 400} <= {"RESOURCE_ALREADY_EXISTS"}
    left = api.get("model-versions/search", {"filter": f"name = '{name}'", "order_by": "version_number"}).body
    found = [int(each["version"]) for each in left.get("model_versions", [])]
    assert found == list(range(1, len(found) + 1))


@pytest.mark.ours
def test_stages_that_many_archive_hold_one_version_each(own_api, api, name):
    for _ in range(THREADS):
        create_version(api, name)

    def work(i):
        body = {"name": name, "version": str(i + 1), "stage": "Production", "archive_existing_versions": True}
        return own_api().post("model-versions/transition-stage", body).status

    assert together(work) == [200] * THREADS
    stages = [registered.version(api, name, str(n + 1))["current_stage"] for n in range(THREADS)]
    assert collections.Counter(stages) == {"Production": 1, "Archived": THREADS - 1}


@pytest.mark.ours
def test_a_logged_model_lists_every_version_made_from_it_at_once(own_api, client, name, experiment_id):
    model_id = client.create_logged_model(experiment_id, "forest").model_id
    answers = together(lambda _: attempt(own_api(), name, f"models:/{model_id}", model_id=model_id))
    assert numbers(answers) == list(range(1, THREADS + 1))
    listed = client.get_logged_model(model_id).tags["mlflow.modelVersions"]
    for number in range(1, THREADS + 1):
        assert f'{{"name": "{name}", "version": {number}}}' in listed


def test_a_tag_that_many_set_holds_one_of_their_values(own_api, api, name):
    create_version(api, name)

    def work(i):
        body = {"name": name, "version": "1", "key": "k", "value": str(i)}
        return own_api().post("model-versions/set-tag", body).status

    won = [str(i) for i, status in enumerate(together(work)) if status == 200]
    assert registered.version(api, name, "1")["tags"][0]["value"] in won

"""The stock client `mlflow.deployments` asks the models that are served."""

import pytest
import requests
from mlflow.deployments import get_deploy_client
from scoring import scoring_server
from serving import records, save_plus, save_table, save_tensors

pytestmark = pytest.mark.ours


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A model that adds 1, one that refuses all beyond 9, and one of tensors."""
    folder = tmp_path_factory.mktemp("models")
    plus, table = save_plus(folder / "plus", 1), save_table(folder / "table")
    with scoring_server(plus, "-m", table, "-m", save_tensors(folder / "tensors", None)) as server:
        yield server


@pytest.fixture
def client(server):
    return get_deploy_client(server.url)


def test_a_model_is_asked_by_its_name(client):
    assert client.predict(endpoint="plus", inputs=records({"i": 1}, {"i": 2})) == {
        "predictions": [{"sum": 2}, {"sum": 3}]
    }
    assert client.predict(endpoint="table", inputs={"dataframe_split": {"columns": ["i"], "data": [[3]]}}) == {
        "predictions": [{"found": 30}]
    }
    assert client.predict(endpoint="tensors", inputs={"inputs": [[1.0, 2.0]]}) == {
        "predictions": {"total": [[1.0, 2.0]]}
    }


def test_the_default_client_of_the_environment_is_the_same(server, monkeypatch):
    monkeypatch.setenv("MLFLOW_DEPLOYMENTS_TARGET", server.url)
    answer = get_deploy_client().predict(endpoint="plus", inputs=records({"i": 1}))
    assert answer == {"predictions": [{"sum": 2}]}


def test_a_mistake_is_raised_with_what_is_wrong(client):
    with pytest.raises(requests.HTTPError, match=r"column 'i', row 0: \\\"one\\\" is not a value of type long"):
        client.predict(endpoint="plus", inputs=records({"i": "one"}))
    with pytest.raises(requests.HTTPError, match="Model 'nobody' is not served here"):
        client.predict(endpoint="nobody", inputs=records({"i": 1}))


def test_the_models_are_listed_as_endpoints(client, server):
    listed = {endpoint.name: endpoint for endpoint in client.list_endpoints()}
    assert set(listed) == {"plus", "table", "tensors"}
    assert listed["plus"].endpoint_url == f"{server.url}/endpoints/plus/invocations"
    assert client.get_endpoint("plus") == listed["plus"]
    answer = requests.post(listed["plus"].endpoint_url, json=records({"i": 1}), timeout=60)
    assert answer.json() == {"predictions": [{"sum": 2}]}


def test_an_endpoint_that_is_not_there_is_an_error(client):
    with pytest.raises(requests.HTTPError, match="RESOURCE_DOES_NOT_EXIST"):
        client.get_endpoint("nobody")


def test_scoring_clients_of_mlflow_itself_are_answered(tmp_path):
    """`mlflow models predict` and the builder of images ask a local server with this one."""
    import pandas
    from mlflow.pyfunc.scoring_server.client import ScoringServerClient

    with scoring_server(save_plus(tmp_path / "plus", 1)) as alone:
        host, port = alone.url.removeprefix("http://").split(":")
        client = ScoringServerClient(host, int(port))
        client.wait_server_ready()
        assert client.invoke(pandas.DataFrame({"i": [1]})).get_predictions().to_dict("list") == {"sum": [2]}

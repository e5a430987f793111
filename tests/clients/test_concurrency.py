"""Many writers at once, and a server that is killed while they write: what was acknowledged is there."""

import concurrent.futures
import threading
import time

import mlflow
import pytest
import requests
from mlflow.entities import Metric, Param, RunTag

THREADS = 20


def together(work, count=THREADS):
    """Runs work(0) … work(count - 1) in as many threads, all started at one moment; answers their results."""
    gate = threading.Barrier(count)

    def waiting(index):
        gate.wait()
        return work(index)

    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(waiting, range(count)))


def test_twenty_threads_log_asynchronously_into_one_run(tracking, client, experiment_id):
    mlflow.set_experiment(experiment_id=experiment_id)
    with mlflow.start_run() as run:
        run_id = run.info.run_id

        def work(thread):
            pending = []
            for step in range(10):
                pending.append(mlflow.log_metric(f"m{thread}", step, step=step, synchronous=False, run_id=run_id))
                pending.append(mlflow.log_metric("shared", thread, step=step, synchronous=False, run_id=run_id))
            pending.append(client.log_param(run_id, f"p{thread}", str(thread), synchronous=False))
            pending.append(client.set_tag(run_id, f"t{thread}", str(thread), synchronous=False))
            for operation in pending:
                operation.wait()

        together(work)
    data = client.get_run(run_id).data
    assert {f"m{i}": 9.0 for i in range(THREADS)}.items() <= data.metrics.items()
    assert data.params == {f"p{i}": str(i) for i in range(THREADS)}
    assert {f"t{i}": str(i) for i in range(THREADS)}.items() <= data.tags.items()
    shared = client.get_metric_history(run_id, "shared")
    assert sorted((m.step, m.value) for m in shared) == sorted((s, float(t)) for s in range(10) for t in range(THREADS))
    for thread in range(THREADS):
        assert [m.value for m in client.get_metric_history(run_id, f"m{thread}")] == [float(s) for s in range(10)]


def test_asynchronous_logging_is_flushed_at_the_end_of_the_run(tracking, client, experiment_id):
    mlflow.set_experiment(experiment_id=experiment_id)
    with mlflow.start_run() as run:
        for step in range(50):
            mlflow.log_metric("m", step, step=step, synchronous=False)
        mlflow.log_params({f"p{i}": i for i in range(50)}, synchronous=False)
        mlflow.set_tags({f"t{i}": i for i in range(50)}, synchronous=False)
        mlflow.flush_async_logging()
    data = client.get_run(run.info.run_id).data
    assert (data.metrics, len(data.params)) == ({"m": 49.0}, 50)
    assert [m.step for m in client.get_metric_history(run.info.run_id, "m")] == list(range(50))


def test_twenty_threads_have_a_run_each(client, experiment_id):
    def work(thread):
        run_id = client.create_run(experiment_id, run_name=f"run {thread}").info.run_id
        client.log_batch(run_id, [Metric("m", thread, i, i) for i in range(50)], [Param("p", str(thread))])
        client.set_terminated(run_id)
        return run_id

    run_ids = together(work)
    assert len(set(run_ids)) == THREADS
    found = client.search_runs([experiment_id], "status = 'FINISHED'", order_by=["metrics.m"])
    assert [run.data.params["p"] for run in found] == [str(i) for i in range(THREADS)]
    assert all(len(client.get_metric_history(run_id, "m")) == 50 for run_id in run_ids[:3])


def test_the_latest_metric_is_the_greatest_step_whoever_came_last(client, experiment_id):
    run_id = client.create_run(experiment_id).info.run_id
    together(lambda thread: client.log_batch(run_id, [Metric("m", s, s, s) for s in range(thread, 200, THREADS)]))
    assert client.get_run(run_id).data.metrics == {"m": 199.0}
    assert [m.step for m in client.get_metric_history(run_id, "m")] == list(range(200))


def test_exactly_one_of_many_creates_an_experiment(api_of, server, unique_name):
    for _ in range(5):
        name = unique_name()
        answers = together(lambda _: api_of(server).post("experiments/create", {"name": name}))
        won = [answer for answer in answers if answer.status == 200]
        lost = [answer for answer in answers if answer.status != 200]
        assert len(won) == 1
        assert {(answer.status, answer.code) for answer in lost} == {(400, "RESOURCE_ALREADY_EXISTS")}


def test_set_experiment_in_many_threads_makes_one(client, tracking, unique_name):
    name = unique_name()
    found = together(lambda _: mlflow.MlflowClient(tracking).get_experiment_by_name(name) or mlflow.set_experiment(name))
    assert len({experiment.experiment_id for experiment in found}) == 1


def test_exactly_one_value_of_a_param_wins(api_of, server, client, experiment_id):
    run_id = client.create_run(experiment_id).info.run_id

    def work(thread):
        body = {"run_id": run_id, "key": "p", "value": str(thread)}
        return api_of(server).post("runs/log-parameter", body)

    answers = together(work)
    won = [str(i) for i, answer in enumerate(answers) if answer.status == 200]
    assert won == [client.get_run(run_id).data.params["p"]]
    assert {answer.status for answer in answers} == {200, 400}


def test_a_tag_that_many_set_holds_one_of_their_values(client, experiment_id):
    run_id = client.create_run(experiment_id).info.run_id
    together(lambda thread: client.log_batch(run_id, tags=[RunTag("t", str(thread)), RunTag(f"t{thread}", "x")]))
    tags = client.get_run(run_id).data.tags
    assert tags["t"] in {str(i) for i in range(THREADS)}
    assert all(f"t{i}" in tags for i in range(THREADS))


def test_a_refused_write_costs_only_itself(api_of, server, client, experiment_id):
    """Good and bad writes arrive together; a server that merges them must still tell them apart."""
    run_id = client.create_run(experiment_id).info.run_id
    client.log_param(run_id, "fixed", "1")

    def work(thread):
        good = {"run_id": run_id, "metrics": [{"key": f"m{thread}", "value": 1, "timestamp": 1}]}
        bad = {**good, "params": [{"key": "fixed", "value": "2"}]}
        return api_of(server).post("runs/log-batch", bad if thread % 2 else good).status

    assert together(work) == [200, 400] * (THREADS // 2)
    assert set(client.get_run(run_id).data.metrics) == {f"m{i}" for i in range(0, THREADS, 2)}


def write_until_dead(url, run_id, writer, acknowledged):
    """Logs points one after another and notes each one the server said yes to; ends when the server is gone."""
    session, step = requests.Session(), 0
    session.trust_env = False
    while True:
        metrics = [{"key": f"m{writer}", "value": step, "timestamp": step, "step": step}]
        params = [{"key": f"p{writer}.{step}", "value": str(step)}]
        body = {"run_id": run_id, "metrics": metrics, "params": params}
        try:
            answer = session.post(f"{url}/api/2.0/mlflow/runs/log-batch", json=body, timeout=20)
        except requests.RequestException:
            return
        if answer.status_code == 200:
            acknowledged[writer].append(step)
        step += 1


@pytest.mark.parametrize("writers", [8])
def test_what_was_acknowledged_survives_a_kill(target, database, start_server, fresh_database, tmp_path, writers):
    uri = fresh_database(database)
    server = start_server(target, uri, tmp_path)
    client = mlflow.MlflowClient(server.url)
    run_id = client.create_run(client.create_experiment("killed")).info.run_id
    acknowledged = [[] for _ in range(writers)]
    threads = [
        threading.Thread(target=write_until_dead, args=(server.url, run_id, writer, acknowledged))
        for writer in range(writers)
    ]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 20
    while sum(map(len, acknowledged)) < 60 and time.monotonic() < deadline:
        time.sleep(0.01)
    server.kill()
    for thread in threads:
        thread.join()
    assert sum(map(len, acknowledged)) >= 60

    revived = mlflow.MlflowClient(start_server(target, uri, tmp_path).url)
    data = revived.get_run(run_id).data
    for writer, steps in enumerate(acknowledged):
        found = [int(m.value) for m in revived.get_metric_history(run_id, f"m{writer}")]
        assert set(steps) <= set(found)
        assert {f"p{writer}.{step}" for step in steps} <= set(data.params)
        assert not found or data.metrics[f"m{writer}"] == max(found)
    revived.log_metric(run_id, "after", 1.0)

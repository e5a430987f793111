"""A ledger of acknowledged writes: what the server said yes to must be there whenever it is asked again.

Each batch is one metric, one param and one tag that carry the same number, so that half a batch shows.
"""

import collections
import sys
import threading

import requests

API = "api/2.0/mlflow"


def session():
    """Raw HTTP without proxies and retries."""
    made = requests.Session()
    made.trust_env = False
    return made


class Ledger:
    """Writers of one run, and what each of them was told. Refusals are kept as (status, code, message)."""

    def __init__(self, server, experiment_id, writers):
        self.writers = writers
        self.acknowledged = [[] for _ in range(writers)]
        self.refusals = collections.Counter()
        self.broken = 0
        self._stop = threading.Event()
        body = {"experiment_id": experiment_id, "start_time": 1}
        answer = session().post(f"{server.url}/{API}/runs/create", json=body, timeout=20)
        self.run_id = answer.json()["run"]["info"]["run_id"]

    @property
    def count(self):
        return sum(map(len, self.acknowledged))

    def start(self, server, first=0, rounds=sys.maxsize):
        """Starts one thread per writer; each writes numbers of its own until `stop`, or until the server is gone."""
        self._stop.clear()
        numbers = [range(first + w, sys.maxsize, self.writers)[:rounds] for w in range(self.writers)]
        work = [threading.Thread(target=self._write, args=(server.url, *job)) for job in enumerate(numbers)]
        for thread in work:
            thread.start()
        self._threads = work

    def stop(self):
        self._stop.set()
        self.join()

    def join(self):
        for thread in self._threads:
            thread.join()

    def _write(self, url, writer, numbers):
        http = session()
        for number in numbers:
            if self._stop.is_set():
                return
            try:
                answer = http.post(f"{url}/{API}/runs/log-batch", json=self._batch(number), timeout=60)
            except requests.RequestException:
                self.broken += 1
                return
            if answer.status_code == 200:
                self.acknowledged[writer].append(number)
            else:
                self.refusals[refusal_of(answer)] += 1

    def _batch(self, number):
        metric = {"key": "m", "value": number, "timestamp": number, "step": number}
        param, tag = {"key": f"p{number}", "value": str(number)}, {"key": f"t{number}", "value": str(number)}
        return {"run_id": self.run_id, "metrics": [metric], "params": [param], "tags": [tag]}

    def check(self, server):
        """All that was acknowledged is there, and no batch is there by half."""
        found = self.found(server)
        assert len(found["m"]) == len(set(found["m"]))
        assert set(found["m"]) == set(found["p"]) == set(found["t"])
        missing = {n for told in self.acknowledged for n in told} - set(found["m"])
        assert not missing, f"{len(missing)} acknowledged writes are gone, such as {sorted(missing)[:5]}"

    def found(self, server):
        """The numbers that the server has, by kind: m, p, t."""
        http = session()
        data = http.get(f"{server.url}/{API}/runs/get", params={"run_id": self.run_id}, timeout=60).json()["run"]["data"]
        query = {"run_id": self.run_id, "metric_key": "m", "max_results": 25_000}
        history = http.get(f"{server.url}/{API}/metrics/get-history", params=query, timeout=60).json()
        named = {kind: [e for e in data.get(field, []) if e["key"][1:].isdigit()] for kind, field in KINDS.items()}
        assert all(entry["key"][1:] == entry["value"] for entries in named.values() for entry in entries)
        return {
            "m": [int(point["value"]) for point in history.get("metrics", [])],
            **{kind: [int(entry["value"]) for entry in entries] for kind, entries in named.items()},
        }


KINDS = {"p": "params", "t": "tags"}


def refusal_of(answer):
    """Status, error code and message of an answer that is no success."""
    try:
        body = answer.json()
    except ValueError:
        return answer.status_code, None, answer.text[:200]
    return answer.status_code, body.get("error_code"), body.get("message")

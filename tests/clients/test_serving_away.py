"""`forebay serve` with a database as its registry, while that database is away."""

import contextlib
import socket
import threading
from urllib.parse import urlsplit

import pytest
from conftest import ServerDidNotStart, free_port
from scoring import scoring_server
from serving import save_plus, wait_for
from test_object_stores import moto  # noqa: F401
from test_serving_start import Registry, added

pytestmark = pytest.mark.ours


class Gate:
    """Leads to a database while it is open."""

    def __init__(self, uri):
        self.inner = urlsplit(uri)
        self.port = free_port()
        user = f"{self.inner.username}@" if self.inner.username else ""
        self.uri = self.inner._replace(netloc=f"{user}127.0.0.1:{self.port}").geturl()
        self.sockets = []
        self.open()

    def open(self):
        listener = socket.create_server(("127.0.0.1", self.port))
        self.sockets.append(listener)
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def close(self):
        for one in self.sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self.sockets.clear()

    def _accept(self, listener):
        with contextlib.suppress(OSError):
            while True:
                outer = listener.accept()[0]
                inner = socket.create_connection((self.inner.hostname, self.inner.port or 5432))
                self.sockets += [outer, inner]
                for ends in ((outer, inner), (inner, outer)):
                    threading.Thread(target=self._pass, args=ends, daemon=True).start()

    def _pass(self, source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)


def test_it_starts_from_its_cache_while_its_database_is_away_and_follows_it_afterwards(
    start_server,
    fresh_database,
    moto,  # noqa: F811
    tmp_path,
):
    database = fresh_database("postgres")
    server = start_server("forebay", database, "s3://bucket/proxied", env=moto.environment())
    registry = Registry(server.url, [save_plus(tmp_path / "one", 1), save_plus(tmp_path / "ten", 10)])
    gate = Gate(database)
    arguments = ["--backend-store-uri", gate.uri, "--artifacts-destination", "s3://bucket/proxied"]
    arguments += ["--cache", tmp_path / "cache", "--watch-seconds", 1]
    with scoring_server("models:/plus@live", *arguments, env=moto.environment()) as serving:
        assert added(serving) == 1
    gate.close()
    with scoring_server("models:/plus@live", *arguments, env=moto.environment()) as serving:
        assert added(serving) == 1
        [warning] = [line for line in serving.log().splitlines() if "taken from the cache" in line]
        assert "cannot use the database" in warning and "models:/plus/1" in warning
        gate.open()
        registry.set_live(2)
        wait_for(lambda: added(serving) == 10)
    gate.close()
    with pytest.raises(ServerDidNotStart) as error, scoring_server("models:/plus/7", *arguments):
        pass
    assert "models:/plus/7: cannot use the database" in error.value.log


def test_a_database_that_cannot_be_used_is_no_database_that_is_away(tmp_path):
    with pytest.raises(ServerDidNotStart) as error, scoring_server(
        "models:/plus/1", "--backend-store-uri", f"sqlite:///{tmp_path}/none.db"
    ):
        pass
    assert error.value.returncode == 1
    assert "there is no MLflow database" in error.value.log

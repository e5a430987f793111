"""Ten thousand connections to a model server, most of them idle: it answers, in bounded memory."""

import json
import resource
import socket
from urllib.parse import urlsplit

import psutil
import pytest
from scoring import scoring_server
from serving import invoke, metric, records, save_plus, wait_for

pytestmark = pytest.mark.ours

N_CONNECTIONS = 10_000
# Some ask once and stay; the others never say a word.
N_WHO_ASKED = 1_000
# The server keeps a quarter of its descriptors for files.
N_DESCRIPTORS = 14_000
SOFT_LIMIT = 1_024
# What a connection may cost, in bytes.
MAX_PER_CONNECTION = 24 * 1024


@pytest.fixture
def descriptors():
    """Lets this process have all descriptors that it may; children begin with a low limit that they may raise."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    _, hard = before
    if hard != resource.RLIM_INFINITY and hard < N_DESCRIPTORS:
        pytest.skip(f"the hard limit of file descriptors is {hard}, and this takes {N_DESCRIPTORS}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (SOFT_LIMIT, hard))
    yield lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (N_DESCRIPTORS, hard))
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_ten_thousand_connections_keep_nobody_out(descriptors, tmp_path):
    with scoring_server(save_plus(tmp_path / "plus", 1)) as server:
        descriptors()
        process = psutil.Process(server.process.pid)
        assert invoke(server, records({"i": 1})).status_code == 200
        open_before, memory_before = process.num_fds(), process.memory_info().rss
        address = urlsplit(server.url)
        connections = [socket.create_connection((address.hostname, address.port)) for _ in range(N_CONNECTIONS)]
        try:
            # Before anything else: after a while the server hangs up on those who never say a word.
            wait_for(lambda: process.num_fds() >= open_before + N_CONNECTIONS)
            asked = connections[:: N_CONNECTIONS // N_WHO_ASKED]
            assert [ask(connection, address.netloc) for connection in asked] == [b"HTTP/1.1 200 OK"] * N_WHO_ASKED
            for _ in range(20):
                answer = invoke(server, records({"i": 1}))
                assert answer.status_code == 200
                assert answer.elapsed.total_seconds() < 2
            assert ask(asked[0], address.netloc) == b"HTTP/1.1 200 OK"
            grown = process.memory_info().rss - memory_before
            assert grown < N_CONNECTIONS * MAX_PER_CONNECTION, f"{grown // N_CONNECTIONS} bytes for a connection"
        finally:
            [connection.close() for connection in connections]
        wait_for(lambda: process.num_fds() < open_before + N_CONNECTIONS // 100)
        assert invoke(server, records({"i": 1})).status_code == 200
        assert metric(server, "nv_inference_request_failure") == 0


def ask(connection, host):
    """The first line of an answer, after which the connection stays."""
    body = json.dumps(records({"i": 1})).encode()
    head = f"POST /invocations HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
    connection.settimeout(60)
    connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    answer = b""
    while b'{"predictions"' not in answer or not answer.endswith(b"]}"):
        piece = connection.recv(4096)
        assert piece, answer
        answer += piece
    return answer.split(b"\r\n")[0]

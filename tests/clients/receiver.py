"""A receiver of webhooks: a real HTTP server that keeps what it got and answers what it is told to."""

import base64
import collections
import contextlib
import dataclasses
import hashlib
import hmac
import http.client
import http.server
import json
import threading
import time

PATIENCE_S = 60


@dataclasses.dataclass(frozen=True)
class Delivery:
    """A request as it came."""

    path: str
    # In any case, as names of headers are.
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def id(self):
        return self.headers["X-MLflow-Delivery-Id"]

    @property
    def event(self):
        told = json.loads(self.body)
        return f"{told['entity']}.{told['action']}"

    @property
    def data(self):
        return json.loads(self.body)["data"]

    def signature(self, secret):
        """What the signature should be; a receiver of Standard Webhooks works it out in the same way."""
        signed = b".".join([self.id.encode(), self.headers["X-MLflow-Timestamp"].encode(), self.body])
        return "v1," + base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()


class Receiver:
    """Answers on any path with 200, or with the statuses that `answer` lined up for it."""

    def __init__(self, port):
        self.url = f"http://127.0.0.1:{port}"
        self._changed = threading.Condition()
        self._received = []
        self._answers = collections.defaultdict(collections.deque)

    def answer(self, path, *statuses):
        """The next requests to `path` get these; a pair is a status and a dictionary of headers."""
        with self._changed:
            self._answers[path].extend(statuses)

    def received(self, path, count=0):
        """What came to `path`, once there are so many."""
        deadline = time.monotonic() + PATIENCE_S
        with self._changed:
            while True:
                found = [delivery for delivery in self._received if delivery.path == path]
                if len(found) >= count:
                    return found
                left = deadline - time.monotonic()
                assert left > 0, f"only {len(found)} of {count} deliveries came to {path}: {found}"
                self._changed.wait(left)

    def _take(self, delivery):
        with self._changed:
            self._received.append(delivery)
            self._changed.notify_all()
            answers = self._answers[delivery.path]
            answer = answers.popleft() if answers else 200
        return answer if isinstance(answer, tuple) else (answer, {})


@contextlib.contextmanager
def receiving():
    """A receiver that runs as long as the block."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, headers = receiver._take(Delivery(self.path, self.headers, body))
            self.send_response(status)
            for name, value in {"Content-Length": "5", **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(b"heard")

        do_GET = do_POST

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(server.server_port)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

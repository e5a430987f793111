"""Servers that stand for a cloud's object store, as processes of the tests."""

import contextlib
import subprocess
import time

import pytest
import requests

from conftest import free_port


class Emulator:
    """A server that answers as a cloud does. It forgets everything when it is stopped."""

    def __init__(self, folder):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder = folder
        self.log_path = folder / "log"
        self.process = None

    def command(self):
        raise NotImplementedError

    def start(self):
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(self.command(), cwd=self.folder, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            with contextlib.suppress(requests.RequestException):
                requests.get(self.url, timeout=5)
                return
            time.sleep(0.05)
        pytest.fail(f"{type(self).__name__} did not start:\n{self.log_path.read_text()[-2000:]}")

    def stop(self):
        self.process.kill()
        self.process.wait()

"""`forebay models` as a program: run with the flags of a place, and nothing of the caller's environment."""

import dataclasses
import json
import pathlib
import re
import subprocess

from conftest import server_environment

TIMEOUT_S = 120


@dataclasses.dataclass
class Cli:
    """The binary with the flags that name a server or a database."""

    binary: pathlib.Path
    flags: tuple
    cwd: pathlib.Path
    env: dict = dataclasses.field(default_factory=dict)
    command: str = "models"

    def run(self, *words, env=None, flags=None, text=None):
        """Runs one command to its end, whatever that is."""
        command = [self.binary, self.command, *words, *(self.flags if flags is None else flags)]
        return subprocess.run(
            list(map(str, command)),
            cwd=self.cwd,
            env=server_environment({"USER": "ann", **self.env, **(env or {})}),
            input=text,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )

    def text(self, *words, code=0, **options):
        """Standard output of a command that ends as expected."""
        done = self.run(*words, **options)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def rows(self, *words, **options):
        """The rows of a table below its header; cells have no two spaces inside."""
        lines = self.text(*words, **options).splitlines()
        return [re.split(" {2,}", line) for line in lines[1:]]

    def json(self, *words, **options):
        return json.loads(self.text(*words, "--output", "json", **options))

    def refusal(self, *words, code=1, **options):
        """The one line of standard error of a command that fails."""
        done = self.run(*words, **options)
        assert done.returncode == code, done.stdout + done.stderr
        lines = done.stderr.splitlines()
        assert len(lines) == 1, done.stderr
        return lines[0]

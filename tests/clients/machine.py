"""What tests of bad days need of the machine. Where it is missing they are skipped, unless FOREBAY_REQUIRE_MACHINE is 1."""

import contextlib
import os
import resource
import shutil
import subprocess

import pytest


def not_here(reason):
    if os.environ.get("FOREBAY_REQUIRE_MACHINE") == "1":
        pytest.fail(f"this machine must be able to run all tests: {reason}", pytrace=False)
    pytest.skip(reason)


def program(name):
    """The path of an installed program."""
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    return found or not_here(f"{name} is not installed")


def as_root(*command):
    """Runs a command as root, through sudo if it asks for no password."""
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    return subprocess.run([*prefix, *map(str, command)], capture_output=True, text=True, check=False)


@contextlib.contextmanager
def small_disk(folder, size_mib):
    """A file system of its own in `folder`, gone afterwards with all that is on it."""
    folder.mkdir()
    options = f"size={size_mib}m,uid={os.geteuid()},mode=0700"
    try:
        done = as_root("mount", "-t", "tmpfs", "-o", options, "tmpfs", folder)
        problem = done.stderr if done.returncode else ""
    except OSError as error:
        problem = str(error)
    if problem:
        not_here(f"a tmpfs cannot be mounted: {problem}")
    try:
        yield folder
    finally:
        # Lazily: a server that a failed test left behind may have files open.
        as_root("umount", "--lazy", folder)


def fill(folder):
    """Takes all the room that is left on the file system of `folder`; remove the file to give it back."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for block in (1 << 20, 1 << 12, 1):
            with contextlib.suppress(OSError):
                while file.write(b"x" * block) == block:
                    pass
    return ballast


def open_files(wanted):
    """Lets this process have that many open files for the rest of the session."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip(f"the hard limit of open files is {hard}, and {wanted} are needed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))

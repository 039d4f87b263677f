"""What the tests of the documentation share: the program on the PATH of a folder, a running server, a free port."""

import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PROGRAM = os.environ["LLAMACLOUD_MOCK_BIN"]

#: Time limit in seconds for a block. Only a failing test reaches it.
LIMIT = 120

#: The address in the documentation.
DOCUMENTED = "http://127.0.0.1:4010"


def without_settings() -> dict[str, str]:
    """This environment without settings of the program, of its clients and of pytest."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("LLAMA", "PYTEST", "README"))}


def environment(folder: Path) -> dict[str, str]:
    """The same with `folder` first on the PATH."""
    return without_settings() | {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "HOME": str(folder)}


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextmanager
def running(*flags: str) -> Iterator[str]:
    """Runs a server, and gives its URL."""
    command = [PROGRAM, "--log-level", "off", *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=without_settings()) as server:
        line = server.stdout.readline()
        assert line.startswith("ready "), "the server did not start"
        yield line.split()[1].removeprefix("url=")
        server.terminate()


@pytest.fixture
def bin_folder(tmp_path: Path) -> Path:
    """A folder with the program under its name."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "llamacloud-mock").symlink_to(PROGRAM)
    return folder


@pytest.fixture
def broken_bin_folder(tmp_path: Path) -> Path:
    """A folder with a program of that name that fails at once."""
    folder = tmp_path / "broken"
    folder.mkdir()
    program = folder / "llamacloud-mock"
    program.write_text("#!/bin/sh\nexit 69\n", encoding="utf-8")
    program.chmod(0o755)
    return folder


@pytest.fixture
def run_in(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a command in a new folder with these files; stdout and stderr are one text."""

    def run(command: list[str], folder: Path, text: str = "", files: dict[str, str] | None = None):
        work = tmp_path / "work"
        work.mkdir(exist_ok=True)
        for name, content in (files or {}).items():
            (work / name).write_text(content, encoding="utf-8")
        modules = work / "node_modules"
        if not modules.exists():
            modules.symlink_to(os.environ["README_NODE_MODULES"])
        executable = shutil.which(command[0])
        assert executable, f"{command[0]} is not installed"
        return subprocess.run(
            [executable, *command[1:]],
            input=text,
            cwd=work,
            env=environment(folder),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LIMIT,
            check=False,
        )

    return run

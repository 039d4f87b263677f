"""What the tests share: pytest in a process of its own, and an environment without settings."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

#: Time limit in seconds for a process. Only a failing test reaches it.
LIMIT = 120

#: The program that the wheel was made from.
PROGRAM = Path(os.environ["PACKAGING_BINARY"])

#: The wheel that is installed.
WHEEL = os.environ["PACKAGING_WHEEL"]

#: A folder that other users may read.
FOLDER = Path(os.environ["PACKAGING_FOLDER"])


def without_settings() -> dict[str, str]:
    """This environment without settings of the program, of its clients, of proxies and of pytest."""
    prefixes = ("LLAMA", "PYTEST", "PACKAGING", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
    return {name: value for name, value in os.environ.items() if not name.upper().startswith(prefixes)}


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests set what they need."""
    kept = without_settings()
    for name in [name for name in os.environ if name not in kept and not name.startswith("PYTEST")]:
        monkeypatch.delenv(name)


Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run_python(tmp_path: Path) -> Run:
    """Runs Python with these arguments; stdout and stderr are one text."""

    def run(*args: str, env: dict[str, str] | None = None, **options: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *args],
            env={**without_settings(), **(env or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LIMIT,
            check=False,
            **{"cwd": tmp_path, **options},  # type: ignore[call-overload]
        )

    return run


@pytest.fixture
def run_pytest(tmp_path: Path, run_python: Run) -> Run:
    """Runs pytest over a test file with this text."""

    def run(text: str, *args: str, **options: object) -> subprocess.CompletedProcess[str]:
        (tmp_path / "test_suite.py").write_text(text, encoding="utf-8")
        return run_python("-m", "pytest", "-q", "-p", "no:cacheprovider", *args, "test_suite.py", **options)

    return run

"""`examples/ingest.py` under single faults of its uploads: it ends with each file there once, or fails with a reason."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from emulator import PROGRAM, clean_environment

EXAMPLE = Path(__file__).parents[3] / "examples/ingest.py"

FILES = 20

#: Each strikes one upload.
EFFECTS = [
    " status=500",
    " status=502",
    " status=503 retry-after-ms=10",
    " status=429 retry-after-ms=10",
    " reset",
    " close",
    " garbage",
    "@after reset",
    "@after close",
    "@after status=500",
    "@after truncate=20",
    "@after malformed",
    "@after empty",
    "@after content-type=text/html",
    "@before delay=1h",
]

FAULTS = [f"{effect} nth={nth}" for effect in EFFECTS for nth in (1, 10, 20)]

#: What no program survives.
PERSISTENT = [" status=503", " reset", " status=401", "@after status=422"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    for number in range(FILES):
        (folder / f"{number:02}.txt").write_text(f"This is file {number}.")
    return folder


def ingest(folder, fault):
    """The exit code and stderr of the example under this fault of its uploads."""
    arguments = ["--clock", "auto", "--fault", f"directories.files.upload{fault}", "--strict-faults"]
    checks = ["--check-expect", f"state directory_files count={FILES}", "--check-expect", "directories.create count=1"]
    command = [PROGRAM, "exec", *arguments, *checks, "--", sys.executable, str(EXAMPLE), str(folder)]
    done = subprocess.run(command, env=clean_environment(), cwd=folder.parent, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stderr


def test_each_file_is_there_once_after_any_single_fault(folder):
    with ThreadPoolExecutor(max_workers=2) as pool:
        ended = dict(zip(FAULTS, pool.map(lambda fault: ingest(folder, fault), FAULTS)))
    assert {fault: result for fault, result in ended.items() if result[0] != 0} == {}


@pytest.mark.parametrize("fault", PERSISTENT)
def test_a_fault_that_stays_is_a_failure_with_a_reason(folder, fault):
    code, errors = ingest(folder, fault)
    assert code == 1
    assert "missing after 4 rounds" in errors or "Error code: 4" in errors, errors

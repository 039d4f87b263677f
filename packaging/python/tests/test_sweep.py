"""`pytest --llamacloud-sweep`, in runs over small suites. Their client is plain HTTP, whose runs are quick."""

import json
import re
import shlex
import subprocess

import pytest
from conftest import LIMIT, PROGRAM, without_settings

SUITE = """
import json
import os
import urllib.request

import pytest


def call(path, body=None):
    request = urllib.request.Request(
        os.environ["LLAMA_CLOUD_BASE_URL"] + path,
        None if body is None else json.dumps(body).encode(),
        {"Authorization": "Bearer " + os.environ["LLAMA_CLOUD_API_KEY"], "Content-Type": "application/json"},
    )
    return json.loads(urllib.request.urlopen(request).read())


def twice(*call_of):
    try:
        return call(*call_of)
    except OSError:
        return call(*call_of)


def test_creates_twice(llamacloud):
    twice("/api/v1/beta/directories", {"name": "docs"})


class TestReads:
    @pytest.mark.parametrize("name", ["a/b", "c::d"])
    def test_survives(self, llamacloud, name):
        twice("/api/v1/beta/directories")


def test_sends_nothing(llamacloud):
    pass


@pytest.mark.llamacloud(args=["--seed", "3"])
def test_has_an_emulator_of_its_own():
    twice("/api/v1/beta/directories")


def test_takes_no_fixture():
    raise AssertionError("it is not swept")
"""

FAULTS = "--llamacloud-sweep-args=--faults reset-after,status-500 --modes once"


def test_a_test_with_an_alarm_fails_and_says_how_to_see_it_again(run_pytest, tmp_path):
    done = run_pytest(SUITE, "--llamacloud-sweep", FAULTS)
    assert done.returncode == 1, done.stdout
    assert "1 failed, 4 passed, 1 deselected" in done.stdout
    assert 'the program created a second directory "docs", and ended with success' in done.stdout
    assert "tests swept: 5, runs with a fault: 4" in done.stdout
    unfaulted = re.findall("^met no fault: (.*)$", done.stdout, re.M)
    assert unfaulted == ["test_suite.py::test_sends_nothing", "test_suite.py::test_has_an_emulator_of_its_own"]
    line = next(line.strip() for line in done.stdout.splitlines() if " exec " in line)
    words = shlex.split(line)
    assert (words[0], words[-1]) == ("llamacloud-mock", "test_suite.py::test_creates_twice")
    again = subprocess.run(
        [PROGRAM, *words[1:]], cwd=tmp_path, env=without_settings(), capture_output=True, text=True, timeout=LIMIT, check=False
    )
    assert (again.returncode, "1 passed" in again.stdout) == (2, True), again.stdout + again.stderr
    assert "request 2 created again what request 1 had created" in again.stderr


def test_a_test_that_fails_without_a_fault_fails(run_pytest):
    done = run_pytest(SUITE + "\n\ndef test_fails(llamacloud):\n    assert 0, 'why'\n", "--llamacloud-sweep", "-k", "fails")
    assert "1 failed" in done.stdout
    assert "the command fails without a fault, with exit code 1" in done.stdout
    assert "AssertionError: why" in done.stdout


def test_the_flags_of_the_configuration_and_of_the_sweep_are_used(run_pytest, tmp_path):
    (tmp_path / "pytest.ini").write_text("[pytest]\nllamacloud_args = --seed 5\n", encoding="utf-8")
    report = tmp_path / "known.json"
    known = {"outcome": "wrong", "class": "reset-after", "operation": "directories.create", "mode": "once"}
    report.write_text(json.dumps({"alarms": [known]}), encoding="utf-8")
    done = run_pytest(SUITE, "--llamacloud-sweep", f"{FAULTS} --accept {report}", "-k", "creates_twice or survives")
    assert (done.returncode, "3 passed" in done.stdout) == (0, True), done.stdout


@pytest.mark.parametrize(
    ("options", "env", "message"),
    [
        (["--llamacloud-sweep-args", "--jobs 1"], {}, "--llamacloud-sweep-args: has no effect without --llamacloud-sweep"),
        (["--llamacloud-sweep", "-n", "2"], {}, "--llamacloud-sweep: runs several tests at once by itself"),
        (["--llamacloud-sweep"], {"LLAMACLOUD_MOCK_URL": "http://127.0.0.1:1"}, "unset LLAMACLOUD_MOCK_URL"),
        (["--llamacloud-sweep", "--llamacloud-sweep-args", "--only indexes.creat"], {}, "did you mean indexes.create?"),
    ],
)
def test_what_can_have_no_effect_is_refused(run_pytest, options, env, message):
    done = run_pytest(SUITE, *options, "-k", "creates_twice", env=env)
    assert (done.returncode != 0, message in done.stdout) == (True, True), done.stdout

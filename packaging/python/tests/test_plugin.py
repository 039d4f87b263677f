"""The pytest plugin, in runs of pytest over small suites that use the official SDK."""

import re
import subprocess
import sys

import pytest
from conftest import LIMIT, without_settings
from llamacloud_mock import start

#: Each test sees only the index that it created.
ISOLATED = """
import os
import pytest
from llama_cloud import LlamaCloud

@pytest.mark.parametrize("number", range(6))
def test_own_state(llamacloud, number):
    assert llamacloud.url == os.environ["LLAMA_CLOUD_BASE_URL"]
    assert llamacloud.key == os.environ["LLAMA_CLOUD_API_KEY"]
    client = LlamaCloud()
    index = client.indexes.create(source_directory_id="dir-abc123")
    assert [found.id for found in client.indexes.list()] == [index.id]
    while client.indexes.get(index.id).metadata["status"] == "pending":
        pass
    print("server", llamacloud.url, "key", llamacloud.key)
"""


def words_after(name: str, output: str) -> set[str]:
    return set(re.findall(rf"\b{name} (\S+)", output))


def test_each_test_has_a_key_of_its_own(run_pytest):
    done = run_pytest(ISOLATED, "-s")
    assert "6 passed" in done.stdout, done.stdout
    assert (len(words_after("server", done.stdout)), len(words_after("key", done.stdout))) == (1, 6)


def test_each_worker_has_an_emulator_of_its_own(run_pytest):
    done = run_pytest(ISOLATED, "-n", "2", "-rP", env={"LLAMACLOUD_MOCK_PORT": "4010", "LLAMACLOUD_MOCK_PORT_FILE": "port"})
    assert "6 passed" in done.stdout, done.stdout
    assert (len(words_after("server", done.stdout)), len(words_after("key", done.stdout))) == (2, 6)


def test_keys_are_the_same_in_every_run(run_pytest):
    assert words_after("key", run_pytest(ISOLATED, "-s").stdout) == words_after("key", run_pytest(ISOLATED, "-s").stdout)


def test_two_runs_share_an_emulator_that_is_running(tmp_path):
    (tmp_path / "test_suite.py").write_text(ISOLATED, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-n", "2", "-rP", "test_suite.py"]
    with start("--clock", "real", admin_token="secret") as emulator:
        environment = {"LLAMACLOUD_MOCK_URL": emulator.url, "LLAMACLOUD_MOCK_ADMIN_TOKEN": "secret"}
        options = {"cwd": tmp_path, "env": {**without_settings(), **environment}, "stdout": subprocess.PIPE, "text": True}
        runs = [subprocess.Popen(command, **options) for _ in range(2)]
        outputs = [run.communicate(timeout=LIMIT)[0] for run in runs]
    for output in outputs:
        assert "6 passed" in output, output
        assert words_after("server", output) == {emulator.url}
    assert len(words_after("key", outputs[0] + outputs[1])) == 12


#: The verdict of a fixture comes after the test, and before the key is forgotten.
JUDGED = """
import pytest
from llama_cloud import LlamaCloud

@pytest.fixture
def judged(llamacloud):
    yield llamacloud
    llamacloud.verify("indexes.list count=1")

def test_passes(judged):
    LlamaCloud().indexes.list()

def test_fails(judged):
    LlamaCloud().indexes.list()
    assert False, "the reason"
"""


def test_the_keys_of_tests_are_forgotten_and_need_no_admin_token(run_pytest):
    with start("--admin", "own", admin_token="secret") as emulator:
        for suite, passed in ((ISOLATED, "6 passed"), (JUDGED, "1 failed, 1 passed")):
            done = run_pytest(suite, env={"LLAMACLOUD_MOCK_URL": emulator.url})
            assert passed in done.stdout and "error" not in done.stdout.splitlines()[-1], done.stdout
        assert "the reason" in done.stdout and "1 requests" in done.stdout, done.stdout
        # That of this test is left.
        tenants = emulator._request("GET", "/tenants")["tenants"]
        assert [known["tenant"] for known in tenants] == [emulator.tenant]


def test_a_shared_emulator_that_does_not_run_is_named(run_pytest):
    with start() as emulator:
        pass
    done = run_pytest(ISOLATED, env={"LLAMACLOUD_MOCK_URL": emulator.url})
    assert "6 errors" in done.stdout, done.stdout
    assert f"no response from {emulator.url}" in done.stdout


def test_a_wrong_admin_token_is_explained(run_pytest):
    with start(admin_token="secret") as emulator:
        done = run_pytest(ISOLATED, env={"LLAMACLOUD_MOCK_URL": emulator.url})
    assert "6 errors" in done.stdout, done.stdout
    assert "LLAMACLOUD_MOCK_ADMIN_TOKEN" in done.stdout


FIXTURES = """
from datetime import datetime, timedelta, timezone

from llama_cloud import LlamaCloud

def test_faults(llamacloud_faults, llamacloud_journal):
    [name] = llamacloud_faults.add("indexes.create status=429 first=2")
    LlamaCloud(max_retries=2).indexes.create(source_directory_id="dir-abc123")
    assert llamacloud_faults.strikes(name) == 2
    assert llamacloud_journal.operations() == ["indexes.create"] * 3
    assert llamacloud_journal.count("indexes.create", status=429) == 2
    llamacloud_faults.remove(name)
    assert llamacloud_faults.list() == []

def test_clock(llamacloud_clock):
    assert llamacloud_clock.mode == "auto"
    llamacloud_clock.set("manual", datetime(2026, 1, 1, tzinfo=timezone.utc))
    index = LlamaCloud().indexes.create(source_directory_id="dir-abc123").id
    assert LlamaCloud().indexes.get(index).metadata["status"] == "pending"
    llamacloud_clock.advance("1s")
    assert LlamaCloud().indexes.get(index).metadata["status"] == "ready"
    llamacloud_clock.advance(timedelta(milliseconds=1))
    assert llamacloud_clock.now == datetime(2026, 1, 1, 0, 0, 1, 1000, tzinfo=timezone.utc)

def test_other_keys(llamacloud_server, llamacloud):
    assert llamacloud_server.url == llamacloud.url
    assert llamacloud_server.key != llamacloud.key
"""


def test_the_fixtures_for_faults_clock_and_journal(run_pytest):
    done = run_pytest(FIXTURES)
    assert "3 passed" in done.stdout, done.stdout


MARKERS = """
import pytest
from llama_cloud import APIStatusError, LlamaCloud

@pytest.mark.llamacloud("indexes.create status=503 first=1", "indexes.list status=500", clock="manual")
def test_rules_without_the_fixture():
    with pytest.raises(APIStatusError, match="503"):
        LlamaCloud(max_retries=0).indexes.create(source_directory_id="dir-abc123")
    index = LlamaCloud().indexes.create(source_directory_id="dir-abc123").id
    assert LlamaCloud().indexes.get(index).metadata["status"] == "pending"
    with pytest.raises(APIStatusError, match="500"):
        LlamaCloud(max_retries=0).indexes.list()

@pytest.mark.llamacloud(scenario="sync-fails")
class TestScenario:
    def test_class(self, llamacloud, llamacloud_server):
        client = LlamaCloud()
        index = client.indexes.create(source_directory_id="dir-abc123").id
        while (status := client.indexes.get(index).metadata["status"]) == "pending":
            pass
        assert status == "failed"
        assert llamacloud.url != llamacloud_server.url

    @pytest.mark.llamacloud(args=["--strict-references"])
    def test_both(self):
        with pytest.raises(APIStatusError, match="404"):
            LlamaCloud(max_retries=0).indexes.create(source_directory_id="dir-abc123")
"""


def test_the_marker_gives_rules_scenarios_clocks_and_flags(run_pytest):
    for workers in ("0", "2"):
        done = run_pytest(MARKERS, "-n", workers, "--strict-markers")
        assert "3 passed" in done.stdout, done.stdout


@pytest.mark.parametrize(
    ("marker", "message"),
    [
        ("scenarios='flaky'", "scenarios: is not an argument; use scenario, clock, args, key"),
        ("scenario='flakey'", "did you mean flaky"),
        ("'indexes.creat status=500'", r"did you mean indexes.create"),
        ("clock='fast'", "auto"),
        ("args='--seed 7'", r"write args=\['--seed', '7'\]"),
        ("args=['--sed', '7']", "--seed"),
    ],
)
def test_a_mistyped_marker_is_an_error(marker, message, run_pytest):
    done = run_pytest(f"import pytest\n@pytest.mark.llamacloud({marker})\ndef test_it(): pass\n")
    assert "1 error" in done.stdout, done.stdout
    assert re.search(message, done.stdout), done.stdout


NEVER_STRUCK = """
import pytest

@pytest.mark.llamacloud("indexes.get status=500")
def test_it(): pass
"""


def test_a_rule_that_never_struck_is_a_warning_or_an_error(run_pytest):
    for workers in ("0", "2"):
        done = run_pytest(NEVER_STRUCK, "-n", workers)
        assert "1 passed, 2 warnings" in done.stdout, done.stdout
        assert "test_it: this fault rule never struck: indexes.get status=500" in done.stdout
    strict = run_pytest(NEVER_STRUCK, "-W", "error::llamacloud_mock.NeverStruckWarning")
    assert "1 passed, 1 warning, 1 error" in strict.stdout, strict.stdout


def test_rules_of_the_whole_run_that_never_struck_are_listed(run_pytest, tmp_path):
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nllamacloud_args = --fault 'indexes.list delay=1s' --fault 'chat.list status=500'\n", encoding="utf-8"
    )
    for workers in ("0", "2"):
        done = run_pytest(ISOLATED, "-n", workers)
        assert "6 passed" in done.stdout, done.stdout
        section = done.stdout.split("fault rules that never struck", 1)[1]
        assert "chat.list status=500" in section
        assert "indexes.list delay=1s" not in section


FAILED = """
from llama_cloud import LlamaCloud

class TestBoth:
    def test_first(self, llamacloud_session, llamacloud_class):
        LlamaCloud().indexes.create(source_directory_id="dir-abc123")

    def test_second(self, llamacloud_class):
        llamacloud_class.fault("indexes.list status=500 first=1")
        llamacloud_class.fault("indexes.get status=500")
        LlamaCloud(max_retries=0).indexes.list()

def test_own(llamacloud, llamacloud_server):
    # The emulator of the session is in use, but not by this test.
    LlamaCloud(api_key=llamacloud_server.key).indexes.create(source_directory_id="dir-abc123")
    LlamaCloud().beta.directories.list()
    assert False
"""


def test_a_failed_test_shows_its_own_requests_and_rules(run_pytest):
    done = run_pytest(FAILED)
    assert "2 failed, 1 passed" in done.stdout, done.stdout
    # Each section ends at the next headline.
    _, second, own = (re.split(r"[_=]{9}", part)[0] for part in re.split(r"-+ llamacloud-mock -+", done.stdout))
    assert re.search(r"indexes\.list GET /api/v1/indexes 500 sent fault=rule-\d+", second), done.stdout
    assert "never struck: indexes.get status=500" in second and "never struck: indexes.list" not in second
    assert "1 requests" in second and "indexes.create" not in second, done.stdout
    assert "1 requests" in own and "directories.list" in own and "indexes." not in own, own


WIDE = """
import os
import pytest
from llama_cloud import LlamaCloud

def listed():
    assert os.environ["LLAMA_CLOUD_API_KEY"]
    return [index.id for index in LlamaCloud().indexes.list()]

@pytest.fixture(scope="SCOPE")
def index(llamacloud_SCOPE):
    assert llamacloud_SCOPE.env.items() <= os.environ.items()
    return LlamaCloud().indexes.create(source_directory_id="dir-abc123").id

@pytest.mark.llamacloud(clock="manual")
class TestIt:
    def test_first(self, index, llamacloud_SCOPE):
        assert listed() == [index]
        assert llamacloud_SCOPE.clock()["mode"] == CLOCK

    def test_other_state(self, llamacloud):
        assert listed() == []

    def test_again(self, index):
        assert listed() == [index]

def test_after(request):
    assert (os.environ["LLAMA_CLOUD_API_KEY"] == "llx-guard") == ("SCOPE" == "class")
"""


@pytest.mark.parametrize("scope", ["class", "module"])
def test_the_tests_of_a_scope_share_state_and_environment(scope, run_pytest):
    # The marker is that of the class.
    text = WIDE.replace("SCOPE", scope).replace("== CLOCK", "== 'manual'" if scope == "class" else "== 'auto'")
    done = run_pytest(text, env={"LLAMA_CLOUD_API_KEY": "llx-real"})
    assert "4 passed" in done.stdout, done.stdout


SESSION = """
from llama_cloud import LlamaCloud

def test_first(llamacloud_session):
    LlamaCloud().indexes.create(source_directory_id="dir-abc123")

def test_second():
    assert len(LlamaCloud().indexes.list().items) == 1
"""


def test_the_tests_of_a_session_share_state_and_environment(run_pytest):
    done = run_pytest(SESSION)
    assert "2 passed" in done.stdout, done.stdout


IDS = """
import pytest
from llama_cloud import LlamaCloud

def test_default(llamacloud):
    print("default", LlamaCloud().indexes.create(source_directory_id="dir-abc123").id)

@pytest.mark.llamacloud(key="llx-chosen")
def test_key(llamacloud):
    assert llamacloud.key == "llx-chosen"
    print("key", LlamaCloud().indexes.create(source_directory_id="dir-abc123").id)
"""


def test_ids_are_the_same_in_every_run(run_pytest):
    first, again = (run_pytest(IDS, "-rP", *workers).stdout for workers in ([], ["-n", "2"]))
    assert "2 passed" in first, first
    for name in ("default", "key"):
        assert words_after(name, first) == words_after(name, again) != set(), first + again


def test_a_token_as_a_flag_is_used(run_pytest, tmp_path):
    for flag in ("--admin-token secret", "--admin-token=secret"):
        (tmp_path / "pytest.ini").write_text(f"[pytest]\nllamacloud_args = {flag}\n", encoding="utf-8")
        done = run_pytest(FIXTURES)
        assert "3 passed" in done.stdout, done.stdout


def test_an_old_pytest_is_named(run_python):
    text = "import pytest, sys; del pytest.StashKey; pytest.__version__ = '6.2.5'; sys.exit(pytest.main(['-q']))"
    done = run_python("-c", text)
    assert (done.returncode, "Traceback" in done.stdout) == (4, False), done.stdout
    assert "ERROR: llamacloud-mock: needs pytest 7.0 or later, and this is 6.2.5" in done.stdout


def test_an_exit_code_of_the_emulator_is_an_error(run_pytest, tmp_path):
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nllamacloud_args = --strict-faults --fault 'indexes.get status=500'\n", encoding="utf-8"
    )
    done = run_pytest("def test_it(llamacloud): pass")
    assert "1 passed, 1 warning, 1 error" in done.stdout, done.stdout
    assert "exit code 2" in done.stdout


def test_flags_for_an_emulator_that_is_running_are_refused(run_pytest, tmp_path):
    (tmp_path / "pytest.ini").write_text("[pytest]\nllamacloud_args = --seed 7\n", encoding="utf-8")
    with start() as emulator:
        done = run_pytest("def test_it(llamacloud): pass", env={"LLAMACLOUD_MOCK_URL": emulator.url})
    assert "llamacloud_args: has no effect" in done.stdout, done.stdout


def test_a_suite_that_does_not_use_it_starts_nothing(run_pytest):
    done = run_pytest("def test_it(): pass", env={"LLAMACLOUD_MOCK_BINARY": "/nonexistent"})
    assert "1 passed" in done.stdout, done.stdout

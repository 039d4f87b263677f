"""Tests without a fixture, and clients made outside of it: none of them reaches the real service."""

import pytest

#: A client that is made when its module is imported.
EARLY = """
import os
from llama_cloud import LlamaCloud

client = LlamaCloud()

def test_without_the_fixture():
    print("key", os.environ["LLAMA_CLOUD_API_KEY"], os.environ["LLAMA_PARSE_BASE_URL"])
    client.beta.directories.files.upload("dir-abc123", upload_file=("a.md", b"text" * 1000000))

def test_with_the_fixture(llamacloud):
    client.indexes.list()
"""

REAL = {"LLAMA_CLOUD_API_KEY": "llx-real"}

#: A proxy is not used for the server that refuses.
PROXY = {"HTTP_PROXY": "http://127.0.0.1:1"}


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_client_outside_of_a_fixture_is_refused(workers, run_pytest):
    done = run_pytest(EARLY, "-n", workers, env={**REAL, **PROXY})
    assert "2 failed" in done.stdout, done.stdout
    assert done.stdout.count("AuthenticationError: Error code: 401") >= 2, done.stdout
    assert "takes the fixture `llamacloud`" in done.stdout
    assert "llx-real" not in done.stdout and "key llx-guard http://127.0.0.1:" in done.stdout


def test_the_guard_precedes_conftest_modules(run_pytest, tmp_path):
    (tmp_path / "conftest.py").write_text("import os\nprint('early', os.environ['LLAMA_CLOUD_BASE_URL'])\n")
    assert "early http://127.0.0.1:" in run_pytest("def test_it(): pass", "-s").stdout


ENVIRONMENT = """
import os
def test_it():
    print("url", os.environ.get("LLAMA_CLOUD_BASE_URL"), "key", os.environ.get("LLAMA_CLOUD_API_KEY"))
"""


def test_the_guard_is_turned_off_by_the_configuration_or_a_url(run_pytest):
    off = run_pytest(ENVIRONMENT, "-s", "-o", "llamacloud_guard=false", env=REAL)
    assert "url None key llx-real" in off.stdout, off.stdout
    chosen = run_pytest(ENVIRONMENT, "-s", env={**REAL, "LLAMA_CLOUD_BASE_URL": "https://eu.example"})
    assert "url https://eu.example key llx-real" in chosen.stdout, chosen.stdout


def test_the_environment_is_restored_after_the_run(run_python, tmp_path):
    (tmp_path / "test_suite.py").write_text("def test_it(): pass\n", encoding="utf-8")
    text = """
import os, pytest
former = dict(os.environ)
pytest.main(["-q", "-p", "no:cacheprovider", "test_suite.py"])
os.environ.pop("PYTEST_VERSION", None)
print("restored", dict(os.environ) == former)
"""
    done = run_python("-c", text, env=REAL)
    assert "1 passed" in done.stdout and "restored True" in done.stdout, done.stdout


SENT_NOTHING = """
import pytest
from llama_cloud import LlamaCloud

def test_nothing(llamacloud): pass

def test_request(llamacloud): LlamaCloud().indexes.list()

def test_other_key(llamacloud): llamacloud.with_key("llx-other")

def test_reset(llamacloud):
    LlamaCloud().indexes.list()
    llamacloud.reset()

def test_skipped(llamacloud): pytest.skip()
"""


def test_a_test_that_sent_nothing_is_a_warning(run_pytest):
    done = run_pytest(SENT_NOTHING)
    assert "4 passed, 1 skipped, 1 warning" in done.stdout, done.stdout
    assert "NoRequestWarning: test_suite.py::test_nothing: took the fixture and sent no request" in done.stdout


#: Only `TestSilent` and the session send nothing; the fixture of a failed test says nothing of it.
SCOPES_SENT_NOTHING = """
import pytest
from llama_cloud import LlamaCloud

class TestSilent:
    def test_first(self, llamacloud_session, llamacloud_class): pass

    def test_second(self, llamacloud_class): pass

class TestOneOfTwo:
    def test_first(self, llamacloud_class): LlamaCloud().indexes.list()

    def test_second(self, llamacloud_class): pass

class TestFailed:
    def test_first(self, llamacloud_class): assert False

def test_module(llamacloud_module): LlamaCloud().indexes.list()
"""


def test_a_class_module_or_session_that_sent_nothing_is_a_warning(run_pytest):
    done = run_pytest(SCOPES_SENT_NOTHING)
    assert "1 failed, 5 passed, 2 warnings" in done.stdout, done.stdout
    for scope in ("test_suite.py::TestSilent", "session"):
        assert f"NoRequestWarning: {scope}: took the fixture and sent no request" in done.stdout, done.stdout

"""The lines and files of docs/sweep.md and docs/production.md."""

import sys
from pathlib import Path

from blocks import block

#: A suite that creates an index with the official client, which repeats the create if its response was lost.
CREATES = """
from llama_cloud import LlamaCloud

def test_an_index_is_created():
    assert LlamaCloud().indexes.create(source_directory_id="dir-abc123").id
"""

#: A suite that no fault breaks.
SURVIVES = """
import os, urllib.request

def test_a_list_may_fail():
    url = os.environ["LLAMA_CLOUD_BASE_URL"] + "/api/v1/beta/directories"
    request = urllib.request.Request(url, headers={"Authorization": "Bearer " + os.environ["LLAMA_CLOUD_API_KEY"]})
    try:
        urllib.request.urlopen(request, timeout=1).read()
    except Exception as error:
        print(error)
"""


def run_lines(mark, bin_folder, run_in, **files):
    """Runs the lines of a block with the pytest of this environment."""
    if not (bin_folder / "pytest").exists():
        (bin_folder / "pytest").symlink_to(Path(sys.executable).parent / "pytest")
    names = {name.replace("__", "."): text for name, text in files.items()}
    return run_in(["sh", "lines"], bin_folder, files={"lines": block(mark), **names})


def test_the_report_is_that_of_the_page(bin_folder, run_in):
    done = run_lines("sweep", bin_folder, run_in, ingest__py=block("ingest.py"))
    assert done.returncode == 2, done.stdout
    assert block("sweep-report") in done.stdout
    lines = block("sweep").replace("--modes", "--accept accepted.txt --modes")
    files = {"lines": lines, "accepted.txt": block("accepted.txt")}
    done = run_in(["sh", "lines"], bin_folder, files=files)
    assert done.returncode == 0, done.stdout
    assert "accepted: wrong directories.create reset-after once\n" in done.stdout


def test_one_fault_and_the_first_sweep_find_the_doubled_create(bin_folder, run_in):
    done = run_lines("production-fault", bin_folder, run_in, test_suite__py=CREATES)
    assert done.returncode == 2, done.stdout
    assert "failed: --check-no-duplicate-writes" in done.stdout
    done = run_lines("production-sweep", bin_folder, run_in, test_suite__py=CREATES)
    assert done.returncode == 2, done.stdout
    assert "left out that can tell nothing new" in done.stdout
    assert "wrong indexes.create reset-after once: after the response to indexes.create was lost" in done.stdout


def test_the_line_for_ci_writes_the_report(bin_folder, run_in, tmp_path):
    files = {"test_suite__py": SURVIVES, "known-alarms__txt": "# none"}
    done = run_lines("production-ci", bin_folder, run_in, **files)
    assert done.returncode == 0, done.stdout
    assert '<testsuite name="llamacloud-mock sweep"' in (tmp_path / "work" / "sweep.xml").read_text(encoding="utf-8")

"""The programs in Python and TypeScript, and the recipes for test runners, which fail if the program does not start."""

import re
import sys

import pytest

from blocks import ROOT, all_blocks, before_publication, block
from conftest import DOCUMENTED, running

#: The marks of the blocks that tests here, in test_shells.py and in test_sweep.py run.
RUN_HERE = {
    "first",
    "install",
    "workflow.py",
    "workflow.mjs",
    "demo",
    "admin",
    "chat",
    "check",
    "expectations",
    "verify",
    "check-report",
    "fault",
    "exec",
    "sweep",
    "ingest.py",
    "sweep-report",
    "accepted.txt",
    "production-fault",
    "production-sweep",
    "production-ci",
    "env",
    "ci",
    "llamacloud-mock.toml",
    "world",
    "world.toml",
    "world-error",
    "snapshot",
    "test_index.py",
    "vitest.config.js",
    "mock-server.js",
    "mock-key.js",
    "index.test.js",
}

#: The marks of the blocks that `cargo test` runs as documentation tests.
RUN_BY_CARGO = {"rust"}

#: The marks of the blocks whose commands are in `.ci/run` and in what it calls: it builds all programs and runs the tests.
RUN_BY_CI = {"cargo", "contributing", "static"}

#: The marks of the blocks that the script `check` of a folder of `packaging/` runs with what it packs.
RUN_BY_PACKAGING = {
    "python": {"pip", "test_ready.py", "more", "test_faults.py", "use.py", "pytest-sweep", "test_survives.py"},
    "npm": {
        *("npm", "ready.test.mjs", "each.test.mjs"),
        *("vitest", "vitest.config.mjs", "index.test.mjs", "vitest-fixture.test.mjs"),
        *("jest", "jest.config.cjs", "created.test.js"),
    },
    "container": {"docker"},
    "testcontainers": {
        *("pip-container", "test_container.py"),
        *("npm-container", "container.test.mjs"),
        *("go-container", "container_test.go"),
    },
    "action": {"action"},
    "go": {"go", "index_test.go"},
    "java": {"java", "IndexTest.java", "dependency.xml", "ContainerTest.java"},
    "crate": {"tokio", "rust"},
}

#: The marks of the blocks that `packaging/cluster/drive.py` runs.
RUN_BY_CLUSTER = {"nginx.conf", "haproxy.cfg"}

#: The rows of the table "Before publication" with the folder of `packaging/` whose script `check` runs each.
BEFORE_PUBLICATION = {"pip": "python", "npm": "npm", "Go": "go", "Java": "java", "Rust": "crate", "docker": "container"}

VITEST_FILES = ["vitest.config.js", "mock-server.js", "mock-key.js", "index.test.js"]

#: Several of these run in parallel; each sees only the index that it created.
OWN_KEY_TEST = """
import LlamaCloud from "@llamaindex/llama-cloud";
import { expect, test } from "vitest";

test("no other file's index is listed", async () => {
  const client = new LlamaCloud();
  const index = await client.beta.indexes.create({ source_directory_id: "dir-own" });
  const ids = [];
  for await (const listed of client.beta.indexes.list()) ids.push(listed.id);
  expect(ids).toEqual([index.id]);
});
"""


def test_every_block_is_run():
    pages = {}
    for found in all_blocks():
        assert found.mark, f"{found.page}: a block has no mark:\n{found.text}"
        assert pages.setdefault(found.mark, found.page) == found.page, f"the mark {found.mark} is on several pages"
    run = RUN_HERE | RUN_BY_CARGO | RUN_BY_CI | RUN_BY_CLUSTER | set().union(*RUN_BY_PACKAGING.values())
    assert set(pages) == run


@pytest.mark.parametrize("package", RUN_BY_PACKAGING)
def test_the_lines_of_the_packages_are_run_by_their_checks(package):
    check = (ROOT / "packaging" / package / "check").read_text(encoding="utf-8")
    for mark in RUN_BY_PACKAGING[package]:
        runs = rf"(run_blocks\S* .*|docs_block ){re.escape(mark)}(?![\w.])"
        assert re.search(runs, check), mark


def test_the_configurations_of_balancers_are_run_by_the_check_of_the_cluster():
    drive = (ROOT / "packaging" / "cluster" / "drive.py").read_text(encoding="utf-8")
    assert "block(mark)" in drive and all(f'"{mark}"' in drive for mark in RUN_BY_CLUSTER)


def test_the_commands_before_publication_are_run_by_the_checks_of_the_packages():
    rows = before_publication()
    assert {name for name, commands in rows.items() if commands and name in BEFORE_PUBLICATION} == set(BEFORE_PUBLICATION)
    others = set(rows) - set(BEFORE_PUBLICATION)
    assert [name.split(",")[0] for name in others] == ["GitHub Action"], "rows that nothing runs"
    for name, package in BEFORE_PUBLICATION.items():
        check = (ROOT / "packaging" / package / "check").read_text(encoding="utf-8")
        assert re.search(rf"(before_publication |BEFORE_PUBLICATION=){name}\b", check), name


def test_the_test_in_rust_is_one_of_the_tests():
    # As a documentation test it is only compiled.
    tests = (ROOT / "tests" / "blackbox" / "embedded.rs").read_text(encoding="utf-8")
    # More imports may stand between its own and the function.
    imports, function = block("rust").split("\n\n", 1)
    assert imports in tests and function in tests


def test_the_cargo_lines_are_steps_of_ci():
    assert block("cargo") == "cargo run --release\ncargo test\n"
    steps = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert {"cargo build --locked --release", "cargo test --locked", *block("contributing").splitlines()} <= set(steps)


def test_the_lines_for_the_static_program_are_those_that_build_it():
    build = (ROOT / "packaging" / "binary" / "build").read_text(encoding="utf-8")
    *commands, clone, program = block("static").replace("x86_64-", "$(uname -m)-").splitlines()
    assert clone == 'export CLONE="$PWD"'
    target = re.search("target=\"(.*)\"", build)[1]
    build = build.replace('"$target"', target).replace("$target", target).replace(' --manifest-path "$root/Cargo.toml"', "")
    assert all(command in build for command in commands), commands
    path = program.split("/target/")[1].rstrip('"')
    assert f"/{path}" in build


@pytest.mark.parametrize(("file", "command"), [("workflow.py", sys.executable), ("workflow.mjs", "node")])
def test_the_workflow_prints_what_was_uploaded(file, command, bin_folder, run_in):
    with running("--port", "0") as url:
        done = run_in([command, file], bin_folder, files={file: block(file).replace(DOCUMENTED, url)})
    assert done.returncode == 0, done.stdout
    score, rest = done.stdout.split(" ", 1)
    assert 0.5 < float(score) <= 1, done.stdout
    before, matches, after = rest.split("# Leave\n\nEmployees get 30 days a year.")
    assert (before, after.strip()) == ("", ""), done.stdout
    assert "content" in matches and "'30 days'" in matches, done.stdout


@pytest.mark.parametrize("works", [True, False])
def test_the_pytest_recipe_passes_or_fails_with_the_program(works, bin_folder, broken_bin_folder, run_in):
    folder = bin_folder if works else broken_bin_folder
    files = {"test_index.py": block("test_index.py")}
    done = run_in([sys.executable, "-m", "pytest", "-q", "test_index.py"], folder, files=files)
    assert (done.returncode == 0) == works, done.stdout
    assert ("1 passed" in done.stdout) == works, done.stdout


def vitest(folder, run_in):
    files = {name: block(name) for name in VITEST_FILES}
    files |= {f"own-key-{number}.test.js": OWN_KEY_TEST for number in range(4)}
    files["package.json"] = '{"type": "module"}'
    return run_in(["node", "node_modules/vitest/vitest.mjs", "run"], folder, files=files)


def test_the_vitest_recipe_gives_each_file_its_own_key(bin_folder, run_in):
    done = vitest(bin_folder, run_in)
    assert done.returncode == 0, done.stdout
    assert "5 passed" in done.stdout


def test_the_vitest_recipe_fails_if_the_program_ends_at_once(broken_bin_folder, run_in):
    done = vitest(broken_bin_folder, run_in)
    assert done.returncode != 0, done.stdout
    assert "llamacloud-mock ended with exit code 69" in done.stdout


def test_the_vitest_recipe_fails_if_the_program_is_missing(tmp_path, run_in):
    done = vitest(tmp_path, run_in)
    assert done.returncode != 0, done.stdout
    assert "ENOENT" in done.stdout


def test_the_vitest_recipe_fails_if_the_program_prints_nothing(broken_bin_folder, run_in):
    program = broken_bin_folder / "llamacloud-mock"
    program.write_text("#!/bin/sh\nexec tail -f /dev/null\n", encoding="utf-8")
    done = vitest(broken_bin_folder, run_in)
    assert done.returncode != 0, done.stdout
    assert "not ready after 10 seconds" in done.stdout

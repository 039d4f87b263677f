"""The programs in Python and TypeScript, and the recipes for test runners, which fail if the program does not start."""

import re
import sys

import pytest

from blocks import README, all_blocks, block
from conftest import DOCUMENTED, running

#: The marks of the blocks that tests here and in test_shells.py run.
RUN_HERE = {
    "install",
    "workflow.py",
    "workflow.mjs",
    "demo",
    "admin",
    "fault",
    "exec",
    "env",
    "ci",
    "llamacloud-mock.toml",
    "test_index.py",
    "vitest.config.js",
    "mock-server.js",
    "mock-key.js",
    "index.test.js",
}

#: The marks of the blocks that `cargo test` runs as documentation tests.
RUN_BY_CARGO = {"rust"}

#: The marks of the blocks whose commands are steps of `.ci/run`: it builds the release and runs the tests.
RUN_BY_CI = {"cargo"}

#: The marks of the blocks that the script `check` of a folder of `packaging/` runs with what it packs.
RUN_BY_PACKAGING = {
    "python": {"pip", "test_ready.py"},
    "npm": {"npm", "ready.test.mjs"},
    "container": {"docker"},
    "action": {"action"},
    "go": {"go", "index_test.go"},
    "java": {"java", "IndexTest.java", "dependency.xml", "ContainerTest.java"},
}

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
    marks = {mark for mark, _, _ in all_blocks()}
    assert marks == RUN_HERE | RUN_BY_CARGO | RUN_BY_CI | set().union(*RUN_BY_PACKAGING.values())


@pytest.mark.parametrize("package", RUN_BY_PACKAGING)
def test_the_lines_of_the_packages_are_run_by_their_checks(package):
    check = (README.parent / "packaging" / package / "check").read_text(encoding="utf-8")
    for mark in RUN_BY_PACKAGING[package]:
        runs = rf"(/README\.md\S* .*|readme_block ){re.escape(mark)}(?![\w.])"
        assert re.search(runs, check), mark


def test_the_test_in_rust_is_one_of_the_tests():
    # As a documentation test it is only compiled.
    tests = (README.parent / "tests" / "blackbox" / "embedded.rs").read_text(encoding="utf-8")
    # More imports may stand between its own and the function.
    imports, function = block("rust").split("\n\n", 1)
    assert imports in tests and function in tests


def test_the_cargo_lines_are_steps_of_ci():
    assert block("cargo") == "cargo run --release\ncargo test\n"
    steps = (README.parent / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert {"cargo build --locked --release", "cargo test --locked"} <= set(steps)


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

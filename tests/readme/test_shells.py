"""The lines for shells, pasted into each shell that the documentation names."""

import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from blocks import block
from conftest import DOCUMENTED, PROGRAM, environment, free_port, running, without_settings

#: Interactive shells that read from stdin, as a terminal's lines are read: without settings of the user.
SHELLS = {
    "bash": ["bash", "--norc", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "--no-config"],
}

every_shell = pytest.mark.parametrize("shell", SHELLS)


def statuses(output: str) -> list[str]:
    """The statuses that curl printed, after a check that the shell understood every line."""
    assert not re.search(r"command not found|Unknown command|parse error|no matches found|event not found", output), output
    return re.findall(r" (\d{3})$", output, re.MULTILINE)


@every_shell
def test_the_demo_responds_as_described(shell, bin_folder, run_in):
    with running("--port", "0") as url:
        output = run_in(SHELLS[shell], bin_folder, block("demo").replace(DOCUMENTED, url)).stdout
    assert statuses(output) == ["200", "201", "200", "422", "200", "200", "201", "000", "200"], output
    for text in [
        '"mode":"manual"',
        '"source_directory_id":"dir-abc123"',
        '"metadata":{"status":"pending"}',
        '"msg":"Field required"',
        "Input should be 'DEFAULT' or 'DISABLED'",
        '"metadata":{"status":"ready"}',
        "curl: (",
        '"source_directory_id":"dir-lost"',
    ]:
        assert text in output


@every_shell
def test_the_first_lines_respond_as_described(shell, bin_folder, run_in):
    with running("--port", "0") as url:
        output = run_in(SHELLS[shell], bin_folder, block("first").replace(DOCUMENTED, url)).stdout
    # curl reports the 429, and its retry gets through.
    assert statuses(output) == ["201", "422", "201", "429", "200"], output
    for text in ['"source_directory_id":"dir-abc123"', '"msg":"Field required"', "Will retry in 1 second", '"items":[{']:
        assert text in output


@every_shell
def test_the_admin_lines_are_accepted(shell, bin_folder, run_in):
    with running("--port", "0") as url:
        output = run_in(SHELLS[shell], bin_folder, block("admin").replace(DOCUMENTED, url)).stdout
    assert statuses(output) == ["201", "201", "200", "204"], output


@every_shell
def test_the_chat_lines_get_a_stream(shell, bin_folder, run_in):
    with running("--port", "0") as url:
        output = run_in(SHELLS[shell], bin_folder, block("chat").replace(DOCUMENTED, url)).stdout
    assert statuses(output) == ["200"], output
    for text in ['data: {"type":"thinking_delta"', 'data: {"type":"stop"', '"skipped_index_ids":["idx-a"]']:
        assert text in output


@every_shell
def test_the_lines_of_a_check_print_its_report(shell, bin_folder, run_in):
    with running("--port", "0") as url:
        output = run_in(SHELLS[shell], bin_folder, block("check").replace(DOCUMENTED, url)).stdout
    assert statuses(output) == ["200", "200"], output
    assert block("check-report") in output


@every_shell
def test_the_line_of_verify_is_met(shell, bin_folder, run_in):
    with running("--port", "0") as url:
        output = run_in(SHELLS[shell], bin_folder, block("verify").replace(DOCUMENTED, url)).stdout
    assert statuses(output) == ["200"], output


@every_shell
def test_the_lines_of_a_world_find_its_index(shell, bin_folder, run_in, tmp_path):
    world = tmp_path / "world.toml"
    world.write_text(block("world.toml"), encoding="utf-8")
    with running("--port", "0", "--world", str(world)) as url:
        output = run_in(SHELLS[shell], bin_folder, block("world").replace(DOCUMENTED, url)).stdout
    assert statuses(output) == ["200", "200", "204"], output
    for text in ['"status":"ready"', "28 days of leave"]:
        assert text in output


@every_shell
def test_the_lines_of_a_snapshot_bring_an_index_back(shell, bin_folder, run_in):
    with running("--port", "0") as url:
        output = run_in(SHELLS[shell], bin_folder, block("snapshot").replace(DOCUMENTED, url)).stdout
    assert statuses(output) == ["201", "204", "204", "200"], output
    assert output.count('"source_directory_id":"dir-1"') == 2, output


def test_a_wrong_world_is_refused_as_documented(tmp_path):
    wrong = block("world.toml").replace('source_directory_id = "dir-handbook"', 'source_directory_id = "dir-hanbook"')
    (tmp_path / "world.toml").write_text(wrong, encoding="utf-8")
    command = [PROGRAM, "--port", "0", "--world", "world.toml"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=without_settings(), check=False)
    assert (ended.returncode, ended.stderr) == (64, block("world-error"))


def test_every_expectation_of_the_documentation_is_judged():
    with running("--port", "0", "--fault", "indexes.get name=busy status=503") as url:
        for line in block("expectations").splitlines():
            body = json.dumps({"expect": line}).encode()
            request = urllib.request.Request(f"{url}/__admin/verify", body, {"content-type": "application/json"})
            try:
                with urllib.request.urlopen(request) as response:
                    status = response.status
            except urllib.error.HTTPError as error:
                status = error.code
            # Nothing was sent, so that only an upper bound is met.
            assert status == (200 if "count=.." in line else 409), line


@every_shell
def test_the_install_lines_put_the_program_on_the_path(shell, bin_folder, run_in):
    build, *lines = block("install").splitlines(keepends=True)
    assert build == "cargo build --release\n", "CI has built it before"
    release = bin_folder.parent / "work" / "target" / "release"
    release.mkdir(parents=True)
    (release / "llamacloud-mock").symlink_to(PROGRAM)
    output = run_in(SHELLS[shell], Path("/nonexistent"), "".join(lines)).stdout
    assert re.search(r"llamacloud-mock \d+\.\d+", output), output


@every_shell
def test_the_line_with_faults_starts_a_server(shell, bin_folder):
    # A shell that is given one command becomes it, so that the signal reaches the server.
    line = f"exec {block('fault').strip()} --port 0"
    command = [*SHELLS[shell][:-1], "-c", line] if shell != "fish" else ["fish", "--no-config", "-c", line]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment(bin_folder)) as server:
        assert server.stdout.readline().startswith("ready ")
        server.terminate()
    assert server.returncode == 0


def test_the_settings_file_is_accepted(tmp_path):
    file = tmp_path / "llamacloud-mock.toml"
    file.write_text(block("llamacloud-mock.toml"), encoding="utf-8")
    with running("--port", "0", "--config", str(file)):
        pass


#: Stands for the user's tests: a request to the server, by the environment alone.
SUITE = """
from llama_cloud import LlamaCloud

def test_the_environment_is_enough():
    assert LlamaCloud().indexes.create(source_directory_id="dir-abc123").id
"""

def run_exec(shell: str, suite: str, bin_folder: Path, run_in) -> subprocess.CompletedProcess[str]:
    """Runs the line with `exec` and the pytest of this environment, with a proxy that does not exist."""
    (bin_folder / "pytest").symlink_to(Path(sys.executable).parent / "pytest")
    line = f"export http_proxy=http://127.0.0.1:1\n{block('exec')}"
    return run_in([shell, "lines"], bin_folder, files={"lines": line, "test_suite.py": suite})


@every_shell
def test_the_line_with_exec_fails_with_the_tests_or_the_checks(shell, bin_folder, run_in):
    tidy = SUITE.replace("assert ", "index = ") + "    LlamaCloud().indexes.delete(index)\n"
    cases = [
        (SUITE, 2, "failed: --check-no-litter"),
        (tidy, 0, "passed: --check-no-litter"),
        ("def test_that_fails():\n    assert False\n", 1, "1 failed"),
    ]
    for suite, code, expected in cases:
        done = run_exec(shell, suite, bin_folder, run_in)
        (bin_folder / "pytest").unlink()
        assert done.returncode == code, done.stdout
        assert expected in done.stdout, done.stdout


#: A value with everything that a shell could take for something else than text.
HOSTILE = "it's,$(exit 9)`exit 9`\"\\\\'\\,!x;é\u2019,$HOME"

SHOW = """
printf '%s\\n' "$LLAMA_CLOUD_BASE_URL" "$LLAMA_CLOUD_API_KEY" "$NO_PROXY"
"""


@pytest.mark.parametrize(
    ("shell", "line"),
    [*((shell, block("env")) for shell in ["sh", *SHELLS]), ("fish", "llamacloud-mock env --shell fish | source\n")],
)
def test_the_line_with_env_exports_the_variables(shell, line, bin_folder, tmp_path):
    script = tmp_path / "lines"
    script.write_text(line + SHOW, encoding="utf-8")
    with running("--port", "0") as url:
        variables = {"LLAMACLOUD_MOCK_PORT": url.rsplit(":", 1)[1], "NO_PROXY": HOSTILE}
        env = environment(bin_folder) | variables
        env.pop("no_proxy", None)
        done = subprocess.run([shell, str(script)], env=env, capture_output=True, text=True, check=False)
    expected = [url, "llx-env", f"{HOSTILE},127.0.0.1,localhost"]
    assert (done.stdout.splitlines(), done.stderr) == (expected, "")


ci_shell = pytest.mark.parametrize("shell", ["bash", "zsh", "sh"])


def run_ci(shell: str, port: int, bin_folder: Path, run_in) -> subprocess.CompletedProcess[str]:
    """Runs the lines for a CI script with the pytest of this environment."""
    (bin_folder / "pytest").symlink_to(Path(sys.executable).parent / "pytest")
    files = {"ci": block("ci").replace("4010", str(port)), "test_suite.py": SUITE}
    return run_in([shell, "ci"], bin_folder, files=files)


@ci_shell
def test_the_ci_lines_run_the_tests(shell, bin_folder, run_in):
    done = run_ci(shell, free_port(), bin_folder, run_in)
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


@ci_shell
def test_the_ci_lines_fail_if_another_server_has_the_port(shell, bin_folder, run_in):
    with running("--port", "0") as url:
        done = run_ci(shell, int(url.rsplit(":", 1)[1]), bin_folder, run_in)
    assert done.returncode != 0, done.stdout
    assert "passed" not in done.stdout

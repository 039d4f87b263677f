"""The completion scripts: each shell accepts its own, and completes subcommands, flags and values with it."""

import subprocess

import pytest

from conftest import PROGRAM, without_settings

#: Completes the words of the arguments in bash, of which the last one is being typed.
COMPLETE_IN_BASH = """
source "$1"
shift
COMP_WORDS=(llamacloud-mock "$@")
COMP_CWORD=$#
name="$(complete -p llamacloud-mock | sed 's/.* -F \\([^ ]*\\) .*/\\1/')"
"$name" llamacloud-mock "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture
def script(tmp_path):
    """Writes the script for a shell into a file."""

    def write(shell: str):
        command = [PROGRAM, "completions", shell]
        path = tmp_path / f"completions.{shell}"
        path.write_bytes(subprocess.run(command, check=True, stdout=subprocess.PIPE, env=without_settings()).stdout)
        return path

    return write


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_accepts_its_script(shell, script):
    path = script(shell)
    done = subprocess.run([shell, "-n", path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "internal-worker" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("shell", ["powershell", "elvish"])
def test_other_shells_have_a_script(shell, script):
    assert "--exit-with-stdin" in script(shell).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["he"], ["healthcheck", "help"]),
        (["exec", "--check-max"], ["--check-max-attempts"]),
        (["check", "--format", "j"], ["json", "junit"]),
        (["--clock", ""], ["real", "manual", "auto"]),
        (["env", "--shell", "f"], ["fish"]),
        (["completions", "z"], ["zsh"]),
    ],
)
def test_bash_completes(words, expected, script):
    command = ["bash", "--norc", "-c", COMPLETE_IN_BASH, "bash", script("bash"), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert sorted(done.stdout.split()) == sorted(expected), done.stderr


def test_fish_completes(script):
    lines = f"source {script('fish')}; complete -C 'llamacloud-mock env --shell f'; complete -C 'llamacloud-mock heal'"
    done = subprocess.run(["fish", "--no-config", "-c", lines], capture_output=True, text=True, check=True)
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == ["fish", "healthcheck"]

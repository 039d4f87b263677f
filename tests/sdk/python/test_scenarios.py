"""No scenario ships that the SDK has not been put through, or that does not say what it is."""

import re
from pathlib import Path

from emulator import run_program


def shipped():
    listed = run_program("scenarios")
    assert (listed.returncode, listed.stderr) == (0, "")
    return {line.split()[0] for line in listed.stdout.splitlines()}


def test_every_scenario_that_ships_is_played():
    tests = [path.read_text() for path in Path(__file__).parent.glob("test_scenarios_*.py")]
    played = {name for text in tests for name in re.findall(r'play\("([a-z0-9-]+)"', text)}
    assert played == shipped() != set()


def test_every_scenario_says_in_a_few_lines_what_it_imitates_and_what_the_sdk_does():
    for name in shipped():
        shown = run_program("scenarios", "show", name).stdout
        comment = [line for line in shown.splitlines() if line.startswith("#")]
        assert 2 <= len(comment) <= 6 and shown.startswith("#"), name
        assert any("Python 2.19" in line for line in comment), name

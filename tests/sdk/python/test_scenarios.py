"""Every shipped scenario is tested with the SDK and describes itself."""

import re
from pathlib import Path

from emulator import run_program


def shipped():
    listed = run_program("scenarios")
    assert (listed.returncode, listed.stderr) == (0, "")
    return {line.split()[0] for line in listed.stdout.splitlines()}


def test_every_shipped_scenario_is_tested():
    tests = [path.read_text() for path in Path(__file__).parent.glob("test_scenarios_*.py")]
    played = {name for text in tests for name in re.findall(r'start_scenario\("([a-z0-9-]+)"', text)}
    assert played == shipped() != set()


def test_every_scenario_describes_the_failure_and_the_sdk():
    for name in shipped():
        shown = run_program("scenarios", "show", name).stdout
        comment = [line for line in shown.splitlines() if line.startswith("#")]
        assert 2 <= len(comment) <= 6 and shown.startswith("#"), name
        assert any("Python 2.19" in line for line in comment), name

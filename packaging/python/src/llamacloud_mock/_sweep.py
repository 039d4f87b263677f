"""`pytest --llamacloud-sweep`: repeats each test once for each single fault, by the program's subcommand `sweep`."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from ._binary import find_binary
from ._process import PREFIX

OPTION = "--llamacloud-sweep"


def add_options(parser: pytest.Parser) -> None:
    group = parser.getgroup("llamacloud-mock")
    group.addoption(
        OPTION,
        action="store_true",
        help="run each test that takes a fixture of llamacloud-mock once for each single fault, and fail those with alarms",
    )
    group.addoption(
        f"{OPTION}-args", metavar="FLAGS", help='flags of the sweep, such as "--faults reset-after,status-500 --modes once"'
    )


class Sweep:
    """The plugin that sweeps tests instead of running them."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._runs = 0
        self._swept = 0
        self._unfaulted: list[str] = []

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Leaves the tests that take a fixture of this package, or have its marker."""
        others = [item for item in items if not is_about_llamacloud(item)]
        items[:] = [item for item in items if is_about_llamacloud(item)]
        if others:
            config.hook.pytest_deselected(items=others)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> bool:
        """Sweeps a test: its fixtures are set up in the runs of the sweep."""
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        for when, step in (("setup", nothing), ("call", self._sweep), ("teardown", nothing)):
            call = pytest.CallInfo.from_call(lambda step=step: step(item), when=when)  # type: ignore[misc, arg-type]
            report = item.ihook.pytest_runtest_makereport(item=item, call=call)
            item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section("llamacloud-mock sweep")
        terminalreporter.line(f"tests swept: {self._swept}, runs with a fault: {self._runs}")
        for nodeid in self._unfaulted:
            terminalreporter.line(f"met no fault: {nodeid}")

    def _sweep(self, item: pytest.Item) -> None:
        """Fails with the alarms of a test."""
        with tempfile.TemporaryDirectory(prefix="llamacloud-mock-") as folder:
            report_file = Path(folder, "report.json")
            command = [*self._flags(), "--report", str(report_file), "--", *self._test(item)]
            errors = self._errors_of(command, folder)
            text = report_file.read_text(encoding="utf-8") if report_file.exists() else ""
        if not text:
            pytest.fail(errors, pytrace=False)
        report = json.loads(text)
        self._swept += 1
        self._runs += len(report["runs"])
        if not any(run["struck"] for run in report["runs"]):
            self._unfaulted.append(item.nodeid)
        alarms = [text_of(alarm) for alarm in report["alarms"] if not alarm["accepted"]]
        if alarms:
            pytest.fail("\n".join(alarms), pytrace=False)
        if report["not_run"]:
            pytest.fail(f"the sweep was stopped before {report['not_run']} of its runs", pytrace=False)

    def _errors_of(self, command: list[str], folder: str) -> str:
        """Runs a command that starts this pytest, and returns what it printed on stderr."""
        # Runs at the same time share no cache.
        options = f"{os.environ.get('PYTEST_ADDOPTS', '')} -o cache_dir={shlex.quote(folder)}/cache"
        with subprocess.Popen(
            command,
            cwd=self._config.invocation_params.dir,
            env={**os.environ, "PYTEST_ADDOPTS": options},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
        ) as child:
            try:
                return child.communicate()[1].rstrip()
            except BaseException:
                # It ends its runs first.
                child.terminate()
                child.wait()
                raise

    def _flags(self) -> list[str]:
        flags = self._config.getini("llamacloud_args")
        chosen = shlex.split(self._config.getoption(f"{OPTION}-args") or "")
        return [str(find_binary()), "sweep", *flags, *chosen, "--format", "json"]

    def _test(self, item: pytest.Item) -> list[str]:
        """The command that runs one test as this pytest would."""
        config = self._config
        kept = self._options()
        if config.inipath:
            kept += ["-c", os.path.relpath(config.inipath, config.invocation_params.dir)]
        if config.getini("llamacloud_args"):
            # They are flags of the sweep.
            kept += ["-o", "llamacloud_args="]
        path = os.path.relpath(item.path, config.invocation_params.dir)
        names = item.nodeid.partition("::")[2]
        return [sys.executable, "-m", "pytest", *kept, f"{path}::{names}" if names else path]

    def _options(self) -> list[str]:
        """The options of this pytest but for those of the sweep, and without the tests that it runs."""
        chosen = set(self._config.option.file_or_dir)
        words = iter(map(str, self._config.invocation_params.args))
        kept = []
        for word in words:
            if word == f"{OPTION}-args":
                next(words, None)
            elif word not in chosen and not word.startswith(OPTION):
                kept.append(word)
        return kept


def nothing(item: pytest.Item) -> None:
    """The setup and the teardown of a test that is swept."""


def is_about_llamacloud(item: pytest.Item) -> bool:
    fixtures = getattr(item, "fixturenames", ())
    return item.get_closest_marker("llamacloud") is not None or any(name.startswith("llamacloud") for name in fixtures)


def text_of(alarm: dict[str, Any]) -> str:
    words = " ".join(str(alarm[name]) for name in ("outcome", "operation", "class", "mode"))
    return f"{words}: {alarm['detail']}\n  {alarm['reproduce']}"


def problem(config: pytest.Config) -> str | None:
    """Why this run cannot sweep, or why flags have no effect."""
    if not config.getoption(OPTION):
        return f"{OPTION}-args: has no effect without {OPTION}" if config.getoption(f"{OPTION}-args") else None
    if os.environ.get(PREFIX + "URL"):
        return f"{OPTION}: starts emulators of its own; unset {PREFIX}URL"
    if config.getoption("numprocesses", None) or hasattr(config, "workerinput"):
        return f"{OPTION}: runs several tests at once by itself; leave out -n, or say -n 0"
    return None


def configure(config: pytest.Config) -> None:
    """Registers the plugin that sweeps, if it is asked for."""
    message = problem(config)
    if message:
        raise pytest.UsageError(message)
    if config.getoption(OPTION):
        config.pluginmanager.register(Sweep(config), "llamacloud-mock-sweep")

"""The pytest plugin: one emulator for the session, and for each test a key of its own.

With pytest-xdist each worker has its own emulator, so that workers share nothing. If `LLAMACLOUD_MOCK_URL` is set, the
tests use that emulator, with keys that no other run has.
"""

from __future__ import annotations

import hashlib
import os
import re
import uuid
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

if not hasattr(pytest, "StashKey"):
    raise pytest.UsageError(f"llamacloud-mock: needs pytest 7.0 or later, and this is {pytest.__version__}; upgrade pytest")

from . import _sweep
from ._emulator import Emulator, connect, start
from ._errors import EmulatorError, NeverStruckWarning, NoRequestWarning
from ._guard import Guard
from ._process import PREFIX
from ._types import Rule
from ._views import Clock, Faults, Journal

MARKER = (
    "llamacloud(*rules, scenario=None, clock=None, args=(), key=None): add these fault rules for the test, set its clock (real, "
    "manual or auto) and its API key, and use an emulator with this scenario or these flags."
)
KEYWORDS = ("scenario", "clock", "args", "key")

WIDE_FIXTURES = frozenset({"llamacloud_class", "llamacloud_module"})

#: The label of a key in a line of the log.
LABEL = re.compile(r"\bt-[0-9a-f]{12}\b")

#: The number of requests that the report of a failed test shows.
SHOWN_REQUESTS = 20

SERVERS: pytest.StashKey[Servers] = pytest.StashKey()
SINCE: pytest.StashKey[dict[str, tuple[int, frozenset[str]]]] = pytest.StashKey()
GUARD: pytest.StashKey[Guard] = pytest.StashKey()
#: Of a test that has passed, and of a class, module or session with such a test.
PASSED: pytest.StashKey[bool] = pytest.StashKey()
STRIKES: pytest.StashKey[dict[str, int]] = pytest.StashKey()


class Servers:
    """The emulators of this process, by their flags: tests with equal flags share one."""

    def __init__(self, config: pytest.Config) -> None:
        self._args = tuple(config.getini("llamacloud_args"))
        self._running: dict[tuple[str, ...], Emulator] = {}
        self.strikes = config.stash[STRIKES]
        #: The emulators of the fixtures that are set up now.
        self.in_use: list[Emulator] = []
        #: Makes keys unique on an emulator that other runs may use too.
        self.suffix = f"-{uuid.uuid4().hex[:12]}" if self.shared else ""

    @property
    def shared(self) -> bool:
        return bool(os.environ.get(PREFIX + "URL"))

    @property
    def default_clock(self) -> Any:
        """The clock of a test without a marker, on an emulator that may have been started with another one."""
        return (os.environ.get(PREFIX + "CLOCK") or "auto") if self.shared else None

    def get(self, extra: tuple[str, ...] = ()) -> Emulator:
        """The emulator with these flags beside those of the configuration."""
        if extra not in self._running:
            if self.shared and not extra:
                if self._args:
                    raise EmulatorError("llamacloud_args: has no effect on the emulator of LLAMACLOUD_MOCK_URL; unset one")
                self._running[extra] = connect(key=f"llx-session{self.suffix}")
            else:
                self._running[extra] = start(*self._args, *extra, key="llx-session")
        return self._running[extra]

    def count(self, rules: list[Rule]) -> None:
        """Adds the strikes of the rules that were given at the start for all keys. Scenarios are not counted."""
        for rule in [] if self.shared else rules:
            if rule["tenant"] is None and not rule["origin"].startswith("--scenario"):
                add_counts(self.strikes, {rule["rule"]: rule["strikes"]})

    def finish(self) -> None:
        """Counts the strikes for keys of the session, and stops all emulators."""
        try:
            for emulator in self._running.values():
                self.count(emulator.faults())
                emulator._forget()
        finally:
            self.stop()

    def stop(self) -> None:
        """Stops all of them, also if one of them fails."""
        errors = []
        for emulator in self._running.values():
            try:
                emulator.stop()
            except EmulatorError as error:
                errors.append(str(error))
        if errors:
            raise EmulatorError("\n".join(errors))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("llamacloud_args", "Flags of the emulator that the fixture llamacloud starts", type="args", default=[])
    parser.addini("llamacloud_guard", "Keep tests without a fixture from the real service", type="bool", default=True)
    _sweep.add_options(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Before any module of the user is imported."""
    guard(early_config)


def guard(config: pytest.Config) -> None:
    # The workers of pytest-xdist have the environment of the process that started them.
    if GUARD not in config.stash and config.getini("llamacloud_guard"):
        config.stash[GUARD] = Guard()
        config.add_cleanup(config.stash[GUARD].remove)


def pytest_configure(config: pytest.Config) -> None:
    # A plugin of a conftest.py is too late for the other hook.
    guard(config)
    config.addinivalue_line("markers", MARKER)
    config.stash[STRIKES] = {}
    _sweep.configure(config)


@pytest.fixture(scope="session")
def _llamacloud_servers(pytestconfig: pytest.Config) -> Iterator[Servers]:
    servers = pytestconfig.stash[SERVERS] = Servers(pytestconfig)
    yield servers
    servers.finish()


@pytest.fixture(scope="session")
def llamacloud_server(_llamacloud_servers: Servers) -> Emulator:
    """The emulator of the session with a key for the session; `with_key` gives others."""
    return _llamacloud_servers.get()


def serve(servers: Servers, node: Any, scope: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """An emulator for a test, or for the tests of a class, module or session: with its key, rules, clock and environment."""
    marks = list(node.iter_markers("llamacloud"))
    marks.reverse()
    server = servers.get(flags_of(marks))
    # For a class the node can be a test too.
    name = node.nodeid if scope == "function" else f"{scope} {node.nodeid}"
    emulator = server.with_key(chosen(marks, "key") or key_of(name) + servers.suffix)
    # For a test that runs again.
    emulator._start_anew()
    emulator.set_name(node.nodeid or scope)
    clock = chosen(marks, "clock") or servers.default_clock
    if clock:
        emulator.set_clock(clock)
    for rule in (rule for mark in marks for rule in mark.args):
        emulator.fault(rule)
    for variable, value in emulator.env.items():
        monkeypatch.setenv(variable, value)
    servers.in_use.append(emulator)
    yield emulator
    servers.in_use.remove(emulator)
    if node.stash.get(PASSED, False) and not emulator._has_requests():
        warnings.warn(
            f"{node.nodeid or scope}: took the fixture and sent no request; make its client in the test",
            NoRequestWarning,
            stacklevel=1,
        )
    rules = emulator.faults()
    unused = never_struck(emulator, rules)
    # With the key its counts are forgotten.
    servers.count(rules)
    emulator._forget()
    for rule in unused:
        warnings.warn(f"{node.nodeid or scope}: this fault rule never struck: {rule}", NeverStruckWarning, stacklevel=1)


def serve_scope(servers: Servers, request: pytest.FixtureRequest) -> Iterator[Emulator]:
    """As `serve`, for a scope that the fixture monkeypatch does not have."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        yield from serve(servers, request.node, request.scope, monkeypatch)


@pytest.fixture(scope="session")
def llamacloud_session(_llamacloud_servers: Servers, request: pytest.FixtureRequest) -> Iterator[Emulator]:
    """As `llamacloud`, for the session: all tests share its key and environment."""
    yield from serve_scope(_llamacloud_servers, request)


@pytest.fixture(scope="module")
def llamacloud_module(_llamacloud_servers: Servers, request: pytest.FixtureRequest) -> Iterator[Emulator]:
    """As `llamacloud`, for a module: its tests share a key and the environment."""
    yield from serve_scope(_llamacloud_servers, request)


@pytest.fixture(scope="class")
def llamacloud_class(_llamacloud_servers: Servers, request: pytest.FixtureRequest) -> Iterator[Emulator]:
    """As `llamacloud`, for a class: its tests share a key and the environment."""
    yield from serve_scope(_llamacloud_servers, request)


@pytest.fixture
def llamacloud(
    _llamacloud_servers: Servers, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Emulator]:
    """The emulator with a key for this test. The environment has its URL and key, so that `LlamaCloud()` finds it."""
    yield from serve(_llamacloud_servers, request.node, "function", monkeypatch)


@pytest.fixture
def llamacloud_faults(llamacloud: Emulator) -> Faults:
    """The fault rules of this test."""
    return Faults(llamacloud)


@pytest.fixture
def llamacloud_clock(llamacloud: Emulator) -> Clock:
    """The clock of this test."""
    return Clock(llamacloud)


@pytest.fixture
def llamacloud_journal(llamacloud: Emulator) -> Journal:
    """The requests of this test."""
    return Journal(llamacloud)


@pytest.fixture(autouse=True)
def _llamacloud_marked(request: pytest.FixtureRequest) -> None:
    """Gives a test with the marker the fixture, so that the marker is never without effect."""
    # A fixture of a class or module has the effect of the marker of that.
    is_wide = not WIDE_FIXTURES.isdisjoint(request.fixturenames)
    marks = request.node.own_markers if is_wide else request.node.iter_markers()
    if any(mark.name == "llamacloud" for mark in marks):
        request.getfixturevalue("llamacloud")


def key_of(nodeid: str) -> str:
    """The key of a test: the same in every run, so that a seed reproduces its responses."""
    return f"llx-{hashlib.sha256(nodeid.encode()).hexdigest()[:24]}"


def flags_of(marks: list[pytest.Mark]) -> tuple[str, ...]:
    """The flags that markers ask for."""
    flags: list[str] = []
    for mark in marks:
        for name in mark.kwargs:
            if name not in KEYWORDS:
                raise EmulatorError(f"marker llamacloud: {name}: is not an argument; use {', '.join(KEYWORDS)}")
        scenarios = mark.kwargs.get("scenario") or ()
        for scenario in [scenarios] if isinstance(scenarios, str) else scenarios:
            flags += ["--scenario", str(scenario)]
        args = mark.kwargs.get("args", ())
        if isinstance(args, str):
            raise EmulatorError(f"marker llamacloud: args: is a text, not a list; write args={args.split()!r}")
        flags += [str(flag) for flag in args]
    return tuple(flags)


def chosen(marks: list[pytest.Mark], name: str) -> Any:
    """The value of this argument in the marker nearest to the test that has it."""
    values = [mark.kwargs[name] for mark in marks if mark.kwargs.get(name)]
    return values[-1] if values else None


def never_struck(emulator: Emulator, rules: list[Rule]) -> list[str]:
    """Those of the rules that were added for this key and never struck."""
    return [rule["rule"] for rule in rules if rule["tenant"] == emulator.tenant and rule["strikes"] == 0]


def add_counts(total: dict[str, int], counts: dict[str, int]) -> None:
    for rule, strikes in counts.items():
        total[rule] = total.get(rule, 0) + strikes


def in_use(item: pytest.Item) -> list[Emulator]:
    servers = item.config.stash.get(SERVERS, None)
    return servers.in_use if servers else []


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Notes the last request and the log before the test, of emulators that it shares with other tests."""
    item.stash[SINCE] = {
        emulator.tenant: (last_request(emulator), frozenset(emulator.log().splitlines())) for emulator in in_use(item)
    }


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Shows the requests of a failed test."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    if report.when == "call" and report.passed:
        # Also of its class, module and session, which can have a fixture.
        for node in item.listchain():
            node.stash[PASSED] = True
    if not report.failed or report.when == "teardown":
        return
    for emulator in in_use(item):
        since, former_log = item.stash.get(SINCE, {}).get(emulator.tenant, (-1, frozenset()))
        if last_request(emulator) == since:
            # The fixture of other tests.
            continue
        report.sections.append(("llamacloud-mock", "\n".join(report_of(emulator, since, former_log)).rstrip()))


def last_request(emulator: Emulator) -> int:
    """The number of the last request of this key, or 0."""
    try:
        entries = emulator.journal(limit=1, incomplete=True)
    except EmulatorError:
        # The program ended. The test says so itself.
        return 0
    return entries[-1]["seq"] if entries else 0


def report_of(emulator: Emulator, since: int, former_log: frozenset[str]) -> list[str]:
    """The last requests of a test, one a line, its rules that never struck, and its lines of the log."""
    try:
        entries = [entry for entry in emulator.journal(incomplete=True) if entry["seq"] > since]
        unused = never_struck(emulator, emulator.faults())
    except EmulatorError as error:
        return [str(error)]
    lines = [f"{emulator.url}, {emulator.tenant}, {len(entries)} requests"]
    for entry in entries[-SHOWN_REQUESTS:]:
        struck = [f"fault={fault['rule']}" for fault in entry["faults"] if fault["outcome"] == "struck"]
        words = [entry["operation"], entry["method"], entry["path"], str(entry["status"]), entry["outcome"]]
        lines.append(" ".join(words + struck))
    lines += [f"never struck: {rule}" for rule in unused]
    for line in emulator.log().splitlines():
        labels = LABEL.findall(line)
        if line not in former_log and (not labels or emulator.tenant in labels):
            lines.append(line)
    return lines


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """In a worker of pytest-xdist: passes the counts to the process that reports."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["llamacloud_strikes"] = session.config.stash[STRIKES]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """In the process that reports: takes the counts of a worker."""
    counts = getattr(node, "workeroutput", {}).get("llamacloud_strikes", {})
    add_counts(node.config.stash[STRIKES], counts)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Names the rules of the whole run that never struck; those of a test are warnings."""
    rules = [rule for rule, strikes in config.stash[STRIKES].items() if strikes == 0]
    if rules:
        terminalreporter.section("llamacloud-mock: fault rules that never struck")
        for rule in rules:
            terminalreporter.write_line(rule)

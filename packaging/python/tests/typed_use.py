"""Uses every public name with its type. `check` runs mypy over it; it is not run."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import llamacloud_mock
import pytest
from llamacloud_mock import Clock, ClockState, Emulator, Entry, Faults, Journal, Rule
from typing_extensions import assert_type


def use(emulator: Emulator) -> None:
    assert_type(emulator.url, str)
    assert_type(emulator.key, str)
    assert_type(emulator.env, dict[str, str])
    assert_type(emulator.fault("indexes.get status=500"), str)
    assert_type(emulator.faults(), list[Rule])
    assert_type(emulator.advance(timedelta(seconds=1)), ClockState)
    assert_type(emulator.journal("reads", status=200, when=["query:page_token"]), list[Entry])
    assert_type(emulator.check(max_attempts=3, no_litter=True), str)
    assert_type(emulator.check(expect=["reads count=1"], expect_order="reads, writes", no_lockstep=True), str)
    assert_type(emulator.check(expect="reads count=1", no_unexpected=True, within=timedelta(seconds=1)), str)
    assert_type(emulator.verify("indexes.create count=1", within="2s"), int)
    emulator.verify(operation="reads")  # type: ignore[call-arg]
    emulator.set_name("a test")
    assert_type(emulator.with_key("llx-other"), Emulator)
    emulator.set_clock("manual", now="2026-01-01T00:00:00Z")
    emulator.set_clock("fast")  # type: ignore[arg-type]
    emulator.reset("faults", "journal")
    emulator.reset("fault")  # type: ignore[arg-type]
    emulator.check(max_attempt=3)  # type: ignore[call-arg]
    emulator.stop()


def start() -> None:
    assert_type(llamacloud_mock.find_binary(), Path)
    assert_type(llamacloud_mock.connect(), Emulator)
    with llamacloud_mock.start("--seed", "7", env={}, admin_token="secret") as emulator:
        assert_type(emulator, Emulator)
    llamacloud_mock.start(seed=7)  # type: ignore[call-arg]


@pytest.mark.llamacloud("indexes.get status=500", scenario="flaky")
def test_fixtures(
    llamacloud: Emulator,
    llamacloud_faults: Faults,
    llamacloud_clock: Clock,
    llamacloud_journal: Journal,
) -> None:
    assert_type(llamacloud_faults.add("indexes.get status=500"), list[str])
    assert_type(llamacloud_clock.now, datetime)
    assert_type(llamacloud_journal.operations(), list[str])

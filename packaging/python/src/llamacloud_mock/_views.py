"""What the pytest fixtures give: the faults, the clock and the journal of one test."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from ._emulator import Emulator, Mode
from ._types import Entry, Rule


class Faults:
    """The fault rules of a test."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def add(self, *rules: str) -> list[str]:
        """Adds rules such as `indexes.create status=429 first=2`. Returns their names."""
        return [self._emulator.fault(rule) for rule in rules]

    def remove(self, name: str) -> None:
        """Removes a rule."""
        self._emulator.remove_fault(name)

    def list(self) -> list[Rule]:
        """The rules that apply to the test, with their counts."""
        return self._emulator.faults()

    def strikes(self, name: str) -> int:
        """How often the rule struck."""
        return next(rule["strikes"] for rule in self.list() if rule["name"] == name)


class Clock:
    """The clock of a test."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    @property
    def mode(self) -> Mode:
        """`real`, `manual` or `auto`."""
        return self._emulator.clock()["mode"]

    @property
    def now(self) -> datetime:
        """The time, in UTC."""
        # Python 3.10 reads no fraction of other than 3 or 6 digits, and no Z.
        whole, _, fraction = self._emulator.clock()["now"].removesuffix("Z").partition(".")
        return datetime.fromisoformat(f"{whole}.{fraction[:6]:0<6}+00:00")

    def set(self, mode: Mode | None = None, now: datetime | str | None = None) -> None:
        """Changes the mode or the time."""
        self._emulator.set_clock(mode, now.isoformat() if isinstance(now, datetime) else now)

    def advance(self, by: str | timedelta) -> datetime:
        """Advances by a duration such as `5s`. Returns the new time."""
        self._emulator.advance(by)
        return self.now


class Journal:
    """The requests of a test."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def entries(
        self, operation: str | None = None, *, status: int | None = None, when: str | Iterable[str] = ()
    ) -> list[Entry]:
        """The recorded requests. `operation` and `when` have the syntax of fault rules."""
        return self._emulator.journal(operation, status=status, when=when)

    def operations(self) -> list[str]:
        """The operations in the order of their requests."""
        return [entry["operation"] for entry in self.entries()]

    def count(self, operation: str | None = None, *, status: int | None = None, when: str | Iterable[str] = ()) -> int:
        """The number of such requests."""
        return len(self.entries(operation, status=status, when=when))

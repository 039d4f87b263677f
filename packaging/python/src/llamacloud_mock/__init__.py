"""An emulator of LlamaCloud's Index API for tests: starts the program of this package, and steers it.

    with llamacloud_mock.start() as emulator:
        client = LlamaCloud(base_url=emulator.url, api_key=emulator.key)

With pytest, use the fixture `llamacloud` instead.
"""

from ._binary import find_binary
from ._emulator import Emulator, connect, start
from ._errors import CheckFailed, EmulatorError, NeverStruckWarning, NoRequestWarning
from ._types import ClockState, Entry, Rule
from ._views import Clock, Faults, Journal

__all__ = [
    "CheckFailed",
    "Clock",
    "ClockState",
    "Emulator",
    "EmulatorError",
    "Entry",
    "Faults",
    "Journal",
    "NeverStruckWarning",
    "NoRequestWarning",
    "Rule",
    "connect",
    "find_binary",
    "start",
]

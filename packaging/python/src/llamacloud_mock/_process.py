"""The program as a child process that ends with this one."""

from __future__ import annotations

import os
import queue
import subprocess
import threading
from collections import deque
from collections.abc import Mapping
from typing import IO

from ._binary import explain, find_binary
from ._errors import EmulatorError

PREFIX = "LLAMACLOUD_MOCK_"

#: Settings of the user's shell that are about another server: two workers cannot share a port.
DROPPED = ("URL", "PORT", "PORT_FILE")

#: Settings for tests. The user's flags, variables and settings file win over them.
DEFAULTS = """
port = 0
clock = "auto"
log-level = "warn"
log-format = "text"
max-tenants = 1000000
"""

#: Time limit in seconds for the end of the program, which gives requests in flight 9 seconds.
END_LIMIT = 15.0

#: The number of lines of the log that are kept for messages.
LOG_LINES = 200


def child_environment(given: Mapping[str, str] | None) -> dict[str, str]:
    """The environment of the program."""
    dropped = {PREFIX + name for name in DROPPED}
    environment = {name: value for name, value in os.environ.items() if name not in dropped}
    environment |= {PREFIX + "DEFAULTS": DEFAULTS, PREFIX + "EXIT_WITH_STDIN": "true"}
    return {**environment, **(given or {})}


class Process:
    """A running `llamacloud-mock`."""

    def __init__(self, args: tuple[str, ...], env: Mapping[str, str] | None, limit: float) -> None:
        self.binary = str(find_binary())
        self._log: deque[str] = deque(maxlen=LOG_LINES)
        self._lines: queue.Queue[str] = queue.Queue()
        try:
            # In a session of its own: Ctrl-C ends the tests, which then stop the program.
            self._child = subprocess.Popen(
                [self.binary, *args],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=child_environment(env),
                start_new_session=True,
                text=True,
                encoding="utf-8",
                errors="replace",
            )
        except OSError as error:
            raise EmulatorError(explain(self.binary, error)) from error
        self._readers = [
            threading.Thread(target=self._read_stdout, args=(self._child.stdout,), daemon=True),
            threading.Thread(target=self._read_log, args=(self._child.stderr,), daemon=True),
        ]
        for reader in self._readers:
            reader.start()
        try:
            self.ready = self._wait_until_ready(limit)
        except BaseException:
            self._end()
            raise

    def log(self) -> str:
        """The last lines of the program's log."""
        return "\n".join(self._log)

    def stop(self) -> None:
        """Ends the program. Raises an error if its exit code is not 0, as with `--strict-faults`."""
        if self._child.stdin is None or self._child.stdin.closed:
            return
        code = self._end()
        if code != 0:
            raise EmulatorError(self._ended(code))

    def ended(self) -> str | None:
        """How the program ended, if it did."""
        code = self._child.poll()
        return None if code is None else self._ended(code)

    def _wait_until_ready(self, limit: float) -> dict[str, str]:
        """The words of the first line, `ready url=… seed=…`."""
        try:
            line = self._lines.get(timeout=limit)
        except queue.Empty:
            raise EmulatorError(f"llamacloud-mock was not ready after {limit:g} seconds\n{self.log()}") from None
        if not line.startswith("ready "):
            code = self._end()
            raise EmulatorError(self._ended(code))
        return dict(word.split("=", 1) for word in line.split()[1:] if "=" in word)

    def _read_stdout(self, stream: IO[str]) -> None:
        """Passes the first line on, and reads the rest, so that the program never waits for this process."""
        with stream:
            self._lines.put(stream.readline())
            for _ in stream:
                pass

    def _read_log(self, stream: IO[str]) -> None:
        with stream:
            for line in stream:
                self._log.append(line.rstrip("\n"))

    def _end(self) -> int:
        # Where there are no signals, the end of its standard input ends the program.
        if os.name != "nt":
            self._child.terminate()
        if self._child.stdin is not None:
            self._child.stdin.close()
        try:
            code = self._child.wait(END_LIMIT)
        except subprocess.TimeoutExpired:
            self._child.kill()
            code = self._child.wait()
        for reader in self._readers:
            reader.join(END_LIMIT)
        return code

    def _ended(self, code: int) -> str:
        return f"llamacloud-mock ended with exit code {code}\n{self.log()}".rstrip()

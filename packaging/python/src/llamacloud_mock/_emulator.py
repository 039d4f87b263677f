"""An emulator as one key sees it: the verbs url, key, fault, advance, journal, check, verify, reset and stop."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from types import TracebackType
from typing import Any, Literal, cast
from urllib.parse import quote

from ._admin import Admin
from ._errors import CheckFailed, EmulatorError, Refused
from ._process import PREFIX, Process
from ._types import ClockState, Entry, Rule

Part = Literal["state", "journal", "clock", "faults"]
Mode = Literal["real", "manual", "auto"]

#: Clients do not use a proxy for these.
LOOPBACK = ("127.0.0.1", "localhost")

TOKEN_VARIABLE = PREFIX + "ADMIN_TOKEN"
TOKEN_FLAG = "--admin-token"

#: Maximum number of characters of a name.
MAX_NAME = 256

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class Emulator:
    """An emulator with one API key. Everything except `stop` is about this key alone."""

    def __init__(self, admin: Admin, key: str, process: Process | None = None) -> None:
        """Use `start`, `connect` or `with_key`."""
        self._admin = admin
        self._process = process
        self.key: str = key
        self._name: str | None = None
        #: The journal of this key may lack requests of the test.
        self._is_incomplete = False
        # The key is known from here on, so that its journal is empty and not unknown.
        self.advance("0s")

    @property
    def url(self) -> str:
        """The base URL for clients."""
        return self._admin.url

    @property
    def env(self) -> dict[str, str]:
        """The environment variables with which official clients find the emulator, past any proxy."""
        return {
            "LLAMA_CLOUD_BASE_URL": self.url,
            "LLAMA_CLOUD_API_KEY": self.key,
            **no_proxy(self._admin.host),
        }

    @property
    def tenant(self) -> str:
        """The label of the key in the log, the journal and the admin API."""
        return "t-" + hashlib.sha256(self.key.encode()).hexdigest()[:12]

    def with_key(self, key: str) -> Emulator:
        """The same emulator with another key: other state, clock, faults and journal."""
        self._is_incomplete = True
        other = Emulator(self._admin, key, self._process)
        if self._name:
            other.set_name(self._name)
        return other

    def set_name(self, name: str) -> None:
        """Names the key in reports and in the log; the fixtures give it the name of the test."""
        self._name = CONTROL.sub(" ", name)[:MAX_NAME]
        try:
            self._request("POST", "/tenants", body={"key": self.key, "name": self._name})
        except Refused as refusal:
            # An older emulator has no names.
            if refusal.status not in (404, 405):
                raise

    def fault(self, rule: str) -> str:
        """Adds a fault rule, such as `indexes.create status=429 first=2`. Returns its name."""
        added: Rule = self._request("POST", "/faults", body={"tenant": self.key, "rule": rule})
        return added["name"]

    def faults(self) -> list[Rule]:
        """The rules that apply to this key, with their counts; those for all keys have no tenant."""
        return cast("list[Rule]", self._request("GET", "/faults", {"tenant": self.tenant})["faults"])

    def remove_fault(self, name: str) -> None:
        """Removes a rule that was added for this key."""
        self._request("DELETE", f"/faults/{quote(name, safe='')}", {"tenant": self.tenant})

    def clock(self) -> ClockState:
        """The clock of this key."""
        return cast("ClockState", self._request("GET", "/clock", {"tenant": self.tenant}))

    def set_clock(self, mode: Mode | None = None, now: str | None = None) -> ClockState:
        """Changes the mode or the time of the clock; `now` is such as `2026-01-01T00:00:00Z`."""
        body = {"tenant": self.key, "mode": mode, "now": now}
        given = {name: value for name, value in body.items() if value is not None}
        return cast("ClockState", self._request("PUT", "/clock", body=given))

    def advance(self, by: str | timedelta) -> ClockState:
        """Advances the clock by a duration such as `5s`, `200ms` or `1m30s`."""
        body = {"tenant": self.key, "by": duration_text(by)}
        return cast("ClockState", self._request("POST", "/clock/advance", body=body))

    def journal(
        self,
        operation: str | None = None,
        *,
        status: int | None = None,
        when: str | Iterable[str] = (),
        limit: int | None = None,
        incomplete: bool = False,
    ) -> list[Entry]:
        """The recorded requests of this key. `operation` and `when` have the syntax of fault rules.

        Raises an error if entries were evicted, because an empty list would then prove nothing; `incomplete` allows it.
        """
        conditions = [when] if isinstance(when, str) else list(when)
        query = {"tenant": self.tenant, "operation": operation, "status": status, "when": conditions, "limit": limit}
        found = self._request("GET", "/journal", query)
        if found["dropped"] and not incomplete:
            raise EmulatorError(
                f"the journal evicted {found['dropped']} entries of this key; "
                "start the emulator with more --journal-entries or --journal-bytes, or pass incomplete=True"
            )
        return cast("list[Entry]", found["entries"])

    def _has_requests(self) -> bool:
        """Whether the emulator may have had a request of this key, or of a key that `with_key` gave."""
        return self._is_incomplete or bool(self.journal(limit=1, incomplete=True))

    def check(
        self,
        *,
        max_attempts: int | None = None,
        honour_retry_after: bool = False,
        no_duplicate_writes: bool = False,
        no_needless_retries: bool = False,
        all_rules_struck: bool = False,
        no_litter: bool = False,
        no_lockstep: bool = False,
        no_unexpected: bool = False,
        expect: str | Iterable[str] = (),
        expect_order: str | None = None,
        within: str | timedelta | None = None,
    ) -> str:
        """Applies these expectations to the requests of this key. Returns the report, or raises `CheckFailed` with it."""
        expectations = {
            "max_attempts": max_attempts,
            "honour_retry_after": honour_retry_after,
            "no_duplicate_writes": no_duplicate_writes,
            "no_needless_retries": no_needless_retries,
            "all_rules_struck": all_rules_struck,
            "no_litter": no_litter,
            "no_lockstep": no_lockstep,
            "no_unexpected": no_unexpected,
            "expect": [expect] if isinstance(expect, str) else list(expect),
            "expect_order": expect_order,
        }
        # Those that are not given are not sent: an older emulator does not know all of them.
        given = {name: value for name, value in expectations.items() if value is not None and value is not False and value != []}
        if not given:
            raise EmulatorError("check: no expectation is given, such as no_needless_retries=True")
        report = self._request("POST", "/check", body={"tenant": self.key, **given, **waiting(within)})
        if report["result"] != "passed":
            raise CheckFailed(report_text(report))
        return report_text(report)

    def verify(self, expectation: str, *, within: str | timedelta | None = None) -> int:
        """Expects so many requests or resources of this key, such as `indexes.create status=201 count=1`.

        Waits for it `within` real time, such as `5s`. Returns their number, or raises `CheckFailed` with what is nearest.
        """
        body = {"tenant": self.key, "expect": expectation, **waiting(within)}
        try:
            return cast("int", self._request("POST", "/verify", body=body)["count"])
        except Refused as refusal:
            if refusal.status not in (409, 412):
                raise
            raise CheckFailed(f"{expectation}: {misses_text(json.loads(refusal.text))}") from None

    def _start_anew(self) -> None:
        """Resets all parts of the key before its first use."""
        self.reset()
        self._is_incomplete = False

    def reset(self, *parts: Part) -> None:
        """Resets these parts of the key: `state`, `journal`, `clock`, `faults`; without arguments all of them."""
        self._is_incomplete |= not parts or "journal" in parts
        self._request("POST", "/reset", body={"tenant": self.key, **({"parts": parts} if parts else {})})

    def _forget(self) -> None:
        """Frees the place of the key after its last use. A failure is no failure of the test."""
        with contextlib.suppress(EmulatorError):
            self._request("DELETE", "/tenants", {"tenant": self.tenant})

    def stop(self) -> None:
        """Stops the emulator if `start` started it. Raises an error if its exit code is not 0."""
        if self._process:
            self._process.stop()

    def log(self) -> str:
        """The last lines of the log of an emulator that `start` started."""
        return self._process.log() if self._process else ""

    def __enter__(self) -> Emulator:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.stop()
        except EmulatorError:
            # The error of the block says more than the exit code of the emulator.
            if error is None:
                raise

    def __repr__(self) -> str:
        return f"Emulator(url={self.url!r}, tenant={self.tenant!r})"

    def _request(self, method: str, path: str, query: dict[str, Any] | None = None, body: Any = None) -> Any:
        try:
            return self._admin.request(method, f"/__admin{path}", self.key, query, body)
        except EmulatorError as error:
            ended = self._process.ended() if self._process else None
            if ended:
                raise EmulatorError(ended) from error
            raise


def report_text(report: dict[str, Any]) -> str:
    """The report of a check, with a line for each expectation and its details below."""
    lines = []
    for check in report["checks"]:
        lines.append(f"{check['result'].replace('_', ' ')}: {check['name']}")
        lines += [f"  {line}" for detail in check["details"] for line in detail.splitlines()]
    lines.append(f"{report['single_calls']} requests were sent once, {report['retried_calls']} were retried")
    return "\n".join(lines)


def misses_text(unmet: dict[str, Any]) -> str:
    """What was seen, and the nearest misses, with a line for each field that differs."""
    lines = [unmet["detail"]]
    for miss in unmet["misses"]:
        lines.append(f"  request {miss['seq']}:" if "seq" in miss else f"  {miss.get('id')}:")
        for field in miss["differs"]:
            actual = "absent" if field["actual"] is None else field["actual"]
            lines.append(f"    {field['where']} is {actual}, expected {field['expected']}")
    return "\n".join(lines)


def duration_text(duration: str | timedelta) -> str:
    """A duration as the emulator reads it."""
    return f"{duration // timedelta(milliseconds=1)}ms" if isinstance(duration, timedelta) else duration


def waiting(within: str | timedelta | None) -> dict[str, str]:
    """The field with the time to wait, if one is given."""
    return {} if within is None else {"within": duration_text(within)}


def no_proxy(host: str) -> dict[str, str]:
    """The environment variables with which clients use no proxy for this host, beside those that they have now."""
    hosts = LOOPBACK if host in LOOPBACK else (host,)
    known = os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or ""
    names = [name.strip() for name in known.split(",") if name.strip()]
    value = ",".join(names + [name for name in hosts if name not in names])
    return {"NO_PROXY": value, "no_proxy": value}


def token_flag(args: Sequence[str]) -> str | None:
    """The value of `--admin-token` among flags of the program."""
    for place, flag in enumerate(args):
        name, equals, value = flag.partition("=")
        if name == TOKEN_FLAG:
            return value if equals else "".join(args[place + 1 : place + 2])
    return None


def start(
    *args: str,
    key: str = "llx-test",
    env: Mapping[str, str] | None = None,
    admin_token: str | None = None,
    limit: float = 30.0,
) -> Emulator:
    """Starts an emulator on a free port, with a clock that never makes a client wait.

    `args` are flags of the program, such as `"--fault", "indexes.create status=429 first=2"`; `env` is added to its
    environment; `limit` is the time in seconds that it may take to be ready. It ends with this process at the latest.
    """
    token = token_flag(args) or admin_token or (env or {}).get(TOKEN_VARIABLE) or os.environ.get(TOKEN_VARIABLE)
    process = Process(args, {**(env or {}), **({TOKEN_VARIABLE: admin_token} if admin_token else {})}, limit)
    try:
        return Emulator(Admin(process.ready["url"], token), key, process)
    except BaseException:
        process.stop()
        raise


def connect(url: str | None = None, *, key: str | None = None, admin_token: str | None = None) -> Emulator:
    """Uses an emulator that is running: `url`, else `LLAMACLOUD_MOCK_URL`, else `LLAMA_CLOUD_BASE_URL`.

    Without `key` the emulator is used with a new one.
    """
    chosen = url or os.environ.get(PREFIX + "URL") or os.environ.get("LLAMA_CLOUD_BASE_URL")
    if not chosen:
        raise EmulatorError("connect: no URL is given; pass url= or set LLAMACLOUD_MOCK_URL")
    admin = Admin(chosen, admin_token or os.environ.get(TOKEN_VARIABLE))
    admin.check_health()
    return Emulator(admin, key or f"llx-{uuid.uuid4()}")

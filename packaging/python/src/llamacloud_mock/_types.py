"""What the admin API returns."""

from __future__ import annotations

from typing import Any, Literal, TypedDict


class Rule(TypedDict):
    """A fault rule with its counts."""

    name: str
    rule: str
    #: The label of the key that it is for, or None for all keys.
    tenant: str | None
    #: Where it was given: `admin`, `--fault`, `--scenario NAME`.
    origin: str
    matches: int
    strikes: int
    ttl_left_ms: int | None


class ClockState(TypedDict):
    """The clock of a key."""

    mode: Literal["real", "manual", "auto"]
    #: RFC 3339, in UTC.
    now: str


class Strike(TypedDict):
    """What a fault rule did to a request."""

    rule: str
    outcome: Literal["struck", "shadowed", "inapplicable"]


class Entry(TypedDict):
    """A request and its response, as the journal records them."""

    seq: int
    #: On the clock of the key.
    at: str
    #: In real time.
    real_time: str
    tenant: str
    operation: str
    method: str
    path: str
    status: int | None
    request_headers: dict[str, list[str]]
    request_body: Any
    reply_body: Any
    faults: list[Strike]
    outcome: Literal["open", "sent", "cut", "client_gone"]
    retry_count: int | None
    retry_after_ms: int | None
    should_retry: bool | None
    committed: bool

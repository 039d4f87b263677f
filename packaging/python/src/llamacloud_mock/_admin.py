"""Requests to the admin API. They never use a proxy: the module http.client knows none."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from ._errors import EmulatorError, Refused

#: Time limit in seconds for a request. The emulator responds at once.
LIMIT = 30.0

#: The same for a request that waits for an expectation: at most 5 minutes.
WAITING_LIMIT = LIMIT + 300.0


class Admin:
    """The admin API at one URL."""

    def __init__(self, url: str, token: str | None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise EmulatorError(f"{url!r}: is not the URL of an emulator; write it as http://127.0.0.1:4010")
        self.url = url.rstrip("/")
        self.scheme = parts.scheme
        self.host = parts.hostname
        self.port = parts.port
        self.path = parts.path.rstrip("/")
        self.token = token

    def request(
        self, method: str, path: str, key: str, query: dict[str, Any] | None = None, body: Any = None
    ) -> Any:
        """Sends a request about a key, and returns the JSON of its response.

        Without a token the key is sent in its place: with `--admin own` it reaches what belongs to it.
        """
        given = [(name, value) for name, value in (query or {}).items() if value is not None]
        target = f"{self.path}{path}" + (f"?{urlencode(given, doseq=True)}" if given else "")
        credential = f"Bearer {self.token or key}".encode()
        headers: dict[str, str | bytes] = {"Accept": "application/json", "Authorization": credential}
        if body is not None:
            headers["Content-Type"] = "application/json"
        limit = WAITING_LIMIT if isinstance(body, dict) and body.get("within") else LIMIT
        status, text = self._send(method, target, headers, None if body is None else json.dumps(body), limit)
        if 200 <= status < 300:
            return self._json(text) if text else None
        raise Refused(f"{method} {path}: {self._refusal(status, text)}", status, text)

    def check_health(self) -> None:
        """Raises an error if the URL is not that of an emulator. No key or token is sent."""
        status, text = self._send("GET", f"{self.path}/health", {}, None)
        if status != 200 or "pid" not in self._json(text):
            raise EmulatorError(f"{self.url}: is not an emulator (GET /health: {status}); name the URL of a llamacloud-mock")

    def _send(
        self, method: str, target: str, headers: Mapping[str, str | bytes], body: str | None, limit: float = LIMIT
    ) -> tuple[int, bytes]:
        connect = http.client.HTTPSConnection if self.scheme == "https" else http.client.HTTPConnection
        connection = connect(self.host, self.port, timeout=limit)
        try:
            connection.request(method, target, body, headers)
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            raise EmulatorError(f"no response from {self.url}: {error or type(error).__name__}; is it running?") from error
        finally:
            connection.close()

    def _json(self, text: bytes) -> Any:
        try:
            return json.loads(text)
        except ValueError:
            raise EmulatorError(f"{self.url}: is not an emulator, its response is not JSON") from None

    @staticmethod
    def _refusal(status: int, text: bytes) -> str:
        try:
            detail = json.loads(text)["detail"]
        except (ValueError, KeyError, TypeError):
            detail = text.decode("utf-8", "replace")[:200]
        if status in (401, 403):
            detail = f"{detail}; give the token by admin_token= or LLAMACLOUD_MOCK_ADMIN_TOKEN"
        return f"{status}: {detail}"

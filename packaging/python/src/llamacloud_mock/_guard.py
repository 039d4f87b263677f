"""Keeps tests from the real service: a client without the emulator of a fixture reaches a server that refuses requests."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from ._emulator import no_proxy

#: The variables in which clients look for the URL of the service.
URL_VARIABLES = ("LLAMA_CLOUD_BASE_URL", "LLAMA_PARSE_BASE_URL")

KEY_VARIABLES = ("LLAMA_CLOUD_API_KEY", "LLAMA_PARSE_API_KEY")

#: Takes the place of a real key.
KEY = "llx-guard"

#: Used where no server can be started. No server listens on port 1.
DEAD = "http://127.0.0.1:1"

DETAIL = (
    "llamacloud-mock: this client has no emulator, and the real service was not asked; make the client in a test that takes "
    "the fixture `llamacloud` (or llamacloud_class, llamacloud_module, llamacloud_session), not when a module is imported. "
    "To let tests reach the real service: `llamacloud_guard = false` in the configuration of pytest"
)


class Refusal(BaseHTTPRequestHandler):
    """Responds 401, which clients do not retry."""

    #: Time limit in seconds for the rest of a request.
    timeout = 10.0

    def do_GET(self) -> None:
        body = json.dumps({"detail": DETAIL}).encode()
        self.send_response(401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        # A connection that is closed before its request was read is reset, and clients retry that.
        with contextlib.suppress(OSError):
            while self.rfile.read1(65536):
                pass

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """The tests of the user are no place for a log."""


class Guard:
    """Names the refusing server in the environment until `remove`. What the user set is kept."""

    def __init__(self) -> None:
        self._server: ThreadingHTTPServer | None = None
        self._former: dict[str, str | None] = {}
        names = [name for name in URL_VARIABLES if not os.environ.get(name)]
        if not names:
            return
        url = self._start()
        changes = {**dict.fromkeys(names, url), **no_proxy("127.0.0.1")}
        if URL_VARIABLES[0] in names:
            changes |= {name: KEY for name in KEY_VARIABLES if os.environ.get(name)}
        self._former = {name: os.environ.get(name) for name in changes}
        os.environ.update(changes)

    def remove(self) -> None:
        """Restores the environment, and stops the server."""
        for name, value in self._former.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        if self._server:
            self._server.shutdown()
            self._server.server_close()

    def _start(self) -> str:
        try:
            self._server = ThreadingHTTPServer(("127.0.0.1", 0), Refusal)
        except OSError:
            return DEAD
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_address[1]}"

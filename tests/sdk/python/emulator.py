"""The emulator as a process: started on a free port, controlled through /__admin/, stopped by SIGTERM."""

import os
import signal
import subprocess
from pathlib import Path

import httpx

PROGRAM = os.environ["LLAMACLOUD_MOCK_BIN"]

# Time limit for a hanging process or request.
TIMEOUT_SECONDS = 30


def clean_environment():
    """The environment of this process without settings of the emulator."""
    return {name: value for name, value in os.environ.items() if not name.startswith("LLAMACLOUD_MOCK_")}


def run_program(*arguments):
    """Runs the program until it exits."""
    return subprocess.run(
        [PROGRAM, *arguments], env=clean_environment(), capture_output=True, text=True, timeout=TIMEOUT_SECONDS
    )


class Emulator:
    def __init__(self, folder: Path, *flags: str):
        self.log = folder / "emulator.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [PROGRAM, "--port", "0", *flags],
                cwd=folder,
                env=clean_environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        words = self.process.stdout.readline().split()
        if words[:1] != ["ready"]:
            self.process.kill()
            self.process.communicate()
            raise AssertionError(f"the emulator did not start: {self.log.read_text()}")
        fields = dict(word.split("=", 1) for word in words[1:])
        self.url, self.seed = fields["url"], int(fields["seed"])
        self.admin = httpx.Client(base_url=self.url + "/__admin", timeout=TIMEOUT_SECONDS, trust_env=False)

    def stop(self):
        """Stops it by SIGTERM; its exit code."""
        self.admin.close()
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=TIMEOUT_SECONDS)
        return self.process.returncode

    def admin_request(self, method, path, **options):
        response = self.admin.request(method, path, **options)
        assert response.is_success, response.text
        return response.json() if response.content else None

    def journal(self, key, operation=None):
        """The journal entries of this key, oldest first."""
        query = {"tenant": key, **({"operation": operation} if operation else {})}
        return self.admin_request("GET", "/journal", params=query)["entries"]

    def statuses(self, key, operation=None):
        """The statuses of all attempts, oldest first; `None` where the connection was cut."""
        entries = self.journal(key, operation)
        return [None if entry["outcome"] == "cut" else entry["status"] for entry in entries]

    def retries(self, key):
        return self.admin_request("GET", "/retries", params={"tenant": key})

    def advance(self, by, key=None):
        """Advances the clock of one tenant, or of all."""
        return self.admin_request("POST", "/clock/advance", json={"by": by, **({"tenant": key} if key else {})})

    def check(self, *expectations):
        """Runs the subcommand `check` for this emulator."""
        return run_program("check", "--port", self.url.rsplit(":", 1)[1], *expectations)

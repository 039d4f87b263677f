"""The emulator as a process: started on a free port, steered through /__admin/, ended by SIGTERM. It knows no SDK."""

import os
import signal
import subprocess
from pathlib import Path

import httpx

PROGRAM = os.environ["LLAMACLOUD_MOCK_BIN"]

# Long enough for any machine; only a hang takes it.
PATIENCE_SECONDS = 30


def clean_environment():
    """This process's environment without a setting of the emulator."""
    return {name: value for name, value in os.environ.items() if not name.startswith("LLAMACLOUD_MOCK_")}


def run_program(*arguments):
    """Runs the program to its end."""
    return subprocess.run(
        [PROGRAM, *arguments], env=clean_environment(), capture_output=True, text=True, timeout=PATIENCE_SECONDS
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
        said = dict(word.split("=", 1) for word in words[1:])
        self.url, self.seed = said["url"], int(said["seed"])
        self.admin = httpx.Client(base_url=self.url + "/__admin", timeout=PATIENCE_SECONDS, trust_env=False)

    def stop(self):
        """Ends it by SIGTERM; its exit code."""
        self.admin.close()
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=PATIENCE_SECONDS)
        return self.process.returncode

    def ask(self, method, path, **options):
        answer = self.admin.request(method, path, **options)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def journal(self, key, operation=None):
        """What the tenant of this key was answered, oldest first."""
        query = {"tenant": key, **({"operation": operation} if operation else {})}
        return self.ask("GET", "/journal", params=query)["entries"]

    def statuses(self, key, operation=None):
        """The statuses of all tries, oldest first; `None` where the connection was cut instead."""
        entries = self.journal(key, operation)
        return [None if entry["outcome"] == "cut" else entry["status"] for entry in entries]

    def retries(self, key):
        return self.ask("GET", "/retries", params={"tenant": key})

    def advance(self, by, key=None):
        """Moves the clock of one tenant, or of all."""
        return self.ask("POST", "/clock/advance", json={"by": by, **({"tenant": key} if key else {})})

    def check(self, *expectations):
        """Runs the program's own `check` against this one."""
        return run_program("check", "--port", self.url.rsplit(":", 1)[1], *expectations)

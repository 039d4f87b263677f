"""Environments in which it must work, or say what to do: proxies, users, missing and wrong programs, killed processes."""

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import FOLDER, LIMIT, PROGRAM, WHEEL, without_settings
from llamacloud_mock import EmulatorError, start

#: A test with the official SDK and all that the plugin does.
SUITE = """
from llama_cloud import LlamaCloud

def test_it(llamacloud):
    llamacloud.fault("indexes.create status=429 first=1")
    LlamaCloud(max_retries=1).indexes.create(source_directory_id="dir-abc123")
    llamacloud.check(max_attempts=2, all_rules_struck=True)
"""

#: As a program: what the plugin does, without pytest.
PROGRAM_TEXT = """
import llamacloud_mock
with llamacloud_mock.start() as emulator:
    emulator.fault("indexes.create status=429 first=1")
    print("journal", emulator.journal())
"""

#: No server listens on port 1.
DEAD = "http://127.0.0.1:1"


def test_a_proxy_is_not_used_for_loopback(run_pytest):
    proxies = {name: DEAD for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy")}
    for known in ({}, {"NO_PROXY": "example.com"}):
        done = run_pytest(SUITE, env={**proxies, **known})
        assert "1 passed" in done.stdout, done.stdout


#: Brings up the loopback interface of an empty network, and becomes pytest.
ALONE = """
import fcntl, os, socket, struct, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
    fcntl.ioctl(control, 0x8914, struct.pack("16sH14x", b"lo", 0x41))  # SIOCSIFFLAGS: IFF_UP and IFF_RUNNING
os.execv(sys.executable, [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_suite.py"])
"""


def test_no_network_is_needed(tmp_path):
    unshare = ["unshare", "--net", "--map-root-user"]
    if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine allows no network namespace")
    (tmp_path / "test_suite.py").write_text(SUITE, encoding="utf-8")
    done = subprocess.run(
        [*unshare, sys.executable, "-c", ALONE],
        cwd=tmp_path, env=without_settings(), capture_output=True, text=True, timeout=LIMIT, check=False,
    )  # fmt: skip
    assert "1 passed" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("exists", [True, False])
def test_no_home_is_needed(exists, tmp_path, run_pytest):
    home = tmp_path / "home"
    if exists:
        home.mkdir(mode=0o555)
    done = run_pytest(SUITE, env={"HOME": str(home)})
    assert "1 passed" in done.stdout, done.stdout


def test_another_user_without_a_home_may_use_it():
    if os.getuid() != 0:
        pytest.skip("only root can become another user")
    options = {"user": 54321, "group": 54321, "extra_groups": [], "cwd": "/", "text": True, "timeout": LIMIT}
    for python in (sys.executable, "/usr/bin/python3"):
        try:
            subprocess.run([python, "--version"], check=True, capture_output=True, **options)
            break
        except OSError:
            pass
    else:
        pytest.skip("another user may not run Python here")
    folder = FOLDER / "for-others"
    install_to(folder)
    environment = {**without_settings(), "HOME": str(folder / "missing"), "PYTHONPATH": str(folder)}
    done = subprocess.run([python, "-c", PROGRAM_TEXT], env=environment, capture_output=True, check=False, **options)
    assert done.stdout == "journal []\n", done.stdout + done.stderr


def test_a_port_in_use_is_named():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with pytest.raises(EmulatorError, match=rf"exit code 69[\s\S]*port {port} .*in use; --port 0"):
            start("--port", str(port))


def test_an_invalid_flag_is_named():
    with pytest.raises(EmulatorError, match=r"exit code 64[\s\S]*--seed"):
        start("--sed", "7")


def program(folder: Path, content: bytes, mode: int = 0o755) -> str:
    path = folder / "llamacloud-mock"
    path.write_bytes(content)
    path.chmod(mode)
    return str(path)


#: The head of a program for a processor that does not exist.
FOREIGN = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00\xff\xff\x01\x00\x00\x00" + bytes(100)


@pytest.mark.parametrize(
    ("content", "mode", "message"),
    [
        (FOREIGN, 0o755, "no program for this machine .* install llamacloud-mock on this machine"),
        (PROGRAM.read_bytes(), 0o644, "may not be executed .* noexec"),
        (b"#!/bin/sh\nexit 3\n", 0o755, "ended with exit code 3"),
        (b"#!/bin/sh\necho what\n", 0o755, "ended with exit code (0|-15)"),
        (b"#!/bin/sh\nexec tail -f /dev/null\n", 0o755, "not ready after 0.2 seconds"),
    ],
    ids=["foreign", "mode", "fails", "other", "silent"],
)
def test_a_wrong_program_is_explained(content, mode, message, tmp_path, monkeypatch):
    monkeypatch.setenv("LLAMACLOUD_MOCK_BINARY", program(tmp_path, content, mode))
    with pytest.raises(EmulatorError, match=message):
        start(limit=0.2 if b"tail" in content else 30)


def test_a_missing_program_is_explained(tmp_path, monkeypatch, run_python):
    monkeypatch.setenv("LLAMACLOUD_MOCK_BINARY", str(tmp_path / "missing"))
    with pytest.raises(EmulatorError, match="LLAMACLOUD_MOCK_BINARY=.*missing: is not a file"):
        start()
    environment = {"LLAMACLOUD_MOCK_BINARY": str(tmp_path / "missing")}
    done = run_python("-m", "llamacloud_mock", "--version", env=environment)
    assert (done.returncode, done.stdout.count("\n")) == (1, 1), done.stdout
    assert "is not a file" in done.stdout


def test_the_module_is_the_program(run_python):
    done = run_python("-m", "llamacloud_mock", "--version")
    assert (done.returncode, done.stdout.split()[0]) == (0, "llamacloud-mock"), done.stdout
    assert run_python("-m", "llamacloud_mock", "--sed", "7").returncode == 64


def install_to(folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--target", str(folder)]
    subprocess.run([*command, WHEEL], check=True, timeout=LIMIT)


def test_a_folder_of_packages_works_and_names_a_lost_program(tmp_path):
    folder = tmp_path / "packages"
    install_to(folder)
    # The base interpreter does not know the package, so that only the folder has it.
    command = [os.path.realpath(sys.executable), "-c", PROGRAM_TEXT]
    options = {"env": {**without_settings(), "PYTHONPATH": str(folder)}, "capture_output": True, "text": True, "timeout": LIMIT}
    done = subprocess.run(command, check=False, **options)
    assert done.stdout == "journal []\n", done.stdout + done.stderr
    shutil.rmtree(folder / "bin")
    done = subprocess.run(command, check=False, **options)
    assert "the program llamacloud-mock is missing" in done.stderr
    assert "pip install --force-reinstall llamacloud-mock" in done.stderr


ORPHAN = """
import os, signal, llamacloud_mock
emulator = llamacloud_mock.start()
print(emulator.url, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_process_leaves_no_emulator(run_python):
    done = run_python("-c", ORPHAN)
    assert done.returncode == -9, done.stdout
    port = int(done.stdout.strip().rsplit(":", 1)[1])
    deadline = time.monotonic() + LIMIT
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            return
        assert time.monotonic() < deadline, "the emulator still runs"

"""Faults that only a client can show: lags that it sees, its timeouts, its connections, its uploads and its attempts."""

import httpx
import pytest
from conftest import resolve
from llama_cloud import APITimeoutError, NotFoundError


@pytest.fixture
def start_faults(start_emulator, connect):
    """Starts an emulator with rules and connects a client to it."""

    def start(rules, *flags, **options):
        given = [word for rule in rules for word in ("--fault", rule)]
        emulator = start_emulator(*given, *flags)
        return emulator, connect(emulator, **options)

    return start


def outcomes(emulator, key):
    """The rules that each request met, with their outcomes."""
    return [[f"{note['rule']} {note['outcome']}" for note in entry["faults"]] for entry in emulator.journal(key)]


async def test_a_lag_on_an_auto_clock_is_seen_once(start_faults, key):
    emulator, client = start_faults(["directories.get lag=1h name=lag"], "--clock", "auto")
    directory = await resolve(client.beta.directories.create(name="d"))
    await resolve(client.beta.directories.list())
    with pytest.raises(NotFoundError):
        await resolve(client.beta.directories.get(directory.id))
    assert (await resolve(client.beta.directories.get(directory.id))).id == directory.id
    assert outcomes(emulator, key) == [[], [], ["lag struck"], ["lag inapplicable"]]
    assert emulator.check("--all-rules-struck").returncode == 0


async def test_a_lag_that_the_client_did_not_see_has_not_struck(start_faults):
    emulator, client = start_faults(["directories.get lag=1h"], "--clock", "auto")
    await resolve(client.beta.directories.create(name="d"))
    assert emulator.check("--all-rules-struck").returncode == 2


async def test_a_real_delay_meets_the_timeout_on_an_auto_clock(start_faults, key):
    timeout = httpx.Timeout(30, read=0.1)
    rules = ["directories.list delay=real:1h nth=1 name=slow"]
    emulator, client = start_faults(rules, "--clock", "auto", timeout=timeout, max_retries=1)
    await resolve(client.beta.directories.list())
    assert outcomes(emulator, key) == [["slow struck"], []]
    _, client = start_faults(["directories.list delay=real:1h"], "--clock", "auto", timeout=timeout, max_retries=0)
    with pytest.raises(APITimeoutError):
        await resolve(client.beta.directories.list())


async def test_a_client_uses_a_new_connection_after_an_unannounced_close(start_faults, key):
    emulator, client = start_faults(["directories.* close=after name=close"])
    made = [await resolve(client.beta.directories.create(name=f"d{number}")) for number in range(3)]
    assert len({directory.id for directory in made}) == 3
    assert emulator.statuses(key)[-1] == 201
    assert emulator.check("--no-duplicate-writes", "--all-rules-struck").returncode == 0


async def test_a_slow_upload_meets_the_timeout_and_is_retried(start_faults, key):
    timeout = httpx.Timeout(30, read=0.1)
    emulator, client = start_faults(
        ["files.create upload-bandwidth=100/s nth=1 name=slow"], timeout=timeout, max_retries=1
    )
    await resolve(client.files.create(file=("a.txt", b"a" * 10_000), purpose="user_data"))
    # The first request is recorded when its body has arrived, or when it is clear that it will not.
    struck = [rule["strikes"] for rule in emulator.admin_request("GET", "/faults", params={"tenant": key})["faults"]]
    assert emulator.statuses(key)[-1] == 201 and len(struck) == 1


async def test_attempts_are_those_that_the_sdk_reports(start_faults, key):
    rules = ["directories.create status=503 attempt=1 name=first", "directories.create status=503 attempt=2 name=second"]
    emulator, client = start_faults(rules, "--clock", "auto")
    for _ in range(2):
        await resolve(client.beta.directories.create(name="d"))
    assert emulator.statuses(key) == [503, 503, 201] * 2
    assert emulator.check("--max-attempts", "3", "--all-rules-struck").returncode == 0


async def test_a_rule_strikes_one_file_of_many(start_faults, key):
    rules = ["directories.files.upload status=503 when=body:/upload_file/filename=b.txt first=1 name=one"]
    emulator, client = start_faults(rules, "--clock", "auto")
    directory = await resolve(client.beta.directories.create(name="d"))
    for name in ("a.txt", "b.txt", "c.txt"):
        await resolve(client.beta.directories.files.upload(directory.id, upload_file=(name, b"text")))
    assert emulator.statuses(key, "directories.files.upload") == [201, 503, 201, 201]

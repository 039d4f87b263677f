"""Reports about the retries of the SDK: /__admin/retries and the subcommand `check`."""

import contextlib

import pytest
from conftest import resolve
from llama_cloud import APIConnectionError, InternalServerError

EXPECTATIONS = ("--max-attempts", "3", "--honour-retry-after", "--no-duplicate-writes")


def create(client):
    return resolve(client.indexes.create(source_directory_id="dir-abc123"))


async def test_correct_retries_meet_all_expectations(start_emulator, connect, key):
    emulator = start_emulator("--fault", "indexes.create status=429 retry-after-ms=20 first=2")
    client = connect(emulator)
    await create(client)
    await create(client)
    retries = emulator.retries(key)
    assert retries["single_calls"] == 1
    [chain] = retries["chains"]
    assert [attempt["status"] for attempt in chain["attempts"]] == [429, 429, 201]
    assert [attempt["promised_ms"] for attempt in chain["attempts"]] == [None, 20, 20]
    assert all(attempt["gap_ms"] >= 20 for attempt in chain["attempts"][1:])
    assert (chain["early_retries"], chain["needless_retries"], chain["duplicate_writes"]) == (0, 0, 0)

    held = emulator.check(*EXPECTATIONS)
    assert (held.returncode, held.stderr) == (0, "")
    lines = [f"passed: {flag}" for flag in ("--max-attempts 3", "--honour-retry-after", "--no-duplicate-writes")]
    assert held.stdout.splitlines() == [*lines, "1 requests were sent once, 1 were retried"]


async def test_a_lost_create_is_reported_as_a_duplicate_write(start_emulator, connect, key):
    emulator = start_emulator("--scenario", "lost-create")
    await create(connect(emulator))
    [chain] = emulator.retries(key)["chains"]
    assert (chain["operation"], chain["duplicate_writes"], chain["early_retries"]) == ("indexes.create", 1, 0)

    broken = emulator.check(*EXPECTATIONS)
    report = broken.stdout
    assert broken.returncode == 2 and "failed: --no-duplicate-writes" in report
    again = "request 2 created again what request 1 had created, whose response was lost"
    assert f"{chain['tenant']} indexes.create: {again}" in report
    assert emulator.check("--max-attempts", "3", "--honour-retry-after").returncode == 0


@pytest.mark.parametrize("max_retries", [0, 2])
async def test_an_upload_sent_again_is_a_duplicate_write(start_emulator, connect, key, max_retries):
    """Each attempt has a boundary of its own. With `max_retries=0` the program sends the upload again."""
    emulator = start_emulator("--fault", "directories.files.upload@after reset nth=1", "--time-scale", "0.001")
    client = connect(emulator, max_retries=max_retries)
    directory = await resolve(client.beta.directories.create(name="d"))
    for _ in range(2 - bool(max_retries)):
        with contextlib.suppress(APIConnectionError):
            await resolve(client.beta.directories.files.upload(directory.id, upload_file=("a.txt", b"text")))
    report = emulator.retries(key)
    assert [(write["first"], write["second"]) for write in report["duplicate_writes"]] == [(2, 3)]
    assert emulator.check("--no-duplicate-writes").returncode == 2


async def test_too_many_attempts_are_reported(start_emulator, connect, key):
    emulator = start_emulator("--fault", "indexes.create status=503", "--time-scale", "0.001")
    with pytest.raises(InternalServerError):
        await create(connect(emulator))
    broken = emulator.check(*EXPECTATIONS)
    assert broken.returncode == 2
    assert "indexes.create: sent 6 times, at most 3 are allowed" in broken.stdout
    assert emulator.check("--max-attempts", "6").returncode == 0


async def test_an_ignored_retry_after_is_reported(start_emulator, connect):
    emulator = start_emulator("--scenario", "retry-after-hour")
    await create(connect(emulator))
    broken = emulator.check(*EXPECTATIONS)
    assert broken.returncode == 2
    assert "1 retries were sent before the time in Retry-After" in broken.stdout
    assert "Retry-After was 3600000 ms" in broken.stdout


async def test_one_tenant_is_checked_without_the_others(start_emulator, connect, key):
    emulator = start_emulator("--scenario", "lost-create")
    await create(connect(emulator))
    await resolve(connect(emulator, api_key=key + "-other").beta.directories.create(name="Contracts"))
    assert emulator.check("--no-duplicate-writes", "--tenant", key + "-other").returncode == 0
    assert emulator.check("--no-duplicate-writes", "--tenant", key).returncode == 2


async def test_equal_requests_in_sequence_are_not_counted_as_retries(start_emulator, connect, key):
    emulator = start_emulator("--fault", "indexes.create status=503 every=3", "--time-scale", "0.001")
    client = connect(emulator)
    for _ in range(10):
        await create(client)
    retries = emulator.retries(key)
    assert retries["single_calls"] + len(retries["chains"]) == 10
    assert {len(chain["attempts"]) for chain in retries["chains"]} == {2}

"""What the emulator says of the SDK's retries: in /__admin/retries, and in the exit code of `check`."""

import pytest
from conftest import done
from llama_cloud import InternalServerError

EXPECTATIONS = ("--max-attempts", "3", "--honour-retry-after", "--no-duplicate-writes")


def create(client):
    return done(client.indexes.create(source_directory_id="dir-abc123"))


async def test_a_run_of_the_sdk_that_keeps_its_promises_holds(serve, connect, key):
    emulator = serve("--fault", "indexes.create status=429 retry-after-ms=20 first=2")
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
    assert held.stdout == "retries hold: 1 requests tried once, 1 tried again\n"


async def test_a_lost_create_breaks_the_promise_of_no_duplicates(serve, connect, key):
    emulator = serve("--scenario", "lost-create")
    await create(connect(emulator))
    [chain] = emulator.retries(key)["chains"]
    assert (chain["operation"], chain["duplicate_writes"], chain["early_retries"]) == ("indexes.create", 1, 0)

    broken = emulator.check(*EXPECTATIONS)
    assert (broken.returncode, broken.stdout) == (2, "")
    report = broken.stderr
    assert "retries do not hold" in report
    assert f"{chain['tenant']} indexes.create: 1 duplicates were made after a lost answer" in report
    assert "request 1: 201 (cut)" in report and "request 2: 201 (sent)" in report
    assert emulator.check("--max-attempts", "3", "--honour-retry-after").returncode == 0


async def test_five_retries_are_more_than_three_attempts(serve, connect, key):
    emulator = serve("--fault", "indexes.create status=503", "--time-scale", "0.001")
    with pytest.raises(InternalServerError):
        await create(connect(emulator))
    broken = emulator.check(*EXPECTATIONS)
    assert broken.returncode == 2
    assert "indexes.create: tried 6 times, at most 3 are allowed" in broken.stderr
    assert emulator.check("--max-attempts", "6").returncode == 0


async def test_an_hour_that_was_not_waited_breaks_the_promise_to_honour_it(serve, connect):
    emulator = serve("--scenario", "retry-after-hour")
    await create(connect(emulator))
    broken = emulator.check(*EXPECTATIONS)
    assert broken.returncode == 2
    assert "1 retries came before the promised time" in broken.stderr
    assert "3600000 ms were promised" in broken.stderr


async def test_one_tenant_is_judged_without_the_others(serve, connect, key):
    emulator = serve("--scenario", "lost-create")
    await create(connect(emulator))
    await done(connect(emulator, api_key=key + "-other").beta.directories.create(name="Contracts"))
    assert emulator.check("--no-duplicate-writes", "--tenant", key + "-other").returncode == 0
    assert emulator.check("--no-duplicate-writes", "--tenant", key).returncode == 2


async def test_equal_calls_that_follow_each_other_are_not_taken_for_retries(serve, connect, key):
    emulator = serve("--fault", "indexes.create status=503 every=3", "--time-scale", "0.001")
    client = connect(emulator)
    for _ in range(10):
        await create(client)
    retries = emulator.retries(key)
    assert retries["single_calls"] + len(retries["chains"]) == 10
    assert {len(chain["attempts"]) for chain in retries["chains"]} == {2}

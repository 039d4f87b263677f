"""The scenarios in which the service refuses, drops or delays calls, and what the SDK does under each."""

from datetime import datetime

import httpx
import pytest
from conftest import done, every
from llama_cloud import APITimeoutError, AuthenticationError, ConflictError, InternalServerError, RateLimitError

# The SDK's own: one call and five retries.
ALL_TRIES = 6


@pytest.fixture
def play(serve, connect):
    """Starts an emulator that plays a scenario, and connects a client to it."""

    def start(scenario, *flags, **options):
        emulator = serve("--scenario", scenario, *flags)
        return emulator, connect(emulator, **options)

    return start


def create(client):
    return done(client.indexes.create(source_directory_id="dir-abc123"))


def seconds_between(entries):
    """The gaps between calls on the tenant's clock."""
    moments = [datetime.fromisoformat(entry["at"].replace("Z", "+00:00")) for entry in entries]
    return [(after - before).total_seconds() for before, after in zip(moments, moments[1:])]


async def test_rate_limited_calls_wait_as_told_and_all_succeed(play, key):
    # A sync takes no time here, so that the clock jumps to the ends of promised waits alone.
    emulator, client = play("rate-limited", "--clock", "auto", "--sync-duration", "0")
    for _ in range(8):
        await create(client)
    assert emulator.statuses(key) == [201] * 5 + [429, 201] * 3
    limited = emulator.journal(key)[4:]
    assert seconds_between(limited) == [0, 2, 0, 2, 0, 2]
    assert [rule["strikes"] for rule in emulator.ask("GET", "/faults")["faults"]] == [3]


async def test_rate_limited_answers_say_honestly_how_long_to_wait(play):
    _, client = play("rate-limited", "--clock", "manual", max_retries=0)
    for _ in range(5):
        await create(client)
    with pytest.raises(RateLimitError) as caught:
        await create(client)
    headers = caught.value.response.headers
    assert (caught.value.status_code, headers["retry-after"], headers["x-mock-fault"]) == (429, "2", "rate-limit")
    assert (headers["x-ratelimit-limit"], headers["x-ratelimit-remaining"]) == ("5", "0")


async def test_under_a_flaky_service_every_call_succeeds_and_nothing_is_made_twice(play, key):
    emulator, client = play("flaky", "--clock", "auto", "--seed", "3")
    calls = 120
    for _ in range(calls):
        await create(client)
    statuses = emulator.statuses(key)
    failures = [status for status in statuses if status != 201]
    assert set(failures) == {500, 503, None}
    assert 0.05 < len(failures) / len(statuses) < 0.2
    assert statuses.count(201) == calls
    state = emulator.ask("GET", "/state", params={"tenant": key})
    assert len(state["tenants"][0]["indexes"]) == calls
    assert emulator.check("--no-duplicate-writes").returncode == 0


async def test_an_outage_is_outlived_by_a_call_that_comes_ten_seconds_in_but_by_none_before(play, key):
    emulator, client = play("outage", "--clock", "auto", "--sync-duration", "0")
    await create(client)
    emulator.advance("5s", key)
    with pytest.raises(InternalServerError) as caught:
        await create(client)
    assert (caught.value.status_code, caught.value.response.headers["retry-after"]) == (503, "5")
    during = emulator.journal(key)[1:]
    assert [entry["status"] for entry in during] == [503] * ALL_TRIES
    assert seconds_between(during) == [5] * (ALL_TRIES - 1)

    other, client = play("outage", "--clock", "auto", "--sync-duration", "0")
    await create(client)
    other.advance("10s", key)
    await create(client)
    assert other.statuses(key) == [201] + [503] * 5 + [201]


async def test_a_brownout_costs_time_and_retries_but_no_call(play, key):
    emulator, client = play("brownout", "--clock", "auto", "--sync-duration", "0", "--seed", "3")
    calls = 40
    for _ in range(calls):
        await create(client)
    struck = [note["rule"] for entry in emulator.journal(key) for note in entry["faults"]]
    statuses = emulator.statuses(key)
    assert set(statuses) == {201, 504} and statuses.count(201) == calls
    assert struck.count("gateway-timeout") == statuses.count(504) > 0
    assert 0.3 < struck.count("late") / len(statuses) < 0.7
    assert emulator.check("--no-duplicate-writes").returncode == 0
    for entry, gap in zip(emulator.journal(key), seconds_between(emulator.journal(key))):
        names = [note["rule"] for note in entry["faults"]]
        # A gateway gives up after five seconds; the client then waits as long as it would of itself.
        least, most = (5.5, 14) if "gateway-timeout" in names else (1, 5) if "late" in names else (0, 0)
        assert least <= gap <= most


async def test_a_slow_service_is_waited_for(play, key):
    emulator, client = play("slow", "--clock", "auto", "--sync-duration", "0")
    for _ in range(5):
        await create(client)
    assert emulator.statuses(key) == [201] * 5
    assert all(2 <= gap <= 4 for gap in seconds_between(emulator.journal(key)))


async def test_a_client_that_gives_up_on_a_slow_service_makes_an_index_with_every_try(play, key):
    impatient = httpx.Timeout(30, read=0.05)
    emulator, client = play("slow", "--time-scale", "0.5", timeout=impatient, max_retries=1)
    with pytest.raises(APITimeoutError):
        await create(client)
    state = emulator.ask("GET", "/state", params={"tenant": key})
    assert len(state["tenants"][0]["indexes"]) == 2
    assert emulator.check("--no-duplicate-writes").returncode == 2


async def test_a_lost_create_is_sent_again_and_leaves_two_indexes(play, key):
    emulator, client = play("lost-create")
    made = await create(client)
    assert emulator.statuses(key) == [None, 201]
    listed = await every(client.indexes.list())
    assert len(listed) == 2 and listed[0].id == made.id
    assert listed[0].name == listed[1].name
    await create(client)
    assert emulator.statuses(key, "indexes.create") == [None, 201, 201]


async def test_a_storm_of_409_takes_every_retry_before_it_is_a_conflict(play, key):
    emulator, client = play("cancel-409-storm", "--clock", "auto")
    index = await create(client)
    for _ in range(2):
        with pytest.raises(ConflictError) as caught:
            await done(client.indexes.cancel_sync(index.id))
        assert caught.value.body == {"detail": "No sync is in progress for this index"}
        # The clock jumps over the waits, which would be twelve seconds and more.
        assert caught.value.response.headers["retry-after-ms"] == "1"
    assert emulator.statuses(key, "indexes.cancel_sync") == [409] * ALL_TRIES * 2
    shown = await done(client.indexes.get(index.id, expand=["sync_in_progress"]))
    assert shown.metadata["status"] in ("pending", "ready")


async def test_an_hour_of_retry_after_is_not_waited_for(play, key):
    emulator, client = play("retry-after-hour")
    await create(client)
    assert emulator.statuses(key) == [429, 201]
    [chain] = emulator.retries(key)["chains"]
    assert chain["attempts"][1]["promised_ms"] == 3_600_000
    assert chain["early_retries"] == 1


async def test_a_gateways_html_is_the_errors_body_as_text(play, key):
    emulator, client = play("html-502", "--clock", "auto")
    with pytest.raises(InternalServerError) as caught:
        await create(client)
    assert caught.value.status_code == 502
    assert caught.value.response.headers["content-type"] == "text/html"
    assert isinstance(caught.value.body, str) and caught.value.body.startswith("<html>")
    assert emulator.statuses(key) == [502] * ALL_TRIES
    assert (await done(client.beta.directories.create(name="Contracts"))).name == "Contracts"


async def test_an_expired_key_is_refused_at_once_and_for_good(play, key):
    emulator, client = play("expired-key")
    for _ in range(10):
        await done(client.indexes.list())
    for _ in range(2):
        with pytest.raises(AuthenticationError) as caught:
            await done(client.indexes.list())
        assert caught.value.body == {"detail": "Invalid authentication token"}
    assert emulator.statuses(key) == [200] * 10 + [401] * 2

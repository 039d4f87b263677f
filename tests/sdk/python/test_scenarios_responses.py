"""Scenarios in which requests are rejected, dropped or delayed, and the behaviour of the SDK in each."""

from datetime import datetime

import httpx
import pytest
from conftest import collect, resolve
from llama_cloud import APITimeoutError, AuthenticationError, ConflictError, InternalServerError, RateLimitError

# The default of the SDK: one attempt and five retries.
ALL_ATTEMPTS = 6


@pytest.fixture
def start_scenario(start_emulator, connect):
    """Starts an emulator with a scenario and connects a client to it."""

    def start(scenario, *flags, **options):
        emulator = start_emulator("--scenario", scenario, *flags)
        return emulator, connect(emulator, **options)

    return start


def create(client):
    return resolve(client.indexes.create(source_directory_id="dir-abc123"))


def seconds_between(entries):
    """The gaps between requests on the tenant's clock."""
    times = [datetime.fromisoformat(entry["at"].replace("Z", "+00:00")) for entry in entries]
    return [(after - before).total_seconds() for before, after in zip(times, times[1:])]


async def test_rate_limited_requests_wait_for_retry_after_and_succeed(start_scenario, key):
    # Syncs take no time here, so the clock only jumps to the ends of promised waits.
    emulator, client = start_scenario("rate-limited", "--clock", "auto", "--sync-duration", "0")
    for _ in range(8):
        await create(client)
    assert emulator.statuses(key) == [201] * 5 + [429, 201] * 3
    limited = emulator.journal(key)[4:]
    assert seconds_between(limited) == [0, 2, 0, 2, 0, 2]
    assert [rule["strikes"] for rule in emulator.admin_request("GET", "/faults")["faults"]] == [3]


async def test_rate_limited_responses_have_correct_headers(start_scenario):
    _, client = start_scenario("rate-limited", "--clock", "manual", max_retries=0)
    for _ in range(5):
        await create(client)
    with pytest.raises(RateLimitError) as caught:
        await create(client)
    headers = caught.value.response.headers
    assert (caught.value.status_code, headers["retry-after"], headers["x-mock-fault"]) == (429, "2", "rate-limit")
    assert (headers["x-ratelimit-limit"], headers["x-ratelimit-remaining"]) == ("5", "0")


async def test_with_a_flaky_service_every_request_succeeds_without_duplicates(start_scenario, key):
    emulator, client = start_scenario("flaky", "--clock", "auto", "--seed", "3")
    count = 120
    for _ in range(count):
        await create(client)
    statuses = emulator.statuses(key)
    failures = [status for status in statuses if status != 201]
    assert set(failures) == {500, 503, None}
    assert 0.05 < len(failures) / len(statuses) < 0.2
    assert statuses.count(201) == count
    state = emulator.admin_request("GET", "/state", params={"tenant": key})
    assert len(state["tenants"][0]["indexes"]) == count
    assert emulator.check("--no-duplicate-writes").returncode == 0


async def test_retries_outlast_an_outage_only_for_later_requests(start_scenario, key):
    emulator, client = start_scenario("outage", "--clock", "auto", "--sync-duration", "0")
    await create(client)
    emulator.advance("5s", key)
    with pytest.raises(InternalServerError) as caught:
        await create(client)
    assert (caught.value.status_code, caught.value.response.headers["retry-after"]) == (503, "5")
    during = emulator.journal(key)[1:]
    assert [entry["status"] for entry in during] == [503] * ALL_ATTEMPTS
    assert seconds_between(during) == [5] * (ALL_ATTEMPTS - 1)

    other, client = start_scenario("outage", "--clock", "auto", "--sync-duration", "0")
    await create(client)
    other.advance("10s", key)
    await create(client)
    assert other.statuses(key) == [201] + [503] * 5 + [201]


async def test_a_brownout_causes_delays_and_retries_but_no_errors(start_scenario, key):
    emulator, client = start_scenario("brownout", "--clock", "auto", "--sync-duration", "0", "--seed", "3")
    count = 40
    for _ in range(count):
        await create(client)
    struck = [note["rule"] for entry in emulator.journal(key) for note in entry["faults"]]
    statuses = emulator.statuses(key)
    assert set(statuses) == {201, 504} and statuses.count(201) == count
    assert struck.count("gateway-timeout") == statuses.count(504) > 0
    assert 0.3 < struck.count("late") / len(statuses) < 0.7
    assert emulator.check("--no-duplicate-writes").returncode == 0
    for entry, gap in zip(emulator.journal(key), seconds_between(emulator.journal(key))):
        names = [note["rule"] for note in entry["faults"]]
        # The gateway's timeout is five seconds; then the client waits for its own backoff.
        least, most = (5.5, 14) if "gateway-timeout" in names else (1, 5) if "late" in names else (0, 0)
        assert least <= gap <= most


async def test_the_sdk_waits_for_a_slow_service(start_scenario, key):
    emulator, client = start_scenario("slow", "--clock", "auto", "--sync-duration", "0")
    for _ in range(5):
        await create(client)
    assert emulator.statuses(key) == [201] * 5
    assert all(2 <= gap <= 4 for gap in seconds_between(emulator.journal(key)))


async def test_a_timeout_at_a_slow_service_creates_one_index_per_attempt(start_scenario, key):
    short_timeout = httpx.Timeout(30, read=0.05)
    emulator, client = start_scenario("slow", "--time-scale", "0.5", timeout=short_timeout, max_retries=1)
    with pytest.raises(APITimeoutError):
        await create(client)
    state = emulator.admin_request("GET", "/state", params={"tenant": key})
    assert len(state["tenants"][0]["indexes"]) == 2
    assert emulator.check("--no-duplicate-writes").returncode == 2


async def test_a_lost_create_is_retried_and_creates_two_indexes(start_scenario, key):
    emulator, client = start_scenario("lost-create")
    made = await create(client)
    assert emulator.statuses(key) == [None, 201]
    listed = await collect(client.indexes.list())
    assert len(listed) == 2 and listed[0].id == made.id
    assert listed[0].name == listed[1].name
    await create(client)
    assert emulator.statuses(key, "indexes.create") == [None, 201, 201]


async def test_a_409_for_a_cancel_is_retried_before_it_is_a_conflict(start_scenario, key):
    emulator, client = start_scenario("cancel-409-storm", "--clock", "auto")
    index = await create(client)
    for _ in range(2):
        with pytest.raises(ConflictError) as caught:
            await resolve(client.indexes.cancel_sync(index.id))
        assert caught.value.body == {"detail": "No sync is in progress for this index"}
        # The clock jumps over the waits, which are at least twelve seconds.
        assert caught.value.response.headers["retry-after-ms"] == "1"
    assert emulator.statuses(key, "indexes.cancel_sync") == [409] * ALL_ATTEMPTS * 2
    shown = await resolve(client.indexes.get(index.id, expand=["sync_in_progress"]))
    assert shown.metadata["status"] in ("pending", "ready")


async def test_a_retry_after_of_one_hour_is_ignored(start_scenario, key):
    emulator, client = start_scenario("retry-after-hour")
    await create(client)
    assert emulator.statuses(key) == [429, 201]
    [chain] = emulator.retries(key)["chains"]
    assert chain["attempts"][1]["promised_ms"] == 3_600_000
    assert chain["early_retries"] == 1


async def test_the_html_of_a_gateway_is_the_body_of_the_error(start_scenario, key):
    emulator, client = start_scenario("html-502", "--clock", "auto")
    with pytest.raises(InternalServerError) as caught:
        await create(client)
    assert caught.value.status_code == 502
    assert caught.value.response.headers["content-type"] == "text/html"
    assert isinstance(caught.value.body, str) and caught.value.body.startswith("<html>")
    assert emulator.statuses(key) == [502] * ALL_ATTEMPTS
    assert (await resolve(client.beta.directories.create(name="Contracts"))).name == "Contracts"


async def test_an_expired_key_is_rejected_without_retries(start_scenario, key):
    emulator, client = start_scenario("expired-key")
    for _ in range(10):
        await resolve(client.indexes.list())
    for _ in range(2):
        with pytest.raises(AuthenticationError) as caught:
            await resolve(client.indexes.list())
        assert caught.value.body == {"detail": "Invalid authentication token"}
    assert emulator.statuses(key) == [200] * 10 + [401] * 2

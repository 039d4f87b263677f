"""Scenarios with unexpected content of responses, and the behaviour of the SDK in each."""

from json import JSONDecodeError

import pytest
from conftest import collect, resolve
from llama_cloud import APIResponseValidationError, NotFoundError, UnprocessableEntityError


@pytest.fixture
def start_scenario(start_emulator, connect):
    """Starts an emulator with a scenario and manual clocks, and connects a client to it."""

    def start(scenario, **options):
        emulator = start_emulator("--scenario", scenario, "--clock", "manual")
        return emulator, connect(emulator, **options)

    return start


def create(client):
    return resolve(client.indexes.create(source_directory_id="dir-abc123"))


@pytest.mark.parametrize("strict", [True, False])
async def test_truncated_json_raises_a_json_error_without_a_retry(start_scenario, key, strict):
    emulator, client = start_scenario("truncated-json", _strict_response_validation=strict)
    index = await create(client)
    with pytest.raises(JSONDecodeError):
        await resolve(client.indexes.get(index.id))
    with pytest.raises(JSONDecodeError):
        await collect(client.indexes.list())
    assert emulator.statuses(key) == [201, 200, 200]


async def test_contract_drift_is_detected_by_a_validating_client(start_scenario, key):
    emulator, client = start_scenario("contract-drift")
    index = await create(client)
    with pytest.raises(APIResponseValidationError):
        await resolve(client.indexes.get(index.id))
    assert emulator.statuses(key, "indexes.get") == [200]


async def test_contract_drift_is_not_detected_by_default(start_scenario, key):
    _, client = start_scenario("contract-drift", _strict_response_validation=False)
    index = await create(client)
    shown = await resolve(client.indexes.get(index.id))
    assert (shown.id, shown.name, shown.source_directory_id) == (index.id, None, None)
    assert shown.metadata == ["pending"]
    assert (shown.directory_id, shown.owner) == ("dir-abc123", {"type": "user"})


async def test_without_a_next_page_token_a_list_ends_without_an_error(start_scenario, key):
    emulator, client = start_scenario("contract-drift")
    for _ in range(5):
        await create(client)
    assert len(await collect(client.indexes.list(page_size=2))) == 2
    assert emulator.statuses(key, "indexes.list") == [200]


async def test_broken_pages_lose_indexes_without_and_then_with_an_error(start_scenario, key):
    emulator, client = start_scenario("pages-broken")
    made = [await create(client) for _ in range(6)]
    assert len(await collect(client.indexes.list(page_size=2))) == 2
    assert emulator.statuses(key, "indexes.list") == [200, 200]
    with pytest.raises(UnprocessableEntityError) as caught:
        await collect(client.indexes.list(page_size=2))
    assert caught.value.body["detail"][0]["loc"] == ["query", "page_token"]
    assert emulator.statuses(key, "indexes.list") == [200, 200, 200, 422]
    assert len(await collect(client.indexes.list(page_size=2))) == len(made)


async def test_the_empty_page_has_a_token_for_the_next_page(start_scenario):
    _, client = start_scenario("pages-broken")
    made = [await create(client) for _ in range(6)]
    first = await resolve(client.indexes.list(page_size=2))
    empty = await resolve(client.indexes.list(page_size=2, page_token=first.next_page_token))
    assert empty.items == [] and empty.next_page_token
    assert not empty.has_next_page()
    assert [index.id for index in first.items] == [index.id for index in reversed(made)][:2]


async def test_a_failed_sync_is_in_the_metadata_and_raises_nothing(start_scenario, key):
    emulator, client = start_scenario("sync-fails")
    index = await create(client)
    for _ in range(2):
        assert (await resolve(client.indexes.get(index.id, expand=["sync_in_progress"]))).sync_in_progress
        emulator.advance("2s", key)
        failed = await resolve(client.indexes.get(index.id, expand=["sync_in_progress"]))
        assert failed.metadata == {
            "status": "failed",
            "error_message": "Failed to parse 3 of 12 files: unsupported encryption",
        }
        assert failed.sync_in_progress is False
        assert failed.last_synced_at is None
        await resolve(client.indexes.sync(index.id))
    assert {entry["status"] for entry in emulator.journal(key)} == {200, 201, 202}


async def test_a_stuck_sync_never_ends_until_it_is_cancelled(start_scenario, key):
    emulator, client = start_scenario("sync-stuck")
    index = await create(client)
    emulator.advance("24h", key)
    stuck = await resolve(client.indexes.get(index.id, expand=["sync_in_progress"]))
    assert (stuck.metadata, stuck.sync_in_progress) == ({"status": "pending"}, True)
    await resolve(client.indexes.cancel_sync(index.id))
    over = await resolve(client.indexes.get(index.id, expand=["sync_in_progress"]))
    assert (over.metadata["status"], over.sync_in_progress) == ("failed", False)


async def test_stale_reads_show_the_state_of_two_seconds_ago(start_scenario, key):
    emulator, client = start_scenario("stale-reads")
    index = await create(client)
    with pytest.raises(NotFoundError):
        await resolve(client.indexes.get(index.id))
    assert await collect(client.indexes.list()) == []
    # A 404 is not retried.
    assert emulator.statuses(key, "indexes.get") == [404]
    emulator.advance("2s", key)
    assert (await resolve(client.indexes.get(index.id))).id == index.id
    assert [listed.id for listed in await collect(client.indexes.list())] == [index.id]

    await resolve(client.indexes.delete(index.id))
    assert (await resolve(client.indexes.get(index.id))).id == index.id
    assert len(await collect(client.indexes.list())) == 1
    emulator.advance("2s", key)
    with pytest.raises(NotFoundError):
        await resolve(client.indexes.get(index.id))
    assert await collect(client.indexes.list()) == []

"""The scenarios in which answers come but say something odd, and what the SDK makes of each."""

from json import JSONDecodeError

import pytest
from conftest import done, every
from llama_cloud import APIResponseValidationError, NotFoundError, UnprocessableEntityError


@pytest.fixture
def play(serve, connect):
    """Starts an emulator that plays a scenario, and connects a client to it. Clocks stand until moved."""

    def start(scenario, **options):
        emulator = serve("--scenario", scenario, "--clock", "manual")
        return emulator, connect(emulator, **options)

    return start


def create(client):
    return done(client.indexes.create(source_directory_id="dir-abc123"))


@pytest.mark.parametrize("strict", [True, False])
async def test_half_a_json_is_the_json_librarys_error_and_is_not_tried_again(play, key, strict):
    emulator, client = play("truncated-json", _strict_response_validation=strict)
    index = await create(client)
    with pytest.raises(JSONDecodeError):
        await done(client.indexes.get(index.id))
    with pytest.raises(JSONDecodeError):
        await every(client.indexes.list())
    assert emulator.statuses(key) == [201, 200, 200]


async def test_drift_is_caught_by_a_client_that_validates(play, key):
    emulator, client = play("contract-drift")
    index = await create(client)
    with pytest.raises(APIResponseValidationError):
        await done(client.indexes.get(index.id))
    assert emulator.statuses(key, "indexes.get") == [200]


async def test_drift_passes_silently_into_a_client_as_it_is_by_default(play, key):
    _, client = play("contract-drift", _strict_response_validation=False)
    index = await create(client)
    shown = await done(client.indexes.get(index.id))
    assert (shown.id, shown.name, shown.source_directory_id) == (index.id, None, None)
    assert shown.metadata == ["pending"]
    assert (shown.directory_id, shown.owner) == ("dir-abc123", {"type": "user"})


async def test_without_the_next_token_a_list_ends_silently_after_its_first_page(play, key):
    emulator, client = play("contract-drift")
    for _ in range(5):
        await create(client)
    assert len(await every(client.indexes.list(page_size=2))) == 2
    assert emulator.statuses(key, "indexes.list") == [200]


async def test_broken_pages_lose_indexes_silently_and_then_loudly(play, key):
    emulator, client = play("pages-broken")
    made = [await create(client) for _ in range(6)]
    assert len(await every(client.indexes.list(page_size=2))) == 2
    assert emulator.statuses(key, "indexes.list") == [200, 200]
    with pytest.raises(UnprocessableEntityError) as caught:
        await every(client.indexes.list(page_size=2))
    assert caught.value.body["detail"][0]["loc"] == ["query", "page_token"]
    assert emulator.statuses(key, "indexes.list") == [200, 200, 200, 422]
    assert len(await every(client.indexes.list(page_size=2))) == len(made)


async def test_the_empty_page_has_a_token_that_leads_on(play):
    _, client = play("pages-broken")
    made = [await create(client) for _ in range(6)]
    first = await done(client.indexes.list(page_size=2))
    empty = await done(client.indexes.list(page_size=2, page_token=first.next_page_token))
    assert empty.items == [] and empty.next_page_token
    assert not empty.has_next_page()
    assert [index.id for index in first.items] == [index.id for index in reversed(made)][:2]


async def test_a_failing_sync_tells_why_in_the_metadata_and_raises_nothing(play, key):
    emulator, client = play("sync-fails")
    index = await create(client)
    for _ in range(2):
        assert (await done(client.indexes.get(index.id, expand=["sync_in_progress"]))).sync_in_progress
        emulator.advance("2s", key)
        failed = await done(client.indexes.get(index.id, expand=["sync_in_progress"]))
        assert failed.metadata == {
            "status": "failed",
            "error_message": "Failed to parse 3 of 12 files: unsupported encryption",
        }
        assert failed.sync_in_progress is False
        assert failed.last_synced_at is None
        await done(client.indexes.sync(index.id))
    assert {entry["status"] for entry in emulator.journal(key)} == {200, 201, 202}


async def test_a_stuck_sync_never_ends_until_it_is_cancelled(play, key):
    emulator, client = play("sync-stuck")
    index = await create(client)
    emulator.advance("24h", key)
    stuck = await done(client.indexes.get(index.id, expand=["sync_in_progress"]))
    assert (stuck.metadata, stuck.sync_in_progress) == ({"status": "pending"}, True)
    await done(client.indexes.cancel_sync(index.id))
    over = await done(client.indexes.get(index.id, expand=["sync_in_progress"]))
    assert (over.metadata["status"], over.sync_in_progress) == ("failed", False)


async def test_stale_reads_show_the_world_of_two_seconds_ago(play, key):
    emulator, client = play("stale-reads")
    index = await create(client)
    with pytest.raises(NotFoundError):
        await done(client.indexes.get(index.id))
    assert await every(client.indexes.list()) == []
    # A 404 is not tried again.
    assert emulator.statuses(key, "indexes.get") == [404]
    emulator.advance("2s", key)
    assert (await done(client.indexes.get(index.id))).id == index.id
    assert [listed.id for listed in await every(client.indexes.list())] == [index.id]

    await done(client.indexes.delete(index.id))
    assert (await done(client.indexes.get(index.id))).id == index.id
    assert len(await every(client.indexes.list())) == 1
    emulator.advance("2s", key)
    with pytest.raises(NotFoundError):
        await done(client.indexes.get(index.id))
    assert await every(client.indexes.list()) == []

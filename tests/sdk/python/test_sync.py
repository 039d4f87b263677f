"""The life of an index as a client follows it. Clocks are moved; nothing sleeps."""

import pytest
from conftest import done

WAIT = "50ms"


async def seen(client, index):
    shown = await done(client.indexes.get(index.id, expand=["sync_in_progress"]))
    return shown.metadata["status"], shown.sync_in_progress


async def wait_until_over(client, emulator, key, index):
    """What an application's waiting loop does, but that it moves the clock instead of sleeping."""
    for polls in range(100):
        status, in_progress = await seen(client, index)
        if not in_progress:
            return status, polls
        emulator.advance(WAIT, key)
    raise AssertionError("the sync never ended")


async def test_a_new_index_becomes_ready_when_its_first_sync_is_over(client, shared, key):
    index = await done(client.indexes.create(source_directory_id="dir-abc123"))
    assert (index.last_synced_at, index.last_exported_at) == (None, None)
    assert await wait_until_over(client, shared, key, index) == ("ready", 4)
    ready = await done(client.indexes.get(index.id))
    assert (ready.last_synced_at - index.created_at).total_seconds() == 0.2
    assert ready.last_exported_at >= ready.last_synced_at


async def test_progress_is_shown_to_those_alone_who_ask_for_it(client):
    index = await done(client.indexes.create(source_directory_id="dir-abc123"))
    assert index.sync_in_progress is None
    assert (await done(client.indexes.get(index.id))).sync_in_progress is None
    assert (await done(client.indexes.get(index.id, expand=["sync_in_progress"]))).sync_in_progress is True


async def test_during_a_second_sync_the_status_still_tells_of_the_first(client, shared, key):
    index = await done(client.indexes.create(source_directory_id="dir-abc123"))
    await wait_until_over(client, shared, key, index)
    first = await done(client.indexes.get(index.id))
    await done(client.indexes.sync(index.id))
    assert await seen(client, index) == ("ready", True)
    assert await wait_until_over(client, shared, key, index) == ("ready", 4)
    assert (await done(client.indexes.get(index.id))).last_synced_at > first.last_synced_at


async def test_a_first_sync_that_is_cancelled_has_failed(client):
    index = await done(client.indexes.create(source_directory_id="dir-abc123"))
    await done(client.indexes.cancel_sync(index.id))
    shown = await done(client.indexes.get(index.id, expand=["sync_in_progress"]))
    assert shown.metadata == {"status": "failed", "error_message": "Sync was cancelled"}
    assert shown.sync_in_progress is False


@pytest.mark.parametrize(("name", "status"), [("mock:fail", "failed"), ("mock:slow=1s", "ready")])
async def test_a_magic_name_decides_how_the_first_sync_ends(client, shared, key, name, status):
    index = await done(client.indexes.create(source_directory_id="dir-abc123", name=name))
    assert (await wait_until_over(client, shared, key, index))[0] == status


async def test_an_export_has_its_own_time(serve, connect, key):
    emulator = serve("--clock", "manual", "--sync-duration", "1s", "--export-duration", "2s")
    client = connect(emulator)
    index = await done(client.indexes.create(source_directory_id="dir-abc123"))
    emulator.advance("1s", key)
    exporting = await done(client.indexes.get(index.id, expand=["sync_in_progress"]))
    assert exporting.last_synced_at is not None and exporting.last_exported_at is None
    assert (exporting.metadata["status"], exporting.sync_in_progress) == ("pending", True)
    emulator.advance("2s", key)
    assert await seen(client, index) == ("ready", False)


async def test_under_an_auto_clock_a_waiting_loop_needs_no_steering(serve, connect):
    client = connect(serve("--clock", "auto", "--sync-duration", "1h"))
    index = await done(client.indexes.create(source_directory_id="dir-abc123"))
    for _ in range(10):
        status, in_progress = await seen(client, index)
        if not in_progress:
            break
    assert (status, in_progress) == ("ready", False)

"""Syncs of an index as a client sees them. Clocks are advanced; no test sleeps."""

import pytest
from conftest import resolve

WAIT = "50ms"


async def seen(client, index):
    shown = await resolve(client.indexes.get(index.id, expand=["sync_in_progress"]))
    return shown.metadata["status"], shown.sync_in_progress


async def wait_until_sync_ends(client, emulator, key, index):
    """Polls like an application, but advances the clock instead of sleeping."""
    for polls in range(100):
        status, in_progress = await seen(client, index)
        if not in_progress:
            return status, polls
        emulator.advance(WAIT, key)
    raise AssertionError("the sync never ended")


async def test_a_new_index_becomes_ready_when_its_first_sync_ends(client, shared, key):
    index = await resolve(client.indexes.create(source_directory_id="dir-abc123"))
    assert (index.last_synced_at, index.last_exported_at) == (None, None)
    assert await wait_until_sync_ends(client, shared, key, index) == ("ready", 4)
    ready = await resolve(client.indexes.get(index.id))
    assert (ready.last_synced_at - index.created_at).total_seconds() == 0.2
    assert ready.last_exported_at >= ready.last_synced_at


async def test_sync_in_progress_is_null_unless_expanded(client):
    index = await resolve(client.indexes.create(source_directory_id="dir-abc123"))
    assert index.sync_in_progress is None
    assert (await resolve(client.indexes.get(index.id))).sync_in_progress is None
    assert (await resolve(client.indexes.get(index.id, expand=["sync_in_progress"]))).sync_in_progress is True


async def test_the_status_does_not_change_during_a_second_sync(client, shared, key):
    index = await resolve(client.indexes.create(source_directory_id="dir-abc123"))
    await wait_until_sync_ends(client, shared, key, index)
    first = await resolve(client.indexes.get(index.id))
    await resolve(client.indexes.sync(index.id))
    assert await seen(client, index) == ("ready", True)
    assert await wait_until_sync_ends(client, shared, key, index) == ("ready", 4)
    assert (await resolve(client.indexes.get(index.id))).last_synced_at > first.last_synced_at


async def test_a_cancelled_first_sync_is_failed(client):
    index = await resolve(client.indexes.create(source_directory_id="dir-abc123"))
    await resolve(client.indexes.cancel_sync(index.id))
    shown = await resolve(client.indexes.get(index.id, expand=["sync_in_progress"]))
    assert shown.metadata == {"status": "failed", "error_message": "Sync was cancelled"}
    assert shown.sync_in_progress is False


@pytest.mark.parametrize(("name", "status"), [("mock:fail", "failed"), ("mock:slow=1s", "ready")])
async def test_a_magic_name_decides_how_the_first_sync_ends(client, shared, key, name, status):
    index = await resolve(client.indexes.create(source_directory_id="dir-abc123", name=name))
    assert (await wait_until_sync_ends(client, shared, key, index))[0] == status


async def test_an_export_has_its_own_duration(start_emulator, connect, key):
    emulator = start_emulator("--clock", "manual", "--sync-duration", "1s", "--export-duration", "2s")
    client = connect(emulator)
    index = await resolve(client.indexes.create(source_directory_id="dir-abc123"))
    emulator.advance("1s", key)
    exporting = await resolve(client.indexes.get(index.id, expand=["sync_in_progress"]))
    assert exporting.last_synced_at is not None and exporting.last_exported_at is None
    assert (exporting.metadata["status"], exporting.sync_in_progress) == ("pending", True)
    emulator.advance("2s", key)
    assert await seen(client, index) == ("ready", False)


async def test_with_an_auto_clock_a_polling_loop_ends_at_once(start_emulator, connect):
    client = connect(start_emulator("--clock", "auto", "--sync-duration", "1h"))
    index = await resolve(client.indexes.create(source_directory_id="dir-abc123"))
    for _ in range(10):
        status, in_progress = await seen(client, index)
        if not in_progress:
            break
    assert (status, in_progress) == ("ready", False)

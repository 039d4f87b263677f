"""Each key is a tenant with its own state."""

import pytest
from conftest import collect, resolve
from llama_cloud import NotFoundError


async def test_keys_do_not_see_each_others_indexes(shared, connect, key):
    one, other = connect(shared), connect(shared, api_key=key + "-other")
    made = await resolve(one.indexes.create(source_directory_id="dir-abc123"))
    with pytest.raises(NotFoundError):
        await resolve(other.indexes.get(made.id))
    with pytest.raises(NotFoundError):
        await resolve(other.indexes.delete(made.id))
    assert await collect(other.indexes.list()) == []
    assert [index.id for index in await collect(one.indexes.list())] == [made.id]


async def test_the_same_directory_id_is_a_different_directory_for_another_key(shared, connect, key):
    one, other = connect(shared), connect(shared, api_key=key + "-other")
    indexes = [await resolve(client.indexes.create(source_directory_id="dir-abc123")) for client in (one, other)]
    assert indexes[0].project_id != indexes[1].project_id
    assert indexes[0].id != indexes[1].id


async def test_advancing_one_clock_does_not_affect_another_key(shared, connect, key):
    clients = [connect(shared), connect(shared, api_key=key + "-other")]
    made = [await resolve(client.indexes.create(source_directory_id="dir-abc123")) for client in clients]
    shared.advance("1s", key)
    shown = [await resolve(client.indexes.get(index.id)) for client, index in zip(clients, made)]
    assert [index.metadata["status"] for index in shown] == ["ready", "pending"]


async def test_without_isolation_all_keys_share_one_state(start_emulator, connect, key):
    emulator = start_emulator("--isolation", "none")
    made = await resolve(connect(emulator).indexes.create(source_directory_id="dir-abc123"))
    other = connect(emulator, api_key=key + "-other")
    assert [index.id for index in await collect(other.indexes.list())] == [made.id]


async def test_equal_seeds_give_equal_ids_independent_of_other_keys(start_emulator, connect, key):
    flags = ("--clock", "manual", "--start-time", "2026-01-01T00:00:00Z", "--seed", "42")
    quiet, busy = start_emulator(*flags), start_emulator(*flags)
    await resolve(connect(busy, api_key=key + "-other").indexes.create(source_directory_id="dir-noise"))
    made = [await resolve(connect(emulator).indexes.create(source_directory_id="dir-abc123")) for emulator in (quiet, busy)]
    assert (quiet.seed, busy.seed) == (42, 42)
    assert made[0].model_dump() == made[1].model_dump()

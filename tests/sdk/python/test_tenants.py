"""A key is a world of its own."""

import pytest
from conftest import done, every
from llama_cloud import NotFoundError


async def test_what_one_key_makes_another_never_sees(shared, connect, key):
    one, other = connect(shared), connect(shared, api_key=key + "-other")
    made = await done(one.indexes.create(source_directory_id="dir-abc123"))
    with pytest.raises(NotFoundError):
        await done(other.indexes.get(made.id))
    with pytest.raises(NotFoundError):
        await done(other.indexes.delete(made.id))
    assert await every(other.indexes.list()) == []
    assert [index.id for index in await every(one.indexes.list())] == [made.id]


async def test_the_same_directory_id_is_another_directory_for_another_key(shared, connect, key):
    one, other = connect(shared), connect(shared, api_key=key + "-other")
    indexes = [await done(client.indexes.create(source_directory_id="dir-abc123")) for client in (one, other)]
    assert indexes[0].project_id != indexes[1].project_id
    assert indexes[0].id != indexes[1].id


async def test_moving_the_clock_of_one_key_leaves_the_other_where_it_was(shared, connect, key):
    clients = [connect(shared), connect(shared, api_key=key + "-other")]
    made = [await done(client.indexes.create(source_directory_id="dir-abc123")) for client in clients]
    shared.advance("1s", key)
    shown = [await done(client.indexes.get(index.id)) for client, index in zip(clients, made)]
    assert [index.metadata["status"] for index in shown] == ["ready", "pending"]


async def test_without_isolation_every_key_sees_the_same_world(serve, connect, key):
    emulator = serve("--isolation", "none")
    made = await done(connect(emulator).indexes.create(source_directory_id="dir-abc123"))
    other = connect(emulator, api_key=key + "-other")
    assert [index.id for index in await every(other.indexes.list())] == [made.id]


async def test_equal_seeds_give_equal_worlds_whatever_other_keys_do(serve, connect, key):
    flags = ("--clock", "manual", "--start-time", "2026-01-01T00:00:00Z", "--seed", "42")
    quiet, busy = serve(*flags), serve(*flags)
    await done(connect(busy, api_key=key + "-other").indexes.create(source_directory_id="dir-noise"))
    made = [await done(connect(emulator).indexes.create(source_directory_id="dir-abc123")) for emulator in (quiet, busy)]
    assert (quiet.seed, busy.seed) == (42, 42)
    assert made[0].model_dump() == made[1].model_dump()

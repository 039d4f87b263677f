"""The paging of the SDK."""

import pytest
from conftest import collect, one_by_one, resolve


async def make_indexes(client, count):
    made = [await resolve(client.indexes.create(source_directory_id="dir-abc123", name=f"{n}")) for n in range(count)]
    return [index.id for index in reversed(made)]


@pytest.mark.parametrize(("count", "page_size", "pages"), [(7, 2, 4), (6, 2, 3), (5, 1, 5), (3, 1000, 1), (0, 2, 1)])
async def test_every_index_is_listed_exactly_once(client, shared, key, count, page_size, pages):
    made = await make_indexes(client, count)
    listed = await collect(client.indexes.list(page_size=page_size))
    assert [index.id for index in listed] == made
    assert len(shared.journal(key, "indexes.list")) == pages


async def test_pages_can_be_requested_one_by_one(client):
    made = await make_indexes(client, 5)
    pages = await one_by_one(client.indexes.list(page_size=2))
    assert [[index.id for index in page.items] for page in pages] == [made[:2], made[2:4], made[4:]]
    assert pages[-1].next_page_token is None


async def test_changes_between_pages_do_not_affect_other_indexes(client):
    made = await make_indexes(client, 6)
    first = await resolve(client.indexes.list(page_size=2))
    await resolve(client.indexes.create(source_directory_id="dir-abc123"))
    await resolve(client.indexes.delete(made[1]))
    await resolve(client.indexes.delete(made[2]))
    second = await resolve(first.get_next_page())
    third = await resolve(second.get_next_page()) if second.has_next_page() else None
    rest = second.items + (third.items if third else [])
    assert [index.id for index in rest] == made[3:]


async def test_the_default_page_size_is_that_of_the_server(start_emulator, connect, key):
    emulator = start_emulator("--page-size", "3")
    client = connect(emulator)
    made = await make_indexes(client, 7)
    assert [index.id for index in await collect(client.indexes.list())] == made
    assert len(emulator.journal(key, "indexes.list")) == 3

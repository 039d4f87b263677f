"""The SDK's own paging over lists of several pages."""

import pytest
from conftest import done, every


async def make_indexes(client, count):
    made = [await done(client.indexes.create(source_directory_id="dir-abc123", name=f"{n}")) for n in range(count)]
    return [index.id for index in reversed(made)]


@pytest.mark.parametrize(("count", "page_size", "pages"), [(7, 2, 4), (6, 2, 3), (5, 1, 5), (3, 1000, 1), (0, 2, 1)])
async def test_no_index_comes_twice_and_none_is_lost(client, shared, key, count, page_size, pages):
    made = await make_indexes(client, count)
    listed = await every(client.indexes.list(page_size=page_size))
    assert [index.id for index in listed] == made
    assert len(shared.journal(key, "indexes.list")) == pages


async def test_pages_can_be_turned_by_hand(client):
    made = await make_indexes(client, 5)
    page, seen = await done(client.indexes.list(page_size=2)), []
    while True:
        seen.append([index.id for index in page.items])
        if not page.has_next_page():
            break
        page = await done(page.get_next_page())
    assert seen == [made[:2], made[2:4], made[4:]]
    assert page.next_page_token is None


async def test_what_comes_and_goes_between_pages_disturbs_no_other_index(client):
    made = await make_indexes(client, 6)
    first = await done(client.indexes.list(page_size=2))
    await done(client.indexes.create(source_directory_id="dir-abc123"))
    await done(client.indexes.delete(made[1]))
    await done(client.indexes.delete(made[2]))
    second = await done(first.get_next_page())
    third = await done(second.get_next_page()) if second.has_next_page() else None
    rest = second.items + (third.items if third else [])
    assert [index.id for index in rest] == made[3:]


async def test_the_page_size_of_the_server_holds_when_the_client_names_none(serve, connect, key):
    emulator = serve("--page-size", "3")
    client = connect(emulator)
    made = await make_indexes(client, 7)
    assert [index.id for index in await every(client.indexes.list())] == made
    assert len(emulator.journal(key, "indexes.list")) == 3

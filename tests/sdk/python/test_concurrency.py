"""Parallel requests: each gets its own response."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from llama_cloud import AsyncLlamaCloud, LlamaCloud

CLIENTS = 50


def names_of(made, shown):
    return [(index.name, shown_index.name) for index, shown_index in zip(made, shown)]


EXPECTED = [(f"index {n}", f"index {n}") for n in range(CLIENTS)]


def test_fifty_threads_share_a_client(shared, key):
    with LlamaCloud(base_url=shared.url, api_key=key, _strict_response_validation=True) as client:
        with ThreadPoolExecutor(CLIENTS) as threads:
            made = list(
                threads.map(
                    lambda n: client.indexes.create(source_directory_id="dir-abc123", name=f"index {n}"), range(CLIENTS)
                )
            )
            shown = list(threads.map(lambda index: client.indexes.get(index.id), made))
        assert names_of(made, shown) == EXPECTED
        assert {index.id for index in client.indexes.list(page_size=7)} == {index.id for index in made}
    assert {entry["status"] for entry in shared.journal(key)} == {200, 201}


async def test_fifty_tasks_share_a_client(shared, key):
    async with AsyncLlamaCloud(base_url=shared.url, api_key=key, _strict_response_validation=True) as client:
        made = await asyncio.gather(
            *(client.indexes.create(source_directory_id="dir-abc123", name=f"index {n}") for n in range(CLIENTS))
        )
        shown = await asyncio.gather(*(client.indexes.get(index.id) for index in made))
        assert names_of(made, shown) == EXPECTED
        assert {index.id async for index in client.indexes.list(page_size=7)} == {index.id for index in made}
    assert {entry["status"] for entry in shared.journal(key)} == {200, 201}


async def test_fifty_parallel_keys_are_isolated(shared, key):
    async with AsyncLlamaCloud(base_url=shared.url, api_key=key, _strict_response_validation=True) as first:

        async def work(number):
            client = first.with_options(api_key=f"{key}-{number}")
            made = [await client.indexes.create(source_directory_id="dir-abc123") for _ in range(3)]
            listed = [index.id async for index in client.indexes.list(page_size=2)]
            return [index.id for index in reversed(made)] == listed

        assert await asyncio.gather(*(work(number) for number in range(CLIENTS))) == [True] * CLIENTS

"""Configurations of the SDK for the emulator."""

import pytest
from conftest import collect, resolve
from llama_cloud import AsyncLlamaCloud, LlamaCloud

KINDS = pytest.mark.parametrize("kind", [LlamaCloud, AsyncLlamaCloud], ids=["sync", "async"])


@KINDS
@pytest.mark.parametrize("key_variable", ["LLAMA_CLOUD_API_KEY", "LLAMA_PARSE_API_KEY"])
async def test_the_environment_variables_are_sufficient(shared, key, monkeypatch, kind, key_variable):
    monkeypatch.setenv("LLAMA_CLOUD_BASE_URL", shared.url)
    monkeypatch.setenv(key_variable, key)
    client = kind()
    made = await resolve(client.indexes.create(source_directory_id="dir-abc123"))
    await resolve(client.close())
    assert [entry["status"] for entry in shared.journal(key)] == [201]
    assert made.id.startswith("idx-")


async def test_a_base_url_may_end_in_a_slash(shared, connect, key):
    client = connect(shared, base_url=shared.url + "/")
    made = await resolve(client.indexes.create(source_directory_id="dir-abc123"))
    assert [index.id for index in await collect(client.indexes.list())] == [made.id]
    assert [entry["path"] for entry in shared.journal(key)] == ["/api/v1/indexes"] * 2


async def test_localhost_works_like_its_address(shared, connect):
    client = connect(shared, base_url=shared.url.replace("127.0.0.1", "localhost"))
    assert await collect(client.indexes.list()) == []


async def test_additional_headers_and_parameters_are_ignored(shared, connect, key):
    client = connect(shared, default_headers={"X-SDK-Name": "tests"}, default_query={"unknown": "1"})
    made = await resolve(client.indexes.create(source_directory_id="dir-abc123", extra_body={"later_field": [1]}))
    assert made.id.startswith("idx-")

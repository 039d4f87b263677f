"""Raw responses: bytes and headers."""

import json

from conftest import resolve


async def test_a_raw_create_response_has_status_headers_and_compact_json(client):
    raw = await resolve(client.indexes.with_raw_response.create(source_directory_id="dir-abc123"))
    assert raw.status_code == 201
    assert raw.headers["content-type"] == "application/json"
    assert int(raw.headers["content-length"]) == len(await body_of(raw))
    document = json.loads(await body_of(raw))
    assert json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode() == await body_of(raw)
    assert list(document) == [
        "id",
        "created_at",
        "updated_at",
        "name",
        "description",
        "project_id",
        "source_directory_id",
        "output_directory_id",
        "sync_config_id",
        "export_config_id",
        "last_synced_at",
        "last_exported_at",
        "metadata",
        "sync_in_progress",
    ]
    assert (await resolve(raw.parse())).id == document["id"]
    assert raw.retries_taken == 0


async def test_a_delete_returns_204_without_a_body(client):
    made = await resolve(client.indexes.create(source_directory_id="dir-abc123"))
    raw = await resolve(client.indexes.with_raw_response.delete(made.id))
    assert (raw.status_code, await body_of(raw)) == (204, b"")


async def test_a_sync_returns_202_and_json(client, shared, key):
    made = await resolve(client.indexes.create(source_directory_id="dir-abc123"))
    shared.advance("1s", key)
    for call in (client.indexes.with_raw_response.sync, client.indexes.with_raw_response.cancel_sync):
        raw = await resolve(call(made.id))
        assert (raw.status_code, await body_of(raw)) == (202, b"null")


async def test_a_response_can_be_streamed(client):
    made = await resolve(client.indexes.create(source_directory_id="dir-abc123"))
    stream = client.indexes.with_streaming_response.get(made.id)
    if hasattr(stream, "__aenter__"):
        async with stream as response:
            text = "".join([part async for part in response.iter_text(7)])
    else:
        with stream as response:
            text = "".join(response.iter_text(7))
    assert response.status_code == 200
    assert json.loads(text)["id"] == made.id


async def body_of(raw):
    return await resolve(raw.read())

"""API errors as the SDK raises them: type, status, body and number of attempts."""

import pytest
from conftest import resolve
from llama_cloud import AuthenticationError, ConflictError, NotFoundError, UnprocessableEntityError


async def refused(error, send):
    with pytest.raises(error) as caught:
        await resolve(send())
    return caught.value.status_code, caught.value.body


async def test_an_unknown_index_is_not_found_by_any_operation(client, shared, key):
    for call in (client.indexes.get, client.indexes.delete, client.indexes.sync, client.indexes.cancel_sync):
        assert await refused(NotFoundError, lambda: call("idx-unknown")) == (404, {"detail": "Index not found"})
    assert shared.statuses(key) == [404] * 4


async def test_an_unknown_directory_is_not_found(client):
    refusal = await refused(NotFoundError, lambda: client.beta.directories.get("dir-unknown"))
    assert refusal == (404, {"detail": "Directory not found"})


async def test_an_unknown_key_is_rejected_and_creates_no_tenant(start_emulator, connect):
    emulator = start_emulator("--api-key", "llx-good")
    bad = connect(emulator, api_key="llx-bad")
    refusal = await refused(AuthenticationError, lambda: bad.indexes.create(source_directory_id="dir-abc123"))
    assert refusal == (401, {"detail": "Invalid authentication token"})
    assert emulator.admin_request("GET", "/state")["tenants"] == []

    good = connect(emulator, api_key="llx-good")
    assert (await resolve(good.indexes.create(source_directory_id="dir-abc123"))).id.startswith("idx-")


async def test_a_sync_during_a_sync_is_a_conflict_that_the_sdk_retries(client, shared, key):
    made = await resolve(client.indexes.create(source_directory_id="dir-abc123"))
    once = client.with_options(max_retries=0)
    refusal = await refused(ConflictError, lambda: once.indexes.sync(made.id))
    assert refusal == (409, {"detail": "A sync is already in progress for this index"})
    assert shared.statuses(key, "indexes.sync") == [409]

    again = client.with_options(max_retries=1)
    await refused(ConflictError, lambda: again.indexes.sync(made.id))
    assert shared.statuses(key, "indexes.sync") == [409, 409, 409]


async def test_a_cancel_without_a_running_sync_is_a_conflict(client, shared, key):
    made = await resolve(client.indexes.create(source_directory_id="dir-abc123"))
    shared.advance("1s", key)
    once = client.with_options(max_retries=0)
    refusal = await refused(ConflictError, lambda: once.indexes.cancel_sync(made.id))
    assert refusal == (409, {"detail": "No sync is in progress for this index"})


async def test_all_violations_are_reported_in_the_words_of_the_framework(client, shared, key):
    status, body = await refused(
        UnprocessableEntityError,
        lambda: client.indexes.create(source_directory_id=7, vector_target="NONE", project_id="mine"),
    )
    assert status == 422
    assert body == {
        "detail": [
            {
                "type": "uuid_parsing",
                "loc": ["query", "project_id"],
                "msg": "Input should be a valid UUID, invalid character: found `m` at 0",
                "input": "mine",
                "ctx": {"error": "invalid character: found `m` at 0"},
            },
            {
                "type": "string_type",
                "loc": ["body", "source_directory_id"],
                "msg": "Input should be a valid string",
                "input": 7,
            },
            {
                "type": "literal_error",
                "loc": ["body", "vector_target"],
                "msg": "Input should be 'DEFAULT' or 'DISABLED'",
                "input": "NONE",
                "ctx": {"expected": "'DEFAULT' or 'DISABLED'"},
            },
        ]
    }
    assert shared.statuses(key) == [422]


async def test_a_missing_field_is_named(client):
    # The SDK requires the argument, so the request is sent directly.
    status, body = await refused(UnprocessableEntityError, lambda: client.post("/api/v1/indexes", body={}, cast_to=object))
    assert status == 422
    assert body == {
        "detail": [{"type": "missing", "loc": ["body", "source_directory_id"], "msg": "Field required", "input": {}}]
    }


async def test_values_checked_by_the_service_are_rejected(client):
    status, body = await refused(
        UnprocessableEntityError,
        lambda: client.indexes.create(source_directory_id="dir-abc123", sync_frequency="hourly"),
    )
    assert (status, [(entry["type"], entry["loc"]) for entry in body["detail"]]) == (
        422,
        [("value_error", ["body", "sync_frequency"])],
    )


async def test_an_unknown_page_token_is_rejected(client):
    status, body = await refused(UnprocessableEntityError, lambda: client.indexes.list(page_token="nonsense"))
    assert (status, body["detail"][0]["loc"]) == (422, ["query", "page_token"])

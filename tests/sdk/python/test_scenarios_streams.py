"""Scenarios of broken streams: what the SDK makes of the answer to a chat message."""

import json

import pytest
from conftest import resolve
from llama_cloud import APIConnectionError, APITimeoutError


@pytest.fixture
def start_scenario(start_emulator, connect):
    """Starts an emulator with a scenario and connects a client, which does not insist on the published media type."""

    def start(scenario, **options):
        emulator = start_emulator("--scenario", scenario)
        return emulator, connect(emulator, _strict_response_validation=False, **options)

    return start


async def send(client):
    """Sends a message to a new session; the text of the stream. The SDK has no type for it."""
    session = await resolve(client.chat.create())
    return await resolve(client.chat.stream(session.session_id, index_ids=["idx-a"], prompt="Hello"))


def events(stream):
    """The events of a stream."""
    return [json.loads(event.removeprefix("data: ")) for event in stream.split("\n\n") if event]


async def test_a_stream_without_faults_is_returned_as_text(shared, connect):
    stream = events(await send(connect(shared, _strict_response_validation=False)))
    assert [stream[0]["type"], stream[-1]["type"]] == ["thinking_delta", "stop"]
    assert "".join(event["content"] for event in stream if event["type"] == "text_delta") == stream[-2]["content"]


async def test_a_stream_that_is_cut_is_sent_again(start_scenario, key):
    emulator, client = start_scenario("stream-cut", max_retries=1)
    with pytest.raises(APIConnectionError):
        await send(client)
    assert emulator.statuses(key, "chat.stream") == [None, None]


async def test_half_an_event_is_sent_again(start_scenario, key):
    emulator, client = start_scenario("stream-half-event", max_retries=1)
    with pytest.raises(APIConnectionError):
        await send(client)
    assert emulator.statuses(key, "chat.stream") == [None, None]


async def test_a_stalled_stream_ends_with_the_timeout(start_scenario, key):
    emulator, client = start_scenario("stream-stall", max_retries=1, timeout=0.5)
    with pytest.raises(APITimeoutError):
        await send(client)
    assert len(emulator.journal(key, "chat.stream")) == 2


async def test_an_error_that_is_glued_to_an_event_is_part_of_its_text(start_scenario):
    _, client = start_scenario("stream-glued-error")
    with pytest.raises(json.JSONDecodeError):
        events(await send(client))


async def test_an_event_in_two_packets_is_whole(start_scenario):
    _, client = start_scenario("stream-split-event")
    assert events(await send(client))[-1]["type"] == "stop"


async def test_a_second_stop_is_returned_too(start_scenario):
    _, client = start_scenario("stream-two-stops")
    assert [event["type"] for event in events(await send(client))[-2:]] == ["stop", "stop"]

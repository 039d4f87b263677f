"""Fixtures: an emulator, a key for each test, and synchronous and asynchronous clients."""

import inspect
import re
import uuid

import pytest
from emulator import Emulator
from llama_cloud import AsyncLlamaCloud, LlamaCloud


@pytest.fixture(autouse=True)
def no_settings_from_the_environment(monkeypatch):
    for name in ("BASE_URL", "API_KEY", "PROJECT_ID", "CUSTOM_HEADERS", "LOG"):
        monkeypatch.delenv(f"LLAMA_CLOUD_{name}", raising=False)
        monkeypatch.delenv(f"LLAMA_PARSE_{name}", raising=False)


@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    """An emulator with manual clocks for all tests that need no other flags; each test has its own key."""
    emulator = Emulator(tmp_path_factory.mktemp("shared"), "--clock", "manual")
    yield emulator
    assert emulator.stop() == 0


@pytest.fixture
def start_emulator(tmp_path):
    """Starts emulators with the flags of a test."""
    started = []

    def start(*flags):
        folder = tmp_path / str(len(started))
        folder.mkdir()
        started.append(Emulator(folder, *flags))
        return started[-1]

    yield start
    assert [emulator.stop() for emulator in started] == [0] * len(started)


@pytest.fixture
def key(request):
    """A key that is unique to the test and the same in every run, because random values depend on it."""
    return "llx-" + uuid.uuid5(uuid.NAMESPACE_URL, re.sub(r".*/", "", request.node.nodeid)).hex


@pytest.fixture(params=[LlamaCloud, AsyncLlamaCloud], ids=["sync", "async"])
async def connect(request, key):
    """Creates clients with strict validation; each test runs with synchronous and with asynchronous ones."""
    clients = []

    def make(emulator, **options):
        options = {"base_url": emulator.url, "api_key": key, "_strict_response_validation": True, **options}
        clients.append(request.param(**options))
        return clients[-1]

    yield make
    for client in clients:
        await resolve(client.close())


@pytest.fixture
def client(shared, connect):
    return connect(shared)


async def resolve(outcome):
    """The result of a method of either kind of client."""
    return await outcome if inspect.isawaitable(outcome) else outcome


#: Maximum number of pages of a list in a test; only a list that never ends has more.
MOST_PAGES = 100


async def one_by_one(first):
    """The pages of a list of either kind of client, each requested by itself."""
    pages = [await resolve(first)]
    while pages[-1].has_next_page():
        assert len(pages) < MOST_PAGES, "the list does not end"
        pages.append(await resolve(pages[-1].get_next_page()))
    return pages


async def collect(pages):
    """All items of a list of either kind of client, with the paging of the SDK."""
    return [item async for item in pages] if hasattr(pages, "__aiter__") else list(pages)

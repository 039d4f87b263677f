"""What every test gets: an emulator, a key of its own, and clients of both kinds."""

import inspect
import re
import uuid

import pytest
from emulator import Emulator
from llama_cloud import AsyncLlamaCloud, LlamaCloud


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch):
    for name in ("BASE_URL", "API_KEY", "PROJECT_ID", "CUSTOM_HEADERS", "LOG"):
        monkeypatch.delenv(f"LLAMA_CLOUD_{name}", raising=False)
        monkeypatch.delenv(f"LLAMA_PARSE_{name}", raising=False)


@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    """One emulator for all tests that need no flags of their own; each is alone under its key. Clocks stand."""
    emulator = Emulator(tmp_path_factory.mktemp("shared"), "--clock", "manual")
    yield emulator
    assert emulator.stop() == 0


@pytest.fixture
def serve(tmp_path):
    """Starts emulators with flags of the test's own."""
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
    """A key that no other test has, and that is the same in every run: chance goes by it."""
    return "llx-" + uuid.uuid5(uuid.NAMESPACE_URL, re.sub(r".*/", "", request.node.nodeid)).hex


@pytest.fixture(params=[LlamaCloud, AsyncLlamaCloud], ids=["sync", "async"])
async def connect(request, key):
    """Makes clients, synchronous in one run of the test and asynchronous in the other; they validate strictly."""
    clients = []

    def make(emulator, **options):
        options = {"base_url": emulator.url, "api_key": key, "_strict_response_validation": True, **options}
        clients.append(request.param(**options))
        return clients[-1]

    yield make
    for client in clients:
        await done(client.close())


@pytest.fixture
def client(shared, connect):
    return connect(shared)


async def done(outcome):
    """What a call of either kind of client came to."""
    return await outcome if inspect.isawaitable(outcome) else outcome


async def every(pages):
    """All items of a list of either kind of client, through its own paging."""
    return [item async for item in pages] if hasattr(pages, "__aiter__") else list(pages)

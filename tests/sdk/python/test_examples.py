"""The official examples, unchanged: only the base URL, the key and the folder are set."""

import importlib
import os
import subprocess
import sys
import time
import types

import pytest
from emulator import TIMEOUT_SECONDS
from llama_cloud import LlamaCloud

EXAMPLES = os.environ["SDK_EXAMPLES"]

DOCUMENTS = {
    "cheese.md": "# Cheese\n\nBlue cheese is ripened with Penicillium. Roquefort comes from the south of France.\n",
    "handbook.txt": "Employees may take 25 days of paid vacation every year.\n\nTravel costs are reimbursed.\n",
    "search.md": "# Search\n\nThe index makes the information in a folder available for retrieval by questions.\n",
}


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    for name, text in DOCUMENTS.items():
        (folder / name).write_text(text)
    return folder


def environment(emulator, key, folder):
    """The environment of an example. `PYTHONWARNINGS` is that of these tests."""
    names = {"LLAMA_CLOUD_BASE_URL": emulator.url, "LLAMA_CLOUD_API_KEY": key, "DATA_DIR": str(folder)}
    return {**os.environ, **names, "PYTHONPATH": EXAMPLES, "PYTHONDONTWRITEBYTECODE": "1"}


def run_example(emulator, key, folder, **variables):
    """What `create_sync_and_retrieve.py` prints."""
    code = "import create_sync_and_retrieve; create_sync_and_retrieve.main()"
    env = {**environment(emulator, key, folder), **variables}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=4 * TIMEOUT_SECONDS
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def emulator(start_emulator):
    return start_emulator()


def test_create_sync_and_retrieve_prints_a_passage_for_its_own_query(emulator, key, data):
    printed = run_example(emulator, key, data)
    assert f"Uploaded {len(DOCUMENTS)} files" in printed
    assert "Retrieved chunk #1" in printed
    assert DOCUMENTS["search.md"].split("\n\n")[1].strip() in printed


def test_create_sync_and_retrieve_prints_the_passage_that_answers_a_question(emulator, key, data):
    printed = run_example(emulator, key, data, INDEX_RETRIEVAL_QUERY="How many days of vacation do employees get?")
    assert "25 days of paid vacation" in printed


def test_create_sync_and_retrieve_prints_passages_if_no_word_of_its_query_occurs(emulator, key, data):
    (data / "search.md").unlink()
    printed = run_example(emulator, key, data)
    assert "Retrieved chunk #1" in printed


def test_create_sync_and_retrieve_reads_the_files_of_the_examples(emulator, key):
    folder = os.path.join(os.path.dirname(EXAMPLES), "example_files")
    query = "How does multi-head attention jointly attend to information from different representation subspaces?"
    printed = run_example(emulator, key, folder, INDEX_RETRIEVAL_QUERY=query)
    first = printed.split("Retrieved chunk #1")[1].split("#########")[0]
    assert "attend to information from different representation" in first.replace("\n", " ")
    sheet = run_example(emulator, key, folder, INDEX_RETRIEVAL_QUERY="annual budget for office rent by department")
    assert "Office Rent" in sheet.split("Retrieved chunk #1")[1].split("#########")[0]


def test_results_name_the_page_of_a_pdf(emulator, key):
    client = LlamaCloud(base_url=emulator.url, api_key=key)
    path = os.path.join(os.path.dirname(EXAMPLES), "example_files", "turing+imagenet+attention.pdf")
    directory = client.beta.directories.create(name="Papers")
    client.beta.directories.files.upload(directory.id, upload_file=path)
    index = client.indexes.create(source_directory_id=directory.id)
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while (status := client.indexes.get(index.id).metadata["status"]) != "ready":
        assert time.monotonic() < deadline, f"the index is still {status}"
    best = client.retrieval.retrieve(index_id=index.id, query="What is multi-head attention?").results[0]
    assert "Multi-Head Attention" in best.content or "multi-head attention" in best.content.lower()
    assert best.static_fields.page_range_start == best.static_fields.page_range_end
    file = next(iter(client.retrieval.find(index_id=index.id)))
    pages = client.retrieval.read(index_id=index.id, file_id=file.file_id).content.split("\f")
    assert len(pages) == 24
    assert best.content in pages[best.static_fields.page_range_start - 1]


@pytest.fixture
def agent_tools(emulator, key, data, monkeypatch):
    """The module `agent_tools.py`. Its imports of an agent framework, which its tools do not use, are replaced."""
    run_example(emulator, key, data)
    for name, value in environment(emulator, key, data).items():
        monkeypatch.setenv(name, value)
    stand_ins = {
        "agents": ["Agent", "Runner"],
        "agents.items": ["ToolCallItem", "ToolCallOutputItem"],
        "openai": [],
        "openai.types": [],
        "openai.types.responses": [],
        "openai.types.responses.response_input_item_param": ["FunctionCallOutput"],
        "openai.types.responses.response_text_delta_event": ["ResponseTextDeltaEvent"],
        "openai.types.responses.response_function_tool_call": ["ResponseFunctionToolCall"],
    }
    for name, members in stand_ins.items():
        module = types.ModuleType(name)
        module.function_tool = lambda function: function
        for member in members:
            setattr(module, member, object)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.syspath_prepend(EXAMPLES)
    monkeypatch.delitem(sys.modules, "agent_tools", raising=False)
    return importlib.import_module("agent_tools")


async def test_the_tools_of_the_agent_find_read_and_search(agent_tools):
    index = (await agent_tools.list_indexes()).rsplit("(ID: ", 1)[1].rstrip(")")
    files = await agent_tools.find_files(index, None, None)
    assert all(name in files for name in DOCUMENTS)
    cheese = (await agent_tools.find_files(index, None, "cheese")).rsplit("(ID: ", 1)[1].rstrip(")")
    assert await agent_tools.read_file(index, cheese, None, None) == DOCUMENTS["cheese.md"]
    grep = await agent_tools.grep_file(index, cheese, "(?i)blue cheese", None, 1)
    assert "- Blue cheese (start: 10, end: 21)" in grep
    found = await agent_tools.retrieve(index, "blue cheese", 3, None, 2)
    assert "Penicillium" in found.split("---")[0]
    await agent_tools.get_client().close()

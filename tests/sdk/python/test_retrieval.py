"""Retrieval through the official SDK: pages, refusals, nulls, and the time at which changes take effect."""

import llama_cloud
import pytest
from conftest import collect, one_by_one, resolve
from documents import folder, passages, ready_index, synced

UNKNOWN_INDEX = "idx-00000000-0000-4000-8000-000000000000"
UNKNOWN_FILE = "dfl-00000000-0000-4000-8000-000000000000"


async def found(client, index, **options):
    return await collect(client.retrieval.find(index_id=index.id, **options))


@pytest.mark.parametrize(("page_size", "pages"), [(1, 7), (2, 4), (6, 2), (7, 1), (1000, 1)])
async def test_all_pages_of_find_and_grep_are_requested(client, shared, key, page_size, pages):
    files = {f"file{number}_txt": "".join(f"<{at}>" for at in range(7)) for number in range(7)}
    directory, _ = await folder(client, **files)
    index = await ready_index(client, shared, key, directory)
    listed = await found(client, index, page_size=page_size)
    assert [file.file_name for file in listed] == [f"file{number}.txt" for number in range(7)]
    assert len({file.file_id for file in listed}) == 7
    place = {"index_id": index.id, "file_id": listed[3].file_id}
    matches = await collect(client.retrieval.grep(**place, pattern=r"<\d>", context_chars=1, page_size=page_size))
    assert [(match.start_char, match.end_char) for match in matches] == [(3 * at, 3 * at + 3) for at in range(7)]
    assert [match.content for match in matches[:2]] == ["<0><", "><1><"]
    for operation in ["retrieval.find", "retrieval.grep"]:
        assert shared.statuses(key, operation) == [200] * pages, operation


async def test_pages_of_find_and_grep_are_requested_one_by_one(client, shared, key):
    directory, _ = await folder(client, a_txt="xxx", b_txt="", c_txt="")
    index = await ready_index(client, shared, key, directory)
    first = await resolve(client.retrieval.find(index_id=index.id, page_size=2))
    assert first.has_next_page() and [file.file_name for file in first.items] == ["a.txt", "b.txt"]
    last = await resolve(first.get_next_page())
    assert not last.has_next_page() and [file.file_name for file in last.items] == ["c.txt"]
    assert (last.next_page_token, last.total_size) == (None, None)
    place = {"index_id": index.id, "file_id": first.items[0].file_id, "pattern": "x"}
    pages = await one_by_one(client.retrieval.grep(**place, page_size=1))
    assert [[match.start_char for match in page.items] for page in pages] == [[0], [1], [2]]


@pytest.mark.parametrize("pattern", ["(", "[a", "*a", "a{2,1}", "(?P<n>a)(?P<n>b)", "(?<=a+)b", "\\1"])
async def test_an_invalid_pattern_is_unprocessable(client, shared, key, pattern):
    directory, _ = await folder(client, a_txt="a")
    index = await ready_index(client, shared, key, directory)
    file = (await found(client, index))[0].file_id
    with pytest.raises(llama_cloud.UnprocessableEntityError) as refused:
        await collect(client.retrieval.grep(index_id=index.id, file_id=file, pattern=pattern))
    violation = refused.value.body["detail"][0]
    assert (violation["type"], violation["loc"], violation["input"]) == ("value_error", ["body", "pattern"], pattern)
    assert shared.statuses(key, "retrieval.grep") == [422], "it is not tried again"


async def test_unknown_indexes_and_files_are_not_found(client, shared, key):
    directory, _ = await folder(client, a_txt="a")
    index = await ready_index(client, shared, key, directory)
    file = (await found(client, index))[0].file_id
    retrieval = client.retrieval
    for place, detail in [
        ({"index_id": UNKNOWN_INDEX, "file_id": file}, "Index not found"),
        ({"index_id": directory, "file_id": file}, "Index not found"),
        ({"index_id": index.id, "file_id": UNKNOWN_FILE}, "Directory file not found"),
        ({"index_id": index.id, "file_id": index.id}, "Directory file not found"),
    ]:
        requests = [lambda: retrieval.grep(**place, pattern="a"), lambda: retrieval.read(**place)]
        if detail == "Index not found":
            requests.append(lambda: retrieval.find(index_id=place["index_id"]))
            requests.append(lambda: retrieval.retrieve(index_id=place["index_id"], query="a"))
        for request in requests:
            with pytest.raises(llama_cloud.NotFoundError) as refused:
                await resolve(request())
            assert refused.value.body == {"detail": detail}


async def test_nulls_in_a_query_mean_the_defaults(client, shared, key):
    directory, _ = await folder(client, a_md="Blue cheese", b_md="Green cheese", c_md="Trains")
    index = await ready_index(client, shared, key, directory)
    fields = ["custom_filters", "full_text_pipeline_weight", "num_candidates", "score_threshold"]
    fields += ["static_filters", "top_k", "vector_pipeline_weight"]
    plain = await passages(client, index, "green cheese")
    assert len(plain) == 3 and plain[0].content == "Green cheese"
    assert await passages(client, index, "green cheese", **dict.fromkeys(fields)) == plain
    sent = shared.journal(key, "retrieval.retrieve")[-1]["request_body"]
    assert [sent[field] for field in fields] == [None] * len(fields), "the SDK sends them as null"
    inner = {"custom_filters": {"year": None}, "static_filters": {"parsed_directory_file_id": None}}
    assert await passages(client, index, "green cheese", **inner, rerank={"top_n": None}) == plain
    with pytest.raises(llama_cloud.UnprocessableEntityError):
        await passages(client, index, "green cheese", rerank=None)
    file = (await found(client, index, page_size=None))[0].file_id
    place = {"index_id": index.id, "file_id": file}
    nulls = {"context_chars": None, "page_size": None, "page_token": None}
    matches = await collect(client.retrieval.grep(**place, pattern="Blue", **nulls))
    assert [match.content for match in matches] == ["Blue"]
    assert (await resolve(client.retrieval.read(**place, max_length=None))).content == "Blue cheese"


async def test_new_metadata_replaces_the_old_at_the_next_sync(client, shared, key):
    directory, uploads = await folder(client, a_txt="alpha")
    files, place = client.beta.directories.files, {"directory_id": directory}
    id = uploads["a.txt"].id
    first = await resolve(files.update(id, **place, metadata={"year": 2023, "kept": None, "tags": ["x", "y"]}))
    assert first.metadata == {"year": 2023, "kept": None, "tags": ["x", "y"]}
    index = await ready_index(client, shared, key, directory)
    second = await resolve(files.update(id, **place, metadata={"author": "Kim"}))
    assert second.metadata == {"author": "Kim"}, "nothing of the old metadata is left"
    assert (await resolve(files.get(id, **place))).metadata == {"author": "Kim"}
    by_year = {"custom_filters": {"year": {"operator": "eq", "value": 2023}}}
    by_author = {"custom_filters": {"author": {"operator": "eq", "value": "Kim"}}}

    async def seen():
        results = await passages(client, index, "alpha")
        counts = [len(await passages(client, index, "alpha", **filters)) for filters in (by_year, by_author)]
        return results[0].metadata, counts

    assert await seen() == (first.metadata, [1, 0])
    await resolve(client.indexes.sync(index.id))
    assert await seen() == (first.metadata, [1, 0]), "the sync runs"
    await synced(client, shared, key, index)
    assert await seen() == ({"author": "Kim"}, [0, 1])
    unchanged = await resolve(files.update(id, **place, display_name="b.txt"))
    assert unchanged.metadata == {"author": "Kim"}, "a change of the name leaves it"
    assert (await resolve(files.update(id, **place, metadata={}))).metadata == {}


async def test_moved_and_renamed_files_take_effect_at_the_next_sync(client, shared, key):
    source, uploads = await folder(client, move_txt="alpha moves", name_txt="alpha is renamed", stay_txt="alpha stays")
    target, _ = await folder(client, there_txt="alpha is there")
    indexes = [await ready_index(client, shared, key, directory) for directory in (source, target)]
    files = client.beta.directories.files
    await resolve(files.update(uploads["move.txt"].id, directory_id=source, target_directory_id=target))
    await resolve(files.update(uploads["name.txt"].id, directory_id=source, display_name="renamed.txt"))

    async def seen():
        shown = [[file.file_name for file in await found(client, index)] for index in indexes]
        return shown, [len(await passages(client, index, "alpha")) for index in indexes]

    before = ([["move.txt", "name.txt", "stay.txt"], ["there.txt"]], [3, 1])
    shared.advance("1h", key)
    assert await seen() == before
    for index in indexes:
        await resolve(client.indexes.sync(index.id))
    assert await seen() == before, "the syncs run"
    for index in indexes:
        await synced(client, shared, key, index)
    assert await seen() == ([["renamed.txt", "stay.txt"], ["move.txt", "there.txt"]], [2, 2])
    parsed = (await found(client, indexes[1], file_name="move.txt"))[0].file_id
    read = await resolve(client.retrieval.read(index_id=indexes[1].id, file_id=parsed))
    assert read.content == "alpha moves"

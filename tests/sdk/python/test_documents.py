"""Documents through the official SDK: directories, uploads, files, syncs and retrieval."""

import json

import httpx
import llama_cloud
import pytest
from conftest import collect, resolve
from documents import folder, passages, ready_index, synced

CHEESE = "# Cheeses\n\nBlue cheese is ripened with Penicillium. Roquefort comes from the south of France. 🧀\n"
HANDBOOK = "Employees may take 25 days of paid vacation every year.\n\nTravel costs are reimbursed within ten days.\n"


async def test_uploaded_documents_are_found_read_and_searched(client, shared, key):
    directory, _ = await folder(client, cheese_md=CHEESE, handbook_txt=HANDBOOK)
    index = await ready_index(client, shared, key, directory)

    best = (await passages(client, index, "How many days of vacation do employees get?"))[0]
    assert "25 days of paid vacation" in best.content
    assert 0 < best.score < 0.02 and 0.5 <= best.rerank_score <= 1
    assert best.static_fields.chunk_index == 0 and best.static_fields.page_range_start == 1

    files = await collect(client.retrieval.find(index_id=index.id, file_name_contains="CHEESE"))
    assert [file.file_name for file in files] == ["cheese.md"]
    place = {"index_id": index.id, "file_id": files[0].file_id}
    matches = await collect(client.retrieval.grep(**place, pattern=r"(?<=Blue )\w+|Roquefort", context_chars=0))
    assert [match.content for match in matches] == ["cheese", "Roquefort"]
    match = matches[1]
    length = match.end_char - match.start_char
    read = await resolve(client.retrieval.read(**place, offset=match.start_char, max_length=length))
    assert read.content == "Roquefort"
    assert (await resolve(client.retrieval.read(**place))).content == CHEESE


async def test_explicit_nulls_mean_the_defaults(client, shared, key):
    directory, _ = await folder(client, cheese_md=CHEESE)
    index = await ready_index(client, shared, key, directory)
    results = await passages(
        client, index, "cheese", top_k=None, score_threshold=None, rerank={"enabled": False, "top_n": None}
    )
    assert [result.rerank_score for result in results] == [None]
    found = client.retrieval.find(index_id=index.id, file_name=None, file_name_contains=None, page_token=None)
    assert [file.file_name for file in await collect(found)] == ["cheese.md"]


async def test_metadata_is_returned_and_filtered(client, shared, key):
    directory = (await resolve(client.beta.directories.create(name="by year"))).id
    for year in (2023, 2024):
        metadata = json.dumps({"year": year, "tags": ["report", str(year)]})
        upload = client.beta.directories.files.upload(
            directory, upload_file=(f"{year}.md", b"The report of a year."), metadata=metadata, unique_id=f"u{year}"
        )
        assert (await resolve(upload)).metadata == {"year": year, "tags": ["report", str(year)]}
    index = await ready_index(client, shared, key, directory)

    async def years(**filters):
        return [result.metadata["year"] for result in await passages(client, index, "report", **filters)]

    assert await years(custom_filters={"year": {"operator": "gt", "value": 2023}}) == [2024]
    assert await years(custom_filters={"tags": {"operator": "in", "value": ["2023"]}}) == [2023]
    bounds = [{"operator": "gte", "value": 2023}, {"operator": "lt", "value": 2024}]
    assert await years(custom_filters={"year": bounds}) == [2023]
    only = (await collect(client.retrieval.find(index_id=index.id, file_name="2024.md")))[0]
    named = {"parsed_directory_file_id": {"operator": "eq", "value": only.file_id}}
    assert await years(static_filters=named) == [2024]


async def test_changes_take_effect_at_the_next_sync(client, shared, key):
    directory, uploads = await folder(client, cheese_md=CHEESE, handbook_txt=HANDBOOK)
    index = await ready_index(client, shared, key, directory)
    files = client.beta.directories.files
    await resolve(files.delete(uploads["cheese.md"].id, directory_id=directory))
    await resolve(files.upload(directory, upload_file=("new.md", b"Quokkas live on Rottnest Island.")))

    async def names():
        return sorted(file.file_name for file in await collect(client.retrieval.find(index_id=index.id)))

    assert await names() == ["cheese.md", "handbook.txt"]
    await resolve(client.indexes.sync(index.id))
    assert await names() == ["cheese.md", "handbook.txt"], "the sync runs"
    await synced(client, shared, key, index)
    assert await names() == ["handbook.txt", "new.md"]


async def test_an_empty_directory_gives_a_ready_index_without_results(client, shared, key):
    directory, _ = await folder(client)
    index = await ready_index(client, shared, key, directory)
    assert await passages(client, index, "anything") == []


async def test_an_index_that_is_not_ready_has_no_results(client):
    directory, _ = await folder(client, cheese_md=CHEESE)
    index = await resolve(client.indexes.create(source_directory_id=directory))
    assert await passages(client, index, "cheese") == []


async def test_a_file_that_cannot_be_read_fails_alone(client, shared, key):
    directory, uploads = await folder(client, cheese_md=CHEESE, broken_txt="\0\0\0 binary")
    index = await ready_index(client, shared, key, directory)
    failed = index.metadata["failed_files"]
    assert [(file["name"], file["directory_file_id"]) for file in failed] == [("broken.txt", uploads["broken.txt"].id)]
    assert "broken.txt" in index.metadata["error_message"]
    assert len(await passages(client, index, "cheese")) == 1


async def test_directory_files_are_listed_changed_and_moved(client):
    directory, uploads = await folder(client, a_md="a", b_md="b", c_md="c")
    files = client.beta.directories.files
    listed = await collect(files.list(directory, page_size=2))
    assert [file.display_name for file in listed] == ["c.md", "b.md", "a.md"]
    listed = await collect(files.list(directory, display_name_contains="B.", expand=["download_url"]))
    assert httpx.get(listed[0].download_url.url, trust_env=False).text == "b"

    target = (await resolve(client.beta.directories.create(name="target"))).id
    change = {"target_directory_id": target, "metadata": {"k": "v"}}
    moved = await resolve(files.update(uploads["a.md"].id, directory_id=directory, **change))
    assert (moved.directory_id, moved.metadata) == (target, {"k": "v"})
    with pytest.raises(llama_cloud.NotFoundError):
        await resolve(files.get(moved.id, directory_id=directory))
    assert (await resolve(files.get(moved.id, directory_id=target))).display_name == "a.md"
    await resolve(files.delete(moved.id, directory_id=target))
    assert await collect(files.list(target)) == []
    deleted = await collect(files.list(target, include_deleted=True))
    assert [file.id for file in deleted] == [moved.id] and deleted[0].deleted_at


async def test_files_are_uploaded_listed_downloaded_and_deleted(client, shared, key):
    created = [
        await resolve(client.files.create(file=(name, name.encode()), purpose="user_data"))
        for name in ("b.txt", "a.txt")
    ]
    by_name = await collect(client.files.list(order_by="name", page_size=1))
    assert [file.name for file in by_name] == ["a.txt", "b.txt"]
    with pytest.raises(llama_cloud.UnprocessableEntityError):
        await collect(client.files.list(order_by="size"))
    file = created[0]
    assert (await resolve(client.files.retrieve(file.id))).file_type == "txt"
    content = await resolve(client.files.content(file.id, expires_at_seconds=60))
    response = httpx.get(content.url, trust_env=False)
    assert (response.status_code, response.text) == (200, "b.txt")
    shared.advance("61s", key)
    assert httpx.get(content.url, trust_env=False).status_code == 403
    directory, _ = await folder(client)
    added = await resolve(client.beta.directories.files.add(directory, file_id=file.id, display_name="shown.txt"))
    assert (added.file_id, added.unique_id, added.display_name) == (file.id, "b.txt", "shown.txt")
    await resolve(client.files.delete(file.id))
    with pytest.raises(llama_cloud.NotFoundError):
        await resolve(client.files.retrieve(file.id))


async def test_an_upload_can_be_streamed_without_a_length(shared, key):
    head = {"authorization": f"Bearer {key}", "content-type": "multipart/form-data; boundary=b"}
    parts = [b"--b\r\ncontent-disposition: form-data; name=purpose\r\n\r\nparse\r\n"]
    parts += [b'--b\r\ncontent-disposition: form-data; name=file; filename="s.txt"\r\n\r\nstreamed\r\n--b--\r\n']
    response = httpx.post(f"{shared.url}/api/v1/beta/files", headers=head, content=iter(parts), trust_env=False)
    assert (response.status_code, response.json()["name"]) == (201, "s.txt")


async def test_a_second_directory_of_a_connector_is_refused_with_the_first_ones_id(client):
    first = await resolve(client.beta.directories.create(name="a", connector_subscription_id="csub-1"))
    second = client.with_options(max_retries=0).beta.directories
    with pytest.raises(llama_cloud.ConflictError) as refused:
        await resolve(second.create(name="b", connector_subscription_id="csub-1"))
    assert refused.value.body["detail"]["directory_id"] == first.id


async def test_directories_are_changed_and_softly_deleted(client):
    directory, _ = await folder(client, a_md="a")
    directories = client.beta.directories
    changed = await resolve(directories.update(directory, name="renamed", description="d"))
    assert (changed.name, changed.description) == ("renamed", "d")
    await resolve(directories.delete(directory))
    with pytest.raises(llama_cloud.NotFoundError):
        await resolve(directories.get(directory))
    deleted = [item.id for item in await collect(directories.list(include_deleted=True)) if item.deleted_at]
    assert deleted == [directory]


async def test_projects_are_listed_to_test_a_key(client):
    projects = await resolve(client.projects.list())
    assert [project.is_default for project in projects] == [True]
    assert (await resolve(client.projects.get(projects[0].id))).name == projects[0].name
    by_page = await collect(client.v2_projects.list())
    assert [project.id for project in by_page] == [projects[0].id]

"""Attachments through the official SDK: listed, downloaded without a key, and named by chunks."""

import httpx
import pytest
from conftest import collect, resolve
from documents import folder, ready_index
from llama_cloud import NotFoundError

PAGES = "# One\n\nalpha\x0c# Two\n\nbeta"


async def test_each_page_has_a_picture_and_items(client, shared, key):
    directory, _ = await folder(client, a_md=PAGES)
    index = await ready_index(client, shared, key, directory, store_attachments=["screenshots", "items"])
    found = await resolve(client.retrieval.retrieve(index_id=index.id, query="beta", top_k=1))
    [items, screenshot] = found.results[0].static_fields.attachments
    assert (screenshot.type, screenshot.attachment_name) == ("screenshot", "screenshots/page_2.jpg")

    attachments = client.beta.attachments
    listed = await collect(attachments.list(source_id=screenshot.source_id))
    assert [one.name for one in listed][-1] == screenshot.attachment_name
    assert len(listed) == 4 and all(one.size > 0 for one in listed)

    picture = await download(attachments, screenshot)
    assert picture.headers["content-type"] == "image/jpeg"
    assert len(picture.content) == listed[-1].size
    page = (await download(attachments, items)).json()
    assert [(item["type"], item["value"]) for item in page["items"]] == [("heading", "Two"), ("text", "beta")]

    with pytest.raises(NotFoundError):
        await resolve(attachments.get("screenshots/page_3.jpg", source_id=screenshot.source_id))


async def download(attachments, reference):
    url = await resolve(attachments.get(reference.attachment_name, source_id=reference.source_id))
    return httpx.get(url.url).raise_for_status()


async def test_a_file_of_an_index_without_vectors_is_a_document(client, shared, key):
    directory, _ = await folder(client, a_md=PAGES)
    index = await ready_index(client, shared, key, directory, vector_target="DISABLED")
    listed = await collect(client.beta.directories.files.list(index.output_directory_id, expand=["download_url"]))
    document = httpx.get(listed[0].download_url.url).raise_for_status().json()
    assert [page["markdown"] for page in document["parse"]["markdown"]["pages"]] == PAGES.split("\x0c")

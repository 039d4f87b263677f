"""Uploads as the SDK sends them: from paths, from open files and from streams of unknown length, with and without names."""

import io

import httpx
import pytest
from conftest import resolve
from documents import folder

# More than one chunk of the client and of the server.
LARGE = b"".join(b"line %d of a large file\n" % number for number in range(100_000))


class Stream(io.RawIOBase):
    """A file that is made while it is read: it has no length and cannot be rewound."""

    def __init__(self, content):
        self.parts = (content[start : start + 9_973] for start in range(0, len(content), 9_973))

    def readable(self):
        return True

    def read(self, _size=-1):
        return next(self.parts, b"")


async def uploaded(client, file, **names):
    """A file that is uploaded into a new directory, with a URL of its content."""
    directory, _ = await folder(client)
    files = client.beta.directories.files
    made = await resolve(files.upload(directory, upload_file=file, **names))
    return await resolve(files.get(made.id, directory_id=directory, expand=["download_url"]))


def content(file):
    return httpx.get(file.download_url.url, trust_env=False).content


async def test_a_file_is_uploaded_from_its_path(client, tmp_path):
    path = tmp_path / "größe ä.md"
    path.write_bytes(b"# From a path\n")
    file = await uploaded(client, path)
    assert (file.display_name, file.unique_id, content(file)) == (path.name, path.name, b"# From a path\n")
    alone = await resolve(client.files.create(file=path, purpose="parse"))
    assert (alone.name, alone.file_type) == (path.name, "md")


async def test_an_open_file_is_uploaded_with_its_length(client, shared, key, tmp_path):
    path = tmp_path / "large.txt"
    path.write_bytes(LARGE)
    with path.open("rb") as opened:
        file = await uploaded(client, opened)
    assert (file.display_name, content(file)) == ("large.txt", LARGE)
    sent = shared.journal(key, "directories.files.upload")[-1]["request_headers"]
    assert int(sent["content-length"][0]) > len(LARGE) and "transfer-encoding" not in sent


async def test_a_stream_is_uploaded_without_a_length(client, shared, key):
    file = await uploaded(client, ("streamed.txt", Stream(LARGE)))
    assert (file.display_name, content(file)) == ("streamed.txt", LARGE)
    sent = shared.journal(key, "directories.files.upload")[-1]["request_headers"]
    assert sent["transfer-encoding"] == ["chunked"] and "content-length" not in sent


@pytest.mark.parametrize(
    ("names", "unique_id", "display_name"),
    [
        ({}, "a.txt", "a.txt"),
        ({"display_name": "Shown"}, "a.txt", "Shown"),
        ({"external_file_id": "crm-7"}, "crm-7", "a.txt"),
        ({"external_file_id": "crm-7", "unique_id": "u-1", "display_name": "Shown"}, "u-1", "Shown"),
        ({"external_file_id": None, "unique_id": None, "display_name": None, "metadata": None}, "a.txt", "a.txt"),
    ],
)
async def test_names_of_an_upload(client, names, unique_id, display_name):
    file = await uploaded(client, ("a.txt", b"a"), **names)
    assert (file.unique_id, file.display_name) == (unique_id, display_name)
    upload = await resolve(client.files.retrieve(file.file_id))
    assert (upload.name, upload.external_file_id) == ("a.txt", names.get("external_file_id"))


async def test_an_added_file_is_known_by_its_external_id(client):
    directory, _ = await folder(client)
    file = await resolve(client.files.create(file=("a.txt", b"a"), purpose="parse", external_file_id="crm-7"))
    assert file.external_file_id == "crm-7"
    added = await resolve(client.beta.directories.files.add(directory, file_id=file.id))
    assert (added.unique_id, added.display_name) == ("crm-7", "a.txt")

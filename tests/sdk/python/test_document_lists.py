"""The filters, orders and pages of lists of directories, files and projects."""

from datetime import timedelta

import pytest
from conftest import MOST_PAGES, collect, resolve
from documents import folder

PROJECT = "6f1c3f0e-58a4-4f6e-9d3b-0a6d1a2b3c4d"


async def names(pages, field="display_name"):
    return [getattr(item, field) for item in await collect(pages)]


async def test_directory_files_are_filtered_by_their_ids(client):
    directory, uploads = await folder(client, a_txt="a", b_txt="b")
    files = client.beta.directories.files
    await resolve(files.add(directory, file_id=uploads["a.txt"].file_id, unique_id="again", display_name="again.txt"))

    async def listed(**filters):
        return await names(files.list(directory, **filters))

    assert await listed(unique_id="a.txt") == ["a.txt"]
    assert await listed(unique_id="A.TXT") == []
    assert await listed(file_id=uploads["a.txt"].file_id) == ["again.txt", "a.txt"]
    assert await listed(file_id=uploads["a.txt"].file_id, unique_id="again") == ["again.txt"]
    assert await listed(file_id=uploads["b.txt"].file_id, unique_id="again") == []
    assert await listed(file_id=uploads["a.txt"].id) == [], "the id of the directory file is another one"
    assert await listed(unique_id=None, file_id=None, display_name=None) == ["again.txt", "b.txt", "a.txt"]


async def test_directory_files_are_filtered_by_the_time_of_their_last_change(client, shared, key):
    directory, uploads = await folder(client, a_txt="a")
    files = client.beta.directories.files
    shared.advance("10s", key)
    await resolve(files.upload(directory, upload_file=("b.txt", b"b")))
    shared.advance("10s", key)
    changed = await resolve(files.update(uploads["a.txt"].id, directory_id=directory, metadata={"k": 1}))
    first, last, moment = uploads["a.txt"].updated_at, changed.updated_at, timedelta(microseconds=1)
    assert last - first == timedelta(seconds=20)
    middle = first + timedelta(seconds=10)

    async def listed(**bounds):
        return await names(files.list(directory, **{f"updated_at_on_or_{side}": at for side, at in bounds.items()}))

    assert await listed(after=middle) == ["b.txt", "a.txt"]
    assert await listed(after=middle + moment) == ["a.txt"]
    assert await listed(before=middle) == ["b.txt"]
    assert await listed(before=middle - moment) == []
    assert await listed(after=last, before=last) == ["a.txt"]
    assert await listed(after=last + moment) == []
    assert await listed(before=last.isoformat()) == ["b.txt", "a.txt"]


async def test_directories_are_filtered_by_name_and_type(client):
    directories = client.beta.directories
    user = await resolve(directories.create(name="same"))
    ephemeral = await resolve(directories.create(name="same", type="ephemeral"))
    index = await resolve(client.indexes.create(source_directory_id=user.id))
    output = index.output_directory_id

    async def listed(**filters):
        return await names(directories.list(page_size=1, **filters), "id")

    assert await listed(type="user") == [user.id]
    assert await listed(type="ephemeral") == [ephemeral.id]
    assert await listed(type="index") == [output]
    assert await listed(types=["user", "ephemeral"]) == [ephemeral.id, user.id]
    assert await listed(types=["index", "user"]) == [output, user.id]
    assert await listed(type="user", types=["index"]) == []
    assert await listed(name="same") == [ephemeral.id, user.id]
    assert await listed(name="Same") == []
    assert await listed(name=None, type=None, types=None) == [output, ephemeral.id, user.id]


async def uploads(client):
    """Files by name; `b.txt` is the oldest, and there are two files called `a.txt`."""
    made = [
        await resolve(client.files.create(file=(name, content), purpose="parse", external_file_id=external))
        for name, content, external in [("b.txt", b"1", "x"), ("a.txt", b"2", "y"), ("c.txt", b"3", "x")]
    ]
    again = await resolve(client.files.create(file=("a.txt", b"4"), purpose="parse"))
    return [*made, again]


async def test_files_are_filtered(client):
    b, a, c, again = [file.id for file in await uploads(client)]

    async def listed(**filters):
        return await names(client.files.list(**filters), "id")

    assert await listed() == [again, c, a, b]
    assert await listed(file_ids=[a, c]) == [c, a]
    assert await listed(file_ids=[PROJECT]) == []
    assert await listed(file_name="a.txt") == [again, a]
    assert await listed(file_name="a.tx") == []
    assert await listed(external_file_id="x") == [c, b]
    assert await listed(external_file_id="x", file_name="c.txt", file_ids=[c, a]) == [c]
    assert await listed(external_file_id="x", file_name="a.txt") == []


@pytest.mark.parametrize("page_size", [1, 3, 1000])
async def test_files_are_ordered(client, page_size):
    made = await uploads(client)
    b, a, c, again = [file.id for file in made]

    async def listed(order, field="id"):
        return await names(client.files.list(order_by=order, page_size=page_size), field)

    assert await listed("created_at") == [again, c, a, b], "newest first"
    assert await listed(None) == [again, c, a, b]
    assert await listed("id") == sorted([b, a, c, again])
    assert await listed("name", "name") == ["a.txt", "a.txt", "b.txt", "c.txt"]


async def queried(client, **options):
    """The pages of the deprecated query, as the SDK returns them one by one."""
    found, token = [], None
    for _ in range(MOST_PAGES):
        with pytest.deprecated_call():
            page = await resolve(client.files.query(page_token=token, **options))
        found.append([file.id for file in page.items])
        token = page.next_page_token
        if token is None:
            return found
    raise AssertionError(f"the list does not end: {found}")


async def test_files_are_queried_as_before(client):
    b, a, c, again = [file.id for file in await uploads(client)]
    project = (await resolve(client.projects.list()))[0].id
    assert await queried(client) == [[again, c, a, b]]
    assert await queried(client, page_size=3) == [[again, c, a], [b]]
    ordered = sorted([a, b, c, again])
    assert await queried(client, order_by="id", page_size=2) == [ordered[:2], ordered[2:]]
    for filters, expected in [
        ({"file_ids": [a, c]}, [c, a]),
        ({"file_name": "a.txt"}, [again, a]),
        ({"external_file_id": "x", "file_ids": [b]}, [b]),
        ({"project_id": project, "only_manually_uploaded": True}, [again, c, a, b]),
        ({"project_id": PROJECT}, []),
        ({"data_source_id": PROJECT}, []),
        ({"file_ids": None, "file_name": None, "external_file_id": None, "project_id": None}, [again, c, a, b]),
        (None, [again, c, a, b]),
    ]:
        assert await queried(client, filter=filters, order_by=None) == [expected], filters


async def test_projects_are_filtered(client):
    default = (await resolve(client.projects.list()))[0]
    await resolve(client.beta.directories.create(name="in another project", project_id=PROJECT))
    other = await resolve(client.projects.get(PROJECT))
    assert (other.is_default, other.organization_id) == (False, default.organization_id)
    assert other.name != default.name
    both, organization = [default.id, other.id], default.organization_id
    for filters, expected in [
        ({}, both),
        ({"name": other.name}, [other.id]),
        ({"name": "unknown"}, []),
        ({"organization_id": organization}, both),
        ({"organization_id": organization, "name": default.name}, [default.id]),
        ({"organization_id": PROJECT}, both),
        ({"organization_id": None, "name": None}, both),
    ]:
        assert await names(client.v2_projects.list(page_size=1, **filters), "id") == expected, filters
        first = {"project_name" if field == "name" else field: value for field, value in filters.items()}
        assert [project.id for project in await resolve(client.projects.list(**first))] == expected, first

"""The operations with the types of the SDK."""

from datetime import datetime, timezone

import pytest
from conftest import collect, resolve
from llama_cloud import NotFoundError


async def test_an_index_is_created_listed_read_and_deleted(client):
    made = await resolve(
        client.indexes.create(
            source_directory_id="dir-abc123",
            name="Handbook",
            description="Ein Handbuch für Köche 🍲",
            products=[{"product_type": "parse", "product_config_id": "cfg-PARSE_AGENTIC"}],
            store_attachments=["screenshots", "items"],
            sync_frequency="daily",
            vector_target="DISABLED",
        )
    )
    assert (made.name, made.description) == ("Handbook", "Ein Handbuch für Köche 🍲")
    assert made.source_directory_id == "dir-abc123"
    assert made.id.startswith("idx-")
    assert isinstance(made.created_at, datetime) and made.created_at.tzinfo == timezone.utc
    assert made.metadata == {"status": "pending"}

    shown = await resolve(client.indexes.get(made.id))
    assert shown.model_dump() == made.model_dump()
    listed = await collect(client.indexes.list())
    assert [index.model_dump() for index in listed] == [made.model_dump()]

    assert await resolve(client.indexes.delete(made.id)) is None
    assert await collect(client.indexes.list()) == []
    with pytest.raises(NotFoundError):
        await resolve(client.indexes.get(made.id))


async def test_an_index_is_found_by_its_export_config_id_too(client):
    made = await resolve(client.indexes.create(source_directory_id="dir-abc123"))
    found = await resolve(client.indexes.get(made.export_config_id))
    assert found.id == made.id != made.export_config_id


async def test_generated_values_are_realistic(client):
    made = await resolve(client.indexes.create(source_directory_id="dir-abc123"))
    directory = await resolve(client.beta.directories.get("dir-abc123"))
    assert made.name == directory.name != ""
    assert made.project_id == directory.project_id
    assert made.description is None


async def test_a_directory_is_created_read_and_indexed(client):
    made = await resolve(
        client.beta.directories.create(name="Contracts", description="Signed ones", system_metadata={"team": "law"})
    )
    assert (made.name, made.description, made.type) == ("Contracts", "Signed ones", "user")
    shown = await resolve(client.beta.directories.get(made.id))
    assert shown.model_dump() == made.model_dump()

    index = await resolve(client.indexes.create(source_directory_id=made.id))
    assert (index.source_directory_id, index.name) == (made.id, "Contracts")
    output = await resolve(client.beta.directories.get(index.output_directory_id))
    assert output.type == "index"


async def test_a_list_can_be_filtered_by_source_directory(client):
    for source in ("dir-a", "dir-b", "dir-a"):
        await resolve(client.indexes.create(source_directory_id=source))
    listed = await collect(client.indexes.list(source_directory_id="dir-a"))
    assert [index.source_directory_id for index in listed] == ["dir-a", "dir-a"]


@pytest.mark.filterwarnings("ignore:Moved out of beta:DeprecationWarning")
async def test_the_beta_methods_use_the_same_indexes(client):
    made = await resolve(client.beta.indexes.create(source_directory_id="dir-abc123"))
    shown = await resolve(client.indexes.get(made.id))
    assert shown.model_dump() == made.model_dump()
    assert [index.id for index in await collect(client.beta.indexes.list())] == [made.id]
    assert await resolve(client.beta.indexes.delete(made.id)) is None
    assert await collect(client.indexes.list()) == []


async def test_indexes_are_listed_per_project(client):
    project = "182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26e"
    made = await resolve(client.indexes.create(source_directory_id="dir-abc123", project_id=project))
    assert made.project_id == project
    assert [index.id for index in await collect(client.indexes.list(project_id=project))] == [made.id]
    assert await collect(client.indexes.list()) == []
    assert (await resolve(client.indexes.get(made.id))).id == made.id

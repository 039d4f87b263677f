"""The operations, end to end, as the SDK types them."""

from datetime import datetime, timezone

import pytest
from conftest import done, every
from llama_cloud import NotFoundError


async def test_an_index_is_made_listed_shown_and_deleted(client):
    made = await done(
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

    shown = await done(client.indexes.get(made.id))
    assert shown.model_dump() == made.model_dump()
    listed = await every(client.indexes.list())
    assert [index.model_dump() for index in listed] == [made.model_dump()]

    assert await done(client.indexes.delete(made.id)) is None
    assert await every(client.indexes.list()) == []
    with pytest.raises(NotFoundError):
        await done(client.indexes.get(made.id))


async def test_an_index_is_found_by_its_export_config_id_too(client):
    made = await done(client.indexes.create(source_directory_id="dir-abc123"))
    found = await done(client.indexes.get(made.export_config_id))
    assert found.id == made.id != made.export_config_id


async def test_what_was_not_said_is_realistic(client):
    made = await done(client.indexes.create(source_directory_id="dir-abc123"))
    directory = await done(client.beta.directories.get("dir-abc123"))
    assert made.name == directory.name != ""
    assert made.project_id == directory.project_id
    assert made.description is None


async def test_a_directory_is_made_shown_and_indexed(client):
    made = await done(
        client.beta.directories.create(name="Contracts", description="Signed ones", system_metadata={"team": "law"})
    )
    assert (made.name, made.description, made.type) == ("Contracts", "Signed ones", "user")
    shown = await done(client.beta.directories.get(made.id))
    assert shown.model_dump() == made.model_dump()

    index = await done(client.indexes.create(source_directory_id=made.id))
    assert (index.source_directory_id, index.name) == (made.id, "Contracts")
    output = await done(client.beta.directories.get(index.output_directory_id))
    assert output.type == "index"


async def test_the_list_takes_the_source_directory_as_a_filter(client):
    for source in ("dir-a", "dir-b", "dir-a"):
        await done(client.indexes.create(source_directory_id=source))
    listed = await every(client.indexes.list(source_directory_id="dir-a"))
    assert [index.source_directory_id for index in listed] == ["dir-a", "dir-a"]


@pytest.mark.filterwarnings("ignore:Moved out of beta:DeprecationWarning")
async def test_the_beta_names_lead_to_the_same_indexes(client):
    made = await done(client.beta.indexes.create(source_directory_id="dir-abc123"))
    shown = await done(client.indexes.get(made.id))
    assert shown.model_dump() == made.model_dump()
    assert [index.id for index in await every(client.beta.indexes.list())] == [made.id]
    assert await done(client.beta.indexes.delete(made.id)) is None
    assert await every(client.indexes.list()) == []


async def test_a_project_holds_its_indexes_apart(client):
    project = "182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26e"
    made = await done(client.indexes.create(source_directory_id="dir-abc123", project_id=project))
    assert made.project_id == project
    assert [index.id for index in await every(client.indexes.list(project_id=project))] == [made.id]
    assert await every(client.indexes.list()) == []
    assert (await done(client.indexes.get(made.id))).id == made.id

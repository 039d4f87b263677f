"""Directories with files, and indexes over them, for tests of documents."""

from conftest import resolve


async def folder(client, **files):
    """A directory with these files; its id and the uploaded files by name."""
    directory = await resolve(client.beta.directories.create(name="documents"))
    uploads = {}
    for stem, text in files.items():
        name = stem.replace("_", ".")
        upload = client.beta.directories.files.upload(directory.id, upload_file=(name, text.encode()))
        uploads[name] = await resolve(upload)
    return directory.id, uploads


async def ready_index(client, shared, key, directory, **options):
    """An index with these options over a directory after its first sync."""
    index = await resolve(client.indexes.create(source_directory_id=directory, **options))
    return await synced(client, shared, key, index)


async def synced(client, shared, key, index):
    shared.advance("1m", key)
    shown = await resolve(client.indexes.get(index.id, expand=["sync_in_progress"]))
    assert (shown.metadata["status"], shown.sync_in_progress) == ("ready", False)
    return shown


async def passages(client, index, query, **options):
    response = await resolve(client.retrieval.retrieve(index_id=index.export_config_id, query=query, **options))
    return response.results

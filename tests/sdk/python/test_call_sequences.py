"""The call sequences of published callers of the API, replayed by raw HTTP in their order and with the ids that they use."""

import httpx
import pytest

TEXT = b"# Sale\n\nThe contract of sale ends on 31 March. Notice is given in writing.\n"


@pytest.fixture
def api(shared, key):
    """Sends requests to the API; a refused one is an error."""

    def raise_for_status(response):
        response.read()
        assert response.is_success, f"{response.request.method} {response.request.url}: {response.text}"

    head = {"authorization": f"Bearer {key}"}
    hooks = {"response": [raise_for_status]}
    with httpx.Client(base_url=shared.url, headers=head, event_hooks=hooks, trust_env=False) as client:
        yield client


def upload_file(api, purpose="user_data"):
    form = {"data": {"purpose": purpose}, "files": {"file": ("contract.md", TEXT)}}
    return api.post("/api/v1/beta/files", **form).json()["id"]


def directory_with(api, *files):
    directory = api.post("/api/v1/beta/directories", json={"name": "contracts", "type": "user"}).json()["id"]
    for file in files:
        api.post(f"/api/v1/beta/directories/{directory}/files", json={"file_id": file})
    return directory


def poll_until_ready(api, shared, key, index_id):
    for _ in range(100):
        if api.get(f"/api/v1/indexes/{index_id}").json()["metadata"]["status"] == "ready":
            return
        shared.advance("100ms", key)
    raise AssertionError("the index was never ready")


def retrieve(api, index_id, **options):
    body = {"index_id": index_id, "query": "When does the contract of sale end?", **options}
    return api.post("/api/v1/retrieval/retrieve", json=body).json()["results"]


def test_the_hosted_mcp_server(api, shared, key):
    project = api.get("/api/v1/projects").json()[0]["id"]
    file = upload_file(api)
    directory = directory_with(api, file)
    body = {"source_directory_id": directory, "name": "contracts", "store_attachments": ["screenshots"]}
    index = api.post("/api/v1/indexes", params={"project_id": project}, json=body).json()["export_config_id"]
    poll_until_ready(api, shared, key, index)
    assert api.post(f"/api/v1/indexes/{index}/sync").status_code == 202
    poll_until_ready(api, shared, key, index)
    assert "31 March" in retrieve(api, index)[0]["content"]
    found = api.post("/api/v1/retrieval/files/find", json={"index_id": index}).json()
    assert found["next_page_token"] is None
    place = {"index_id": index, "file_id": found["items"][0]["file_id"]}
    assert api.post("/api/v1/retrieval/files/read", json=place).json()["content"] == TEXT.decode()
    matches = api.post("/api/v1/retrieval/files/grep", json={**place, "pattern": "Notice", "context_chars": 5}).json()
    assert matches["items"][0]["content"] == "rch. Notice is g"
    listed = api.get("/api/v1/beta/directories", params={"type": "user"}).json()["items"]
    assert directory in [item["id"] for item in listed]
    assert api.get(f"/api/v1/beta/directories/{directory}").json()["name"] == "contracts"
    files = api.get(f"/api/v1/beta/directories/{directory}/files").json()["items"]
    assert [item["file_id"] for item in files] == [file]


def test_the_n8n_node(api, shared, key):
    assert api.get("/api/v1/projects").json()
    file = upload_file(api, purpose="parse")
    index = api.post("/api/v1/indexes", json={"source_directory_id": directory_with(api, file)}).json()["id"]
    poll_until_ready(api, shared, key, index)
    # It sends a parameter that the API does not have.
    assert [item["id"] for item in api.get("/api/v1/indexes", params={"cursor": "x"}).json()["items"]] == [index]
    assert len(retrieve(api, index, top_k=5)) == 1


def test_the_reference_app(api, shared, key):
    directory = directory_with(api)
    for version in (1, 2):
        form = {
            "data": {"metadata": f'{{"file_name": "contract.md", "version": "{version}"}}'},
            "files": {"upload_file": ("contract.md", TEXT + f"Version {version}.\n".encode())},
        }
        api.post(f"/api/v1/beta/directories/{directory}/files/upload", **form)
    index = api.post("/api/v1/indexes", json={"source_directory_id": directory}).json()
    poll_until_ready(api, shared, key, index["id"])
    index_id = index["export_config_id"]
    assert len(api.post("/api/v1/retrieval/files/find", json={"index_id": index_id}).json()["items"]) == 2
    of_version = {"file_name": {"operator": "eq", "value": "contract.md"}, "version": {"operator": "eq", "value": "2"}}
    results = retrieve(api, index_id, custom_filters=of_version)
    assert ["Version 2." in result["content"] for result in results] == [True]
    place = {"index_id": index_id, "file_id": results[0]["static_fields"]["parsed_directory_file_id"]}
    start = results[0]["static_fields"]["chunk_start_char"]
    read = api.post("/api/v1/retrieval/files/read", json={**place, "offset": start, "max_length": 6}).json()
    assert read["content"] == "# Sale"
    grep = api.post("/api/v1/retrieval/files/grep", json={**place, "pattern": r"Version \d"}).json()
    assert [item["content"] for item in grep["items"]] == ["Version 2"]


def test_third_party_scripts(api, shared, key):
    assert [item for item in api.get("/api/v1/indexes").json()["items"] if item["name"] == "contracts"] == []
    directory = directory_with(api)
    api.post(f"/api/v1/beta/directories/{directory}/files", json={"file_id": upload_file(api)})
    body = {"source_directory_id": directory, "name": "contracts"}
    index = api.post("/api/v1/indexes", json=body).json()["id"]
    poll_until_ready(api, shared, key, index)
    assert "31 March" in retrieve(api, index)[0]["content"]

"""Configurations through the official SDK: versions, lists, refusals."""

import pytest
from conftest import collect, resolve
from llama_cloud import NotFoundError, UnprocessableEntityError

PARSE = {"product_type": "parse_v2", "tier": "agentic", "version": "latest"}
EXTRACT = {"product_type": "extract_v2", "data_schema": {"type": "object", "properties": {"total": {"type": "number"}}}}


async def test_each_change_is_a_version_under_one_id(client):
    configurations = client.configurations
    made = await resolve(configurations.create(name="contracts", parameters=PARSE))
    again = await resolve(configurations.create(name="contracts", parameters={**PARSE, "tier": "fast"}))
    changed = await resolve(configurations.update(made.id, name="papers"))
    assert made.id == again.id == changed.id
    assert made.id.startswith("cfg-")
    assert (changed.name, changed.parameters.tier, changed.product_type) == ("papers", "fast", "parse_v2")
    assert made.version < again.version < changed.version

    listed = await collect(configurations.list())
    assert [version.name for version in listed] == ["papers", "contracts", "contracts"]
    latest = await collect(configurations.list(latest_only=True, product_type=["parse_v2"]))
    assert [version.model_dump() for version in latest] == [changed.model_dump()]

    assert await resolve(configurations.delete(made.id)) is None
    assert await collect(configurations.list()) == []
    with pytest.raises(NotFoundError):
        await resolve(configurations.retrieve(made.id))


async def test_parameters_of_other_products_come_back_with_their_types(client):
    made = await resolve(client.configurations.create(name="totals", parameters=EXTRACT))
    assert made.parameters.data_schema == EXTRACT["data_schema"]
    preset = await resolve(client.configurations.retrieve("cfg-PARSE_AGENTIC"))
    assert preset.parameters.tier == "agentic"


async def test_a_refusal_names_the_product_and_the_field(client):
    parameters = {**PARSE, "crop_box": {"left": 2}}
    with pytest.raises(UnprocessableEntityError) as refused:
        await resolve(client.configurations.create(name="contracts", parameters=parameters))
    [violation] = refused.value.body["detail"]
    assert violation["loc"] == ["body", "parameters", "parse_v2", "crop_box", "left"]

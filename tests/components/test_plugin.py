"""The plugin that programs in other languages use the components through."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import grpc.aio
import pulumi
import pytest
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from mtasts import __version__
from mtasts.components.plugin import ComponentsProvider, ComponentsServicer, serve


def schema() -> Any:
    return json.loads(str(ComponentsProvider().schema))


def test_the_schema_has_both_components_of_this_version() -> None:
    found = schema()
    names = (found["namespace"], found["name"], found["version"])
    assert names == ("mtasts", "mtasts", __version__)
    assert list(found["resources"]) == ["mtasts:index:Agency", "mtasts:index:Inbox"]


def test_nothing_is_required_so_that_the_component_names_all_that_is_missing() -> None:
    """A generated SDK and YAML stop at the first required input that a program lacks."""
    found = schema()
    components, types = found["resources"].values(), found["types"]
    inputs = [name for name in types if name.endswith("Args")]
    assert inputs == ["mtasts:index:DomainArgs", "mtasts:index:OverrideArgs"]
    assert not any("requiredInputs" in each for each in components)
    assert [name for name in inputs if "required" in types[name]] == []
    assert types["mtasts:index:RulingOutput"]["required"] == ["id", "kind", "text"]
    shapes = [each["inputProperties"] for each in components]
    shapes += [types[name]["properties"] for name in inputs]
    said = {
        name
        for properties in shapes
        for name, each in properties.items()
        if (each.get("description") or "").startswith("Required.")
    }
    assert said == {
        *("agency", "domains", "name", "mx", "address"),
        *("waives", "reason", "approvedBy", "expires"),
    }


def test_what_the_sdk_does_not_know_or_misses_reaches_the_component() -> None:
    provider = ComponentsProvider()
    wrong: dict[str, Any] = {"maxAge": 604800.5, "colour": "red", "domains": [{"name": "a"}]}
    assert provider.map_inputs(wrong, provider._component_defs["Agency"]) == wrong


class Call:
    """A call, which tells why it ended."""

    def __init__(self) -> None:
        self.text = ""

    async def abort(self, _code: object, text: str) -> None:
        self.text = text


@pytest.mark.parametrize(
    ("error", "text"),
    [
        pytest.param(
            pulumi.RunError("two problems\n- a\n- b"), "two problems\n- a\n- b", id="ours"
        ),
        pytest.param(ValueError("a fault of the program"), None, id="any-other"),
    ],
)
def test_an_error_of_ours_is_told_as_it_is(error: Exception, text: str | None) -> None:
    class Failing(ComponentsProvider):
        def construct(self, *_: object, **__: object) -> Any:
            raise error

    servicer, call = ComponentsServicer(Failing(), [], engine_address="127.0.0.1:1"), Call()
    request = provider_pb2.ConstructRequest(type="mtasts:index:Agency", dryRun=True)
    if text is None:
        with pytest.raises(Exception, match="a fault of the program"):
            asyncio.run(servicer.Construct(request, call))
    else:
        asyncio.run(servicer.Construct(request, call))
        assert call.text == text


async def test_the_engine_gets_the_schema_at_the_port_that_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    serving = asyncio.create_task(serve(engine_address="127.0.0.1:1"))
    port = ""
    while not port and not serving.done():
        port = capsys.readouterr().out.strip()
        await asyncio.sleep(0)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = provider_pb2_grpc.ResourceProviderStub(channel)
        found = await stub.GetSchema(provider_pb2.GetSchemaRequest())
    assert json.loads(found.schema) == schema()
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving

"""The components for programs in other languages: a plugin, which the engine starts beside them.

The SDK's own host of components leaves out keys that it does not know, stops at the first that is
missing, and shows call stacks. This one hands `Agency` and `Inbox` what the program wrote, so that
one message names every problem, and shows that message alone.
"""

import json
import sys
from typing import TYPE_CHECKING, Any

import grpc
import grpc.aio
from pulumi import RunError
from pulumi.provider.experimental.component import ComponentProvider
from pulumi.provider.server import ProviderServicer
from pulumi.runtime.proto import provider_pb2_grpc

from mtasts import __version__
from mtasts.components.agency import Agency
from mtasts.components.inbox import Inbox

if TYPE_CHECKING:
    from pulumi import Inputs

_INPUT = "Args"  # how the types of inputs are named
_MESSAGE_BYTES = 400 * 1024 * 1024  # what the engine's own connections take
_LIMITS = (
    ("grpc.max_receive_message_length", _MESSAGE_BYTES),
    ("grpc.max_send_message_length", _MESSAGE_BYTES),
)


class ComponentsProvider(ComponentProvider):
    """Makes `Agency` and `Inbox` from what a program wrote, and has their schema."""

    def __init__(self) -> None:
        """Have the version of this package.

        Without a namespace of its own a package is named after the owner of the git repository that
        it is taken from, so a program would import another name than with a path or from a fork.
        """
        super().__init__([Agency, Inbox], "mtasts", namespace="mtasts", version=__version__)
        self.schema = nothing_required(str(self.schema))

    def map_inputs(self, inputs: "Inputs", *_: object) -> "Inputs":
        """All of them: what is wrong with them is found by the component, all at once."""
        return inputs


def nothing_required(schema: str) -> str:
    """The schema (JSON) with no input required; the description of each that is says so instead.

    YAML and every generated SDK refuse a program at the first required input that it lacks, before
    the component sees any of it. The component names all that is missing or wrong, in one message.
    """
    found = json.loads(schema)
    inputs = [
        (each.pop("requiredInputs", None), each["inputProperties"])
        for each in found["resources"].values()
    ]
    inputs += [
        (each.pop("required", None), each["properties"])
        for name, each in found["types"].items()
        if name.endswith(_INPUT)
    ]
    for required, properties in inputs:
        for name in required or ():
            said = properties[name].get("description") or ""
            properties[name]["description"] = f"Required. {said}".strip()
    return json.dumps(found)


class ComponentsServicer(ProviderServicer):
    """What the engine asks of the plugin; the names of the methods are the protocol's."""

    async def Construct(self, request: Any, context: Any) -> Any:
        """Make the component; an error of ours ends the call with its text alone."""
        try:
            return await super().Construct(request, context)
        except RunError as error:
            await context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))


async def serve(engine_address: str) -> None:
    """Tell the engine at which port this process listens, and serve until it ends this process."""
    server = grpc.aio.server(options=_LIMITS)
    servicer = ComponentsServicer(ComponentsProvider(), [], engine_address=engine_address)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    await server.wait_for_termination()

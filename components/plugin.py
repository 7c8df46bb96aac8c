"""A plugin with the components; the engine starts it for programs in other languages.

The SDK's own host of components drops unknown keys, stops at the first missing key, and prints
call stacks. This host passes all inputs of the program to `Agency` and `Inbox`, so that one message
names every problem, and prints that message alone.
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

_INPUT = "Args"  # the names of input types end so
_MESSAGE_BYTES = 400 * 1024 * 1024  # the limit of the engine's own connections
_LIMITS = (
    ("grpc.max_receive_message_length", _MESSAGE_BYTES),
    ("grpc.max_send_message_length", _MESSAGE_BYTES),
)


class ComponentsProvider(ComponentProvider):
    """Creates `Agency` and `Inbox` from the inputs of a program, and has their schema."""

    def __init__(self) -> None:
        """Give the plugin the namespace ``mtasts`` and the version of this package.

        Without a namespace the engine names the package after the owner of its git repository. A
        program would then import one name with a path, and another name from a fork.
        """
        super().__init__([Agency, Inbox], "mtasts", namespace="mtasts", version=__version__)
        self.schema = nothing_required(str(self.schema))

    def map_inputs(self, inputs: "Inputs", *_: object) -> "Inputs":
        """The inputs as they are: the component itself validates all of them at once."""
        return inputs


def nothing_required(schema: str) -> str:
    """The schema (JSON) without required inputs; their descriptions begin with "Required." instead.

    With required inputs, YAML and every generated SDK stop at the first one that is missing, before
    the component sees the inputs. The component names every missing or wrong input in one message.
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
    # A description is all that an SDK shows of an input, so it says which ones are required.
    for required, properties in inputs:
        for name in required or ():
            description = properties[name].get("description") or ""
            properties[name]["description"] = f"Required. {description}".strip()
    return json.dumps(found)


class ComponentsServicer(ProviderServicer):
    """The plugin's answers to the engine; the engine's protocol names the methods."""

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

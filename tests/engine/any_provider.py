"""A provider that takes any resource and makes none: previews of programs for a real account.

``python any_provider.py ENGINE_ADDRESS``, as the engine starts it.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc

from mtasts.localcloud.lifetime import die_with_parent
from mtasts.localcloud.protocol import protocol_only

protocol_only()

from google.protobuf import empty_pb2  # noqa: E402 - after protocol_only
from pulumi.runtime.proto import (  # noqa: E402 - after protocol_only
    plugin_pb2,
    provider_pb2,
    provider_pb2_grpc,
)


class AnyProvider(provider_pb2_grpc.ResourceProviderServicer):
    """Inputs become outputs; what a cloud would add is not known in a preview."""

    def GetPluginInfo(self, _request: Any, _context: Any) -> Any:  # noqa: N802 - the protocol's
        return plugin_pb2.PluginInfo(version="7.51.1")

    def CheckConfig(self, request: Any, _context: Any) -> Any:  # noqa: N802 - the protocol's
        return provider_pb2.CheckResponse(inputs=request.news)

    def Configure(self, _request: Any, _context: Any) -> Any:  # noqa: N802 - the protocol's
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    def Check(self, request: Any, _context: Any) -> Any:  # noqa: N802 - the protocol's
        return provider_pb2.CheckResponse(inputs=request.news)

    def Create(self, request: Any, _context: Any) -> Any:  # noqa: N802 - the protocol's
        return provider_pb2.CreateResponse(properties=request.properties)

    def Invoke(self, _request: Any, _context: Any) -> Any:  # noqa: N802 - the protocol's
        return provider_pb2.InvokeResponse()

    def Cancel(self, _request: Any, _context: Any) -> Any:  # noqa: N802 - the protocol's
        return empty_pb2.Empty()


def main() -> None:
    """Serve until the engine ends."""
    die_with_parent()
    server = grpc.server(ThreadPoolExecutor(max_workers=8))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(AnyProvider(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    server.wait_for_termination()


if __name__ == "__main__":
    main()

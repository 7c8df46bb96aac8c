"""The process of a provider: ``python -m mtasts.localcloud.aws [flags] ENGINE_ADDRESS``.

It prints its port as the first line on standard output, as the engine expects of a plugin, and
nothing else.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor

from mtasts.localcloud.lifetime import die_with_parent
from mtasts.localcloud.protocol import protocol_only

_WORKERS = 32


def _exit_at_once(_signal: int, _frame: object) -> None:
    os._exit(0)


def serve(module: str) -> None:
    """Serve the provider of ``module`` until the engine stops this process or has ended."""
    die_with_parent()
    signal.signal(signal.SIGTERM, _exit_at_once)
    signal.signal(signal.SIGINT, _exit_at_once)
    protocol_only()
    import grpc  # late: the signal handlers come first
    from pulumi.runtime.proto import provider_pb2_grpc  # late: after protocol_only

    provider = importlib.import_module(module).provider()  # late: after protocol_only

    limit = 64 * 1024 * 1024
    server = grpc.server(
        ThreadPoolExecutor(max_workers=_WORKERS),
        options=[
            ("grpc.max_receive_message_length", limit),
            ("grpc.max_send_message_length", limit),
        ],
    )
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    server.wait_for_termination()

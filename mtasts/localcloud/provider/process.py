"""A provider's process: ``python -m mtasts.localcloud.aws [flags] ENGINE_ADDRESS``.

The first line on standard output is the port; nothing else is written there.
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
    """Serve ``module``'s provider until the engine ends this process or ends itself."""
    die_with_parent()
    signal.signal(signal.SIGTERM, _exit_at_once)
    signal.signal(signal.SIGINT, _exit_at_once)
    protocol_only()
    import grpc  # after the signal handlers
    from pulumi.runtime.proto import provider_pb2_grpc  # after protocol_only

    provider = importlib.import_module(module).provider()  # after protocol_only

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

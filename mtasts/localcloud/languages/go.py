"""``pulumi-language-go`` for an engine built from source: it writes SDKs, and runs nothing."""

from __future__ import annotations

from mtasts.localcloud.protocol import protocol_only

if __name__ == "__main__":
    protocol_only()

from mtasts.localcloud.languages.host import Host, serve


class GoHost(Host):
    """Writes SDKs."""

    language = "go"


if __name__ == "__main__":
    serve(GoHost)

"""A Cloudflare account of which the answers are data: what no local API says, and errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mtasts.cloud.cloudflare.account import CloudflareAccount, CloudflareSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

ACCOUNT = "0123456789abcdef0123456789abcdef"
BASE_URL = "https://api.cloudflare.com/client/v4"


class FakeCloudflare(CloudflareAccount):
    """Answers each path with its result, or raises what stands there; ``asked`` are the calls."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        super().__init__(CloudflareSettings(ACCOUNT, "t", BASE_URL))
        self.answers = {f"{self.path}/workers/subdomain": {"subdomain": "ours"}, **answers}
        self.asked: list[tuple[str, str, dict[str, str]]] = []

    def _ask(
        self, method: str, path: str, query: Mapping[str, str], body: object = None
    ) -> dict[str, Any]:
        assert body is None, "nothing is written"
        self.asked.append((method, path, dict(query)))
        found = self.answers[path]
        if isinstance(found, Exception):
            raise found
        return {"result": found}

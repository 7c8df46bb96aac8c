"""An AWS account of which a part is data: who it is, and some of its clients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from mtasts.cloud.aws.account import Account, AwsSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ACCOUNT = "123456789012"


class Changed:
    """A client of which some calls are a test's own."""

    def __init__(self, client: Any, **calls: Callable[..., Any]) -> None:
        self._client = client
        self._calls = calls

    def __getattr__(self, name: str) -> Any:
        return self._calls.get(name) or getattr(self._client, name)


def refusing(code: str, call: str) -> Callable[..., Any]:
    """A call that AWS refuses."""

    def refuse(**_: object) -> None:
        raise ClientError({"Error": {"Code": code}}, call)

    return refuse


class FakeAccount(Account):
    """Says that it is ``id_``, or raises that; the ``clients`` are by service.

    What is not given is as AWS has it, at the endpoints of the settings.
    """

    def __init__(
        self,
        settings: AwsSettings | None = None,
        *,
        id_: str | Exception | None = ACCOUNT,
        clients: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(settings or AwsSettings("us-east-1"), attempts_max=1)
        self.id_ = id_
        self.clients = dict(clients or {})

    def account_id(self) -> str:
        if self.id_ is None:
            return super().account_id()
        if isinstance(self.id_, Exception):
            raise self.id_
        return self.id_

    def client(self, service: str, *, region: str | None = None) -> Any:
        if service in self.clients:
            return self.clients[service]
        return super().client(service, region=region)

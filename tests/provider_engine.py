"""What the engine does with a provider, over a real gRPC channel."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import boto3
import grpc
import pytest
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from mtasts.localcloud.provider.properties import decode, encode

if TYPE_CHECKING:
    from mtasts.localcloud.provider.service import Provider


class Engine:
    """What the engine does with a provider, in a few words."""

    def __init__(self, channel: grpc.Channel, url: str) -> None:
        self.stub = provider_pb2_grpc.ResourceProviderStub(channel)
        self.url = url

    def client(self, service: str) -> Any:
        return boto3.client(
            service,  # type: ignore[call-overload]  # one fixture for every service
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )

    def check(self, token: str, news: Any, olds: Any = None, seed: bytes = b"seed") -> Any:
        return self.stub.Check(
            provider_pb2.CheckRequest(
                urn=urn(token), olds=encode(olds or {}), news=encode(news), randomSeed=seed
            )
        )

    def inputs(self, token: str, news: Any) -> Any:
        answer = self.check(token, news)
        assert list(answer.failures) == []
        return decode(answer.inputs)

    def create(self, token: str, news: Any, *, preview: bool = False) -> tuple[str, Any, Any]:
        inputs = self.inputs(token, news)
        answer = self.stub.Create(
            provider_pb2.CreateRequest(urn=urn(token), properties=encode(inputs), preview=preview)
        )
        return answer.id, inputs, decode(answer.properties)

    def diff(self, token: str, old: Any, new: Any, state: Any = None) -> Any:
        return self.stub.Diff(
            provider_pb2.DiffRequest(
                urn=urn(token), olds=encode(state or {}), old_inputs=encode(old), news=encode(new)
            )
        )

    def update(
        self, token: str, identity: str, old: Any, new: Any, *, preview: bool = False
    ) -> Any:
        answer = self.stub.Update(
            provider_pb2.UpdateRequest(
                urn=urn(token),
                id=identity,
                old_inputs=encode(old),
                news=encode(new),
                preview=preview,
            )
        )
        return decode(answer.properties)

    def read(self, token: str, identity: str, inputs: Any = None) -> tuple[str, Any, Any]:
        answer = self.stub.Read(
            provider_pb2.ReadRequest(urn=urn(token), id=identity, inputs=encode(inputs or {}))
        )
        return answer.id, decode(answer.inputs), decode(answer.properties)

    def delete(self, token: str, identity: str, inputs: Any) -> None:
        self.stub.Delete(
            provider_pb2.DeleteRequest(urn=urn(token), id=identity, old_inputs=encode(inputs))
        )

    def invoke(self, token: str, arguments: Any) -> Any:
        answer = self.stub.Invoke(provider_pb2.InvokeRequest(tok=token, args=encode(arguments)))
        return decode(getattr(answer, "return"))


def urn(token: str) -> str:
    return f"urn:pulumi:test::mtasts::mtasts:index:MailDomain${token}::thing"


def refusal(call: Any, *arguments: Any, **options: Any) -> str:
    with pytest.raises(grpc.RpcError) as caught:
        call(*arguments, **options)
    text = str(caught.value.details())
    assert "\n" not in text
    assert "Traceback" not in text
    return text


class served:  # noqa: N801 - reads as a verb in a with statement
    def __init__(self, provider: Provider) -> None:
        self._server = grpc.server(ThreadPoolExecutor(max_workers=8))
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, self._server)
        port = self._server.add_insecure_port("127.0.0.1:0")
        self._channel = grpc.insecure_channel(f"127.0.0.1:{port}")

    def __enter__(self) -> grpc.Channel:
        self._server.start()
        return self._channel

    def __exit__(self, *_: object) -> None:
        self._channel.close()
        self._server.stop(None).wait()

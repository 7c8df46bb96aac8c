"""A mock monitor that keeps every registration whole: options too, which mocks do not show.

If asked to, it runs the hooks before a create, and by the way the engine takes: their callbacks.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import grpc
import pulumi
from pulumi.runtime import rpc
from pulumi.runtime.mocks import MockMonitor, MockResourceArgs, Mocks, set_mocks
from pulumi.runtime.proto import callback_pb2, callback_pb2_grpc, resource_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class _Outputs(Mocks):
    """The inputs, and what the cloud would add that others depend on."""

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        added: dict[str, Any] = {}
        match args.typ:
            case "aws:s3/bucket:Bucket":
                name = args.inputs["bucket"]
                added = {"bucketRegionalDomainName": f"{name}.s3.us-east-1.amazonaws.com"}
            case "aws:acm/certificate:Certificate":
                option = {
                    "domainName": args.inputs["domainName"],
                    "resourceRecordName": f"_x.{args.inputs['domainName']}.",
                    "resourceRecordType": "CNAME",
                    "resourceRecordValue": "_y.acm-validations.aws.",
                }
                added = {"arn": "arn:certificate", "domainValidationOptions": [option]}
            case "aws:ses/domainIdentity:DomainIdentity":
                added = {"verificationToken": "token"}
            case "aws:lambda/functionUrl:FunctionUrl":
                added = {"functionUrl": "https://u.lambda-url.us-east-1.on.aws/"}
            case "aws:route53/record:Record":
                added = {"fqdn": args.inputs["name"]}
            case "aws:cloudfront/distribution:Distribution":
                added = {"domainName": "d1.cloudfront.net", "arn": "arn:distribution"}
        return f"{args.name}-id", {**args.inputs, **added}

    def call(self, args: Any) -> Any:
        assert args.token == "aws:index/getRegion:getRegion", f"no other is called: {args.token}"
        return {}


class Recorder(MockMonitor):
    """Keeps the requests by resource name, in the order they came.

    With ``runs_hooks``, a resource whose hook refuses is not made, and the program fails.
    """

    def __init__(self, *, runs_hooks: bool = False, is_preview: bool = False) -> None:
        super().__init__(_Outputs())
        self.is_preview = is_preview
        self._runs_hooks = runs_hooks
        self._hooks: dict[str, Any] = {}
        self.requests: dict[str, Any] = {}
        self.urns: dict[str, str] = {}
        self.invokes: list[str] = []

    def Invoke(self, request: Any) -> Any:  # noqa: N802 - as below
        self.invokes.append(request.tok)
        with _own_loop():
            return super().Invoke(request)  # type: ignore[no-untyped-call]

    def RegisterResourceHook(self, request: Any) -> Any:  # noqa: N802 - as below
        self._hooks[request.name] = request.callback
        return super().RegisterResourceHook(request)  # type: ignore[no-untyped-call]

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the protocol's name
        if self._runs_hooks:
            for name in request.hooks.before_create:
                self._run_hook(name, request)
        with _own_loop():
            response = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        assert request.name not in self.requests or request.type.startswith("mtasts:"), (
            f"two resources are named {request.name}"
        )
        self.requests[f"{request.type.rpartition(':')[2]} {request.name}"] = request
        self.urns[response.urn] = request.name
        return response

    def _run_hook(self, name: str, request: Any) -> None:
        """Call the program back; it answers in its own loop, while this thread waits."""
        about = resource_pb2.ResourceHookRequest(name=request.name, type=request.type)
        call = callback_pb2.CallbackInvokeRequest(
            token=self._hooks[name].token, request=about.SerializeToString()
        )
        with grpc.insecure_channel(self._hooks[name].target) as channel:
            answer = callback_pb2_grpc.CallbacksStub(channel).Invoke(call, timeout=30)
        why = resource_pb2.ResourceHookResponse.FromString(answer.response).error
        if why:
            raise pulumi.RunError(f"{name}: {why}")


class Recorded:
    """What a program registered."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self.names = [key for key in recorder.requests if not key.startswith("Stack ")]
        self.invokes = recorder.invokes

    def request(self, key: str) -> Any:
        """The registration of ``Type name``."""
        return self._recorder.requests[key]

    def inputs(self, key: str) -> dict[str, Any]:
        """The inputs of ``Type name``, as plain values."""
        return dict(rpc.deserialize_properties(self.request(key).object))

    def parent(self, key: str) -> str:
        """The name of the parent."""
        return self._recorder.urns[self.request(key).parent]

    def depends_on(self, key: str) -> set[str]:
        """The names of all resources it waits for."""
        return {self._recorder.urns[urn] for urn in self.request(key).dependencies}

    def hooks(self, key: str) -> dict[str, list[str]]:
        """The hooks bound to it, by the moment they run at."""
        bound = self.request(key).hooks
        found = {field.name: list(value) for field, value in bound.ListFields()}
        return {moment: names for moment, names in found.items() if names}


def record(
    program: Callable[[], object], *, runs_hooks: bool = False, is_preview: bool = False
) -> Recorded:
    """Run ``program`` under mocks and return what it registered."""
    recorder = Recorder(runs_hooks=runs_hooks, is_preview=is_preview)
    _in_thread(recorder, program)
    return Recorded(recorder)


def record_failing(
    program: Callable[[], object], *, is_preview: bool = False
) -> tuple[Recorded, str]:
    """What ``program`` registered, and why it failed in the end."""
    recorder = Recorder(is_preview=is_preview)
    try:
        _in_thread(recorder, program)
    except pulumi.RunError as error:
        return Recorded(recorder), str(error)
    raise AssertionError("the program did not fail")


def _in_thread(recorder: Recorder, program: Callable[[], object]) -> None:
    # The SDK takes the thread's event loop, so it gets a thread, and nobody else's loop is touched.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(_run, recorder, program).result()


def _run(recorder: Recorder, program: Callable[[], object]) -> None:
    with _own_loop() as loop:
        # A refusal is raised below; every output of what was not made has it, too.
        loop.set_exception_handler(lambda _, __: None)
        set_mocks(
            recorder.mocks,
            project="mtasts",
            stack="example-agency",
            preview=recorder.is_preview,
            monitor=recorder,
        )
        try:
            pulumi.runtime.test(program)()  # type: ignore[no-untyped-call]
        finally:
            left = asyncio.all_tasks(loop)
            for task in left:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
            loop.run_until_complete(loop.shutdown_default_executor())


@contextmanager
def _own_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """The SDK makes a loop for every thread it runs in, and leaves it open."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield loop
    finally:
        asyncio.set_event_loop(None)
        loop.close()

"""The gRPC service of a provider: it turns each operation into calls to the local cloud.

See Pulumi's ``provider.proto`` for the operations.
"""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from mtasts.localcloud.provider.crash import crashing
from mtasts.localcloud.provider.differences import Change, differences, reconcile
from mtasts.localcloud.provider.properties import UNKNOWN, Properties, decode, encode, is_unknown
from mtasts.localcloud.provider.resource import RefusedError, Resource, error_code

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from threading import Event

    from mtasts.localcloud.provider.schema import Modelled, Problem, Schema

_KINDS = {
    Change.ADD: (provider_pb2.PropertyDiff.ADD, provider_pb2.PropertyDiff.ADD_REPLACE),
    Change.DELETE: (provider_pb2.PropertyDiff.DELETE, provider_pb2.PropertyDiff.DELETE_REPLACE),
    Change.UPDATE: (provider_pb2.PropertyDiff.UPDATE, provider_pb2.PropertyDiff.UPDATE_REPLACE),
}


_FROM_ENGINE = frozenset(
    {"version", "pluginDownloadURL", "__internal", "__pulumi-go-provider-infer"}
)


def configuration(raw: Mapping[str, Any]) -> Properties:
    """The provider's inputs; the engine sends lists, objects and booleans as JSON texts."""
    return {name: _plain(value) for name, value in raw.items() if name not in _FROM_ENGINE}


def _plain(value: Any) -> Any:  # a property value is any JSON value
    if not isinstance(value, str) or not value.startswith(("[", "{", "true", "false")):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


class Session(Protocol):
    """The session of a configured provider; each cloud's session has more than this."""

    cancelled: Event
    default_tags: Properties


@dataclass(frozen=True, slots=True)
class Plugin:
    """One provider: its name and version for the engine, and its implementation.

    ``resources`` are by token; ``modelled`` are the inputs of the provider itself. ``connect``
    makes the session from configuration and environment; ``invoke`` runs a function.
    """

    name: str
    version: str
    schema: Schema
    resources: Mapping[str, Resource]
    modelled: Modelled
    connect: Callable[[Properties, Mapping[str, str]], Session]
    invoke: Callable[[str, Properties, Any], Properties]

    @property
    def subject(self) -> str:
        """The name of the provider in messages."""
        return f"provider {self.name}"


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """The service of one provider process; the engine calls ``Configure`` first."""

    def __init__(self, plugin: Plugin, environment: Mapping[str, str] | None = None) -> None:
        """Serve ``plugin``, on the local cloud that ``environment`` names."""
        self._plugin = plugin
        self._environment = os.environ if environment is None else environment
        self._session: Session | None = None

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: ARG002, D102 - gRPC's
        return provider_pb2.ProviderHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: ARG002, D102 - gRPC's
        return plugin_pb2.PluginInfo(version=self._plugin.version)

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: ARG002, D102 - gRPC's
        if self._session is not None:
            self._session.cancelled.set()
        return empty_pb2.Empty()

    def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: D102 - gRPC's
        with _answering(context, self._plugin.subject):
            news = decode(request.news)
            found = list(
                self._plugin.schema.problems(
                    f"pulumi:providers:{self._plugin.name}",
                    configuration(news),
                    self._plugin.modelled,
                )
            )
            return _checked(news, found)

    def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: D102 - gRPC's
        with _answering(context, self._plugin.subject):
            same = decode(request.old_inputs) == decode(request.news)
            changes = provider_pb2.DiffResponse
            return changes(changes=changes.DIFF_NONE if same else changes.DIFF_SOME)

    def Configure(self, request: Any, context: Any) -> Any:  # noqa: D102 - gRPC's
        with _answering(context, self._plugin.subject):
            config = configuration(decode(request.args))
            self._session = self._plugin.connect(config, self._environment)
            return provider_pb2.ConfigureResponse(supportsPreview=True)

    def Invoke(self, request: Any, context: Any) -> Any:  # noqa: D102 - gRPC's
        with _answering(context, request.tok):
            result = self._plugin.invoke(request.tok, decode(request.args), self._configured)
            response = provider_pb2.InvokeResponse()
            getattr(response, "return").CopyFrom(encode(result))  # the field is a Python keyword
            return response

    def Check(self, request: Any, context: Any) -> Any:  # noqa: D102 - gRPC's
        with self._resource(request, context) as resource:
            olds, news = decode(request.olds), decode(request.news)
            _name_automatically(resource, _name(request.urn), request.randomSeed, olds, news)
            found = list(self._plugin.schema.problems(resource.token, news, resource.modelled))
            if not found:
                found = list(resource.judge(news))
            if resource.taggable:
                news["tagsAll"] = _all_tags(self._configured.default_tags, news.get("tags", {}))
            return _checked(news, found)

    def Diff(self, request: Any, context: Any) -> Any:  # noqa: D102 - gRPC's
        with self._resource(request, context) as resource:
            old, new = decode(request.old_inputs), decode(request.news)
            state = decode(request.olds)
            ignored = set(request.ignoreChanges) | {
                name
                for name in resource.reported & state.keys()
                if new.get(name, state[name]) == state[name]
            }
            return _difference(resource, old, new, ignored)

    def Create(self, request: Any, context: Any) -> Any:  # noqa: D102 - gRPC's
        with self._resource(request, context) as resource:
            inputs = decode(request.properties)
            session = self._configured
            if request.preview:
                planned = resource.planned(session, inputs)
                return provider_pb2.CreateResponse(properties=encode(planned))
            with crashing(self._environment, "create", request.urn):
                identity = resource.create(session, inputs)
            state = _state(resource, session, identity, inputs)
            return provider_pb2.CreateResponse(id=identity, properties=encode(state))

    def Read(self, request: Any, context: Any) -> Any:  # noqa: D102 - gRPC's
        with self._resource(request, context) as resource:
            old = decode(request.inputs)
            # pulumi-aws imports a resource of another region by the id ID@REGION.
            identity = request.id if old else request.id.partition("@")[0]
            live = resource.read(self._configured, identity, old)
            if live is None:
                return provider_pb2.ReadResponse()
            found = _without_none(live.inputs)
            inputs = reconcile(old, live.inputs, resource.normalise) if old else found
            marks = {name: value for name, value in old.items() if name.startswith("__")}
            state = _without_none(resource.outputs(inputs, live))
            return provider_pb2.ReadResponse(
                id=identity, properties=encode(state), inputs=encode(inputs | marks)
            )

    def Update(self, request: Any, context: Any) -> Any:  # noqa: D102 - gRPC's
        with self._resource(request, context) as resource:
            old, new = decode(request.old_inputs), decode(request.news)
            session = self._configured
            if request.preview:
                state = decode(request.olds)
                computed = {k: state[k] for k in resource.computed if k in state and k not in old}
                planned = resource.planned(session, new) | computed
                planned |= dict.fromkeys(resource.volatile, UNKNOWN)
                return provider_pb2.UpdateResponse(properties=encode(planned))
            with crashing(self._environment, "update", request.urn):
                resource.update(session, request.id, old, new)
            state = _state(resource, session, request.id, new)
            return provider_pb2.UpdateResponse(properties=encode(state))

    def Delete(self, request: Any, context: Any) -> Any:  # noqa: D102 - gRPC's
        with self._resource(request, context) as resource:
            inputs, outputs = decode(request.old_inputs), decode(request.properties)
            resource.delete(self._configured, request.id, inputs, outputs)
            return empty_pb2.Empty()

    @property
    def _configured(self) -> Session:
        if self._session is None:
            raise RefusedError("NotConfigured", "the provider has not been configured")
        return self._session

    @contextmanager
    def _resource(self, request: Any, context: Any) -> Iterator[Resource]:  # gRPC's
        """The resource type of a request; errors inside of the context name type and resource."""
        token = request.urn.split("::")[2].rpartition("$")[2]
        with _answering(context, f"{token} {_name(request.urn)}"):
            if token not in self._plugin.resources:
                raise RefusedError("NotModelled", f"the local stand-in does not model {token}")
            yield self._plugin.resources[token]


@contextmanager
def _answering(context: Any, subject: str) -> Iterator[None]:  # grpc's own
    """Turn every error into one line for the engine, which would otherwise show a traceback."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - the engine has to get every error as text
        _abort(context, f"{subject}: {_line(error)}")


def _abort(context: Any, text: str) -> NoReturn:  # grpc's own
    context.abort(grpc.StatusCode.UNKNOWN, text)
    raise AssertionError("abort raises")


def _line(error: Exception) -> str:
    code = error_code(error)
    if code:
        response: Any = getattr(error, "response", {})
        text = f"{code}: {response['Error'].get('Message', '')}"
    else:
        text = str(error) or type(error).__name__
    return " ".join(text.split())


def _all_tags(default: Properties, own: Any) -> Any:  # may be unknown
    """The tags of a resource: the provider's default tags and its own."""
    return UNKNOWN if is_unknown(own) else default | own


def _name(urn: str) -> str:
    return urn.split("::", 3)[3]


def _checked(inputs: Properties, found: list[Problem]) -> Any:  # generated, untyped
    failures = [
        provider_pb2.CheckFailure(property=problem.path, reason=problem.reason) for problem in found
    ]
    return provider_pb2.CheckResponse(inputs=encode(inputs), failures=failures)


def _name_automatically(
    resource: Resource, name: str, seed: bytes, olds: Properties, news: Properties
) -> None:
    """Add a name to ``news`` if the program gives none: that of the state, or a new one.

    The input ``__defaults`` marks the name as automatic, as Pulumi's own providers do.
    """
    field = resource.auto_name
    if not field or field in news:
        return
    if field in olds.get("__defaults", []):
        news[field] = olds[field]
    else:
        news[field] = resource.automatic(name, seed)
    news["__defaults"] = [field]


def _difference(
    resource: Resource, old: Properties, new: Properties, ignored: set[str]
) -> Any:  # gRPC's message
    detailed: dict[str, Any] = {}
    replaces: list[str] = []
    for path, change in differences(old, new, resource.normalise):
        top = path.partition(".")[0].partition("[")[0]
        if top in ignored or path in ignored:
            continue
        is_replacement = top in resource.replaces
        detailed[path] = provider_pb2.PropertyDiff(
            kind=_KINDS[change][is_replacement], inputDiff=True
        )
        if is_replacement:
            replaces.append(top)
    tops = sorted({path.partition(".")[0].partition("[")[0] for path in detailed})
    field = resource.auto_name
    # Two resources cannot have the same fixed name, so the old one has to be deleted first.
    keeps_name = bool(
        field and old.get(field) == new.get(field) and field not in new.get("__defaults", [])
    )
    response = provider_pb2.DiffResponse
    return response(
        changes=response.DIFF_SOME if detailed else response.DIFF_NONE,
        diffs=tops,
        replaces=sorted(set(replaces)),
        detailedDiff=detailed,
        hasDetailedDiff=True,
        deleteBeforeReplace=bool(replaces) and keeps_name,
    )


def _state(resource: Resource, session: Session, identity: str, inputs: Properties) -> Properties:
    """The state after a write, as the cloud reports it now."""
    live = resource.read(session, identity, inputs)
    if live is None:
        raise RefusedError("NotFound", f"{identity} does not exist right after it was written")
    state: Properties = _without_none(resource.outputs(inputs, live))
    return state


def _without_none(value: Any) -> Any:  # any JSON value
    if isinstance(value, dict):
        return {k: _without_none(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_without_none(member) for member in value]
    return value

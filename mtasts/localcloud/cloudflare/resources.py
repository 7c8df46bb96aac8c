"""DNS records, Workers and custom domains of pulumi-cloudflare, as calls to the local v4 API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from mtasts.localcloud.cloudflare.session import GONE
from mtasts.localcloud.provider.resource import Live, RefusedError, Resource
from mtasts.localcloud.provider.schema import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mtasts.localcloud.cloudflare.session import Session
    from mtasts.localcloud.provider.properties import Properties
    from mtasts.localcloud.provider.schema import Modelled

# The fields of a binding by their names in the API, with their names in pulumi-cloudflare.
_BINDING_NAMES = {"bucket_name": "bucketName", "namespace_id": "namespaceId"}
_LOG_NAMES = {"head_sampling_rate": "headSamplingRate", "invocation_logs": "invocationLogs"}


class DnsRecord(Resource):
    """A DNS record; an import's id is ``ZONE/RECORD``."""

    token: ClassVar[str] = "cloudflare:index/dnsRecord:DnsRecord"
    modelled: ClassVar[Modelled] = dict.fromkeys(
        ("comment", "content", "name", "priority", "proxied", "ttl", "type", "zoneId")
    )
    replaces: ClassVar[frozenset[str]] = frozenset({"zoneId"})

    def create(self, session: Session, inputs: Properties) -> str:
        """Create it; the API refuses a record that exists or conflicts with another one."""
        made = session.call("POST", _records(inputs), _record(inputs))
        return str(made["id"])

    def read(self, session: Session, identity: str, inputs: Properties) -> Live | None:
        """Read all fields."""
        zone, _, record = identity.rpartition("/")
        zone = zone or inputs.get("zoneId", "")
        found = session.get(f"/zones/{zone}/dns_records/{record}")
        if found is None:
            return None
        live = {
            "comment": found["comment"],
            "content": found["content"],
            "name": found["name"],
            "priority": found.get("priority"),
            "proxied": found["proxied"] or (False if "proxied" in inputs else None),
            "ttl": found["ttl"],
            "type": found["type"],
            "zoneId": zone,
        }
        return Live(live)

    def update(self, session: Session, identity: str, old: Properties, inputs: Properties) -> None:
        """Write the record again, with one call."""
        del old
        path = f"{_records(inputs)}/{identity.rpartition('/')[2]}"
        session.call("PUT", path, _record(inputs))

    def delete(
        self, session: Session, identity: str, inputs: Properties, outputs: Properties
    ) -> None:
        """Delete it; as with pulumi-cloudflare, it is an error if it does not exist."""
        del outputs
        session.call("DELETE", f"{_records(inputs)}/{identity.rpartition('/')[2]}")


class WorkersScript(Resource):
    """A Worker of one module; the id is its name, and ``ACCOUNT/NAME`` for an import."""

    token: ClassVar[str] = "cloudflare:index/workersScript:WorkersScript"
    modelled: ClassVar[Modelled] = {
        **dict.fromkeys(("accountId", "compatibilityDate", "content", "mainModule", "scriptName")),
        "bindings": {
            "bucketName": None,
            "name": None,
            "namespaceId": None,
            "simple": {"limit": None, "period": None},
            "type": None,
        },
        "observability": {
            "enabled": None,
            "headSamplingRate": None,
            "logs": dict.fromkeys(("enabled", "headSamplingRate", "invocationLogs", "persist")),
        },
    }
    replaces: ClassVar[frozenset[str]] = frozenset({"accountId", "scriptName"})

    def create(self, session: Session, inputs: Properties) -> str:
        """Upload it; as with pulumi-cloudflare, it replaces a Worker of the same name."""
        self._upload(session, inputs)
        return str(inputs["scriptName"])

    def read(self, session: Session, identity: str, inputs: Properties) -> Live | None:
        """Read the newest upload and its bindings."""
        account, _, name = identity.rpartition("/")
        account = account or inputs.get("accountId", "")
        path = f"/accounts/{account}/workers/scripts/{name}"
        settings = session.get(f"{path}/settings")
        if settings is None:
            return None
        live = {
            "accountId": account,
            "bindings": [_renamed(each, _BINDING_NAMES) for each in settings["bindings"]] or None,
            "compatibilityDate": settings["compatibility_date"] or None,
            "content": session.text(path),
            "mainModule": inputs.get("mainModule", "worker.js"),
            "observability": _nested(settings["observability"], _LOG_NAMES),
            "scriptName": name,
        }
        return Live(live)

    def update(self, session: Session, identity: str, old: Properties, inputs: Properties) -> None:
        """Upload the new module."""
        del identity, old
        self._upload(session, inputs)

    def delete(
        self, session: Session, identity: str, inputs: Properties, outputs: Properties
    ) -> None:
        """Delete it, with the custom domains that lead to it."""
        del identity, outputs
        _delete(session, f"{_script(inputs)}?force=true")

    @staticmethod
    def _upload(session: Session, inputs: Properties) -> None:
        main = inputs["mainModule"]
        to_api = {name: api_name for api_name, name in _BINDING_NAMES.items()}
        metadata = {
            "main_module": main,
            "compatibility_date": inputs.get("compatibilityDate", ""),
            "bindings": [_renamed(each, to_api) for each in inputs.get("bindings", ())],
            "observability": _nested(
                inputs.get("observability"),
                {name: api_name for api_name, name in _LOG_NAMES.items()},
            ),
        }
        session.upload(_script(inputs), metadata, main, inputs["content"])

    def judge(self, inputs: Properties) -> Iterator[Problem]:
        """Require the module as a text; files of modules are not modelled."""
        for name in ("content", "mainModule"):
            if name not in inputs:
                yield Problem(name, f'the local stand-in needs the input "{name}"')


class WorkersScriptSubdomain(Resource):
    """Whether a Worker answers at workers.dev; an import's id is ``ACCOUNT/NAME``."""

    token: ClassVar[str] = "cloudflare:index/workersScriptSubdomain:WorkersScriptSubdomain"
    modelled: ClassVar[Modelled] = dict.fromkeys(
        ("accountId", "enabled", "previewsEnabled", "scriptName")
    )
    replaces: ClassVar[frozenset[str]] = frozenset({"accountId", "scriptName"})

    def create(self, session: Session, inputs: Properties) -> str:
        """Set whether it answers."""
        self._set(session, inputs, enabled=inputs["enabled"])
        return str(inputs["scriptName"])

    def read(self, session: Session, identity: str, inputs: Properties) -> Live | None:
        """Read whether it answers."""
        account, _, name = identity.rpartition("/")
        account = account or inputs.get("accountId", "")
        found = session.get(f"/accounts/{account}/workers/scripts/{name}/subdomain")
        if found is None:
            return None
        return Live(
            {
                "accountId": account,
                "enabled": found["enabled"],
                "previewsEnabled": found["previews_enabled"],
                "scriptName": name,
            }
        )

    def update(self, session: Session, identity: str, old: Properties, inputs: Properties) -> None:
        """Set whether it answers."""
        del identity, old
        self._set(session, inputs, enabled=inputs["enabled"])

    def delete(
        self, session: Session, identity: str, inputs: Properties, outputs: Properties
    ) -> None:
        """Turn it off, if the Worker exists."""
        del identity, outputs
        if session.get(f"{_script(inputs)}/subdomain") is not None:
            self._set(session, inputs, enabled=False)

    @staticmethod
    def _set(session: Session, inputs: Properties, *, enabled: bool) -> None:
        session.call("POST", f"{_script(inputs)}/subdomain", {"enabled": enabled})


class WorkersCustomDomain(Resource):
    """A host name that leads to a Worker; an import's id is ``ACCOUNT/ID``."""

    token: ClassVar[str] = "cloudflare:index/workersCustomDomain:WorkersCustomDomain"
    modelled: ClassVar[Modelled] = dict.fromkeys(("accountId", "hostname", "service", "zoneId"))
    replaces: ClassVar[frozenset[str]] = frozenset({"accountId", "hostname", "zoneId"})
    computed: ClassVar[tuple[str, ...]] = ("certId", "environment", "zoneName")

    def create(self, session: Session, inputs: Properties) -> str:
        """Attach it; the API refuses a name that has DNS records."""
        return str(self._put(session, inputs)["id"])

    def read(self, session: Session, identity: str, inputs: Properties) -> Live | None:
        """Read all fields."""
        account, _, id_ = identity.rpartition("/")
        account = account or inputs.get("accountId", "")
        found = session.get(f"/accounts/{account}/workers/domains/{id_}")
        if found is None:
            return None
        live = {
            "accountId": account,
            "hostname": found["hostname"],
            "service": found["service"],
            "zoneId": found["zone_id"],
        }
        more = {
            "certId": found["cert_id"],
            "environment": found["environment"],
            "zoneName": found["zone_name"],
        }
        return Live(live, more)

    def update(self, session: Session, identity: str, old: Properties, inputs: Properties) -> None:
        """Have the name lead to another Worker."""
        del identity, old
        self._put(session, inputs)

    def delete(
        self, session: Session, identity: str, inputs: Properties, outputs: Properties
    ) -> None:
        """Detach it; the API also deletes its DNS records."""
        del outputs
        account = inputs["accountId"]
        _delete(session, f"/accounts/{account}/workers/domains/{identity.rpartition('/')[2]}")

    @staticmethod
    def _put(session: Session, inputs: Properties) -> Any:  # any JSON value
        body = {
            "hostname": inputs["hostname"],
            "service": inputs["service"],
            "zone_id": inputs["zoneId"],
            "environment": "production",
        }
        return session.call("PUT", f"/accounts/{inputs['accountId']}/workers/domains", body)


def _renamed(binding: Properties, names: Mapping[str, str]) -> Properties:
    return {names.get(name, name): value for name, value in binding.items()}


def _nested(settings: Properties | None, names: Mapping[str, str]) -> Properties | None:
    """Settings with objects in them, renamed; None without any."""
    if settings is None:
        return None
    return {
        names.get(name, name): _nested(value, names) if isinstance(value, dict) else value
        for name, value in settings.items()
    }


def _records(inputs: Properties) -> str:
    return f"/zones/{inputs['zoneId']}/dns_records"


def _record(inputs: Properties) -> Properties:
    names = ("comment", "content", "name", "priority", "proxied", "ttl", "type")
    return {name: inputs[name] for name in names if name in inputs}


def _script(inputs: Properties) -> str:
    return f"/accounts/{inputs['accountId']}/workers/scripts/{inputs['scriptName']}"


def _delete(session: Session, path: str) -> None:
    """Delete what is at ``path``; it is no error if nothing is."""
    try:
        session.call("DELETE", path)
    except RefusedError as error:
        if error.code not in GONE:
            raise

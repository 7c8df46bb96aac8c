"""The config of an `Agency`, from a stack file or from a program's arguments, as one mapping."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pulumi
from pulumi.output import Unknown
from pulumi.runtime import config as engine_config

from mtasts.cloud_catalogue import CLOUDS
from mtasts.config import load, load_inbox
from mtasts.config.fields import NotYetKnown
from mtasts.config.folder import describe_missing
from mtasts.config.inbox import INBOX
from mtasts.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mtasts.config import AgencyConfig, InboxConfig

_PROJECT = "mtasts:"
_CLOUDS = tuple(f"{row.provider.namespace}:" for row in CLOUDS.values())
# Keys of a stack file that are reserved words of some languages; the arguments have other names.
_RENAMED = {"waives": "for", "begins": "from"}
_ZONE = "zoneId"


@dataclass(frozen=True, slots=True)
class Given:
    """The config of one agency.

    Bucket, ledgers and evidence have ``name`` in their names. ``values`` has the keys of a stack
    file; messages call their source ``file``. ``pending`` has the indexes, in the list of domains,
    of those whose zone the same program creates: a preview does not know the zone's id yet.
    ``made_by`` are the resources whose outputs are among the values.
    """

    name: str
    values: Mapping[str, object]
    file: str
    secret_keys: Sequence[str] = ()
    is_stack: bool = False
    pending: frozenset[int] = frozenset()
    made_by: tuple[pulumi.Resource, ...] = field(default=())

    @classmethod
    def of_stack(cls, stack: str) -> Given:
        """The config of the stack, as the engine passes it to the program.

        Raises:
            UsageError: there is no stack file, and no key of ``mtasts:`` is set in another way.
        """
        values, secret_keys = _engine_values()
        file = f"stacks/Pulumi.{stack}.yaml"
        if not any(key.startswith(_PROJECT) for key in values) and not Path(file).exists():
            raise UsageError(describe_missing(Path(file)))
        return cls(stack, values, file, secret_keys, is_stack=True)

    @classmethod
    async def of_arguments(cls, name: str, args: object, kind: str = "Agency") -> Given:
        """The arguments of the component ``name``, an `Agency` or an `Inbox`, once they are known.

        Accounts, regions and endpoints are those of the program's own ``aws:`` and ``cloudflare:``
        config.

        Raises:
            UsageError: an argument is a secret.
        """
        resolved = pulumi.Output.from_input(args)
        plain = _plain(await resolved.future(with_unknowns=True))
        if await resolved.is_secret():
            raise UsageError(
                f"{kind} {name!r}: an argument is a secret, but all of them are published or shown "
                "in previews: give it without pulumi.secret, or through pulumi.unsecret"
            )
        made_by = tuple(await resolved.resources())
        values, secret_keys = _engine_values()
        clouds = {key: value for key, value in values.items() if key.startswith(_CLOUDS)}
        arguments = plain if isinstance(plain, dict) else {}
        pending = _take_pending(arguments)
        if kind == "Inbox":
            arguments = _of_an_inbox(arguments)
        given = {f"{_PROJECT}{key}": value for key, value in arguments.items()}
        known = [key for key in secret_keys if key in clouds]
        file = f"{kind} {name!r}"
        return cls(name, clouds | given, file, known, pending=pending, made_by=made_by)

    def load(self) -> tuple[AgencyConfig, tuple[str, ...]]:
        """The config without pending domains, and the names of the pending domains.

        Raises:
            ConfigError: the config is wrong; the text lists every problem.
        """
        config = load(
            self.values,
            file=self.file,
            secret_keys=self.secret_keys,
            has_namespace=self.is_stack,
        )
        pending = tuple(config.domains[index].name for index in sorted(self.pending))
        known = tuple(each for each in config.domains if each.name not in pending)
        return replace(config, domains=known), pending

    def load_inbox(self) -> InboxConfig:
        """The config of an inbox.

        Raises:
            ConfigError: the config is wrong; the text lists every problem.
        """
        return load_inbox(
            self.values,
            file=self.file,
            secret_keys=self.secret_keys,
            has_namespace=self.is_stack,
        )


def _of_an_inbox(arguments: dict[str, object]) -> dict[str, object]:
    """The arguments with the keys of a stack file: below ``mtasts:inbox``, except the account."""
    account = {key: arguments.pop(key) for key in ("cloudflareAccount",) if key in arguments}
    return {"inbox": arguments, **account}


def is_inbox() -> bool:
    """Whether the stack file is that of an inbox, not of an agency."""
    return INBOX in engine_config.CONFIG.get()


def _engine_values() -> tuple[dict[str, object], list[str]]:
    """The config that the engine passes to a program, or to a component in another process."""
    values = dict(engine_config.CONFIG.get())
    return values, [key for key in values if engine_config.is_config_secret(key)]


def _plain(value: object) -> object:
    """``value`` in the form of a stack file: integers, plain strings, keys in camelCase.

    A number from a program in another language arrives as a float, because JSON has only one kind
    of number (RFC 8259 section 6).
    """
    match value:
        case enum.Enum():
            return _plain(value.value)
        case float() if value.is_integer():
            return int(value)
        case Unknown():
            return NotYetKnown()
        case dict():
            return {_key(str(key)): _plain(each) for key, each in value.items() if each is not None}
        case list() | tuple():
            return [_plain(each) for each in value]
    return value


def _key(key: str) -> str:
    """The key in the spelling of a stack file: ``maxAge`` for ``max_age`` and for ``maxAge``."""
    first, *rest = key.split("_")
    camel = first + "".join(word[:1].upper() + word[1:] for word in rest)
    return _RENAMED.get(camel, camel)


def _take_pending(arguments: dict[str, object]) -> frozenset[int]:
    """Remove each zoneId that is not known yet; returns the indexes of the domains that had it.

    In a preview, the id of a zone that the same run creates is not known. Other unknown values are
    not removed, and `load` refuses them.
    """
    domains = arguments.get("domains")
    found = enumerate(domains if isinstance(domains, list) else ())
    pending = {
        index: each
        for index, each in found
        if isinstance(each, dict) and isinstance(each.get(_ZONE), NotYetKnown)
    }
    for each in pending.values():
        del each[_ZONE]
    return frozenset(pending)

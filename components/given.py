"""The config of an `Agency`, from a stack file or from a program's arguments, as one mapping."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pulumi
from pulumi.output import Unknown
from pulumi.runtime import config as engine_config

from mtasts.config import load, load_inbox
from mtasts.config.fields import NotYetKnown
from mtasts.config.folder import describe_missing
from mtasts.config.inbox import INBOX
from mtasts.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mtasts.config import AgencyConfig, InboxConfig

_PROJECT = "mtasts:"
_CLOUDS = ("aws:", "cloudflare:")
# Words of a stack file that are keywords of some languages.
_RENAMED = {"waives": "for", "begins": "from"}
_ZONE = "zoneId"


@dataclass(frozen=True, slots=True)
class Given:
    """The config of one agency.

    ``name`` is what its bucket, its ledgers and its evidence are named after. ``values`` are the
    keys of a stack file, ``file`` is what messages call their source. ``pending`` are the places
    in the list of the domains whose zone the same program makes, so that a preview cannot know it;
    ``made_by`` are the resources that values come from.
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
        """The config of the stack, as the engine hands it over.

        Raises:
            UsageError: there is no stack file, and nothing was set in another way.
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
        """The config, if it can be applied, and the domains that are pending and not in it.

        Raises:
            ConfigError: with every problem there is.
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
            ConfigError: with every problem there is.
        """
        return load_inbox(
            self.values,
            file=self.file,
            secret_keys=self.secret_keys,
            has_namespace=self.is_stack,
        )


def _of_an_inbox(arguments: dict[str, object]) -> dict[str, object]:
    """Arguments as a stack file has them: below ``mtasts:inbox``, but for the account."""
    account = {key: arguments.pop(key) for key in ("cloudflareAccount",) if key in arguments}
    return {"inbox": arguments, **account}


def is_inbox() -> bool:
    """Whether the stack is an inbox, and no agency."""
    return INBOX in engine_config.CONFIG.get()


def _engine_values() -> tuple[dict[str, object], list[str]]:
    """The config that the engine hands to a program, or to a component in another process."""
    values = dict(engine_config.CONFIG.get())
    return values, [key for key in values if engine_config.is_config_secret(key)]


def _plain(value: object) -> object:
    """The value as a stack file has it: whole numbers, words, keys in its spelling.

    Every number of another language arrives as a float (RFC 8259 section 6 knows one kind).
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
    """``max_age`` is ``maxAge`` in a stack file; what is spelled so already stays."""
    first, *rest = key.split("_")
    camel = first + "".join(word[:1].upper() + word[1:] for word in rest)
    return _RENAMED.get(camel, camel)


def _take_pending(arguments: dict[str, object]) -> frozenset[int]:
    """Remove each zoneId that is not known yet; returns the places of its domains in the list.

    In a preview, the id of a zone that the same run creates is not known. Other unknown values
    stay, and are refused later.
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

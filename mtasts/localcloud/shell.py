"""``mtasts local env``: lines for ``eval`` in sh, bash and zsh that lead a shell to a local cloud.

Variables that could lead Pulumi or boto3 to another account are saved under another name, and
``--unset`` restores them. No value of such a variable is printed: it may be a secret, and output
gets into logs.
"""

from __future__ import annotations

import os
import re
import shlex
from typing import TYPE_CHECKING

from mtasts.destinations import MARKER
from mtasts.localcloud.lifecycle import is_misleading

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mtasts.localcloud.cloud import Cloud

_SAVED = "MTASTS_ASIDE_"
_OWN = ("MTASTS_RESOLVER", "MTASTS_CA_FILE", "MTASTS_CONNECT_TO", "MTASTS_R2_ENDPOINT", MARKER)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def enter(cloud: Cloud, own: Mapping[str, str]) -> str:
    """The lines after which a shell with the environment ``own`` uses ``cloud``."""
    before = outside(own)
    lines = list(_leave(own))
    for name in sorted(filter(is_misleading, before)):
        lines += [f'export {_SAVED}{name}="${name}"', f"unset {name}"]
    settings = cloud.environment(before.get("PATH", os.defpath))
    lines += [f"export {name}={shlex.quote(value)}" for name, value in settings.items()]
    return "".join(f"{line}\n" for line in lines)


def leave(own: Mapping[str, str]) -> str:
    """The lines that undo `enter` in a shell with the environment ``own``.

    Empty if that shell does not use a local cloud.
    """
    return "".join(f"{line}\n" for line in _leave(own))


def outside(own: Mapping[str, str]) -> dict[str, str]:
    """The environment ``own`` without a local cloud: as it was before `enter`."""
    if MARKER not in own:
        return dict(own)
    kept = {
        name: value
        for name, value in own.items()
        if name not in _OWN and not is_misleading(name) and not name.startswith(_SAVED)
    }
    saved = {name: own[f"{_SAVED}{name}"] for name in _saved_names(own)}
    return kept | saved | {"PATH": _path(own)}


def _leave(own: Mapping[str, str]) -> Iterator[str]:
    if MARKER not in own:
        return
    saved = sorted(_saved_names(own))
    cloud_names = [name for name in own if name in _OWN or is_misleading(name)]
    for name in sorted(set(cloud_names) - set(saved)):
        yield f"unset {name}"
    for name in saved:
        yield f'export {name}="${_SAVED}{name}"'
        yield f"unset {_SAVED}{name}"
    yield f"export PATH={shlex.quote(_path(own))}"


def _saved_names(own: Mapping[str, str]) -> list[str]:
    names = (name.removeprefix(_SAVED) for name in own if name.startswith(_SAVED))
    return [name for name in names if is_misleading(name) and _NAME.fullmatch(name)]


def _path(own: Mapping[str, str]) -> str:
    """PATH without the local cloud's folder."""
    inside = f"{own[MARKER]}/bin"
    parts = own.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(part for part in parts if part != inside)

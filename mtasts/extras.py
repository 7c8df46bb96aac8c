"""The package's extras: what each brings, and what to say where one is not installed."""

from __future__ import annotations

import shlex
import sys
from importlib.util import find_spec
from types import MappingProxyType
from typing import TYPE_CHECKING

from mtasts import __version__
from mtasts.cloud_catalogue import CLOUDS
from mtasts.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# The modules that the packages of each extra bring; those that Pulumi brings anyway are left out.
MODULES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        **{
            row.provider.namespace: (row.provider.module,)
            for row in CLOUDS.values()
            if row.provider.module
        },
        "local": ("aiosmtpd", "flask", "moto", "trustme", "xmltodict"),
        "policypack": ("pulumi_policy",),
        "reports": (
            "duckdb",
            "fast_mail_parser",
            "imap_tools",
            "keyring",
            "prometheus_client",
            "publicsuffixlist",
            "sqlglot",
            "vl_convert",
        ),
    }
)
"""By the extra's name: the modules by which it is known that it is missing."""


class MissingExtraError(UsageError):
    """Packages of an extra are not installed; the text has the command that installs them."""

    def __init__(self, extra: str, module: str) -> None:
        """Name the extra, and the module that was looked for."""
        self.extra = extra
        requirement = shlex.quote(f"mtasts[{extra}]=={__version__}")
        python = shlex.quote(sys.executable)
        super().__init__(
            f"this needs the extra {extra}, which is not installed (no module {module}): "
            f"{python} -m pip install {requirement}"
        )


def missing_extra(error: ModuleNotFoundError) -> MissingExtraError | None:
    """The extra that brings the module that was not found; None where none does."""
    module = (error.name or "").partition(".")[0]
    extra = next((extra for extra, modules in MODULES.items() if module in modules), None)
    return None if extra is None else MissingExtraError(extra, module)


def require(extra: str, find: Callable[[str], object] = find_spec) -> None:
    """See that an extra is installed, and import nothing of it.

    For what fails late or in another process without it. ``find`` gives None for what is missing.

    Raises:
        MissingExtraError: a module of the extra is not installed.
    """
    for module in MODULES[extra]:
        if find(module) is None:
            raise MissingExtraError(extra, module)

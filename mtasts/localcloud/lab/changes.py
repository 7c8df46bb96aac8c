"""Changes that break a good set-up of the lab: each function returns one change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mtasts.localcloud.dns import DnsFault

if TYPE_CHECKING:
    from collections.abc import Callable

    from mtasts.localcloud.lab.setup import Setup
    from mtasts.localcloud.mail import Flavour


def delegated(owner: str, type_: str) -> Callable[[Setup], None]:
    """Make ``owner`` a CNAME to a name with the same records."""

    def change(setup: Setup) -> None:
        values = setup.records[owner, type_]
        setup.put(owner, type_)
        setup.put(owner, "CNAME", f"{owner}.elsewhere.{setup.domain}.")
        setup.put(f"{owner}.elsewhere", type_, *values)

    return change


def looping(owner: str) -> Callable[[Setup], None]:
    """Make ``owner`` a CNAME to a name that is a CNAME back to ``owner``."""

    def change(setup: Setup) -> None:
        setup.put(owner, "TXT")
        setup.bare.add(owner)
        setup.put(owner, "CNAME", f"{owner}.b.{setup.domain}.")
        setup.put(f"{owner}.b", "CNAME", f"{owner}.{setup.domain}.")

    return change


def dangling(owner: str) -> Callable[[Setup], None]:
    """Make ``owner`` a CNAME to a name that does not exist."""

    def change(setup: Setup) -> None:
        setup.put(owner, "TXT")
        setup.put(owner, "CNAME", f"gone.{setup.domain}.")

    return change


def extra_cname(owner: str) -> Callable[[Setup], None]:
    """Add a CNAME to a name with other records, as some servers allow.

    The local DNS server does not, so it is a fault of the CNAME look-up.
    """

    def change(setup: Setup) -> None:
        key = f"{owner}.{setup.domain}", "CNAME"
        setup.faults[key] = DnsFault(records=(f"other.{setup.domain}.",))

    return change


def put(owner: str, type_: str, *values: str) -> Callable[[Setup], None]:
    """Set records, or remove them if no value is given; ``<domain>`` stands for the domain."""

    def change(setup: Setup) -> None:
        values_ = (each.replace("<domain>", setup.domain) for each in values)
        setup.put(owner, type_, *values_)

    return change


def web(**changes: Any) -> Callable[[Setup], None]:  # the fields of `Web`
    """Change fields of the policy host's `Web`."""

    def change(setup: Setup) -> None:
        setup.serve(**changes)

    return change


def mx(flavour: Flavour) -> Callable[[Setup], None]:
    """Change the flavour of the MX host."""

    def change(setup: Setup) -> None:
        setup.mx(flavour)

    return change


def policy(**changes: Any) -> Callable[[Setup], None]:  # the fields of a policy
    """Serve another policy."""

    def change(setup: Setup) -> None:
        setup.policy(**changes)

    return change


def all_of(*changes: Callable[[Setup], None]) -> Callable[[Setup], None]:
    """Make all of ``changes``, one after another."""

    def change(setup: Setup) -> None:
        for each in changes:
            each(setup)

    return change


def set_fields(**fields: Any) -> Callable[[Setup], None]:  # the fields of `Setup`
    """Set fields of the `Setup`."""

    def change(setup: Setup) -> None:
        for name, value in fields.items():
            setattr(setup, name, value)

    return change

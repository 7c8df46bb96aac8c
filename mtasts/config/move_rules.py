"""Moves of a live domain between clouds and zones, as a config asks for them (docs/moving.md).

``mtasts:leaving`` is the cloud that hosted before, ``mtasts:leavingDns`` who answered for the zone.
A move is allowed where each resolver finds the policy at every moment, wherever it asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtasts.config.fields import impossible
from mtasts.config.model import Hosting
from mtasts.zones import Dns

if TYPE_CHECKING:
    from mtasts.config.fields import FieldError
    from mtasts.config.schema import StackFields

_OWN = (Dns.ROUTE53, Dns.CLOUDFLARE)


def leaving_dns(stack: StackFields, hosting: Hosting, dns: Dns) -> Dns | None:
    """The DNS provider before a move; a Worker always moves together with its zone.

    One that no record leads to is left in its zone, which only a ledger tells.
    """
    if stack.leaving is Hosting.CLOUDFLARE and hosting is Hosting.AWS and dns is Dns.ROUTE53:
        return Dns.CLOUDFLARE
    return stack.leaving_dns


def wrong_leaving(stack: StackFields, hosting: Hosting, dns: Dns) -> FieldError | None:
    """The mistake if senders would find no host during the move of ``mtasts:leaving``, or None."""
    if stack.leaving is Hosting.AWS and dns not in _OWN:
        return impossible(
            f"what somebody else publishes (dns {dns}) is in no zone of ours, and hosting moves to "
            "Cloudflare only where the zone is there already",
            "remove it; mtasts docs moving says what else there is",
        )
    if stack.leaving is Hosting.AWS and dns is not Dns.CLOUDFLARE:
        return impossible(
            "hosting moves to Cloudflare only where the zone is there already",
            "move the zone first, with hosting aws: mtasts:dns: cloudflare and "
            "mtasts:leavingDns: route53",
        )
    if stack.leaving is not Hosting.CLOUDFLARE or hosting is Hosting.CLOUDFLARE:
        return None
    if dns not in _OWN:
        return impossible(
            f"what somebody else publishes (dns {dns}) is not there before it was handed out, and "
            "a Worker cannot wait beside it",
            "write mtasts:dns: route53",
        )
    return None


def wrong_leaving_dns(stack: StackFields, hosting: Hosting, dns: Dns) -> FieldError | None:
    """The mistake if senders would find no records during the move of ``mtasts:leavingDns``."""
    left = stack.leaving_dns
    if left is None:
        return None
    if left not in _OWN or dns not in _OWN:
        return impossible(
            "records move between route53 and cloudflare only: what somebody else publishes "
            "appears and goes as they please",
            "remove it; mtasts docs moving says what else there is",
        )
    if left is dns:
        return impossible(
            f"the zone is left for the one that it is in: mtasts:dns is {dns} too",
            "write under mtasts:dns where the zone goes, or remove this one",
        )
    if hosting is Hosting.CLOUDFLARE and stack.leaving is not Hosting.AWS:
        return impossible(
            "Cloudflare has no certificate for a Worker before the zone is delegated to it",
            "move the zone first, with hosting aws, and then hosting; to give up the move of both "
            "to AWS, write mtasts:leaving: aws",
        )
    return None

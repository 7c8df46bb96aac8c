"""Moves of a live domain between clouds and zones, as a config asks for them (docs/moving.md).

``mtasts:leaving`` is the cloud that hosted before, ``mtasts:leavingDns`` who answered for the zone.
A move is allowed where each resolver finds the policy at every moment, wherever it asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtasts.cloud_catalogue import OWN_DNS, Dns, Hosting
from mtasts.config.fields import impossible

if TYPE_CHECKING:
    from mtasts.config.fields import FieldError
    from mtasts.config.schema import StackFields


def leaving_dns(stack: StackFields, hosting: Hosting, dns: Dns) -> Dns | None:
    """The DNS provider before a move; a Worker always moves together with its zone.

    A Worker without a record that leads to it stays in its zone; only a ledger says so.
    """
    if stack.leaving is Hosting.CLOUDFLARE and hosting is Hosting.AWS and dns is Dns.ROUTE53:
        return Dns.CLOUDFLARE
    return stack.leaving_dns


def wrong_leaving(stack: StackFields, hosting: Hosting, dns: Dns) -> FieldError | None:
    """The mistake if senders would find no host during the move of ``mtasts:leaving``, or None."""
    if stack.leaving is Hosting.AWS and dns not in OWN_DNS:
        return impossible(
            "hosting moves to Cloudflare only if the zone is at Cloudflare already, but with dns "
            f"{dns} the agency publishes the records in its own zone",
            "remove it; mtasts docs moving has the other ways",
        )
    if stack.leaving is Hosting.AWS and dns is not Dns.CLOUDFLARE:
        return impossible(
            "hosting moves to Cloudflare only if the zone is at Cloudflare already",
            "first move DNS, with mtasts:hosting: aws, mtasts:dns: cloudflare and "
            "mtasts:leavingDns: route53",
        )
    if stack.leaving is not Hosting.CLOUDFLARE or hosting is Hosting.CLOUDFLARE:
        return None
    if dns not in OWN_DNS:
        return impossible(
            f"with dns {dns} the agency publishes its records after they are handed out, and the "
            "Worker cannot serve the policy until then",
            "write mtasts:dns: route53",
        )
    return None


def wrong_leaving_dns(stack: StackFields, hosting: Hosting, dns: Dns) -> FieldError | None:
    """The mistake if senders would find no records during the move of ``mtasts:leavingDns``."""
    left = stack.leaving_dns
    if left is None:
        return None
    if left not in OWN_DNS or dns not in OWN_DNS:
        return impossible(
            "only dns route53 and cloudflare can be moved: with delegated and manual the agency "
            "publishes and removes its records when it chooses",
            "remove it; mtasts docs moving has the other ways",
        )
    if left is dns:
        return impossible(
            f"the former and the new DNS provider are the same: mtasts:dns is {dns}, too",
            "write the new DNS provider under mtasts:dns, or remove this key",
        )
    if hosting is Hosting.CLOUDFLARE and stack.leaving is not Hosting.AWS:
        return impossible(
            "Cloudflare has no certificate for a Worker before the zone is delegated to Cloudflare",
            "first move DNS, with mtasts:hosting: aws, and then hosting. To cancel a move of both "
            "to AWS, write mtasts:leaving: aws",
        )
    return None

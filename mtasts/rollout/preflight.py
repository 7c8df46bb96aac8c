"""What stands in a new domain's way, or would hit its host later: judged before anything is made.

`mtasts.survey` looks; each function here gives sentences with the change to make.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtasts.findings import printable
from mtasts.records import Outcome, TlsRptRecord, select_sts, select_tlsrpt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mtasts.config import DomainConfig
    from mtasts.observations import DnsAnswer

_NEAR = 0.9
_ON = "on"
_STOPPING = frozenset({"block", "challenge", "js_challenge", "managed_challenge"})


def second_records(
    domain: DomainConfig, sts: DnsAnswer | None, tlsrpt: DnsAnswer | None
) -> Iterator[str]:
    """Records that ours would stand beside: senders take two for none (RFC 8461 section 3.1).

    Both are the answers of the zone's own servers, for a domain of which nothing is known here. A
    TLS-RPT record of the very text is what a run that was stopped has left, or does no harm.
    """
    if sts is not None and not sts.settled:
        yield f"could not find out whether {domain.name} has an STS record already: {sts.reason}"
    elif sts is not None and select_sts(sts.strings).outcome is not Outcome.NONE:
        yield (
            f"{domain.name} has an STS record that this stack has not published: senders may hold "
            "a policy of which nothing is known here. Take it over before you change it: mtasts "
            "adopt; or retire it where it was made. A stack that moves from one cloud to another "
            "names the one before: mtasts:leaving (docs/moving.md)"
        )
    if tlsrpt is None:
        return
    if not tlsrpt.settled:
        yield (
            f"could not find out whether {domain.name} has a TLS-RPT record already: "
            f"{tlsrpt.reason}"
        )
        return
    found = select_tlsrpt(tlsrpt.strings)
    ours = TlsRptRecord(domain.tls_reports)
    if found.outcome is not Outcome.NONE and found.record != ours:
        rua = ", ".join(found.record.rua) if found.record else "nobody"
        yield (
            f"{domain.name} has a TLS-RPT record that this stack has not published (reports go to "
            f"{rua}): a second one would make both void (RFC 8460 section 3). Remove it, or put "
            "its addresses under tlsReports and take it over: mtasts adopt"
        )


def quota_note(kind: str, count: int, new: int, limit: int, *, is_own: bool = False) -> str | None:
    """What to do ahead of a quota, once what there is and what is ``new`` come near ``limit``.

    ``is_own`` says that it is the account's own limit, not the one that every account has.
    """
    if count + new < _NEAR * limit:
        return None
    unless = "" if is_own else " unless it was raised"
    return (
        f"quota: with {new} more there are {count + new} {kind} in this account, whose limit is "
        f"{limit}{unless}: ask for more before it refuses"
    )


def zone_notes(zone: str, settings: Mapping[str, object]) -> Iterator[str]:
    """Settings of a Cloudflare zone that would hit its policy hosts, with what to change.

    They belong to the zone's owner and to every host of the zone, so they are told and never set.
    """
    host = f"mta-sts.* of {zone}"
    if settings.get("min_tls_version") == "1.3":
        yield (
            f"zone {zone}: its minimum TLS version is 1.3, and senders may speak 1.2 alone "
            "(RFC 8461 section 7.2): set SSL/TLS > Edge Certificates > Minimum TLS Version to 1.2"
        )
    if settings.get("security_level") == "under_attack":
        yield (
            f"zone {zone}: Under Attack mode challenges every client, and no sender answers one: "
            f"add a configuration rule that sets the security level to Essentially Off for {host}"
        )
    if settings.get("browser_check") == _ON:
        yield (
            f"zone {zone}: Browser Integrity Check refuses clients that look like no browser, as "
            f"senders do: add a configuration rule that turns it off for {host}"
        )
    if settings.get("fight_mode") is True:
        yield (
            f"zone {zone}: Bot Fight Mode challenges what is automated, as every sender is, and no "
            "rule exempts a host: turn it off under Security > Bots"
        )
    for rule in _hostile(settings.get("rules"), zone):
        yield (
            f"zone {zone}: the custom rule {rule!r} challenges or blocks clients: see that it "
            f"passes over {host}"
        )
    if settings.get("sbfm_definitely_automated") in ("block", "managed_challenge"):
        yield (
            f"zone {zone}: Super Bot Fight Mode stops definitely automated clients, as senders "
            f"are: add a WAF rule that skips it for {host}"
        )


def _hostile(rules: object, zone: str) -> Iterator[str]:
    """Enabled rules that stop clients, but for those that are about other hosts by name."""
    for rule in rules if isinstance(rules, list) else ():
        if not isinstance(rule, dict) or not rule.get("enabled", True):
            continue
        expression = str(rule.get("expression", ""))
        elsewhere = "http.host" in expression and f"mta-sts.{zone}" not in expression
        if str(rule.get("action")) in _STOPPING and not elsewhere:
            yield printable(str(rule.get("description") or expression), 100)

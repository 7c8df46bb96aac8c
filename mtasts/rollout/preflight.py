"""What stands in a new domain's way, or would hit its host later: judged before anything is made.

`mtasts.run.survey` looks; each function here gives rulings with the change to make.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mtasts.findings import printable
from mtasts.records import Outcome, TlsRptRecord, select_sts, select_tlsrpt
from mtasts.rulings import refusal, warning

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping

    from mtasts.config import DomainConfig
    from mtasts.observations import DnsAnswer
    from mtasts.rulings import Ruling

_NEAR = 0.9
_ON = "on"
_STOPPING = frozenset({"block", "challenge", "js_challenge", "managed_challenge"})
_REDIRECTING = frozenset({"redirect"})
# Cloudflare's rules language: what makes a condition one of several, or turns it round.
_EITHER = re.compile(r"\b(?:or|xor|not)\b|\|\||\^\^|!(?!=)", re.IGNORECASE)
_HOST = re.compile(r'\bhttp\.host (?:eq|==) "([^"\\]*)"')
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')


def second_records(
    domain: DomainConfig, sts: DnsAnswer | None, tlsrpt: DnsAnswer | None
) -> Iterator[Ruling]:
    """Records that are there already: with two, senders act as if there were none.

    That is RFC 8461 section 3.1, and RFC 8460 section 3 of the TLS-RPT record.

    Both are the answers of the zone's own servers, for a domain of which nothing is known here. A
    TLS-RPT record of the very text is what a run that was stopped has left, or does no harm.
    """
    if sts is not None and not sts.settled:
        yield refusal(
            "sts-record-unknown",
            f"could not find out whether {domain.name} has an STS record already: {sts.reason}",
        )
    elif sts is not None and select_sts(sts.strings).outcome is not Outcome.NONE:
        yield refusal(
            "sts-record-not-ours",
            f"{domain.name} has an STS record that this stack has not published, so senders may "
            "hold a policy of which nothing is known here",
            "take it over before you change it: mtasts adopt STACK --domain "
            f"{domain.name}; or retire it where it was made. A stack that moves from one cloud to "
            "another names the one before: mtasts:leaving (mtasts docs moving)",
        )
    if tlsrpt is None:
        return
    if not tlsrpt.settled:
        yield refusal(
            "tlsrpt-record-unknown",
            f"could not find out whether {domain.name} has a TLS-RPT record already: "
            f"{tlsrpt.reason}",
        )
        return
    found = select_tlsrpt(tlsrpt.strings)
    ours = TlsRptRecord(domain.tls_reports)
    if found.outcome is not Outcome.NONE and found.record != ours:
        rua = ", ".join(found.record.rua) if found.record else "nobody"
        yield refusal(
            "tlsrpt-record-not-ours",
            f"{domain.name} has a TLS-RPT record that this stack has not published (reports go to "
            f"{rua}), and a second one would make both void (RFC 8460 section 3)",
            "remove it, or put its addresses under tlsReports and take it over: mtasts adopt STACK "
            f"--domain {domain.name}",
        )


def taken_names(
    preexisting: Iterable[DnsAnswer], wildcard_probe: Iterable[DnsAnswer]
) -> Iterator[Ruling]:
    """Records at the name of a new policy host, beside which ours cannot be written.

    ``preexisting`` is what its zone has at that name, ``wildcard_probe`` what it has at a random
    name. What is not known is no reason: the zone refuses a second record by itself.
    """
    wildcard_probe = tuple(wildcard_probe)
    found = [each for each in preexisting if has_own_records(each, wildcard_probe)]
    if found:
        types = ", ".join(each.type for each in found)
        yield refusal(
            "host-records-not-ours",
            f"{found[0].name} has records already ({types}), which this stack has not published",
            "remove them, or take the domain over with its STS record: mtasts adopt STACK "
            f"--domain {found[0].name.removeprefix('mta-sts.')}",
        )


def has_own_records(answer: DnsAnswer, wildcard_probe: Iterable[DnsAnswer]) -> bool:
    """Whether a name has records of its own: those of a wildcard give way (RFC 4592)."""
    wild = next((each for each in wildcard_probe if each.type == answer.type), None)
    if wild is None or not answer.values:
        return bool(answer.values)
    leads = wild.canonical != wild.name and wild.canonical == answer.canonical
    return not leads and frozenset(wild.values) != frozenset(answer.values)


def quota_note(
    kind: str, count: int, new: int, limit: int, *, is_own: bool = False
) -> Ruling | None:
    """What to do ahead of a quota, once what there is and what is ``new`` come near ``limit``.

    ``is_own`` says that it is the account's own limit, not the one that every account has.
    """
    if count + new < _NEAR * limit:
        return None
    unless = "" if is_own else " unless it was raised"
    return warning(
        "quota-near",
        f"quota: with {new} more there are {count + new} {kind} in this account, whose limit is "
        f"{limit}{unless}",
        "ask for more before it refuses",
    )


def zone_notes(zone: str, settings: Mapping[str, object]) -> Iterator[Ruling]:
    """Settings of a Cloudflare zone that would hit its policy hosts, with what to change.

    They belong to the zone's owner and to every host of the zone, so they are told and never set.
    What could not be read is told as well: ``unread`` has the reasons, by setting.
    """
    host = f"mta-sts.* of {zone}"
    unread = settings.get("unread")
    for name, reason in unread.items() if isinstance(unread, dict) else ():
        yield warning(
            "zone-setting-unknown",
            f"zone {zone}: could not find out whether its {name} would hit {host}: {reason}",
        )
    if settings.get("min_tls_version") == "1.3":
        yield warning(
            "zone-tls-minimum",
            f"zone {zone}: its minimum TLS version is 1.3, and senders may speak 1.2 alone "
            "(RFC 8461 section 7.2)",
            "set SSL/TLS > Edge Certificates > Minimum TLS Version to 1.2",
        )
    if settings.get("security_level") == "under_attack":
        yield warning(
            "zone-under-attack",
            f"zone {zone}: Under Attack mode challenges every client, and no sender answers one",
            f"add a configuration rule that sets the security level to Essentially Off for {host}",
        )
    if settings.get("browser_check") == _ON:
        yield warning(
            "zone-browser-check",
            f"zone {zone}: Browser Integrity Check refuses clients that look like no browser, as "
            "senders do",
            f"add a configuration rule that turns it off for {host}",
        )
    if settings.get("fight_mode") is True:
        yield warning(
            "zone-bot-fight",
            f"zone {zone}: Bot Fight Mode challenges what is automated, as every sender is, and no "
            "rule exempts a host",
            "turn it off under Security > Bots",
        )
    for kind in ("definitely", "likely"):
        if settings.get(f"sbfm_{kind}_automated") in _STOPPING:
            yield warning(
                "zone-super-bot-fight",
                f"zone {zone}: Super Bot Fight Mode stops {kind} automated clients, as senders are",
                f"add a WAF rule that skips it for {host}",
            )
    for rule in _at_policy_hosts(settings.get("rules"), _STOPPING):
        yield warning(
            "zone-rule-blocks",
            f"zone {zone}: the custom rule {rule!r} challenges or blocks clients",
            f"see that it passes over {host}",
        )
    for rule in _at_policy_hosts(settings.get("redirects"), _REDIRECTING):
        yield warning(
            "zone-rule-redirects",
            f"zone {zone}: the redirect rule {rule!r} sends clients elsewhere, and senders follow "
            "nowhere (RFC 8461 section 3.3)",
            f"see that it passes over {host}",
        )


def _at_policy_hosts(rules: object, actions: Container[str]) -> Iterator[str]:
    """Enabled rules with such an action, but for those that are surely about other hosts."""
    for rule in rules if isinstance(rules, list) else ():
        if not isinstance(rule, dict) or not rule.get("enabled", True):
            continue
        expression = str(rule.get("expression", ""))
        if str(rule.get("action")) in actions and not _is_elsewhere(expression):
            yield printable(str(rule.get("description") or expression), 100)


def _is_elsewhere(expression: str) -> bool:
    """Whether a rule's expression asks for a host by name that is no policy host.

    Only where that is a condition for all of it: nothing is guessed of what else it says.
    """
    if _EITHER.search(_QUOTED.sub('""', expression)):
        return False
    named = _HOST.findall(expression)
    return any(not host.lower().startswith("mta-sts.") for host in named)

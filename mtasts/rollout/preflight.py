"""Records, quotas and zone settings that would harm a domain, judged before anything is created.

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
# Cloudflare's rules language: with one of these operators, a host name in the expression need not
# restrict the whole rule.
_EITHER = re.compile(r"\b(?:or|xor|not)\b|\|\||\^\^|!(?!=)", re.IGNORECASE)
_HOST = re.compile(r'\bhttp\.host (?:eq|==) "([^"\\]*)"')
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')


def second_records(
    domain: DomainConfig, sts: DnsAnswer | None, tlsrpt: DnsAnswer | None
) -> Iterator[Ruling]:
    """Records of a new domain that exist already: with two, senders act as if there were none.

    See RFC 8461 section 3.1, and RFC 8460 section 3 for the TLS-RPT record.

    Both arguments are answers of the zone's own name servers. A TLS-RPT record with exactly our
    text is accepted: a run that was stopped may have left it.
    """
    if sts is not None and not sts.settled:
        yield refusal(
            "sts-record-unknown",
            f"could not find out whether {domain.name} has an STS record already: {sts.reason}",
        )
    elif sts is not None and select_sts(sts.strings).outcome is not Outcome.NONE:
        yield refusal(
            "sts-record-not-ours",
            f"{domain.name} has an STS record that this stack did not publish, so senders may hold "
            "a policy that is not known here",
            f"take the domain over: mtasts adopt STACK --domain {domain.name}; or end its MTA-STS "
            "with the tool that set it up. If this stack moves to another cloud, write the former "
            "cloud: mtasts:leaving (mtasts docs moving)",
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
    own_record = TlsRptRecord(domain.tls_reports)
    if found.outcome is not Outcome.NONE and found.record != own_record:
        rua = ", ".join(found.record.rua) if found.record else "nobody"
        yield refusal(
            "tlsrpt-record-not-ours",
            f"{domain.name} has a TLS-RPT record that this stack did not publish (reports go to "
            f"{rua}). With a second record, senders would ignore both (RFC 8460 section 3)",
            "remove it, or list its addresses under tlsReports and take the domain over: mtasts "
            f"adopt STACK --domain {domain.name}",
        )


def taken_names(
    preexisting: Iterable[DnsAnswer], wildcard_probe: Iterable[DnsAnswer]
) -> Iterator[Ruling]:
    """Records at the name of a new policy host, which exclude ours.

    ``preexisting`` are the zone's answers for that name, ``wildcard_probe`` those for a random
    name. A failed look-up is no refusal: the zone itself refuses a second record.
    """
    wildcard_probe = tuple(wildcard_probe)
    found = [each for each in preexisting if has_own_records(each, wildcard_probe)]
    if found:
        types = ", ".join(each.type for each in found)
        yield refusal(
            "host-records-not-ours",
            f"{found[0].name} has records already ({types}), which this stack did not publish",
            "if nothing uses them, remove them; if MTA-STS is live, take the domain over: mtasts "
            f"adopt STACK --domain {found[0].name.removeprefix('mta-sts.')}",
        )


def has_own_records(answer: DnsAnswer, wildcard_probe: Iterable[DnsAnswer]) -> bool:
    """Whether a name has records of its own; those of a wildcard do not count (RFC 4592)."""
    wildcard_answer = next((each for each in wildcard_probe if each.type == answer.type), None)
    if wildcard_answer is None or not answer.values:
        return bool(answer.values)
    # With a wildcard CNAME, both names lead to the same target.
    is_from_wildcard = (
        wildcard_answer.canonical != wildcard_answer.name
        and wildcard_answer.canonical == answer.canonical
    )
    return not is_from_wildcard and frozenset(wildcard_answer.values) != frozenset(answer.values)


def quota_note(
    kind: str, count: int, new: int, limit: int, *, is_own: bool = False
) -> Ruling | None:
    """A warning if ``count`` and ``new`` together are near the quota ``limit``.

    ``is_own`` says that ``limit`` was read from the account, and is not the cloud's default.
    """
    if count + new < _NEAR * limit:
        return None
    qualifier = "" if is_own else " by default"
    return warning(
        "quota-near",
        f"quota: with {new} more, this account has {count + new} {kind}; its quota is "
        f"{limit}{qualifier}",
        "ask the cloud for a higher quota before new ones are refused",
    )


def zone_notes(zone: str, settings: Mapping[str, object]) -> Iterator[Ruling]:
    """Settings of a Cloudflare zone that would block senders at its policy hosts, with the change.

    A setting concerns every host of the zone and belongs to the zone's owner, so mtasts warns and
    never changes it. ``unread`` has, by setting, why it could not be read.
    """
    host = f"mta-sts.* of {zone}"
    unread = settings.get("unread")
    for name, reason in unread.items() if isinstance(unread, dict) else ():
        yield warning(
            "zone-setting-unknown",
            f"zone {zone}: could not find out whether its {name} would block senders at {host}: "
            f"{reason}",
        )
    if settings.get("min_tls_version") == "1.3":
        yield warning(
            "zone-tls-minimum",
            f"zone {zone}: its minimum TLS version is 1.3, but some senders have only TLS 1.2 (RFC "
            "8461 section 7.2)",
            "set SSL/TLS > Edge Certificates > Minimum TLS Version to 1.2",
        )
    if settings.get("security_level") == "under_attack":
        yield warning(
            "zone-under-attack",
            f"zone {zone}: Under Attack mode challenges every client, and senders cannot answer a "
            "challenge",
            f"add a configuration rule that sets the security level to Essentially Off for {host}",
        )
    if settings.get("browser_check") == _ON:
        yield warning(
            "zone-browser-check",
            f"zone {zone}: Browser Integrity Check refuses clients that are no browsers, such as "
            "senders",
            f"add a configuration rule that turns Browser Integrity Check off for {host}",
        )
    if settings.get("fight_mode") is True:
        yield warning(
            "zone-bot-fight",
            f"zone {zone}: Bot Fight Mode challenges automated clients, such as senders, and "
            "Cloudflare has no rule that exempts one host",
            "turn Bot Fight Mode off under Security > Bots",
        )
    for kind in ("definitely", "likely"):
        if settings.get(f"sbfm_{kind}_automated") in _STOPPING:
            yield warning(
                "zone-super-bot-fight",
                f"zone {zone}: Super Bot Fight Mode blocks or challenges {kind} automated clients, "
                "such as senders",
                f"add a WAF custom rule that skips Super Bot Fight Mode for {host}",
            )
    for rule in _at_policy_hosts(settings.get("rules"), _STOPPING):
        yield warning(
            "zone-rule-blocks",
            f"zone {zone}: the custom rule {rule!r} challenges or blocks clients",
            f"make sure that it does not apply to {host}",
        )
    for rule in _at_policy_hosts(settings.get("redirects"), _REDIRECTING):
        yield warning(
            "zone-rule-redirects",
            f"zone {zone}: the redirect rule {rule!r} redirects clients, and senders follow no "
            "redirect (RFC 8461 section 3.3)",
            f"make sure that it does not apply to {host}",
        )


def _at_policy_hosts(rules: object, actions: Container[str]) -> Iterator[str]:
    """Enabled rules with one of the actions, except those that name only other hosts."""
    for rule in rules if isinstance(rules, list) else ():
        if not isinstance(rule, dict) or not rule.get("enabled", True):
            continue
        expression = str(rule.get("expression", ""))
        if str(rule.get("action")) in actions and not _is_elsewhere(expression):
            yield printable(str(rule.get("description") or expression), 100)


def _is_elsewhere(expression: str) -> bool:
    """Whether a rule's expression applies only to a named host that is no policy host.

    With an operator such as ``or`` the answer is no: the rest of an expression is not interpreted.
    """
    if _EITHER.search(_QUOTED.sub('""', expression)):
        return False
    named = _HOST.findall(expression)
    return any(not host.lower().startswith("mta-sts.") for host in named)

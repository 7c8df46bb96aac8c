"""Rules about the DNS records (RFC 8461 section 3.1, RFC 8460 section 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtasts.check.record import check_sts, check_tlsrpt
from mtasts.check.table import sts_record as sts
from mtasts.check.table import tlsrpt
from mtasts.findings import Severity, printable
from mtasts.names import POLICY_LABEL, STS_LABEL, TLSRPT_LABEL
from mtasts.policypack.reading import (
    ADDRESS_TYPES,
    RECORDS,
    dns_record,
    owner_of,
    txt_at,
    txt_value,
)
from mtasts.policypack.resources import Remark, one_by_one
from mtasts.policypack.stack import known
from mtasts.records import STS, TLSRPT, is_meant, is_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mtasts.findings import Finding
    from mtasts.policypack.resources import Resource
    from mtasts.policypack.stack import Domain
    from mtasts.records import Grammar

    Settings = Mapping[str, float]

_ID = {sts.STS_RECORD_ID_MISSING.id, sts.STS_RECORD_ID_MALFORMED.id, sts.STS_RECORD_ID_LONG.id}
# These texts are clearly meant as the record, so they are as wrong as one with a grammar error.
_MEANT = {sts.STS_RECORD_VERSION_NEAR_MISS.id, tlsrpt.TLSRPT_RECORD_VERSION_NEAR_MISS.id}
# Findings that are not reported here: records of another program may complete them, or the rule
# record-elsewhere reports them.
_NOT_SAID = {
    sts.STS_RECORD_MISSING.id,
    sts.STS_RECORD_UNRELATED.id,
    sts.STS_RECORD_MISPLACED.id,
    sts.STS_RECORD_SPF.id,
    tlsrpt.TLSRPT_RECORD_MISSING.id,
    tlsrpt.TLSRPT_RECORD_UNRELATED.id,
    tlsrpt.TLSRPT_RECORD_MISPLACED.id,
    tlsrpt.TLSRPT_RECORD_SPF.id,
}


def sts_record_id(record: Resource, _: Settings) -> Iterator[Remark]:
    """An id that is not 1 to 32 letters and digits."""
    yield from _remarks(record, (each for each in _sts(record) if each.id in _ID))


def sts_record_invalid(record: Resource, _: Settings) -> Iterator[Remark]:
    """An STS record that senders do not accept, for another reason than its id."""
    found = (each for each in _sts(record) if _is_broken(each) and each.id not in _ID)
    yield from _remarks(record, found)


def tlsrpt_record_invalid(record: Resource, _: Settings) -> Iterator[Remark]:
    """A TLS-RPT record that senders do not accept."""
    yield from _remarks(record, filter(_is_broken, _tlsrpt(record)))


def record_unwise(record: Resource, _: Settings) -> Iterator[Remark]:
    """A record that follows the grammar, but some senders misread it, or it brings no reports."""
    found = (*_sts(record), *_tlsrpt(record))
    weak = (each for each in found if each.severity is Severity.WARNING and not _is_broken(each))
    yield from _remarks(record, weak)


def _sts(record: Resource) -> Iterator[Finding]:
    for text in txt_at(record, STS_LABEL):
        yield from check_sts([(text,)]).findings


def _tlsrpt(record: Resource) -> Iterator[Finding]:
    for text in txt_at(record, TLSRPT_LABEL):
        yield from check_tlsrpt([(text,)]).findings


def _is_broken(finding: Finding) -> bool:
    return finding.severity is Severity.ERROR or finding.id in _MEANT


def _remarks(record: Resource, findings: Iterable[Finding]) -> Iterator[Remark]:
    for each in findings:
        if each.id not in _NOT_SAID:
            evidence = f": {each.evidence}" if each.evidence else ""
            fix = f"; publish {each.fix}" if each.fix.startswith('"') else ""
            yield Remark(record.urn, f"{owner_of(record)}: {each.summary}{evidence}{fix}.")


def record_elsewhere(record: Resource, _: Settings) -> Iterator[Remark]:
    """A record at a name that senders do not look up."""
    if record.type not in RECORDS or record.text("type").upper() != "TXT":
        return
    found = dns_record(record)
    for value in found.values:
        text = txt_value(value)
        for grammar in (STS, TLSRPT):
            label = grammar.owner
            if is_version(grammar, text) and not f"{found.owner}.".startswith(f"{label}."):
                yield Remark(
                    record.urn,
                    f"{found.owner or 'the apex'}: senders look for {printable(text)} at "
                    f"{label} below the domain only.",
                )


def sts_record_cname(record: Resource, _: Settings) -> Iterator[Remark]:
    """A CNAME at the name of the STS record."""
    if record.type in RECORDS and record.text("type").upper() == "CNAME":
        owner = owner_of(record)
        if f"{owner}.".startswith(f"{STS_LABEL}."):
            found = known(dns_record, record)
            target = "".join(found.values[:1]) if found else ""
            yield Remark(record.urn, f"{owner} is a CNAME to {target or 'another name'}.")


def sts_record_ttl_long(record: Resource, settings: Settings) -> Iterator[Remark]:
    """An STS record, or an address of the policy host, with a long TTL."""
    if record.type not in RECORDS:
        return
    type_, owner = record.text("type").upper(), f"{owner_of(record)}."
    is_sts = type_ == "TXT" and owner.startswith(f"{STS_LABEL}.")
    if is_sts or (type_ in ADDRESS_TYPES and owner.startswith(f"{POLICY_LABEL}.")):
        ttl, most = record.value("ttl"), settings["seconds"]
        if isinstance(ttl, (int, float)) and ttl > most:
            yield Remark(
                record.urn,
                f"{owner.removesuffix('.')}: the TTL is {ttl:.10g} s, over {most:.10g} s.",
            )


def sts_record_second(domain: Domain, _: Settings) -> Iterator[Remark]:
    """Two STS records at one name."""
    return _second(domain, domain.sts, STS)


def tlsrpt_record_second(domain: Domain, _: Settings) -> Iterator[Remark]:
    """Two TLS-RPT records at one name."""
    return _second(domain, domain.tlsrpt, TLSRPT)


def _second(domain: Domain, records: Iterable[Resource], grammar: Grammar) -> Iterator[Remark]:
    """A remark for each record after the first of its zone.

    While a domain moves to another zone, each of the two zones rightly has one record.
    """
    seen: dict[str, str] = {}

    def judge(record: Resource) -> Iterator[Remark]:
        zone = domain.stack.zone_of(record)
        for text in txt_at(record, grammar.owner):
            if is_meant(grammar, text):
                if zone in seen:
                    yield Remark(
                        record.urn,
                        f"{domain.shown} has a second record at {grammar.owner}, "
                        f"{printable(text)}; the first is in {seen[zone]}.",
                    )
                seen.setdefault(zone, record.name)

    return one_by_one(records, judge)


def tlsrpt_record_missing(domain: Domain, _: Settings) -> Iterator[Remark]:
    """An STS record without a TLS-RPT record."""
    if domain.sts and not domain.tlsrpt:
        yield _missing(
            domain,
            f"The program publishes an STS record for {domain.shown} and no TLS-RPT record.",
        )


def sts_record_before_policy(domain: Domain, _: Settings) -> Iterator[Remark]:
    """An STS record that may be written before the policy (RFC 8461 section 8.1)."""
    if domain.sts and not domain.bodies:
        what = f"the program does not make the policy of {domain.shown}"
        yield Remark(domain.sts[0].urn, what, is_unknown=True)
        return
    urns = {each.urn for each in domain.bodies}
    for record in domain.sts:
        if urns.isdisjoint(domain.stack.all_before(record)):
            yield Remark(
                record.urn,
                f"The STS record of {domain.shown} does not wait for "
                f"{' or '.join(each.name for each in domain.bodies)}, which holds the policy.",
            )


def sts_record_host_missing(domain: Domain, _: Settings) -> Iterator[Remark]:
    """An STS record for a domain whose policy host the program does not make."""
    if domain.sts and not domain.hosts and not domain.addresses:
        yield _missing(
            domain,
            f"The program publishes an STS record for {domain.shown}, but no resource serves or "
            f"leads to {domain.policy_host}.",
        )


def _missing(domain: Domain, text: str) -> Remark:
    """A remark that a record is missing; unknown if the name of any record is not known yet."""
    if domain.stack.unnamed:
        why = f"the name of {domain.stack.unnamed[0].name} is not known yet"
        return Remark(domain.sts[0].urn, why, is_unknown=True)
    return Remark(domain.sts[0].urn, text)
